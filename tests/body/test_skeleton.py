"""Bones keep their lengths, legs reach their feet, and the camera agrees with itself."""

import numpy as np
import pytest

from tempose.body.motions import builtin_motion
from tempose.body.skeleton import (
    JOINT,
    JOINTS,
    PARENTS,
    Camera,
    Proportions,
    Skeleton,
    bend,
    project_keypoints,
    turn_x,
    turn_y,
    turn_z,
)
from tempose.pose.keypoints import HIDDEN, KEYPOINTS


@pytest.fixture(params=range(5))
def skeleton(request):
    return Skeleton(Proportions.draw(np.random.default_rng(request.param)))


@pytest.mark.parametrize("motion", ["dance", "squat", "random"])
def test_bones_keep_their_length(skeleton, motion):
    pose = skeleton.pose(builtin_motion(motion, frames=20, fps=10, seed=3))
    rest = skeleton.rest().joints[0]
    for joint, parent in enumerate(PARENTS[1:], start=1):
        wanted = np.linalg.norm(rest[joint] - rest[parent])
        found = np.linalg.norm(pose.joints[:, joint] - pose.joints[:, parent], axis=-1)
        np.testing.assert_allclose(found, wanted, rtol=1e-6, err_msg=JOINTS[joint])


def test_rotations_are_rotations(skeleton):
    pose = skeleton.pose(builtin_motion("random", frames=20, fps=10, seed=4))
    identity = pose.rotations @ pose.rotations.swapaxes(-1, -2)
    np.testing.assert_allclose(identity, np.broadcast_to(np.eye(3), identity.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(pose.rotations), 1, atol=1e-9)


def test_the_rest_pose_stands_on_the_ground_and_faces_forward(skeleton):
    keypoints = dict(zip(KEYPOINTS, skeleton.keypoints(skeleton.rest())[0], strict=True))
    p = skeleton.proportions
    assert keypoints["left_ankle"][1] == pytest.approx(p.ankle)
    assert keypoints["left_wrist"][0] > 0 > keypoints["right_wrist"][0]
    assert keypoints["nose"][2] > keypoints["left_eye"][2] > keypoints["left_ear"][2]
    total = p.leg + p.ankle + p.trunk + p.neck + p.head
    assert total == pytest.approx(p.height, rel=0.06)


def test_the_ankle_goes_where_the_foot_is():
    hip, target = np.array([[0.0, 1.0, 0.0]]), np.array([[0.1, 0.25, 0.3]])
    knee, ankle, thigh, shin = bend(hip, target, np.array([[0.0, 0.0, 1.0]]), lengths=(0.5, 0.45))
    np.testing.assert_allclose(ankle, target, atol=1e-12)
    np.testing.assert_allclose(hip - thigh @ [0, 0.5, 0], knee, atol=1e-12)
    np.testing.assert_allclose(knee - shin @ [0, 0.45, 0], ankle, atol=1e-12)
    assert (knee - (hip + ankle) / 2)[0, 2] > 0  # it bends forward


def test_a_foot_out_of_reach_is_approached_by_a_straight_leg():
    _, ankle, *_ = bend(np.zeros((1, 3)), np.array([[0, -5.0, 0]]), np.array([[0, 0, 1.0]]), lengths=(0.5, 0.4))
    assert -0.9 <= ankle[0, 1] < -0.89


@pytest.mark.parametrize(("turn", "start", "end"), [(turn_x, 1, 2), (turn_y, 2, 0), (turn_z, 0, 1)])
def test_turns_go_the_way_they_say(turn, start, end):
    np.testing.assert_allclose(turn(np.pi / 2) @ np.eye(3)[start], np.eye(3)[end], atol=1e-12)


def test_the_camera_shows_left_and_right_as_a_viewer_sees_them():
    camera = Camera((100, 80), 0.0, 0.0, 5.0, 40.0, (0.0, 1.0, 0.0), (40.0, 50.0))
    left, up, near = camera.project(np.array([[0.5, 1.0, 0], [0, 1.5, 0], [0, 1.0, 1.0]]))
    assert left[0] == pytest.approx(60)  # the left hand of someone who faces us is on our right
    assert left[1] == pytest.approx(50)
    assert up[1] == pytest.approx(30)
    assert near[2] == pytest.approx(-1)
    right_on = Camera((100, 80), np.pi / 2, 0.0, 5.0, 40.0, (0.0, 1.0, 0.0), (40.0, 50.0))
    assert right_on.project(np.array([0.5, 1.0, 0]))[2] == pytest.approx(-0.5)  # seen from the person's left


@pytest.mark.parametrize("size", [(256, 192), (96, 128), (64, 64)])
def test_framing_fills_the_share_that_was_asked_for(skeleton, size):
    points = skeleton.keypoints(skeleton.rest())
    seen = Camera.framing(points, size, yaw=0.7, pitch=0.2, distance=4.0, fill=0.8).project(points)[0, :, :2]
    extent = (seen.max(0) - seen.min(0)) / (size[1], size[0])
    assert extent.max() == pytest.approx(0.8, rel=1e-6)
    np.testing.assert_allclose((seen.max(0) + seen.min(0)) / 2, (size[1] / 2, size[0] / 2), atol=1e-6)


def test_confidence_says_seen_hidden_or_outside(skeleton):
    keypoints = skeleton.keypoints(skeleton.rest())
    camera = Camera((64, 48), 0.0, 0.0, 6.0, 40.0, (0.0, 1.2, 0.0), (24.0, 32.0))
    visible = np.ones((1, 18), bool)
    visible[0, 4] = False
    motion = project_keypoints(keypoints, camera, fps=12, visible=visible)
    nose, wrist, ankle = motion.keypoints[0, [0, 4, 10]]
    assert nose[2] == 1
    assert wrist[2] == HIDDEN
    assert (ankle == 0).all()
    assert np.isnan(motion.depth[0, 10])
    assert JOINT["pelvis"] == 0


@pytest.mark.parametrize("yaw", [0.0, 0.8, 2.0, np.pi])
@pytest.mark.parametrize("distance", [4.0, 1e4])
def test_depth_is_measured_from_the_hips_in_pixels_and_grows_away_from_the_camera(skeleton, yaw, distance):
    keypoints = skeleton.keypoints(skeleton.pose(builtin_motion("dance", frames=6, fps=4, seed=1)))
    camera = Camera.framing(keypoints, (256, 192), yaw=yaw, distance=distance)
    motion = project_keypoints(keypoints, camera, fps=4)
    np.testing.assert_allclose(motion.depth[:, [8, 11]].mean(1), 0, atol=1e-3)
    toward = np.array([np.sin(yaw), 0, np.cos(yaw)])  # where the camera stands
    hips = keypoints[:, [8, 11]].mean(1, keepdims=True)
    metres = -((keypoints - hips) @ toward)
    pixels_per_metre = (motion.depth * metres).sum() / (metres**2).sum()
    np.testing.assert_allclose(motion.depth, pixels_per_metre * metres, atol=0.1 * np.abs(motion.depth).max())
    assert pixels_per_metre == pytest.approx(camera.scale, rel=0.15)
