import numpy as np
import pytest
import torch
from helpers import random
from scipy.linalg import sqrtm
from torchmetrics.image.kid import poly_mmd

from tempose.core.errors import InputError
from tempose.evaluation.distances import frechet_distance, kernel_distance


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
    from torchmetrics.image.kid import maximum_mean_discrepancy

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


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (random(1, 4), random(5, 4), "n ≥ 2"),
        (random(5, 4), random(5, 3), "n ≥ 2"),
        (random(5, 4) * torch.nan, random(5, 4), "features hold NaN"),
        (random(5, 4), random(5, 4) * torch.inf, "truth hold NaN"),
    ],
)
def test_bad_input_is_named(distance, x, y, message):
    with pytest.raises(InputError, match=message):
        distance(x, y)
