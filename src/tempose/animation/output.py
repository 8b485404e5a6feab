"""Where a result may be written: asked before anything is loaded that takes long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tempose.core.errors import InputError, MediaError
from tempose.core.files import written_whole
from tempose.media.images import ENCODINGS
from tempose.media.sound import check_sound

VIDEOS = (".mp4", ".webm", ".gif", ".webp", "")
WITH_SOUND = (".mp4", ".webm")

# How the pictures of a folder of frames are called.
FRAME = re.compile(r"\d{5,}\.png")


def default_output(photo: Path | str, motion: Path | str) -> Path:
    """Where a result goes that nobody named: into the working directory, as me-dance.mp4."""
    ending = ".png" if Path(motion).suffix.lower() in ENCODINGS else ".mp4"
    return Path(f"{Path(photo).stem}-{Path(motion).stem}{ending}")


def check_output(
    out: Path | str,
    *,
    inputs: Sequence[Path | str] = (),
    sheet: Path | str | None = None,
    audio: Path | str | None = None,
) -> None:
    """Whether an animation can be written to `out`, before any time is spent on it.

    Args:
        out: the file, or the folder of PNGs.
        inputs: files that must not be overwritten.
        sheet: the picture file for a contact sheet.
        audio: the file whose sound is wanted.

    Raises:
        InputError: a folder cannot be written to, or an input would be overwritten.
        MediaError: an ending is not known, or there is no sound to copy.
    """
    out = Path(out)
    ending = out.suffix.lower()
    if ending not in VIDEOS and ending not in ENCODINGS:
        raise MediaError(
            f"cannot write {out}; wanted the ending .mp4, .webm, .gif, .webp, none (a folder of PNGs), "
            "or for a single pose .png or .jpg",
            path=out,
        )
    if sheet is not None and Path(sheet).suffix.lower() not in ENCODINGS:
        raise MediaError(
            f"cannot write a contact sheet to {sheet}; wanted the ending {', '.join(ENCODINGS)}", path=sheet
        )
    for path in [out] if sheet is None else [out, Path(sheet)]:
        if path.resolve() in {Path(given).resolve() for given in inputs}:
            raise InputError(f"{path} is an input and would be overwritten", path=path, remedy="name another output")
        with suppress(_Enough), written_whole(path, replace=is_finished(path)):
            raise _Enough
    if audio is not None:
        if ending not in WITH_SOUND:
            raise MediaError(f"{out} cannot hold sound", path=out, remedy="write .mp4 or .webm, or leave the sound out")
        check_sound(audio)


def is_finished(out: Path) -> bool:
    """Whether it is a finished folder of frames, its record beside it and nothing else in it: one that may be replaced
    as a file is.
    """
    beside = out.with_name(f"{out.name}.json")
    return out.is_dir() and beside.is_file() and all(FRAME.fullmatch(path.name) for path in out.iterdir())


class _Enough(Exception):
    """Writing could begin; more was not to be known."""


def check_length(out: Path | str, frames: int) -> None:
    """Whether so many frames fit into the kind of file that `out` is.

    Raises:
        InputError: a video of one frame, or a picture of several.
    """
    ending = Path(out).suffix.lower()
    if frames == 1 and ending not in ENCODINGS:
        raise InputError(
            "the motion is a single frame, too short for a video", remedy=f"name a picture instead: {out}.png"
        )
    if frames > 1 and ending not in VIDEOS:
        raise InputError(
            f"{out} is a single picture, but the motion has {frames} frames", path=out, remedy="name it .mp4"
        )
