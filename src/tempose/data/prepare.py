"""What every preparation of a dataset shares: many files at once, and an honest report of each."""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from tempose.core.cluster import Failure, each
from tempose.core.errors import DataError, DiskError, InputError, TemposeError
from tempose.core.files import FULL, full_disk, number_of, remove_leftovers, written_whole
from tempose.core.progress import Track
from tempose.core.reading import read_json

Task = TypeVar("Task")

VERDICTS = ("kept", "cut", "refused")


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        file: its path in the folder that was given.
        verdict: `kept` whole; `cut`, parts of it are left out; `refused`, nothing of it is used.
        detail: which parts, or why.
        clips: the split and the metadata row of every clip made from it.
    """

    file: str
    verdict: Literal["kept", "cut", "refused"]
    detail: str
    clips: tuple[tuple[str, dict], ...] = ()

    def __str__(self) -> str:
        return f"{self.verdict:<8}{self.file}: {self.detail}"


def refused(file: str, error: Exception) -> Outcome:
    """The outcome of a file that raised: the reason as a sentence without its traceback."""
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Outcome(file, "refused", f"{place}{error.strerror or error}")
    return Outcome(file, "refused", str(error))


def run(
    work: Callable[[Task], Outcome],
    jobs: Sequence[Task],
    *,
    file_of: Callable[[Task], str],
    workers: int | None,
    track: Track,
    label: str,
    address: str | None = None,
) -> list[Outcome]:
    """`work` done for every job, in `workers` processes; outcomes in the order of the jobs.

    A job that raises is refused, and so is one that brings its process down; the others go on.

    Args:
        workers: by default one, or on a cluster one a core.
        address: of a Ray cluster (`tempose.core.cluster.joined`), whose nodes all reach the same files.

    Raises:
        DiskError: the disk is full; what was finished stays.
    """
    if address is not None:
        return _on_cluster(work, jobs, file_of, address=address, workers=workers, track=track, label=label)
    workers = 1 if workers is None else workers
    if workers < 1:
        raise InputError(f"{workers} workers were asked for; wanted 1 or more")
    if workers == 1:
        return [_attempt(work, job, file_of) for job in track(jobs, label, total=len(jobs))]

    outcomes: dict[int, Outcome] = {}
    crashed: list[int] = []
    with _pool(min(workers, max(len(jobs), 1))) as pool:
        numbers = {pool.submit(_attempt, work, job, file_of): number for number, job in enumerate(jobs)}
        try:
            for future in track(as_completed(numbers), label, total=len(jobs)):
                try:
                    outcomes[numbers[future]] = future.result()
                except BrokenProcessPool:
                    crashed.append(numbers[future])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for number in crashed:  # one of them did it: each again, alone
        job = jobs[number]
        try:
            with _pool(1) as pool:
                outcomes[number] = pool.submit(_attempt, work, job, file_of).result()
        except BrokenProcessPool:
            outcomes[number] = Outcome(file_of(job), "refused", "the process that read it was killed")
    return [outcomes[number] for number in range(len(jobs))]


def _on_cluster(
    work: Callable[[Task], Outcome],
    jobs: Sequence[Task],
    file_of: Callable[[Task], str],
    *,
    address: str,
    workers: int | None,
    track: Track,
    label: str,
) -> list[Outcome]:
    """As `run`, by the workers of a cluster; a job that brings them down is tried again on others first."""
    make = partial(partial, _attempt, work, file_of=file_of)
    outcomes: dict[int, Outcome] = {}
    ended = each(make, jobs, address=address, workers=workers, device="cpu")
    for number, result in track(ended, label, total=len(jobs)):
        if isinstance(result, Failure) and result.final:
            raise DiskError(result.reason)
        failed = isinstance(result, Failure)
        outcomes[number] = Outcome(file_of(jobs[number]), "refused", result.reason) if failed else result
    return [outcomes[number] for number in range(len(jobs))]


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _attempt(work: Callable[[Task], Outcome], job: Task, file_of: Callable[[Task], str]) -> Outcome:
    try:
        return work(job)
    except (TemposeError, OSError, MemoryError) as error:
        if isinstance(error, DiskError):
            raise
        with full_disk(getattr(error, "filename", None) or file_of(job)):
            if number_of(error) in FULL:
                raise
        return refused(file_of(job), error)


def hold_settings(out: Path, settings: dict) -> None:
    """Make OUT, and write the settings into it; a later run with others would mix two datasets.

    Raises:
        DataError: OUT was prepared with other settings.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / "settings.json"
    remove_leftovers(path)
    if path.is_file():
        try:
            before = read_json(path, most=100_000)
        except (OSError, ValueError) as error:
            raise DataError(
                "it is damaged",
                path=path,
                remedy="delete it if you ask for the same as before, or choose another folder",
            ) from error
        if before != settings:
            raise DataError(
                f"{out} was prepared with {before}, now {settings} is asked for",
                path=out,
                remedy="choose another folder, or delete this one",
            )
    with written_whole(path) as beside:
        beside.write_text(json.dumps(settings) + "\n", encoding="utf-8")


def write_report(out: Path, outcomes: Sequence[Outcome]) -> None:
    """Write OUT/report.txt: a line for each file, then the summary."""
    lines = [*map(str, outcomes), summary(outcomes)]
    with written_whole(out / "report.txt") as beside:
        beside.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace", newline="\n")


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many files had which verdict, and what was made of them."""
    counts = Counter[str](outcome.verdict for outcome in outcomes)
    rows = [row for outcome in outcomes for _, row in outcome.clips]
    verdicts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)
    return f"{len(outcomes)} files: {verdicts}; {len(rows)} clips, {sum(row['frames'] for row in rows)} frames"
