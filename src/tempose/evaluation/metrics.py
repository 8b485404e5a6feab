"""Frame metrics: pure functions of tensors, one value a frame.

Frames are `b f 3 h w` floating point in [0, 1]; results are `b f`. With a mask, `b f 1 h w` in [0, 1],
only the person counts. Means are taken over frames afterwards, never over pixels of several frames: a
PSNR is of a frame. Where a mask is empty, the value is NaN: nothing was measured.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tempose.core.errors import InputError

# Of the structural similarity (Wang et al. 2004): width and deviation of the window, constants.
WINDOW, DEVIATION, K1, K2 = 11, 1.5, 0.01, 0.03

# Of the multi-scale similarity (Wang et al. 2003): the weight of each scale, the finest first.
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def l1(frames: Tensor, truth: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Mean absolute difference: 0 is best."""
    check(frames, truth, mask)
    return _mean((frames - truth).abs(), mask)


def psnr(frames: Tensor, truth: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Peak signal-to-noise ratio in dB, of floating-point values: higher is better, equal is infinite."""
    check(frames, truth, mask)
    return -10 * _mean((frames - truth) ** 2, mask).log10()


def psnr_overflowing(frames: Tensor, truth: Tensor) -> Tensor:
    """The PSNR of a widely copied script, which overflows; only to compare with tables made by it.

    Frames are rounded to 8 bits, and their differences and the squares of these are taken modulo 256;
    equal frames score 100 dB. The script is tool/metrics/ssim_l1_lpips_psnr.py of DisCo
    (https://github.com/Wangt-CN/DisCo/issues/86). It often says several dB more than `psnr`, and a
    worse frame may score higher.
    """
    check(frames, truth, None)
    x, y = ((values.clamp(0, 1) * 255).round().to(torch.uint8) for values in (frames, truth))
    error = ((x - y) ** 2).double().mean((2, 3, 4))
    return torch.where(error == 0, 100.0, 20 * (255 / error.sqrt()).log10()).to(frames.dtype)


def ssim(frames: Tensor, truth: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Structural similarity (Wang et al. 2004): Gaussian window of 11 pixels, whole windows only.

    1 is best; the mean over the three colors. With a mask, over the windows centred on the person.
    """
    check(frames, truth, mask)
    if min(frames.shape[-2:]) < WINDOW:
        raise InputError(f"frames of {frames.shape[-2]}×{frames.shape[-1]} are too small for SSIM; wanted ≥ {WINDOW}")
    luminance, structure = _similarity(frames, truth)
    return _mean(luminance * structure, _inner(mask))


def ms_ssim(frames: Tensor, truth: Tensor, *, mask: Tensor | None = None, scales: int = 5) -> Tensor:
    """Multi-scale structural similarity (Wang et al. 2003): 1 is best.

    Contrast and structure at every scale, luminance only at the last. From scale to scale pixels are
    averaged two by two, masks too. Fewer than the five published scales are another metric and must be
    called so, as in "MS-SSIM (4 scales)": the weights are then those of the finest scales, made to sum
    to 1. A scale at which frames are rather each other's negative counts as 0.

    Raises:
        InputError: as in `check`, or the frames are too small for so many scales; `scales_that_fit` says
            how many they allow.
    """
    check(frames, truth, mask)
    size = (frames.shape[-2], frames.shape[-1])
    fit = scales_that_fit(size)
    if not 1 <= scales <= fit:
        raise InputError(
            f"frames of {size[0]}×{size[1]} are large enough for {fit} of the {len(SCALE_WEIGHTS)} scales of "
            f"MS-SSIM, not for {scales}; ask for scales={fit} and name the result so, or use larger frames"
        )
    weights = [weight / sum(SCALE_WEIGHTS[:scales]) for weight in SCALE_WEIGHTS[:scales]]
    product = frames.new_ones(frames.shape[:2])
    for scale, weight in enumerate(weights):
        luminance, structure = _similarity(frames, truth)
        last = scale == scales - 1
        product = product * _mean(luminance * structure if last else structure, _inner(mask)).clamp(min=0) ** weight
        frames, truth = _halved(frames), _halved(truth)
        mask = None if mask is None else _halved(mask)
    return product


def scales_that_fit(size: tuple[int, int]) -> int:
    """How many scales of MS-SSIM frames of (height, width) allow: every scale must hold a whole window."""
    sides = [min(size) >> scale for scale in range(len(SCALE_WEIGHTS))]
    return sum(side >= WINDOW for side in sides)


def warped_difference(frames: Tensor, *, flow: Tensor, valid: Tensor) -> Tensor:
    """How much a video changes along the motion: mean |x_{i+1} seen along the flow − x_i|.

    Args:
        frames: `b f 3 h w`.
        flow: pixels (x, y) from each frame to the next, `b f-1 2 h w`.
        valid: `b f-1 1 h w`, 1 where the flow is known and the point still seen.

    Returns:
        `b f-1`; a video's flicker is this minus the truth's own. NaN where no point is valid.
    """
    check_frames(frames)
    b, f, _, h, w = frames.shape
    if tuple(flow.shape) != (b, f - 1, 2, h, w) or tuple(valid.shape) != (b, f - 1, 1, h, w):
        raise InputError(
            f"flow {tuple(flow.shape)}, valid {tuple(valid.shape)}; wanted {(b, f - 1, 2, h, w)}, {(b, f - 1, 1, h, w)}"
        )
    y, x = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
    places = torch.stack([x, y]).to(frames) + flow.flatten(0, 1)  # n 2 h w
    unit = torch.stack([places[:, 0] / w, places[:, 1] / h], dim=-1) * 2 - 1
    later = F.grid_sample(frames[:, 1:].flatten(0, 1), unit, padding_mode="border", align_corners=False)
    return _mean((later.unflatten(0, (b, f - 1)) - frames[:, :-1]).abs(), valid)


def check_frames(frames: Tensor, *, name: str = "frames") -> None:
    """Whether these are frames.

    Raises:
        InputError: not `b f 3 h w`, or values outside [0, 1] or not finite.
    """
    if frames.ndim != 5 or frames.shape[2] != 3 or frames.numel() == 0 or not frames.is_floating_point():
        raise InputError(f"{name}: {tuple(frames.shape)} of {frames.dtype}; wanted (b, f, 3, h, w), floating point")
    low, high = frames.amin().item(), frames.amax().item()
    if not (low >= -1e-3 and high <= 1 + 1e-3):  # also false for NaN
        raise InputError(f"{name}: values run from {low:g} to {high:g}; wanted finite, within [0, 1]")


def check(frames: Tensor, truth: Tensor, mask: Tensor | None) -> None:
    """Whether frames, truth and mask belong together.

    Raises:
        InputError: shapes differ, or values are outside [0, 1] or not finite.
    """
    if frames.shape != truth.shape:
        raise InputError(f"frames {tuple(frames.shape)}, truth {tuple(truth.shape)}; wanted both (b, f, 3, h, w)")
    check_frames(frames)
    check_frames(truth, name="truth")
    if mask is not None:
        wanted = (*frames.shape[:2], 1, *frames.shape[3:])
        if tuple(mask.shape) != wanted:
            raise InputError(f"masks have the shape {tuple(mask.shape)}; wanted {wanted}")


def _mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over colors and pixels, weighted by a mask: `b f`; NaN where the mask is empty."""
    if mask is None:
        return values.mean((2, 3, 4))
    return (values * mask).sum((2, 3, 4)) / (mask.sum((2, 3, 4)) * values.shape[2])


def _similarity(frames: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Luminance, and contrast with structure, of the windows around inner pixels: each `b f 3 h-10 w-10`."""
    b = frames.shape[0]
    x, y = frames.flatten(0, 1), truth.flatten(0, 1)
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x**2
    variance_y = _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + K1**2) / (mean_x**2 + mean_y**2 + K1**2)
    structure = (2 * covariance + K2**2) / (variance_x + variance_y + K2**2)
    return luminance.unflatten(0, (b, -1)), structure.unflatten(0, (b, -1))


def _inner(mask: Tensor | None) -> Tensor | None:
    """A mask of the pixels that a whole window surrounds."""
    edge = WINDOW // 2
    return None if mask is None else mask[..., edge:-edge, edge:-edge]


def _halved(video: Tensor) -> Tensor:
    """Means of two by two pixels: `b f c h w` → `b f c h/2 w/2`."""
    return F.avg_pool2d(video.flatten(0, 1), 2).unflatten(0, video.shape[:2])


def _blurred(x: Tensor) -> Tensor:
    """Gaussian means of whole windows: `n c h w` → `n c h-10 w-10`."""
    place = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    weights = torch.exp(-(place**2) / (2 * DEVIATION**2))
    weights = (weights / weights.sum()).expand(x.shape[1], 1, 1, -1)
    x = F.conv2d(x, weights, groups=x.shape[1])
    return F.conv2d(x, weights.transpose(2, 3), groups=x.shape[1])
