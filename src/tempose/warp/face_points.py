"""The points of the face's mesh by name, and how near to each other they are on it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from tempose.pose.face_mesh import IRISES, MESH_POINTS

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
BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
SKIN_TRIANGLES = 852  # of the stored mesh the first; what follows closes its eyes and its mouth
SIDES, NOSE, CHIN, TOP = (234, 454), 1, 152, 10

# Points that no expression moves much: forehead, temples, cheekbones, bridge and tip of the nose, corners of the eyes.
FIRM = (
    10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 33, 133, 362, 263, 127, 234, 356, 454, 21, 251, 54, 284, 103, 332, 67, 297,
    109, 338, 116, 345, 123, 352,
)  # fmt: skip

# Rings around the mesh, in its own size: what is about the face follows it less and less, up to nothing.
RINGS = ((1.4, 0.4), (1.9, 0.0))


@cache
def skin() -> np.ndarray:
    """`t 3`: the points of each triangle of the mesh, but where it is open (eyes, mouth), and of the rings."""
    rings, inner = [], list(OVAL)
    for ring in range(len(RINGS)):
        outer = [MESH_POINTS + ring * len(OVAL) + i for i in range(len(OVAL))]
        for i in range(len(OVAL)):
            j = (i + 1) % len(OVAL)
            rings += [(inner[i], outer[i], outer[j]), (inner[i], outer[j], inner[j])]
        inner = outer
    return np.concatenate([closed_mesh()[:SKIN_TRIANGLES], rings])


@cache
def closed_mesh() -> np.ndarray:
    """`t 3`: the points of each triangle of mediapipe's mesh, whose FACEMESH_TESSELATION names the edges, with eyes and
    mouth closed."""
    with np.load(Path(__file__).with_name("face_mesh.npz")) as stored:
        return stored["triangles"].astype(np.int64)


def mesh_points(face: np.ndarray) -> np.ndarray:
    """x, y and depth of the mesh, `… 468 3`."""
    return np.asarray(face[..., :MESH_POINTS, :], np.float64)[..., [0, 1, 3]]


def iris_points(face: np.ndarray) -> np.ndarray:
    """x, y and depth of the middles of both irises, `… 2 3`; NaN where they are unknown."""
    irises = np.asarray(face[..., list(IRISES), :], np.float64)
    return np.where(irises[..., 2:3] > 0, irises[..., [0, 1, 3]], np.nan)


def face_height(face: np.ndarray) -> float:
    return float(np.linalg.norm(face[CHIN] - face[TOP]))


def face_yaw(faces: np.ndarray) -> np.ndarray:
    """By how many degrees faces `f 468 3` are turned to a side."""
    across = faces[:, SIDES[1]] - faces[:, SIDES[0]]
    return np.degrees(np.arctan2(across[:, 2], np.hypot(across[:, 0], across[:, 1])))


def opening(faces: np.ndarray, edges: tuple[tuple[int, ...], tuple[int, ...]]) -> np.ndarray:
    """How far the middles of two edges are apart in faces `f v d`: `f`, pixels."""
    upper, lower = (faces[:, list(edge)[2:-2]].mean(1) for edge in edges)
    return np.linalg.norm(lower - upper, axis=-1)


@cache
def regions() -> np.ndarray:
    """How much the points follow the mouth, the brows and the lids: `3 468` in [0, 1]."""
    mouth, brows, lids = np.zeros((3, MESH_POINTS))
    away = rows_from((*LIPS[0], *LIPS[1], *MOUTH_CORNERS))
    mouth = (1 - (away - 5) / 6).clip(0, 1)
    mouth[[i for i in range(MESH_POINTS) if away[i] <= 5]] = 1
    away = rows_from((*BROWS[0], *BROWS[1]))
    brows = (1 - away / 4).clip(0, 1)
    for upper, lower in (RIGHT_LIDS, LEFT_LIDS):
        lids[list(upper + lower)] = 1
    mouth[lids > 0] = brows[lids > 0] = 0
    return np.stack([mouth, brows, lids])


@cache
def neighbors() -> dict[int, set[int]]:
    found: dict[int, set[int]] = {i: set() for i in range(MESH_POINTS)}
    for corners in closed_mesh()[:SKIN_TRIANGLES].tolist():
        for point in corners:
            found[point] |= set(corners) - {point}
    return found


def rows_from(points: tuple[int, ...]) -> np.ndarray:
    """How many edges of the mesh every point is away from some: `468`."""
    rows, now = np.full(MESH_POINTS, MESH_POINTS), set(points)
    for row in range(MESH_POINTS):
        if not now:
            break
        rows[list(now)] = row
        now = {n for point in now for n in neighbors()[point] if rows[n] == MESH_POINTS}
    return rows
