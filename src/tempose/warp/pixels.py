"""Each layer carried along its bones: every pixel of the targets that a bone may fill, and what the photo shows there.

Only pixels that a layer can reach are looked at: a coarse grid says which, then a finer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from tempose.warp.bones import BONE_LAYERS, BONES, CARRYING, HEAD_BONE, SKIRT
from tempose.warp.flesh import LAYERS
from tempose.warp.joints import Joints
from tempose.warp.layers import FINE, Scaled
from tempose.warp.meshes import JUMP, WayBack
from tempose.warp.skinning import Curves, Skin, Traced, trace

CELLS = 32  # rows of the coarse grid about

QUARTERS = ((-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25))  # their middles in a pixel
MOST_PLACES = 4  # of which a pixel is the mean
STILL = 0.01  # pixels: less is no way
FAINT = 0.004  # even beside the person colors have this weight: they go on beyond the edge

# The head from behind: from where on it is one, at once, for a face half gone is a ghost; its face, and between which
# heights above the chin hair is, in lengths of the trunk.
AWAY = 0.25
FACE_MIDDLE, FACE_HIGH, FACE_WIDE, HAIRLINE = 0.16, 0.26, 0.22, (0.37, 0.43)
CROWN = 0.5  # hair at the hairline is so wide, as a share of the head below


class Carried(NamedTuple):
    """Photos at one scale, and the ways from n targets back to them; targets of one photo follow each other."""

    photos: Scaled
    joints: Joints
    """Of the targets."""
    ways: Skin
    moves: Mapping[tuple[int, int], WayBack]
    """In which targets, and along which bone, the photo's face or a hand has moved besides, and where to."""

    @property
    def targets(self) -> int:
        """How many there are of each photo."""
        return len(self.joints.scale) // len(self.photos.keypoints)

    def layer(self, pose: Tensor, bone: Tensor) -> Tensor:
        """Of which of all layers of all photos a bone shows something in a target."""
        return pose // self.targets * len(LAYERS) + torch.tensor(BONE_LAYERS, device=bone.device)[bone]


class Pixels(NamedTuple):
    """Pixels of targets, once for every bone that may fill them; those of one photo's layer follow each other."""

    pose: Tensor  # m: which target, as all that follow
    bone: Tensor
    row: Tensor
    column: Tensor
    traced: Traced
    seen: Tensor  # 4 m: color in [-1, 1] and alpha in [0, 1]


@torch.no_grad()
def carried(carried: Carried, size: tuple[int, int]) -> Pixels:
    """All pixels that bones may fill in targets of (height, width)."""
    height, width = size
    pose, bone, row, column = _cells(carried, size)
    down, across = torch.meshgrid(*[torch.arange(FINE, device=row.device)] * 2, indexing="ij")
    row, column = row * FINE + down.reshape(-1, 1), column * FINE + across.reshape(-1, 1)  # k m
    traced = trace(carried.ways, pose, bone, column + 0.5, row + 0.5)
    long = _longest(torch.stack([traced.x, traced.y]))
    cell, part = ((traced.valid > 0) & (row < height) & (column < width)).T.nonzero().T
    kept = part * len(pose) + cell
    pose, bone, long = pose[cell], bone[cell], long[:, cell]
    row, column, *where = (each.reshape(-1).index_select(0, kept) for each in (row, column, *traced))
    traced = Traced(*where)
    seen = _averaged(carried.photos, carried.layer(pose, bone), torch.stack([traced.x, traced.y]), long)
    pixels = Pixels(pose, bone, row, column, traced, seen)
    for (target, along), way in carried.moves.items():
        if not carried.joints.mirrored[target]:
            _move(pixels, carried, ((bone == along) & (pose == target)).nonzero()[:, 0], way)
    _turn_away(pixels, carried)
    return pixels


def _cells(carried: Carried, size: tuple[int, int]) -> Tensor:
    """Pose, bone, row and column of the smallest cells in and about those that a bone reaches, `4 m`."""
    b, n = len(carried.photos.keypoints), len(carried.joints.scale)
    height, width = size
    active, before = torch.ones(n, len(BONES), 1, 1, dtype=torch.bool, device=carried.joints.scale.device), max(size)
    for hand, (_, thing) in enumerate(CARRYING):
        active[:, thing, 0, 0] = carried.joints.carries[:, hand]
    active[:, SKIRT, 0, 0] = carried.joints.skirt[:, None]
    for cell in sorted({FINE * max(1, round(height / CELLS / FINE)), FINE}, reverse=True):
        rows, columns, times = -(-height // cell), -(-width // cell), -(-before // cell)
        active = active.repeat_interleave(times, dim=2).repeat_interleave(times, dim=3)
        active = active[:, :, :rows, :columns].contiguous()
        active[active.clone()] = _holds(carried, active.nonzero().T, cell)
        active = _with_neighbors(active)
        before = cell
    photo, bone, target, row, column = rearrange(active, "(b f) p h w -> b p f h w", b=b).nonzero().T
    return torch.stack([photo * (n // b) + target, bone, row, column])


def _with_neighbors(cells: Tensor) -> Tensor:
    """Cells `… rows columns`, bool, and those beside them, across corners too."""
    for axis in (-1, -2):
        spread, last = cells.clone(), cells.shape[axis] - 1
        spread.narrow(axis, 1, last).logical_or_(cells.narrow(axis, 0, last))
        spread.narrow(axis, 0, last).logical_or_(cells.narrow(axis, 1, last))
        cells = spread
    return cells


def _holds(carried: Carried, places: Tensor, cell: int) -> Tensor:
    """Whether the middles of square cells of so many pixels lead to where their layer shows something in the photo, or
    to where something of the face or a hand has moved.

    Args:
        places: pose, bone, row and column of m cells, `4 m`.
    """
    pose, bone, row, column = places
    traced = trace(carried.ways, pose, bone, (column + 0.5) * cell, (row + 0.5) * cell)
    held, side = carried.photos.held(cell)
    row_s, column_s = ((v / side).floor().long() for v in (traced.y, traced.x))
    inside = (row_s >= 0) & (row_s < held.shape[1]) & (column_s >= 0) & (column_s < held.shape[2])
    row_s, column_s = row_s.clamp(0, held.shape[1] - 1), column_s.clamp(0, held.shape[2] - 1)
    found = held[carried.layer(pose, bone), row_s, column_s] & inside
    for (target, along), way in carried.moves.items():
        found |= (bone == along) & (pose == target) & way.holds(torch.stack([traced.x, traced.y]))
    return found & (traced.valid > 0) & carried.joints.known[pose]


def _longest(places: Tensor) -> Tensor:
    """The longer of the two ways in the photo, `2 m`, that a pixel of each cell is across and down.

    Args:
        places: of the pixels of m cells in the photo, `2 k m`.
    """
    cells = places.unflatten(1, (FINE, FINE))  # 2 down across m
    across, down = ((cells.select(axis, -1) - cells.select(axis, 0)).mean(1) / (FINE - 1) for axis in (2, 1))
    return torch.where(torch.hypot(*across) > torch.hypot(*down), across, down)


def _averaged(photos: Scaled, layer: Tensor, places: Tensor, long: Tensor) -> Tensor:
    """As `_looked_up`; where a pixel is long in the photo, as on a limb that points at us, the mean along it.

    The whole person is never shown smaller than they are looked up (`Photos.scaled`); a single bone may be ("texture
    lookups along the line of anisotropy": McCormack et al., "Feline", SIGGRAPH 1999).

    Args:
        places: `2 m`. long: the way in the photo that a pixel is long, `2 m`.
    """
    seen = _looked_up(photos, layer, *places)
    counts = torch.hypot(*long).round().clamp(1, MOST_PLACES)
    for count in range(2, MOST_PLACES + 1):
        at = (counts == count).nonzero()[:, 0]
        if len(at):
            aside = (torch.arange(count, device=at.device) + 0.5) / count - 0.5
            seen[:, at] = _mean(
                torch.stack([_looked_up(photos, layer[at], *(places + s * long)[:, at]) for s in aside])
            )
    return seen


def _mean(seen: Tensor) -> Tensor:
    """The mean of colors and alphas `n 4 m`, weighted by alpha: `4 m`."""
    weight = seen[:, 3:].clamp_min(FAINT)
    return torch.cat([(seen[:, :3] * weight).sum(0) / weight.sum(0), seen[:, 3:].mean(0)])


def _looked_up(photos: Scaled, layer: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Color and alpha at places of the photos, `4 m`; those of one layer follow each other."""
    h, w = photos.alpha.shape[-2:]
    layers, counts = (v.tolist() for v in torch.unique_consecutive(layer, return_counts=True))
    grid = torch.stack([x / w, y / h], dim=-1) * 2 - 1
    seen = x.new_empty(4, len(x))
    start = 0
    for which, count in zip(layers, counts, strict=True):
        part = grid[None, None, start : start + count]
        for picture, padding, rows in ((photos.color, "border", slice(0, 3)), (photos.alpha, "zeros", slice(3, 4))):
            values = picture[which : which + 1]
            found = F.grid_sample(values, part, mode="bicubic", padding_mode=padding, align_corners=False)
            seen[rows, start : start + count] = found[0, :, 0]
        start += count
    seen[:3].clamp_(-1, 1)
    seen[3].clamp_(0, 1)
    return seen


def _move(pixels: Pixels, carried: Carried, at: Tensor, way: WayBack) -> None:
    """What pixels with the indices `at` show is looked up anew where the photo has moved."""
    places = torch.stack([pixels.traced.x, pixels.traced.y])
    at = at[way.at(places[:, at]).abs().amax(0) > STILL]
    if not len(at):
        return

    def found(at: Tensor, aside: tuple[float, float] = (0.0, 0.0)) -> Tensor:
        there = places[:, at] + places.new_tensor(aside)[:, None]
        *offset, shade, red, green, blue = way.at(there)
        layer = carried.layer(pixels.pose[at], pixels.bone[at])
        values = _looked_up(carried.photos, layer, *(there + torch.stack(offset)))
        values[:3] = (1 - shade) * values[:3] + torch.stack([red, green, blue])
        return values

    seen = pixels.seen
    seen[:, at] = found(at)
    # Where one part of it ends before another the way jumps: there a pixel is the mean of its quarters.
    at = at[way.jumps(places[:, at])]
    quarters = torch.stack([way.at(places[:, at] + places.new_tensor(each)[:, None])[:2] for each in QUARTERS])
    at = at[(quarters.amax(0) - quarters.amin(0)).amax(0) > JUMP]
    if len(at):
        seen[:, at] = _mean(torch.stack([found(at, quarter) for quarter in QUARTERS]))


def _turn_away(pixels: Pixels, carried: Carried) -> None:
    """The face gives way to the hair above where a head is seen from behind that its photo shows from the front."""
    shown, asked = carried.photos.joints.facing[:, 0].repeat_interleave(carried.targets), carried.joints.facing[:, 0]
    behind = (asked < -AWAY) & (shown > AWAY)
    if not behind.any():
        return
    at = ((pixels.bone == HEAD_BONE) & behind[pixels.pose]).nonzero()[:, 0]
    pose, x_s, y_s = pixels.pose[at], pixels.traced.x[at], pixels.traced.y[at]
    chin = Curves(*(value[:, HEAD_BONE][pose] for value in carried.ways.photo))  # its length is that of the trunk
    x, y = (x_s - chin.x) / chin.length, (y_s - chin.y) / chin.length
    up, beside = x * chin.along_x + y * chin.along_y, y * chin.along_x - x * chin.along_y
    lift = (HAIRLINE[1] - up).clamp_min(0) * (1 - (HAIRLINE[1] - HAIRLINE[0]) / HAIRLINE[1]) * chin.length
    layer = carried.layer(pose, pixels.bone[at])
    aside = (CROWN - 1) * beside * chin.length * (lift > 0)
    hair_x, hair_y = (lift * chin.along_x - aside * chin.along_y, lift * chin.along_y + aside * chin.along_x)
    hair = _looked_up(carried.photos, layer, x_s + hair_x, y_s + hair_y)
    away = torch.hypot((up - FACE_MIDDLE) / FACE_HIGH, beside / FACE_WIDE)
    share = ((1.3 - away) / 0.3).clamp(0, 1) * hair[3]
    pixels.seen[:3, at] = torch.lerp(pixels.seen[:3, at], hair[:3], share)
