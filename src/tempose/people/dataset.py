"""A dataset of drawn people in the prepared format."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tempose.core.errors import InputError
from tempose.core.progress import Track, quiet
from tempose.core.settings import EvenSize, Settings, Shown, Size
from tempose.data.prepare import Outcome, hold_settings, run
from tempose.data.prepared import SPLITS, finished_row, sha256_of, write_clip, write_metadata
from tempose.people.clip import ACTS, EDITION, Recipe, draw_clip, read_capture

MOST_PEOPLE = 1_000_000  # of one seed: the next seed's people are others

# Of every ten people one is kept for validation and one for the test, from the first ten on.
SPLIT_OF_TEN = {2: "val", 3: "test"}

SOURCE = "drawn by tempose.people"
LICENSE = "CC0-1.0"


class PeopleSettings(Settings):
    """What every clip of one dataset has in common."""

    frames: Annotated[int, Field(ge=1)] = 32
    """Frames of a clip."""

    fps: Annotated[float, Field(gt=0, le=240), Shown("RATE")] = 16.0
    """Frames per second."""

    size: EvenSize = Size(128, 96)
    """Size of the pictures; both even."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Other seeds draw other people."""


@dataclass(frozen=True)
class DrawTask:
    """One clip that a worker is to draw: split, name, and the numbers that decide its recipe."""

    split: str
    name: str
    person: int
    index: int


def split_of(number: int) -> str:
    """The split of the `number`-th person, whatever the number of people."""
    return SPLIT_OF_TEN.get(number % 10, "train")


def write_people(
    out: Path | str,
    *,
    people: int,
    clips: int = 2,
    settings: PeopleSettings,
    motions: Path | str | None = None,
    workers: int = 1,
    track: Track = quiet,
) -> list[Outcome]:
    """Draw `people` people, `clips` clips of each, into the prepared dataset `out`.

    They move as the built-in motions do, in turn with the motion captures in BVH of the file or folder `motions`.

    Call it again after a stop and it goes on, without drawing finished clips again; call it with more
    people or clips and it adds them. The files are the same bytes with any number of workers.

    Returns:
        What became of every clip; those that could not be written are refused, with the reason.

    Raises:
        InputError: a number is out of range, or there is no motion capture.
        PoseError: a motion capture cannot be read.
        DataError: `out` was made with other settings or motions.
    """
    if not 1 <= people <= MOST_PEOPLE or clips < 1:
        raise InputError(
            f"people is {people} and clips {clips}; wanted 1 to {MOST_PEOPLE:,} people and 1 or more clips"
        )
    out = Path(out)
    captures = [] if motions is None else find_captures(Path(motions))
    digests = {"motions": {path.name: sha256_of(path) for path in captures}} if captures else {}
    hold_settings(out, {"dataset": "people", "edition": EDITION, **settings.as_dict(), **digests})
    jobs = [
        DrawTask(split_of(number), f"person-{person}-{index:03d}", person, index)
        for number in range(people)
        for person in (settings.seed * MOST_PEOPLE + number,)
        for index in range(clips)
    ]
    work = partial(_write, out=out, settings=settings, motions=(*ACTS, *map(str, captures)))
    outcomes = run(work, jobs, file_of=attrgetter("name"), workers=workers, track=track, label="clips")
    for split in SPLITS:
        rows = [row for outcome in outcomes for where, row in outcome.clips if where == split]
        if rows:
            write_metadata(out, split, rows)
    return outcomes


def find_captures(source: Path) -> list[Path]:
    """The motion captures that a BVH file is or a folder holds, each read once.

    Raises:
        InputError: there is none, or two have the same name.
        PoseError: one cannot be read.
    """
    paths = sorted(source.rglob("*.[bB][vV][hH]")) if source.is_dir() else [source]
    if not paths:
        raise InputError(f"{source} holds no motion capture in BVH", path=source)
    if len({path.name for path in paths}) < len(paths):
        raise InputError(f"two motion captures of {source} have the same name", path=source, remedy="rename one")
    for path in paths:
        read_capture(str(path))
    return paths


def _write(job: DrawTask, *, out: Path, settings: PeopleSettings, motions: tuple[str, ...]) -> Outcome:
    row = finished_row(out, job.split, job.name)
    if row is None:
        frames, fps, size = settings.frames, settings.fps, settings.size
        recipe = Recipe.draw(job.person, job.index, frames=frames, fps=fps, size=size, motions=motions)
        clip = draw_clip(recipe)
        row = write_clip(
            out,
            job.split,
            job.name,
            frames=clip.frames,
            motion=clip.motion,
            masks=clip.masks,
            person=f"person-{job.person}",
            source=SOURCE,
            license=LICENSE,
            recipe=recipe.as_json(),
        )
    return Outcome(job.name, "kept", f"{row['frames']} frames", ((job.split, row),))
