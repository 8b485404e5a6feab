"""A driver's motion on the body of the person in a photo.

In the picture plane, bone by bone: the angle and the foreshortening are the driver's, the length is the
photo's. The lowest of all joints stands on the photo's floor; the way of the hips is scaled to the photo
and, where it would leave the picture, made shorter. Somebody whom the photo's lower edge cuts stays cut there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tempose.core.errors import InputError, PoseError
from tempose.pose.bones import (
    ANKLES,
    BONES,
    FACE,
    HIP_JOINTS,
    HIPS,
    NECK,
    SHOULDERS,
    TRUNK,
    UNMEASURED,
    measure,
    with_hips,
)
from tempose.pose.keypoints import HIDDEN, KEYPOINTS, MIN_CONFIDENCE, Motion
from tempose.pose.room import Box, Reach, person_reach, within
from tempose.pose.whole import WholeBody, whole_body

RETARGET_MODES = ("limbs", "scale", "none")

# What of the body is below each joint of somebody who stands, kneels, sits or lies on it, in lengths of the trunk.
BELOW = np.full(HIPS, 0.1)
BELOW[list(ANKLES)], BELOW[list(HIP_JOINTS)], BELOW[list(FACE)] = 0.14, 0.2, 0.2
BELOW[[NECK, *SHOULDERS]] = 0.15

# A driver who leaves the ground by less, in lengths of the trunk, stands: key points waver.
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

# Somebody cut by the photo's lower edge stands there as high as the driver does in the tallest tenth of the frames.
UPRIGHT = 0.1

# The head is made larger or smaller by no more than so much.
HEAD_FACTOR = 1.4


@dataclass(frozen=True, eq=False)
class Retargeted:
    """A motion that fits the photo.

    Attributes:
        motion: key points in pixels of the photo, with depth where it is known; joints may lie outside it.
            Neck, shoulders and hips are there in every frame, HIDDEN where they are guesses.
        room: (left, top, right, bottom) in pixels: what the person needs over the whole motion, with hair,
            hands, shoes and what the mask shows, as far as `picture` goes.
        picture: (left, top, right, bottom) of what is to be shown: the photo, or more where the motion
            does not fit into it.
        warnings: one sentence for each thing that had to be guessed or changed.
    """

    motion: Motion
    room: Box
    picture: Box
    warnings: tuple[str, ...]


def retarget_motion(
    motion: Motion, photo: Motion, *, retarget: str = "limbs", mask: np.ndarray | None = None
) -> Retargeted:
    """The driver's motion on the photo's body.

    Args:
        motion: of the driver, cleaned.
        photo: the person in the photo: one frame.
        retarget: `limbs`: bone by bone; `scale`: the driver's own proportions, sized to the photo;
            `none`: where the driver is, the driver's frame fitted into the photo.
        mask: bool `h w`, where the person is in the photo; without it their room is that of an average body.

    Raises:
        InputError: `retarget` is none of these, or `photo` is not one frame.
        PoseError: the photo or the motion shows neither a shoulder nor a face.
    """
    if retarget not in RETARGET_MODES:
        raise InputError(f"retarget is {retarget!r}; wanted {', '.join(RETARGET_MODES)}")
    if len(photo) != 1:
        raise InputError(f"the photo's pose has {len(photo)} frames; wanted one")
    check_trunk(photo)
    if not _shows_a_person(motion):
        raise PoseError("the motion never shows a person's shoulders or face; wanted at least head and shoulders")
    person = whole_body(photo)
    driver = whole_body(motion, held=person.vectors()[0])
    reach = person_reach(person, mask)
    picture = 0.0, 0.0, float(photo.size[1]), float(photo.size[0])
    warnings: list[str] = []
    trunk: np.ndarray | float
    if retarget == "none":
        points, trunk = _as_it_is(driver, motion.size, photo.size)
    else:
        vectors = driver.vectors()
        if retarget == "limbs":
            vectors = _on_lengths(vectors, driver, person)
        stand = _Stand(person, photo.size, reach)
        points, trunk, picture, warnings = stand.put(_posed(vectors), driver, fps=motion.fps)
    warnings = [*_told(person, driver, photo, retarget), *warnings]
    room = within(reach.room(points, trunk), picture)
    return Retargeted(_motion(points, motion, driver, person, photo.size), room, picture, tuple(warnings))


def check_trunk(photo: Motion) -> None:
    """Whether a photo shows enough of a person to be moved.

    Raises:
        PoseError: it shows neither a shoulder nor a face.
    """
    if not _shows_a_person(photo):
        seen = photo.keypoints[0, :, 2] >= MIN_CONFIDENCE
        found = ", ".join(name.replace("_", " ") for name, there in zip(KEYPOINTS, seen, strict=True) if there)
        raise PoseError(
            f"too little of the person can be seen ({found or 'nothing'}); wanted a photo that shows at least "
            "head and shoulders, best the whole person"
        )


def _shows_a_person(motion: Motion) -> bool:
    """Whether any frame shows a shoulder or a part of the face, and how large the person is."""
    seen = motion.keypoints[..., 2] >= MIN_CONFIDENCE
    scale = measure(with_hips(motion.keypoints), fps=motion.fps).scale
    return bool(seen[:, [NECK, *SHOULDERS, *FACE]].any() and scale.max() > UNMEASURED)


def _motion(points: np.ndarray, motion: Motion, driver: WholeBody, person: WholeBody, size: tuple[int, int]) -> Motion:
    """Points `f 19 3` as a motion; joints that neither driver nor photo shows are missing, unless of the trunk."""
    confidence = np.where(driver.seen, motion.keypoints[..., 2], HIDDEN)
    unknown = [end for end in driver.never if not person.seen[0, end] and end not in TRUNK]
    confidence[:, unknown] = 0
    confidence[np.isnan(points[:, :HIPS, 0])] = 0
    keypoints = np.concatenate([np.nan_to_num(points[:, :HIPS, :2]), confidence[..., None]], axis=-1)
    depth = points[:, :HIPS, 2]
    return Motion(keypoints, size, motion.fps, None if np.isnan(depth).all() else depth)


# Bones --------------------------------------------------------------------------------------------


def _on_lengths(vectors: np.ndarray, driver: WholeBody, person: WholeBody) -> np.ndarray:
    """The driver's bone vectors `f 19 3` at the photo's lengths; both in lengths of the respective trunk.

    Those that the driver never shows are the photo's already.
    """
    changed = vectors.copy()
    for bone, full, wanted in zip(BONES, driver.build.lengths, person.build.lengths, strict=True):
        for end in set(bone.ends) - set(driver.never):
            look = np.linalg.norm(vectors[:, end, :2], axis=-1)
            longest = np.maximum(look / full, 1)
            changed[:, end] *= (wanted / full / longest)[:, None]
    # The head keeps its form: one factor for all of its points.
    look = np.linalg.norm(vectors[:, list(FACE), :2], axis=-1)
    photo = np.linalg.norm(person.vectors()[0, list(FACE), :2], axis=-1)
    common = ~np.isnan(look).all(0) & ~np.isnan(photo)
    if common.any() and driver.seen[:, list(FACE)].any():
        usual = np.nanmedian(look[:, common], axis=0)
        factor = np.clip(np.median(photo[common] / np.maximum(usual, 1e-3)), 1 / HEAD_FACTOR, HEAD_FACTOR)
        changed[:, list(FACE)] *= factor
    return changed


def _posed(vectors: np.ndarray) -> np.ndarray:
    """Bone vectors `f 19 3` → points `f 19 3` around the hips."""
    points = np.full(vectors.shape, np.nan)
    points[:, HIPS] = 0
    for bone in BONES:
        for start, end in zip(bone.starts, bone.ends, strict=True):
            points[:, end] = points[:, start] + vectors[:, end]
    points[:, list(FACE)] = points[:, [NECK]] + vectors[:, list(FACE)]
    return points


# Place --------------------------------------------------------------------------------------------


def _lowest(points: np.ndarray, unit: np.ndarray | float) -> np.ndarray:
    """`f`: where whatever part of the body is lowest touches the floor, for points `f 19 …` of a whole body."""
    return np.nanmax(points[:, :HIPS, 1] + np.multiply.outer(np.broadcast_to(unit, len(points)), BELOW), axis=1)


def _way(driver: WholeBody) -> np.ndarray:
    """`f`: how far the hips have gone to the right since the first frame, in lengths of the trunk."""
    return np.concatenate([[0], np.cumsum(np.diff(driver.points[:, HIPS, 0]) / driver.build.scale[1:])])


def _heights(points: np.ndarray, driver: WholeBody, *, fps: float) -> np.ndarray:
    """`f`: how far the hips are below the floor (negative: above), in lengths of the trunk.

    The lowest joint stands on the floor, except where the driver leaves the ground: where the lowest of theirs
    is higher than shortly before and after.
    """
    lower = _lowest(driver.points, driver.build.scale)
    span = max(1, round(AIRBORNE * fps))
    before = np.lib.stride_tricks.sliding_window_view(np.pad(lower, (span, 0), mode="edge"), span + 1).max(-1)
    after = np.lib.stride_tricks.sliding_window_view(np.pad(lower, (0, span), mode="edge"), span + 1).max(-1)
    jump = (np.minimum(before, after) - lower) / driver.build.scale
    return -_lowest(points, 1.0) - np.maximum(jump - STEP, 0)


@dataclass(frozen=True, eq=False)
class _Stand:
    """Where the person of a photo stands, and how much room there is.

    Attributes:
        person: one frame.
        size: (height, width) of the photo.
        reach: of the person.
    """

    person: WholeBody
    size: tuple[int, int]
    reach: Reach

    def put(self, posed: np.ndarray, driver: WholeBody, *, fps: float) -> tuple[np.ndarray, float, Box, list[str]]:
        """Points `f 19 3` around the hips, in lengths of the trunk, put into the picture.

        Returns:
            The points in pixels, the length of the trunk, what is to be shown, and sentences. The person is as
            large and the way as long as the picture holds.
        """
        trunk = float(self.person.build.scale[0])
        own, place = self.person.points[0], np.stack([_way(driver), _heights(posed, driver, fps=fps)], axis=-1)
        still = trunk * posed
        still[..., 1] += trunk * place[:, 1:]
        if own[:HIPS, 1].max(where=~np.isnan(own[:HIPS, 1]), initial=0) > self.size[0]:
            return self._put_cut(still, trunk * place[:, 0], trunk)
        floor = float(_lowest(self.person.points, trunk)[0])
        own_left, own_top, own_right, _ = self.reach.room(self.person.points, trunk)
        height, width = self.size
        left, top, right = min(0.0, own_left), min(0.0, own_top), max(float(width), own_right)
        warnings = []

        low, upper, high, _ = self.reach.room(still, trunk)
        fits = min((floor - top) / max(-upper, 1.0), (right - left) / max(high - low, 1.0), 1.0)
        size = max(fits, SMALLEST)
        if size < WORTH_SAYING:
            warnings.append(f"the person is made smaller, to {size:.0%}, so that the motion stays in the picture")
        still, low, upper, high, trunk = size * still, size * low, size * upper, size * high, size * trunk
        x = own[HIPS, 0]
        if high - low <= right - left:
            x = float(np.clip(x, left - low, right - high))
        way = trunk * place[:, 0]
        sides = self.reach.boxes(still, trunk)[:, ::2]
        still[..., 0] += self._shortened(way, sides, left - x, right - x, REACH * -upper, trunk, warnings)[:, None]
        moved = still + np.array([x, floor, 0])

        picture = 0.0, 0.0, float(width), float(height)
        if fits < SMALLEST:
            warnings.append("the motion needs more room than the photo has: the picture reaches beyond it")
            needed = self.reach.room(moved, trunk)
            picture = min(0.0, needed[0]), min(0.0, needed[1]), max(picture[2], needed[2]), picture[3]
        return moved, trunk, picture, warnings

    def _put_cut(self, still: np.ndarray, way: np.ndarray, trunk: float) -> tuple[np.ndarray, float, Box, list[str]]:
        """The same for somebody whom the lower edge cuts: no smaller, and the neck as high as in the photo whenever
        the driver stands up straight; the edges cut what leaves the picture.
        """
        own, width = self.person.points[0], self.size[1]
        warnings: list[str] = []
        floor = own[NECK, 1] - np.quantile(still[:, NECK, 1], UPRIGHT)
        x = own[NECK, 0] - still[0, NECK, 0]
        shown = still[:, [*FACE, NECK, *SHOULDERS], 0]
        sides = np.stack([np.nanmin(shown, axis=1), np.nanmax(shown, axis=1)], axis=-1)
        away = REACH * float(np.ptp(still[0, [NECK, *ANKLES], 1]))
        still[..., 0] += self._shortened(way, sides, -x, width - x, away, trunk, warnings)[:, None]
        return still + np.array([x, floor, 0]), trunk, (0.0, 0.0, float(width), float(self.size[0])), warnings

    def _shortened(
        self,
        way: np.ndarray,
        sides: np.ndarray,
        left: float,
        right: float,
        away: float,
        trunk: float,
        warnings: list[str],
    ) -> np.ndarray:
        """The way `f` made so short that the person, from and to `sides` (`f 2`), stays between left and right."""
        free = np.where(way > 0, np.minimum(right - sides[:, 1], away), np.minimum(sides[:, 0] - left, away))
        going = np.abs(way) > 1e-6
        share = float(np.clip((free[going] / np.abs(way[going])).min(initial=1.0), 0, 1))
        if share < WORTH_SAYING and np.ptp(way) > 0.3 * trunk:
            warnings.append(f"the way is shortened, to {share:.0%}, so that the person stays in the picture")
        return share * way


def _as_it_is(driver: WholeBody, size: tuple[int, int], photo: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The driver's frame of `size` fitted into the photo, in the middle: points in pixels, and the trunk `f`."""
    (height, width), (h, w) = photo, size
    scale = min(height / h, width / w)
    shift = np.array([(width - scale * w) / 2, (height - scale * h) / 2, 0])
    return scale * driver.points + shift, scale * driver.build.scale


# Words --------------------------------------------------------------------------------------------


def _told(person: WholeBody, driver: WholeBody, photo: Motion, retarget: str) -> list[str]:
    """Sentences about the bones that could not be measured or are never seen."""
    beyond = person.points[0, :HIPS, 1] > photo.size[0]
    names: dict[str, list[str]] = {"symmetry": [], "typical proportions": [], "never": []}
    for bone in BONES:
        names["never"] += [_side(bone.name, end) for end in bone.ends if end in driver.never and not beyond[end]]
    if retarget == "limbs":
        for name, end, by in person.build.replaced:
            if not beyond[end]:
                names[by].append(_side(name, end))
    sentences = {
        "symmetry": "the photo hides or foreshortens the {}: as long as on the other side",
        "typical proportions": "the photo hides or foreshortens the {}: of typical proportions",
        "never": "the motion never shows the {}: held as in the photo",
    }
    cut = (
        ["the photo cuts the person at its lower edge: so does the video"]
        if beyond.any() and retarget != "none"
        else []
    )
    return cut + [sentence.format(_listed(names[why])) for why, sentence in sentences.items() if names[why]]


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
