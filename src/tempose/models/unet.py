"""The noise predictor H_N (PIDM, section 3.2) and its extension to clips of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from einops import repeat
from torch import Tensor, nn

from tempose.core.errors import InputError
from tempose.models.attention import KeyValue, PoseKeyedTextureAttention, TemporalAttention, TextureAttention
from tempose.models.base import StrictModel, check_size, size_unit
from tempose.models.blocks import (
    Place,
    TemporalTextureDiffusionBlock,
    TextureDiffusionBlock,
    plan_down,
    plan_up,
)
from tempose.models.conditions import BACKGROUND_CHANNELS, GUIDE_CHANNELS, Conditions
from tempose.models.config import SamplingConfig, UNetConfig
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
from tempose.pose.render import POSE_CHANNELS


class PersonUNet(StrictModel, ModelMixin, ConfigMixin):
    """Predicts the noise in the frames of a clip, from their poses and one photo's texture.

    The image model (`temporal=False`) looks at every frame by itself. The video model
    (`temporal=True`) has the same blocks, with temporal attention after each texture diffusion
    block; before training it gives the same output, frame by frame.
    """

    _supports_gradient_checkpointing = True

    config_class = UNetConfig
    former_fields = SamplingConfig

    def __init__(self, config: UNetConfig) -> None:
        super().__init__(config)
        shape = (config.base_channels, config.channel_multipliers, config.residual_blocks, config.texture_levels)
        self.places_down, self.places_up = plan_down(*shape), plan_up(*shape)
        narrow, wide = self.places_down[0].in_channels, self.places_down[-1].out_channels

        def residual(c_in: int, c_out: int, resample: Resample = same) -> TimedResidualBlock:
            return TimedResidualBlock(
                c_in, c_out, time_channels=config.time_channels, dropout=config.dropout, resample=resample
            )

        def texture_block(c_in: int, c_out: int) -> TextureDiffusionBlock:
            block = residual(c_in, c_out)
            texture = PoseKeyedTextureAttention(c_out) if config.pose_keys else TextureAttention(c_out)
            if not config.temporal:
                return TextureDiffusionBlock(block, texture)
            attention = TemporalAttention(c_out, head_channels=config.temporal_head_channels)
            return TemporalTextureDiffusionBlock(block, texture, attention)

        def block(place: Place, resample: Resample = same) -> nn.Module:
            if place.texture is not None:
                return texture_block(place.in_channels, place.out_channels)
            return residual(place.in_channels, place.out_channels, resample)

        self.time_embedding = TimeEmbedding(config.base_channels, config.time_channels)
        channels_in = 3 + POSE_CHANNELS
        channels_in += GUIDE_CHANNELS * config.warped_photo + BACKGROUND_CHANNELS * config.background
        self.conv_in = nn.Conv2d(channels_in * config.patch**2, narrow, 3, padding=1)
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
        channels_out = 3 + 3 * config.learned_variance
        self.conv_out = zero_init(nn.Conv2d(narrow, channels_out * config.patch**2, 3, padding=1))
        if config.correct_prior:
            self.person_out = zero_init(nn.Conv2d(narrow, 3, 3, padding=1))

    def forward(
        self, x_t: Tensor, t: Tensor, conditions: Conditions, encoded: Sequence[Tensor] | None = None
    ) -> Tensor:
        """Predict what the noise in a clip is.

        Args:
            x_t: noisy frames `b f 3 h w`.
            t: diffusion times `b`, the same for all frames of a clip.
            conditions: poses and photo.
            encoded: what `encode` makes of these frames, where it is known already.

        Returns:
            `b f c h w`: where the prior is corrected, first two channels of flow, as `tempose.warp.detail.moved`
            takes it, and one that is added to the person's alpha; three of noise (or v, as the model was trained);
            where the variance is learned, three for it.

        Raises:
            InputError: a shape does not fit.
        """
        self.check(x_t, conditions, encoded)
        f = x_t.shape[1]
        time = self.times(t, f)
        pose = fold(conditions.pose_map)
        skips = list(self.encode(x_t, t, conditions) if encoded is None else encoded)  # (b f) c h w each
        h, done = skips[-1], len(skips) - 1

        def through(name: str, block: nn.Module, h: Tensor) -> Tensor:
            texture = conditions.texture.get(name)
            return self.run(block, h, time, *(() if texture is None else (pose, texture, f)))

        for i, block in list(enumerate(self.down))[done:]:
            h = through(f"down.{i}", block, h)
            skips.append(h)

        h = through("middle_in", self.middle_in, h)
        h = through("middle_out", self.middle_out, h)

        for i, (place, block) in enumerate(zip(self.places_up, self.up, strict=True)):
            h = through(f"up.{i}", block, torch.cat([h, skips.pop()], dim=1))
            if place.resample:
                h = through("upsample", self.upsample[str(place.level)], h)

        h = F.silu(self.norm_out(h))
        out = F.pixel_shuffle(self.conv_out(h), self.config.patch)
        if self.config.correct_prior:
            person = F.interpolate(self.person_out(h), size=out.shape[-2:], mode="bilinear", align_corners=False)
            out = torch.cat([person, out], dim=1)
        return unfold(out, f)

    def encode(self, x_t: Tensor, t: Tensor, conditions: Conditions) -> list[Tensor]:
        """The way down as far as no block reads the texture: `(b f) c h w`, one map a block.

        Up to there every frame is by itself, and the photo's texture changes nothing.
        """
        time = self.times(t, x_t.shape[1])
        seen = torch.cat([fold(x) for x in (x_t, conditions.pose_map, *conditions.guides)], dim=1)
        maps = [self.conv_in(F.pixel_unshuffle(seen, self.config.patch))]
        for place, block in zip(self.places_down, self.down, strict=True):
            if place.texture is not None:
                break
            maps.append(self.run(block, maps[-1], time))
        return maps

    def times(self, t: Tensor, f: int) -> Tensor:
        """Features of the times `b` for every frame, `(b f) d`; of a single one for all of them, `1 d`."""
        time = self.time_embedding(t)
        return time if len(time) == 1 else repeat(time, "b d -> (b f) d", f=f)

    def read_texture(self, features: Sequence[Tensor], pose: Tensor) -> dict[str, KeyValue]:
        """The texture encoder's feature maps → keys and values of the texture diffusion blocks, by their names.

        They depend neither on the noise nor on the time: once a photo is enough.

        Args:
            features: of the photos, one map a depth.
            pose: pose maps of the photos `b 20 h w`; only models with `pose_keys` look at them.
        """
        return {name: block.texture.read(features[depth], pose) for name, block, depth in self.texture_blocks()}

    def texture_blocks(self) -> Iterator[tuple[str, TextureDiffusionBlock, int]]:
        """The texture diffusion blocks in the order of computation, each with its name and the depth that it reads."""
        down = [(f"down.{i}", place.texture) for i, place in enumerate(self.places_down)]
        up = [(f"up.{i}", place.texture) for i, place in enumerate(self.places_up)]
        for name, depth in [*down, ("middle_in", -1), *up]:
            if depth is not None:
                block = self.get_submodule(name)
                assert isinstance(block, TextureDiffusionBlock)
                yield name, block, depth

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

    def check(self, x_t: Tensor, conditions: Conditions, encoded: Sequence[Tensor] | None) -> None:
        """Whether shapes fit this model: `b f 3 h w`, `b f 20 h w`, and as many channels of guides as it reads.

        Raises:
            InputError: one does not; the message says what is wanted.
        """
        if x_t.ndim != 5 or x_t.shape[2] != 3:
            raise InputError(f"noisy frames have the shape {tuple(x_t.shape)}; wanted (b, f, 3, h, w)")
        wanted = (*x_t.shape[:2], POSE_CHANNELS, *x_t.shape[3:])
        if tuple(conditions.pose_map.shape) != wanted:
            raise InputError(f"pose maps have the shape {tuple(conditions.pose_map.shape)}; wanted {wanted}")
        channels = sum(guide.shape[2] for guide in conditions.guides)
        wanted_channels = self.conv_in.in_channels // self.config.patch**2 - 3 - POSE_CHANNELS
        if encoded is None and channels != wanted_channels:
            raise InputError(f"the conditions hold {channels} channels of guides; wanted {wanted_channels}")
        check_size(x_t.shape[-2:], unit=size_unit(self.config))
