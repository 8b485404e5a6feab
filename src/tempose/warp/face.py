"""The face of the photo moved by a driver's: its own mesh, turned by the driver's head and moved by its expression.

What is carried over is the change of the driver's expression against the driver's own neutral face, not the expression
itself, so that the person stays who they are (relative motion: Siarohin et al., "First Order Motion Model for Image
Animation", NeurIPS 2019). The turn of the head out of the picture's plane is the driver's own; what is left, its place
and lean, the bones do already (`tempose.warp.joints`), and is taken out here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tempose.pose.face_mesh import MESH_POINTS
from tempose.pose.keypoints import MIN_CONFIDENCE
from tempose.warp.meshes import MeshMotion

# Points of the mesh (`tempose.pose.face_mesh`), from the person's right to their left.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
RIGHT_LIDS = ((246, 161, 160, 159, 158, 157, 173), (7, 163, 144, 145, 153, 154, 155))  # upper and lower
LEFT_LIDS = ((466, 388, 387, 386, 385, 384, 398), (249, 390, 373, 374, 380, 381, 382))
EYES = ((RIGHT_LIDS, (33, 133)), (LEFT_LIDS, (263, 362)))  # lids, outer and inner corner
LIPS = ((191, 80, 81, 82, 13, 312, 311, 310, 415), (95, 88, 178, 87, 14, 317, 402, 318, 324))  # their inner edges
MOUTH_CORNERS = (78, 308)
INSIDE = (*MOUTH_CORNERS, *LIPS[0], *LIPS[1])
BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
SKIN_TRIANGLES, MOUTH_TRIANGLES = 852, 18  # of the stored mesh the first and the last; between them those of the eyes
SIDES, NOSE, CHIN, TOP = (234, 454), 1, 152, 10

# Points that no expression moves much: forehead, temples, cheekbones, bridge and tip of the nose, corners of the eyes.
FIRM = (
    10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 33, 133, 362, 263, 127, 234, 356, 454, 21, 251, 54, 284, 103, 332, 67, 297,
    109, 338, 116, 345, 123, 352,
)  # fmt: skip

LEAST_FACE = 20.0  # the smallest face that is moved, from forehead to chin, pixels
MOST_TURN = 40.0  # degrees by which a head turns at most; it gets there ever more slowly
HIDDEN_SIDE = 2.0  # so much less for every degree by which the photo's face is turned, towards the side that it hides
EASED = 0.75  # from this share of the most on a turn counts ever less
PROFILE = 50.0  # from here on, in degrees, a face shows too little to tell its expression, or to be turned
FADE = 15.0  # degrees below, over which trust in it fades

# Rings around the mesh, in its own size: what is about the face follows it less and less, up to nothing.
RINGS = ((1.4, 0.4), (1.9, 0.0))

# Expression: eyes open less than CLOSED times their neutral width are shut, more than OPEN times are open; of the width
# between the lids, the lower one goes up by LOWER_LID.
CLOSED, OPEN, LOWER_LID = 0.4, 0.8, 0.15
TELLS = 20.0  # from so many degrees on one eye alone tells
LID_FOLLOWS = (0.5, 0.2)  # of the way of a lid, rows of the mesh beyond it
BROWS_FOLLOW = 0.6  # of the change: what is told of brows is uncertain, and a frown is soon too much
SHADOW = 0.3  # the color of the lips, times this, is that of the inside of the mouth
SMILE, TOGETHER = (1.03, 1.12), 0.9  # a mouth so much broader smiles; its lips open by so much less
LIP_ROWS = (4, 9)  # of the mesh: the first are the lips, which move as their edge does; the others ever less
MOUTH_SHUT = 0.02  # the least opening of a mouth, in distances of the eyes
SMOOTH_TURN, SMOOTH_EXPRESSION, SMOOTH_TRUST = 0.08, 0.035, 0.15  # seconds

CHEEKS = (50, 280, 205, 425, 117, 346)
UNLIKE, ALIKE = 30.0, 9.0  # distances of colors in Lab: what is no skin; what are no lips

NO_FACE = "the {} shows no face well enough: the head moves as one piece"
COVERED = "something covers the {} in the photo: they keep still"


@cache
def triangles() -> np.ndarray:
    """`t 3`: the points of each triangle of the mesh, of what it leaves open (eyes, mouth), and of the rings.

    The mesh is mediapipe's: FACEMESH_TESSELATION names its edges.
    """
    with np.load(Path(__file__).with_name("face_mesh.npz")) as stored:
        mesh = stored["triangles"].astype(np.int64)
    second = np.arange(MESH_POINTS)
    second[list(INSIDE)] = MESH_POINTS + len(RINGS) * len(OVAL) + np.arange(len(INSIDE))
    mesh[-MOUTH_TRIANGLES:] = second[mesh[-MOUTH_TRIANGLES:]]
    rings, inner = [], list(OVAL)
    for ring in range(len(RINGS)):
        outer = [MESH_POINTS + ring * len(OVAL) + i for i in range(len(OVAL))]
        for i in range(len(OVAL)):
            j = (i + 1) % len(OVAL)
            rings += [(inner[i], outer[i], outer[j]), (inner[i], outer[j], inner[j])]
        inner = outer
    return np.concatenate([mesh, rings])


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
    face = None if photo is None or not _known(photo[None])[0] else _points(photo)
    if face is None or _height(face) < LEAST_FACE or abs(_yaw(face[None])[0]) > PROFILE:
        return None, (NO_FACE.format("photo"),)
    faces = _points(driver)
    trust = np.where(shown, _fading(np.abs(_yaw(faces))), 0.0)
    if not trust.any():
        return None, (NO_FACE.format("motion"),)
    faces = faces[_nearest(shown)]
    change = _relative(face, faces, trust, fps)
    seen = _seen(picture, face)
    placed = _turned(face, _expressed(face, change, expression, seen), change.turn)
    there = _smooth(shown.astype(np.float64), fps, SMOOTH_TRUST)[:, None, None]
    covered = [name for name, shown in zip(("eyes", "mouth"), seen, strict=True) if not shown]
    why = (COVERED.format(" and ".join(covered)),) if covered else ()
    return _ringed(face, face + there * (placed - face), picture), why


# The points --------------------------------------------------------------------------------------


def _points(face: np.ndarray) -> np.ndarray:
    """x, y and depth of the mesh, `… 468 3`."""
    return np.asarray(face[..., :MESH_POINTS, :], np.float64)[..., [0, 1, 3]]


def _known(faces: np.ndarray) -> np.ndarray:
    """In which frames a face is known, `f`."""
    return np.all(faces[:, :MESH_POINTS, 2] > MIN_CONFIDENCE, axis=1)


def _height(face: np.ndarray) -> float:
    return float(np.linalg.norm(face[CHIN] - face[TOP]))


def _yaw(faces: np.ndarray) -> np.ndarray:
    """By how many degrees faces `f 468 3` are turned to a side."""
    across = faces[:, SIDES[1]] - faces[:, SIDES[0]]
    return np.degrees(np.arctan2(across[:, 2], np.hypot(across[:, 0], across[:, 1])))


def _fading(yaw: np.ndarray) -> np.ndarray:
    return ((PROFILE + FADE - yaw) / FADE).clip(0, 1)


def _nearest(shown: np.ndarray) -> np.ndarray:
    """The frame nearest to each in which a face is shown."""
    frames = np.flatnonzero(shown)
    return frames[np.abs(np.arange(len(shown))[:, None] - frames).argmin(1)]


# The driver's change -----------------------------------------------------------------------------


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


def _relative(face: np.ndarray, faces: np.ndarray, trust: np.ndarray, fps: float) -> Change:
    """How faces `f 468 3` differ from the photo's, `468 3`, and from their own neutral one."""
    firm = list(FIRM)
    seen = trust >= min(0.5, trust.max())
    upright = faces[seen][np.abs(_yaw(faces[seen])).argmin()]
    laid = upright[None]
    for _ in range(2):  # onto one frame, then onto the middle of all
        middle = np.median(laid, axis=0)
        scale, turn, start, end = fitted(faces[:, firm], np.broadcast_to(middle[firm], (len(faces), len(firm), 3)))
        laid = scale[:, None, None] * ((faces - start[:, None]) @ turn.mT) + end[:, None]
        laid_seen, laid = laid, laid[seen]
    neutral = _neutral(laid)
    size, way, _, _ = fitted(face[None, firm], neutral[None, firm])  # photo → neutral
    changes = _smooth(laid_seen - neutral, fps, SMOOTH_EXPRESSION) @ way[0] / size[0]
    believed = _smooth(trust, fps, SMOOTH_TRUST)
    eyes = 1 - believed * (1 - _eyes(laid_seen, neutral, _yaw(faces)))
    return Change(_rotations(_smooth(turn.mT @ way[0], fps, SMOOTH_TURN)), believed[:, None, None] * changes, eyes)


def _eyes(faces: np.ndarray, neutral: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """How far the eyes of faces `f 468 3` are open against a neutral face: `f` in [0, 1].

    Args:
        yaw: by how many degrees the faces were turned, `f`.
    """
    wide = [opening(faces, lids) / max(opening(neutral[None], lids)[0], 1e-6) for lids, _ in EYES]
    nearer = (0.5 + yaw / (2 * TELLS)).clip(0, 1)  # of a turned face the eye that is nearer
    share = ((nearer * wide[0] + (1 - nearer) * wide[1] - CLOSED) / (OPEN - CLOSED)).clip(0, 1)
    eased: np.ndarray = share**2 * (3 - 2 * share)
    return eased


def _neutral(faces: np.ndarray) -> np.ndarray:
    """A neutral face from faces `f 468 3` laid over each other: the middle; its mouth that of the more closed half,
    its eyes those of the more open half."""
    neutral = np.median(faces, axis=0)
    weights = _weights()
    lips = faces[opening(faces, LIPS).argsort(kind="stable")[: (len(faces) + 1) // 2]]
    lids = np.mean([opening(faces, lids) for lids, _ in EYES], axis=0)
    eyes = faces[lids.argsort(kind="stable")[len(faces) // 2 :]]
    mouth, eye = weights[0][:, None], (weights[2] > 0)[:, None]
    neutral = neutral + mouth * (np.median(lips, axis=0) - neutral)
    return np.where(eye, np.median(eyes, axis=0), neutral)


def opening(faces: np.ndarray, edges: tuple[tuple[int, ...], tuple[int, ...]]) -> np.ndarray:
    """How far the middles of two edges are apart in faces `f v d`: `f`, pixels."""
    upper, lower = (faces[:, list(edge)[2:-2]].mean(1) for edge in edges)
    return np.linalg.norm(lower - upper, axis=-1)


@cache
def _weights() -> np.ndarray:
    """How much the points follow the mouth, the brows and the lids: `3 468` in [0, 1]."""
    mouth, brows, lids = np.zeros((3, MESH_POINTS))
    away = _rows_from((*LIPS[0], *LIPS[1], *MOUTH_CORNERS))
    mouth = (1 - (away - 5) / 6).clip(0, 1)
    mouth[[i for i in range(MESH_POINTS) if away[i] <= 5]] = 1
    away = _rows_from((*BROWS[0], *BROWS[1]))
    brows = (1 - away / 4).clip(0, 1)
    for upper, lower in (RIGHT_LIDS, LEFT_LIDS):
        lids[list(upper + lower)] = 1
    mouth[lids > 0] = brows[lids > 0] = 0
    return np.stack([mouth, brows, lids])


@cache
def _neighbors() -> dict[int, set[int]]:
    found: dict[int, set[int]] = {i: set() for i in range(MESH_POINTS)}
    for corners in triangles()[:SKIN_TRIANGLES].tolist():
        for point in corners:
            found[point] |= set(corners) - {point}
    return found


def _rows_from(points: tuple[int, ...]) -> np.ndarray:
    """How many edges of the mesh every point is away from some: `468`."""
    rows, now = np.full(MESH_POINTS, MESH_POINTS), set(points)
    for row in range(MESH_POINTS):
        if not now:
            break
        rows[list(now)] = row
        now = {n for point in now for n in _neighbors()[point] if rows[n] == MESH_POINTS}
    return rows


def _smooth(values: np.ndarray, fps: float, seconds: float) -> np.ndarray:
    """Values `f …` averaged over about so many seconds."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(values, seconds * fps, axis=0, mode="nearest")


def _rotations(matrices: np.ndarray) -> np.ndarray:
    """The rotations nearest to matrices `f 3 3`."""
    u, _, v = np.linalg.svd(matrices)
    return u @ v


# The photo's face --------------------------------------------------------------------------------


class Seen(NamedTuple):
    """Whether the photo shows eyes and mouth, 0 or 1: sunglasses and masks hide them."""

    eyes: float
    mouth: float


def _seen(picture: np.ndarray, face: np.ndarray) -> Seen:
    """By the colors: sunglasses are unlike the cheeks, a mask is unlike them and hides the lips."""
    import cv2

    height, width = picture.shape[:2]
    column, row = np.round(face[:, :2] - 0.5).astype(int).T
    colors = picture[row.clip(0, height - 1), column.clip(0, width - 1)]
    lab = cv2.cvtColor(colors[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    lids, lips = ([*a, *b] for a, b in (np.array(RIGHT_LIDS + LEFT_LIDS).reshape(2, -1).tolist(), LIPS))
    around_eyes = np.isin(_rows_from(tuple(lids)), (2, 3))
    away = _rows_from(tuple(lips))
    on_lips, around_lips = np.isin(away, (1, 2)), np.isin(away, (6, 7))
    cheeks, eyes, red, mouth = (
        np.median(lab[points], axis=0) for points in (list(CHEEKS), around_eyes, on_lips, around_lips)
    )
    hidden = np.linalg.norm(mouth - cheeks) > UNLIKE and np.linalg.norm(red - mouth) < ALIKE
    return Seen(float(np.linalg.norm(eyes - cheeks) <= UNLIKE), float(not hidden))


def _expressed(face: np.ndarray, change: Change, expression: float, seen: Seen) -> np.ndarray:
    """The photo's face with the driver's expression: `f 468 3`."""
    mouth, brows, _ = _weights()
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
        away = _rows_from(tuple(eye))
        for row, share in enumerate(LID_FOLLOWS, start=1):
            for point in np.flatnonzero(away == row):
                near = [n for n in _neighbors()[int(point)] if away[n] == row - 1]
                way[point] = share * np.mean([way[n] for n in near], axis=0)
        moved += (1 - width)[:, None, None] * way


def _with_lips(moved: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Faces `f 468 3` whose lips do not overlap more than they do in the photo; who smiles parts them
    hardly more, since the photo does not show what is between them."""
    down = (face[CHIN] - face[TOP]) / _height(face)
    upper, lower = (list(edge) for edge in LIPS)
    before, gap = ((points[:, lower] - points[:, upper]) @ down for points in (face[None], moved))  # f 9
    wide, broad = (np.linalg.norm(points[:, MOUTH_CORNERS[1]] - points[:, MOUTH_CORNERS[0]], axis=-1)
                   for points in (face[None], moved))  # fmt: skip
    smile = ((broad / wide - SMILE[0]) / (SMILE[1] - SMILE[0])).clip(0, 1)
    change = -TOGETHER * smile * (gap - before).mean(1).clip(0)
    moved = moved + (change / 2)[:, None, None] * _lip_sides()[:, None] * down
    lack = (np.minimum(before, 0) - (moved[:, lower] - moved[:, upper]) @ down).clip(0)[..., None] / 2
    moved[:, upper] -= lack * down
    moved[:, lower] += lack * down
    return moved


@cache
def _lip_sides() -> np.ndarray:
    """From −1 on the edge of the upper lip to 1 on that of the lower, and ever less about them: `468`."""
    above, below = (_rows_from(edge) for edge in LIPS)
    lips, end = LIP_ROWS
    side: np.ndarray = np.sign(above - below) * ((end - np.minimum(above, below)) / (end - lips)).clip(0, 1)
    return side


def _shows_inside(face: np.ndarray) -> float:
    """How far a face, `468 3`, shows the inside of its mouth, from 0 to 1."""
    eyes = np.linalg.norm(face[EYES[0][1][0]] - face[EYES[1][1][0]])
    return float(min(1.0, opening(face[None], LIPS)[0] / eyes / (3 * MOUTH_SHUT)))


def _turned(face: np.ndarray, moved: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Faces `f 468 3` turned, but neither leant nor shifted in the picture's plane: that the whole head is already."""
    from scipy.spatial.transform import Rotation

    # A turn about the axis of sight, then one out of the picture's plane.
    whole = Rotation.from_matrix(turns).as_quat()
    about = whole * [0, 0, 1, 1]
    lean = Rotation.from_quat(np.where(np.abs(about).sum(1, keepdims=True) > 1e-9, about, [0, 0, 0, 1]))
    out = (Rotation.from_quat(whole) * lean.inv()).as_rotvec(degrees=True)
    yaw = _yaw(face[None])[0]
    hides = np.where(out[:, 1] * yaw > 0, HIDDEN_SIDE * abs(yaw), 0.0)  # a turn to the right of the picture is negative
    out[:, 1] = _eased(out[:, 1], np.maximum(MOST_TURN - hides, 0))
    out[:, 0] = _eased(out[:, 0], np.full(len(out), MOST_TURN))
    turn = (Rotation.from_rotvec(out, degrees=True) * lean).as_matrix()
    middle = face.mean(0)
    placed = (moved - middle) @ turn.mT + middle

    # Where nose, eyes and ears go is where the head goes.
    anchors = _anchors(face)
    now = (anchors - middle) @ turn.mT + middle
    still = np.broadcast_to(anchors[:, :2], (len(now), len(anchors), 2))
    _, lean_back, start, end = fitted(now[..., :2], still)
    placed[..., :2] = (placed[..., :2] - start[:, None]) @ lean_back.mT + end[:, None]
    return placed


def _anchors(face: np.ndarray) -> np.ndarray:
    eyes = [face[list(corners)].mean(0) for _, corners in EYES]
    return np.stack([face[NOSE], *eyes, *face[list(SIDES)]])


def _eased(angle: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Degrees `f` of either sign, from a share of the most `f` on ever less."""
    free, room = EASED * most, (1 - EASED) * most
    over = np.abs(angle) - free
    return np.where(over > 0, np.sign(angle) * (free + room * np.tanh(over / room.clip(1e-6))), angle)


def _ringed(face: np.ndarray, placed: np.ndarray, picture: np.ndarray) -> MeshMotion:
    """The mesh with the rings around it, and the points of the mouth's inside twice: those of the second are dark."""
    photo, moved = [face], [placed]
    oval = list(OVAL)
    middle = face[oval].mean(0)
    for size, follows in RINGS:
        ring = middle + size * (face[oval] - middle)
        there = ring + follows * (placed[:, oval] - face[oval])
        there[..., 2] += 10 * _height(face)  # behind all of the face
        photo, moved = [*photo, ring], [*moved, there]
    inside = list(INSIDE)
    dark = np.zeros((len(placed), sum(map(len, photo)) + len(inside)))
    dark[:, -len(inside) :] = _inside_of_mouth(face, placed)
    return MeshMotion(
        np.concatenate([*photo, face[inside]])[:, :2].astype(np.float32),
        np.concatenate([*moved, placed[:, inside]], axis=1).astype(np.float32),
        dark.astype(np.float32),
        triangles(),
        _mouth_color(picture, face),
    )


def _inside_of_mouth(face: np.ndarray, placed: np.ndarray) -> np.ndarray:
    """How dark the corners of the mouth, its upper and its lower edge are: `f 20` in [0, 1].

    A mouth that the photo shows open keeps what it shows; opened farther it is dark below that.
    """
    eyes = np.linalg.norm(face[EYES[0][1][0], :2] - face[EYES[1][1][0], :2])
    before, now = opening(face[None, :, :2], LIPS)[0] / eyes, opening(placed[..., :2], LIPS) / eyes
    opened = ((now - max(before, MOUTH_SHUT)) / MOUTH_SHUT).clip(0, 1)
    shown = _shows_inside(face)
    stretched = ((now / max(before, 1e-6) - 1.5) / 1.5).clip(0, 1)
    upper = opened * (1 - shown)
    lower = opened * np.maximum(1 - shown, stretched)
    sides = (upper + lower) / 2
    edge = len(LIPS[0])
    return np.column_stack([sides, sides, np.repeat(upper[:, None], edge, 1), np.repeat(lower[:, None], edge, 1)])


def _mouth_color(picture: np.ndarray, face: np.ndarray) -> np.ndarray:
    """That of the dark inside: of the lips' inner edges, in the shadow."""
    column, row = face[[*LIPS[0], *LIPS[1]], :2].astype(int).T
    height, width = picture.shape[:2]
    lips = picture[row.clip(0, height - 1), column.clip(0, width - 1)].astype(np.float32)
    return (np.median(lips, axis=0) * SHADOW).astype(np.float32)
