"""Frame metrics: pure functions of tensors, one value a frame.

Frames are `b f 3 h w` floating point in [0, 1]; results are `b f`. With a mask, `b f 1 h w` in [0, 1],
only the person counts. Means are taken over frames afterwards, never over pixels of several frames: a
PSNR is of a frame.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tempose.errors import InputError

# Of the structural similarity (Wang et al. 2004): width and deviation of the window, constants.
WINDOW, DEVIATION, K1, K2 = 11, 1.5, 0.01, 0.03


def l1(frames: Tensor, truth: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Mean absolute difference: 0 is best."""
    check(frames, truth, mask)
    return _mean((frames - truth).abs(), mask)


def psnr(frames: Tensor, truth: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Peak signal-to-noise ratio in dB, of floating-point values: higher is better, equal is infinite."""
    check(frames, truth, mask)
    return -10 * _mean((frames - truth) ** 2, mask).log10()


def ssim(frames: Tensor, truth: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Structural similarity (Wang et al. 2004): Gaussian window of 11 pixels, whole windows only.

    1 is best; the mean over the three colours. With a mask, over the windows centred on the person.
    """
    check(frames, truth, mask)
    if min(frames.shape[-2:]) < WINDOW:
        raise InputError(f"frames of {frames.shape[-2]}×{frames.shape[-1]} are too small for SSIM; wanted ≥ {WINDOW}")
    b = frames.shape[0]
    x, y = frames.flatten(0, 1), truth.flatten(0, 1)
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x**2
    variance_y = _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + K1**2) / (mean_x**2 + mean_y**2 + K1**2)
    structure = (2 * covariance + K2**2) / (variance_x + variance_y + K2**2)
    edge = WINDOW // 2
    inner = None if mask is None else mask[..., edge:-edge, edge:-edge]
    return _mean((luminance * structure).unflatten(0, (b, -1)), inner)


def warped_difference(frames: Tensor, *, flow: Tensor, valid: Tensor) -> Tensor:
    """How much a video changes along the motion: mean |x_{i+1} seen along the flow − x_i|.

    Args:
        frames: `b f 3 h w`.
        flow: pixels (x, y) from each frame to the next, `b f-1 2 h w`.
        valid: `b f-1 1 h w`, 1 where the flow is known and the point still seen.

    Returns:
        `b f-1`; a video's flicker is this minus the truth's own.
    """
    b, f, _, h, w = frames.shape
    y, x = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
    places = torch.stack([x, y]).to(frames) + flow.flatten(0, 1)  # n 2 h w
    unit = torch.stack([places[:, 0] / w, places[:, 1] / h], dim=-1) * 2 - 1
    later = F.grid_sample(frames[:, 1:].flatten(0, 1), unit, padding_mode="border", align_corners=False)
    return _mean((later.unflatten(0, (b, f - 1)) - frames[:, :-1]).abs(), valid)


def check(frames: Tensor, truth: Tensor, mask: Tensor | None) -> None:
    """Whether frames, truth and mask belong together.

    Raises:
        InputError: shapes differ, values are outside [0, 1] or not finite, or a mask is empty.
    """
    if frames.ndim != 5 or frames.shape != truth.shape or frames.shape[2] != 3:
        raise InputError(f"frames {tuple(frames.shape)}, truth {tuple(truth.shape)}; wanted both (b, f, 3, h, w)")
    for name, values in (("frames", frames), ("truth", truth)):
        low, high = values.amin().item(), values.amax().item()
        if not (low >= -1e-3 and high <= 1 + 1e-3):  # also false for NaN
            raise InputError(f"{name}: values run from {low:g} to {high:g}; wanted finite, within [0, 1]")
    if mask is not None:
        wanted = (*frames.shape[:2], 1, *frames.shape[3:])
        if tuple(mask.shape) != wanted:
            raise InputError(f"masks have the shape {tuple(mask.shape)}; wanted {wanted}")


def _mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over colours and pixels, weighted by a mask: `b f`; NaN where the mask is empty."""
    if mask is None:
        return values.mean((2, 3, 4))
    return (values * mask).sum((2, 3, 4)) / (mask.sum((2, 3, 4)) * values.shape[2])


def _blurred(x: Tensor) -> Tensor:
    """Gaussian means of whole windows: `n c h w` → `n c h-10 w-10`."""
    place = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    weights = torch.exp(-(place**2) / (2 * DEVIATION**2))
    weights = (weights / weights.sum()).expand(x.shape[1], 1, 1, -1)
    x = F.conv2d(x, weights, groups=x.shape[1])
    return F.conv2d(x, weights.transpose(2, 3), groups=x.shape[1])
