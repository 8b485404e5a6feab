"""People in one pose as one person: their outlines move into each other, and their colors mix within.

Outlines by their signed distances, linearly (Raya and Udupa 1990, "Shape-based interpolation of multidimensional
objects"): a skirt becomes narrower trousers, and is at no time a ghost over legs.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from tempose.media.tensors import to_tensor, to_uint8
from tempose.warp.background import near_fill

SOLID = 0.99  # alpha from which on a person is not their own edge


def morphed(color: Tensor, alpha: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """The people as one, color `1 f 3 h w` and alpha `1 f 1 h w`; a share of 1 gives that person alone.

    Args:
        color, alpha: of p people in f poses, `p f 3 h w` in [-1, 1] and `p f 1 h w` in [0, 1].
        shares: of each in every frame, `p f`, sums of 1 over p.
    """
    if len(shares) == 1:
        return color, alpha
    (p, f), each = shares.shape, list(zip(color.flatten(0, 1), alpha.flatten(0, 1), strict=True))
    filled = torch.stack([beyond(*frame) for frame in each]).unflatten(0, (p, f))
    inside = torch.stack([depth_within(edge) for _, edge in each]).unflatten(0, (p, f))
    share = shares.to(color)[..., None, None, None]
    return (share * filled).sum(0, keepdim=True), ((share * inside).sum(0, keepdim=True) + 0.5).clamp(0, 1)


def depth_within(alpha: Tensor) -> Tensor:
    """How far within an outline each pixel is, of `1 h w`: from alpha − ½ on the edge, outside less than −½."""
    values = alpha[0].cpu().numpy()
    there, solid = (values > 0).astype(np.uint8), (values > SOLID).astype(np.uint8)
    if not there.any():  # nobody: farther outside than anybody within
        return torch.full_like(alpha, -float(sum(values.shape)))
    within, outside = (cv2.distanceTransform(mask, cv2.DIST_L2, 5) for mask in (solid, 1 - there))
    return alpha - 0.5 + torch.from_numpy(within - outside)[None].to(alpha)


def beyond(color: Tensor, alpha: Tensor) -> Tensor:
    """Colors `3 h w` that go on beyond the outline of a person `1 h w`."""
    filled = near_fill(to_uint8(color), alpha[0].cpu().numpy() > 0.5)
    return torch.where(alpha > 0.5, color, to_tensor(filled).to(color))
