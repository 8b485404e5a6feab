"""Hands bend at the wrist and by their fingers where both are seen well; all else stays as the photo shows it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tempose.pose.keypoints import FINGERS, KEYPOINTS, KNUCKLES, Motion
from tempose.warp.fingers import STIFF, move_hands

SIZE, WRIST, PALM = (400, 400), (150.0, 200.0), 60.0
RIGHT, ELBOW, INDEX = 0, KEYPOINTS.index("right_elbow"), FINGERS[1]


def hand(*, wrist=0.0, fingers=(0, 0, 0, 0, 0), other_side=False, closed=False):
    """`21 4` from the wrist along x: an open hand, bent at the wrist and each finger at its base, by degrees."""
    points = np.zeros(21, complex)
    for chain, across, bend in zip(FINGERS, (0.5, 0.33, 0.11, -0.11, -0.33), fingers, strict=True):
        base = (0.3 if chain[1] == 1 else 1.0) + (0 if closed else 1j * across)
        points[list(chain[1:])] = base + np.arange(4) * 0.3 * np.exp(1j * np.radians(bend))
    points = (points.conj() if other_side else points) * np.exp(1j * np.radians(wrist)) * PALM
    found = np.ones((21, 4), np.float32)
    found[:, 0], found[:, 1], found[:, 3] = points.real + WRIST[0], points.imag + WRIST[1], 0
    return found


ABSENT = np.zeros((21, 4), np.float32)


def driver(*hands):
    """A right forearm that points along x, and its hand in some frames."""
    keypoints = np.zeros((len(hands), 18, 3), np.float32)
    keypoints[:, ELBOW] = WRIST[0] - 100, WRIST[1], 1
    return Motion(keypoints, SIZE, 25, None, np.stack([np.stack([each, ABSENT]) for each in hands]))


def arm_of(points):
    """Flesh about a hand's bones and its forearm: `2 h w`, the left one empty."""
    y, x = np.indices(SIZE) + 0.5
    alpha = np.zeros(SIZE, np.float32)
    lines = [(5, 9), (9, 13), (13, 17), *((chain[i], chain[i + 1]) for chain in FINGERS for i in range(4))]
    ends = [(points[a, :2], points[b, :2]) for a, b in lines] + [(np.array(WRIST) - (100, 0), np.array(WRIST))]
    for a, b in ends:
        way = (b - a) / max(float((b - a) @ (b - a)), 1e-6)
        along = ((x - a[0]) * way[0] + (y - a[1]) * way[1]).clip(0, 1)
        alpha[np.hypot(x - a[0] - along * (b - a)[0], y - a[1] - along * (b - a)[1]) < 0.09 * PALM] = 1
    return np.stack([alpha, 0 * alpha])


def moved(*hands, photo=None, arms=None):
    photo = hand() if photo is None else photo
    arms = arm_of(photo) if arms is None else arms
    return move_hands(np.stack([photo, ABSENT]), driver(photo).keypoints[0], arms, driver(*hands))[0][RIGHT]


def source(motion, places, frame=-1):
    """Where what is seen at places `n 2` comes from; far away where nothing is."""
    at = torch.tensor(np.asarray(places)[:, :2].T, dtype=torch.float32)
    values = motion.frame(range(len(motion))[frame]).way_back().at(at)
    assert (values[2:] == 0).all()
    return (at + values[:2]).T.numpy()


def test_the_photos_own_hand_changes_nothing():
    np.testing.assert_allclose(source(moved(*[hand()] * 3), hand()), hand()[:, :2], atol=0.1)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("bend", [-30.0, 25.0])
def test_a_wrist_bends_and_the_forearm_stays(bend, closed):
    found = moved(*[hand(wrist=bend, closed=closed)] * 3, photo=hand(closed=closed))
    assert len(found.bones) == (0 if closed else 14)
    far = [8, 12, 16, 20]
    np.testing.assert_allclose(
        source(found, hand(wrist=bend, closed=closed)[far]), hand(closed=closed)[far, :2], atol=2
    )
    forearm = np.add(WRIST, [[-40.0, 0.0], [-60.0, 8.0]])
    np.testing.assert_allclose(source(found, forearm), forearm, atol=0.1)


def test_a_finger_bends_alone_and_is_gone_where_it_was():
    bent = hand(fingers=(0, 35, 0, 0, 0))
    found = moved(*[bent] * 3)
    np.testing.assert_allclose(source(found, bent[[7, 8]]), hand()[[7, 8], :2], atol=2)
    np.testing.assert_allclose(source(found, bent[[12, 16, 20]]), hand()[[12, 16, 20], :2], atol=1)
    assert (np.abs(source(found, hand()[[8]])) > SIZE[0]).any()


def test_of_two_fingers_in_one_place_the_nearer_is_seen():
    crossed = hand(fingers=(0, -45, 0, 0, 0))
    cross = crossed[[7]] + 0.35 * (crossed[[8]] - crossed[[7]])
    for depth, finger in ((-20, INDEX), (20, FINGERS[2])):
        crossed[list(INDEX[1:]), 3] = depth
        seen = source(moved(*[crossed] * 3), cross)[0]
        ends = [hand()[list(each[1:]), :2] for each in (INDEX, FINGERS[2])]
        away = [np.abs(seen[1] - each[0, 1]) for each in ends]
        assert (away[0] < away[1]) == (finger == INDEX)


def test_a_finger_that_points_at_the_camera_is_short():
    shorter = hand()
    shorter[list(INDEX[1:]), 0] = shorter[INDEX[1], 0] + np.arange(4) * 0.15 * PALM
    shorter[list(INDEX[1:]), 3] = -np.arange(4) * 0.26 * PALM
    np.testing.assert_allclose(source(moved(*[shorter] * 3), shorter[[8]]), hand()[[8], :2], atol=1.5)


def test_the_other_side_of_a_hand_is_the_photos_mirrored():
    found = moved(*[hand(other_side=True)] * 3)
    np.testing.assert_allclose(source(found, hand(other_side=True)), hand()[:, :2], atol=2)


def test_where_the_driver_shows_no_hand_it_goes_back_to_the_photos():
    found = moved(hand(wrist=30, other_side=True), *[ABSENT] * 20)
    np.testing.assert_allclose(source(found, hand()), hand()[:, :2], atol=0.5)


def test_it_is_the_same_at_any_scale_and_in_any_part():
    bent = hand(wrist=20, fingers=(0, 20, 0, 0, 0))
    found = moved(*[bent] * 3)
    half = found.scaled(0.5, 0.5, start=(20, 10))
    shifted = (bent[:, :2] - (20, 10)) / 2
    np.testing.assert_allclose(2 * source(half, shifted) + (20, 10), source(found, bent), atol=0.8)


def test_what_is_not_seen_well_stays_and_a_note_says_so():
    small = hand().copy()
    small[:, :2] = WRIST + 0.2 * (small[:, :2] - WRIST)
    unsure = hand().copy()
    unsure[:, 2] = 0.5
    for photo in (small, unsure, ABSENT):
        own = np.stack([photo, ABSENT])
        assert move_hands(own, driver(hand()).keypoints[0], arm_of(hand()), driver(hand())) == ([None, None], (STIFF,))
    assert moved(hand(wrist=30), arms=np.zeros((2, *SIZE), np.float32)) is None  # hidden by something else
    assert move_hands(None, driver(hand()).keypoints[0], arm_of(hand()), driver(hand()))[1] == (STIFF,)
    mute = replace(driver(hand()), hands=None)
    for silent in (driver(ABSENT), mute):
        found, why = move_hands(np.stack([hand(), ABSENT]), driver(hand()).keypoints[0], arm_of(hand()), silent)
        assert found == [None, None]
        assert why == ()


def test_a_hand_that_holds_something_keeps_still():
    arms = arm_of(hand())
    arms[RIGHT, 260:, 180:] = 1
    assert moved(hand(wrist=30), arms=arms) is None


def test_a_bone_is_never_stretched_far():
    stretched = hand()
    stretched[8, :2] += (200, 0)
    found = moved(*[stretched] * 3)
    long = np.abs(np.diff(found.moved[-1])) / np.abs(np.diff(found.bones))
    assert 0.3 < long.min() <= long.max() < 1.4
    assert len(KNUCKLES) == 4
