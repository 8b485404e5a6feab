import gc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tempose.core.notes import collected
from tempose.media.display import as_shown, fitting, padded, square_pixels
from tempose.media.video import probe_video, read_frames, write_video

# a b c d of the display matrix, and what players do with a stored picture.
MATRICES = {
    (1, 0, 0, 1): lambda p: p,
    (-1, 0, 0, 1): lambda p: p[:, ::-1],
    (1, 0, 0, -1): lambda p: p[::-1],
    (-1, 0, 0, -1): lambda p: p[::-1, ::-1],
    (0, 1, -1, 0): lambda p: np.rot90(p, -1),
    (0, -1, 1, 0): np.rot90,
    (0, 1, 1, 0): lambda p: p.transpose(1, 0, 2),
    (0, -1, -1, 0): lambda p: p.transpose(1, 0, 2)[::-1, ::-1],
}


def picture(height=32, width=48) -> np.ndarray:
    """Four corners of different colors."""
    corners = np.array([[[200, 30, 30], [30, 200, 30]], [[30, 30, 200], [200, 200, 200]]], np.uint8)
    return np.repeat(np.repeat(corners, height // 2, 0), width // 2, 1)


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_whole_matrix_is_obeyed(tmp_path, matrix):
    write_video(tmp_path / "a.mp4", [picture()] * 3, 10)
    whole = (tmp_path / "a.mp4").read_bytes()
    a, b, c, d = (65536 * part for part in matrix)
    upright, turned = (
        np.array(values, ">i4").tobytes()
        for values in ([65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30], [a, b, 0, c, d, 0, 0, 0, 1 << 30])
    )
    place = whole.index(upright, whole.index(b"tkhd"))
    (tmp_path / "b.mp4").write_bytes(whole[:place] + turned + whole[place + 36 :])
    plain, shown = (next(read_frames(tmp_path / name)) for name in ("a.mp4", "b.mp4"))
    assert np.array_equal(shown, MATRICES[matrix](plain))
    info = probe_video(tmp_path / "b.mp4")
    assert (info.height, info.width) == shown.shape[:2]
    assert np.array_equal(as_shown(plain, matrix), shown)


@pytest.mark.parametrize(
    ("aspect", "size"), [("2/1", (32, 96)), ("1/2", (32, 24)), ("16/11", (32, 70)), ("1/900", (32, 48))]
)
def test_pixels_become_square(tmp_path, aspect, size):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(), format="rgb24")))
        container.mux(stream.encode())
    frame = next(read_frames(path))
    info = probe_video(path)
    assert frame.shape[:2] == (info.height, info.width) == size
    assert abs(frame[4, size[1] - 4].astype(int) - [30, 200, 30]).max() < 30


def test_a_size_that_changes_is_fitted_into_the_first_with_a_note(tmp_path):
    """Bare H.264 of two sizes, one after the other, as recordings of calls have it."""
    joined = b""
    for height, width in ((32, 48), (64, 96), (48, 32)):
        with av.open(str(tmp_path / "part.h264"), "w") as container:
            stream = container.add_stream("libx264", rate=10, options={"x264-params": "bframes=0"})
            stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
            for _ in range(4):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(height, width), format="rgb24")))
            container.mux(stream.encode())
        joined += (tmp_path / "part.h264").read_bytes()
    (tmp_path / "call.h264").write_bytes(joined)
    with collected() as notes:
        frames = list(read_frames(tmp_path / "call.h264"))
    assert {frame.shape for frame in frames} == {(32, 48, 3)}
    assert len(frames) == 12
    assert np.abs(frames[5].astype(int) - frames[0]).mean() < 8  # the same picture, made smaller
    assert frames[-1][:, :8].max() < 30  # a tall one stands between black bars
    assert len(notes) == 2
    assert "changes its size to 96×64" in notes[0]


def test_geometry():
    assert square_pixels(720, 576, None) == (720, 576)
    assert fitting((200, 100), (50, 50)) == (50, 25)
    assert padded(np.ones((2, 2, 3), np.uint8), (5, 4)).sum() == 12


def test_frames_that_were_shown_leave_nothing_in_memory(tmp_path):
    write_video(tmp_path / "a.mp4", [picture()] * 40, 10)
    tasks = Path("/proc/self/task")
    gc.collect()
    others = sum(isinstance(each, av.VideoFrame) for each in gc.get_objects())
    gc.disable()  # what only a circle keeps stays
    try:
        frames = read_frames(tmp_path / "a.mp4")
        next(frames)
        before = len(list(tasks.iterdir())) if tasks.is_dir() else 0
        assert len(list(frames)) == 39
        assert sum(isinstance(each, av.VideoFrame) for each in gc.get_objects()) < others + 5
        assert not tasks.is_dir() or len(list(tasks.iterdir())) <= before
    finally:
        gc.enable()


def test_a_matrix_that_turns_nothing_is_none(tmp_path):
    write_video(tmp_path / "a.mp4", [picture()] * 3, 10)
    whole = (tmp_path / "a.mp4").read_bytes()
    upright = np.array([65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30], ">i4").tobytes()
    place = whole.index(upright, whole.index(b"tkhd"))
    (tmp_path / "b.mp4").write_bytes(whole[:place] + bytes(32) + whole[place + 32 :])
    plain, shown = (next(read_frames(tmp_path / name)) for name in ("a.mp4", "b.mp4"))
    assert np.array_equal(shown, plain)
