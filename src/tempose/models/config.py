"""Typed configuration: what a model is, and the presets by name.

TextureEncoderConfig ──► NetworkConfig ──► UNetConfig         each network takes its own whole,
                               │                              and it is the config.json beside its weights
SamplingConfig ────────────────┴─────────► ModelConfig        what training and presets write down
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tempose.core.errors import unknown

# Bounds of what comes from anywhere: no model needs more, and memory is taken by these numbers.
Count = Annotated[int, Field(ge=1, le=8192)]
Levels = Field(min_length=1, max_length=10)


class Config(BaseModel):
    """Values by name, frozen; names that are not known are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def part(self, kind: type[Part], **more: Any) -> Part:
        """What of it another, smaller configuration holds, with `more` besides."""
        return kind(**{name: value for name, value in self if name in kind.model_fields}, **more)


Part = TypeVar("Part", bound=Config)


class TextureEncoderConfig(Config):
    """The shape of the texture encoder, and of the way down of the noise predictor, which reads it."""

    base_channels: Count
    """Width of the first level."""

    channel_multipliers: Annotated[tuple[Count, ...], Levels]
    """Width of each level as a multiple of the first; each level halves height and width."""

    residual_blocks: Annotated[int, Field(ge=1, le=16)] = 2
    """Residual blocks a level on the way down; one more on the way up."""

    dropout: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Dropout inside the residual blocks, in training."""

    patch: Count = 1
    """Side of the square of pixels that the first convolution takes as one place: 2 quarters the work."""


class NetworkConfig(TextureEncoderConfig):
    """The shape of both networks, and what they are told and give."""

    texture_levels: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=10)]
    """Levels that read the photo's texture (0 is full resolution); the middle always does."""

    time_channels: Count = 512
    """Width of the embedding of the diffusion time t."""

    temporal_head_channels: Count = 64
    """Width of one head of the temporal attention."""

    learned_variance: bool = True
    """Three more output channels that interpolate the log-variance (Nichol & Dhariwal 2021)."""

    warped_photo: bool = False
    """Further input: the person warped into the target pose, their alpha, and the photo itself."""

    background: bool = False
    """Further input: the photo with the person inpainted, so that the background stays whole."""

    sigma_data: Annotated[float | None, Field(gt=0, le=8192)] = None
    """Typical distance, where the person is, of the clean frames from the prior (the warped person over the
    background), in their range [-1, 1]; given, the network predicts the rest, in units of it, instead of the frame."""

    correct_prior: bool = False
    """Three more output channels: a flow that moves the warped person to where they belong, and what is added to
    their alpha."""

    pose_keys: bool = False
    """Queries and keys of the texture attention also carry the distances to the limbs."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.correct_prior and self.sigma_data is None:
            raise ValueError("correct_prior moves what the model builds on: give sigma_data as well")
        if any(level >= len(self.channel_multipliers) for level in self.texture_levels):
            raise ValueError("texture_levels names a level that is not there")
        return self


class UNetConfig(NetworkConfig):
    """What the noise predictor is built of."""

    temporal: bool = False
    """Whether it is a video model: with attention over the frames after each texture diffusion block."""


class SamplingConfig(Config):
    """How a model is sampled where nothing else is asked for."""

    size: tuple[Count, Count] = (256, 256)
    """(height, width) in pixels that the model is trained at; others work where the depth divides them."""

    clip_length: Count = 4
    """Frames of a clip in temporal training, and the window when sampling long videos."""

    guidance: Annotated[float, Field(ge=0, le=100)] = 2.0
    """Scale of the photo in the guidance; 1 makes a single prediction a step."""

    steps: Count = 50
    """Denoising steps."""

    mirrored: bool = False
    """Whether every prediction is the mean of two: of the frames as they are, and as a mirror shows them."""


class ModelConfig(NetworkConfig, SamplingConfig):
    """Everything that decides a model's shape and what its output means."""

    size: tuple[Count, Count]
    """(height, width) in pixels that the model is trained at; others work where the depth divides them."""

    prediction_type: Literal["epsilon", "v_prediction"] = "epsilon"
    """What the network predicts: the noise ε, or v = √ᾱ·ε − √(1−ᾱ)·x₀ (Salimans & Ho 2022)."""

    train_timesteps: int = 1000
    """T, the number of diffusion times."""

    beta_start: float = 1e-4
    """β₁ of the linear schedule."""

    beta_end: float = 2e-2
    """β_T of the linear schedule."""

    timestep_spacing: Literal["leading", "trailing", "linspace"] = "leading"
    """Where a sampler with n steps visits the T times; `leading` is 0, T/n, 2T/n …, as published."""


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
        mirrored=True,
        timestep_spacing="trailing",
    ),
}


def preset(name: str) -> ModelConfig:
    """The preset of that name.

    Raises:
        InputError: there is none; the message names those there are.
    """
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]
