"""Hands that an estimator finds are part of the person where the photo has the color of skin."""

import numpy as np
import pytest

from tempose.pose.keypoints import FINGERS
from tempose.warp.cutout import cut_out
from tempose.warp.flesh import LEFT_ARM, RIGHT_ARM
from tempose.warp.hand_flesh import hand_flesh
from tempose.warp.hands import with_hands

SIZE, WRIST = (220, 200), np.array([50.0, 120.0])
SKIN, CLOTH, WALL = (205, 155, 130), (40, 60, 120), (225, 225, 220)


def person(hand=SKIN, face=SKIN):
    """Somebody who stands, sleeves down to the right wrist, from which a flat hand hangs; where the body is, `h w`."""
    keypoints = np.zeros((18, 3), np.float32)
    places = {0: (100, 18), 14: (96, 14), 15: (104, 14), 1: (100, 40), 2: (60, 42), 3: (55, 80), 4: WRIST, 5: (140, 42)}
    for joint, place in (places | {6: (145, 80), 7: (150, 120), 8: (80, 130), 11: (120, 130)}).items():
        keypoints[joint] = (*place, 1)
    picture, body = np.full((*SIZE, 3), WALL, np.uint8), np.zeros(SIZE, bool)
    picture[40:200, 70:130] = picture[42:120, 42:70] = picture[42:120, 130:158] = CLOTH
    picture[2:40, 84:116], picture[120:160, 38:62] = face, hand
    body[2:200, 84:116] = body[40:200, 70:130] = body[42:120, 42:158] = True
    return picture, keypoints, body


def points(middle=WRIST):
    """`2 21 4`: a hand that hangs from a place; no left one."""
    hand = np.ones((21, 4), np.float32)
    hand[:, :2], hand[:, 3] = np.add(middle, (0, 2)), 0
    for chain, across in zip(FINGERS, (-9, -5, 0, 5, 9), strict=True):
        hand[list(chain[1:]), 0] += across
        hand[list(chain[1:]), 1] += (8 if chain[1] == 1 else 18) + np.arange(4) * 5
    return np.stack([hand, np.zeros((21, 4), np.float32)])


def at(found, hand):
    column, row = np.round(hand[:, :2] - 0.5).astype(int).T
    return found[row, column]


def test_a_hand_of_the_color_of_the_face_is_flesh_and_nothing_else():
    picture, keypoints, _ = person()
    found = hand_flesh(picture, keypoints, points())
    assert (at(found, points()[0]) == RIGHT_ARM).all()
    assert set(np.unique(found)) == {-1, RIGHT_ARM}
    assert (picture[found >= 0] == SKIN).all()


@pytest.mark.parametrize("hand", [CLOTH, WALL], ids=["in a pocket", "astray"])
def test_what_has_not_the_color_of_skin_is_none(hand):
    picture, keypoints, _ = person(hand=hand)
    assert (hand_flesh(picture, keypoints, points()) == -1).all()


def test_of_a_hand_half_in_a_pocket_the_rest_is():
    picture, keypoints, _ = person()
    picture[140:160, 38:62] = CLOTH
    found = hand_flesh(picture, keypoints, points())
    assert (found[125:138] == RIGHT_ARM).any()
    assert (found[140:] == -1).all()


def test_without_a_face_a_forearm_tells():
    picture, keypoints, _ = person()
    keypoints[[0, 14, 15]] = 0
    picture[80:120, 42:70] = SKIN
    assert (at(hand_flesh(picture, keypoints, points()), points()[0]) == RIGHT_ARM).all()


def test_mirrored_it_is_the_same():
    picture, keypoints, _ = person()
    found = hand_flesh(picture, keypoints, points())
    flipped = keypoints[[0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]].copy()
    flipped[flipped[:, 2] > 0, 0] = SIZE[1] - flipped[flipped[:, 2] > 0, 0]
    hands = points()[::-1].copy()
    hands[1, :, 0] = SIZE[1] - hands[1, :, 0]
    again = hand_flesh(np.ascontiguousarray(picture[:, ::-1]), flipped, hands)
    assert ((again[:, ::-1] == LEFT_ARM) != (found == RIGHT_ARM)).mean() < 0.001


def test_where_nothing_is_known_there_is_none():
    picture, keypoints, _ = person()
    for hands in (None, np.zeros((2, 21, 4), np.float32)):
        assert (hand_flesh(picture, keypoints, hands) == -1).all()


def test_a_hand_beside_the_picture_is_no_fault():
    picture, keypoints, _ = person()
    hand_flesh(picture, keypoints, points(np.array([195.0, 215.0])))


def test_a_hand_that_the_mask_cuts_off_is_on_the_layer_of_its_arm():
    picture, keypoints, body = person()
    picture[(picture == WALL).all(-1)] = (214, 170, 120)  # nearly of that color
    without, found = (
        cut_out(picture, body, keypoints, hands=hands, background=False, patches=False) for hands in (None, points())
    )
    assert (at(without.alpha[RIGHT_ARM], points()[0]) > 0.5).mean() < 0.5
    assert (at(found.alpha[RIGHT_ARM], points()[0]) > 0.5).all()


def test_a_hand_before_the_body_is_on_the_layer_of_its_arm():
    picture, keypoints, body = person()
    keypoints[4, :2] = middle = np.array([90.0, 110.0])
    picture[105:150, 78:102] = SKIN
    found = cut_out(picture, body, keypoints, hands=points(middle), background=False, patches=False)
    assert (at(found.alpha[RIGHT_ARM], points(middle)[0]) > 0.5).all()


@pytest.mark.parametrize("glove", [(30, 30, 34), (150, 40, 60)], ids=["black", "red"])
@pytest.mark.parametrize("found", [True, False], ids=["found", "not found"])
def test_a_hand_in_a_glove_stays_a_hand(glove, found):
    picture, keypoints, body = person(hand=glove)
    body[120:160, 38:62] = True
    hands = points() if found else np.zeros((2, 21, 4), np.float32)
    shown, _, why = with_hands(cut_out(picture, body, keypoints, hands=hands, background=False, patches=False), hands)
    assert (at(shown.alpha[RIGHT_ARM], points()[0]) > 0.5).all()
    assert not any("right hand" in each for each in why)
