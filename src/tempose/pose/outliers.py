"""Values far from where they are just before and after: Hampel's rule.

Pearson, Neuvo, Astola and Gabbouj, "Generalized Hampel Filters", 2016: an outlier is farther from the
median of the frames around it than 3 standard deviations, as their median absolute deviation gives them.
"""

from __future__ import annotations

import numpy as np

# The window is this many frames to each side; the limit this many standard deviations, and at least
# this part of the person's height, so that a quiet joint may begin to move.
REACH, SIGMAS, HEIGHTS = 3, 3.0, 0.08


def outliers(values: np.ndarray, *, least: float) -> np.ndarray:
    """Which of the values `f n d` (NaN: missing) lie off, as bool `f n`.

    Args:
        least: a distance up to which nothing is an outlier.
    """
    padded = np.pad(values, ((REACH, REACH), (0, 0), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1, axis=0)  # f n d window
    distance = np.linalg.norm(windows - _nanmedian(windows)[..., None], axis=2)  # f n window
    limit = np.maximum(SIGMAS * 1.4826 * _nanmedian(distance), least)
    return np.nan_to_num(distance[..., REACH]) > np.nan_to_num(limit)


def drop_outliers(keypoints: np.ndarray) -> np.ndarray:
    """Key points `f 18 3` of one shot with outliers missing."""
    off = outliers(points_of(keypoints), least=HEIGHTS * typical_height(keypoints))
    return np.where(off[..., None], np.zeros((), keypoints.dtype), keypoints)


def points_of(keypoints: np.ndarray) -> np.ndarray:
    """The coordinates `… 2` of key points `… 3` (or more), NaN where a joint is missing."""
    return np.where(keypoints[..., 2:3] > 0, keypoints[..., :2], np.nan)


def typical_height(keypoints: np.ndarray) -> float:
    """The median over the frames of the longer side of the box around the joints; 0 without any."""
    seen = [frame[frame[:, 2] > 0, :2] for frame in keypoints]
    sides = [np.ptp(points, axis=0).max() for points in seen if len(points)]
    return float(np.median(sides)) if sides else 0.0


def _nanmedian(values: np.ndarray) -> np.ndarray:
    """The median over the last axis, NaN left out; NaN where there is nothing else."""
    return np.ma.median(np.ma.masked_invalid(values), axis=-1).filled(np.nan)
