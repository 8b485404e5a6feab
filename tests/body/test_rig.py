"""The curves that motions are made of."""

import numpy as np

from tempose.body.rig import bump, footsteps, step


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
