"""Work that takes long: it waits for its turn, says how far it is, and can be stopped at any moment."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from torch import nn

from tempose.core import cancellation
from tempose.core.errors import InputError, TemposeError
from tempose.web.account import note_job

WAITING = "waiting"

# Seconds after which a job that was told to stop should have left its worker; the log names those that took longer.
PROMISED = 2.0


class Stopped(Exception):
    """Raised within a job that was told to stop, where it next checks."""


class Busy(TemposeError):
    """The queue is full, the client has as many jobs as one may have, or the server is shutting down."""


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        part: what it is doing; WAITING before it begins.
        done, total: how much of the part; total is None where that is not known.
        seconds_left: to the end of the part; None while nothing can be told.
        ahead: jobs that come before it, while it waits.
        rate: how much of the part a second; None while nothing can be told.
    """

    part: str
    done: int
    total: int | None
    seconds_left: float | None
    ahead: int
    rate: float | None = None


class Job:
    """One piece of work for one client.

    Attributes:
        client: who asked for it.
        result: what the work returned, or what it has shown so far.
        error: one sentence for the user, once it failed.
        picture: the latest frame of what is being made, at its full size, uint8 `h w 3`; None before there is one, and
            again once the job has ended and another has come: jobs are kept for long, and a frame may take megabytes.
        pictures: how many there have been.
        freed_after: seconds from the word to stop until the worker was free again.
    """

    def __init__(self, work: Callable[[Job], Any], *, client: str, seconds: float) -> None:
        self.client, self.seconds = client, seconds
        self.result: Any = None
        self.error: str | None = None
        self.picture: Any = None
        self.pictures = 0
        self.freed_after: float | None = None
        self.finished = threading.Event()
        self._work, self._made = work, time.monotonic()
        self._lock = threading.Lock()
        self._stopped: float | None = None
        self._begun: float | None = None
        self._ended: float | None = None
        self._part: tuple[str, int, int | None, float] = (WAITING, 0, None, 0.0)

    def stop(self) -> None:
        """Ask the job to end at once; one that waits has ended then."""
        with self._lock:
            if self._stopped is None and not self.finished.is_set():
                self._stopped = time.monotonic()
            if self._begun is None and not self.finished.is_set():
                self._end("stopped")

    def _end(self, error: str | None) -> None:
        self.error, self._ended = error, time.monotonic()
        if self._stopped is not None:
            self.freed_after = self._ended - self._stopped
        self.finished.set()

    @property
    def stopped(self) -> bool:
        return self._stopped is not None

    @property
    def waits(self) -> bool:
        return self._begun is None

    def check(self) -> None:
        """Raise where the job is to end: Stopped, or InputError when its time is up."""
        if self.stopped:
            raise Stopped
        if self._begun is not None and time.monotonic() - self._begun > self.seconds:
            raise InputError(
                f"this took longer than {self.seconds:.0f} seconds, the limit here",
                remedy="take fewer frames or fewer steps",
            )

    def track(self, items: Iterable, label: str, total: int | None = None) -> Iterator:
        """The items, counted as the job's progress (`tempose.core.progress.Track`)."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        begun = time.monotonic()
        for done, item in enumerate(items):
            self.check()
            self._part = (label, done, total, begun)
            yield item

    def show(self, picture: Any) -> None:
        """Give a look at what is being made."""
        self.picture, self.pictures = picture, self.pictures + 1

    def shown(self, pictures: Iterable) -> Iterator:
        """The pictures as they are, each shown."""
        for picture in pictures:
            self.show(picture)
            yield picture

    def progress(self, ahead: int = 0) -> Progress:
        part, done, total, begun = self._part
        each = (time.monotonic() - begun) / done if done else 0.0
        left = None if total is None or not done else each * (total - done)
        return Progress(part, done, total, left, ahead, 1 / each if each else None)

    @property
    def state(self) -> str:
        """waiting, running, done, stopped or failed."""
        if not self.finished.is_set():
            return WAITING if self.waits else "running"
        return "stopped" if self.stopped else "failed" if self.error else "done"

    @property
    def ran(self) -> float:
        """Seconds for which it ran, or has run so far."""
        return 0.0 if self._begun is None else (self._ended or time.monotonic()) - self._begun

    def run(self) -> None:
        """Do the work; whatever it raises ends the job and nothing else."""
        with self._lock:
            if self.finished.is_set():
                return  # it was stopped while it waited
            self._begun = time.monotonic()
        said, outcome = None, "done"
        try:
            with cancellation.scope(self.check):
                self.result = self._work(self)
        except Stopped:
            said = outcome = "stopped"
        except TemposeError as error:
            said, outcome = str(error), type(error).__name__
        except MemoryError:
            outcome = "MemoryError"
            said = "there is not enough memory for this; take fewer frames or a smaller size"
        except Exception as error:
            traceback.print_exc()
            outcome = type(error).__name__
            said = f"something went wrong here ({type(error).__name__}); the server's log has the details"
        with self._lock:
            self._end(said)
        label, _, total, _ = self._part
        note_job(
            outcome=outcome, seconds=time.monotonic() - self._begun, waited=self._begun - self._made, part=label,
            frames=total, told=said,
        )  # fmt: skip
        if self.freed_after is not None and self.freed_after > PROMISED:
            part = self.progress().part
            print(f"{part} went on for {self.freed_after:.1f} s after it was told to stop", file=sys.stderr, flush=True)


def interruptible(network: nn.Module) -> None:
    """Make every part of a network a place where a job can be stopped."""
    for module in network.modules():
        module.register_forward_pre_hook(lambda *_: cancellation.check())


class Desk:
    """Takes jobs, runs some at once, lets others wait, and refuses more than that."""

    def __init__(self, *, at_once: int, queue: int, per_client: int, seconds: float) -> None:
        self.at_once, self.queue, self.per_client, self.seconds = at_once, queue, per_client, seconds
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="job")
        self._lock = threading.Lock()
        self._jobs: list[Job] = []
        self._closed = False
        self.ended: Counter[str] = Counter()
        self.seconds_run = 0.0

    def submit(self, work: Callable[[Job], Any], *, client: str) -> Job:
        """Take in a job.

        Raises:
            Busy: the server is closing, the queue is full, or the client has enough jobs here.
        """
        with self._lock:
            unfinished = self._unfinished()
            if self._closed:
                raise Busy("the server is shutting down and takes no new jobs; come back later")
            if sum(job.client == client for job in unfinished) >= self.per_client:
                raise Busy(f"{self.per_client} job(s) of yours are under way already; wait for one to end")
            if len(unfinished) >= self.at_once + self.queue:
                raise Busy(f"the queue is full: {len(unfinished)} jobs are under way; try again in a few minutes")
            for each in self._jobs:
                if each.finished.is_set():
                    each.picture = None
            job = Job(work, client=client, seconds=self.seconds)
            self._jobs = [*unfinished, job]
            self._pool.submit(self._run, job)
            return job

    def _run(self, job: Job) -> None:
        job.run()
        with self._lock:
            self.ended[job.state] += 1
            self.seconds_run += job.ran

    def ahead(self, job: Job) -> int:
        """How many jobs come before this one; those that run count."""
        with self._lock:
            unfinished = self._unfinished()
        return unfinished.index(job) if job in unfinished else 0

    def busy(self) -> int:
        """How many jobs run or wait."""
        with self._lock:
            return len(self._unfinished())

    def waiting(self) -> int:
        """How many jobs wait."""
        with self._lock:
            return sum(job.waits for job in self._unfinished())

    def close(self) -> None:
        """Take no new jobs, and stop those that have not begun."""
        with self._lock:
            self._closed = True
            for job in self._unfinished():
                if job.waits:
                    job.stop()

    def stop(self) -> None:
        """Close, and stop the jobs that run."""
        self.close()
        with self._lock:
            for job in self._unfinished():
                job.stop()

    def _unfinished(self) -> list[Job]:
        return [job for job in self._jobs if not job.finished.is_set()]
