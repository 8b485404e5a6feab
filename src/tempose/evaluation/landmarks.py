"""Faces and hands found again in a result, against those of the driver; and whether the face is the photo's.

Distances are between points in pictures, in % of a length of the driver's own: between the outer corners of the eyes
for a face, from the wrist to the knuckles for a hand, both in space, so that a turned head is not judged more
strictly. The estimator errs too: measure the truth as well, and read a result against that.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor, from_numpy

from tempose.core.errors import InputError
from tempose.pose.face_mesh import EYE_CORNERS, MESH_POINTS
from tempose.pose.keypoints import KNUCKLES, MIN_CONFIDENCE, Motion

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


def expression_followed(found: Motion, wanted: Motion) -> Tensor:
    """Whether shut eyes and open mouths are followed: `1 f`, the share of them; NaN in frames without any.

    Against what is usual in the clip, of the driver and of the result, each by itself.
    """
    shown, again = _both_faces(found, wanted)
    share = np.full(len(wanted), np.nan)
    if again.sum() < 2:
        return _result(share, again)
    driver, result = _openness(_mesh(wanted)), _openness(_mesh(found))  # f 2: eyes, mouth
    usual, usual_again = np.median(driver[shown], axis=0), np.median(result[again], axis=0)
    happens = np.stack([driver[:, 0] < SHUT * usual[0], driver[:, 1] > usual[1] + OPEN], axis=-1) & shown[:, None]
    follows = np.stack(
        [
            usual_again[0] - result[:, 0]
            >= FOLLOWED * (usual[0] - driver[:, 0]) * usual_again[0] / max(usual[0], 1e-6),
            result[:, 1] - usual_again[1] >= FOLLOWED * (driver[:, 1] - usual[1]),
        ],
        axis=-1,
    )
    follows &= again[:, None]
    some = happens.any(-1)
    share[some] = (happens & follows).sum(-1)[some] / happens.sum(-1)[some]
    return _result(share, some)


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
    shown, again = _both_hands(found, wanted)
    some = np.asarray(shown.any(-1))
    return _result((shown & again).sum(-1) / np.maximum(shown.sum(-1), 1), some)


def hand_error(found: Motion, wanted: Motion) -> Tensor:
    """Mean distance of the 21 points of the hands found again, in % of the palm: `1 f`, NaN where none is."""
    shown, again = _both_hands(found, wanted)
    both = shown & again
    if found.hands is None or wanted.hands is None:
        return _result(np.zeros(len(wanted)), np.asarray(both.any(-1)))
    apart = np.linalg.norm(found.hands[..., :2] - wanted.hands[..., :2], axis=-1).mean(-1)
    palm = wanted.hands[..., list(KNUCKLES), :] - wanted.hands[..., :1, :]
    length = np.linalg.norm(palm[..., [0, 1, 3]], axis=-1).mean(-1)
    errors = np.where(both, 100 * apart / np.maximum(length, 1e-6), 0).sum(-1) / np.maximum(both.sum(-1), 1)
    return _result(errors, np.asarray(both.any(-1)))


# Parts ----------------------------------------------------------------------------------------------


def eye_distance(mesh: np.ndarray) -> np.ndarray:
    """`f`: between the outer corners of the eyes of `f 468 3` (x, y, depth)."""
    return np.linalg.norm(mesh[:, EYE_CORNERS[0]] - mesh[:, EYE_CORNERS[3]], axis=-1)


def head_turn(mesh: np.ndarray) -> np.ndarray:
    """`f`: by how many degrees heads of `f 468 3` are turned from the camera to a side."""
    across = mesh[:, EYE_CORNERS[3]] - mesh[:, EYE_CORNERS[0]]
    return np.degrees(np.arctan2(np.abs(across[:, 2]), np.linalg.norm(across[:, :2], axis=-1)))


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
    _check(found, wanted)
    nothing = np.zeros(len(wanted), bool)
    shown = nothing if wanted.face is None else _whole(wanted.face)
    return shown, shown & (nothing if found.face is None else _whole(found.face))


def _both_hands(found: Motion, wanted: Motion) -> tuple[np.ndarray, np.ndarray]:
    """bool `f 2` and `f 2`: which hands the driver shows, and which are found."""
    _check(found, wanted)
    nothing = np.zeros((len(wanted), 2), bool)
    shown, again = (
        nothing if motion.hands is None else np.asarray((motion.hands[..., 2] >= MIN_CONFIDENCE).all(-1))
        for motion in (wanted, found)
    )
    return shown, again


def _check(found: Motion, wanted: Motion) -> None:
    if len(found) != len(wanted) or found.size != wanted.size:
        raise InputError(
            f"found {len(found)} frames of {found.size}, wanted {len(wanted)} of {wanted.size}; they must be alike"
        )


def _result(values: np.ndarray, there: np.ndarray) -> Tensor:
    """`1 f`, NaN where there is nothing to measure."""
    return from_numpy(np.where(there, values, np.nan))[None]
