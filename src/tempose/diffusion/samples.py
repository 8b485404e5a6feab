"""Frames on their way from noise to pictures, one after the other: none is held longer than windows need it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from diffusers import SchedulerMixin
from torch import Tensor

from tempose.diffusion.predict import Predict
from tempose.diffusion.solvers import solver_step
from tempose.diffusion.windows import Window


@dataclass(eq=False)
class Sample:
    """One frame on its way.

    Attributes:
        x_t: `3 h w`.
        solver: its own, since solvers remember what was predicted last.
        noise: that it began with, where a part of a reference is kept.
        output, person: what is predicted for it at this step, `c h w`, as `tempose.diffusion.denoise.Denoised` has it.
        weight: of all windows whose mean that is.
    """

    x_t: Tensor
    solver: SchedulerMixin
    noise: Tensor | None = None
    output: Tensor | None = None
    person: Tensor | None = None
    weight: float = 0.0

    def add(self, weight: float, output: Tensor, person: Tensor | None) -> None:
        """Take what one more window predicts into the mean."""
        self.weight += weight
        share = weight / self.weight
        self.output = output if self.output is None else torch.lerp(self.output, output, share)
        if person is not None:
            self.person = person if self.person is None else torch.lerp(self.person, person, share)

    def step(self, t: Tensor, generator: torch.Generator) -> None:
        """Make it one step less noisy, by what is predicted for it at time t."""
        assert self.output is not None
        (self.x_t,) = solver_step(self.solver, self.output[None], t, self.x_t[None], generator=generator)

    def forget(self) -> Sample:
        """Itself before anything is predicted at a step."""
        self.output, self.person, self.weight = None, None, 0.0
        return self


def predicted(samples: Iterable[Sample], windows: Iterable[Window], predict: Predict) -> Iterator[Sample]:
    """Samples in their order, each with the mean of what windows predict for it, by the windows' weights.

    A sample is taken when a window first sees it, and given as soon as no later one does.

    Args:
        windows: none begins before the one that it follows.
        predict: is given the windows' indices.
    """
    coming, first = iter(samples), 0
    held: deque[Sample] = deque()  # from the first on
    for frames, weights in windows:
        names = frames.tolist()
        while first < names[0]:
            yield held.popleft()
            first += 1
        while first + len(held) <= names[-1]:
            held.append(next(coming))
        seen = [held[name - first] for name in names]
        output, person, _ = predict(torch.stack([sample.x_t for sample in seen]), frames)
        for i, (sample, weight) in enumerate(zip(seen, weights.tolist(), strict=True)):
            sample.add(weight, output[i], None if person is None else person[i])
    yield from held
