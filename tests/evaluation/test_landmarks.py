"""Faces and hands against the driver's: what is the same scores best, what is off by so much scores so much."""

from dataclasses import replace

import numpy as np
import pytest

from tempose.evaluation.landmarks import (
    blinks_followed,
    face_error,
    face_found,
    face_shape,
    hand_error,
    hands_found,
    mouths_followed,
)
from tempose.pose.keypoints import Motion

FRAMES, EYES, PALM = 12, 30.0, 20.0
LIDS, MOUTH = [(159, 145), (386, 374)], (13, 14)


@pytest.fixture
def driver():
    """Somebody who looks at us with open eyes and a shut mouth, and shows both hands."""
    random = np.random.default_rng(0)
    face = np.ones((FRAMES, 478, 4))
    face[..., [0, 1, 3]] = random.normal(0, 12, (478, 3)) + np.array((60, 60, 0))
    for point, place in {33: (-15, 0), 133: (-5, 0), 362: (5, 0), 263: (15, 0), 13: (0, 20), 14: (0, 20)}.items():
        face[:, point, :2], face[:, point, 3] = np.array(place) + 60, 0
    for (upper, lower), x in zip(LIDS, (-10, 10), strict=True):
        face[:, upper, :2], face[:, lower, :2] = (60 + x, 58), (60 + x, 61)
        face[:, [upper, lower], 3] = 0
    hands = np.ones((FRAMES, 2, 21, 4))
    hands[..., [0, 1, 3]] = random.normal(0, 15, (2, 21, 3)) + np.array((30, 90, 0))
    hands[:, :, [5, 9, 13, 17]] = hands[:, :, :1] + (0, PALM, 0, 0)
    return Motion(np.ones((FRAMES, 18, 3)), (128, 128), 12, hands=hands, face=face)


def moved(motion, by):
    return replace(motion, face=motion.face + by, hands=motion.hands + by)


def test_the_same_is_perfect(driver):
    for measure, best in ((face_found, 1), (face_error, 0), (hands_found, 1), (hand_error, 0)):
        np.testing.assert_allclose(measure(driver, driver), np.full((1, FRAMES), best))
    np.testing.assert_allclose(face_shape(driver, driver.face[0]), np.zeros((1, FRAMES)), atol=1e-3)


def test_distances_are_shares_of_the_eyes_and_of_the_palm(driver):
    off = moved(driver, (3, 4, 0, 0))
    np.testing.assert_allclose(face_error(off, driver), np.full((1, FRAMES), 100 * 5 / EYES), rtol=1e-4)
    np.testing.assert_allclose(hand_error(off, driver), np.full((1, FRAMES), 100 * 5 / PALM), rtol=1e-4)


def test_what_is_not_found_is_missed_and_what_is_not_shown_is_not_asked_for(driver):
    hands, face = driver.hands.copy(), driver.face.copy()
    hands[0, 0], hands[1], face[2] = 0, 0, 0
    less = replace(driver, hands=hands, face=face)
    assert hands_found(less, driver)[0, :3].tolist() == [0.5, 0, 1]
    assert face_found(less, driver)[0, 1:4].tolist() == [1, 0, 1]
    assert face_error(less, driver)[0, 2].isnan()
    assert hand_error(less, driver)[0, 1].isnan()
    assert hands_found(driver, less)[0, 1].isnan()
    assert face_found(driver, less)[0, 2].isnan()
    bare = replace(driver, hands=None, face=None)
    assert hands_found(bare, driver).max() == face_found(bare, driver).max() == 0
    assert blinks_followed(driver, bare).isnan().all()
    assert mouths_followed(driver, bare).isnan().all()


def test_a_hand_is_the_one_that_it_lies_on_whatever_its_side(driver):
    wanted = replace(driver, hands=driver.hands + np.array([(0, 0, 0, 0), (9 * PALM, 0, 0, 0)])[:, None])
    exchanged = replace(wanted, hands=wanted.hands[:, ::-1])
    assert (hands_found(exchanged, wanted) == 1).all()
    np.testing.assert_allclose(hand_error(exchanged, wanted), np.zeros((1, FRAMES)), atol=1e-6)
    one = exchanged.hands.copy()
    one[:, 0] = 0
    assert (hands_found(replace(wanted, hands=one), wanted) == 0.5).all()


def test_what_is_found_far_from_a_hand_is_none(driver):
    assert (hands_found(moved(driver, (3 * PALM, 0, 0, 0)), driver) == 0).all()
    assert hand_error(moved(driver, (3 * PALM, 0, 0, 0)), driver).isnan().all()


def test_a_head_that_is_turned_far_is_not_measured(driver):
    face = driver.face.copy()
    x, z = face[3, :, 0] - 60, face[3, :, 3].copy()
    face[3, :, 0], face[3, :, 3] = 60 + x * np.cos(0.7) - z * np.sin(0.7), x * np.sin(0.7) + z * np.cos(0.7)
    turned = replace(driver, face=face)
    errors = face_error(turned, turned)[0].numpy()
    assert np.isnan(errors[3])
    assert not np.isnan(errors[[2, 4]]).any()
    assert face_shape(turned, driver.face[0])[0, 3] < 1e-3  # the same face, seen from the side


def test_another_face_has_another_shape(driver):
    other = driver.face * (1.2, 1, 1, 1)
    assert face_shape(driver, other[0]).min() > 3
    assert face_shape(driver, driver.face[0] * (1.3, 1.3, 1, 1.3)).max() < 1e-3  # only larger
    assert face_shape(driver, None).isnan().all()


@pytest.mark.parametrize(("share", "expected"), [(0, 0), (0.3, 0), (0.8, 1), (1, 1)])
def test_blinks_and_open_mouths_are_followed_or_not(driver, share, expected):
    def acting(share):
        face = driver.face.copy()
        for upper, lower in LIDS:
            face[4, upper, 1] += share * (face[4, lower, 1] - face[4, upper, 1])
        face[8, MOUTH[1], 1] += share * 8
        return replace(driver, face=face)

    for measure, frame in ((blinks_followed, 4), (mouths_followed, 8)):
        followed = measure(acting(share), acting(1))[0].numpy()
        assert np.flatnonzero(~np.isnan(followed)).tolist() == [frame]
        assert followed[frame] == expected
        lost = replace(acting(share), face=np.zeros_like(driver.face))
        assert measure(lost, acting(1))[0, frame] == 0
