"""Many tasks on many workers, on this machine or a cluster: Ray does the work, one actor a device.

Ray is imported when it is needed. What it would start beside, a dashboard and statistics of use, stays off.
"""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from tempose.core.errors import DiskError, InputError, TemposeError
from tempose.core.files import FULL

# A task is tried so often, each time by another worker where there is one.
TRIES = 3

# Seconds to wait for a cluster's door, for its nodes to answer, and for any worker at all to start.
DOOR, ANSWER, START = 5.0, 120.0, 600.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """Why a task has no result.

    Attributes:
        reason: the sentence that the command for a single one would end with.
        final: whether no other task could succeed either: the disk is full.
        tries: how often it was tried.
    """

    reason: str
    final: bool = False
    tries: int = 1

    @staticmethod
    def of(error: BaseException) -> Failure:
        """What an exception says to a user."""
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, TemposeError):
            reason = str(error)
        elif isinstance(error, OSError):
            reason = f"{f'{error.filename}: ' if error.filename else ''}{error.strerror or error}"
        full = isinstance(error, DiskError) or (isinstance(error, OSError) and error.errno in FULL)
        return Failure(reason, final=full)


class Host:
    """A worker in its process on some node: `make` makes it once, its methods do the tasks."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make
        self.worker: Any = None

    def ready(self) -> Failure | None:
        """Make the worker, if it is not there yet; why it cannot be made."""
        try:
            self.worker = self.worker or self.make()
        except Exception as error:
            return Failure.of(error)
        return None

    def call(self, method: str, *arguments: Any) -> Any:
        """A method's result, or the failure that it ended in; one task never ends the others."""
        try:
            return getattr(self.worker, method)(*arguments)
        except Exception as error:
            if not isinstance(error, (TemposeError, OSError, MemoryError)):
                logger.exception("%s failed", method)
            return Failure.of(error)


# The cluster --------------------------------------------------------------------------------------


@contextmanager
def joined(address: str | None = None) -> Iterator[None]:
    """Within, a Ray cluster: the one that this process has joined already, that at `address`, or this machine's own.

    Args:
        address: `auto` for the one that runs here, `HOST:PORT`, or `ray://HOST:PORT`.

    Raises:
        InputError: Ray is not installed, the cluster cannot be reached, or a node of it has another tempose.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address is None:
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # nobody else on the network may use it
    try:
        import ray
    except ImportError:
        raise InputError("Ray is not installed", remedy="install it with: pip install 'tempose[batch]'") from None
    if ray.is_initialized():
        yield
        return
    quietly: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is None:
            ray.init("local", include_dashboard=False, **quietly)
        else:
            check_door(address)
            ray.init(address, **({"log_to_driver": False} if address.startswith("ray://") else quietly))
    except (ConnectionError, TimeoutError, ValueError, RuntimeError, OSError) as error:
        if isinstance(error, InputError):
            raise
        where = "this machine" if address is None else address
        reason = str(error).strip().split("\n")[0]
        raise InputError(
            f"no Ray cluster can be reached at {where}: {reason}",
            remedy="start one with `ray start --head`, or leave --address out to use this machine",
        ) from error
    try:
        check_nodes()
        yield
    finally:
        ray.shutdown()


def check_door(address: str) -> None:
    """Whether anybody listens at an address, which Ray itself would wait for much longer.

    Raises:
        OSError: nobody does.
    """
    place = urlsplit(address if "://" in address else f"ray://{address}")
    if place.hostname and place.port:
        socket.create_connection((place.hostname, place.port), timeout=DOOR).close()


def check_nodes(package: str = "tempose") -> None:
    """Whether every node has this version of the package.

    Raises:
        InputError: one has another, or none; both are named.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def installed(name: str) -> str | None:  # local, so that it travels whole: a node need not have this module
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version(name)
        except PackageNotFoundError:
            return None

    asked = []
    for node in ray.nodes():
        if node["Alive"]:
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            probe = ray.remote(installed).options(num_cpus=0, scheduling_strategy=there)
            asked.append((node["NodeManagerAddress"], probe.remote(package)))
    here = version(package)
    for place, reference in asked:
        try:
            found = ray.get(reference, timeout=ANSWER)
        except ray.exceptions.GetTimeoutError:
            raise InputError(f"the node {place} did not answer within {ANSWER:.0f} seconds") from None
        if found != here:
            has = f"no {package}" if found is None else f"{package} {found}"
            raise InputError(
                f"the node {place} has {has}; wanted {here}, as here",
                remedy=f"install it there: pip install '{package}[batch]=={here}'",
            )


def devices(asked: str = "auto") -> tuple[int, dict[str, Any]]:
    """How many workers a cluster has room for, and what each takes of it: a GPU, or a core.

    Args:
        asked: `cpu` leaves GPUs alone.
    """
    import ray

    resources = ray.cluster_resources()
    gpus = int(resources.get("GPU", 0))
    if asked != "cpu" and gpus:
        return gpus, {"num_cpus": 1, "num_gpus": 1}
    if asked in ("auto", "mps"):
        import torch

        if torch.backends.mps.is_available():  # which Ray does not count, and of which there is one
            return 1, {"num_cpus": 1}
    return max(1, int(resources.get("CPU", 1))), {"num_cpus": 1}


# Tasks --------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Attempt:
    """A task that is not done, and who has tried it."""

    index: int
    tries: int = 0
    by: list[Any] = field(default_factory=list)


class Pool:
    """Workers on a cluster that has been joined.

    Args:
        make: makes a worker, in its own process; it is pickled.
        workers: at most so many; by default as many as there are devices.
        device: what they compute on, `auto`, `cpu`, `cuda` or `mps`.

    Raises:
        InputError: a number of workers below one.
    """

    def __init__(self, make: Callable[[], Any], *, workers: int | None = None, device: str = "auto") -> None:
        import ray

        if workers is not None and workers < 1:
            raise InputError(f"{workers} workers were asked for; wanted 1 or more")
        room, takes = devices(device)
        self.size = room if workers is None else workers
        self._make = ray.put(make)
        self._actor = ray.remote(**takes)(Host)

    def run(
        self, count: int, start: Callable[[Any, int], Any], *, failed: Callable[[int], None] = lambda index: None
    ) -> Generator[tuple[int, Any], None, None]:
        """Do tasks 0 … count - 1; each is tried up to TRIES times, also where it brings its worker down.

        Args:
            start: begins a task by a worker (an actor of `Host`), and gives Ray's reference to its result.
            failed: told of each try that failed.

        Yields:
            a task and its result or `Failure`, in the order in which they end.

        Raises:
            TemposeError: no worker starts.
        """
        import ray

        waiting = deque(Attempt(index) for index in range(count))
        starting: dict[Any, Any] = {}
        running: dict[Any, tuple[Any, Attempt]] = {}
        idle: list[Any] = []
        vain = 0  # workers that did not start, since the last that did

        def hire() -> None:
            worker: Any = self._actor.remote(self._make)
            starting[worker.ready.remote()] = worker

        try:
            for _ in range(min(self.size, count)):
                hire()
            while waiting or running:
                everyone = [*idle, *starting.values(), *(worker for worker, _ in running.values())]
                for worker in list(idle):
                    attempt = chosen(waiting, worker, everyone)
                    if attempt is not None:
                        waiting.remove(attempt)
                        idle.remove(worker)
                        running[start(worker, attempt.index)] = worker, attempt
                ended, _ = ray.wait([*running, *starting], timeout=START)
                if not ended and not running:
                    raise TemposeError(f"no worker has started within {START:.0f} seconds: the cluster has no room")
                for reference in ended:
                    try:
                        result, lost = ray.get(reference), False
                    except ray.exceptions.RayError as error:
                        result, lost = Failure(broken(error)), True
                    if reference in starting:
                        worker = starting.pop(reference)
                        vain = 0 if result is None else vain + 1
                        if result is None:
                            idle.append(worker)
                        elif vain < TRIES * self.size:
                            hire()
                        elif not (idle or running or starting):
                            raise TemposeError(f"no worker starts: {result.reason}")
                        continue
                    worker, attempt = running.pop(reference)
                    attempt.tries += 1
                    attempt.by.append(worker)
                    if lost:  # the worker, or what it was given: it is asked, and replaced where it does not answer
                        starting[worker.ready.remote()] = worker
                    else:
                        idle.append(worker)
                    if not isinstance(result, Failure):
                        yield attempt.index, result
                        continue
                    failed(attempt.index)
                    if result.final or attempt.tries == TRIES:
                        yield attempt.index, Failure(result.reason, result.final, attempt.tries)
                    else:
                        waiting.appendleft(attempt)
        finally:
            for worker in [*idle, *starting.values(), *(worker for worker, _ in running.values())]:
                with suppress(Exception):  # the cluster may be gone
                    ray.kill(worker)


def chosen(waiting: deque[Attempt], worker: Any, everyone: Sequence[Any]) -> Attempt | None:
    """The first task that this worker has not tried yet, or that everyone who is there has."""
    return next(
        (each for each in waiting if worker not in each.by or all(other in each.by for other in everyone)), None
    )


def broken(error: Exception) -> str:
    """What became of a worker, or of what it was given, in words."""
    import ray

    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "its worker took more memory than the node has"
    if isinstance(error, ray.exceptions.RayActorError):
        return "its worker was killed"
    return f"its worker was lost: {str(error).strip().split(chr(10))[0]}"


def each(
    make: Callable[[], Callable[[Any], Any]],
    tasks: Sequence[Any],
    *,
    address: str | None = None,
    workers: int | None = None,
    device: str = "auto",
) -> Generator[tuple[int, Any], None, None]:
    """A function of every task, on a cluster: its number and its result or `Failure`, in the order in which they end.

    Args:
        make: makes the function, once in each worker.
        address, workers, device: as `joined` and `Pool`.

    Raises:
        InputError, TemposeError: as `joined` and `Pool`.
    """
    with joined(address):
        pool = Pool(make, workers=workers, device=device)
        yield from pool.run(len(tasks), lambda worker, index: worker.call.remote("__call__", tasks[index]))
