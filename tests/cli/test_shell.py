import json
import re
import subprocess
import sys

import pytest
import torch
from typer.main import get_command
from typer.testing import CliRunner

from tempose.cli import app
from tempose.cli.shell import Shell


def test_help_names_every_command_and_each_teaches_by_an_example():
    top = CliRunner().invoke(app, ["--help"])
    assert top.exit_code == 0
    commands = [command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands]
    for name in commands:
        assert name in top.output
        help_text = CliRunner().invoke(app, [name, "--help"])
        assert help_text.exit_code == 0
        assert f"tempose {name}" in help_text.output.split("Usage", 1)[1].split("\n", 2)[2], f"{name}: no example"


def test_info_prints_the_published_accounting(tempose):
    code, said, _ = tempose("info", "pidm-256")
    assert code == 0
    for number in ("180,355,718", "5,785,600", "186,141,318", "162,374,406", "17,981,312"):
        assert number in said


def test_import_pidm_writes_nothing_for_a_wrong_file(tempose, tmp_path):
    torch.save({"ema": {"a": torch.ones(1)}}, tmp_path / "a.pt")
    code, _, told = tempose("import-pidm", tmp_path / "a.pt", tmp_path / "out")
    assert code == 2
    assert told.startswith("error: not the weights of the published PIDM: missing")
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_the_version_and_the_short_forms():
    for arguments in (["--version"], ["-h"], ["animate", "-h"]):
        assert CliRunner().invoke(app, arguments).exit_code == 0
    assert re.fullmatch(r"tempose \d+\.\d+\.\d+\n", CliRunner().invoke(app, ["--version"]).output)


def test_no_name_steers_the_terminal(capsys):
    """Names come from files of others: of a record, of joints, of photos."""
    shell = Shell(verbose=True)
    for say in (shell.done, shell.note, shell.detail):
        say("a\x1b]0;b\x07\x9b2J.mp4: made\nnext: \u2028")
    said = capsys.readouterr()
    assert "a\\x1b]0;b\\x07\\x9b2J.mp4: made\nnext: \\u2028\n" in said.out
    assert not set("\x1b\x07\x9b\u2028") & {*said.out, *said.err}


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


def test_programs_are_told_of_a_mistake_too(tempose, tmp_path):
    path = tmp_path / "new" / "out"
    code, said, told = tempose("import-pidm", "nowhere.pt", path, "--json")
    assert (code, "Traceback" in told) == (2, False)
    assert json.loads(said)["error"] in told
    code, said, _ = tempose("info", "people-128", "--json")
    assert (code, json.loads(said)["name"]) == (0, "people-128")
    assert not path.parent.exists()


def test_a_users_mistake_is_one_sentence_and_exit_code_2(tempose):
    code, _, told = tempose("info", "pidm-25")
    assert (code, "there is no preset" in told, len(told.strip().splitlines())) == (2, True, 1)


def test_the_module_is_the_command():
    """In a process of its own."""
    command = [sys.executable, "-m", "tempose", "import-pidm", "nowhere.pt", "out"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "there is no file or folder nowhere.pt; check its name" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


HEAVY = ("torch", "diffusers", "scipy", "cv2", "av", "accelerate", "PIL", "gradio")

# Mistakes in what is typed, one for each command that takes a path or a name.
MISTAKES = (
    "animate nope.jpg walk", "animate {photo} nope.mp4", "animate {photo} wlak", "animate {photo} walk -o -",
    "animate {photo} walk -o a.avi", "animate {photo} walk -o {photo} --overwrite", "animate {photo} walk --size 3",
    "animate --from nope.json", "blend {photo} nope.jpg", "blend {photo} {photo} -o a.avi", "dress nope.jpg {photo}",
    "dress {photo} {photo} -o a.txt", "pose nope.mp4 -o a.npz", "pose {photo} -o a.txt", "motion nope",
    "batch nope.csv", "info nope", "import-pidm nope.pt out", "export nope out", "push me/x nope --license mit",
    "evaluate --data nope -o out", "evaluate --native nope.mp4 -o out", "compare nope nope -o out", "train nope.yaml",
    "personalize nope.mp4 -o out", "prepare videos nope out", "prepare deepfashion nope out", "people-sheet a.txt",
)  # fmt: skip


def test_a_mistake_is_told_before_anything_heavy_is_loaded(shelf, tmp_path):
    program = f"""
import sys
sys.modules |= dict.fromkeys({HEAVY!r})  # to load one of them is an error
from tempose.cli import main
for words in {[words.format(photo=shelf / "me.png").split() for words in MISTAKES]!r}:
    sys.argv = ["tempose", *words]
    try:
        main()
    except SystemExit as end:
        assert end.code == 2, words
    else:
        raise AssertionError(words)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == len(MISTAKES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("something else"), False),
    ],
)
def test_too_little_memory_is_one_sentence_and_no_other_fault_is(tempose, monkeypatch, error, sentence):
    def fail():
        raise error

    monkeypatch.setattr("tempose.cli.shell.app", fail)
    if not sentence:
        with pytest.raises(RuntimeError, match="something else"):
            tempose("doctor")
        return
    code, _, told = tempose("doctor")
    assert code == 2
    assert told.startswith("error: there is not enough memory for this; ask for less at once")
    assert len(told.splitlines()) == 1
