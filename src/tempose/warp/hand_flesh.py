"""Where the points of its hands say that a photo surely shows them: what masks cut off, and what lies on clothes.

An estimator guesses the fingers that a pocket hides, too: a point counts where the photo has the color of skin.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from tempose.pose.keypoints import FINGERS, KNUCKLES, MIN_CONFIDENCE
from tempose.warp.flesh import LEFT_ARM, RIGHT_ARM, head_axis, trunk_length

# Elbow, wrist and layer of the right and the left arm; nose and eyes, one of which a face shows.
ARMS = ((3, 4, RIGHT_ARM), (6, 7, LEFT_ARM))
FACE = (0, 14, 15)

# In lengths of the trunk: how much of the middle of the face, and about the points on the forearm, in shares of it
# from the wrist, is looked at.
CHEEK, ARM, UP = 0.08, 0.03, (0.1, 0.2, 0.3)

# Distances in Lab, lightness halved: of skin from the face or a forearm; of a bare forearm from the face; of flesh from
# the middle of its hand.
SKIN, BARE, ALIKE = 20.0, 15.0, 20.0

FLESH, POINT = 0.16, 0.05  # of a palm's length are as far from a bone, and make up a point


def hand_flesh(picture: np.ndarray, keypoints: np.ndarray, hands: np.ndarray | None) -> np.ndarray:
    """int8 `h w`: RIGHT_ARM or LEFT_ARM where that hand surely is, −1 elsewhere.

    Args:
        picture: uint8 `h w 3`.
        keypoints: `18 3`.
        hands: `2 21 4`, as in `Motion`; None where nothing is known.
    """
    found = np.full(picture.shape[:2], -1, np.int8)
    if hands is None or not (hands[..., 2] >= MIN_CONFIDENCE).all(-1).any():
        return found
    lab = half_lit(picture)
    for (elbow, wrist, layer), hand in zip(ARMS, hands, strict=True):
        if (hand[:, 2] < MIN_CONFIDENCE).any():
            continue
        skin = skin_colors(lab, lab, keypoints, elbow, wrist)
        palm = float(np.linalg.norm(hand[list(KNUCKLES)][:, [0, 1, 3]].mean(0) - hand[0, [0, 1, 3]]))
        colors = np.array([_color(lab, point, POINT * palm) for point in hand[:, :2]])
        if not len(skin):
            continue
        shown = np.linalg.norm(colors[:, None] - skin, axis=-1).min(-1) < SKIN
        bones = np.zeros(found.shape, np.uint8)
        for line in (pair for finger in FINGERS for pair in pairwise((0, *finger))):
            if shown[list(line)].all():
                one, other = (tuple(int(v) for v in np.round(8 * hand[end, :2] - 4)) for end in line)
                cv2.line(bones, one, other, 1, max(1, round(2 * FLESH * palm)), cv2.LINE_8, 3)
        if bones.any():
            alike = np.linalg.norm(lab - np.median(colors[shown], axis=0), axis=-1) < ALIKE
            found[(bones > 0) & alike] = layer
    return found


def half_lit(picture: np.ndarray) -> np.ndarray:
    """A picture, uint8 `h w 3`, in Lab with half the lightness: float32 `h w 3`."""
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) * np.array([0.5, 1, 1], np.float32)


def skin_colors(head: np.ndarray, arm: np.ndarray, keypoints: np.ndarray, elbow: int, wrist: int) -> np.ndarray:
    """The colors of face and forearm, `n 3`: of the face where it is seen, of a forearm that is bare.

    Args:
        head, arm: pictures of these, as `half_lit` gives them.
    """
    trunk, found = trunk_length(keypoints), []
    axis = head_axis(keypoints)
    if axis is not None and keypoints[list(FACE), 2].max() >= MIN_CONFIDENCE:
        found.append(_color(head, axis[0], CHEEK * trunk))
    if keypoints[[elbow, wrist], 2].min() >= MIN_CONFIDENCE:
        way = keypoints[elbow, :2] - keypoints[wrist, :2]
        bare = np.median([_color(arm, keypoints[wrist, :2] + share * way, ARM * trunk) for share in UP], axis=0)
        if not found or np.linalg.norm(bare - found[0]) < BARE:
            found.append(bare)
    return np.array(found)


def _color(lab: np.ndarray, place: np.ndarray, radius: float) -> np.ndarray:
    """The median color about a place, `3`."""
    height, width = lab.shape[:2]
    x, y = (int(v) for v in np.floor(place))
    reach = max(0, int(np.ceil(radius - 0.5)))
    rows, columns = (slice(max(0, v - reach), max(0, v + reach) + 1) for v in (min(y, height - 1), min(x, width - 1)))
    return np.asarray(np.median(lab[rows, columns].reshape(-1, 3), axis=0))
