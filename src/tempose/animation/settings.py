"""Everything that can be said of an animation besides its photo and its motion.

One field a setting, and nothing else to add for another one: the options of `tempose animate`, its configuration file,
the HTTP interface, the page's form, the record beside a result and the command that makes it again are made of these.
"""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tempose.core.errors import InputError
from tempose.core.settings import Settings, Shown
from tempose.diffusion.hub import DEFAULT_MODEL, WARP

# The ways to cut a long video into windows that generate every frame of it (`tempose.diffusion.windows`).
Strategy = Literal["overlap", "loop"]

# Whom to take, as `tempose.pose.tracking` understands it.
Person = Literal["largest"] | int | tuple[float, float]

# Height of a result in pixels.
MOST_HEIGHT = 2160

# Photos of one person at most: each is kept cut out, which takes some 27 MB.
PHOTOS = 100

OWN = "the model's own"


def _name(given: Any) -> Any:
    """A folder of weights as its name."""
    return str(given) if isinstance(given, Path) else given


Model = Annotated[str, BeforeValidator(_name), Shown("MODEL")]
Steps = Annotated[int | None, Field(ge=1), Shown("N", title="Steps", unset=OWN)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1), Shown("N", title="Seed")]
Device = Annotated[str, Shown("auto|cpu|cuda|mps")]


def check_number(photos: Sized) -> None:
    """Whether so many photos of one person are taken.

    Raises:
        InputError: they are too many.
    """
    if len(photos) > PHOTOS:
        raise InputError(f"{len(photos)} photos are more than {PHOTOS}", remedy="leave some out")


def _person(given: Any) -> Any:
    """What was typed, as a choice."""
    from tempose.pose.tracking import choice_of

    return choice_of(given) if isinstance(given, str) else given


class AnimateSettings(Settings):
    """How a photo is animated by a motion."""

    model: Model = DEFAULT_MODEL
    """The weights: a name that ships, a folder, or OWNER/NAME on the Hub; warp: none, the photo is moved without."""

    retarget: Annotated[
        Literal["limbs", "scale", "none"],
        Shown(title="Fit the motion to the body", names=("Bone by bone", "As a whole", "Not at all")),
    ] = "limbs"
    """Fit the motion to the photo: limbs (bone by bone), scale (as a whole), none."""

    expression: Annotated[float, Field(ge=0, le=1.5), Shown("AMOUNT", title="Expression of the driver's face")] = 1.0
    """How much of the driver's expression the face takes on: 1 as it is, 0 not at all, the head moves as one piece."""

    camera: Annotated[Literal["still", "follow"], Shown(title="Camera", names=("Still", "Goes along"))] = "still"
    """Keep the camera still (a way that does not fit is shortened, or gone in place), or let it follow the person."""

    legs: Annotated[Literal["auto", "move", "stay"], Shown(title="Legs", names=("As it fits", "Move", "Stay"))] = "auto"
    """Let the legs move or stay as in the photo; auto: they stay if the person sits, kneels, crouches or lies there."""

    background: Annotated[str, Shown(metavar="photo|plain|COLOR|FILE", title="Background")] = "photo"
    """What stands behind: photo (its own, still), plain, a color such as #20a0ff, or a picture file."""

    size: Annotated[
        int | None, Field(ge=16, le=MOST_HEIGHT), Shown("HEIGHT", title="Height in pixels", unset="the photo's")
    ] = None
    """Height of the result in pixels; its width follows from the photo. Unset, no side is longer than 1280."""

    fps: Annotated[
        float | None,
        Field(gt=0, le=240),
        Shown("RATE", title="Frames per second", unset="the motion's own, at most 30"),
    ] = None
    """Frames per second."""

    start: Annotated[float, Field(ge=0, le=1e5), Shown("SECONDS", title="Begin after (seconds)")] = 0.0
    """Leave out so much of the motion at its beginning."""

    duration: Annotated[
        float | None, Field(gt=0, le=1e5), Shown("SECONDS", title="Last (seconds)", unset="to its end")
    ] = None
    """Take so much of the motion."""

    max_frames: Annotated[int | None, Field(ge=1), Shown("N", title="Frames at most")] = None
    """Take at most so many frames."""

    person: Annotated[Person, BeforeValidator(_person), Shown("largest|N|X,Y")] = "largest"
    """Whom to follow in a video: the largest, the Nth from the left (from 1), or the nearest to a point."""

    photo_person: Annotated[Person, BeforeValidator(_person), Shown("largest|N|X,Y")] = "largest"
    """Whom to animate in the photo; the same choices."""

    mask: Path | None = None
    """A picture of the photo's size, white or opaque on the person: used as it is, hair and fingers included."""

    matte_model: Path | None = None
    """Or an ONNX file of a matting network, which makes the mask."""

    yaw: Annotated[float, Field(ge=-360, le=360), Shown("DEGREES", title="Turn the camera (degrees)")] = 0.0
    """Turn the camera to the person's left; around videos by 30 at most, around motion captures all the way."""

    joints: Path | None = None
    """A YAML file that names the joints of a .bvh, as in 'RightArm: right_shoulder'."""

    up: Annotated[Literal["x", "-x", "y", "-y", "z", "-z"] | None, Shown(unset="found")] = None
    """Which axis of a .bvh is up."""

    steps: Steps = None
    """Denoising steps. people-128 is trained for one: more take longer and measured worse."""

    seed: Seed = 0
    """Another seed, another result; the same seed, the same."""

    strategy: Annotated[
        Strategy, Shown(title="Windows of a long video", names=("Overlapping", "One after the other"))
    ] = "overlap"
    """How a long video is cut into windows: overlap (no seams) or loop (faster)."""

    guidance: Annotated[float | None, Field(ge=0, le=100), Shown("SCALE", title="Guidance", unset=OWN)] = None
    """How strongly the photo guides; 1 is plain."""

    device: Device = "auto"
    """Where to compute; auto is the fastest that is there."""

    estimator: Literal["mediapipe", "rtmlib"] = "mediapipe"
    """What finds people: mediapipe (offline, one person) or rtmlib (several people)."""

    detector: Path | None = None
    """For rtmlib, an ONNX file of YOLOX."""

    pose_model: Path | None = None
    """For rtmlib, an ONNX file of RTMPose."""

    @field_validator("background")
    @classmethod
    def _is_a_background(cls, given: str) -> str:
        from tempose.animation.compose import check_background

        check_background(given)
        return given

    @model_validator(mode="after")
    def _has_one_mask(self) -> Self:
        if self.mask is not None and self.matte_model is not None:
            raise ValueError("both --mask and --matte-model say where the person is; give one of them")
        return self

    @property
    def reading(self) -> dict[str, Any]:
        """What of it concerns the motion alone, as `tempose.animation.motion.read_motion` takes it."""
        from tempose.animation.motion import TimeRange

        time_range = TimeRange(self.fps, self.start, self.duration, self.max_frames)
        seen = {"person": self.person, "yaw": self.yaw, "joints": self.joints, "up": self.up}
        return {"time_range": time_range, "seed": self.seed, **seen}

    @property
    def fitting(self) -> dict[str, str]:
        """How a motion is fitted to the body, as `tempose.pose.retarget.retarget_motion` takes it."""
        return {"retarget": self.retarget, "camera": self.camera, "legs": self.legs}


# What can be said where a motion is only looked at, and where key points are only found.
MotionSettings = AnimateSettings.some("joints", "up", "person", "max_frames")
PoseSettings = AnimateSettings.some("person", "estimator", "detector", "pose_model")


class BlendSettings(Settings):
    """How one person is blended into another."""

    motion: Annotated[str | None, Shown("MOTION", unset="a sheet in the pose of the first")] = None
    """The motion in which it happens, as `tempose animate` takes it; the result is a video."""

    steps: Annotated[int, Field(ge=2, le=64)] = 7
    """Pictures of a sheet, the two people themselves included."""

    model: Model = DEFAULT_MODEL
    """The weights: a name that ships, a folder, or OWNER/NAME on the Hub; warp: none, the photos are moved without."""

    background: Annotated[str, Shown(metavar="photo|plain|COLOR|FILE")] = "photo"
    """What stands behind: photo (the first one's), plain, a color such as #20a0ff, or a picture file."""

    size: Annotated[int | None, Field(ge=16, le=MOST_HEIGHT), Shown("HEIGHT", unset="the first photo's")] = None
    """Height of each picture in pixels; unset, no side is longer than 1280."""

    max_frames: Annotated[int | None, Field(ge=1)] = None
    """Of a motion, take at most so many frames."""

    seed: Seed = 0
    """Another seed, another result; the same seed, the same."""

    device: Device = "auto"
    """Where to compute; auto is the fastest that is there."""

    @property
    def animating(self) -> AnimateSettings:
        """What of it concerns the animation."""
        return AnimateSettings(**self.model_dump(exclude={"motion", "steps"}))


class DressSettings(Settings):
    """How the clothes of one picture are put on the person of another."""

    part: Literal["upper", "lower", "head", "whole"] | None = None
    """What to exchange, as the person is cut out; whole is upper and lower."""

    mask: Path | None = None
    """Or a picture of the reference's size: white is exchanged, black stays."""

    model: Model = DEFAULT_MODEL
    """The weights: a name that ships, a folder, or OWNER/NAME on the Hub."""

    max_frames: Annotated[int | None, Field(ge=1)] = None
    """Of a video, take at most so many frames."""

    steps: Steps = None
    """Denoising steps. people-128 is trained for one: more take longer and measured worse."""

    seed: Seed = 0
    """Another seed, another result; the same seed, the same."""

    device: Device = "auto"
    """Where to compute; auto is the fastest that is there."""

    @field_validator("model")
    @classmethod
    def _is_a_model(cls, given: str) -> str:
        if given == WARP:
            raise ValueError(f"{WARP} is no model: clothes cannot be exchanged without one; wanted a model")
        return given

    @model_validator(mode="after")
    def _says_once_what_to_exchange(self) -> Self:
        if (self.part is None) == (self.mask is None):
            raise ValueError(
                "say what to exchange: either --part upper, lower, head or whole, or --mask with a picture"
            )
        return self
