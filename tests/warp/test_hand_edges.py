"""What a hand's layer holds of the clothes about it is taken away, and its own color goes on to its edge."""

import numpy as np
import pytest

from tempose.warp.hand_edges import cleared

SIZE, TRUNK, RADIUS = (80, 80), 120.0, 15.0
SKIN, CLOTH = np.array((215, 165, 140)), np.array((170, 25, 60))
AWAY = np.hypot(*(np.indices(SIZE) - 39.5))
TRUE = (RADIUS + 0.5 - AWAY).clip(0, 1)


def round_hand(skin=SKIN, cloth=CLOTH, wider=3):
    """Alpha and color of a layer, `wider` beyond a round hand that lies on cloth; what is behind; where it is."""
    seen = TRUE[..., None] * skin + (1 - TRUE[..., None]) * cloth
    behind = np.broadcast_to(cloth, seen.shape).astype(np.uint8)
    alpha = (RADIUS + wider + 0.5 - AWAY).clip(0, 1).astype(np.float32)
    return alpha, np.round(seen).astype(np.uint8), behind, AWAY < RADIUS + 8


def test_cloth_about_a_hand_is_no_part_of_it():
    alpha, color = cleared(*round_hand(), TRUNK)
    assert np.abs(alpha - TRUE).max() < 0.5  # pixels that are half of it count as more
    assert alpha[AWAY > RADIUS + 1].max() == 0
    assert np.abs(color[alpha > 0].astype(int) - SKIN).max() < 20


def test_a_hand_without_any_is_left_as_it_is():
    alpha, color, *where = round_hand(wider=-1)
    same = cleared(alpha, color, *where, TRUNK)
    assert same[0] is alpha
    assert same[1] is color


@pytest.mark.parametrize("cloth", [SKIN, SKIN - 6], ids=["gloves", "leather"])
def test_clothes_of_its_color_leave_its_edge_to_the_mask(cloth):
    given = round_hand(cloth=cloth)
    assert cleared(*given, TRUNK)[0] is given[0]


def test_what_it_wears_stays_though_it_reaches_across():
    alpha, color, behind, hand = round_hand()
    color[30:36] = CLOTH  # a ring, as of the cloth's color
    assert cleared(alpha, color, behind, hand, TRUNK)[0][32, 40] == 1


def test_beyond_the_hand_the_layer_stays():
    alpha, color, behind, hand = round_hand()
    hand[:, :40] = False
    now = cleared(alpha, color, behind, hand, TRUNK)
    np.testing.assert_array_equal(now[0][:, :40], alpha[:, :40])
    np.testing.assert_array_equal(now[1][:, :40], color[:, :40])
