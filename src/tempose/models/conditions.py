"""What the noise predictor is told besides the noisy frames: poses, and what the photo tells about the frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from tempose.models.attention import KeyValue
from tempose.pose.keypoints import KEYPOINTS
from tempose.warp.cutout import Cutout
from tempose.warp.flesh import LAYERS
from tempose.warp.layers import Layers, to_layers
from tempose.warp.person import warp

# The warped person, their alpha, and the photo itself; the background.
GUIDE_CHANNELS, BACKGROUND_CHANNELS = 3 + 1 + 3, 3


@dataclass(frozen=True)
class Photo:
    """Photos of people, and what is known of each."""

    picture: Tensor
    """`b 3 h w` in [-1, 1]."""
    pose_map: Tensor
    """`b 20 h w` in [0, 1]."""
    keypoints: Tensor
    """`b 18 3`: x, y in pixels, confidence."""
    color: Tensor
    """`b l 3 h w` in [-1, 1]: the person's layers."""
    alpha: Tensor
    """`b l 1 h w` in [0, 1]: of each layer."""
    hem: Tensor
    """`b`: how far down the legs a cloth hangs before both, as in `Layers`."""
    grips: Tensor
    """`b 2 2`: from where things hang from the hands, as in `Layers`."""
    matte: Tensor
    """`b 1 h w` in [0, 1]: where the person is in the photo."""
    background: Tensor
    """`b 3 h w` in [-1, 1]: the photo without the person."""

    @staticmethod
    def of(picture: Tensor, pose_map: Tensor, cutout: Cutout | None = None) -> Photo:
        """One photo, `3 h w`, its pose map `20 h w`, and the person cut out of it; b = 1.

        Models without a prior need no cutout; then the photo has nobody in it.
        """
        b, (h, w) = 1, picture.shape[-2:]
        if cutout is None:
            keypoints, matte = picture.new_zeros(b, len(KEYPOINTS), 3), picture.new_zeros(b, 1, h, w)
            color, alpha = picture.new_zeros(b, len(LAYERS), 3, h, w), picture.new_zeros(b, len(LAYERS), 1, h, w)
            layers = Layers(color, alpha, keypoints, picture.new_zeros(b), picture.new_full((b, 2, 2), math.nan))
            return Photo(picture[None], pose_map[None], keypoints, *layers[:2], *layers[3:], matte, picture[None])
        layers = to_layers([cutout])
        matte = torch.from_numpy(cutout.matte)[None, None]
        background = torch.from_numpy(cutout.background).movedim(-1, 0)[None].float() / 127.5 - 1
        return Photo(picture[None], pose_map[None], layers.keypoints, *layers[:2], *layers[3:], matte, background)

    @staticmethod
    def together(photos: Sequence[Photo]) -> Photo:
        """Photos of one size as one batch."""
        return Photo(*(torch.cat([getattr(photo, field.name) for photo in photos]) for field in fields(Photo)))

    @property
    def layers(self) -> Layers:
        """The person in layers, as the warp takes them."""
        return Layers(self.color, self.alpha, self.keypoints, self.hem, self.grips)

    def to(self, device: torch.device) -> Photo:
        """The same on a device, in float32."""
        return self._each(lambda values: values.to(device, torch.float32))

    def repeated(self, n: int) -> Photo:
        """One photo n times."""
        return self._each(lambda values: values.expand(n, *values.shape[1:]))

    def part(self, photos: slice) -> Photo:
        """Some of the photos."""
        return self._each(lambda values: values[photos])

    def where(self, given: Tensor) -> Photo:
        """The photos that are given (`b`, 1 or 0), and ∅ instead of the others."""
        return self._each(lambda values: values * given.view(-1, *[1] * (values.ndim - 1)))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Photo:
        return Photo(*(change(getattr(self, field.name)) for field in fields(self)))


class Prior(NamedTuple):
    """What is known of the clean frames before anything is generated: the warped person over the background."""

    color: Tensor
    """The person's colors in the target pose, `b f 3 h w` in [-1, 1]."""
    alpha: Tensor
    """Where the person is, `b f 1 h w` in [0, 1]."""
    background: Tensor
    """`b f 3 h w` in [-1, 1]."""
    mask: Tensor
    """Where the prior may be wrong, `b f 1 h w` in [0, 1]: where the person may be, or was in the photo."""
    given: Tensor
    """`b`, 0 where the photo is ∅ and nothing is known."""

    @property
    def picture(self) -> Tensor:
        """The person over the background, `b f 3 h w` in [-1, 1]."""
        return self.alpha * self.color + (1 - self.alpha) * self.background


@dataclass(frozen=True)
class Conditions:
    """Conditions of a batch of clips; zeros stand for ∅, a condition that is absent."""

    pose_map: Tensor
    """`b f 20 h w` in [0, 1]."""
    texture: Mapping[str, KeyValue]
    """Keys and values of the photo, by the name of the texture diffusion block that reads them."""
    guides: Sequence[Tensor] = ()
    """Further input channels `b f c h w`: the warped person with alpha, and the photo; the background."""
    prior: Prior | None = None
    """What the network adds the rest to."""


class Guided(Protocol):
    """The parts of a model's configuration that say which guides it reads."""

    warped_photo: bool
    background: bool
    sigma_data: float | None


def reads_prior(config: Guided) -> bool:
    """Whether a model sees more of the photo than its texture."""
    return config.warped_photo or config.background or config.sigma_data is not None


def warped_prior(
    photo: Photo, keypoints: Tensor, *, depth: Tensor | None = None, shares: Tensor | None = None
) -> Prior:
    """The person of each of b photos in f poses, over the background.

    Args:
        photo: b photos; or with shares p photos of one person, of which the first gives the background, and b = 1.
        keypoints: of the target poses, `b f 18 3`; confidence 0 throughout is ∅.
        depth: of these key points, `b f 18`, as `tempose.warp.person.warp` takes it.
        shares: `p f l` or `p f`, as that takes them.
    """
    b, f = keypoints.shape[:2]
    warped = warp(photo.layers, keypoints, depth=depth, shares=shares)
    photo = photo.part(slice(b))
    background = photo.background[:, None].expand(-1, f, -1, -1, -1)
    mask = torch.maximum(warped.near, photo.matte[:, None].expand_as(warped.near))
    return Prior(warped.color, warped.alpha, background, mask, photo.picture.flatten(1).any(1).to(warped.color))


def guides(photo: Photo, prior: Prior, *, config: Guided) -> list[Tensor]:
    """The further input channels that a model reads, besides noisy frames and poses.

    Args:
        photo: b photos.
        prior: of b clips of f frames, in the poses asked for.
        config: which of them the model reads.

    Returns:
        Each `b f c h w` in [-1, 1] (alpha in [0, 1]): the warped person, alpha and photo, c = 7; the background, c = 3.
    """
    read = []
    if config.warped_photo:
        read.append(torch.cat([prior.color, prior.alpha, photo.picture[:, None].expand_as(prior.color)], dim=2))
    if config.background:
        read.append(prior.background)
    return read
