"""What somebody wants to have made: a photo, a motion and the settings, checked at the door."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tempose.animation.animate import STRATEGIES
from tempose.animation.motion import TimeRange
from tempose.body.motions import MOTIONS
from tempose.core.errors import InputError
from tempose.diffusion.hub import DEFAULT_MODEL
from tempose.pose.retarget import RETARGET_MODES
from tempose.web.limits import Limits
from tempose.web.uploads import Files

# Frames of a result if nothing is said.
FRAMES = 36

# What may stand behind the person: the photo's own background, its edge's color, another color, a picture.
BACKGROUNDS = ("photo", "plain", COLOR := "color", PICTURE := "picture")

# Letters of a file's name that are kept, and of what it gives to the name of a result.
LONGEST, SHARE = 60, 24

# What the folder of a motion is called that came as several files.
FOLDER = "poses"


@dataclass(frozen=True)
class Upload:
    """A file that came with a request: where it lies, and what its owner calls it."""

    path: Path
    name: str

    @staticmethod
    def of(given: Any, files: Files) -> Upload | None:
        """From what Gradio passes on: None, or a dictionary with `path` and `orig_name`.

        Raises:
            InputError: it is something else, or no file of this visitor's.
        """
        if given is None or given == "":
            return None
        if not isinstance(given, dict):
            raise InputError("a file was expected; wanted an upload")
        path, called = files.find(given.get("path")), given.get("orig_name")
        name = Path(called.replace("\\", "/")).name if isinstance(called, str) else ""
        name = "".join(letter for letter in name if letter.isprintable())
        return Upload(path, (path.name if name in ("", ".", "..") else name)[-LONGEST:])

    @staticmethod
    def several(given: Any, files: Files) -> tuple[Upload, ...]:
        """From what may be None, one file, or a list of them."""
        uploads = (Upload.of(one, files) for one in (given if isinstance(given, list) else [given]))
        return tuple(upload for upload in uploads if upload)


@dataclass(frozen=True)
class AnimateRequest:
    """A photo, a motion and the settings.

    Attributes:
        photo: the picture.
        motion: one upload, or one for each frame; or the name of a built-in motion.
        settings: those of `tempose.animation.animate.animate`, all of them.
        backdrop: the picture that is the background, where there is one.
    """

    photo: Upload | None
    motion: tuple[Upload, ...] | str
    settings: dict[str, Any] = field(default_factory=dict)
    backdrop: Upload | None = None

    @staticmethod
    def of(
        photo: Any,
        motion: Any,
        motion_file: Any,
        *,
        limits: Limits,
        files: Files,
        steps: Any = None,
        seed: Any = 0,
        strategy: Any = STRATEGIES[0],
        guidance: Any = None,
        retarget: Any = RETARGET_MODES[0],
        background: Any = "photo",
        color: Any = None,
        background_file: Any = None,
        size: Any = None,
        fps: Any = None,
        start: Any = 0,
        frames: Any = FRAMES,
    ) -> AnimateRequest:
        """From what a visitor sent, with files of their own; empty numbers mean that nothing was wished.

        Raises:
            InputError: something is not what it should be, or beyond the limits.
        """
        uploaded = Upload.several(motion_file, files)
        backdrop = Upload.of(background_file, files) if background == PICTURE else None
        if not uploaded and motion not in MOTIONS:
            raise InputError(f"choose a motion: a file of your own, or one of {', '.join(MOTIONS)}")
        most = min(limits.frames, FRAMES) if frames in (None, "") else number("frames", frames, 1, limits.frames)
        settings = {
            "steps": None if steps in (None, "") else number("steps", steps, 1, limits.steps),
            "seed": number("seed", seed, 0, 2**31 - 1),
            "strategy": one_of("strategy", strategy, STRATEGIES),
            "guidance": None if guidance in (None, "", 0) else real("guidance", guidance, 0.1, 20),
            "retarget": one_of("fit", retarget, RETARGET_MODES),
            "background": str(backdrop.path) if backdrop else background_of(background, color=color),
            "size": None if size in (None, "", 0) else number("size", size, 16, limits.height),
            "fps": None if fps in (None, "", 0) else real("fps", fps, 0.5, 60),
            "start": real("start", start or 0, 0, 1e5),
            "max_frames": most,
        }
        return AnimateRequest(Upload.of(photo, files), uploaded or str(motion), settings, backdrop)

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """All files that came with it."""
        motion = () if isinstance(self.motion, str) else self.motion
        return tuple(upload for upload in (self.photo, *motion, self.backdrop) if upload)

    @property
    def time_range(self) -> TimeRange:
        """Which part of the motion, at what rate."""
        return TimeRange(self.settings["fps"], self.settings["start"], None, self.settings["max_frames"])

    @property
    def photo_name(self) -> str:
        return "photo" if self.photo is None else self.photo.name

    @property
    def motion_name(self) -> str:
        if isinstance(self.motion, str):
            return self.motion
        return self.motion[0].name if len(self.motion) == 1 else FOLDER

    @property
    def named_settings(self) -> dict[str, Any]:
        """The settings, with the background called as its owner calls it."""
        return self.settings | ({"background": self.backdrop.name} if self.backdrop else {})

    @property
    def name(self) -> str:
        """What the result is called, without an ending."""
        return f"{Path(self.photo_name).stem[:SHARE]}-{Path(self.motion_name).stem[:SHARE]}"

    def command(self, model: str, *, output: str = "") -> list[str]:
        """The words of the command line that makes the same, as `output` or a file of this name."""
        words = ["tempose", "animate", self.photo_name, self.motion_name, "-o", output or f"{self.name}.mp4"]
        if model != DEFAULT_MODEL:
            words += ["--model", model]
        usual = {"seed": 0, "strategy": STRATEGIES[0], "retarget": RETARGET_MODES[0], "background": "photo"}
        for key, value in self.named_settings.items():
            if value not in (None, usual.get(key)) and not (key == "start" and value == 0):
                option = {"retarget": "retarget", "max_frames": "max-frames"}.get(key, key)
                words += [f"--{option}", f"{value:g}" if isinstance(value, float) else str(value)]
        return words


def number(name: str, given: Any, least: int, most: int) -> int:
    """A whole number within bounds.

    Raises:
        InputError: it is not.
    """
    value = real(name, given, least, most)
    if value != int(value):
        raise InputError(f"{name} is {given}; wanted a whole number of {least} to {most}")
    return int(value)


def real(name: str, given: Any, least: float, most: float) -> float:
    """A number within bounds.

    Raises:
        InputError: it is not.
    """
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = float("nan")
    if not least <= value <= most:
        raise InputError(f"{name} is {given}; wanted {least:g} to {most:g}")
    return value


def one_of(name: str, given: Any, known: tuple[str, ...]) -> str:
    """One of the known words.

    Raises:
        InputError: it is not.
    """
    if given not in known:
        raise InputError(f"{name} is {given!r}; wanted {', '.join(known)}")
    return str(given)


def background_of(given: Any, *, color: Any) -> str:
    """A background as `tempose.animation.animate` takes it; PICTURE stays, as long as there is none.

    Raises:
        InputError: it is not known, or its color is not.
    """
    return as_hex(color) if given == COLOR else one_of("background", given, BACKGROUNDS)


def as_hex(color: Any) -> str:
    """A color as #rrggbb, from that or from rgb(…) or rgba(…) with numbers up to 255.

    Raises:
        InputError: it is neither.
    """
    text = str(color or "").strip()
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return text.lower()
    parts = re.fullmatch(r"rgba?\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)\s*(,\s*[\d.]+\s*)?\)", text)
    if not parts:
        raise InputError(f"the color is {color!r}; wanted one such as #20a0ff")
    return "#" + "".join(f"{min(255, round(float(part))):02x}" for part in parts.groups()[:3])
