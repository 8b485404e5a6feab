"""The face of the photo moved by a driver's: its own mesh, turned by the driver's head and moved by its expression.

What is carried over is the change of the driver's expression against the driver's own neutral face, not the expression
itself, so that the person stays who they are (relative motion: Siarohin et al., "First Order Motion Model for Image
Animation", NeurIPS 2019). The turn of the head out of the picture's plane is the driver's own; what is left, its place
and lean, the bones do already (`tempose.warp.joints`), and is taken out here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from tempose.pose.face_mesh import MESH_POINTS
from tempose.pose.keypoints import MIN_CONFIDENCE
from tempose.warp.expression import SMOOTH_TRUST, Change, fitted, relative, smoothed
from tempose.warp.face_points import (
    CHIN,
    EYES,
    LEFT_LIDS,
    LIPS,
    MOUTH_CORNERS,
    NOSE,
    OVAL,
    RIGHT_LIDS,
    RINGS,
    SIDES,
    TOP,
    face_height,
    face_yaw,
    iris_points,
    mesh_points,
    neighbors,
    opening,
    regions,
    rows_from,
    skin,
)
from tempose.warp.meshes import MeshMotion
from tempose.warp.openings import MOUTH, OPEN_EYES, as_shown, looking, mouth, mouth_colors
from tempose.warp.openings import triangles as of_openings

LEAST_FACE = 20.0  # the smallest face that is moved, from forehead to chin, pixels
MOST_TURN = 40.0  # degrees by which a head turns at most; it gets there ever more slowly
RIM, STEEP = 4, 0.8  # in so many rows along its outline a face falls back at most so much for a pixel beside it
HIDDEN_SIDE = 2.0  # so much less for every degree by which the photo's face is turned, towards the side that it hides
EASED = 0.75  # from this share of the most on a turn counts ever less
PROFILE = 50.0  # from here on, in degrees, a face shows too little to tell its expression, or to be turned
FADE = 15.0  # degrees below, over which trust in it fades

LOWER_LID = 0.15  # of the width between the lids the lower one goes up
LID_FOLLOWS = (0.9, 0.45, 0.15)  # of the way of a lid, rows of the mesh beyond it
BROWS_FOLLOW = 0.6  # of the change: what is told of brows is uncertain, and a frown is soon too much
SMILE = (1.03, 1.12)  # a mouth so much broader smiles
MOUTH_SHUT = 0.02  # the least opening of a mouth, in distances of the eyes

CHEEKS = (50, 280, 205, 425, 117, 346)
BROW = (8, 9, 107, 336)  # between the brows
NOSE_TIP = (1, 4, 45, 275, 98, 327)
UNLIKE, ANOTHER, ALIKE = 30.0, 12.0, 9.0  # distances in Lab: no skin; without its lightness: no skin; no lips
ONE_COLOR = 5.0  # by less, in the median, differ the colors of a cloth; those of lips and chin differ by more

NO_FACE = "the {} shows no face well enough: the head moves as one piece"
COVERED = "something covers the {} in the photo: they keep still"


def move_face(
    photo: np.ndarray | None, driver: np.ndarray | None, *, picture: np.ndarray, fps: float, expression: float = 1.0
) -> tuple[MeshMotion | None, tuple[str, ...]]:
    """The way of the photo's face, None where the head moves as one piece; and sentences that say why.

    Args:
        photo, driver: `v 4` and `f v 4`, as `Motion.face`; None where unknown.
        picture: the photo, uint8 `h w 3`.
        fps: of the driver.
        expression: how much of the driver's expression; 0 leaves the head as one piece.
    """
    if expression == 0 or driver is None:
        return None, ()
    shown: np.ndarray = _known(driver)
    if not shown.any():
        return None, ()
    if photo is None or not _known(photo[None])[0]:
        return None, (NO_FACE.format("photo"),)
    face = mesh_points(photo)
    if face_height(face) < LEAST_FACE or abs(face_yaw(face[None])[0]) > PROFILE:
        return None, (NO_FACE.format("photo"),)
    faces = mesh_points(driver)
    trust = np.where(shown, _fading(np.abs(face_yaw(faces))), 0.0)
    if not trust.any():
        return None, (NO_FACE.format("motion"),)
    nearest = _nearest(shown)
    faces, irises = faces[nearest], iris_points(driver)[nearest]
    change = relative(face, faces, irises, trust, fps)
    seen = _seen(picture, face)
    placed = _turned(face, _expressed(face, change, expression, seen), change.turn)
    there = smoothed(shown.astype(np.float64), fps, SMOOTH_TRUST)[:, None, None]
    look = there[..., 0] * min(expression, 1.0) * seen.eyes * change.look
    covered = [name for name, shown in zip(("eyes", "mouth"), seen, strict=True) if not shown]
    why = (COVERED.format(" and ".join(covered)),) if covered else ()
    return _ringed(face, face + there * (placed - face), iris_points(photo)[:, :2], look, picture), why


# The points --------------------------------------------------------------------------------------


def _known(faces: np.ndarray) -> np.ndarray:
    """In which frames a face is known, `f`."""
    return np.all(faces[:, :MESH_POINTS, 2] > MIN_CONFIDENCE, axis=1)


def _fading(yaw: np.ndarray) -> np.ndarray:
    return ((PROFILE + FADE - yaw) / FADE).clip(0, 1)


def _nearest(shown: np.ndarray) -> np.ndarray:
    """The frame nearest to each in which a face is shown."""
    frames = np.flatnonzero(shown)
    return frames[np.abs(np.arange(len(shown))[:, None] - frames).argmin(1)]


# The photo's face --------------------------------------------------------------------------------


class Seen(NamedTuple):
    """Whether the photo shows eyes and mouth, 0 or 1: sunglasses and masks hide them."""

    eyes: float
    mouth: float


def _seen(picture: np.ndarray, face: np.ndarray) -> Seen:
    """By the colors: a mask is of one color, lips included, unlike the skin about the eyes; or it is of quite another
    and hides lips and nose, a beard not the nose. Sunglasses are unlike the cheeks, above a mask unlike the brow, or
    darker.
    """
    import cv2

    colors = _colors(picture, face, range(MESH_POINTS))
    lab = cv2.cvtColor(colors[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    lids, lips = ([*a, *b] for a, b in (np.array(RIGHT_LIDS + LEFT_LIDS).reshape(2, -1).tolist(), LIPS))
    around_eyes = np.isin(rows_from(tuple(lids)), (2, 3))
    away = rows_from(tuple(lips))
    on_lips, below = np.isin(away, (1, 2)), (away >= 1) & (away <= 7)
    cheeks, brow, nose, eyes, red, mask = (
        np.median(lab[points], axis=0)
        for points in (list(CHEEKS), list(BROW), list(NOSE_TIP), around_eyes, on_lips, below)
    )
    differs = [mask - each for each in (eyes, brow)]
    another, apart = (min(np.linalg.norm(each[first:]) for each in differs) for first in (1, 0))
    on_nose = np.linalg.norm(nose - mask) < np.linalg.norm(nose - eyes)
    no_lips = np.linalg.norm(red - mask)
    even = max(no_lips, np.linalg.norm(np.median(np.abs(lab[below] - mask), axis=0))) < ONE_COLOR < apart
    hidden = even or (another > ANOTHER and on_nose and no_lips < ALIKE)
    dark = max(np.linalg.norm(eyes - (brow if hidden else cheeks)), brow[0] - eyes[0])
    return Seen(float(dark <= UNLIKE), float(not hidden))


def _expressed(face: np.ndarray, change: Change, expression: float, seen: Seen) -> np.ndarray:
    """The photo's face with the driver's expression: `f 468 3`."""
    mouth, brows, _ = regions()
    moved = (
        face + expression * (mouth * seen.mouth + BROWS_FOLLOW * brows * seen.eyes).clip(0, 1)[:, None] * change.points
    )
    _open_lids(moved, face, 1 - seen.eyes * min(expression, 1.0) * (1 - change.eyes))
    return _with_lips(moved, face)


def _open_lids(moved: np.ndarray, face: np.ndarray, width: np.ndarray) -> None:
    """Bring the lids of faces `f 468 3` to a share `f` of their width in the photo, and the skin about them along."""
    for (upper, lower), corners in EYES:
        eye, meet = [*upper, *lower, *corners], []
        for above, below in zip(upper, lower, strict=True):
            meet += [face[below] + LOWER_LID * (face[above] - face[below])]
        way = np.zeros((MESH_POINTS, 3))
        for edge in (upper, lower):
            way[list(edge)] = np.array(meet) - face[list(edge)]
        away = rows_from(tuple(eye))
        for row, share in enumerate(LID_FOLLOWS, start=1):
            for point in np.flatnonzero(away == row):
                near = [n for n in neighbors()[int(point)] if away[n] == row - 1]
                way[point] = share * np.mean([way[n] for n in near], axis=0)
        moved += (1 - width)[:, None, None] * way


def _with_lips(moved: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Faces `f 468 3` whose lips do not overlap more than they do in the photo."""
    down = (face[CHIN] - face[TOP]) / face_height(face)
    upper, lower = (list(edge) for edge in LIPS)
    before = (face[lower] - face[upper]) @ down  # 9
    lack = (np.minimum(before, 0) - (moved[:, lower] - moved[:, upper]) @ down).clip(0)[..., None] / 2
    moved[:, upper] -= lack * down
    moved[:, lower] += lack * down
    return moved


def _turned(face: np.ndarray, moved: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Faces `f 468 3` turned, but neither leant nor shifted in the picture's plane: that the whole head is already."""
    from scipy.spatial.transform import Rotation

    # A turn about the axis of sight, then one out of the picture's plane.
    whole = Rotation.from_matrix(turns).as_quat()
    about = whole * [0, 0, 1, 1]
    lean = Rotation.from_quat(np.where(np.abs(about).sum(1, keepdims=True) > 1e-9, about, [0, 0, 0, 1]))
    out = (Rotation.from_quat(whole) * lean.inv()).as_rotvec(degrees=True)
    yaw = face_yaw(face[None])[0]
    hides = np.where(out[:, 1] * yaw > 0, HIDDEN_SIDE * abs(yaw), 0.0)  # a turn to the right of the picture is negative
    out[:, 1] = _eased(out[:, 1], np.maximum(MOST_TURN - hides, 0))
    out[:, 0] = _eased(out[:, 0], np.full(len(out), MOST_TURN))
    turn = (Rotation.from_rotvec(out, degrees=True) * lean).as_matrix()
    middle = face.mean(0)
    moved = moved.copy()
    moved[..., 2] += _rim(face)
    placed = (moved - middle) @ turn.mT + middle

    # Where nose, eyes and ears go is where the head goes.
    anchors = _anchors(face)
    now = (anchors - middle) @ turn.mT + middle
    still = np.broadcast_to(anchors[:, :2], (len(now), len(anchors), 2))
    _, lean_back, start, end = fitted(now[..., :2], still)
    placed[..., :2] = (placed[..., :2] - start[:, None]) @ lean_back.mT + end[:, None]
    return placed


def _rim(face: np.ndarray) -> np.ndarray:
    """By how much the outline of a face `468 3` comes forward, `468`: what the photo hardly shows is not spread."""
    away, depth = rows_from(OVAL), face[:, 2].copy()
    for row in range(RIM - 1, -1, -1):
        for point in np.flatnonzero(away == row):
            inner = [n for n in neighbors()[int(point)] if away[n] == row + 1]
            beside = np.hypot(*(face[inner].mean(0) - face[point])[:2])
            depth[point] = min(depth[point], depth[inner].mean() + STEEP * beside)
    return depth - face[:, 2]


def _anchors(face: np.ndarray) -> np.ndarray:
    eyes = [face[list(corners)].mean(0) for _, corners in EYES]
    return np.stack([face[NOSE], *eyes, *face[list(SIDES)]])


def _eased(angle: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Degrees `f` of either sign, from a share of the most `f` on ever less."""
    free, room = EASED * most, (1 - EASED) * most
    over = np.abs(angle) - free
    return np.where(over > 0, np.sign(angle) * (free + room * np.tanh(over / room.clip(1e-6))), angle)


# The mesh with all that belongs to it ------------------------------------------------------------


@cache
def triangles() -> np.ndarray:
    """`t 3`: of the mesh, the rings around it, and the openings."""
    return np.concatenate([skin(), of_openings(MESH_POINTS + len(RINGS) * len(OVAL))])


def _ringed(
    face: np.ndarray, placed: np.ndarray, irises: np.ndarray, look: np.ndarray, picture: np.ndarray
) -> MeshMotion:
    """The mesh in faces `f 468 3` with the rings around it, and with eyes and mouth, which have points of their own.

    Args:
        irises: their middles in the photo, `2 2`. look: as of `looking`.
    """
    photo, moved = [face], [placed]
    oval = list(OVAL)
    middle = face[oval].mean(0)
    for size, follows in RINGS:
        ring = middle + size * (face[oval] - middle)
        there = ring + follows * (placed[:, oval] - face[oval])
        there[..., 2] += 10 * face_height(face)  # behind all of the face
        photo, moved = [*photo, ring], [*moved, there]
    for eye, iris in zip(OPEN_EYES, irises, strict=True):
        photo, moved = [*photo, as_shown(face, eye)], [*moved, looking(face, placed, eye, iris, look)]
    apart = float(np.linalg.norm(face[EYES[0][1][0], :2] - face[EYES[1][1][0], :2]))
    inside = mouth(placed, eyes=apart, smile=_smile(face, placed), **_mouth_shown(face, placed, apart))
    photo, moved = [*photo, as_shown(face, MOUTH)], [*moved, inside.places]
    shade = np.zeros((len(placed), sum(map(len, photo))), np.float32)
    color = np.zeros((shade.shape[1], 3), np.float32)
    shade[:, -len(MOUTH) :] = inside.shade
    lips, cheeks = (np.median(_colors(picture, face, points), axis=0) for points in ([*LIPS[0], *LIPS[1]], CHEEKS))
    color[-len(MOUTH) :] = mouth_colors(lips, cheeks)
    return MeshMotion(
        np.concatenate(photo)[:, :2].astype(np.float32),
        np.concatenate(moved, axis=1).astype(np.float32),
        shade,
        triangles(),
        color,
    )


def _smile(face: np.ndarray, placed: np.ndarray) -> np.ndarray:
    """How far faces `f 468 3` smile, in [0, 1]."""
    wide, broad = (np.linalg.norm(points[:, MOUTH_CORNERS[1]] - points[:, MOUTH_CORNERS[0]], axis=-1)
                   for points in (face[None], placed))  # fmt: skip
    smile: np.ndarray = ((broad / wide - SMILE[0]) / (SMILE[1] - SMILE[0])).clip(0, 1)
    return smile


def _mouth_shown(face: np.ndarray, placed: np.ndarray, eyes: float) -> dict[str, np.ndarray]:
    """Whether a mouth is open farther than in the photo, and how much of what the photo shows is kept: see `mouth`.

    A mouth that the photo shows open keeps what it shows, unless it is stretched far.
    """
    before, now = opening(face[None, :, :2], LIPS)[0] / eyes, opening(placed[..., :2], LIPS) / eyes
    shown = min(1.0, before / (3 * MOUTH_SHUT))
    stretched = ((now / max(before, 1e-6) - 1.5) / 1.5).clip(0, 1)
    return {
        "opened": ((now - max(before, MOUTH_SHUT)) / MOUTH_SHUT).clip(0, 1),
        "kept": np.minimum(shown, 1 - stretched),
    }


def _colors(picture: np.ndarray, face: np.ndarray, points: Sequence[int]) -> np.ndarray:
    """Those of a photo, uint8 `h w 3`, at some points of its face: `n 3`."""
    height, width = picture.shape[:2]
    column, row = np.round(face[list(points), :2] - 0.5).astype(int).T
    return picture[row.clip(0, height - 1), column.clip(0, width - 1)]
