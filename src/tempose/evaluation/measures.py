"""The measures of a report: what each needs, and which way is better.

The measures themselves are pure functions in `metrics`, `video`, `pose`, `identity`, `perceptual` and `sets`; here
they are applied to what a method made of a case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from tempose.evaluation.cases import Case, OpticalFlow
from tempose.evaluation.identity import identity_drift
from tempose.evaluation.metrics import (
    FIVE_SCALES,
    WINDOW,
    l1,
    ms_ssim,
    psnr,
    psnr_overflowing,
    ssim,
    torchmetrics,
    warped_difference,
)
from tempose.evaluation.perceptual import feature_distance, load_lpips, lpips
from tempose.evaluation.pose import mean_error, pck
from tempose.evaluation.results import Best, Column
from tempose.evaluation.sets import (
    VIDEO_FRAMES,
    SetMeasure,
    frechet_distance,
    kernel_distance,
    load_i3d,
    load_inception,
)
from tempose.evaluation.settings import Metric
from tempose.evaluation.video import SMALLEST, dis_flow, flicker, jerk, seam_score
from tempose.evaluation.weights import I3D, INCEPTION, find
from tempose.media.images import resize
from tempose.media.tensors import to_uint8
from tempose.models.features import FeatureNetwork
from tempose.pose.estimate import series
from tempose.pose.estimators import Detection, Estimator
from tempose.pose.face_mesh import FACE_POINTS
from tempose.pose.keypoints import HAND_POINTS, HANDS, KEYPOINTS, Motion

# Frames are enlarged to this height before key points are looked for: estimators are made for larger ones.
SEEN_AT = 512

Need = Literal["truth", "flow", "found", "joins", "motion"]
TRUTH, FLOW, FOUND = (frozenset[Need]({need}) for need in get_args(Need)[:3])


@dataclass(frozen=True, eq=False)
class Generated:
    """What a method made of a case, with all that it can be judged by; a batch of one."""

    case: Case
    frames: Tensor
    """`1 f 3 h w` in [0, 1]."""
    truth: Tensor | None
    """`1 f 3 h w` in [0, 1]; None where there is none, and for the truth itself."""
    mask: Tensor | None
    """Where the person truly is, `1 f 1 h w`."""
    flow: OpticalFlow | None
    """Along which neighbouring frames are compared, `1 f-1 2 h w`; None where frames are no neighbours."""
    joins: list[int]
    """The frames at which a window may begin."""
    found: Motion | None
    """The person found again in the frames; None where nobody is looked for."""

    @property
    def known(self) -> set[Need]:
        """What there is to judge by: a measure is made only if all that it needs is here."""
        met: dict[Need, bool] = {
            "truth": self.truth is not None,
            "flow": self.flow is not None,
            "joins": bool(self.joins),
            "found": self.found is not None,
            "motion": self.flow is not None and self.frames.shape[1] >= 4,
        }
        return {need for need, there in met.items() if there}


class Measure(NamedTuple):
    """A column of the report, what it needs, and how it is computed for one clip."""

    column: Column
    needs: frozenset[Need]
    of: Callable[[Generated], Tensor]
    """`1 f`, `1 f-1` between neighbours, or `1`; NaN where there is nothing to measure."""


def measured(made: Generated, measures: Sequence[Measure]) -> dict[str, list[float]]:
    """The values of all measures whose needs are met: over the frames, or a single one."""
    with torch.no_grad():
        return {
            measure.column.name: measure.of(made).flatten().double().tolist()
            for measure in measures
            if measure.needs <= made.known
        }


def found_again(frames: Tensor, estimator: Estimator, *, fps: float = 1.0) -> Motion:
    """The person that an estimator finds in frames `f 3 h w` in [-1, 1], in their pixels, hands and face if it can.

    Each frame by itself; nobody found is confidence 0 throughout.
    """
    height, width = frames.shape[-2:]
    size = SEEN_AT, round(width * SEEN_AT / height)
    nobody = np.zeros((len(KEYPOINTS), 3), np.float32)
    best: list[Detection | None] = []
    for picture in resize(to_uint8(frames), size):
        people = estimator(picture)
        best.append(max(people, key=lambda person: float(person.keypoints[:, 2].sum())) if people else None)
    keypoints = np.stack([nobody if each is None else each.keypoints for each in best])
    hands = series([None if each is None else each.hands for each in best], (HANDS, HAND_POINTS, 4))
    face = series([None if each is None else each.face for each in best], (FACE_POINTS, 4))
    return Motion(keypoints, size, fps, hands=hands, face=face).resized((height, width))


def flow_along(case: Case, frames: Tensor) -> OpticalFlow | None:
    """The flow along which the frames of a case are compared, as a batch of one.

    Exact where the clip is drawn; else the DIS flow of the truth; without truth, of the frames
    `1 f 3 h w` in [0, 1] themselves. None of a single frame, or of frames too small for it.
    """
    if frames.shape[1] < 2 or min(frames.shape[-2:]) < SMALLEST:
        return None
    if case.truth is None:
        return OpticalFlow(*dis_flow(frames))
    if case.truth.flow is None:
        return OpticalFlow(*dis_flow(unit(case.truth.frames)))
    return OpticalFlow(case.truth.flow.flow[None], case.truth.flow.valid[None])


def unit(frames: Tensor) -> Tensor:
    """`f 3 h w` in [-1, 1] → `1 f 3 h w` in [0, 1]; values that are not finite stay so."""
    return ((frames[None] + 1) / 2).clamp(0, 1)


# The table -------------------------------------------------------------------------------------------


def measures_at(size: tuple[int, int]) -> list[Measure]:
    """The columns of a report of frames of (height, width).

    Raises:
        InputError: torchmetrics, which SSIM needs, is not installed.
    """
    torchmetrics()
    similar = _both("SSIM", "", "higher", ssim) if min(size) >= WINDOW else []
    if min(size) >= FIVE_SCALES:
        similar.append(Measure(Column("MS-SSIM", "", "higher"), TRUTH, against(ms_ssim)))
    return [
        *similar,
        *_both("PSNR", "dB", "higher", psnr),
        *_both("L1", "", "lower", l1),
        Measure(Column("PSNR overflowing", "dB", "higher"), TRUTH, against(psnr_overflowing)),
        Measure(Column("flicker", "", "near 0"), TRUTH | FLOW, _flicker),
        Measure(Column("warped difference", "", "as the truth"), FLOW, _change),
        Measure(Column("seam score", "", "near 1"), FLOW | {"joins"}, _seam),
        Measure(Column("identity drift", "ΔE", "lower"), frozenset(), drift),
        Measure(Column("PCK@0.1", "", "higher"), FOUND, lambda made: pck(_again(made), _asked(made))),
        Measure(
            Column("pose error", "% of height", "lower"), FOUND, lambda made: mean_error(_again(made), _asked(made))
        ),
        Measure(Column("jerk", "heights/s³", "as the truth"), FOUND | {"motion"}, _jerk),
    ]


def _both(name: str, unit: str, best: Best, metric: Callable[..., Tensor]) -> list[Measure]:
    """A frame metric on the whole frame and on the person alone."""
    return [
        Measure(Column(name, unit, best), TRUTH, against(metric)),
        Measure(Column(f"{name}, person", unit, best), TRUTH, on_person(metric)),
    ]


# What is told of by the needs of a measure is there: hence Any, for `Generated`.


def against(metric: Callable[..., Tensor]) -> Callable[[Any], Tensor]:
    """A metric of frames and truth."""
    return lambda made: metric(made.frames, made.truth)


def on_person(metric: Callable[..., Tensor]) -> Callable[[Any], Tensor]:
    """A metric of frames, truth and the person's mask."""
    return lambda made: metric(made.frames, made.truth, mask=made.mask)


def drift(made: Any) -> Tensor:
    """How far the colors of the person's parts are from the photo's (`tempose.evaluation.identity`)."""
    photo, keypoints = unit(made.case.photo[None])[0], made.case.photo_keypoints[None]
    return identity_drift(made.frames, _asked(made), photo=photo, photo_keypoints=keypoints)


def _asked(made: Any) -> Tensor:
    """The key points asked for, `1 f 18 3`."""
    return torch.from_numpy(made.case.motion.keypoints)[None]


def _again(made: Any) -> Tensor:
    """The key points found again, `1 f 18 3`."""
    return torch.from_numpy(made.found.keypoints)[None]


def _flicker(made: Any) -> Tensor:
    return flicker(made.frames, made.truth, flow=made.flow.flow, valid=made.flow.valid)


def _change(made: Any) -> Tensor:
    return warped_difference(made.frames, flow=made.flow.flow, valid=made.flow.valid)


def _seam(made: Any) -> Tensor:
    return seam_score(made.frames, made.joins, flow=made.flow.flow, valid=made.flow.valid)


def _jerk(made: Any) -> Tensor:
    return jerk(_again(made), fps=made.case.motion.fps, height=made.frames.shape[-2])


# Learned measures -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Learned:
    """The learned measures that were asked for."""

    measures: tuple[Measure, ...] = ()
    """Columns that have a value for every frame."""
    sets: tuple[SetMeasure, ...] = ()
    """Of all clips together. Each clip leaves its features, so that processes can share the clips."""
    looks: Mapping[str, Callable[[Tensor], Tensor]] = field(default_factory=dict)
    """Name → a clip `1 f 3 h w` in [0, 1] to its features `n d`, n = 0 where it is too short."""

    def features(self, frames: Tensor) -> dict[str, Tensor]:
        """What a clip, `1 f 3 h w` in [0, 1], leaves."""
        return {name: look(frames) for name, look in self.looks.items()}


def load_learned(
    names: Sequence[Metric], *, weights: Path | str | None = None, device: str | torch.device = "cpu"
) -> Learned:
    """The learned measures of these names.

    Args:
        weights: the folder with the published files (`tempose.evaluation.weights`); None downloads them, once.

    Raises:
        InputError: the package of one is not installed.
        CheckpointError: weights are missing, not the published ones, or cannot be downloaded.
    """
    measures: list[Measure] = []
    sets: list[SetMeasure] = []
    looks: dict[str, Callable[[Tensor], Tensor]] = {}
    if "feat" in names:
        distance = on_person(partial(feature_distance, network=FeatureNetwork().to(device)))
        measures.append(Measure(Column("feat", "", "lower"), TRUTH, distance))
    for name, backbone in (("lpips", "alex"), ("lpips-vgg", "vgg")):
        if name in names:
            network = load_lpips(backbone, folder=weights).to(device)
            measures.append(
                Measure(Column(f"LPIPS ({backbone})", "", "lower"), TRUTH, against(partial(lpips, network=network)))
            )
    if "fid" in names or "kid" in names:
        looks["inception"] = load_inception(find(INCEPTION, weights), device=device)
    if "fid" in names:
        sets.append(SetMeasure(Column("FID", "", "lower"), "inception", frechet_distance))
    if "kid" in names:
        sets.append(SetMeasure(Column("KID", "", "lower"), "inception", kernel_distance))
    if "fvd" in names:
        looks["i3d"] = load_i3d(find(I3D, weights), device=device)
        sets.append(SetMeasure(Column(f"FVD ({VIDEO_FRAMES} frames)", "", "lower"), "i3d", frechet_distance))
    return Learned(tuple(measures), tuple(sets), looks)
