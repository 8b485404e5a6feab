"""The cases by name: what each is called in docs/benchmarks.md, and what measures it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.speed import parts, sampling, training
from benchmarks.speed.record import Row


@dataclass(frozen=True)
class Case:
    """One table of figures."""

    measure: Callable[[int], list[Row]]
    """Repeats → rows."""
    once: bool = False
    """Whether repeating makes no difference, or a fresh process stands for it."""

    @property
    def summary(self) -> str:
        """The first line of what is said of it."""
        return (self.measure.__doc__ or "").split("\n")[0]


CASES = {
    "prediction": Case(sampling.prediction),
    "savings": Case(sampling.savings),
    "clip": Case(sampling.clip),
    "frames": Case(sampling.frames, once=True),
    "step-count": Case(sampling.step_count),
    "training-step": Case(training.step),
    "training-memory": Case(training.memory, once=True),
    "startup": Case(parts.startup),
    "pose": Case(parts.pose),
    "rendering": Case(parts.rendering),
    "result": Case(parts.result),
    "people": Case(parts.people),
}
