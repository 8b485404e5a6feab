"""A motion seen by a camera that stands farther to a side, as far as its depth tells."""

from __future__ import annotations

import math

import numpy as np

from tempose.core.errors import InputError
from tempose.core.notes import note
from tempose.pose.bones import FACE, HIP_JOINTS
from tempose.pose.keypoints import WRISTS, Motion

# Degrees: the depth of somebody in a picture is a guess, which a larger turn would show.
MOST_YAW = 30.0


def check_yaw(yaw: float) -> None:
    """Whether the camera may be turned so far around somebody in pictures.

    Raises:
        InputError: it may not.
    """
    if abs(yaw) > MOST_YAW:
        raise InputError(
            f"yaw is {yaw:g}; wanted {MOST_YAW:g} degrees at most to either side for pictures and key points, whose "
            "depth is a guess (motion captures and built-in motions turn all the way)"
        )


def seen_from(motion: Motion, yaw: float) -> Motion:
    """The motion with the camera turned about the person, `yaw` degrees to their left.

    Every frame is turned about the upright line through the middle of the hips; what has no depth, as it is. Hands turn
    with their wrists, the face with the head. Without any depth a note says that nothing is turned.

    Raises:
        InputError: farther than MOST_YAW.
    """
    if yaw == 0:
        return motion
    check_yaw(yaw)
    if motion.depth is None:
        note(f"the motion has no depth: it is not turned by {yaw:g} degrees")
        return motion
    body, depth = motion.keypoints.astype(np.float64), np.nan_to_num(motion.depth).astype(np.float64)
    seen = body[..., 2] > 0
    hips = _mean(body[..., 0], seen, list(HIP_JOINTS), otherwise=_mean(body[..., 0], seen, list(range(body.shape[1]))))
    turned = body.copy()
    turned[..., 0], behind = _turned(body[..., 0] - hips, depth, yaw)
    turned[..., 0] += hips
    hands = face = None
    if motion.hands is not None:
        wrists = list(WRISTS)
        hands = _carried(motion.hands, body[..., 0][:, wrists, None], turned[..., 0][:, wrists, None], yaw)
    if motion.face is not None:
        before, after = (_mean(points[..., 0], seen, list(FACE)) for points in (body, turned))
        face = _carried(motion.face, before, after, yaw)
    depths = np.where(np.isnan(motion.depth), np.nan, behind)
    return Motion(turned, motion.size, motion.fps, depths, hands, face, motion.notes)


def _turned(across: np.ndarray, depth: np.ndarray, yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """Places across the picture and depths from a camera turned by `yaw` degrees."""
    cos, sin = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    return cos * across + sin * depth, cos * depth - sin * across


def _carried(points: np.ndarray, before: np.ndarray, after: np.ndarray, yaw: float) -> np.ndarray:
    """Points `… n 4` turned about something that was at x `before` and is at `after`, both `… 1`."""
    carried = points.astype(np.float64)
    across, carried[..., 3] = _turned(carried[..., 0] - before, carried[..., 3], yaw)
    carried[..., 0] = across + after
    return np.where(points[..., 2:3] > 0, carried, 0.0)


def _mean(values: np.ndarray, seen: np.ndarray, joints: list[int], otherwise: np.ndarray | float = 0.0) -> np.ndarray:
    """`f 1`: the mean over those of the joints that are seen."""
    count = seen[:, joints].sum(1, keepdims=True)
    mean = (values * seen)[:, joints].sum(1, keepdims=True) / np.maximum(count, 1)
    return np.where(count > 0, mean, otherwise)
