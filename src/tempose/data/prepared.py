"""The prepared format: clips that a person can open and Hugging Face's VideoFolder can load.

    ROOT/train|val|test/NAME.mp4        the frames: H.264, visually lossless, a key frame every 8th
                        NAME.npz        key points, person masks packed to bits, the clip's row
                        metadata.jsonl  one row for each clip

A picture is a clip of one frame; it is a NAME.png, lossless, in place of the mp4. The `.npz` is
written last and holds the row, so a clip is finished when its `.npz` is there, and metadata.jsonl can
be made again from the clips. Reading needs no pickle.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NotRequired

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from tempose.core.errors import DataError, InputError, TemposeError, told
from tempose.core.files import remove_leftovers, written_whole
from tempose.core.reading import open_plain, read_arrays, read_plain
from tempose.core.text import unicode_of
from tempose.pose.keypoints import ARRAYS, Motion

SPLITS = ("train", "val", "test")
CRF = 12  # of H.264: visually lossless
GOP = 8  # frames from one key frame to the next: a few frames can be read from anywhere
FORBIDDEN = "/\\:\0\n\r"  # in the name of a file


def _is_name(name: str) -> str:
    """The name, if it is one of a file, and of no other folder."""
    if not name or name.startswith(".") or any(letter in name for letter in FORBIDDEN):
        raise ValueError(f"{name[:80]!r} is no file name")
    return name


FileName = Annotated[str, AfterValidator(_is_name)]
Side = Annotated[int, Field(ge=1, le=16384)]


class Row(TypedDict):
    """What metadata.jsonl says of a clip."""

    __pydantic_config__ = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)  # type: ignore[misc]

    file_name: FileName
    frames: Annotated[int, Field(ge=1, le=1_000_000)]
    fps: Annotated[float, Field(gt=0, le=10_000)]
    height: Side
    width: Side
    person: str
    keypoints_file: FileName
    sha256: str
    license: str
    source: str
    recipe: NotRequired[dict[str, Any]]  # where the person is drawn


_ROW = TypeAdapter(Row)

# What reading a damaged .npz raises.
DAMAGE = (OSError, KeyError, TypeError, ValueError, OverflowError)

# Numbers of a frame in a file of a clip, beside its mask, at most.
MOST_A_FRAME = 10_000


def write_clip(
    root: Path | str,
    split: str,
    name: str,
    *,
    frames: np.ndarray,
    motion: Motion,
    masks: np.ndarray,
    person: str,
    source: str,
    license: str,
    recipe: dict | None = None,
) -> dict:
    """Write one clip, or with one frame one picture; ROOT and the split's folder are made.

    Args:
        name: the file name without ending; letters of any script and spaces may stand in it.
        frames: uint8 `f h w 3`; for a clip (f > 1) both sides even, which H.264 asks for.
        motion: f key point sets in the coordinates of the frames; its fps is the clip's.
        masks: bool `f h w`, true where the person is.
        person: who is seen; no person may stand in two splits.
        source: where the clip comes from; names of files need not be Unicode, and are escaped. license: of the content.
        recipe: for a drawn person, JSON values from which everything is drawn again.

    Returns:
        The clip's row of metadata.jsonl, for `write_metadata`.

    Raises:
        InputError: the arrays do not fit one another, or the name or split cannot be.
        MediaError, OSError: the files cannot be written; then none of them is left.
    """
    from tempose.media.images import write_image
    from tempose.media.video import write_video

    frames, masks = np.asarray(frames), np.asarray(masks)
    _check_clip(split, name, frames, motion, masks)
    folder = Path(root) / split
    folder.mkdir(parents=True, exist_ok=True)
    remove_clip(root, split, name)
    try:
        if len(frames) == 1:
            media_file = folder / f"{name}.png"
            write_image(media_file, frames[0])
        else:
            media_file = folder / f"{name}.mp4"
            write_video(media_file, iter(frames), motion.fps, crf=CRF, gop=GOP)
        row = {
            "file_name": media_file.name,
            "frames": len(frames),
            "fps": motion.fps,
            "height": frames.shape[1],
            "width": frames.shape[2],
            "person": unicode_of(person),
            "keypoints_file": f"{name}.npz",
            "sha256": sha256_of(media_file),
            "license": license,
            "source": unicode_of(source),
        }
        if recipe is not None:
            row["recipe"] = recipe
        with written_whole(folder / f"{name}.npz") as beside:
            np.savez_compressed(
                beside,
                **motion.as_arrays(),
                masks=np.packbits(masks, axis=-1),
                row=np.array(json.dumps(row, ensure_ascii=False)),
            )
    except BaseException:
        remove_clip(root, split, name)
        raise
    return row


def remove_clip(root: Path | str, split: str, name: str) -> None:
    """Take the files of a clip away, where there are any; its row in metadata.jsonl stays."""
    for ending in (".npz", ".mp4", ".png"):
        (Path(root) / split / f"{name}{ending}").unlink(missing_ok=True)


def finished_row(root: Path | str, split: str, name: str) -> dict | None:
    """The row of a clip that was written to its end, or None: what a resumed command asks first."""
    arrays = Path(root) / split / f"{name}.npz"
    remove_leftovers(arrays)
    try:
        row = _ROW.validate_json(str(read_arrays(arrays, ("row",), most=1)["row"]))
    except DAMAGE:
        return None
    return dict(row) if (Path(root) / split / row["file_name"]).is_file() else None


def write_metadata(root: Path | str, split: str, rows: Iterable[dict]) -> None:
    """Write metadata.jsonl of a split, sorted by file name, so that the order of work leaves no trace.

    Raises:
        InputError: a row lacks a field, or two rows name the same file.
    """
    rows = sorted(rows, key=lambda row: row["file_name"])
    names = [row["file_name"] for row in rows]
    if len(set(names)) < len(names):
        raise InputError(
            f"two clips of {Path(root) / split} have the same file name",
            path=Path(root) / split,
            remedy="give each its own",
        )
    lines = []
    for row in rows:
        try:
            _ROW.validate_python(row)
        except ValidationError as error:
            raise InputError(
                f"the row of {row['file_name']}: {told(error)}; wanted one that write_clip gave"
            ) from error
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    folder = Path(root) / split
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / "metadata.jsonl") as beside:
        beside.write_text("".join(lines), encoding="utf-8", newline="\n")


def read_metadata(root: Path | str, split: str) -> list[dict]:
    """The rows of a split, in the order of the file.

    Raises:
        DataError: there is no such split, or a line of its metadata.jsonl is damaged.
    """
    path = Path(root) / split / "metadata.jsonl"
    try:
        return [dict(row) for row in read_lines(path, _ROW)]
    except FileNotFoundError:
        raise DataError(
            f"there is no {path}; wanted a prepared dataset, with metadata.jsonl in ROOT/train, val or test",
            path=path,
            remedy="make one with `tempose people` or `tempose prepare`",
        ) from None


def read_lines(path: Path, form: TypeAdapter[Any]) -> list[Any]:
    """What each line of a file says, as JSON of one form.

    Raises:
        OSError: it cannot be read. DataError: a line is damaged.
    """
    found = []
    for number, line in enumerate(read_plain(path).splitlines(), start=1):
        try:
            found.append(form.validate_json(line))
        except ValidationError as error:
            raise DataError(
                f"{path}, line {number}: {told(error)}", path=path, remedy="prepare the dataset again"
            ) from error
    return found


@dataclass(frozen=True)
class Clip:
    """One prepared clip on the disk: random access to its frames, key points and masks."""

    folder: Path
    row: dict

    @property
    def name(self) -> str:
        return self.row["file_name"]

    def __len__(self) -> int:
        return self.row["frames"]

    def read_frames(self, indices: Sequence[int]) -> np.ndarray:
        """uint8 `f h w 3`: the frames of these indices, in this order.

        Raises:
            DataError: the file is missing or damaged; the message names it.
        """
        from tempose.media.images import read_image
        from tempose.media.video import read_frames_at

        path = self.folder / self.name
        try:
            if path.suffix == ".mp4":
                frames = read_frames_at(path, indices)
            else:
                frames = np.stack([read_image(path)] * len(indices))
        except (TemposeError, OSError) as error:
            raise DataError(f"the clip {path} is damaged: {error}", path=path) from error
        wanted = (len(indices), self.row["height"], self.row["width"], 3)
        if frames.shape != wanted:
            raise DataError(f"the clip {path} is damaged: frames {frames.shape} where {wanted} are wanted", path=path)
        return frames

    def read_ground_truth(self, indices: Sequence[int] | None = None) -> tuple[Motion, np.ndarray]:
        """The key points of the frames of these indices, or of all, with depth, hands and face where the clip knows
        them; and their masks: bool `f h w`.

        Raises:
            DataError: the file is missing or damaged; the message names it.
        """
        path = self.folder / self.row["keypoints_file"]
        size = (self.row["height"], self.row["width"])
        packed_shape = (len(self), size[0], -(-size[1] // 8))
        try:
            arrays = read_arrays(
                io.BytesIO(read_plain(path)),
                (*ARRAYS, "masks"),
                most=max(math.prod(packed_shape), len(self) * MOST_A_FRAME),
            )
            packed = arrays.pop("masks")
            motion = Motion.from_arrays(arrays)
        except DAMAGE as error:
            raise DataError(f"the key points {path} are damaged: {error}", path=path) from error
        if motion.size != size or len(motion) != len(self) or packed.shape != packed_shape:
            raise DataError(
                f"the key points {path} are damaged: {len(motion)} frames of {motion.size}, packed masks "
                f"{packed.shape}, where metadata.jsonl has {len(self)} frames of {size}",
                path=path,
            )
        chosen = slice(None) if indices is None else np.asarray(indices)
        return motion[chosen], np.unpackbits(packed[chosen], axis=-1, count=size[1]).astype(bool)

    def verify(self) -> None:
        """Read the whole clip once: the picture file against its SHA-256, the arrays against their CRC.

        Raises:
            DataError: the clip is missing or damaged; the message names it.
        """
        path = self.folder / self.name
        try:
            found = sha256_of(path)
        except OSError as error:
            raise DataError(f"the clip {path} is damaged: {error.strerror}", path=path) from error
        if found != self.row["sha256"]:
            raise DataError(f"the clip {path} is damaged: its SHA-256 is not the one in metadata.jsonl", path=path)
        self.read_ground_truth()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with open_plain(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_clip(split: str, name: str, frames: np.ndarray, motion: Motion, masks: np.ndarray) -> None:
    if split not in SPLITS:
        raise InputError(f"split is {split!r}; wanted one of {', '.join(SPLITS)}")
    try:
        _is_name(name)
    except ValueError:
        raise InputError(f"{name!r} cannot name a clip; wanted a file name without ending or folder") from None
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or frames.size == 0:
        raise InputError(f"frames of {name} are {frames.dtype} {frames.shape}; wanted uint8 (f, h, w, 3)")
    count, height, width = frames.shape[:3]
    if count > 1 and (height % 2 or width % 2):
        raise InputError(f"frames of {name} are {height}×{width}; wanted both sides even, for H.264")
    if masks.dtype != bool or masks.shape != (count, height, width):
        raise InputError(f"masks of {name} are {masks.dtype} {masks.shape}; wanted bool {(count, height, width)}")
    if len(motion) != count or motion.size != (height, width):
        raise InputError(
            f"key points of {name} are {len(motion)} frames of {motion.size}; "
            f"wanted {count} frames of {(height, width)}, as the frames are"
        )
