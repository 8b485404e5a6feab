"""`tempose info`, `import-pidm` and `export`: models and their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tempose.cli.shell import Overwrite, Shell, command

GROUP = "Models"

Out = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write; made if it is not there.")]


@command("info", group=GROUP)
def info(
    shell: Shell,
    model: Annotated[str, typer.Argument(help="A preset, such as pidm-256, or a folder of saved weights.")],
) -> None:
    """Count a model's parameters: by part, by training stage, and as the papers count them.

    Example: [bold]tempose info pidm-256[/bold]
    """
    from dataclasses import asdict

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
    from tempose.diffusion.pipeline import PersonVideoPipeline
    from tempose.models.config import preset
    from tempose.models.pidm import import_checkpoint

    check_weights_place(out_dir, overwrite=overwrite)
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
    from tempose.training.export import export

    weights = export(source, out, overwrite=overwrite)
    shell.done(f"{out}: {weights} in float16", output=out, weights=weights)
