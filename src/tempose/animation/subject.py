"""The person in a photo: the picture, the key points, and where the person is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
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
from tempose.warp.given import MatteModel, check_mask, read_mask
from tempose.warp.hands import crossed

# Larger photos are made smaller: no side longer than this, in pixels.
LARGEST = 1920

# The least distance in pixels between the highest and the lowest key point, and as share of the photo.
SMALLEST, SMALLEST_SHARE = 48, 0.12

FACE = (0, 14, 15)  # nose and eyes

# What is said of photos in which much of a person is hidden, or by themselves.
NO_FACE = "the photo does not show the face: it is made up"
CROSSED = (
    "the arms are crossed in the photo: what they hide is guessed; a photo of arms that hang gives a better result"
)


@dataclass(frozen=True, eq=False)
class Subject:
    """A person in a picture.

    Attributes:
        picture: uint8 `h w 3`.
        keypoints: float32 `18 3`: x, y in pixels, confidence.
        mask: bool `h w`: where the person is.
        depth: `18`, as in `Motion`; None where nothing is known.
        matte: float32 `h w` in [0, 1]: how much of each pixel the person is, where the user said so; None where the
            photo itself is to decide it about the mask's edge.
        hands, face: float32 `2 21 4` and `478 4`, as in `Motion`; None where nothing is known.
    """

    picture: np.ndarray
    keypoints: np.ndarray
    mask: np.ndarray
    depth: np.ndarray | None = None
    matte: np.ndarray | None = None
    hands: np.ndarray | None = None
    face: np.ndarray | None = None

    @cached_property
    def cutout(self) -> Cutout:
        """The person in layers, and what lies behind them."""
        if self.matte is not None:
            return cut_out(self.picture, self.matte, self.keypoints, hands=self.hands, exact=True)
        return cut_out(self.picture, self.mask, self.keypoints, hands=self.hands)

    @property
    def pose(self) -> Motion:
        """The key points as a motion of one frame."""
        depth, hands, face = (None if part is None else part[None] for part in (self.depth, self.hands, self.face))
        return Motion(self.keypoints[None], self.picture.shape[:2], 1.0, depth, hands, face)

    def warnings(self) -> list[str]:
        """What the photo does not show, or what one part of the body hides of another."""
        no_face = bool((self.keypoints[list(FACE), 2] < MIN_CONFIDENCE).all())
        hidden = {NO_FACE: no_face, CROSSED: crossed(self.keypoints)}
        return [said for said, so in hidden.items() if so]


def listed(photos: Any) -> list[Any]:
    """One photo, a path or a person that is known already, or several, as a list."""
    return [photos] if isinstance(photos, (Path, str, Subject)) else list(photos)


def read_subject(
    path: Path | str,
    *,
    person: Choice = "largest",
    estimator: Estimator | str = "mediapipe",
    mask: Path | str | None = None,
    matte_model: Path | str | None = None,
) -> Subject:
    """The person in a photo; neck, shoulders and hips that it does not show are guessed, and HIDDEN.

    Args:
        path: a picture file.
        person: whom to take.
        estimator: finds people in pictures.
        mask: a picture file of the photo's size that says where the person is (`tempose.warp.given.read_mask`).
        matte_model: or an ONNX file of a network that does (`tempose.warp.given.MatteModel`).

    Raises:
        InputError: the mask is of another size, empty, or misses the person; the network is none for mattes.
        MediaError: a file is no picture.
        PoseError: nobody is in it, they are too small, or too little of them can be seen.
    """
    network = None if matte_model is None else MatteModel(matte_model)
    matte = None if mask is None else read_mask(mask)
    picture = read_image(path)
    whole = picture.shape[:2]
    shrink = LARGEST / max(picture.shape[:2])
    if shrink < 1:
        picture = resize(picture, (max(1, round(picture.shape[0] * shrink)), max(1, round(picture.shape[1] * shrink))))
    with about(path):
        pose, found = estimate_photo(picture, estimator=estimator, person=person)
        check_trunk(pose)
        check_large_enough(pose)
    keypoints, size = pose.keypoints[0], picture.shape[:2]
    if mask is not None and matte is not None:
        with about(mask):
            check_mask(matte, whole, keypoints * (whole[1] / size[1], whole[0] / size[0], 1))
        matte = cv2.resize(matte, size[::-1], interpolation=cv2.INTER_AREA)
    elif matte_model is not None and network is not None:
        with about(matte_model):
            matte = network(picture)
            check_mask(matte, size, keypoints)
    if matte is not None:
        found = matte > 0.5
    elif found is None:
        found = silhouette(picture, keypoints)
    pose = with_trunk(pose)
    depth, hands, face = (None if part is None else part[0] for part in (pose.depth, pose.hands, pose.face))
    return Subject(picture, pose.keypoints[0], found, depth, matte, hands, face)


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
            f"wanted {least:.0f} or more",
            remedy="crop the picture around them",
        )
