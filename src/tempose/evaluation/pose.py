"""Pose accuracy: key points found on a result against those asked for.

Both are `b f 18 3`: x, y in pixels and confidence. What is asked for are the wanted joints of confidence
≥ `MIN_CONFIDENCE`. The estimator errs too: measure the truth as well, where there is one, and read a
result against that.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tempose.core.errors import InputError
from tempose.pose.keypoints import KEYPOINTS, MIN_CONFIDENCE


def pck(found: Tensor, wanted: Tensor, *, threshold: float = 0.1) -> Tensor:
    """Share of the wanted joints that are found near their place: 1 is best.

    Near is within `threshold` of the person's height (`person_height`), as in Yang & Ramanan,
    "Articulated human detection with flexible mixtures of parts", PAMI 2013. A joint that is not found
    is missed.

    Returns:
        `b f`; NaN where the person's height is unknown.
    """
    _check(found, wanted)
    height = person_height(wanted)[..., None]
    asked = _known(wanted)
    hit = asked & _known(found) & (_distance(found, wanted) <= threshold * height)
    share = hit.sum(-1) / asked.sum(-1)
    return torch.where(height[..., 0].isnan(), torch.nan, share)


def mean_error(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean distance of the found joints from their wanted places, in % of the person's height: 0 is best.

    Joints that are not found do not count here; `pck` counts them.

    Returns:
        `b f`; NaN where no wanted joint is found, or the person's height is unknown.
    """
    _check(found, wanted)
    both = _known(found) & _known(wanted)
    distance = (_distance(found, wanted) * both).sum(-1) / both.sum(-1)
    return 100 * distance / person_height(wanted)


def person_height(keypoints: Tensor) -> Tensor:
    """The longer side of the box around a person's known joints, in pixels: `b f 18 3` → `b f`.

    Of a person who stands it is the height, from eyes to ankles; NaN where fewer than two joints are
    known, or all in one place.
    """
    known = _known(keypoints)[..., None]
    points = keypoints[..., :2]
    low = torch.where(known, points, torch.inf).amin(-2)
    high = torch.where(known, points, -torch.inf).amax(-2)
    height = (high - low).amax(-1)
    return torch.where(height > 0, height, torch.nan)


def check_keypoints(keypoints: Tensor, *, name: str = "key points", at_least: int = 1) -> None:
    """Whether these are key points of videos.

    Raises:
        InputError: not `b f 18 3`, too few frames, or values that are not finite.
    """
    wanted = (len(KEYPOINTS), 3)
    if keypoints.ndim != 4 or tuple(keypoints.shape[2:]) != wanted or keypoints.shape[1] < at_least:
        raise InputError(f"{name}: {tuple(keypoints.shape)}; wanted (b, f ≥ {at_least}, 18, 3): x, y, confidence")
    if not keypoints.isfinite().all():
        raise InputError(f"{name} hold NaN or infinite values; mark a missing joint by confidence 0")


def _known(keypoints: Tensor) -> Tensor:
    return keypoints[..., 2] >= MIN_CONFIDENCE


def _distance(found: Tensor, wanted: Tensor) -> Tensor:
    return (found[..., :2] - wanted[..., :2]).norm(dim=-1)


def _check(found: Tensor, wanted: Tensor) -> None:
    check_keypoints(found, name="found key points")
    check_keypoints(wanted, name="wanted key points")
    if found.shape != wanted.shape:
        raise InputError(f"found {tuple(found.shape)}, wanted {tuple(wanted.shape)} key points; they must be alike")
