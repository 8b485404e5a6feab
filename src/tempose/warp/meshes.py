"""Where the points of a mesh over the photo have moved, the photo is looked up elsewhere.

A mesh is drawn where its points have gone, each triangle with where its corners came from: the way back, as an offset
from every place of a fine grid over the photo. What turns away is not drawn, and of what lies over each other the
nearest is (a z-buffer: Catmull, "A Subdivision Algorithm for Computer Display of Curved Surfaces", 1974). A mesh whose
outermost points stay where they were moves nothing beyond them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tempose.media.crop import Crop

CELLS, MOST_CELLS = 1.5, 320  # for a pixel, and across the grid
TINY = 1e-6


@dataclass(frozen=True, eq=False)
class MeshMotion:
    """Where the points of a mesh over a photo go, as if the part of the body that it lies on stayed where it is.

    Attributes:
        photo: float32 `v 2`: x, y in pixels of the photo.
        moved: float32 `f v 3`: x, y, and how much farther from the camera.
        shade: float32 `f v` in [0, 1]: how much of it is `color`, or without one hidden.
        triangles: int64 `t 3`: indices of points; in the photo they turn from x towards y.
        color: float32 `3` in [0, 255], if any.
    """

    photo: np.ndarray
    moved: np.ndarray
    shade: np.ndarray
    triangles: np.ndarray
    color: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.moved)

    def cropped(self, part: Crop, size: tuple[int, int]) -> MeshMotion:
        """The same in a part of the photo, shown at `size`."""
        across, down = size[1] / part.width, size[0] / part.height
        scale, start = np.array([across, down, np.sqrt(across * down)]), np.array([part.left, part.top, 0])
        moved, photo = (self.moved - start) * scale, (self.photo - start[:2]) * scale[:2]
        return replace(self, photo=photo.astype(np.float32), moved=moved.astype(np.float32))


def frame_of(motions: Sequence[MeshMotion | None], frame: int) -> MovedMesh | None:
    """One frame of what moves in each of several photos, as tensors; None if nothing does in any."""
    moving = [motion for motion in motions if motion is not None]
    if not moving:
        return None
    first = np.cumsum([0, *(0 if motion is None else len(motion.photo) for motion in motions)])
    count, v = len(motions), int(first[-1])
    photo, moved = np.zeros((count, v, 2), np.float32), np.zeros((count, 1, v, 3), np.float32)
    shade, color = np.zeros((count, 1, v), np.float32), np.zeros((count, 3), np.float32)
    corners = []
    for index, motion in enumerate(motions):
        if motion is not None:  # each has points of its own; those of the others lie in one place
            own = slice(first[index], first[index + 1])
            photo[index], moved[index, ..., :2] = motion.photo[0], motion.photo[0]
            photo[index, own], moved[index, 0, own] = motion.photo, motion.moved[frame]
            shade[index, 0, own] = motion.shade[frame]
            color[index] = 0 if motion.color is None else motion.color / 127.5 - 1
            corners.append(motion.triangles + first[index])
    shadow = None if moving[0].color is None else torch.from_numpy(color)
    triangles = torch.from_numpy(np.concatenate(corners))
    return MovedMesh(torch.from_numpy(photo), torch.from_numpy(moved), torch.from_numpy(shade), shadow, triangles)


class MovedMesh(NamedTuple):
    """A mesh over each of b photos, and where its points are in f frames each, in pixels of the photo."""

    photo: Tensor
    """`b v 2`: x, y."""
    moved: Tensor
    """`b f v 3`: x, y, and how much farther from the camera."""
    shade: Tensor
    """`b f v` in [0, 1]: how much of `color` is laid over the photo; without a color, how much is hidden."""
    color: Tensor | None
    """`b 3` in [-1, 1]."""
    triangles: Tensor
    """`t 3`, int64: indices of points; in the photo they turn from x towards y."""

    def of(self, photos: Tensor) -> MovedMesh:
        """Those of some of the photos: indices or a mask."""
        color = None if self.color is None else self.color[photos]
        return self._replace(photo=self.photo[photos], moved=self.moved[photos], shade=self.shade[photos], color=color)

    def scaled(self, factors: Tensor) -> MovedMesh:
        """The same over photos that are larger by these factors, along x and along y."""
        depth = factors[:2].prod().sqrt()[None]
        return self._replace(photo=self.photo * factors[:2], moved=self.moved * torch.cat([factors[:2], depth]))


class Offsets(NamedTuple):
    """From places of the photo, for n frames, to where what is seen there comes from."""

    values: Tensor
    """`n cells cells 3`: x, y in pixels, and the shade."""
    start: Tensor
    """`n 2`: the middle of the first cell, pixels."""
    cell: Tensor
    """`n 2`: width and height of a cell, pixels."""
    color: Tensor | None
    """`n 3`: that of the shade; without one it hides."""

    def holds(self, pose: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Whether places lie on the grid, `m`; arguments as `at`."""
        place = (torch.stack([x, y], dim=-1) - self.start[pose]) / self.cell[pose]
        return ((place >= 0) & (place < self.values.shape[1] - 1)).all(-1)

    def at(self, pose: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Offset and shade at places, `m 3`; nothing beyond the grid.

        Args:
            pose: in which frame each of the m places is.
            x, y: pixels of the photo.
        """
        side = self.values.shape[1]
        place = (torch.stack([x, y], dim=-1) - self.start[pose]) / self.cell[pose]
        first = place.floor()
        column, row = first.long().unbind(-1)
        across, down = (place - first).unbind(-1)
        column, row = column.clamp(0, side - 2), row.clamp(0, side - 2)
        values, corner = self.values.flatten(0, 2), (pose * side + row) * side + column
        found = x.new_zeros(len(x), 3)
        for step, weight in (
            (0, (1 - across) * (1 - down)),
            (1, across * (1 - down)),
            (side, (1 - across) * down),
            (side + 1, across * down),
        ):
            found += values[corner + step] * weight[:, None]
        return found * self.holds(pose, x, y)[:, None]


def offsets(mesh: MovedMesh) -> Offsets:
    """The way back of every frame of every photo, frames of one photo in one run."""
    f = mesh.moved.shape[1]
    photo, moved = mesh.photo.repeat_interleave(f, dim=0), mesh.moved.flatten(0, 1)  # n v 2, n v 3
    places = torch.cat([mesh.photo[:, None], mesh.moved[..., :2]], dim=1)
    low, high = places.amin((1, 2)) - 1, places.amax((1, 2)) + 1  # b 2
    side = int(min(MOST_CELLS, max(8.0, CELLS * float((high - low).max()) + 1)))
    cell = (high - low) / (side - 1)
    start, cell = low.repeat_interleave(f, dim=0), cell.repeat_interleave(f, dim=0)

    drawn = torch.cat([(moved[..., :2] - start[:, None]) / cell[:, None], moved[..., 2:]], dim=-1)
    values = torch.cat([photo - moved[..., :2], mesh.shade.flatten(0, 1)[..., None]], dim=-1)
    color = None if mesh.color is None else mesh.color.repeat_interleave(f, dim=0)
    return Offsets(_drawn(drawn, values, mesh.triangles, side), start, cell, color)


def _drawn(places: Tensor, values: Tensor, triangles: Tensor, side: int) -> Tensor:
    """Triangles drawn on a grid: `n side side c`, 0 where none is.

    Args:
        places: `n v 3`: x, y in cells, depth.
        values: `n v c`.
    """
    n, c = len(places), values.shape[-1]
    corners = places[:, triangles].flatten(0, 1)  # n·t 3 3
    a, b, d = corners[:, :, :2].unbind(1)
    area = (b - a)[:, 0] * (d - a)[:, 1] - (b - a)[:, 1] * (d - a)[:, 0]
    low = corners[:, :, :2].amin(1).ceil().long().clamp(0, side - 1)
    high = corners[:, :, :2].amax(1).floor().long().clamp(0, side - 1)
    extent = (high - low + 1).clamp_min(0) * (area > TINY)[:, None]
    counts = extent.prod(1)
    which = torch.arange(len(corners), device=places.device).repeat_interleave(counts)
    within = torch.arange(len(which), device=places.device) - (counts.cumsum(0) - counts)[which]
    column = low[which, 0] + within % extent[which, 0].clamp_min(1)
    row = low[which, 1] + within // extent[which, 0].clamp_min(1)

    # How near each corner every cell is (barycentric coordinates); those of cells outside are negative.
    point = torch.stack([column, row], dim=-1).to(places) - a[which]
    ab, ad, whole = (b - a)[which], (d - a)[which], area[which]
    second = (point[:, 0] * ad[:, 1] - point[:, 1] * ad[:, 0]) / whole
    third = (ab[:, 0] * point[:, 1] - ab[:, 1] * point[:, 0]) / whole
    near = torch.stack([1 - second - third, second, third], dim=-1)
    keep = (near >= -1e-4).all(-1)
    which, near, column, row = which[keep], near[keep], column[keep], row[keep]

    # The nearest triangle of every cell; of two in the same place the first.
    depth = (corners[which, :, 2] * near).sum(-1)
    spot = (which // len(triangles) * side + row) * side + column
    nearest = torch.full((n * side * side,), torch.inf, device=places.device)
    nearest = nearest.scatter_reduce(0, spot, depth, "amin")
    keep = depth <= nearest[spot]
    which, near, spot = which[keep], near[keep], spot[keep]
    first = torch.full((n * side * side,), len(corners), device=places.device)
    first = first.scatter_reduce(0, spot, which, "amin")
    keep = which == first[spot]
    which, near, spot = which[keep], near[keep], spot[keep]
    found = values.new_zeros(n * side * side, c)
    frame, triangle = which // len(triangles), triangles[which % len(triangles)]
    found[spot] = (values[frame[:, None], triangle] * near[..., None]).sum(1)
    return found.view(n, side, side, c)
