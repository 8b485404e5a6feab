"""What somebody wants to have made: a photo, a motion and the settings, checked at the door."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempose.animation.settings import AnimateSettings
from tempose.body.motions import MOTIONS
from tempose.core.errors import InputError, unknown
from tempose.core.settings import as_word
from tempose.web.limits import Limits
from tempose.web.uploads import Files

# Frames of a result if nothing is said.
FRAMES = 36

# The settings that visitors may choose.
OFFERED = tuple(entry for entry in AnimateSettings.entries() if entry.shown.title)

# What may stand behind the person: the photo's own background, its edge's color, another color, a picture.
BACKGROUNDS = ("photo", "plain", COLOR := "color", PICTURE := "picture")
FIRST_COLOR = "#20a0ff"

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
        settings: all that `tempose animate` can be told; the background, where it is a picture, is in `backdrop`.
        backdrop: the picture that is the background, where there is one.
        lacks_backdrop: whether there is to be one, and none came.
    """

    photo: Upload | None
    motion: tuple[Upload, ...] | str
    settings: AnimateSettings
    backdrop: Upload | None = None
    lacks_backdrop: bool = False

    @staticmethod
    def of(
        photo: Any,
        motion: Any,
        motion_file: Any,
        *,
        limits: Limits,
        files: Files,
        background: Any = BACKGROUNDS[0],
        color: Any = None,
        background_file: Any = None,
        **given: Any,
    ) -> AnimateRequest:
        """From what a visitor sent, with files of their own; empty numbers mean that nothing was wished.

        Args:
            photo, motion, motion_file, background_file: uploads, and the name of a motion.
            background: one of BACKGROUNDS.
            color: what the background is, where it is a color.
            given: settings among OFFERED, by name.

        Raises:
            InputError: something is not what it should be, or beyond the limits.
        """
        uploaded = Upload.several(motion_file, files)
        backdrop = Upload.of(background_file, files) if background == PICTURE else None
        if not uploaded and motion not in MOTIONS:
            raise InputError(f"choose a motion: a file of your own, or one of {', '.join(MOTIONS)}")
        behind = background_of(background, color=color)
        settings = AnimateSettings(background="photo" if behind == PICTURE else behind, **chosen(given, limits))
        lacks = behind == PICTURE and backdrop is None
        return AnimateRequest(Upload.of(photo, files), uploaded or str(motion), settings, backdrop, lacks)

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """All files that came with it."""
        motion = () if isinstance(self.motion, str) else self.motion
        return tuple(upload for upload in (self.photo, *motion, self.backdrop) if upload)

    @property
    def names(self) -> dict[Path, str]:
        """What their owner calls them."""
        return {upload.path: upload.name for upload in self.uploads}

    @property
    def photo_name(self) -> str:
        return "photo" if self.photo is None else self.photo.name

    @property
    def motion_name(self) -> str:
        if isinstance(self.motion, str):
            return self.motion
        return self.motion[0].name if len(self.motion) == 1 else FOLDER

    @property
    def background_name(self) -> str:
        """The background, called as its owner calls it."""
        return self.settings.background if self.backdrop is None else self.backdrop.name

    @property
    def name(self) -> str:
        """What the result is called, without an ending."""
        return f"{Path(self.photo_name).stem[:SHARE]}-{Path(self.motion_name).stem[:SHARE]}"

    def command(self, model: str, *, output: str = "") -> list[str]:
        """The words of the command line that makes the same, as `output` or a file of this name."""
        words = ["tempose", "animate", self.photo_name, self.motion_name, "-o", output or f"{self.name}.mp4"]
        return words + self.settings.options(model=model, background=self.background_name)


def first_values(limits: Limits) -> dict[str, Any]:
    """What each of OFFERED is, as long as nothing else is chosen."""
    return {entry.name: entry.default for entry in OFFERED} | {"max_frames": min(FRAMES, limits.frames)}


def chosen(given: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Settings that a visitor chose, within the limits; an empty number, or 0 where that means nothing, is left out.

    Raises:
        InputError: one is not offered, or beyond the limits.
    """
    values, offered = first_values(limits), {entry.name: entry for entry in OFFERED}
    values.pop("background")
    for name, value in given.items():
        if name not in values:
            raise InputError(unknown("setting", name, values))
        entry = offered[name]
        if entry.kind in (int, float) and (value in (None, "") or (value == 0 and entry.optional)):
            continue
        values[name] = value
    checked = AnimateSettings(**values)
    for name, most in limits.most.items():
        if (getattr(checked, name) or 0) > most:
            raise InputError(f"{name} is {as_word(getattr(checked, name))}; wanted {most} at most")
    return values


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


def background_of(given: Any, *, color: Any) -> str:
    """A background as `tempose.animation.animate` takes it; PICTURE stays, as long as there is none.

    Raises:
        InputError: it is not known, or its color is not.
    """
    if given not in BACKGROUNDS:
        raise InputError(f"background is {given!r}; wanted {', '.join(BACKGROUNDS)}")
    return as_hex(color) if given == COLOR else str(given)


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
