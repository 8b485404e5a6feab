"""Where the points of a mesh over the photo have moved, the photo is looked up elsewhere.

A mesh is drawn where its points have gone, each triangle with where its corners came from: the way back, as an offset
from every place of a fine grid over the photo. What turns away is not drawn, and of what lies over each other the
nearest is (a z-buffer: Catmull, "A Subdivision Algorithm for Computer Display of Curved Surfaces", 1974). A mesh whose
outermost points stay where they were moves nothing beyond them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tempose.media.crop import Crop
from tempose.warp.bones import HEAD_BONE

CELLS, MOST_CELLS = 1.5, 320  # for a pixel, and across the grid
TINY, LITTLE = 1e-6, 1e-4  # smaller areas are none; as far beyond the edges of a triangle cells still count
JUMP = 1.0  # pixels: from so much on the way back differs within a pixel because one part ends before another


@dataclass(frozen=True, eq=False)
class MeshMotion:
    """Where the points of a mesh over a photo's face go, as if the head stayed where it is.

    Attributes:
        photo: float32 `v 2`: x, y in pixels of the photo.
        moved: float32 `f v 3`: x, y, and how much farther from the camera.
        shade: float32 `f v` in [0, 1]: how much of it is its `color`.
        triangles: int64 `t 3`: indices of points; in the photo they turn from x towards y.
        color: float32 `v 3` in [0, 255].
    """

    photo: np.ndarray
    moved: np.ndarray
    shade: np.ndarray
    triangles: np.ndarray
    color: np.ndarray

    bone = HEAD_BONE
    """Along which of the bones of the layers it is seen."""

    def __len__(self) -> int:
        return len(self.moved)

    def cropped(self, part: Crop, size: tuple[int, int]) -> MeshMotion:
        """The same in a part of the photo, shown at `size`."""
        return self.scaled(size[1] / part.width, size[0] / part.height, start=(part.left, part.top))

    def scaled(self, across: float, down: float, *, start: tuple[int, int] = (0, 0)) -> MeshMotion:
        """The same over a photo that is larger by these factors, and begins elsewhere."""
        scale, first = np.array([across, down, np.sqrt(across * down)]), np.array([*start, 0])
        moved, photo = (self.moved - first) * scale, (self.photo - first[:2]) * scale[:2]
        return replace(self, photo=photo.astype(np.float32), moved=moved.astype(np.float32))

    def frame(self, index: int) -> MeshMotion:
        """One frame of it."""
        return replace(self, moved=self.moved[index : index + 1], shade=self.shade[index : index + 1])

    def way_back(self) -> WayBack:
        """Of a single frame."""
        moved, shade = self.moved[0], self.shade[0]
        places = np.concatenate([self.photo, moved[:, :2]])
        low, high = places.min(0) - 1, places.max(0) + 1
        side = int(min(MOST_CELLS, max(8.0, CELLS * float((high - low).max()) + 1)))
        cell = (high - low) / (side - 1)
        drawn = np.concatenate([(moved[:, :2] - low) / cell, moved[:, 2:]], axis=1)
        shade = shade[:, None]
        values = np.concatenate([self.photo - moved[:, :2], shade, shade * (self.color / 127.5 - 1)], axis=1)
        found = np.ascontiguousarray(_drawn(drawn, values, self.triangles, side))
        around = np.ones((5, 5), np.uint8)
        steep = (cv2.dilate(found, around) - cv2.erode(found, around))[..., :2].max(-1) > JUMP
        return WayBack(
            torch.from_numpy(found).movedim(-1, 0)[None].contiguous(),
            torch.from_numpy(steep),
            torch.from_numpy(low)[:, None],
            torch.from_numpy(cell)[:, None],
        )


class WayBack(NamedTuple):
    """From places of a photo to where what is seen there comes from."""

    values: Tensor
    """`1 6 cells cells`: x, y in pixels, the shade, and its color in [-1, 1] times it."""
    steep: Tensor
    """`cells cells`, bool: whether the way may jump within half a pixel."""
    start: Tensor
    """`2 1`: the middle of the first cell, pixels."""
    cell: Tensor
    """`2 1`: width and height of a cell, pixels."""
    between: str = "bilinear"
    """How it goes between the middles of cells; "nearest", where of parts that jump none may lie between."""

    def holds(self, places: Tensor) -> Tensor:
        """Whether places `2 m`, x and y in pixels of the photo, lie on the grid: `m`."""
        cells = (places - self.start) / self.cell
        return ((cells >= 0) & (cells <= len(self.steep) - 1)).all(0)

    def at(self, places: Tensor) -> Tensor:
        """Offset, shade and its color times it at places `2 m`: `6 m`; nothing beyond the grid."""
        grid = (places - self.start) / self.cell * (2 / (len(self.steep) - 1)) - 1
        return F.grid_sample(self.values, grid.T[None, None], mode=self.between, align_corners=True)[0, :, 0]

    def jumps(self, places: Tensor) -> Tensor:
        """Whether the way may jump within half a pixel about places `2 m` on the grid: `m`."""
        column, row = ((places - self.start) / self.cell).round().long().clamp(0, len(self.steep) - 1)
        return self.steep[row, column]


def _drawn(places: np.ndarray, values: np.ndarray, triangles: np.ndarray, side: int) -> np.ndarray:
    """Triangles drawn on a grid: float32 `side side c`, 0 where none is.

    Args:
        places: `v 3`: x, y in cells, depth.
        values: `v c`.
    """
    places = places.astype(np.float32)
    corners = places[triangles, :2]
    ab, ad = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = ab[:, 0] * ad[:, 1] - ab[:, 1] * ad[:, 0]
    shown = np.flatnonzero(area > TINY)
    triangles, corners, ab, ad, area = (each[shown] for each in (triangles, corners, ab, ad, area))
    low = np.ceil(corners.min(1)).clip(0, side - 1).astype(np.int32)
    extent = (np.floor(corners.max(1)).clip(0, side - 1).astype(np.int32) - low + 1).clip(0)
    counts = extent[:, 0] * extent[:, 1]
    which = np.arange(len(corners), dtype=np.int32).repeat(counts)
    within = np.arange(len(which), dtype=np.int32) - (counts.cumsum() - counts).astype(np.int32)[which]
    down, across = np.divmod(within, extent[which, 0])

    # How near its second and third corner every cell is (barycentric coordinates); outside, one of three is negative.
    steps = np.stack([ad[:, 1], -ab[:, 1], -ad[:, 0], ab[:, 0]]) / area  # of both, along x and along y
    first = low - corners[:, 0]
    second, third = (steps[i] * first[:, 0] + steps[i + 2] * first[:, 1] for i in range(2))
    second, third = (
        start[which] + steps[i][which] * across + steps[i + 2][which] * down for i, start in enumerate((second, third))
    )
    keep = np.flatnonzero((second >= -LITTLE) & (third >= -LITTLE) & (second + third <= 1 + LITTLE))
    which, second, third = which[keep], second[keep], third[keep]
    spot = (low[which, 1] + down[keep]) * side + low[which, 0] + across[keep]

    def between(points: np.ndarray) -> np.ndarray:
        """Values of points `v …` at every cell."""
        a, b, d = (points[triangles[:, i]] for i in range(3))
        shape = (-1, *[1] * (points.ndim - 1))
        return a[which] + (b - a)[which] * second.reshape(shape) + (d - a)[which] * third.reshape(shape)

    # The nearest triangle of every cell; of two in the same place the first: it is written last.
    last = np.argsort(-between(places[:, 2])[::-1], kind="stable")
    found = np.zeros((side * side, values.shape[1]), np.float32)
    found[spot[::-1][last]] = between(values.astype(np.float32))[::-1][last]
    return found.reshape(side, side, -1)
