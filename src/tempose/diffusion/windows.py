"""Long videos: which frames the network sees together at each denoising step.

The network looks at `window` frames at a time; a strategy says which. Memory for activations thus
depends on the window, never on the length of the video.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from tempose.core.errors import InputError, unknown


class Window(NamedTuple):
    """Frames that are predicted together, and how much each prediction counts."""

    frames: Tensor
    """`f`: which frames, as ascending indices into those that are generated."""
    weights: Tensor
    """Positive weights `f`; predictions of one frame from several windows are averaged by them."""


class Strategy(Protocol):
    """How a long video is cut into windows."""

    def select(self, frames: int, window: int) -> Tensor:
        """Indices of the frames that are generated at all."""

    def windows(self, frames: int, window: int, step: int) -> Iterable[Window]:
        """The windows of one denoising step over the selected frames, which they cover; none begins before the one that
        it follows."""


@dataclass(frozen=True)
class Loop:
    """Windows one after the other, each by itself, as in the published experiment."""

    def select(self, frames: int, window: int) -> Tensor:
        """All frames."""
        return torch.arange(frames)

    def windows(self, frames: int, window: int, step: int) -> list[Window]:
        """The same cut at every step; the last window may be shorter."""
        return [Window(part, torch.ones(len(part))) for part in torch.arange(frames).split(window)]


@dataclass(frozen=True)
class Strided:
    """One clip of every `stride`-th frame from the first on; the others are not generated."""

    stride: int = 20
    """20 in the published experiment: frames 0, 20, 40, 60 for a window of 4."""

    def __post_init__(self) -> None:
        if self.stride < 1:
            raise InputError(f"the stride is {self.stride}; wanted at least 1")

    def select(self, frames: int, window: int) -> Tensor:
        """Frames 0, s, 2s … as far as there are some, `window` at most."""
        return torch.arange(0, frames, self.stride)[:window]

    def windows(self, frames: int, window: int, step: int) -> list[Window]:
        """One window that holds all selected frames."""
        return [Window(torch.arange(frames), torch.ones(frames))]


@dataclass(frozen=True)
class Overlap:
    """All windows share every denoising step, their predictions averaged where they overlap.

    The averaging of predictions from overlapping views at every step is that of MultiDiffusion
    (Bar-Tal et al. 2023). Weights taper towards the ends of a window, where a frame has context on
    one side only. The cut shifts from step to step, so that no join stays in one place. At both ends
    of the video windows are moved inwards rather than cut short: the outer frames, too, are
    predicted among a full window of others.
    """

    share: float = 0.25
    """Part of a window that it has in common with the next, 0 < share < 1; at least one frame of several."""

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InputError(f"neighbouring windows share {self.share:g} of their frames; wanted between 0 and 1")

    def select(self, frames: int, window: int) -> Tensor:
        """All frames."""
        return torch.arange(frames)

    def windows(self, frames: int, window: int, step: int) -> list[Window]:
        """Windows of full length whose starts lie one hop apart, shifted by the step."""
        hop = max(1, min(window - 1, round(window * (1 - self.share))))
        shift = step % hop
        last = frames - window
        starts = sorted({min(max(start, 0), last) for start in range(-shift, last + hop, hop)})
        position = torch.arange(window)
        weights = torch.minimum(position, position.flip(0)) + 1.0
        return [Window(start + position, weights) for start in starts]


STRATEGIES: dict[str, Strategy] = {"overlap": Overlap(), "loop": Loop(), "strided": Strided()}


def find_strategy(name: str | Strategy) -> Strategy:
    """The strategy of that name with its default settings, or the given one.

    Raises:
        InputError: there is none of that name.
    """
    if not isinstance(name, str):
        return name
    if name not in STRATEGIES:
        raise unknown("strategy", name, STRATEGIES)
    return STRATEGIES[name]
