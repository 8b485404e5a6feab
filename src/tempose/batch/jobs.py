"""Jobs: photos of a person, a motion and settings each, from a table or every photo with every motion."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from tempose.animation.settings import AnimateSettings, check_number
from tempose.batch.storage import at_hand, is_remote, listed, name_in
from tempose.body.motions import MOTIONS
from tempose.core.errors import InputError, TemposeError, unknown
from tempose.core.reading import parse_yaml_list, read_plain
from tempose.core.text import decoded
from tempose.media.formats import PICTURE_ENDINGS
from tempose.media.images import ENCODINGS
from tempose.pose.formats.pictures import VIDEOS

COLUMNS = ("photo", "motion", "output")
TABLES = (".csv", ".jsonl", ".yaml", ".yml")

# What of a folder of motions is one, besides folders.
MOTION_ENDINGS = (*VIDEOS, *PICTURE_ENDINGS, ".gif", ".bvh", ".npz", ".json")

# Letters of a file's name that go into that of a result.
SHARE = 40


@dataclass(frozen=True)
class AnimateJob:
    """One result that is wanted.

    Attributes:
        line: of the table where it stands, or its number, from 1.
        photos: one or several of the same person, as paths or addresses.
        motion: a path, an address, or the name of a built-in motion.
        settings: how, without `files`.
        output: the result, as a path in the folder of results.
        key: what the result follows from, as hexadecimal digits (`key_of`).
        files: settings that are files elsewhere, to be fetched: name → address.
    """

    line: int
    photos: tuple[str, ...]
    motion: str
    settings: AnimateSettings
    output: str
    key: str
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def photo(self) -> str | list[str]:
        """The photos as tables and records name them."""
        return one_or_list(self.photos)


@dataclass(frozen=True)
class BrokenRow:
    """A row of which no job can be made, and why."""

    line: int
    reason: str


def read_jobs(table: str, settings: AnimateSettings) -> list[AnimateJob | BrokenRow]:
    """The jobs of a table, in its order.

    Args:
        table: CSV with a head, JSON lines, or a YAML list; `photo`, `motion`, and where wanted `output` and any of the
            settings. Several photos of one person are a list, in CSV with `;` between. Paths are as seen from the
            table's folder.
        settings: those of every job, where its row does not say otherwise.

    Raises:
        InputError: it is none of these, has no rows or unknown columns, or two jobs would write one file.
    """
    ending = Path(name_in(table)).suffix.lower()
    if ending not in TABLES:
        raise InputError(f"{table} is no table of jobs; wanted {', '.join(TABLES[:-1])}", path=table)
    with at_hand(table) as here:
        try:
            text = decoded(read_plain(here))
        except FileNotFoundError:
            raise InputError(f"there is no table {table}", path=table) from None
        except (OSError, UnicodeError) as error:
            raise InputError(f"{table} cannot be read: {error}", path=table) from error
    rows = {".csv": csv_rows, ".jsonl": json_rows}.get(ending, yaml_rows)(text, table)
    folder = table.rsplit("/", 1)[0] if is_remote(table) else str(Path(table).absolute().parent)
    jobs = [row if isinstance(row, BrokenRow) else job_of(line, row, settings, folder) for line, row in rows]
    if not jobs:
        raise InputError(f"{table} has no jobs", path=table)
    return check_apart(jobs)


def product(photos: str, motions: str, settings: AnimateSettings) -> list[AnimateJob | BrokenRow]:
    """Every photo of a folder with every motion.

    Args:
        photos: a folder of pictures.
        motions: a folder of motions, or names of built-in ones with commas between.

    Raises:
        InputError: there is no such folder, or nothing in it.
    """
    pictures = [each for each in listed(photos) if Path(name_in(each)).suffix.lower() in PICTURE_ENDINGS]
    if not pictures:
        raise InputError(f"{photos} holds no pictures", path=photos)
    if all(name in MOTIONS for name in motions.split(",")):
        moves = motions.split(",")
    else:
        moves = [each for each in listed(motions) if is_motion(each)]
    if not moves:
        raise InputError(f"{motions} holds no motions", path=motions)
    here = str(Path.cwd())
    pairs = enumerate(itertools.product(pictures, moves), 1)
    return check_apart(
        [job_of(number, dict(zip(COLUMNS[:2], pair, strict=True)), settings, here) for number, pair in pairs]
    )


def is_motion(place: str) -> bool:
    """Whether something in a folder of motions is one, by its name."""
    ending = Path(name_in(place)).suffix.lower()
    return ending in MOTION_ENDINGS or (not ending and (is_remote(place) or Path(place).is_dir()))


# Rows ---------------------------------------------------------------------------------------------

Rows = Iterator[tuple[int, dict[str, Any] | BrokenRow]]


def csv_rows(text: str, table: str) -> Rows:
    """The rows of a CSV; empty cells say nothing, and a `;` stands between several photos.

    Raises:
        InputError: its head has unknown columns, lacks one, or has one twice.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        head = [name.strip() for name in reader.fieldnames or []]
    except csv.Error as error:
        raise InputError(f"{table} cannot be read as a table: {error}", path=table) from error
    for name in head:
        if name not in COLUMNS and name not in AnimateSettings.model_fields:
            raise unknown("column", name, [*COLUMNS, *AnimateSettings.model_fields], path=table)
    for name in head:
        if head.count(name) > 1:
            raise InputError(f"{table} has the column {name!r} more than once", path=table, remedy="leave one out")
    for name in COLUMNS[:2]:
        if name not in head:
            raise InputError(f"{table} has no column {name!r}; wanted photo and motion at least", path=table)
    reader.fieldnames = head
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield reader.line_num, BrokenRow(reader.line_num, str(error))
            continue
        if row is None:
            return
        if None in row:
            yield reader.line_num, BrokenRow(reader.line_num, f"it has more cells than the {len(head)} columns")
            continue
        cells = {name: cell.strip() for name, cell in row.items() if cell is not None and cell.strip()}
        if "photo" in cells:
            cells["photo"] = [part.strip() for part in cells["photo"].split(";")]
        yield reader.line_num, cells


def json_rows(text: str, table: str) -> Rows:
    """The rows of JSON lines; empty lines are left out."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                row = BrokenRow(number, f"it is no JSON: {error}")
            yield number, row if isinstance(row, (dict, BrokenRow)) else BrokenRow(number, "it is no JSON object")


def yaml_rows(text: str, table: str) -> Rows:
    """The rows of a YAML list.

    Raises:
        InputError: it is no list.
    """
    try:
        rows = parse_yaml_list(text)
    except ValueError as error:
        raise InputError(f"{table} is no list of jobs in YAML, `- photo: …` for each: {error}", path=table) from error
    for line, row in rows:
        named = isinstance(row, dict) and all(isinstance(name, str) for name in row)
        yield line, row if named else BrokenRow(line, "it is no mapping; wanted photo: …")


# From row to job ------------------------------------------------------------------------------------


def job_of(line: int, row: Mapping[str, Any], settings: AnimateSettings, folder: str) -> AnimateJob | BrokenRow:
    """The job of a row, with paths as seen from a folder."""
    try:
        photos: Any = row.get("photo")
        motion: Any = row.get("motion")
        photos = photos if isinstance(photos, list) else [photos]
        for name, given in (("photo", photos or [None]), ("motion", [motion])):
            if not all(isinstance(each, str) and each and "\0" not in each for each in given):
                raise InputError(f"it has no {name}" if len(given) == 1 else "one of its photos has no name")
        check_number(photos)
        written = one_or_list(photos)
        photos = tuple(located(photo, folder) for photo in photos)
        motion = motion if motion in MOTIONS else located(motion, folder)
        changes = {name: value for name, value in row.items() if name not in COLUMNS}
        files = {}
        for name in FILES & changes.keys():
            place = str(changes[name])
            if is_remote(place):
                files[name] = str(changes.pop(name))
            elif name != "background" or (Path(folder) / place).is_file():
                changes[name] = located(place, folder)
        chosen = settings.changed(**changes) if changes else settings
        named = {name: str(row[name]) for name in FILES & row.keys()}
        key = key_of(written, row["motion"], chosen, named)
        output = default_name(photos[0], motion, key) if row.get("output") is None else inside(row["output"])
        return AnimateJob(line, photos, motion, chosen, output, key, files)
    except TemposeError as error:
        return BrokenRow(line, str(error))


# Settings that name files.
FILES = {each.name for each in AnimateSettings.entries() if each.kind is Path} | {"background"}


def one_or_list(names: Sequence[str]) -> str | list[str]:
    """One name by itself, several as a list."""
    return names[0] if len(names) == 1 else list(names)


def located(place: str, folder: str) -> str:
    """A path as seen from a folder, which may lie elsewhere."""
    if is_remote(place):
        return place
    return f"{folder}/{place}" if is_remote(folder) else str(Path(folder) / place)


def key_of(photo: str | list[str], motion: str, settings: AnimateSettings, files: Mapping[str, str]) -> str:
    """What a result follows from, as 16 hexadecimal digits: photo, motion and settings as they were written, so that
    a table that is moved with its files names the same results; where it is computed is no part of it.
    """
    told = {**changed(settings), **files}
    facts = json.dumps([photo, motion, told], sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


@lru_cache(maxsize=16)
def changed(settings: AnimateSettings) -> dict[str, Any]:
    """The settings that are not the usual ones; the device is left out."""
    values = settings.as_dict()
    names = (each.name for each in settings.entries() if getattr(settings, each.name) != each.default)
    return {name: values[name] for name in names if name != "device"}


def default_name(photo: str, motion: str, key: str) -> str:
    """What a result is called: photo, motion, and what it follows from. The same job, the same name."""
    stems = [Path(name_in(each)).stem[:SHARE] for each in (photo, motion)]
    ending = ".png" if Path(name_in(motion)).suffix.lower() in ENCODINGS else ".mp4"
    return f"{'-'.join(stems)}-{key[:8]}{ending}"


def inside(output: Any) -> str:
    """The path of a result in the folder of results.

    Raises:
        InputError: it leads out of it.
    """
    path = PurePosixPath(str(output).replace("\\", "/"))
    leads_out = path.is_absolute() or ".." in path.parts or is_remote(str(output))
    if leads_out or not path.parts or ":" in path.parts[0] or "\0" in str(path):
        raise InputError(f"output is {output}; wanted a path in the folder of results")
    return str(path)


def check_apart(jobs: Sequence[AnimateJob | BrokenRow]) -> list[AnimateJob | BrokenRow]:
    """The jobs, if each writes a file of its own.

    Raises:
        InputError: two would write one.
    """
    seen: dict[str, int] = {}
    for job in jobs:
        if isinstance(job, AnimateJob):
            before = seen.setdefault(job.output, job.line)
            if before != job.line:
                raise InputError(
                    f"lines {before} and {job.line} would both write {job.output}",
                    remedy="leave one out, or name another output",
                )
    return list(jobs)
