"""The points of the face: mediapipe's face mesh and irises, and which of them other programs know.

The mesh: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019, arXiv
1907.06724; with irises: Grishchenko et al., "Attention Mesh", 2020, arXiv 2006.10962. Right and left are the
person's own.
"""

from __future__ import annotations

import numpy as np

# The 468 points of the mesh, then 5 of the right iris (468 is the pupil) and 5 of the left (473).
MESH_POINTS, FACE_POINTS = 468, 478

# The middles of the right iris and the left.
IRISES = (468, 473)

# Outer and inner corner of the right eye, inner and outer of the left; points that tell where the head is.
EYE_CORNERS = (33, 133, 362, 263)

# Of the first 248 points these lie on the middle line, the others on the person's right; from 248 on those on the left
# stand in the order of their mirror images. Found as the assignment of least distance between the meshes of five
# photos and of the same photos mirrored.
_MIDDLE = (0, 1, 2, *range(4, 7), *range(8, 20), 94, 151, 152, 164, 168, 175, 195, 197, 199, 200)
_IRIS_PAIRS = ((468, 473), (469, 476), (470, 475), (471, 474), (472, 477))


def _mirror() -> tuple[int, ...]:
    order = np.arange(FACE_POINTS)
    right = np.setdiff1d(np.arange(248), _MIDDLE)
    left = np.arange(248, MESH_POINTS)
    order[right], order[left] = left, right
    for one, other in _IRIS_PAIRS:
        order[[one, other]] = other, one
    return tuple(order.tolist())


# Point i of a mirrored face is point FACE_MIRROR[i] of the face.
FACE_MIRROR = _mirror()

# The points of the mesh that lie where the 68 of iBUG (Sagonas et al., "300 Faces in-the-Wild Challenge", 2013) do,
# in their order: chin line from the right, brows, nose, eyes, mouth. OpenPose adds the pupils, right and left.
FACE_68 = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301,
    168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
FACE_70 = (*FACE_68, 468, 473)
