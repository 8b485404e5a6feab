"""Long work can be ended at its stopping places, by the thread that runs it alone."""

import threading

import pytest

from tempose.core import cancellation


class Enough(Exception):
    pass


def enough():
    raise Enough


def test_a_stopping_place_does_what_it_is_told_within_and_nothing_outside():
    cancellation.check()
    with cancellation.scope(enough), pytest.raises(Enough):
        cancellation.check()
    cancellation.check()


def test_the_inner_one_counts():
    with cancellation.scope(enough):
        with cancellation.scope(lambda: None):
            cancellation.check()
        with pytest.raises(Enough):
            cancellation.check()


def test_other_threads_go_on():
    reached = threading.Event()

    def other():
        cancellation.check()
        reached.set()

    with cancellation.scope(enough):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert reached.is_set()
