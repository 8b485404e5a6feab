import numpy as np
import pytest
from scipy.stats import bootstrap as theirs

from tempose.core.errors import InputError
from tempose.evaluation.statistics import bootstrap, paired

VALUES = np.random.default_rng(0).normal(3, 2, size=50)


def test_agrees_with_scipy():
    ours = bootstrap(VALUES, resamples=20_000)
    expected = theirs((VALUES,), np.mean, method="percentile", n_resamples=20_000, rng=1).confidence_interval
    assert ours.mean == VALUES.mean()
    assert ours.low == pytest.approx(expected.low, abs=0.03)
    assert ours.high == pytest.approx(expected.high, abs=0.03)


def test_holds_the_true_mean_about_as_often_as_it_says():
    draws = np.random.default_rng(1).normal(0, 1, size=(300, 40))
    intervals = [bootstrap(values, resamples=400, level=0.8) for values in draws]
    held = np.mean([interval.low <= 0 <= interval.high for interval in intervals])
    assert 0.7 < held < 0.87


def test_more_clips_or_a_lower_level_are_narrower():
    def width(interval):
        return interval.high - interval.low

    assert width(bootstrap(VALUES[:12])) > width(bootstrap(VALUES)) > width(bootstrap(VALUES, level=0.5))


def test_the_seed_decides():
    assert bootstrap(VALUES) == bootstrap(VALUES)
    assert bootstrap(VALUES) != bootstrap(VALUES, seed=1)


def test_one_clip_has_a_mean_and_no_interval():
    mean, low, high = bootstrap(np.array([4.0]))
    assert mean == 4
    assert np.isnan([low, high]).all()


def test_pairing_cancels_what_is_hard_about_a_clip():
    hard = np.random.default_rng(2).normal(0, 10, size=50)
    gain = np.linspace(0.5, 1.5, 50)
    result = paired(hard, hard + gain)
    assert result.difference.low > 0.8
    assert bootstrap(hard + gain).low < bootstrap(hard).high
    np.testing.assert_allclose(result.changes, gain)


def test_the_clips_that_changed_most_come_first():
    first = np.zeros(4)
    assert paired(first, np.array([0.1, -3, 2, 0])).most_changed.tolist() == [1, 2, 0, 3]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least one clip"),
        ([[1.0, 2.0]], "one for each clip"),
        ([1.0, np.nan, 2.0, np.inf], r"clips \[1, 3\] are NaN or infinite"),
    ],
)
def test_bad_values_are_named(values, message):
    with pytest.raises(InputError, match=message):
        bootstrap(np.array(values))


def test_bad_arguments():
    with pytest.raises(InputError, match="level 95"):
        bootstrap(VALUES, level=95)
    with pytest.raises(InputError, match="clips that both have"):
        paired(VALUES, VALUES[1:])
