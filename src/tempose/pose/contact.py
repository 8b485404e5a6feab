"""Where a person's feet stand, and the way of the hips that keeps them there.

A foot stands while its ankle hardly moves in the driver's picture and is as low as the other one, or lower. On a body
of other proportions it would slide by the difference of the legs; so the hips go as the standing foot demands.
"""

from __future__ import annotations

import numpy as np

from tempose.pose.bones import ANKLES, HIPS
from tempose.pose.whole import WholeBody

# In lengths of the trunk: how fast, a second, an ankle may move sideways that stands, and how much higher than the
# other one it may be.
SLOW, LEVEL = 0.5, 0.2


def standing(driver: WholeBody, *, fps: float) -> np.ndarray:
    """bool `f-1 2`: whether the right foot and the left stand from each frame to the next."""
    ankles = driver.points[:, ANKLES, :2] / driver.build.scale[:, None, None]
    seen = driver.seen[:, ANKLES]
    slow = np.abs(np.diff(ankles[..., 0], axis=0)) * fps < SLOW
    low = ankles[..., 1] > ankles[..., 1].max(1, keepdims=True) - LEVEL
    return slow & low[1:] & low[:-1] & seen[1:] & seen[:-1]


def way(posed: np.ndarray, driver: WholeBody, *, fps: float) -> np.ndarray:
    """`f`: how far the hips have gone to the right since the first frame, in lengths of the trunk.

    As far as the driver's, but where a foot stands as far as keeps it there; of two feet that stand, their mean.

    Args:
        posed: `f 19 3`: the person around the hips, in lengths of the trunk.
        driver: whose motion it is.
        fps: frames per second.
    """
    steps = np.diff(driver.points[:, HIPS, 0]) / driver.build.scale[1:]
    stand = standing(driver, fps=fps)
    back = -np.diff(posed[:, ANKLES, 0], axis=0)  # f-1 2: what the hips must go for the ankle to stay
    held = (back * stand).sum(1) / np.maximum(stand.sum(1), 1)
    return np.concatenate([[0.0], np.cumsum(np.where(stand.any(1), held, steps))])


def skating(points: np.ndarray, trunk: np.ndarray | float, driver: WholeBody, *, fps: float) -> float:
    """How fast feet that stand slide sideways, on the whole, in lengths of the trunk a second; NaN where none stands.

    Args:
        points: `f 19 …`: the person in pixels, before a camera that does not move.
        trunk: its length in pixels, one or `f`.
        driver: whose motion it is.
    """
    stand = standing(driver, fps=fps)
    unit = np.broadcast_to(trunk, len(points))[1:, None]
    slides = np.abs(np.diff(points[:, ANKLES, 0], axis=0)) * fps / unit
    return float(slides[stand].mean()) if stand.any() else float("nan")
