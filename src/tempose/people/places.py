"""Backgrounds: studio, wall, room, street, nature, and clutter, painted on a canvas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tempose.people.cloth import spectrum
from tempose.people.person import color


@dataclass
class Canvas:
    """A picture being painted: sRGB `h w 3`, and every pixel's place in units of the height."""

    image: np.ndarray
    x: np.ndarray
    y: np.ndarray
    floor: float

    @staticmethod
    def blank(size: tuple[int, int], floor: float) -> Canvas:
        x = (np.arange(size[1]) + 0.5) / size[0]
        y = (np.arange(size[0]) + 0.5) / size[0]
        x, y = np.meshgrid(x - x.mean(), y)
        return Canvas(np.zeros((*size, 3)), x, y, floor)

    def lay(self, share: np.ndarray | float, tint: np.ndarray) -> None:
        """Cover a share in [0, 1] of each pixel with a color."""
        share = np.clip(np.broadcast_to(share, self.x.shape), 0, 1)[..., None]
        self.image = self.image + share * (tint - self.image)

    def box(self, left: float, top: float, right: float, bottom: float) -> np.ndarray:
        """A mask `h w`, 1 inside a rectangle and 0 outside; its sides in the canvas's coordinates x, y."""
        return ((self.x >= left) & (self.x < right) & (self.y >= top) & (self.y < bottom)).astype(float)

    def noise(self, rng: np.random.Generator, power: float, *, zoom: float = 1.0) -> np.ndarray:
        """1/f^power noise of unit variance, its coarsest wave `zoom` heights long."""
        tile = spectrum(256, power, rng)
        u, v = self.x / zoom * 256 + rng.uniform(0, 256), self.y / zoom * 256 + rng.uniform(0, 256)
        i, j = np.floor(v).astype(int), np.floor(u).astype(int)
        fv, fu = v - i, u - j
        a, b = tile[i % 256, j % 256], tile[i % 256, (j + 1) % 256]
        c, d = tile[(i + 1) % 256, j % 256], tile[(i + 1) % 256, (j + 1) % 256]
        return (1 - fv) * ((1 - fu) * a + fu * b) + fv * ((1 - fu) * c + fu * d)


def quiet_color(rng: np.random.Generator) -> np.ndarray:
    """A color as walls and floors have it."""
    grey = rng.uniform(0.25, 0.95)
    return np.clip(grey + rng.normal(0, 0.05, 3), 0.05, 0.98)


def _plain(canvas: Canvas, rng: np.random.Generator) -> None:
    canvas.lay(1, quiet_color(rng) if rng.uniform() < 0.8 else np.array(color(rng)))


def _gradient(canvas: Canvas, rng: np.random.Generator) -> None:
    first, second = quiet_color(rng), quiet_color(rng)
    canvas.lay(1, first)
    if rng.uniform() < 0.5:
        canvas.lay(canvas.y, second)
    else:
        canvas.lay(np.hypot(canvas.x - rng.uniform(-0.2, 0.2), canvas.y - rng.uniform(0.2, 0.7)) * 1.4, second * 0.6)


def _wall(canvas: Canvas, rng: np.random.Generator) -> None:
    """Plaster, brick, tiles, panels or wallpaper over the whole canvas."""
    base, x, y = quiet_color(rng), canvas.x, canvas.y
    canvas.lay(1, base)
    kind = rng.integers(5)
    if kind == 1:
        rows = rng.integers(18, 40)
        row = np.floor(y * rows)
        column = x * rows / 2.6 + 0.5 * (row % 2)
        brick = np.array([0.58, 0.32, 0.25]) * rng.uniform(0.7, 1.3) if rng.uniform() < 0.6 else base * 0.8
        tone = 1 + 0.16 * np.sin(np.floor(column) * 91.7 + row * 37.3)
        joint = np.minimum((y * rows) % 1, 2.6 * (column % 1)) < 0.14
        canvas.lay(1, brick * tone[..., None])
        canvas.lay(joint.astype(float), base)
    elif kind == 2:
        rows = rng.integers(6, 16)
        joint = np.minimum((y * rows) % 1, (x * rows) % 1) < 0.05
        tone = 1 + 0.05 * np.sin(np.floor(x * rows) * 71.3 + np.floor(y * rows) * 31.9)
        canvas.lay(1, base * tone[..., None])
        canvas.lay(joint.astype(float), base * 0.75)
    elif kind == 3:
        columns = rng.integers(4, 14)
        edge = (x * columns) % 1
        canvas.lay((edge < 0.06) * 0.5, base * 0.5)
        canvas.lay(1, canvas.image * (1 + 0.05 * np.sin(np.floor(x * columns) * 57.1))[..., None])
    elif kind == 4:
        columns, second = rng.integers(8, 24), quiet_color(rng)
        pattern = np.sin(2 * np.pi * columns * x) * (1 if rng.uniform() < 0.5 else np.sin(2 * np.pi * columns * y))
        canvas.lay((pattern > 0.2) * 0.6, second)
    canvas.lay(1, canvas.image * (1 + 0.05 * canvas.noise(rng, 1.2) + 0.03 * canvas.noise(rng, 0.4))[..., None])


def _floor_cover(canvas: Canvas, rng: np.random.Generator, top: float) -> None:
    """A floor below the row `top`, seen in perspective: boards, tiles, carpet or ground."""
    depth = np.maximum(canvas.y - top, 1e-3)
    far = 0.25 / (depth + 0.12)
    u, v = canvas.x * far * 4, far * 6
    base = quiet_color(rng) * rng.uniform(0.5, 1)
    kind = rng.integers(4)
    tone = 1 + 0.06 * canvas.noise(rng, 1.0)
    if kind == 0:
        base = np.array([0.55, 0.38, 0.24]) * rng.uniform(0.6, 1.4)
        board = np.floor(u * 2.2)
        tone = tone * (1 + 0.10 * np.sin(board * 47.7)) * (1 - 0.4 * ((u * 2.2) % 1 < 0.05))
    elif kind == 1:
        tone = tone * (1 - 0.3 * (np.minimum((u * 1.4) % 1, (v * 1.4) % 1) < 0.06))
    elif kind == 2:
        tone = tone + 0.10 * canvas.noise(rng, 0.3)
    below = (canvas.y >= top).astype(float)
    canvas.lay(below, base * np.clip(tone, 0, 2)[..., None])
    canvas.lay(0.35 * np.exp(-(((canvas.y - top) / 0.012) ** 2)), base * 0.4)


def _room(canvas: Canvas, rng: np.random.Generator) -> None:
    """A wall, a floor line above the feet, and a floor."""
    _wall(canvas, rng)
    top = canvas.floor - rng.uniform(0.02, 0.22)
    _floor_cover(canvas, rng, top)
    if rng.uniform() < 0.5:
        canvas.lay(canvas.box(-9, top - 0.03, 9, top), quiet_color(rng))


def _furnished(canvas: Canvas, rng: np.random.Generator) -> None:
    """A room full of things: pictures, shelves, a window, a lamp, plants."""
    _room(canvas, rng)
    base = canvas.floor - 0.10
    for _ in range(rng.integers(4, 12)):
        cx, wide, high = rng.uniform(-0.6, 0.6), rng.uniform(0.05, 0.25), rng.uniform(0.05, 0.4)
        on_floor = rng.uniform() < 0.5
        top = base - high if on_floor else rng.uniform(0.0, 0.5)
        bottom = base + rng.uniform(0, 0.06) if on_floor else top + high
        tint = np.array(color(rng))
        body = canvas.box(cx - wide / 2, top, cx + wide / 2, bottom)
        slope = 1 - 0.25 * (canvas.x - cx) / wide + 0.06 * canvas.noise(rng, 1.1)
        canvas.lay(body, tint * slope[..., None])
        kind = rng.integers(4)
        if kind == 0:
            canvas.lay(
                canvas.box(cx - 0.4 * wide, top + 0.1 * high, cx + 0.4 * wide, bottom - 0.1 * high),
                quiet_color(rng) + 0.12 * canvas.noise(rng, 1.2)[..., None],
            )
        elif kind == 1:
            shelf = (((canvas.y - top) / high * 4) % 1 < 0.12).astype(float)
            canvas.lay(shelf * body, tint * 0.5)
            books = np.sin(np.floor(canvas.x * 90) * 13.7)
            canvas.lay(
                (1 - shelf) * body * 0.7,
                np.stack([0.5 + 0.4 * books, 0.45 + 0.3 * np.roll(books, 7), 0.4 - 0.3 * books], -1),
            )
        elif kind == 2:
            plant = canvas.noise(rng, 0.8, zoom=0.5) - 6 * np.hypot((canvas.x - cx) / 1.2, canvas.y - top) / high
            canvas.lay(
                (plant > -2.2) * 1.0, np.array([0.18, 0.36, 0.16]) * (1 + 0.3 * canvas.noise(rng, 0.7))[..., None]
            )


def _street(canvas: Canvas, rng: np.random.Generator) -> None:
    """Sky, houses, trees and a pavement."""
    horizon = canvas.floor - rng.uniform(0.08, 0.30)
    sky = np.array([0.55, 0.70, 0.90]) if rng.uniform() < 0.6 else np.full(3, 0.85)
    cloud = np.clip(0.5 + 0.5 * canvas.noise(rng, 1.5), 0, 1)
    canvas.lay(1, sky + 0.2 * (cloud * canvas.y)[..., None])
    left = -0.8
    while left < 0.8:
        wide, high = rng.uniform(0.15, 0.5), rng.uniform(0.3, 1.1)
        tint = quiet_color(rng) * np.array([1.0, 0.92, 0.85])
        house = canvas.box(left, horizon - high, left + wide, 9)
        canvas.lay(house, tint * (1 + 0.06 * canvas.noise(rng, 1.0))[..., None])
        count = rng.integers(8, 20)
        window = ((canvas.x * count) % 1 < 0.5) & ((canvas.y * count * 0.7) % 1 < 0.6)
        canvas.lay(house * window * (canvas.y < horizon - 0.06), np.array([0.25, 0.30, 0.36]) * rng.uniform(0.5, 1.8))
        left += wide
    for _ in range(rng.integers(0, 4)):
        cx, cy, size = rng.uniform(-0.6, 0.6), horizon - rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.3)
        canvas.lay(canvas.box(cx - 0.012, cy, cx + 0.012, horizon + 0.02), np.array([0.25, 0.18, 0.13]))
        crown = size * (1 + 0.25 * canvas.noise(rng, 1.0, zoom=0.5)) - np.hypot(canvas.x - cx, canvas.y - cy)
        canvas.lay(crown * 60, np.array([0.22, 0.36, 0.15]) * (1 + 0.35 * canvas.noise(rng, 0.6))[..., None])
    _floor_cover(canvas, rng, horizon)


def _nature(canvas: Canvas, rng: np.random.Generator) -> None:
    """A beach, a meadow, snow or a wood."""
    horizon = canvas.floor - rng.uniform(0.10, 0.45)
    kind = rng.integers(4)
    sky = np.array([0.45, 0.66, 0.92]) * rng.uniform(0.8, 1.1)
    cloud = np.clip(0.6 * canvas.noise(rng, 1.6) - 0.2, 0, 1)
    canvas.lay(1, sky + (0.3 * canvas.y)[..., None] * (1 - sky))
    canvas.lay(cloud, np.full(3, 0.96))
    grounds = ((0.80, 0.72, 0.58), (0.34, 0.46, 0.20), (0.92, 0.94, 0.97), (0.36, 0.32, 0.20))
    far = ((0.20, 0.50, 0.62), (0.24, 0.38, 0.22), (0.70, 0.76, 0.84), (0.16, 0.26, 0.13))[kind]
    hills = 0.06 * canvas.noise(rng, 2.2)[0] * (kind != 0)
    rise = (0.0, 0.10, 0.15, 0.55)[kind]
    back = canvas.y > horizon - rise + hills - 0.05
    canvas.lay(back * 1.0, np.array(far) * (1 + (0.06, 0.22, 0.05, 0.45)[kind] * canvas.noise(rng, 0.8))[..., None])
    rough = canvas.noise(rng, 0.9) + 0.5 * canvas.noise(rng, 0.4)
    canvas.lay((canvas.y > horizon + 0.05 * (kind == 0)) * 1.0, np.array(grounds[kind]) * (1 + 0.09 * rough)[..., None])


def _leaves(canvas: Canvas, rng: np.random.Generator) -> None:
    """Discs and boxes of all sizes one over another: the dead leaves model, with the statistics of
    photographs (Lee, Mumford and Huang 2001, "Occlusion models for natural images").
    """
    canvas.lay(1, quiet_color(rng) + 0.15 * canvas.noise(rng, 1.3)[..., None])
    for _ in range(160):
        size = 0.02 * (1 - rng.uniform() * 0.995) ** -0.5
        size = min(size, 0.35)
        cx, cy = rng.uniform(-0.6, 0.6), rng.uniform(0, 1)
        if rng.uniform() < 0.5:
            inside = np.hypot(canvas.x - cx, (canvas.y - cy) * rng.uniform(0.6, 1.6)) < size
        else:
            turn = rng.uniform(0, np.pi)
            u = (canvas.x - cx) * np.cos(turn) + (canvas.y - cy) * np.sin(turn)
            v = (canvas.y - cy) * np.cos(turn) - (canvas.x - cx) * np.sin(turn)
            inside = (np.abs(u) < size) & (np.abs(v) < size * rng.uniform(0.3, 1))
        tint = np.array(color(rng)) if rng.uniform() < 0.5 else quiet_color(rng)
        canvas.image[inside] = tint + rng.uniform(-0.6, 0.6) * (canvas.y[inside] - cy)[:, None]
    canvas.lay(1, canvas.image * (1 + 0.10 * canvas.noise(rng, 0.9))[..., None])


PAINTERS: dict[str, Callable[[Canvas, np.random.Generator], None]] = {
    "plain": _plain,
    "gradient": _gradient,
    "wall": _wall,
    "room": _room,
    "furnished": _furnished,
    "street": _street,
    "nature": _nature,
    "leaves": _leaves,
}
PLACES = tuple(PAINTERS)
