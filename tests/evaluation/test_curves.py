import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tempose.evaluation.curves import chart, nice_ticks, strokes


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.31, 0.93, [0.2, 0.4, 0.6, 0.8, 1.0]),
        (-0.004, 0.011, [-0.005, 0.0, 0.005, 0.01, 0.015]),
        (17.0, 31.0, [15.0, 20.0, 25.0, 30.0, 35.0]),
        (0, 0, [-0.001, -0.0005, 0.0, 0.0005, 0.001]),
    ],
)
def test_ticks_are_round_and_hold_the_range(low, high, ticks):
    assert nice_ticks(low, high) == ticks


def test_a_curve_is_broken_where_nothing_is_known():
    values = np.array([np.nan, 1.0, 2.0, np.nan, 3.0])
    assert strokes(values, lambda frame: frame, lambda value: -value) == ["1.0,-1.0 2.0,-2.0", "4.0,-3.0"]


def test_a_chart_is_one_element_that_stays_within_its_frame():
    curves = {"a": np.array([0.1, 0.9, 0.5]), "b <": np.array([0.2, np.nan, 0.3])}
    root = ElementTree.fromstring(chart(curves, title='of "a" & b', joins=[1]))
    assert root.get("aria-label") == 'of "a" & b'
    left, top, width, height = map(float, root.get("viewBox").split())
    points = [
        tuple(map(float, each.split(","))) for line in root.iter("polyline") for each in line.get("points").split()
    ]
    assert len(points) == 5
    assert all(left <= x <= width and top <= y <= height for x, y in points)
    assert len(re.findall('class="join"', chart(curves, title="", joins=[1]))) == 1
