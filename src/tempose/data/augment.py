"""Augmentation: the same crop, flip and color change for every picture of a sample.

The photo and the frames of a sample are stacked into one `Views`, so whatever is drawn is drawn once
for all of them. Doing is apart from drawing: only `Augmentation.apply` takes the random generator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tempose.media.images import resize
from tempose.pose.keypoints import Motion

LUMA = np.array([0.2126, 0.7152, 0.0722])  # of BT.709: what a color weighs in grey
GREY_AXIS = np.ones(3) / np.sqrt(3)


@dataclass(frozen=True, eq=False)
class Views:
    """Pictures of one size with their ground truth: frames uint8 `f h w 3`, masks bool `f h w`."""

    frames: np.ndarray
    motion: Motion
    masks: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        return self.frames.shape[1], self.frames.shape[2]

    def __add__(self, others: Views) -> Views:
        """These views, then the others, which have the same size; depth, hands and face if both know them."""
        one, other = _known_by(self.motion, others.motion), _known_by(others.motion, self.motion)
        return Views(
            np.concatenate([self.frames, others.frames]),
            one.with_points(np.concatenate([one.points, other.points])),
            np.concatenate([self.masks, others.masks]),
        )


def _known_by(motion: Motion, other: Motion) -> Motion:
    """A motion without the parts that the other does not know."""
    return replace(
        motion,
        depth=None if other.depth is None else motion.depth,
        hands=None if other.hands is None else motion.hands,
        face=None if other.face is None else motion.face,
    )


def resized(views: Views, size: tuple[int, int]) -> Views:
    """Frames, key points and masks at another size (height, width); stretched where the shape differs."""
    if views.size == size:
        return views
    return Views(resize(views.frames, size), views.motion.resized(size), resized_masks(views.masks, size))


def resized_masks(masks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Masks, bool `f h w`, in another size; a pixel belongs to the person if half of it does."""
    coverage = np.repeat(masks[..., None].astype(np.uint8) * np.uint8(255), 3, axis=-1)
    return resize(coverage, size)[..., 0] >= 128


def cropped(views: Views, box: tuple[int, int, int, int]) -> Views:
    """The part of the views inside a box (top, left, height, width)."""
    top, left, height, width = box
    inside = np.s_[:, top : top + height, left : left + width]
    return Views(views.frames[inside], cropped_motion(views.motion, box), views.masks[inside])


def cropped_motion(motion: Motion, box: tuple[int, int, int, int]) -> Motion:
    """The motion in the coordinates of a box (top, left, height, width); points outside are missing."""
    top, left, height, width = box
    points = motion.points - np.array([left, top, 0, 0], np.float32)
    x, y = points[..., 0], points[..., 1]
    points[(x < 0) | (x > width) | (y < 0) | (y > height)] = 0
    return motion.with_points(points, size=(height, width))


def flipped(views: Views) -> Views:
    """The views as a mirror shows them; left and right key points change places."""
    return Views(views.frames[:, :, ::-1], views.motion.mirrored(), views.masks[:, :, ::-1])


def color_matrix(*, brightness: float, contrast: float, saturation: float, hue: float) -> np.ndarray:
    """The linear map of colors `3 4` (last column: what is added) for uint8 values.

    Args:
        brightness, contrast, saturation: factors, 1 changes nothing; contrast turns about middle grey.
        hue: the turn about the grey axis, in radians.
    """
    grey = np.outer(np.ones(3), LUMA)
    saturate = saturation * np.eye(3) + (1 - saturation) * grey
    x, y, z = GREY_AXIS
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.eye(3) + np.sin(hue) * cross + (1 - np.cos(hue)) * (cross @ cross)
    linear = contrast * brightness * turn @ saturate
    return np.concatenate([linear, np.full((3, 1), (1 - contrast) * 127.5)], axis=1)


def recolored(views: Views, matrix: np.ndarray) -> Views:
    """The views with every color mapped by `matrix`, `3 4`, and clipped to what a picture holds."""
    import cv2

    tall = np.ascontiguousarray(views.frames).reshape(-1, views.size[1], 3)
    frames = cv2.transform(tall, matrix.astype(np.float32)).reshape(views.frames.shape)
    return replace(views, frames=frames)


@dataclass(frozen=True)
class Augmentation:
    """How much pictures may change; everything at 0 changes nothing.

    Attributes:
        crop: the largest part of each side that a crop may cut away, in [0, 1).
        flip: the probability of a flip from left to right.
        color: the strength of the color change, in [0, 1]: factors of brightness, contrast and
            saturation from 1 - color to 1 + color, and a turn of the hue by up to color/4 rad.
    """

    crop: float = 0.0
    flip: float = 0.0
    color: float = 0.0

    def apply(self, views: Views, rng: np.random.Generator) -> Views:
        """The views with one crop, one flip and one color change drawn for all of them.

        The crop has the proportions of the views, and is smaller than they: resize it afterwards.
        """
        height, width = views.size
        scale = 1 - self.crop * rng.random()
        crop_height, crop_width = round(height * scale), round(width * scale)
        top = int(rng.integers(height - crop_height + 1))
        left = int(rng.integers(width - crop_width + 1))
        views = cropped(views, (top, left, crop_height, crop_width))

        if rng.random() < self.flip:
            views = flipped(views)

        brightness, contrast, saturation = 1 + self.color * rng.uniform(-1, 1, size=3)
        hue = self.color / 4 * rng.uniform(-1, 1)
        if self.color:
            matrix = color_matrix(brightness=brightness, contrast=contrast, saturation=saturation, hue=hue)
            views = recolored(views, matrix)
        return views
