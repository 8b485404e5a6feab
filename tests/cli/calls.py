"""The command line as it is called: arguments in, exit code and both outputs out."""

from __future__ import annotations

import shlex
import sys

import pytest
from typer.main import get_command

from tempose.cli import app, main


def called(monkeypatch, capsys, *arguments):
    """In this process: its exit code, stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["tempose", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    said = capsys.readouterr()
    return stop.value.code, said.out, said.err


def parsed(line):
    """A command line of prose: the command's name, and what its arguments come to."""
    _, *words = shlex.split(line)
    group = get_command(app)
    while hasattr(group, "commands"):
        name, group, words = group.resolve_command(group.context_class(group), words)
    return name, group.make_context(name, words).params
