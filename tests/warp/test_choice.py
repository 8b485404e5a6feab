from dataclasses import replace

import numpy as np
import pytest
from helpers import keypoint_motion
from subjects import subject

from tempose.warp.choice import cheapest, color_gains, faded, matched, photo_costs, photo_shares
from tempose.warp.cutout import Cutout
from tempose.warp.flesh import LAYERS, RIGHT_LEG, TRUNK

FPS = 10.0
TURN = keypoint_motion("turn", frames=30, fps=FPS)
FRONT, SIDE, BEHIND = 0, 12, 25

NO_GRIPS = np.full((2, 2), np.nan, np.float32)


def photo(moment):
    """What a photo of one moment of a turn tells about poses."""
    h, w = TURN.size
    nothing = np.zeros((h, w, 3), np.uint8)
    colors, alpha = np.zeros((len(LAYERS), h, w, 3), np.uint8), np.ones((len(LAYERS), h, w), np.float32)
    return Cutout(colors, alpha, TURN.keypoints[moment], alpha[0], nothing, tuple(range(len(LAYERS))), 0.0, NO_GRIPS)


def test_a_turn_takes_the_front_first_and_then_the_back_and_fades_between():
    shares = photo_shares([photo(FRONT), photo(BEHIND)], TURN).numpy()
    assert shares.shape == (2, len(TURN), len(LAYERS))
    np.testing.assert_allclose(shares.sum(0), 1, rtol=1e-6)
    assert (shares[0, FRONT] == 1).all()
    assert (shares[1, BEHIND] == 1).all()
    assert (np.diff(shares[1, : BEHIND + 1], axis=0) >= -1e-6).all()
    assert np.diff(shares[1], axis=0).max() < 0.5


def test_a_photo_is_the_nearest_to_its_own_pose():
    moments = (0, 8, 16, 24)
    costs = np.stack([photo_costs(photo(moment), TURN) for moment in moments])
    for own, moment in enumerate(moments):
        assert (costs[:, moment].argmin(0) == own).all()


def test_a_photo_of_one_side_serves_the_other_mirrored():
    other = TURN.mirrored()[SIDE : SIDE + 1]
    front, side, behind = (photo_costs(photo(moment), other)[0, TRUNK] for moment in (FRONT, SIDE, BEHIND))
    assert side < min(front, behind) / 2
    assert side > photo_costs(photo(SIDE), TURN[SIDE : SIDE + 1])[0, TRUNK], "its own side is nearer"


def test_a_side_serves_the_front_worse_than_the_front_the_side():
    narrowed = photo_costs(photo(FRONT), TURN[SIDE : SIDE + 1])[0, TRUNK]
    stretched = photo_costs(photo(SIDE), TURN[FRONT : FRONT + 1])[0, TRUNK]
    assert stretched > narrowed + 0.2


def test_what_a_photo_does_not_show_comes_from_another():
    behind = photo(BEHIND)
    behind.alpha[RIGHT_LEG] = 0
    shares = photo_shares([photo(FRONT), behind], TURN)
    assert (shares[0, :, RIGHT_LEG] == 1).all()
    assert (shares[1, BEHIND, :RIGHT_LEG] == 1).all()


def test_a_frame_alone_changes_nothing():
    costs = np.array([[0.1] * 5 + [0.9] + [0.1] * 5, [0.5] * 11])
    assert (cheapest(costs, FPS) == 0).all()
    assert (cheapest(costs, 0.5) == np.array([0] * 5 + [1] + [0] * 5)).all()  # two seconds each: well worth it
    np.testing.assert_array_equal(cheapest(np.zeros((3, 4)), FPS), 0)


def test_photos_fade_into_each_other_over_a_few_frames():
    shares = faded(np.array([0] * 6 + [1] * 6), 2, 10.0)
    np.testing.assert_allclose(shares[1], [0] * 5 + [1 / 3, 2 / 3] + [1] * 5, atol=1e-6)
    np.testing.assert_array_equal(faded(np.array([1]), 2, 30.0), [[0], [1]])


@pytest.mark.parametrize("gains", [(1.0, 1.0, 1.0), (1.3, 1.0, 0.8), (0.7, 0.75, 0.8)])
def test_another_light_is_found(gains):
    cutout = subject().cutout
    found = color_gains(matched(cutout, 1 / np.array(gains)), like=cutout)
    np.testing.assert_allclose(found, gains, rtol=0.08)
    assert color_gains(cutout, like=cutout).tolist() == [1, 1, 1]


def test_the_same_light_leaves_every_color():
    cutout = subject().cutout
    np.testing.assert_array_equal(matched(cutout, np.ones(3)).color, cutout.color)
    dark = replace(cutout, color=np.zeros_like(cutout.color))
    assert color_gains(dark, like=cutout).tolist() == [1, 1, 1]  # nothing tells
