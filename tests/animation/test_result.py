"""The files of an animation: the right kind, whole, and never over an input."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers import counted, keypoint_motion

from tempose.animation.output import check_length, check_output
from tempose.animation.result import Animation, read_record, write_animation
from tempose.animation.settings import PHOTOS
from tempose.core.errors import InputError, MediaError
from tempose.media.images import read_image
from tempose.media.video import probe_video, read_frames, write_video
from tempose.pose.keypoints import Motion


class Wandering:
    """A square that wanders over grey: shows a motion as a composition does."""

    background = np.full((64, 48, 3), 100, np.uint8)

    def show(self, motion, index, generated):
        frame = self.background.copy()
        frame[16:40, 4 + 4 * index : 20 + 4 * index] = 230
        return frame


def animation(frames=3):
    motion = keypoint_motion("idle", frames=frames, fps=10, size=(64, 48))
    return Animation(np.full((64, 48, 3), 50, np.uint8), motion, None, Wandering(), ("a word",), {"seed": 0})


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.gif", "a.webp", "folder"])
def test_every_ending_is_written_with_its_record(tmp_path, name):
    record = write_animation(animation(), tmp_path / name, command=["tempose", "animate"])
    if name == "folder":
        assert [path.name for path in sorted((tmp_path / name).iterdir())] == ["00000.png", "00001.png", "00002.png"]
    else:
        assert (tmp_path / name).stat().st_size > 0
    if name in ("a.mp4", "a.webm", "a.gif"):
        info = probe_video(tmp_path / name)
        assert (info.height, info.width, info.fps) == (64, 48, 10)
    assert record == tmp_path / f"{name}.json"
    said = {"command": ["tempose", "animate"], "side_by_side": False, "audio": False, "seed": 0}
    assert json.loads(record.read_text()) == said
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_of_frames_is_replaced_as_a_file_is_and_no_other_folder(tmp_path):
    write_animation(animation(4), tmp_path / "frames")
    write_animation(animation(3), tmp_path / "frames")
    assert [path.name for path in sorted((tmp_path / "frames").iterdir())] == ["00000.png", "00001.png", "00002.png"]
    (tmp_path / "frames" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="a folder with something in it"):
        write_animation(animation(4), tmp_path / "frames")
    (tmp_path / "frames" / "notes.txt").unlink()
    (tmp_path / "frames.json").unlink()  # pictures of somebody else's
    with pytest.raises(InputError, match="a folder with something in it"):
        write_animation(animation(4), tmp_path / "frames")
    assert len(list((tmp_path / "frames").iterdir())) == 3


def test_frames_move_before_a_still_background(tmp_path):
    write_animation(animation(), tmp_path / "frames")
    frames = [read_image(path) for path in sorted((tmp_path / "frames").iterdir())]
    assert abs(np.stack(frames).astype(int) - np.stack(list(animation().frames()))).max() <= 1
    assert all((frame[45:] == 100).all() for frame in frames)
    assert (frames[0] != frames[1]).any()


def test_side_by_side_and_sheet(tmp_path):
    write_animation(animation(), tmp_path / "a.mp4", side_by_side=True, sheet=tmp_path / "s.png")
    first = next(read_frames(tmp_path / "a.mp4"))
    assert first.shape == (64, 3 * 48, 3)
    assert np.abs(first[:, :40].astype(int) - 50).max() < 12
    assert read_image(tmp_path / "s.png").shape[1] > 3 * 48


def test_a_frame_is_composed_once_for_video_and_sheet(tmp_path, monkeypatch):
    composed = counted(monkeypatch, Wandering, "show", lambda *_, **__: 1)
    for side_by_side in (False, True):
        composed.clear()
        write_animation(animation(), tmp_path / "a.mp4", side_by_side=side_by_side, sheet=tmp_path / "s.png")
        assert sum(composed) == 3
    assert (read_image(tmp_path / "s.png") == animation().sheet()).all()


@pytest.mark.parametrize("model", [None, {"name": "people-128"}])
def test_every_file_says_that_it_was_generated(tmp_path, model):
    made = replace(animation(), record={"seed": 0, "model": model})
    write_animation(made, tmp_path / "a.mp4", sheet=tmp_path / "s.png")
    term = "compositeSynthetic" if model is None else "compositeWithTrainedAlgorithmicMedia"
    for path in ("a.mp4", "s.png"):
        assert f"digitalsourcetype/{term}".encode() in (tmp_path / path).read_bytes()
        assert (b"model people-128" in (tmp_path / path).read_bytes()) == (model is not None)


def test_one_pose_is_one_picture(tmp_path):
    write_animation(animation(1), tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape == (64, 48, 3)
    with pytest.raises(InputError, match=r"single frame, too short for a video; name a picture instead: .*a\.mp4\.png"):
        write_animation(animation(1), tmp_path / "a.mp4")
    with pytest.raises(InputError, match=r"single picture, but the motion has 3 frames"):
        check_length("a.jpg", 3)
    check_length("a.webp", 1)
    check_length("a.webp", 3)


def test_what_cannot_be_written_is_known_before(tmp_path):
    driver = tmp_path / "driver.mp4"
    write_video(driver, np.zeros((3, 16, 16, 3), np.uint8), 10)
    check_output(tmp_path / "a.mp4")
    check_output(tmp_path / "folder", sheet=tmp_path / "s.jpg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["driver.mp4"]
    for wrong, error, message in (
        ({"out": tmp_path / "a.avi"}, MediaError, "wanted the ending .mp4"),
        ({"out": driver / "a.mp4"}, InputError, "is a file, not a folder"),
        ({"out": tmp_path}, InputError, "a folder with something in it"),
        ({"out": driver, "inputs": ["x.png", driver]}, InputError, "is an input and would be overwritten"),
        ({"out": tmp_path / "a.mp4", "sheet": tmp_path / "s.txt"}, MediaError, "contact sheet"),
        ({"out": tmp_path / "a.mp4", "sheet": driver / "s.png"}, InputError, "is a file, not a folder"),
        ({"out": tmp_path / "a.gif", "audio": driver}, MediaError, "cannot hold sound"),
        ({"out": tmp_path / "a.mp4", "audio": driver}, MediaError, "no audio track"),
    ):
        with pytest.raises(error, match=message):
            check_output(**wrong)


def test_nothing_is_left_when_a_frame_cannot_be_made(tmp_path):
    broken = animation()
    broken.scene.show = lambda motion, index, generated: Wandering().show(motion, index, None) if index < 2 else 1 / 0
    with pytest.raises(ZeroDivisionError):
        write_animation(broken, tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []
    assert isinstance(broken.motion, Motion)


@pytest.mark.parametrize("changed", [
    {"photo": "a\0b"}, {"motion": "a\0b"}, {"photo": ["a.jpg"] * (PHOTOS + 1)}, {"photo": {}}, {"settings": []},
])  # fmt: skip
def test_a_record_of_what_can_be_no_files_is_none(tmp_path, changed):
    told = {"photo": "me.jpg", "motion": "walk", "settings": {}, "side_by_side": False, "audio": False}
    (tmp_path / "a.json").write_text(json.dumps(told))
    assert read_record(tmp_path / "a.json").photo == "me.jpg"
    (tmp_path / "a.json").write_text(json.dumps(told | changed))
    with pytest.raises(InputError, match="this is no record"):
        read_record(tmp_path / "a.json")
