"""Pictures beside one another: contact sheets, and several views of the same moment."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tempose.media.images import resize

WHITE, GAP = 255, 4  # between the pictures of a sheet, in pixels


def beside(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures, uint8 `h w 3`, in a row, all as high as the last."""
    height = pictures[-1].shape[0]
    scaled = [resize(each, (height, max(1, round(each.shape[1] * height / each.shape[0])))) for each in pictures]
    return np.concatenate(scaled, axis=1)


def contact_sheet(pictures: Sequence[np.ndarray], *, columns: int = 6, width: int = 1600) -> np.ndarray:
    """Pictures of one size, uint8 `h w 3`, in rows of at most `columns`; no wider than `width` pixels."""
    columns = min(columns, len(pictures))
    height, across = pictures[0].shape[:2]
    scale = min(1.0, width / (columns * across))
    size = max(1, round(height * scale)), max(1, round(across * scale))
    rows = math.ceil(len(pictures) / columns)
    cell = size[0] + GAP, size[1] + GAP
    sheet = np.full((rows * cell[0] - GAP, columns * cell[1] - GAP, 3), WHITE, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (index // columns) * cell[0], (index % columns) * cell[1]
        sheet[top : top + size[0], left : left + size[1]] = resize(picture, size)
    return sheet
