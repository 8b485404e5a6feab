"""Key points in files: those of tempose, and JSON of any program, a file or a folder with a file for each frame.

FORMATS is the table: a format is a class with a `name`, `sniff` and `read`, in a file of `tempose.pose.formats`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from tempose.core.errors import PoseError, about
from tempose.core.kinds import kind_of
from tempose.core.notes import note
from tempose.core.reading import read_json
from tempose.pose.clean import clean
from tempose.pose.formats.alphapose import AlphaPose, AlphaPoseByPicture, frame_numbers, in_order
from tempose.pose.formats.coco import Coco
from tempose.pose.formats.frames import PoseFrame, PoseFrames, person_motion
from tempose.pose.formats.mmpose import MMPose
from tempose.pose.formats.openpose import Editor, OpenPose
from tempose.pose.keypoints import Motion
from tempose.pose.reading import Reading, ReadOptions, Source
from tempose.pose.time_range import cut
from tempose.pose.turn import seen_from

# OpenPose's files, and those of its relatives, do not say their rate.
UNTOLD_FPS = 25.0


class PoseFormat(Protocol):
    """A format of key points in JSON."""

    name: str

    def sniff(self, data: Any) -> bool:
        """Whether parsed JSON is of this format; cheap, and sure."""
        ...

    def read(self, data: Any) -> list[PoseFrame]:
        """The frames that it holds.

        Raises:
            ValueError: it is of this format, but damaged; the message says how, in a few words.
        """
        ...


FORMATS: tuple[PoseFormat, ...] = (OpenPose(), Coco(), MMPose(), AlphaPose(), AlphaPoseByPicture(), Editor())

MAX_BYTES = 50_000_000
MAX_FILES = 100_000


class Own:
    """What `Motion.save` writes; also the `.npz` beside the clips of a dataset."""

    name = "key points of tempose"

    def sniff(self, source: Source) -> bool:
        if source.ending == ".json" and not source.is_folder:
            data = source.data
            return isinstance(data, dict) and (
                data.get("format") == "tempose-motion" or {"keypoints", "size", "fps"} <= set(data)
            )
        return source.ending == ".npz"

    def read(self, source: Source, options: ReadOptions) -> Reading:
        motion = Motion.load(source.path)
        part = cut(motion, options.time_range, source=str(source.path))
        return Reading(seen_from(part, options.yaw), len(motion), motion.fps)


class PoseFiles:
    """Key points of other programs, in a file or a folder."""

    name = "key points in JSON"

    def sniff(self, source: Source) -> bool:
        return source.ending == ".json" or ".json" in source.endings

    def read(self, source: Source, options: ReadOptions) -> Reading:
        fps = options.time_range.fps or UNTOLD_FPS
        found = read_pose_files(source.path, data=None if source.is_folder else source.data)
        with about(source.path):
            motion = person_motion(found, fps=fps, person=options.person)
        if len(motion) > 1:
            motion = clean(motion)
        part = options.time_range.of(len(motion), fps, source=str(source.path))
        return Reading(seen_from(motion[part], options.yaw), len(motion), None, {"program": found.format})


def find_format(data: Any) -> PoseFormat | None:
    """The format of parsed JSON, if it is one of `FORMATS`."""
    return next((entry for entry in FORMATS if entry.sniff(data)), None)


def read_pose_json(path: Path) -> Any:
    """What a JSON file says.

    Raises:
        PoseError: it is missing, too large or no JSON.
    """
    try:
        return read_json(path, most=MAX_BYTES)
    except FileNotFoundError:
        raise PoseError(f"there is no file {path}", path=path) from None
    except OSError as error:
        raise PoseError(f"{path} cannot be read: {error.strerror}", path=path) from error
    except ValueError as error:
        kind = kind_of(path)
        but = "" if kind == "a JSON file" else f", which seems to be {kind}"
        raise PoseError(f"{path} is not whole JSON: {error}{but}", path=path) from error


def read_pose_files(path: Path | str, *, data: Any = None) -> PoseFrames:
    """The frames of a JSON file, or of a folder with a JSON file for each frame.

    Files are taken in the order of the numbers in their names; hidden ones are passed over, and so are others
    that hold no key points, with a note.

    Args:
        path: the file or the folder.
        data: what the file says, if it is parsed already.

    Raises:
        PoseError: there is no file with key points, or one is damaged.
    """
    path = Path(path)
    if not path.is_dir():
        data = read_pose_json(path) if data is None else data
        found = find_format(data)
        if found is None:
            raise PoseError(f"{path} {unknown(data)}", path=path)
        return PoseFrames(tuple(_read(found, data, path)), found.name)
    files = [file for file in path.iterdir() if file.suffix.lower() == ".json" and not file.name.startswith(".")]
    files.sort(key=lambda file: in_order(file.name))
    if not files:
        raise PoseError(
            f"there is no JSON file with key points in {path}; wanted one .json file for each frame", path=path
        )
    if len(files) > MAX_FILES:
        raise PoseError(f"{path} holds {len(files)} files; wanted at most {MAX_FILES}", path=path)
    return _folder(path, files)


def _folder(path: Path, files: Sequence[Path]) -> PoseFrames:
    frames: list[PoseFrame] = []
    names, formats, others = [], set(), []
    for file in files:
        data = read_pose_json(file)
        found = find_format(data)
        if found is None:
            others.append(file.name)
            continue
        read = _read(found, data, file)
        if len(read) != 1:
            raise PoseError(
                f"{file} holds {len(read)} frames; wanted one .json file for each frame, in a folder", path=file
            )
        frames += read
        names.append(file.name)
        formats.add(found.name)
    if not frames:
        raise PoseError(f"no file in {path} holds key points: {others[0]} {unknown(data)}", path=path)
    numbered = [replace(frame, number=number) for frame, number in zip(frames, frame_numbers(names), strict=True)]
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    if others:
        note(f"left out, since no key points are in it: {', '.join(others[:3])}{more}")
    return PoseFrames(tuple(numbered), " and ".join(sorted(formats)))


def _read(found: PoseFormat, data: Any, path: Path) -> list[PoseFrame]:
    try:
        frames = found.read(data)
    except ValueError as error:
        raise PoseError(f"{path} is not a whole file of {found.name}: {error}", path=path) from error
    if not frames:
        raise PoseError(f"{path} holds no frame", path=path)
    return frames


def unknown(data: Any) -> str:
    """What is said of JSON of no known format."""
    known = ", ".join(dict.fromkeys(entry.name for entry in FORMATS))
    keys = sorted(map(str, data if isinstance(data, dict) else data[0] if _list_of_objects(data) else ()))[:6]
    held = f"it has {', '.join(key[:30] for key in keys)}" if keys else f"it is a {type(data).__name__}"
    return f"is JSON of no known pose format ({held}); wanted key points of tempose, {known}"


def _list_of_objects(data: Any) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], dict)
