import subprocess
import sys

import pytest
import torch
from typer.testing import CliRunner

from tempose.cli import app


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
