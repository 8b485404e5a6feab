import numpy as np

from tempose.pose.clean import clean
from tempose.pose.keypoints import MIRROR, Motion
from tempose.pose.outliers import outliers
from tempose.pose.swaps import GROUPS, unswap

F, FPS = 60, 25.0


def walker() -> np.ndarray:
    """Arms and legs well apart, swinging; the two sides never meet."""
    keypoints = np.ones((F, 18, 3), np.float32)
    keypoints[..., 1] = 100 + 20 * np.arange(18)
    swing = 10 * np.sin(2 * np.pi * np.arange(F) / 25)
    for joint in range(18):
        side = np.sign(MIRROR[joint] - joint)
        keypoints[:, joint, 0] = 200 + 40 * side + side * swing
        keypoints[:, joint, 1] = 100 + 20 * min(joint, MIRROR[joint])
    return keypoints


def exchanged(keypoints: np.ndarray, frames: slice, group: tuple[int, ...]) -> np.ndarray:
    swapped = keypoints.copy()
    swapped[frames, group] = keypoints[frames][:, [MIRROR[joint] for joint in group]]
    return swapped


def test_the_groups_are_all_joints_with_two_sides():
    joints = sorted(joint for group in GROUPS for joint in group)
    assert joints == [joint for joint in range(18) if MIRROR[joint] != joint]


def test_what_is_right_stays():
    assert np.array_equal(unswap(walker(), FPS), walker())


def test_short_exchanges_are_undone_group_by_group():
    for group in GROUPS:
        broken = exchanged(exchanged(walker(), slice(20, 28), group), slice(50, 51), group)
        assert not np.array_equal(broken, walker())
        assert np.array_equal(unswap(broken, FPS), walker())


def test_an_exchange_through_a_frame_in_which_both_sides_meet_is_undone():
    legs = GROUPS[1]
    broken = exchanged(walker(), slice(21, 28), legs)
    broken[20, legs, 0] = 200
    fixed = unswap(broken, FPS)
    assert np.array_equal(np.delete(fixed, 20, axis=0), np.delete(walker(), 20, axis=0))
    cleaned = clean(Motion(broken, (600, 400), FPS)).keypoints
    assert np.abs(cleaned - walker())[..., :2].max() < 3


def test_long_exchanges_are_the_persons_own():
    turned = exchanged(walker(), slice(20, None), GROUPS[0])
    assert np.array_equal(unswap(turned, FPS), turned)


def test_missing_joints_do_no_harm():
    holes = walker()
    holes[np.random.default_rng(0).random((F, 18)) < 0.3] = 0
    fixed = unswap(exchanged(holes, slice(30, 34), GROUPS[1]), FPS)
    assert np.array_equal(fixed, holes)
    nobody = np.zeros((5, 18, 3), np.float32)
    assert np.array_equal(unswap(nobody, FPS), nobody)


def test_outliers_are_far_from_their_neighbours_and_nothing_else():
    steady = np.stack([np.linspace(0, 100, 30), np.zeros(30)], axis=1)[:, None]
    assert not outliers(steady, least=1).any()
    bumped = steady.copy()
    bumped[12, 0, 1] = 40
    assert np.flatnonzero(outliers(bumped, least=1)).tolist() == [12]
    assert not outliers(bumped, least=50).any()
    bumped[11:14] = np.nan
    assert not outliers(bumped, least=1).any()
