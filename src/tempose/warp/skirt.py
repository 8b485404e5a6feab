"""Whether one cloth hangs over both legs, and how far down: skirts, dresses, gowns, long coats.

Such a cloth leaves no background between the legs and does not taper, until it ends at once: below the hem the legs
part or the outline is much narrower, or another garment of other colors comes out. Trousers and shorts part slowly from
the crotch on, and taper.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tempose.pose.keypoints import MIN_CONFIDENCE

STEPS = 12  # samples along each bone; heights are counted from 0 at the hips by 1 at the knees to 2 at the ankles
HIGHEST = 5  # the first sample at which a hem is looked for: those above are of shirts
COVERED, COVERED_AT_HEM = 0.9, 0.85  # the least share of what lies between the legs that a cloth covers
PARTED = 0.5  # the most of it that is covered below a hem where the legs part
SHORT, PARTED_SHORT = 0.55, 0.68  # the same for hems above this height, where thighs touch
FLARED = 0.95  # a skirt is at its hem at least so wide, as a share of its median width
# The outline below a hem, as a share of that above: of a skirt, of a tunic over trousers, of a coat, of any.
NARROWED, TUNIC, NARROWER, HARDLY = 0.6, 0.7, 0.8, 0.9
HEM = 13.0  # the least change of colors across the hem of a coat, a tunic or a short skirt, in Lab
ANY = 4.0  # the same across any hem
WIDEST = 0.85  # the distance of the legs at a hem is less than this, in lengths of the trunk
SHIN = 0.8  # the least length of a shin, of its thigh's
BESIDE = 0.2  # of legs nearer than this one hides the other, and shorts look like skirts
FLARES = 1.25  # so much wider than at the hips only a cloth is; legs go apart in it, its hem slants, hands hide some
FLARING = 1.0, 0.7, 0.7  # for which these hold instead of WIDEST, COVERED and COVERED_AT_HEM
UPRIGHT, LONG = 0.75, 0.45  # thighs that hang down: of their length, and of the trunk's
GOWN = 0.9  # a gown's outline at the feet, as a share of that at the thighs


def find_hem(lab: np.ndarray, mask: np.ndarray, keypoints: np.ndarray, trunk: float) -> float:
    """How far down the legs one cloth hangs: 0 not at all, 1 to the knees, 2 to the ankles or beyond.

    Args:
        lab: float32 `h w 3`, the person's colors.
        mask: bool `h w`.
        keypoints: `18 3`; without a thigh, hanging down and seen in its length, there is no hem. Knees and ankles that
            a cloth hides are taken to be where the other thigh, and the thigh above, point.
        trunk: its length in pixels.
    """
    legs = _legs(keypoints, mask.shape[0])
    if legs is None:
        return 0.0
    right, left = (_polyline(leg) for leg in legs)
    if not all(_hangs(leg[:STEPS], trunk) for leg in (right, left)):
        return 0.0
    count = min(len(right), len(left))
    right, left = right[:count], left[:count]
    heights = (np.arange(count) + 0.5) / STEPS
    colors = np.stack([_colors(lab, mask, leg, trunk) for leg in (right, left)])  # 2 t 3
    between = _between(mask, right, left)
    width = _widths(mask, right, left, trunk)
    apart = np.linalg.norm(right - left, axis=-1) / trunk

    best, hem = 0.0, 0.0
    for t in range(HIGHEST, count - 2):  # the last sample above the hem; one is left out for the hem itself
        flares = min(width[t - 1 : t + 1]) > FLARES * width[1]
        most, above, at_hem = FLARING if flares else (WIDEST, COVERED, COVERED_AT_HEM)
        covered = between[: t - 1].min() >= above and between[t - 1 : t + 1].min() >= at_hem
        beside = min(np.median(apart[: t + 1]), apart[t] / 0.75) < BESIDE
        if not covered or beside or apart[t] > most:
            continue
        change = min(
            _change(_median(colors[:, 2 : t + 1]), _median(colors[:, t + 2 : t + 8])),
            _change(_median(colors[:, t - 2 : t + 1]), _median(colors[:, t + 2 : t + 5])),
        )
        wide = max(width[t - 1], width[t], 1.0)
        narrower, below = width[t + 2 : t + 4].mean() / wide, between[t + 2 : t + 5]
        flared = wide >= FLARED * np.median(width[1 : t + 1])
        short = heights[t] < SHORT and change > HEM and below[0] < PARTED_SHORT
        parts = narrower < HARDLY and (short or below[0] < PARTED)
        tunic = heights[t] > 1 and change > HEM  # shorts end above
        skirt = flared and narrower < (TUNIC if tunic else NARROWED)
        coat = flared and narrower < NARROWER and change > HEM and below.min() >= COVERED
        score = 1 - below[0] + 1 - narrower
        if (parts or skirt or coat) and change > ANY and score > best:
            best, hem = score, float(heights[t]) + 1 / STEPS
    thighs = width[STEPS // 2 - 1 : STEPS // 2 + 2].mean()
    gown = count == 2 * STEPS and between.min() >= COVERED and BESIDE < apart[2:STEPS].max() < WIDEST
    if hem == 0 and gown and width[-3:].mean() > GOWN * thighs:
        return 2.0
    return hem


def _legs(keypoints: np.ndarray, height: int) -> list[np.ndarray] | None:
    """Hip, knee and ankle of both legs, `3 2` each, or `2 2` without an ankle; None without any thigh.

    Args:
        height: of the picture, beyond which nothing is guessed.
    """
    joints = keypoints[[[8, 9, 10], [11, 12, 13]]]
    seen = joints[..., 2] >= MIN_CONFIDENCE
    thighs = joints[:, 1, :2] - joints[:, 0, :2]
    known = seen[:, 0] & seen[:, 1]
    if not known.any() or not seen[:, 0].all():
        return None
    legs = []
    for leg, thigh, (_, knee, ankle) in zip(
        joints[..., :2], np.where(known[:, None], thighs, thighs[::-1]), seen, strict=True
    ):
        below = leg[1] if knee else leg[0] + thigh
        foot = leg[2] if ankle else below + SHIN * thigh
        legs.append(np.stack([leg[0], below, foot] if ankle or foot[1] < height else [leg[0], below]))
    return legs


def _polyline(joints: np.ndarray) -> np.ndarray:
    """Points down a leg `j 2`, STEPS for each bone: `t 2`."""
    shares = ((np.arange(STEPS) + 0.5) / STEPS)[:, None]
    return np.concatenate([start + shares * (end - start) for start, end in pairwise(joints)])


def _hangs(thigh: np.ndarray, trunk: float) -> bool:
    """Whether a thigh, points `t 2`, hangs down and is seen in its length."""
    across, down = thigh[-1] - thigh[0]
    return down > UPRIGHT * np.hypot(across, down) and down > LONG * trunk


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
