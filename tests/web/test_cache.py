"""Values that several jobs want are made once."""

import pytest

from tempose.web.cache import Cache
from tempose.web.jobs import Job


def test_a_shelf_makes_a_value_once_and_forgets_the_oldest():
    cache, job, made = Cache(2), Job(print, client="a", seconds=60), []

    def make(value):
        return lambda: made.append(value) or value

    assert [cache.get(key, make(key), job=job) for key in (1, 1, 2, 3, 2, 1)] == [1, 1, 2, 3, 2, 1]
    assert made == [1, 2, 3, 1]
    with pytest.raises(ZeroDivisionError):
        cache.get(9, lambda: 1 / 0, job=job)
    assert cache.get(9, make(9), job=job) == 9
