"""Layers over each other: how deep every bone lies, and what of each layer shows between the others."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from tempose.warp.bones import BONE_LAYERS, BONES, TRUNK_BONE
from tempose.warp.flesh import HEAD, LAYERS, LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK
from tempose.warp.joints import (
    CHIN,
    COLLAR,
    CROWN,
    FACE,
    HANDS,
    HIPS,
    KNEES,
    LEFT_TOES,
    NECK,
    RIGHT_TOES,
    Joints,
)
from tempose.warp.pixels import FAINT, Pixels

# Depths in lengths of the trunk. Over so little one layer gives way to another: less is a seam, more half transparent.
# Layers as deep as each other, as nothing may be known of legs, show in ORDER, from back to front: LEAD decides it.
TIE, LEAD = 0.004, 0.02
ORDER = (RIGHT_LEG, LEFT_LEG, TRUNK, HEAD, RIGHT_ARM, LEFT_ARM)
OVER = 0.12  # the head before the trunk
IN_FRONT = 0.12  # arms before the trunk as it is seen from the front, besides what is known of their depth
BEHIND = 0.25  # legs behind the trunk and its clothes
RAISED = 0.6  # thighs that point upwards come before the trunk by so much
SHOULDER, HIP = 0.31, 0.18  # how far from the middle of the body limbs hang, for a person seen from the side
CLOTH = 0.1  # skirts before the nearer leg
LOWER = 0.3  # of two feet the lower one in the picture is nearer, by this share of the difference


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
    for wrist, _, grip, plumb in HANDS:
        depth[:, [grip, plumb]] = depth[:, [wrist]]

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
    # And what it covers does not come before the belly either, however a thigh is raised.
    thighs = [index for index, bone in enumerate(BONES) if bone.start in (8, 11)]
    belly = torch.where(hem > 0, start[:, TRUNK_BONE] + CLOTH, -math.inf)[:, None]
    start[:, thighs], end[:, thighs] = start[:, thighs].maximum(belly), end[:, thighs].maximum(belly)
    return start, end


class Drawn(NamedTuple):
    """The layers of n targets where anything reaches."""

    values: Tensor
    """`l m 5`: color and depth times alpha, and alpha."""
    places: Tensor
    """`m`: which pixel of which target, (target · h + row) · w + column."""


def drawn(pixels: Pixels, bone_depths: tuple[Tensor, Tensor], targets: int, size: tuple[int, int]) -> Drawn:
    """The bones of each layer over each other.

    Args:
        bone_depths: as `depths` gives them.
        targets: how many there are, of which size (height, width).
    """
    height, width = size
    place = (pixels.pose * height + pixels.row) * width + pixels.column
    touched = torch.zeros(targets * height * width, dtype=torch.bool, device=place.device)
    touched[place] = True
    places = touched.nonzero()[:, 0]
    index = torch.empty_like(touched, dtype=torch.int64)
    index[places] = torch.arange(len(places), device=place.device)

    row = pixels.pose * len(BONES) + pixels.bone
    start, end = (depth.reshape(-1)[row] for depth in bone_depths)
    depth, valid = torch.lerp(start, end, pixels.traced.share), pixels.traced.valid
    values = torch.stack([*pixels.seen[:3], depth, torch.ones_like(depth)], dim=-1)  # m 5
    weight = ((pixels.seen[3] * valid).clamp_min(FAINT) * valid)[:, None]
    spot = torch.tensor(BONE_LAYERS, device=place.device)[pixels.bone] * len(places) + index[place]
    found, most = values.new_zeros(len(LAYERS) * len(places), 5), values.new_zeros(len(LAYERS) * len(places), 1)
    runs = torch.unique_consecutive(pixels.bone, return_counts=True)[1].tolist()
    for at, value, share in zip(*(each.split(runs) for each in (spot, values, weight)), strict=True):
        found.index_copy_(0, at, found.index_select(0, at) * (1 - share) + value * share)
        most.index_copy_(0, at, most.index_select(0, at).maximum(share))
    # Two bones that share an edge do not make it firmer.
    found *= most / found[:, 4:].clamp_min(1e-6)
    return Drawn(found.unflatten(0, (len(LAYERS), len(places))), places)


def mixed(layers: Drawn, shares: Tensor, pixels: int) -> Drawn:
    """Layers of p photos in the same f poses of so many pixels as one, by their shares `p f l`."""
    f = shares.shape[1]
    given = layers.values * shares.flatten(0, 1)[layers.places // pixels].T[..., None]
    places, slot = torch.unique(layers.places % (f * pixels), return_inverse=True)
    return Drawn(given.new_zeros(len(given), len(places), 5).index_add_(1, slot, given), places)


def composed(layers: Drawn, targets: int, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Color `n 3 h w`, not premultiplied, and alpha `n 1 h w` of the layers, the nearest in front."""
    values, places = layers
    whole = (values * visible(values[..., 4], values[..., 3] / values[..., 4].clamp_min(1e-6))[..., None]).sum(0)
    found = 1 - (1 - values[..., 4]).prod(0)
    pixels = size[0] * size[1]
    color, alpha = values.new_zeros(targets * pixels, 3), values.new_zeros(targets * pixels)
    color.index_copy_(0, places, (whole[:, :3] / whole[:, 4:].clamp_min(1e-6)).clamp(-1, 1))
    alpha.index_copy_(0, places, ((found - 4 * FAINT) / (1 - 4 * FAINT)).clamp(0, 1))
    return color.view(targets, *size, 3).movedim(-1, 1).contiguous(), alpha.view(targets, 1, *size)


def visible(alpha: Tensor, depth: Tensor) -> Tensor:
    """How much of each layer shows between the others, `l m`, from its alpha and depth `l m`."""
    shown = torch.ones_like(alpha)
    several = ((alpha > 0).sum(0) > 1).nonzero()[:, 0]  # one alone shows as it is
    alpha, depth, shares = alpha[:, several], depth[:, several], shown[:, several]
    for one in range(len(alpha)):
        for other in range(one):
            lead = LEAD if ORDER.index(other) > ORDER.index(one) else -LEAD
            before = torch.sigmoid((depth[one] - depth[other] + lead) / TIE)
            shares[one] *= 1 - alpha[other] * before
            shares[other] *= 1 - alpha[one] * (1 - before)
    shown[:, several] = shares
    return shown
