"""The motion of a capture on other bodies: bones point the same way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tempose.body.bvh import read_bvh
from tempose.body.captured import AT_EASE, body_motion
from tempose.body.keypoints import CapturedMotion, capture_keypoints
from tempose.body.motions import builtin_motion
from tempose.body.skeleton import Proportions, Skeleton, turn_y, unit
from tempose.pose.keypoints import FINGERS, KEYPOINTS

CASES = sorted((Path(__file__).parent / "cases").glob("*.bvh"))
TALL, SMALL = (Skeleton(Proportions.draw(np.random.default_rng(seed))) for seed in (0, 3))
LIMBS = [
    (KEYPOINTS.index(f"{side}_{one}"), KEYPOINTS.index(f"{side}_{other}"))
    for side in ("right", "left")
    for one, other in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
]


def bones(points):
    return np.stack([unit(points[:, other] - points[:, one]) for one, other in LIMBS], axis=1)


def captured(points, hands=None):
    return CapturedMotion(points, hands, 12.0, {}, "y")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_bones_of_any_body_point_as_the_captures_do(path):
    capture = capture_keypoints(read_bvh(path))
    motion = body_motion(capture)
    for skeleton in (TALL, SMALL):
        pose = skeleton.pose(motion)
        np.testing.assert_allclose(bones(skeleton.keypoints(pose)), bones(capture.points), atol=1e-6)
        turned = pose.rotations @ np.swapaxes(pose.rotations, -1, -2)
        np.testing.assert_allclose(turned, np.broadcast_to(np.eye(3), turned.shape), atol=1e-9)


@pytest.mark.parametrize("name", ["walk", "dance", "squat", "random"])
def test_a_motion_seen_as_points_is_the_motion_again(name):
    """Also how limbs are turned about themselves, where elbows and knees are bent."""
    pose = TALL.pose(builtin_motion(name, frames=12, fps=12, seed=2))
    again = TALL.pose(body_motion(captured(TALL.keypoints(pose))))
    np.testing.assert_allclose(bones(TALL.keypoints(again)), bones(TALL.keypoints(pose)), atol=1e-6)
    for shoulder, elbow in ((5, 6), (8, 9)):
        bend = np.arccos(np.clip((pose.rotations[:, shoulder, :, 1] * pose.rotations[:, elbow, :, 1]).sum(-1), -1, 1))
        same = (pose.rotations[:, shoulder, :, 0] * again.rotations[:, shoulder, :, 0]).sum(-1)
        assert (same[bend > 0.4] > 0.9).all()
    looks = (pose.rotations[:, 4, :, 2] * again.rotations[:, 4, :, 2]).sum(-1)
    assert looks.min() > 0.999
    step = np.diff(again.joints[:, 0, [0, 2]], axis=0) - np.diff(pose.joints[:, 0, [0, 2]], axis=0)
    assert np.abs(step).max() < 0.01  # metres: it goes as far


def test_who_is_turned_moves_alike():
    points = TALL.keypoints(TALL.pose(builtin_motion("dance", frames=5, fps=12, seed=1)))
    turn = turn_y(0.7)
    one, other = (body_motion(captured(each)) for each in (points, points @ turn.T))
    np.testing.assert_allclose(other.rotations[:, 1:], one.rotations[:, 1:], atol=1e-6)
    np.testing.assert_allclose(other.rotations[:, 0], turn @ one.rotations[:, 0], atol=1e-6)


def test_feet_that_bear_are_level_and_others_follow_the_shin():
    pose = TALL.pose(body_motion(captured(TALL.keypoints(TALL.pose(builtin_motion("idle", frames=2, fps=12))))))
    np.testing.assert_allclose(pose.rotations[:, [13, 16], 1, 1], 1, atol=1e-3)
    lying = TALL.keypoints(pose)[..., [0, 2, 1]] * (1, 1, -1)
    again = TALL.pose(body_motion(captured(lying)))
    assert (again.rotations[:, 13, 1, 1] < again.rotations[:, 12, 1, 1] + 0.1).all()


def test_fingers_bend_as_far_as_the_capture_says():
    points = TALL.keypoints(TALL.pose(builtin_motion("idle", frames=1, fps=12)))
    hands = np.full((1, 2, 21, 3), np.nan)
    angle = np.array([0.0, 0.3, 0.8, 1.1])
    finger = np.cumsum([(0, 0, 0), *np.stack([np.cos(np.cumsum(angle)), -np.sin(np.cumsum(angle)), 0 * angle], -1)], 0)
    hands[0, 0, list(FINGERS[1])] = finger
    curl = body_motion(captured(points, hands)).curl
    assert curl.shape == (1, 2, 5, 3)
    np.testing.assert_allclose(curl[0, 0, 1], angle[1:] - AT_EASE, atol=1e-6)
    assert (curl[0, 1] == 0).all()  # what is missing is at ease
    assert body_motion(replace(captured(points), hands=None)).curl is None
