"""The results of an evaluation: every value of every clip, what they come to, and how sure that is.

    Evaluation ── facts: command, model, protocol, seeds, versions
               ├─ measures: name, unit, which way is better
               ├─ clips ── values: method → measure → over the frames
               └─ failed: clips that could not be measured, and why

It is what report.json holds, and what pages, tables and comparisons are made from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from tempose.core.errors import DataError, told
from tempose.core.reading import read_plain

# The method whose frames are those of the clip itself.
TRUTH = "truth"

Best = Literal["higher", "lower", "near 0", "near 1", "as the truth"]


# What JSON has no number for is null there, and NaN here.
Number = Annotated[float, BeforeValidator(lambda value: float("nan") if value is None else value)]
STRICT = ConfigDict(strict=True, ser_json_inf_nan="null")


@dataclass(frozen=True, config=STRICT)
class Result:
    """A mean over clips, with the interval that holds it."""

    mean: Number
    low: Number
    high: Number
    clips: Annotated[int, Field(ge=1)]
    """How many clips have a value."""


@dataclass(frozen=True, config=STRICT)
class Column:
    """What a measure is called, and which way is better."""

    name: str
    unit: str
    """What a value is counted in, such as dB; empty for a plain number."""
    best: Best


@dataclass(frozen=True, config=STRICT)
class ClipResults:
    """All that was measured of one clip."""

    name: str
    hashes: dict[str, str]
    """SHA-256 of each file that it was made from."""
    fps: Number
    flow: str
    """Along which flow neighbours were compared: `exact`, `DIS of the truth`, … or `none`."""
    joins: list[int]
    """Generated frames at which a window may begin."""
    values: dict[str, dict[str, list[Number]]]
    """Method → measure → values over the frames, or one value; NaN where there is nothing to measure."""

    def mean(self, method: str, measure: str) -> float:
        """The clip's figure: the mean over the frames that have a finite value; NaN where none has."""
        values = np.array(self.values.get(method, {}).get(measure, []), float)
        finite = values[np.isfinite(values)]
        return float(finite.mean()) if len(finite) else float("nan")


@dataclass(frozen=True, config=STRICT)
class Evaluation:
    """All results of one run over a set of clips."""

    facts: dict[str, Any]
    """Command, model, data, settings and versions: what it takes to repeat the run."""
    methods: Annotated[list[str], Field(min_length=1)]
    """In the order of the table; the last is the one that the clips are ranked by."""
    columns: Annotated[list[Column], Field(min_length=1)]
    clips: Annotated[list[ClipResults], Field(min_length=1)]
    sets: dict[str, dict[str, Result]]
    """Method → measure of the whole set (Fréchet distances and the like)."""
    failed: dict[str, str]
    """Clip → why it could not be measured."""
    format: Literal["tempose-evaluation-1"] = "tempose-evaluation-1"

    @model_validator(mode="after")
    def _names_are_different(self) -> Evaluation:
        for kind, names in (
            ("methods", self.methods),
            ("measures", [each.name for each in self.columns]),
            ("clips", [each.name for each in self.clips]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"two {kind} have one name")
        return self

    def per_clip(self, method: str, measure: str) -> np.ndarray:
        """A figure a clip, in their order; NaN where it has none."""
        return np.array([clip.mean(method, measure) for clip in self.clips])

    def result(self, method: str, measure: str) -> Result | None:
        """Mean over the clips and its bootstrap interval; None where no clip has a value."""
        if measure in self.sets.get(method, {}):
            return self.sets[method][measure]
        values = self.per_clip(method, measure)
        values = values[np.isfinite(values)]
        return Result(*bootstrap(values), clips=len(values)) if len(values) else None

    def over_time(self, method: str, measure: str) -> np.ndarray:
        """The mean over clips at each generated frame; NaN where no clip has a value. Empty if not over time."""
        rows = [clip.values.get(method, {}).get(measure, []) for clip in self.clips]
        length = max(map(len, rows), default=0)
        if length < 2:
            return np.empty(0)
        table = np.full((len(rows), length), np.nan)
        for row, values in zip(table, rows, strict=True):
            row[: len(values)] = values
        known = np.isfinite(table)
        total = np.where(known, table, 0).sum(axis=0)
        return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)

    def ranking_column(self) -> str:
        """By what clips are ranked: the first column with a better end in which the last method has a value."""
        method = self.methods[-1]
        known = [each for each in self.columns if np.isfinite(self.per_clip(method, each.name)).any()]
        return min(known, key=lambda column: column.best not in ("higher", "lower")).name

    def ranked(self) -> list[ClipResults]:
        """The clips from the best to the worst."""
        name = self.ranking_column()
        values = self.per_clip(self.methods[-1], name)
        higher = next(each for each in self.columns if each.name == name).best == "higher"
        order = np.argsort(np.nan_to_num(-values if higher else values, nan=np.inf), kind="stable")
        return [self.clips[i] for i in order]


# How sure a mean over clips is --------------------------------------------------------------------------
# The clip is what is drawn at random: frames of one clip resemble one another.

RESAMPLES = 2000


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
    """By how much the second run is above the first, clip by clip."""
    most_changed: np.ndarray
    """The clips' indices, the largest change of either sign first."""


def bootstrap(values: np.ndarray, *, level: float = 0.95, seed: int = 0) -> Interval:
    """The mean of a measure over clips, with its percentile bootstrap interval.

    Efron & Tibshirani, "An introduction to the bootstrap", 1993, section 13.3. It is somewhat too narrow
    for fewer than about twenty clips.

    Args:
        values: one for each clip, `n`, all finite.

    Returns:
        With a single clip, low and high are NaN: one value says nothing about others.
    """
    from scipy import stats

    if len(values) == 1:
        return Interval(float(values[0]), float("nan"), float("nan"))
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, confidence_level=level, method="percentile", rng=seed
    ).confidence_interval
    return Interval(float(values.mean()), float(found.low), float(found.high))


def paired(first: np.ndarray, second: np.ndarray) -> Paired:
    """The second run against the first over the same clips, `n` values each in the same order.

    The differences are resampled, not the runs: what makes a clip hard for both cancels.
    """
    changes = np.asarray(second, float) - np.asarray(first, float)
    return Paired(bootstrap(changes), changes, np.argsort(-np.abs(changes), kind="stable"))


# As JSON --------------------------------------------------------------------------------------------

_FORM = TypeAdapter(Evaluation)


def as_json(evaluation: Evaluation) -> str:
    """What report.json holds; NaN and infinity, which JSON does not know, are null."""
    summary = {
        method: {column.name: evaluation.result(method, column.name) for column in evaluation.columns}
        for method in evaluation.methods
    }
    fields = json.loads(_FORM.dump_json(evaluation))
    known = {method: {name: each for name, each in row.items() if each} for method, row in summary.items()}
    fields["summary"] = json.loads(TypeAdapter(dict[str, dict[str, Result]]).dump_json(known))
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, indent=1)


def read_evaluation(folder: Path | str) -> Evaluation:
    """The results in a report's folder.

    Raises:
        DataError: it holds no report, or one that is damaged or of another form.
    """
    path = Path(folder) / "report.json"
    try:
        return _FORM.validate_json(read_plain(path))
    except FileNotFoundError:
        raise DataError(
            f"there is no report {path}; wanted a folder that `tempose evaluate` wrote", path=path
        ) from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}", path=path) from error
    except ValidationError as error:
        raise DataError(
            f"{path} is damaged or no report of this version ({told(error)})", path=path, remedy="evaluate again"
        ) from error
