"""The layers that a person is made of, their bones in a photo, and how wide the flesh about these is."""

from __future__ import annotations

import numpy as np

from tempose.pose.keypoints import HIDDEN, KEYPOINTS, MIN_CONFIDENCE

LAYERS = ("trunk", "right_leg", "left_leg", "right_arm", "left_arm", "head")
TRUNK, RIGHT_LEG, LEFT_LEG, RIGHT_ARM, LEFT_ARM, HEAD = range(len(LAYERS))

FACE = (0, 14, 15, 16, 17)  # key points

# The bones of every layer but the head, and half the width of the flesh around each in lengths of the trunk.
BONES: tuple[tuple[int, str, str, float], ...] = (
    (TRUNK, "neck", "right_hip", 0.28),
    (TRUNK, "neck", "left_hip", 0.28),
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

# The head, in lengths of the trunk: chin and top from the middle of the face, half the widths of skull and neck.
CHIN_BELOW, TOP_ABOVE, SKULL, THROAT = 0.17, 0.27, 0.2, 0.1
SURELY_NECK = 0.3  # of the way from its base to the chin: heads may be bowed
FARTHEST = 8.0  # bones farther than so many widths of their flesh are all equally far


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


def head_axis(keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The middle of the face, `2`, and the unit vector from the neck to it; None where no face is seen."""
    face = keypoints[[index for index in FACE if keypoints[index, 2] >= MIN_CONFIDENCE], :2]
    if not len(face):
        return None
    middle = face.mean(axis=0)
    up = middle - keypoints[1, :2] if keypoints[1, 2] > HIDDEN else np.zeros(2)
    length = float(np.hypot(*up))
    return middle, up / length if length > 1e-3 else np.array([0.0, -1.0])


def skull_middle(keypoints: np.ndarray, face: np.ndarray) -> np.ndarray:
    """The middle of the ears, `2`, below which the neck is, however the head turns; without ears that of the face.

    Of a profile, whose nose is beyond both ears, the ear that is seen: the other one is a guess.
    """
    ears = keypoints[[index for index in (16, 17) if keypoints[index, 2] >= MIN_CONFIDENCE], :2]
    if len(ears) == 2 and keypoints[0, 2] >= MIN_CONFIDENCE:
        from_nose = ears - keypoints[0, :2]
        if from_nose[0] @ from_nose[1] > 0:
            return ears[np.hypot(*from_nose.T).argmax()]
    return ears.mean(axis=0) if len(ears) else face


def bone_distances(keypoints: np.ndarray, size: tuple[int, ...], hem: float = 0.0) -> np.ndarray:
    """Distance of every pixel to each layer's bones in widths of their flesh, float32 `l h w`; inf without bones.

    Legs above the hem of a cloth that hangs over both count as bones of the trunk.
    """
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32) + 0.5
    distances = np.full((len(LAYERS), *size), np.inf, np.float32)
    trunk = trunk_length(keypoints)

    def add(layer: int, a: np.ndarray, b: np.ndarray, radius: float) -> None:
        axis = b - a
        along = ((x - a[0]) * axis[0] + (y - a[1]) * axis[1]) / max(float(axis @ axis), 1e-6)
        along = along.clip(0, 1)
        away = np.hypot(x - a[0] - along * axis[0], y - a[1] - along * axis[1]) / (radius * trunk)
        np.minimum(distances[layer], away, out=distances[layer])

    for layer, one, other, radius in BONES:
        a, b = keypoints[KEYPOINTS.index(one)], keypoints[KEYPOINTS.index(other)]
        if min(a[2], b[2]) < MIN_CONFIDENCE:
            continue
        start = hem - ("knee" in one) if layer in (RIGHT_LEG, LEFT_LEG) else 0.0
        middle = a[:2] + min(max(start, 0.0), 1.0) * (b[:2] - a[:2])
        if start > 0:
            add(TRUNK, a[:2], middle, radius)
        if start < 1:
            add(layer, middle, b[:2], radius)
    if (head := head_axis(keypoints)) is not None:
        middle, up = head
        chin = middle - CHIN_BELOW * trunk * up
        add(HEAD, chin, middle + max(TOP_ABOVE - SKULL, 0) * trunk * up, SKULL)
        if keypoints[1, 2] >= MIN_CONFIDENCE:
            add(TRUNK, keypoints[1, :2], keypoints[1, :2] + SURELY_NECK * (chin - keypoints[1, :2]), THROAT)
    if np.isinf(distances[TRUNK]).all():
        distances[TRUNK] = FARTHEST
    return distances
