"""The photo's person, layer by layer, carried into target poses and laid over each other, at any size.

One function serves the network at its small size, in batches, and the result at its full size. Only pixels that a
layer can reach are looked at: a coarse grid says which.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from tempose.core.errors import InputError
from tempose.media.tensors import to_tensor
from tempose.pose.keypoints import KEYPOINTS
from tempose.warp.cutout import Cutout
from tempose.warp.flesh import HEAD, LAYERS, LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG
from tempose.warp.joints import (
    CHIN,
    COLLAR,
    CROWN,
    FACE,
    HIPS,
    KNEES,
    LEFT_TOES,
    NECK,
    RIGHT_TOES,
    Joints,
    photo_joints,
    target_joints,
)
from tempose.warp.meshes import MovedMesh, Offsets, offsets
from tempose.warp.skinning import BONE_LAYERS, BONES, HEAD_BONE, Curves, Skin, Traced, skin, trace

SKIRTLESS = slice(2, None)  # all bones but those of a skirt, which lie between the legs

CELLS, FINE = 32, 4  # rows of the coarse grid about; pixels of a cell of the fine one
MOST_SHRUNK = 2**0.25  # pixels of the photo for one of the target, at most: what is shown smaller is averaged first
FAINT = 0.004  # even beside the person colors have this weight: they go on beyond the edge

# Where the person may be at all: within so many radii of a bone; and how steeply that ends.
REACH, STEEPNESS = 4.0, 6.0

# Middles of the quarters of a pixel; and from how many pixels on the way back differs between them by a jump.
QUARTERS = ((-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25))
JUMP = 1.0
STILL = 0.01  # pixels: less is no way

# Depths in lengths of the trunk. Layers nearer to each other than TIE are mixed, so that their order never jumps.
TIE = 0.03
# The head from behind: from where on it counts as such; its face, and between which heights above the chin hair is, in
# lengths of the trunk.
AWAY = 0.15
FACE_MIDDLE, FACE_HIGH, FACE_WIDE, HAIRLINE = 0.14, 0.24, 0.17, (0.37, 0.43)
OVER = 0.12  # the head before the trunk
IN_FRONT = 0.12  # arms before the trunk as it is seen from the front, besides what is known of their depth
BEHIND = 0.25  # legs behind the trunk and its clothes
RAISED = 0.6  # thighs that point upwards come before the trunk by so much
SHOULDER, HIP = 0.31, 0.18  # how far from the middle of the body limbs hang, for a person seen from the side
CLOTH = 0.1  # skirts before the nearer leg
LOWER = 0.3  # of two feet the lower one in the picture is nearer, by this share of the difference


class Layers(NamedTuple):
    """The layers of b photos as tensors, at one size."""

    color: Tensor
    """`b l 3 h w` in [-1, 1], not premultiplied."""
    alpha: Tensor
    """`b l 1 h w` in [0, 1]."""
    keypoints: Tensor
    """`b 18 3`: x, y in pixels, confidence."""
    hem: Tensor
    """`b`: how far down the legs one cloth hangs before both; 0 none, 1 to the knees, 2 to the ankles."""


class Warped(NamedTuple):
    """The person in the target poses."""

    color: Tensor
    """`b f 3 h w` in [-1, 1], not premultiplied; goes on a little beyond the person's edge, 0 elsewhere."""
    alpha: Tensor
    """`b f 1 h w` in [0, 1]."""
    near: Tensor
    """`b f 1 h w` in [0, 1]: whether the person may be there at all, in loose clothes too."""


class Moves(NamedTuple):
    """How parts of the photos move besides; None: as the layer that they are on."""

    face: MovedMesh | None = None
    right_hand: MovedMesh | None = None
    left_hand: MovedMesh | None = None


# The bones whose pictures show what moves, and the way that it has moved.
Moved = list[tuple[list[int], Offsets]]
MOVED_BONES = (
    [index for index, bone in enumerate(BONES) if bone.layer == HEAD],
    *([max(index for index, bone in enumerate(BONES) if bone.layer == arm)] for arm in (RIGHT_ARM, LEFT_ARM)),
)


def to_layers(cutouts: Sequence[Cutout]) -> Layers:
    """Cutouts of one size as tensors."""
    color = torch.stack([to_tensor(cutout.color) for cutout in cutouts])
    alpha = torch.stack([torch.from_numpy(cutout.alpha)[:, None] for cutout in cutouts])
    keypoints = torch.stack([torch.from_numpy(cutout.keypoints) for cutout in cutouts])
    return Layers(color, alpha, keypoints, torch.tensor([float(cutout.hem) for cutout in cutouts]))


@torch.no_grad()
def warp(
    layers: Layers,
    target: Tensor,
    *,
    depth: Tensor | None = None,
    size: tuple[int, int] | None = None,
    shares: Tensor | None = None,
    moves: Moves | None = None,
) -> Warped:
    """Carry the people of photos into target poses.

    Args:
        layers: of b photos.
        target: key points asked for, `b f 18 3`: x, y in pixels of the result, confidence.
        depth: of the target's key points, `b f 18`: pixels farther from the camera than the hips; NaN where unknown.
        size: (height, width) of the result; without it that of the layers.
        shares: of each layer the part that each of p photos gives to one person, `p f l`, sums of 1 over p. Then the
            layers are of p photos, and b is 1 in all else.
        moves: how faces and hands of the photos move besides (`tempose.warp.face`, `tempose.warp.hands`).

    Raises:
        InputError: shapes that do not fit each other.
    """
    if shares is not None:
        _check_shares(layers, target, shares)
        used = shares.flatten(1).amax(1) > 0
        layers, shares = Layers(*(values[used] for values in layers)), shares[used]
        moves = None if moves is None else Moves(*(mesh and mesh.of(used) for mesh in moves))
        target = target.expand(len(shares), -1, -1, -1)
        depth = None if depth is None else depth.expand(len(shares), -1, -1)
    _check(layers, target, depth)
    b, f = target.shape[:2]
    height, width = size or layers.alpha.shape[-2:]
    source = layers.keypoints.repeat_interleave(f, dim=0)
    targets = rearrange(target, "b f k c -> (b f) k c").to(layers.color)
    photo = photo_joints(source)
    joints = target_joints(targets, photo, source)

    depth = None if depth is None else rearrange(depth, "b f k -> (b f) k")
    level = _levels(joints, photo)
    if shares is not None:  # photos that are mixed are rendered together
        level = level.unflatten(0, (b, f)).amin(0).repeat(b)
    n = f if shares is not None else b * f
    color, alpha = layers.color.new_zeros(n, 3, height, width), layers.color.new_zeros(n, 1, height, width)
    for shrunk in level[joints.known].unique().tolist():
        smaller, factors = _smaller(layers, 2 ** (-shrunk / 2))
        source_s = source * factors
        photo_s = photo_joints(source_s)
        joints_s = target_joints(targets, photo_s, source_s)
        at = joints_s.known & (level == shrunk)
        meshes = [(bones, mesh) for bones, mesh in zip(MOVED_BONES, moves or (), strict=False) if mesh is not None]
        moved = [(bones, offsets(mesh.scaled(factors))) for bones, mesh in meshes]
        behind = _behind(photo_s, joints_s)
        joint_depths = depths(joints_s, layers.hem.repeat_interleave(f), depth)
        found = _rendered(
            smaller,
            skin(photo_s, joints_s),
            joints_s._replace(known=at),
            joint_depths,
            (height, width),
            shares,
            moved,
            behind,
        )
        here = (at if shares is None else at.unflatten(0, (b, f)).any(0))[:, None, None, None]
        color, alpha = torch.where(here, found[0], color), torch.where(here, found[1], alpha)
    near = _near(joints, (height, width))
    if shares is not None:
        b, near = 1, near.unflatten(0, (b, f)).amax(0)
    near = near.maximum(alpha)
    return Warped(*(rearrange(x, "(b f) c h w -> b f c h w", b=b) for x in (color, alpha, near)))


def _check(layers: Layers, target: Tensor, depth: Tensor | None) -> None:
    b, count, _, h, w = layers.color.shape
    fit = layers.alpha.shape == (b, count, 1, h, w) and layers.keypoints.shape == (b, len(KEYPOINTS), 3)
    if not fit or count != len(LAYERS) or layers.hem.shape != (b,):
        shapes = [tuple(x.shape) for x in layers]
        wanted = f"(b, {len(LAYERS)}, 3 and 1, h, w), (b, 18, 3) and (b)"
        raise InputError(f"layers have the shapes {shapes}; wanted {wanted}")
    if target.ndim != 4 or target.shape[0] != b or target.shape[2:] != (len(KEYPOINTS), 3):
        raise InputError(f"target poses have the shape {tuple(target.shape)}; wanted ({b}, frames, 18, 3)")
    if depth is not None and depth.shape != target.shape[:3]:
        raise InputError(f"depths have the shape {tuple(depth.shape)}; wanted {tuple(target.shape[:3])}")


def _check_shares(layers: Layers, target: Tensor, shares: Tensor) -> None:
    wanted = (len(layers.color), target.shape[1], len(LAYERS))
    if shares.shape != wanted or len(target) != 1:
        given = f"{tuple(shares.shape)}, for {len(target)} people"
        raise InputError(f"shares of photos have the shape {given}; wanted {wanted}, for one person")


def _levels(joints: Joints, photo: Joints) -> Tensor:
    """How often each target's photo is made smaller by √2 before it is looked up, `n`: never sharper than it is shown.

    Told for each frame by itself: what else is asked for in the same call changes nothing.
    """
    shrink = joints.scale / photo.scale
    return (-2 * shrink.clamp(1e-3, 1).log2()).round().long()


def _smaller(layers: Layers, factor: float) -> tuple[Layers, Tensor]:
    """The layers at about this share of their size, averaged; and the exact shares, `3`, for key points."""
    if factor == 1:
        return layers, torch.ones_like(layers.keypoints[0, 0])
    h, w = layers.alpha.shape[-2:]
    size = (max(1, round(h * factor)), max(1, round(w * factor)))
    color, alpha = (
        F.interpolate(x.flatten(0, 1), size=size, mode="bilinear", antialias=True).unflatten(0, x.shape[:2])
        for x in (layers.color, layers.alpha)
    )
    factors = color.new_tensor([size[1] / w, size[0] / h, 1.0])
    return Layers(color, alpha.clamp(0, 1), layers.keypoints * factors, layers.hem), factors


def _rendered(
    layers: Layers,
    ways: Skin,
    joints: Joints,
    joint_depths: tuple[Tensor, Tensor],
    size: tuple[int, int],
    shares: Tensor | None,
    moved: Moved,
    behind: Tensor,
) -> tuple[Tensor, Tensor]:
    """Color `n 3 h w` and alpha `n 1 h w` of n targets; with shares `p f l` of photos, n = f.

    Of heads as much is seen from behind as `behind` says, `n` in [0, 1].
    """
    n, (height, width) = len(joints.scale), size
    pose, bone, row, column = _reached(layers, ways, joints, size, moved)
    traced = trace(ways, pose, bone, column + 0.5, row + 0.5)
    keep = traced.valid > 0
    pose, bone, row, column = (x[keep] for x in (pose, bone, row, column))
    traced = type(traced)(*(x[keep] for x in traced))
    photo = pose // (n // len(layers.color))
    seen = _looked_up(layers, photo, bone, traced.x, traced.y)  # 4 m
    for bones, way in moved:
        mine = torch.where(torch.isin(bone, bone.new_tensor(bones)), bone, -1)
        _move(seen, layers, photo, way, joints, pose, mine, traced)
    _turn_away(seen, layers, photo, ways, behind, pose, bone, traced)
    opacity = seen[3] * traced.valid
    start, end = (x.reshape(-1)[pose * len(BONES) + bone] for x in joint_depths)
    depth = torch.lerp(start, end, traced.share)

    # Only pixels that something reaches are kept.
    place = (pose * height + row) * width + column
    touched = torch.zeros(n * height * width, dtype=torch.bool, device=place.device)
    touched[place] = True
    touched = touched.nonzero()[:, 0]
    index = torch.empty(n * height * width, dtype=torch.int64, device=place.device)
    index[touched] = torch.arange(len(touched), device=place.device)
    slot = index[place]

    # Each layer: its bones over each other, colors and depth times alpha.
    values = torch.cat([seen[:3], depth[None], torch.ones_like(depth)[None]])
    weight = opacity.clamp_min(FAINT) * traced.valid
    layer = torch.tensor(BONE_LAYERS, device=bone.device)[bone]
    rank = torch.tensor([_rank(i) for i in range(len(BONES))], device=bone.device)[bone]
    drawn, most = values.new_zeros(5, len(LAYERS) * len(touched)), values.new_zeros(len(LAYERS) * len(touched))
    spot = layer * len(touched) + slot
    for step in range(int(rank.max()) + 1 if len(rank) else 0):
        now = (rank == step).nonzero()[:, 0]
        at, share = spot[now], weight[now]
        drawn[:, at] = drawn[:, at] * (1 - share) + values[:, now] * share
        most[at] = most[at].maximum(share)

    # Two bones that share an edge do not make it firmer.
    drawn = drawn * (most / drawn[4].clamp_min(1e-6))
    drawn = drawn.unflatten(1, (len(LAYERS), len(touched)))  # 5 l m
    if shares is not None:
        n = shares.shape[1]
        drawn, touched = _mixed(drawn, touched, shares, height * width)
    shown = drawn * _visible(drawn[4], drawn[3] / drawn[4].clamp_min(1e-6))
    whole = shown.sum(1)
    found = 1 - (1 - drawn[4]).prod(0)
    frame, at = touched // (height * width), touched % (height * width)
    color, alpha = layers.color.new_zeros(n, 3, height * width), layers.color.new_zeros(n, 1, height * width)
    color[frame, :, at] = (whole[:3] / whole[4].clamp_min(1e-6)).clamp(-1, 1).T
    alpha[frame, 0, at] = ((found - 4 * FAINT) / (1 - 4 * FAINT)).clamp(0, 1)
    return color.unflatten(2, size), alpha.unflatten(2, size)


def _mixed(drawn: Tensor, touched: Tensor, shares: Tensor, pixels: int) -> tuple[Tensor, Tensor]:
    """Layers `5 l m`, premultiplied, of p photos in the same f poses of so many pixels: as one, and their places."""
    f = shares.shape[1]
    given = drawn * shares.flatten(0, 1)[touched // pixels].T
    place, slot = torch.unique(touched % (f * pixels), return_inverse=True)
    return drawn.new_zeros(*drawn.shape[:2], len(place)).index_add_(2, slot, given), place


def _rank(bone: int) -> int:
    """How many bones of its layer are drawn before a bone."""
    return sum(layer == BONE_LAYERS[bone] for layer in BONE_LAYERS[:bone])


def _visible(alpha: Tensor, depth: Tensor) -> Tensor:
    """How much of each layer shows between the others, `l m`, from its alpha and depth `l m`."""
    visible = torch.ones_like(alpha)
    for one in range(len(alpha)):
        for other in range(one):
            before = torch.sigmoid((depth[one] - depth[other]) / TIE)
            visible[one] *= 1 - alpha[other] * before
            visible[other] *= 1 - alpha[one] * (1 - before)
    return visible


def _reached(
    layers: Layers, ways: Skin, joints: Joints, size: tuple[int, int], moved: Moved
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pose, bone, row and column of every pixel that a bone may fill, those of one photo's layer in one run.

    Cells are looked at first, then smaller ones in and about those that a layer reaches.
    """
    b, n = len(layers.color), len(joints.scale)
    height, width = size
    active, before = torch.ones(n, len(BONES), 1, 1, dtype=torch.bool, device=layers.color.device), max(size)
    for cell in sorted({FINE * max(1, round(height / CELLS / FINE)), FINE}, reverse=True):
        rows, columns = -(-height // cell), -(-width // cell)
        active = active.repeat_interleave(-(-before // cell), dim=2).repeat_interleave(-(-before // cell), dim=3)
        active = active[:, :, :rows, :columns].contiguous()
        active[active.clone()] = _holds(layers, ways, joints, active.nonzero().T, cell, moved)
        active = F.max_pool2d(active.to(layers.color), 3, stride=1, padding=1) > 0
        before = cell
    photo, bone, frame, row, column = rearrange(active, "(b f) p h w -> b p f h w", b=b).nonzero().T
    step = torch.arange(FINE, device=row.device)
    every = (len(row), FINE, FINE)
    row = (row[:, None, None] * FINE + step[:, None]).expand(every).reshape(-1)
    column = (column[:, None, None] * FINE + step).expand(every).reshape(-1)
    pose, bone = ((v[:, None, None]).expand(every).reshape(-1) for v in (photo * (n // b) + frame, bone))
    keep = (row < height) & (column < width)
    return pose[keep], bone[keep], row[keep], column[keep]


def _holds(layers: Layers, ways: Skin, joints: Joints, places: Tensor, cell: int, moved: Moved) -> Tensor:
    """Whether the middles of square cells of so many pixels lead to where their layer shows something in the photo, or
    to where something of it has moved.

    Args:
        places: pose, bone, row and column of m cells, `4 m`.
    """
    pose, bone, row, column = places
    traced = trace(ways, pose, bone, (column + 0.5) * cell, (row + 0.5) * cell)
    cell_s = math.ceil(cell * MOST_SHRUNK)
    held = F.max_pool2d(layers.alpha.flatten(0, 1), cell_s, ceil_mode=True)[:, 0] > 0
    held = F.max_pool2d(held.to(layers.color), 3, stride=1, padding=1) > 0 if cell > FINE else held
    layer = torch.tensor(BONE_LAYERS, device=bone.device)[bone]
    layer += pose // (len(joints.scale) // len(layers.color)) * len(LAYERS)
    row_s, column_s = ((v / cell_s).floor().long() for v in (traced.y, traced.x))
    inside = (row_s >= 0) & (row_s < held.shape[1]) & (column_s >= 0) & (column_s < held.shape[2])
    found = held[layer, row_s.clamp(0, held.shape[1] - 1), column_s.clamp(0, held.shape[2] - 1)]
    found &= inside
    for bones, way in moved:
        found |= torch.isin(bone, bone.new_tensor(bones)) & way.holds(pose, traced.x, traced.y)
    return found & (traced.valid > 0) & joints.known[pose]


def _looked_up(layers: Layers, photo: Tensor, bone: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Color and alpha at places of the photos, `4 m`; the places of one photo's layer follow each other."""
    h, w = layers.alpha.shape[-2:]
    group = photo * len(LAYERS) + torch.tensor(BONE_LAYERS, device=bone.device)[bone]
    groups, counts = (v.tolist() for v in torch.unique_consecutive(group, return_counts=True))
    grid = torch.stack([x / w, y / h], dim=-1) * 2 - 1
    seen = x.new_empty(4, len(x))
    start = 0
    for which, count in zip(groups, counts, strict=True):
        part = grid[None, None, start : start + count]
        for picture, padding, rows in ((layers.color, "border", slice(0, 3)), (layers.alpha, "zeros", slice(3, 4))):
            values = picture.flatten(0, 1)[which : which + 1]
            found = F.grid_sample(values, part, mode="bicubic", padding_mode=padding, align_corners=False)
            seen[rows, start : start + count] = found[0, :, 0]
        start += count
    seen[:3].clamp_(-1, 1)
    seen[3].clamp_(0, 1)
    return seen


def _move(
    seen: Tensor,
    layers: Layers,
    photo: Tensor,
    way: Offsets,
    joints: Joints,
    pose: Tensor,
    bone: Tensor,
    traced: Traced,
) -> None:
    """What `_looked_up` has seen, `4 m`, looked up anew where the photo has moved; not in who has turned round.

    Args:
        bone: of each place, −1 where it is none that moves.
    """
    at = ((bone >= 0) & way.holds(pose, traced.x, traced.y) & ~joints.mirrored[pose]).nonzero()[:, 0]
    at = at[way.at(pose[at], traced.x[at], traced.y[at]).abs().amax(1) > STILL]
    if not len(at):
        return

    def found(at: Tensor, across: float = 0.0, down: float = 0.0) -> Tensor:
        x, y = traced.x[at] + across, traced.y[at] + down
        x_s, y_s, shade = (torch.stack([x, y, torch.zeros_like(x)], dim=-1) + way.at(pose[at], x, y)).unbind(-1)
        values = _looked_up(layers, photo[at], bone[at], x_s, y_s)
        if way.color is None:
            values[3] *= 1 - shade
        else:
            values[:3] = torch.lerp(values[:3], way.color[pose[at]].T, shade)
        return values

    seen[:, at] = found(at)
    # Where one part of it ends before another the way jumps: there a pixel is the mean of its quarters.
    quarters = torch.stack([way.at(pose[at], traced.x[at] + x, traced.y[at] + y)[:, :2] for x, y in QUARTERS])
    at = at[(quarters.amax(0) - quarters.amin(0)).amax(1) > JUMP]
    if len(at):
        parts = torch.stack([found(at, x, y) for x, y in QUARTERS])
        weight = parts[:, 3:].clamp_min(FAINT)
        seen[:3, at] = (parts[:, :3] * weight).sum(0) / weight.sum(0)
        seen[3, at] = parts[:, 3].mean(0)


def _behind(photo: Joints, target: Joints) -> Tensor:
    """How far each target shows the back of a head that its photo shows from the front, `n` in [0, 1]."""
    shown, asked = photo.facing[:, 0], target.facing[:, 0]
    return ((-asked - AWAY) / AWAY).clamp(0, 1) * ((shown - AWAY) / AWAY).clamp(0, 1)


def _turn_away(
    seen: Tensor,
    layers: Layers,
    photo: Tensor,
    ways: Skin,
    behind: Tensor,
    pose: Tensor,
    bone: Tensor,
    traced: Traced,
) -> None:
    """The face in what `_looked_up` has seen, `4 m`, gives way to the hair above where a head is seen from behind."""
    at = ((bone == HEAD_BONE) & (behind[pose] > 0)).nonzero()[:, 0]
    if not len(at):
        return
    chin = Curves(*(value[:, HEAD_BONE][pose[at]] for value in ways.photo))  # its length is that of the trunk
    x, y = (traced.x[at] - chin.x) / chin.length, (traced.y[at] - chin.y) / chin.length
    up, beside = x * chin.along_x + y * chin.along_y, y * chin.along_x - x * chin.along_y
    lift = (HAIRLINE[1] - up).clamp_min(0) * (1 - (HAIRLINE[1] - HAIRLINE[0]) / HAIRLINE[1]) * chin.length
    x, y = traced.x[at] + lift * chin.along_x, traced.y[at] + lift * chin.along_y
    hair = _looked_up(layers, photo[at], bone[at], x, y)
    away = torch.hypot((up - FACE_MIDDLE) / FACE_HIGH, beside / FACE_WIDE)
    share = behind[pose[at]] * ((1.3 - away) / 0.3).clamp(0, 1) * hair[3]
    seen[:3, at] = torch.lerp(seen[:3, at], hair[:3], share)


def depths(joints: Joints, hem: Tensor, given: Tensor | None) -> tuple[Tensor, Tensor]:
    """How far behind the hips every bone lies at its start and its end, `n bones` each, in lengths of the trunk.

    What is not given is told from the pose: arms hang before the trunk as it is seen from the front; of a person seen
    from the side the limbs of one side lie behind; a lower foot is nearer; thighs that point upwards lie before it.
    """
    front, side = joints.facing.unbind(-1)
    places, scale = joints.places, joints.scale
    depth = places.new_zeros(places.shape[:2])
    height = places[..., 1] / scale[:, None]
    lower = LOWER * (1 - side.abs()) * (height[:, 10] - height[:, 13])
    for sign, shoulder, hip in ((-1.0, 2, 8), (1.0, 5, 11)):  # right, left
        for joint in (shoulder, shoulder + 1, shoulder + 2):
            depth[:, joint] = sign * SHOULDER * side
        for joint in (hip, hip + 1, hip + 2):
            depth[:, joint] = sign * HIP * side + sign * lower / 2
    if given is not None:
        known = given.isfinite()
        depth[:, : given.shape[1]] = torch.where(known, given / scale[:, None], depth[:, : given.shape[1]])
        head = depth[:, FACE]
        depth[:, [CHIN, CROWN]] = torch.where(known[:, FACE], head, depth[:, [NECK]]).mean(1, keepdim=True)
        depth[:, COLLAR] = depth[:, NECK]
    for toes, ankle in ((RIGHT_TOES, 10), (LEFT_TOES, 13)):
        depth[:, toes] = depth[:, ankle]

    start, end = depth[:, [bone.start for bone in BONES]], depth[:, [bone.end for bone in BONES]]
    down = places[:, HIPS] - places[:, NECK]
    for index, bone in enumerate(BONES):
        shift = torch.zeros_like(scale)
        if bone.layer == HEAD:
            shift = shift - OVER
        elif bone.layer in (RIGHT_ARM, LEFT_ARM):
            shift = -IN_FRONT * front
        elif bone.layer in (RIGHT_LEG, LEFT_LEG):
            hip, knee = (8, 9) if bone.layer == RIGHT_LEG else (11, 12)
            thigh = places[:, knee] - places[:, hip]
            downward = (thigh * down).sum(-1) / (thigh.norm(dim=-1) * down.norm(dim=-1)).clamp_min(1e-3)
            shift = BEHIND - RAISED * ((0.1 - downward) / 0.4).clamp(0, 1) * front.clamp_min(0)
        start[:, index] += shift
        end[:, index] += shift
    # One cloth hangs before both legs; trousers do not.
    legs = [index for index, bone in enumerate(BONES) if bone.layer in (RIGHT_LEG, LEFT_LEG)]
    before = torch.cat([start[:, legs], end[:, legs]], dim=1).amin(1, keepdim=True) - CLOTH
    skirt = [index for index, bone in enumerate(BONES) if bone.end in (KNEES, HIPS)]
    before = torch.where(hem[:, None] > 0, before, 0.0).expand(-1, len(skirt))
    start[:, skirt] = end[:, skirt] = before
    return start, end


def _near(joints: Joints, size: tuple[int, int]) -> Tensor:
    """Where the person may be, `n 1 h w` in [0, 1], from the distance to the nearest bone in its own radii."""
    height, width = size
    cell = max(1, round(height / CELLS / 4) * 2)
    y = torch.arange(-(-height // cell), device=joints.scale.device)[:, None] + 0.5
    x = torch.arange(-(-width // cell), device=joints.scale.device) + 0.5
    x, y = x * cell, y * cell
    start = joints.places[:, [bone.start for bone in BONES]][..., None, None]  # n p 2 1 1
    along = joints.places[:, [bone.end for bone in BONES]][..., None, None] - start
    x, y = x - start[:, :, 0], y - start[:, :, 1]
    squared = (along**2).sum(2).clamp_min(1e-6)
    share = ((x * along[:, :, 0] + y * along[:, :, 1]) / squared).clamp(0, 1)
    distance = torch.hypot(x - share * along[:, :, 0], y - share * along[:, :, 1])
    radius = distance.new_tensor([bone.radius for bone in BONES]) * joints.scale[:, None]
    nearest = (distance / radius[..., None, None])[:, SKIRTLESS].amin(1, keepdim=True)
    near = torch.sigmoid(STEEPNESS * (REACH - nearest)) * joints.known[:, None, None, None]
    rows, columns = near.shape[-2] * cell, near.shape[-1] * cell
    if cell > 1:
        near = F.interpolate(near, size=(rows, columns), mode="bilinear", align_corners=False)
    return near[..., :height, :width]
