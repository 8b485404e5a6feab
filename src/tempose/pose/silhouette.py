"""The mask of a person before a plain background, when the key points are known.

DeepFashion has key points but no masks. What is joined to the picture's edge in nearly its color is
background; what lies along the limbs is person; GrabCut (Rother et al., 2004) decides the rest.
"""

from __future__ import annotations

import numpy as np

PLAIN = 12  # largest difference in a channel of Lab, of 255, between background and the picture's edge
# Half the width of what is surely person, in lengths of the trunk.
LIMB_WIDTHS = {
    (2, 3): 0.03, (3, 4): 0.03, (5, 6): 0.03, (6, 7): 0.03,
    (8, 9): 0.06, (9, 10): 0.05, (11, 12): 0.06, (12, 13): 0.05, (1, 0): 0.06,
}  # fmt: skip
REACH = 0.55  # farther than this from the skeleton, in lengths of the trunk, is probably background
TRUNK = (2, 5, 11, 8)
ROUNDS = 3  # of GrabCut


def silhouette(picture: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """bool `h w`: where the person is, in uint8 `h w 3` with key points `18 3`.

    With no key point at all it is what stands out from the background.
    """
    import cv2

    background = _plain_background(picture)
    trunk = _trunk_length(keypoints)
    person = _along_the_skeleton(picture.shape[:2], keypoints, trunk)
    if not person.any():
        return ~background
    distance = cv2.distanceTransform((~person).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    labels = np.where(distance > REACH * trunk, cv2.GC_PR_BGD, cv2.GC_PR_FGD).astype(np.uint8)
    labels[background] = cv2.GC_BGD
    labels[person] = cv2.GC_FGD
    if (labels == cv2.GC_FGD).all() or not background.any():
        return labels != cv2.GC_BGD
    cv2.setRNGSeed(0)  # the same picture gives the same mask
    inside, outside = np.zeros((1, 65)), np.zeros((1, 65))  # the color models, which it fills
    cv2.grabCut(picture, labels, (0, 0, 1, 1), outside, inside, ROUNDS, cv2.GC_INIT_WITH_MASK)
    return _joined_to(person, (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))


def _plain_background(picture: np.ndarray) -> np.ndarray:
    """bool `h w`: joined to the upper, left or right edge, in nearly the color of these edges."""
    import cv2

    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.int16)
    edge = np.concatenate([lab[0], lab[:, 0], lab[:, -1]])
    plain = np.abs(lab - np.median(edge, axis=0)).max(axis=-1) < PLAIN
    _, parts = cv2.connectedComponents(plain.astype(np.uint8))
    at_edge = np.unique(np.concatenate([parts[0], parts[:, 0], parts[:, -1]]))
    return plain & np.isin(parts, at_edge[at_edge > 0])


def _trunk_length(keypoints: np.ndarray) -> float:
    """From neck to hips, in pixels; where they are not seen, 0.3 of what is."""
    seen = keypoints[:, 2] > 0
    if seen[[1, 8, 11]].all():
        return float(np.linalg.norm(keypoints[1, :2] - keypoints[[8, 11], :2].mean(axis=0)))
    return 0.3 * float(np.ptp(keypoints[seen, :2], axis=0).max()) if seen.any() else 0.0


def _along_the_skeleton(size: tuple[int, int], keypoints: np.ndarray, trunk: float) -> np.ndarray:
    """bool `h w`: the limbs as bars, and the trunk between shoulders and hips."""
    import cv2

    drawing = np.zeros(size, np.uint8)
    points, seen = np.round(keypoints[:, :2]).astype(np.int32), keypoints[:, 2] > 0
    for (one, other), share in LIMB_WIDTHS.items():
        if seen[one] and seen[other]:
            thickness = max(1, round(2 * share * trunk))
            cv2.line(drawing, points[one].tolist(), points[other].tolist(), 1, thickness)
    if seen[list(TRUNK)].all():
        cv2.fillConvexPoly(drawing, cv2.convexHull(points[list(TRUNK)]), 1)
    return drawing.astype(bool)


def _joined_to(person: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The parts of the mask that touch the sure person; thin wires and specks fall away before."""
    import cv2

    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, parts = cv2.connectedComponents(opened | person.astype(np.uint8))
    return np.isin(parts, np.unique(parts[person])) & (parts > 0)
