"""Faces and hands found again in a result, against those of the driver; and whether the face is the photo's.

Distances are between points in pictures, in % of a length of the driver's own: between the outer corners of the eyes
for a face, from the wrist to the knuckles for a hand, both in space, so that a turned head is not judged more
strictly. The estimator errs too: measure the truth as well, and read a result against that.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor, from_numpy

from tempose.pose.face_mesh import EYE_CORNERS, MESH_POINTS
from tempose.pose.keypoints import HAND_POINTS, HANDS, KNUCKLES, MIN_CONFIDENCE, Motion

# Heads that are turned farther from the camera than this, in degrees, are not measured: the mesh guesses half of them.
TURNED = 30.0

# Points that no expression moves much: forehead, temples, cheekbones, corners of the eyes, bridge and tip of the nose.
RIGID = (
    8, 9, 10, 151, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 33, 133, 362, 263, 127, 356, 234, 454, 54, 284, 21, 251,
)  # fmt: skip

# Upper and lower lid, and corners, of the right eye and the left; the inner lips.
LIDS = (((159, 145), (33, 133)), ((386, 374), (362, 263)))
LIPS = (13, 14)

# An eye is shut below this share of how far it is open on the whole; a mouth is open where its lips are farther apart
# than on the whole by this share of the distance of the eyes. It is followed by half as much.
SHUT, OPEN, FOLLOWED = 0.6, 0.1, 0.5

# How long a hand is, in palms.
A_HAND = 2.0


def face_found(found: Motion, wanted: Motion) -> Tensor:
    """Whether the driver's face is found again: `1 f` of 0 and 1, NaN where the driver shows none."""
    shown, again = _both_faces(found, wanted)
    return _result(again.astype(float), shown)


def face_error(found: Motion, wanted: Motion) -> Tensor:
    """Mean distance of the 468 points of the mesh, in % of the distance of the eyes: `1 f`.

    NaN where either shows no face, or the driver's head is turned by more than TURNED.
    """
    _, again = _both_faces(found, wanted)
    if not again.any():
        return _result(np.zeros(len(wanted)), again)
    driver, result = _mesh(wanted), _mesh(found)
    apart = np.linalg.norm(result[..., :2] - driver[..., :2], axis=-1).mean(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _result(100 * apart / eye_distance(driver), again & (head_turn(driver) <= TURNED))


def blinks_followed(found: Motion, wanted: Motion) -> Tensor:
    """Whether the result shuts its eyes where the driver does, against what is usual of each in the clip.

    Returns:
        `1 f` of 0 and 1, NaN where the driver does not.
    """
    driver, result, shown, again = _eyes_and_mouth(found, wanted, 0)
    usual, usual_again = _usual(driver, shown), _usual(result, again)
    happens = shown & (driver < SHUT * usual)
    follows = 1 - result / max(usual_again, 1e-6) >= FOLLOWED * (1 - driver / max(usual, 1e-6))
    return _result((follows & again).astype(float), happens)


def mouths_followed(found: Motion, wanted: Motion) -> Tensor:
    """The same of open mouths."""
    driver, result, shown, again = _eyes_and_mouth(found, wanted, 1)
    usual, usual_again = _usual(driver, shown), _usual(result, again)
    happens = shown & (driver > usual + OPEN)
    follows = result - usual_again >= FOLLOWED * (driver - usual)
    return _result((follows & again).astype(float), happens)


def face_shape(found: Motion, photo: np.ndarray | None) -> Tensor:
    """How far the shape of the face is from the photo's, in % of the distance of the eyes: `1 f`.

    The rigid points of the mesh in space, turned, moved and scaled onto the photo's as well as they go (Procrustes).

    Args:
        photo: `478 4`, as in `Motion.face`.
    """
    nothing = np.zeros(len(found), bool)
    if photo is None or found.face is None or not _whole(photo[None])[0]:
        return _result(np.zeros(len(found)), nothing)
    shown = _whole(found.face)
    own = photo[None][..., [0, 1, 3]].astype(float)
    errors = np.zeros(len(found))
    target = own[0, list(RIGID)] - own[0, list(RIGID)].mean(0)
    for index in np.flatnonzero(shown):
        points = found.face[index][list(RIGID)][:, [0, 1, 3]].astype(float)
        points -= points.mean(0)
        left, values, right = np.linalg.svd(points.T @ target)
        flip = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
        scale = (values * flip).sum() / (points**2).sum()
        apart = np.linalg.norm(scale * points @ (left * flip) @ right - target, axis=-1).mean()
        errors[index] = 100 * apart / eye_distance(own)[0]
    return _result(errors, shown)


def hands_found(found: Motion, wanted: Motion) -> Tensor:
    """The share of the driver's hands that are found again: `1 f`, NaN where the driver shows none."""
    shown, apart = _hands_apart(found, wanted)
    again = np.isfinite(apart)
    return _result(again.sum(-1) / np.maximum(shown.sum(-1), 1), np.asarray(shown.any(-1)))


def hand_error(found: Motion, wanted: Motion) -> Tensor:
    """Mean distance of the 21 points of the hands found again, in % of the palm: `1 f`, NaN where none is."""
    _, apart = _hands_apart(found, wanted)
    again = np.isfinite(apart)
    errors = np.where(again, 100 * apart, 0).sum(-1) / np.maximum(again.sum(-1), 1)
    return _result(errors, np.asarray(again.any(-1)))


# Parts ----------------------------------------------------------------------------------------------


def eye_distance(mesh: np.ndarray) -> np.ndarray:
    """`f`: between the outer corners of the eyes of `f 468 3` (x, y, depth)."""
    return np.linalg.norm(mesh[:, EYE_CORNERS[0]] - mesh[:, EYE_CORNERS[3]], axis=-1)


def head_turn(mesh: np.ndarray) -> np.ndarray:
    """`f`: by how many degrees heads of `f 468 3` are turned from the camera to a side."""
    across = mesh[:, EYE_CORNERS[3]] - mesh[:, EYE_CORNERS[0]]
    return np.degrees(np.arctan2(np.abs(across[:, 2]), np.linalg.norm(across[:, :2], axis=-1)))


def _eyes_and_mouth(found: Motion, wanted: Motion, which: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """How far the eyes (0) or the mouth (1) of driver and result are open, and where that is known: `f` each."""
    shown, again = _both_faces(found, wanted)
    nothing = np.zeros(len(wanted))
    driver, result = (
        _openness(_mesh(motion))[:, which] if some.any() else nothing
        for motion, some in ((wanted, shown), (found, again))
    )
    return driver, result, shown, again


def _usual(values: np.ndarray, known: np.ndarray) -> float:
    return float(np.median(values[known])) if known.any() else 0.0


def _openness(mesh: np.ndarray) -> np.ndarray:
    """`f 2`: how far the eyes are open, in widths of an eye, and the mouth, in distances of the eyes."""

    def apart(one: int, other: int) -> np.ndarray:
        return np.linalg.norm(mesh[:, one] - mesh[:, other], axis=-1)

    eyes = np.mean([apart(*lids) / np.maximum(apart(*corners), 1e-6) for lids, corners in LIDS], axis=0)
    return np.stack([eyes, apart(*LIPS) / np.maximum(eye_distance(mesh), 1e-6)], axis=-1)


def _mesh(motion: Motion) -> np.ndarray:
    assert motion.face is not None
    return motion.face[:, :MESH_POINTS, [0, 1, 3]].astype(float)


def _whole(face: np.ndarray) -> np.ndarray:
    """bool `f`: which frames of `f 478 4` show the whole mesh."""
    return np.asarray((face[:, :MESH_POINTS, 2] >= MIN_CONFIDENCE).all(-1))


def _both_faces(found: Motion, wanted: Motion) -> tuple[np.ndarray, np.ndarray]:
    """bool `f` and `f`: where the driver shows a face, and where it is found again."""
    nothing = np.zeros(len(wanted), bool)
    shown = nothing if wanted.face is None else _whole(wanted.face)
    return shown, shown & (nothing if found.face is None else _whole(found.face))


def _hands_apart(found: Motion, wanted: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Which hands the driver shows, bool `f 2`; how far each is from the one found again, in palms, inf without: `f 2`.

    Of a person who turns, an estimator that sees one frame at a time takes right for left: a hand is the one that it
    lies on, whatever its side, and farther away than A_HAND it is none.
    """
    nothing = np.zeros((len(wanted), HANDS, HAND_POINTS, 4))
    driver, result = (nothing if motion.hands is None else motion.hands.astype(float) for motion in (wanted, found))
    shown, again = (np.asarray((hands[..., 2] >= MIN_CONFIDENCE).all(-1)) for hands in (driver, result))
    apart = np.linalg.norm(driver[:, :, None, :, :2] - result[:, None, :, :, :2], axis=-1).mean(-1)  # f 2 2
    palm = driver[..., list(KNUCKLES), :] - driver[..., :1, :]
    apart /= np.linalg.norm(palm[..., [0, 1, 3]], axis=-1).mean(-1)[..., None].clip(1e-6)
    apart[~(shown[:, :, None] & again[:, None]) | (apart > A_HAND)] = np.inf
    pairs = np.stack(
        [apart[:, [0, 1], [0, 1]], apart[:, [0, 1], [1, 0]]], axis=1
    )  # f 2 2: as they are called, exchanged
    lost = np.where(np.isfinite(pairs), pairs, 2 * A_HAND).sum(-1)
    return shown, np.take_along_axis(pairs, lost.argmin(1)[:, None, None], axis=1)[:, 0]


def _result(values: np.ndarray, there: np.ndarray) -> Tensor:
    """`1 f`, NaN where there is nothing to measure."""
    return from_numpy(np.where(there, values, np.nan))[None]
