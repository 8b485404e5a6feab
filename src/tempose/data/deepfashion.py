"""DeepFashion's In-shop pictures, in both layouts that papers published, in the prepared format.

The published layout of PIDM and of its predecessors (img/, pose/*.txt, train_pairs.txt), and the
older one of Siarohin et al. (arXiv 1801.00055) and Zhu et al. (arXiv 1904.03349) with CSV annotations.
Both annotate the 256×256 pictures in which the person's 176×256 stand between white borders of 40
pixels, or those 176×256 themselves. Here a picture is those 176×256, so a key point is at
((x − 40)·w/176, y·h/256); a dataset that segments to 256×256 gives the geometry of PIDM.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tempose.core.errors import DataError
from tempose.core.files import written_whole
from tempose.core.progress import Track, quiet
from tempose.core.settings import EvenSize, Settings, Size
from tempose.data.prepare import Outcome, hold_settings, run, write_report
from tempose.data.prepared import finished_row, write_clip, write_metadata
from tempose.media.images import read_image, resize
from tempose.pose.keypoints import KEYPOINTS, Motion
from tempose.pose.silhouette import silhouette

HEIGHT, WIDTH, BORDER = 256, 176, 40  # of the annotated pictures, and of the white on both sides
PROPORTIONS = (0.6, 0.76)  # width / height of a picture without borders; 750×1101 has 0.68
MISSING = -1
LICENSE = "DeepFashion: non-commercial research and education only, no redistribution"


class DeepFashionSettings(Settings):
    """What every picture of one OUT has in common."""

    size: EvenSize = Size(HEIGHT, WIDTH)
    """Size of the pictures; both even."""


Pairs = list[tuple[str, list[str]]]  # (target, its photos), names of pictures


@dataclass(frozen=True)
class Picture:
    """One picture to prepare: the key points come from `read_keypoints`, in pixels of WIDTH×HEIGHT."""

    split: str
    name: str
    path: Path
    read_keypoints: Callable[[], np.ndarray]


def prepare_deepfashion(
    root: Path | str,
    out: Path | str,
    *,
    settings: DeepFashionSettings = DeepFashionSettings(),
    workers: int | None = None,
    address: str | None = None,
    track: Track = quiet,
) -> list[Outcome]:
    """Write OUT in the prepared format: PNGs, metadata.jsonl and pairs.jsonl for each split.

    Run again, it goes on where it was stopped. OUT/report.txt has a line for each picture.

    Args:
        root: the dataset, in either layout.
        workers, address: as for `tempose.data.prepare.run`.

    Raises:
        DataError: no layout is recognized, or OUT was prepared with other settings.
    """
    root, out = Path(root).absolute(), Path(out).absolute()  # a worker of a cluster stands elsewhere
    pictures, pairs = read_layout(root)
    hold_settings(out, {"dataset": "deepfashion", **settings.as_dict()})
    work = partial(_prepare_picture, root=root, out=out, size=settings.size)
    file_of = partial(_file, root=root)
    outcomes = run(work, pictures, file_of=file_of, workers=workers, address=address, track=track, label="pictures")
    for split, listed in pairs.items():
        rows = [row for outcome in outcomes for where, row in outcome.clips if where == split]
        write_metadata(out, split, rows)
        _write_pairs(out / split / "pairs.jsonl", listed, {row["file_name"] for row in rows})
    write_report(out, outcomes)
    return outcomes


def read_layout(root: Path) -> tuple[list[Picture], dict[str, Pairs]]:
    """The pictures, and for each split the pairs, of whichever layout is found in `root`."""
    if (root / "img").is_dir():
        layouts = {split: _published_pairs(root, split) for split in ("train", "test")}
        picture_of: Callable[[str, str], Picture] = partial(_published_picture, root)
    elif list(root.glob("*annotation-train.csv")):
        layouts = {split: _csv_pairs(root, split) for split in ("train", "test")}
        picture_of = _csv_picture_finder(root)
    else:
        raise DataError(
            f"{root} is no DeepFashion: wanted img/, pose/ and train_pairs.txt, or "
            "fasion-resize-annotation-train.csv and fasion-resize-pairs-train.csv",
            path=root,
        )
    pictures = []
    for split, pairs in layouts.items():
        listed = sorted({name for target, photos in pairs for name in (target, *photos)})
        for name in listed:
            if Path(name).is_absolute() or ".." in Path(name).parts or not Path(name.removeprefix("img/")).name:
                raise DataError(f"{root} lists {name!r} for {split}; wanted a picture in it", path=root)
        pictures += [picture_of(split, name) for name in listed]
    named = {
        split: [(flat_name(target), list(map(flat_name, photos))) for target, photos in pairs]
        for split, pairs in layouts.items()
    }
    return pictures, named


def flat_name(listed: str) -> str:
    """The clip name of a listed picture: `img/WOMEN/Tees/id_1/02_1.jpg` → `WOMEN-Tees-id_1-02_1`."""
    return "-".join(Path(listed.removeprefix("img/")).with_suffix("").parts)


def person_of(name: str) -> str:
    """Who wears what: the item's number and its color number, `id_00000021_05`, where the name has them."""
    found = re.search(r"id_?0*?(\d{8})[-_]?(\d\d)_", name)
    return f"id_{found[1]}_{found[2]}" if found else name


# The published layout -----------------------------------------------------------------------------


def _published_pairs(root: Path, split: str) -> Pairs:
    """The lines `target,source[,source…]` of {split}_pairs.txt."""
    path = root / f"{split}_pairs.txt"
    pairs = []
    for number, line in enumerate(_lines(path), start=1):
        target, *photos = [name.strip() for name in line.split(",")]
        if not target or not photos or not all(photos):
            raise DataError(f"{path}, line {number} is {line!r}; wanted target,source[,source…]", path=path)
        pairs.append((target, photos))
    return pairs


def _published_picture(root: Path, split: str, listed: str) -> Picture:
    """The pairs may say .png where the files are .jpg, and may leave out img/."""
    relative = Path(listed.removeprefix("img/"))
    path = root / "img" / relative
    found = next((there for end in (".jpg", ".png") if (there := path.with_suffix(end)).is_file()), path)
    pose = root / "pose" / relative.with_suffix(".txt")
    return Picture(split, flat_name(listed), found, partial(read_pose_text, pose))


def read_pose_text(path: Path) -> np.ndarray:
    """`18 3` from a file of 18 rows x y in a 256×256 picture with borders, −1 for missing."""
    try:
        values = np.loadtxt(path, ndmin=2)
    except FileNotFoundError:
        raise DataError(f"its key points {path} are missing", path=path) from None
    except ValueError as error:
        raise DataError(f"its key points {path} are damaged: {error}", path=path) from error
    if values.shape[0] != len(KEYPOINTS) or values.shape[1] < 2:
        raise DataError(f"its key points {path} are {values.shape}; wanted 18 rows x y", path=path)
    return with_confidence(values[:, 0], values[:, 1], border=BORDER)


# The older layout ---------------------------------------------------------------------------------


def _csv_pairs(root: Path, split: str) -> Pairs:
    """The rows `from,to` of the pairs CSV: the photo, then the target."""
    path = _one(root, f"*pairs-{split}.csv")
    pairs = [(row["to"], [row["from"]]) for row in _rows(path, "from", "to")]
    if not all(target and photo for target, (photo,) in pairs):
        raise DataError(f"{path} has a row that is cut off; wanted from,to", path=path)
    return pairs


def _csv_picture_finder(root: Path) -> Callable[[str, str], Picture]:
    """The pictures of the CSV layout: names and key points from the annotations."""
    annotations, borders = {}, {}
    for split in ("train", "test"):
        path = _one(root, f"*annotation-{split}.csv")
        rows = _rows(path, "name", "keypoints_y", "keypoints_x", delimiter=":")
        annotations[split] = {row["name"]: (row["keypoints_y"], row["keypoints_x"]) for row in rows}
        borders[split] = 0 if "resize" in path.name else BORDER

    def find(split: str, listed: str) -> Picture:
        folders = (root / "fashion_resize" / split, root / split, root / f"{split}_256")
        path = next((there for folder in folders if (there := folder / listed).is_file()), folders[1] / listed)
        ys, xs = annotations[split].get(listed, ("", ""))
        return Picture(split, flat_name(listed), path, partial(parse_columns, ys, xs, border=borders[split]))

    return find


def parse_columns(ys: str, xs: str, *, border: int) -> np.ndarray:
    """`18 3` from two JSON lists of 18 numbers, −1 for missing."""
    if not ys or not xs:
        raise DataError("it has no row in the annotations")
    try:
        y, x = (np.array(json.loads(values), dtype=float) for values in (ys, xs))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise DataError(f"its row in the annotations is damaged: {error}") from error
    if y.shape != (len(KEYPOINTS),) or x.shape != y.shape:
        raise DataError(f"its row in the annotations has {y.size} y and {x.size} x; wanted 18 of both")
    return with_confidence(x, y, border=border)


# One picture --------------------------------------------------------------------------------------


def with_confidence(x: np.ndarray, y: np.ndarray, *, border: int) -> np.ndarray:
    """Key points `18 3` without the border; confidence 1, or 0 where a coordinate is −1."""
    seen = (x != MISSING) & (y != MISSING)
    return np.stack([x - border, y, np.ones_like(x)], axis=-1) * seen[:, None]


def without_borders(picture: np.ndarray) -> np.ndarray:
    """The person's part of a picture: of a square one the middle 176/256, else all of it.

    Raises:
        DataError: the picture is neither square nor of the dataset's proportions.
    """
    height, width = picture.shape[:2]
    if height == width:
        border = round(width * BORDER / HEIGHT)
        return picture[:, border : width - border]
    if not PROPORTIONS[0] <= width / height <= PROPORTIONS[1]:
        raise DataError(f"it is {width}×{height}; wanted a square with white borders, or about 176×256")
    return picture


def _prepare_picture(picture: Picture, *, root: Path, out: Path, size: tuple[int, int]) -> Outcome:
    file = _file(picture, root=root)
    row = finished_row(out, picture.split, picture.name)
    if row is None:
        keypoints = picture.read_keypoints()
        frame = resize(without_borders(read_image(picture.path)), size)
        motion = Motion(keypoints[None], (HEIGHT, WIDTH), fps=1).resized(size)
        row = write_clip(
            out, picture.split, picture.name,
            frames=frame[None], motion=motion, masks=silhouette(frame, motion.keypoints[0])[None],
            person=person_of(picture.name), source=f"DeepFashion In-shop, {file}", license=LICENSE,
        )  # fmt: skip
    return Outcome(file, "kept", f"as {picture.split}/{row['file_name']}", ((picture.split, row),))


def _file(picture: Picture, *, root: Path) -> str:
    return str(picture.path.relative_to(root))


def _write_pairs(path: Path, pairs: Pairs, prepared: set[str]) -> None:
    """Lines {"target", "photos"} of file names; what was refused is in none of them."""
    with written_whole(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as file:
        for target, photos in pairs:
            names = [f"{name}.png" for name in photos if f"{name}.png" in prepared]
            if f"{target}.png" in prepared and names:
                file.write(json.dumps({"target": f"{target}.png", "photos": names}) + "\n")


def _lines(path: Path) -> Iterator[str]:
    """The lines of a text file that are not empty."""
    if not path.is_file():
        raise DataError(f"{path} is missing", path=path, remedy="docs/data.md says where it comes from")
    yield from (line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip())


def _rows(path: Path, *columns: str, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a table with these columns.

    Raises:
        DataError: it lacks one, or is damaged.
    """
    try:
        reader = csv.DictReader(_lines(path), delimiter=delimiter)
        rows = list(reader)
    except csv.Error as error:
        raise DataError(f"{path} is damaged: {error}", path=path) from error
    if not set(columns) <= set(reader.fieldnames or []):
        raise DataError(f"{path} has the columns {reader.fieldnames}; wanted {delimiter.join(columns)}", path=path)
    return rows


def _one(root: Path, pattern: str) -> Path:
    found = sorted(root.glob(pattern))
    if len(found) != 1:
        raise DataError(f"{root} has {len(found)} files {pattern}; wanted one", path=root)
    return found[0]
