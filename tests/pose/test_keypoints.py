import json
import tracemalloc

import numpy as np
import pytest

from tempose.core.errors import InputError, PoseError
from tempose.media.crop import Crop
from tempose.pose.keypoints import KEYPOINTS, LIMBS, MIRROR, Motion


@pytest.fixture
def motion():
    keypoints = np.random.default_rng(0).uniform(0, 1, (5, 18, 3)) * [64, 128, 1]
    keypoints[2, 4, 2] = 0
    depth = np.random.default_rng(1).normal(0, 20, (5, 18))
    depth[1, 3] = np.nan
    return Motion(keypoints, (128, 64), 25, depth)


@pytest.fixture
def whole(motion):
    """The same with hands and face, the left hand of one frame and some points of the face missing."""
    random = np.random.default_rng(2)
    hands = random.uniform(0.1, 1, (5, 2, 21, 4)) * [64, 128, 1, 9]
    face = random.uniform(0.1, 1, (5, 478, 4)) * [64, 128, 1, 9]
    hands[2, 1, :, 2], face[3, 100:, 2] = 0, 0
    return Motion(motion.keypoints, motion.size, motion.fps, motion.depth, hands, face)


def test_hands_and_face_move_with_the_body(whole):
    scale = np.array([2, 2, 1, 2])
    double = whole.resized((256, 128))
    np.testing.assert_allclose(double.hands, whole.hands * scale, rtol=1e-5)
    np.testing.assert_allclose(double.face, whole.face * scale, rtol=1e-5)
    part = whole.cropped(Crop(10, 20, 32, 64), (128, 64))
    there = whole.face[..., 2] > 0
    np.testing.assert_allclose(part.face[there], ((whole.face - (10, 20, 0, 0)) * scale)[there], rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(part.hands[2, 1], 0)
    np.testing.assert_array_equal(whole[1:3].hands, whole.hands[1:3])
    np.testing.assert_array_equal(whole[np.array([4])].face[0], whole.face[4])


def test_a_mirrored_person_has_the_other_hand(whole):
    mirrored = whole.mirrored()
    flip = np.array([-1, 1, 1, 1])
    np.testing.assert_allclose(mirrored.hands[0, 0], whole.hands[0, 1] * flip + (64, 0, 0, 0), rtol=1e-5)
    np.testing.assert_array_equal(mirrored.hands[2, 0], 0)
    np.testing.assert_allclose(mirrored.face[0, 33], whole.face[0, 263] * flip + (64, 0, 0, 0), rtol=1e-5)
    np.testing.assert_allclose(mirrored.mirrored().face, whole.face, rtol=1e-4, atol=1e-4)


def test_a_motion_without_hands_and_face_has_none(motion):
    for other in (motion[1:3], motion.resized((64, 32)), motion.mirrored(), motion.cropped(Crop(0, 0, 9, 9), (9, 9))):
        assert other.hands is None
        assert other.face is None


@pytest.mark.parametrize(("ending", "error"), [(".npz", 0), (".json", 1e-2)])
def test_hands_and_face_are_saved(whole, tmp_path, ending, error):
    whole.save(tmp_path / f"a{ending}")
    loaded = Motion.load(tmp_path / f"a{ending}")
    np.testing.assert_allclose(loaded.hands, whole.hands, atol=error)
    np.testing.assert_allclose(loaded.face, whole.face, atol=error)


def test_a_file_that_could_not_be_read_again_is_not_written(whole, tmp_path, monkeypatch):
    monkeypatch.setattr("tempose.pose.keypoints.JSON_BYTES", 10_000)
    with pytest.raises(InputError, match=r"write it as long\.npz"):
        whole.save(tmp_path / "long.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hands": np.zeros((5, 2, 20, 4))}, r"points of the hands have the shape \(5, 2, 20, 4\)"),
        ({"face": np.zeros((5, 468, 4))}, "points of the face have the shape"),
        ({"face": np.zeros((4, 478, 4))}, "face are given for 4 frames"),
        ({"hands": np.full((5, 2, 21, 4), np.nan)}, "points of the hands hold NaN"),
        ({"face": np.full((5, 478, 4), 2.0)}, "confidences of points of the face run from 2"),
    ],
)
def test_wrong_hands_and_faces(motion, change, message):
    with pytest.raises(InputError, match=message):
        Motion(motion.keypoints, motion.size, motion.fps, **change)


def test_mirror_exchanges_left_and_right():
    for i, name in enumerate(KEYPOINTS):
        other = KEYPOINTS[MIRROR[i]]
        assert other == name.replace("left", "?").replace("right", "left").replace("?", "right")


def test_limbs_mirror_onto_limbs():
    limbs = {frozenset(limb) for limb in LIMBS}
    assert {frozenset((MIRROR[a], MIRROR[b])) for a, b in LIMBS} == limbs
    assert len(limbs) == 17


def test_mirrored_twice_is_the_same(motion):
    np.testing.assert_allclose(motion.mirrored().mirrored().keypoints, motion.keypoints, rtol=1e-4)
    np.testing.assert_array_equal(motion.mirrored().depth, motion.depth[:, MIRROR])


def test_missing_joints_stay_missing_and_at_zero(motion):
    assert (motion.keypoints[2, 4] == 0).all()
    assert np.argwhere(np.isnan(motion.depth)).tolist() == [[1, 3], [2, 4]]
    assert (motion.mirrored().keypoints[2, MIRROR[4]] == 0).all()


def test_resized_scales_with_the_picture(motion):
    double = motion.resized((256, 128))
    np.testing.assert_allclose(double.keypoints[..., :2], motion.keypoints[..., :2] * 2, rtol=1e-6)
    np.testing.assert_array_equal(double.keypoints[..., 2], motion.keypoints[..., 2])
    np.testing.assert_allclose(double.depth, 2 * motion.depth)


def test_a_part_enlarged_is_a_crop_of_the_picture_resized(motion):
    whole = motion.cropped(Crop(0, 0, 64, 128), (256, 128))
    np.testing.assert_allclose(whole.keypoints, motion.resized((256, 128)).keypoints, rtol=1e-6)
    np.testing.assert_allclose(whole.depth, 2 * motion.depth)
    part = motion.cropped(Crop(10, 20, 32, 64), (64, 32))
    seen = motion.keypoints[..., 2] > 0
    np.testing.assert_allclose(part.keypoints[seen, :2], motion.keypoints[seen, :2] - (10, 20), rtol=1e-5)


def test_slices_are_motions(motion):
    assert len(motion[1:3]) == 2
    np.testing.assert_array_equal(motion[np.array([4, 0])].keypoints[0], motion.keypoints[4])
    np.testing.assert_array_equal(motion[np.array([4, 0])].depth[0], motion.depth[4])


@pytest.mark.parametrize(("ending", "error"), [(".npz", 0), (".json", 1e-3)])
def test_saved_and_loaded(motion, tmp_path, ending, error):
    path = tmp_path / f"a motion{ending}"
    motion.save(path)
    loaded = Motion.load(path)
    assert np.abs(loaded.keypoints - motion.keypoints).max() <= error
    np.testing.assert_allclose(loaded.depth, motion.depth, atol=error)
    assert (loaded.size, loaded.fps) == (motion.size, motion.fps)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [".npz", ".json"])
def test_without_depth_there_is_none(motion, tmp_path, ending):
    flat = Motion(motion.keypoints, motion.size, motion.fps)
    flat.save(tmp_path / f"a{ending}")
    assert Motion.load(tmp_path / f"a{ending}").depth is None
    assert flat[1:].mirrored().resized((64, 32)).depth is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"PK\x03\x04broken", b'{"keypoints": 1, "size": 2, "fps": 3}'])
@pytest.mark.parametrize("ending", [".npz", ".json"])
def test_other_files_are_refused(tmp_path, content, ending):
    path = tmp_path / f"a{ending}"
    path.write_bytes(content)
    with pytest.raises(PoseError, match="not a pose file"):
        Motion.load(path)


def test_missing_file_and_unknown_ending(motion, tmp_path):
    with pytest.raises(PoseError, match="there is no pose file"):
        Motion.load(tmp_path / "none.npz")
    with pytest.raises(InputError, match=r"wanted the ending \.npz or \.json"):
        motion.save(tmp_path / "a.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("keypoints", "size", "fps", "message"),
    [
        (np.zeros((0, 18, 3)), (8, 8), 25, "frames ≥ 1"),
        (np.zeros((1, 17, 3)), (8, 8), 25, "wanted"),
        (np.full((1, 18, 3), np.nan), (8, 8), 25, "NaN"),
        (np.full((1, 18, 3), 2.0), (8, 8), 25, "confidences of key points run from 2"),
        (np.zeros((1, 18, 3)), (8, 0), 25, "size is"),
        (np.zeros((1, 18, 3)), (8, 8), 0, "fps is 0"),
    ],
)
def test_wrong_values(keypoints, size, fps, message):
    with pytest.raises(InputError, match=message):
        Motion(keypoints, size, fps)


def test_wrong_depths(tmp_path):
    for depth, message in ((np.zeros((2, 18)), "wanted \\(1, 18\\)"), (np.full((1, 18), np.inf), "infinite")):
        with pytest.raises(InputError, match=message):
            Motion(np.zeros((1, 18, 3)), (8, 8), 25, depth)
    Motion(np.ones((1, 18, 3)), (8, 8), 25, np.zeros((1, 18))).save(tmp_path / "a.json")
    fields = json.loads((tmp_path / "a.json").read_text())
    for depth in ([[0] * 17], "deep", [["deep"] * 18]):
        (tmp_path / "a.json").write_text(json.dumps({**fields, "depth": depth}))
        with pytest.raises((PoseError, InputError)):
            Motion.load(tmp_path / "a.json")


def test_no_array_of_a_file_is_larger_than_its_key_points_have_frames(motion, tmp_path):
    many = np.zeros((2_000, 478, 4), np.float32)
    np.savez_compressed(tmp_path / "bomb.npz", **motion.as_arrays() | {"face": many, "hands": many})
    tracemalloc.start()
    with pytest.raises(PoseError, match=r"(face|hands)\.npy has 3,824,000 elements"):
        Motion.load(tmp_path / "bomb.npz")
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()
