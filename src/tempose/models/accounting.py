"""Counting parameters: by part, by training stage, and as the papers count them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch

from tempose.models.build import Networks, add_temporal_blocks, build_networks
from tempose.models.config import PRESETS, preset
from tempose.models.pidm import unused_tensors
from tempose.models.saved import read_config
from tempose.models.texture_encoder import TextureEncoder
from tempose.models.unet import PersonUNet


@dataclass(frozen=True)
class Account:
    """Parameters of one model; every count is taken from the built networks."""

    name: str
    texture_encoder: int
    noise_predictor: int
    """Of the noise predictor, its temporal blocks left out."""
    temporal: int
    unused_as_published: int | None
    """What the published code builds besides and never uses; None where there is no published model."""

    @property
    def image_model(self) -> int:
        """Parameters that reach the output of the image model."""
        return self.texture_encoder + self.noise_predictor

    @property
    def video_model(self) -> int:
        """Parameters of the image model and of the temporal blocks together."""
        return self.image_model + self.temporal


def account(model: str) -> Account:
    """Count a preset, or the model saved in a folder, without allocating its weights.

    Raises:
        InputError: there is neither a preset nor a folder of that name.
    """
    networks = _without_weights(model)
    published = model in PRESETS and preset(model) == preset("pidm-256")
    unet = networks.unet
    with torch.device("meta"):
        video = unet if unet.config.temporal else add_temporal_blocks(unet)
    temporal = sum(parameter.numel() for parameter in video.temporal_parameters())
    return Account(
        name=model,
        texture_encoder=networks.texture_encoder.num_parameters(),
        noise_predictor=video.num_parameters() - temporal,
        temporal=temporal,
        unused_as_published=sum(map(math.prod, unused_tensors(networks).values())) if published else None,
    )


def _without_weights(model: str) -> Networks:
    folder = Path(model)
    with torch.device("meta"):
        if model not in PRESETS and folder.is_dir():
            return Networks(*(cls(read_config(cls, folder / part)) for part, cls in _PARTS.items()))
        return build_networks(preset(model), temporal=False)


_PARTS = {"texture_encoder": TextureEncoder, "unet": PersonUNet}


def as_table(counts: Account) -> str:
    """The account as lines of text."""
    image_model, video_model, temporal = counts.image_model, counts.video_model, counts.temporal
    lines = [
        (f"{counts.name}", None),
        ("texture encoder H_E", counts.texture_encoder),
        ("noise predictor H_N", counts.noise_predictor),
        ("image model", image_model),
        ("temporal attention of the texture diffusion blocks", temporal),
        ("video model", video_model),
        ("", None),
        ("trained in the image stage: the image model", image_model),
        ("trained in the temporal stage: the temporal attention alone", temporal),
        ("frozen in the temporal stage: the image model", image_model),
    ]
    if counts.unused_as_published is not None:
        published = image_model + counts.unused_as_published
        lines += [
            ("", None),
            ("as published", None),
            ("image model that reaches the output, as above", image_model),
            ("built by the published code, never reaching the output", counts.unused_as_published),
            ("published image model, frozen in its temporal stage", published),
            ("temporal attention, trained", temporal),
            ("published video model", published + temporal),
        ]
    return "\n".join(label if n is None else f"  {label:<62}{n:>14,}" for label, n in lines)
