"""The outline of each layer where another one hides it: trunk under an arm, leg under a skirt, leg under a leg.

Along its bones a layer has a width to either side. Where its edge borders on the background the width is known; where
it borders on another layer it goes on beneath, as wide as between known places of that side, else as at the nearest one
or on the other side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempose.pose.keypoints import KEYPOINTS, MIN_CONFIDENCE
from tempose.warp.flesh import (
    BONES,
    CHIN_BELOW,
    HEAD,
    LAYERS,
    LEFT_ARM,
    LEFT_LEG,
    RIGHT_ARM,
    RIGHT_LEG,
    SURELY_NECK,
    THROAT,
    TOP_ABOVE,
    TRUNK,
    head_axis,
    skull_middle,
    trunk_length,
)

BINS = 24  # in which the widths along a bone are measured
MIDDLES = (np.arange(BINS) + 0.5) / BINS  # of these, along it
SKULL = 0.8  # nor is of a head made up more than this, in the same
WIDEST = 1.6  # no width is believed beyond this, in widths of the bone's flesh
FARTHER = 0.2  # no farther does a visible part go on beneath, in widths of the flesh, unless its other side says so
NEXT = 8  # a known width counts the less the farther it is, against that of the other side, up to so many of these bins
# Shoulders begin so far up the neck, and end so far above their joints in lengths of the trunk.
SLOPE, FLESH = 0.25, 0.06
# Under a cloth that hangs over both down to here, where a knee would jut out beside it, legs are made up no wider than
# this share of what is seen below, and get there by so much for each thigh's length above the hem.
KNEES_HIDDEN, SLENDER = 0.8, (0.55, 2.0)
CAP_ARM, CAP_LEG = 0.13, 0.17  # limbs and trunk share the photo so near to shoulder and hip, in lengths of the trunk
# The trunk's share of that for a limb that points elsewhere than down, past this cosine; and for any at least, however
# near the outline is.
AWAY, DOWN, LEAST_CAP = 0.6, 0.8, 0.5
ARMS = (RIGHT_ARM, LEFT_ARM)
ROOTS = ((RIGHT_ARM, "right_shoulder"), (LEFT_ARM, "left_shoulder"), (RIGHT_LEG, "right_hip"), (LEFT_LEG, "left_hip"))


def layer_order(labels: np.ndarray, keypoints: np.ndarray) -> tuple[int, ...]:
    """The layers from back to front as they lie in the photo: legs, trunk, head, arms; of a pair the hidden one first.

    An arm that hair falls over comes before the head.

    Args:
        labels: int8 `h w`: the layer of each pixel, −1 off the person.
        keypoints: `18 3`.
    """
    order: list[int] = []
    for right, left in ((RIGHT_LEG, LEFT_LEG), (RIGHT_ARM, LEFT_ARM)):
        over = [_share_on(labels, keypoints, layer, other) for layer, other in ((right, left), (left, right))]
        order += [right, left] if over[0] >= over[1] else [left, right]
    beneath_hair = [arm for arm in order[2:] if _share_on(labels, keypoints, arm, HEAD)]
    return (*order[:2], TRUNK, *beneath_hair, HEAD, *(arm for arm in order[2:] if arm not in beneath_hair))


def complete(labels: np.ndarray, keypoints: np.ndarray, order: tuple[int, ...], hem: float) -> np.ndarray:
    """bool `l h w`: where each layer goes on beneath those before it.

    Args:
        labels: int8 `h w`, as in `layer_order`, whose result `order` is.
        hem: of a cloth over both legs, as `find_parts` gives it.
    """
    hidden = np.zeros((len(order), *labels.shape), bool)
    y, x = np.mgrid[: labels.shape[0], : labels.shape[1]].astype(np.float32) + 0.5
    trunk = trunk_length(keypoints)
    for rank, layer in enumerate(order):
        before = np.isin(labels, order[rank + 1 :])
        axes = [
            Axis.of(labels, layer, (x, y), start, end, half * trunk)
            for start, end, half in _axes(keypoints, layer, hem)
        ]
        if axes:
            limits = _limits(axes)
            if hem > KNEES_HIDDEN and layer in (RIGHT_LEG, LEFT_LEG):
                above = (hem - np.arange(limits.shape[1]) / BINS).clip(0, None)
                limits = limits * np.maximum(1 - SLENDER[1] * above, SLENDER[0])
            limits_of = np.split(limits, len(axes), axis=1)
            most = SKULL if layer == HEAD else WIDEST
            within = [axis.within(limit, most) for axis, limit in zip(axes, limits_of, strict=True)]
            hidden[layer] |= before & np.any(within, axis=0)
    under = neck_bar(labels.shape, keypoints, 1.0) | shoulder_slope(labels.shape, keypoints)
    column, row = keypoints[1, :2].astype(int).clip(0, np.array(labels.shape[::-1]) - 1)
    crossed = keypoints[1, 2] >= MIN_CONFIDENCE and labels[row, column] in ARMS  # before the throat
    hidden[TRUNK] |= under & np.isin(labels, (HEAD, *ARMS) if crossed else (HEAD,))
    return hidden


def joint_caps(labels: np.ndarray, keypoints: np.ndarray, hem: float) -> tuple[np.ndarray, np.ndarray]:
    """bool `l h w`: where each layer shares the photo with its neighbor about the joint between them; and, bool `h w`,
    where the trunk does even with a limb of other colors.

    What the trunk has of a limb stays where that was: of a sleeve it is the shoulder, of a bare arm or a leg a bump. So
    of those it has the less, the nearer the joint is to the outline.
    """
    import cv2

    caps, anyhow = np.zeros((len(LAYERS), *labels.shape), np.uint8), np.zeros(labels.shape, np.uint8)
    trunk = trunk_length(keypoints)
    flesh = cv2.distanceTransform((labels >= 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    for layer, name in ROOTS:
        x, y, sure = keypoints[KEYPOINTS.index(name)]
        if sure < MIN_CONFIDENCE or not (labels == layer).any() or (hem and layer in (RIGHT_LEG, LEFT_LEG)):
            continue
        reach = (CAP_LEG if layer in (RIGHT_LEG, LEFT_LEG) else CAP_ARM) * trunk
        place = round(float(x)), round(float(y))
        column, row = np.clip(place, 0, np.array(labels.shape[::-1]) - 1)
        share_of_trunk = 1.0 if _hangs(keypoints, name) else AWAY
        within = share_of_trunk * min(reach, max(float(flesh[row, column]), LEAST_CAP * reach))
        cv2.circle(anyhow, place, round(within), 1, -1)
        for share, other, radius in ((layer, TRUNK, reach), (TRUNK, layer, reach if layer in ARMS else within)):
            cap = cv2.circle(np.zeros(labels.shape, np.uint8), place, round(radius), 1, -1)
            caps[share] |= cap & (labels == other)
    neck = neck_bar(labels.shape, keypoints) & (labels == HEAD)
    caps[TRUNK] |= neck
    return caps > 0, (anyhow > 0) | neck


def _hangs(keypoints: np.ndarray, root: str) -> bool:
    """Whether the limb of a shoulder or a hip points the way that the trunk does, from neck to hips, or is not seen."""
    index = KEYPOINTS.index(root)
    if keypoints[[1, 8, 11, index + 1], 2].min() < MIN_CONFIDENCE:
        return True
    limb = keypoints[index + 1, :2] - keypoints[index, :2]
    down = keypoints[[8, 11], :2].mean(axis=0) - keypoints[1, :2]
    return bool(limb @ down > DOWN * np.hypot(*limb) * np.hypot(*down))


def neck_bar(
    size: tuple[int, ...], keypoints: np.ndarray, share: float = SURELY_NECK, width: float = 1.0
) -> np.ndarray:
    """bool `h w`: from the base of the neck this share of the way to the chin, so many times as wide as a neck."""
    import cv2

    head, trunk = head_axis(keypoints), trunk_length(keypoints)
    bar = np.zeros(size, np.uint8)
    if head is None or keypoints[1, 2] < MIN_CONFIDENCE:
        return bar > 0
    middle, up = head
    base = keypoints[1, :2]
    end = base + share * (skull_middle(keypoints, middle) - CHIN_BELOW * trunk * up - base)
    one, other = ((round(float(x)), round(float(y))) for x, y in (base, end))
    return cv2.line(bar, one, other, 1, max(1, round(2 * width * THROAT * trunk))) > 0


def shoulder_slope(size: tuple[int, ...], keypoints: np.ndarray) -> np.ndarray:
    """bool `h w`: between the sides of a neck and the shoulders, where hair may hang before the trunk."""
    import cv2

    head, trunk = head_axis(keypoints), trunk_length(keypoints)
    slope = np.zeros(size, np.uint8)
    if head is None or keypoints[[1, 2, 5], 2].min() < MIN_CONFIDENCE:
        return slope > 0
    middle, up = head
    base = keypoints[1, :2]
    top = base + SLOPE * (middle - CHIN_BELOW * trunk * up - base)
    across = keypoints[5, :2] - keypoints[2, :2]
    across /= max(float(np.hypot(*across)), 1.0)
    for shoulder, side in ((2, -1), (5, 1)):
        end = keypoints[shoulder, :2] + FLESH * trunk * up
        corners = np.array([top, top + side * THROAT * trunk * across, end, keypoints[shoulder, :2], base])
        cv2.fillPoly(slope, [np.round(corners).astype(np.int32)], 1)
    return slope > 0


def _axes(keypoints: np.ndarray, layer: int, hem: float) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Start, end and half the width in lengths of the trunk of the axes of a layer."""
    seen = {name: keypoints[i, :2] for i, name in enumerate(KEYPOINTS) if keypoints[i, 2] >= MIN_CONFIDENCE}
    head = head_axis(keypoints)
    if layer == HEAD:
        if head is None:
            return []
        (middle, up), trunk = head, trunk_length(keypoints)
        return [(middle - CHIN_BELOW * trunk * up, middle + TOP_ABOVE * trunk * up, 0.25)]
    if layer != TRUNK:
        return [(seen[a], seen[b], r) for of, a, b, r in BONES if of == layer and a in seen and b in seen]
    axes = []
    hips = [seen[name] for name in ("right_hip", "left_hip") if name in seen]
    if "neck" in seen and hips:
        axes.append((seen["neck"], np.mean(hips, axis=0), 0.35))
    knees = [seen[name] for name in ("right_knee", "left_knee") if name in seen]
    if hem and hips and knees:
        top, knee = np.mean(hips, axis=0), np.mean(knees, axis=0)
        axes.append((top, top + hem * (knee - top), 0.4))
    return axes


@dataclass(frozen=True, eq=False)
class Axis:
    """One straight part of a layer, and how wide the layer is to either side of it, in pixels.

    Attributes:
        along, across: `h w`: where each pixel lies, in lengths of the part and in pixels.
        radius: half its usual width.
        width: `2 BINS`: of what is seen.
        known: the same, bool: whether beyond it there is background.
    """

    along: np.ndarray
    across: np.ndarray
    radius: float
    width: np.ndarray
    known: np.ndarray

    @staticmethod
    def of(
        labels: np.ndarray,
        layer: int,
        place: tuple[np.ndarray, np.ndarray],
        start: np.ndarray,
        end: np.ndarray,
        radius: float,
    ) -> Axis:
        """The part from start to end; labels and layer as in `complete`, place: x and y of each pixel."""
        axis = end - start
        length = max(float(np.hypot(*axis)), 1.0)
        along = ((place[0] - start[0]) * axis[0] + (place[1] - start[1]) * axis[1]) / length**2
        across = (-(place[0] - start[0]) * axis[1] + (place[1] - start[1]) * axis[0]) / length
        own = (along >= 0) & (along < 1) & (abs(across) < WIDEST * radius) & (labels == layer)
        width = np.zeros((2, BINS))
        np.maximum.at(width, ((across[own] > 0).astype(int), (along[own] * BINS).astype(int)), abs(across[own]))

        step = width + 0.06 * radius + 1.5
        sign = np.array([-1, 1])[:, None]
        column = start[0] + MIDDLES * axis[0] - sign * step * axis[1] / length
        row = start[1] + MIDDLES * axis[1] + sign * step * axis[0] / length
        height, breadth = labels.shape
        beyond = labels[row.astype(int).clip(0, height - 1), column.astype(int).clip(0, breadth - 1)]
        outside = (row < 0) | (row >= height) | (column < 0) | (column >= breadth)
        return Axis(along, across, radius, width, (width > 0) & ((beyond < 0) | outside))

    def within(self, limits: np.ndarray, most: float) -> np.ndarray:
        """bool `h w`: what lies within limits, `2 BINS`, to either side, and `most` radii."""
        right, left = (np.interp(self.along, MIDDLES, one) for one in limits)
        limit = np.minimum(np.where(self.across > 0, left, right), most * self.radius)
        return (self.along >= 0) & (self.along < 1) & (abs(self.across) <= limit)


def _limits(axes: list[Axis]) -> np.ndarray:
    """How wide a layer is to either side of its axes, one after the other, where it is hidden too: `2 n·BINS`."""
    width, known = (np.concatenate([getattr(axis, name) for axis in axes], axis=1) for name in ("width", "known"))
    radius = np.repeat([axis.radius for axis in axes], BINS)
    place = np.arange(len(radius))
    full = width.copy()
    for side in (0, 1):
        rows = np.flatnonzero(known[side])
        guess, farther = 0.8 * radius, np.ones(len(place))
        if len(rows):
            guess = np.interp(place, rows, width[side, rows])
            farther = (abs(place[:, None] - rows).min(axis=1) / NEXT).clip(0, 1)
        between = np.maximum.accumulate(known[side]) & np.maximum.accumulate(known[side, ::-1])[::-1] & (farther < 1)
        limit = np.where((width[side] > 0) & ~between, width[side] + FARTHER * radius, np.inf)
        other = known[1 - side] & ~between
        guess = np.where(other, guess + farther * (width[1 - side] - guess), np.minimum(guess, limit))
        full[side] = np.where(known[side], width[side], np.maximum(width[side], guess))
    return np.stack([np.convolve(np.pad(one, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid") for one in full])


def _share_on(labels: np.ndarray, keypoints: np.ndarray, layer: int, other: int) -> float:
    """The share of a layer's bones that lies on another layer."""
    total, on = 0, 0
    for start, end, _ in _axes(keypoints, layer, 0.0):
        points = start + np.linspace(0.3, 1, 12)[:, None] * (end - start)
        column = points[:, 0].astype(int).clip(0, labels.shape[1] - 1)
        row = points[:, 1].astype(int).clip(0, labels.shape[0] - 1)
        total, on = total + len(points), on + int((labels[row, column] == other).sum())
    return on / max(total, 1)
