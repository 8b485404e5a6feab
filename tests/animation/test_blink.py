"""Faces of motions that know none blink, and do nothing else."""

import numpy as np

from tempose.animation.blink import blinking, lids
from tempose.warp.face_points import EYES

FACE = np.random.default_rng(0).uniform(1, 99, (478, 4)).astype(np.float32)


def test_only_the_upper_lids_move_and_they_meet_the_lower_ones():
    moved = blinking(FACE, 60, fps=12, seed=0)
    shut = lids(60, fps=12, seed=0)
    upper = [point for (above, _), _ in EYES for point in above]
    lower = [point for (_, below), _ in EYES for point in below]
    others = np.setdiff1d(np.arange(478), upper)
    np.testing.assert_array_equal(moved[:, others], np.repeat(FACE[None, others], 60, axis=0))
    open_eyes, shut_eyes = moved[shut == 0], moved[shut == 1]
    np.testing.assert_array_equal(open_eyes, np.repeat(FACE[None], len(open_eyes), axis=0))
    gap = np.linalg.norm(shut_eyes[0, upper, :2] - FACE[lower, :2], axis=-1)
    assert (gap < 0.06 * np.linalg.norm(FACE[upper, :2] - FACE[lower, :2], axis=-1)).all()


def test_some_fifteen_to_twenty_times_a_minute_at_any_rate():
    for fps in (8, 25, 60):
        shut = lids(round(120 * fps), fps=fps, seed=1)
        blinks = (np.diff((shut > 0.5).astype(int)) == 1).sum()
        assert 25 < blinks < 55
        assert shut.max() == 1


def test_the_same_seed_gives_the_same_blinks():
    np.testing.assert_array_equal(lids(99, fps=25, seed=3), lids(99, fps=25, seed=3))
    assert (lids(99, fps=25, seed=3) != lids(99, fps=25, seed=4)).any()
