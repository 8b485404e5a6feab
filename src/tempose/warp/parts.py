"""Which layer of the person every pixel of the photo belongs to.

A random walker (Grady, "Random Walks for Image Segmentation", PAMI 2006; with priors, Grady, CVPR 2005) starts at every
pixel and crosses edges seldom; the layer whose bones it most likely meets first takes the pixel. So borders lie where
colors say so, and distance to the bones decides only where they do not.
"""

from __future__ import annotations

import numpy as np

from tempose.pose.keypoints import MIN_CONFIDENCE
from tempose.warp.flesh import FARTHEST, LAYERS, LEFT_LEG, RIGHT_LEG, TRUNK, bone_distances, trunk_length
from tempose.warp.seeds import arm_shares, seeds_by_color
from tempose.warp.skirt import find_hem

LIGHTNESS = 0.8  # how much lightness counts against color: folds and shadows are no borders
STEEPNESS = 0.2  # how fast the chance of a step falls with the squared difference in Lab
LEAST = 1e-5  # the chance of a step across any edge
BLUR = 0.7  # noise is no border, pixels
UNLIKE = 0.05  # the least likeness of a color
STRAY = 0.15  # patches without a seed up to this share of their layer's area are taken from it
# A thigh that leans by more than this cosine from the trunk is no trunk from so far beyond the hip and so far beside it
# on, in lengths of the trunk.
STRADDLED, GROIN, BESIDE = 0.8, 0.15, 0.25
PRIOR = 1e-3  # the pull of the nearest bones and of like colors, beside steps of chance 1


def find_parts(
    picture: np.ndarray,
    mask: np.ndarray,
    keypoints: np.ndarray,
    held: np.ndarray | None = None,
    flesh: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """How much every pixel of the person belongs to each layer, and the hem of a cloth that hangs over both legs.

    Args:
        picture: uint8 `h w 3`, best the person's own colors.
        mask: bool `h w`.
        keypoints: `18 3`; missing ones have a confidence below MIN_CONFIDENCE. A limb of which no bone is known gets
            no pixels.
        held, flesh: int8 `h w`, the arm that holds what is there, and the one whose hand is surely there, −1 elsewhere.

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
    seeds, bare = seeds_by_color(lab, mask, keypoints, hem, held, flesh)
    shares = arm_shares(lab, seeds, bare)
    seeded = np.array([(seeds == layer).any() for layer in range(len(LAYERS))])[:, None, None]
    prior *= np.where(seeded, np.maximum(shares / np.maximum(shares.max(axis=0), 1e-9), UNLIKE), 1)
    parts = without_strays(random_walk(values, mask, seeds, prior / prior.sum(axis=0)), seeds)
    return (parts if hem else without_pelvis(parts, keypoints)), hem


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


def without_pelvis(parts: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Likelihoods `l h w` where what lies above a hip, seen along the trunk and along the thigh, is the trunk's.

    Trousers have one color up to the waist; but what is above the joint does not turn with the thigh. And what is
    beyond it along a thigh that points elsewhere than down is no trunk.
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
        length, trunk = max(float(np.hypot(*thigh)), 1e-3), float(np.hypot(*down))
        if thigh @ down < STRADDLED * length * trunk:
            along, across = place @ thigh / length, abs(place @ np.array([-thigh[1], thigh[0]])) / length
            beyond = (place @ down > 0) & (along > GROIN * trunk) & (along < length) & (across < BESIDE * trunk)
            moved[layer] += moved[TRUNK] * beyond
            moved[TRUNK][beyond] = 0
    return moved
