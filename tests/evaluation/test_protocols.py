import pytest

from tempose.core.errors import DataError, InputError
from tempose.evaluation.protocols import PROTOCOLS, find_protocol


@pytest.mark.parametrize(
    ("name", "moments"),
    [
        ("strided", [0, 20, 40, 60]),
        ("consecutive", [0, 1, 2, 3]),
        ("loop", list(range(70))),
        ("overlap", list(range(70))),
    ],
)
def test_the_published_frames(name, moments):
    assert list(find_protocol(name).moments(70, clip="a")) == moments


def test_other_settings_are_for_whole_clips():
    assert list(find_protocol("loop", window=2, max_frames=3, every=5).moments(70, clip="a")) == [0, 5, 10]
    with pytest.raises(InputError, match="strided generates 4 frames at once"):
        find_protocol("strided", window=2)


@pytest.mark.parametrize(("name", "least"), [("strided", 61), ("consecutive", 4), ("loop", 4), ("overlap", 4)])
def test_a_clip_too_short_is_named(name, least):
    protocol = PROTOCOLS[name]
    assert protocol.moments(least, clip="walk.mp4")
    with pytest.raises(DataError, match=rf"walk.mp4 has {least - 1} frames after the photo; wanted {least}"):
        protocol.moments(least - 1, clip="walk.mp4")


def test_joins_are_where_windows_of_a_loop_begin():
    assert find_protocol("loop").joins(10) == [4, 8]
    assert find_protocol("overlap", window=3).joins(9) == [3, 6]
    assert find_protocol("consecutive").joins(4) == []
    assert find_protocol("strided").joins(4) == []
    assert find_protocol("loop", window=1).joins(9) == []


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="did you mean 'loop'"):
        find_protocol("lop")
    with pytest.raises(InputError, match="3 frames in windows of 4"):
        find_protocol("loop", max_frames=3)
