"""The model's small frames put back: the moving person in front of a whole, still background."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from tempose.animation.subject import Subject
from tempose.core import cancellation
from tempose.core.errors import InputError
from tempose.media.crop import Crop
from tempose.media.images import read_image, resize
from tempose.media.tensors import to_tensor, to_uint8
from tempose.models.alignment import align, inpainted_background
from tempose.pose.keypoints import Motion

# A pixel of a frame that differs from the background by so much (of 255) begins to be the person,
# and by so much is nothing but the person.
DIFFERENT, PERSON = 10.0, 36.0

# The aligned photo says that the person is there from this coverage on, and at 1 without doubt.
UNSURE = 0.6

# The mask grows by this share of the person's height before the person is generated out of the photo.
GROWTH = 0.02


@dataclass(frozen=True, eq=False)
class Composition:
    """Where the frames of a model are shown.

    Attributes:
        background: uint8 `h w 3`, of the size of the result.
        window: where in the result the model's frame lies.
        small_background: uint8, of the size of the model's frames: the background as the model sees it.
    """

    background: np.ndarray
    window: Crop
    small_background: np.ndarray

    def show(self, generated: np.ndarray, near: np.ndarray, sure: np.ndarray) -> np.ndarray:
        """One frame of the result.

        Args:
            generated: the model's frame, uint8 `h w 3`.
            near: float32 `h w` in [0, 1], where the person can be.
            sure: the same, where they are even if they look like what is behind them.
        """
        cancellation.check()
        person = np.maximum(matte(generated, self.small_background), sure) * near
        height, width = self.background.shape[:2]
        top, left = max(0, self.window.top), max(0, self.window.left)
        bottom = min(height, self.window.top + self.window.height)
        right = min(width, self.window.left + self.window.width)
        inside = (
            slice(top - self.window.top, bottom - self.window.top),
            slice(left - self.window.left, right - self.window.left),
        )
        size = (self.window.height, self.window.width)
        color = resize(generated, size)[inside].astype(np.float32)
        weight = cv2.resize(person, size[::-1], interpolation=cv2.INTER_LINEAR)[inside][..., None]
        result = self.background.copy()
        behind = result[top:bottom, left:right]
        result[top:bottom, left:right] = np.round(weight * color + (1 - weight) * behind).astype(np.uint8)
        return result


def matte(generated: np.ndarray, background: np.ndarray) -> np.ndarray:
    """float32 `h w` in [0, 1]: how far a frame is not the background; both uint8 `h w 3`."""
    difference = np.abs(generated.astype(np.float32) - background).max(axis=-1)
    difference = cv2.GaussianBlur(difference, (3, 3), 0)
    return np.clip((difference - DIFFERENT) / (PERSON - DIFFERENT), 0, 1)


def whereabouts(subject: Subject, motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Where the person of a photo can be, with hair and clothes, and where they surely are, in each pose of a motion.

    A white shirt before a white wall differs from it nowhere; but that the photo's shirt comes to lie there is known.

    Returns:
        two float32 `f h w` in [0, 1].
    """
    photo, mask = to_tensor(subject.picture)[None], torch.from_numpy(subject.mask.astype(np.float32))[None, None]
    source, targets = torch.from_numpy(subject.keypoints)[None], torch.from_numpy(motion.keypoints)
    near, sure = [], []
    for target in targets:
        cancellation.check()
        aligned = align(photo, mask, source=source, target=target[None, None])
        near.append(aligned.near[0, 0, 0].numpy())
        inner = cv2.erode(aligned.coverage[0, 0, 0].numpy(), np.ones((3, 3), np.uint8))
        sure.append(cv2.GaussianBlur(np.clip((inner - UNSURE) / (1 - UNSURE), 0, 1), (3, 3), 0))
    return np.stack(near), np.stack(sure)


def whole_background(choice: str, subject: Subject, picture: Crop, size: tuple[int, int]) -> np.ndarray:
    """The still background of a result, uint8 of `size`.

    Args:
        choice: `photo`: the photo's own, the person generated out; `plain`: one color, that of the photo's
            edge; a color as #rrggbb or by name; or a picture file, cut to fill the frame.
        subject: the person in the photo.
        picture: which part of the photo the result shows; it may reach beyond.
        size: of the result.

    Raises:
        InputError: the choice is none of these.
    """
    if choice == "photo":
        return inpainted(extended(subject.picture, picture, size), picture.cut_mask(grown(subject.mask), size))
    if choice == "plain":
        edge = np.concatenate([subject.picture[0], subject.picture[:, 0], subject.picture[:, -1]])
        return np.broadcast_to(np.median(edge, axis=0).astype(np.uint8), (*size, 3)).copy()
    if Path(choice).is_file():
        given = read_image(choice)
        height, width = given.shape[:2]
        scale = min(height / size[0], width / size[1])
        across, down = max(1, round(size[1] * scale)), max(1, round(size[0] * scale))
        return Crop((width - across) // 2, (height - down) // 2, across, down).cut(given, size)
    return np.broadcast_to(np.array(_color(choice), np.uint8), (*size, 3)).copy()


def extended(picture: np.ndarray, frame: Crop, size: tuple[int, int]) -> np.ndarray:
    """A part of a picture, uint8, at `size`; beyond the picture it goes on in its colors, ever smoother."""
    return inpainted(frame.cut(picture, size), 1 - frame.covered(picture.shape, size))


def inpainted(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A picture, uint8 `h w 3`, filled from around where a mask `h w` in [0, 1] is not 0."""
    if not mask.any():
        return picture
    whole = inpainted_background(to_tensor(picture)[None], torch.from_numpy(mask.astype(np.float32))[None, None])
    return to_uint8(whole)[0]


def check_background(choice: str) -> None:
    """Whether `whole_background` knows the choice.

    Raises:
        InputError: it does not.
    """
    if choice not in ("photo", "plain") and not Path(choice).is_file():
        _color(choice)


def _color(name: str) -> tuple[int, ...]:
    from PIL import ImageColor

    try:
        return ImageColor.getrgb(name)[:3]
    except ValueError:
        raise InputError(
            f"the background is {name!r}; wanted photo, plain, a color such as #20a0ff or white, or a picture file"
        ) from None


def grown(mask: np.ndarray) -> np.ndarray:
    """A person's mask, bool `h w`, with a rim, since its edge is never exact."""
    rows = np.flatnonzero(mask.any(axis=1))
    reach = 1 + round(GROWTH * (len(rows) and int(np.ptp(rows))))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)
