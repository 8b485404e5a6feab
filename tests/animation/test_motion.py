"""A motion from whatever the user has, and a clear word about what is none."""

import contextlib
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from body.captures import Convention
from body.captures import write as write_bvh
from helpers import keypoint_motion

from tempose.animation.motion import MOST_FRAMES, TimeRange, describe_motion, read_motion, resampled
from tempose.body.motions import MOTIONS
from tempose.core.errors import InputError, MediaError, PoseError
from tempose.media.images import write_image
from tempose.media.video import write_video
from tempose.pose.estimators import Detection
from tempose.pose.keypoints import Motion


class Marker:
    """An estimator for pictures of one grey: a skeleton whose place the grey tells."""

    def __call__(self, frame):
        grey = int(frame[0, 0, 0])
        if grey == 0:
            return []
        keypoints = keypoint_motion("idle", frames=1, fps=1, size=frame.shape[:2]).keypoints[0].copy()
        keypoints[:, 0] += grey / 100
        return [Detection(keypoints, None)]


def greys(values, size=(48, 32)):
    return [np.full((*size, 3), value, np.uint8) for value in values]


@pytest.fixture
def motion():
    return keypoint_motion("wave", frames=20, fps=10)


@pytest.mark.parametrize("name", MOTIONS)
def test_built_in_motions_have_all_joints_in_the_frame(name):
    motion = read_motion(name, time_range=TimeRange(max_frames=12))
    assert len(motion) == 12
    assert (motion.keypoints[..., 2] == 1).all()


def test_a_built_in_walk_towards_the_camera_does_not_grow():
    motion = read_motion("walk", time_range=TimeRange(duration=4))
    height = np.ptp(motion.keypoints[..., 1], axis=1)
    assert len(motion) == 48
    assert np.ptp(height) < 0.12 * height.mean()


def test_the_camera_turns_and_the_seed_varies():
    front, side = (read_motion("idle", yaw=yaw, time_range=TimeRange(max_frames=2)) for yaw in (0, 90))
    shoulders = [abs(m.keypoints[0, 2, 0] - m.keypoints[0, 5, 0]) / np.ptp(m.keypoints[0, :, 1]) for m in (front, side)]
    assert shoulders[1] < 0.3 * shoulders[0]
    other = read_motion("dance", seed=1).keypoints
    assert not np.allclose(other, read_motion("dance", seed=0).keypoints)


@pytest.mark.parametrize("ending", ["npz", "json"])
def test_pose_files(tmp_path, motion, ending):
    motion.save(tmp_path / f"m.{ending}")
    read = read_motion(tmp_path / f"m.{ending}")
    np.testing.assert_allclose(read.keypoints, motion.keypoints, atol=1e-4)
    part = read_motion(tmp_path / f"m.{ending}", time_range=TimeRange(start=0.5, duration=1))
    np.testing.assert_allclose(part.keypoints, motion.keypoints[5:15], atol=1e-4)


def test_openpose_needs_no_size(tmp_path, motion):
    folder = tmp_path / "frames"
    folder.mkdir()
    for index, frame in enumerate(motion.keypoints):
        people = [{"pose_keypoints_2d": frame.flatten().tolist()}]
        (folder / f"{index}_keypoints.json").write_text(json.dumps({"people": people}))
    read = read_motion(folder, time_range=TimeRange(fps=10))
    assert len(read) == 20
    assert read.fps == 10
    np.testing.assert_allclose(read.keypoints[..., :2], motion.keypoints[..., :2], atol=6)
    single = read_motion(folder / "3_keypoints.json")
    np.testing.assert_allclose(single.keypoints[0], motion.keypoints[3], atol=1e-3)


def test_a_video_is_searched_at_the_wanted_rate_and_part(tmp_path):
    write_video(tmp_path / "v.mp4", greys(range(20, 220, 10)), 10)
    assert len(read_motion(tmp_path / "v.mp4", estimator=Marker())) == 20
    part = read_motion(tmp_path / "v.mp4", estimator=Marker(), time_range=TimeRange(start=1, duration=0.5))
    assert len(part) == 5
    half = read_motion(tmp_path / "v.mp4", estimator=Marker(), time_range=TimeRange(fps=5))
    assert (len(half), half.fps) == (10, 5)
    few = read_motion(tmp_path / "v.mp4", estimator=Marker(), time_range=TimeRange(max_frames=3))
    assert len(few) == 3


def test_a_fast_video_is_thinned(tmp_path):
    write_video(tmp_path / "v.mp4", greys([100] * 60), 60)
    motion = read_motion(tmp_path / "v.mp4", estimator=Marker())
    assert (len(motion), motion.fps) == (30, 30)


def test_a_picture_is_one_pose(tmp_path):
    write_image(tmp_path / "p.png", greys([50])[0])
    assert len(read_motion(tmp_path / "p.png", estimator=Marker())) == 1


def test_resampling_keeps_time_and_missing_joints(motion):
    keypoints = motion.keypoints.copy()
    keypoints[4, 3] = 0
    motion = Motion(keypoints, motion.size, 10)
    same = resampled(motion, 10)
    np.testing.assert_array_equal(same.keypoints, motion.keypoints)
    double = resampled(motion, 20)
    assert len(double) == 40
    np.testing.assert_allclose(double.keypoints[::2], motion.keypoints, atol=1e-4)
    assert double.keypoints[8, 3, 2] == 0
    middle = (motion.keypoints[10] + motion.keypoints[11]) / 2
    np.testing.assert_allclose(double.keypoints[21], middle, atol=1e-3)


def test_a_long_motion_is_refused_unless_asked_for(tmp_path, motion):
    keypoints = np.repeat(motion.keypoints, 500, axis=0)
    Motion(keypoints, motion.size, 10).save(tmp_path / "long.npz")
    with pytest.raises(InputError, match=f"10000 frames, more than {MOST_FRAMES}; shorten it with --duration"):
        read_motion(tmp_path / "long.npz")
    assert len(read_motion(tmp_path / "long.npz", time_range=TimeRange(max_frames=700))) == 700


def test_nothing_left_and_nonsense_are_said(motion):
    with pytest.raises(InputError, match="nothing is left after 5 seconds"):
        TimeRange(start=5).of(20, 10, source="it")
    for wrong in ({"fps": 0}, {"fps": 1000}, {"start": -1}, {"duration": 0}, {"max_frames": 0}):
        with pytest.raises(InputError):
            TimeRange(**wrong)


def test_what_is_no_motion_is_named(tmp_path):
    with pytest.raises(
        InputError, match="waltz is no file or folder, and there is no built-in motion 'waltz'; did you"
    ):
        read_motion("waltz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty holds neither pictures nor JSON files with key points, but nothing"):
        read_motion(tmp_path / "empty")
    for name, error in (("a.mp4", MediaError), ("a.bvh", PoseError), ("a.json", PoseError), ("a.npz", PoseError)):
        (tmp_path / name).write_text("this is a letter")
        with pytest.raises(error, match=rf"{name}.*seems to be a text file"):
            read_motion(tmp_path / name)
    write_video(tmp_path / "black.mp4", greys([0] * 5), 10)
    with pytest.raises(PoseError, match=r"black\.mp4: nobody was found"):
        read_motion(tmp_path / "black.mp4", estimator=Marker())
    write_video(tmp_path / "v.mp4", greys([90] * 5), 10)
    with pytest.raises(PoseError, match="person 3 was asked for"):
        read_motion(tmp_path / "v.mp4", estimator=Marker(), person=3)


WALK = write_bvh(Convention(), frames=6)
UNKNOWN = {
    "notes.txt": (b"Dear Madam", "is not a motion in a known format: it seems to be a text file; wanted a video"),
    "walk.txt": (WALK.encode(), "seems to be a BVH motion capture; give it the ending .bvh"),
    "report": (b"%PDF-1.7", "it seems to be a PDF; wanted"),
    "song.mp3": (b"ID3\x04", r"a sound file \(MP3\)"),
    "list.m3u8": (b"#EXTM3U\nfile:///etc/passwd", "it seems to be a text file"),
    "walk.fbx": (b"Kaydara FBX Binary", "walk.fbx is an FBX file, which cannot be read as a motion; export it as BVH"),
    "walk.glb": (b"glTF", "is a glTF file, .*; export it as BVH, as in Blender"),
    "walk.c3d": (b"\x02P", "is a C3D file, .*it holds markers"),
    "poses.npy": (b"\x93NUMPY", "is a NumPy array, .*save keypoints"),
    "poses.pkl": (b"\x80\x04.", "pickles are not opened, since they run code"),
    "walk.zip": (b"PK\x05\x06" + bytes(18), "it seems to be an unknown file"),
    "nothing": (b"", "an empty file"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "data", "message"), [(n, *rest) for n, rest in UNKNOWN.items()], ids=UNKNOWN)
def test_files_of_other_kinds_are_named_and_no_video(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_motion(tmp_path / name)


def test_endings_in_capitals(tmp_path, motion):
    for name, kind in (("M.JSON", "json"), ("M.NPZ", "npz")):
        motion.save(tmp_path / f"m.{kind}")
        (tmp_path / f"m.{kind}").rename(tmp_path / name)
        assert len(read_motion(tmp_path / name)) == 20
    (tmp_path / "W.BVH").write_text(WALK)
    assert len(read_motion(tmp_path / "W.BVH")) == 6


def test_a_motion_capture_has_depth_and_notes(tmp_path):
    (tmp_path / "walk.bvh").write_text(write_bvh(Convention(names="unknown", up="z")))
    motion = read_motion(tmp_path / "walk.bvh")
    assert motion.depth.shape == (12, 18)
    near, far = (0, 2) if motion.depth[0, 9] > motion.depth[0, 12] else (12, 9)
    assert np.isfinite(motion.depth).all()
    assert near != far
    assert len(motion.notes) == 2
    assert read_motion(tmp_path / "walk.bvh", time_range=TimeRange(fps=5)).notes == motion.notes
    (tmp_path / "map.yaml").write_text("j4: head\nj5: 3")
    with pytest.raises(InputError, match="wanted one of left_shoulder"):
        read_motion(tmp_path / "walk.bvh", joints=tmp_path / "map.yaml")
    with pytest.raises(InputError, match="up is 'w'"):
        read_motion(tmp_path / "walk.bvh", up="w")


def test_a_folder_of_pictures_is_a_video(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for index, grey in enumerate(range(20, 220, 10)):
        write_image(folder / f"{index}.png", greys([grey])[0])
    (folder / "._0.png").write_bytes(b"\x00\x05\x16\x07")
    motion = read_motion(folder, estimator=Marker(), time_range=TimeRange(fps=10, start=0.5, max_frames=5))
    assert (len(motion), motion.fps) == (5, 10)
    whole = read_motion(folder, estimator=Marker())
    assert (np.diff(whole.keypoints[:, 1, 0]) > 0).all()


def test_the_description_of_files(tmp_path, motion):
    (tmp_path / "walk.bvh").write_text(write_bvh(Convention(up="z")))
    told, read = describe_motion(tmp_path / "walk.bvh")
    assert (told.format, told.frames, told.fps) == ("BVH motion capture", 12, pytest.approx(20))
    assert told.details["up"] == "z"
    assert told.details["joints"]["left_knee"] == "LeftLeg"
    assert told.missing == ()
    assert json.loads(json.dumps(told.as_dict()))["notes"] == list(read.notes)
    assert "joints       LeftArm = left_shoulder" in told.as_text()
    assert "frames       12, 20 a second" in told.as_text()
    keypoints = motion.keypoints.copy()
    keypoints[:, 4] = 0
    keypoints[:10, 3] = 0
    Motion(np.repeat(keypoints, 50, axis=0), motion.size, 10).save(tmp_path / "long.npz")
    told, _ = describe_motion(tmp_path / "long.npz")
    assert (told.frames, told.duration, told.size) == (1000, 100, motion.size)
    assert told.missing == ("right_wrist",)
    assert told.seen["right_elbow"] == 0.5
    assert "never seen   right wrist" in told.as_text()
    assert describe_motion("walk")[0].format == "built-in motion"


# Numbers -------------------------------------------------------------------------------------------


def test_frames_that_nobody_wants_are_not_made(tmp_path):
    slow = tmp_path / "slow.json"
    keypoints = builtin_of(4).tolist()
    slow.write_text(json.dumps({"fps": 0.01, "size": [64, 48], "keypoints": keypoints}))
    tracemalloc.start()
    assert len(read_motion(slow, time_range=TimeRange(fps=240, start=100, max_frames=4))) == 4
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert len(read_motion(slow, time_range=TimeRange())) == 4


@pytest.mark.parametrize("fps", [1e-6, 0, -1, 1e9, "x", None, 10**400, float("nan")])
def test_a_rate_that_makes_no_motion_is_refused(tmp_path, fps):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"fps": fps, "size": [64, 48], "keypoints": builtin_of(4).tolist()}))
    with pytest.raises(PoseError):
        read_motion(path, time_range=TimeRange(fps=30, max_frames=4))


@pytest.mark.parametrize("size", [[10**9, 10**9], [1], [1, 2, 3], [0, 5], "ab", None, [10**400, 1], [1, float("inf")]])
def test_a_size_that_makes_no_frame_is_refused(tmp_path, size):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"fps": 8, "size": size, "keypoints": builtin_of(4).tolist()}))
    with pytest.raises(PoseError):
        read_motion(path)


@pytest.mark.parametrize(
    "given",
    [{"start": 1e5, "fps": 60, "max_frames": 2}, {"start": 1e6, "max_frames": 4}, {"max_frames": 10**9},
     {"start": 20_000, "fps": 60, "max_frames": 2}, {"duration": 1e5, "max_frames": 10**9}],
)  # fmt: skip
def test_a_built_in_motion_is_not_made_for_ever(given):
    with pytest.raises(InputError, match=r"made from its beginning|at most"):
        read_motion("walk", time_range=TimeRange(**given))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, -1])
@pytest.mark.parametrize("name", ["start", "duration", "fps"])
def test_a_time_range_is_of_numbers(name, value):
    with pytest.raises(InputError):
        TimeRange(**{name: value})


@pytest.mark.parametrize("case", ["4792b366", "5ba56cca", "8ff6b372", "963c84de", "d0b485a1"])
def test_archives_that_raised_are_refused_in_words_or_read(case):
    path = Path(__file__).with_name("archives") / f"{case}.npz"
    with contextlib.suppress(InputError, PoseError):
        assert len(read_motion(path, time_range=TimeRange(max_frames=4))) <= 4


def builtin_of(frames):
    """Key points of a motion."""
    return keypoint_motion("wave", frames=frames, fps=8).keypoints
