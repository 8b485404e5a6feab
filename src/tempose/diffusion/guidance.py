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

from tempose.errors import InputError


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
    """

    photo: float = 2.0
    pose: float | None = None

    def __post_init__(self) -> None:
        for name, scale in (("photo", self.photo), ("pose", self.pose)):
            if scale is not None and not math.isfinite(scale):
                raise InputError(f"the guidance scale of the {name} is {scale}; wanted a finite number")

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
