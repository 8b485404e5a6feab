"""A rectangle of a picture, cut out at another size; it may reach beyond the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempose.media.images import resize


@dataclass(frozen=True)
class Crop:
    """A rectangle in whole pixels of a picture; left and top may be negative."""

    left: int
    top: int
    width: int
    height: int

    @staticmethod
    def around(box: tuple[float, float, float, float], size: tuple[int, int], *, margin: float = 0.04) -> Crop:
        """The smallest rectangle of the proportions of `size` (height, width) around a box, in its middle.

        Args:
            box: left, top, right, bottom in pixels.
            size: whose proportions the rectangle has, to a pixel.
            margin: share of the box that is left free in all.
        """
        left, top, right, bottom = box
        height = (1 + margin) * max(bottom - top, (right - left) * size[0] / size[1], 1.0)
        width = height * size[1] / size[0]
        return Crop(
            left=round((left + right - width) / 2),
            top=round((top + bottom - height) / 2),
            width=max(1, round(width)),
            height=max(1, round(height)),
        )

    def cut(self, picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """This part of a picture, uint8 `h w 3`, at `size`; beyond the picture its edge is repeated."""
        height, width = picture.shape[:2]
        rows = np.clip(np.arange(self.top, self.top + self.height), 0, height - 1)
        columns = np.clip(np.arange(self.left, self.left + self.width), 0, width - 1)
        return resize(picture[np.ix_(rows, columns)], size)

    def cut_mask(self, mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """This part of a mask, bool `h w`, as float32 in [0, 1] at `size`; beyond the picture it is 0."""
        shades = np.repeat(mask[..., None].astype(np.uint8) * 255, 3, axis=-1)
        return self.cut(shades, size)[..., 0].astype(np.float32) / 255 * self.covered(mask.shape, size)

    def covered(self, of: tuple[int, ...], size: tuple[int, int]) -> np.ndarray:
        """float32 at `size`: 1 where this part lies on a picture of that shape, 0 beyond."""
        rows = np.arange(self.top, self.top + self.height)
        columns = np.arange(self.left, self.left + self.width)
        inside = ((rows >= 0) & (rows < of[0]))[:, None] & (columns >= 0) & (columns < of[1])
        shades = np.repeat(inside[..., None].astype(np.uint8) * 255, 3, axis=-1)
        return resize(shades, size)[..., 0].astype(np.float32) / 255

    def points(self, keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Key points `… 3` of the picture (x, y, confidence) as they lie in this part at `size`."""
        scale = np.array([size[1] / self.width, size[0] / self.height, 1], np.float32)
        shift = np.array([self.left, self.top, 0], np.float32)
        return (keypoints - shift) * scale
