"""Feet that stand stay standing, on a body of other proportions too."""

import numpy as np
import pytest
from helpers import keypoint_motion

from tempose.pose.bones import ANKLES, HIPS
from tempose.pose.keypoints import Motion
from tempose.pose.placement import gone, standing
from tempose.pose.retarget import retarget_motion
from tempose.pose.whole import whole_body

LEGS = [9, 10, 12, 13]


def skating(points, trunk, driver, *, fps):
    """How fast feet that stand slide sideways, in lengths of the trunk a second, for points `f 19 …`."""
    slides = np.abs(np.diff(points[:, ANKLES, 0], axis=0)) * fps / trunk
    return slides[standing(driver, fps=fps)].mean()


def longer_legs(motion, factor):
    """The same steps on a body with other legs."""
    keypoints = motion.keypoints.copy()
    hips = keypoints[:, [8, 8, 11, 11], :2]
    keypoints[:, LEGS, :2] = hips + factor * (keypoints[:, LEGS, :2] - hips)
    return Motion(keypoints, motion.size, motion.fps)


@pytest.fixture
def walk():
    return keypoint_motion("walk", frames=60, fps=20, size=(400, 300), yaw=np.pi / 2)


def bodies(motion):
    body = whole_body(motion)
    return body, (body.points - body.points[:, [HIPS]]) / body.build.scale[:, None, None]


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_who_has_other_legs_goes_as_far_as_they_carry(walk, factor):
    driver, own = bodies(walk)
    _, posed = bodies(longer_legs(walk, factor))
    carried = gone(posed, driver, fps=20)
    assert (abs(carried[-1]) > abs(gone(own, driver, fps=20)[-1])) == (factor > 1)
    slid = []
    for way in (
        carried,
        np.concatenate([[0], np.cumsum(np.diff(driver.points[:, HIPS, 0]) / driver.build.scale[1:])]),
    ):
        moved = posed.copy()
        moved[..., 0] += way[:, None]
        slid.append(skating(moved, 1.0, driver, fps=20))
    assert slid[0] < 0.6 * slid[1]


def test_who_stands_stays_although_key_points_waver(walk):
    still = keypoint_motion("idle", frames=1, fps=20, size=(400, 300))[np.zeros(30, int)]
    noisy = still.keypoints.copy()
    noisy[..., 0] += np.random.default_rng(0).normal(0, 1, noisy.shape[:2])
    noisy[:, [8, 11], 0] += np.linspace(0, 20, 30)[:, None]  # the hips sway; the feet stand
    driver, posed = bodies(Motion(noisy, still.size, 20))
    assert standing(driver, fps=20).any(1).mean() > 0.8
    moved = posed[:, ANKLES, 0].mean(1) + gone(posed, driver, fps=20)
    assert np.abs(moved - moved[0]).max() < 0.05


def test_a_foot_in_the_air_or_not_seen_does_not_stand(walk):
    keypoints = walk.keypoints.copy()
    keypoints[:, ANKLES[0], 1] -= 100
    driver = whole_body(Motion(keypoints, walk.size, walk.fps))
    assert not standing(driver, fps=20)[:, 0].any()
    keypoints[:, ANKLES[1]] = 0
    driver = whole_body(Motion(keypoints, walk.size, walk.fps))
    assert not standing(driver, fps=20)[:, 1].any()


def test_the_walk_on_another_body_slides_little(walk):
    person = keypoint_motion("idle", frames=1, fps=1, size=(400, 300), seed=3)
    fitted = retarget_motion(walk, person, camera="follow")
    trunk = whole_body(person).build.scale[0]
    points = fitted.motion.keypoints.copy()
    points[..., 0] += fitted.camera[:, None]
    assert skating(points, trunk, whole_body(walk), fps=20) < 0.06
