"""Residual blocks of the U-Net, and the one place where time folds into the batch.

The blocks are those of ADM (Dhariwal & Nichol 2021, appendix A; BigGAN's up- and down-sampling),
which PIDM (Bhunia et al., CVPR 2023, section 4) builds on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.embeddings import get_timestep_embedding
from einops import rearrange
from torch import Tensor, nn


def fold(video: Tensor) -> Tensor:
    """`b f c h w` → `(b f) c h w`: frames become batch for everything that looks at single frames."""
    return rearrange(video, "b f c h w -> (b f) c h w")


def unfold(frames: Tensor, f: int) -> Tensor:
    """`(b f) c h w` → `b f c h w`."""
    return rearrange(frames, "(b f) c h w -> b f c h w", f=f)


class GroupNorm(nn.GroupNorm):
    """Group normalization; small maps are laid out channel by channel for it.

    Where channels lie innermost, torch's kernel for processors is up to ten times slower on maps of at most
    `SMALL` pixels, for which it has a way of its own.
    """

    SMALL = 1024

    def forward(self, x: Tensor) -> Tensor:
        """`n c h w` → the same shape."""
        return self.modulated(x, None, None)

    def modulated(self, x: Tensor, scale: Tensor | None, shift: Tensor | None) -> Tensor:
        """What is normalized, `n c h w`, scaled and shifted once more, by `n c` each, or by `1 c` all of it."""
        x = x.contiguous() if x.shape[2:].numel() <= self.SMALL else x
        if scale is None or shift is None:
            return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
        if len(scale) == 1:  # in one go
            weight, bias = self.weight * scale[0], torch.addcmul(shift[0], self.bias, scale[0])
            return F.group_norm(x, self.num_groups, weight, bias, self.eps)
        h = F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
        return torch.addcmul(shift[..., None, None], h, scale[..., None, None])


def group_norm(channels: int) -> GroupNorm:
    """Group normalization: 32 groups, as published, or fewer where one would have under four channels."""
    return GroupNorm(math.gcd(32, channels // 4), channels)


def zero_init(module: nn.Module) -> nn.Module:
    """The same module with all parameters zero: a residual branch that starts as nothing."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


Resample = Callable[[Tensor], Tensor]


def halve(x: Tensor) -> Tensor:
    """Average of 2×2 pixels: `n c h w` → `n c h/2 w/2`."""
    return F.avg_pool2d(x, 2)


def double(x: Tensor) -> Tensor:
    """Each pixel four times: `n c h w` → `n c 2h 2w`."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def same(x: Tensor) -> Tensor:
    """The resampling of a block that keeps the size of its map."""
    return x


class HalvingConv2d(nn.Conv2d):
    """A convolution of the map at half its size."""

    def forward(self, x: Tensor) -> Tensor:
        """`n c h w` → `n c' h/2 w/2`."""
        return super().forward(halve(x))


class DoublingConv2d(nn.Conv2d):
    """A 3×3 convolution of the map at twice its size, which is never made.

    Where each pixel stands four times, a kernel of 3×3 meets only 2×2 different ones: the same sums are a
    transposed convolution of the small map, at 4 products a pixel instead of 9.
    """

    def forward(self, x: Tensor) -> Tensor:
        """`n c h w` → `n c' 2h 2w`."""
        kernel = self.weight.flip(2, 3).transpose(0, 1)  # c c' 3 3
        kernel = F.pad(kernel, (0, 1)) + F.pad(kernel, (1, 0))
        kernel = F.pad(kernel, (0, 0, 0, 1)) + F.pad(kernel, (0, 0, 1, 0))  # c c' 4 4
        return F.conv_transpose2d(x, kernel, self.bias, stride=2, padding=1)


CONVOLUTIONS: dict[Resample, type[nn.Conv2d]] = {same: nn.Conv2d, halve: HalvingConv2d, double: DoublingConv2d}


class TimeEmbedding(nn.Module):
    """Diffusion time → features: sinusoids, then a small MLP."""

    def __init__(self, sinusoids: int, channels: int) -> None:
        super().__init__()
        self.sinusoids = sinusoids
        self.linear1 = nn.Linear(sinusoids, channels)
        self.linear2 = nn.Linear(channels, channels)

    def forward(self, t: Tensor) -> Tensor:
        """Times `n` → features `n c`, already through the SiLU that every block would apply."""
        waves = get_timestep_embedding(t, self.sinusoids, flip_sin_to_cos=True, downscale_freq_shift=0)
        h = self.linear1(waves.to(self.linear1.weight.dtype))
        return F.silu(self.linear2(F.silu(h)))


class ResidualBlock(nn.Module):
    """norm · SiLU · resampling conv · norm · SiLU · dropout · conv (zero at first), around a skip."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        dropout: float = 0.0,
        resample: Resample = same,
    ) -> None:
        super().__init__()
        self.resample = resample
        self.norm1 = group_norm(in_channels)
        self.conv1 = CONVOLUTIONS[resample](in_channels, out_channels, 3, padding=1)
        self.norm2 = group_norm(out_channels)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = zero_init(nn.Conv2d(out_channels, out_channels, 3, padding=1))
        self.skip = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`n c h w` → `n c' h' w'`, h' and w' as `resample` makes them."""
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(self.dropout(F.silu(self.norm2(h))))
        return self.skip(self.resample(x)) + h


class TimedResidualBlock(ResidualBlock):
    """A residual block whose second norm is scaled and shifted by the diffusion time."""

    def __init__(self, in_channels: int, out_channels: int, *, time_channels: int, **kwargs: Any) -> None:
        super().__init__(in_channels, out_channels, **kwargs)
        self.modulation = nn.Linear(time_channels, 2 * out_channels)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:  # type: ignore[override]
        """`n c h w` and time features `n d`, or `1 d` of all, → `n c' h' w'`."""
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.modulation(time).chunk(2, dim=1)
        h = self.norm2.modulated(h, 1 + scale, shift)
        h = self.conv2(self.dropout(F.silu(h)))
        return self.skip(self.resample(x)) + h
