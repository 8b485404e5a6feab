import pytest
import torch

from tempose.core.errors import InputError
from tempose.diffusion.noise import correlated_noise


def draw(correlation, frames=6):
    return correlated_noise(frames, (3, 40, 40), correlation=correlation, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.9, 1.0])
def test_every_frame_is_a_unit_gaussian_and_frames_correlate_as_asked(correlation):
    noise = draw(correlation).flatten(1).double()
    n = noise.shape[1]
    assert noise.mean(1).abs().max() < 4 / n**0.5
    assert (noise.var(1) - 1).abs().max() < 4 * (2 / n) ** 0.5
    fourth = (noise**4).mean(1)
    assert (fourth - 3).abs().max() < 4 * (96 / n) ** 0.5
    between = torch.corrcoef(noise)[~torch.eye(6, dtype=bool)]
    assert (between - correlation).abs().max() < 4 / n**0.5


def test_same_seed_same_noise():
    assert torch.equal(draw(0.5), draw(0.5))


@pytest.mark.parametrize("correlation", [-0.1, 1.1, float("nan")])
def test_out_of_range(correlation):
    with pytest.raises(InputError, match="noise_correlation"):
        draw(correlation)
