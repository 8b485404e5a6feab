"""The person of one photo in layers, with their true colours, and what lies behind: made once a photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempose.core.errors import InputError
from tempose.media.crop import Frame
from tempose.media.images import check_picture
from tempose.warp.background import smooth_fill
from tempose.warp.parts import LAYERS, find_parts

__all__ = ["LAYERS", "Cutout", "cut_out"]


@dataclass(frozen=True, eq=False)
class Cutout:
    """The person of one photo in layers, at the photo's size; what lies behind each is completed.

    Attributes:
        color: uint8 `l h w 3`: the true foreground colors of each of LAYERS, continued beyond its visible part.
        alpha: float32 `l h w` in [0, 1]: the matte of each layer, completed where another one hides it.
        keypoints: float32 `18 3`.
        matte: float32 `h w` in [0, 1]: the whole person as the photo shows them.
        background: uint8 `h w 3`: the photo without the person and their shadow at the feet.
    """

    color: np.ndarray
    alpha: np.ndarray
    keypoints: np.ndarray
    matte: np.ndarray
    background: np.ndarray

    def seen_through(self, crop: Frame, size: tuple[int, int]) -> Cutout:
        """The same in a part of the photo, at `size`; beyond the photo nobody is, and the background goes on."""
        color = np.stack([crop.cut(layer, size) for layer in self.color])
        alpha = np.stack([_cut(layer, crop, size) for layer in self.alpha])
        background = crop.cut(self.background, size)
        covered = crop.covered(self.matte.shape, size)
        keypoints = crop.points(self.keypoints, size).astype(np.float32)
        return Cutout(color, alpha, keypoints, _cut(self.matte, crop, size), smooth_fill(background, covered))


def cut_out(picture: np.ndarray, mask: np.ndarray, keypoints: np.ndarray, *, background: bool = True) -> Cutout:
    """The layers of the person in a photo.

    Args:
        picture: uint8 `h w 3`.
        mask: bool `h w`, True on the person.
        keypoints: `18 3`: x, y in pixels, confidence.
        background: whether the person is taken out of the background; False leaves the photo.

    Raises:
        InputError: the sizes differ, or the mask is empty.
    """
    check_picture(picture)
    if mask.shape != picture.shape[:2]:
        raise InputError(f"the mask is {mask.shape}, the picture {picture.shape[:2]}; wanted one (height, width)")
    if not mask.any():
        raise InputError("the mask is empty; wanted one that is true on the person")
    keypoints = np.asarray(keypoints, np.float32)
    parts = find_parts(picture, mask, keypoints)
    alpha = np.stack([parts == layer for layer in range(len(LAYERS))]).astype(np.float32)
    color = np.stack([smooth_fill(picture, layer) for layer in alpha])
    behind = smooth_fill(picture, 1 - mask.astype(np.float32)) if background else picture
    return Cutout(color, alpha, keypoints, mask.astype(np.float32), behind)


def _cut(mask: np.ndarray, crop: Frame, size: tuple[int, int]) -> np.ndarray:
    """This part of a matte, float32 `h w`, at `size`; beyond the photo it is 0."""
    shades = np.repeat(np.round(mask[..., None] * 255).astype(np.uint8), 3, axis=-1)
    return crop.cut(shades, size)[..., 0].astype(np.float32) / 255 * crop.covered(mask.shape, size)
