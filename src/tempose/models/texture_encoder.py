"""The texture encoder H_E (PIDM, section 3.2): the photo as feature maps at every depth."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from tempose.models.base import StrictModel, check_size, size_unit
from tempose.models.blocks import plan_down
from tempose.models.layers import ResidualBlock, halve, same


class TextureEncoder(StrictModel, ModelMixin, ConfigMixin):
    """The way down of the U-Net without diffusion time: one feature map after each of its blocks."""

    _supports_gradient_checkpointing = True

    @register_to_config
    def __init__(
        self,
        base_channels: int,
        channel_multipliers: Sequence[int],
        residual_blocks: int = 2,
        dropout: float = 0.1,
        patch: int = 1,
    ) -> None:
        super().__init__()
        self.gradient_checkpointing = False
        self.conv_in = nn.Conv2d(3 * patch**2, base_channels * channel_multipliers[0], 3, padding=1)
        self.down = nn.ModuleList(
            ResidualBlock(
                place.in_channels,
                place.out_channels,
                dropout=dropout,
                resample=halve if place.resample else same,
            )
            for place in plan_down(base_channels, channel_multipliers, residual_blocks)
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
