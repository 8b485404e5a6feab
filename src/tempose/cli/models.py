"""`tempose doctor`, `info`, `import-pidm`, `export` and `push`: the machine, models and their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tempose.cli.shell import MODEL, Overwrite, Shell, command
from tempose.core.files import check_there

GROUP = "Models"

Out = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write; made if it is not there.")]


@command("doctor", group=GROUP)
def doctor(
    shell: Shell,
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL)] = "people-128",
    device: Annotated[
        str | None, typer.Option(metavar="auto|cpu|cuda|mps", help=r"Only this one. [dim]\[default: all][/dim]")
    ] = None,
) -> None:
    """Say what this machine can do: devices and their memory, versions, optional tools, the time of one prediction.

    Exit code 1 says that a device is there and does not compute.

    Example: [bold]tempose doctor[/bold]
    """
    from tempose.animation.doctor import diagnose

    found = diagnose(model=model, device=device, track=shell.track)
    shell.done(found.as_text(), **found.as_dict())
    raise typer.Exit(0 if found.healthy else 1)


@command("info", group=GROUP)
def info(
    shell: Shell,
    model: Annotated[str, typer.Argument(help="A preset, such as pidm-256, or a folder of saved weights.")],
) -> None:
    """Count a model's parameters: by part, by training stage, and as the papers count them.

    Example: [bold]tempose info pidm-256[/bold]
    """
    from dataclasses import asdict

    from tempose.models.config import preset

    if not Path(model).is_dir():
        preset(model)

    from tempose.models.accounting import account, as_table

    counted = account(model)
    shell.done(as_table(counted), **asdict(counted))


@command("import-pidm", group=GROUP)
def import_pidm(
    shell: Shell,
    checkpoint: Annotated[Path, typer.Argument(help="The published file, usually last.pt.")],
    out_dir: Out,
    overwrite: Overwrite = False,
) -> None:
    """Turn a published PIDM checkpoint into safe weights that the pipeline loads.

    The file is a pickle; it is read without running any code that it may carry.

    Example: [bold]tempose import-pidm last.pt models/pidm[/bold]
    """
    from tempose.core.files import written_whole
    from tempose.diffusion.hub import check_weights_place

    check_there(checkpoint)
    check_weights_place(out_dir, overwrite=overwrite)

    from tempose.diffusion.pipeline import PersonVideoPipeline
    from tempose.models.config import preset
    from tempose.models.pidm import import_checkpoint

    networks = import_checkpoint(checkpoint)
    with written_whole(out_dir, replace=overwrite) as beside:
        PersonVideoPipeline.from_networks(networks, config=preset("pidm-256")).save_pretrained(beside)
    count = sum(network.num_parameters() for network in networks)
    shell.done(
        f"{out_dir}: an image model of {count:,} parameters; see `tempose info {out_dir}`",
        output=out_dir,
        parameters=count,
    )


@command("export", group=GROUP)
def export(
    shell: Shell,
    source: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or of weights.")],
    out: Out,
    overwrite: Overwrite = False,
) -> None:
    """Write the newest weights of a run as they are given to others: averaged, in half precision.

    Example: [bold]tempose export runs/people-temporal models/mine[/bold]
    """
    check_there(source)

    from tempose.training.export import export

    weights = export(source, out, overwrite=overwrite)
    shell.done(f"{out}: {weights} in float16", output=out, weights=weights)


@command("push", group=GROUP)
def push(
    shell: Shell,
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="What they are to be called on the Hub.")],
    source: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or of weights.")],
    license: Annotated[str, typer.Option(help="Of the weights, by the Hub's short name: mit, cc-by-4.0 ….")],
    private: Annotated[bool, typer.Option("--private", help="A new one is seen by its owner alone.")] = False,
    revision: Annotated[
        str | None, typer.Option(metavar="BRANCH", help=r"The branch to write. [dim]\[default: main][/dim]")
    ] = None,
) -> None:
    """Put the newest weights of a run on the Hub, with a model card that the run tells, and its samples.

    Log in first: [bold]hf auth login[/bold]. Everybody then animates with them by --model OWNER/NAME.

    Example: [bold]tempose push me/dancers runs/people-temporal --license mit[/bold]
    """
    check_there(source)

    from tempose.training.push import push

    address, files = push(source, name, license=license, private=private, revision=revision)
    shell.done(f"{address}: {len(files)} files", address=address, files=list(files))
