"""The way from a place in a target pose back to the photo, along the bones.

Each chain of bones (trunk and neck, an arm, a leg) is a curve: straight along the bones, rounded at the joints. A place
near it is told by how far along the curve it lies and how far to its side; the photo shows it at the same share of the
same bone ("skeletal strokes": Hsu and Lee, SIGGRAPH 1994). So the photo, carried forward with its bones, has an inverse
in closed form: exact, smooth across the joints, without gaps. Along a bone the photo is stretched from joint to joint;
hands, feet and the head keep their size. Across it limbs keep their width; the trunk's follows its turn: narrower from
the side, mirrored from behind. Where a joint bends so far that its two bones lie over each other, each has its own way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from tempose.warp.flesh import HEAD, LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK
from tempose.warp.joints import (
    ANKLES,
    CHIN,
    COLLAR,
    CROWN,
    HIPS,
    KNEES,
    LEFT_TOES,
    NECK,
    RIGHT_TOES,
    Joints,
    angle_between,
    perpendicular,
)


@dataclass(frozen=True)
class Bone:
    """A straight part of a chain.

    Attributes:
        layer: whose picture it moves.
        start, end: the joints between which it runs; a last bone goes on beyond its end.
        radius: half its typical width, in lengths of the trunk.
        bend: how much of the chain the joint at its start rounds, to either side, in lengths of the trunk.
        before: the index of the bone that it goes on from, if any.
    """

    layer: int
    start: int
    end: int
    radius: float
    bend: float = 0.0
    before: int | None = None


# Of one layer, those that lie in front come last.
BONES = (
    Bone(TRUNK, ANKLES, KNEES, 0.3),
    Bone(TRUNK, KNEES, HIPS, 0.3, 0.15, 0),
    Bone(TRUNK, HIPS, COLLAR, 0.34, 0.2, 1),
    Bone(TRUNK, COLLAR, CHIN, 0.1),
    Bone(HEAD, CHIN, CROWN, 0.24),
    Bone(RIGHT_ARM, 2, 3, 0.12),
    Bone(RIGHT_ARM, 3, 4, 0.1, 0.06, 5),
    Bone(LEFT_ARM, 5, 6, 0.12),
    Bone(LEFT_ARM, 6, 7, 0.1, 0.06, 7),
    Bone(RIGHT_LEG, 8, 9, 0.17),
    Bone(RIGHT_LEG, 9, 10, 0.13, 0.09, 9),
    Bone(RIGHT_LEG, 10, RIGHT_TOES, 0.13, 0.05, 10),
    Bone(LEFT_LEG, 11, 12, 0.17),
    Bone(LEFT_LEG, 12, 13, 0.13, 0.09, 12),
    Bone(LEFT_LEG, 13, LEFT_TOES, 0.13, 0.05, 13),
)
BONE_LAYERS = tuple(bone.layer for bone in BONES)
AFTER = tuple(next((i for i, after in enumerate(BONES) if after.before == index), None) for index in range(len(BONES)))

TRUNK_BONE, NECK_BONE, HEAD_BONE = 2, 3, 4
THROAT = 0.15  # half the width of what moves with the neck, in lengths of the trunk from hips to neck
NAPE = 0.03  # so far above the base of the neck the trunk goes on behind it, in the same

SIDE = 0.55  # the share of its frontal width that the trunk keeps when it is seen from the side
TILT = 0.6  # shoulders and hips lean no further against the trunk than this slope
SKIRT = 0.3  # half the width of a skirt whose knees touch, in lengths of the trunk
LONGEST_BEND = 0.45  # of a bone, rounded by the joint at either end
MADE_UP = 1.2  # half the width of what is made up at a joint, in radii of its narrower bone
LEAST, MOST = 0.01, 3.1  # bends in radians: less counts as that little, more as that much
SHARED = 1.02  # shares of half a bend: beyond its middle both bones lead there


class Curves(NamedTuple):
    """Bones as straight pieces with rounded ends, `n bones` each; lengths in pixels, angles in radians."""

    x: Tensor
    y: Tensor
    along_x: Tensor  # the unit vector along the bone
    along_y: Tensor
    length: Tensor
    first: Tensor  # how much of it the bend at its start rounds; 0 where there is none
    last: Tensor  # the same at its end
    first_half: Tensor  # half the angle by which it bends from the bone before, signed
    last_half: Tensor  # half the angle by which the next bone bends from it
    first_reach: Tensor  # half the width of the narrower of the two bones that meet at its start
    last_reach: Tensor  # the same at its end


class Skin(NamedTuple):
    """What leads from n target poses to their photos."""

    target: Curves
    photo: Curves
    size: Tensor  # pixels of the photo for one of the target where things keep their size
    wide: tuple[Tensor, Tensor]  # the same across the bone at its start and its end; negative where mirrored
    tilt: tuple[Tensor, Tensor]  # pixels along the photo's bone for one across the target's, at start and end


class Traced(NamedTuple):
    """Where places of a target lie in the photo, by one bone each."""

    x: Tensor  # pixels of the photo
    y: Tensor
    share: Tensor  # how far along the bone, 0 at its start, 1 at its end
    valid: Tensor  # in [0, 1]: whether the bone leads there at all


def skin(photo: Joints, target: Joints) -> Skin:
    """The ways from targets to photos, whose joints are `n` both."""
    angles = [_bends(joints.places) for joints in (photo, target)]
    units = torch.stack([photo.scale, target.scale])[..., None]
    rounding = units * target.scale.new_tensor([bone.bend for bone in BONES])
    photo_curves, target_curves = (_curves(j, a, r) for j, a, r in zip((photo, target), angles, rounding, strict=True))
    ratio = photo.scale / target.scale
    wide, tilt = _trunk_widths(photo, target, ratio)
    sign = torch.where(target.mirrored, -1.0, 1.0)
    limbs = (ratio * sign)[:, None].expand(-1, len(BONES))
    size = ratio[:, None].expand(-1, len(BONES))
    wide_start, wide_end, tilt_start, tilt_end = limbs.clone(), limbs.clone(), 0 * limbs, 0 * limbs
    for index, (start, end) in enumerate(((ANKLES, KNEES), (KNEES, HIPS), (HIPS, NECK), (NECK, CHIN))):
        if start in wide:
            wide_start[:, index], tilt_start[:, index] = wide[start] * sign, tilt[start]
        if end in wide:
            wide_end[:, index], tilt_end[:, index] = wide[end] * sign, tilt[end]
    return Skin(target_curves, photo_curves, size, (wide_start, wide_end), (tilt_start, tilt_end))


def _bends(places: Tensor) -> Tensor:
    """By how much every bone bends from the one before, `n bones`, signed; 0 for the first ones."""
    along = places[:, [bone.end for bone in BONES]] - places[:, [bone.start for bone in BONES]]
    before = along[:, [i if bone.before is None else bone.before for i, bone in enumerate(BONES)]]
    angle = angle_between(before, along)
    return torch.where(angle < 0, -1.0, 1.0) * angle.abs().clamp(LEAST, MOST)


def _curves(joints: Joints, bends: Tensor, rounding: Tensor) -> Curves:
    start = joints.places[:, [bone.start for bone in BONES]]
    along = joints.places[:, [bone.end for bone in BONES]] - start
    length = along.norm(dim=-1).clamp_min(1e-3)
    axis = torch.where(length[..., None] > 2e-3, along / length[..., None], along.new_tensor([0.0, 1.0]))
    has_before = torch.tensor([bone.before is not None for bone in BONES], device=length.device)
    has_after = torch.tensor([after is not None for after in AFTER], device=length.device)
    before = [i if bone.before is None else bone.before for i, bone in enumerate(BONES)]
    after = [i if index is None else index for i, index in enumerate(AFTER)]
    first = rounding.minimum(LONGEST_BEND * length).minimum(LONGEST_BEND * length[:, before]) * has_before
    last = first[:, after] * has_after
    half = bends / 2
    (x, y), (along_x, along_y) = start.unbind(-1), axis.unbind(-1)
    radius = length.new_tensor([bone.radius for bone in BONES])
    reach = joints.scale[:, None] * radius.minimum(radius[before])
    return Curves(x, y, along_x, along_y, length, first, last, half, half[:, after], reach, reach[:, after])


def _trunk_widths(photo: Joints, target: Joints, ratio: Tensor) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
    """Across the trunk's joints: pixels of the photo for one of the target, unsigned, and how they lean: `n` each."""
    across: dict[int, list[tuple[Tensor, Tensor]]] = {NECK: [], HIPS: []}
    for joints in (photo, target):
        axis = joints.places[:, COLLAR] - joints.places[:, HIPS]
        axis = axis / axis.norm(dim=-1, keepdim=True).clamp_min(1e-3)
        for node, right, left in ((NECK, 2, 5), (HIPS, 8, 11)):
            half = (joints.places[:, left] - joints.places[:, right]) / 2
            across[node].append(((half * perpendicular(axis)).sum(-1), (half * axis).sum(-1)))
    long = [(j.places[:, COLLAR] - j.places[:, HIPS]).norm(dim=-1) for j in (photo, target)]
    stretch = long[0] / long[1].clamp_min(1e-3)
    wide, tilt = {}, {}
    for node, ((width_s, lean_s), (width_t, lean_t)) in across.items():
        width_s, seen_t, sign = width_s.abs(), width_t.abs() * ratio, torch.where(width_t < 0, -1.0, 1.0)
        least = (SIDE * width_s.maximum(seen_t)).clamp_min(1e-3)
        wide[node] = width_s.maximum(SIDE * seen_t).clamp_min(1e-3) / seen_t.maximum(least)
        slope = (lean_s - stretch * lean_t) * ratio * sign / seen_t.maximum(least)
        tilt[node] = slope.maximum(-TILT * ratio).minimum(TILT * ratio) * (seen_t / least).clamp_max(1)
    wide[HIPS] = (wide[HIPS] + wide[NECK]) / 2
    wide = {node: value * ratio for node, value in wide.items()}
    for node, right, left in ((KNEES, 9, 12), (ANKLES, 10, 13)):
        apart = [(j.places[:, left] - j.places[:, right]).norm(dim=-1) / 2 / j.scale + SKIRT for j in (photo, target)]
        wide[node], tilt[node] = ratio * apart[0] / apart[1], torch.zeros_like(ratio)
    return wide, tilt


def trace(skin: Skin, pose: Tensor, bone: Tensor, x: Tensor, y: Tensor) -> Traced:
    """Where places of the targets lie in the photo.

    Args:
        pose, bone: for each of m places, which target it is in and by which bone it is traced.
        x, y: the places in pixels, `m`.
    """
    row = pose * len(BONES) + bone
    target, photo = (Curves(*(value.reshape(-1)[row] for value in curves)) for curves in (skin.target, skin.photo))
    size = skin.size.reshape(-1)[row]
    wide, tilt = ([value.reshape(-1)[row] for value in pair] for pair in (skin.wide, skin.tilt))

    along, across, valid, over = _straightened(target, x, y)
    middle = (target.length - target.first - target.last).clamp_min(1e-3)
    middle_s = photo.length - photo.first - photo.last
    inside = (along - target.first) / middle
    share = inside.clamp(0, 1)

    # Start, middle and end of the bone each by their own scale; beyond an open end at the size of the person.
    first_s = torch.where(target.first > 0, photo.first / target.first.clamp_min(1e-3), size)
    last_s = torch.where(target.last > 0, photo.last / target.last.clamp_min(1e-3), size)
    before, beyond = (along - target.first).clamp_max(0), (along - target.first - middle).clamp_min(0)
    along_s = photo.first + share * middle_s + before * first_s + beyond * last_s
    along_s = along_s + across * torch.lerp(tilt[0], tilt[1], share)
    across_s = across * torch.lerp(wide[0], wide[1], share)
    x, y, over_s = _bent(photo, along_s, across_s)
    # What the photo hides behind the next bone is made up only on this bone's own side of the joint, and no wider than
    # the joint is: a head that leaned on a shoulder leaves nothing behind.
    wider = across_s.abs() - MADE_UP * torch.where(share < 0.5, photo.first_reach, photo.last_reach)
    valid = valid * (1 - (over.maximum(wider / size)).minimum(over_s / size)).clamp(0, 1)
    # Shoulders and collar are the trunk's, however the neck leans over them.
    both = ((bone == TRUNK_BONE) | (bone == NECK_BONE)).nonzero()[:, 0]
    trunk = Curves(*(value[:, TRUNK_BONE][pose[both]] for value in skin.photo))
    x_s, y_s = x[both] - trunk.x, y[both] - trunk.y
    above = x_s * trunk.along_x + y_s * trunk.along_y - trunk.length
    beside = across_s[both].abs() - THROAT * trunk.length
    others = torch.where(bone[both] == TRUNK_BONE, above - NAPE * trunk.length, beside.maximum(-above))
    valid[both] *= 1 - (others / size[both]).clamp(0, 1)
    return Traced(x, y, share, valid)


def _limits(curves: Curves, across: Tensor) -> tuple[Tensor, Tensor]:
    """How far the line that halves the angle to the bones before and after lets a bone reach: from, to along it.

    Unbounded on the outer side of a bend, and up to its center.
    """
    first, last = across * torch.tan(curves.first_half), across * torch.tan(curves.last_half)
    lowest = torch.where((curves.first > 0) & (first > curves.first), first, -math.inf)
    bounded = (curves.last > 0) & (last > curves.last)
    highest = torch.where(bounded, curves.length - last, math.inf)
    return lowest, highest


def _straightened(curves: Curves, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Places → along and across the curve, whether the bone leads there, and how far beyond its limits that is."""
    x, y = x - curves.x, y - curves.y
    along = x * curves.along_x + y * curves.along_y
    across = y * curves.along_x - x * curves.along_y
    lowest, highest = _limits(curves, across)
    beyond = (lowest - along).maximum(along - highest).clamp_min(0)
    result, side, valid = along, across, torch.ones_like(along)
    for bend, half, over in (
        (curves.first, curves.first_half, curves.first - along),
        (curves.last, curves.last_half, along - curves.length + curves.last),
    ):
        # Within a bend, about its center: the angle tells how far along, the distance how far across.
        radius = bend / torch.tan(half)
        sign = torch.where(half < 0, -1.0, 1.0)
        away = across - radius
        angle = torch.atan2(over, -away * sign)
        bent = (bend > 0) & (over > 0)
        leads = angle <= half.abs() * SHARED
        step = bend * angle / half.abs()
        at_start = bend is curves.first
        result = torch.where(bent, bend - step if at_start else curves.length - bend + step, result)
        side = torch.where(bent, radius - sign * torch.hypot(over, away), side)
        # Beyond the center two bones lie over each other, and this one ends, in a line one pixel wide.
        ends = torch.where((away * sign > 0) & (bend > 0), (0.5 - over).clamp(0, 1), 1.0)
        valid = torch.where(bent & ~leads, 0.0, valid) * ends
    return result, side, valid, beyond


def _bent(curves: Curves, along: Tensor, across: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The inverse: along and across the curve → places, drawn back to the bone's limits, and how far."""
    place, side = along, across
    first, last = torch.tan(curves.first_half), torch.tan(curves.last_half)
    lowest, highest = _limits(curves, across)
    for bend, half, slope, over, at_start in (
        (curves.first, curves.first_half, first, curves.first - along, True),
        (curves.last, curves.last_half, last, along - curves.length + curves.last, False),
    ):
        radius = bend / slope
        sign = torch.where(half < 0, -1.0, 1.0)
        angle = (over / bend.clamp_min(1e-6)).clamp_max(2) * half.abs()
        reach = sign * (radius - across)
        bent = (bend > 0) & (over > 0)
        step = torch.sin(angle) * reach
        turned = torch.where(reach >= 0, bend - step if at_start else curves.length - bend + step, along)
        place = torch.where(bent, turned, place)
        side = torch.where(bent & (reach >= 0), radius - sign * torch.cos(angle) * reach, side)
    beyond = (lowest - place).maximum(place - highest).clamp_min(0)
    place = place.maximum(lowest).minimum(highest)
    return (
        curves.x + place * curves.along_x - side * curves.along_y,
        curves.y + place * curves.along_y + side * curves.along_x,
        beyond,
    )
