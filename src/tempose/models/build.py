"""From a configuration to networks and noise schedule."""

from __future__ import annotations

from typing import NamedTuple

from diffusers import DDPMScheduler
from torch import nn

from tempose.models.config import ModelConfig, TextureEncoderConfig, UNetConfig
from tempose.models.texture_encoder import TextureEncoder
from tempose.models.unet import PersonUNet


class Networks(NamedTuple):
    """The two networks of a model."""

    texture_encoder: TextureEncoder
    unet: PersonUNet


def build_networks(config: ModelConfig, *, temporal: bool) -> Networks:
    """Networks with fresh weights (from torch's current random state), image or video model."""
    unet = PersonUNet(config.part(UNetConfig, temporal=temporal))
    return Networks(TextureEncoder(config.part(TextureEncoderConfig)), unet)


def build_schedule(config: ModelConfig) -> DDPMScheduler:
    """The noise schedule that the model is trained on, and what its output means."""
    return DDPMScheduler(
        num_train_timesteps=config.train_timesteps,
        beta_start=config.beta_start,
        beta_end=config.beta_end,
        beta_schedule="linear",
        prediction_type=config.prediction_type,
        variance_type="learned_range" if config.learned_variance else "fixed_small",
        timestep_spacing=config.timestep_spacing,
        clip_sample=False,
    )


def add_temporal_blocks(image_model: PersonUNet) -> PersonUNet:
    """The video model that starts as this image model: same weights, temporal blocks at zero effect."""
    video_model = PersonUNet.from_config({**image_model.config, "temporal": True})
    video_model.load_state_dict({**video_model.state_dict(), **image_model.state_dict()})
    return nn.Module.to(video_model, device=image_model.device, dtype=image_model.dtype)


def without_temporal_blocks(video_model: PersonUNet) -> PersonUNet:
    """The image model inside this video model: the same weights, not copied, without its temporal blocks."""
    image_model = PersonUNet.from_config({**video_model.config, "temporal": False})
    weights = video_model.state_dict()
    image_model.load_state_dict({name: weights[name] for name in image_model.state_dict()}, assign=True)
    return image_model.eval()
