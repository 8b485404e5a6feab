"""The errors that an estimator makes, put on drawn people's exact key points and masks.

A model that has only seen exact poses and outlines trusts them; real ones are jittered, set elsewhere on
the body than the drawn joints, incomplete, sometimes exchanged left for right, and ragged along the outline.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# Arms and legs as (right, left) key points: what an estimator exchanges when it confuses the sides.
LIMB_PAIRS = (((3, 4), (6, 7)), ((9, 10), (12, 13)))


def noisy_keypoints(
    keypoints: Tensor,
    *,
    height: int,
    jitter: float,
    bias: float,
    missing: float,
    swapped: float,
    generator: torch.Generator,
) -> Tensor:
    """Key points as an estimator might have found them.

    Args:
        keypoints: `b n 18 3`, n pictures of each of b people.
        height: of the pictures, in pixels.
        jitter: standard deviation of the noise, in % of the height.
        bias: the same of an error that a joint has in all pictures of a person.
        missing: probability that a joint is not found.
        swapped: probability that an arm's or a leg's left and right are exchanged.
    """
    b, n = keypoints.shape[:2]
    found = keypoints.clone()
    for right, left in LIMB_PAIRS:
        exchanged = torch.rand(b, n, 1, 1, generator=generator) < swapped
        rows, others = [*right, *left], [*left, *right]
        found[:, :, rows] = torch.where(exchanged, found[:, :, others], found[:, :, rows])
    noise = torch.randn(b, n, keypoints.shape[2], 2, generator=generator)
    shared = torch.randn(b, 1, keypoints.shape[2], 2, generator=generator)
    found[..., :2] += (noise * jitter + shared * bias) * height / 100 * (found[..., 2:] > 0)
    lost = torch.rand(b, n, keypoints.shape[2], 1, generator=generator) < missing
    return found.masked_fill(lost, 0.0)


def ragged_masks(masks: Tensor, *, width: float, generator: torch.Generator) -> Tensor:
    """Masks whose outline wanders in and out.

    Args:
        masks: `b 1 h w` in {0, 1}.
        width: how far, in % of the height.
    """
    if width == 0:
        return masks
    b, _, h, w = masks.shape
    reach = max(1, round(width / 100 * h))
    soft = F.avg_pool2d(F.pad(masks, [reach] * 4, mode="replicate"), 2 * reach + 1, stride=1)
    coarse = torch.rand(b, 1, max(2, h // (4 * reach)), max(2, w // (4 * reach)), generator=generator)
    threshold = F.interpolate(coarse, size=(h, w), mode="bilinear", align_corners=False)
    return (soft > 0.2 + 0.6 * threshold).to(masks)
