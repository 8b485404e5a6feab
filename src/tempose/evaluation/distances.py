"""Distances between two sets of features, whatever made the features.

Fréchet distance: Dowson & Landau 1982; of Inception features it is the FID (Heusel et al., "GANs trained
by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS 2017), of I3D features the
FVD (Unterthiner et al., "Towards accurate generative models of video", 2018). Kernel distance: KID
(Bińkowski et al., "Demystifying MMD GANs", ICLR 2018).
"""

from __future__ import annotations

import torch
from torch import Tensor

from tempose.core.errors import InputError


def frechet_distance(features: Tensor, truth: Tensor) -> float:
    """Fréchet distance between the Gaussians fitted to two sets: |μ₁−μ₂|² + Tr(C₁ + C₂ − 2 (C₁C₂)^½).

    With fewer samples than dimensions it is defined, but larger than of the whole population: compare only
    sets of equal size.

    Args:
        features: `n d`, n ≥ 2. truth: `m d`, m ≥ 2.
    """
    x, y = _checked(features, truth)
    mean_x, mean_y = x.mean(0), y.mean(0)
    # C = RᵀR by a QR decomposition of the centred samples; the trace of (C₁C₂)^½ is then the sum of the
    # singular values of R₁R₂ᵀ, without the root of a matrix that may be singular.
    root_x = torch.linalg.qr(x - mean_x, mode="r").R / (len(x) - 1) ** 0.5
    root_y = torch.linalg.qr(y - mean_y, mode="r").R / (len(y) - 1) ** 0.5
    common = torch.linalg.svdvals(root_x @ root_y.T).sum()
    return float(((mean_x - mean_y) ** 2).sum() + (root_x**2).sum() + (root_y**2).sum() - 2 * common)


def kernel_distance(features: Tensor, truth: Tensor) -> float:
    """Squared maximum mean discrepancy with the kernel (x·y/d + 1)³: unbiased, so it may be below 0.

    Over all pairs at once, not over random subsets.

    Args:
        features: `n d`, n ≥ 2. truth: `m d`, m ≥ 2.
    """
    x, y = _checked(features, truth)
    return float(_within(x) + _within(y) - 2 * _kernel(x, y).mean())


def _within(x: Tensor) -> Tensor:
    """Mean kernel of the pairs of a set, a sample with itself aside."""
    n = len(x)
    kernel = _kernel(x, x)
    return (kernel.sum() - kernel.diagonal().sum()) / (n * (n - 1))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3


def _checked(features: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets in double precision, or InputError."""
    for name, values in (("features", features), ("truth", truth)):
        if values.ndim != 2 or len(values) < 2 or values.shape[1] != truth.shape[-1]:
            raise InputError(
                f"features {tuple(features.shape)}, of the truth {tuple(truth.shape)}; wanted (n ≥ 2, d), (m ≥ 2, d)"
            )
        if not values.isfinite().all():
            raise InputError(f"{name} hold NaN or infinite values; leave out what they are of")
    return features.double(), truth.double()
