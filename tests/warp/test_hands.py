import numpy as np
import pytest
import torch
from helpers import standing

from tempose.pose.keypoints import FINGERS, KEYPOINTS, Motion
from tempose.warp.flesh import LAYERS, RIGHT_ARM
from tempose.warp.hands import move_hands
from tempose.warp.layers import Layers, Moves, warp
from tempose.warp.meshes import frame_of, offsets

SIZE, WRIST, PALM = (300, 300), (100.0, 100.0), 40.0
RIGHT, ELBOW = 0, KEYPOINTS.index("right_elbow")
NO_ARMS = np.zeros((2, *SIZE), np.float32)
FPS = 25


def hand(*, wrist=0.0, fingers=(0, 0, 0, 0, 0), other_side=False):
    """`21 2` from the wrist along x: an open hand, bent at the wrist and each finger at its base, by degrees."""
    points = np.zeros(21, complex)
    spread = np.radians([40, 18, 5, -8, -20])
    for chain, angle, bend in zip(FINGERS, spread, fingers, strict=True):
        base = 0.5 * PALM * np.exp(1.4j * angle) if chain[1] == 1 else PALM * np.exp(1j * angle)
        steps = np.arange(4) * 0.3 * PALM * np.exp(1j * (angle + np.radians(bend)))
        points[list(chain[1:])] = base + steps
    points = (points.conj() if other_side else points) * np.exp(1j * np.radians(wrist))
    return np.stack([points.real, points.imag], axis=-1)


def motion(*hands):
    """A right forearm that points along x, and its hand in some frames; None: not seen."""
    keypoints = np.zeros((len(hands), 18, 3), np.float32)
    keypoints[:, ELBOW] = WRIST[0] - 100, WRIST[1], 1
    keypoints[:, ELBOW + 1] = *WRIST, 1
    points = np.zeros((len(hands), 2, 21, 4), np.float32)
    for frame, each in enumerate(hands):
        if each is not None:
            points[frame, RIGHT, :, :2], points[frame, RIGHT, :, 2] = each + WRIST, 1
    return Motion(keypoints, SIZE, FPS, None, points)


def moved(*hands, arms=NO_ARMS, photo=None):
    return move_hands(motion(hand() if photo is None else photo), motion(*hands), arms)[0][RIGHT]


def seen_at(found, places, frame=0):
    """Where what is seen at places from the wrist comes from, from the wrist; and how much of it is hidden."""
    x, y = torch.tensor(np.asarray(places) + WRIST, dtype=torch.float32).T
    values = offsets(frame_of([found], frame)).at(torch.zeros(len(x), dtype=torch.int64), x, y).numpy()
    return places + values[:, :2], values[:, 2]


def test_the_photos_own_hand_changes_nothing():
    found = moved(*[hand()] * 3)
    places, hidden = seen_at(found, hand())
    np.testing.assert_allclose(places, hand(), atol=0.1)
    assert hidden.max() < 1e-3


@pytest.mark.parametrize("bend", [-25.0, 28.0])
def test_a_wrist_bends_and_the_forearm_stays(bend):
    found = moved(*[hand(wrist=bend)] * 3)
    places, hidden = seen_at(found, hand(wrist=bend)[5:])
    np.testing.assert_allclose(places, hand()[5:], atol=3)
    assert hidden.max() < 0.01
    forearm = np.array([[-20.0, 0.0], [-30.0, 8.0]])
    np.testing.assert_allclose(seen_at(found, forearm)[0], forearm, atol=0.5)
    left = hand()[[20 if bend > 0 else 4]] + (0.3 * PALM, -np.sign(bend) * 0.4 * PALM)
    assert seen_at(found, left)[1] > 0.9  # where the hand was nothing of it is left


def test_a_finger_bends_alone():
    found = moved(*[hand(fingers=(0, 30, 0, 0, 0))] * 3)
    target = hand(fingers=(0, 30, 0, 0, 0))
    places, _ = seen_at(found, target)
    np.testing.assert_allclose(places[8], hand()[8], atol=4)
    np.testing.assert_allclose(places[[16, 20]], hand()[[16, 20]], atol=1)


def test_what_is_implausible_is_left_as_in_the_photo():
    for each in (hand(wrist=160), hand(fingers=(0, 150, 0, 0, 0)), hand(other_side=True, fingers=(0, 30, 30, 0, 0))):
        places, _ = seen_at(moved(*[each] * 3), hand()[[0, 8, 20]])
        assert np.abs(places - hand()[[0, 8, 20]]).max() < 0.35 * PALM
    stretched = hand() * np.where(np.arange(21) == 8, 3, 1)[:, None]
    found = moved(*[stretched] * 3)
    places = found.moved[0, : len(found.photo) // 2, :2] - found.photo[: len(found.photo) // 2]
    assert np.abs(places).max() < 0.25 * PALM  # no spike


def test_a_hand_that_holds_something_keeps_still():
    arms = NO_ARMS.copy()
    arms[RIGHT, 80:120, :180] = 1
    assert moved(hand(wrist=30), arms=arms) is not None
    arms[RIGHT, 60:200, 110:] = 1
    assert moved(hand(wrist=30), arms=arms) is None


def test_without_hands_there_is_none():
    assert move_hands(motion(hand()), motion(None), NO_ARMS) == ([None, None], ())
    found, why = move_hands(motion(None), motion(hand()), NO_ARMS)
    assert found == [None, None]
    assert len(why) == 1
    assert moved(hand(wrist=30), photo=hand() * 0.2) is None
    gone = moved(hand(wrist=30), *[None] * 20)
    assert np.abs(gone.moved[-1, :, :2] - gone.photo).max() < 0.1


def test_only_the_hand_is_shown_elsewhere():
    scale = 4
    keypoints = standing() * torch.tensor([scale, scale, 1.0])
    elbow, wrist = keypoints[ELBOW, :2].numpy(), keypoints[ELBOW + 1, :2].numpy()
    way = complex(*(wrist - elbow)) / abs(complex(*(wrist - elbow)))
    points = (hand() @ (1, 1j)) * way * 0.5
    at = np.stack([points.real, points.imag], axis=-1) + wrist
    photo = Motion(keypoints.numpy()[None], (256, 192), 1.0, None, np.zeros((1, 2, 21, 4), np.float32))
    photo.hands[0, RIGHT, :, :2], photo.hands[0, RIGHT, :, 2] = at, 1
    bent = (hand(wrist=28) @ (1, 1j)) * way * 0.5
    driver = Motion(photo.keypoints, photo.size, 1.0, None, photo.hands.copy())
    driver.hands[0, RIGHT, :, :2] = np.stack([bent.real, bent.imag], axis=-1) + wrist
    hands, _ = move_hands(photo, driver, np.zeros((2, 256, 192), np.float32))

    y, x = torch.meshgrid(torch.arange(256) + 0.5, torch.arange(192) + 0.5, indexing="ij")
    alpha = torch.zeros(1, len(LAYERS), 1, 256, 192)
    for place in [*at, *np.linspace(elbow, wrist, 20)]:
        alpha[0, RIGHT_ARM, 0] = alpha[0, RIGHT_ARM, 0].maximum(
            ((x - place[0]) ** 2 + (y - place[1]) ** 2 < 20).float()
        )
    layers = Layers(torch.zeros(1, len(LAYERS), 3, 256, 192), alpha, keypoints[None], torch.zeros(1))
    plain, shown = (
        warp(layers, keypoints[None, None], moves=moves).alpha[0, 0, 0]
        for moves in (None, Moves(right_hand=frame_of([hands[RIGHT]], 0)))
    )
    tip = (np.array([bent[12].real, bent[12].imag]) + wrist).astype(int)
    assert plain[tip[1], tip[0]] < 0.05
    assert shown[tip[1], tip[0]] > 0.9
    assert abs(float(shown.sum() / plain.sum()) - 1) < 0.1
    torch.testing.assert_close(shown[: int(elbow[1])], plain[: int(elbow[1])])
