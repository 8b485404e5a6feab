"""Where the points of a mesh over the photo have moved, the photo is looked up elsewhere.

A mesh is drawn where its points have gone, each triangle with where its corners came from: the way back, as an offset
from every place of a fine grid over the photo. What turns away is not drawn, and of what lies over each other the
nearest is (a z-buffer: Catmull, "A Subdivision Algorithm for Computer Display of Curved Surfaces", 1974). A mesh whose
outermost points stay where they were moves nothing beyond them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

CELLS, MOST_CELLS = 2, 320  # for a pixel, and across the grid
TINY = 1e-6


class MovedMesh(NamedTuple):
    """A mesh over each of b photos, and where its points are in f frames each, in pixels of the photo."""

    photo: Tensor
    """`b v 2`: x, y."""
    moved: Tensor
    """`b f v 3`: x, y, and how much farther from the camera."""
    shade: Tensor
    """`b f v` in [0, 1]: how much of `color` is laid over the photo."""
    color: Tensor
    """`b 3` in [-1, 1]."""
    triangles: Tensor
    """`t 3`, int64: indices of points; in the photo they turn from x towards y."""

    def of(self, photos: Tensor) -> MovedMesh:
        """Those of some of the photos: indices or a mask."""
        chosen = {name: getattr(self, name)[photos] for name in ("photo", "moved", "shade", "color")}
        return self._replace(**chosen)

    def scaled(self, factors: Tensor) -> MovedMesh:
        """The same over photos that are larger by these factors, along x and along y."""
        depth = factors[:2].prod().sqrt()[None]
        return self._replace(photo=self.photo * factors[:2], moved=self.moved * torch.cat([factors[:2], depth]))


class Offsets(NamedTuple):
    """From places of the photo, for n frames, to where what is seen there comes from."""

    values: Tensor
    """`n cells cells 3`: x, y in pixels, and the share of `color`."""
    start: Tensor
    """`n 2`: the middle of the first cell, pixels."""
    cell: Tensor
    """`n 2`: width and height of a cell, pixels."""
    color: Tensor
    """`n 3`."""

    def holds(self, pose: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Whether places lie on the grid, `m`; arguments as `at`."""
        place = (torch.stack([x, y], dim=-1) - self.start[pose]) / self.cell[pose]
        return ((place >= 0) & (place < self.values.shape[1] - 1)).all(-1)

    def at(self, pose: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Offset and share at places, `m 3`; nothing beyond the grid.

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
    return Offsets(_drawn(drawn, values, mesh.triangles, side), start, cell, mesh.color.repeat_interleave(f, dim=0))


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
