import numpy as np

from benchmarks.apart import table


def test_the_first_row_is_told_and_the_others_by_how_much_they_differ_pair_by_pair():
    hard = np.linspace(0, 1, 20)
    rows = {"now": {"L1": hard}, "same": {"L1": hard.copy()}, "worse": {"L1": hard + 0.25}}
    lines = table(rows).splitlines()
    assert lines[0] == "| | L1 |"
    assert lines[2] == "| now | 0.5000 |"
    assert lines[3] == "| same | 0.5000 (+0.0000 … +0.0000) |"
    assert lines[4] == "| worse | 0.7500 (+0.2500 … +0.2500) |"
