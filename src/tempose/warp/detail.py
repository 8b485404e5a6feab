"""What a small generated frame lacks at the result's size, from the warp at that size.

The network says at its own size what the frame looks like, and by which flow the warped person got there. At the
result's size the warp knows what the photo shows of it; the flow, smoothed, moves it as well. Where the small frame and
the warp, made as small, agree but for the shade, the warp shows in that shade; the more their persons differ, the more
the small frame is shown instead, enlarged as it is. Where the person ends is the moved warp's to say alone: a foot that
the network half believes in is there, and never pale. Of faces and hands, a few of its pixels, the network knows
nothing. Nothing is sharpened and nothing is invented.
(Coarse levels of a pyramid from one picture, fine ones from another: Burt and Adelson, "A Multiresolution Spline with
Application to Image Mosaics", 1983.)
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# The unit of a flow, in heights of the frame: two pixels of 128.
FLOW_UNIT = 1 / 64

# A small frame and the warp differ by so much, in [-1, 1], besides the shade, where the warp is trusted to a third.
AGREE = 1.2

# The same of what no share of the background explains.
ASIDE = 0.6

# The shade is that of pixels that differ by about this much at most.
ALIKE = 0.2

# The side of the square over which the network's shade is averaged, in its pixels.
SHADE = 5

# The network's flow is averaged over a square of so many of its pixels: where it breaks a larger warp would, too. The
# warp goes this share of the way (docs/experiments.md).
SMOOTH, CARRIED = 5, 0.6


def moved(picture: Tensor, flow: Tensor) -> Tensor:
    """Each pixel taken from where a flow points.

    The warp moves body parts as pieces of paper. Where they turn out of the picture's plane or cloth slides over
    them, the right colors are near; to fetch them is easier learnt than to generate them anew, and keeps what no
    training person wore (as the residual flows of Liu et al. 2019, "Liquid Warping GAN", and Ren et al. 2020, "Deep
    Image Spatial Transformation", which correct or replace a body model's).

    Args:
        picture: `b f c h w`.
        flow: `b f 2 h w`, right and down to the source, in 64ths of the picture's height.
    """
    b, f, _, h, w = picture.shape
    offset = flow.flatten(0, 1).float() * picture.new_tensor([2 * FLOW_UNIT * h / w, 2 * FLOW_UNIT])[:, None, None]
    places = (_pixel_centers(h, w, device=picture.device) + offset).movedim(1, -1)
    found = F.grid_sample(picture.flatten(0, 1), places, padding_mode="border", align_corners=False)
    return found.unflatten(0, (b, f))


def _pixel_centers(h: int, w: int, *, device: torch.device) -> Tensor:
    """x, y of every pixel's center in [-1, 1]: `2 h w`."""
    y, x = ((2 * torch.arange(side, device=device) + 1) / side - 1 for side in (h, w))
    return torch.stack([x.expand(h, w), y[:, None].expand(h, w)])


def detailed(
    generated: Tensor,
    *,
    color: Tensor,
    cover: Tensor,
    background: Tensor,
    flow: Tensor | None = None,
    fine: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Frames at the result's size.

    Args:
        generated: the network's frames, `f 3 h w` in [-1, 1].
        color, cover: the warp at the result's size: colors `f 3 H W` in [-1, 1], not premultiplied, and their alpha.
        background: what the photo shows behind the person, `f 3 H W` in [-1, 1].
        flow: by which the network moved the warped person, `f 2 h w`, as `moved` takes it.
        fine: `f 1 h w` in [0, 1]: where the warp is finer than anything that the network tells, and stays.

    Returns:
        The frames `f 3 H W` in [-1, 1], and the person's alpha `f 1 H W` in [0, 1]; where that is 0 a frame is the
        background to the bit.
    """
    (h, w), (height, width) = generated.shape[-2:], color.shape[-2:]
    small, size = (h, w), (height, width)
    known = torch.ones_like(generated[:, :1]) if fine is None else 1 - fine
    if flow is not None:
        flow = CARRIED * known * _averaged(known * flow, SMOOTH)  # nor has what is beside them a say there
        color, cover = _carried(color, cover, enlarged(flow, size))

    coarse, there = shrunk(torch.lerp(background, color, cover), small), shrunk(cover, small)
    # Where both agree, the photo's detail stays, in the shade that the network gives it.
    differs = generated - coarse
    alike = there * _agreement(differs, ALIKE)
    shade = _averaged(alike * differs, SHADE) / _averaged(there, SHADE).clamp_min(1e-3)
    away = differs - shade
    aside = _beside(away, shrunk(background, small) - coarse)
    trust = _agreement(away, AGREE).maximum(_agreement(aside, ASIDE))
    trust = 1 - known * (1 - trust)
    person = torch.lerp(enlarged(generated, size), color + enlarged(known * shade, size), enlarged(trust, size))
    return torch.lerp(background, person.clamp(-1, 1), cover), cover


def _carried(color: Tensor, cover: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
    """Colors and their alpha moved together: no color comes from where nobody is."""
    premultiplied, cover = moved(torch.cat([color * cover, cover], dim=1)[None], flow[None])[0].split([3, 1], dim=1)
    return premultiplied / cover.clamp_min(1e-3), cover


def _agreement(differs: Tensor, tolerance: float) -> Tensor:
    """1 where nothing differs, a third where a color differs by the tolerance: `f 1 h w`."""
    return torch.exp(-((differs.abs().amax(1, keepdim=True) / tolerance) ** 2))


def _beside(differs: Tensor, to_background: Tensor) -> Tensor:
    """What of a difference, `f 3 h w`, does not lead to the background: whether that is seen, the alpha says."""
    along = (differs * to_background).sum(1, keepdim=True) / (to_background**2).sum(1, keepdim=True).clamp_min(1e-6)
    return differs - along.clamp(0, 1) * to_background


def _averaged(picture: Tensor, side: int) -> Tensor:
    """`f c h w`, each pixel the mean of a square of so many pixels about it."""
    return F.avg_pool2d(picture, side, stride=1, padding=side // 2, count_include_pad=False)


def shrunk(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """`f c H W` averaged to a smaller size."""
    return F.interpolate(picture, size=size, mode="area")


def enlarged(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """`f c h w` at a larger size, smoothly."""
    single = picture.flatten(0, 1)[:, None].contiguous()  # twice as fast as several channels at once
    return F.interpolate(single, size=size, mode="bilinear", align_corners=False).view(*picture.shape[:2], *size)
