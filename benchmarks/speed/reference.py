"""The way it was published, and each saving undone: what the figures are compared with.

The published sampler predicts the branches of the guidance one after the other, in float32, makes keys
and values of the texture anew each time, doubles a map before it convolves it, and holds all weights
of an attention at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import torch.nn.functional as F
from torch import Tensor, nn

from tempose.diffusion import pipeline
from tempose.diffusion.denoise import Denoised
from tempose.diffusion.guidance import Guidance
from tempose.diffusion.predict import Encoded, Predict, Predictor, given
from tempose.models.layers import DoublingConv2d, GroupNorm, double


class KeysEachTime(Predictor):
    """Keys and values of the texture are made anew for every prediction."""

    def __init__(self, texture_encoder: Any, unet: Any, scheduler: Any, **conditions: Any) -> None:
        super().__init__(texture_encoder, unet, scheduler, **conditions)
        self.read = given(conditions["frames"].photo, self.branches)
        self.features = texture_encoder(self.read.picture.to(unet.dtype))

    def decode(self, x_t: Tensor, t: Tensor, encoded: Sequence[Encoded]) -> Denoised:
        """As without, keys and values first."""
        self.texture = self.unet.read_texture(self.features, self.read.pose_map.to(self.unet.dtype))
        return super().decode(x_t, t, encoded)


class WindowsApart(Predictor):
    """Windows that overlap have nothing in common."""

    def at(self, t: Tensor) -> Predict:
        """As without, each window by itself."""
        return lambda x_t, frames: super(WindowsApart, self).at(t)(x_t, frames)


class BranchesApart:
    """Both branches of the published guidance, one after the other, nothing in common."""

    kind: type[Predictor] = Predictor

    def __init__(self, *networks: Any, guidance: Guidance, **conditions: Any) -> None:
        self.without, self.with_photo = (
            self.kind(*networks, guidance=Guidance(photo=scale), **conditions) for scale in (0.0, 1.0)
        )
        self.scale = guidance.photo

    def at(self, t: Tensor) -> Predict:
        """ε(p, ∅) + s·[ε(p, x) − ε(p, ∅)]."""
        without, with_photo = self.without.at(t), self.with_photo.at(t)

        def predict(x_t: Tensor, frames: Tensor) -> Denoised:
            pairs = zip(without(x_t, frames), with_photo(x_t, frames), strict=True)
            return Denoised(*(None if a is None or b is None else a + self.scale * (b - a) for a, b in pairs))

        return predict


class Published(BranchesApart):
    """The published order of computation."""

    kind = KeysEachTime


def doubled_first(self: DoublingConv2d, x: Tensor) -> Tensor:
    """The convolution of a map that is doubled first."""
    return F.conv2d(double(x), self.weight, self.bias, padding=1)


def all_weights_at_once(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention as its formula says."""
    return (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1) @ v


def _predictor(kind: Any) -> Callable[[], AbstractContextManager]:
    return partial(patch.object, pipeline, "Predictor", kind)


UNDONE: dict[str, Callable[[], AbstractContextManager]] = {
    "keys and values of the texture once a photo": _predictor(KeysEachTime),
    "both branches in one call, their beginning once": _predictor(BranchesApart),
    "windows that overlap: their beginning once": _predictor(WindowsApart),
    "the convolution of a doubled map on the map itself": partial(
        patch.object, DoublingConv2d, "forward", doubled_first
    ),
    "attention block by block": partial(patch.object, F, "scaled_dot_product_attention", all_weights_at_once),
    "small maps laid out for their normalization": partial(patch.object, GroupNorm, "forward", nn.GroupNorm.forward),
}
"""For each saving a context in which it is not made."""


@contextmanager
def as_published() -> Iterator[None]:
    """No saving at all."""
    with ExitStack() as stack:
        for undone in UNDONE.values():
            stack.enter_context(undone())
        stack.enter_context(_predictor(Published)())
        yield
