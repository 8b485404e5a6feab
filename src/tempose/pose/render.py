"""The pose map: key points as the 20 channels that the noise predictor reads.

The channels are those of the published PIDM data code: an RGB drawing of joints and limbs, then one
map for each of the 17 limbs of the distance to it. At 256×256 the map equals the published one; at
other sizes everything scales with the height.
"""

from __future__ import annotations

import math

import numpy as np

from tempose.core import cancellation
from tempose.core.errors import InputError
from tempose.pose.keypoints import KEYPOINTS, LIMBS, MIN_CONFIDENCE

POSE_CHANNELS = 3 + len(LIMBS)

# The published drawing is 256 pixels high: joints are discs and limbs ellipses of this half width.
_HEIGHT, _HALF_WIDTH = 256, 4

# One color a key point, limb i in the color of key point i: the hue circle in eighteen steps.
_COLORS = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0),
    (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255),
    (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip


def pose_map(keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Key points of one frame → its pose map.

    Args:
        keypoints: `18 3`: x, y in pixels of a frame of `size`, confidence; joints below
            `MIN_CONFIDENCE` are not drawn, nor are limbs that lack one.
        size: (height, width) in pixels.

    Returns:
        float32 `20 h w` in [0, 1]: drawing (blue, green, red order of the published code's colors),
        then for each limb the distance to it in thirds of a 256th of the height, over 255.

    Raises:
        InputError: the key points are not `18 3`.
    """
    import cv2

    if keypoints.shape != (len(KEYPOINTS), 3):
        raise InputError(f"key points have the shape {keypoints.shape}; wanted (18, 3)")
    cancellation.check()
    height, width = size
    half_width = max(1, round(_HALF_WIDTH * height / _HEIGHT))
    known = keypoints[:, 2] >= MIN_CONFIDENCE

    drawing: np.ndarray = np.zeros((height, width, 3), np.uint8)
    for (x, y, _), color, seen in zip(keypoints, _COLORS, known, strict=True):
        if seen:
            cv2.circle(drawing, (int(x), int(y)), half_width, color, thickness=-1)

    distances: np.ndarray = np.zeros((len(LIMBS), height, width), np.float32)
    for i, (a, b) in enumerate(LIMBS):
        if not (known[a] and known[b]):
            distances[i] = 1
            continue
        limb = _limb(keypoints[a, :2], keypoints[b, :2], half_width)
        over = cv2.fillConvexPoly(drawing.copy(), limb, _COLORS[i])
        drawing = cv2.addWeighted(drawing, 0.4, over, 0.6, 0)
        outside = cv2.fillConvexPoly(np.full((height, width), 255, np.uint8), limb, 0)
        distance = np.minimum(cv2.distanceTransform(outside, cv2.DIST_L1, 3), 4 * height) * (_HEIGHT / height)
        distances[i] = np.floor(np.clip(distance / 3, 0, 255)) / 255

    channels = drawing[..., ::-1].astype(np.float32).transpose(2, 0, 1) / 255
    return np.concatenate([channels, distances])


def pose_maps(keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Key points of a clip `f 18 3` → pose maps float32 `f 20 h w`."""
    return np.stack([pose_map(frame, size) for frame in keypoints])


def _limb(a: np.ndarray, b: np.ndarray, half_width: int) -> np.ndarray:
    """The outline of an ellipse from joint a to joint b, in whole pixels."""
    import cv2

    centre = (a + b) / 2
    length = math.hypot(*(a - b))
    angle = math.degrees(math.atan2(a[1] - b[1], a[0] - b[0]))
    axes = (int(length / 2), half_width)
    outline = cv2.ellipse2Poly((int(centre[0]), int(centre[1])), axes, int(angle), 0, 360, 1)
    return np.asarray(outline)
