"""Joints that are lost for a while, or for good, are put where they most likely are."""

import numpy as np
import pytest
from helpers import keypoint_motion

from tempose.body.motions import MOTIONS
from tempose.pose.bones import FACE, HIPS, NECK, TRUNK
from tempose.pose.keypoints import HIDDEN, KEYPOINTS, Motion
from tempose.pose.whole import between_sights, whole_body, with_trunk


def without(motion, joints, frames=slice(None)):
    keypoints = motion.keypoints.copy()
    keypoints[frames, joints] = 0
    return Motion(keypoints, motion.size, motion.fps, motion.depth)


def error(one, other):
    """The largest distance of joints, in lengths of the trunk."""
    apart = np.linalg.norm(one.points[:, :, :2] - other.points[:, :, :2], axis=-1) / other.build.scale[:, None]
    return float(np.nanmax(apart))


@pytest.mark.parametrize("name", MOTIONS)
def test_a_whole_person_is_left_as_they_are(name):
    motion = keypoint_motion(name, frames=10, fps=10)
    body = whole_body(motion)
    np.testing.assert_array_equal(body.points[:, :HIPS, :2].astype(np.float32), motion.keypoints[..., :2])
    np.testing.assert_array_equal(body.points[:, :HIPS, 2].astype(np.float32), motion.depth)
    assert body.never == ()
    assert body.seen.all()


@pytest.mark.parametrize("joint", range(1, 14))
def test_a_joint_that_is_lost_for_some_frames_is_near_where_it_was(joint):
    """Also the hips, whose middle is the root, and a shoulder, with which estimators lose the neck."""
    motion = keypoint_motion("walk", frames=20, fps=20)
    lost = [joint, NECK] if joint in (2, 5) else [joint]
    assert error(whole_body(without(motion, lost, slice(8, 12))), whole_body(motion)) < 0.15


def test_whoever_is_lost_altogether_is_on_the_way_from_before_to_after():
    motion = keypoint_motion("idle", frames=9, fps=10)
    keypoints = motion.keypoints.copy()
    keypoints[..., 0] += 5 * np.arange(9)[:, None]
    moving = Motion(keypoints, motion.size, 10)
    everything = list(range(18))
    assert error(whole_body(without(moving, everything, slice(3, 6))), whole_body(moving)) < 0.1
    ends = whole_body(without(moving, everything, slice(None, None, 8))).points
    np.testing.assert_allclose(ends[0, HIPS, :2], ends[1, HIPS, :2])
    np.testing.assert_allclose(ends[8, HIPS, :2], ends[7, HIPS, :2])


@pytest.mark.parametrize("yaw", [0.0, 0.6, np.pi])
@pytest.mark.parametrize("lost", [(2,), (5, 1), (8,), (8, 11), (2, 5, 1), (2, 8), (8, 11, 9, 12, 10, 13)])
def test_a_trunk_that_is_never_seen_whole_has_typical_proportions(lost, yaw):
    motion = keypoint_motion("idle", frames=3, fps=10, yaw=yaw)
    assert error(whole_body(without(motion, list(lost))), whole_body(motion)) < 0.75
    body = whole_body(without(motion, list(lost)))
    apart = np.linalg.norm((body.points - whole_body(motion).points)[:, list(TRUNK), :2], axis=-1)
    assert (apart < 0.35 * body.build.scale[:, None]).all()


@pytest.mark.parametrize(("one", "other"), [(2, 5), (5, 2)])
def test_a_shoulder_that_is_never_seen_is_as_far_from_the_neck_as_the_other(one, other):
    motion = keypoint_motion("dance", frames=4, fps=10, yaw=0.5)
    points = whole_body(without(motion, [one])).points[..., :2]
    np.testing.assert_allclose(points[:, one] + points[:, other], 2 * points[:, NECK], atol=1e-6)


def test_held_bones_take_the_place_of_those_never_seen():
    motion = keypoint_motion("idle", frames=4, fps=10)
    held = whole_body(keypoint_motion("squat", frames=1, fps=1, seed=3)).vectors()[0]
    body = whole_body(without(motion, [9, 10]), held)
    np.testing.assert_allclose(body.vectors()[:, [9, 10], :2], np.broadcast_to(held[[9, 10], :2], (4, 2, 2)))
    assert body.never == (9, 10)


def test_unseen_legs_go_on_from_the_trunk_of_who_lies():
    motion = keypoint_motion("idle", frames=1, fps=1, size=(300, 300))
    lying = motion.keypoints.copy()
    lying[..., 0], lying[..., 1] = motion.keypoints[..., 1], motion.keypoints[..., 0]
    body = whole_body(without(Motion(lying, (300, 300), 1), [9, 10, 12, 13]))
    legs = body.points[0, [10, 13], :2] - body.points[0, [8, 11], :2]
    assert (legs[:, 0] > 3 * np.abs(legs[:, 1])).all()


def test_the_trunk_of_a_photo_is_completed_and_nothing_else():
    motion = keypoint_motion("idle", frames=1, fps=1)
    given = without(motion, [1, 2, 8, 9, 4, *FACE[1:]])
    found = with_trunk(given)
    assert [KEYPOINTS[i] for i in np.flatnonzero(found.keypoints[0, :, 2] == HIDDEN)] == [
        "neck", "right_shoulder", "right_hip",
    ]  # fmt: skip
    same = given.keypoints[0, :, 2] > 0
    np.testing.assert_array_equal(found.keypoints[0, same], given.keypoints[0, same])
    assert (found.keypoints[0, [9, 4, *FACE[1:]]] == 0).all()


def test_between_sights_is_straight_and_holds_the_ends():
    values = np.array([[np.nan, 1], [2, np.nan], [np.nan, np.nan], [6, np.nan], [np.nan, np.nan]])
    np.testing.assert_allclose(between_sights(values), [[2, 1], [2, 1], [4, 1], [6, 1], [6, 1]])
    assert np.isnan(between_sights(np.full((3, 2), np.nan))).all()
