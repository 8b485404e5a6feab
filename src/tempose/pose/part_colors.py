"""The colors of a person's parts: capsules around limbs, found by the key points, so that a part is compared with
itself however the body has moved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from tempose.pose.bones import HIPS, NECK, with_hips
from tempose.pose.keypoints import HIDDEN


class BodyPart(NamedTuple):
    """A part of the body as a capsule: what lies within a radius of the line between two joints."""

    name: str
    start: int
    end: int
    half_width: float
    """In lengths of the trunk; narrow enough to hold little of what is behind."""


# Joints as in tempose.pose.keypoints, and HIPS, the middle of the hips.
PARTS = (
    BodyPart("face and neck", 0, NECK, 0.08),
    BodyPart("trunk", NECK, HIPS, 0.15),
    BodyPart("right upper arm", 2, 3, 0.06),
    BodyPart("right forearm", 3, 4, 0.05),
    BodyPart("left upper arm", 5, 6, 0.06),
    BodyPart("left forearm", 6, 7, 0.05),
    BodyPart("right thigh", 8, 9, 0.09),
    BodyPart("right shin", 9, 10, 0.06),
    BodyPart("left thigh", 11, 12, 0.09),
    BodyPart("left shin", 12, 13, 0.06),
)

# A part of fewer pixels has no distribution to speak of.
FEWEST = 8

# Linear sRGB → XYZ (IEC 61966-2-1); the sums of the rows are the white.
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])

# At how many quantiles two distributions are compared.
QUANTILES = 64


def part_masks(keypoints: np.ndarray, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """Where each part is that is seen, by name: bool `h w`.

    Seen is a part whose two joints have more than the confidence of a hidden one. None is where the
    trunk, which tells how wide the parts are, is not known.

    Args:
        keypoints: `18 3`, in pixels of a picture of `size` (height, width).
    """
    known = with_hips(keypoints[None])[0]
    trunk = np.linalg.norm(known[NECK] - known[HIPS])
    points = with_hips(np.where(keypoints[:, 2:] > HIDDEN, keypoints, 0)[None])[0]
    y, x = np.indices(size) + 0.5
    pixels = np.stack([x, y], axis=-1)
    masks = {}
    for part in PARTS:
        start, end = points[part.start], points[part.end]
        reach = part.half_width * trunk
        if np.isnan([*start, *end, reach]).any():
            continue
        along = end - start
        share = np.clip((pixels - start) @ along / max(along @ along, 1e-9), 0, 1)
        masks[part.name] = np.linalg.norm(pixels - start - share[..., None] * along, axis=-1) <= reach
    return masks


def part_colors(picture: Tensor, keypoints: np.ndarray) -> dict[str, np.ndarray]:
    """The colors of each part that is seen: CIELAB `n 3`, n ≥ 8.

    Args:
        picture: `3 h w` in [0, 1].
        keypoints: `18 3`, in its pixels.
    """
    pixels = picture.detach().cpu().movedim(0, -1).double().numpy()
    masks = part_masks(keypoints, (pixels.shape[0], pixels.shape[1]))
    return {name: cielab(pixels[mask]) for name, mask in masks.items() if mask.sum() >= FEWEST}


def cielab(rgb: np.ndarray) -> np.ndarray:
    """sRGB `… 3` in [0, 1] → L*, a*, b* (CIE 1976; IEC 61966-2-1, white D65)."""
    rgb = rgb.clip(0, 1)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x, y, z = np.moveaxis(linear @ TO_XYZ.T / TO_XYZ.sum(1), -1, 0)
    x, y, z = (np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29) for t in (x, y, z))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def color_distance(a: np.ndarray, b: np.ndarray) -> float:
    """The length of the three channels' 1-Wasserstein distances, by their quantiles: `n 3`, `m 3`."""
    at = (np.arange(QUANTILES) + 0.5) / QUANTILES
    channels = np.abs(np.quantile(a, at, axis=0) - np.quantile(b, at, axis=0)).mean(0)
    return float(np.linalg.norm(channels))
