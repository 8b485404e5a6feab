"""`tempose evaluate` and `compare`: how good a model is, and what changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tempose.cli.shell import Address, Overwrite, Shell, command
from tempose.core.errors import InputError, sayable
from tempose.core.files import check_there

if TYPE_CHECKING:
    from tempose.evaluation.settings import EvaluateSettings

GROUP = "Measure"


@command("evaluate", group=GROUP, settings="tempose.evaluation.settings:EvaluateSettings")
def evaluate(
    shell: Shell,
    settings: EvaluateSettings,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="The folder to write the report into.")],
    videos: Annotated[
        list[Path] | None, typer.Argument(help="With --native: videos, folders of videos, or prepared datasets.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A prepared dataset (`tempose prepare`, `tempose people`).")
    ] = None,
    overwrite: Overwrite = False,
    address: Address = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help=r"On a cluster, at most so many. [dim]\[default: one a device][/dim]"),
    ] = None,
) -> None:
    """Measure a model on clips, beside the photo copied and the photo warped, and write a report.

    With --data at the model's own size; with --native as `tempose animate` shows it.

    The folder gets report.html, report.md, report.json, clips.csv, videos/ and sheets/. Exit code 1 says that a
    clip could not be measured; the report names it. On several GPUs:
    [bold]accelerate launch --num_processes 4 -m tempose evaluate …[/bold]

    Examples: [bold]tempose evaluate --data data/people --protocol overlap -o report[/bold],
    [bold]tempose evaluate --native clips/*.mp4 -o report[/bold]
    """
    if videos and not settings.native:
        raise InputError(f"{videos[0]} is given beside --data", path=videos[0], remedy="give --native for videos")
    sources = [*(videos or []), *([] if data is None else [data])]
    for source in sources:
        check_there(source)

    from accelerate import PartialState

    from tempose.evaluation.evaluate import evaluate_clips
    from tempose.evaluation.report import check_place, markdown_table, write_report

    check_place(output, overwrite=overwrite)
    outcome = evaluate_clips(sources, settings, address=address, workers=workers, track=shell.track)
    evaluation = outcome.evaluation
    state = PartialState()
    if state.is_main_process:
        write_report(outcome, output, overwrite=overwrite)
        for warning in evaluation.facts["warnings"]:
            shell.note(warning)
        for reason in evaluation.failed.values():
            typer.echo(sayable(f"not measured: {reason}"), err=True)
        shell.done(
            f"{markdown_table(evaluation)}\n{output / 'report.html'}: {len(evaluation.clips)} clips",
            output=output,
            clips=len(evaluation.clips),
            failed=evaluation.failed,
            warnings=evaluation.facts["warnings"],
        )
    state.wait_for_everyone()  # a launcher ends the others as soon as one exits with 1
    raise typer.Exit(1 if evaluation.failed else 0)


@command("compare", group=GROUP)
def compare(
    shell: Shell,
    reports: Annotated[list[Path], typer.Argument(metavar="REPORT REPORT…", help="Folders of `tempose evaluate`.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="The folder to write.")],
    overwrite: Overwrite = False,
) -> None:
    """Compare reports with the first of them, clip by clip: what changed, how surely, on which clips most.

    The folder gets compare.html, compare.md, compare.json and clips.csv.

    Example: [bold]tempose compare reports/before reports/after -o reports/what-changed[/bold]
    """
    for report in reports:
        check_there(report)

    from tempose.evaluation.compare import as_markdown, compare, write_comparison

    comparison = compare(reports)
    write_comparison(comparison, output, overwrite=overwrite)
    shell.done(
        f"{as_markdown(comparison)}\n{output / 'compare.html'}: {len(reports)} reports",
        output=output,
        reports=len(reports),
    )
