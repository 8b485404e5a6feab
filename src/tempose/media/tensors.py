"""Pictures as bytes and as the model's tensors: the only place where uint8 and [-1, 1] meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tempose.core.errors import InputError

if TYPE_CHECKING:
    import torch


def to_tensor(frames: np.ndarray) -> torch.Tensor:
    """uint8 pictures `… h w 3` → float32 tensor `… 3 h w` in [-1, 1]."""
    import torch

    if frames.dtype != np.uint8 or frames.ndim < 3 or frames.shape[-1] != 3:
        raise InputError(f"pictures are {frames.dtype} {frames.shape}; wanted uint8 (…, height, width, 3)")
    return torch.from_numpy(np.ascontiguousarray(frames)).movedim(-1, -3).float() / 127.5 - 1


def to_uint8(frames: torch.Tensor) -> np.ndarray:
    """Tensor `… 3 h w` in [-1, 1] → uint8 pictures `… h w 3`, rounded; values outside are clipped."""
    return ((frames.float().clamp(-1, 1) + 1) * 127.5).round().byte().movedim(-3, -1).cpu().numpy()
