import numpy as np
import pytest
from conftest import ROOT

from tempose.core.errors import InputError
from tempose.pose.keypoints import LIMBS
from tempose.pose.render import pose_map, pose_maps


@pytest.fixture(scope="module")
def golden():
    return np.load(ROOT / "tests" / "published" / "golden_pose.npz")


def published(golden, name):
    """Key points of a DeepFashion picture, through the published mapping of its coordinates."""
    xy = golden[f"{name}_keypoints"].astype(np.float64)
    missing = (xy == -1).any(1)
    xy[:, 0] = (xy[:, 0] - 40) * 256 / 176
    return np.where(missing[:, None], 0, np.column_stack([xy, np.ones(18)])), missing


@pytest.mark.parametrize("name", ["full", "missing"])
def test_equals_the_published_pose_map(golden, name):
    keypoints, _ = published(golden, name)
    difference = np.abs(pose_map(keypoints, (256, 256)) - golden[f"{name}_pose_map"] / 255)
    assert (difference <= 1 / 255 + 1e-6).mean() >= 0.999


def test_a_limb_that_lacks_a_joint_is_far_everywhere(golden):
    keypoints, missing = published(golden, "missing")
    maps = pose_map(keypoints, (256, 256))
    assert missing.any()
    for i, (a, b) in enumerate(LIMBS):
        assert (maps[3 + i] == 1).all() == bool(missing[a] or missing[b])


@pytest.mark.parametrize("scale", [0.5, 2])
def test_other_sizes_are_the_same_map_scaled(golden, scale):
    keypoints, _ = published(golden, "full")
    large = pose_map(keypoints, (256, 256))
    size = int(256 * scale)
    scaled = pose_map(keypoints * [scale, scale, 1], (size, size))
    step = max(1, int(1 / scale)), max(1, int(scale))
    difference = np.abs(large[3:, :: step[0], :: step[0]] - scaled[3:, :: step[1], :: step[1]])
    assert difference.mean() < 0.005


def test_distances_grow_away_from_the_limb_and_values_stay_in_range():
    keypoints = np.zeros((18, 3))
    keypoints[1], keypoints[2] = (10, 32, 1), (40, 32, 1)
    maps = pose_map(keypoints, (64, 48))
    column = maps[3, 32:, 20]
    assert column[0] == 0
    assert (np.diff(column) >= 0).all()
    assert column[-1] > 0.1
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    assert maps.max() <= 1


def test_joints_outside_the_frame_are_harmless():
    keypoints = np.tile([1e4, -1e4, 1.0], (18, 1))
    assert np.isfinite(pose_map(keypoints, (32, 32))).all()


def test_a_clip_is_its_frames(golden):
    keypoints = np.stack([published(golden, "full")[0], published(golden, "missing")[0]])
    maps = pose_maps(keypoints, (256, 256))
    assert maps.shape == (2, 20, 256, 256)
    np.testing.assert_array_equal(maps[1], pose_map(keypoints[1], (256, 256)))


def test_wrong_shape():
    with pytest.raises(InputError, match="wanted \\(18, 3\\)"):
        pose_map(np.zeros((17, 3)), (32, 32))
