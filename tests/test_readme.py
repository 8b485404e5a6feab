"""The README's commands and code run as they stand there."""

import re
import shlex

import numpy as np
import pytest
from cli.calls import called, parsed
from conftest import ROOT

from tempose.media.images import write_image
from tempose.media.video import write_video
from tempose.people.clip import Recipe, draw_clip

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.S)
SHELL = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]

# What makes a command quick, and the frames of the video that moves.
SHORT = {
    "animate": ["--max-frames", 4, "--steps", 2],
    "evaluate": ["--clips", 2, "--steps", 1],
    "people-sheet": ["--people", 2, "--moments", 2],
}
FRAMES = 8

RECIPE = Recipe(person=5, motion="dance", motion_seed=0, scene=3, frames=24, fps=12.0, size=(256, 192))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files that the README takes as given."""
    folder = tmp_path_factory.mktemp("readme")
    frames = draw_clip(RECIPE).frames
    write_video(folder / "dance.mp4", frames[:FRAMES], 12)
    write_image(folder / "me.jpg", frames[0])
    (folder / "my_videos").mkdir()
    write_video(folder / "my_videos" / "one.mp4", frames, 12)
    return folder


@pytest.mark.parametrize("line", [line for line in SHELL if line.startswith("tempose ") and "import-pidm" not in line])
def test_commands_run(line, folder, monkeypatch, capsys):
    # Cut short here: what a whole one takes is a benchmark's matter.
    _, command, *words = shlex.split(line)
    monkeypatch.chdir(folder)
    code, _, told = called(monkeypatch, capsys, command, *words, *SHORT.get(command, []))
    assert code == 0, told


def test_the_import_of_a_published_checkpoint_is_understood():
    """It runs in tests/models/test_pidm.py."""
    (line,) = [line for line in SHELL if "import-pidm" in line]
    name, given = parsed(line)
    assert (name, str(given["checkpoint"]), str(given["out_dir"])) == ("import-pidm", "last.pt", "models/pidm")


def test_the_commands_made_what_they_say(folder):
    files = "data/people/train/metadata.jsonl people.jpg dance.npz dance-skeleton.mp4 data/mine/report.txt"
    for made in files.split():
        assert (folder / made).is_file()


def test_the_code_runs(folder, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    monkeypatch.chdir(folder)
    exec(code, {})
    from tempose.media.video import read_frames

    frames = np.stack(list(read_frames(folder / "out.mp4")))
    assert frames.shape == (FRAMES, *RECIPE.size, 3)


def test_make_has_the_targets_that_the_readme_names():
    makefile = (ROOT / "Makefile").read_text()
    for line in SHELL:
        if line.startswith("make "):
            assert re.search(rf"^{line.split()[1]}:", makefile, re.M)


def test_pictures_and_pages_that_are_linked_are_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).is_file(), target
