"""What comes from outside is checked, and can be said as a command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner
from web.visitors import AnyFile

from tempose.animation.settings import AnimateSettings
from tempose.cli import app
from tempose.core.errors import InputError
from tempose.web.limits import Limits
from tempose.web.request import OFFERED, AnimateRequest, Upload

PHOTO = {"path": "/somewhere/abc/me.jpg", "orig_name": "my photo.jpg"}


def asked(**changes):
    return AnimateRequest.of(PHOTO, "walk", None, limits=Limits(), files=AnyFile(), **changes)


def test_the_defaults_are_those_of_the_command_line():
    assert asked().settings == AnimateSettings(max_frames=36)
    words = asked().command("people-128")
    assert words == ["tempose", "animate", "my photo.jpg", "walk", "-o", "my photo-walk.mp4", "--max-frames", "36"]


def test_nothing_that_is_the_servers_own_matter_is_offered():
    for name in ("model", "device", "estimator", "detector", "pose_model", "person", "anything"):
        with pytest.raises(InputError, match=f"there is no setting {name!r}"):
            asked(**{name: "x"})
    assert all(entry.kind is not Path for entry in OFFERED)


def test_every_option_of_the_command_exists():
    everything = asked(
        steps=4, seed=3, strategy="loop", guidance=1.5, retarget="scale", background="color", color="#102030",
        size=300, fps=10, start=0.5, max_frames=9,
    )  # fmt: skip
    words = everything.command("some/model")
    help_text = CliRunner().invoke(app, ["animate", "--help"], env={"COLUMNS": "300"}).output
    options = [word for word in words if word.startswith("--")]
    assert len(options) == 11
    for option in options:
        assert option in help_text
    assert words[words.index("--background") + 1] == "#102030"


@pytest.mark.parametrize(
    "bad",
    [
        {"steps": -1}, {"steps": 1e9}, {"steps": "many"}, {"seed": -1}, {"seed": 0.5}, {"max_frames": 1000},
        {"max_frames": float("nan")}, {"size": 5}, {"size": 5000}, {"fps": 1000}, {"fps": -1}, {"start": -1},
        {"strategy": "strided"}, {"retarget": None}, {"background": "/etc/passwd"}, {"guidance": 1e9},
        {"background": "color", "color": "red; rm"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(bad):
    with pytest.raises(InputError, match="wanted"):
        asked(**bad)


def test_a_picture_is_a_background_under_its_own_name():
    beach = {"path": "/somewhere/xyz/beach.png", "orig_name": "beach.png"}
    wanted = asked(background="picture", background_file=beach)
    assert str(wanted.backdrop.path) == "/somewhere/xyz/beach.png"
    assert (wanted.settings.background, wanted.lacks_backdrop) == ("photo", False)
    words = wanted.command("people-128")
    assert words[words.index("--background") + 1] == "beach.png"
    assert asked(background="plain", background_file=beach).backdrop is None


def test_several_files_are_a_folder():
    files = [{"path": f"/x/{number}.json"} for number in range(3)]
    wanted = AnimateRequest.of(PHOTO, None, files, limits=Limits(), files=AnyFile())
    assert [upload.name for upload in wanted.motion] == ["0.json", "1.json", "2.json"]
    assert wanted.command("people-128")[2:6] == ["my photo.jpg", "poses", "-o", "my photo-poses.mp4"]
    assert AnimateRequest.of(PHOTO, "walk", [], limits=Limits(), files=AnyFile()).motion == "walk"


def test_a_motion_is_a_name_or_an_upload_never_a_path():
    for motion in ("/etc/passwd", "", None, ["walk"]):
        with pytest.raises(InputError, match="choose a motion"):
            AnimateRequest.of(PHOTO, motion, None, limits=Limits(), files=AnyFile())
    uploaded = AnimateRequest.of(
        PHOTO, None, {"path": "/x/a.npz", "orig_name": "../../b.npz"}, limits=Limits(), files=AnyFile()
    )
    assert uploaded.motion_name == "b.npz"


def test_a_name_keeps_no_folder():
    assert Upload.of({"path": "/x/a.png", "orig_name": "../../etc/me.png"}, AnyFile()).name == "me.png"
    assert Upload.of({"path": "/x/a.png", "orig_name": "..\\me.png"}, AnyFile()).name == "me.png"
    assert Upload.of({"path": "/x/a.png"}, AnyFile()).name == "a.png"
    assert Upload.of({"path": "/x/a.png", "orig_name": 300 * "ü" + ".png"}, AnyFile()).name == 56 * "ü" + ".png"
    assert Upload.of(None, AnyFile()) is None
    with pytest.raises(InputError, match="file"):
        Upload.of("/etc/passwd", AnyFile())


@pytest.mark.parametrize("given", ["#20A0FF", "rgb(32, 160, 255)", "rgba(32.1, 159.7, 255, 1)"])
def test_colors_come_in_several_forms(given):
    assert asked(background="color", color=given).settings.background == "#20a0ff"
