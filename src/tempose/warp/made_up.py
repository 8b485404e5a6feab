"""Forearms and hands that a photo does not show, made up: in its own colors, plain, with a smooth outline.

A forearm tapers from the elbow to the wrist. A hand is a relaxed one seen from its back, fingers beside each other.
Lengths are in those of the trunk.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

# The parts of a hand, each from a place along the forearm and beside it to another one, with half its width at either
# end: palm, four fingers, thumb.
PARTS = (
    ((0.0, 0.0), (0.12, 0.0), 0.046, 0.062),
    ((0.12, 0.044), (0.235, 0.034), 0.019, 0.015),
    ((0.12, 0.015), (0.262, 0.012), 0.02, 0.016),
    ((0.12, -0.016), (0.252, -0.012), 0.02, 0.016),
    ((0.12, -0.045), (0.215, -0.032), 0.017, 0.013),
    ((0.03, 0.045), (0.14, 0.082), 0.024, 0.016),
)
FINGERS = slice(1, 5)
REACH = 0.3  # beyond the wrist
ROUND = 0.24  # so much darker than in the middle are flesh at its edge, and the gaps between fingers

BINS, STRAY = 24, 9  # along a forearm; colors that go on over fewer of these are of what lies on it
OTHER = 45  # colors farther from the forearm's own than so many of 255 are not its own


class Limb(NamedTuple):
    """Pixels beside a straight line: how far along it they are, and how far to its side, `h w` in pixels."""

    along: np.ndarray
    beside: np.ndarray

    @staticmethod
    def of(size: tuple[int, ...], start: np.ndarray, way: np.ndarray) -> Limb:
        """From x, y of its start, along a unit vector."""
        y, x = np.indices(size, np.float32) + 0.5
        x, y = x - start[0], y - start[1]
        return Limb(x * way[0] + y * way[1], y * way[0] - x * way[1])

    @staticmethod
    def between(size: tuple[int, ...], start: np.ndarray, end: np.ndarray) -> Limb:
        """From one place to another."""
        return Limb.of(size, start, (end - start) / max(float(np.hypot(*(end - start))), 1e-6))

    def depth(self, start: float, end: float, radii: tuple[float, float]) -> np.ndarray:
        """How far inside of a part of it, as wide as told at either end, each pixel is, as share of its radius."""
        share = ((self.along - start) / max(end - start, 1e-6)).clip(0, 1)
        radius = radii[0] + share * (radii[1] - radii[0])
        return np.asarray(1 - np.hypot(self.along - start - share * (end - start), self.beside) / radius)


def hand(limb: Limb, trunk: float, skin: np.ndarray, thumb: float) -> tuple[np.ndarray, np.ndarray]:
    """Alpha float32 `h w` and color uint8 `h w 3` of a hand at the end of a forearm.

    Args:
        limb: from the wrist, along the forearm; trunk: its length in pixels.
        skin: RGB, `3`.
        thumb: 1 or −1, to which side of the line.
    """
    depths = []
    for one, other, start, end in PARTS:
        a, b = (np.array([place[0], place[1] * thumb]) * trunk for place in (one, other))
        way = (b - a) / np.hypot(*(b - a))
        x, y = limb.along - a[0], limb.beside - a[1]
        part = Limb(x * way[0] + y * way[1], y * way[0] - x * way[1])
        depths.append(part.depth(0, float(np.hypot(*(b - a))), (start * trunk, end * trunk)))
    inside = np.stack(depths)
    width = np.array([start for *_, start, _ in PARTS])[:, None, None] * trunk
    alpha = ((inside * width).max(0) + 0.5).clip(0, 1)
    webs = cv2.GaussianBlur((inside[0] > 0).astype(np.float32), (0, 0), max(0.02 * trunk, 0.3))
    edge = (1 - inside.max(0).clip(0, 1)) ** 2
    edge = np.where(inside[FINGERS].max(0) > inside[0].clip(0), edge, edge * (1 - 0.7 * webs))
    return alpha.astype(np.float32), _lit(skin, edge)


def bone(
    limb: Limb, length: float, alpha: np.ndarray, color: np.ndarray, radii: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Alpha and color of a part of an arm, `h w` and `h w 3`, from what its layer has of both.

    Args:
        limb: from its start to its end, `length` pixels.
        radii: half its width at either, pixels.
    """
    inside = limb.depth(0, length, radii)
    share = (limb.along / length).clip(0, 1)
    own, place = (inside > 0) & (alpha > 0.5), (share * BINS).astype(int).clip(0, BINS - 1)
    known = [index for index in range(BINS) if (own & (place == index)).any()]
    if known:
        medians = np.array([np.median(color[own & (place == index)], axis=0) for index in known])
        medians = gaussian_filter1d(median_filter(medians, (STRAY, 1), mode="nearest"), 1.0, axis=0, mode="nearest")
        at = (np.array(known) + 0.5) / BINS
        profile = np.stack([np.interp(share, at, channel) for channel in medians.T], axis=-1)
        profile = _lit(profile, (1 - inside.clip(0, 1)) ** 3)
        foreign = (abs(color.astype(int) - profile).max(-1) > OTHER) | (alpha <= 0.5)
        foreign = cv2.GaussianBlur(foreign.astype(np.float32), (0, 0), max(0.15 * radii[1], 0.3))[..., None]
        color = np.round(color + (1.5 * foreign).clip(0, 1) * (profile.astype(np.float32) - color)).astype(np.uint8)
    return (inside * radii[1] + 0.5).clip(0, 1).astype(np.float32), color


def _lit(color: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """A color, `3` or `h w 3`, darker at the edges: uint8 `h w 3`."""
    return np.round((1 - ROUND * edge.clip(0, 1))[..., None] * color).clip(0, 255).astype(np.uint8)
