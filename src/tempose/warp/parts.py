"""Which layer of the person every pixel of the photo belongs to."""

from __future__ import annotations

import numpy as np

from tempose.pose.keypoints import KEYPOINTS, MIN_CONFIDENCE

LAYERS = ("trunk", "right_leg", "left_leg", "right_arm", "left_arm")
TRUNK, RIGHT_LEG, LEFT_LEG, RIGHT_ARM, LEFT_ARM = range(len(LAYERS))

# The bones of every layer, and half the width of the flesh around each in lengths of the trunk.
BONES: tuple[tuple[int, str, str, float], ...] = (
    (TRUNK, "neck", "right_hip", 0.28),
    (TRUNK, "neck", "left_hip", 0.28),
    (TRUNK, "neck", "nose", 0.24),
    (TRUNK, "right_hip", "left_hip", 0.2),
    (RIGHT_LEG, "right_hip", "right_knee", 0.17),
    (RIGHT_LEG, "right_knee", "right_ankle", 0.13),
    (LEFT_LEG, "left_hip", "left_knee", 0.17),
    (LEFT_LEG, "left_knee", "left_ankle", 0.13),
    (RIGHT_ARM, "right_shoulder", "right_elbow", 0.11),
    (RIGHT_ARM, "right_elbow", "right_wrist", 0.09),
    (LEFT_ARM, "left_shoulder", "left_elbow", 0.11),
    (LEFT_ARM, "left_elbow", "left_wrist", 0.09),
)


def find_parts(picture: np.ndarray, mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """The layer of every pixel of the person, int8 `h w`: an index into LAYERS, −1 off the mask.

    Args:
        picture: uint8 `h w 3`.
        mask: bool `h w`.
        keypoints: `18 3`; missing ones have a confidence below MIN_CONFIDENCE.
    """
    distance = bone_distances(keypoints, mask.shape)
    return np.where(mask, distance.argmin(axis=0), -1).astype(np.int8)


def trunk_length(keypoints: np.ndarray) -> float:
    """From neck to hips in pixels, estimated from what is seen of the person."""
    seen = keypoints[:, 2] >= MIN_CONFIDENCE
    points = keypoints[:, :2]
    guesses = [1.0]
    hips = [i for i in (8, 11) if seen[i]]
    if seen[1] and hips:
        guesses.append(float(np.linalg.norm(points[1] - points[hips].mean(axis=0))))
    if seen[2] and seen[5]:
        guesses.append(1.2 * float(np.linalg.norm(points[2] - points[5])))
    if len(guesses) == 1 and seen.any():
        guesses.append(0.3 * float(np.ptp(points[seen], axis=0).max()))
    return max(guesses)


def bone_distances(keypoints: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Distance of every pixel to each layer's bones in widths of their flesh, float32 `l h w`; inf without bones."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32) + 0.5
    distances = np.full((len(LAYERS), *size), np.inf, np.float32)
    trunk = trunk_length(keypoints)
    for layer, one, other, radius in BONES:
        a, b = keypoints[KEYPOINTS.index(one)], keypoints[KEYPOINTS.index(other)]
        if min(a[2], b[2]) < MIN_CONFIDENCE:
            continue
        axis = b[:2] - a[:2]
        along = ((x - a[0]) * axis[0] + (y - a[1]) * axis[1]) / max(float(axis @ axis), 1e-6)
        along = along.clip(0, 1)
        away = np.hypot(x - a[0] - along * axis[0], y - a[1] - along * axis[1]) / (radius * trunk)
        np.minimum(distances[layer], away, out=distances[layer])
    if np.isinf(distances[TRUNK]).all():
        distances[TRUNK] = 1e6
    return distances
