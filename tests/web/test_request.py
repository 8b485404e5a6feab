"""What comes from outside is checked, and can be said as a command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner
from web.visitors import AnyFile

from tempose.animation.demo import SAMPLES
from tempose.animation.settings import AnimateSettings
from tempose.animation.subject import read_subject
from tempose.body.motions import MOTIONS
from tempose.cli import app
from tempose.core.errors import InputError
from tempose.pose.estimators import load_estimator
from tempose.web.limits import Limits
from tempose.web.request import EXAMPLES, OFFERED, AnimateRequest, DressRequest, Upload

PHOTO = {"path": "/somewhere/abc/me.jpg", "orig_name": "my photo.jpg"}


def request(given):
    return AnimateRequest.of(given, limits=Limits(), files=AnyFile())


def asked(**settings):
    return request({"photo": PHOTO, "motion": "walk", "settings": settings})


def test_the_defaults_are_those_of_the_command_line():
    assert asked().settings == AnimateSettings()
    words = asked().command("people-128")
    assert words == ["tempose", "animate", "my photo.jpg", "walk", "-o", "my photo-walk.mp4"]


def test_nothing_that_is_the_servers_own_matter_is_offered():
    for name in ("model", "device", "estimator", "detector", "pose_model", "mask", "anything"):
        with pytest.raises(InputError, match=f"there is no part of a request {name!r}"):
            asked(**{name: "x"})
    assert all(entry.kind is not Path for entry in OFFERED)


def test_every_option_of_the_command_exists():
    everything = asked(
        steps=4, seed=3, strategy="loop", guidance=1.5, retarget="scale", background="#102030",
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
        {"strategy": "strided"}, {"retarget": "x"}, {"background": "/etc/passwd"}, {"background": "red"},
        {"guidance": 1e9},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(bad):
    with pytest.raises(InputError, match="wanted"):
        asked(**bad)


def test_a_picture_is_a_background_under_its_own_name():
    beach = {"path": "/somewhere/xyz/beach.png", "orig_name": "beach.png"}
    wanted = request({"photo": PHOTO, "background_file": beach, "mask": {"path": "/x/mask.png"}})
    assert str(wanted.backdrop.path) == "/somewhere/xyz/beach.png"
    assert wanted.settings.background == "photo"
    words = wanted.command("people-128")
    assert words[words.index("--background") + 1] == "beach.png"
    assert words[words.index("--mask") + 1] == "mask.png"


def test_a_background_does_not_tell_which_files_are_there(tmp_path):
    (tmp_path / "is-there.png").touch()
    told = []
    for name in ("is-there.png", "is-gone!.png", ""):
        with pytest.raises(InputError) as error:
            asked(background=str(tmp_path / name))
        told.append(str(error.value).replace(name or "nothing", ""))
    assert told[0] == told[1]
    for bad in ("x" * 5000, "/x" * 3000, ["photo"], 3, "photo\n"):
        with pytest.raises(InputError, match=r"background is .{1,90}; wanted photo, plain, or a color"):
            asked(background=bad)


def test_several_files_are_a_folder():
    wanted = request({"photo": PHOTO, "motion": [{"path": f"/x/{number}.json"} for number in range(3)]})
    assert [upload.name for upload in wanted.motion] == ["0.json", "1.json", "2.json"]
    assert wanted.command("people-128")[2:6] == ["my photo.jpg", "poses", "-o", "my photo-poses.mp4"]


def test_a_motion_is_a_name_or_an_upload_never_a_path():
    for motion in ("/etc/passwd", "", None, [], ["walk"], [3]):
        with pytest.raises(InputError, match=r"there is no motion|a file was expected"):
            request({"photo": PHOTO, "motion": motion})
    assert request({"motion": {"path": "/x/a.npz", "orig_name": "../../b.npz"}}).motion_name == "b.npz"


@pytest.mark.parametrize("given", [None, 3, [], {"photos": 1}, {"settings": 3}, {"photo": {"example": "nobody"}}])
def test_what_is_no_request_is_refused(given):
    with pytest.raises(InputError, match=r"wanted|there is no"):
        request(given)


def test_somebody_who_comes_with_the_package_and_a_tapped_person():
    wanted = request({"photo": {"example": "meadow"}, "settings": {"photo_person": "10.5,20"}})
    assert (wanted.photo.name, wanted.photo.path.is_file()) == ("meadow.jpg", True)
    assert wanted.settings.photo_person == (10.5, 20.0)


def test_several_photos_of_one_person():
    back = {"path": "/x/back.jpg"}
    wanted = request({"photo": [PHOTO, back], "motion": "turn"})
    assert wanted.command("people-128")[:5] == ["tempose", "animate", "my photo.jpg", "back.jpg", "turn"]
    assert (wanted.photo.name, wanted.name) == ("my photo.jpg", "my photo-turn")


def test_there_is_a_bound_to_photos_and_files():
    with pytest.raises(InputError, match="17 files are more than 16"):
        request({"photo": [PHOTO] * 17, "motion": "walk"})
    with pytest.raises(InputError, match="1001 files are more than 1000"):
        request({"photo": PHOTO, "motion": [PHOTO] * 1001})


def test_clothes_are_asked_for_by_two_pictures():
    style = {"path": "/x/red.png", "orig_name": "red.png"}
    wanted = DressRequest.of(
        {"photo": PHOTO, "style": style, "settings": {"part": "lower"}}, limits=Limits(), files=AnyFile()
    )
    assert wanted.command("m")[:6] == ["tempose", "dress", "red.png", "my photo.jpg", "-o", "my photo-red.png"]
    with pytest.raises(InputError, match="a picture is missing; choose two"):
        DressRequest.of({"photo": PHOTO}, limits=Limits(), files=AnyFile())


def test_a_name_keeps_no_folder():
    assert Upload.of({"path": "/x/a.png", "orig_name": "../../etc/me.png"}, AnyFile()).name == "me.png"
    assert Upload.of({"path": "/x/a.png", "orig_name": "..\\me.png"}, AnyFile()).name == "me.png"
    assert Upload.of({"path": "/x/a.png"}, AnyFile()).name == "a.png"
    assert Upload.of({"path": "/x/a.png", "orig_name": 300 * "ü" + ".png"}, AnyFile()).name == 56 * "ü" + ".png"
    assert Upload.of(None, AnyFile()) is None
    with pytest.raises(InputError, match="file"):
        Upload.of("/etc/passwd", AnyFile())


def test_the_examples_show_people_who_are_found():
    estimator = load_estimator()
    for name, motion in EXAMPLES.items():
        assert motion in MOTIONS
        subject = read_subject(SAMPLES / f"{name}.jpg", estimator=estimator)
        assert (subject.keypoints[:14, 2] > 0.3).all(), name
