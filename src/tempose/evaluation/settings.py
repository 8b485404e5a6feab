"""Everything that can be said of a measurement besides what is measured: one field a setting, as in
`tempose.animation.settings`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from tempose.animation.settings import MOST_HEIGHT, Device, Model, Seed, Steps
from tempose.core.errors import unknown
from tempose.core.settings import Settings, Shown, Size, parse_size
from tempose.diffusion.hub import DEFAULT_MODEL
from tempose.evaluation.protocols import Protocol, find_protocol

# Measures with learned features, each of which needs a package or published weights.
Metric = Literal["feat", "lpips", "lpips-vgg", "fid", "kid", "fvd"]

# Height of the frames of whole results, in pixels, where none is asked for; and the least.
HEIGHT, LEAST_HEIGHT = 512, 64

# How `--metrics` says that there is to be none.
NONE = "none"


def _size(given: Any) -> Any:
    """A height alone, or a height and a width."""
    return int(given) if isinstance(given, str) and given.isdecimal() else parse_size(given)


def _metrics(given: Any) -> Any:
    """Names between commas, as a tuple of them."""
    if not isinstance(given, str):
        return given
    names = tuple(name.strip() for name in given.split(",") if name.strip() not in ("", NONE))
    for name in names:
        if name not in get_args(Metric):
            raise unknown("learned metric", name, get_args(Metric))
    return names


class EvaluateSettings(Settings):
    """How a model is measured on clips."""

    native: bool = False
    """Measure whole frames as `animate` makes them, at the photo's resolution, rather than what the network sees."""

    photos: Annotated[int, Field(ge=1, le=2), Shown("1|2")] = 1
    """With --native: 2 takes a frame from behind as a second photo, and measures the others from behind."""

    model: Model = DEFAULT_MODEL
    """The weights: a name that ships, a folder, or OWNER/NAME on the Hub."""

    protocol: Literal["strided", "consecutive", "loop", "overlap"] = "overlap"
    """Which frames are generated, and how."""

    subject: Literal["self", "cross"] = "self"
    """self: a clip from its first frame; cross: another person's motion, without truth."""

    split: Literal["train", "val", "test"] = "test"
    """Which clips of a prepared dataset."""

    clips: Annotated[int | None, Field(ge=1), Shown(unset="all")] = None
    """At most so many clips, evenly over the split."""

    max_frames: Annotated[int | None, Field(ge=1), Shown(unset="to the clip's end; 24 with --native")] = None
    """loop, overlap, --native: at most so many frames of a clip."""

    window: Annotated[int | None, Field(ge=1), Shown(unset="4")] = None
    """loop, overlap: frames seen together."""

    every: Annotated[int | None, Field(ge=1), Shown(unset="1")] = None
    """loop, overlap: generate only every so many frames."""

    size: Annotated[
        int | Size | None,
        BeforeValidator(_size),
        Shown("HEIGHT[xWIDTH]", unset=f"the model's own; {HEIGHT} with --native"),
    ] = None
    """Size to generate and measure at; with --native the height alone, from which the width follows."""

    stretch: bool = False
    """Stretch clips of another size; else they are left out, and listed."""

    steps: Steps = None
    """Denoising steps."""

    seed: Seed = 0
    """Of the noise."""

    pose: bool = False
    """Find the pose again in the result (mediapipe) and measure it."""

    metrics: Annotated[
        tuple[Metric, ...] | None,
        BeforeValidator(_metrics),
        Shown(",".join(get_args(Metric)), unset=f"{NONE}; feat with --native"),
    ] = None
    """Learned metrics, any of these, or none."""

    weights: Annotated[Path | None, Shown("FOLDER", unset="downloaded, once")] = None
    """Where the published weights of learned metrics are."""

    device: Device = "auto"
    """Where to compute; auto is the fastest that is there."""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if not self.native:
            find_protocol(self.protocol, window=self.window, max_frames=self.max_frames, every=self.every)
        if self.native and isinstance(self.size, tuple):
            raise ValueError(f"the size is {self.size}; with --native wanted the height alone: the width follows")
        if self.native and not LEAST_HEIGHT <= self.height <= MOST_HEIGHT:
            raise ValueError(f"the size is {self.size}; wanted a height of {LEAST_HEIGHT} to {MOST_HEIGHT} pixels")
        if self.native and self.max_frames == 1:
            raise ValueError("1 frame of a clip is to be measured; wanted 2 or more, the photo among them")
        if not self.native and self.photos > 1:
            raise ValueError(f"photos is {self.photos}; more than one are taken with --native")
        if not self.native and isinstance(self.size, int):
            raise ValueError(f"the size is {self.size}; wanted HEIGHTxWIDTH, such as 128x96")
        return self

    @property
    def frames(self) -> Protocol:
        """The protocol with what is changed of it."""
        return find_protocol(self.protocol, window=self.window, max_frames=self.max_frames, every=self.every)

    @property
    def height(self) -> int:
        """Of whole results, in pixels."""
        return self.size if isinstance(self.size, int) else HEIGHT

    @property
    def learned(self) -> tuple[Metric, ...]:
        """The learned metrics that are measured."""
        return (("feat",) if self.native else ()) if self.metrics is None else self.metrics
