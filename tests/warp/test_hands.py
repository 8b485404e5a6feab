"""A hidden hand is the other one, mirrored; what is shown stays as it is."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tempose.warp.cutout import Cutout
from tempose.warp.flesh import HEAD, LAYERS, LEFT_ARM, RIGHT_ARM
from tempose.warp.flesh import TRUNK as TRUNK_LAYER
from tempose.warp.hands import crossed, with_hands

SIZE, TRUNK = (220, 200), 100
WRISTS = {RIGHT_ARM: (50, 120), LEFT_ARM: (150, 120)}

SKIN = (200, 150, 120)
NO_GRIPS = np.full((2, 2), np.nan, np.float32)


def person():
    """Arms that hang: of the right one the hand is shown, a thumb towards the body; the left one ends at the wrist."""
    keypoints = np.zeros((18, 3), np.float32)
    for joint, place in {1: (100, 30), 2: (60, 30), 5: (140, 30), 8: (80, 130), 11: (120, 130)}.items():
        keypoints[joint] = (*place, 1)
    for elbow, layer in ((3, RIGHT_ARM), (6, LEFT_ARM)):
        keypoints[elbow], keypoints[elbow + 1] = (WRISTS[layer][0], 70, 1), (*WRISTS[layer], 1)
    alpha, color = np.zeros((len(LAYERS), *SIZE), np.float32), np.zeros((len(LAYERS), *SIZE, 3), np.uint8)
    alpha[RIGHT_ARM, 30:150, 42:58] = alpha[LEFT_ARM, 30:122, 142:158] = 1
    alpha[RIGHT_ARM, 130:136, 58:66] = 1
    color[RIGHT_ARM], color[LEFT_ARM] = (200, 150, 120), (180, 140, 110)
    body = np.ones(SIZE, np.float32)  # and clothes all around
    return Cutout(
        color, alpha, keypoints, body, np.zeros((*SIZE, 3), np.uint8), tuple(range(len(LAYERS))), 0.0, NO_GRIPS
    )


def points(layer, thumb=0, down=0):
    """`21 4`: of a hand that hangs from the wrist of a layer."""
    x, y = np.add(WRISTS[layer], (0, down))
    hand = np.ones((21, 4), np.float32)
    hand[:, 0], hand[:, 1] = np.resize([x - 6, x, x + 6], 21), np.linspace(y + 1, y + 28, 21)
    hand[4, :2] = x + thumb, y + 13
    return hand


ABSENT = np.zeros((21, 4), np.float32)


@pytest.mark.parametrize("found", [ABSENT, points(LEFT_ARM, down=20)], ids=["not found", "found in a pocket"])
def test_a_hidden_hand_is_the_other_one_mirrored(found):
    shown, hands, why = with_hands(person(), np.stack([points(RIGHT_ARM, 14), found]))
    assert why == ("the photo hides the left hand: the right one is shown in its place, mirrored",)
    right, left = shown.alpha[RIGHT_ARM], shown.alpha[LEFT_ARM]
    np.testing.assert_array_equal(right, person().alpha[RIGHT_ARM])
    assert np.abs(left[125:] - right[125:, ::-1]).mean() < 0.002  # the thumb towards the body
    assert (left[:116] == person().alpha[LEFT_ARM, :116]).all()
    for row in (100, 140):  # in the light of its own forearm
        np.testing.assert_allclose(shown.color[LEFT_ARM, row, 150], (180, 140, 110), atol=1)
    np.testing.assert_allclose(hands[1], points(RIGHT_ARM, 14) * (-1, 1, 1, 1) + (SIZE[1], 0, 0, 0), atol=1e-4)
    np.testing.assert_array_equal(hands[0], points(RIGHT_ARM, 14))


def test_a_bracelet_tells_nothing_of_the_light():
    worn = person()
    worn.color[RIGHT_ARM, 112:120] = 20
    shown = with_hands(worn, np.stack([points(RIGHT_ARM, 14), ABSENT]))[0]
    np.testing.assert_allclose(shown.color[LEFT_ARM, 140, 150], (180, 140, 110), atol=1)


def test_mirrored_it_is_the_same():
    flipped = person()
    exchange = list(range(len(LAYERS)))
    exchange[RIGHT_ARM], exchange[LEFT_ARM] = LEFT_ARM, RIGHT_ARM
    keypoints = flipped.keypoints[[0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]].copy()
    keypoints[keypoints[:, 2] > 0, 0] = SIZE[1] - keypoints[keypoints[:, 2] > 0, 0]
    alpha, color = (each[exchange][:, :, ::-1].copy() for each in (flipped.alpha, flipped.color))
    hand = points(RIGHT_ARM, 14) * (-1, 1, 1, 1) + (SIZE[1], 0, 0, 0)
    shown, _, why = with_hands(
        replace(flipped, keypoints=keypoints, alpha=alpha, color=color), np.stack([ABSENT, hand])
    )
    straight, _, _ = with_hands(person(), np.stack([points(RIGHT_ARM, 14), ABSENT]))
    assert "hides the right hand" in why[0]
    assert np.abs(shown.alpha[RIGHT_ARM] - straight.alpha[LEFT_ARM][:, ::-1]).mean() < 1e-4


def test_of_a_forearm_that_is_half_hidden_too_the_end_is_mirrored_as_well():
    thin = person()
    thin.alpha[LEFT_ARM, 70:, 150:] = 0
    left = with_hands(thin, np.stack([points(RIGHT_ARM, 14), ABSENT]))[0].alpha[LEFT_ARM]
    np.testing.assert_allclose(left[100].sum(), 16, atol=0.5)
    np.testing.assert_allclose(left[75].sum(), 8, atol=0.5)


def test_a_forearm_that_comes_nearer_gets_slender_towards_the_mirrored_hand():
    wide = person()
    wide.alpha[LEFT_ARM, 30:122, 134:166] = 1
    shown = with_hands(wide, np.stack([points(RIGHT_ARM, 14), ABSENT]))[0]
    widths = shown.alpha[LEFT_ARM].sum(-1)
    np.testing.assert_allclose(widths[[60, 75, 100, 118, 125]], [32, 32, 24, 17, 16], atol=1.5)
    assert (np.diff(widths[75:129]) < 1.5).all()
    assert (shown.color[LEFT_ARM, 100, 150] == (180, 140, 110)).all()
    np.testing.assert_allclose(shown.color[LEFT_ARM, 140, 150], (180, 140, 110), atol=1)


def test_what_is_shown_or_not_known_stays():
    whole = person()
    whole.alpha[LEFT_ARM] = whole.alpha[RIGHT_ARM][:, ::-1]
    for hands in (None, np.stack([points(RIGHT_ARM), points(LEFT_ARM)]), np.stack([points(RIGHT_ARM), ABSENT])):
        assert with_hands(whole, hands) == (whole, hands, ())
    unseen = person()
    unseen.keypoints[6] = 0
    hands = np.stack([points(RIGHT_ARM), ABSENT])
    assert with_hands(unseen, hands) == (unseen, hands, ())


def test_a_hand_that_the_mask_has_lost_is_replaced_too():
    beside = person()
    beside.matte[:, 135:] = 0
    _, _, why = with_hands(beside, np.stack([points(RIGHT_ARM, 14), points(LEFT_ARM, down=20)]))
    assert why == ("the photo hides the left hand: the right one is shown in its place, mirrored",)


def both_hidden(face=True):
    """Both arms end at the wrist; the face has the color of skin, or none is seen."""
    hidden = person()
    hidden.alpha[RIGHT_ARM] = hidden.alpha[LEFT_ARM][:, ::-1]
    hidden.alpha[HEAD, :20], hidden.color[HEAD] = 1, SKIN
    hidden.color[RIGHT_ARM] = hidden.color[LEFT_ARM] = (20, 30, 60)
    if face:
        hidden.keypoints[0] = 100, 10, 1
    return hidden


@pytest.mark.parametrize("found", [ABSENT, points(LEFT_ARM, down=20)], ids=["not found", "found in a pocket"])
@pytest.mark.parametrize("face", [True, False], ids=["face", "no face"])
def test_where_both_are_hidden_hands_are_made_up_in_the_color_of_skin_or_sleeve(face, found):
    before = both_hidden(face)
    shown, hands, why = with_hands(before, np.stack([ABSENT, found]))
    assert why == tuple(f"the photo hides the {side} hand: it is made up" for side in ("right", "left"))
    assert not hands.any()
    for layer in (RIGHT_ARM, LEFT_ARM):
        hand = shown.alpha[layer, 124:] > 0.5
        assert 0.02 * TRUNK**2 < hand.sum() < 0.06 * TRUNK**2
        assert cv2.connectedComponents((shown.alpha[layer] > 0.5).astype(np.uint8))[0] == 2
        expected = SKIN if face else (20, 30, 60)
        assert np.abs(np.median(shown.color[layer, 124:][hand], axis=0) - expected).max() < 25
        np.testing.assert_array_equal(shown.alpha[layer, :116], before.alpha[layer, :116])
    np.testing.assert_allclose(shown.alpha[RIGHT_ARM], shown.alpha[LEFT_ARM][:, ::-1], atol=1e-5)  # thumbs inwards


def test_a_flap_of_clothes_that_hangs_at_a_hand_is_left_away():
    flap = person()
    flap.alpha[LEFT_ARM] = flap.alpha[RIGHT_ARM][:, ::-1]
    flap.alpha[TRUNK_LAYER], flap.color[LEFT_ARM, :, 160:] = 1, (20, 30, 60)
    flap.alpha[LEFT_ARM, 135:175, 165:185] = 1
    shown, _, why = with_hands(flap, np.stack([points(RIGHT_ARM), ABSENT]))
    assert why == ()
    assert not shown.alpha[LEFT_ARM, 140:170, 170:180].any()
    np.testing.assert_array_equal(shown.alpha[LEFT_ARM, :150, 142:158], flap.alpha[LEFT_ARM, :150, 142:158])


def test_crossed_forearms_get_a_smooth_outline_and_their_own_colors():
    cross = both_hidden()
    for joint, place in {3: (60, 90), 4: (120, 80), 6: (140, 90), 7: (80, 85)}.items():
        cross.keypoints[joint, :2] = place
    assert crossed(cross.keypoints)
    assert not crossed(person().keypoints)
    rags = np.random.default_rng(0).random((70, 100)) < 0.7
    for layer in (RIGHT_ARM, LEFT_ARM):
        cross.alpha[layer] = 0
        cross.alpha[layer, 30:90, slice(50, 68) if layer == RIGHT_ARM else slice(132, 150)] = 1
        cross.alpha[layer, 60:130, 50:150] = np.maximum(cross.alpha[layer, 60:130, 50:150], rags)
    cross.color[RIGHT_ARM, 80:95, 95:105] = SKIN  # the other hand
    shown, _, why = with_hands(cross, np.stack([ABSENT, ABSENT]))
    assert all("made up" in said for said in why)
    assert len(why) == 2
    middle = shown.alpha[RIGHT_ARM, :, 90]
    assert (np.diff((middle > 0.5).astype(int)) != 0).sum() == 2  # one piece, without holes
    assert np.abs(shown.color[RIGHT_ARM, 82:86, 100] - np.array([20, 30, 60])).max() < 25
