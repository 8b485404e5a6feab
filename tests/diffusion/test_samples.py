"""Frames pass through windows one after the other: taken when they are first seen, given when they are last."""

import pytest
import torch
from helpers import random

from tempose.diffusion.denoise import Denoised
from tempose.diffusion.samples import Sample, predicted
from tempose.diffusion.windows import Loop, Overlap, Strided


def passed(frames, strategy, window, predict, *, step=1):
    """The samples as they come, and how many were taken by then."""
    taken = []

    def coming():
        for index in range(frames):
            taken.append(index)
            yield Sample(torch.full((3, 1, 1), float(index)), solver=None)

    for sample in predicted(coming(), strategy.windows(frames, window, step), predict):
        yield sample, len(taken)


@pytest.mark.parametrize("strategy", [Overlap(), Overlap(share=0.25), Loop(), Strided()])
@pytest.mark.parametrize(("frames", "window"), [(1, 1), (5, 4), (17, 8), (33, 16)])
def test_each_is_given_once_in_order_with_the_mean_by_the_windows_weights(strategy, frames, window):
    said = [random(frames, 2, 3, 3, seed=i) for i in range(40)]
    calls = iter(said)
    given = list(passed(frames, strategy, window, lambda x_t, names: Denoised(next(calls)[names], None)))
    assert [int(sample.x_t[0]) for sample, _ in given] == [*range(frames)]
    total, weights = torch.zeros(frames, 2, 3, 3), torch.zeros(frames, 1, 1, 1)
    for one, each in zip(said, strategy.windows(frames, window, 1), strict=False):
        total[each.frames] += each.weights[:, None, None, None] * one[each.frames]
        weights[each.frames] += each.weights[:, None, None, None]
    torch.testing.assert_close(torch.stack([sample.output for sample, _ in given]), total / weights)


@pytest.mark.parametrize("strategy", [Overlap(), Loop()])
@pytest.mark.parametrize("frames", [20, 200])
def test_no_more_are_held_than_a_window_sees_however_many_there_are(strategy, frames):
    given = enumerate(passed(frames, strategy, 8, lambda x_t, names: Denoised(x_t, x_t)))
    assert max(taken - index for index, (_, taken) in given) == 8


def test_the_network_sees_the_frames_that_a_window_names():
    seen = []
    list(passed(11, Overlap(), 4, lambda x_t, names: seen.append((x_t[:, 0, 0, 0], names)) or Denoised(x_t, None)))
    assert all(torch.equal(x_t, names.float()) for x_t, names in seen)
