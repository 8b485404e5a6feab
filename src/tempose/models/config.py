"""Typed configuration: what a model is, and the presets by name."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from tempose.core.errors import InputError, unknown


class ModelConfig(BaseModel):
    """Everything that decides a model's shape and what its output means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: tuple[int, int]
    """(height, width) in pixels that the model is trained at; others work where the depth divides them."""

    base_channels: int
    """Width of the first level."""

    channel_multipliers: tuple[int, ...]
    """Width of each level as a multiple of the first; each level halves height and width."""

    patch: int = 1
    """Side of the square of pixels that the first convolution takes as one place: 2 quarters the work."""

    texture_levels: tuple[int, ...]
    """Levels that read the photo's texture (0 is full resolution); the middle always does."""

    residual_blocks: int = 2
    """Residual blocks a level on the way down; one more on the way up."""

    time_channels: int = 512
    """Width of the embedding of the diffusion time t."""

    dropout: float = 0.1
    """Dropout inside the residual blocks, in training."""

    temporal_head_channels: int = 64
    """Width of one head of the temporal attention."""

    clip_length: int = 4
    """Frames of a clip in temporal training, and the default window when sampling long videos."""

    prediction_type: Literal["epsilon", "v_prediction"] = "epsilon"
    """What the network predicts: the noise ε, or v = √ᾱ·ε − √(1−ᾱ)·x₀ (Salimans & Ho 2022)."""

    learned_variance: bool = True
    """Three more output channels that interpolate the log-variance (Nichol & Dhariwal 2021)."""

    warped_photo: bool = False
    """Further input: the person warped into the target pose, their alpha, and the photo itself."""

    background: bool = False
    """Further input: the photo with the person inpainted, so that the background stays whole."""

    sigma_data: float | None = None
    """Typical distance, where the person is, of the clean frames from the prior (the warped person over the
    background), in their range [-1, 1]; given, the network predicts the rest, in units of it, instead of the frame."""

    correct_prior: bool = False
    """Three more output channels: a flow that moves the warped person to where they belong, and what is added to
    their alpha."""

    pose_keys: bool = False
    """Queries and keys of the texture attention also carry the distances to the limbs."""

    guidance: float = 2.0
    """Scale of the photo in the default guidance; 1 makes a single prediction a step."""

    steps: int = 50
    """Denoising steps where none are asked for."""

    train_timesteps: int = 1000
    """T, the number of diffusion times."""

    beta_start: float = 1e-4
    """β₁ of the linear schedule."""

    beta_end: float = 2e-2
    """β_T of the linear schedule."""

    timestep_spacing: Literal["leading", "trailing", "linspace"] = "leading"
    """Where a sampler with n steps visits the T times; `leading` is 0, T/n, 2T/n …, as published."""

    @model_validator(mode="after")
    def _corrects_what_it_builds_on(self) -> Self:
        if self.correct_prior and self.sigma_data is None:
            raise ValueError("correct_prior moves what the model builds on: give sigma_data as well")
        return self


PRESETS = {
    "pidm-256": ModelConfig(
        size=(256, 256),
        base_channels=128,
        channel_multipliers=(1, 1, 2, 2, 4, 4),
        texture_levels=(3, 4, 5),
    ),
    "people-128": ModelConfig(
        size=(128, 96),
        patch=2,
        base_channels=64,
        channel_multipliers=(1, 1, 2, 2),
        texture_levels=(1, 2, 3),
        time_channels=256,
        dropout=0.0,
        temporal_head_channels=32,
        clip_length=8,
        prediction_type="v_prediction",
        learned_variance=False,
        warped_photo=True,
        background=True,
        sigma_data=0.12,
        correct_prior=True,
        pose_keys=True,
        guidance=1.0,
        steps=1,
        timestep_spacing="trailing",
    ),
}


def preset(name: str) -> ModelConfig:
    """The preset of that name.

    Raises:
        InputError: there is none; the message names those there are.
    """
    if name not in PRESETS:
        raise InputError(unknown("preset", name, PRESETS))
    return PRESETS[name]
