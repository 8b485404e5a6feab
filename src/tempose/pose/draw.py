"""A person's skeleton drawn over a picture, for a look at what was found."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, repeat

import numpy as np

from tempose.pose.face_mesh import FACE_68
from tempose.pose.keypoints import FINGERS, LIMBS, MIN_CONFIDENCE, Motion

# A hue for each limb, so that left and right differ everywhere.
HUES = [index / len(LIMBS) for index in range(len(LIMBS))]
COLORS = [tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue, 1, 1)) for hue in HUES]

# Lines through the 68 points of a face: chin, brows, nose; the closed ones: eyes and lips.
_PARTS = ((0, 17), (17, 22), (22, 27), (27, 31), (31, 36))
_CLOSED = ((36, 42), (42, 48), (48, 60), (60, 68))
FACE_LINES = (
    *(FACE_68[begin:end] for begin, end in _PARTS),
    *((*FACE_68[begin:end], FACE_68[begin]) for begin, end in _CLOSED),
)
FACE_COLOR = (235, 235, 235)

# Behind a skeleton that has no picture.
GROUND = (24, 30, 42)

# cv2 takes coordinates in 1/16 pixels.
SHIFT = 4


def draw_skeleton(frame: np.ndarray, pose: Motion) -> np.ndarray:
    """The picture, uint8 `h w 3`, with the limbs of a pose, a motion's first frame, and its hands and face if known.

    Joints below MIN_CONFIDENCE are left out. The picture given is not changed.
    """
    import cv2

    picture, keypoints = frame.copy(), pose.keypoints[0]
    width = max(1, round(min(frame.shape[:2]) / 120))
    for limb, color in zip(LIMBS, COLORS, strict=True):
        _line(picture, keypoints, limb, color, width)
    for joint in np.flatnonzero(keypoints[:, 2] >= MIN_CONFIDENCE):
        cv2.circle(picture, _place(keypoints[joint]), width << SHIFT, (255, 255, 255), -1, cv2.LINE_AA, SHIFT)
    if pose.hands is not None:
        for hand in pose.hands[0]:
            for finger, color in zip(FINGERS, COLORS[::3], strict=False):
                _line(picture, hand, finger, color, max(1, width // 2))
    if pose.face is not None:
        for line in FACE_LINES:
            _line(picture, pose.face[0], line, FACE_COLOR, 1)
    return picture


def draw_motion(frames: Iterable[np.ndarray], motion: Motion) -> Iterator[np.ndarray]:
    """The frames with the skeleton of each; as many as both have."""
    for index, frame in zip(range(len(motion)), frames, strict=False):
        yield draw_skeleton(frame, motion[index : index + 1])


def draw_alone(motion: Motion, *, height: int = 512) -> Iterator[np.ndarray]:
    """The skeleton of each frame by itself, before a dark ground: uint8, so high, both sides even."""
    size = height, max(2, 2 * round(height * motion.size[1] / motion.size[0] / 2))
    yield from draw_motion(repeat(np.full((*size, 3), GROUND, np.uint8)), motion.resized(size))


def _line(picture: np.ndarray, points: np.ndarray, line: Sequence[int], color: tuple[int, ...], width: int) -> None:
    """Straight lines from point to point, where both ends are seen, on a picture, in place."""
    import cv2

    for begin, end in pairwise(line):
        if min(points[begin, 2], points[end, 2]) >= MIN_CONFIDENCE:
            cv2.line(picture, _place(points[begin]), _place(points[end]), color, width, cv2.LINE_AA, SHIFT)


def _place(point: np.ndarray) -> tuple[int, int]:
    """x, y in 1/16 pixels, as cv2 takes them: its pixel 0 has its middle at 0."""
    x, y = np.round((point[:2] - 0.5) * 2**SHIFT).astype(int)
    return int(x), int(y)
