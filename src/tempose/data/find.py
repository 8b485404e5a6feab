"""The videos of a folder, also animations and folders of pictures: which they are, their clips' names, their split."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tempose.core.errors import DataError, InputError
from tempose.data.prepared import SPLITS
from tempose.media.animated import moves
from tempose.media.formats import PICTURE_ENDINGS, pictures_in

SHARES = {"test": 0.10, "val": 0.05}  # of the videos; the others are for training
NO_VIDEOS = (
    ".txt", ".csv", ".tsv", ".json", ".jsonl", ".md", ".yaml", ".yml", ".xml", ".npz", ".npy",
    ".pkl", ".pt", ".py", ".zip", ".srt", ".vtt",
)  # fmt: skip


@dataclass(frozen=True)
class Video:
    """One video file or animation, or a folder of numbered pictures, to prepare."""

    path: Path
    file: str  # as the report names it: its path in the folder
    name: str  # of its clips, before their number
    split: str


def find_videos(folder: Path, *, pattern: str, split: str | None, leave_out: Path) -> list[Video]:
    """The videos of a folder, sorted; hidden files, known other kinds and `leave_out` are not among them.

    Raises:
        DataError: there is none. InputError: no such split.
    """
    if split is not None and split not in SPLITS:
        raise InputError(f"split is {split!r}; wanted one of {', '.join(SPLITS)}")
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}", path=folder)
    paths = [path for path in sorted(folder.glob(pattern)) if _is_video(path, folder, leave_out)]
    if not paths:
        raise DataError(f"{folder} has no video that {pattern} names", path=folder)
    files = [path.relative_to(folder).as_posix() for path in paths]
    names = list(map(clip_name, files))
    shared = Counter(names)
    twice = [file for file, name in zip(files, names, strict=True) if shared[name] > 1]
    if twice:
        raise DataError(
            f"the clips of {' and '.join(twice[:2])} in {folder} would have one name", remedy="rename one", path=folder
        )
    return [
        Video(path, file, name, split or drawn_split(file))
        for path, file, name in zip(paths, files, names, strict=True)
    ]


def _is_video(path: Path, folder: Path, leave_out: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    if hidden or path.resolve().is_relative_to(leave_out.resolve()):
        return False
    if path.is_dir():
        return any(not moves(picture) for picture in pictures_in(path))
    ending = path.suffix.lower()
    return moves(path) if ending in PICTURE_ENDINGS else ending not in NO_VIDEOS


def clip_name(file: str) -> str:
    """What the clips of a video are named after: `a/b c.mp4` → `a-b c`, `a.mov` → `a-mov`."""
    path = Path(file)
    ending = path.suffix.removeprefix(".") if path.suffix.lower() != ".mp4" else ""
    name = "-".join((*path.parts[:-1], path.stem, *([ending] if ending else [])))
    # What is not UTF-8 would fit into no metadata.
    name = os.fsencode(name).decode("utf-8", "replace").replace("\ufffd", "_")
    return "".join("_" if letter in '\\:"*?<>|' or ord(letter) < 32 else letter for letter in name)


def drawn_split(file: str) -> str:
    """A split drawn from the name alone, so that it is the same whatever else the folder holds."""
    place = int.from_bytes(hashlib.sha256(os.fsencode(file)).digest()[:4]) / 2**32
    for split, share in SHARES.items():
        if place < share:
            return split
        place -= share
    return "train"
