"""What somebody wants to have made: photo, motion and settings, checked at the door.

A file is named by a reference: {"path": …} for an upload, {"job": …} for what an earlier job has made, {"example": …}
for a photo that comes with the package. Whatever else a request may say is a setting of the command line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tempose.animation.demo import SAMPLES
from tempose.animation.settings import AnimateSettings, DressSettings
from tempose.body.motions import MOTIONS
from tempose.core.errors import InputError, unknown
from tempose.core.settings import Settings, as_word
from tempose.web.limits import Limits
from tempose.web.uploads import Files

# The settings that visitors may choose: those with a title stand in the page's form, the others are said on the photo.
ON_PICTURE = ("person", "photo_person")
OFFERED = tuple(entry for entry in AnimateSettings.entries() if entry.shown.title or entry.name in ON_PICTURE)
DRESSING = tuple(entry for entry in DressSettings.entries() if entry.name in ("part", "max_frames", "steps", "seed"))

# Photos that come with the package, and a motion that goes with each.
EXAMPLES = {"meadow": "dance", "studio": "walk", "road": "wave", "lawn": "squat", "yard": "catwalk"}

# Photos of one person at most.
PHOTOS = 16

# Letters of a file's name that are kept, and of what it gives to the name of a result.
LONGEST, SHARE = 60, 24

# What the folder of a motion is called that came as several files.
FOLDER = "poses"


@dataclass(frozen=True)
class Upload:
    """A file that a request names: where it lies, and what its owner calls it."""

    path: Path
    name: str

    @staticmethod
    def of(given: Any, files: Files) -> Upload | None:
        """From a reference, or None.

        Raises:
            InputError: it is something else, or no file of this visitor's.
        """
        if given is None or given == "":
            return None
        if not isinstance(given, dict):
            raise InputError("a file was expected; wanted an upload")
        if "example" in given:
            if not isinstance(given["example"], str) or given["example"] not in EXAMPLES:
                raise InputError(f"there is no example {given['example']!r}; wanted one of {', '.join(EXAMPLES)}")
            return Upload(SAMPLES / f"{given['example']}.jpg", f"{given['example']}.jpg")
        path = files.made(given["job"]) if "job" in given else files.find(given.get("path"))
        called = given.get("orig_name")
        name = Path(called.replace("\\", "/")).name if isinstance(called, str) else ""
        name = "".join(letter for letter in name if letter.isprintable())
        return Upload(path, (path.name if name in ("", ".", "..") else name)[-LONGEST:])

    @staticmethod
    def several(given: Any, files: Files, *, most: int) -> tuple[Upload, ...]:
        """From what may be None, one file, or a list of them.

        Raises:
            InputError: there are too many, or one is no file of this visitor's.
        """
        if isinstance(given, list) and len(given) > most:
            raise InputError(f"{len(given)} files are more than {most}", remedy="leave some out")
        uploads = (Upload.of(one, files) for one in (given if isinstance(given, list) else [given]))
        return tuple(upload for upload in uploads if upload)

    @property
    def stem(self) -> str:
        """What it gives to the name of a result."""
        return Path(self.name).stem[:SHARE]


@dataclass(frozen=True)
class AnimateRequest:
    """A photo, a motion and the settings.

    Attributes:
        photo: the picture.
        further: more pictures of the same person, as from behind.
        motion: one upload, or one for each frame; or the name of a built-in motion.
        settings: all that `tempose animate` can be told.
        backdrop: the picture that is the background, where there is one.
        mask: the picture that says where the person is, where there is one.
    """

    photo: Upload | None
    motion: tuple[Upload, ...] | str
    settings: AnimateSettings
    backdrop: Upload | None = None
    mask: Upload | None = None
    further: tuple[Upload, ...] = ()

    @staticmethod
    def of(given: Mapping[str, Any], *, limits: Limits, files: Files) -> AnimateRequest:
        """From what a visitor sent.

        Args:
            given: `photo`, a reference or a list of them; `mask` and `background_file`, references; `motion`, a name, a
                reference or a list of them; `settings`, some of OFFERED by name.

        Raises:
            InputError: something is not what it should be, or beyond the limits.
        """
        check_parts(given, ("photo", "motion", "settings", "background_file", "mask"))
        motion = given.get("motion", MOTIONS[0])
        if isinstance(motion, str) or not motion:
            if motion not in MOTIONS:
                raise InputError(
                    "there is no motion", remedy=f"choose a file of your own, or one of {', '.join(MOTIONS)}"
                )
        else:
            motion = Upload.several(motion, files, most=limits.files)
        check_background(given.get("settings"))
        settings = checked(AnimateSettings, given.get("settings"), OFFERED, limits)
        backdrop = Upload.of(given.get("background_file"), files)
        mask = Upload.of(given.get("mask"), files)
        photo, *further = Upload.several(given.get("photo"), files, most=PHOTOS) or (None,)
        return AnimateRequest(photo, motion, settings, backdrop, mask, tuple(further))

    @property
    def names(self) -> dict[Path, str]:
        """What the files are called instead of by their paths."""
        motion = () if isinstance(self.motion, str) else self.motion
        return {each.path: each.name for each in (*self.photos, *motion, self.backdrop, self.mask) if each}

    @property
    def photos(self) -> tuple[Upload, ...]:
        """All of them, the first of them first."""
        return (self.photo, *self.further) if self.photo else ()

    @property
    def motion_name(self) -> str:
        """The motion, called as its owner calls it."""
        if isinstance(self.motion, str):
            return self.motion
        return self.motion[0].name if len(self.motion) == 1 else FOLDER

    @property
    def called(self) -> dict[str, Any]:
        """Settings that are files, called as their owner calls them."""
        named = {"background": self.backdrop, "mask": self.mask}
        return {name: file.name for name, file in named.items() if file}

    @property
    def name(self) -> str:
        """What the result is called, without an ending."""
        return f"{self.photo.stem if self.photo else ''}-{Path(self.motion_name).stem[:SHARE]}"

    def command(self, model: str, *, audio: bool = False) -> list[str]:
        """The words of the command line that makes the same."""
        photos = [photo.name for photo in self.photos]
        words = ["tempose", "animate", *photos, self.motion_name, "-o", f"{self.name}.mp4"]
        return words + ["--audio"] * audio + self.settings.options(model=model, **self.called)


@dataclass(frozen=True)
class DressRequest:
    """A person, and a picture of what they are to wear.

    Attributes:
        style: who wears it now.
        photo: who is to wear it.
        settings: all that `tempose dress` can be told.
    """

    style: Upload
    photo: Upload
    settings: DressSettings = field(default_factory=lambda: DressSettings(part="upper"))

    @staticmethod
    def of(given: Mapping[str, Any], *, limits: Limits, files: Files) -> DressRequest:
        """From what a visitor sent: `style` and `photo`, references, and `settings`, some of DRESSING by name.

        Raises:
            InputError: something is not what it should be, or beyond the limits.
        """
        check_parts(given, ("style", "photo", "settings"))
        style, photo = Upload.of(given.get("style"), files), Upload.of(given.get("photo"), files)
        if style is None or photo is None:
            raise InputError("a picture is missing", remedy="choose two: who is to wear it, and who wears it now")
        return DressRequest(style, photo, checked(DressSettings, given.get("settings"), DRESSING, limits))

    @property
    def names(self) -> dict[Path, str]:
        """What the files are called instead of by their paths."""
        return {each.path: each.name for each in (self.style, self.photo)}

    @property
    def name(self) -> str:
        """What the result is called, without an ending."""
        return f"{self.photo.stem}-{self.style.stem}"

    def command(self, model: str) -> list[str]:
        """The words of the command line that makes the same."""
        words = ["tempose", "dress", self.style.name, self.photo.name, "-o", f"{self.name}.png"]
        return words + self.settings.options(model=model)


def check_parts(given: Any, known: tuple[str, ...]) -> None:
    """Raise InputError where a request is no object, or says something that is no part of it."""
    if not isinstance(given, Mapping):
        raise InputError(f"the request is no object; wanted one with {', '.join(known)}")
    for name in given:
        if name not in known:
            raise unknown("part of a request", str(name)[:LONGEST], known)


def check_background(settings: Any) -> None:
    """Whether a background is none of the server's files, before anything looks whether there is such a file.

    Raises:
        InputError: it may be one.
    """
    chosen = settings.get("background") if isinstance(settings, Mapping) else None
    known = isinstance(chosen, str) and re.fullmatch(r"photo|plain|#[0-9a-fA-F]{6}", chosen)
    if chosen not in (None, "") and not known:
        raise InputError(f"background is {str(chosen)[:LONGEST]!r}; wanted photo, plain, or a color such as #20a0ff")


def checked(kind: type[Settings], given: Any, offered: tuple[Any, ...], limits: Limits) -> Any:
    """Settings that a visitor chose, within the limits; an empty value is left out.

    Raises:
        InputError: one is not offered, or beyond the limits.
    """
    values, known = {} if given is None else given, {entry.name for entry in offered}
    check_parts(values, tuple(sorted(known)))
    settings = kind(**{name: value for name, value in values.items() if value not in (None, "")})
    for name, most in limits.most.items():
        if (getattr(settings, name, None) or 0) > most:
            raise InputError(f"{name} is {as_word(getattr(settings, name))}; wanted {most} at most")
    return settings
