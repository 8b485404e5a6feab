"""Files are refused before they are decoded."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from tempose.core.errors import InputError, MediaError, PoseError
from tempose.media.video import write_video
from tempose.web.limits import Limits


@pytest.mark.parametrize("bad", [{"frames": 0}, {"queue": -1}, {"job_seconds": float("nan")}])
def test_limits_make_sense(bad):
    with pytest.raises(InputError):
        Limits(**bad)


def test_a_decompression_bomb_is_known_by_its_head(tmp_path):
    for side in (8000, 20_000):  # the larger one is more than Pillow itself opens
        Image.new("1", (side, side)).save(tmp_path / "bomb.png")
        assert (tmp_path / "bomb.png").stat().st_size < 100_000
        with pytest.raises(MediaError, match=r"bomb\.png has .*40,000,000"):
            Limits().check_photo(tmp_path / "bomb.png")
    Limits().check_photo(_picture(tmp_path / "fine.png"))


def test_words_are_no_picture_and_large_files_are_refused(tmp_path):
    (tmp_path / "words.png").write_text("hello")
    with pytest.raises(MediaError, match="not a picture"):
        Limits().check_photo(tmp_path / "words.png")
    (tmp_path / "large.png").write_bytes(bytes(1_100_000))
    with pytest.raises(InputError, match=r"large\.png has more than 1 MB"):
        Limits(upload_mb=1).check_photo(tmp_path / "large.png")


def test_videos_have_a_length_and_a_size(tmp_path):
    write_video(tmp_path / "long.mp4", np.zeros((30, 16, 16, 3), np.uint8), 10)
    Limits(seconds=3.5).check_motion(tmp_path / "long.mp4")
    with pytest.raises(InputError, match="lasts 3 seconds, more than 2"):
        Limits(seconds=2).check_motion(tmp_path / "long.mp4")
    with pytest.raises(MediaError, match="16×16 pixels, more than 255"):
        Limits(pixels=255).check_motion(tmp_path / "long.mp4")


def test_a_pose_file_that_grows_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("keypoints.npy", bytes(5_000_000))
    with pytest.raises(InputError, match="unpacks to 5 MB"):
        Limits(upload_mb=2).check_motion(tmp_path / "bomb.npz")
    (tmp_path / "words.npz").write_text("hello")
    with pytest.raises(PoseError, match="not a pose file"):
        Limits().check_motion(tmp_path / "words.npz")


def test_a_folder_of_pose_files_is_bounded_in_number_size_and_kind(tmp_path):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(bytes(600_000))
    Limits().check_motion(tmp_path)
    with pytest.raises(InputError, match="2 files are more than 1"):
        Limits(files=1).check_motion(tmp_path)
    with pytest.raises(InputError, match="the motion has more than 1 MB"):
        Limits(upload_mb=1).check_motion(tmp_path)
    (tmp_path / "c.mp4").touch()
    with pytest.raises(InputError, match=r"c\.mp4 is not one of several pose files"):
        Limits().check_motion(tmp_path)


def test_other_kinds_of_files_hold_no_motion(tmp_path):
    with pytest.raises(
        InputError, match=r"picture.png is not a motion, but a single picture; wanted a video, key points"
    ):
        Limits().check_motion(_picture(tmp_path / "picture.png"))


def _picture(path):
    Image.new("RGB", (30, 40)).save(path)
    return path
