"""A person's skeleton drawn over a picture, for a look at what was found."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Iterator

import numpy as np

from tempose.pose.keypoints import LIMBS, MIN_CONFIDENCE, Motion

# A hue for each limb, so that left and right differ everywhere.
HUES = [index / len(LIMBS) for index in range(len(LIMBS))]
COLORS = [tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue, 1, 1)) for hue in HUES]

# Behind a skeleton that has no picture.
GROUND = (24, 30, 42)


def draw_skeleton(frame: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """The picture, uint8 `h w 3`, with the limbs of `18 3` key points.

    Joints below MIN_CONFIDENCE are left out. The picture given is not changed.
    """
    import cv2

    picture = frame.copy()
    shift = 4  # cv2 takes coordinates in 1/16 pixels; its pixel 0 has its middle at 0
    places = np.round((keypoints[:, :2] - 0.5) * 2**shift).astype(int)
    seen = keypoints[:, 2] >= MIN_CONFIDENCE
    width = max(1, round(min(frame.shape[:2]) / 120))
    for (begin, end), color in zip(LIMBS, COLORS, strict=True):
        if seen[begin] and seen[end]:
            start, stop = (tuple(map(int, places[joint])) for joint in (begin, end))
            cv2.line(picture, start, stop, color, width, cv2.LINE_AA, shift)
    for joint in np.flatnonzero(seen):
        centre = tuple(map(int, places[joint]))
        cv2.circle(picture, centre, width << shift, (255, 255, 255), -1, cv2.LINE_AA, shift)
    return picture


def draw_motion(frames: Iterable[np.ndarray], motion: Motion) -> Iterator[np.ndarray]:
    """The frames with the skeleton of each; as many as both have."""
    for frame, keypoints in zip(frames, motion.keypoints, strict=False):
        yield draw_skeleton(frame, keypoints)


def draw_alone(motion: Motion, *, height: int = 512) -> Iterator[np.ndarray]:
    """The skeleton of each frame by itself, before a dark ground: uint8, so high, both sides even."""
    size = height, max(2, 2 * round(height * motion.size[1] / motion.size[0] / 2))
    for keypoints in motion.resized(size).keypoints:
        yield draw_skeleton(np.full((*size, 3), GROUND, np.uint8), keypoints)
