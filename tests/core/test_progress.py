"""Long work can be ended at its stopping places, by the thread that runs it alone; its bars end with it."""

import sys
import threading

import pytest

from tempose.core import cancellation
from tempose.core.progress import bar, end_bars


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


def test_a_bar_ends_before_the_error_that_broke_it_off_is_told(capsys):
    def work():
        items = bar(range(3), "counting")
        try:
            for _ in items:
                raise OSError("first")
        except OSError as error:
            raise ValueError("then") from error

    try:
        work()
    except ValueError as error:
        end_bars(error)
        print("the error", file=sys.stderr)
    lines = capsys.readouterr().err.strip().splitlines()
    assert (lines[0].split()[0], lines[-1]) == ("counting", "the error")
