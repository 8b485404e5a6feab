import numpy as np
import pytest

from tempose.pose.clean import (
    GROUPS,
    clean,
    fill_gaps,
    outliers,
    parabola_weights,
    picture_cuts,
    shots,
    skeleton_jumps,
    smooth,
    unswap,
)
from tempose.pose.keypoints import MIN_CONFIDENCE, MIRROR, Motion

F, SIZE, FPS = 60, (400, 300), 25.0
TIME = np.arange(F) / FPS


def person(x: float = 150, y: float = 200) -> np.ndarray:
    """18 joints spread over a body 200 pixels tall around (x, y), all seen."""
    spread = np.random.default_rng(0).uniform((-40, -100), (40, 100), (18, 2))
    spread[0], spread[13] = (0, -100), (0, 100)
    return np.concatenate([spread + np.array([x, y]), np.ones((18, 1))], axis=1)


def moved(by: np.ndarray) -> Motion:
    """The person carried along by `f 2`."""
    keypoints = np.repeat(person()[None], len(by), axis=0)
    keypoints[..., :2] += by[:, None]
    return Motion(keypoints, SIZE, FPS)


def along_x(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.zeros_like(values)], axis=1)


@pytest.mark.parametrize(
    "path",
    [
        np.zeros((F, 2)),
        np.stack([40 * TIME - 50, 15 * TIME], axis=1),
        np.stack([20 * TIME**2 - 40, -8 * TIME**2], axis=1),
    ],
    ids=["still", "straight", "parabola"],
)
def test_still_straight_and_parabolic_motion_pass_unchanged(path):
    motion = moved(path)
    assert np.allclose(clean(motion).keypoints, motion.keypoints, atol=1e-3)


def test_a_sine_is_neither_late_nor_flattened():
    swing = 40 * np.sin(2 * np.pi * 1.0 * TIME)
    cleaned = clean(moved(along_x(swing))).keypoints[:, 5, 0]
    cleaned = cleaned - person()[5, 0]
    lags = range(-4, 5)
    inner = slice(10, F - 10)
    fit = [np.sum(cleaned[inner] * np.roll(swing, lag)[inner]) for lag in lags]
    assert list(lags)[int(np.argmax(fit))] == 0
    assert np.abs(cleaned - swing)[inner].max() < 1.0


def test_noise_shrinks():
    noise = np.random.default_rng(1).normal(0, 2, (F, 18, 2))
    motion = moved(along_x(30 * np.sin(2 * np.pi * 0.5 * TIME)))
    noisy = motion.keypoints.copy()
    noisy[..., :2] += noise
    cleaned = clean(Motion(noisy, SIZE, FPS)).keypoints
    left = (cleaned - motion.keypoints)[..., :2].std()
    assert left < 0.75 * noise.std()


def test_a_single_outlier_is_removed_and_its_place_filled():
    motion = moved(along_x(20 * TIME))
    broken = motion.keypoints.copy()
    broken[30, 4, :2] += (90, -70)
    cleaned = clean(Motion(broken, SIZE, FPS))
    assert np.allclose(cleaned.keypoints, motion.keypoints, atol=1e-3)


def test_with_few_frames_a_second_a_quick_movement_is_no_outlier():
    motion = moved(np.zeros((F, 2)))
    waving = motion.keypoints.copy()
    waving[30, 4, :2] += (90, -70)
    assert np.array_equal(clean(Motion(waving, SIZE, 3.0)).keypoints, waving)


def test_a_joint_that_is_hidden_is_where_the_estimator_guesses_it():
    keypoints = moved(along_x(20 * TIME)).keypoints.copy()
    keypoints[20:, 4, 2], keypoints[20:, 7, 2] = 0.2, 0.05
    cleaned = clean(Motion(keypoints, SIZE, FPS)).keypoints
    assert np.allclose(cleaned[20:, 4, :2], keypoints[20:, 4, :2], atol=1e-3)
    assert np.allclose(cleaned[20:, 4, 2], MIN_CONFIDENCE)
    assert not cleaned[20:, 7].any()


def test_smoothing_does_not_cross_a_cut():
    motion = moved(along_x(np.where(np.arange(F) < 25, -25.0, 25.0)))  # too short a jump to show by itself
    assert skeleton_jumps(motion.keypoints) == []
    assert np.allclose(clean(motion, cuts=[25]).keypoints, motion.keypoints, atol=1e-3)
    assert not np.allclose(clean(motion).keypoints, motion.keypoints, atol=1)


def test_a_jump_of_the_whole_skeleton_is_a_cut():
    motion = moved(along_x(np.where(np.arange(F) < 25, -100.0, 100.0)))
    assert skeleton_jumps(motion.keypoints) == [25]
    assert np.allclose(clean(motion).keypoints, motion.keypoints, atol=1e-3)


def test_one_arm_that_jumps_is_no_cut():
    keypoints = moved(np.zeros((F, 2))).keypoints.copy()
    keypoints[25:, 2:5, :2] += 120
    assert skeleton_jumps(keypoints) == []


def test_short_gaps_are_filled_and_long_ones_stay():
    motion = moved(along_x(40 * TIME))
    holes = motion.keypoints.copy()
    holes[10:14, 4] = 0
    holes[9, 4, 2] = 0.6
    holes[30:50, 7] = 0
    cleaned = clean(Motion(holes, SIZE, FPS)).keypoints
    assert np.allclose(cleaned[10:14, 4, :2], motion.keypoints[10:14, 4, :2], atol=1e-3)
    assert np.allclose(cleaned[10:14, 4, 2], 0.6)
    assert (cleaned[30:50, 7] == 0).all()
    assert (cleaned[:30, 7, 2] == 1).all()


def test_gaps_at_the_ends_and_across_cuts_stay_open():
    keypoints = moved(np.zeros((F, 2))).keypoints.copy()
    keypoints[:2], keypoints[-2:], keypoints[24:26] = 0, 0, 0
    cleaned = clean(Motion(keypoints, SIZE, FPS), cuts=[25]).keypoints
    assert (cleaned[[0, 1, 24, 25, -2, -1]] == 0).all()
    assert (cleaned[2:24, :, 2] == 1).all()


def test_doubtful_joints_and_joints_outside_are_missing():
    keypoints = person()[None].astype(np.float32)
    keypoints[0, 3, 2], keypoints[0, 4, 2] = 0.09, 0.31
    keypoints[0, 5, 0], keypoints[0, 6, 1], keypoints[0, 7, 0] = -0.1, 400.1, 300
    kept = clean(Motion(keypoints, SIZE, FPS)).keypoints[0]
    assert (kept[[3, 5, 6]] == 0).all()
    assert (kept[[4, 7], 2] > 0).all()


def test_a_single_frame_and_an_empty_person_are_left_alone():
    one = Motion(person()[None], SIZE, 1)
    assert np.array_equal(clean(one).keypoints, one.keypoints)
    nobody = Motion(np.zeros((5, 18, 3)), SIZE, FPS)
    assert (clean(nobody).keypoints == 0).all()


def test_depth_is_cleaned_like_a_coordinate():
    """Filled and smoothed; a parabola passes unchanged; what is unknown stays so."""
    motion = moved(along_x(20 * TIME))
    depth = np.linspace(-30, 30, 18) + 10 * TIME[:, None] ** 2
    holes = motion.keypoints.copy()
    holes[10:14, 4] = 0
    holes[30, 5, :2] += (90, -70)
    cleaned = clean(Motion(holes, SIZE, FPS, depth))
    assert np.allclose(cleaned.depth, depth, atol=0.2)
    noisy = depth + np.random.default_rng(0).normal(0, 3, depth.shape)
    assert np.std(clean(Motion(motion.keypoints, SIZE, FPS, noisy)).depth - depth) < 0.75 * 3
    unknown = depth.copy()
    unknown[:, 7] = np.nan
    left = clean(Motion(motion.keypoints, SIZE, FPS, unknown)).depth
    assert np.isnan(left).all(axis=0).nonzero()[0].tolist() == [7]
    assert clean(motion).depth is None


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_someone_upside_down_is_cleaned_like_anyone_else(degrees):
    """Turning the pictures turns the result: nothing here knows up from down."""
    keypoints = moved(np.random.default_rng(4).normal(0, 3, (F, 2))).keypoints.copy()
    keypoints[..., :2] -= keypoints[..., :2].mean((0, 1)) - 150
    keypoints[20, 4, :2] += 80
    keypoints[30:33, 9] = 0
    one = clean(Motion(keypoints, (300, 300), FPS)).keypoints
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    other = keypoints.copy()
    other[..., :2] = (keypoints[..., :2] - 150) @ turn + 150
    cleaned = clean(Motion(other, (300, 300), FPS)).keypoints
    seen = one[..., 2] > 0
    assert np.array_equal(cleaned[..., 2], one[..., 2])
    assert np.allclose(cleaned[seen, :2], (one[seen, :2] - 150) @ turn + 150, atol=1e-2)


def test_cleaning_changes_nothing_in_place():
    motion = moved(np.random.default_rng(0).normal(0, 3, (F, 2)))
    before = motion.keypoints.copy()
    clean(motion, cuts=[20])
    assert np.array_equal(motion.keypoints, before)


def test_shots_lie_between_cuts():
    assert shots(10, []) == [slice(0, 10)]
    assert shots(10, [7, 0, 3, 10]) == [slice(0, 3), slice(3, 7), slice(7, 10)]


def test_filling_and_smoothing_by_hand():
    line = np.zeros((4, 1, 3), np.float32)
    line[:, 0] = [(0, 0, 1), (0, 0, 0), (0, 0, 0), (9, 6, 0.5)]
    assert np.allclose(fill_gaps(line, 2)[1:3, 0], [(3, 2, 0.5), (6, 4, 0.5)])
    assert np.array_equal(fill_gaps(line, 1), line)
    # Savitzky and Golay (1964), table I: five points, quadratic.
    assert np.allclose(parabola_weights(2, 2) * 35, [-3, 12, 17, 12, -3])
    line[:, 0, 2] = 1
    assert np.array_equal(smooth(line, 0), line)


def test_picture_cuts_are_single_large_changes():
    rng = np.random.default_rng(0)
    scenes = rng.uniform(0, 255, (2, 24, 24, 3))
    frames = np.concatenate([np.repeat(scenes[:1], 12, axis=0), np.repeat(scenes[1:], 10, axis=0)])
    frames += rng.normal(0, 2, frames.shape)
    assert picture_cuts(frames) == [12]
    flash = frames[:12].copy()
    flash[5] = 255
    assert picture_cuts(flash) == []
    pan = np.stack([np.roll(scenes[0], shift, axis=1) for shift in range(12)])
    assert picture_cuts(pan) == []
    assert picture_cuts(frames[:1]) == []


# Left and right exchanged --------------------------------------------------------------------------


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
