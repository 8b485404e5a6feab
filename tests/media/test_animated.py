import numpy as np
import pytest
from PIL import Image

from tempose.core.errors import MediaError
from tempose.core.notes import collected
from tempose.media.animated import is_animated, is_still
from tempose.media.video import probe_video, read_frames

LEVELS = [30, 80, 130, 180, 230]


def animation(path, durations) -> None:
    first, *others = (Image.fromarray(np.full((16, 24, 3), level, np.uint8)) for level in LEVELS)
    first.save(path, save_all=True, append_images=others, duration=durations)


def seen(frames) -> list[int]:
    return [int(np.abs(np.array(LEVELS) - frame.mean()).argmin()) for frame in frames]


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png", ".avif"])
def test_pictures_are_shown_as_long_as_they_say(tmp_path, ending):
    animation(tmp_path / f"a{ending}", [100, 100, 300, 100, 200])
    path = tmp_path / f"a{ending}"
    info = probe_video(path)
    assert (info.frames, info.width, info.height, info.has_audio) == (5, 24, 16, False)
    assert info.duration == pytest.approx(0.8)
    assert seen(read_frames(path)) == [0, 1, 2, 3, 4]
    constant = seen(read_frames(path, fps=10))
    assert len(constant) == 8
    assert [constant.count(index) for index in range(5)] == [1, 1, 2, 2, 2]  # the nearest in time
    assert seen(read_frames(path, fps=10, start=2, stop=5)) == constant[2:5]
    assert is_animated(path)
    assert not is_still(path)


def test_what_says_no_time_is_shown_a_tenth_of_a_second(tmp_path):
    animation(tmp_path / "a.gif", 0)
    assert probe_video(tmp_path / "a.gif").fps == pytest.approx(10)


def test_a_folder_is_a_video_in_the_order_of_numbers(tmp_path):
    for index, level in enumerate(LEVELS):
        size = (16, 24) if index != 3 else (8, 24)
        Image.fromarray(np.full((*size, 3), level, np.uint8)).save(tmp_path / f"frame{index + 7}.png")
    (tmp_path / "._frame7.png").write_bytes(b"what another system keeps")
    with collected() as notes:
        frames = list(read_frames(tmp_path))
    assert seen(frames[:3]) == [0, 1, 2]
    assert {frame.shape for frame in frames} == {(16, 24, 3)}
    assert len(notes) == 1
    assert "frame10.png is 24×8" in notes[0]
    assert probe_video(tmp_path).frames == 5
    assert len(list(read_frames(tmp_path, fps=7))) == 5


def test_a_folder_without_pictures_is_named(tmp_path):
    with pytest.raises(MediaError, match="folder without pictures"):
        probe_video(tmp_path)


def test_one_picture_is_still(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.webp")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    (tmp_path / "words.png").write_text("words")
    names = ("a.webp", "a.jpg", "words.png", "none.png")
    assert [is_still(tmp_path / name) for name in names] == [True, True, False, False]
