"""Noise to start from, independent or shared between frames."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tempose.core.errors import InputError


def correlated_noise(
    frames: int, shape: Sequence[int], *, correlation: float = 0.0, generator: torch.Generator
) -> Tensor:
    """Gaussian noise `f c h w` of which neighbouring and distant frames share the same part.

    ε_f = √ρ·ε_shared + √(1−ρ)·ε_own: every frame is a unit Gaussian, any two frames have correlation
    ρ (the mixed noise of Ge et al. 2023, "Preserve Your Own Correlation").

    Raises:
        InputError: the correlation is not within [0, 1].
    """
    if not 0 <= correlation <= 1:
        raise InputError(f"noise_correlation is {correlation:g}; wanted 0 (independent) to 1 (the same)")
    device = generator.device
    own = torch.randn(frames, *shape, generator=generator, device=device)
    if correlation == 0:
        return own
    shared = torch.randn(1, *shape, generator=generator, device=device)
    return correlation**0.5 * shared + (1 - correlation) ** 0.5 * own
