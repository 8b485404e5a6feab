import pytest

from benchmarks.speed.timing import Timing, alternately


def test_configurations_take_turns_after_one_warm_up():
    calls = []
    timings = alternately({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=3)
    assert "".join(calls) == "ab" + 3 * "ab"
    assert all(len(t.seconds) == len(t.processor) == 3 for t in timings.values())


def test_ratios_are_taken_round_by_round():
    """The machine was slow in the second round, for both: the ratio does not see it."""
    ours, theirs = Timing([1.0, 10.0, 1.0], [2.0, 2.0, 2.0]), Timing([3.0, 30.0, 3.0], [8.0, 8.0, 8.0])
    assert ours.faster_than(theirs) == pytest.approx(3.0)
    assert ours.less_work_than(theirs) == pytest.approx(4.0)
    assert ours.median == 1.0
