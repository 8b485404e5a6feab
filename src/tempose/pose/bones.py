"""A skeleton as bones: vectors from joint to joint, and how long each bone is when nothing foreshortens it.

Points are the 18 key points and, as the root of the tree, the middle of the hips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempose.pose.keypoints import KEYPOINTS, MIN_CONFIDENCE

HIPS = len(KEYPOINTS)  # the middle of the hips, the root
SHOULDERS, HIP_JOINTS = (2, 5), (8, 11)  # right and left
NECK = KEYPOINTS.index("neck")
ANKLES = (KEYPOINTS.index("right_ankle"), KEYPOINTS.index("left_ankle"))
FACE = (0, 14, 15, 16, 17)
EYES, EARS = (14, 15), (16, 17)
TRUNK = (NECK, *SHOULDERS, *HIP_JOINTS)


@dataclass(frozen=True)
class Bone:
    """A kind of bone that a body has once, or right and left.

    Attributes:
        name: what messages call it.
        ends: the joints at its far end: one, or right and left.
        starts: for each of these, the joint that it hangs from.
        length: typical, in lengths of the trunk: of BlazePose's key points on people who stand upright.
        measures: whether it tells how large the person is; those that a turn foreshortens do not.
    """

    name: str
    ends: tuple[int, ...]
    starts: tuple[int, ...]
    length: float
    measures: bool = True


# Parents before children.
BONES = (
    Bone("trunk", (NECK,), (HIPS,), 1.0),
    Bone("shoulder", (2, 5), (NECK, NECK), 0.31, measures=False),
    Bone("hip", (8, 11), (HIPS, HIPS), 0.18, measures=False),
    Bone("upper arm", (3, 6), (2, 5), 0.56),
    Bone("forearm", (4, 7), (3, 6), 0.50),
    Bone("thigh", (9, 12), (8, 11), 0.88),
    Bone("shin", (10, 13), (9, 12), 0.82),
)

# The same of the head: between the eyes, between the ears, from the neck to the middle of the ears and to the nose.
EYES_APART, EARS_APART, HEAD_HIGH, NOSE_HIGH = 0.125, 0.24, 0.43, 0.40

# The scale, in pixels, of somebody of whom too little is seen to tell it.
UNMEASURED = 1e-3

# A bone that looks shorter than this share of what the rest of the body lets expect is foreshortened,
# or its joints were not found; then symmetry or typical proportions say how long it is. One that
# looks longer than LONGEST times the expected length is not believed.
FORESHORTENED, LONGEST = 0.72, 1.4

# A side whose bone looks shorter than this share of the other side's is taken to be as long as that.
ONE_SIDED = 0.8


@dataclass(frozen=True, eq=False)
class Build:
    """How large a person is, and how long each bone.

    Attributes:
        scale: `f`: pixels for one typical length of the trunk, frame by frame.
        lengths: for each of BONES its full length, in units of `scale`.
        replaced: (bone's name, joint at its end, how) of every bone that could not be measured: by
            "symmetry" or by "typical proportions".
    """

    scale: np.ndarray
    lengths: tuple[float, ...]
    replaced: tuple[tuple[str, int, str], ...]


def with_hips(keypoints: np.ndarray) -> np.ndarray:
    """Key points `f 18 3` → points float64 `f 19 2` with the middle of the hips; NaN where missing."""
    points = keypoints[..., :2].astype(np.float64)
    points[keypoints[..., 2] < MIN_CONFIDENCE] = np.nan
    hips = points[:, [8, 11]]
    alone = np.asarray(np.isnan(hips).any(axis=-1))
    middle = np.where(alone[:, :1], hips[:, 1], np.where(alone[:, 1:], hips[:, 0], hips.mean(1)))
    return np.concatenate([points, middle[:, None]], axis=1)


def typical(points: np.ndarray) -> np.ndarray:
    """Key points in space `f 18 3` on a body of typical proportions, the hips' middle as it was.

    Motion captures have joints of their own, whose bones differ from those of key points in pictures:
    their directions are kept, their lengths become those of BONES, in trunks of the capture.
    """
    hips = points[:, [8, 11]].mean(1, keepdims=True)
    given, changed = np.concatenate([points, hips], axis=1), np.concatenate([points, hips], axis=1)
    unit = np.median(np.linalg.norm(given[:, NECK] - given[:, HIPS], axis=-1))
    for bone in BONES:
        for start, end in zip(bone.starts, bone.ends, strict=True):
            along = given[:, end] - given[:, start]
            length = max(float(np.median(np.linalg.norm(along, axis=-1))), 1e-6 * unit)
            changed[:, end] = changed[:, start] + along * (bone.length * unit / length)
    changed[:, list(FACE)] = changed[:, [NECK]] + given[:, list(FACE)] - given[:, [NECK]]
    return changed[:, :HIPS]


def measure(points: np.ndarray, *, fps: float) -> Build:
    """The build of a person from points `f 19 2` (`with_hips`), seen from whatever sides.

    Foreshortening only shortens, so in every frame the bones that look longest tell the scale, and
    over all frames the longest looks of a bone tell its length. Without any the scale is UNMEASURED.
    """
    looks = [np.linalg.norm(points[:, list(bone.ends)] - points[:, list(bone.starts)], axis=-1) for bone in BONES]
    told = [look / bone.length for bone, look in zip(BONES, looks, strict=True) if bone.measures]
    if np.isnan(looks[0]).all():  # without a trunk shoulders and head tell it too, however they are turned
        told += [looks[1].sum(1, keepdims=True) / (2 * BONES[1].length), _head(points)]
    scale = _scale(np.concatenate(told, axis=1), fps)
    lengths, replaced = [], []
    for bone, look in zip(BONES, looks, strict=True):
        sides = [_longest(side / scale) for side in look.T]
        full = min(max(sides), LONGEST * bone.length)
        if full < FORESHORTENED * bone.length:
            replaced += [(bone.name, end, "typical proportions") for end in bone.ends]
            full = bone.length
        else:
            short = [end for end, side in zip(bone.ends, sides, strict=True) if side < ONE_SIDED * full]
            replaced += [(bone.name, end, "symmetry") for end in short]
        lengths.append(full)
    return Build(scale, tuple(lengths), tuple(replaced))


def _head(points: np.ndarray) -> np.ndarray:
    """`f 1`: the scale that the head tells, by what of it looks largest; NaN where nothing is seen."""
    eyes = np.linalg.norm(points[:, EYES[0]] - points[:, EYES[1]], axis=-1) / EYES_APART
    ears = np.linalg.norm(points[:, EARS[0]] - points[:, EARS[1]], axis=-1) / EARS_APART
    high = np.linalg.norm(points[:, list(EARS)].mean(1) - points[:, NECK], axis=-1) / HEAD_HIGH
    aside = np.linalg.norm(points[:, list(SHOULDERS)] - points[:, [FACE[0]]], axis=-1)  # f 2, from the nose
    told = [eyes, ears, high, *(aside / np.hypot(NOSE_HIGH, BONES[1].length)).T]
    return np.fmax.reduce(told)[:, None]


def _scale(told: np.ndarray, fps: float) -> np.ndarray:
    """`f`: the scale, which changes slowly, as a person comes nearer; a pose changes it in no time.

    The upper quartile of what the bones tell, `f n`, its upper envelope over half a second to each side,
    smoothed over the same span.
    """
    seen = np.flatnonzero(~np.isnan(told).all(axis=1))
    if not len(seen):
        return np.full(len(told), UNMEASURED)
    upper = np.interp(np.arange(len(told)), seen, np.nanquantile(told[seen], 0.75, axis=1))
    upper = np.maximum(upper, UNMEASURED)
    reach = min(round(fps / 2), len(told) - 1)
    windows = np.lib.stride_tricks.sliding_window_view
    envelope = windows(np.pad(upper, reach, mode="edge"), 2 * reach + 1).max(axis=-1)
    return windows(np.pad(envelope, reach, mode="edge"), 2 * reach + 1).mean(axis=-1)


def _longest(look: np.ndarray) -> float:
    """The longest look of a bone over `f` frames, outliers aside; 0 where it is never seen."""
    seen = look[~np.isnan(look)]
    return float(np.quantile(seen, 0.9)) if len(seen) else 0.0
