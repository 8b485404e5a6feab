"""LPIPS, the learned distance of pictures (Zhang et al., "The unreasonable effectiveness of deep features as
a perceptual metric", CVPR 2018), version 0.1: AlexNet or VGG-16 under the published linear heads.

The networks are built here, so torchvision is not needed, only its published weights. The heads come with
torchmetrics (the extra `metrics`).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tempose.core.errors import CheckpointError, InputError
from tempose.evaluation.metrics import check
from tempose.evaluation.weights import ALEXNET, VGG16, Weights, verified

# Of the pictures that the networks were trained on, in [-1, 1].
MEAN, DEVIATION = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)

# Under a shorter side nothing is left for the last layers.
SMALLEST = 32


class Backbone(NamedTuple):
    """A network to look through."""

    weights: Weights
    layers: tuple[tuple[int, ...], ...]
    """Convolutions as (channels, kernel, stride, padding), each followed by a ReLU; poolings as (kernel, stride)."""
    looks: tuple[int, ...]
    """The convolutions whose ReLU is looked at, counted from 0."""
    heads: str
    """The file of the linear heads, as torchmetrics names it."""


BACKBONES = {
    "alex": Backbone(
        ALEXNET,
        ((64, 11, 4, 2), (3, 2), (192, 5, 1, 2), (3, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1)),
        (0, 1, 2, 3, 4),
        "alex.pth",
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
        "vgg.pth",
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
                difference = (_unit(x) - _unit(y)) ** 2  # n c h w
                distance = distance + (difference * heads[place]).sum(1).mean((1, 2))
        return distance

    def _normalized(self, pictures: Tensor) -> Tensor:
        mean, deviation = (pictures.new_tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
        return (pictures * 2 - 1 - mean) / deviation


def load_lpips(path: Path | str, *, backbone: str = "alex") -> Lpips:
    """LPIPS over torchvision's published weights (`tempose.evaluation.weights`).

    Args:
        path: alexnet-owt-7be5be79.pth or vgg16-397923af.pth.
        backbone: `alex`, which its authors advise for measuring, or `vgg`, which some tables use.

    Raises:
        InputError: no such backbone, or torchmetrics, which brings the heads, is not installed.
        CheckpointError: the file is missing or another.
    """
    if backbone not in BACKBONES:
        raise InputError(f"the backbone of LPIPS is {backbone!r}; wanted one of {', '.join(BACKBONES)}")
    chosen = BACKBONES[backbone]
    heads = _heads(chosen)
    return build_lpips(chosen, weights=_tensors(verified(path, chosen.weights)), heads=heads)


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
        InputError: as in `check`, or frames under 32 pixels.
    """
    check(frames, truth, None)
    if min(frames.shape[-2:]) < SMALLEST:
        raise InputError(
            f"frames of {frames.shape[-2]}×{frames.shape[-1]} are too small for LPIPS; wanted ≥ {SMALLEST}"
        )
    return torch.stack([network(x, y) for x, y in zip(frames, truth, strict=True)])


def _unit(features: Tensor) -> Tensor:
    """Features of length 1 at every place."""
    return features / (1e-8 + (features**2).sum(1, keepdim=True)).sqrt()


def _heads(backbone: Backbone) -> dict[str, Tensor]:
    """The linear heads that torchmetrics carries."""
    found = find_spec("torchmetrics")
    if found is None or found.origin is None:
        raise InputError("LPIPS needs torchmetrics for its linear heads; pip install 'tempose[metrics]'")
    return _tensors(Path(found.origin).parent / "functional" / "image" / "lpips_models" / backbone.heads)


def _tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file; nothing in it is run."""
    return dict(torch.load(path, map_location="cpu", weights_only=True))
