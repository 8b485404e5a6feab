"""What is on a chest: a picture, letters, a pocket, or buttons down the front."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tempose.people.cloth import SPAN, Array, Cloth, Rng, soft
from tempose.people.render import Texture

# How far inside a shape each texel lies (metres), and the shape's color.
Shape = tuple[Array, Array]

TILES = 4  # the cloth's tile so many times along either side: more than anybody's girth
HEIGHT = 0.16  # of the middle of the print below the shoulder line, metres


def chest_print(plain: Texture, cloth: Cloth, rng: Rng) -> Texture:
    """The texture of a garment's trunk: `plain`, the texture of its cloth, with a print in the middle."""
    image = np.tile(plain.image, (TILES, TILES, 1))
    texels, span = image.shape[0], TILES * SPAN
    place = (((np.arange(texels) + 0.5) / texels - 0.5) * span).astype(np.float32)
    rows, columns = np.flatnonzero((place > -0.22) & (place < 0.5)), np.flatnonzero(np.abs(place) < 0.20)
    window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    x, y = np.meshgrid(place[columns], place[rows] - np.float32(rng.uniform(-0.02, 0.06)))
    colors = [np.array(c, np.float32) for c in cloth.colors]
    for inside, color in PRINTS[rng.integers(len(PRINTS))](x, y, rng.uniform(0.07, 0.14), colors, rng):
        part = image[window]
        image[window] = part + soft(inside, 1.5 * span / texels)[..., None] * (color - part)
    return Texture(image, (span, span), (span / 2, span / 2 - HEIGHT), cloth.shine, cloth.folds)


def _discs(x: Array, y: Array, size: float, c: list[Array], rng: Rng) -> Iterator[Shape]:
    yield size - np.hypot(x, y), c[1]
    yield 0.6 * size - np.hypot(x - 0.2 * size, y + 0.1 * size), c[2]


def _bars(x: Array, y: Array, size: float, c: list[Array], rng: Rng) -> Iterator[Shape]:
    for row in range(3):
        yield np.minimum(size * 1.2 - np.abs(x), 0.18 * size - np.abs(y - (row - 1) * 0.55 * size)), c[1 + row % 2]


def _letters(x: Array, y: Array, size: float, c: list[Array], rng: Rng) -> Iterator[Shape]:
    for letter in range(5):
        at, stroke = x - (letter - 2) * 0.5 * size, 0.07 * size
        slant, height = rng.uniform(-0.6, 0.6), rng.uniform(-0.3, 0.3) * size
        yield np.minimum(stroke - np.abs(at + 0.13 * size), 0.35 * size - np.abs(y)), c[1]
        yield np.minimum(stroke - np.abs(y - slant * at - height), 0.2 * size - np.abs(at)), c[1]


def _star(x: Array, y: Array, size: float, c: list[Array], rng: Rng) -> Iterator[Shape]:
    points = rng.integers(4, 8)
    yield size * (0.65 + 0.35 * np.cos(points * np.arctan2(y, x))) - np.hypot(x, y), c[1]
    yield 0.3 * size - np.hypot(x, y), c[2]


def _pocket(x: Array, y: Array, size: float, c: list[Array], rng: Rng) -> Iterator[Shape]:
    outside = np.maximum(np.abs(x - 0.085), np.abs(y)) - 0.045
    yield -outside, 0.8 * c[0]
    yield 0.003 - np.abs(outside), 0.4 * c[0]


def _buttons(x: Array, y: Array, size: float, c: list[Array], rng: Rng) -> Iterator[Shape]:
    yield 0.003 - np.abs(x - 0.018), 0.5 * c[0]
    yield 0.009 - np.hypot(x, (y % 0.085) - 0.04), c[1]


Painter = Callable[[Array, Array, float, list[Array], Rng], Iterator[Shape]]
PRINTS: tuple[Painter, ...] = (_discs, _bars, _letters, _star, _pocket, _buttons)
