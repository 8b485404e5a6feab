import json
import re
import subprocess
import sys

import pytest
import torch
from typer.main import get_command
from typer.testing import CliRunner

from tempose.cli import app
from tempose.cli.shell import size_of
from tempose.core.errors import InputError


def tempose(*arguments):
    """The real command line, in a process of its own."""
    return subprocess.run([sys.executable, "-m", "tempose", *map(str, arguments)], capture_output=True, text=True)


def test_help_names_every_command_and_each_teaches_by_an_example():
    top = CliRunner().invoke(app, ["--help"])
    assert top.exit_code == 0
    commands = [command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands]
    for name in commands:
        assert name in top.output
        help_text = CliRunner().invoke(app, [name, "--help"])
        assert help_text.exit_code == 0
        assert f"tempose {name}" in help_text.output.split("Usage", 1)[1].split("\n", 2)[2], f"{name}: no example"


def test_info_prints_the_published_accounting():
    done = tempose("info", "pidm-256")
    assert done.returncode == 0
    for number in ("180,355,718", "5,785,600", "186,141,318", "162,374,406", "17,981,312"):
        assert number in done.stdout


def test_import_pidm_writes_nothing_for_a_wrong_file(tmp_path):
    torch.save({"ema": {"a": torch.ones(1)}}, tmp_path / "a.pt")
    done = tempose("import-pidm", tmp_path / "a.pt", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.startswith("error: not the weights of the published PIDM: missing")
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_the_version_and_the_short_forms():
    for arguments in (["--version"], ["-h"], ["animate", "-h"]):
        assert CliRunner().invoke(app, arguments).exit_code == 0
    assert re.fullmatch(r"tempose \d+\.\d+\.\d+\n", CliRunner().invoke(app, ["--version"]).output)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("ani", "animate"), ("animate --ret", "--retarget"), ("animate --retarget ", "limbs"), ("prepare v", "videos")],
)
def test_the_shell_completes_commands_options_and_choices(typed, offered):
    words = f"tempose {typed}"
    asked = {"_TEMPOSE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    assert offered in CliRunner().invoke(app, [], prog_name="tempose", env=asked).output.split()


def commands(group, path=()):
    """All commands, as the words that call them."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield [*path, name]


@pytest.mark.parametrize("words", list(commands(get_command(app))), ids=" ".join)
def test_the_help_of_all_commands_is_of_one_style(words):
    told = CliRunner().invoke(app, [*words, "-h"], env={"COLUMNS": "300"}).output
    assert "Example" in told
    assert f"tempose {' '.join(words)}" in told
    options = [line for line in told.splitlines() if re.match(r"│ [ *]*--", line)]
    assert not re.search(r"<[a-z]+\b", told)
    for option in ("--help", "--quiet", "--verbose", "--json"):
        assert any(option in line for line in options)
    sizes = [line for line in options if " --size " in line]
    assert all(re.search(r" HEIGHT(xWIDTH|\[xWIDTH\])? ", line) for line in sizes)


def test_a_size_is_typed_in_one_way():
    assert size_of("128x96") == size_of("128×96") == (128, 96)
    for wrong in ("128", "128x", "a x b"):
        with pytest.raises(InputError, match="such as 128x96"):
            size_of(wrong)


def test_programs_are_told_of_a_mistake_too(tempose, tmp_path):
    path = tmp_path / "new" / "out"
    code, said, told = tempose("import-pidm", "nowhere.pt", path, "--json")
    assert (code, "Traceback" in told) == (2, False)
    assert json.loads(said)["error"] in told
    code, said, _ = tempose("info", "people-128", "--json")
    assert (code, json.loads(said)["name"]) == (0, "people-128")
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "pidm-25"], "neither a preset"),
        (["import-pidm", "nowhere.pt", "out"], "there is no checkpoint nowhere.pt"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_exit_code_2(arguments, message):
    done = tempose(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
