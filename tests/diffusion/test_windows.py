import itertools

import pytest
import torch

from tempose.core.errors import InputError
from tempose.diffusion.windows import Loop, Overlap, Strided, find_strategy

CUTS = [(1, 1), (4, 4), (5, 4), (10, 4), (17, 8), (33, 16), (7, 2), (6, 1)]


@pytest.mark.parametrize("strategy", [Loop(), Overlap(), Overlap(share=0.25)])
@pytest.mark.parametrize(("frames", "window"), CUTS)
@pytest.mark.parametrize("step", [0, 1, 2, 5, 13])
def test_every_frame_is_covered_by_windows_of_at_most_the_size(strategy, frames, window, step):
    weight = torch.zeros(frames)
    for indices, weights in strategy.windows(frames, window, step):
        assert len(indices) <= window
        assert (weights > 0).all()
        assert indices.diff().eq(1).all()
        weight[indices] += weights
    assert (weight > 0).all()


@pytest.mark.parametrize(("frames", "window"), CUTS)
@pytest.mark.parametrize("step", range(5))
def test_overlapping_windows_are_all_whole_and_joined(frames, window, step):
    windows = Overlap().windows(frames, window, step)
    assert {len(indices) for indices, _ in windows} == {window}
    for before, after in itertools.pairwise(windows):
        shared = set(before.frames.tolist()) & set(after.frames.tolist())
        assert shared or window == 1


@pytest.mark.parametrize(("share", "common"), [(0.25, 2), (0.5, 4), (0.75, 6)])
def test_neighbours_have_the_share_in_common_that_is_asked_for(share, common):
    inner = Overlap(share=share).windows(60, 8, 0)[:-1]  # the last one is moved inwards
    assert {8 - int(after.frames[0] - before.frames[0]) for before, after in itertools.pairwise(inner)} == {common}


def test_joins_move_from_step_to_step():
    def joins(step):
        return {int(w.frames[0]) for w in Overlap().windows(40, 8, step)} - {0, 32}

    assert not joins(0) & joins(1)
    assert set().union(*map(joins, range(6))) == set(range(1, 32))


def test_weights_taper_towards_the_ends_of_a_window():
    weights = Overlap().windows(20, 6, 0)[0].weights
    assert weights.tolist() == [1, 2, 3, 3, 2, 1]


def test_loop_is_one_window_after_the_other():
    assert [w.frames.tolist() for w in Loop().windows(6, 4, 9)] == [[0, 1, 2, 3], [4, 5]]


def test_strided_is_the_published_experiment():
    assert Strided().select(100, 4).tolist() == [0, 20, 40, 60]
    assert Strided(stride=3).select(7, 4).tolist() == [0, 3, 6]


def test_names_and_settings():
    assert find_strategy("overlap") == Overlap()
    assert find_strategy(Strided(stride=5)) == Strided(stride=5)
    with pytest.raises(InputError, match="did you mean 'overlap'"):
        find_strategy("overlapped")
    with pytest.raises(InputError, match="stride"):
        Strided(stride=0)
    with pytest.raises(InputError, match="share"):
        Overlap(share=1.0)
