"""The blocks that the noise predictor is made of, and where each stands.

A texture diffusion block (PIDM, section 3.2) is a residual block followed by cross-attention to the
photo; the temporal texture diffusion block adds self-attention over the frames after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from tempose.models.attention import KeyValue, TemporalAttention, TextureAttention
from tempose.models.layers import TimedResidualBlock


class TextureDiffusionBlock(nn.Module):
    """Residual block, then cross-attention from the noisy frame to the photo."""

    def __init__(self, residual: TimedResidualBlock, texture: TextureAttention) -> None:
        super().__init__()
        self.residual = residual
        self.texture = texture

    def forward(self, h: Tensor, time: Tensor, pose: Tensor, photo: KeyValue, f: int) -> Tensor:
        """`(b f) c h w`, time features `(b f) d`, pose maps, keys and values → `(b f) c' h w`."""
        h = self.residual(h, time)
        return self.texture(h, pose, photo, f)


class TemporalTextureDiffusionBlock(TextureDiffusionBlock):
    """A texture diffusion block, then self-attention over the frames of the clip."""

    def __init__(self, residual: TimedResidualBlock, texture: TextureAttention, temporal: TemporalAttention) -> None:
        super().__init__(residual, texture)
        self.temporal = temporal

    def forward(self, h: Tensor, time: Tensor, pose: Tensor, photo: KeyValue, f: int) -> Tensor:
        """As the texture diffusion block, with every position informed by the other frames."""
        h = super().forward(h, time, pose, photo, f)
        return self.temporal(h, f)


@dataclass(frozen=True)
class Place:
    """One block on the way down or up, as the plan lists it."""

    level: int
    in_channels: int
    out_channels: int
    resample: bool = False  # down: a down-sampling block by itself; up: followed by an up-sampling one
    texture: int | None = None  # index of the photo's feature map that this block attends to


def plan_down(base: int, multipliers: Sequence[int], blocks: int, texture_levels: Sequence[int] = ()) -> list[Place]:
    """The blocks on the way down, after the first convolution (which is feature map 0).

    The last block of each texture level reads the photo's feature map of the same depth.
    """
    places: list[Place] = []
    channels = base * multipliers[0]
    for level, multiplier in enumerate(multipliers):
        if level > 0:
            places.append(Place(level, channels, channels, resample=True))
        for block in range(blocks):
            depth = len(places) + 1
            reads = level in texture_levels and block == blocks - 1
            places.append(Place(level, channels, base * multiplier, texture=depth if reads else None))
            channels = base * multiplier
    return places


def plan_up(base: int, multipliers: Sequence[int], blocks: int, texture_levels: Sequence[int] = ()) -> list[Place]:
    """The blocks on the way up: one more a level, each fed with a skip from the way down.

    The last but one block of each texture level reads the photo's feature map of the same depth.
    """
    skips = [base * multipliers[0], *(p.out_channels for p in plan_down(base, multipliers, blocks))]
    places: list[Place] = []
    channels = skips[-1]
    for level, multiplier in reversed(list(enumerate(multipliers))):
        for block in range(blocks + 1):
            depth = len(skips) - 1
            reads = level in texture_levels and block == blocks - 1
            rises = level > 0 and block == blocks
            places.append(Place(level, channels + skips.pop(), base * multiplier, rises, depth if reads else None))
            channels = base * multiplier
    return places
