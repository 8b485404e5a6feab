"""Hands and face go with wrists and head, and are as large as the photo's own."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import keypoint_motion

from tempose.pose.clean import clean
from tempose.pose.keypoints import MIRROR, WRISTS, Motion
from tempose.pose.retarget import RETARGET_MODES, retarget_motion
from tempose.pose.time_range import resampled


def with_details(motion: Motion, *, hand: float = 20.0, face: float = 1.0) -> Motion:
    """A motion with hands of so many pixels from wrist to knuckles, fingers down, and a flat face on the head."""
    spread = np.random.default_rng(0).uniform(0.3, 1, (21, 2)) * (0.5, 2)
    spread[0], spread[[5, 9, 13, 17]] = 0, (0, 1)
    hands = np.ones((len(motion), 2, 21, 4))
    hands[..., :2] = motion.keypoints[:, WRISTS, None, :2] + hand * spread
    eyes, ears = motion.keypoints[:, [14, 15], :2].mean(1), motion.keypoints[:, [16, 17], :2]
    wide = np.linalg.norm(ears[:, 0] - ears[:, 1], axis=-1)
    points = np.random.default_rng(1).uniform(-0.5, 0.5, (478, 2))
    points[[33, 263, 168, 2]] = (-0.35, 0), (0.35, 0), (0, 0), (0, 0.4)
    mesh = np.ones((len(motion), 478, 4))
    mesh[..., :2] = eyes[:, None] + face * wide[:, None, None] * (points - points.mean(0))
    return replace(motion, hands=hands, face=mesh)


def palm(motion: Motion) -> np.ndarray:
    return np.linalg.norm(motion.hands[:, :, 9, :2] - motion.hands[:, :, 0, :2], axis=-1)


@pytest.fixture
def person():
    return with_details(keypoint_motion("idle", frames=1, fps=1, size=(400, 300)))


@pytest.fixture
def driver():
    return with_details(keypoint_motion("wave", frames=8, fps=8, size=(800, 500), seed=3), hand=40, face=1.3)


def test_the_photo_as_its_own_driver_keeps_them(person):
    fitted = retarget_motion(person, person).motion
    moved = fitted.keypoints[:, [14, 15], :2].mean(1) - person.keypoints[:, [14, 15], :2].mean(1)
    np.testing.assert_allclose(fitted.face[..., :2] - moved, person.face[..., :2], atol=0.3)
    wrists = fitted.keypoints[:, WRISTS, None, :2] - person.keypoints[:, WRISTS, None, :2]
    np.testing.assert_allclose(fitted.hands[..., :2] - wrists, person.hands[..., :2], atol=0.5)


@pytest.mark.parametrize("mode", RETARGET_MODES)
def test_hands_stay_at_their_wrists_and_keep_their_form(person, driver, mode):
    fitted = retarget_motion(driver, person, retarget=mode).motion
    np.testing.assert_allclose(fitted.hands[:, :, 0, :2], fitted.keypoints[:, WRISTS, :2], atol=1e-3)
    form = (fitted.hands - fitted.hands[:, :, :1])[..., :2] / palm(fitted)[..., None, None]
    np.testing.assert_allclose(form, (driver.hands - driver.hands[:, :, :1])[..., :2] / 40, atol=1e-3)


def test_they_are_as_large_as_the_photos(person, driver):
    fitted = retarget_motion(driver, person).motion
    trunks = [
        np.linalg.norm(one.keypoints[0, 1, :2] - one.keypoints[0, [8, 11], :2].mean(0)) for one in (fitted, person)
    ]
    smaller = trunks[0] / trunks[1]  # the raised arm needs room
    np.testing.assert_allclose(palm(fitted), 20 * smaller, rtol=0.05)
    eyes = np.linalg.norm(fitted.face[:, 263, :2] - fitted.face[:, 33, :2], axis=-1)
    own = np.linalg.norm(person.face[:, 263, :2] - person.face[:, 33, :2], axis=-1)
    np.testing.assert_allclose(np.median(eyes), own * smaller, rtol=0.05)


@pytest.mark.parametrize("mode", RETARGET_MODES)
def test_the_face_stays_on_the_head(person, driver, mode):
    fitted = retarget_motion(driver, person, retarget=mode).motion
    ears = np.linalg.norm(np.diff(fitted.keypoints[:, [16, 17], :2], axis=1)[:, 0], axis=-1)
    apart = fitted.face[..., :2].mean(1) - fitted.keypoints[:, [14, 15], :2].mean(1)
    assert (np.linalg.norm(apart, axis=-1) < 0.2 * ears).all()


def test_a_photo_without_hands_and_face_takes_the_drivers(person, driver):
    fitted = retarget_motion(driver, replace(person, hands=None, face=None)).motion
    assert (fitted.hands[..., 2] > 0).all()
    assert (fitted.face[..., 2] > 0).all()


def test_what_the_driver_does_not_show_is_not_made_up(person, driver):
    hands, face = driver.hands.copy(), driver.face.copy()
    hands[3, 1], face[4] = 0, 0
    fitted = retarget_motion(replace(driver, hands=hands, face=face), person).motion
    np.testing.assert_array_equal(fitted.hands[3, 1], 0)
    np.testing.assert_array_equal(fitted.face[4], 0)
    bare = retarget_motion(replace(driver, hands=None, face=None), person).motion
    assert bare.hands is None
    assert bare.face is None
    np.testing.assert_array_equal(bare.keypoints, fitted.keypoints)


# In time


def test_a_steady_hand_and_face_pass_unchanged_and_short_gaps_are_filled(driver):
    still = driver[np.zeros(20, int)]
    hands, face = still.hands.copy(), still.face.copy()
    hands[8, 0], face[9] = 0, 0
    cleaned = clean(replace(still, fps=25, hands=hands, face=face))
    np.testing.assert_allclose(cleaned.hands, still.hands, atol=1e-3)
    np.testing.assert_allclose(cleaned.face, still.face, atol=1e-3)


def test_a_blink_is_not_smoothed_away(driver):
    still = driver[np.zeros(25, int)]
    face = still.face.copy()
    face[10:14, 159, 1] += 5  # an eyelid, shut for four frames of 25 a second
    cleaned = clean(replace(still, fps=25, face=face)).face
    assert (cleaned[11:13, 159, 1] - still.face[11:13, 159, 1]).min() > 4


def test_hands_are_exchanged_where_arms_were(driver):
    motion = with_details(keypoint_motion("wave", frames=25, fps=25, size=(800, 500)))
    swapped = replace(motion, keypoints=motion.keypoints.copy(), hands=motion.hands.copy())
    for joint in (3, 4, 6, 7):
        swapped.keypoints[10:12, joint] = motion.keypoints[10:12, MIRROR[joint]]
    swapped.hands[10:12] = motion.hands[10:12, ::-1]
    cleaned = clean(swapped)
    apart = np.linalg.norm(cleaned.hands - clean(motion).hands, axis=-1)[..., :2].max()
    assert apart < 0.2 * np.linalg.norm(motion.hands[10, 0, 0, :2] - motion.hands[10, 1, 0, :2])


def test_at_another_rate_they_lie_between(driver):
    twice = resampled(driver, 16)
    np.testing.assert_allclose(twice.hands[::2], driver.hands, atol=1e-3)
    np.testing.assert_allclose(twice.face[1], (driver.face[0] + driver.face[1]) / 2, atol=1e-3)
    np.testing.assert_allclose(twice.hands[3], (driver.hands[1] + driver.hands[2]) / 2, atol=1e-3)
