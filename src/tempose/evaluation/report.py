"""A report's folder: one page to look at, and the same figures for other programs.

report.html     tables, curves over time, best and worst clips as videos; needs no other file
report.md       the same table as Markdown
report.json     every value of every clip, and what it takes to repeat the run
clips.csv       one line for each clip and method
videos/         photo, poses, truth and methods beside one another, one file a clip
sheets/         moments of truth and methods at full size, one picture a clip
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tempose.core.errors import MediaError
from tempose.core.files import written_whole
from tempose.evaluation import page
from tempose.evaluation.curves import chart
from tempose.evaluation.results import TRUTH, Column, Evaluation, Result, as_json
from tempose.evaluation.run import TaskOutcome

# So many of the best and of the worst clips are on the page.
SHOWN = 3

ARROWS = {"higher": "↑", "lower": "↓", "near 0": "→ 0", "near 1": "→ 1", "as the truth": "→ truth"}


def write_report(outcome: TaskOutcome, out: Path | str) -> None:
    """Write the folder of a report, whole or not at all.

    Raises:
        InputError: `out` is a folder with something in it, or cannot be made.
    """
    evaluation = outcome.evaluation
    with written_whole(out) as beside:
        (beside / "videos").mkdir(parents=True)
        (beside / "sheets").mkdir()
        for index, clip in enumerate(evaluation.clips):
            video_file(beside, index).write_bytes(outcome.videos[clip.name])
            (beside / "sheets" / f"{index:04d}.jpg").write_bytes(outcome.sheets[clip.name])
        (beside / "report.json").write_text(as_json(evaluation), encoding="utf-8", errors="backslashreplace")
        (beside / "clips.csv").write_text(as_csv(evaluation), encoding="utf-8", errors="backslashreplace")
        (beside / "report.md").write_text(as_markdown(evaluation), encoding="utf-8", errors="backslashreplace")
        (beside / "report.html").write_text(as_html(outcome), encoding="utf-8", errors="backslashreplace")


def video_file(folder: Path, index: int) -> Path:
    """Where the video of the clip of this index is."""
    return folder / "videos" / f"{index:04d}.mp4"


def read_video(folder: Path, index: int) -> bytes:
    """The video of the clip of this index.

    Raises:
        MediaError: it is not there.
    """
    try:
        return video_file(folder, index).read_bytes()
    except OSError as error:
        raise MediaError(f"the report lacks its video {video_file(folder, index)}: {error.strerror}") from error


# The table ------------------------------------------------------------------------------------------


class Cell(NamedTuple):
    """One figure of the table, in words."""

    figure: str
    interval: str
    is_best: bool


def headline(evaluation: Evaluation) -> list[tuple[Column, list[Cell]]]:
    """For each column of the evaluation the figures of all methods, in their order."""
    rows = []
    for column in evaluation.columns:
        figures = [evaluation.figure(method, column.name) for method in evaluation.methods]
        best = best_of(column.best, dict(zip(evaluation.methods, figures, strict=True)))
        cells = [
            Cell(*in_words(figure), method == best) for method, figure in zip(evaluation.methods, figures, strict=True)
        ]
        rows.append((column, cells))
    return rows


def best_of(best: str, figures: dict[str, Result | None]) -> str | None:
    """The method with the best figure, the truth aside; None where that cannot be said."""
    means = {name: figure.mean for name, figure in figures.items() if figure is not None and name != TRUTH}
    truth = figures.get(TRUTH)
    if len(means) < 2 or (best == "as the truth" and truth is None):
        return None
    if best == "higher":
        return max(means, key=lambda name: means[name])
    target = {"near 1": 1.0, "as the truth": truth.mean if truth else 0.0}.get(best)
    if target is None:
        return min(means, key=lambda name: abs(means[name]))
    return min(means, key=lambda name: abs(np.log(max(means[name], 1e-12) / max(target, 1e-12))))


def in_words(figure: Result | None) -> tuple[str, str]:
    """A figure and its interval."""
    if figure is None:
        return "–", ""
    return number(figure.mean), f"{number(figure.low)} … {number(figure.high)}" if np.isfinite(figure.low) else ""


def number(value: float) -> str:
    """About four figures, without an exponent."""
    if not np.isfinite(value):
        return "–"
    digits = next((digits for digits, end in ((4, 1), (3, 10), (2, 100)) if abs(value) < end), 1)
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0 makes -0.0 plain 0


def titled(column: Column) -> str:
    """A column's name, unit and direction."""
    unit = f", {column.unit}" if column.unit else ""
    return f"{column.name}{unit} {ARROWS[column.best]}"


def summary_line(evaluation: Evaluation) -> str:
    """One sentence: what was measured."""
    failed = f"; {len(evaluation.failed)} could not be measured" if evaluation.failed else ""
    facts = evaluation.facts
    known = [f"{name} {facts[name]}" for name in ("model", "data", "protocol", "subject") if name in facts]
    return f"{len(evaluation.clips)} clips{failed}. {' · '.join(known)}"


INTERVALS = "Below each mean: where it may lie, the 95 % bootstrap interval over clips."


# In other forms ------------------------------------------------------------------------------------


def as_csv(evaluation: Evaluation) -> str:
    """One line for each clip and method, and one for each clip that failed."""
    file = io.StringIO()
    names = [column.name for column in evaluation.columns]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["clip", "method", *names, "failed"])
    for clip in evaluation.clips:
        for method in evaluation.methods:
            values = (clip.mean(method, name) for name in names)
            writer.writerow([clip.name, method, *(f"{v:.6g}" if np.isfinite(v) else "" for v in values), ""])
    for name, reason in evaluation.failed.items():
        writer.writerow([name, "", *([""] * len(names)), reason])
    return file.getvalue()


def markdown_table(evaluation: Evaluation) -> str:
    """The table of means and intervals, measures down, methods across."""
    lines = [f"| | {' | '.join(evaluation.methods)} |", f"|---|{'---|' * len(evaluation.methods)}"]
    for column, cells in headline(evaluation):
        words = (
            (f"**{each.figure}**" if each.is_best else each.figure) + (f" ({each.interval})" if each.interval else "")
            for each in cells
        )
        lines.append(f"| {titled(column)} | {' | '.join(words)} |")
    return "\n".join(lines) + "\n"


def as_markdown(evaluation: Evaluation) -> str:
    """The report in words and a table."""
    failed = "".join(f"- {reason}\n" for reason in evaluation.failed.values())
    return (
        f"# Evaluation\n\n{summary_line(evaluation)}\n\n"
        f"{INTERVALS.replace('Below', 'Beside')}\n\n{markdown_table(evaluation)}\n"
        + (f"## Clips that could not be measured\n\n{failed}\n" if failed else "")
        + "## To repeat it\n\n```\n"
        + "\n".join(fact_lines(evaluation))
        + "\n```\n\n"
        "SHA-256 of the clips:\n\n```\n" + "\n".join(hash_lines(evaluation)) + "\n```\n"
    )


def fact_lines(evaluation: Evaluation) -> list[str]:
    """What it takes to repeat the run, a line each."""
    return [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in evaluation.facts.items()]


def hash_lines(evaluation: Evaluation) -> list[str]:
    """SHA-256 and name of every file that was read."""
    hashes = {file: sha for clip in evaluation.clips for file, sha in clip.hashes.items()}
    return [f"{sha}  {file}" for file, sha in sorted(hashes.items())]


def as_html(outcome: TaskOutcome) -> str:
    """The page."""
    evaluation = outcome.evaluation
    parts = [
        "<h1>Evaluation</h1>",
        page.text(summary_line(evaluation)),
        f'<p class="faint">{INTERVALS} The best of each row is marked.</p>',
        html_table(evaluation),
        *curves_over_time(evaluation),
        *best_and_worst(outcome),
        *failures(evaluation),
        "<h2>Every clip</h2>",
        clip_table(evaluation),
        *to_repeat(evaluation),
    ]
    return page.page("Evaluation", parts)


def html_table(evaluation: Evaluation) -> str:
    """The table of means and intervals."""
    return page.table(
        ["", *evaluation.methods],
        (
            [
                page.cell(titled(column)),
                *(page.cell(c.figure, below=c.interval, kind="best" if c.is_best else "") for c in cells),
            ]
            for column, cells in headline(evaluation)
        ),
    )


def curves_over_time(evaluation: Evaluation) -> list[str]:
    """A chart for each measure that has a value for every frame."""
    first = 0 if TRUTH in evaluation.methods else 1  # so that a method's line looks alike in all reports
    joins = sorted({join for clip in evaluation.clips for join in clip.joins})
    drawn = []
    for column in evaluation.columns:
        curves = {method: evaluation.over_time(method, column.name) for method in evaluation.methods}
        if any(np.isfinite(values).any() for values in curves.values()):
            title = titled(column)
            drawn.append((title, chart(curves, title=f"{title} over the frames", joins=joins, first=first)))
    if not drawn:
        return []
    words = "Mean over the clips at each generated frame." + (
        " Ticks below the axis: where windows may join." if joins else ""
    )
    return ["<h2>Over time</h2>", page.text(words), page.legend(evaluation.methods, first=first), page.charts(drawn)]


def best_and_worst(outcome: TaskOutcome) -> list[str]:
    """Videos of the clips at both ends of the ranking."""
    ranked = outcome.evaluation.ranked()
    shown = min(SHOWN, len(ranked) // 2) if len(ranked) > 1 else 1
    groups = {"Best": ranked[:shown], "Worst": ranked[::-1][:shown] if len(ranked) > 1 else []}
    parts = [
        "<h2>Best and worst clips</h2>",
        page.text(
            f"By {outcome.evaluation.ranking_column()} of {outcome.evaluation.methods[-1]}; "
            "all clips are in the folder videos."
        ),
    ]
    columns = video_columns(outcome.evaluation.methods)
    for name, clips in groups.items():
        for place, clip in enumerate(clips, start=1):
            caption = f"{name} {place}: {clip.name}"
            parts.append(page.video(outcome.videos[clip.name], caption=caption, columns=columns))
    return parts


def video_columns(methods: Sequence[str]) -> list[str]:
    """What stands beside one another in the video of a clip."""
    return ["photo", "poses", *methods]


def failures(evaluation: Evaluation) -> list[str]:
    """The clips that could not be measured, and why."""
    if not evaluation.failed:
        return []
    rows = ([page.cell(name), page.cell(reason, kind="wide")] for name, reason in evaluation.failed.items())
    return ["<h2>Clips that could not be measured</h2>", page.table(["clip", "why"], rows)]


def clip_table(evaluation: Evaluation) -> str:
    """The figures of the last method, clip by clip."""
    method = evaluation.methods[-1]
    columns = [c for c in evaluation.columns if np.isfinite(evaluation.per_clip(method, c.name)).any()]
    rows = (
        [page.cell(clip.name), *(page.cell(number(clip.mean(method, c.name))) for c in columns), page.cell(clip.flow)]
        for clip in evaluation.clips
    )
    return page.text(f"Figures of {method}.") + page.table(["clip", *(titled(c) for c in columns), "flow"], rows)


def to_repeat(evaluation: Evaluation) -> list[str]:
    """What it takes to repeat the run."""
    facts = escape("\n".join(fact_lines(evaluation)))
    hashes = escape("\n".join(hash_lines(evaluation)))
    return [
        "<h2>To repeat it</h2>",
        f"<pre>{facts}</pre>",
        f"<details><summary>SHA-256 of the clips</summary><pre>{hashes}</pre></details>",
    ]
