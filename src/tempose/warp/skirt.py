"""Whether one cloth hangs over both legs, and how far down: skirts, dresses, gowns, long coats.

Such a cloth ends in a hem, a change of colors across both legs; above the hem no background shows between the legs, and
below it the outline is narrower or the legs part; or it goes on in the colors of the trunk. Trousers show the same
colors from the hips to the feet, and the outline narrows slowly.
"""

from __future__ import annotations

import numpy as np

from tempose.pose.keypoints import MIN_CONFIDENCE

STEPS = 12  # samples along each bone; heights are counted from 0 at the hips by 1 at the knees to 2 at the ankles
HIGHEST = 0.45  # hems above this height are those of shirts
HEM = 13.0  # the least change of colors across a hem, in Lab
COVERED = 0.9  # the least share of what lies between the legs that the cloth above the hem covers
PARTED = 0.68  # the most of it that is covered below the hem, where the legs part
WIDEST = 0.85  # the distance of the legs at a hem is less than this, in lengths of the trunk
BESIDE, LONG = 0.2, 1.0  # legs nearer than this hide each other: only hems below this height are then believed
NARROWER = 0.8  # the outline below a hem, as a share of that above it
SAME = 14.0  # a coat has the colors of the trunk, to this difference in Lab
# Long skirts do not taper as trousers do: the least outline at a hem below this height, as a share of the thighs
TAPERED, GOWN = 1.2, 0.9


def find_hem(lab: np.ndarray, mask: np.ndarray, keypoints: np.ndarray, trunk: float) -> float:
    """How far down the legs one cloth hangs: 0 not at all, 1 to the knees, 2 to the ankles or beyond.

    Args:
        lab: float32 `h w 3`, the person's colors.
        mask: bool `h w`.
        keypoints: `18 3`; without both hips and a knee there is no hem.
        trunk: its length in pixels.
    """
    right, left = (_polyline(keypoints, joints) for joints in ((8, 9, 10), (11, 12, 13)))
    if right is None or left is None:
        return 0.0
    count = min(len(right), len(left))
    right, left = right[:count], left[:count]
    heights = (np.arange(count) + 0.5) / STEPS
    colors = np.stack([_colors(lab, mask, leg, trunk) for leg in (right, left)])  # 2 t 3
    between = _between(mask, right, left)
    width = _widths(mask, right, left, trunk)
    body = _trunk_color(lab, mask, keypoints)

    apart = np.linalg.norm(right - left, axis=-1) / trunk

    thighs = width[STEPS // 2 - 1 : STEPS // 2 + 2].mean()

    best, hem = 0.0, 0.0
    for t in range(int(HIGHEST * STEPS), count - 3):
        above = _median(colors[:, 2:t])
        change = min(
            _change(above, _median(colors[:, t + 2 : t + 8])),
            _change(_median(colors[:, t - 3 : t]), _median(colors[:, t + 1 : t + 4])),
        )
        one_cloth = between[: t - 1].min() >= COVERED and apart[t] < WIDEST
        parts = between[t + 1 : t + 4].mean() < PARTED
        narrows = width[t + 1 : t + 4].mean() < NARROWER * width[max(0, t - 3) : t].mean()
        coat = body is not None and _change(_median(above[None]), body[None]) < SAME and between[: t + 1].min() == 1
        if apart[t] < BESIDE and heights[t] < LONG:  # one leg hides the other: shorts look the same
            parts = narrows = False
        if heights[t] > TAPERED and width[t - 3 : t].mean() < GOWN * thighs:
            continue
        if change > max(HEM, best) and one_cloth and (parts or narrows or coat):
            best, hem = change, float(heights[t])
    gown = count == 2 * STEPS and between[2:].min() >= COVERED and BESIDE < apart.max() < WIDEST
    if hem == 0 and gown and width[-3:].mean() > GOWN * thighs:
        return 2.0
    return hem


def _polyline(keypoints: np.ndarray, joints: tuple[int, int, int]) -> np.ndarray | None:
    """Points down a leg, `t 2`: STEPS for each bone that is known; None without a thigh."""
    seen = keypoints[list(joints), 2] >= MIN_CONFIDENCE
    if not seen[:2].all():
        return None
    points = keypoints[list(joints), :2]
    shares = ((np.arange(STEPS) + 0.5) / STEPS)[:, None]
    thigh = points[0] + shares * (points[1] - points[0])
    return np.concatenate([thigh, points[1] + shares * (points[2] - points[1])]) if seen[2] else thigh


def _look_up(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Values `h w …` at places `… 2`; the edge's beyond."""
    column = np.clip(places[..., 0].astype(int), 0, values.shape[1] - 1)
    row = np.clip(places[..., 1].astype(int), 0, values.shape[0] - 1)
    return values[row, column]


def _median(colors: np.ndarray) -> np.ndarray:
    """`n t 3` → `n 3`: the median of what is known, NaN where nothing is."""
    return np.array(
        [np.median(row[known], axis=0) if (known := np.isfinite(row[:, 0])).any() else row[0] for row in colors]
    )


def _change(one: np.ndarray, other: np.ndarray) -> float:
    """The least difference between colors `n 3` that are known, 0 where none are."""
    differences = np.linalg.norm(one - other, axis=-1)
    return float(np.nanmin(differences)) if np.isfinite(differences).any() else 0.0


def _colors(lab: np.ndarray, mask: np.ndarray, leg: np.ndarray, trunk: float) -> np.ndarray:
    """The mean color about each point of a leg, `t 3`; NaN off the mask."""
    offsets = np.stack(np.meshgrid(*[np.linspace(-0.06, 0.06, 5)] * 2), axis=-1).reshape(-1, 2) * trunk
    places = leg[:, None] + offsets
    inside = _look_up(mask, places)[..., None]
    colors = np.where(inside, _look_up(lab, places), 0).sum(1) / np.maximum(inside.sum(1), 1)
    return np.where(inside.sum(1) > 8, colors, np.nan)


def _between(mask: np.ndarray, right: np.ndarray, left: np.ndarray) -> np.ndarray:
    """The share of what lies between the legs that the mask covers, for each height."""
    shares = np.linspace(0.1, 0.9, 17)[:, None]
    return _look_up(mask, right[:, None] + shares * (left - right)[:, None]).mean(axis=1)


def _widths(mask: np.ndarray, right: np.ndarray, left: np.ndarray, trunk: float) -> np.ndarray:
    """How much of the person a line across both legs meets, in pixels, for each height."""
    middle = (right + left) / 2
    down = np.gradient(middle, axis=0)
    across = np.stack([-down[:, 1], down[:, 0]], axis=-1)
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-6)
    steps = np.linspace(-1, 1, 121)[:, None] * trunk
    places = middle[:, None] + steps * across[:, None]
    inside = ((places >= 0) & (places < mask.shape[::-1])).all(-1) & _look_up(mask, places)
    return inside.mean(axis=1) * 2 * trunk


def _trunk_color(lab: np.ndarray, mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray | None:
    """The mean color of the lower trunk, `3`."""
    if min(keypoints[[1, 8, 11], 2]) < MIN_CONFIDENCE:
        return None
    neck, hips = keypoints[1, :2], keypoints[[8, 11], :2]
    shares = np.linspace(0.5, 0.9, 7)[:, None, None]
    across = np.linspace(0.2, 0.8, 7)[:, None]
    places = neck + shares * (hips[0] + across * (hips[1] - hips[0]) - neck)
    inside = _look_up(mask, places)[..., None]
    return np.where(inside, _look_up(lab, places), 0).sum((0, 1)) / max(inside.sum(), 1)
