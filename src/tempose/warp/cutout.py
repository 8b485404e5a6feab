"""The person of one photo in layers, with their true colors, and what lies behind: made once a photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from tempose.core.errors import InputError
from tempose.media.crop import Crop
from tempose.media.images import check_picture
from tempose.pose.keypoints import MIN_CONFIDENCE
from tempose.warp.background import cloth_fill, extend, near_fill, without_person
from tempose.warp.completion import CAP_ARM, complete, joint_caps, layer_order, neck_bar, shoulder_slope
from tempose.warp.flesh import (
    CHIN_BELOW,
    HEAD,
    LAYERS,
    LEFT_ARM,
    LEFT_LEG,
    RIGHT_ARM,
    RIGHT_LEG,
    THROAT,
    TRUNK,
    head_axis,
    skull_middle,
    trunk_length,
)
from tempose.warp.hand_flesh import hand_flesh
from tempose.warp.held import hanging_from, held_things
from tempose.warp.joints import photo_joints
from tempose.warp.matte import at_most, guided_upsample, person_box, person_colors, photo_matte
from tempose.warp.parts import find_parts
from tempose.warp.skinning import beside_neck

__all__ = ["LAYERS", "Cutout", "cut_out"]

LEGS, ARMS = (RIGHT_LEG, LEFT_LEG), (RIGHT_ARM, LEFT_ARM)
PARTED = 400  # the longest side of the person at which parts are told apart, pixels
SMOOTH = 2.0  # of the borders between parts, pixels at that size
PERSON = 0.05  # from this alpha on a pixel belongs to a layer
FIRM = 0.5  # and from this one on it hides what is behind it
ISLAND = 0.03  # patches of a layer smaller than this share of its largest one go over to what is around them
STRIP = 0.006  # strips of trunk and legs narrower than twice this share of the person's longer side do too
OVERLAP = 0.004  # how far a layer goes on beneath those that touch it, as a share of the person's longer side
HIDES = 0.6  # from the side, a limb of which less than this share of its fellow is seen is hidden
UNLIKE = 60  # about the shoulder, colors farther from those of the arm than so many of 255 are not the arm's
PROFILE = 0.2  # a nose farther beside the neck than this, in lengths of the trunk, is a profile's
STAIN = 10, 30  # beside what is before it, colors so far (of 255) from their surroundings are less and less the layer's
FACE = 0.08  # from the middle of the face is surely skin, in lengths of the trunk
HAND = 0.24  # half the size of a hand, in lengths of the trunk
BARE = 0.1  # a neck of which less than this share has the face's color rather than that of the clothes is covered
# Bare skin about the neck goes on beneath the head so far, in lengths of the trunk, up to this share of the way to the
# chin: a head that leans otherwise leaves no gap.
NAPE, NAPE_HIGH = 0.08, 0.85
SHRED = 2  # what a layer adds beneath others is no narrower than twice so many of these


@dataclass(frozen=True, eq=False)
class Cutout:
    """The person of one photo in layers, at the photo's size; what lies behind each is completed.

    Laid over `background` from back to front in `order`, the layers give the photo back. About the shoulders and hips
    trunk and limbs both hold what the photo shows, so that no gap opens when they turn. A skirt, gown or long coat that
    hangs over both legs belongs to the trunk, and the legs go on beneath it up to the hips. Of a person seen from the
    side, an arm or a leg that the nearer one hides is that one once more, behind everything.

    Attributes:
        color: uint8 `l h w 3`: the true foreground colors of each of LAYERS, continued beyond its visible part.
        alpha: float32 `l h w` in [0, 1]: the matte of each layer, completed where another one hides it.
        keypoints: float32 `18 3`: x, y in pixels, confidence; of a limb that is another once more where that one is.
        matte: float32 `h w` in [0, 1]: the whole person as the photo shows them.
        background: uint8 `h w 3`: the photo without the person and their shadow at the feet.
        order: the layers from back to front as the photo shows them, indices into LAYERS.
        hem: how far down the legs one cloth hangs: 0 none, 1 to the knees, 2 to the ankles or beyond.
        grips: float32 `2 2`: from where something hangs from the right hand and from the left one, x, y in pixels; NaN
            where nothing does.
    """

    color: np.ndarray
    alpha: np.ndarray
    keypoints: np.ndarray
    matte: np.ndarray
    background: np.ndarray
    order: tuple[int, ...]
    hem: float
    grips: np.ndarray

    def seen_through(self, crop: Crop, size: tuple[int, int]) -> Cutout:
        """The same in a part of the photo, at `size`; beyond the photo nobody is, and the background goes on."""
        color = np.stack([crop.cut(layer, size) for layer in self.color])
        alpha = np.stack([_cut(layer, crop, size) for layer in self.alpha])
        background = extend(self.background, crop, size)
        keypoints = crop.points(self.keypoints, size).astype(np.float32)
        grips = crop.points(np.c_[self.grips, np.ones(2)], size)[:, :2].astype(np.float32)
        return Cutout(color, alpha, keypoints, _cut(self.matte, crop, size), background, self.order, self.hem, grips)


def cut_out(
    picture: np.ndarray,
    mask: np.ndarray,
    keypoints: np.ndarray,
    *,
    hands: np.ndarray | None = None,
    exact: bool = False,
    background: bool = True,
    patches: bool = True,
) -> Cutout:
    """The layers of the person in a photo.

    Args:
        picture: uint8 `h w 3`.
        mask: `h w`: bool, True on the person, or float32 in [0, 1], how much of each pixel they are.
        keypoints: `18 3`: x, y in pixels, confidence.
        hands: `2 21 4`, as in `Motion`; None where nothing is known.
        exact: whether the mask is the matte as it is; else its rim is decided anew by the picture.
        background: whether the person is taken out of the background; False leaves the photo.
        patches: whether the hole that they leave is filled with patches of the photo, and what an arm hides of the
            clothes with patches of these; else smoothly, which takes a hundredth of the time.

    Raises:
        InputError: the sizes differ, or the mask is empty.
    """
    check_picture(picture)
    if mask.shape != picture.shape[:2]:
        raise InputError(f"the mask is {mask.shape}, the picture {picture.shape[:2]}; wanted one (height, width)")
    if not mask.any():
        raise InputError("the mask is empty; wanted one that is true on the person")
    keypoints = np.asarray(keypoints, np.float32)
    held, flesh = np.full(mask.shape, -1, np.int8), hand_flesh(picture, keypoints, hands)
    matte = mask.astype(np.float32)
    if not exact:
        person = (mask > 0) | (flesh >= 0)
        held = held_things(picture, person, keypoints)
        matte = photo_matte(picture, person, keypoints, (held >= 0) | (flesh >= 0))
    box = person_box(matte > 0)
    part, alpha = np.ascontiguousarray(picture[box]), matte[box]
    points = keypoints - np.array([box[1].start, box[0].start, 0], np.float32)
    own = person_colors(part, alpha)
    labels, hem = _labels(own, alpha, points, held[box], flesh[box])
    order = layer_order(labels, points)
    color, layers = _layers(own, alpha, labels, points, order, hem, patches=patches)
    for limb, fellow, joints, fellows in hidden_limbs(labels, points):
        color[limb], layers[limb], points[joints] = _moved(color[fellow], layers[fellow], points, joints, fellows)
        order = (limb, *(layer for layer in order if layer != limb))
    keypoints = points + np.array([box[1].start, box[0].start, 0], np.float32)

    whole_color = np.repeat(picture[None], len(LAYERS), axis=0)
    whole_alpha = np.zeros((len(LAYERS), *matte.shape), np.float32)
    whole_color[:, box[0], box[1]], whole_alpha[:, box[0], box[1]] = color, layers
    behind = without_person(picture, matte, keypoints, patches=patches) if background else picture
    grips = hanging_from(np.where(matte > FIRM, held, -1), keypoints)
    return Cutout(whole_color, whole_alpha, keypoints, matte, behind, order, hem, grips)


def _labels(
    own: np.ndarray, alpha: np.ndarray, keypoints: np.ndarray, held: np.ndarray, flesh: np.ndarray
) -> tuple[np.ndarray, float]:
    """The layer of every pixel of the person, int8 `h w`, −1 beside them; and the hem."""
    import cv2

    person = alpha > PERSON
    small, small_mask, points = at_most(PARTED, own, person, keypoints)
    known = (
        cv2.resize(of.view(np.uint8), small_mask.shape[::-1], interpolation=cv2.INTER_NEAREST).view(np.int8)
        for of in (held, flesh)
    )
    parts, hem = find_parts(small, small_mask, points, *known)
    parts = _smooth(parts)
    if small.shape != own.shape:
        parts = np.stack([guided_upsample(part, small, own) for part in parts])
    labels = np.where(person, parts.argmax(axis=0), -1).astype(np.int8)
    return _without_islands(labels, alpha > FIRM), hem


def _smooth(parts: np.ndarray) -> np.ndarray:
    """Likelihoods `l h w` as the likeliest layers alone, whose borders take no turns narrower than a finger."""
    import cv2

    likeliest = (parts == parts.max(axis=0)) & (parts > 0)
    return np.stack([cv2.GaussianBlur(one.astype(np.float32), (0, 0), SMOOTH) for one in likeliest])


def _without_islands(labels: np.ndarray, firm: np.ndarray) -> np.ndarray:
    """Labels `h w` whose smallest patches, and strips of trunk and legs, go over to what is around them.

    What is not firm, bool `h w`, connects nothing: a bit of an arm and a chin, across what is hardly seen between them.
    """
    import cv2

    kept = labels.copy()
    for layer in (TRUNK, *LEGS):
        wide = cv2.morphologyEx((labels == layer).astype(np.uint8), cv2.MORPH_OPEN, _disk(STRIP * max(labels.shape)))
        kept[(labels == layer) & (wide == 0)] = -1
    for layer in range(len(LAYERS)):
        count, patches, sizes, _ = cv2.connectedComponentsWithStats(
            ((kept == layer) & firm).astype(np.uint8), connectivity=4
        )
        for patch in range(1, count):
            if sizes[patch, cv2.CC_STAT_AREA] < ISLAND * sizes[1:, cv2.CC_STAT_AREA].max():
                kept[patches == patch] = -1
    lost, sure = (labels >= 0) & (kept < 0), (kept >= 0) & firm
    if not lost.any() or not sure.any():
        return labels
    away = (~sure).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    values = np.zeros(int(nearest.max()) + 1, np.int8)
    values[nearest[sure]] = kept[sure]
    return np.where(lost, values[nearest], kept)


def _layers(
    own: np.ndarray,
    alpha: np.ndarray,
    labels: np.ndarray,
    keypoints: np.ndarray,
    order: tuple[int, ...],
    hem: float,
    *,
    patches: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Colors `l h w 3` and alphas `l h w`, completed."""
    import cv2

    seam = OVERLAP * max(labels.shape)
    around, wide, armpit = _disk(seam), _disk(SHRED * seam), _disk(CAP_ARM * trunk_length(keypoints))
    firm = np.where(alpha > FIRM, labels, -1)
    hidden, (caps, anyhow) = complete(firm, keypoints, order, hem), joint_caps(labels, keypoints, hem)
    hands = _hands(labels.shape, keypoints)
    bare = _bare(own, labels, keypoints)
    throat = _throat(bare, labels, keypoints)
    neck, jaw = _as_wide(throat, keypoints), _beneath_jaw(throat, keypoints)
    hidden[TRUNK] &= (labels != HEAD) | neck | shoulder_slope(labels.shape, keypoints)
    about = neck_bar(labels.shape, keypoints, NAPE_HIGH, 2.0)
    nape = cv2.dilate(((firm == TRUNK) & bare & about).astype(np.uint8), _disk(NAPE * trunk_length(keypoints))) > 0
    nape &= about & (labels == HEAD)
    hidden[TRUNK] = (hidden[TRUNK] | nape) & ~(jaw & (labels == HEAD))
    person = cv2.GaussianBlur((labels >= 0).astype(np.float32), (3, 3), 0)  # layers fade at each other, not at its edge
    colors, alphas = [], []
    for layer in range(len(LAYERS)):
        visible = labels == layer
        if not visible.any():
            colors.append(own)
            alphas.append(np.zeros_like(alpha))
            continue
        before = np.isin(firm, order[order.index(layer) + 1 :])
        beneath = (cv2.dilate((firm == layer).astype(np.uint8), around) > 0) & before
        fingers = np.zeros_like(visible)
        if layer in (TRUNK, *LEGS):  # with the shadows between them
            alike = (visible & hands & _like_arms(own, labels, layer)).astype(np.uint8)
            fingers = visible & (cv2.morphologyEx(alike, cv2.MORPH_CLOSE, wide) > 0)
        inner, shared = _eroded(visible & ~fingers, around), caps[layer]
        filled = near_fill(own, inner)
        if layer in (
            TRUNK,
            *ARMS,
        ):  # a bare arm has nothing of the dress beside it, which has little of the arm
            same = abs(own.astype(int) - filled).max(axis=-1) < UNLIKE
            same = cv2.GaussianBlur(same.astype(np.float32), (0, 0), seam) > 0.5  # no ragged border where shades differ
            if layer == TRUNK:  # no notch opens between the shoulder that it keeps and its side
                near = cv2.dilate((shared & np.isin(labels, ARMS)).astype(np.uint8), armpit) > 0
                whole = cv2.morphologyEx((visible | shared).astype(np.uint8), cv2.MORPH_CLOSE, armpit) > 0
                shared = shared & (same | anyhow) | whole & near & same & np.isin(labels, ARMS)
            else:
                shared = shared & same
        whole = _without_shreds(visible | shared | beneath | hidden[layer], firm >= 0, wide) | visible
        if layer == TRUNK:
            joints = photo_joints(torch.from_numpy(keypoints)[None])
            whole &= visible | neck | ~beside_neck(labels.shape, joints).numpy()
        whole = _joined(whole & (visible | (alpha > FIRM)), visible)
        shown = visible | shared if layer in (TRUNK, *ARMS) else visible  # what covers the hips is no leg
        if layer == TRUNK:  # whose cloth does not go on beneath a bare shoulder
            shown = shown | caps[layer] & np.isin(labels, ARMS)
        beside = before
        if layer in ARMS:  # which may leave what they lie on; fingers are narrower than such a rim
            beside = before | (firm >= 0) & (firm != layer) & ~hands
        rim = visible & (cv2.dilate((beside | fingers).astype(np.uint8), around) > 0)
        hole = (cv2.dilate(whole.astype(np.uint8), around) > 0) & ~visible | rim  # its faint edge, too
        if layer == TRUNK:  # beneath the chin is the neck, beneath hair what is next to it, beneath an arm are clothes
            under = labels == HEAD
            skin = near_fill(own, throat) if throat.any() else filled
            cloth = cloth_fill(own, hole & ~under, inner) if patches else filled
            hidden_by_hair = np.where((neck | nape)[..., None], skin, _beneath_hair(own, inner, bare))
            filled = np.where(under[..., None], hidden_by_hair, cloth)
        unlike = abs(own.astype(int) - filled).max(axis=-1)
        stain = rim * ((unlike - STAIN[0]) / (STAIN[1] - STAIN[0])).clip(0, 1)
        shown = (shown * (1 - stain))[..., None]
        colors.append(np.round(shown * own + (1 - shown) * filled).astype(np.uint8))
        share = cv2.GaussianBlur(whole.astype(np.float32), (3, 3), 0) / np.maximum(person, 1e-3)
        alphas.append(alpha * share.clip(0, 1))
    return np.stack(colors), np.stack(alphas)


def _joined(whole: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """What of a layer, bool `h w`, hangs together with what is seen of it: nothing is made up by itself."""
    import cv2

    _, patches = cv2.connectedComponents(whole.astype(np.uint8), connectivity=4)
    seen = np.zeros(int(patches.max()) + 1, bool)
    seen[patches[visible]] = True
    return whole & seen[patches]


def hidden_limbs(labels: np.ndarray, keypoints: np.ndarray) -> list[tuple[int, int, list[int], list[int]]]:
    """Of a person seen from the side, the limbs that their fellows hide, these, and the joints of both.

    Args:
        labels: int8 `h w`: the layer of each pixel, −1 off the person.
        keypoints: `18 3`.
    """
    front, side = abs(photo_joints(torch.from_numpy(keypoints)[None]).facing[0]).tolist()
    if side <= front:
        return []
    area = np.bincount(labels[labels >= 0], minlength=len(LAYERS))
    found = []
    for pair, of_pair in ((LEGS, ([8, 9, 10], [11, 12, 13])), (ARMS, ([2, 3, 4], [5, 6, 7]))):
        limb, fellow = (0, 1) if area[pair[0]] < area[pair[1]] else (1, 0)
        roots = keypoints[[of_pair[0][0], of_pair[1][0]], 2]
        if area[pair[limb]] < HIDES * area[pair[fellow]] and roots.min() >= MIN_CONFIDENCE:
            found.append((pair[limb], pair[fellow], of_pair[limb], of_pair[fellow]))
    return found


def _moved(
    color: np.ndarray, alpha: np.ndarray, keypoints: np.ndarray, joints: list[int], fellows: list[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Color, alpha and joints of a limb, from those of its fellow, moved from root to root."""
    import cv2

    x, y = keypoints[joints[0], :2] - keypoints[fellows[0], :2]
    size, way = alpha.shape[::-1], np.array([[1, 0, x], [0, 1, y]], np.float32)
    places = keypoints[fellows] + np.array([x, y, 0], np.float32)
    return (
        cv2.warpAffine(color, way, size, borderMode=cv2.BORDER_REPLICATE),
        cv2.warpAffine(alpha, way, size),
        places,
    )


def _hands(size: tuple[int, ...], keypoints: np.ndarray) -> np.ndarray:
    """bool `h w`: about the hands, beyond the wrists."""
    import cv2

    about, trunk = np.zeros(size, np.uint8), trunk_length(keypoints)
    for elbow, wrist in ((3, 4), (6, 7)):
        if keypoints[[elbow, wrist], 2].min() < MIN_CONFIDENCE:
            continue
        along = keypoints[wrist, :2] - keypoints[elbow, :2]
        x, y = keypoints[wrist, :2] + HAND * trunk * along / max(float(np.hypot(*along)), 1.0)
        cv2.circle(about, (round(float(x)), round(float(y))), max(1, round(HAND * trunk)), 1, -1)
    return about > 0


def _like_arms(own: np.ndarray, labels: np.ndarray, layer: int) -> np.ndarray:
    """bool `h w`: what has the color of the arms rather than a layer's: bits of fingers beside a hand."""
    arms, rest = np.isin(labels, ARMS), labels == layer
    if not arms.any() or not rest.any():
        return np.zeros(labels.shape, bool)
    return _rather(own, arms, rest)


def _bare(own: np.ndarray, labels: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """bool `h w`: what of trunk and head has the face's color rather than that of the clothes."""
    shown, head = np.isin(labels, (TRUNK, HEAD)), head_axis(keypoints)
    cloth = (labels == TRUNK) & ~neck_bar(labels.shape, keypoints, 1.0)
    if head is None or not cloth.any():
        return shown
    y, x = np.mgrid[: labels.shape[0], : labels.shape[1]]
    face = (labels == HEAD) & (np.hypot(x - head[0][0], y - head[0][1]) < FACE * trunk_length(keypoints))
    return shown & _rather(own, face, cloth) if face.any() else shown


def _rather(own: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """bool `h w`: what is nearer in color to the median of one part than to that of another; light counts half."""
    import cv2

    lab = cv2.cvtColor(own.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) * np.array([0.5, 1, 1], np.float32)
    to_one, to_other = (np.linalg.norm(lab - np.median(lab[where], axis=0), axis=-1) for where in (one, other))
    return to_one < to_other


def _throat(bare: np.ndarray, labels: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """bool `h w`: what is seen of the neck; of a bare one its skin alone, not the collar."""
    throat = neck_bar(labels.shape, keypoints, 1.0) & (labels == TRUNK)
    throat |= neck_bar(labels.shape, keypoints) & (labels == HEAD)
    skin = throat & bare
    return skin if skin.sum() > BARE * throat.sum() else throat


def _beneath_hair(own: np.ndarray, inner: np.ndarray, bare: np.ndarray) -> np.ndarray:
    """The trunk's picture going on from its inner part, skin in the color of skin and cloth in that of cloth."""
    import cv2

    skin, cloth = inner & bare, inner & ~bare
    if not skin.any() or not cloth.any():
        return near_fill(own, inner)
    nearer = [cv2.distanceTransform((~of).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for of in (skin, cloth)]
    return np.where((nearer[0] < nearer[1])[..., None], near_fill(own, skin), near_fill(own, cloth))


def _as_wide(throat: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """bool `h w`: what is no farther from the axis of the neck than what is seen of it, and hardly above the chin.

    To either side: hair may hide one.
    """
    head = head_axis(keypoints)
    if head is None or not throat.any():
        return np.ones_like(throat)
    y, x = np.mgrid[: throat.shape[0], : throat.shape[1]]
    (middle, up), trunk = head, trunk_length(keypoints)
    axis = skull_middle(keypoints, middle) - keypoints[1, :2]
    axis = axis / max(float(np.hypot(*axis)), 1.0)
    across = abs((x - keypoints[1, 0]) * -axis[1] + (y - keypoints[1, 1]) * axis[0])
    above = (x - middle[0]) * up[0] + (y - middle[1]) * up[1] + (CHIN_BELOW - THROAT / 2) * trunk
    return (across <= np.quantile(across[throat], 0.98)) & (above < 0)


def _beneath_jaw(throat: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """bool `h w`: what is farther to the front than all that is seen of a profile's neck: the jaw hides none there."""
    head, trunk = head_axis(keypoints), trunk_length(keypoints)
    if head is None or not throat.any() or keypoints[0, 2] < MIN_CONFIDENCE:
        return np.zeros_like(throat)
    skull = skull_middle(keypoints, head[0])
    up = (skull - keypoints[1, :2]) / max(float(np.hypot(*(skull - keypoints[1, :2]))), 1.0)
    front = np.array([-up[1], up[0]])
    nose = float((keypoints[0, :2] - keypoints[1, :2]) @ front)
    y, x = np.mgrid[: throat.shape[0], : throat.shape[1]]
    before = ((x - keypoints[1, 0]) * front[0] + (y - keypoints[1, 1]) * front[1]) * np.sign(nose)
    return (before > np.quantile(before[throat], 0.98)) & (abs(nose) > PROFILE * trunk)


def _eroded(mask: np.ndarray, disk: np.ndarray) -> np.ndarray:
    """A mask without its rim, or with it where nothing else is left."""
    import cv2

    inner = cv2.erode(mask.astype(np.uint8), disk) > 0
    return inner if inner.any() else mask


def _disk(radius: float) -> np.ndarray:
    """A disk, uint8, of at least 3 pixels across."""
    import cv2

    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def _without_shreds(mask: np.ndarray, person: np.ndarray, disk: np.ndarray) -> np.ndarray:
    """A part of a person, bool `h w`, without gaps and shreds narrower than a disk."""
    import cv2

    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disk)
    return cv2.morphologyEx(closed * person, cv2.MORPH_OPEN, disk) > 0


def _cut(mask: np.ndarray, crop: Crop, size: tuple[int, int]) -> np.ndarray:
    """This part of a matte, float32 `h w`, at `size`; beyond the photo it is 0."""
    shades = np.repeat(np.round(mask[..., None] * 255).astype(np.uint8), 3, axis=-1)
    return crop.cut(shades, size)[..., 0].astype(np.float32) / 255 * crop.covered(mask.shape, size)
