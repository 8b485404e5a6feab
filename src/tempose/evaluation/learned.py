"""The measures that look through a published network: LPIPS of frames; FID, KID, FVD and FID-VID of sets.

A set's figure belongs to all clips together. Each clip leaves its features, so that the clips can be
shared by processes and resampled afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tempose.core.errors import InputError
from tempose.evaluation.distances import frechet_distance, kernel_distance
from tempose.evaluation.features import Extractor, load_extractor, load_i3d, load_inception
from tempose.evaluation.lpips import BACKBONES, Lpips, load_lpips, lpips
from tempose.evaluation.measures import TRUTH, Generated, Measure
from tempose.evaluation.results import Column, Result
from tempose.evaluation.weights import I3D, INCEPTION, Weights, download

# In place of a path: fetch the published file, once.
DOWNLOAD = "download"

# FVD depends on the number of frames: the published scripts' 16, of longer clips the first ones.
VIDEO_FRAMES = 16

# A standard error needs few resamples (Efron & Tibshirani 1993, section 6.4); 1.96 of them to either side.
RESAMPLES, WIDTH = 50, 1.96


class SetMeasure(NamedTuple):
    """A measure of a set of clips against the truth's."""

    column: Column
    look: str
    """Which features it compares."""
    distance: Callable[[Tensor, Tensor], float]


@dataclass(frozen=True)
class Learned:
    """The learned measures that were asked for."""

    measures: tuple[Measure, ...] = ()
    """Of frames."""
    sets: tuple[SetMeasure, ...] = ()
    looks: Mapping[str, Callable[[Tensor], Tensor]] = field(default_factory=dict)
    """Name → a clip `1 f 3 h w` in [0, 1] to its features `n d`, n = 0 where it is too short."""
    files: Mapping[str, str] = field(default_factory=dict)
    """What is looked through, for the record."""

    def features(self, frames: Tensor) -> dict[str, Tensor]:
        """What a clip, `1 f 3 h w` in [0, 1], leaves."""
        return {name: look(frames) for name, look in self.looks.items()}


def load_learned(
    *,
    lpips_weights: Path | str | None = None,
    backbone: str = "alex",
    inception: Path | str | None = None,
    i3d: Path | str | None = None,
    video_features: Path | str | None = None,
    video_digest: str | None = None,
    device: str | torch.device = "cpu",
) -> Learned:
    """The learned measures whose weights are given, each by a path or by `download`.

    Args:
        lpips_weights, backbone: for LPIPS (`tempose.evaluation.lpips`).
        inception: for FID and KID. i3d: for FVD.
        video_features, video_digest: for FID-VID, a TorchScript file and its SHA-256
            (`tempose.evaluation.features.load_extractor`).

    Raises:
        InputError: a backbone that there is not, a missing package, or a file without its digest.
        CheckpointError: weights are missing, not the published ones, or cannot be downloaded.
    """
    measures: list[Measure] = []
    sets: list[SetMeasure] = []
    looks: dict[str, Callable[[Tensor], Tensor]] = {}
    files: dict[str, str] = {}
    if lpips_weights is not None:
        if backbone not in BACKBONES:
            raise InputError(f"the backbone of LPIPS is {backbone!r}; wanted one of {', '.join(BACKBONES)}")
        network = load_lpips(found(lpips_weights, BACKBONES[backbone].weights), backbone=backbone).to(device)
        name = f"LPIPS ({backbone})"
        measures.append(Measure(Column(name, "", "lower"), TRUTH, partial(_lpips, network)))
        files[name] = BACKBONES[backbone].weights.file
    if inception is not None:
        looks["inception"] = partial(_frames, load_inception(found(inception, INCEPTION), device=device))
        sets.append(SetMeasure(Column("FID", "", "lower"), "inception", frechet_distance))
        sets.append(SetMeasure(Column("KID", "", "lower"), "inception", kernel_distance))
        files["FID, KID"] = INCEPTION.file
    if i3d is not None:
        looks["i3d"] = partial(_start, load_i3d(found(i3d, I3D), device=device))
        sets.append(SetMeasure(Column(f"FVD ({VIDEO_FRAMES} frames)", "", "lower"), "i3d", frechet_distance))
        files["FVD"] = I3D.file
    if video_features is not None:
        if video_digest is None:
            raise InputError("FID-VID runs the program in the file of video features; name the file's SHA-256 too")
        looks["video"] = partial(_start, load_extractor(video_features, digest=video_digest, device=device))
        sets.append(SetMeasure(Column(f"FID-VID ({VIDEO_FRAMES} frames)", "", "lower"), "video", frechet_distance))
        files["FID-VID"] = f"{Path(video_features).name}, SHA-256 {video_digest}"
    return Learned(tuple(measures), tuple(sets), looks, files)


def found(given: Path | str, weights: Weights) -> Path:
    """The file of weights: downloaded where that is asked for."""
    return download(weights) if str(given) == DOWNLOAD else Path(given)


def set_figure(measure: SetMeasure, features: Sequence[Tensor], truth: Sequence[Tensor]) -> Result:
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


def _lpips(network: Lpips, made: Generated) -> Tensor:
    assert made.truth is not None
    device = next(network.parameters()).device
    return lpips(made.frames.to(device), made.truth.to(device), network=network).cpu()


def _frames(extractor: Extractor, frames: Tensor) -> Tensor:
    return extractor(frames[0])


def _start(extractor: Extractor, frames: Tensor) -> Tensor:
    """Features of the first frames of a clip `1 f 3 h w`; of a shorter one none."""
    if frames.shape[1] < VIDEO_FRAMES:
        return torch.empty(0, 0)
    return extractor(frames[:, :VIDEO_FRAMES])
