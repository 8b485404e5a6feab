import pytest
import torch
import torch.nn.functional as F
from helpers import fill, random

from tempose.models.layers import (
    DoublingConv2d,
    GroupNorm,
    HalvingConv2d,
    ResidualBlock,
    TimedResidualBlock,
    TimeEmbedding,
    double,
    fold,
    halve,
    unfold,
)


def test_unfold_undoes_fold():
    video = random(2, 3, 4, 5, 6)
    assert torch.equal(unfold(fold(video), 3), video)


def test_fold_keeps_the_frames_of_a_clip_together():
    video = torch.arange(2 * 3).view(2, 3, 1, 1, 1).float()
    assert fold(video).flatten().tolist() == [0, 1, 2, 3, 4, 5]


def test_halve_undoes_double():
    x = random(1, 3, 4, 6)
    torch.testing.assert_close(halve(double(x)), x)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 4)])
def test_resampling_convolutions_are_a_convolution_of_the_resampled_map(size):
    x, larger = random(2, 4, *size), random(2, 4, 2 * size[0], 2 * size[1], seed=1)
    for convolution, made, given in ((DoublingConv2d, double(x), x), (HalvingConv2d, halve(larger), larger)):
        layer = convolution(4, 6, 3, padding=1)
        fill(layer)
        expected = F.conv2d(made, layer.weight, layer.bias, padding=1)
        torch.testing.assert_close(layer(given), expected, rtol=1e-5, atol=1e-5)
        ours = torch.autograd.grad(layer(given).square().sum(), layer.weight)[0]
        plain = torch.autograd.grad(F.conv2d(made, layer.weight, layer.bias, padding=1).square().sum(), layer.weight)[0]
        torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("side", [4, 40])
def test_normalization_is_the_same_in_every_layout(side):
    norm, x = GroupNorm(4, 16), random(2, 16, side, side)
    fill(norm)
    expected = F.group_norm(x, 4, norm.weight, norm.bias)
    torch.testing.assert_close(norm(x.to(memory_format=torch.channels_last)), expected)


def test_residual_block_starts_as_identity():
    x = random(2, 8, 4, 4)
    assert torch.equal(ResidualBlock(8, 8)(x), x)


def test_resampling_block_starts_as_resampling():
    x = random(2, 8, 4, 4)
    torch.testing.assert_close(ResidualBlock(8, 8, resample=halve)(x), halve(x))


def test_timed_block_depends_on_time_and_without_modulation_is_the_plain_block():
    timed, plain = TimedResidualBlock(8, 16, time_channels=4), ResidualBlock(8, 16)
    fill(timed)
    plain.load_state_dict({k: v for k, v in timed.state_dict().items() if not k.startswith("modulation")})
    x, time = random(2, 8, 4, 4), random(2, 4, seed=1)
    assert not torch.allclose(timed(x, time), timed(x, 2 * time))
    torch.nn.init.zeros_(timed.modulation.weight)
    torch.nn.init.zeros_(timed.modulation.bias)
    torch.testing.assert_close(timed(x, time), plain(x))


def test_time_embedding_tells_every_time_apart():
    embedding = TimeEmbedding(32, 16)
    features = embedding(torch.arange(1000))
    assert features.shape == (1000, 16)
    assert torch.cdist(features, features).add(torch.eye(1000) * 9).min() > 0


@pytest.mark.parametrize("side", [4, 40])
def test_one_modulation_for_all_is_as_one_for_each(side):
    norm = GroupNorm(4, 16)
    fill(norm)
    x, scale, shift = random(3, 16, side, side), random(1, 16), random(1, 16)
    together, each = norm.modulated(x, scale, shift), norm.modulated(x, scale.expand(3, 16), shift.expand(3, 16))
    torch.testing.assert_close(together, each)
    torch.testing.assert_close(each, scale[..., None, None] * norm(x) + shift[..., None, None])
