"""The person in a photo: the picture, the key points, and where the person is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tempose.core.errors import PoseError, about
from tempose.media.images import read_image, resize
from tempose.pose.estimate import estimate_photo
from tempose.pose.estimators import Estimator
from tempose.pose.keypoints import MIN_CONFIDENCE, Motion
from tempose.pose.retarget import check_trunk
from tempose.pose.silhouette import silhouette
from tempose.pose.tracking import Choice
from tempose.pose.whole import with_trunk
from tempose.warp.cutout import Cutout, cut_out

# Larger photos are made smaller: no side longer than this, in pixels.
LARGEST = 1920

# The least distance in pixels between the highest and the lowest key point, and as share of the photo.
SMALLEST, SMALLEST_SHARE = 48, 0.12

FACE = (0, 14, 15)  # nose and eyes


@dataclass(frozen=True, eq=False)
class Subject:
    """A person in a picture.

    Attributes:
        picture: uint8 `h w 3`.
        keypoints: float32 `18 3`: x, y in pixels, confidence.
        mask: bool `h w`: where the person is.
        depth: `18`, as in `Motion`; None where nothing is known.
    """

    picture: np.ndarray
    keypoints: np.ndarray
    mask: np.ndarray
    depth: np.ndarray | None = None

    @cached_property
    def cutout(self) -> Cutout:
        """The person in layers, and what lies behind them."""
        return cut_out(self.picture, self.mask, self.keypoints)

    @property
    def pose(self) -> Motion:
        """The key points as a motion of one frame."""
        depth = None if self.depth is None else self.depth[None]
        return Motion(self.keypoints[None], self.picture.shape[:2], 1.0, depth)

    def warnings(self) -> list[str]:
        """What the photo does not show."""
        hidden = (self.keypoints[list(FACE), 2] < MIN_CONFIDENCE).all()
        return ["the photo does not show the face: it is made up"] if hidden else []


def read_subject(path: Path | str, *, person: Choice = "largest", estimator: Estimator | str = "mediapipe") -> Subject:
    """The person in a photo; neck, shoulders and hips that it does not show are guessed, and HIDDEN.

    Raises:
        MediaError: the file is no picture.
        PoseError: nobody is in it, they are too small, or too little of them can be seen.
    """
    picture = read_image(path)
    shrink = LARGEST / max(picture.shape[:2])
    if shrink < 1:
        picture = resize(picture, (max(1, round(picture.shape[0] * shrink)), max(1, round(picture.shape[1] * shrink))))
    with about(path):
        pose, mask = estimate_photo(picture, estimator=estimator, person=person)
        check_trunk(pose)
        check_large_enough(pose)
    mask = silhouette(picture, pose.keypoints[0]) if mask is None else mask
    pose = with_trunk(pose)
    return Subject(picture, pose.keypoints[0], mask, None if pose.depth is None else pose.depth[0])


def check_large_enough(pose: Motion) -> None:
    """Whether a person in a picture is large enough to be animated.

    Raises:
        PoseError: they are not.
    """
    seen = pose.keypoints[0, pose.keypoints[0, :, 2] >= MIN_CONFIDENCE, :2]
    high = float(np.ptp(seen, axis=0).max())
    least = max(SMALLEST, SMALLEST_SHARE * pose.size[0])
    if high < least:
        raise PoseError(
            f"the person is too small: {high:.0f} pixels in a picture of {pose.size[1]}×{pose.size[0]}; "
            f"wanted {least:.0f} or more: crop the picture around them"
        )
