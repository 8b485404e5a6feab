"""What a small generated frame lacks at the result's size, from the warp at that size.

The network says at its own size what the frame looks like, and where the person is. At the result's size the warp knows
what the photo shows of it. Where the small frame and the warp, made as small, agree but for the shade, the warp shows
in that shade; the more they differ, the more the small frame is shown instead, enlarged as it is. Nothing is sharpened
and nothing is invented. (Coarse levels of a pyramid from one picture, fine ones from another: Burt and Adelson, "A
Multiresolution Spline with Application to Image Mosaics", 1983.)
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# The unit of a flow, in heights of the frame: two pixels of 128.
FLOW_UNIT = 1 / 64

# A small frame and the warp differ by so much, in [-1, 1], besides the shade, where the warp is trusted to a third.
AGREE = 1.2

# The network's alpha changes the warp's where they differ by more than this; less is doubt.
UNSURE = 0.9

# The shade is that of pixels that differ by about this much at most.
ALIKE = 0.2

# The side of the square over which the network's shade is averaged, in its pixels.
SHADE = 5

# The network's colors are used within so many of its pixels about the person.
RIM = 2


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
    offset = flow.flatten(0, 1).movedim(1, -1) * h * FLOW_UNIT
    places = (_pixel_centers(h, w, device=picture.device) + offset) / offset.new_tensor([w, h]) * 2 - 1
    found = F.grid_sample(picture.flatten(0, 1), places, padding_mode="border", align_corners=False)
    return found.unflatten(0, (b, f))


def _pixel_centers(h: int, w: int, *, device: torch.device) -> Tensor:
    """x, y of every pixel's center: `h w 2`."""
    y, x = torch.meshgrid(torch.arange(h, device=device), torch.arange(w, device=device), indexing="ij")
    return torch.stack([x, y], dim=-1) + 0.5


def detailed(
    generated: Tensor, alpha: Tensor, *, color: Tensor, cover: Tensor, background: Tensor
) -> tuple[Tensor, Tensor]:
    """Frames at the result's size.

    Args:
        generated: the network's frames, `f 3 h w` in [-1, 1].
        alpha: where it says that the person is, `f 1 h w` in [0, 1].
        color, cover: the warp at the result's size: colors `f 3 H W` in [-1, 1], not premultiplied, and their alpha.
        background: what the photo shows behind the person, `f 3 H W` in [-1, 1].

    Returns:
        The frames `f 3 H W` in [-1, 1], and the person's alpha `f 1 H W` in [0, 1]; where that is 0 a frame is the
        background to the bit.
    """
    (h, w), (height, width) = generated.shape[-2:], color.shape[-2:]
    small, size = (h, w), (height, width)
    wrong = alpha - shrunk(cover, small)
    wrong = wrong.sign() * (wrong.abs() - UNSURE).clamp_min(0) / (1 - UNSURE)
    cover = (cover + enlarged(wrong, size)).clamp(0, 1)

    warped = cover * color + (1 - cover) * background
    there, coarse = shrunk(cover, small), shrunk(warped, small)
    # Where both agree, the photo's detail stays, in the shade that the network gives it.
    differs = generated - coarse
    alike = there * torch.exp(-((differs.abs().amax(1, keepdim=True) / ALIKE) ** 2))
    shade = _averaged(alike * differs) / _averaged(there).clamp_min(1e-3)
    agreed = warped + cover * enlarged(shade, size)
    trust = torch.exp(-(((differs - shade).abs().amax(1, keepdim=True) / AGREE) ** 2))
    frame = torch.lerp(enlarged(generated, size), agreed, enlarged(trust, size))
    around = F.max_pool2d(shrunk(cover, small), 2 * RIM + 1, stride=1, padding=RIM)
    around = enlarged(around, size).clamp(0, 1)
    return torch.lerp(background, frame.clamp(-1, 1), around), cover


def _averaged(picture: Tensor) -> Tensor:
    """`f c h w`, each pixel the mean of a square of SHADE pixels about it."""
    return F.avg_pool2d(picture, SHADE, stride=1, padding=SHADE // 2)


def shrunk(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """`f c H W` averaged to a smaller size."""
    return F.interpolate(picture, size=size, mode="area")


def enlarged(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """`f c h w` at a larger size, smoothly."""
    return F.interpolate(picture, size=size, mode="bilinear", align_corners=False)
