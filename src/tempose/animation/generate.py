"""From a person and poses in the model's frame to generated frames: the pipeline's stream, with progress."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from tempose.core.progress import Track, quiet
from tempose.diffusion.guidance import Guidance
from tempose.diffusion.hub import Model
from tempose.diffusion.pipeline import Appearance, FurtherPhotos, GeneratedFrame, StepCallback
from tempose.diffusion.windows import Strategy, Window, find_strategy
from tempose.media.crop import Crop
from tempose.media.tensors import to_tensor
from tempose.pose.bones import TRUNK
from tempose.pose.keypoints import HIDDEN, KEYPOINTS, Motion
from tempose.warp.cutout import Cutout


def generate(
    model: Model,
    picture: np.ndarray,
    cutout: Cutout,
    motion: Motion,
    *,
    steps: int | None = None,
    seed: int = 0,
    strategy: str = "overlap",
    guidance: float | None = None,
    appearance: Appearance | None = None,
    further: FurtherPhotos | None = None,
    track: Track = quiet,
    callback_on_step_end: StepCallback | None = None,
) -> Iterator[GeneratedFrame]:
    """The person of a photo in the poses of a motion, all in the model's frame, frame by frame, on the CPU.

    Args:
        picture: the photo, uint8 `h w 3`.
        cutout: the person in it.
        steps, guidance: the latter is the scale of the photo; by default the model's own. The rest is as for the
            pipeline.
        track: shows how far it is from the first frame; from there on, whoever takes them knows.
    """
    steps = model.steps if steps is None else steps
    cut = find_strategy(strategy)
    stream = model.pipeline.stream(
        to_tensor(picture),
        motion,
        num_inference_steps=steps,
        guidance=None if guidance is None else Guidance(photo=guidance),
        strategy=Told(cut, lambda: next(ticks, None)),
        appearance=appearance,
        further=further,
        generator=torch.Generator().manual_seed(seed),
        cutout=cutout,
        callback_on_step_end=callback_on_step_end,
    )
    window = model.pipeline.check_window(None, frames=len(motion))
    frames = len(cut.select(len(motion), window))
    before = sum(len(list(cut.windows(frames, window, step))) for step in range(steps - 1))  # the last step
    ticks = iter(track(range(before + 1), "generating", total=before + 1))
    next(ticks)  # the bar is shown before the first window ends
    for made in stream:
        deque(ticks, maxlen=0)
        yield GeneratedFrame._make(None if each is None else each.cpu() for each in made)


@dataclass(frozen=True)
class Told:
    """A strategy that tells of each window once the network has seen it."""

    strategy: Strategy
    tell: Callable[[], object]

    def select(self, frames: int, window: int) -> Tensor:
        """As the strategy does."""
        return self.strategy.select(frames, window)

    def windows(self, frames: int, window: int, step: int) -> Iterator[Window]:
        """Those of the strategy; `tell` is called after each."""
        for each in self.strategy.windows(frames, window, step):
            yield each
            self.tell()


def poses_in_frame(motion: Motion, frame: Crop, size: tuple[int, int]) -> Motion:
    """The motion in the model's frame; joints beyond its edge are missing, but those of the trunk are HIDDEN:
    without its ends nothing of a trunk could be placed.
    """
    moved = motion.cropped(frame, size)
    keypoints = moved.keypoints.copy()
    x, y = keypoints[..., 0], keypoints[..., 1]
    outside = np.asarray((x < 0) | (x >= size[1]) | (y < 0) | (y >= size[0]))
    limb = ~np.isin(np.arange(len(KEYPOINTS)), TRUNK)
    keypoints[outside & limb] = 0
    keypoints[outside & ~limb, 2] = np.minimum(keypoints[outside & ~limb, 2], HIDDEN)
    return replace(moved, keypoints=keypoints)
