"""Left and right exchanged by mistake for a moment, and put right.

Estimators that look at one frame at a time take the left arm for the right one in some frames. Which
frames is found as the cheapest path (Viterbi) through the two labellings: a change of labelling that
does not fit the motion costs the jump that the limbs make, and disagreeing with the estimator costs a
little in every frame, so that only short exchanges are undone.
"""

from __future__ import annotations

import numpy as np

from tempose.pose.keypoints import KEYPOINTS, MIRROR
from tempose.pose.outliers import HEIGHTS, outliers, points_of, typical_height

# Arms, legs and head are exchanged each by themselves.
GROUPS = tuple(
    tuple(index for index, name in enumerate(KEYPOINTS) if name.endswith(parts))
    for parts in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"), ("eye", "ear"))
)

# Exchanges of up to about this many seconds are undone: so long the cost of disagreeing stays below
# the two jumps that it saves.
LONGEST = 0.6


def unswap(keypoints: np.ndarray, fps: float) -> np.ndarray:
    """Key points `f 18 3` of one shot with short exchanges of left and right undone."""
    result = keypoints.copy()
    least = HEIGHTS * typical_height(keypoints)
    for group in GROUPS:
        exchanged = [MIRROR[joint] for joint in group]
        labellings = np.stack([points_of(keypoints[:, group]), points_of(keypoints[:, exchanged])])
        swapped = _cheapest_path(labellings, fps=fps, least=least)[:, None, None]
        result[:, group] = np.where(swapped, keypoints[:, exchanged], keypoints[:, group])
    return result


def _cheapest_path(labellings: np.ndarray, *, fps: float, least: float) -> np.ndarray:
    """Which frames to exchange, bool `f`, from both labellings `2 f joints 2` (NaN: missing)."""
    apart = np.linalg.norm(labellings[0] - labellings[1], axis=-1, keepdims=True)
    labellings = np.where(outliers(apart, least=least)[..., None], np.nan, labellings)
    disagree = 2 * float(np.nan_to_num(np.nanmedian(apart))) / (LONGEST * fps) if np.isfinite(apart).any() else 0.0

    cost = np.array([0.0, disagree])
    origins = []
    last = labellings[:, 0]
    for seen in np.moveaxis(labellings[:, 1:], 1, 0):
        seen = np.where(np.isnan(seen), last, seen)  # a missing joint is where it was seen last
        jump = np.nan_to_num(np.linalg.norm(seen[None] - last[:, None], axis=-1)).mean(axis=-1)  # from, to
        through = cost[:, None] + jump + [0.0, disagree]
        origins.append(through.argmin(axis=0))
        cost = through.min(axis=0)
        last = seen
    state = int(cost.argmin())
    path = [state]
    for origin in reversed(origins):
        state = int(origin[state])
        path.append(state)
    return np.array(path[::-1], dtype=bool)
