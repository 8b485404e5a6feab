"""The figures of an evaluation: every value of every clip, and what they come to.

    Evaluation ── facts: command, model, protocol, seeds, versions
               ├─ measures: name, unit, which way is better
               ├─ clips ── values: method → measure → over the frames
               └─ failed: clips that could not be measured, and why

It is what report.json holds, and what pages, tables and comparisons are made from.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from tempose.core.errors import DataError
from tempose.evaluation.statistics import bootstrap

FORMAT = "tempose-evaluation-1"

# The method whose frames are those of the clip itself.
TRUTH = "truth"

Best = Literal["higher", "lower", "near 0", "near 1", "as the truth"]


class Result(NamedTuple):
    """A mean over clips, with the interval that holds it."""

    mean: float
    low: float
    high: float
    clips: int
    """How many have a value."""


@dataclass(frozen=True)
class Column:
    """What a measure is called, and which way is better."""

    name: str
    unit: str
    """Empty for a plain number."""
    best: Best


@dataclass(frozen=True)
class ClipFigures:
    """All that was measured of one clip."""

    name: str
    hashes: dict[str, str]
    """SHA-256 of each file that it was made from."""
    fps: float
    flow: str
    """Along which flow neighbours were compared: `exact`, `DIS of the truth`, … or `none`."""
    joins: list[int]
    """Painted frames at which a window may begin."""
    values: dict[str, dict[str, list[float]]]
    """Method → measure → values over the frames, or one value; NaN where there is nothing to measure."""

    def mean(self, method: str, measure: str) -> float:
        """The clip's figure: the mean over the frames that have a finite value; NaN where none has."""
        values = np.array(self.values.get(method, {}).get(measure, []), float)
        finite = values[np.isfinite(values)]
        return float(finite.mean()) if len(finite) else float("nan")


@dataclass(frozen=True)
class Evaluation:
    """One run over a set of clips."""

    facts: dict[str, Any]
    """What it takes to repeat it."""
    methods: list[str]
    """In the order of the table; the last is the one that the clips are ranked by."""
    columns: list[Column]
    clips: list[ClipFigures]
    sets: dict[str, dict[str, Result]]
    """Method → measure of the whole set (Fréchet distances and the like)."""
    failed: dict[str, str]
    """Clip → why it could not be measured."""

    def per_clip(self, method: str, measure: str) -> np.ndarray:
        """A figure a clip, in their order; NaN where it has none."""
        return np.array([clip.mean(method, measure) for clip in self.clips])

    def figure(self, method: str, measure: str) -> Result | None:
        """Mean over the clips and its bootstrap interval; None where no clip has a value."""
        if measure in self.sets.get(method, {}):
            return self.sets[method][measure]
        values = self.per_clip(method, measure)
        values = values[np.isfinite(values)]
        return Result(*bootstrap(values), len(values)) if len(values) else None

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

    def ranked(self) -> list[ClipFigures]:
        """The clips from the best to the worst."""
        name = self.ranking_column()
        values = self.per_clip(self.methods[-1], name)
        higher = next(each for each in self.columns if each.name == name).best == "higher"
        order = np.argsort(np.nan_to_num(-values if higher else values, nan=np.inf), kind="stable")
        return [self.clips[i] for i in order]


# As JSON --------------------------------------------------------------------------------------------


def as_json(evaluation: Evaluation) -> str:
    """What report.json holds; NaN and infinity, which JSON does not know, are null."""
    fields = {"format": FORMAT, **asdict(evaluation)}
    fields["sets"] = {
        method: {measure: figure._asdict() for measure, figure in values.items()}
        for method, values in evaluation.sets.items()
    }
    fields["summary"] = {
        method: {
            column.name: figure._asdict()
            for column in evaluation.columns
            if (figure := evaluation.figure(method, column.name))
        }
        for method in evaluation.methods
    }
    return json.dumps(_without_nan(fields), ensure_ascii=False, allow_nan=False, indent=1)


def read_evaluation(folder: Path | str) -> Evaluation:
    """The figures of a report's folder.

    Raises:
        DataError: it holds no report, or one of another form.
    """
    path = Path(folder) / "report.json"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["format"] != FORMAT:
            raise DataError(f"{path} is of the form {fields['format']!r}; wanted {FORMAT}; evaluate again")
        return Evaluation(
            facts=fields["facts"],
            methods=fields["methods"],
            columns=[Column(**column) for column in fields["columns"]],
            clips=[ClipFigures(**{**clip, "values": _with_nan(clip["values"])}) for clip in fields["clips"]],
            sets={m: {k: Result(**_with_nan(v)) for k, v in values.items()} for m, values in fields["sets"].items()},
            failed=fields["failed"],
        )
    except FileNotFoundError:
        raise DataError(f"there is no report {path}; wanted a folder that `tempose evaluate` wrote") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is damaged or no report of tempose: {error!r}") from error


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    return [_without_nan(each) for each in value] if isinstance(value, (list, tuple)) else value


def _with_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_nan(each) for each in value]
    return float("nan") if value is None else value
