"""Cloth: patterns as tiles of SPAN metres that repeat without a seam.

Patterns are painted in metres, so the same cloth looks the same at every resolution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SPAN = 0.5  # metres of cloth on one tile
TEXELS = 256  # texels along its side

Color = tuple[float, float, float]
Array = np.ndarray
Rng = np.random.Generator


@dataclass(frozen=True)
class Cloth:
    """A cloth: `pattern` (of PATTERNS) in three `colors` (sRGB), its `scale` around 1, and how it takes light."""

    pattern: str
    colors: tuple[Color, Color, Color]
    scale: float
    chest_print: bool
    shine: float
    folds: float
    seed: int

    def tile(self) -> np.ndarray:
        """float32 `TEXELS TEXELS 3`, sRGB in [0, 1]."""
        rng = np.random.default_rng([self.seed, 11])
        place = (np.arange(TEXELS) + 0.5) / TEXELS
        x, y = np.meshgrid(place, place)
        colors = [np.array(c) for c in self.colors]
        tile = _PAINTERS[self.pattern](x, y, colors, self.scale, rng)
        weave = 1 + 0.05 * spectrum(TEXELS, 0.4, rng)[..., None] + 0.03 * spectrum(TEXELS, 1.2, rng)[..., None]
        return np.clip(tile * weave, 0, 1).astype(np.float32)


def spectrum(size: int, power: float, rng: np.random.Generator) -> np.ndarray:
    """Noise `size size` of unit variance that repeats without a seam, amplitude falling as 1/f^power.

    Photographs have a power near 1 (Field 1987, "Relations between the statistics of natural images").
    """
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    frequency = np.hypot(fx, fy)
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) / frequency**power, s=(size, size))
    return noise / noise.std()


def soft(edge: np.ndarray, width: float = 1.5 / TEXELS) -> np.ndarray:
    """0 → 1 around 0, as wide as a texel or two."""
    return np.clip(0.5 + edge / width, 0, 1)


def _mixed(share: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first + share[..., None] * (second - first)


def _bars(u: np.ndarray, count: int, share: float) -> np.ndarray:
    """`count` bars along u that cover `share` of it."""
    return soft(share / 2 - np.abs((u * count) % 1 - 0.5), 1.5 * count / TEXELS)


def _discs(x: np.ndarray, y: np.ndarray, places: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Which disc (index, −1 none) covers each texel, the last on top; the tile repeats."""
    owner = np.full(x.shape, -1)
    for index, ((cx, cy), radius) in enumerate(zip(places, radii, strict=True)):
        dx, dy = (x[:1] - cx + 0.5) % 1 - 0.5, (y[:, :1] - cy + 0.5) % 1 - 0.5
        np.putmask(owner, dx * dx + dy * dy < radius * radius, index)
    return owner


def _solid(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    return np.broadcast_to(c[0], (*x.shape, 3))


def _rows(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    return _mixed(_bars(y, max(2, round(rng.uniform(5, 16) / scale)), rng.uniform(0.25, 0.6)), c[0], c[1])


def _columns(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    return _mixed(_bars(x, max(2, round(rng.uniform(5, 18) / scale)), rng.uniform(0.1, 0.6)), c[0], c[1])


def _checks(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    count = max(2, round(rng.uniform(4, 12) / scale))
    base = _mixed(0.5 * (_bars(x, count, 0.5) + _bars(y, count, 0.5)), c[0], c[1])
    thin = np.maximum(_bars(x + 0.5 / count, count, 0.08), _bars(y + 0.5 / count, count, 0.08))
    return _mixed(thin * 0.8, base, c[2])


def _dots(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    count = 2 * max(2, round(rng.uniform(4, 9) / scale))
    row = np.floor(y * count)
    u, v = (x * count + 0.5 * (row % 2)) % 1 - 0.5, (y * count) % 1 - 0.5
    return _mixed(soft(rng.uniform(0.15, 0.36) - np.hypot(u, v), 2.5 * count / TEXELS), c[0], c[1])


def _gradient(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    return _mixed(0.5 - 0.5 * np.cos(2 * np.pi * y), c[0], c[1])


def _flowers(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    tile = np.array(np.broadcast_to(c[0], (*x.shape, 3)))
    for index in range(int(26 / scale**2) + 6):
        cx, cy, turn = rng.uniform(size=3)
        size = scale * rng.uniform(0.035, 0.09)
        near = np.arange(-int(1.7 * size * TEXELS), int(1.7 * size * TEXELS) + 1)
        patch = np.ix_((near + int(cy * TEXELS)) % TEXELS, (near + int(cx * TEXELS)) % TEXELS)
        dx, dy = np.meshgrid(near / TEXELS, near / TEXELS)
        radius, angle = np.hypot(dx, dy), np.arctan2(dy, dx) + 2 * np.pi * turn
        petals = soft(size * (0.62 + 0.38 * np.abs(np.cos(2.5 * angle))) - radius)
        leaf = soft(0.35 * size - np.abs(dx * np.sin(turn) + dy * np.cos(turn))) * soft(1.5 * size - radius)
        tint = c[1] if index % 3 else c[2]
        flower = _mixed(0.7 * leaf, tile[patch], np.array([0.25, 0.42, 0.22]))
        flower = _mixed(petals, flower, np.clip(tint * (0.8 + 0.4 * radius / size)[..., None], 0, 1))
        tile[patch] = _mixed(soft(0.25 * size - radius), flower, np.array([0.95, 0.80, 0.30]))
    return tile


def _camouflage(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    noise = [spectrum(TEXELS, 1.9, rng) + 0.15 * spectrum(TEXELS, 1.2, rng) for _ in range(3)]
    natural = np.array([[0.36, 0.38, 0.24], [0.55, 0.50, 0.36], [0.22, 0.20, 0.15], [0.28, 0.34, 0.20]])
    own = np.stack([c[0], c[1], c[2], 0.5 * c[0]])
    palette = natural if rng.uniform() < 0.5 else own
    tile = np.array(np.broadcast_to(palette[0], (*x.shape, 3)))
    for layer, tint in zip(noise, palette[1:], strict=True):
        tile = _mixed(soft(layer - 0.45, 0.08), tile, tint)
    return tile


def _denim(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    blue = np.array([0.20, 0.30, 0.48]) * rng.uniform(0.5, 1.5)
    wash = spectrum(TEXELS, 1.6, rng)
    twill = np.sin(2 * np.pi * 64 * (x + y)) * 0.06 + 0.10 * spectrum(TEXELS, 0.2, rng)
    return np.clip(blue * (1 + 0.12 * wash + twill)[..., None] + 0.03 * np.maximum(wash, 0)[..., None], 0, 1)


def _knit(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    count = 2 * max(3, round(11 / scale))
    ribs = np.abs(np.sin(np.pi * count * x))
    stitch = 0.5 + 0.5 * np.sin(2 * np.pi * (2 * count * y + 0.6 * np.abs((count * x) % 1 - 0.5)))
    return c[0] * (0.72 + 0.22 * ribs + 0.10 * stitch)[..., None]


def _photo(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    channels = np.stack([spectrum(TEXELS, 1.0, rng) for _ in range(3)], axis=-1)
    common = spectrum(TEXELS, rng.uniform(0.8, 1.3), rng)[..., None]
    return np.clip(c[0] * 0.6 + c[1] * 0.4 + 0.15 * common + 0.07 * channels, 0, 1)


def _leopard(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    noise = spectrum(TEXELS, 0.9, rng)
    fy, fx = np.fft.fftfreq(TEXELS)[:, None] * TEXELS, np.fft.rfftfreq(TEXELS)[None] * TEXELS
    ring = np.exp(-(((np.hypot(fx, fy) - 13 / scale) / 3.5) ** 2))
    blobs = np.fft.irfft2(np.fft.rfft2(noise) * ring, s=noise.shape)
    blobs /= blobs.std()
    tile = _mixed(soft(blobs - 0.5, 0.2), c[0], 0.4 * c[0] + 0.2 * c[1])
    return _mixed(soft(blobs - 1.0, 0.2), tile, c[1])


def _lattice(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    count = 2 * max(2, round(5 / scale))
    a, b = np.abs((count * (x + y)) % 1 - 0.5), np.abs((count * (x - y)) % 1 - 0.5)
    tile = _mixed(soft(np.maximum(a, b) - 0.44, 0.04), c[0], c[1])
    return _mixed(soft(0.16 - np.maximum(0.5 - a, 0.5 - b), 0.05), tile, c[2])


def _patches(x: Array, y: Array, c: list[Array], scale: float, rng: Rng) -> Array:
    count = max(10, int(40 / scale))
    owner = _discs(x, y, rng.uniform(size=(count, 2)), rng.uniform(0.05, 0.22, size=count) * scale)
    tints = np.concatenate([np.stack(c), np.clip(np.stack(c) * rng.uniform(0.5, 1.5, size=(3, 1)), 0, 1)])
    return tints[(owner + 1) % len(tints)]


Painter = Callable[[Array, Array, list[Array], float, Rng], Array]
_PAINTERS: dict[str, Painter] = {
    "solid": _solid,
    "rows": _rows,
    "columns": _columns,
    "checks": _checks,
    "dots": _dots,
    "gradient": _gradient,
    "flowers": _flowers,
    "camouflage": _camouflage,
    "denim": _denim,
    "knit": _knit,
    "photo": _photo,
    "leopard": _leopard,
    "lattice": _lattice,
    "patches": _patches,
}
PATTERNS = tuple(_PAINTERS)
