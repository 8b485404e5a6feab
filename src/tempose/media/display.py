"""A decoded frame as a player shows it: turned and mirrored by its matrix, with square pixels, of one size."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from tempose.core.notes import note
from tempose.media.container import check_frame_size

if TYPE_CHECKING:
    import av

Matrix = tuple[int, int, int, int]  # a b c d: a stored point (x, y) is shown at (a x + c y, b x + d y)
IDENTITY: Matrix = (1, 0, 0, 1)

# The shapes of pixels (width / height) that cameras make; others are taken for an error in the file.
LEAST_ASPECT, MOST_ASPECT = Fraction(1, 8), Fraction(8)


def display_matrix(frame: av.VideoFrame) -> Matrix:
    """How the frame is to be shown, to quarter turns."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return IDENTITY
    a, b, _, c, d = np.frombuffer(cast("bytes", data), np.int32, count=5).tolist()
    return (a, b, c, d)


def is_sideways(matrix: Matrix) -> bool:
    """Whether the rows of the stored picture are the columns of the shown one."""
    a, b, c, d = matrix
    return abs(b) + abs(c) > abs(a) + abs(d)


def as_shown(picture: np.ndarray, matrix: Matrix) -> np.ndarray:
    """A stored picture `h w 3` turned and mirrored."""
    a, b, c, d = matrix
    across, down = (a, d)
    if is_sideways(matrix):
        picture = picture.transpose(1, 0, 2)
        across, down = (c, b)
    return picture[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


def square_pixels(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """(width, height) of a picture once its pixels are square: the height stays."""
    if not aspect or not LEAST_ASPECT <= aspect <= MOST_ASPECT:
        return width, height
    return max(1, round(width * aspect)), height


class Display:
    """Turns decoded frames of one file into pictures of one size, that of the first.

    Args:
        path: of the file, for messages.
        aspect: of its pixels, width / height.
    """

    def __init__(self, path: Path | str, aspect: Fraction | None) -> None:
        self.path, self.aspect = path, aspect
        self.size: tuple[int, int] | None = None
        self._turned: tuple[int, int, int] | None = None
        self._matrix = IDENTITY

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """uint8 `h w 3`, as a player shows it."""
        from av.video.reformatter import Interpolation

        width, height = square_pixels(frame.width, frame.height, self.aspect)
        # A frame that is asked for its matrix stays in memory until Python looks for circles: not every one is.
        if self._turned != (turned := (frame.rotation, frame.width, frame.height)):
            self._turned, self._matrix = turned, display_matrix(frame)
        matrix = self._matrix
        shown = (height, width) if is_sideways(matrix) else (width, height)
        if self.size is None:
            check_frame_size(self.path, *shown)
            self.size = shown
        inner = shown
        if shown != self.size:
            inner = fitting(shown, self.size)
            note(
                f"{self.path} changes its size to {shown[0]}×{shown[1]}; those frames are fitted "
                f"into the first one's {self.size[0]}×{self.size[1]}"
            )
        width, height = inner[::-1] if is_sideways(matrix) else inner
        careful = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
        picture = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation=careful, threads=1)
        return padded(np.ascontiguousarray(as_shown(picture, matrix)), self.size)


def fitting(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of the largest picture of the proportions of `size` that fits into `room`."""
    scale = min(room[0] / size[0], room[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def padded(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture `h w 3` in the middle of a black one of `size` (width, height)."""
    high, wide = size[1] - picture.shape[0], size[0] - picture.shape[1]
    if high == wide == 0:
        return picture
    rows, columns = (high // 2, high - high // 2), (wide // 2, wide - wide // 2)
    return np.pad(picture, (rows, columns, (0, 0)))
