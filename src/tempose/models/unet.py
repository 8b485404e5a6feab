"""The noise predictor H_N (PIDM, section 3.2) and its extension to clips of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from einops import repeat
from torch import Tensor, nn

from tempose.errors import InputError
from tempose.models.attention import KeyValue, TemporalAttention
from tempose.models.base import StrictModel, check_size
from tempose.models.blocks import (
    Place,
    TemporalTextureDiffusionBlock,
    TextureDiffusionBlock,
    plan_down,
    plan_up,
)
from tempose.models.layers import (
    Resample,
    TimedResidualBlock,
    TimeEmbedding,
    double,
    fold,
    group_norm,
    halve,
    same,
    unfold,
    zero_init,
)

POSE_CHANNELS = 20


class PersonUNet(StrictModel, ModelMixin, ConfigMixin):
    """Predicts the noise in the frames of a clip, from their poses and one photo's texture.

    The image model (`temporal=False`) looks at every frame by itself. The video model
    (`temporal=True`) has the same blocks, with temporal attention after each texture diffusion
    block; before training it gives the same output, frame by frame.
    """

    _supports_gradient_checkpointing = True

    @register_to_config
    def __init__(
        self,
        base_channels: int,
        channel_multipliers: Sequence[int],
        texture_levels: Sequence[int],
        residual_blocks: int = 2,
        time_channels: int = 512,
        dropout: float = 0.1,
        learned_variance: bool = True,
        temporal: bool = False,
        temporal_head_channels: int = 64,
        clip_length: int = 4,
    ) -> None:
        super().__init__()
        self.gradient_checkpointing = False
        shape = (base_channels, channel_multipliers, residual_blocks, texture_levels)
        self.places_down, self.places_up = plan_down(*shape), plan_up(*shape)
        narrow, wide = base_channels * channel_multipliers[0], base_channels * channel_multipliers[-1]

        def residual(c_in: int, c_out: int, resample: Resample = same) -> TimedResidualBlock:
            return TimedResidualBlock(c_in, c_out, time_channels=time_channels, dropout=dropout, resample=resample)

        def texture_block(c_in: int, c_out: int) -> TextureDiffusionBlock:
            block = residual(c_in, c_out)
            if temporal:
                return TemporalTextureDiffusionBlock(block, c_out, head_channels=temporal_head_channels)
            return TextureDiffusionBlock(block, c_out)

        def block(place: Place, resample: Resample = same) -> nn.Module:
            if place.texture is not None:
                return texture_block(place.in_channels, place.out_channels)
            return residual(place.in_channels, place.out_channels, resample)

        self.time_embedding = TimeEmbedding(base_channels, time_channels)
        self.conv_in = nn.Conv2d(3 + POSE_CHANNELS, narrow, 3, padding=1)
        self.down = nn.ModuleList(block(place, halve if place.resample else same) for place in self.places_down)
        self.middle_in = texture_block(wide, wide)
        self.middle_out = residual(wide, wide)
        self.up = nn.ModuleList(block(place) for place in self.places_up)
        self.upsample = nn.ModuleDict(
            {
                str(place.level): residual(place.out_channels, place.out_channels, double)
                for place in self.places_up
                if place.resample
            }
        )
        self.norm_out = group_norm(narrow)
        self.conv_out = zero_init(nn.Conv2d(narrow, 6 if learned_variance else 3, 3, padding=1))

    def forward(self, x_t: Tensor, t: Tensor, pose_map: Tensor, photo: Sequence[KeyValue]) -> Tensor:
        """Predict what the noise in a clip is.

        Args:
            x_t: noisy frames `b f 3 h w`.
            t: diffusion times `b`, the same for all frames of a clip.
            pose_map: `b f 20 h w` in [0, 1]; all zeros is ∅.
            photo: what `read_texture` made of the photo's features.

        Returns:
            `b f c h w`: noise (or v, as the model was trained), then, where the variance is learned,
            as many channels for it.

        Raises:
            InputError: a shape does not fit.
        """
        self.check(x_t, pose_map)
        f = x_t.shape[1]
        time = repeat(self.time_embedding(t), "b d -> (b f) d", f=f)
        textures = iter(photo)

        h = self.conv_in(fold(torch.cat([x_t, pose_map], dim=2)))  # (b f) c h w
        skips = [h]
        for place, block in zip(self.places_down, self.down, strict=True):
            h = self.run(block, h, time, *([next(textures), f] if place.texture else []))
            skips.append(h)

        h = self.run(self.middle_in, h, time, next(textures), f)
        h = self.run(self.middle_out, h, time)

        for place, block in zip(self.places_up, self.up, strict=True):
            h = torch.cat([h, skips.pop()], dim=1)
            h = self.run(block, h, time, *([next(textures), f] if place.texture else []))
            if place.resample:
                h = self.run(self.upsample[str(place.level)], h, time)

        return unfold(self.conv_out(F.silu(self.norm_out(h))), f)

    def read_texture(self, features: Sequence[Tensor]) -> list[KeyValue]:
        """The texture encoder's feature maps → keys and values of the texture diffusion blocks.

        They depend neither on the noise nor on the time: once a photo is enough.
        """
        return [block.texture.read(features[depth]) for block, depth in self.texture_blocks()]

    def texture_blocks(self) -> Iterator[tuple[TextureDiffusionBlock, int]]:
        """The texture diffusion blocks in the order of computation, each with the depth it reads."""
        depths = [place.texture for place in self.places_down], [-1], [place.texture for place in self.places_up]
        blocks = self.down, [self.middle_in], self.up
        for depth, block in zip(chain(*depths), chain(*blocks), strict=True):
            if depth is not None:
                assert isinstance(block, TextureDiffusionBlock)
                yield block, depth

    def temporal_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters that the temporal stage trains; nothing in an image model."""
        for module in self.modules():
            if isinstance(module, TemporalAttention):
                yield from module.parameters()

    def run(self, block: nn.Module, *inputs: Any) -> Tensor:
        """The block's output; under gradient checkpointing its activations are not kept."""
        if self.gradient_checkpointing and torch.is_grad_enabled():
            return self._gradient_checkpointing_func(block, *inputs)
        return block(*inputs)

    def check(self, x_t: Tensor, pose_map: Tensor) -> None:
        """Shapes at the door."""
        if x_t.ndim != 5 or x_t.shape[2] != 3:
            raise InputError(f"noisy frames have the shape {tuple(x_t.shape)}; wanted (b, f, 3, h, w)")
        wanted = (*x_t.shape[:2], POSE_CHANNELS, *x_t.shape[3:])
        if tuple(pose_map.shape) != wanted:
            raise InputError(f"pose maps have the shape {tuple(pose_map.shape)}; wanted {wanted}")
        check_size(x_t.shape[-2:], levels=len(self.config.channel_multipliers))
