"""The driver's hands and face on the photo's person: they go with wrists and head, as large as the photo's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tempose.pose.bones import BONES, FACE, NECK
from tempose.pose.face_mesh import EYE_CORNERS
from tempose.pose.keypoints import KNUCKLES, WRISTS, Motion
from tempose.pose.placement import Placed
from tempose.pose.whole import WholeBody

# The photo's hands and face are not taken to be larger or smaller than the driver's by more than this factor.
MOST_FACTOR = 1.6

# Distances that tell how large a hand or a face is, whatever its pose: from the wrist to the knuckles; between the
# outer corners of the eyes, and from the bridge of the nose to its base.
PALM = tuple((0, knuckle) for knuckle in KNUCKLES)
FACE_SIZES = ((EYE_CORNERS[0], EYE_CORNERS[3]), (168, 2))

FOREARM = next(index for index, bone in enumerate(BONES) if bone.name == "forearm")


def with_extremities(
    fitted: Motion,
    put: Placed,
    *,
    driven: Motion,
    driver: WholeBody,
    photo: tuple[Motion, WholeBody] | None = None,
) -> Motion:
    """A retargeted motion with the driver's hands and face, in the frames that show them.

    Args:
        fitted: the retargeted motion, without them.
        put: where its points lie.
        driven, driver: the driver's motion, and the driver completed.
        photo: the same of the photo, whose proportions they get; None keeps the driver's.
    """
    scale = np.asarray(put.trunk / driver.build.scale)  # f, or one
    scale = np.broadcast_to(scale, len(driven))
    hands = face = None
    if driven.hands is not None:
        size = scale if photo is None else scale * _hand_factor(driven, driver, *photo)
        wrists = put.points[:, WRISTS, None, :2]
        hands = _moved(driven.hands, driven.hands[:, :, :1, :2], wrists, size[:, None, None, None])
        hands[fitted.keypoints[:, WRISTS, 2] == 0] = 0
    if driven.face is not None:
        head = scale * _head_factor(put.points, driver, scale)
        size = head if photo is None else scale * _face_factor(driven, driver, *photo, otherwise=head / scale)
        seen = driven.face[..., 2:3] > 0
        middle = (driven.face[..., :2] * seen).sum(1) / np.maximum(seen.sum(1), 1)  # f 2
        there = put.points[:, NECK, :2] + head[:, None] * (middle - driver.points[:, NECK, :2])
        face = _moved(driven.face, middle[:, None], there[:, None], size[:, None, None])
    return replace(fitted, hands=hands, face=face)


def _moved(points: np.ndarray, origin: np.ndarray, there: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Points `… 4` (x, y, confidence, depth), `scale` as large, their `origin` moved `there`; missing ones stay so."""
    moved = points.astype(np.float64)
    moved[..., :2] = there + scale * (points[..., :2] - origin)
    moved[..., 3:] *= scale
    return np.where(points[..., 2:3] > 0, moved, 0.0)


# How large ----------------------------------------------------------------------------------------


def _hand_factor(driven: Motion, driver: WholeBody, photo: Motion, person: WholeBody) -> float:
    """How much larger the photo's hands are, measured by the trunk; as the forearm where either shows none."""
    own, theirs = (_size(of.hands, PALM, body.build.scale) for of, body in ((photo, person), (driven, driver)))
    if own is None or theirs is None:
        own, theirs = person.build.lengths[FOREARM], driver.build.lengths[FOREARM]
    return float(np.clip(own / theirs, 1 / MOST_FACTOR, MOST_FACTOR))


def _face_factor(
    driven: Motion, driver: WholeBody, photo: Motion, person: WholeBody, *, otherwise: np.ndarray
) -> np.ndarray | float:
    """How much larger the photo's face is, measured by the trunk; `otherwise` where either shows none."""
    own, theirs = (_size(of.face, FACE_SIZES, body.build.scale) for of, body in ((photo, person), (driven, driver)))
    if own is None or theirs is None:
        return otherwise
    return float(np.clip(own / theirs, 1 / MOST_FACTOR, MOST_FACTOR))


def _size(points: np.ndarray | None, lines: Sequence[tuple[int, int]], scale: np.ndarray) -> float | None:
    """The mean length of `lines` between points `f … n 4`, in units of `scale` `f`; None where they are not seen.

    Foreshortening only shortens what has no depth: the longest looks count, outliers aside.
    """
    if points is None:
        return None
    ends = points[..., np.array(lines).T, :]  # f … 2 lines 4
    places = ends[..., [0, 1, 3]]
    lengths = np.linalg.norm(places[..., 0, :, :] - places[..., 1, :, :], axis=-1).mean(-1)
    lengths = lengths / scale.reshape(-1, *(1,) * (lengths.ndim - 1))
    seen = (ends[..., 2] > 0).all((-1, -2))
    return float(np.quantile(lengths[seen], 0.9)) if seen.any() else None


def _head_factor(points: np.ndarray, driver: WholeBody, scale: np.ndarray) -> np.ndarray:
    """`f`: how much larger retargeting made the head than the trunk; 1 in frames without a head."""
    faces = list(FACE)
    now = np.linalg.norm(points[:, faces, :2] - points[:, [NECK], :2], axis=-1)
    before = np.linalg.norm(driver.points[:, faces, :2] - driver.points[:, [NECK], :2], axis=-1) * scale[:, None]
    seen = driver.seen[:, faces] & (before > 0)
    factor = np.ma.median(np.ma.array(now / np.where(seen, before, 1), mask=~seen), axis=1)
    return np.asarray(factor.filled(1.0))
