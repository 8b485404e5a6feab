"""`python -m benchmarks.speed NAME`: measure one case, or several, or `all`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tempose.core.errors import InputError, TemposeError


def bench(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Cases, `all`, or `list`.")],
    repeats: Annotated[int, typer.Option(min=1, help="Rounds, in which configurations take turns.")] = 5,
    docs: Annotated[
        Path | None, typer.Option(help="Keep the figures in benchmarks.json and benchmarks.md of this folder.")
    ] = None,
) -> None:
    """Measure cases, each printed as a table.

    How few steps are enough: [bold]python -m benchmarks.speed steps MODEL DATA[/bold]

    Example: [bold]python -m benchmarks.speed prediction savings --docs docs[/bold]
    """
    from benchmarks.speed.cases import CASES
    from benchmarks.speed.machine import describe
    from benchmarks.speed.record import as_table, in_words, keep, show
    from tempose.core.errors import unknown

    if names == ["list"]:
        for name, case in CASES.items():
            typer.echo(f"{name:16} {case.summary}")
        return
    chosen = list(CASES) if names == ["all"] else names
    for name in chosen:
        if name not in CASES:
            raise InputError(unknown("case", name, CASES))
    for name in chosen:
        rounds = 1 if CASES[name].once else repeats
        rows, machine = CASES[name].measure(rounds), describe()
        typer.echo(f"\n{name}\n\n{as_table(rows)}\n\n{in_words(machine, rounds)}")
        if docs is not None:
            keep(rows, case=name, machine=machine, repeats=rounds, file=docs / "benchmarks.json")
            show(rows, case=name, machine=machine, repeats=rounds, page=docs / "benchmarks.md")


def steps(
    model: Annotated[str, typer.Argument(help="Weights: a name, a folder, or OWNER/NAME on the Hub.")],
    data: Annotated[Path, typer.Argument(help="A prepared dataset.")],
    split: Annotated[str, typer.Option(help="Which part of it.")] = "test",
    clips: Annotated[int, typer.Option(min=1, help="So many clips.")] = 16,
    frames: Annotated[int, typer.Option(min=1, help="So many frames of each.")] = 4,
    guidance: Annotated[float | None, typer.Option(help="Scale of the photo; the model's own.")] = None,
    solver: Annotated[list[str] | None, typer.Option(help="Only this solver; may be repeated.")] = None,
    spacing: Annotated[list[str] | None, typer.Option(help="Only this spacing; may be repeated.")] = None,
    count: Annotated[list[int] | None, typer.Option(help="Only so many steps; may be repeated.")] = None,
    docs: Annotated[
        Path | None, typer.Option(help="Keep the figures in this folder's benchmarks.json and .md.")
    ] = None,
) -> None:
    """SSIM and L1 against solver × spacing × steps × interval of guidance, beside 50 steps of DDIM.

    Example: [bold]python -m benchmarks.speed steps people-128 data/people-video --clips 32[/bold]
    """
    from benchmarks.speed.machine import describe
    from benchmarks.speed.record import as_table, keep, show
    from benchmarks.speed.search import SOLVERS, SPACINGS, STEPS, search
    from tempose.core.progress import bar

    rows = search(
        model, data, split=split, clips=clips, frames=frames, guidance=guidance,
        solvers=solver or SOLVERS, spacings=spacing or SPACINGS, steps=count or STEPS, track=bar,
    )  # fmt: skip
    typer.echo(as_table(rows))
    if docs is not None:
        keep(rows, case="steps", machine=describe(), repeats=1, file=docs / "benchmarks.json")
        show(rows, case="steps", machine=describe(), repeats=1, page=docs / "benchmarks.md")


def main() -> None:
    """Measure; a user's mistake ends in one sentence and exit code 2."""
    # As the command line does: threads that wait sleep, so that other work does not distort the figures more.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    searching = sys.argv[1:2] == ["steps"]
    app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)
    app.command()(steps if searching else bench)
    try:
        app(sys.argv[2:] if searching else sys.argv[1:])
    except TemposeError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
