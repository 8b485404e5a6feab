"""What is made of a photo's layers once."""

import pytest
import torch

from tempose.warp.flesh import LAYERS, RIGHT_ARM, TRUNK
from tempose.warp.layers import BELOW, Layers, Photos

SIZE = (40, 30)


def layers(*, ankles):
    """Of somebody whom the lower edge cuts: a trunk and an arm that reach it."""
    color, alpha = torch.zeros(1, len(LAYERS), 3, *SIZE), torch.zeros(1, len(LAYERS), 1, *SIZE)
    alpha[0, TRUNK, 0, 10:, 10:20] = alpha[0, RIGHT_ARM, 0, 10:, 4:8] = 1
    color[0, TRUNK, 0, -1] = 0.5
    keypoints = torch.zeros(1, 18, 3)
    for index, place in {1: (15, 8), 2: (8, 9), 5: (22, 9), 8: (11, 38), 11: (19, 38)}.items():
        keypoints[0, index] = torch.tensor([*place, 1.0])
    keypoints[0, [10, 13]] = torch.tensor([[12.0, 39, ankles], [18, 39, ankles]])
    nothing = torch.full((1, 2, 2), float("nan"))
    return Layers(color, alpha, keypoints, torch.zeros(1), nothing)


@pytest.mark.parametrize("times", [0, 2])
def test_whom_the_lower_edge_cuts_goes_on_below_it_but_for_the_arms(times):
    scaled = Photos(layers(ankles=0)).scaled(times)
    high = round(SIZE[0] * 2 ** (-times / 2))
    assert scaled.alpha.shape[-2] == high + round(BELOW * high)
    assert scaled.color.shape[-2] == scaled.alpha.shape[-2]
    below = scaled.alpha[:, 0, high:]
    torch.testing.assert_close(below[TRUNK], scaled.alpha[TRUNK, 0, high - 1].expand_as(below[TRUNK]))
    assert below[TRUNK].max() > 0.9
    assert not below[RIGHT_ARM].any()


def test_who_stands_on_it_does_not():
    assert Photos(layers(ankles=1)).scaled(0).alpha.shape[-2:] == SIZE
