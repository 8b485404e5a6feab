"""A driver's motion on the body of the person in a photo.

In the picture plane, bone by bone: the angle and the foreshortening are the driver's, the length is the photo's. A bone
is foreshortened against its length in space where the driver's depth tells that, as of motion captures, else against
its longest look. The lowest of all joints stands on the photo's floor; the way of the hips is scaled to the photo and,
where it would leave the picture, made shorter, or gone by the camera. Somebody whom the photo's lower edge cuts stays
cut there; the legs of somebody who sits or lies in it stay where they are (`tempose.pose.rest`). Hands and face go with
wrists and head (`tempose.pose.extremities`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tempose.core.errors import InputError, PoseError
from tempose.pose.bones import BONES, FACE, HIPS, NECK, SHOULDERS, TRUNK, UNMEASURED, measure, with_hips
from tempose.pose.extremities import with_extremities
from tempose.pose.keypoints import HIDDEN, KEYPOINTS, MIN_CONFIDENCE, Motion
from tempose.pose.placement import Placed, as_it_is, is_cut, placed, whole
from tempose.pose.rest import LEGS, at_rest, placed_at_rest, resting
from tempose.pose.room import Box, person_reach, within
from tempose.pose.whole import WholeBody, whole_body

RETARGET_MODES = ("limbs", "scale", "none")
CAMERAS = ("still", "follow")
LEG_MODES = ("auto", "move", "stay")

# What is said of somebody who does not get up.
RESTS = "the legs stay as they are in the photo; with --legs move they follow the motion"

# Sizes and ways that change by less are not worth a word.
WORTH_SAYING = 0.95

# The head is made larger or smaller by no more than so much.
HEAD_FACTOR = 1.4

# Depth tells how long a bone is where its length in space varies over the frames by no more than STEADY of it, its look
# by MOVES or more. An estimator's depths, whose lengths vary by .065 and more, tell less than the longest looks do.
STEADY, MOVES = 0.03, 0.06


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
        camera: `f`: how far the camera has gone to the right since the first frame, in pixels of the photo; None:
            nowhere.
    """

    motion: Motion
    room: Box
    picture: Box
    warnings: tuple[str, ...]
    camera: np.ndarray | None = None


def retarget_motion(
    motion: Motion,
    photo: Motion,
    *,
    retarget: str = "limbs",
    camera: str = "still",
    legs: str = "auto",
    mask: np.ndarray | None = None,
) -> Retargeted:
    """The driver's motion on the photo's body.

    Args:
        motion: of the driver, cleaned.
        photo: the person in the photo: one frame.
        retarget: `limbs`: bone by bone; `scale`: the driver's own proportions, sized to the photo;
            `none`: where the driver is, the driver's frame fitted into the photo.
        camera: `still`: the person goes the driver's way, shortened, or in place, where it does not fit into the
            picture; `follow`: the camera goes it, and the person stays.
        legs: `move`; `stay`: hips and legs stay as in the photo, the rest moves; `auto`: they stay where the photo
            shows somebody who sits, kneels, crouches or lies, unless the motion begins so as well.
            Neither camera nor legs concern `none`.
        mask: bool `h w`, where the person is in the photo; without it their room is that of an average body.

    Raises:
        InputError: `retarget`, `camera` or `legs` is none of these, or `photo` is not one frame.
        PoseError: the photo or the motion shows neither a shoulder nor a face.
    """
    modes = {"retarget": (retarget, RETARGET_MODES), "camera": (camera, CAMERAS), "legs": (legs, LEG_MODES)}
    for name, (given, known) in modes.items():
        if given not in known:
            raise InputError(f"{name} is {given!r}; wanted {', '.join(known)}")
    if len(photo) != 1:
        raise InputError(f"the photo's pose has {len(photo)} frames; wanted one")
    check_trunk(photo)
    if not _shows_a_person(motion):
        raise PoseError("the motion never shows a person's shoulders or face; wanted at least head and shoulders")
    person = whole_body(photo)
    driver = whole_body(motion, held=person.vectors()[0])
    reach = person_reach(person, mask)
    rests = legs == "stay" or (legs == "auto" and bool(resting(person)[0] and not resting(driver)[0]))
    rests &= retarget != "none"
    if retarget == "none":
        put = as_it_is(driver, motion.size, photo.size)
    else:
        vectors = driver.vectors()
        if retarget == "limbs":
            vectors = _on_lengths(vectors, driver, person)
        if rests:
            posed = _posed(at_rest(vectors, person))
            put = placed_at_rest(posed, person, photo=photo.size, reach=reach)
        else:
            follow = camera == "follow"
            put = placed(_posed(vectors), driver, person, photo=photo.size, reach=reach, fps=motion.fps, follow=follow)
    fitted = _motion(put.points, motion, driver, person, photo.size)
    if rests:
        fitted.keypoints[:, LEGS, 2] = photo.keypoints[:, LEGS, 2]
    own = (photo, person) if retarget == "limbs" else None
    return Retargeted(
        with_extremities(fitted, put, driven=motion, driver=driver, photo=own),
        within(reach.room(put.points, put.trunk), put.picture),
        put.picture,
        tuple(_told(person, driver, put, photo.size, retarget, rests=rests)),
        put.camera,
    )


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
            long = _in_space(vectors[driver.seen[:, end], end]) or full
            longest = np.maximum(look / long, 1)
            changed[:, end] *= (wanted / long / longest)[:, None]
    # The head keeps its form: one factor for all of its points.
    look = np.linalg.norm(vectors[:, list(FACE), :2], axis=-1)
    photo = np.linalg.norm(person.vectors()[0, list(FACE), :2], axis=-1)
    common = ~np.isnan(look).all(0) & ~np.isnan(photo)
    if common.any() and driver.seen[:, list(FACE)].any():
        usual = np.nanmedian(look[:, common], axis=0)
        factor = np.clip(np.median(photo[common] / np.maximum(usual, 1e-3)), 1 / HEAD_FACTOR, HEAD_FACTOR)
        changed[:, list(FACE)] *= factor
    return changed


def _in_space(vectors: np.ndarray) -> float | None:
    """The length of a bone, `n 3` of which depth is NaN where unknown; None where depth does not tell it."""
    if not len(vectors) or np.isnan(vectors).any():
        return None
    look, space = (np.linalg.norm(vectors[:, :axes], axis=-1) for axes in (2, 3))
    tells = space.std() <= STEADY * space.mean() and look.std() >= MOVES * space.mean()
    return float(np.median(space)) if tells else None


def _posed(vectors: np.ndarray) -> np.ndarray:
    """Bone vectors `f 19 3` → points `f 19 3` around the hips."""
    points = np.full(vectors.shape, np.nan)
    points[:, HIPS] = 0
    for bone in BONES:
        for start, end in zip(bone.starts, bone.ends, strict=True):
            points[:, end] = points[:, start] + vectors[:, end]
    points[:, list(FACE)] = points[:, [NECK]] + vectors[:, list(FACE)]
    return points


# Words --------------------------------------------------------------------------------------------


def _told(
    person: WholeBody, driver: WholeBody, put: Placed, photo: tuple[int, int], retarget: str, *, rests: bool
) -> list[str]:
    """Sentences about what had to be guessed or changed; `photo` is (height, width)."""
    beyond = person.points[0, :HIPS, 1] > photo[0]
    if rests:
        beyond[list(LEGS)] = True  # nothing of them is guessed
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
    told = [sentence.format(_listed(names[why])) for why, sentence in sentences.items() if names[why]]
    if rests:
        told.insert(0, RESTS)
    elif retarget != "none" and is_cut(person, photo):
        told.insert(0, "the photo cuts the person at its lower edge: so does the video")
    if put.size < WORTH_SAYING:
        told.append(f"the person is made smaller, to {put.size:.0%}, so that the motion stays in the picture")
    if put.way == 0:
        told.append("the way does not fit into the picture: the person walks in place; with --camera follow they go it")
    elif put.way < WORTH_SAYING:
        told.append(
            f"the way is shortened, to {put.way:.0%}, so that the person stays in the picture; with --camera follow "
            "they go all of it"
        )
    if put.picture != whole(photo):
        told.append("the motion needs more room than the photo has: the picture reaches beyond it")
    return told


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
