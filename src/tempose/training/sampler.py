"""The order of the training samples: a function of the seed alone, so that any step can be gone on from."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler


class Batches(Sampler[list[tuple[int, int]]]):
    """This process's share of every step's batch, from a step on.

    Each epoch is a permutation of the samples drawn from (seed, epoch); batches run on across the end
    of an epoch. A sample is named by (epoch, index).
    """

    def __init__(self, samples: int, *, batch: int, start: int, stop: int, seed: int, rank: int = 0, world: int = 1):
        self.samples, self.batch, self.start, self.stop = samples, batch, start, stop
        self.seed, self.rank, self.world = seed, rank, world

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order, drawn = np.empty(0, np.int64), -1
        for step in range(self.start, self.stop):
            names = []
            for position in range(step * self.batch, (step + 1) * self.batch):
                epoch, place = divmod(position, self.samples)
                if epoch != drawn:
                    order, drawn = np.random.default_rng([self.seed, epoch]).permutation(self.samples), epoch
                names.append((epoch, int(order[place])))
            yield names[self.rank :: self.world]


def ignore_signals(worker: int) -> None:
    """Let the process that trains decide what a signal to the whole group means: its workers go on until then."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
