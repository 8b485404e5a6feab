"""What jobs share: an estimator that one of them calls at a time, and values that one of them has made."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

from tempose.pose.estimators import Detection, Estimator
from tempose.web.jobs import Job

Value = TypeVar("Value")


class OneAtATime:
    """An estimator that several threads may call: each call waits for the one before."""

    def __init__(self, estimator: Estimator) -> None:
        self._estimator, self._lock = estimator, threading.Lock()

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        with self._lock:
            return self._estimator(frame)


class Ends:
    """An estimator that keeps the first and the last picture it is shown: so that no video is opened again for them.

    Attributes:
        first, last: uint8 `h w 3`; None before there was one.
    """

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator
        self.first: np.ndarray | None = None
        self.last: np.ndarray | None = None

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        self.first, self.last = frame if self.first is None else self.first, frame
        return self._estimator(frame)


class Cache:
    """The latest few values, so that a run does not find again what the look before it has found."""

    def __init__(self, places: int) -> None:
        self._places, self._lock = places, threading.Lock()
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Value], *, job: Job) -> Value:
        """The value of a key; two jobs that want the same wait for one making."""
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        while not making.acquire(timeout=0.1):
            job.check()
        try:
            with self._lock:
                if key in self._values:
                    self._values.move_to_end(key)
                    return self._values[key]
            value = make()
            with self._lock:
                self._values[key] = value
                while len(self._values) > self._places:
                    gone, _ = self._values.popitem(last=False)
                    self._making.pop(gone, None)
            return value
        finally:
            making.release()
