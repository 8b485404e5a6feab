"""Long work can be ended at its stopping places, by the thread that runs it alone."""

import threading

import pytest

from tempose.core.progress import stoppable, stopping_place


class Enough(Exception):
    pass


def enough():
    raise Enough


def test_a_stopping_place_does_what_it_is_told_within_and_nothing_outside():
    stopping_place()
    with stoppable(enough), pytest.raises(Enough):
        stopping_place()
    stopping_place()


def test_the_inner_one_counts():
    with stoppable(enough):
        with stoppable(lambda: None):
            stopping_place()
        with pytest.raises(Enough):
            stopping_place()


def test_other_threads_go_on():
    reached = threading.Event()

    def other():
        stopping_place()
        reached.set()

    with stoppable(enough):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert reached.is_set()
