"""Identity drift: whether the parts of a person keep the colors that they have in the photo.

Parts are capsules around limbs, found by the key points, so a part is compared with itself however the
body has moved. What is compared are distributions of color: neither the folds of a sleeve nor the place
of a print matter, but a shirt that turns grey, a pattern that melts or an arm lost in the background does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tempose.core.errors import InputError
from tempose.evaluation.metrics import check_frames
from tempose.evaluation.pose import check_keypoints
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


def identity_drift(frames: Tensor, keypoints: Tensor, *, photo: Tensor, photo_keypoints: Tensor) -> Tensor:
    """How far the colors of the person's parts are from those in the photo.

    For each part the 1-Wasserstein distance between the distributions of L*, of a* and of b* (CIELAB),
    the three added as a vector's length; the mean over the parts seen in both. A part that only becomes
    d units lighter scores d, so the unit is that of ΔE*ab, where about 2.3 is just noticeable (Mahy et
    al. 1994).

    Turning, light and hidden parts also move it: compare with the truth's own, where there is one, and
    look at how it grows over time.

    Args:
        frames: `b f 3 h w` in [0, 1].
        keypoints: of the frames, `b f 18 3`.
        photo: `b 3 h w` in [0, 1], of any size.
        photo_keypoints: `b 18 3`, in pixels of the photo.

    Returns:
        `b f`; NaN where no part is seen in both.

    Raises:
        InputError: shapes differ, or values that are not finite or not in [0, 1].
    """
    check_frames(frames)
    check_frames(photo[:, None], name="photo")
    check_keypoints(keypoints)
    check_keypoints(photo_keypoints[:, None], name="photo's key points")
    b, f = frames.shape[:2]
    if keypoints.shape[:2] != (b, f) or len(photo) != b or len(photo_keypoints) != b:
        raise InputError(
            f"{b} clips of {f} frames, key points {tuple(keypoints.shape[:2])}, {len(photo)} photos, "
            f"{len(photo_keypoints)} key points of photos; wanted one photo a clip, key points for each frame"
        )
    drift = torch.full((b, f), torch.nan)
    for i in range(b):
        known = part_colors(photo[i], photo_keypoints[i])
        for j in range(f):
            shown = part_colors(frames[i, j], keypoints[i, j])
            distances = [_distance(known[name], shown[name]) for name in known if name in shown]
            if distances:
                drift[i, j] = float(np.mean(distances))
    return drift


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


def part_colors(picture: Tensor, keypoints: Tensor) -> dict[str, np.ndarray]:
    """The colors of each part that is seen: CIELAB `n 3`, n ≥ 8.

    Args:
        picture: `3 h w` in [0, 1]. keypoints: `18 3`, in its pixels.
    """
    pixels = picture.detach().cpu().movedim(0, -1).double().numpy()
    masks = part_masks(keypoints.detach().cpu().numpy(), (pixels.shape[0], pixels.shape[1]))
    return {name: cielab(pixels[mask]) for name, mask in masks.items() if mask.sum() >= FEWEST}


def cielab(rgb: np.ndarray) -> np.ndarray:
    """sRGB `… 3` in [0, 1] → L*, a*, b* (CIE 1976; IEC 61966-2-1, white D65)."""
    rgb = rgb.clip(0, 1)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x, y, z = np.moveaxis(linear @ TO_XYZ.T / TO_XYZ.sum(1), -1, 0)
    x, y, z = (np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29) for t in (x, y, z))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    """The length of the three channels' 1-Wasserstein distances, by their quantiles: `n 3`, `m 3`."""
    at = (np.arange(QUANTILES) + 0.5) / QUANTILES
    channels = np.abs(np.quantile(a, at, axis=0) - np.quantile(b, at, axis=0)).mean(0)
    return float(np.linalg.norm(channels))
