"""The command line: thin shells over the library's functions.

Heavy imports happen inside the commands, so that `tempose --help` answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tempose.errors import TemposeError

app = typer.Typer(
    name="tempose",
    help="One photo of a person and one motion in, a video of that person moving out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.command()
def info(
    model: Annotated[str, typer.Argument(help="A preset, such as pidm-256, or a folder of saved weights.")],
) -> None:
    """Count a model's parameters: by part, by training stage, and as the papers count them.

    Example: [bold]tempose info pidm-256[/bold]
    """
    from tempose.models.accounting import account, as_table

    typer.echo(as_table(account(model)))


@app.command()
def import_pidm(
    checkpoint: Annotated[Path, typer.Argument(help="The published file, usually last.pt.")],
    out_dir: Annotated[Path, typer.Argument(help="The folder to write: safetensors and config.")],
) -> None:
    """Turn a published PIDM checkpoint into safe weights that the pipeline loads.

    The file is a pickle; it is read without running any code that it may carry.

    Example: [bold]tempose import-pidm last.pt models/pidm[/bold]
    """
    from tempose.config import preset
    from tempose.files import written_whole
    from tempose.models.pidm import import_checkpoint
    from tempose.pipeline import PersonVideoPipeline

    networks = import_checkpoint(checkpoint)
    with written_whole(out_dir) as beside:
        PersonVideoPipeline.from_networks(networks, config=preset("pidm-256")).save_pretrained(beside)
    count = sum(network.num_parameters() for network in networks)
    typer.echo(f"{out_dir}: an image model of {count:,} parameters; see `tempose info {out_dir}`")


def main() -> None:
    """Run the command line; a user's mistake ends in one sentence and exit code 2."""
    try:
        app()
    except TemposeError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        typer.echo(f"error: {place}{error.strerror or error}", err=True)
        sys.exit(2)
