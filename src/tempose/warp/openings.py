"""What the openings of a face show: eyes that look elsewhere than in the photo, and the inside of a mouth.

Each opening is a grid of points of its own between its edges, the lids or the inner lips: from corner to corner along
them, and from the upper to the lower one. The iris goes along the lids, since a look to a side slides it under them. Of
the mouth, of which the photo may show nothing, teeth hang below the upper lip, in the shade, and below them it is dark.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from tempose.warp.face_points import LEFT_LIDS, LIPS, MOUTH_CORNERS, RIGHT_LIDS, opening


class Opening(NamedTuple):
    """Points of the mesh along both edges of an opening, from the left of the picture to the right, corners included;
    and how far below the upper edge the rows of its grid are in the photo."""

    upper: tuple[int, ...]
    lower: tuple[int, ...]
    rows: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.rows) * len(self.upper)


OPEN_EYES = (
    Opening((33, *RIGHT_LIDS[0], 133), (33, *RIGHT_LIDS[1], 133), (0, 0.25, 0.5, 0.75, 1)),
    Opening((362, *LEFT_LIDS[0][::-1], 263), (362, *LEFT_LIDS[1][::-1], 263), (0, 0.25, 0.5, 0.75, 1)),
)
MOUTH = Opening(
    (MOUTH_CORNERS[0], *LIPS[0], MOUTH_CORNERS[1]), (MOUTH_CORNERS[0], *LIPS[1], MOUTH_CORNERS[1]), (0, 0.4, 0.5, 1)
)
OPENINGS = (*OPEN_EYES, MOUTH)

# The iris, in widths of the eye; and how much of the way to the corner, and of the height of the eye, it goes at most.
IRIS, ASIDE, UPWARD = 0.19, 0.75, 0.2

# Teeth: so high at most, in distances of the eyes; so much of the open mouth, without a smile and with one; how far
# below they end in the dark; and how much darker they are under the lip and towards the corners.
TEETH, FILLED, SOFT = 0.085, (0.5, 0.85), 0.12
UNDER_LIP, AT_CORNERS = 0.1, 0.5

# The dark is the color of the lips times this; teeth have a share of the lightness of the cheeks and little color
# (CIE Lab); the tongue that much of the lips.
SHADOW, LIGHTNESS, TINT, TONGUE = 0.45, (36.0, 0.55), (8.0, 8.0), 0.4


@cache
def triangles(first: int) -> np.ndarray:
    """`t 3`: of all openings, the points of which begin with so many."""
    found = []
    for each in OPENINGS:
        columns = len(each.upper)
        for row in range(len(each.rows) - 1):
            for column in range(columns - 1):
                start = first + row * columns + column
                below = start + columns
                found += [(start, start + 1, below)] * (column > 0)  # corners are a single place
                found += [(start + 1, below + 1, below)] * (column < columns - 2)
        first += len(each)
    return np.array(found)


def grid(faces: np.ndarray, which: Opening, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Places in an opening of faces `f 468 d`: `f r·c d`.

    Args:
        columns: how many points along the edges, `f c`. rows: how far from the upper to the lower one, `f r c`.
    """
    before = np.floor(columns).astype(int).clip(0, len(which.upper) - 2)
    share, frame = (columns - before)[..., None], np.arange(len(faces))[:, None]
    upper, lower = (
        (1 - share) * points[frame, before] + share * points[frame, before + 1]
        for points in (faces[:, list(which.upper)], faces[:, list(which.lower)])
    )
    found: np.ndarray = upper[:, None] + rows[..., None] * (lower - upper)[:, None]
    return found.reshape(len(faces), -1, faces.shape[-1])


def as_shown(face: np.ndarray, which: Opening) -> np.ndarray:
    """The grid of an opening in the photo's face, `468 d`: `r·c d`."""
    rows = np.repeat(np.array(which.rows)[None, :, None], len(which.upper), axis=2)
    return grid(face[None], which, np.arange(len(which.upper))[None], rows)[0]


# Eyes --------------------------------------------------------------------------------------------


def gaze(faces: np.ndarray, irises: np.ndarray) -> np.ndarray:
    """Where irises `f 2 d` of faces `f 468 d` are from the middles of their eyes, in widths of an eye, mean of both:
    `f 2`, across the face and down it."""
    across = faces[:, OPEN_EYES[1].upper[-1], :2] - faces[:, OPEN_EYES[0].upper[0], :2]
    across = across / np.linalg.norm(across, axis=-1, keepdims=True).clip(1e-6)
    down = across[:, ::-1] * (-1, 1)
    found = []
    for which, iris in zip(OPEN_EYES, irises.swapaxes(0, 1), strict=True):
        one, other = faces[:, which.upper[0], :2], faces[:, which.upper[-1], :2]
        away = (iris[:, :2] - (one + other) / 2) / np.linalg.norm(other - one, axis=-1, keepdims=True).clip(1e-6)
        found.append(np.stack([(away * across).sum(-1), (away * down).sum(-1)], axis=-1))
    return np.mean(found, axis=0)


def looking(face: np.ndarray, placed: np.ndarray, which: Opening, iris: np.ndarray, look: np.ndarray) -> np.ndarray:
    """The grid of an eye in faces `f 468 3` whose iris has moved: `f r·c 3`.

    Args:
        face: the photo's, `468 3`. iris: its middle there, `2`.
        look: by how much it moves, in widths of the eye, across the face and down it, `f 2`.
    """
    middle = (face[list(which.upper), :2] + face[list(which.lower), :2]) / 2  # c 2
    along = middle[-1] - middle[0]
    width = np.linalg.norm(along).clip(1e-6)
    at = (middle - middle[0]) @ along / width**2  # c, from 0 to 1
    at = np.maximum.accumulate(at + 1e-6 * np.arange(len(at)))
    iris = np.where(np.isnan(iris), middle.mean(0), iris)
    own = float(np.clip((iris - middle[0]) @ along / width**2, 0.3, 0.7))
    moves = np.interp(at, [0, own - IRIS, own + IRIS, 1], [0, 1, 1, 0])
    aside = look[:, 0].clip(-ASIDE * (own - IRIS), ASIDE * (1 - own - IRIS))
    columns = np.stack([np.interp(at + moves * each, at, np.arange(len(at))) for each in aside])
    high = opening(face[None, :, :2], (which.upper, which.lower))[0] / width
    rows = np.array(which.rows)[:, None]
    down = (look[:, 1] / max(high, 1e-6)).clip(-UPWARD, UPWARD)[:, None, None]
    return grid(placed, which, columns, rows + down * 4 * rows * (1 - rows) * moves)


# The mouth ---------------------------------------------------------------------------------------


class Inside(NamedTuple):
    """What a mouth shows that the photo does not."""

    places: np.ndarray  # f r·c 3
    shade: np.ndarray  # f r·c in [0, 1]: how much of it is seen


def mouth(placed: np.ndarray, *, eyes: float, opened: np.ndarray, kept: np.ndarray, smile: np.ndarray) -> Inside:
    """The inside of the mouth of faces `f 468 3`.

    Args:
        eyes: how far they are apart, pixels.
        opened: whether the mouth is open farther than in the photo, `f` in [0, 1].
        kept: how much of what the photo shows between the lips is still seen, `f` in [0, 1].
        smile: `f` in [0, 1].
    """
    gap = opening(placed[..., :2], LIPS)
    teeth = np.minimum(FILLED[0] + (FILLED[1] - FILLED[0]) * smile, TEETH * eyes / gap.clip(1e-6))
    ends = teeth + SOFT * (1 - teeth)
    teeth, ends = (each + kept * (row - each) for each, row in ((teeth, MOUTH.rows[1]), (ends, MOUTH.rows[2])))
    rows = np.stack([0 * gap, teeth, ends, 0 * gap + 1], axis=1)
    columns = len(MOUTH.upper)
    places = grid(placed, MOUTH, np.tile(np.arange(columns), (len(placed), 1)), np.repeat(rows[..., None], columns, 2))
    return Inside(places, np.repeat((opened * (1 - kept))[:, None], len(MOUTH), axis=1))


def mouth_colors(lips: np.ndarray, cheeks: np.ndarray) -> np.ndarray:
    """`r·c 3` in [0, 255]: of teeth and what is below them, from the colors of lips and cheeks, `3` in [0, 255]."""
    import cv2

    light = cv2.cvtColor(np.array([[cheeks]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0, 0]
    white = cv2.cvtColor(np.array([[[LIGHTNESS[0] + LIGHTNESS[1] * light, *TINT]]], np.float32), cv2.COLOR_LAB2RGB)
    white = 255 * white[0, 0].clip(0, 1)
    dark = SHADOW * lips
    aside = np.abs(np.linspace(-1, 1, len(MOUTH.upper)))[:, None]
    teeth = white + AT_CORNERS * aside**2 * (dark - white)
    rows = [teeth + UNDER_LIP * (dark - teeth), teeth, 0 * aside + dark, 0 * aside + dark + TONGUE * (lips - dark)]
    return np.concatenate(rows).astype(np.float32)
