"""Which part of the body a place in a picture shows, by its distance to the bones alone: for regions without a mask."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from tempose.pose.keypoints import KEYPOINTS, MIN_CONFIDENCE


class Part(NamedTuple):
    """A body part: the axis between two points, each the mean of some key points."""

    name: str
    start: tuple[str, ...]
    end: tuple[str, ...]
    radius: float
    """Half its typical width, in lengths of the trunk."""


PARTS = (
    Part("trunk", ("neck",), ("right_hip", "left_hip"), 0.34),
    Part("head", ("neck",), ("nose", "right_eye", "left_eye", "right_ear", "left_ear"), 0.24),
    Part("right_upper_arm", ("right_shoulder",), ("right_elbow",), 0.12),
    Part("left_upper_arm", ("left_shoulder",), ("left_elbow",), 0.12),
    Part("right_forearm", ("right_elbow",), ("right_wrist",), 0.1),
    Part("left_forearm", ("left_elbow",), ("left_wrist",), 0.1),
    Part("right_thigh", ("right_hip",), ("right_knee",), 0.17),
    Part("left_thigh", ("left_hip",), ("left_knee",), 0.17),
    Part("right_shin", ("right_knee",), ("right_ankle",), 0.13),
    Part("left_shin", ("left_knee",), ("left_ankle",), 0.13),
)

# How fast likeness falls with the squared distance, and how many radii from the nearest part the person ends.
SHARPNESS, REACH, FAR = 1.5, 4.0, 1e3


def likeness(keypoints: Tensor, size: tuple[int, int]) -> Tensor:
    """How likely every pixel shows every part of PARTS, were it the person: `p h w` in [0, 1].

    1 for the part whose axis is nearest, distances measured in the part's own radii; less for parts
    that are farther; fading to 0 for all of them far from the person.

    Args:
        keypoints: of one person, `18 3`: x, y in pixels, confidence.
        size: (height, width).
    """
    known = keypoints[:, 2] >= MIN_CONFIDENCE

    def point(names: tuple[str, ...]) -> tuple[Tensor, Tensor]:
        rows = [KEYPOINTS.index(name) for name in names]
        weights = known[rows, None].to(keypoints)
        return (keypoints[rows, :2] * weights).sum(0) / weights.sum().clamp_min(1), known[rows].any()

    y, x = torch.meshgrid(*(torch.arange(side, dtype=torch.float32) + 0.5 for side in size), indexing="ij")
    places, distances, trunk = torch.stack([x, y], dim=-1), [], torch.ones(())
    for part in PARTS:
        (start, start_known), (end, end_known) = point(part.start), point(part.end)
        along = end - start
        length = along.norm().clamp_min(1.0)
        trunk = length if part.name == "trunk" else trunk
        share = ((places - start) @ along / length**2).clamp(0, 1)
        distance = (places - start - share[..., None] * along).norm(dim=-1) / (part.radius * trunk)
        distances.append(distance if start_known & end_known else torch.full_like(distance, FAR))
    distance = torch.stack(distances)
    nearest = distance.amin(0)
    return torch.exp(SHARPNESS * (nearest**2 - distance**2)) * torch.sigmoid(6 * (REACH - nearest))
