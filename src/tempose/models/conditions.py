"""What the noise predictor is told besides the noisy frames: poses, and what is known of the photo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from tempose.models.alignment import align, inpainted_background
from tempose.models.attention import KeyValue

# The aligned photo, its coverage, and the photo itself; the background.
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
    mask: Tensor
    """`b 1 h w` in [0, 1], where the person is."""

    def repeated(self, n: int) -> Photo:
        """One photo n times."""
        return self._each(lambda values: values.expand(n, *values.shape[1:]))

    def where(self, given: Tensor) -> Photo:
        """The photos that are given (`b`, 1 or 0), and ∅ instead of the others."""
        return self._each(lambda values: values * given.view(-1, *[1] * (values.ndim - 1)))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Photo:
        return Photo(*(change(getattr(self, field.name)) for field in fields(self)))


class Prior(NamedTuple):
    """What is known of the clean frames before anything is generated."""

    picture: Tensor
    """The aligned photo over the background, `b f 3 h w` in [-1, 1]."""
    mask: Tensor
    """Where it may be wrong, `b f 1 h w` in [0, 1]: where the person is or was."""
    given: Tensor
    """`b`, 0 where the photo is ∅ and nothing is known."""


@dataclass(frozen=True)
class Conditions:
    """Conditions of a batch of clips; zeros stand for ∅, a condition that is absent."""

    pose_map: Tensor
    """`b f 20 h w` in [0, 1]."""
    texture: Sequence[KeyValue]
    """Keys and values of the photo, one a texture diffusion block."""
    guides: Sequence[Tensor] = ()
    """Further input channels `b f c h w`: the aligned photo with coverage and photo; the background."""
    prior: Prior | None = None
    """What a copy gate may copy, or the network adds the rest to."""
    encoded: Sequence[Tensor] = ()
    """What `PersonUNet.encode` makes of these frames, where it is known already."""


class Guided(Protocol):
    """The parts of a model's configuration that say which guides it reads."""

    warped_photo: bool
    background: bool
    copy_gate: bool
    sigma_data: float | None


def guides(photo: Photo, keypoints: Tensor, *, config: Guided) -> tuple[list[Tensor], Prior | None]:
    """The guides that a model reads, and what it builds on.

    Args:
        photo: of b people.
        keypoints: of the target poses, `b f 18 3`; confidence 0 throughout is ∅.
        config: which guides.
    """
    needs_prior = config.copy_gate or config.sigma_data is not None
    if not (config.warped_photo or config.background or needs_prior):
        return [], None
    f = keypoints.shape[1]
    aligned = align(photo.picture, photo.mask, source=photo.keypoints, target=keypoints)
    background = inpainted_background(photo.picture, photo.mask)[:, None].expand(-1, f, -1, -1, -1)
    read = []
    if config.warped_photo:
        picture = photo.picture[:, None].expand(-1, f, -1, -1, -1)
        read.append(torch.cat([aligned.picture, aligned.coverage, picture], dim=2))
    if config.background:
        read.append(background)
    if not needs_prior:
        return read, None
    prior = aligned.coverage * aligned.picture + (1 - aligned.coverage) * background
    mask = torch.maximum(aligned.near, photo.mask[:, None].expand_as(aligned.near))
    return read, Prior(prior, mask, photo.picture.flatten(1).any(1).to(prior))
