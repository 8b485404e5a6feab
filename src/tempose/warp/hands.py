"""Never a stick without a hand: where a photo hides one, in a pocket or behind the body, the other one mirrored.

A hand is hidden where its points lie on the person but not on its arm's layer, or where none are found and the layer
shows little beyond the wrist. Then the layer ends at the wrist, and the other arm's hand follows, mirrored about the
forearm.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from tempose.pose.keypoints import MIN_CONFIDENCE
from tempose.warp.cutout import Cutout
from tempose.warp.flesh import LEFT_ARM, RIGHT_ARM, trunk_length

# Elbow, wrist and layer of the right and the left arm.
ARMS = ((3, 4, RIGHT_ARM), (6, 7, LEFT_ARM))
SIDES = ("right", "left")

# Lengths in those of the trunk: how far a hand reaches from its wrist, along the forearm and beside it; how far its
# flesh goes beyond its points; and over how much it goes over into the forearm.
LONG, BESIDE, FLESH, SEAM = 0.42, 0.2, 0.06, 0.04

# A hand is hidden if more than COVERED of its points are on other layers, or if none are found and the layer shows
# less than STUB of the other hand; that is shown if at least WHOLE of its points are on its layer.
COVERED, STUB, WHOLE = 0.6, 0.45, 0.75

# Where the forearm is narrower than THIN of the other one over ABOVE before the wrist, NARROW of it is mirrored too, as
# far as WIDE beside its line.
ABOVE, THIN, NARROW, WIDE = 0.12, 0.6, 0.36, 0.08

MIRRORED = "the photo hides the {} hand: the {} one is shown in its place, mirrored"
RIGID = "the photo hides the {} hand, and shows no other in its place"


class Forearm(NamedTuple):
    """Where a forearm ends: x, y of the wrist in pixels, and the unit vector towards it."""

    wrist: np.ndarray
    along: np.ndarray


class _Arm:
    """The layer of an arm, `h w`; and how far beyond the wrist and beside the forearm's line each pixel is."""

    def __init__(self, forearm: Forearm, alpha: np.ndarray, trunk: float) -> None:
        self.forearm, self.alpha, self.trunk = forearm, alpha, trunk
        y, x = np.indices(alpha.shape, np.float32) + 0.5
        x, y = x - forearm.wrist[0], y - forearm.wrist[1]
        self.beyond = x * forearm.along[0] + y * forearm.along[1]
        self.beside = np.abs(x * forearm.along[1] - y * forearm.along[0])

    def shows(self, start: float, end: float) -> float:
        """How many pixels are shown between two distances beyond the wrist, in lengths of the trunk."""
        there = (self.beyond > start * self.trunk) & (self.beyond < end * self.trunk)
        return float(self.alpha[there & (self.beside < BESIDE * self.trunk)].sum())


def with_hands(cutout: Cutout, hands: np.ndarray | None) -> tuple[Cutout, np.ndarray | None, tuple[str, ...]]:
    """A cutout with hands at both arms as far as the photo shows one, their points, and what is to be said of it.

    Args:
        hands: `2 21 4`, as in `Motion`; None, where nothing is known, changes nothing.
    """
    forearms = [_forearm(cutout.keypoints, elbow, wrist) for elbow, wrist, _ in ARMS]
    if hands is None or None in forearms:
        return cutout, hands, ()
    trunk, size = trunk_length(cutout.keypoints), cutout.matte.shape
    arms = [
        _Arm(forearm, cutout.alpha[layer], trunk)
        for forearm, (*_, layer) in zip(forearms, ARMS, strict=True)
        if forearm
    ]
    shares = [_on_layer(hand, arm.alpha) for hand, arm in zip(hands, arms, strict=True)]
    covered = [_on_layer(hand, cutout.matte * (arm.alpha <= 0.5)) for hand, arm in zip(hands, arms, strict=True)]
    known = [(share or 0) >= WHOLE for share in shares]
    shows = [arm.shows(0, LONG) for arm in arms]
    hidden = [
        share > COVERED if share is not None else known[1 - side] and shows[side] < STUB * shows[1 - side]
        for side, share in enumerate(covered)
    ]
    if not any(hidden):
        return cutout, hands, ()
    side = hidden.index(True)
    if not known[1 - side]:
        return cutout, hands, tuple(RIGID.format(SIDES[each]) for each in range(2) if hidden[each])
    there, given, onto, of = arms[side], arms[1 - side], ARMS[side][2], ARMS[1 - side][2]

    # The hand, and of the forearm what is narrow, as where the body hides a part of it too.
    thin = there.shows(-ABOVE, 0) < THIN * given.shows(-ABOVE, 0)
    start = -NARROW * trunk if thin else 0.0
    part = _hand(hands[1 - side], size, FLESH * trunk)
    if thin:
        part = np.maximum(
            part, (given.beyond > start - SEAM * trunk) & (given.beyond < 0) & (given.beside < WIDE * trunk)
        )
    to, along = given.forearm, there.forearm.along
    mirror = np.outer(along, to.along) - np.outer(_across(along), _across(to.along))
    way = np.column_stack([mirror, there.forearm.wrist - 0.5 - mirror @ (to.wrist - 0.5)])  # in middles of pixels
    alpha = cv2.warpAffine(part * given.alpha, way, size[::-1])
    color = cv2.warpAffine(cutout.color[of], way, size[::-1], borderMode=cv2.BORDER_REPLICATE)

    near = (alpha > 0) | (there.beyond < LONG * trunk) & (there.beside < BESIDE * trunk)
    share = (near * ((there.beyond - start) / (SEAM * trunk) + 0.5).clip(0, 1)).astype(np.float32)
    alphas, colors = cutout.alpha.copy(), cutout.color.copy()
    alphas[onto] += share * (alpha - alphas[onto])
    colors[onto] = np.round(colors[onto] + share[..., None] * (color.astype(np.float32) - colors[onto]))
    hands = hands.copy()
    hands[side] = hands[1 - side]
    hands[side, :, :2] = (hands[side, :, :2] - to.wrist) @ mirror.T + there.forearm.wrist
    return replace(cutout, alpha=alphas, color=colors), hands, (MIRRORED.format(SIDES[side], SIDES[1 - side]),)


def _forearm(keypoints: np.ndarray, elbow: int, wrist: int) -> Forearm | None:
    """That of a person, where the photo shows it."""
    way = keypoints[wrist, :2] - keypoints[elbow, :2]
    if keypoints[[elbow, wrist], 2].min() < MIN_CONFIDENCE or not way.any():
        return None
    return Forearm(keypoints[wrist, :2].astype(np.float64), way / np.linalg.norm(way))


def _across(along: np.ndarray) -> np.ndarray:
    return np.array([-along[1], along[0]])


def _on_layer(hand: np.ndarray, alpha: np.ndarray) -> float | None:
    """The share of a hand's points, `21 4`, that lie on a layer; None without any."""
    if not (hand[:, 2] >= MIN_CONFIDENCE).all():
        return None
    height, width = alpha.shape
    column, row = np.round(hand[:, :2] - 0.5).astype(int).T
    return float((alpha[row.clip(0, height - 1), column.clip(0, width - 1)] > 0.5).mean())


def _hand(points: np.ndarray, size: tuple[int, int], flesh: float) -> np.ndarray:
    """Where a hand's points `21 4` are, and its flesh about them: float32 `h w` of 0 and 1."""
    found = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(found, cv2.convexHull(np.round(points[:, :2]).astype(np.int32)), 1)
    return (cv2.distanceTransform(1 - found, cv2.DIST_L2, 5) <= flesh).astype(np.float32)
