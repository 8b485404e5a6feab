"""Several reports beside one another: what differs, how surely, and on which clips.

Reports are compared clip by clip. What makes a clip hard for one model makes it hard for the other;
the difference of each clip, resampled over clips, shows changes that the means alone would hide.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tempose.core.errors import DataError, InputError
from tempose.core.files import check_free_or_finished, written_whole
from tempose.evaluation.report import in_words, number, read_video, rendered, titled, video_columns
from tempose.evaluation.results import Column, Evaluation, Paired, paired, read_evaluation

FILES = ("compare.html", "compare.md", "compare.json", "clips.csv")

# So many of the clips that changed most are shown for each report.
SHOWN = 3


@dataclass(frozen=True, eq=False)
class Report:
    """A report's folder, read."""

    label: str
    """The folder's path without what all have in common."""
    folder: Path
    evaluation: Evaluation
    """Of the clips that all reports have; results of whole sets are of the whole set still."""
    places: dict[str, int]
    """Clip → its index in the folder."""
    left_out: int
    """How many clips of this report the others lack."""


@dataclass(frozen=True, eq=False)
class Difference:
    """How a report differs from the first in one measure of the last method."""

    report: Report
    column: Column
    clips: list[str]
    """Those that have a value in both."""
    values: Paired


@dataclass(frozen=True, eq=False)
class Comparison:
    """Reports over the same clips."""

    reports: list[Report]
    """The first is what the others are compared with."""
    columns: list[Column]
    """The measures that all reports have."""
    differences: list[Difference]
    notes: list[str]
    """In what the runs differ besides the results."""


def compare(folders: Sequence[Path | str]) -> Comparison:
    """Compare reports with the first of them.

    Raises:
        InputError: fewer than two folders.
        DataError: a folder holds no report, two have no clip or measure in common, or a clip of the same
            name is another file.
    """
    if len(folders) < 2:
        raise InputError(f"{len(folders)} report was given; wanted two or more to compare")
    paths = [Path(folder) for folder in folders]
    reports = shared([read_evaluation(path) for path in paths], paths)
    first, others = reports[0], reports[1:]
    names = [{column.name for column in report.evaluation.columns} for report in reports]
    columns = [column for column in first.evaluation.columns if all(column.name in each for each in names)]
    differences = [
        difference for other in others for column in columns if (difference := differ(first, other, column)) is not None
    ]
    if not differences:
        raise DataError(
            f"{', '.join(map(str, paths))} have no measure in common", remedy="evaluate with the same protocol"
        )
    return Comparison(reports, columns, differences, [note for other in others for note in notes(first, other)])


def labels(paths: Sequence[Path]) -> list[str]:
    """What tells the folders apart: their names, and as much of the path as that takes."""
    parts = [path.resolve().parts for path in paths]
    for depth in range(1, max(map(len, parts)) + 1):
        short = ["/".join(each[-depth:]) for each in parts]
        if len(set(short)) == len(short):
            return short
    raise InputError("the same report was given twice; wanted different ones")


def shared(evaluations: Sequence[Evaluation], paths: Sequence[Path]) -> list[Report]:
    """The reports, with the clips that all have.

    Raises:
        DataError: there is none, or it is not the same file in all.
    """
    hashes = [{clip.name: clip.hashes for clip in each.clips} for each in evaluations]
    common = set.intersection(*map(set, hashes))
    if not common:
        raise DataError(f"{', '.join(map(str, paths))} have no clip in common")
    reports = []
    for label, path, each, known in zip(labels(paths), paths, evaluations, hashes, strict=True):
        for name in sorted(common):
            if known[name] != hashes[0][name]:
                raise DataError(
                    f"{name} is another file in {path} than in {paths[0]} (SHA-256 differs)",
                    path=path,
                    remedy="evaluate both on the same data",
                )
        clips = [clip for clip in each.clips if clip.name in common]
        places = {clip.name: index for index, clip in enumerate(each.clips)}
        reports.append(Report(label, path, replace(each, clips=clips), places, len(each.clips) - len(clips)))
    return reports


def differ(first: Report, other: Report, column: Column) -> Difference | None:
    """The last method of a report against that of the first, clip by clip; None without a common clip."""
    ours, theirs = ({clip.name: clip for clip in each.evaluation.clips} for each in (first, other))
    methods = first.evaluation.methods[-1], other.evaluation.methods[-1]
    pairs = {
        name: (ours[name].mean(methods[0], column.name), theirs[name].mean(methods[1], column.name)) for name in ours
    }
    known = {name: pair for name, pair in pairs.items() if np.isfinite(pair).all()}
    return Difference(other, column, list(known), paired(*np.array(list(known.values())).T)) if known else None


def notes(first: Report, other: Report) -> list[str]:
    """What else is not the same in two reports."""
    found = []
    for name in ("protocol", "subject", "size", "steps", "seed", "versions"):
        a, b = first.evaluation.facts.get(name), other.evaluation.facts.get(name)
        if a != b:
            found.append(f"{name}: {json.dumps(a)} in {first.label}, {json.dumps(b)} in {other.label}")
    found += [f"{each.left_out} clips of {each.label} are not in all" for each in (first, other) if each.left_out]
    return found


# Written out ---------------------------------------------------------------------------------------


def write_comparison(comparison: Comparison, out: Path | str, *, overwrite: bool = False) -> None:
    """Write the FILES of a comparison into a folder, whole or not at all.

    Args:
        overwrite: a finished comparison is replaced.

    Raises:
        InputError: `out` is a file, a folder of other things or a finished comparison, or cannot be made.
        MediaError: a report lacks a video.
    """
    check_free_or_finished(out, kind="comparison", mark="compare.json", names=FILES, overwrite=overwrite)
    with written_whole(out, replace=overwrite) as beside:
        beside.mkdir()
        for name, form in zip(FILES, (as_html, as_markdown, as_json, as_csv), strict=True):
            (beside / name).write_text(form(comparison), encoding="utf-8", errors="backslashreplace")


def heads(comparison: Comparison) -> list[str]:
    """The heads of the table: the last method of each report, then each difference from the first."""
    return [
        "",
        *(f"{report.label}: {report.evaluation.methods[-1]}" for report in comparison.reports),
        *(f"{report.label} − {comparison.reports[0].label}" for report in comparison.reports[1:]),
    ]


def rows(comparison: Comparison) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each measure the figure of each report and its difference from the first, with intervals."""
    table = []
    for column in comparison.columns:
        cells = [
            in_words(report.evaluation.result(report.evaluation.methods[-1], column.name))
            for report in comparison.reports
        ]
        for report in comparison.reports[1:]:
            found = [d for d in comparison.differences if d.report is report and d.column.name == column.name]
            cells.append(changed(found[0]) if found else ("–", ""))
        table.append((titled(column), cells))
    return table


def changed(difference: Difference) -> tuple[str, str]:
    """A difference and its interval; marked where the interval leaves out 0."""
    mean, low, high = difference.values.difference
    if not np.isfinite(low):
        return f"{signed(mean)}", ""
    sure = (low > 0 or high < 0) and float(number(mean)) != 0
    return f"{signed(mean)}{' *' if sure else ''}", f"{signed(low)} … {signed(high)}"


def signed(value: float) -> str:
    words = number(value)
    return f"+{words}" if float(words) > 0 else words


EXPLAINED = "Differences are means over the same clips; * where the 95 % bootstrap interval leaves out 0."


def as_markdown(comparison: Comparison) -> str:
    """The comparison in words and a table."""
    columns = heads(comparison)
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for name, cells in rows(comparison):
        words = (figure + (f" ({interval})" if interval else "") for figure, interval in cells)
        lines.append(f"| {name} | {' | '.join(words)} |")
    other = "".join(f"- {note}\n" for note in comparison.notes)
    return (
        f"# Comparison\n\n{EXPLAINED}\n\n"
        + "\n".join(lines)
        + "\n\n## Clips that changed most\n\n"
        + "".join(f"- {line}\n" for line in most_changed(comparison))
        + (f"\n## The runs also differ in\n\n{other}" if other else "")
    )


def most_changed(comparison: Comparison) -> list[str]:
    """For each report and measure the clip that changed most, in words."""
    return [
        f"{d.column.name}, {d.report.label}: "
        + ", ".join(f"{d.clips[i]} {signed(float(d.values.changes[i]))}" for i in d.values.most_changed[:SHOWN])
        for d in comparison.differences
    ]


def as_json(comparison: Comparison) -> str:
    """The differences for other programs."""

    def plain(values: Iterable[float]) -> list[float | None]:
        return [float(value) if np.isfinite(value) else None for value in values]

    fields = {
        "format": "tempose-comparison-1",
        "reports": [str(report.folder) for report in comparison.reports],
        "notes": comparison.notes,
        "differences": [
            {
                "report": d.report.label,
                "measure": d.column.name,
                **dict(zip(("mean", "low", "high"), plain(d.values.difference), strict=True)),
                "clips": dict(zip(d.clips, plain(d.values.changes), strict=True)),
            }
            for d in comparison.differences
        ],
    }
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, indent=1)


def as_csv(comparison: Comparison) -> str:
    """One line for each report, measure and clip."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["report", "measure", "clip", "difference"])
    for d in comparison.differences:
        for clip, change in zip(d.clips, d.values.changes, strict=True):
            writer.writerow([d.report.label, d.column.name, clip, f"{change:.6g}"])
    return file.getvalue()


def as_html(comparison: Comparison) -> str:
    """The comparison as one self-contained page."""
    return rendered(
        "compare.html",
        title="Comparison",
        explained=EXPLAINED,
        heads=heads(comparison),
        rows=rows(comparison),
        notes=comparison.notes,
        changed=changed_videos(comparison),
    )


def changed_videos(comparison: Comparison) -> list[tuple[str, list[tuple[str, bytes, list[str]]]]]:
    """For each report in words by what, and (caption, mp4, its columns) of the clips that changed most in that."""
    first, found = comparison.reports[0], []
    for report in comparison.reports[1:]:
        difference = next((d for d in comparison.differences if d.report is report), None)
        if difference is None:
            continue
        most = [(difference.clips[i], difference.values.changes[i]) for i in difference.values.most_changed[:SHOWN]]
        videos = [
            (
                f"{name}, {signed(float(change))}: {shown.label}",
                read_video(shown.folder, shown.places[name]),
                video_columns(shown.evaluation.methods),
            )
            for name, change in most
            for shown in (first, report)
        ]
        found.append((f"By {difference.column.name}, {report.label} against {first.label}.", videos))
    return found
