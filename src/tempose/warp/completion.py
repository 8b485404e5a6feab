"""The outline of each layer where another one hides it: trunk under an arm, leg under a skirt, leg under a leg.

Along each bone a layer has a width to either side. Where its edge borders on the background the width is known; where
it borders on another layer it goes on beneath, as wide as on the other side, or as farther up and down the bone.
"""

from __future__ import annotations

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
    trunk_length,
)

BINS = 24  # in which the widths along a bone are measured
WIDEST = 1.6  # no width is believed beyond this, in widths of the bone's flesh
FARTHER = 0.2  # no farther does a visible part go on beneath, in widths of the flesh, unless its other side says so
CAP_ARM, CAP_LEG = 0.13, 0.17  # limbs and trunk share the photo so near to shoulder and hip, in lengths of the trunk
ROOTS = ((RIGHT_ARM, "right_shoulder"), (LEFT_ARM, "left_shoulder"), (RIGHT_LEG, "right_hip"), (LEFT_LEG, "left_hip"))


def layer_order(labels: np.ndarray, keypoints: np.ndarray) -> tuple[int, ...]:
    """The layers from back to front as they lie in the photo: legs, trunk, head, arms; of a pair the hidden one first.

    Args:
        labels: int8 `h w`: the layer of each pixel, −1 off the person.
        keypoints: `18 3`.
    """
    order: list[int] = []
    for right, left in ((RIGHT_LEG, LEFT_LEG), (RIGHT_ARM, LEFT_ARM)):
        over = [_share_on(labels, keypoints, layer, other) for layer, other in ((right, left), (left, right))]
        order += [right, left] if over[0] >= over[1] else [left, right]
    return (*order[:2], TRUNK, HEAD, *order[2:])


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
        for start, end, radius in _axes(keypoints, layer, hem):
            hidden[layer] |= before & _beneath(labels, layer, (x, y), start, end, radius * trunk)
    hidden[TRUNK] |= neck_bar(labels.shape, keypoints, 1.0) & (labels == HEAD)
    return hidden


def joint_caps(labels: np.ndarray, keypoints: np.ndarray, hem: float) -> np.ndarray:
    """bool `l h w`: where each layer shares the photo with its neighbor about the joint between them."""
    import cv2

    caps = np.zeros((len(LAYERS), *labels.shape), np.uint8)
    trunk = trunk_length(keypoints)
    for layer, name in ROOTS:
        x, y, sure = keypoints[KEYPOINTS.index(name)]
        if sure < MIN_CONFIDENCE or not (labels == layer).any() or (hem and layer in (RIGHT_LEG, LEFT_LEG)):
            continue
        radius = round((CAP_LEG if layer in (RIGHT_LEG, LEFT_LEG) else CAP_ARM) * trunk)
        cap = cv2.circle(np.zeros(labels.shape, np.uint8), (round(float(x)), round(float(y))), radius, 1, -1)
        caps[layer] |= cap & (labels == TRUNK)
        caps[TRUNK] |= cap & (labels == layer)
    caps[TRUNK] |= neck_bar(labels.shape, keypoints) & (labels == HEAD)
    return caps > 0


def neck_bar(size: tuple[int, ...], keypoints: np.ndarray, share: float = SURELY_NECK) -> np.ndarray:
    """bool `h w`: from the base of the neck this share of the way to the chin, as wide as a neck."""
    import cv2

    head, trunk = head_axis(keypoints), trunk_length(keypoints)
    bar = np.zeros(size, np.uint8)
    if head is None or keypoints[1, 2] < MIN_CONFIDENCE:
        return bar > 0
    middle, up = head
    base = keypoints[1, :2]
    end = base + share * (middle - CHIN_BELOW * trunk * up - base)
    one, other = ((round(float(x)), round(float(y))) for x, y in (base, end))
    return cv2.line(bar, one, other, 1, max(1, round(2 * THROAT * trunk))) > 0


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


def _beneath(
    labels: np.ndarray,
    layer: int,
    place: tuple[np.ndarray, np.ndarray],
    start: np.ndarray,
    end: np.ndarray,
    radius: float,
) -> np.ndarray:
    """bool `h w`: what lies within the widths of a layer along one axis."""
    axis = end - start
    length = max(float(np.hypot(*axis)), 1.0)
    along = ((place[0] - start[0]) * axis[0] + (place[1] - start[1]) * axis[1]) / length**2
    across = (-(place[0] - start[0]) * axis[1] + (place[1] - start[1]) * axis[0]) / length
    near = (along >= 0) & (along < 1) & (abs(across) < WIDEST * radius)
    own = near & (labels == layer)
    rows = (along[own] * BINS).astype(int)
    sides = (across[own] > 0).astype(int)
    width = np.zeros((2, BINS))
    np.maximum.at(width, (sides, rows), abs(across[own]))

    # Known is a width beyond which there is background.
    middle = (np.arange(BINS) + 0.5) / BINS
    step = width + 0.06 * radius + 1.5
    sign = np.array([-1, 1])[:, None]
    column = start[0] + middle * axis[0] - sign * step * axis[1] / length
    row = start[1] + middle * axis[1] + sign * step * axis[0] / length
    height, breadth = labels.shape
    beyond = labels[row.astype(int).clip(0, height - 1), column.astype(int).clip(0, breadth - 1)]
    outside = (row < 0) | (row >= height) | (column < 0) | (column >= breadth)
    known = (width > 0) & ((beyond < 0) | outside)

    full = width.copy()
    for side in (0, 1):
        if known[side].any():
            guess = np.interp(middle, middle[known[side]], width[side, known[side]])
        else:
            guess = np.full(BINS, radius * 0.8)
        guess = np.where(width[side] > 0, np.minimum(guess, width[side] + FARTHER * radius), guess)
        guess = np.where(known[1 - side], width[1 - side], guess)
        full[side] = np.where(known[side], width[side], np.maximum(width[side], guess))
    full = np.stack([np.convolve(np.pad(one, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid") for one in full])
    limit = np.where(across > 0, *(full[side][(along * BINS).astype(int).clip(0, BINS - 1)] for side in (1, 0)))
    return near & (abs(across) <= limit)


def _share_on(labels: np.ndarray, keypoints: np.ndarray, layer: int, other: int) -> float:
    """The share of a layer's bones that lies on another layer."""
    total, on = 0, 0
    for start, end, _ in _axes(keypoints, layer, 0.0):
        points = start + np.linspace(0.3, 1, 12)[:, None] * (end - start)
        column = points[:, 0].astype(int).clip(0, labels.shape[1] - 1)
        row = points[:, 1].astype(int).clip(0, labels.shape[0] - 1)
        total, on = total + len(points), on + int((labels[row, column] == other).sum())
    return on / max(total, 1)
