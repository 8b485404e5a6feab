"""How sure a mean over clips is, and whether two runs differ.

The clip is what is drawn at random: frames of one clip resemble one another, so a value is first made
for every clip, then resampled over clips.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tempose.core.errors import InputError


class Interval(NamedTuple):
    """A mean and where it may lie."""

    mean: float
    low: float
    high: float


class Paired(NamedTuple):
    """How two runs over the same clips differ."""

    difference: Interval
    """Of the second run from the first, clip by clip."""
    changes: np.ndarray
    """The difference of each clip."""
    most_changed: np.ndarray
    """The clips' indices, the largest change of either sign first."""


def bootstrap(values: np.ndarray, *, resamples: int = 2000, level: float = 0.95, seed: int = 0) -> Interval:
    """The mean of a metric over clips, with its percentile bootstrap interval.

    Efron & Tibshirani, "An introduction to the bootstrap", 1993, section 13.3. It is somewhat too narrow
    for fewer than about twenty clips.

    Args:
        values: one for each clip, `n`; leave out clips without a value.
        resamples: how many times n clips are drawn from the n, with replacement.
        level: share of the resampled means that the interval holds.
        seed: of the draws; the same for two arrays of one length draws the same clips.

    Returns:
        With a single clip, low and high are NaN: one value says nothing about others.

    Raises:
        InputError: no values, some that are not finite, or a level outside (0, 1).
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise InputError(f"values have the shape {values.shape}; wanted one for each clip, and at least one clip")
    if not np.isfinite(values).all():
        bad = np.flatnonzero(~np.isfinite(values)).tolist()
        raise InputError(f"the values of the clips {bad} are NaN or infinite; leave out clips without a value")
    if not 0 < level < 1 or resamples < 1:
        raise InputError(f"level {level}, {resamples} resamples; wanted a level between 0 and 1, resamples ≥ 1")
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, np.nan, np.nan)
    drawn = np.random.default_rng(seed).integers(len(values), size=(resamples, len(values)))
    low, high = np.quantile(values[drawn].mean(1), [(1 - level) / 2, (1 + level) / 2])
    return Interval(mean, float(low), float(high))


def paired(
    first: np.ndarray, second: np.ndarray, *, resamples: int = 2000, level: float = 0.95, seed: int = 0
) -> Paired:
    """The second run against the first over the same clips, `n` values each in the same order.

    The differences are resampled, not the runs: what makes a clip hard for both cancels.

    Raises:
        InputError: as in `bootstrap`, or the runs have different numbers of clips.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape:
        raise InputError(f"the runs have {first.shape} and {second.shape} values; compare the clips that both have")
    changes = second - first
    difference = bootstrap(changes, resamples=resamples, level=level, seed=seed)
    return Paired(difference, changes, np.argsort(-np.abs(changes), kind="stable"))
