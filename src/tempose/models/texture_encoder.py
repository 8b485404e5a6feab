"""The texture encoder H_E (PIDM, section 3.2): the photo as feature maps at every depth."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from torch import Tensor, nn

from tempose.models.base import StrictModel, check_size, size_unit
from tempose.models.blocks import plan_down
from tempose.models.config import TextureEncoderConfig
from tempose.models.layers import ResidualBlock, halve, same


class TextureEncoder(StrictModel, ModelMixin, ConfigMixin):
    """The way down of the U-Net without diffusion time: one feature map after each of its blocks."""

    _supports_gradient_checkpointing = True
    config_class = TextureEncoderConfig

    def __init__(self, config: TextureEncoderConfig) -> None:
        super().__init__(config)
        places = plan_down(config.base_channels, config.channel_multipliers, config.residual_blocks)
        self.conv_in = nn.Conv2d(3 * config.patch**2, places[0].in_channels, 3, padding=1)
        self.down = nn.ModuleList(
            ResidualBlock(
                place.in_channels,
                place.out_channels,
                dropout=config.dropout,
                resample=halve if place.resample else same,
            )
            for place in places
        )

    def forward(self, photo: Tensor) -> list[Tensor]:
        """Photos `b 3 h w` in [-1, 1] → feature maps `b c h' w'`, one a depth; all zeros is ∅.

        Raises:
            InputError: height or width cannot be halved once for each further level.
        """
        check_size(photo.shape[-2:], unit=size_unit(self.config))
        checkpointing = self.gradient_checkpointing and torch.is_grad_enabled()
        features = [self.conv_in(F.pixel_unshuffle(photo, self.config.patch))]
        for block in self.down:
            h = features[-1]
            features.append(self._gradient_checkpointing_func(block, h) if checkpointing else block(h))
        return features
