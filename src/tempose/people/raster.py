"""Triangles to samples, in plain numpy: which triangle each sample of a picture sees, and where on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples that see the surface, `n` of `height · width`.

    Attributes:
        place: index of the sample, row by row.
        corners: `n 3`: the points of the triangle it sees.
        share: float32 `n 3`: the weights of these corners, which sum to 1.
        depth: float32 `height · width`: the distance of what is seen, infinite where nothing is.
    """

    place: np.ndarray
    corners: np.ndarray
    share: np.ndarray
    depth: np.ndarray

    def of(self, values: np.ndarray) -> np.ndarray:
        """Values of the points, `v …`, at the samples, `n …`."""
        values = values[:, None] if values.ndim == 1 else values
        a, b, c = (values[self.corners[:, i]] for i in range(3))
        return a * self.share[:, :1] + b * self.share[:, 1:2] + c * self.share[:, 2:]


def rasterise(
    points: np.ndarray, triangles: np.ndarray, *, cut: np.ndarray, lined: np.ndarray, size: tuple[int, int]
) -> Samples:
    """Project-and-fill with a depth buffer; sample (row, column) lies at (column + ½, row + ½).

    Args:
        points: float32 `v 3`: x and y in samples, and the distance from the eye.
        triangles: `t 3`; of those that turn their back, only the `lined` (`t`) are seen.
        cut: `v`: the surface exists where this, interpolated, is not negative.
        size: (height, width) in samples.
    """
    height, width = size
    x, y, z = np.ascontiguousarray(points.T)
    i, j, k = triangles.T
    x0, y0 = x[i], y[i]
    e1x, e1y, e2x, e2y = x[j] - x0, y[j] - y0, x[k] - x0, y[k] - y0
    area = e2x * e1y - e1x * e2y
    left = np.maximum(np.ceil(np.minimum(np.minimum(e1x, e2x), 0) + x0 - 0.5), 0).astype(np.int32)
    right = np.minimum(np.floor(np.maximum(np.maximum(e1x, e2x), 0) + x0 - 0.5), width - 1).astype(np.int32)
    top = np.maximum(np.ceil(np.minimum(np.minimum(e1y, e2y), 0) + y0 - 0.5), 0).astype(np.int32)
    bottom = np.minimum(np.floor(np.maximum(np.maximum(e1y, e2y), 0) + y0 - 0.5), height - 1).astype(np.int32)
    exists = np.maximum(np.maximum(cut[i], cut[j]), cut[k]) >= 0
    seen = np.flatnonzero((np.abs(area) > 1e-9) & ((area > 0) | lined) & (right >= left) & (bottom >= top) & exists)

    # One entry for each row of each triangle, then the span of samples between its edges in that row.
    rows = bottom[seen] - top[seen] + 1
    owner = np.repeat(seen, rows)
    row = _counted(rows) + np.repeat(top[seen], rows)
    inverse = 1 / np.where(np.abs(area) > 1e-9, area, 1)
    b1x, b1y = -e2y * inverse, e2x * inverse  # slopes of the weights of corners 1 and 2
    b2x, b2y = e1y * inverse, -e1x * inverse
    dy = row.astype(np.float32) + np.float32(0.5) - y0[owner]
    at_x0_1, at_x0_2 = dy * b1y[owner], dy * b2y[owner]
    low = left[owner].astype(np.float32) + np.float32(0.5) - x0[owner]
    high = right[owner].astype(np.float32) + np.float32(0.5) - x0[owner]
    for slope, value in ((b1x[owner], at_x0_1), (b2x[owner], at_x0_2), (-(b1x + b2x)[owner], 1 - at_x0_1 - at_x0_2)):
        steep = np.abs(slope) > 1e-12
        crossing = -value / np.where(steep, slope, 1)
        low = np.where(steep & (slope > 0), np.maximum(low, crossing), low)
        high = np.where(steep & (slope < 0), np.minimum(high, crossing), high)
        high = np.where(~steep & (value < 0), -np.inf, high)
    start = np.ceil(low + x0[owner] - np.float32(0.5) - np.float32(1e-4))
    count = np.floor(high + x0[owner] - np.float32(0.5) + np.float32(1e-4)) - start + 1
    start = np.maximum(start, left[owner])
    count = np.clip(np.nan_to_num(count, neginf=0), 0, right[owner] - start + 1).astype(np.int32)

    filled = np.flatnonzero(count > 0)
    count = count[filled]
    column = _counted(count) + np.repeat(start[filled].astype(np.int32), count)
    line = np.repeat(filled, count)
    owner, row = owner[line], row[line]
    dx = column.astype(np.float32) + np.float32(0.5) - x0[owner]
    share1 = at_x0_1[line] + dx * b1x[owner]
    share2 = at_x0_2[line] + dx * b2x[owner]
    depth0 = z[i]
    depth = depth0[owner] + share1 * (z[j] - depth0)[owner] + share2 * (z[k] - depth0)[owner]
    place = row * np.int32(width) + column

    partly = np.minimum(np.minimum(cut[i], cut[j]), cut[k]) < 0
    doubtful = np.flatnonzero(partly[owner])
    if len(doubtful):
        who, s1, s2 = owner[doubtful], share1[doubtful], share2[doubtful]
        c0 = cut[i][who]
        value = c0 + s1 * (cut[j][who] - c0) + s2 * (cut[k][who] - c0)
        depth[doubtful[value < 0]] = np.inf

    nearest = np.full(height * width, np.inf, dtype=np.float32)
    np.minimum.at(nearest, place, depth)
    winner = np.full(height * width, -1, dtype=np.int32)
    front = np.flatnonzero((depth == nearest[place]) & np.isfinite(depth))
    winner[place[front]] = front
    covered = np.flatnonzero(winner >= 0)
    best = winner[covered]
    s1, s2 = share1[best], share2[best]
    return Samples(covered, triangles[owner[best]], np.stack([1 - s1 - s2, s1, s2], axis=-1), nearest)


def _counted(counts: np.ndarray) -> np.ndarray:
    """0 … c−1 for every count c, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0, dtype=np.int32) - np.repeat((ends - counts).astype(np.int32), counts)
