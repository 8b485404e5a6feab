"""Pose accuracy: key points found on a result against those asked for.

Both are `b f 18 3`: x, y in pixels and confidence. What is asked for are the wanted joints of confidence
≥ `MIN_CONFIDENCE`. The estimator errs too: measure the truth as well, where there is one, and read a
result against that.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tempose.pose.keypoints import MIN_CONFIDENCE


def pck(found: Tensor, wanted: Tensor, *, threshold: float = 0.1) -> Tensor:
    """Share of the wanted joints that are found near their place: 1 is best.

    Near is within `threshold` of the person's height (`person_height`), as in Yang & Ramanan,
    "Articulated human detection with flexible mixtures of parts", PAMI 2013. A joint that is not found
    is missed.

    Returns:
        `b f`; NaN where the person's height is unknown.
    """
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


def _known(keypoints: Tensor) -> Tensor:
    return keypoints[..., 2] >= MIN_CONFIDENCE


def _distance(found: Tensor, wanted: Tensor) -> Tensor:
    return (found[..., :2] - wanted[..., :2]).norm(dim=-1)
