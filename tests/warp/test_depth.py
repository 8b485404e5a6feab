from itertools import combinations

import pytest
import torch
from helpers import random, standing

from tempose.warp.bones import BONES, TRUNK_BONE
from tempose.warp.depth import LEAD, ORDER, TIE, depths, visible
from tempose.warp.flesh import LAYERS
from tempose.warp.joints import photo_joints

PAIRS = [(one, other) for one, other in combinations(range(len(LAYERS)), 2)]


def shown(one, other, ahead):
    """How much two of all layers show, the first of them nearer by so much: `2 m`."""
    alpha, depth = torch.zeros(2, len(LAYERS), len(ahead))
    alpha[[one, other]], depth[one] = 1.0, -ahead
    return visible(alpha, depth)[[one, other]]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_nearer_of_two_layers_shows_ever_more_until_the_other_is_hidden(one, other):
    ahead = torch.linspace(-LEAD - 10 * TIE, LEAD + 10 * TIE, 161)
    first, second = shown(one, other, ahead)
    torch.testing.assert_close(first + second, torch.ones(161))
    assert (first.diff() >= 0).all()
    assert first.diff().max() < 0.2
    assert first[0] < 1e-3 < 0.999 < first[-1]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_layers_as_deep_as_each_other_never_show_half_and_noise_does_not_change_their_order(one, other):
    noise = 0.7 * LEAD * random(500)
    front = max(one, other, key=ORDER.index)
    first, second = shown(one, other, noise)
    assert (first if front == one else second).min() > 0.8
    assert shown(one, other, torch.zeros(1)).amax() > 0.99


def test_one_layer_alone_shows_as_it_is():
    assert torch.equal(visible(torch.tensor([[0.3], [0.0]]), torch.zeros(2, 1)), torch.ones(2, 1))


def test_a_raised_thigh_comes_before_the_belly_but_not_before_the_skirt_that_covers_it():
    keypoints = standing()[None]
    keypoints[0, 9, :2] = torch.tensor([16.0, 26.0])  # the right knee, higher than its hip
    joints, thigh = photo_joints(keypoints), next(index for index, bone in enumerate(BONES) if bone.start == 8)
    for hem, before in ((0.0, True), (1.0, False)):
        start, end = depths(joints, torch.tensor([hem]), None)
        assert bool(start[0, thigh] < start[0, TRUNK_BONE]) == before
        assert bool(end[0, thigh] < end[0, TRUNK_BONE]) == before
