"""A driver's motion on the body of the person in a photo.

In the picture plane, bone by bone: the angle and the foreshortening are the driver's, the length is the
photo's. The lowest foot stands on the photo's ground line; the way of the hips is scaled to the photo
and, where it would leave the picture, made shorter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from tempose.core.errors import InputError, PoseError
from tempose.pose.bones import ANKLES, BONES, FACE, HIPS, NECK, Build, measure, with_hips
from tempose.pose.keypoints import HIDDEN, KEYPOINTS, MIN_CONFIDENCE, Motion

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels

HOW = ("limbs", "scale", "none")

# In lengths of the trunk: what a head, a hand and a shoe reach beyond their key points.
HEAD_ROOM, HAND_ROOM, SHOE = 0.38, 0.2, 0.22

# A foot that leaves the ground by less, in lengths of the trunk, stands: key points waver.
STEP = 0.06

# Seconds from the ground to the ground at most, half of it up: a longer one is a walk into the distance.
AIRBORNE = 0.5

# A person too large for the picture is made smaller down to this share of their size.
SMALLEST = 0.75

# Sizes and ways that change by less are not worth a word.
WORTH_SAYING = 0.95

# How far the hips may travel to either side, in heights of the person: farther, and a picture that
# holds the whole way shows the person too small.
REACH = 0.45


@dataclass(frozen=True, eq=False)
class Retargeted:
    """A motion that fits the photo.

    Attributes:
        motion: key points in pixels of the photo; joints may lie outside it.
        room: (left, top, right, bottom) in pixels: what the person needs over the whole motion,
            with head, hands and shoes; may reach beyond the photo.
        picture: (left, top, right, bottom) of what is to be shown: the photo, or more where the motion
            does not fit into it.
        warnings: one sentence for each thing that had to be guessed or changed.
    """

    motion: Motion
    room: Box
    picture: Box
    warnings: tuple[str, ...]


def retarget(motion: Motion, photo: Motion, *, how: str = "limbs") -> Retargeted:
    """The driver's motion on the photo's body.

    Args:
        motion: of the driver, cleaned.
        photo: the person in the photo: one frame.
        how: `limbs`: bone by bone; `scale`: the driver's own proportions, sized to the photo;
            `none`: where the driver is, the driver's frame fitted into the photo.

    Raises:
        InputError: `how` is none of these, or `photo` is not one frame.
        PoseError: the photo does not show neck and hips, or the driver never shows both shoulders.
    """
    if how not in HOW:
        raise InputError(f"retarget is {how!r}; wanted {', '.join(HOW)}")
    if len(photo) != 1:
        raise InputError(f"the photo's pose has {len(photo)} frames; wanted one")
    check_trunk(photo)
    if not (motion.keypoints[:, NECK, 2] >= MIN_CONFIDENCE).any():
        raise PoseError("the motion never shows a person's shoulders; wanted a person seen at least to the hips")
    if how == "none":
        return _as_it_is(motion, photo)
    driver, person = with_hips(motion.keypoints), with_hips(photo.keypoints)[0]
    theirs, own = measure(driver, fps=motion.fps), measure(person[None], fps=1)
    trunk = float(own.scale[0])

    vectors, seen, never = _vectors(driver, theirs.scale, person / trunk)
    if how == "limbs":
        vectors = _on_lengths(vectors, theirs, own, person / trunk, never)
    points = _posed(vectors)  # in lengths of the trunk, around the hips
    legs = sum(own.lengths[-2:])
    ankles = person[list(ANKLES), 1]
    ground = person[HIPS, 1] + trunk * legs if np.isnan(ankles).all() else np.nanmax(ankles)
    heights = _heights(driver, theirs.scale, points, legs=legs, fps=motion.fps)
    place = np.stack([_way(driver, theirs.scale), heights], axis=-1)
    fitted, picture, changed = _inside(points, place, person[HIPS, 0], float(ground), trunk, photo)

    confidence = np.where(seen, motion.keypoints[..., 2], HIDDEN)
    confidence = np.where(np.isnan(fitted[:, :HIPS]).any(-1), 0, confidence)
    confidence[:, list(FACE)] *= seen[:, list(FACE)]
    keypoints = np.concatenate([np.nan_to_num(fitted[:, :HIPS]), confidence[..., None]], axis=-1)
    warnings = (*_told(own, never, how), *changed)
    return Retargeted(Motion(keypoints, photo.size, motion.fps), _room(fitted, trunk), picture, warnings)


def check_trunk(photo: Motion) -> None:
    """Whether a photo shows enough of a person to be moved.

    Raises:
        PoseError: neck or hips cannot be seen.
    """
    seen = photo.keypoints[0, :, 2] >= MIN_CONFIDENCE
    if not (seen[NECK] and seen[[8, 11]].any()):
        found = ", ".join(name.replace("_", " ") for name, there in zip(KEYPOINTS, seen, strict=True) if there)
        raise PoseError(
            f"too little of the person can be seen ({found or 'nothing'}); "
            "wanted a photo that shows them at least from head to hips, best to the feet"
        )


# Bones --------------------------------------------------------------------------------------------


def _vectors(driver: np.ndarray, scale: np.ndarray, person: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Bone vectors `f 19 2` in lengths of the trunk, at the joint that each bone ends in.

    Gaps are filled between the sights before and after; a bone that is never seen keeps the photo's
    vector. Returned with them: `f 18`, whether the joint was seen, and the joints of the latter.
    Face points are seen from the neck and never filled: from behind there is no face.
    """
    frames = np.arange(len(driver))
    vectors, never = np.full(driver.shape, np.nan), []
    for bone in BONES:
        for start, end in zip(bone.starts, bone.ends, strict=True):
            along = (driver[:, end] - driver[:, start]) / scale[:, None]
            seen = np.flatnonzero(~np.isnan(along).any(-1))
            if len(seen):
                vectors[:, end] = np.stack([np.interp(frames, seen, along[seen, axis]) for axis in (0, 1)], axis=-1)
            else:
                vectors[:, end] = person[end] - person[start]
                never.append(end)
    for joint in FACE:
        vectors[:, joint] = (driver[:, joint] - driver[:, NECK]) / scale[:, None]
    seen = ~np.isnan(driver[:, :HIPS]).any(-1)
    return vectors, seen, never


def _on_lengths(vectors: np.ndarray, theirs: Build, own: Build, person: np.ndarray, never: list[int]) -> np.ndarray:
    """The driver's bone vectors at the photo's lengths; both in lengths of the respective trunk.

    Those that the driver never shows are the photo's already.
    """
    changed = vectors.copy()
    for bone, full, wanted in zip(BONES, theirs.lengths, own.lengths, strict=True):
        for end in set(bone.ends) - set(never):
            look = np.linalg.norm(vectors[:, end], axis=-1)
            longest = np.maximum(look / full, 1)
            changed[:, end] *= (wanted / full / longest)[:, None]
    # The head keeps its form: one factor for all of its points.
    look = np.linalg.norm(vectors[:, list(FACE)], axis=-1)
    photo = np.linalg.norm(person[list(FACE)] - person[NECK], axis=-1)
    common = ~np.isnan(look).all(0) & ~np.isnan(photo)
    if common.any():
        typical = np.nanmedian(look[:, common], axis=0)
        factor = float(np.clip(np.median(photo[common] / np.maximum(typical, 1e-3)), 0.7, 1.4))
        changed[:, list(FACE)] *= factor
    return changed


def _posed(vectors: np.ndarray) -> np.ndarray:
    """Bone vectors `f 19 2` → points `f 19 2` around the hips."""
    points = np.full(vectors.shape, np.nan)
    points[:, HIPS] = 0
    for bone in BONES:
        for start, end in zip(bone.starts, bone.ends, strict=True):
            points[:, end] = points[:, start] + vectors[:, end]
    points[:, list(FACE)] = points[:, [NECK]] + vectors[:, list(FACE)]
    return points


# Place --------------------------------------------------------------------------------------------


def _way(driver: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """`f`: how far the hips have gone to the right since the first frame, in lengths of the trunk."""
    x = _filled(driver[:, HIPS, 0])
    return np.concatenate([[0], np.cumsum(np.diff(x) / scale[1:])])


def _heights(driver: np.ndarray, scale: np.ndarray, points: np.ndarray, *, legs: float, fps: float) -> np.ndarray:
    """`f`: how far the hips are below the ground line (negative: above), in lengths of the trunk.

    The lower ankle stands on the line, except where the driver leaves the ground: where it is higher
    than shortly before and after. Without ankles the hips stay at the height of the `legs`.
    """
    reached = np.fmax(*points[:, list(ANKLES), 1].T)
    if np.isnan(reached).any():
        hips = _filled(driver[:, HIPS, 1]) / scale
        return hips - hips[0] - legs
    lower = _filled(driver[:, list(ANKLES), 1].max(axis=1))
    span = max(1, round(AIRBORNE * fps))
    before = np.lib.stride_tricks.sliding_window_view(np.pad(lower, (span, 0), mode="edge"), span + 1).max(-1)
    after = np.lib.stride_tricks.sliding_window_view(np.pad(lower, (0, span), mode="edge"), span + 1).max(-1)
    jump = (np.minimum(before, after) - lower) / scale
    return -reached - np.maximum(jump - STEP, 0)


def _filled(values: np.ndarray) -> np.ndarray:
    """NaN replaced on straight lines between the values around; all NaN is 0."""
    known = np.flatnonzero(~np.isnan(values))
    return np.interp(np.arange(len(values)), known, values[known]) if len(known) else np.zeros(len(values))


def _inside(
    points: np.ndarray, place: np.ndarray, x: float, ground: float, trunk: float, photo: Motion
) -> tuple[np.ndarray, Box, list[str]]:
    """Points in pixels, the person as large and the way as long as the photo holds; the picture; sentences.

    Args:
        points: `f 19 2` around the hips, in lengths of the trunk.
        place: `f 2`: way and height of the hips, in lengths of the trunk.
        x, ground: where the hips start and the feet stand, in pixels.
        trunk: its length in pixels.
        photo: the pose in the photo.
    """
    own = person_room(photo)
    left, top, right = min(0.0, own[0]), min(0.0, own[1]), max(float(photo.size[1]), own[2])
    still = trunk * points
    still[..., 1] += trunk * place[:, 1:]
    low, upper, high, _ = _room(still, trunk)
    warnings = []

    fits = min((ground - top) / max(-upper, 1.0), (right - left) / max(high - low, 1.0), 1.0)
    size = max(fits, SMALLEST)
    if size < WORTH_SAYING:
        warnings.append(f"the person is made smaller, to {size:.0%}, so that the motion stays in the picture")
    still, low, upper, high = size * still, size * low, size * upper, size * high
    if high - low <= right - left:
        x = float(np.clip(x, left - low, right - high))
    way = size * trunk * place[:, 0]
    share = _share(way, _extents(still, size * trunk), left - x, right - x, REACH * -upper)
    if share < WORTH_SAYING and np.ptp(way) > 0.3 * trunk:
        warnings.append(f"the way is shortened, to {share:.0%}, so that the person stays in the picture")
    still[..., 0] += share * way[:, None]
    moved = still + np.array([x, ground])

    picture = 0.0, 0.0, float(photo.size[1]), float(photo.size[0])
    if fits < SMALLEST:
        warnings.append("the motion needs more room than the photo has: the picture reaches beyond it")
        needed = _room(moved, trunk)
        picture = min(0.0, needed[0]), min(0.0, needed[1]), max(picture[2], needed[2]), picture[3]
    return moved, picture, warnings


def _share(way: np.ndarray, extents: np.ndarray, left: float, right: float, reach: float) -> float:
    """How much of the way `f` keeps the person, who needs `extents` (`f 2`), between left and right."""
    free = np.where(way > 0, np.minimum(right - extents[:, 1], reach), np.minimum(extents[:, 0] - left, reach))
    going = np.abs(way) > 1e-6
    return float(np.clip((free[going] / np.abs(way[going])).min(initial=1.0), 0, 1))


def person_room(photo: Motion) -> Box:
    """What the person in a photo needs, with head, hands and shoes."""
    points = with_hips(photo.keypoints)
    return _room(points, float(np.median(measure(points, fps=photo.fps).scale)))


def _extents(points: np.ndarray, trunk: float) -> np.ndarray:
    """`f 2`: left and right end of the person in every frame, with the hands."""
    x, aside = points[..., 0], HAND_ROOM * trunk
    return np.stack([np.nanmin(x, axis=1) - aside, np.nanmax(x, axis=1) + aside], axis=-1)


def _room(points: np.ndarray, trunk: float) -> Box:
    """(left, top, right, bottom) of points `f 19 2` with head, hands and shoes."""
    sides = _extents(points, trunk)
    head = points[:, [NECK, *FACE], 1]
    top = min(np.nanmin(head) - HEAD_ROOM * trunk, np.nanmin(points[..., 1]) - HAND_ROOM * trunk)
    bottom = np.nanmax(points[..., 1]) + SHOE * trunk
    return float(sides[:, 0].min()), float(top), float(sides[:, 1].max()), float(bottom)


def _as_it_is(motion: Motion, photo: Motion) -> Retargeted:
    """The driver's frame fitted into the photo, in the middle."""
    (height, width), (h, w) = photo.size, motion.size
    scale = min(height / h, width / w)
    shift = (width - scale * w) / 2, (height - scale * h) / 2
    keypoints = motion.keypoints * (scale, scale, 1) + (*shift, 0)
    placed = replace(motion, keypoints=keypoints, size=photo.size)
    return Retargeted(placed, person_room(placed), (0.0, 0.0, float(width), float(height)), ())


# Words --------------------------------------------------------------------------------------------


def _told(own: Build, never: list[int], how: str) -> list[str]:
    """Sentences about the bones that could not be measured or are never seen."""
    names: dict[str, list[str]] = {"symmetry": [], "typical proportions": [], "never": []}
    for bone in BONES:
        names["never"] += [_side(bone.name, end) for end in bone.ends if end in never]
    if how == "limbs":
        for name, end, by in own.replaced:
            names[by].append(_side(name, end))
    sentences = {
        "symmetry": "the photo hides or foreshortens the {}: as long as on the other side",
        "typical proportions": "the photo hides or foreshortens the {}: of typical proportions",
        "never": "the motion never shows the {}: held as in the photo",
    }
    return [sentence.format(_listed(names[why])) for why, sentence in sentences.items() if names[why]]


def _side(name: str, end: int) -> str:
    """A bone's name with its side, if it has one."""
    side = KEYPOINTS[end].split("_")[0]
    return f"{side} {name}" if side in ("right", "left") else name


def _listed(names: Iterable[str]) -> str:
    """Names in a row; right and left of the same as "both"."""
    names = list(names)
    for name in {name.removeprefix("right ") for name in names}:
        if f"right {name}" in names and f"left {name}" in names:
            names[names.index(f"right {name}")] = f"{name}s"
            names.remove(f"left {name}")
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
