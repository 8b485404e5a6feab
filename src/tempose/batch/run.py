"""All jobs, on all devices: what `tempose batch` does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from tempose.batch.jobs import AnimateJob, BrokenRow
from tempose.batch.manifest import NAME, Manifest
from tempose.batch.storage import Store
from tempose.batch.worker import AnimateWorker, motion_key, photo_key
from tempose.core.cluster import Failure, Pool, joined
from tempose.core.errors import DiskError, InputError, TemposeError
from tempose.core.progress import Track, quiet

# Jobs with their numbers among all.
Order = list[tuple[int, AnimateJob]]


class BatchOutcome(NamedTuple):
    """What became of the jobs."""

    done: int
    """Results that are there."""
    made: int
    """Those of them that were made now."""
    failed: list[str]
    """A sentence for each of the others, with its line."""
    manifest: str
    """Where all of this stands, a line a job."""


def run_batch(
    jobs: Sequence[AnimateJob | BrokenRow],
    out: str,
    *,
    address: str | None = None,
    workers: int | None = None,
    worker: Callable[[], Any] = AnimateWorker,
    track: Track = quiet,
) -> BatchOutcome:
    """Make the results that are not there yet.

    Args:
        jobs: as `tempose.batch.jobs` reads them; a broken row is reported, and the others run.
        out: the folder of results, a path or an address that fsspec opens.
        address: of a Ray cluster; by default all cores or GPUs of this machine.
        workers: at most so many; by default one a device.
        worker: makes what does the jobs.
        track: shows the progress.

    Raises:
        InputError: the folder or the cluster cannot be used, or a result is there that was made of something else.
        DiskError: the disk is full; what is done stays, and the same call goes on.
        TemposeError: no worker starts.
    """
    store = Store(out)
    manifest = Manifest(store, jobs)
    waiting: Order = []
    there = store.names()
    for number, job in enumerate(jobs):
        if isinstance(job, AnimateJob):
            if job.output in there:
                check_same(job, store)
                manifest.tell(number, None)
            else:
                waiting.append((number, job))
    before = manifest.count()["done"]
    manifest.write()
    # Jobs of one model, and within it of one photo, follow one another: each is loaded and read once.
    order = grouped(waiting)
    try:
        if order:
            with joined(address):
                _work(order, store, manifest, Pool(worker, workers=workers, device=device_of(order)), track)
    finally:
        with suppress(TemposeError):  # the disk may be full
            manifest.write()
    count = manifest.count()
    return BatchOutcome(count["done"], count["done"] - before, manifest.failed(), store.path(NAME))


def _work(order: Order, store: Store, manifest: Manifest, pool: Pool, track: Track) -> None:
    """Jobs in this order, by the workers of a pool."""
    shared = Shared([job for _, job in order])

    def start(worker: Any, index: int) -> Any:
        job = order[index][1]
        photos = [shared.get(photo_key(job, number), worker, "photo", job, number) for number in range(len(job.photos))]
        motion = shared.get(motion_key(job), worker, "motion", job)
        return worker.call.remote("animate", job, store.place, motion, *photos)

    def failed(index: int) -> None:
        shared.forget(order[index][1])

    for index, outcome in track(pool.run(len(order), start, failed=failed), "jobs", total=len(order)):
        number, job = order[index]
        shared.done(job)
        if isinstance(outcome, Failure) and outcome.final:
            raise DiskError(outcome.reason, remedy="what is done stays, and the same command goes on")
        manifest.tell(number, outcome)


class Shared:
    """Photos and motions that were read once, for as long as a job needs them.

    Args:
        jobs: all that will be done.
    """

    def __init__(self, jobs: Sequence[AnimateJob]) -> None:
        self._needed = Counter(key for job in jobs for key in self._keys(job))
        self._read: dict[tuple[Any, ...], Any] = {}

    def get(self, key: tuple[Any, ...], worker: Any, *reading: Any) -> Any:
        """Ray's reference to a photo or motion; the first time, this worker is told to read it."""
        if key not in self._read:
            self._read[key] = worker.call.remote(*reading)
        return self._read[key]

    def forget(self, job: AnimateJob) -> None:
        """Read what a job needs again: it failed, or what was read is lost."""
        for key in self._keys(job):
            self._read.pop(key, None)

    def done(self, job: AnimateJob) -> None:
        """A job is over; what no other needs is let go."""
        for key in self._keys(job):
            self._needed[key] -= 1
            if not self._needed[key]:
                self._read.pop(key, None)

    @staticmethod
    def _keys(job: AnimateJob) -> tuple[tuple[Any, ...], ...]:
        return motion_key(job), *(photo_key(job, number) for number in range(len(job.photos)))


def grouped(order: Order) -> Order:
    """Jobs with one model together, and within them those with one photo; otherwise in their order."""
    first: dict[Any, int] = {}
    for _, job in order:
        for key in keys_of(job):
            first.setdefault(key, len(first))
    return sorted(order, key=lambda each: [first[key] for key in keys_of(each[1])])


def keys_of(job: AnimateJob) -> tuple[Any, ...]:
    """What a worker loads for a job, what takes longest first."""
    return job.settings.model, (job.settings.model, job.photos)


def device_of(order: Order) -> str:
    """On what kind of device all jobs are done.

    Raises:
        InputError: they ask for several.
    """
    kinds = {job.settings.device.split(":")[0] for _, job in order}
    if len(kinds) > 1:
        raise InputError(f"jobs ask for several devices: {', '.join(sorted(kinds))}; wanted one, or auto")
    return kinds.pop()


def check_same(job: AnimateJob, store: Store) -> None:
    """Whether a result that is there is that of the job, where its name does not say so.

    Raises:
        InputError: it was made of something else.
    """
    if job.key[:8] in job.output:
        return
    name = f"{job.output}.json"
    try:
        key = json.loads(store.read(name)).get("job")
    except (OSError, ValueError, AttributeError, RecursionError):  # there is none, or it is damaged
        key = None
    if key != job.key:
        raise InputError(
            f"line {job.line}: {store.path(job.output)} is there already, made of something else",
            remedy="choose another folder or output, or delete it",
        )
