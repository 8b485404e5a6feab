"""What lies behind the person, and beyond the photo's edges.

A hole is filled with patches of the photo (Barnes et al., "PatchMatch", SIGGRAPH 2009; the package pypatchmatch), best
from the same height, for behind a person is what is beside them: a lawn must not climb up a fence. It is filled at a
small size, and takes its finer detail from where the photo looks alike.
Patches bring the light of the places they come from, seen as a faint shape of the hole; so the slow and weak changes of
the filling are taken out, and the photo's own light goes on across (Pérez et al., "Poisson Image Editing", 2003).
"""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np

from tempose.media.crop import Crop
from tempose.media.images import resize
from tempose.pose.keypoints import MIN_CONFIDENCE
from tempose.warp.flesh import trunk_length

FILLED = 320  # the longest side at which a hole is filled with patches, pixels; more is enlarged
PATCH = 5  # radius of a patch, pixels
LEVEL = 0.05  # how much the height that patches come from counts beside their colors; more doubles what is beside
BLOCK = 12  # side of the squares whose finer detail comes from one place, pixels at that size
EDGE = 2  # of what is beside them, pixels, must look alike, too
NEAR = 0.03  # what is near in near_fill, as a share of the picture's longer side
WIDER = (0.1, 0.3, 1.0)  # over these shares of that it takes its means, the farther the more
AROUND = 0.6  # how far about a hole patches are looked for, as a share of its longer side
SLOW, WEAK = 3.0, 4.0  # changes slower than so many pixels and weaker than that a pixel, of 255, are light
MOSTLY_PLAIN, PLAIN = 0.9, 7.0  # of a plain picture this share differs by less from what is about it, of 255
FIRM = 24  # the least step of an edge there
MOSTLY = 0.6  # a hole of more than this share of the part leaves too few patches
RIM = 0.018  # of the person's longer side is taken out about them
SHADE = 0.5  # shadows reach so far from the feet, in lengths of the trunk
DARKER = 0.9  # a shadow's lightness, as a share of that of the ground about it
ISLAND = 0.05  # what a hole encloses goes too if it is less than this share of it
ENCLOSED = 0.3  # a shadow that goes on beyond its reach along more than this share is a cast one, and stays


def without_person(
    picture: np.ndarray, matte: np.ndarray, keypoints: np.ndarray, *, patches: bool = True
) -> np.ndarray:
    """A photo, uint8 `h w 3`, without the person of a matte `h w` in [0, 1] and the shadow at their feet."""
    hole = person_hole(picture, matte, keypoints)
    return patch_fill(picture, hole) if patches else smooth_fill(picture, 1 - hole.astype(np.float32))


def person_hole(picture: np.ndarray, matte: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """bool `h w`: the person grown by a rim, and the shadow at the feet."""
    import cv2

    person = matte > 0.02
    if not person.any():
        return person
    rim = 2 + round(RIM * max(int(np.ptp(axis)) for axis in np.nonzero(person)))
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1))
    hole = cv2.dilate(person.astype(np.uint8), around) > 0
    light = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), max(1, rim / 3))
    reach = SHADE * trunk_length(keypoints)
    y, x = np.mgrid[: matte.shape[0], : matte.shape[1]]
    for knee, ankle in ((9, 10), (12, 13)):
        if min(keypoints[[knee, ankle], 2]) < MIN_CONFIDENCE:
            continue
        foot = keypoints[ankle, :2] + (0, 0.1 * reach)
        away = np.hypot(x - foot[0], 1.6 * (y - foot[1]))  # the ground is seen from the side
        ground = (away > reach) & (away < 2 * reach) & ~hole
        if not ground.any():
            continue
        dark = (away < reach) & ~person & (light < DARKER * np.median(light[ground]))
        border = (away > 0.9 * reach) & (away < reach) & ~hole
        if (dark & border).sum() > ENCLOSED * max(int(border.sum()), 1):
            continue
        _, parts = cv2.connectedComponents((dark | hole).astype(np.uint8))
        touching = np.isin(parts, np.unique(parts[hole])) & dark
        hole |= cv2.dilate(touching.astype(np.uint8), around) > 0
    _, parts, stats, _ = cv2.connectedComponentsWithStats((~hole).astype(np.uint8), connectivity=4)
    enclosed = stats[:, cv2.CC_STAT_AREA] < ISLAND * hole.sum()
    enclosed[np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))] = False
    return hole | enclosed[parts]


def extend(picture: np.ndarray, crop: Crop, size: tuple[int, int]) -> np.ndarray:
    """A part of a picture, uint8, at `size` (height, width); beyond its edges it is mirrored."""
    import cv2

    height, width = picture.shape[:2]
    top, left = max(0, -crop.top), max(0, -crop.left)
    bottom, right = max(0, crop.top + crop.height - height), max(0, crop.left + crop.width - width)
    if top or left or bottom or right:
        picture = cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_REFLECT)
        crop = Crop(crop.left + left, crop.top + top, crop.width, crop.height)
    return crop.cut(picture, size)


def patch_fill(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A picture, uint8 `h w 3`, filled with its own patches where a hole, bool `h w`, is.

    The same picture gives the same filling. Without pypatchmatch, or where less is left than is to be filled, the
    filling is smooth.
    """
    import cv2

    if not hole.any():
        return picture
    box = _about(hole)
    part, missing = np.ascontiguousarray(picture[box]), hole[box]
    size = _bounded(missing.shape)
    small = resize(part, size)
    small_hole = cv2.resize(missing.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) > 0
    if small_hole.mean() > MOSTLY or min(size) <= 2 * PATCH + 1 or not _available():
        return smooth_fill(picture, 1 - hole.astype(np.float32))
    import patchmatch

    height = np.broadcast_to(np.linspace(0, 0.5, size[0], dtype=np.float32)[:, None], size)  # it counts in a circle
    place = np.stack([height, np.zeros_like(height), np.zeros_like(height)], axis=-1)
    filled = patchmatch.inpaint_regularity(small, small_hole, place, patch_size=PATCH, guide_weight=LEVEL)
    filled = even_light(filled, small_hole)
    if small.shape != part.shape:
        filled = with_detail(filled, small_hole, part)
    result = picture.copy()
    result[box] = np.where(missing[..., None], filled, part)
    return result


def with_detail(filled: np.ndarray, hole: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """A small picture whose hole is filled, uint8, as large as the picture, uint8 `h w 3`.

    Square by square the hole gets what enlarging leaves out from where the picture looks most alike about that height,
    a rim about the square included: what an edge leaves beside it must not come alone.
    """
    import cv2

    (height, width), enlarged = hole.shape, resize(filled, picture.shape[:2]).astype(np.float32)
    scale = np.array(picture.shape[:2]) / hole.shape
    result, detail, side = enlarged.copy(), picture - enlarged, np.ceil(BLOCK * scale).astype(int)
    rimmed = cv2.copyMakeBorder(filled, EDGE, EDGE, EDGE, EDGE, cv2.BORDER_REPLICATE)
    whole = BLOCK + 2 * EDGE
    known = cv2.erode((~hole).astype(np.uint8), np.ones((BLOCK, BLOCK), np.uint8), anchor=(0, 0)) > 0
    for top, left in product(range(0, height, BLOCK), range(0, width, BLOCK)):
        top, left = min(top, height - BLOCK), min(left, width - BLOCK)
        if not hole[top : top + BLOCK, left : left + BLOCK].any():
            continue
        first, last = max(0, top - BLOCK), min(height - BLOCK, top + BLOCK) + 1
        square = rimmed[top : top + whole, left : left + whole]
        unlike = cv2.matchTemplate(rimmed[first : last + whole - 1], square, cv2.TM_SQDIFF)
        unlike[~known[first:last, : width - BLOCK + 1]] = np.inf
        if np.isfinite(unlike).any():
            row, column = np.unravel_index(unlike.argmin(), unlike.shape)
            there, here = (np.round(scale * at).astype(int) for at in ((first + row, column), (top, left)))
            rows, columns = np.minimum(side, picture.shape[:2] - np.maximum(there, here))
            target = np.s_[here[0] : here[0] + rows, here[1] : here[1] + columns]
            result[target] = enlarged[target] + detail[there[0] : there[0] + rows, there[1] : there[1] + columns]
    return np.round(result).clip(0, 255).astype(np.uint8)


def cloth_fill(picture: np.ndarray, hole: np.ndarray, cloth: np.ndarray) -> np.ndarray:
    """A picture, uint8 `h w 3`, whose hole is filled with patches of one part of it alone, both bool `h w`.

    Of what is neither nothing shows. Smooth where `patch_fill` is, and where the hole is larger than the part.
    """
    import cv2

    smooth = near_fill(picture, cloth)
    if not hole.any() or hole.sum() > cloth.sum() or not _available():
        return np.where(hole[..., None], smooth, picture)
    where = np.nonzero(hole | cloth)
    box = tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in where)
    size = _bounded(hole[box].shape)
    small_hole, small_cloth = (
        cv2.resize(mask[box].astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) for mask in (hole, cloth)
    )
    missing, known = small_hole > 0, small_cloth > 0.99
    if min(size) <= 2 * PATCH + 1 or not (known & ~missing).any():
        return np.where(hole[..., None], smooth, picture)
    small = resize(np.ascontiguousarray(np.where(cloth[..., None], picture, smooth)[box]), size)
    import patchmatch

    filled = patchmatch.inpaint(small, missing, global_mask=~(missing | known), patch_size=PATCH)
    result = picture.copy()
    result[box] = np.where(hole[box][..., None], resize(filled, hole[box].shape), picture[box])
    return result


def even_light(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A picture, uint8, whose slow and weak changes within a hole give way to the light from around it.

    The steps between neighbors within the hole are kept, less those of its blurred version that are weak; from the
    hole's edge inward they are summed up again, which is Poisson's equation (Pérez et al., section 2). Of a plain
    picture, a wall or a sky, only edges that come in from around are kept: all else there is seams of patches.
    """
    import cv2
    from scipy.sparse import coo_matrix, diags_array
    from scipy.sparse.linalg import splu

    colors = picture.astype(np.float32)
    slow = cv2.GaussianBlur(colors, (0, 0), SLOW)
    kept = np.ones(hole.shape, bool)
    if not hole.all() and np.quantile(abs(colors - slow).max(axis=-1)[~hole], MOSTLY_PLAIN) < PLAIN:
        firm = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)).max(axis=-1) > FIRM
        _, edges = cv2.connectedComponents(firm.astype(np.uint8))
        outside = cv2.dilate(hole.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
        firm &= np.isin(edges, np.unique(edges[firm & outside]))
        kept = cv2.dilate(firm.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    height, width = hole.shape
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(hole.sum())
    count = int(hole.sum())
    right, degree = np.zeros((count, 3)), np.zeros(count)
    pairs = []
    row, column = np.nonzero(hole)
    for down, across in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        inside = (row + down >= 0) & (row + down < height) & (column + across >= 0) & (column + across < width)
        here = (row[inside], column[inside])
        there = (here[0] + down, here[1] + across)
        step, gradual = colors[here] - colors[there], slow[here] - slow[there]
        step -= gradual * (abs(gradual).max(axis=-1, keepdims=True) < WEAK)
        step *= kept[here][:, None]
        known = ~hole[there]
        step[known] += colors[there][known]
        for channel in range(3):
            right[:, channel] += np.bincount(number[here], weights=step[:, channel], minlength=count)
        degree += np.bincount(number[here], minlength=count)
        pairs.append(np.stack([number[here], number[there]])[:, ~known])
    one, other = np.concatenate(pairs, axis=1)
    system = (diags_array(degree) - coo_matrix((np.ones(len(one)), (one, other)), (count, count))).tocsc()
    solver = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    result = picture.copy()
    result[hole] = np.round(solver.solve(right)).clip(0, 255)
    return result


def _bounded(size: tuple[int, ...]) -> tuple[int, int]:
    """The same proportions, no side over FILLED."""
    scale = min(1.0, FILLED / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _about(hole: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a hole and of what is looked at about it."""
    where = np.nonzero(hole)
    margin = 2 + round(AROUND * max(int(np.ptp(axis)) for axis in where))
    rows, columns = (
        slice(max(0, int(axis.min()) - margin), min(side, int(axis.max()) + margin + 1))
        for axis, side in zip(where, hole.shape, strict=True)
    )
    return rows, columns


def _available() -> bool:
    """Whether pypatchmatch runs here; else a warning."""
    try:
        import patchmatch
    except ImportError:
        available = False
    else:
        available = patchmatch.patchmatch_available
    if not available:
        warnings.warn("pypatchmatch does not run here: what lies behind the person is filled smoothly", stacklevel=3)
    return available


def smooth_fill(picture: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A picture filled from around, ever smoother with the distance, where its weight is less than 1.

    Push and pull (Gortler et al., "The Lumigraph", 1996, section 3.4): what is known is averaged into ever coarser
    pictures, which fill the holes from the coarsest down.

    Args:
        picture: uint8 `h w 3`.
        weight: float32 `h w` in [0, 1]: how far each pixel is known.

    Returns:
        uint8 `h w 3`, the picture itself where the weight is 1; grey if nothing is known.
    """
    if not weight.any():
        return np.full_like(picture, 128)
    weight = weight.astype(np.float32)
    filled = _pull(picture.astype(np.float32) * weight[..., None], weight)
    return np.where(weight[..., None] >= 1, picture, np.round(filled).clip(0, 255)).astype(np.uint8)


def near_fill(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A picture, uint8 `h w 3`, that goes on in the color near the nearest known place where it is not known.

    At the edge in the color there, farther away in the mean of ever more about it, up to NEAR. Unlike `smooth_fill` it
    brings no colors from far away: a thigh goes on in the color of the knee, not of the shoe.
    """
    import cv2

    if not known.any():
        return np.full_like(picture, 128)
    weight, colors = known.astype(np.float32), picture.astype(np.float32) * known[..., None]
    away, nearest = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    filled = picture.astype(np.float32)
    for share, before in zip(WIDER, (0.0, *WIDER), strict=False):
        reach, least = (max(1.0, one * NEAR * max(known.shape)) for one in (share, before))
        mean = cv2.GaussianBlur(colors, (0, 0), reach)
        mean = mean / np.maximum(cv2.GaussianBlur(weight, (0, 0), reach), 1e-6)[..., None]
        found = np.zeros((int(nearest.max()) + 1, 3), np.float32)
        found[nearest[known]] = mean[known]
        farther = cv2.GaussianBlur(np.where(known[..., None], mean, found[nearest]), (0, 0), reach)
        blend = ((away - least) / max(reach - least, 1.0)).clip(0, 1)[..., None] if before else np.float32(1)
        filled = filled + blend * (farther - filled)
    return np.where(known[..., None], picture, np.round(filled).clip(0, 255)).astype(np.uint8)


def _pull(weighted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Values from values times weights `h w 3`, `h w`; exact where the weight is 1."""
    import cv2

    average = weighted / np.maximum(weight, 1e-6)[..., None]
    height, width = weight.shape
    if max(height, width) == 1 or weight.min() >= 1:
        return average
    half = ((width + 1) // 2, (height + 1) // 2)
    some = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(weighted, half, interpolation=cv2.INTER_AREA) / np.maximum(some, 1e-6)[..., None]
    known = (some > 1e-6).astype(np.float32)
    below = cv2.resize(_pull(coarse * known[..., None], known), (width, height), interpolation=cv2.INTER_LINEAR)
    return average * weight[..., None] + below * (1 - weight)[..., None]
