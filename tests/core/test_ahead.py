"""Work ahead in threads: in order, bounded, cancelled with its user, and no thread left behind."""

import threading

import pytest
import torch

from tempose.core import cancellation
from tempose.core.ahead import ahead, compute_with, prefetched


class Enough(Exception):
    pass


def working():
    """The threads of pools."""
    return [each for each in threading.enumerate() if each.name.startswith("ThreadPoolExecutor")]


class Counted:
    """Numbers, and how many were taken."""

    def __init__(self, count=100, *, fails_at=None):
        self.count, self.fails_at, self.taken, self.closed = count, fails_at, 0, False

    def __iter__(self):
        try:
            for number in range(self.count):
                if number == self.fails_at:
                    raise Enough
                self.taken += 1
                yield number
        finally:
            self.closed = True


def doubled(numbers):
    return ahead(lambda number: 2 * number, zip(numbers))


def test_the_order_stays_though_a_later_one_is_done_first():
    second = threading.Event()

    def make(number):
        if number == 0:
            assert second.wait(10)
        else:
            second.set()
        return number

    assert list(ahead(make, zip(range(7)), at_once=2)) == list(range(7))
    assert list(prefetched(Counted(7), 3)) == list(range(7))


def test_it_is_never_farther_ahead_than_is_said():
    given = Counted()
    for number in ahead(lambda number: number, zip(given), at_once=2, held=3):
        assert given.taken <= number + 4
    given = Counted()
    for number in prefetched(given, 5):
        assert given.taken <= number + 6


@pytest.mark.parametrize(
    "work", [doubled, lambda given: prefetched(given, 4), lambda given: doubled(prefetched(given, 4))]
)
def test_an_error_comes_where_it_belongs_and_ends_all(work):
    given, seen = Counted(fails_at=3), []
    with pytest.raises(Enough):
        seen.extend(work(given))
    assert len(seen) <= given.taken == 3
    assert given.closed
    assert not working()


def test_all_before_an_error_of_making_are_given():
    def make(number):
        if number == 3:
            raise Enough
        return number

    made = ahead(make, zip(Counted()), at_once=2)
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Enough):
        next(made)
    assert not working()


@pytest.mark.parametrize("work", [lambda given: prefetched(given, 4), lambda given: doubled(prefetched(given, 4))])
def test_what_is_closed_early_leaves_no_thread_behind(work):
    given = Counted()
    made = work(iter(given))
    assert next(made) == 0
    assert working()
    made.close()
    assert given.closed
    assert not working()
    assert given.taken < 20


def test_work_ahead_is_cancelled_with_the_thread_that_uses_it():
    def cancelled():
        raise Enough

    def items():
        for number in range(9):
            cancellation.check()
            yield number

    for work in (ahead(lambda number: cancellation.check(), zip(range(9))), prefetched(items(), 4)):
        with cancellation.scope(cancelled), pytest.raises(Enough):
            list(work)


def test_one_thread_computes_with_fewer_and_all_others_as_before():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        told = next(ahead(torch.get_num_threads, [()], at_once=1, prepare=lambda: compute_with(1)))
        later = next(ahead(torch.get_num_threads, [()], at_once=1))
        assert (told, torch.get_num_threads(), later) == (1, 3, 3)
    finally:
        torch.set_num_threads(before)
