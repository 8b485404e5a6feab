"""The hands of the photo bent as the driver's: at the wrist, and the fingers by their bones where both are seen well.

Angles against the forearm, and of fingers against the palm, are changed by what the driver's differ from the photo's;
lengths follow the driver's foreshortening within bounds. The picture about the hand is carried along with the bones
(linear blend skinning in the plane: Lewis et al., "Pose Space Deformation", SIGGRAPH 2000). What is uncertain is left
as the photo shows it: a hand goes with its forearm.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from tempose.pose.keypoints import FINGERS, KNUCKLES, MIN_CONFIDENCE, Motion
from tempose.warp.meshes import MeshMotion

ELBOWS = (3, 6)
LEAST_HAND = 16.0  # the smallest palm that is moved, from wrist to knuckles, pixels

# Degrees by which a wrist and each bone of a finger bend at most; what asks for more than ASTRAY is no bend but another
# view of the hand, or a mistake.
MOST_WRIST, MOST_FINGER, ASTRAY = 30.0, 40.0, 70.0
SHORTEST, LONGEST = 0.5, 1.2  # of a finger's bone in the photo

# A direction is told by what shows so much of its length; fingers bend where so much of theirs is seen in the photo,
# and the palm from the same side, so broad against its length.
TELLS, STRAIGHT, BROAD = 0.4, 0.6, 0.25

CELL, AROUND, SOFT = 0.1, 0.55, 0.09  # of the mesh: its cells, what is about the hand, how softly bones share, in palms
BESIDE, HOLDS = 0.4, 0.08  # so far beside a hand's bones, in palms, so much of the mesh may be arm; more is held
BACK, FOREARM = 0.4, 3.0  # how far the mesh begins before the wrist, and how long a forearm is, in palms
SMOOTH = 0.08  # seconds

# From which point of a hand to which its bones run, one to every point but the wrist.
BONES = tuple((start, end) for finger in FINGERS for start, end in pairwise(finger))

STIFF = "{} well enough: hands stay as in the photo"


def move_hands(photo: Motion, driver: Motion, arms: np.ndarray) -> tuple[list[MeshMotion | None], tuple[str, ...]]:
    """How the right and the left hand move, None where they go with the forearm as one piece; and what is to be said.

    Args:
        photo: the person in the photo, one frame.
        driver: whose hands are followed, in its own frames.
        arms: how much of each pixel of the photo the right and the left arm are, `2 h w` in [0, 1]: a hand that holds
            something stays as it is.
    """
    if driver.hands is None or not (driver.hands[:, :, 0, 2] > 0).any():
        return [None, None], ()
    if photo.hands is None or not (photo.hands[0, :, 0, 2] > 0).any():
        return [None, None], (STIFF.format("the photo shows no hand"),)
    hands = [_moved(photo, driver, side, arms[side]) for side in range(2)]
    why = () if any(hand is not None for hand in hands) else (STIFF.format("photo and motion show no hand"),)
    return hands, why


def _moved(photo: Motion, driver: Motion, side: int, arm: np.ndarray) -> MeshMotion | None:
    """One hand; None where it is not seen well enough."""
    own, seen, _ = _beside_forearm(photo, side)
    theirs, told, _ = _beside_forearm(driver, side)
    if not seen[0] or not told.any() or abs(_palm(own)[0]) < LEAST_HAND:
        return None
    assert driver.hands is not None
    size = float(np.quantile(np.abs(_palm(theirs[told])), 0.9))
    moved = _bent(own[0], theirs, told, size, driver.fps)
    depth = driver.hands[:, side, :, 3] * abs(_palm(own)[0]) / size
    return _skinned(photo, side, moved, depth, arm)


def _beside_forearm(motion: Motion, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of a hand from its wrist, along the forearm and across it, as complex numbers `f 21`; whether hand and
    forearm are seen, `f`; and which way the forearm points in the picture, `f`."""
    assert motion.hands is not None
    hand, elbow = motion.hands[:, side], motion.keypoints[:, ELBOWS[side]]
    points = hand[..., 0] + 1j * hand[..., 1].astype(np.float64)
    along = points[:, 0] - (elbow[:, 0] + 1j * elbow[:, 1])
    known = (hand[..., 2] > MIN_CONFIDENCE).all(1) & (elbow[:, 2] > MIN_CONFIDENCE) & (np.abs(along) > 1)
    usual = np.quantile(np.abs(along[known]), 0.9) if known.any() else 1.0
    way = np.where(known, along / np.maximum(np.abs(along), 1e-6), 1)
    return (points - points[:, :1]) / way[:, None], known & (np.abs(along) > TELLS * usual), way


def _palm(hands: np.ndarray) -> np.ndarray:
    """From the wrist to the middle of the knuckles, `f`."""
    middle: np.ndarray = hands[:, list(KNUCKLES)].mean(1)
    return middle


def _breadth(hands: np.ndarray) -> np.ndarray:
    """How broad palms are against their length, negative where they are seen from the other side, `f`."""
    palm = _palm(hands)
    return ((hands[:, KNUCKLES[0]] - hands[:, KNUCKLES[-1]]) / np.where(palm == 0, 1, palm)).imag


def _bent(own: np.ndarray, theirs: np.ndarray, told: np.ndarray, size: float, fps: float) -> np.ndarray:
    """The photo's points `21`, bent as hands `f 21` of a driver whose palm is of a size: `f 21`."""
    palm, palms = _palm(own[None])[0], _palm(theirs)
    told = told & (np.abs(palms) > TELLS * size)
    theirs = np.where(told[:, None], theirs, own)
    palms = np.where(told, palms, palm)
    wrist = np.degrees(np.angle(palms / palm))
    told = told & (np.abs(wrist) < ASTRAY)
    wrist = np.where(told, wrist.clip(-MOST_WRIST, MOST_WRIST), 0)

    chains = np.array(FINGERS)[:, 1:]  # 5 4
    before, now = (np.diff(points[..., chains]) for points in (own, theirs))  # 5 3, f 5 3
    before = np.where(before == 0, 1e-6, before)
    turn = np.degrees(np.angle(now / palms[:, None, None] / (before / palm)))
    long = (np.abs(now) / size) / (np.abs(before) / abs(palm))
    breadth, breadths = _breadth(own[None])[0], _breadth(theirs)
    open_hand = np.abs(own[chains[1:, -1]] - own[chains[1:, 0]]).mean() > STRAIGHT * abs(palm) and abs(breadth) > BROAD
    same = told & open_hand & (breadths * np.sign(breadth) > BROAD)
    fingers = same[:, None] & (np.abs(turn) < ASTRAY).all(-1)  # f 5
    turn = np.where(fingers[..., None], turn.clip(-MOST_FINGER, MOST_FINGER), 0)
    long = np.where(fingers[..., None], long.clip(SHORTEST, LONGEST), 1)

    wrist, turn, long = (gaussian_filter1d(each, SMOOTH * fps, axis=0, mode="nearest") for each in (wrist, turn, long))
    whole = np.exp(1j * np.radians(wrist))
    moved = own * whole[:, None]
    for bone in range(3):
        step = before[:, bone] * long[..., bone] * np.exp(1j * np.radians(turn[..., bone])) * whole[:, None]
        moved[:, chains[:, bone + 1]] = moved[:, chains[:, bone]] + step
    return moved


def _skinned(photo: Motion, side: int, moved: np.ndarray, depth: np.ndarray, arm: np.ndarray) -> MeshMotion | None:
    """A mesh about a hand that follows its points `f 21`, as deep as `f 21`; and where it was it is hidden. None if the
    arm, `h w`, goes on beside the hand."""
    assert photo.hands is not None
    own, _, way = _beside_forearm(photo, side)
    points, size = own[0], abs(_palm(own)[0])
    low = np.array([min(points.real.min(), -BACK * size), points.imag.min() - AROUND * size])
    high = np.array([points.real.max(), points.imag.max()]) + AROUND * size
    along, across = (np.arange(a, b, CELL * size) for a, b in zip(low, high, strict=True))
    grid = (along[:, None] + 1j * across).reshape(-1)  # v
    share, away = _shares(grid, points, size)  # v 21: of the bone that ends in each point, 0: the forearm; v
    wrist = complex(*photo.hands[0, side, 0, :2])
    still = wrist + grid * way[0]
    column, row = (
        values.astype(int).clip(0, most - 1)
        for values, most in zip((still.real, still.imag), arm.shape[::-1], strict=True)
    )
    beside = (away > BESIDE * size) & (share[:, 0] < 0.5)
    if (arm[row, column] > 0.5)[beside].mean() > HOLDS:
        return None

    there = np.broadcast_to(share[:, 0] * grid, (len(moved), len(grid))).astype(np.complex128)
    deep = np.zeros(there.shape)
    for start, end in BONES:
        before, now = points[end] - points[start], moved[:, end] - moved[:, start]
        place = (grid - points[start]) / (before / abs(before))
        place = place.real * (np.abs(now) / abs(before))[:, None] + 1j * place.imag
        there += share[:, end] * (moved[:, start, None] + place * (now / np.maximum(np.abs(now), 1e-6))[:, None])
        deep += share[:, end] * (depth[:, start, None] + depth[:, end, None]) / 2

    # The mesh where it has gone, and behind it the same where it was, which hides.
    gone = wrist + there * way[0]
    both = np.concatenate([gone, np.broadcast_to(still, gone.shape)], axis=1)
    behind = np.full(deep.shape, 10 * size)
    hidden = np.concatenate([np.zeros(len(grid)), 1 - share[:, 0]])
    return MeshMotion(
        np.tile(np.stack([still.real, still.imag], axis=-1), (2, 1)).astype(np.float32),
        np.stack([both.real, both.imag, np.concatenate([deep, behind], axis=1)], axis=-1).astype(np.float32),
        np.broadcast_to(hidden, both.shape).astype(np.float32),
        np.concatenate([_cells(len(along), len(across)), len(grid) + _cells(len(along), len(across))]),
    )


def _shares(grid: np.ndarray, points: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """How much places `v` go with the bone that ends in each of the points `21`, or with the forearm: `v 21`; and how
    far they are from the nearest."""
    ends = [(-size * FOREARM, 0j), *((points[start], points[end]) for start, end in BONES)]
    start, end = np.array(ends).T[..., None]
    along = (grid - start) / np.where(end == start, 1, end - start)
    away = np.abs((along - along.real.clip(0, 1)) * (end - start))  # 21 v
    near = np.exp(-(away**2 - away.min(0) ** 2) / (2 * (SOFT * size) ** 2))
    return (near / near.sum(0)).T[:, np.argsort([0, *(end for _, end in BONES)])], away.min(0)


def _cells(rows: int, columns: int) -> np.ndarray:
    """The triangles of a grid of points, row by row, `t 3`."""
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
    one = np.stack([first, first + columns, first + columns + 1], axis=1)
    return np.concatenate([one, np.stack([first, first + columns + 1, first + 1], axis=1)])
