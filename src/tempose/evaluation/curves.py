"""Curves over time as inline SVG: no script, no font, colors from the page's style sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT = 460, 230
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 12, 34

# Classes of lines in the order of drawing: the page's style sheet gives each a color and dashes.
LINES = 8

# A frame or a value → its coordinate in the picture.
Place = Callable[[float], float]


def chart(curves: Mapping[str, np.ndarray], *, title: str, joins: Sequence[int] = (), first: int = 0) -> str:
    """Curves over generated frames as an SVG element.

    Args:
        curves: label → values over the frames; NaN is a gap.
        title: what is drawn; read aloud in place of the picture.
        joins: frames that get a tick below the axis: where windows may join.
        first: the class of the first line.
    """
    known = np.concatenate([values[np.isfinite(values)] for values in curves.values()])
    ticks = nice_ticks(float(known.min()), float(known.max()))
    low, high = min(ticks[0], float(known.min())), max(ticks[-1], float(known.max()))
    last = max(len(values) for values in curves.values()) - 1

    def across(frame: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * frame / max(last, 1)

    def down(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    parts = []
    for tick in ticks:
        y = down(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    base = HEIGHT - BOTTOM
    parts += [
        f'<line class="join" x1="{across(join - 0.5):.1f}" x2="{across(join - 0.5):.1f}" y1="{base}" y2="{base + 5}"/>'
        for join in joins
    ]
    for frame in sorted({0, last // 2, last}):
        parts.append(f'<text x="{across(frame):.1f}" y="{base + 18}" text-anchor="middle">{frame + 1}</text>')
    for index, values in enumerate(curves.values(), start=first):
        parts += [
            f'<polyline class="line line-{index % LINES}" points="{points}"/>'
            for points in strokes(values, across, down)
        ]
    name = escape(title, quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">{"".join(parts)}</svg>'


def strokes(values: np.ndarray, across: Place, down: Place) -> list[str]:
    """The unbroken pieces of a curve as lists of points."""
    pieces: list[list[str]] = [[]]
    for frame, value in enumerate(values):
        if np.isfinite(value):
            pieces[-1].append(f"{across(frame):.1f},{down(float(value)):.1f}")
        elif pieces[-1]:
            pieces.append([])
    return [" ".join(piece) for piece in pieces if piece]


def nice_ticks(low: float, high: float, *, about: int = 4) -> list[float]:
    """Round numbers, a step of 1, 2 or 5 apart, around a range; two at least."""
    if high - low < 1e-12:
        reach = max(abs(high) * 0.1, 1e-3)
        low, high = low - reach, high + reach
    rough = (high - low) / about
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return [round(float(step * k), 12) for k in np.arange(first, last + 1)]
