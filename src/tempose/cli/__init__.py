"""The command line: thin shells over the library's functions.

Heavy imports happen inside the commands, so that `tempose --help` answers at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from tempose.cli import animate, batch, data, evaluate, models, motion, pose, serve, train  # noqa: F401  # they add themselves
from tempose.cli.shell import app, main

__all__ = ["app", "main"]


def tell_version(wanted: bool) -> None:
    """Print the version, and end."""
    if wanted:
        import tempose

        typer.echo(f"tempose {tempose.__version__}")
        raise typer.Exit


@app.callback()
def tempose(
    version: Annotated[
        bool, typer.Option("--version", metavar="", help="Show the version.", callback=tell_version, is_eager=True)
    ] = False,
) -> None:
    """One photo of a person and one motion in, a video of that person moving out."""
