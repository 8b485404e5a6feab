"""Pixels of a photo that surely belong to one layer of the person, from which the others are told.

Bars along the bones come first. Then colors have a say: a bare arm has not the dress's color, fingers have the hand's,
hair on the chest and a leg below a hem have not the shirt's.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

import numpy as np

from tempose.pose.keypoints import HIDDEN, KEYPOINTS, MIN_CONFIDENCE
from tempose.warp.flesh import (
    BONES,
    CHIN_BELOW,
    HEAD,
    LAYERS,
    LEFT_ARM,
    LEFT_LEG,
    RIGHT_ARM,
    RIGHT_LEG,
    SURELY_NECK,
    TRUNK,
    bone_distances,
    head_axis,
    trunk_length,
)

# Seeds, in lengths of the trunk: half the width of the bars along the bones.
ARM_WIDTH, LEG_WIDTH, HEAD_WIDTH = 0.03, 0.045, 0.05
OUTER_ARM = 0.05  # on the side away from the trunk another bar runs along the upper arm: sleeves have the shirt's color
OUTER_SIDE, STEPS = (0.02, 0.04, 0.06, 0.08), 24  # where the outer side of an arm is looked at, across and along
FINGERS, RATHER = 0.2, 2.0  # half the size of a hand; how much more common a color is on it than beneath it
# What is nearer to the axis of a hand, in lengths of the trunk, is no seed of what it hides, whose colors are those of
# the seeds so near to its middle, in sizes of a hand.
PALM, BESIDE = 0.1, 1.2
FACE_KEPT = 1.2  # no hand takes what is nearer to the head than this, in widths of its flesh
HEM_RIM = 0.25  # of no seeds above and below a hem, which may slant, in heights as find_hem counts them
BESIDE_SHIN = 0.05  # so far beside the bar of one shin, that of another of which the knee is in doubt is believed
# Where the bars begin and end, in shares of the bones.
UPPER_ARM, SLEEVE, THIGH, HAND, FOOT = 0.35, 0.15, 0.35, 0.4, 0.12
FORESHORTENED = 0.15  # a hand is no shorter, in lengths of the trunk, though the forearm may be seen from its end
DRAWN_IN, OFF_ARMS = 0.3, 0.16  # the seed of the trunk: shares of its quadrangle, and lengths of the trunk
FOREHEAD, CHIN = 0.2, 0.12  # that of the head: from so far above the middle of the face to so far below it

BIN = 8  # the width of a bin of colors in Lab
DRESSED = 3.0  # a sleeve has colors less than so much more common on the arm than on the trunk
# Hair is what is nearer to the head than this, in widths of its flesh, and differs by so much from the face, in Lab; it
# falls over upper arms that hang down by this share of their length.
SKULL_RIM, UNLIKE_SKIN, HANGS = 1.3, 20.0, 0.7
HAIR = 3.0  # a color so much more common on head or leg than on the trunk is hair before it, or a leg below a hem


def seeds_by_color(
    lab: np.ndarray,
    mask: np.ndarray,
    keypoints: np.ndarray,
    hem: float,
    held: np.ndarray | None = None,
    flesh: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The layer of pixels that surely belong to one, int8 `h w`, −1 elsewhere; and `bare_arms`.

    Args:
        lab: float32 `h w 3`.
        mask: bool `h w`, the person.
        keypoints, hem, held, flesh: as in `tempose.warp.parts.find_parts`.
    """
    seeds = part_seeds(mask, keypoints, hem)
    seeds[hair_for_hands(lab, seeds, keypoints)] = -1
    for known in (held, flesh):
        if known is not None:
            seeds = np.where(mask & (known >= 0), known, seeds)
    bare = bare_arms(color_shares(lab, without_neck(seeds, keypoints)), mask, keypoints)
    for _ in range(2):  # the second time by the colors of arms without the cloth beside them
        shares = arm_shares(lab, seeds, bare)
        for arm in (RIGHT_ARM, LEFT_ARM):
            seeds[(seeds == arm) & bare[arm] & (shares[arm] < RATHER * shares[TRUNK])] = -1
    no_face = mask & (bone_distances(keypoints, mask.shape)[HEAD] >= FACE_KEPT)
    seeds = with_hands(lab, seeds, no_face, keypoints, found=() if flesh is None else np.unique(flesh).tolist())
    seeds[hair_on_arms(lab, seeds, mask, keypoints)] = HEAD
    others = shares[[HEAD, RIGHT_LEG, LEFT_LEG]].max(axis=0)
    seeds[(without_neck(seeds, keypoints) == TRUNK) & (others > HAIR * shares[TRUNK])] = -1
    return seeds, bare


def color_shares(lab: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The share of the seeds of each layer that have about the color of each pixel, float32 `l h w`.

    Args:
        lab: float32 `h w 3`.
        seeds: int8 `h w`, a layer or −1.
    """
    from scipy.ndimage import gaussian_filter

    counts_of = (100 // BIN + 1, 256 // BIN, 256 // BIN)
    bins = ((lab - (0, -128, -128)) / BIN).astype(int).clip(0, np.array(counts_of) - 1)
    place = np.ravel_multi_index(tuple(np.moveaxis(bins, -1, 0)), counts_of)
    shares = np.zeros((len(LAYERS), *seeds.shape), np.float32)
    for layer in range(len(LAYERS)):
        if (seeds == layer).any():
            counts = np.bincount(place[seeds == layer], minlength=int(np.prod(counts_of))).reshape(counts_of)
            shares[layer] = gaussian_filter(counts / counts.sum(), 1.0, truncate=2).ravel()[place]
    return shares


def part_seeds(mask: np.ndarray, keypoints: np.ndarray, hem: float = 0.0) -> np.ndarray:
    """int8 `h w`: the layer of pixels that surely belong to one, −1 elsewhere; arms lie before legs."""
    import cv2

    trunk = trunk_length(keypoints)
    points = {name: keypoints[i, :2] for i, name in enumerate(KEYPOINTS) if keypoints[i, 2] > HIDDEN}
    limbs, body = np.full(mask.shape, 255, np.uint8), np.zeros(mask.shape, np.uint8)
    doubtful = limbs.copy()
    for layer, one, other, _ in BONES:
        if "ankle" in other and hem < 1:
            ends = keypoints[[KEYPOINTS.index(one), KEYPOINTS.index(other)]]
            if ends[:, 2].min() >= MIN_CONFIDENCE:
                _bar(doubtful, ends[0, :2], ends[1, :2] + FOOT * (ends[1] - ends[0])[:2], LEG_WIDTH * trunk, layer)
        if one not in points or other not in points or layer == TRUNK:
            continue
        a, b = points[one], points[other]
        if layer in (RIGHT_ARM, LEFT_ARM):
            hand = max(HAND, FORESHORTENED * trunk / max(float(np.hypot(*(b - a))), 1.0))
            first, last = (UPPER_ARM, 1.0) if "shoulder" in one else (0.0, 1 + hand)
            _bar(limbs, a + first * (b - a), a + last * (b - a), ARM_WIDTH * trunk, layer)
            if "shoulder" in one and "neck" in points:
                out = OUTER_ARM * trunk * _away(b - a, points["neck"] + (0, trunk / 2) - a)
                _bar(limbs, a + SLEEVE * (b - a) + out, b + out, ARM_WIDTH * trunk, layer)
            continue
        above = 1.0 if "knee" in one else 0.0
        last, first = (min(max(height - above, 0.0), 1.0) for height in (hem - HEM_RIM, max(hem + HEM_RIM, THIGH)))
        if first < 1:
            end = b + FOOT * (b - a) * above
            _bar(limbs, a + first * (b - a), end, LEG_WIDTH * trunk, layer)
        if last > 0:
            _bar(body, a, a + last * (b - a), LEG_WIDTH * trunk, 1)
    beside = cv2.distanceTransform((limbs == 255).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    limbs = np.where(beside >= BESIDE_SHIN * trunk, doubtful, limbs)
    guessed = {name: keypoints[i, :2] for i, name in enumerate(KEYPOINTS) if keypoints[i, 2] > 0}  # hips of half a body
    upper = ["right_shoulder", "left_shoulder", "left_hip", "right_hip"]
    lower = ["right_hip", "left_hip", "left_knee", "right_knee"] if hem > 0 else []
    for names, known in ((upper, guessed), (lower, points)):
        if names and set(names) <= set(known):
            corners = np.array([known[name] for name in names])
            if names is lower:
                corners[2:] = corners[1::-1] + min(max(hem - HEM_RIM, 0.0), 1.0) * (corners[2:] - corners[1::-1])
            middle = corners.mean(axis=0)
            cv2.fillPoly(body, [np.round(middle + (1 - DRAWN_IN) * (corners - middle)).astype(np.int32)], 1)
    arms = np.isin(limbs, (RIGHT_ARM, LEFT_ARM))
    away = cv2.distanceTransform((~arms).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    body[away < OFF_ARMS * trunk] = 0
    body = np.where(body > 0, np.uint8(TRUNK), np.uint8(255))
    if (head := head_axis(keypoints)) is not None:
        middle, up = head
        if "neck" in points:
            chin = middle - CHIN_BELOW * trunk * up
            end = points["neck"] + SURELY_NECK * (chin - points["neck"])
            _bar(body, points["neck"], end, HEAD_WIDTH * trunk, TRUNK)
        _bar(body, middle + FOREHEAD * trunk * up, middle - CHIN * trunk * up, HEAD_WIDTH * trunk, HEAD)
        for one, other in (("right_ear", "nose"), ("left_ear", "nose"), ("right_ear", "left_ear")):
            if one in points and other in points:
                _bar(body, points[one], points[other], HEAD_WIDTH * trunk, HEAD)
    seeds = np.where(limbs < 255, limbs, body).view(np.int8)
    return np.where(mask, seeds, np.int8(-1))


def without_neck(seeds: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Seeds but those of the trunk above the neck's base: they are skin, as arms are, and no cloth."""
    row, column = np.mgrid[: seeds.shape[0], : seeds.shape[1]]
    neck, hips = keypoints[1, :2], keypoints[[8, 11], :2].mean(axis=0)
    above = (column - neck[0]) * (hips - neck)[0] + (row - neck[1]) * (hips - neck)[1] < 0
    return np.where((seeds == TRUNK) & above, np.int8(-1), seeds)


def bare_arms(shares: np.ndarray, mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """bool `l h w`: what lies beside the bare part of each arm, from where its sleeve ends.

    A sleeve is seen on the outer side too: where that has not the trunk's color, what has it is the dress that a bare
    arm hangs beside. A sleeve ends once: where most below it is bare.
    """
    bare, trunk = np.zeros(shares.shape, bool), trunk_length(keypoints)
    row, column = np.mgrid[: mask.shape[0], : mask.shape[1]] + 0.5
    middle = keypoints[1, :2] + (0, trunk / 2)
    for layer, joints in ((RIGHT_ARM, (2, 3, 4)), (LEFT_ARM, (5, 6, 7))):
        if min(keypoints[[1, *joints], 2]) <= HIDDEN:
            continue
        trunks = shares[layer] < DRESSED * shares[TRUNK]
        nearest, step = np.full(mask.shape, np.inf), np.zeros(mask.shape, int)
        told: list[int] = []  # at each step down the arm, how many more places on its outer side are bare
        for (a, b), reach in zip(pairwise(keypoints[list(joints), :2]), (1.0, 1 + HAND), strict=True):
            along = ((column - a[0]) * (b - a)[0] + (row - a[1]) * (b - a)[1]) / max(float((b - a) @ (b - a)), 1e-6)
            along = along.clip(0, reach)
            away = np.hypot(column - a[0] - along * (b - a)[0], row - a[1] - along * (b - a)[1])
            step[away < nearest] = (len(told) + np.round(along / reach * (STEPS - 1)).astype(int))[away < nearest]
            nearest = np.minimum(nearest, away)
            outward = trunk * _away(b - a, middle - a)
            places = a + np.linspace(0, reach, STEPS)[:, None, None] * (b - a) + np.array(OUTER_SIDE)[:, None] * outward
            x, y = np.moveaxis(places.astype(int).clip(0, np.array(mask.shape[::-1]) - 1), -1, 0)
            told += (np.where(trunks, -1, 1) * mask)[y, x].sum(axis=1).tolist()
        below = np.cumsum(told[::-1])[::-1]
        if below.max() > 0:
            bare[layer] = step >= below.argmax()
    return bare


def arm_shares(lab: np.ndarray, seeds: np.ndarray, bare: np.ndarray) -> np.ndarray:
    """As `color_shares`, but beside bare stretches of an arm by the colors of these alone."""
    shares, without_sleeves = color_shares(lab, seeds), seeds.copy()
    for arm in (RIGHT_ARM, LEFT_ARM):
        without_sleeves[(seeds == arm) & ~bare[arm]] = -1
    return np.where(bare, color_shares(lab, without_sleeves), shares)


def with_hands(
    lab: np.ndarray, seeds: np.ndarray, mask: np.ndarray, keypoints: np.ndarray, *, found: Collection[int] = ()
) -> np.ndarray:
    """Seeds of the arms with the fingers: what has a hand's color rather than another layer's and touches the hand.

    Args:
        found: arms whose hand is known.
    """
    import cv2

    grown, trunk, clothes = seeds.copy(), trunk_length(keypoints), without_neck(seeds, keypoints)
    row, column = np.mgrid[: mask.shape[0], : mask.shape[1]]
    for layer, elbow, wrist in ((RIGHT_ARM, 3, 4), (LEFT_ARM, 6, 7)):
        if layer in found or min(keypoints[[elbow, wrist], 2]) < MIN_CONFIDENCE:
            continue
        x, y = keypoints[wrist, :2]
        forward = keypoints[wrist, :2] - keypoints[elbow, :2]
        forward /= max(float(np.hypot(*forward)), 1e-3)
        beyond = (column + 0.5 - x) * forward[0] + (row + 0.5 - y) * forward[1] > 0
        across = abs((column + 0.5 - x) * forward[1] - (row + 0.5 - y) * forward[0])
        middle = (x, y) + 0.8 * FINGERS * trunk * forward
        away = np.hypot(column + 0.5 - middle[0], row + 0.5 - middle[1]) / (FINGERS * trunk)
        near = mask & (away < 1)
        hand = (seeds == layer) & near & beyond
        if not hand.any():
            continue
        hidden = near & beyond & (across < PALM * trunk)
        grown[hidden & (seeds != layer)] = -1
        unhidden = np.where(hidden, np.int8(-1), clothes)
        nearby = np.where((away < BESIDE) | ~np.isin(unhidden, unhidden[away < BESIDE]), unhidden, np.int8(-1))
        for _ in range(2):  # the second time by the colors of lit and shaded fingers, too
            shares = color_shares(lab, np.where(hand, layer, np.where(seeds == layer, -1, nearby)))
            alike = (near & (shares[layer] > RATHER * shares[[TRUNK, RIGHT_LEG, LEFT_LEG]].max(axis=0))) | hand
            _, patches = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
            hand = alike & np.isin(patches, np.unique(patches[hand]))
        grown[hand] = layer
    return grown


def hair_on_arms(lab: np.ndarray, seeds: np.ndarray, mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """bool `h w`: hair that falls before an arm: in the color of the skull's rim and in one piece with it.

    Nothing where trunk or other arm have that color, too: then it may be a sleeve; nor on arms that are raised.
    """
    import cv2

    near = bone_distances(keypoints, mask.shape)[HEAD]
    skull, face = mask & (near < SKULL_RIM) & (seeds < 0), seeds == HEAD
    found = np.zeros_like(mask)
    if not skull.any() or not face.any():
        return found
    shares = color_shares(lab, np.where(skull, HEAD, without_neck(seeds, keypoints)))
    skin = np.median(lab[face], axis=0)
    skull &= np.linalg.norm(lab - skin, axis=-1) > UNLIKE_SKIN
    hair = np.median(lab[skull], axis=0) if skull.any() else skin
    no_skin = np.linalg.norm(lab - hair, axis=-1) < np.linalg.norm(lab - skin, axis=-1)
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    for arm, other, (shoulder, elbow) in ((RIGHT_ARM, LEFT_ARM, (2, 3)), (LEFT_ARM, RIGHT_ARM, (5, 6))):
        along = keypoints[elbow, :2] - keypoints[shoulder, :2]
        length = float(np.hypot(*along))
        if keypoints[[shoulder, elbow], 2].min() < MIN_CONFIDENCE or along[1] < HANGS * length:
            continue
        others = RATHER * np.maximum(shares[TRUNK], shares[other])
        alike = mask & no_skin & (shares[HEAD] > others)
        alike &= np.hypot(x - keypoints[shoulder, 0], y - keypoints[shoulder, 1]) < np.where(near < 1, np.inf, length)
        _, patches = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
        found |= alike & (seeds == arm) & np.isin(patches, np.unique(patches[alike & (near < 1)]))
    return found


def hair_for_hands(lab: np.ndarray, seeds: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """bool `h w`: seeds of hands that lie behind the head: they are on it and unlike its face."""
    face = seeds == HEAD
    if not face.any():
        return np.zeros_like(face)
    unlike = np.linalg.norm(lab - np.median(lab[face], axis=0), axis=-1) > UNLIKE_SKIN
    on_head = bone_distances(keypoints, seeds.shape)[HEAD] < SKULL_RIM
    return unlike & on_head & np.isin(seeds, (RIGHT_ARM, LEFT_ARM))


def _away(axis: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """The unit vector across an axis that leads away from a place, both `2` from the axis' start."""
    across = np.array([-axis[1], axis[0]]) / max(float(np.hypot(*axis)), 1e-6)
    return -across if across @ middle > 0 else across


def _bar(drawing: np.ndarray, one: np.ndarray, other: np.ndarray, half: float, value: int) -> None:
    """Draw a bar between two points, to an eighth of a pixel."""
    import cv2

    x1, y1, x2, y2 = (round(float(v) * 8 - 4) for v in (*one, *other))
    cv2.line(drawing, (x1, y1), (x2, y2), value, max(1, round(2 * half)), cv2.LINE_8, 3)
