"""The curves that motions are made of."""

import numpy as np

from tempose.body.rig import Rig, bump, footsteps, step
from tempose.body.skeleton import LEGS, Proportions, Skeleton


def test_steps_and_bumps_are_smooth_at_their_ends():
    u = np.linspace(-0.5, 1.5, 2001)
    for curve in (step, bump):
        second = np.diff(curve(u), n=2) / (u[1] - u[0]) ** 2
        assert np.abs(np.diff(second)).max() < 0.8  # it would be 60 for a parabola's jump
    assert step(0.0) == 0
    assert step(1.0) == 1
    assert bump(np.array(0.5)) == 1


def test_a_foot_is_planted_under_the_body_and_swings_to_the_next_place():
    t = np.linspace(0, 4, 401)
    feet, angles = footsteps(t, lambda t: (0 * t, 1.2 * t, 0 * t), period=1.0, width=0.08)
    assert feet[:, :, 1].min() == 0
    assert feet[:, :, 1].max() > 0.03
    np.testing.assert_allclose(feet[:, 0, 0], -0.08, atol=1e-12)
    np.testing.assert_allclose(feet[:, 1, 0], 0.08, atol=1e-12)
    assert np.abs(feet[:, :, 2].mean(1) - 1.2 * t - 0.15).max() < 0.4
    assert angles[..., 1].max() > 0.2


def test_who_stands_still_lifts_no_foot():
    feet, angles = footsteps(np.linspace(0, 3, 50), lambda t: (0 * t, 0 * t, 0 * t), period=1.0, width=0.1)
    assert (feet[..., 1] == 0).all()
    assert (angles[..., 1] == 0).all()
    np.testing.assert_allclose(feet, np.broadcast_to(feet[:1], feet.shape), atol=1e-12)


def test_legs_that_do_not_stand_follow_their_angles():
    """A thigh raised level to the front, the shin hanging from it, on both sides alike."""
    skeleton = Skeleton(Proportions.draw(np.random.default_rng(1)))
    rig = Rig(np.zeros(1), 12.0)
    assert rig.motion().feet is not None
    for side in (0, 1):
        rig.leg(side, raised=np.pi / 2, front=np.pi / 2, knee=np.pi / 2, toes=0.4)
    motion = rig.motion()
    assert motion.feet is None
    pose, p = skeleton.pose(motion), skeleton.proportions
    for hip, knee, ankle in LEGS:
        np.testing.assert_allclose(pose.joints[0, knee] - pose.joints[0, hip], (0, 0, p.thigh), atol=1e-9)
        np.testing.assert_allclose(pose.joints[0, ankle] - pose.joints[0, knee], (0, -p.shin, 0), atol=1e-9)
        assert pose.rotations[0, ankle, 1, 2] < -0.3  # toes down
    rig.leg(0, raised=0.5)
    rig.leg(1, raised=0.5)
    right, left = (skeleton.pose(rig.motion()).joints[0, leg[2]] for leg in LEGS)
    np.testing.assert_allclose(right * (-1, 1, 1), left, atol=1e-9)
    assert left[0] > 0.3
