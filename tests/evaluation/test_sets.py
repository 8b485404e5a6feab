from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import random
from scipy.linalg import sqrtm
from torch import Tensor, nn
from torchmetrics.image.kid import maximum_mean_discrepancy, poly_mmd

from tempose.core.errors import CheckpointError
from tempose.data.prepared import sha256_of
from tempose.evaluation import sets as module
from tempose.evaluation.results import Column
from tempose.evaluation.sets import (
    SetMeasure,
    frechet_distance,
    kernel_distance,
    load_i3d,
    load_inception,
    set_result,
)
from tempose.evaluation.weights import I3D, INCEPTION

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.jit")


def normal(n, d, *, seed, mean=0.0, scale=1.0):
    return torch.from_numpy(np.random.default_rng(seed).normal(mean, scale, size=(n, d)))


def whitened(samples):
    """Samples of mean 0 and covariance 1, exactly."""
    centred = samples - samples.mean(0)
    root = torch.linalg.cholesky(centred.T @ centred / (len(samples) - 1))
    return torch.linalg.solve_triangular(root, centred.T, upper=False).T


def test_frechet_distance_of_gaussians_in_closed_form():
    x, y = whitened(normal(50, 4, seed=0)), whitened(normal(80, 4, seed=1))
    assert frechet_distance(x, y) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(x, y + 2) == pytest.approx(4 * 2**2)
    scales = torch.tensor([1.0, 2.0, 3.0, 0.0])
    assert frechet_distance(x, y * scales + 1) == pytest.approx(4 + float(((scales - 1) ** 2).sum()))


@pytest.mark.parametrize("n", [200, 6])
def test_frechet_distance_agrees_with_the_root_of_a_matrix(n):
    x = normal(n, 8, seed=0) @ normal(8, 8, seed=2)
    y = normal(150, 8, seed=1) @ normal(8, 8, seed=3) + 1
    first, second = np.cov(x.numpy(), rowvar=False), np.cov(y.numpy(), rowvar=False)
    # The covariance of six samples is singular; a little of the identity makes its root well defined.
    root = sqrtm((first + 1e-12 * np.eye(8)) @ second).real
    expected = float(((x.mean(0) - y.mean(0)) ** 2).sum()) + np.trace(first + second - 2 * root)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-4)


def test_kernel_distance_agrees_with_torchmetrics():
    x, y = normal(40, 5, seed=0), normal(40, 5, seed=1, mean=0.3)
    k_xx, k_yy, k_xy = ((a @ b.T / 5 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    assert kernel_distance(x, y) == pytest.approx(float(maximum_mean_discrepancy(k_xx, k_xy, k_yy)))
    assert kernel_distance(x, y) == pytest.approx(float(poly_mmd(x, y)))


def test_kernel_distance_of_like_sets_is_0_on_average():
    values = [kernel_distance(normal(30, 4, seed=i), normal(20, 4, seed=1000 + i)) for i in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / len(values) ** 0.5
    assert min(values) < 0


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_farther_sets_are_farther_and_order_does_not_matter(distance):
    x = normal(60, 6, seed=0)
    values = [distance(x, normal(60, 6, seed=1, mean=mean)) for mean in (0, 0.5, 2)]
    assert values[0] < values[1] < values[2]
    y = normal(40, 6, seed=2, scale=2)
    assert distance(x, y) == pytest.approx(distance(y.flip(0), x.flip(0)))


# Networks -------------------------------------------------------------------------------------------

CLIP = torch.nn.functional.avg_pool2d(random(60, 3, 18, 18, low=0), 3, 1).view(1, 60, 3, 16, 16)


class Pictures(nn.Module):
    """In the form of the published Inception: 8 bits in, means of quarters out."""

    def forward(self, x: Tensor, return_features: bool = False) -> Tensor:
        assert x.dtype == torch.uint8
        assert return_features
        return nn.functional.adaptive_avg_pool2d(x.float() / 255, 2).flatten(1)


class Clips(nn.Module):
    """In the form of the published I3D: `n 3 f h w` from 0 to 255 in, changes out."""

    def forward(self, x: Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False) -> Tensor:
        assert rescale
        assert resize
        assert return_features
        assert x.shape[1] == 3
        assert x.max() > 1
        return torch.diff(x / 255, dim=2).abs().mean([3, 4]).flatten(1)[:, :6]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Programs in files, taken for the published ones."""
    folder = tmp_path_factory.mktemp("programs")
    paths = {}
    for network in (Pictures(), Clips()):
        paths[type(network)] = folder / f"{type(network).__name__}.pt"
        torch.jit.script(network).save(str(paths[type(network)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "INCEPTION", replace(INCEPTION, sha256=sha256_of(paths[Pictures])))
        patch.setattr(module, "I3D", replace(I3D, sha256=sha256_of(paths[Clips])))
        yield paths


def test_frames_are_seen_one_by_one(programs):
    seen = load_inception(programs[Pictures])(CLIP)
    assert seen.shape == (60, 12)
    expected = nn.functional.adaptive_avg_pool2d(CLIP[0], 2).flatten(1)
    torch.testing.assert_close(seen, expected, atol=1 / 255, rtol=0)


def test_fvd_sees_time_in_the_first_frames_and_nothing_in_a_short_clip(programs):
    look = load_i3d(programs[Clips])
    assert look(CLIP).shape == (1, 6)
    assert torch.equal(look(CLIP), look(CLIP[:, :16]))
    assert look(CLIP[:, :1].expand_as(CLIP)).abs().max() == 0
    assert len(look(CLIP[:, :15])) == 0


def test_what_is_not_published_or_not_a_program_is_refused(programs, tmp_path, monkeypatch):
    with pytest.raises(CheckpointError, match=r"is not inception-2015-12-05.pt as FID and KID needs it"):
        load_inception(programs[Clips])
    with pytest.raises(CheckpointError, match=r"FVD needs i3d_torchscript.pt"):
        load_i3d(tmp_path / "none.pt")
    text = tmp_path / "text.pt"
    text.write_text("no program")
    monkeypatch.setattr(module, "I3D", replace(I3D, sha256=sha256_of(text)))
    with pytest.raises(CheckpointError, match=r"is not a TorchScript file"):
        load_i3d(text)


MEASURE = SetMeasure(Column("FID", "", "lower"), "look", frechet_distance)


def test_a_sets_result_is_the_distance_of_all_features_with_its_spread():
    truth = [random(6, 3, seed=i) for i in range(8)]
    shifted = [values + 0.5 for values in truth]
    result = set_result(MEASURE, shifted, truth)
    assert result.mean == pytest.approx(frechet_distance(torch.cat(shifted), torch.cat(truth)))
    assert result.mean == pytest.approx(0.75, abs=1e-4)
    assert result.low <= result.mean <= result.high
    noisy = [values + random(6, 3, seed=50 + i) * (i + 1) / 4 for i, values in enumerate(truth)]
    wide = set_result(MEASURE, noisy, truth)
    assert wide.high - wide.low > result.high - result.low
    few = set_result(MEASURE, shifted[:2], truth[:2])
    assert few.low != few.low  # NaN: two clips say nothing of others
