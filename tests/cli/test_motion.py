import json
import os

import numpy as np
import pytest
from body.captures import Convention, write
from typer.testing import CliRunner

from tempose.cli import app
from tempose.core.errors import InputError, MediaError
from tempose.media.images import read_image
from tempose.media.video import probe_video


@pytest.fixture
def walk(tmp_path):
    path = tmp_path / "walk.bvh"
    path.write_text(write(Convention(up="z")))
    return path


def said(*arguments) -> str:
    done = CliRunner().invoke(app, ["motion", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_a_file_holds(walk):
    told = said(walk)
    for line in (
        "format       BVH motion capture",
        "frames       12, 20 a second",
        "up           z",
        "up is taken to be z",
    ):
        assert line in told


def test_the_same_for_programs_with_previews(walk, tmp_path):
    told = json.loads(said(walk, "--json", "--preview", tmp_path / "p.mp4"))
    assert (told["frames"], told["details"]["joints"]["head"]) == (12, "Head")
    assert probe_video(tmp_path / "p.mp4").frames == 12
    said(walk, "--preview", tmp_path / "p.png", "--max-frames", 3)
    assert np.ptp(read_image(tmp_path / "p.png")) > 100


def test_a_map_and_a_mistake(walk, tmp_path):
    (tmp_path / "map.yaml").write_text("LeftHand: left_elbow")
    told = said(walk, "--joints", tmp_path / "map.yaml", "--up", "z")
    assert "LeftHand = left_elbow" in told
    assert "notes" not in told
    (tmp_path / "x.fbx").write_bytes(b"Kaydara FBX Binary")
    with pytest.raises(InputError, match=r"x\.fbx is an FBX file"):
        said(tmp_path / "x.fbx")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_is_not_waited_for(walk, tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    os.mkfifo(tmp_path / "pipe.yaml")
    for arguments, message in (
        (["motion", tmp_path / "pipe.mp4"], "no file with content of its own"),
        (["motion", walk, "--joints", tmp_path / "pipe.yaml"], "no plain file"),
        (["pose", walk, "-o", walk / "a.npz"], "is a file, not a folder"),
    ):
        with pytest.raises((InputError, MediaError), match=message):
            CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
