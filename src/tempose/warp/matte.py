"""How much of every pixel is the person, and which colors the person has there.

The estimator's mask is coarse. GrabCut (Rother et al., 2004) decides anew in a rim about its edge; along the border
that it finds, closed-form matting (Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting",
PAMI 2008) says how much of each pixel is the person; the person's own colors there follow (Forte, "Approximate Fast
Foreground Colour Estimation", ICIP 2021). Where the person looks like what is behind them the mask keeps its say.

The solver is written out here for the rim alone; the one of pymatting compiles for half a minute when first imported.
"""

from __future__ import annotations

import numpy as np

from tempose.media.images import resize
from tempose.pose.keypoints import MIN_CONFIDENCE
from tempose.warp.flesh import bone_distances, trunk_length
from tempose.warp.seeds import color_shares

# Sizes are shares of the person's longer side.
SOLVED, DECIDED = 960, 480  # the longest sides at which alpha is solved and GrabCut decides; larger is interpolated
AROUND = 0.08  # of the background is looked at about the person
WITHIN, BEYOND = 0.012, 0.02  # the rim about the mask's edge in which GrabCut decides
OPEN = 0.16  # within so many trunk lengths of hands, feet and head the rim is wider: masks cut off fingers and hair
CORE = 0.3  # nearer to a bone than this, in widths of its flesh, is surely person; gaps between limbs are not
# The corners between which gaps are: between each arm and the trunk, jaw and shoulder, and between the legs.
ARMS, JAW, LEGS = ((2, 3, 4, 8), (5, 6, 7, 11)), ((0, 2, 1), (0, 5, 1)), (8, 9, 10, 13, 12, 11)
ROUNDS = 3  # of GrabCut
LIKE = 14.0  # person and background whose colors differ by less, in Lab, look alike: the mask decides
LIKE_PLAIN, SPREAD = 5.0, 2.5  # the same before a plain background, and what each unit of its local spread adds
RARE = 8.0  # a color so much more common in the background than on the person is background, in the rim and in gaps
SEEN_THROUGH = 7.0  # what differs by less from the background nearby, in the rim and in gaps, is background
RATHER = 0.4  # the same for up to twice that, if the person's colors nearby are so much farther
NEARBY = 0.03  # as far as colors are compared
SOFT = 0.006  # half the width of the border in which alpha is solved
HAIR = 0.09  # the same outward from the head, in lengths of the trunk
SPECK = 0.002  # parts of the person smaller than this share of them are specks
FAINT = 0.04  # alpha nearer to 0 or 1 than this is 0 or 1
EPSILON = 1e-5  # how far colors may leave the line between person and background, squared, of [0, 1]


def photo_matte(
    picture: np.ndarray, mask: np.ndarray, keypoints: np.ndarray, held: np.ndarray | None = None
) -> np.ndarray:
    """The person's alpha, float32 `h w` in [0, 1], from a coarse mask.

    Args:
        picture: uint8 `h w 3`.
        mask: bool `h w`, not empty.
        keypoints: `18 3`: x, y in pixels, confidence.
        held: bool `h w`, surely person too.
    """
    held = np.zeros_like(mask) if held is None else held
    rows, columns = person_box(mask | held)
    whole, picture = np.zeros(mask.shape, np.float32), np.ascontiguousarray(picture[rows, columns])
    keypoints = keypoints - np.array([columns.start, rows.start, 0], np.float32)
    mask, held = mask[rows, columns], held[rows, columns]
    fine = resize_mask(refine_mask(*at_most(DECIDED, picture, mask, keypoints)), mask.shape) | held
    small, fine_small, points = at_most(SOLVED, picture, fine, keypoints)
    alpha = solve_alpha(small, border_trimap(fine_small, points))
    alpha = alpha if small.shape == picture.shape else guided_upsample(alpha, small, picture)
    alpha = ((alpha - FAINT) / (1 - 2 * FAINT)).clip(0, 1)
    alpha *= _without_specks(alpha > 0, fine & (alpha > 0.5))
    whole[rows, columns] = alpha if alpha.any() else mask  # too small to be solved
    return whole


def person_box(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of the person, with some of the background."""
    where = np.nonzero(mask)
    margin = 2 + round(AROUND * max(int(np.ptp(axis)) for axis in where))
    rows, columns = (
        slice(max(0, int(axis.min()) - margin), min(side, int(axis.max()) + margin + 1))
        for axis, side in zip(where, mask.shape, strict=True)
    )
    return rows, columns


def at_most(
    longest: int, picture: np.ndarray, mask: np.ndarray, keypoints: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Picture, mask and key points with no side longer than that."""
    scale = longest / max(mask.shape)
    if scale >= 1:
        return picture, mask, keypoints
    size = (max(1, round(mask.shape[0] * scale)), max(1, round(mask.shape[1] * scale)))
    factor = np.array([size[1] / mask.shape[1], size[0] / mask.shape[0], 1], np.float32)
    return resize(picture, size), resize_mask(mask, size), keypoints * factor


def resize_mask(mask: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """A mask, bool `h w`, at another size, with a smooth edge."""
    return resize(np.repeat(mask[..., None] * np.uint8(255), 3, axis=-1), (size[0], size[1]))[..., 0] > 127


def solve_alpha(picture: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Closed-form alpha, float32 `h w`, where a trimap is between 0 and 1 (Levin et al., section 3, equation 12).

    Args:
        picture: uint8 `h w 3`.
        trimap: float32 `h w`: 0 background, 1 person, between: not known, more than .5 rather person.
    """
    import cv2
    from scipy.sparse import coo_matrix, diags_array
    from scipy.sparse.linalg import cg

    height, width = trimap.shape
    unknown = (trimap > 0) & (trimap < 1)
    if not unknown.any() or min(height, width) < 3:
        return trimap
    number = np.full(height * width, -1)
    number[unknown.ravel()] = np.arange(unknown.sum())

    # All windows of 3×3 pixels that hold an unknown one: n 9 pixels, their colors about the mean.
    middle = cv2.dilate(unknown.astype(np.uint8), np.ones((3, 3), np.uint8))[1:-1, 1:-1]
    row, column = np.nonzero(middle)
    offsets = (np.arange(3)[:, None] * width + np.arange(3)).ravel()
    pixels = (row * width + column)[:, None] + offsets  # n 9
    colors = picture.reshape(-1, 3)[pixels] / np.float64(255)  # n 9 3
    colors -= colors.mean(axis=1, keepdims=True)
    covariance = np.einsum("nic,nid->ncd", colors, colors) / 9 + EPSILON / 9 * np.eye(3)
    affinity = (1 + np.einsum("nic,ncd,njd->nij", colors, np.linalg.inv(covariance), colors)) / 9  # n 9 9

    # The sum over windows of (identity − affinity), split into unknown and known pixels.
    here, there = (np.broadcast_to(p, affinity.shape).ravel() for p in (pixels[:, :, None], pixels[:, None, :]))
    wanted = number[here] >= 0
    here, there, values = number[here[wanted]], there[wanted], -affinity.ravel()[wanted]
    values += here == number[there]
    inner = number[there] >= 0
    count = int(unknown.sum())
    system = coo_matrix((values[inner], (here[inner], number[there[inner]])), (count, count)).tocsr()
    known = trimap.ravel()[there[~inner]]
    right = -np.bincount(here[~inner], weights=values[~inner] * known, minlength=count)
    diagonal = system.diagonal()
    found, _ = cg(
        system, right, x0=(trimap[unknown] > 0.5).astype(float), rtol=1e-4, maxiter=600, M=diags_array(1 / diagonal)
    )
    alpha = trimap.astype(np.float32)
    alpha[unknown] = found.clip(0, 1)
    return alpha


def person_colors(picture: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The person's own colors, uint8 `h w 3`: the background's share taken out of mixed pixels (Forte, section 3)."""
    import cv2

    mixed, share = picture.astype(np.float32), alpha[..., None]
    person = behind = mixed
    for radius in (0.06, 0.006):
        side = 2 * max(1, round(radius * max(alpha.shape))) + 1

        def mean(values: np.ndarray, weight: np.ndarray, side: int = side) -> np.ndarray:
            return cv2.blur(values * weight, (side, side)) / (cv2.blur(weight, (side, side))[..., None] + 1e-5)

        person, behind = mean(person, share), mean(behind, 1 - share)
        person = (person + share * (mixed - share * person - (1 - share) * behind)).clip(0, 255)
    return np.where(share >= 1, picture, np.round(person)).astype(np.uint8)


def refine_mask(picture: np.ndarray, mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """The mask, bool `h w`, its edge laid along the edges of the picture."""
    import cv2

    labels = _rim(mask, keypoints)
    if not {cv2.GC_FGD, cv2.GC_BGD} <= set(np.unique(labels).tolist()):
        return mask
    cv2.setRNGSeed(0)  # the same picture gives the same mask
    inside, outside = np.zeros((1, 65)), np.zeros((1, 65))  # the color models, which it fills
    surely, surely_not = labels == cv2.GC_FGD, labels == cv2.GC_BGD
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    here, behind = _colors_about(lab, surely), _colors_about(lab, surely_not)
    spread = np.sqrt((_colors_about(lab**2, surely_not) - behind**2).sum(axis=-1).clip(0))
    alike = np.linalg.norm(here - behind, axis=-1) < np.minimum(LIKE, LIKE_PLAIN + SPREAD * spread)
    to_person, to_background = (np.linalg.norm(lab - mean, axis=-1) for mean in (here, behind))
    through = (to_background < SEEN_THROUGH) | (to_background < np.minimum(2 * SEEN_THROUGH, RATHER * to_person))
    on_person, off_person = color_shares(lab, np.where(surely, 0, np.where(surely_not, 1, -1)))[:2]
    through = (through & (to_background < to_person)) | (off_person > RARE * on_person)
    jaw = _between(keypoints, mask.shape, JAW) & (bone_distances(keypoints, mask.shape).min(axis=0) >= CORE)
    gap = (np.isin(labels, (cv2.GC_PR_FGD, cv2.GC_PR_BGD)) | jaw) & ~alike & through
    gap &= ~_between(keypoints, mask.shape, (LEGS,))  # there it may be the pattern of a skirt
    labels[cv2.morphologyEx(gap.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0] = cv2.GC_BGD
    cv2.grabCut(picture, labels, (0, 0, 1, 1), outside, inside, ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return _without_specks(np.where(alike, mask, found), surely)


def _rim(mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """uint8 `h w` of GrabCut's labels: surely and probably person or background, from a coarse mask."""
    import cv2

    side = max(int(np.ptp(axis)) for axis in np.nonzero(mask))
    ends = np.zeros(mask.shape, np.uint8)
    reach = OPEN * trunk_length(keypoints)
    for one, other in ((3, 4), (6, 7), (9, 10), (12, 13), (1, 0)):
        if min(keypoints[[one, other], 2]) >= MIN_CONFIDENCE:
            x, y = keypoints[other, :2] + 0.25 * (keypoints[other, :2] - keypoints[one, :2])
            cv2.circle(ends, (round(float(x)), round(float(y))), max(1, round(2 * reach)), 1, -1)
    far = np.where(ends, max(BEYOND * side, reach / 2), BEYOND * side)
    inward = _inward(mask)
    core = ~_between(keypoints, mask.shape, (*ARMS, LEGS)) | (bone_distances(keypoints, mask.shape).min(axis=0) < CORE)
    labels = np.where(mask, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[(inward > max(1.5, WITHIN * side)) & core] = cv2.GC_FGD
    labels[_inward(~mask) > np.maximum(far, 2)] = cv2.GC_BGD
    return labels


def _between(keypoints: np.ndarray, size: tuple[int, ...], limbs: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """bool `h w`: where gaps are, within the corners of limbs."""
    import cv2

    drawing = np.zeros(size, np.uint8)
    for corners in limbs:
        seen = [i for i in corners if keypoints[i, 2] >= MIN_CONFIDENCE]
        if len(seen) > 2:
            cv2.fillPoly(drawing, [np.round(keypoints[seen, :2]).astype(np.int32)], 1)
    return drawing > 0


def _colors_about(lab: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The mean color near every pixel of those of a mask, `h w 3`."""
    import cv2

    weight, radius = where.astype(np.float32), NEARBY * max(where.shape)
    some = cv2.GaussianBlur(weight, (0, 0), radius)
    return cv2.GaussianBlur(lab * weight[..., None], (0, 0), radius) / np.maximum(some, 1e-6)[..., None]


def _without_specks(mask: np.ndarray, person: np.ndarray) -> np.ndarray:
    """The parts of a mask that hold more than a speck of the sure person."""
    import cv2

    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    held = np.bincount(parts[person & mask], minlength=count)
    return mask & (held > SPECK * held.sum())[parts]


def border_trimap(mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """float32 `h w`: 1 and 0 where a good mask surely holds, .75 and .25 along its border, wider about the hair."""
    import cv2

    side = max(np.ptp(np.nonzero(mask), axis=1).max(), 1)
    signed = _inward(mask) - _inward(~mask)
    soft = np.full(mask.shape, max(1.5, SOFT * side), np.float32)
    head = keypoints[[0, 14, 15, 16, 17]]
    head = head[head[:, 2] >= MIN_CONFIDENCE, :2]
    if len(head):
        x, y = head.mean(axis=0)
        trunk = trunk_length(keypoints)
        hair = cv2.circle(
            np.zeros(mask.shape, np.uint8), (round(float(x)), round(float(y))), round(0.55 * trunk), 1, -1
        )
        soft[(hair > 0) & (signed < 0)] = max(2.5, HAIR * trunk)
    sure = signed > np.minimum(soft, max(1.5, SOFT * side))
    return np.where(sure, 1, np.where(signed < -soft, 0, np.where(mask, 0.75, 0.25))).astype(np.float32)


def _inward(mask: np.ndarray) -> np.ndarray:
    """How many pixels every pixel of a mask lies within it; the picture's edge is no border."""
    import cv2

    padded = np.pad(mask, 1, mode="edge").astype(np.uint8)
    return cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]


def guided_upsample(alpha: np.ndarray, small: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Alpha of a smaller picture at full size, along the edges of the picture: float32 `h w`.

    The fast guided filter (He and Sun, arXiv 1505.00996): alpha as a line through the colors about every pixel,
    fitted in the small picture, read off in the large one.
    """
    import cv2

    colors = small.astype(np.float32) / 255

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (5, 5))

    center, level = mean(colors), mean(alpha)
    products = [mean(colors[..., i] * colors[..., j]) - center[..., i] * center[..., j] for i, j in np.ndindex(3, 3)]
    covariance = np.stack(products, axis=-1).reshape(*alpha.shape, 3, 3) + 1e-4 * np.eye(3, dtype=np.float32)
    with_alpha = mean(colors * alpha[..., None]) - center * level[..., None]
    slope = np.linalg.solve(covariance, with_alpha[..., None])[..., 0]
    size = picture.shape[1::-1]
    slope, level = (cv2.resize(mean(x), size) for x in (slope, level - (slope * center).sum(-1)))
    return ((slope * (picture.astype(np.float32) / 255)).sum(-1) + level).clip(0, 1).astype(np.float32)
