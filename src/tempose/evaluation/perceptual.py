"""How far two pictures are from one another in the features of networks that were trained to recognize things.

LPIPS (Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018), version 0.1:
AlexNet or VGG-16 under the published linear heads. The networks are built here: torchvision is not needed, only its
published weights.

feat, for those who can download nothing: the features of EfficientNet-lite0 (`tempose.models.features`).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tempose.core.errors import CheckpointError, InputError
from tempose.evaluation.weights import ALEXNET, ALEXNET_HEADS, VGG16, VGG16_HEADS, Weights, find
from tempose.models.features import FeatureNetwork

# Of the pictures that the networks were trained on, in [-1, 1].
MEAN, DEVIATION = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class Backbone(NamedTuple):
    """The convolutions of a published classifier, and at which of them LPIPS looks."""

    weights: Weights
    layers: tuple[tuple[int, ...], ...]
    """Convolutions as (channels, kernel, stride, padding), each followed by a ReLU; poolings as (kernel, stride)."""
    looks: tuple[int, ...]
    """The convolutions whose ReLU is looked at, counted from 0."""
    heads: Weights
    """The published weights of the linear layers over each looked-at convolution, one number a channel."""


BACKBONES = {
    "alex": Backbone(
        ALEXNET,
        ((64, 11, 4, 2), (3, 2), (192, 5, 1, 2), (3, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1)),
        (0, 1, 2, 3, 4),
        ALEXNET_HEADS,
    ),
    "vgg": Backbone(
        VGG16,
        (
            *((64, 3, 1, 1),) * 2, (2, 2),
            *((128, 3, 1, 1),) * 2, (2, 2),
            *((256, 3, 1, 1),) * 3, (2, 2),
            *((512, 3, 1, 1),) * 3, (2, 2),
            *((512, 3, 1, 1),) * 3,
        ),
        (1, 3, 6, 9, 12),
        VGG16_HEADS,
    ),
}  # fmt: skip


class Lpips(nn.Module):
    """The distance of two sets of pictures, layer by layer.

    Args:
        backbone: which network to look through.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        looks, channels, convolutions = [], 3, 0
        for layer in backbone.layers:
            if len(layer) == 2:
                layers.append(nn.MaxPool2d(layer[0], layer[1]))
                continue
            out, kernel, stride, padding = layer
            layers += [nn.Conv2d(channels, out, kernel, stride, padding), nn.ReLU()]
            if convolutions in backbone.looks:
                looks.append((len(layers) - 1, out))
            channels, convolutions = out, convolutions + 1
        self.features = nn.Sequential(*layers)
        self.looks = [place for place, _ in looks]
        self.heads = nn.ParameterList([torch.ones(1, out, 1, 1) for _, out in looks])
        self.requires_grad_(False).eval()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """`n 3 h w` twice, in [0, 1] → `n`; 0 is the same."""
        x, y = self._normalized(x), self._normalized(y)
        distance = x.new_zeros(len(x))
        heads = dict(zip(self.looks, self.heads, strict=True))
        for place, layer in enumerate(self.features):
            x, y = layer(x), layer(y)
            if place in heads:
                difference = (F.normalize(x, dim=1) - F.normalize(y, dim=1)) ** 2  # n c h w
                distance = distance + (difference * heads[place]).sum(1).mean((1, 2))
        return distance

    def _normalized(self, pictures: Tensor) -> Tensor:
        mean, deviation = (pictures.new_tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
        return (pictures * 2 - 1 - mean) / deviation


def load_lpips(backbone: str = "alex", *, folder: Path | str | None = None) -> Lpips:
    """LPIPS over the published weights (`tempose.evaluation.weights`).

    Args:
        backbone: `alex`, which its authors advise for measuring, or `vgg`, which some tables use.
        folder: where the weights and heads are; None downloads them, once.

    Raises:
        CheckpointError: a file is missing, another, or cannot be downloaded.
    """
    chosen = BACKBONES[backbone]
    weights, heads = (
        dict(torch.load(find(each, folder), map_location="cpu", weights_only=True))
        for each in (chosen.weights, chosen.heads)
    )
    return build_lpips(chosen, weights=weights, heads=heads)


def build_lpips(backbone: Backbone, *, weights: dict[str, Tensor], heads: dict[str, Tensor]) -> Lpips:
    """LPIPS from tensors named as torchvision and LPIPS publish them; the classifier is left out.

    Raises:
        CheckpointError: a tensor is missing or has another shape.
    """
    network = Lpips(backbone)
    state = {name: values for name, values in weights.items() if name.startswith("features.")}
    state |= {f"heads.{i}": heads[f"lin{i}.model.1.weight"] for i in range(len(network.heads))}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(f"these are not the weights that {backbone.weights.metric} needs: {error}") from error
    return network


@torch.no_grad()
def lpips(frames: Tensor, truth: Tensor, *, network: Lpips) -> Tensor:
    """Learned perceptual distance: 0 is best; `b f 3 h w` in [0, 1] → `b f`.

    Raises:
        InputError: frames under 32 pixels, of which nothing is left for the last layers.
    """
    if min(frames.shape[-2:]) < 32:
        raise InputError(f"frames of {frames.shape[-2]}×{frames.shape[-1]} are too small for LPIPS; wanted ≥ 32")
    device = network.heads[0].device
    return torch.stack([network(x.to(device), y.to(device)) for x, y in zip(frames, truth, strict=True)]).cpu()


# Without a download -----------------------------------------------------------------------------------

# The person's box is looked at in this size (height, width), with so many pixels around the mask.
LOOKED_AT, AROUND = (384, 288), 12


@torch.no_grad()
def feature_distance(frames: Tensor, truth: Tensor, *, mask: Tensor, network: FeatureNetwork) -> Tensor:
    """Distance of the person in features: 0 is best.

    As `FeatureNetwork.distance`, in the mask's bounding box. A shift by two pixels gives about .3, a
    blur of two pixels' deviation .6, another person more than 5.

    Args:
        frames, truth: `b f 3 h w` in [0, 1].
        mask: where the person truly is, `b f 1 h w`.

    Returns:
        `b f`; NaN where the mask is empty.
    """
    distances = [
        _seen(picture, other, where[0] > 0.5, network)
        for picture, other, where in zip(frames.flatten(0, 1), truth.flatten(0, 1), mask.flatten(0, 1), strict=True)
    ]
    return torch.stack(distances).view(frames.shape[:2])


def _seen(picture: Tensor, truth: Tensor, mask: Tensor, network: FeatureNetwork) -> Tensor:
    """The distance of two pictures `3 h w` in the box around a mask `h w`."""
    if not mask.any():
        return picture.new_tensor(torch.nan)
    y, x = (mask.any(dim).nonzero()[:, 0] for dim in (1, 0))
    rows = slice(max(0, int(y.min()) - AROUND), int(y.max()) + AROUND + 1)
    columns = slice(max(0, int(x.min()) - AROUND), int(x.max()) + AROUND + 1)
    pair = torch.stack([picture, truth])[..., rows, columns]
    pair = F.interpolate(pair, LOOKED_AT, mode="area").to(next(network.parameters()).device) * 2 - 1
    return network.distance(pair[:1], pair[1:])[0].cpu()
