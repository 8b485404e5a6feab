"""Frame metrics: pure functions of tensors, one value a frame.

Frames and truth are `b f 3 h w` floating point in [0, 1]; results are `b f`. With a mask, `b f 1 h w` in [0, 1],
only the person counts. Means are taken over frames afterwards, never over pixels of several frames: a
PSNR is of a frame. Where a mask is empty, the value is NaN: nothing was measured.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tempose.core.errors import InputError

# Of the structural similarity: width and deviation of the Gaussian window.
WINDOW, DEVIATION = 11, 1.5

# A person's outline is taken as so many pixels wide to either side.
RIM = 4

# Where the truth changes by no more than so many levels of 255, and nothing does within RIM pixels, it is still.
STILL = 12

# The shortest side that holds a whole window at each of the five scales of MS-SSIM.
FIVE_SCALES = WINDOW << 4


def l1(frames: Tensor, truth: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Mean absolute difference: 0 is best."""
    return _mean((frames - truth).abs(), mask)


def psnr(frames: Tensor, truth: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Peak signal-to-noise ratio in dB, of floating-point values: higher is better, equal is infinite."""
    return -10 * _mean((frames - truth) ** 2, mask).log10()


def psnr_overflowing(frames: Tensor, truth: Tensor) -> Tensor:
    """The PSNR of a widely copied script, which overflows; only to compare with tables made by it.

    Frames are rounded to 8 bits, and their differences and the squares of these are taken modulo 256;
    equal frames score 100 dB. The script is tool/metrics/ssim_l1_lpips_psnr.py of DisCo
    (https://github.com/Wangt-CN/DisCo/issues/86). It often says several dB more than `psnr`, and a
    worse frame may score higher.
    """
    x, y = ((values.clamp(0, 1) * 255).round().to(torch.uint8) for values in (frames, truth))
    error = ((x - y) ** 2).double().mean((2, 3, 4))
    return torch.where(error == 0, 100.0, 20 * (255 / error.sqrt()).log10()).to(frames.dtype)


def ssim(frames: Tensor, truth: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Structural similarity (Wang et al. 2004): Gaussian window of 11 pixels, whole windows only.

    1 is best; the mean over the three colors. With a mask, over the windows centered on the person.
    """
    similarity = torchmetrics().structural_similarity_index_measure
    pairs = zip(frames.flatten(0, 1).split(1), truth.flatten(0, 1).split(1), strict=True)
    maps = [similarity(x, y, sigma=DEVIATION, data_range=1.0, return_full_image=True)[1] for x, y in pairs]
    edge = slice(WINDOW // 2, -(WINDOW // 2))
    values = torch.cat(maps).unflatten(0, frames.shape[:2])[..., edge, edge]
    return _mean(values, None if mask is None else mask[..., edge, edge])


def ms_ssim(frames: Tensor, truth: Tensor) -> Tensor:
    """Multi-scale structural similarity (Wang et al. 2003), five scales, of sides ≥ FIVE_SCALES: 1 is best."""
    similarity = torchmetrics().multiscale_structural_similarity_index_measure
    pairs = zip(frames.flatten(0, 1).split(1), truth.flatten(0, 1).split(1), strict=True)
    return torch.stack([similarity(x, y, data_range=1.0) for x, y in pairs]).view(frames.shape[:2])


def torchmetrics() -> Any:
    """The metrics of pictures that torchmetrics has.

    Raises:
        InputError: it is not installed.
    """
    try:
        import torchmetrics.functional.image as functional
    except ImportError:
        raise InputError("SSIM needs the package torchmetrics", remedy="pip install 'tempose[metrics]'") from None
    return functional


def sharpness(frames: Tensor, truth: Tensor, *, mask: Tensor) -> Tensor:
    """Gradients inside the person, as share of the truth's: 1 is as sharp, below is blurred, above is noise.

    NaN where nobody is, or the truth has no gradients.
    """
    return _gradient_ratio(frames, truth, _shrunk(mask))


def rim_sharpness(frames: Tensor, truth: Tensor, *, mask: Tensor) -> Tensor:
    """The same along the outline, four pixels to either side: below 1 it is soft, or not where it should be."""
    return _gradient_ratio(frames, truth, grown(mask) - _shrunk(mask))


def stillness(frames: Tensor, truth: Tensor) -> Tensor:
    """How much changes from frame to frame where the truth stands still: `b f-1`, in levels of 255; 0 is best.

    NaN where the whole truth moves.
    """
    moves = (truth.diff(dim=1).abs().amax(2, keepdim=True) * 255 > STILL).float()
    still = 1 - grown(moves)
    change = 255 * frames.diff(dim=1).abs().mean(2, keepdim=True)
    return (change * still).sum((2, 3, 4)) / still.sum((2, 3, 4))


def _gradient_ratio(frames: Tensor, truth: Tensor, where: Tensor) -> Tensor:
    ours, theirs = (where * _gradients(video) for video in (frames, truth))
    return ours.sum((2, 3, 4)) / theirs.sum((2, 3, 4))


def _gradients(video: Tensor) -> Tensor:
    """Length of the Sobel gradient of grey (ITU-R BT.601): `b f 3 h w` → `b f 1 h w`."""
    weights = video.new_tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    grey = F.pad((video * weights).sum(2, keepdim=True).flatten(0, 1), (1, 1, 1, 1), mode="reflect")
    across = video.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    both = F.conv2d(grey, torch.stack([across, across.T])[:, None])
    return both.norm(dim=1, keepdim=True).unflatten(0, video.shape[:2])


def grown(mask: Tensor) -> Tensor:
    """A mask `b f 1 h w` with RIM pixels more to every side."""
    return F.max_pool2d(mask.flatten(0, 1), 2 * RIM + 1, stride=1, padding=RIM).unflatten(0, mask.shape[:2])


def _shrunk(mask: Tensor) -> Tensor:
    return 1 - grown(1 - mask)


def warped_difference(frames: Tensor, *, flow: Tensor, valid: Tensor) -> Tensor:
    """How much a video changes along the motion: mean |x_{i+1} seen along the flow − x_i|.

    Args:
        frames: `b f 3 h w`.
        flow: pixels (x, y) from each frame to the next, `b f-1 2 h w`.
        valid: `b f-1 1 h w`, 1 where the flow is known and the point still seen.

    Returns:
        `b f-1`; a video's flicker is this minus the truth's own. NaN where no point is valid.
    """
    b, f, _, h, w = frames.shape
    y, x = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
    places = torch.stack([x, y]).to(frames) + flow.flatten(0, 1)  # n 2 h w
    unit = torch.stack([places[:, 0] / w, places[:, 1] / h], dim=-1) * 2 - 1
    later = F.grid_sample(frames[:, 1:].flatten(0, 1), unit, padding_mode="border", align_corners=False)
    return _mean((later.unflatten(0, (b, f - 1)) - frames[:, :-1]).abs(), valid)


def _mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over colors and pixels, weighted by a mask: `b f`; NaN where the mask is empty."""
    if mask is None:
        return values.mean((2, 3, 4))
    return (values * mask).sum((2, 3, 4)) / (mask.sum((2, 3, 4)) * values.shape[2])
