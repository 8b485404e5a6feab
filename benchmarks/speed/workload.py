"""What is computed: models without trained weights, and a drawn person who moves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.media.tensors import to_tensor
from tempose.models.config import preset
from tempose.people.clip import Recipe, draw_clip
from tempose.pose.keypoints import Motion
from tempose.warp.cutout import Cutout, cut_out

PERSON, MOTION, SCENE = 13, "dance", 16


class Scene(NamedTuple):
    """A photo of a drawn person, and poses."""

    photo: Tensor
    """`3 h w` in [-1, 1]."""
    motion: Motion
    cutout: Cutout
    """The person of the photo."""

    @property
    def arguments(self) -> dict[str, Any]:
        """Of the pipeline."""
        return {"photo": self.photo, "poses": self.motion, "cutout": self.cutout}


def scene(size: tuple[int, int], *, frames: int) -> Scene:
    """A person at (height, width), and the poses of `frames` frames."""
    recipe = Recipe(PERSON, MOTION, 0, SCENE, frames=min(frames, 32), fps=12.0, size=size)
    clip = draw_clip(recipe)
    again = np.arange(frames) % len(clip.motion)
    cutout = cut_out(clip.frames[0], clip.masks[0], clip.motion.keypoints[0], exact=True, patches=False)
    return Scene(to_tensor(clip.frames[0]), Motion(clip.motion.keypoints[again], size, clip.motion.fps), cutout)


def pipeline(name: str, *, precision: str = "fp32", channels_last: bool = False) -> PersonVideoPipeline:
    """The video model of a preset in which no parameter is zero, so that everything counts."""
    made = PersonVideoPipeline.from_preset(name)
    made.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(0)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    layout = torch.channels_last if channels_last else torch.contiguous_format
    for network in (made.texture_encoder, made.unet):
        for parameter in network.parameters():
            if not parameter.any():
                scale = 0.5 / max(1, parameter[0].numel()) ** 0.5
                parameter.data = scale * torch.randn(parameter.shape, generator=generator)
        torch.nn.Module.to(network, dtype=dtype).to(memory_format=layout)
    return made


def size_of(name: str) -> tuple[int, int]:
    """(height, width) of a preset."""
    return preset(name).size
