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
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tempose.warp.bones import AFTER, BONES, CARRYING, HEAD_BONE, NECK_BONE, TRUNK_BONE
from tempose.warp.flesh import LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG
from tempose.warp.joints import (
    ANKLES,
    CHIN,
    COLLAR,
    HIPS,
    KNEES,
    NECK,
    ROOTS,
    Joints,
    angle_between,
    perpendicular,
)

THROAT = 0.12  # half the width of what moves with the neck, in lengths of the trunk from hips to neck
SHORTEST = 0.1  # no less does it take from the trunk to the chin, in the same
SEAM = 0.04  # so far do both, in the same, beneath hair that hangs beside the neck
NAPE = 0.03  # so far above the base of the neck the trunk goes on behind it, in the same

SIDE = 0.55  # the share of its frontal width that the trunk keeps when it is seen from the side
CHEST, THICKEST = 0.9, 0.85  # half a trunk's width in those of its shoulders; and the most that a profile's may be
TILT = 0.6  # shoulders and hips lean no further against the trunk than this slope
SKIRT = 0.3  # half the width of a skirt whose knees touch, in lengths of the trunk
LONGEST_BEND = 0.45  # of a bone, rounded by the joint at either end
MADE_UP = 1.2  # half the width of what is made up at a joint, in radii of its narrower bone
LEAST, MOST = 0.01, 3.1  # bends in radians: less counts as that little, more as that much
LIMBS = (RIGHT_ARM, LEFT_ARM, RIGHT_LEG, LEFT_LEG)
FLAT, LONG = 0.3, 1.3  # the round that a folded limb ends in, in its half widths: flat about its middle, and so long
FOLDED = 1.15  # half the angle from which on a limb counts as folded, radians
CLOSED = 0.7  # half the angle from which on what lies between its bones may be either's, radians
OPENS = 0.3  # half the angle by which it opens until a bone keeps no more of that than it is wide
SLIMMER = 0.35  # so much narrower is the second bone at its end than at its start
TURNED = 0.1, 0.5  # a limb turned by so many radians against the photo's begins to end, and ends, in a round
WHOLE_ROOT, LEAST_ROOT = 4.0, 0.5  # how far it goes on before its root, in its radii: as in the photo; and at least
PELVIS = 1.6  # the trunk's round is so much flatter
WIDENS = 0.4  # and how fast it may widen from there on
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
    carries: Tensor  # n 2, bool: whether something hangs from a hand
    root: Tensor  # so far from its start a limb goes on before it, in pixels of the photo


class Traced(NamedTuple):
    """Where places of a target lie in the photo, by one bone each; `m` or `k m`."""

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
    widths, tilts = (wide_start, wide_end), (tilt_start, tilt_end)
    return Skin(target_curves, photo_curves, size, widths, tilts, photo.carries, _roots(photo, target))


def _roots(photo: Joints, target: Joints) -> Tensor:
    """How far the photo's bones go on before their start, `n bones` in its pixels.

    What lies above a shoulder or a hip goes along with a limb that hangs as in the photo; one that is turned against it
    ends in a round, no wider than the person is about that joint: so it does not jut out of them. So does a trunk
    without a skirt below the hips when the thighs turn against it.
    """
    roots = photo.scale.new_full((len(photo.scale), len(BONES)), math.inf)
    axes = [joints.places[:, HIPS] - joints.places[:, COLLAR] for joints in (photo, target)]
    for index, bone in enumerate(BONES):
        if bone.start not in (*ROOTS, HIPS):
            continue
        end = KNEES if index == TRUNK_BONE else bone.end
        limbs = [joints.places[:, end] - joints.places[:, bone.start] for joints in (photo, target)]
        shown, asked = (angle_between(axis, limb) for axis, limb in zip(axes, limbs, strict=True))
        turned = (asked - torch.where(target.mirrored, -shown, shown)).abs()
        turned = turned.minimum(2 * math.pi - turned)
        turned = ((turned - TURNED[0]) / (TURNED[1] - TURNED[0])).clamp(0, 1)
        radius = photo.scale * bone.radius
        wide = radius
        if bone.start in ROOTS:
            wide = photo.flesh[:, ROOTS.index(bone.start)].maximum(LEAST_ROOT * radius).minimum(radius)
        roots[:, index] = torch.lerp(WHOLE_ROOT * radius, wide, turned)
    roots[:, TRUNK_BONE].masked_fill_(photo.skirt, math.inf)
    return roots


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
    has_before = torch.tensor([bone.before is not None for bone in BONES], device=length.device).repeat(len(length), 1)
    has_before[:, TRUNK_BONE] = joints.skirt  # without one the trunk ends in itself, however the legs are
    before = [i if bone.before is None else bone.before for i, bone in enumerate(BONES)]
    after = [i if index is None else index for i, index in enumerate(AFTER)]
    first = rounding.minimum(LONGEST_BEND * length).minimum(LONGEST_BEND * length[:, before]) * has_before
    last = first[:, after] * torch.tensor([after is not None for after in AFTER], device=length.device)
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
        thick = (photo.girth / CHEST).minimum(THICKEST * seen_t)  # a profile that is as thick as this needs no widening
        wide[node] = width_s.maximum(SIDE * seen_t).maximum(thick).clamp_min(1e-3) / seen_t.maximum(least)
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
        pose, bone: for each of m places, or groups of places, which target it is in and by which bone it is traced.
        x, y: the places in pixels, `m`, or `k m` where each group has k.
    """
    traced, across = _along(skin, pose, bone, x, y)
    trunk_axis = Curves(*(value[:, TRUNK_BONE] for value in skin.photo))

    def above_collar(at: Tensor, x: Tensor, y: Tensor) -> Tensor:
        axis = Curves(*(value[pose[at]] for value in trunk_axis))
        return (x - axis.x) * axis.along_x + (y - axis.y) * axis.along_y - axis.length

    # The neck leaves the collar with the trunk and reaches the chin with the head.
    neck = (bone == NECK_BONE).nonzero()[:, 0]
    base, _ = _along(skin, pose[neck], torch.full_like(neck, TRUNK_BONE), x[..., neck], y[..., neck])
    chin = above_collar(neck, *(start[pose[neck], HEAD_BONE] for start in (skin.photo.x, skin.photo.y)))
    chin = chin.maximum(SHORTEST * trunk_axis.length[pose[neck]])
    own = (above_collar(neck, base.x, base.y) / chin).clamp(0, 1)
    for place, start in ((traced.x, base.x), (traced.y, base.y)):
        place[..., neck] = torch.lerp(start, place[..., neck], own)
    # Shoulders and collar are the trunk's, however the neck leans over them.
    both = ((bone == TRUNK_BONE) | (bone == NECK_BONE)).nonzero()[:, 0]
    above, long = above_collar(both, traced.x[..., both], traced.y[..., both]), trunk_axis.length[pose[both]]
    beside = across[..., both].abs() - THROAT * long
    of_neck = (above - NAPE * long).minimum(-beside - SEAM * long)
    others = torch.where(bone[both] == TRUNK_BONE, of_neck, beside.maximum(-above))
    traced.valid[..., both] *= 1 - (others / skin.size[pose[both], TRUNK_BONE]).clamp(0, 1)
    # What hangs from a hand goes on hanging, from where the hand holds it.
    for hand, (forearm, thing) in enumerate(CARRYING):
        at = ((bone == forearm) | (bone == thing)).nonzero()[:, 0]
        below = (traced.y[..., at] - skin.photo.y[pose[at], thing]) / skin.size[pose[at], thing] + 0.5
        of_thing = below.clamp(0, 1) * skin.carries[pose[at], hand]
        traced.valid[..., at] *= torch.where(bone[at] == thing, of_thing, 1 - of_thing)
    return traced


def beside_neck(size: tuple[int, ...], photo: Joints) -> Tensor:
    """bool `h w`: what of one photo is above the collar and beside what moves with its neck."""
    collar, axis = photo.places[0, COLLAR], photo.places[0, COLLAR] - photo.places[0, HIPS]
    long = axis.norm().clamp_min(1e-3)
    y, x = torch.meshgrid(*(torch.arange(n, dtype=axis.dtype) + 0.5 for n in size), indexing="ij")
    away, up = torch.stack([x - collar[0], y - collar[1]], dim=-1), axis / long
    return (away @ up > NAPE * long) & ((away @ perpendicular(up)).abs() > (THROAT + SEAM) * long)


def _along(skin: Skin, pose: Tensor, bone: Tensor, x: Tensor, y: Tensor) -> tuple[Traced, Tensor]:
    """By one bone alone; and how far across the photo's bone the places lie."""
    of_bones = torch.stack(
        [each.flatten() for each in (*skin.target, *skin.photo, skin.size, *skin.wide, *skin.tilt, skin.root)]
    )
    rows = of_bones.index_select(1, pose * len(BONES) + bone).unbind()
    many = len(Curves._fields)
    target, photo, (size, *across_ends, root) = Curves(*rows[:many]), Curves(*rows[many : 2 * many]), rows[2 * many :]
    wide, tilt = across_ends[:2], across_ends[2:]

    limb = torch.tensor([of.layer in LIMBS for of in BONES], device=x.device)[bone]
    rounded = [limb & (half.abs() < FOLDED) for half in (photo.first_half, photo.last_half)]
    along, across, valid, over = _straightened(target, x, y, rounded)
    middle = (target.length - target.first - target.last).clamp_min(1e-3)
    middle_s = photo.length - photo.first - photo.last
    inside = (along - target.first) / middle
    share = inside.clamp(0, 1)

    # Start, middle and end of the bone each by their own scale; beyond an open end at the size of the person.
    first_s = torch.where(target.first > 0, photo.first / target.first.clamp_min(1e-3), size)
    last_s = torch.where(target.last > 0, photo.last / target.last.clamp_min(1e-3), size)
    before, beyond = (along - target.first).clamp_max(0), (along - target.first - middle).clamp_min(0)
    along_s = photo.first + share * middle_s + before * first_s + beyond * last_s
    whole = (along / target.length).clamp(0, 1)
    along_s = along_s + across * torch.lerp(tilt[0], tilt[1], whole)
    across_s = across * torch.lerp(wide[0], wide[1], whole)
    below = along_s.clamp_max(0) * torch.where(bone == TRUNK_BONE, PELVIS, 1.0)
    away = torch.hypot(below, across_s) - WIDENS * along_s.clamp_min(0)
    valid = valid * ((root - away) / size + 0.5).clamp(0, 1)
    x, y, over_s = _bent(photo, along_s, across_s)
    # What the photo hides behind the next bone is made up only on this bone's own side of the joint, and no wider than
    # the joint is: a head that leaned on a shoulder leaves nothing behind.
    wider = across_s.abs() - MADE_UP * torch.where(share < 0.5, photo.first_reach, photo.last_reach)
    valid = valid * (1 - (over.maximum(wider / size)).minimum(over_s / size)).clamp(0, 1)
    # Within a folded limb both bones touch what is thicker than either: one that opens takes no more of it than it is
    # wide, up to hand or foot.
    for bend, now, reach, slim in (
        (photo.first_half, target.first_half, photo.first_reach, SLIMMER * share),
        (photo.last_half, target.last_half, photo.last_reach, 0 * share),
    ):
        opened = ((bend.abs() - now.abs()) / OPENS).clamp(0, 1)
        around = MADE_UP * reach * (1 - slim) * (3 - 2 * opened)
        inner = limb & (bend.abs() > CLOSED) & (opened > 0) & (across_s * bend > 0) & (along_s < photo.length)
        valid = torch.where(inner, valid * (1 - (across_s.abs() - around) / size).clamp(0, 1), valid)
    return Traced(x, y, share, valid), across_s


def _limits(curves: Curves, across: Tensor) -> tuple[Tensor, Tensor]:
    """How far the line that halves the angle to the bones before and after lets a bone reach: from, to along it.

    Unbounded on the outer side of a bend, and up to its center.
    """
    first, last = across * torch.tan(curves.first_half), across * torch.tan(curves.last_half)
    lowest = torch.where((curves.first > 0) & (first > curves.first), first, -math.inf)
    bounded = (curves.last > 0) & (last > curves.last)
    highest = torch.where(bounded, curves.length - last, math.inf)
    return lowest, highest


def _straightened(
    curves: Curves, x: Tensor, y: Tensor, rounded: Sequence[Tensor]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Places → along and across the curve, whether the bone leads there, and how far beyond its limits that is.

    Args:
        rounded: bool: whether the bone ends in a round where it bends sharply, not in a line: at its start, at its end.
    """
    x, y = x - curves.x, y - curves.y
    along = x * curves.along_x + y * curves.along_y
    across = y * curves.along_x - x * curves.along_y
    lowest, highest = _limits(curves, across)
    beyond = (lowest - along).maximum(along - highest).clamp_min(0)
    result, side, valid = along, across, torch.ones_like(along)
    for bend, half, over, reach, ends_round in (
        (curves.first, curves.first_half, curves.first - along, curves.first_reach, rounded[0]),
        (curves.last, curves.last_half, along - curves.length + curves.last, curves.last_reach, rounded[1]),
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
        # Beyond the center two bones lie over each other, and this one goes straight on and ends; and where a limb is
        # folded, on the outer side, too.
        straight = ((away * sign > 0) | (ends_round & (half.abs() > FOLDED))) & (bend > 0)
        arc = bent & ~straight
        result = torch.where(arc, bend - step if at_start else curves.length - bend + step, result)
        side = torch.where(arc, radius - sign * torch.hypot(over, away), side)
        wide = reach * ends_round
        beside = (away.abs() - FLAT * wide).clamp_min(0) / (1 - FLAT)
        ends = torch.where(straight, (0.5 - over + LONG * (wide**2 - beside**2).clamp_min(0).sqrt()).clamp(0, 1), 1.0)
        valid = torch.where(arc & ~leads, 0.0, valid) * ends
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
