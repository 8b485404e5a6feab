"""Figures kept: every run in a JSON file, the newest of each case as a table in a Markdown page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tempose.core.errors import InputError
from tempose.core.files import written_whole

# One line of a case's table: column → figure, text, or None where there is nothing to say.
Row = dict[str, Any]


def as_table(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table."""
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([_shown(row[column]) for column in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


def keep(rows: Sequence[Row], *, case: str, machine: dict[str, Any], repeats: int, file: Path) -> None:
    """Add a run to the JSON file; those of before stay."""
    runs = json.loads(file.read_text(encoding="utf-8"))["runs"] if file.exists() else []
    run = {
        "case": case,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "tempose": version("tempose"),
        "repeats": repeats,
        "machine": machine,
        "rows": list(rows),
    }
    with written_whole(file) as beside:
        beside.write_text(json.dumps({"runs": [*runs, run]}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def show(rows: Sequence[Row], *, case: str, machine: dict[str, Any], repeats: int, page: Path) -> None:
    """Put a table in the place of the case's last one, between `<!-- case NAME -->` and `<!-- end -->`.

    Raises:
        InputError: the page has no place for the case.
    """
    text = page.read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- case {re.escape(case)} -->\n).*?(<!-- end -->)", re.S)
    if not place.search(text):
        raise InputError(f"{page} has no place for the case {case}; put <!-- case {case} --> and <!-- end --> into it")
    body = f"\n{as_table(rows)}\n\n{in_words(machine, repeats)}\n\n"
    with written_whole(page) as beside:
        beside.write_text(place.sub(lambda found: found[1] + body + found[2], text), encoding="utf-8")


def in_words(machine: dict[str, Any], repeats: int) -> str:
    """The machine in one line."""
    chip = machine["gpu"] or f"{machine['processor']} ({', '.join(machine['instructions'])})"
    rounds = f"median of {repeats}" if repeats > 1 else "once"
    return (
        f"{chip}, {machine['cores']} cores, {machine['threads']} threads, {machine['memory_gib']} GiB; "
        f"torch {machine['torch']}; {machine['waiting_processes']} processes running; {rounds}."
    )
