"""Classifier-free guidance, as a weighted sum of predictions with and without each condition.

Two rules, both linear in predictions ε(pose, photo), ∅ being the absent condition:

- of the published code: ε(p, ∅) + s·[ε(p, x) − ε(p, ∅)];
- of the paper (PIDM, section 3.3, disentangled):
  ε(∅, ∅) + w_p·[ε(p, ∅) − ε(∅, ∅)] + w_s·[ε(∅, x) − ε(∅, ∅)].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from tempose.core.errors import InputError


class Branch(NamedTuple):
    """One prediction of the network: which conditions it sees, and its weight in the sum."""

    pose: bool
    photo: bool
    weight: float


@dataclass(frozen=True)
class Guidance:
    """Scales of the guidance.

    Attributes:
        photo: s of the published code, or w_s of the paper; 1 is the plain conditional prediction
            (without `pose`).
        pose: None for the published code's rule; a number is w_p of the paper's rule.
        interval: the times t/T, from and to, at which guidance acts (Kynkäänniemi et al. 2024, "Applying
            Guidance in a Limited Interval"); at others the conditional prediction stands alone.
    """

    photo: float = 2.0
    pose: float | None = None
    interval: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        for name, scale in (("photo", self.photo), ("pose", self.pose)):
            if scale is not None and not math.isfinite(scale):
                raise InputError(f"the guidance scale of the {name} is {scale}; wanted a finite number")
        if not 0 <= self.interval[0] <= self.interval[1] <= 1:
            raise InputError(f"the interval of guidance is {self.interval}; wanted 0 ≤ from ≤ to ≤ 1")

    def at(self, time: float) -> Guidance:
        """The guidance at the time t/T in [0, 1]: this one within its interval, outside the plain prediction."""
        return self if self.interval[0] <= time <= self.interval[1] else PLAIN

    def branches(self) -> list[Branch]:
        """The predictions to make; the weights sum to one, and none is zero."""
        if self.pose is None:
            candidates = [Branch(True, False, 1 - self.photo), Branch(True, True, self.photo)]
        else:
            candidates = [
                Branch(False, False, 1 - self.pose - self.photo),
                Branch(True, False, self.pose),
                Branch(False, True, self.photo),
            ]
        return [branch for branch in candidates if branch.weight != 0]


PLAIN = Guidance(photo=1.0)
