import pytest
import torch
from helpers import standing

from tempose.warp.bones import BONES, TRUNK_BONE
from tempose.warp.depth import TIE, depths, visible
from tempose.warp.joints import photo_joints


def test_the_order_of_two_layers_never_jumps():
    """Equally near they show alike; from there on the nearer one shows ever more, until the other is hidden."""
    ahead = torch.linspace(-10 * TIE, 10 * TIE, 81)
    first, second = visible(torch.ones(2, 81), torch.stack([-ahead, torch.zeros(81)]))
    torch.testing.assert_close(first + second, torch.ones(81))
    assert float(first[40]) == pytest.approx(0.5)
    assert (first.diff() > 0).all()
    assert first.diff().max() < 0.1
    assert first[0] < 1e-3 < 0.999 < first[-1]


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
