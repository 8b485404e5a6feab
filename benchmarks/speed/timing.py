"""Configurations that take turns, so that what else the machine does meanwhile hits all alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch


@dataclass
class Timing:
    """What the runs of one configuration took, in order."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    """Seconds of all cores together."""

    @property
    def median(self) -> float:
        """Seconds of the clock, the median of the runs."""
        return statistics.median(self.seconds)

    def faster_than(self, other: Timing) -> float:
        """How many times the other took this one's seconds: the median of the rounds' ratios."""
        return statistics.median(theirs / ours for theirs, ours in zip(other.seconds, self.seconds, strict=True))

    def less_work_than(self, other: Timing) -> float:
        """As `faster_than`, of processor time, which work of others hardly changes."""
        return statistics.median(theirs / ours for theirs, ours in zip(other.processor, self.processor, strict=True))


def alternately(configurations: Mapping[str, Callable[[], object]], *, repeats: int) -> dict[str, Timing]:
    """Run each configuration once to warm up, then all of them in turn, `repeats` times."""
    timings = {name: Timing() for name in configurations}
    for run in configurations.values():
        run()
    for _ in range(repeats):
        for name, run in configurations.items():
            gc.collect()
            wait_for_devices()
            started, worked = time.perf_counter(), time.process_time()
            run()
            wait_for_devices()
            timings[name].seconds.append(time.perf_counter() - started)
            timings[name].processor.append(time.process_time() - worked)
    return timings


def wait_for_devices() -> None:
    """A GPU computes on after a call has returned; this waits until it is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
