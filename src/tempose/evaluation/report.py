"""A report's folder: one page to look at, and the same figures for other programs.

report.html     tables, curves over time, best and worst clips as videos; needs no other file
report.md       the same table as Markdown
report.json     every value of every clip, and what it takes to repeat the run
clips.csv       one line for each clip and method
videos/         photo, poses, truth and methods beside one another, one file a clip
sheets/         moments of truth and methods at full size, one picture a clip
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tempose.core.errors import MediaError
from tempose.core.files import check_free_or_finished, written_whole
from tempose.core.reading import read_plain
from tempose.evaluation.results import TRUTH, ClipResults, Column, Evaluation, Result, as_json
from tempose.evaluation.run import TaskOutcome

FILES = ("report.html", "report.md", "report.json", "clips.csv", "videos", "sheets")

# So many of the best and of the worst clips are on the page.
SHOWN = 3

ARROWS = {"higher": "↑", "lower": "↓", "near 0": "→ 0", "near 1": "→ 1", "as the truth": "→ truth"}


def check_place(out: Path | str, *, overwrite: bool = False) -> None:
    """Whether a report can be written to `out`, before any time is spent on it.

    Raises:
        InputError: it is a file, a folder of other things, or a finished report that is not to be replaced.
    """
    check_free_or_finished(out, kind="report", mark="report.json", names=FILES, overwrite=overwrite)


def write_report(outcome: TaskOutcome, out: Path | str, *, overwrite: bool = False) -> None:
    """Write the folder of a report, whole or not at all.

    Raises:
        InputError: as `check_place`, or the folder cannot be made.
    """
    check_place(out, overwrite=overwrite)
    evaluation = outcome.evaluation
    with written_whole(out, replace=overwrite) as beside:
        (beside / "videos").mkdir(parents=True)
        (beside / "sheets").mkdir()
        for index, clip in enumerate(evaluation.clips):
            video_file(beside, index).write_bytes(outcome.videos[clip.name])
            (beside / "sheets" / f"{index:04d}.jpg").write_bytes(outcome.sheets[clip.name])
        texts = (as_html(outcome), as_markdown(evaluation), as_json(evaluation), as_csv(evaluation))
        for name, text in zip(FILES[:4], texts, strict=True):
            (beside / name).write_text(text, encoding="utf-8", errors="backslashreplace")


def video_file(folder: Path, index: int) -> Path:
    """Where the video of the clip of this index is."""
    return folder / "videos" / f"{index:04d}.mp4"


def read_video(folder: Path, index: int) -> bytes:
    """The video of the clip of this index.

    Raises:
        MediaError: it is not there.
    """
    try:
        return read_plain(video_file(folder, index))
    except OSError as error:
        raise MediaError(
            f"the report lacks its video {video_file(folder, index)}: {error.strerror}", path=video_file(folder, index)
        ) from error


# The table ------------------------------------------------------------------------------------------


class Cell(NamedTuple):
    """One figure of the table, in words."""

    figure: str
    interval: str
    is_best: bool


def headline(evaluation: Evaluation) -> list[tuple[Column, list[Cell]]]:
    """For each column of the evaluation the results of all methods, in their order."""
    rows = []
    for column in evaluation.columns:
        results = {method: evaluation.result(method, column.name) for method in evaluation.methods}
        best = best_of(column.best, results)
        rows.append((column, [Cell(*in_words(result), method == best) for method, result in results.items()]))
    return rows


def best_of(best: str, results: dict[str, Result | None]) -> str | None:
    """The method with the best figure, the truth aside; None where that cannot be said."""
    means = {name: figure.mean for name, figure in results.items() if figure is not None and name != TRUTH}
    truth = results.get(TRUTH)
    if len(means) < 2 or (best == "as the truth" and truth is None):
        return None
    if best == "higher":
        return max(means, key=lambda name: means[name])
    target = {"near 1": 1.0, "as the truth": truth.mean if truth else 0.0}.get(best)
    if target is None:
        return min(means, key=lambda name: abs(means[name]))
    return min(means, key=lambda name: abs(np.log(max(means[name], 1e-12) / max(target, 1e-12))))


def in_words(figure: Result | None) -> tuple[str, str]:
    """A mean, and the interval that holds it, for a table; no interval of a single clip."""
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


INTERVALS = "Beside each mean: where it may lie, the 95 % bootstrap interval over clips."


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
        f"{INTERVALS}\n\n{markdown_table(evaluation)}\n"
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
    """The report as one self-contained page."""
    evaluation = outcome.evaluation
    method = evaluation.methods[-1]
    known = [each for each in evaluation.columns if np.isfinite(evaluation.per_clip(method, each.name)).any()]
    return rendered(
        "report.html",
        title="Evaluation",
        summary=summary_line(evaluation),
        methods=evaluation.methods,
        table=[(titled(column), cells) for column, cells in headline(evaluation)],
        curves=curves_over_time(evaluation),
        joins=joins(evaluation),
        ranked_by=evaluation.ranking_column(),
        columns=video_columns(evaluation.methods),
        shown=[
            (f"{place}: {clip.name}", outcome.videos[clip.name], outcome.sheets[clip.name])
            for place, clip in best_and_worst(evaluation)
        ],
        failed=evaluation.failed,
        clip_heads=[titled(each) for each in known],
        clip_rows=[
            [clip.name, *(number(clip.mean(method, each.name)) for each in known), clip.flow]
            for clip in evaluation.clips
        ],
        facts="\n".join(fact_lines(evaluation)),
        hashes="\n".join(hash_lines(evaluation)),
    )


def rendered(template: str, **values: Any) -> str:
    """A page from its template; words are escaped, bytes become Base64 by the filter of that name."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(loader=PackageLoader("tempose.evaluation"), autoescape=True, undefined=StrictUndefined)
    pages.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return pages.get_template(template).render(values)


def joins(evaluation: Evaluation) -> list[int]:
    """The frames at which windows may join in some clip."""
    return sorted({join for clip in evaluation.clips for join in clip.joins})


def curves_over_time(evaluation: Evaluation) -> bytes:
    """The measures that have a value for every frame, drawn over the frames: an SVG; empty where there is none."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    drawn = {
        titled(column): {method: evaluation.over_time(method, column.name) for method in evaluation.methods}
        for column in evaluation.columns
    }
    drawn = {t: curves for t, curves in drawn.items() if any(np.isfinite(each).any() for each in curves.values())}
    if not drawn:
        return b""
    rows = -(-len(drawn) // 2)
    picture = Figure(figsize=(9.6, 2.5 * rows), layout="constrained")
    charts = picture.subplots(rows, 2, squeeze=False).ravel()
    for chart, (title, curves) in zip(charts, drawn.items(), strict=False):
        for index, (method, values) in enumerate(curves.items()):
            if len(values):
                chart.plot(np.arange(1, len(values) + 1), values, label=method, color=f"C{index}")
        for join in joins(evaluation):
            chart.axvline(join + 0.5, ymax=0.04, color="gray")
        chart.set_title(title, fontsize="medium")
        chart.grid(alpha=0.3)
    for chart in charts[len(drawn) :]:
        chart.remove()
    lines = {line.get_label(): line for chart in charts[: len(drawn)] for line in chart.get_lines()}
    shown = {method: lines[method] for method in evaluation.methods if method in lines}
    picture.legend(shown.values(), shown.keys(), loc="outside upper center", ncols=len(shown))
    file = io.BytesIO()
    with rc_context({"svg.hashsalt": "tempose", "svg.fonttype": "none"}):
        picture.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def best_and_worst(evaluation: Evaluation) -> list[tuple[str, ClipResults]]:
    """The clips at both ends of the ranking, with their places."""
    ranked = evaluation.ranked()
    if len(ranked) == 1:
        return [("The clip", ranked[0])]
    ends = min(SHOWN, len(ranked) // 2)
    return [
        (f"{name} {place}", clip)
        for name, clips in (("Best", ranked[:ends]), ("Worst", ranked[::-1][:ends]))
        for place, clip in enumerate(clips, start=1)
    ]


def video_columns(methods: Sequence[str]) -> list[str]:
    """What stands beside one another in the video of a clip."""
    return ["photo", "poses", *methods]
