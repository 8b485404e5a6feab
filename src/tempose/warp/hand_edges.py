"""The edge of a hand told anew: where it lies on clothes, its layer holds what of these is next to it.

A pixel at the edge is a mixture of the hand's color nearby and of what is behind it, both of which are known: its place
between the two tells how much of it the hand is. Lightness counts little: hands and clothes lie in each other's shade.
"""

from __future__ import annotations

import cv2
import numpy as np

from tempose.warp.background import near_fill
from tempose.warp.hand_flesh import half_lit

# In lengths of the trunk: how wide the edge is, and how deep what is no hand reaches into its layer.
RIM, DEEP = 0.035, 0.08

FOREIGN, OWN = 0.25, 0.6  # shares of the hand in a pixel below which it is none, and from which on it is all
LIGHT = 0.4  # of half the lightness, counted beside a and b
UNLIKE = 25.0  # what differs so much from the hand nearby is no hand, whatever is behind it
APART, PRINTED = (
    8.0,
    12.0,
)  # else nothing is told where hand and clothes differ by less, or clothes by more in themselves


def cleared(
    alpha: np.ndarray, color: np.ndarray, behind: np.ndarray, hand: np.ndarray, trunk: float
) -> tuple[np.ndarray, np.ndarray]:
    """The alpha, float32 `h w`, and color, uint8 `h w 3`, of an arm's layer whose hand has a clean edge.

    Args:
        behind: what would be seen without the arm, uint8 `h w 3`.
        hand: bool `h w`: where the hand and its edge may be.
        trunk: its length in pixels.
    """
    rim = max(RIM * trunk, 1.5)
    top, left = (max(0, int(np.flatnonzero(hand.any(axis))[0] - rim)) for axis in (1, 0))
    bottom, right = (int(np.flatnonzero(hand.any(axis))[-1] + rim) + 1 for axis in (1, 0))
    part = slice(top, bottom), slice(left, right)
    before, shown, behind, hand = alpha[part], color[part], behind[part], hand[part]
    there = before > 0.5
    within = cv2.distanceTransform(np.pad(there, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    middle = hand & (within > rim)
    if not middle.any():
        return alpha, color
    own = hand & there & (_share(shown, behind, middle, rim) > OWN)
    if 2 * own.sum() < middle.sum():
        return alpha, color
    own = cv2.erode(own.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0  # without what is mixed already
    share = np.where(hand, _share(shown, behind, own, rim), 1)
    foreign = _together(~there | ((share < FOREIGN) & (within <= DEEP * trunk)), ~there)
    edge = hand & (share < 1) & (cv2.distanceTransform((~foreign).astype(np.uint8), cv2.DIST_L2, 5) <= rim)
    now = np.where(edge, before * ((share - FOREIGN) / (OWN - FOREIGN)).clip(0, 1), before)
    now *= ~hand | _together(now > 0, middle)
    if (now == before).all():
        return alpha, color
    alpha, color = alpha.copy(), color.copy()
    alpha[part] = now
    mixed = edge * ((1 - share) / (1 - OWN)).clip(0, 1)
    color[part] = np.round(shown + mixed[..., None] * (near_fill(shown, own & ~edge).astype(np.float32) - shown))
    return alpha, color


def _share(color: np.ndarray, behind: np.ndarray, known: np.ndarray, about: float) -> np.ndarray:
    """How much of each pixel the hand is, whose color is known at some: `h w`, 1 where it cannot be told.

    Args:
        about: within how many pixels clothes are looked at.
    """
    own, other, seen = (half_lit(each) * (LIGHT, 1, 1) for each in (near_fill(color, known), behind, color))
    way = own - other
    share = ((seen - other) * way).sum(-1) / (way**2).sum(-1).clip(1e-6)
    spread = cv2.GaussianBlur(other**2, (0, 0), about) - cv2.GaussianBlur(other, (0, 0), about) ** 2
    told = (np.linalg.norm(way, axis=-1) >= APART) & (spread.sum(-1) < PRINTED**2)
    return np.where(told, share, np.linalg.norm(seen - own, axis=-1) < UNLIKE)


def _together(mask: np.ndarray, some: np.ndarray) -> np.ndarray:
    """What of a mask hangs together with some of it, bool `h w`."""
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return np.asarray(np.isin(parts, np.unique(parts[some & mask])) & mask)
