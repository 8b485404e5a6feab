"""Which layer of the person every pixel of the photo belongs to.

A random walker (Grady, "Random Walks for Image Segmentation", PAMI 2006; with priors, Grady, CVPR 2005) starts at every
pixel and crosses edges seldom; the layer whose bones it most likely meets first takes the pixel. So borders lie where
colors say so, and distance to the bones decides only where they do not.
"""

from __future__ import annotations

import numpy as np

from tempose.pose.keypoints import HIDDEN, KEYPOINTS, MIN_CONFIDENCE
from tempose.warp.skirt import find_hem

LAYERS = ("trunk", "right_leg", "left_leg", "right_arm", "left_arm")
TRUNK, RIGHT_LEG, LEFT_LEG, RIGHT_ARM, LEFT_ARM = range(len(LAYERS))

# The bones of every layer, and half the width of the flesh around each in lengths of the trunk.
BONES: tuple[tuple[int, str, str, float], ...] = (
    (TRUNK, "neck", "right_hip", 0.28),
    (TRUNK, "neck", "left_hip", 0.28),
    (TRUNK, "neck", "nose", 0.24),
    (TRUNK, "right_hip", "left_hip", 0.2),
    (RIGHT_LEG, "right_hip", "right_knee", 0.17),
    (RIGHT_LEG, "right_knee", "right_ankle", 0.13),
    (LEFT_LEG, "left_hip", "left_knee", 0.17),
    (LEFT_LEG, "left_knee", "left_ankle", 0.13),
    (RIGHT_ARM, "right_shoulder", "right_elbow", 0.11),
    (RIGHT_ARM, "right_elbow", "right_wrist", 0.09),
    (LEFT_ARM, "left_shoulder", "left_elbow", 0.11),
    (LEFT_ARM, "left_elbow", "left_wrist", 0.09),
)

LIGHTNESS = 0.8  # how much lightness counts against color: folds and shadows are no borders
STEEPNESS = 0.2  # how fast the chance of a step falls with the squared difference in Lab
LEAST = 1e-5  # the chance of a step across any edge
FARTHEST = 8.0  # bones farther than so many widths of their flesh are all equally far
BLUR = 0.7  # noise is no border, pixels
BIN, UNLIKE = 8, 0.05  # the width of a bin of colors in Lab; the least likeness of a color
FOREIGN = 1.0  # a color less common on the arm than this share of what it is on the trunk is the trunk's
STRAY = 0.15  # patches without a seed up to this share of their layer's area are taken from it
PRIOR = 1e-3  # the pull of the nearest bones and of like colors, beside steps of chance 1

# Seeds, in lengths of the trunk: half the width of the bars along the bones.
ARM_WIDTH, LEG_WIDTH, HEAD_WIDTH = 0.03, 0.045, 0.05
OUTER_ARM = 0.05  # on the side away from the trunk another bar runs along the upper arm: sleeves have the shirt's color
HEM_RIM = 0.1  # of no seeds above and below a hem, in heights as find_hem counts them
# Where the bars begin and end, in shares of the bones.
UPPER_ARM, SLEEVE, THIGH, HAND, FOOT = 0.35, 0.15, 0.35, 0.3, 0.12
DRAWN_IN, OFF_ARMS = 0.3, 0.16  # the seed of the trunk: shares of its quadrangle, and lengths of the trunk


def find_parts(
    picture: np.ndarray, mask: np.ndarray, keypoints: np.ndarray, held: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """How much every pixel of the person belongs to each layer, and the hem of a cloth that hangs over both legs.

    Args:
        picture: uint8 `h w 3`, best the person's own colors.
        mask: bool `h w`.
        keypoints: `18 3`; missing ones have a confidence below MIN_CONFIDENCE. A limb of which no bone is known gets
            no pixels.
        held: int8 `h w`, the arm that holds what is there, −1 elsewhere.

    Returns:
        float32 `l h w` in [0, 1], sums of 1 on the mask, 0 off it; and the hem as `find_hem` gives it. A cloth above
        a hem belongs to the trunk.
    """
    import cv2

    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    hem = find_hem(lab, mask, keypoints, trunk_length(keypoints))
    distance = bone_distances(keypoints, mask.shape, hem)
    prior = np.exp(-np.minimum(distance, FARTHEST)) * np.isfinite(distance)
    values = cv2.GaussianBlur(lab * np.array([LIGHTNESS, 1, 1], np.float32), (0, 0), BLUR)
    seeds = part_seeds(mask, keypoints, hem)
    if held is not None:
        seeds = np.where(mask & (held >= 0), held, seeds)
    seeds = without_cloth_beside(seeds, color_shares(lab, seeds), keypoints)
    shares = color_shares(lab, seeds)
    seeded = np.array([(seeds == layer).any() for layer in range(len(LAYERS))])[:, None, None]
    prior *= np.where(seeded, np.maximum(shares / np.maximum(shares.max(axis=0), 1e-9), UNLIKE), 1)
    parts = without_strays(random_walk(values, mask, seeds, prior / prior.sum(axis=0)), seeds)
    return (parts if hem else without_pelvis(parts, keypoints)), hem


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


def without_cloth_beside(seeds: np.ndarray, shares: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Seeds of the arms less those beside the bone that have the trunk's color where the bone itself has not."""
    kept, trunk = seeds.copy(), trunk_length(keypoints)
    for layer, one, other, _ in BONES:
        a, b = keypoints[KEYPOINTS.index(one)], keypoints[KEYPOINTS.index(other)]
        if layer not in (RIGHT_ARM, LEFT_ARM) or min(a[2], b[2]) <= HIDDEN:
            continue
        trunks = shares[layer] < FOREIGN * shares[TRUNK]
        row, column = np.nonzero((seeds == layer) & trunks)
        axis = b[:2] - a[:2]
        along = (column + 0.5 - a[0]) * axis[0] + (row + 0.5 - a[1]) * axis[1]
        center = a[:2] + (along / max(float(axis @ axis), 1e-6))[:, None] * axis
        at = center.astype(int).clip(0, np.array(seeds.shape[::-1]) - 1)
        near = np.hypot(*(center - np.stack([column, row], axis=-1) - 0.5).T) <= (ARM_WIDTH + OUTER_ARM) * trunk
        beside = near & ~trunks[at[:, 1], at[:, 0]]
        kept[row[beside], column[beside]] = -1
    return kept


def without_strays(parts: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Likelihoods `l h w` where small patches of a layer without any seed are left to the next likely one."""
    import cv2

    kept = parts.copy()
    labels = np.where(parts.any(axis=0), parts.argmax(axis=0), -1)
    for layer in range(len(parts)):
        if not (seeds == layer).any():
            continue
        count, patches = cv2.connectedComponents((labels == layer).astype(np.uint8), connectivity=4)
        seeded = np.bincount(patches[(seeds == layer) & (labels == layer)], minlength=count) > 0
        small = np.bincount(patches.ravel(), minlength=count) < STRAY * (labels == layer).sum()
        stray = (labels == layer) & (small & ~seeded)[patches]
        others = np.delete(parts, layer, axis=0).sum(axis=0)
        kept[layer][stray & (others > 0)] = 0
    return kept / np.maximum(kept.sum(axis=0), 1e-9)


def random_walk(values: np.ndarray, mask: np.ndarray, seeds: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """The chance that a walk from each pixel ends in each label, float32 `l h w`; 0 off the mask.

    Args:
        values: `h w c`, whose differences hold walkers back.
        mask: bool `h w`, where they walk.
        seeds: `h w`, the label where it is known, −1 elsewhere.
        prior: `l h w`, the chance of each label where a walker stops on the way.
    """
    from scipy.sparse import coo_matrix, diags_array
    from scipy.sparse.linalg import splu

    height, width = mask.shape
    place = np.arange(height * width).reshape(height, width)
    one = np.concatenate([place[:, :-1].ravel(), place[:-1].ravel()])
    other = np.concatenate([place[:, 1:].ravel(), place[1:].ravel()])
    inside = mask.ravel()[one] & mask.ravel()[other]
    one, other = one[inside], other[inside]
    flat = values.reshape(height * width, -1)
    step = np.exp(-STEEPNESS * ((flat[one] - flat[other]) ** 2).sum(axis=1)) + LEAST

    found = np.where(mask, prior, 0).reshape(len(prior), -1).astype(np.float64)
    known = (seeds >= 0) & mask
    found[:, known.ravel()] = np.arange(len(prior))[:, None] == seeds[known]
    free = (mask & ~known).ravel()
    if free.any():
        number = np.full(height * width, -1)
        number[free] = np.arange(free.sum())
        a, b, both = np.concatenate([one, other]), np.concatenate([other, one]), np.concatenate([step, step])
        a, b, both = a[free[a]], b[free[a]], both[free[a]]
        degree = np.bincount(number[a], weights=both, minlength=free.sum()) + PRIOR
        within = free[b]
        size = (int(free.sum()),) * 2
        steps = coo_matrix((both[within], (number[a[within]], number[b[within]])), size)
        system = (diags_array(degree) - steps).tocsc()
        right = PRIOR * found[:, free]
        for label, row in enumerate(right):
            row += np.bincount(number[a[~within]], weights=both[~within] * found[label, b[~within]], minlength=len(row))
        found[:, free] = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(right.T).T
    return found.reshape(len(prior), height, width).astype(np.float32)


def part_seeds(mask: np.ndarray, keypoints: np.ndarray, hem: float = 0.0) -> np.ndarray:
    """int8 `h w`: the layer of pixels that surely belong to one, −1 elsewhere; arms lie before legs."""
    import cv2

    trunk = trunk_length(keypoints)
    points = {name: keypoints[i, :2] for i, name in enumerate(KEYPOINTS) if keypoints[i, 2] > HIDDEN}
    limbs, body = np.full(mask.shape, 255, np.uint8), np.zeros(mask.shape, np.uint8)
    for layer, one, other, _ in BONES:
        if one not in points or other not in points or layer == TRUNK:
            continue
        a, b = points[one], points[other]
        if layer in (RIGHT_ARM, LEFT_ARM):
            first, last = (UPPER_ARM, 1.0) if "shoulder" in one else (0.0, 1 + HAND)
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
    upper = ["right_shoulder", "left_shoulder", "left_hip", "right_hip"]
    upper = [name for name in upper if name in points]
    lower = ["right_hip", "left_hip", "left_knee", "right_knee"] if hem > 0 else []
    for names in (upper, lower):
        if len(names) == 4 and set(names) <= set(points):
            corners = np.array([points[name] for name in names])
            if names is lower:
                corners[2:] = corners[1::-1] + min(hem - HEM_RIM, 1.0) * (corners[2:] - corners[1::-1])
            middle = corners.mean(axis=0)
            cv2.fillPoly(body, [np.round(middle + (1 - DRAWN_IN) * (corners - middle)).astype(np.int32)], 1)
    arms = np.isin(limbs, (RIGHT_ARM, LEFT_ARM))
    away = cv2.distanceTransform((~arms).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    body[away < OFF_ARMS * trunk] = 0
    for one, other in (("neck", "nose"), ("right_ear", "nose"), ("left_ear", "nose"), ("right_ear", "left_ear")):
        if one in points and other in points:
            _bar(body, points[one], points[other], HEAD_WIDTH * trunk, 1)
    seeds = np.where(limbs < 255, limbs, np.where(body > 0, TRUNK, 255)).astype(np.uint8).view(np.int8)
    return np.where(mask, seeds, np.int8(-1))


def without_pelvis(parts: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Likelihoods `l h w` where what lies above a hip, seen along the trunk and along the thigh, is the trunk's.

    Trousers have one color up to the waist; but what is above the joint does not turn with the thigh.
    """
    moved = parts.copy()
    y, x = np.mgrid[: parts.shape[1], : parts.shape[2]].astype(np.float32) + 0.5
    neck, hips = keypoints[1], keypoints[[8, 11]]
    if min(neck[2], *hips[:, 2]) < MIN_CONFIDENCE:
        return moved
    down = hips[:, :2].mean(axis=0) - neck[:2]
    for layer, hip, knee in ((RIGHT_LEG, 8, 9), (LEFT_LEG, 11, 12)):
        thigh = keypoints[knee, :2] - keypoints[hip, :2] if keypoints[knee, 2] >= MIN_CONFIDENCE else down
        place = np.stack([x, y], axis=-1) - keypoints[hip, :2]
        above = (place @ down < 0) & (place @ thigh < 0)
        moved[TRUNK] += moved[layer] * above
        moved[layer][above] = 0
    return moved


def _away(axis: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """The unit vector across an axis that leads away from a place, both `2` from the axis' start."""
    across = np.array([-axis[1], axis[0]]) / max(float(np.hypot(*axis)), 1e-6)
    return -across if across @ middle > 0 else across


def _bar(drawing: np.ndarray, one: np.ndarray, other: np.ndarray, half: float, value: int) -> None:
    """Draw a bar between two points, to an eighth of a pixel."""
    import cv2

    x1, y1, x2, y2 = (round(float(v) * 8 - 4) for v in (*one, *other))
    cv2.line(drawing, (x1, y1), (x2, y2), value, max(1, round(2 * half)), cv2.LINE_8, 3)


def trunk_length(keypoints: np.ndarray) -> float:
    """From neck to hips in pixels, estimated from what is seen of the person."""
    seen = keypoints[:, 2] >= MIN_CONFIDENCE
    points = keypoints[:, :2]
    guesses = [1.0]
    hips = [i for i in (8, 11) if seen[i]]
    if seen[1] and hips:
        guesses.append(float(np.linalg.norm(points[1] - points[hips].mean(axis=0))))
    if seen[2] and seen[5]:
        guesses.append(1.2 * float(np.linalg.norm(points[2] - points[5])))
    if len(guesses) == 1 and seen.any():
        guesses.append(0.3 * float(np.ptp(points[seen], axis=0).max()))
    return max(guesses)


def bone_distances(keypoints: np.ndarray, size: tuple[int, ...], hem: float = 0.0) -> np.ndarray:
    """Distance of every pixel to each layer's bones in widths of their flesh, float32 `l h w`; inf without bones.

    Legs above the hem of a cloth that hangs over both count as bones of the trunk.
    """
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32) + 0.5
    distances = np.full((len(LAYERS), *size), np.inf, np.float32)
    trunk = trunk_length(keypoints)

    def add(layer: int, a: np.ndarray, b: np.ndarray, radius: float) -> None:
        axis = b - a
        along = ((x - a[0]) * axis[0] + (y - a[1]) * axis[1]) / max(float(axis @ axis), 1e-6)
        along = along.clip(0, 1)
        away = np.hypot(x - a[0] - along * axis[0], y - a[1] - along * axis[1]) / (radius * trunk)
        np.minimum(distances[layer], away, out=distances[layer])

    for layer, one, other, radius in BONES:
        a, b = keypoints[KEYPOINTS.index(one)], keypoints[KEYPOINTS.index(other)]
        if min(a[2], b[2]) < MIN_CONFIDENCE:
            continue
        start = hem - ("knee" in one) if layer in (RIGHT_LEG, LEFT_LEG) else 0.0
        middle = a[:2] + min(max(start, 0.0), 1.0) * (b[:2] - a[:2])
        if start > 0:
            add(TRUNK, a[:2], middle, radius)
        if start < 1:
            add(layer, middle, b[:2], radius)
    if np.isinf(distances[TRUNK]).all():
        distances[TRUNK] = FARTHEST
    return distances
