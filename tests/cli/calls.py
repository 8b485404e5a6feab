"""The command line as it is called: arguments in, exit code and both outputs out."""

from __future__ import annotations

import sys

import pytest

from tempose.cli import main


def called(monkeypatch, capsys, *arguments):
    """In this process: its exit code, stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["tempose", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    said = capsys.readouterr()
    return stop.value.code, said.out, said.err
