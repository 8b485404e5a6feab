"""What lies behind the person: the photo without them."""

from __future__ import annotations

import numpy as np


def smooth_fill(picture: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A picture filled from around, ever smoother with the distance, where its weight is less than 1.

    Push and pull (Gortler et al., "The Lumigraph", 1996, section 3.4): what is known is averaged into ever coarser
    pictures, which fill the holes from the coarsest down.

    Args:
        picture: uint8 `h w 3`.
        weight: float32 `h w` in [0, 1]: how far each pixel is known.

    Returns:
        uint8 `h w 3`, the picture itself where the weight is 1; grey if nothing is known.
    """
    if not weight.any():
        return np.full_like(picture, 128)
    weight = weight.astype(np.float32)
    filled = _pull(picture.astype(np.float32) * weight[..., None], weight)
    return np.where(weight[..., None] >= 1, picture, np.round(filled).clip(0, 255)).astype(np.uint8)


def _pull(weighted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Values from values times weights `h w 3`, `h w`; exact where the weight is 1."""
    import cv2

    average = weighted / np.maximum(weight, 1e-6)[..., None]
    height, width = weight.shape
    if max(height, width) == 1 or weight.min() >= 1:
        return average
    half = ((width + 1) // 2, (height + 1) // 2)
    some = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(weighted, half, interpolation=cv2.INTER_AREA) / np.maximum(some, 1e-6)[..., None]
    known = (some > 1e-6).astype(np.float32)
    below = cv2.resize(_pull(coarse * known[..., None], known), (width, height), interpolation=cv2.INTER_LINEAR)
    return average * weight[..., None] + below * (1 - weight)[..., None]
