"""`python -m tempose` is the command line."""

from tempose.cli import main

main()
