"""Where the joints of a photo's person and of target poses are, those that were not found included.

Besides the 18 key points: the middles of hips, knees and ankles, the base and the top of the neck, the crown, the toes,
and where things hang from the hands. A joint missing in a target hangs from its parent as it does in the photo; one
missing in the photo as on a person who stands upright.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from tempose.pose.keypoints import KEYPOINTS, MIN_CONFIDENCE

HIPS, COLLAR, CHIN, CROWN, KNEES, ANKLES, RIGHT_TOES, LEFT_TOES = range(len(KEYPOINTS), len(KEYPOINTS) + 8)
RIGHT_GRIP, LEFT_GRIP, RIGHT_PLUMB, LEFT_PLUMB = range(LEFT_TOES + 1, LEFT_TOES + 5)
HANDS = ((4, 3, RIGHT_GRIP, RIGHT_PLUMB), (7, 6, LEFT_GRIP, LEFT_PLUMB))  # wrist, elbow, where a thing hangs, below it
NOSE, NECK, FACE = 0, 1, (0, 14, 15, 16, 17)

# Joint, parent, the parent's own parent; parents first.
LIMBS = (
    (2, NECK, HIPS), (5, NECK, HIPS), (8, HIPS, NECK), (11, HIPS, NECK), (3, 2, NECK), (6, 5, NECK),
    (9, 8, HIPS), (12, 11, HIPS), (4, 3, 2), (7, 6, 5), (10, 9, 8), (13, 12, 11),
)  # fmt: skip
OPPOSITE = {2: 5, 5: 2, 8: 11, 11: 8}
ROOTS = (2, 5, 8, 11)  # shoulders and hips

# Places from the parent in lengths of the trunk, on a person who stands and faces the camera: x to their left, y down.
TYPICAL = {
    2: (-0.31, 0.02), 5: (0.31, 0.02), 8: (-0.18, 0.0), 11: (0.18, 0.0), 3: (-0.1, 0.55), 6: (0.1, 0.55),
    9: (0.0, 0.88), 12: (0.0, 0.88), 4: (-0.05, 0.5), 7: (0.05, 0.5), 10: (0.0, 0.82), 13: (0.0, 0.82),
}  # fmt: skip
FACE_HEIGHT = 0.42  # of the face's middle above the neck

# Bones that tell how large a person is, and the quantile that they say it by: foreshortening only shortens.
MEASURES = ((NECK, HIPS, 1.0), *((joint, parent, math.hypot(*TYPICAL[joint])) for joint, parent, _ in LIMBS[4:]))
QUANTILE = 0.65

# In lengths of the trunk: the base of the neck above the shoulders, the chin below the middle of the face, the shortest
# neck, and how far the nose lies beside the neck in a profile.
COLLAR_HEIGHT, CHIN_DEPTH, SHORTEST_NECK, PROFILE = 0.13, 0.18, 0.05, 0.25
DOWNWARD = 0.15  # of the trunk is added to the bones of a skirt, so that they always have a direction
HANGS = 0.6  # down to the middle of the knees, from which on the mean of both thighs is seen to hang
STEADY = 0.1  # weight of the neck against each point of the face in how the head leans: a bowed head does not lean
STANDS = math.radians(25)  # a foot keeps its angle to the ground while the shin turns by less

ABOUT = 0.4  # of the way from hips to neck is about its middle

# A person counts as turned round from here on: in doubt, the photo is not mirrored.
TURNED = -0.1


class Joints(NamedTuple):
    """The joints of n poses."""

    places: Tensor  # n nodes 2, pixels
    scale: Tensor  # n, pixels for the length of a trunk that nothing foreshortens
    facing: Tensor  # n 2: from 1, to the camera, to −1, away; from 1, to the right of the picture, to −1
    mirrored: Tensor  # n, bool: whether the photo's person has turned round
    known: Tensor  # n, bool: whether it is known where the person is
    carries: Tensor  # n 2, bool: whether something hangs from the right hand, from the left one
    skirt: Tensor  # n, bool: whether what is below the hips hangs from both thighs, or goes straight on
    flesh: Tensor  # n 4, pixels: from each of ROOTS to the person's outline in the photo; inf where that is not known
    girth: Tensor  # n, pixels: half the width of the trunk about its middle; 0 where that is not known


def photo_joints(
    keypoints: Tensor,
    grips: Tensor | None = None,
    hem: Tensor | None = None,
    person: Tensor | None = None,
    trunk: Tensor | None = None,
) -> Joints:
    """The joints of photos.

    Args:
        keypoints: `n 18 3`.
        grips: from where things hang from the hands, `n 2 2`, NaN where none does, as if not given.
        hem: how far down the legs one cloth hangs, `n`; 0 where none does, as if not given. Without one what is below
            the hips hangs from the thighs only if these are seen to hang.
        person: where they are, bool `n h w`.
        trunk: where their trunks are, the same.
    """
    known = keypoints[..., 2] >= MIN_CONFIDENCE
    places = _nodes(keypoints, known)
    places[:, HIPS], hips = _mean(places[:, [8, 11]], known[:, [8, 11]])
    scale = _typical_scale(places, known, hips)
    body = _typical_trunk(places, known) * scale[:, None, None]
    places[:, HIPS], hips = _middle(places, known, body, (8, 11), HIPS)
    down = places.new_tensor([0.0, 1.0]) * scale[:, None]
    shoulders, _ = _middle(places, known, body, (2, 5), NECK)
    found = _place_trunk(places, known, hips, down, FACE_HEIGHT * scale, shoulders)
    axis = unit(places[:, HIPS] - places[:, NECK])
    facing = _facing(places, known, scale)
    left = -perpendicular(axis) * torch.where(facing[:, :1] < 0, -1.0, 1.0)
    for joint, parent, _ in LIMBS:
        x, y = TYPICAL[joint]
        _place(places, known, joint, parent, places[:, parent] + scale[:, None] * (x * left + y * axis))

    face, seen = _mean(places[:, FACE], known[:, FACE])
    face = torch.where(seen[:, None], face, places[:, NECK] - FACE_HEIGHT * scale[:, None] * axis)
    _place_between(places, scale)
    up = unit(face - places[:, NECK])
    reach = ((face - places[:, COLLAR]) * up).sum(-1) - SHORTEST_NECK * scale
    reach = reach.minimum(CHIN_DEPTH * scale).maximum(0.02 * scale)
    places[:, CHIN] = face - up * reach[:, None]
    places[:, CROWN] = places[:, CHIN] + up * scale[:, None]
    for toes, ankle, knee in ((RIGHT_TOES, 10, 9), (LEFT_TOES, 13, 12)):
        places[:, toes] = places[:, ankle] + 0.3 * scale[:, None] * unit(places[:, ankle] - places[:, knee])
    grips = places.new_full((len(places), 2, 2), math.nan) if grips is None else grips
    carries = grips.isfinite().all(-1)
    for hand, (wrist, _, grip, plumb) in enumerate(HANDS):
        places[:, grip] = torch.where(carries[:, hand, None], grips[:, hand], places[:, wrist])
        places[:, plumb] = places[:, grip] + down
    thighs = places[:, KNEES] - places[:, HIPS]
    skirt = (thighs * axis).sum(-1) > HANGS * scale
    skirt = skirt if hem is None else skirt | (hem > 0)
    flesh = places.new_full((len(places), len(ROOTS)), math.inf) if person is None else _flesh(person, places[:, ROOTS])
    girth = torch.zeros_like(scale) if trunk is None else _girth(trunk, places[:, HIPS], places[:, NECK])
    return Joints(places, scale, facing, torch.zeros_like(found), found, carries, skirt, flesh, girth)


def target_joints(keypoints: Tensor, photo: Joints, photo_keypoints: Tensor) -> Joints:
    """The joints of targets `n 18 3` on the bodies of photos, whose joints and key points are `n` too."""
    known, photo_known = (x[..., 2] >= MIN_CONFIDENCE for x in (keypoints, photo_keypoints))
    places = _nodes(keypoints, known)
    ratio = _scale_ratio(places, known, photo, photo_known)
    scale = photo.scale * ratio
    body = photo.places * ratio[:, None, None]
    body_face, _ = _mean(body[:, FACE], photo_known[:, FACE])
    body_face = torch.where(photo_known[:, FACE].any(1)[:, None], body_face, body[:, CHIN])

    places[:, HIPS], hips = _middle(places, known, body, (8, 11), HIPS)
    shoulders, _ = _middle(places, known, body, (2, 5), NECK)
    height = (body_face - body[:, NECK]).norm(dim=-1)
    found = _place_trunk(places, known, hips, body[:, HIPS] - body[:, NECK], height, shoulders)
    facing = _facing(places, known, scale)
    mirrored = (facing * photo.facing).sum(-1) < TURNED
    body = torch.where(mirrored[:, None, None], body * body.new_tensor([-1, 1]), body)

    for joint, parent, before in LIMBS:
        turn = angle_between(body[:, parent] - body[:, before], places[:, parent] - places[:, before])
        hanging = rotated(body[:, joint] - body[:, parent], turn)
        _place(places, known, joint, parent, places[:, parent] + hanging)
    _place_between(places, scale)
    _place_head(places, known & photo_known, body)
    for toes, ankle, knee in ((RIGHT_TOES, 10, 9), (LEFT_TOES, 13, 12)):
        shin = places[:, ankle] - places[:, knee]
        turned = angle_between(body[:, ankle] - body[:, knee], shin)
        places[:, toes] = places[:, ankle] + 0.3 * scale[:, None] * rotated(unit(shin), -turned.clamp(-STANDS, STANDS))
    for wrist, elbow, grip, plumb in HANDS:
        turned = angle_between(body[:, wrist] - body[:, elbow], places[:, wrist] - places[:, elbow])
        places[:, grip] = places[:, wrist] + rotated(body[:, grip] - body[:, wrist], turned)
        places[:, plumb] = places[:, grip] + places.new_tensor([0.0, 1.0]) * scale[:, None]
    flesh, girth = photo.flesh * ratio[:, None], photo.girth * ratio
    return Joints(places, scale, facing, mirrored, found & photo.known, photo.carries, photo.skirt, flesh, girth)


def _flesh(person: Tensor, places: Tensor) -> Tensor:
    """How far places `n m 2` are from the outline of people, bool `n h w`: `n m`; inf where there is no outline."""
    found = places.new_full(places.shape[:2], math.inf)
    for at, (one, roots) in enumerate(zip(person, places, strict=True)):
        beside = (~one).nonzero().flip(-1) + 0.5
        if len(beside):
            found[at] = torch.stack([(beside - root).square().sum(-1).min().sqrt() for root in roots])
    return found


def _girth(trunk: Tensor, hips: Tensor, neck: Tensor) -> Tensor:
    """Half the mean width of trunks, bool `n h w`, about the middle between hips and neck, `n 2` both: `n`."""
    y, x = torch.meshgrid(*(torch.arange(side, device=hips.device) + 0.5 for side in trunk.shape[1:]), indexing="ij")
    axis = neck - hips
    long = axis.norm(dim=-1).clamp_min(1e-3)
    shares = (torch.stack([x, y], dim=-1) - hips[:, None, None]) * (axis / long[:, None].square())[:, None, None]
    about = (shares.sum(-1) - 0.5).abs() < ABOUT / 2
    return (trunk & about).sum((1, 2)) / (2 * ABOUT * long)


def _nodes(keypoints: Tensor, known: Tensor) -> Tensor:
    """Key points with room for the other nodes: `n nodes 2`."""
    more = keypoints.new_zeros(len(keypoints), LEFT_PLUMB + 1 - len(KEYPOINTS), 2)
    return torch.cat([torch.where(known[..., None], keypoints[..., :2], 0), more], dim=1)


def _mean(places: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """The middle of the known ones of `n m 2`, and whether there are any."""
    weight = known.to(places)[..., None]
    return (places * weight).sum(1) / weight.sum(1).clamp_min(1), known.any(1)


def _typical_trunk(places: Tensor, known: Tensor) -> Tensor:
    """Where shoulders and hips are from their middles on a person who stands, `n nodes 2` in lengths of the trunk."""
    pairs = ((2, 5), (8, 11))
    wide = [torch.where(known[:, a] & known[:, b], places[:, b, 0] - places[:, a, 0], 0) for a, b in pairs]
    left = torch.where(torch.stack(wide).sum(0) < 0, -1.0, 1.0)
    body = torch.zeros_like(places)
    for joint in (2, 5, 8, 11):
        body[:, joint, 0] = TYPICAL[joint][0] * left
    return body


def _middle(places: Tensor, known: Tensor, body: Tensor, pair: tuple[int, int], node: int) -> tuple[Tensor, Tensor]:
    """The middle of two joints, and whether one is known; from one alone by its way from the photo's middle."""
    known = known[:, list(pair)]
    middle, some = _mean(places[:, list(pair)], known)
    way = torch.where(known[..., None], body[:, list(pair)] - body[:, [node]], 0).sum(1)
    return torch.where(known.all(1)[:, None], middle, middle - way), some


def _place_trunk(
    places: Tensor, known: Tensor, hips: Tensor, trunk: Tensor, height: Tensor, shoulders: Tensor
) -> Tensor:
    """Neck and hips where they are missing; whether anything says where they are: `n`.

    Args:
        hips: whether their middle is known, `n`.
        trunk: from neck to hips, `n 2`.
        height: of the face's middle above the neck, `n`.
        shoulders: their middle where one is known, `n 2`.
    """
    some_shoulder = known[:, [2, 5]].any(1)
    face, some_face = _mean(places[:, FACE], known[:, FACE])
    knees, some_knee = _mean(places[:, [9, 12]], known[:, [9, 12]])
    below = torch.where(hips[:, None], places[:, HIPS], knees - 0.88 * trunk) - trunk
    above = torch.where(some_face[:, None], face + unit(trunk) * height[:, None], below)
    above = torch.where(some_shoulder[:, None], shoulders, above)
    places[:, NECK] = torch.where(known[:, [NECK]], places[:, NECK], above)
    places[:, HIPS] = torch.where(hips[:, None], places[:, HIPS], places[:, NECK] + trunk)
    return known[:, NECK] | some_shoulder | some_face | some_knee | hips


def _place(places: Tensor, known: Tensor, joint: int, parent: int, place: Tensor) -> None:
    """A joint where it is missing: opposite to its fellow about the middle of the body, else at a place `n 2`."""
    if joint in OPPOSITE:
        fellow = OPPOSITE[joint]
        place = torch.where(known[:, [fellow]], 2 * places[:, parent] - places[:, fellow], place)
    places[:, joint] = torch.where(known[:, [joint]], places[:, joint], place)


def _place_between(places: Tensor, scale: Tensor) -> None:
    """The base of the neck, and the middles of knees and ankles."""
    trunk = places[:, NECK] - places[:, HIPS]
    size = scale[:, None]
    places[:, COLLAR] = places[:, NECK] + COLLAR_HEIGHT * size * unit(trunk)
    for node, above, joints, start in ((KNEES, HIPS, [9, 12], [8, 11]), (ANKLES, KNEES, [10, 13], [9, 12])):
        bone = places[:, joints].mean(1) - places[:, start].mean(1)
        places[:, node] = places[:, above] + (1 - DOWNWARD) * bone - DOWNWARD * size * unit(trunk)


def _place_head(places: Tensor, both: Tensor, body: Tensor) -> None:
    """Chin and crown: the best rigid motion of the face's points and the neck (Umeyama 1991, the scale given).

    Args:
        both: which key points are known in photo and target, `n 18`.
        body: the photo's joints at the target's scale, mirrored if they have to be, `n nodes 2`.
    """
    face, seen = _mean(places[:, FACE], both[:, FACE])
    face_s, _ = _mean(body[:, FACE], both[:, FACE])
    points = [NECK, *FACE]
    weight = torch.cat([STEADY * seen[:, None], both[:, FACE].to(places)], dim=1)
    a, b = body[:, points] - face_s[:, None], places[:, points] - face[:, None]
    turn = torch.atan2((cross(a, b) * weight).sum(1), ((a * b).sum(-1) * weight).sum(1))
    trunk = angle_between(body[:, NECK] - body[:, HIPS], places[:, NECK] - places[:, HIPS])
    turn = torch.where(seen, turn, trunk)
    start_s = torch.where(seen[:, None], face_s, body[:, NECK])
    start = torch.where(seen[:, None], face, places[:, NECK])
    for node in (CHIN, CROWN):
        places[:, node] = start + rotated(body[:, node] - start_s, turn)


def _facing(places: Tensor, known: Tensor, scale: Tensor) -> Tensor:
    """Which way the body looks, `n 2`: see `Joints`."""
    axis = unit(places[:, NECK] - places[:, HIPS])
    left = perpendicular(axis)
    pairs = [((2, 5), 2 * TYPICAL[5][0]), ((8, 11), 2 * TYPICAL[11][0])]
    told = [((places[:, b] - places[:, a]) * left).sum(-1) / (width * scale) for (a, b), width in pairs]
    sure = torch.stack([known[:, a] & known[:, b] for (a, b), _ in pairs], dim=-1).to(places)
    front = (torch.stack(told, dim=-1) * sure).sum(-1) / sure.sum(-1).clamp_min(1)
    side = ((places[:, NOSE] - places[:, NECK]) * left).sum(-1) / (PROFILE * scale)
    return torch.stack([front.clamp(-1, 1), torch.where(known[:, NOSE], side, 0).clamp(-1, 1)], dim=-1)


def _lengths(places: Tensor, known: Tensor, hips: Tensor) -> Tensor:
    """Of the bones of MEASURES in pixels, `n m`; 0 where one is not known."""
    known = torch.cat([known, hips[:, None]], dim=1)
    ends = [[end for end, _, _ in MEASURES], [start for _, start, _ in MEASURES]]
    length = (places[:, ends[0]] - places[:, ends[1]]).norm(dim=-1)
    return length * (known[:, ends[0]] & known[:, ends[1]])


def _typical_scale(places: Tensor, known: Tensor, hips: Tensor) -> Tensor:
    """Pixels for the length of a trunk by what the bones look like, `n`."""
    length = _lengths(places, known, hips)
    typical = length.new_tensor([bone[2] for bone in MEASURES])
    y = places[:, : len(KEYPOINTS), 1]
    high = torch.where(known, y, -math.inf).amax(1) - torch.where(known, y, math.inf).amin(1)
    told = _quantile(length / typical, (length > 0) * typical)
    return torch.where((length > 0).any(1), told, 0.35 * high.clamp(1, 1e6)).clamp_min(1)


def _scale_ratio(places: Tensor, known: Tensor, photo: Joints, photo_known: Tensor) -> Tensor:
    """How many pixels of a target show one of the photo, `n`."""
    places = places.clone()
    places[:, HIPS], hips = _mean(places[:, [8, 11]], known[:, [8, 11]])
    length = _lengths(places, known, hips)
    before = _lengths(photo.places, photo_known, photo_known[:, [8, 11]].any(1))
    both = (length > 0) & (before > 0)  # of a portrait, arms and legs say nothing
    before = before.maximum(0.15 * photo.scale[:, None])
    told = _quantile(length / before, both * before)
    return torch.where(both.any(1), told, 1.0).clamp_min(1e-3)


def _quantile(values: Tensor, weights: Tensor) -> Tensor:
    """The weighted quantile of `n m`, between neighbors in proportion, so that it never jumps."""
    values, order = values.sort(dim=1)
    weights = weights.gather(1, order)
    middle = weights.cumsum(1) - weights / 2
    wanted = QUANTILE * weights.sum(1, keepdim=True)
    weights_known = weights > 0
    below = torch.where(weights_known & (middle <= wanted), middle, -math.inf)
    above = torch.where(weights_known & (middle > wanted), middle, math.inf)
    low, low_at = below.max(1, keepdim=True)
    high, high_at = above.min(1, keepdim=True)
    low_value, high_value = values.gather(1, low_at), values.gather(1, high_at)
    share = (wanted - low) / (high - low).clamp_min(1e-9)
    between = low_value + share.nan_to_num(0.0) * (high_value - low_value)
    told = torch.where(low.isinf(), high_value, torch.where(high.isinf(), low_value, between))
    return told[:, 0]


def unit(vector: Tensor) -> Tensor:
    """`… 2` → `… 2`; upwards where there is no direction."""
    length = vector.norm(dim=-1, keepdim=True)
    return torch.where(length > 1e-4, vector / length.clamp_min(1e-4), vector.new_tensor([0.0, -1.0]))


def perpendicular(axis: Tensor) -> Tensor:
    """A quarter turn: `… 2` → `… 2`."""
    return torch.stack([-axis[..., 1], axis[..., 0]], dim=-1)


def cross(a: Tensor, b: Tensor) -> Tensor:
    """The cross product in the plane, a × b: `… 2`, `… 2` → `…`."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def angle_between(a: Tensor, b: Tensor) -> Tensor:
    """The angle that turns the direction a into b, in (−π, π]: `…`."""
    a, b = unit(a), unit(b)
    return torch.atan2(cross(a, b), (a * b).sum(-1))


def rotated(vector: Tensor, angle: Tensor) -> Tensor:
    """Vectors `… 2`, turned by angles `…` in radians, from x towards y."""
    cos, sin = angle.cos(), angle.sin()
    x, y = vector.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y], dim=-1)
