"""Nobody is lost: joints that are missing in some frames, or in all, where they most likely are.

In a frame that lacks a joint, its bone is what it was before and after, on a straight line between. A bone that
is never seen is like that of the other side, else like that of the photo, else of typical proportions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tempose.pose.bones import (
    BONES,
    EARS,
    EARS_APART,
    EYES,
    EYES_APART,
    FACE,
    HEAD_HIGH,
    HIP_JOINTS,
    HIPS,
    NECK,
    NOSE_HIGH,
    SHOULDERS,
    TRUNK,
    Build,
    measure,
    with_hips,
)
from tempose.pose.keypoints import HIDDEN, Motion

# The two pairs of joints that the trunk ends in: their middle, right and left, and how far these are from it.
GIRDLES = ((NECK, SHOULDERS, BONES[1].length), (HIPS, HIP_JOINTS, BONES[2].length))

# Bones of somebody who stands and faces us with hanging arms, in lengths of the trunk, right side first: what is
# assumed of bones that are never seen, at the joints that they end in.
HANGING = {3: (-0.12, 0.55), 4: (-0.03, 0.5), 9: (0, 0.88), 10: (0, 0.82), 0: (0, -NOSE_HIGH)}

# A trunk that leans farther than this from upright, in degrees, lies or is upside down, and unseen legs with it.
LEANING = 60.0


@dataclass(frozen=True, eq=False)
class WholeBody:
    """A person with every joint of trunk and limbs in every frame.

    Attributes:
        points: float64 `f 19 3`: x, y in pixels and depth (NaN: unknown) of the key points and the middle of
            the hips. Points of the face are NaN where the person does not show them.
        seen: bool `f 18`: what the motion itself shows; the rest is a guess.
        never: joints whose bone no frame shows.
        build: scale and lengths of what is seen.
    """

    points: np.ndarray
    seen: np.ndarray
    never: tuple[int, ...]
    build: Build

    def vectors(self) -> np.ndarray:
        """`f 19 3`: the bone that ends in each joint, in lengths of the trunk; of the face, from the neck."""
        vectors = np.full(self.points.shape, np.nan)
        for bone in BONES:
            vectors[:, list(bone.ends)] = self.points[:, list(bone.ends)] - self.points[:, list(bone.starts)]
        vectors[:, list(FACE)] = self.points[:, list(FACE)] - self.points[:, [NECK]]
        return vectors / self.build.scale[:, None, None]


def whole_body(motion: Motion, held: np.ndarray | None = None) -> WholeBody:
    """A person completed.

    Args:
        motion: at least one frame shows a shoulder, the neck or a part of the face.
        held: `19 3`: bones in lengths of the trunk for those that are never seen; None takes typical ones.
    """
    rough = with_hips(motion.keypoints)
    build = measure(rough, fps=motion.fps)
    points = np.full((*rough.shape[:2], 3), np.nan)
    points[:, :HIPS, :2] = rough[:, :HIPS]
    points[:, HIPS, :2] = points[:, list(HIP_JOINTS), :2].mean(1)
    if motion.depth is not None:
        points[:, :HIPS, 2] = np.where(np.isnan(rough[:, :HIPS, 0]), np.nan, motion.depth)
    points[:, HIPS, 2] = 0
    seen = ~np.isnan(rough[:, :HIPS, 0])
    never = _complete(points, build.scale[:, None], _typical_bones(rough[0]) if held is None else held)
    return WholeBody(points, seen, tuple(never), build)


def with_trunk(photo: Motion) -> Motion:
    """A photo's pose with neck, shoulders and hips, HIDDEN where they are guesses; they may lie outside it."""
    body = whole_body(photo)
    guessed = np.zeros_like(body.seen)
    guessed[:, list(TRUNK)] = ~body.seen[:, list(TRUNK)]
    keypoints = photo.keypoints.copy()
    keypoints[guessed] = np.insert(body.points[:, :HIPS, :2][guessed], 2, HIDDEN, axis=-1)
    depth = None if photo.depth is None else np.where(guessed, body.points[:, :HIPS, 2], photo.depth)
    return replace(photo, keypoints=keypoints, depth=depth)


def between_sights(values: np.ndarray) -> np.ndarray:
    """Values `f …` with NaN replaced on straight lines between the frames around; what is never known stays NaN."""
    columns = values.reshape(len(values), -1).copy()
    for column in columns.T:
        known = np.flatnonzero(~np.isnan(column))
        if len(known):
            column[:] = np.interp(np.arange(len(column)), known, column[known])
    return columns.reshape(values.shape)


# Bone by bone -------------------------------------------------------------------------------------


def _complete(points: np.ndarray, scale: np.ndarray, held: np.ndarray) -> list[int]:
    """Missing joints of points `f 19 3` put where their bones end; the joints whose bones are never seen.

    Args:
        scale: `f 1`: pixels for one length of the trunk.
        held: `19 3`: bones for those that are never seen.
    """
    never = _complete_girdles(points, scale, held)
    faces = list(FACE)
    from_neck = _bones(points, [NECK] * len(faces), faces, scale, held)  # f 5 3, pixels
    middle = np.ma.masked_invalid(points[:, faces] - from_neck).mean(1).filled(np.nan)
    _put(points, NECK, middle)
    trunk = _bones(points, [HIPS], [NECK], scale, held)[:, 0]
    never += [NECK] * bool(np.isnan(points[:, NECK, 0] - points[:, HIPS, 0]).all())
    _put(points, HIPS, points[:, NECK] - trunk)
    points[:, HIPS] = between_sights(points[:, HIPS])
    _put(points, NECK, points[:, HIPS] + trunk)
    for bone in BONES[1:]:
        for start, end in zip(bone.starts, bone.ends, strict=True):
            known = end in (*SHOULDERS, *HIP_JOINTS)
            if not known and np.isnan(points[:, end, 0]).all():
                never.append(end)
            along = _bones(points, [start], [end], scale, held)[:, 0]
            _put(points, end, points[:, start] + along)
    _show_lost_heads(points, _bones(points, [NECK] * len(faces), faces, scale, held))
    return never


def _bones(
    points: np.ndarray, starts: Sequence[int], ends: Sequence[int], scale: np.ndarray, held: np.ndarray
) -> np.ndarray:
    """Bones `f n 3` in pixels, without gaps."""
    along = between_sights((points[:, list(ends)] - points[:, list(starts)]) / scale[:, None])
    return np.where(np.isnan(along), held[list(ends)], along) * scale[:, None]


def _put(points: np.ndarray, joint: int, places: np.ndarray) -> None:
    """A joint at `f 3` wherever it is missing; its depth wherever that is unknown."""
    missing = np.isnan(points[:, joint, :2]).any(-1, keepdims=True) | np.isnan(points[:, joint])
    points[:, joint] = np.where(missing, places, points[:, joint])


def _complete_girdles(points: np.ndarray, scale: np.ndarray, held: np.ndarray) -> list[int]:
    """Shoulders and hips relative to their middles, each from the other side or from the other girdle; the middles."""
    never = []
    for (middle, pair, length), (other, across, wide) in (GIRDLES, GIRDLES[::-1]):
        sides = list(pair)
        told = between_sights((points[:, list(across)] - points[:, [other]]) / scale[:, None]) * length / wide
        guess = np.where(np.isnan(told), held[sides], told)  # f 2 3
        if np.isnan(points[:, middle, 0]).all():
            for index, side in enumerate(sides):
                _put(points, middle, points[:, side] - guess[:, index] * scale)
        own = between_sights((points[:, sides] - points[:, [middle]]) / scale[:, None])
        never += [side for index, side in enumerate(sides) if np.isnan(own[:, index, 0]).any()]
        own = np.where(np.isnan(own), -own[:, ::-1], own)
        own = np.where(np.isnan(own), guess, own) * scale[:, None]
        for index, side in enumerate(sides):
            _put(points, middle, points[:, side] - own[:, index])
        for index, side in enumerate(sides):
            _put(points, side, points[:, middle] + own[:, index])
    return never


def _show_lost_heads(points: np.ndarray, from_neck: np.ndarray) -> None:
    """Faces of frames that show nothing of the head: what both the sights before and after show.

    A head of which something is seen hides the rest: nothing is added to it. One that is never seen is as held.
    """
    faces = list(FACE)
    shown = ~np.isnan(points[:, faces, 0])  # f 5
    sights = np.flatnonzero(shown.any(1))
    frames = np.arange(len(points))
    if len(sights):
        before = sights[np.maximum(np.searchsorted(sights, frames, side="right") - 1, 0)]
        after = sights[np.minimum(np.searchsorted(sights, frames), len(sights) - 1)]
        wanted = shown[before] & shown[after]  # where the frame itself is a sight: what it shows
    else:
        wanted = np.ones_like(shown)
    points[:, faces] = np.where(wanted[..., None], points[:, [NECK]] + from_neck, points[:, faces])


def _typical_bones(points: np.ndarray) -> np.ndarray:
    """`19 3`: bones in lengths of the trunk of somebody of whom `19 2` is seen: facing the same way, upright or not."""
    facing = 1.0
    for right, left in (SHOULDERS, HIP_JOINTS, EARS, EYES):
        if not np.isnan(points[[right, left]]).any():
            facing = 1.0 if points[right, 0] <= points[left, 0] else -1.0
            break
    bones = np.full((HIPS + 1, 3), np.nan)
    bones[NECK, :2] = 0, -1
    for end, (x, y) in HANGING.items():
        bones[end, :2] = x, y
        if end != 0:
            bones[end + 3, :2] = -x, y
    for (right, left), aside, high in (
        (SHOULDERS, GIRDLES[0][2], 0.0),
        (HIP_JOINTS, GIRDLES[1][2], 0.0),
        (EYES, EYES_APART / 2, -0.46),
        (EARS, EARS_APART / 2, -HEAD_HIGH),
    ):
        bones[right, :2], bones[left, :2] = (-aside, high), (aside, high)
    bones[:, 0] *= facing
    if not np.isnan(points[[NECK, *SHOULDERS], 0]).all():  # the face tells where the neck is, not the other way round
        bones[list(FACE)] = np.nan
    head = np.ma.masked_invalid(points[list(FACE)]).mean(0).filled(np.nan)
    up = points[NECK] - points[HIPS] if not np.isnan(points[HIPS]).any() else head - points[NECK]
    lean = 0.0 if np.isnan(up).any() else math.atan2(up[0], -up[1])  # clockwise from upright
    if abs(lean) > math.radians(LEANING):
        turn = np.array([[math.cos(lean), -math.sin(lean)], [math.sin(lean), math.cos(lean)]])
        bones[:, :2] = bones[:, :2] @ turn.T
    return bones
