"""A BVH file is read as its format says, sloppily written ones too, and nothing else is taken for one."""

import numpy as np
import pytest
from body.captures import Convention, write

from tempose.body.bvh import UNTIMED_FPS, parsed, read_bvh
from tempose.core.errors import PoseError

PLAIN = write(Convention(), frames=4)


@pytest.fixture
def read(tmp_path):
    def from_text(text, encoding="utf-8"):
        path = tmp_path / "motion.bvh"
        path.write_bytes(text.encode(encoding))
        return read_bvh(path)

    return from_text


def test_a_file_as_the_format_says(read, heard):
    capture = read(PLAIN)
    assert capture.fps == pytest.approx(20)
    assert capture.values.shape == (4, 3 + 3 * 21)
    assert [joint.name for joint in capture.joints if not joint.end][:3] == ["Hips", "Spine", "Spine1"]
    assert sum(joint.end for joint in capture.joints) == 5
    assert heard == []


SLOPPY = {
    "lower case": lambda text: text.replace("HIERARCHY", "Hierarchy").replace("MOTION", "Motion"),
    "upper case": lambda text: text.replace("Xposition", "XPOSITION").replace("rotation", "Rotation"),
    "end site": lambda text: text.replace("End Site", "END SITE"),
    "end in one word": lambda text: text.replace("End Site", "EndSite"),
    "end with a name": lambda text: text.replace("End Site", "End Nub"),
    "frames with a space": lambda text: text.replace("Frames:", "Frames :").replace("Time:", "Time :"),
    "frames without": lambda text: text.replace("Frames: ", "Frames:").replace("Time: ", "Time:"),
    "frames with a fraction": lambda text: text.replace("Frames: 4", "Frames: 4.0"),
    "decimal commas": lambda text: text.replace(".", ","),
    "a comma in the time": lambda text: text.replace("0.05", "0,05"),
    "commas between": lambda text: text.replace("Xposition Yposition", "Xposition, Yposition"),
    "comments": lambda text: f"# by hand\n// twice\n{text}".replace("MOTION", "# the motion\nMOTION"),
    "braces on the line": lambda text: text.replace("\n{", "{"),
    "line ends of old Macs": lambda text: text.replace("\n", "\r"),
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "blank lines": lambda text: text.replace("\n", "\n\n"),
    "one long line": lambda text: text[: text.index("0.05")] + text[text.index("0.05") :].replace("\n", " "),
    "tabs": lambda text: text.replace(" ", "\t").replace("End\tSite", "End Site"),
    "end of DOS": lambda text: text + "\x1a",
}


@pytest.mark.parametrize("spelled", SLOPPY.values(), ids=SLOPPY)
def test_sloppy_spelling_changes_nothing(read, spelled, heard):
    capture, plain = read(spelled(PLAIN)), parsed(PLAIN)
    np.testing.assert_array_equal(capture.values, plain.values)
    np.testing.assert_array_equal(capture.rest, plain.rest)
    assert (capture.fps, heard) == (plain.fps, [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "shift-jis"])
def test_any_encoding(read, encoding):
    text = write(Convention(names="mmd"), frames=2)
    assert "左ひざ" in [joint.name for joint in read(text, encoding).joints]


def test_accents_of_the_west(read):
    assert read(PLAIN.replace("Hips", "Hüfte"), "latin-1").joints[0].name == "Hüfte"


def test_a_last_line_that_breaks_off_is_left_out_with_a_note(read, heard):
    capture = read(PLAIN[:-40])
    np.testing.assert_array_equal(capture.values, parsed(PLAIN).values[:3])
    assert heard == ["the BVH file says 4 frames and holds 3, then a line that breaks off"]


def test_fewer_and_more_frames_than_the_file_says(read, heard):
    read(PLAIN.replace("Frames: 4", "Frames: 6"))
    assert heard.pop() == "the BVH file says 6 frames and holds 4"
    more = read(PLAIN.replace("Frames: 4", "Frames: 2"))
    assert (len(more.values), heard) == (4, ["the BVH file says 2 frames and holds 4"])


def test_frames_without_duration(read, heard):
    capture = read(PLAIN.replace("Frame Time: 0.05", "Frame Time: 0.0"))
    assert capture.fps == UNTIMED_FPS
    assert "no duration" in heard[0]


BROKEN = {
    "cut in the hierarchy": (lambda text: text[:400], "MOTION is missing"),
    "a line too short": (lambda text: text.replace("\n0.000000", "\n", 2), "holds 65 numbers; 66 channels need 66"),
    "unknown channel": (lambda text: text.replace("Xrotation", "Xturn", 1), "unknown channel Xturn"),
    "NaN": (lambda text: text[:-9] + " nan\n", "NaN or infinite"),
    "a word": (lambda text: text.replace("MOTION", "MOTION").replace("\n0.0", "\nnine.0", 1), "not a whole BVH file"),
    "milliseconds": (lambda text: text.replace("0.05", "50.0"), "frames of 50 seconds"),
    "short offset": (lambda text: text.replace("OFFSET 0.000000 12.000000 0", "OFFSET 0 12"), "not a whole BVH file"),
    "brace missing": (lambda text: text.replace("}\n", "", 1), "not closed before MOTION"),
    "no frame": (lambda text: text[: text.index("0.05")] + "0.05\n", "holds 0 numbers"),
    "a thousand joints deep": (lambda text: "HIERARCHY ROOT a { " + "JOINT b { " * 9000 + "\nMOTION\n", "more than"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named(read, spoil, message):
    with pytest.raises(PoseError, match=r"motion\.bvh.*" + message):
        read(spoil(PLAIN))


HUGE = {
    "a name": (lambda text: text.replace("Hips", "a " * 2000, 1), "name has more than 1,000 letters"),
    "a hierarchy": (lambda text: text.replace("Hips", "a" * 5_000_000, 1), "hierarchy has more than 5,000,000 letters"),
    "numbers": (lambda text: text + "11 " * 5000, "more than 5,000 numbers"),
}


@pytest.mark.parametrize(("grown", "message"), HUGE.values(), ids=HUGE)
def test_what_grows_beyond_bounds_is_refused_before_memory_is_taken(read, grown, message, monkeypatch):
    """Of a name there is a copy for each end site; of a number, a text and more."""
    monkeypatch.setattr("tempose.body.bvh.MAX_VALUES", 5000)
    read(PLAIN)
    with pytest.raises(PoseError, match=r"motion\.bvh.*" + message):
        read(grown(PLAIN))


def test_a_last_line_may_break_off_within_a_number(read, heard):
    capture = read(PLAIN[: PLAIN.rindex("\n", 0, -1)] + "\n1.5 -")
    assert len(capture.values) == 3
    assert heard == ["the BVH file says 4 frames and holds 3, then a line that breaks off"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"\xff\xd8\xff\xe0\x00\x10JFIF", "a JPEG picture"), (b"Dear Madam", "a text file"), (b"", "an empty file")],
)
def test_what_is_no_bvh_is_named(tmp_path, data, kind):
    (tmp_path / "motion.bvh").write_bytes(data)
    with pytest.raises(PoseError, match=f"motion.bvh is not a BVH file.*it seems to be {kind}"):
        read_bvh(tmp_path / "motion.bvh")
    with pytest.raises(PoseError, match="there is no BVH file"):
        read_bvh(tmp_path / "nowhere.bvh")
