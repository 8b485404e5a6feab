"""A motion seen from farther to a side is what a camera there sees."""

import numpy as np
import pytest
from helpers import keypoint_motion

from tempose.body.motions import builtin_motion
from tempose.body.skeleton import Proportions, Skeleton, projected
from tempose.core.errors import InputError
from tempose.pose.keypoints import KEYPOINTS, WRISTS, Motion
from tempose.pose.turn import seen_from


@pytest.mark.parametrize("yaw", [-30.0, 12.0, 30.0])
def test_it_is_what_a_camera_there_sees(yaw):
    skeleton = Skeleton(Proportions.draw(np.random.default_rng(0)))
    points = skeleton.keypoints(skeleton.pose(builtin_motion("wave", frames=6, fps=6, seed=1)))

    def placed(motion):
        """Key points and depth around the hips, in lengths of the trunk as it is high."""
        hips = motion.keypoints[:, [8, 11], :2].mean(1, keepdims=True)
        high = np.abs(motion.keypoints[:, 1, 1] - hips[:, 0, 1])[:, None, None]
        return np.concatenate([motion.keypoints[..., :2] - hips, motion.depth[..., None]], axis=-1) / high

    expected = placed(projected(points, 6, yaw=np.radians(yaw)))
    np.testing.assert_allclose(placed(seen_from(projected(points, 6), yaw)), expected, atol=0.02)


def test_hands_and_face_turn_with_wrists_and_head():
    motion = keypoint_motion("idle", frames=3, fps=3, size=(400, 300))
    hands, face = np.zeros((3, 2, 21, 4)), np.zeros((3, 478, 4))
    hands[:, :, 0, 2] = 1
    hands[:, :, 0, :2] = motion.keypoints[:, WRISTS, :2]
    hands[:, 1, 8] = hands[:, 1, 0] + (0, 10, 0, 20)  # a finger that points away from the camera
    face[:, 1] = np.append(motion.keypoints[:, KEYPOINTS.index("nose")], [[0]] * 3, axis=1)
    turned = seen_from(Motion(motion.keypoints, motion.size, 3, motion.depth, hands, face), 30)
    np.testing.assert_allclose(turned.hands[:, :, 0, :2], turned.keypoints[:, WRISTS, :2], atol=1e-3)
    reach = turned.hands[:, 1, 8] - turned.hands[:, 1, 0]
    np.testing.assert_allclose(reach, np.tile([10, 10, 0, 20 * np.cos(np.pi / 6)], (3, 1)), atol=1e-3)
    assert not turned.hands[:, 0, 1:].any()
    np.testing.assert_allclose(turned.face[:, 1, 1], motion.keypoints[:, 0, 1])


def test_what_cannot_be_turned_is_said(heard):
    motion = keypoint_motion("idle", frames=2, fps=2)
    assert seen_from(motion, 0) is motion
    flat = Motion(motion.keypoints, motion.size, 2)
    assert seen_from(flat, 10) is flat
    assert heard == ["the motion has no depth: it is not turned by 10 degrees"]
    with pytest.raises(InputError, match="yaw is 31; wanted 30 degrees at most"):
        seen_from(motion, 31)
