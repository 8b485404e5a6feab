"""What a driver's face does: how it turns, and how it differs from its own neutral face."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tempose.pose.face_mesh import MESH_POINTS
from tempose.pose.whole import between_sights
from tempose.warp.face_points import EYES, FIRM, LIPS, face_yaw, opening, regions
from tempose.warp.openings import gaze

# Expression: eyes open less than CLOSED times their usual width are shut, more than OPEN times are open. Usual is what
# they exceed in WIDER % of the seconds AROUND, at least NARROW of the neutral face's: eyes that look down are narrow.
CLOSED, OPEN = 0.4, 0.8
AROUND, WIDER, NARROW = 2.5, 25, 0.5
TELLS = 20.0  # from so many degrees on one eye alone tells
TOLD = 0.7  # an eye open by less does not tell where it looks
SMOOTH_TURN, SMOOTH_EXPRESSION, SMOOTH_LOOK, SMOOTH_TRUST = 0.08, 0.035, 0.06, 0.15  # seconds


def fitted(points: np.ndarray, onto: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The similarities that lay points `f n d` onto others, `f n d` (Umeyama 1991).

    Returns:
        scale `f`, rotation `f d d`, and the middles `f d` of both: x → scale · rotation (x − middle) + other middle.
    """
    middle, other = points.mean(1), onto.mean(1)
    a, b = points - middle[:, None], onto - other[:, None]
    u, values, v = np.linalg.svd(np.einsum("fni,fnj->fij", b, a))
    sign = np.ones_like(values)
    sign[:, -1] = np.sign(np.linalg.det(u @ v))
    scale = (values * sign).sum(-1) / (a**2).sum((1, 2))
    return scale, (u * sign[:, None]) @ v, middle, other


class Change(NamedTuple):
    """What a driver's face does, against that of the photo and its own neutral one."""

    turn: np.ndarray  # f 3 3: from the photo's head to the driver's
    points: np.ndarray  # f 468 3: against the neutral face, in the photo's directions and size
    eyes: np.ndarray  # f: from 0, shut, to 1, as open as in the neutral face
    look: np.ndarray  # f 2: how far the irises are from where they usually are, in widths of an eye, across and down


def relative(face: np.ndarray, faces: np.ndarray, irises: np.ndarray, trust: np.ndarray, fps: float) -> Change:
    """How faces `f 468 3` with irises `f 2 3` differ from the photo's, `468 3`, and from their own neutral one."""
    firm = list(FIRM)
    seen = trust >= min(0.5, trust.max())
    upright = faces[seen][np.abs(face_yaw(faces[seen])).argmin()]
    laid = upright[None]
    faces = np.concatenate([faces, irises], axis=1)
    for _ in range(2):  # onto one frame, then onto the middle of all
        middle = np.median(laid, axis=0)
        scale, turn, start, end = fitted(faces[:, firm], np.broadcast_to(middle[firm], (len(faces), len(firm), 3)))
        laid = scale[:, None, None] * ((faces - start[:, None]) @ turn.mT) + end[:, None]
        (laid_seen, looking), laid = np.split(laid, [MESH_POINTS], axis=1), laid[seen, :MESH_POINTS]
    neutral = _neutral(laid)
    size, way, _, _ = fitted(face[None, firm], neutral[None, firm])  # photo → neutral
    changes = smoothed(laid_seen - neutral, fps, SMOOTH_EXPRESSION) @ way[0] / size[0]
    believed = smoothed(trust, fps, SMOOTH_TRUST)
    eyes = 1 - believed * (1 - _eyes(laid_seen, neutral, face_yaw(faces), fps))
    look = believed[:, None] * smoothed(_look(gaze(laid_seen, looking), eyes * trust), fps, SMOOTH_LOOK)
    turns = _rotations(smoothed(turn.mT @ way[0], fps, SMOOTH_TURN))
    return Change(turns, believed[:, None, None] * changes, eyes, look)


def _look(away: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Where irises are, `f 2` or NaN, from where they usually are; between the frames around where eyes tell little."""
    away = np.where(told[:, None] >= TOLD, away, np.nan)
    if np.isnan(away).all():
        return np.zeros_like(away)
    return between_sights(away - np.nanmedian(away, axis=0))


def _eyes(faces: np.ndarray, neutral: np.ndarray, yaw: np.ndarray, fps: float) -> np.ndarray:
    """How far the eyes of faces `f 468 3` are open against what is usual of them: `f` in [0, 1].

    Args:
        yaw: by how many degrees the faces were turned, `f`.
    """
    from scipy.ndimage import percentile_filter

    wide = []
    for lids, _ in EYES:
        width, most = opening(faces, lids), max(opening(neutral[None], lids)[0], 1e-6)
        usual = percentile_filter(width, 100 - WIDER, size=1 + 2 * round(AROUND * fps / 2), mode="nearest")
        wide.append(width / usual.clip(NARROW * most, most))
    nearer = (0.5 + yaw / (2 * TELLS)).clip(0, 1)  # of a turned face the eye that is nearer
    share = ((nearer * wide[0] + (1 - nearer) * wide[1] - CLOSED) / (OPEN - CLOSED)).clip(0, 1)
    eased: np.ndarray = share**2 * (3 - 2 * share)
    return eased


def _neutral(faces: np.ndarray) -> np.ndarray:
    """A neutral face from faces `f 468 3` laid over each other: the middle; its mouth that of the more closed half,
    its eyes those of the more open half."""
    neutral = np.median(faces, axis=0)
    weights = regions()
    lips = faces[opening(faces, LIPS).argsort(kind="stable")[: (len(faces) + 1) // 2]]
    lids = np.mean([opening(faces, lids) for lids, _ in EYES], axis=0)
    eyes = faces[lids.argsort(kind="stable")[len(faces) // 2 :]]
    mouth, eye = weights[0][:, None], (weights[2] > 0)[:, None]
    neutral = neutral + mouth * (np.median(lips, axis=0) - neutral)
    return np.where(eye, np.median(eyes, axis=0), neutral)


def smoothed(values: np.ndarray, fps: float, seconds: float) -> np.ndarray:
    """Values `f …` averaged over about so many seconds."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(values, seconds * fps, axis=0, mode="nearest")


def _rotations(matrices: np.ndarray) -> np.ndarray:
    """The rotations nearest to matrices `f 3 3`."""
    u, _, v = np.linalg.svd(matrices)
    return u @ v
