"""`tempose batch`: many photos, many motions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tempose.cli.shell import Address, Shell, command
from tempose.core.errors import InputError, sayable

if TYPE_CHECKING:
    from tempose.animation.settings import AnimateSettings

Workers = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help=r"At most so many workers. [dim]\[default: one a GPU or core][/dim]"),
]


@command("batch", group="Animate", settings="tempose.animation.settings:AnimateSettings")
def batch(
    shell: Shell,
    settings: AnimateSettings,
    jobs: Annotated[
        str | None,
        typer.Argument(
            help="A table, .csv, .jsonl or .yaml: photo, motion, and where wanted output and any of the settings below."
        ),
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="OUT", help="The folder of results; also s3://, gs://, hf:// ….")
    ] = "out",
    photos: Annotated[str | None, typer.Option(metavar="FOLDER", help="Instead of a table, photos …")] = None,
    motions: Annotated[
        str | None,
        typer.Option(metavar="FOLDER|NAMES", help="… each with every motion of a folder, or of names: walk,wave."),
    ] = None,
    address: Address = None,
    workers: Workers = None,
) -> None:
    """Animate many photos by many motions, on all cores or GPUs of this machine, or of a cluster.

    Each result is named after its photo, its motion and what else it follows from. OUT/manifest.jsonl says of every job
    whether it is done, failed and why, or waiting. Run again, the same command makes what is missing. Exit code 1 says
    that a job failed.

    Examples:

    [bold]tempose batch --photos photos --motions motions -o out[/bold]: every photo with every motion

    [bold]tempose batch jobs.csv -o out --size 512[/bold]: with the columns photo, motion, seed, for example

    [bold]tempose batch jobs.jsonl -o s3://bucket/out --address auto[/bold]: on the cluster that runs here
    """
    from tempose.batch.jobs import product, read_jobs

    if jobs is not None and photos is None and motions is None:
        wanted = read_jobs(jobs, settings)
    elif jobs is None and photos is not None and motions is not None:
        wanted = product(photos, motions, settings)
    else:
        raise InputError("give a table of jobs, or --photos and --motions, as in: tempose batch jobs.csv -o out")

    from tempose.batch.run import run_batch

    ended = run_batch(wanted, output, address=address, workers=workers, track=shell.track)
    for reason in ended.failed:
        typer.echo(sayable(f"failed: {reason}"), err=True)
    shell.done(
        f"{output}: {ended.done} of {len(wanted)} results, {ended.made} of them made now; see {ended.manifest}",
        output=output,
        jobs=len(wanted),
        done=ended.done,
        made=ended.made,
        failed=ended.failed,
        manifest=ended.manifest,
    )
    raise typer.Exit(1 if ended.failed else 0)
