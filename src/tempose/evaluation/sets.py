"""Distances between sets of pictures or clips as a network sees them: FID, KID and FVD.

The networks, Inception and I3D, are published TorchScript files, which prepare the pictures themselves.

Fréchet distance: Dowson & Landau 1982; of Inception features it is the FID (Heusel et al., "GANs trained
by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS 2017), of I3D features the
FVD (Unterthiner et al., "Towards accurate generative models of video", 2018). Kernel distance: KID
(Bińkowski et al., "Demystifying MMD GANs", ICLR 2018).

Figures depend on how many samples there are, on the size of the pictures and on how they were
compressed: compare only what was measured alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tempose.core.errors import CheckpointError
from tempose.evaluation.results import Column, Result
from tempose.evaluation.weights import I3D, INCEPTION, verified

# A clip `1 f 3 h w` in [0, 1] → features `n d`; n is 0 where the clip is too short.
Extractor = Callable[[Tensor], Tensor]

# FVD depends on the number of frames: the published scripts' 16, of longer clips the first ones.
VIDEO_FRAMES = 16

# Pictures that go through a network together.
TOGETHER = 32

# A standard error needs few resamples (Efron & Tibshirani 1993, section 6.4); 1.96 of them to either side.
RESAMPLES, WIDTH = 50, 1.96


class SetMeasure(NamedTuple):
    """A measure of a set of clips against the truth's."""

    column: Column
    look: str
    """Which features it compares."""
    distance: Callable[[Tensor, Tensor], float]


def load_inception(path: Path | str, *, device: str | torch.device = "cpu") -> Extractor:
    """The Inception network of FID and KID: 2048 features of each frame.

    Pictures are rounded to 8 bits, and resized by the network.

    Raises:
        CheckpointError: the file is missing, or not the published one (`tempose.evaluation.weights`).
    """
    program = _load(verified(path, INCEPTION), device)

    def extract(clip: Tensor) -> Tensor:
        pictures = _eight_bits(clip[0]).to(device=device, dtype=torch.uint8)
        return torch.cat([program(batch, return_features=True) for batch in pictures.split(TOGETHER)]).cpu()

    return torch.no_grad()(extract)


def load_i3d(path: Path | str, *, device: str | torch.device = "cpu") -> Extractor:
    """The I3D network of FVD: 400 features of a clip's first 16 frames, none of a shorter clip.

    Pictures are rounded to 8 bits, and resized to 224×224 by the network. Repeating the frames of a short clip
    would give a figure of another thing.

    Raises:
        CheckpointError: the file is missing, or not the published one (`tempose.evaluation.weights`).
    """
    program = _load(verified(path, I3D), device)

    def extract(clip: Tensor) -> Tensor:
        if clip.shape[1] < VIDEO_FRAMES:
            return torch.empty(0, 0)
        start = _eight_bits(clip[:, :VIDEO_FRAMES]).transpose(1, 2).to(device)  # 1 3 f h w
        return program(start, rescale=True, resize=True, return_features=True).cpu()

    return torch.no_grad()(extract)


def _eight_bits(frames: Tensor) -> Tensor:
    return (frames.clamp(0, 1) * 255).round()


def _load(path: Path, device: str | torch.device) -> Any:
    """A TorchScript program from a file whose SHA-256 was checked before."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # there is no other form of these files
            return torch.jit.load(str(path), map_location=device).eval()
    except RuntimeError as error:
        raise CheckpointError(
            f"{path} is not a TorchScript file that this torch can read: {error}", path=path
        ) from error


def set_result(measure: SetMeasure, features: Sequence[Tensor], truth: Sequence[Tensor]) -> Result:
    """The distance of two sets, and an interval of 1.96 bootstrap standard errors over clips to either side.

    A set drawn with replacement repeats clips, which makes these distances larger, so not the quantiles
    but only the spread of the resampled distances is used.

    Args:
        features, truth: for each clip `n d`, of the same clips in the same order.
    """
    value = measure.distance(torch.cat(list(features)), torch.cat(list(truth)))
    if len(features) < 3:
        return Result(value, float("nan"), float("nan"), len(features))
    rng = np.random.default_rng(0)
    again = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(features), size=len(features))
        again.append(measure.distance(torch.cat([features[i] for i in drawn]), torch.cat([truth[i] for i in drawn])))
    reach = WIDTH * float(np.std(again, ddof=1))
    return Result(value, value - reach, value + reach, len(features))


def frechet_distance(features: Tensor, truth: Tensor) -> float:
    """Fréchet distance between the Gaussians fitted to two sets: |μ₁−μ₂|² + Tr(C₁ + C₂ − 2 (C₁C₂)^½).

    With fewer samples than dimensions it is defined, but larger than of the whole population: compare only
    sets of equal size.

    Args:
        features: `n d`, n ≥ 2. truth: `m d`, m ≥ 2.
    """
    x, y = features.double(), truth.double()
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
    x, y = features.double(), truth.double()
    return float(_within(x) + _within(y) - 2 * _kernel(x, y).mean())


def _within(x: Tensor) -> Tensor:
    """Mean kernel of the pairs of a set, a sample with itself aside."""
    n = len(x)
    kernel = _kernel(x, x)
    return (kernel.sum() - kernel.diagonal().sum()) / (n * (n - 1))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3
