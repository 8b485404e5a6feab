"""Things in a hand, a bag or a stick, that the estimator's mask leaves out: before a plain background they stand out.

Around each hand the background is fitted by a smooth surface. What differs from it, begins at the hand and ends within
reach is held. Before a background that no smooth surface fits nothing is found.
"""

from __future__ import annotations

import numpy as np

from tempose.pose.keypoints import MIN_CONFIDENCE
from tempose.warp.flesh import LEFT_ARM, RIGHT_ARM, trunk_length
from tempose.warp.matte import at_most

SEARCHED = 480  # the longest side of the picture in which things are looked for, pixels
REACH = (2.0, 3.0)  # how far things are looked for, in lengths of the trunk; farther only where one goes on there
AT_HAND, IN_SIGHT = 0.3, 0.2  # how near they come to the middle of the hand; if they are long, in shares of their reach
PALM = 0.25  # of the forearm beyond the wrist is the middle of the hand
PLAIN = 9.0  # what differs by less from the fitted background, in Lab, is background
OUTSTANDING = 16.0  # what differs by more is not
LEAST_PLAIN = 0.85  # the share of the surroundings of a thing that must be plain
BRIDGE = 0.06  # gaps within a thing, as thin straps have, in lengths of the trunk
LEAST_AREA = 0.004  # of a thing, in squares of the trunk's length
TOP = 0.03  # the highest so much of a thing that hangs is where it is held, in lengths of the trunk
DROP, LEANS = 0.2, 0.7  # its middle lies so much lower, in lengths of the trunk, and no farther aside for each of these
AT_GRIP = 0.1  # and it begins no higher above the wrist, in the same
ENDS = 0.005  # a thing ends within reach if no more of it than this share lies at the border


def held_things(picture: np.ndarray, mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """int8 `h w`: RIGHT_ARM or LEFT_ARM where that hand holds something beyond the mask, −1 elsewhere.

    Args:
        picture: uint8 `h w 3`.
        mask: bool `h w`.
        keypoints: `18 3`.
    """
    import cv2

    size = mask.shape
    picture, mask, keypoints = at_most(SEARCHED, picture, mask, keypoints)
    held = np.full(mask.shape, -1, np.int8)
    trunk = trunk_length(keypoints)
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    rim = max(3, round(0.06 * trunk)) | 1
    edge = np.ones(mask.shape, bool)
    edge[1:-1, 1:-1] = False
    bridge = np.ones((max(3, round(BRIDGE * trunk)) | 1,) * 2, np.uint8)
    at_mask = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    beside = cv2.dilate(mask.astype(np.uint8), np.ones((rim, rim), np.uint8)) == 0
    for elbow, wrist, layer in ((3, 4, RIGHT_ARM), (6, 7, LEFT_ARM)):
        if min(keypoints[[elbow, wrist], 2]) < MIN_CONFIDENCE:
            continue
        hand = keypoints[wrist, :2] + PALM * (keypoints[wrist, :2] - keypoints[elbow, :2])
        away = np.hypot(x + 0.5 - hand[0], y + 0.5 - hand[1]) / trunk
        for reach in REACH:
            near, goes_on = away < reach, False
            difference = _from_plain(lab, near & beside, (x - hand[0]) / trunk, (y - hand[1]) / trunk)
            if difference is None:
                break
            stands_out = near & ~mask & (difference > OUTSTANDING)
            stands_out = cv2.morphologyEx(stands_out.astype(np.uint8), cv2.MORPH_CLOSE, bridge) * ~mask
            _, parts = cv2.connectedComponents(stands_out)
            for part in np.unique(parts[(stands_out > 0) & (away < max(AT_HAND, IN_SIGHT * reach)) & at_mask]):
                thing = parts == part
                if away[thing & at_mask].min() > max(AT_HAND, IN_SIGHT * away[thing].max()):
                    continue
                ends = (thing & ((away > reach - 0.05) | edge)).sum() <= ENDS * thing.sum()
                around = difference[near & beside & ~thing]
                plain = (around < PLAIN).sum() >= LEAST_PLAIN * max(len(around), 1)
                if thing.sum() > LEAST_AREA * trunk**2 and plain:
                    goes_on |= not ends
                    held[thing & ends] = layer
            if not goes_on:
                break
    return cv2.resize(held.view(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST).view(np.int8)


def hanging_from(held: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """From where things hang from the right hand and from the left one: float32 `2 2`, x, y; NaN where none does.

    A bag hangs however the hand turns; a stick, which points elsewhere than down, goes with it.

    Args:
        held: int8 `h w`, as `held_things` gives it.
        keypoints: `18 3`.
    """
    grips = np.full((2, 2), np.nan, np.float32)
    trunk = trunk_length(keypoints)
    for hand, (layer, wrist) in enumerate(((RIGHT_ARM, 4), (LEFT_ARM, 7))):
        y, x = np.nonzero(held == layer)
        if not len(y):
            continue
        top = float(y.min())
        grip = np.array([np.median(x[y <= top + TOP * trunk]), top])
        down, aside = y.mean() - top, abs(x.mean() - grip[0])
        beside, below = grip - keypoints[wrist, :2]
        in_hand = abs(beside) < AT_HAND * trunk and below > -AT_GRIP * trunk
        if in_hand and down > DROP * trunk and aside < LEANS * down:
            grips[hand] = grip + 0.5
    return grips


def _from_plain(lab: np.ndarray, where: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """How far each pixel is from a smooth background fitted where told, in Lab: `h w`; None where too little is."""
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    fitted = where
    for _ in range(4):
        if fitted.sum() < 100:
            return None
        weights, *_ = np.linalg.lstsq(terms[fitted], lab[fitted], rcond=None)
        difference = np.linalg.norm(lab - terms @ weights, axis=-1)
        fitted = where & (difference < max(PLAIN, float(np.median(difference[where]))))
    return difference
