"""Video metrics that need no learned features: flicker, jerk, seams.

Frames are `b f 3 h w` floating point in [0, 1], key points `b f 18 3`: x, y in pixels and confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tempose.evaluation.metrics import warped_difference
from tempose.pose.keypoints import MIN_CONFIDENCE

# OpticalFlow there and back must agree to this share of both lengths, plus a constant in square pixels
# (Sundaram, Brox & Keutzer, "Dense point trajectories by GPU-accelerated large displacement optical
# flow", ECCV 2010, equation 5).
AGREEMENT, ALLOWANCE = 0.01, 0.5

# The shortest side that the flow's patches still fit into.
SMALLEST = 16

# A join is compared with the steps up to so many frames before and after it.
REACH = 4

# A difference below a fortieth of a grey level is none: still frames have no seams.
NOTHING = 1e-4


def dis_flow(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Optical flow from each frame to the next: OpenCV's DIS, medium preset, on grey frames of 8 bits.

    Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016. It is an estimate: where
    there is a truth, take the truth's flow for both, so that a flickering video cannot choose its own.

    Args:
        frames: two or more, no side shorter than SMALLEST.

    Returns:
        flow: pixels (x, y), `b f-1 2 h w`.
        valid: `b f-1 1 h w`, 1 where the flow stays in the picture and the flow back agrees.
    """
    import cv2

    dis: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flows, valids = [], []
    for video in frames.detach().cpu().movedim(2, -1).float().numpy().clip(0, 1):
        grey = [np.round(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) * 255).astype(np.uint8) for frame in video]
        pairs = list(pairwise(grey))
        there = np.stack([dis.calc(here, later, None) for here, later in pairs])
        back = np.stack([dis.calc(later, here, None) for here, later in pairs])
        flows.append(there)
        valids.append(np.stack([_agree(a, b) for a, b in zip(there, back, strict=True)]))
    flow = torch.from_numpy(np.stack(flows)).movedim(-1, 2).to(frames)
    return flow, torch.from_numpy(np.stack(valids))[:, :, None].to(frames)


def flicker(frames: Tensor, truth: Tensor, *, flow: Tensor, valid: Tensor) -> Tensor:
    """How much more a video changes along the motion than the truth does: `b f-1`, 0 as the truth.

    Below 0 it changes less: it is smoother, blurred or frozen where the truth's light changes. `flow` and
    `valid` are the truth's, as in `warped_difference`.
    """
    return warped_difference(frames, flow=flow, valid=valid) - warped_difference(truth, flow=flow, valid=valid)


def jerk(keypoints: Tensor, *, fps: float, height: int) -> Tensor:
    """How jerkily a person moves: the mean length of the third derivative of the key points.

    Args:
        keypoints: `b f 18 3`, f ≥ 4.
        fps: frames per second. height: of the frames, in pixels.

    Returns:
        `b`, in heights of the frame / s³, over all joints that are known in four frames running; NaN
        where there is none. 0 is uniform acceleration.
    """
    third = keypoints[..., :2].double().diff(n=3, dim=1).norm(dim=-1) * fps**3 / height  # b f-3 18
    known = (keypoints[..., 2] >= MIN_CONFIDENCE).unfold(1, 4, 1).all(-1)  # b f-3 18
    return ((third * known).sum((1, 2)) / known.sum((1, 2))).float()


def seam_score(frames: Tensor, joins: Sequence[int], *, flow: Tensor, valid: Tensor) -> Tensor:
    """How much more a video changes where windows join than next to it: `b`, 1 is no seam.

    The change at a join over the geometric mean of the changes up to four frames before and after it,
    joins aside; of that the geometric mean over the joins. So neither a motion that grows faster nor one
    sudden movement reads as a seam, and joins named at random score 1 on average, in logarithms.

    Args:
        frames, flow, valid: as in `warped_difference`.
        joins: one or more; i means a join between the frames i−1 and i. None has only joins beside it.
    """
    steps, places = frames.shape[1] - 1, sorted(set(joins))
    change = warped_difference(frames, flow=flow, valid=valid)
    logarithm = (change.double() + NOTHING).log()  # b f-1
    ratios = []
    for place in places:
        beside = [k for k in range(max(place - REACH, 1), min(place + REACH, steps) + 1) if k not in places]
        ratios.append(logarithm[:, place - 1] - logarithm[:, [k - 1 for k in beside]].mean(1))
    return torch.stack(ratios, dim=1).mean(1).exp().float()


def _agree(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Where flow `h w 2` and the flow back lead to where they came from: bool `h w`."""
    import cv2

    height, width = there.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    to_x, to_y = x + there[..., 0], y + there[..., 1]
    inside = (to_x >= 0) & (to_x <= width - 1) & (to_y >= 0) & (to_y <= height - 1)
    returned = cv2.remap(back, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gap = ((there + returned) ** 2).sum(-1)
    lengths = (there**2).sum(-1) + (returned**2).sum(-1)
    return np.asarray(inside & (gap <= AGREEMENT * lengths + ALLOWANCE))
