"""`tempose train` and `personalize`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tempose.cli.shell import Overwrite, Shell, command
from tempose.core.files import check_there

if TYPE_CHECKING:
    from tempose.training.settings import PersonalizeSettings

GROUP = "Models"


@command("train", group=GROUP)
def train(
    shell: Shell,
    config: Annotated[Path, typer.Argument(help="What to train: a YAML file, such as those in configs/.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a setting; may be repeated.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show all settings, the parameters and the memory; train nothing.")
    ] = False,
) -> None:
    """Train a model, or go on with a training that was stopped: give the same command again.

    Ctrl-C or SIGTERM saves and leaves, with exit code 1. On several GPUs:
    [bold]accelerate launch --num_processes 4 -m tempose train configs/people-image.yaml[/bold]

    Example: [bold]tempose train configs/people-image.yaml --set optimization.batch=32 --set seed=1[/bold]
    """
    from tempose.training.config import load_config

    settings = load_config(config, changes or ())

    from accelerate import Accelerator, PartialState

    from tempose.training.budget import budget
    from tempose.training.loop import train
    from tempose.training.run import describe

    if dry_run:
        place = Accelerator()
        if place.is_main_process:
            plan = budget(settings, processes=place.num_processes)
            shell.done(f"{describe(settings)}\n{plan}", settings=settings.model_dump(mode="json"), memory=str(plan))
        return
    outcome = train(settings, track=shell.track)
    if PartialState().is_main_process:
        how = "trained" if outcome.finished else "stopped; the same command goes on"
        shell.done(
            f"{outcome.weights}: {how} at step {outcome.step}",
            weights=outcome.weights,
            step=outcome.step,
            finished=outcome.finished,
        )
    raise typer.Exit(0 if outcome.finished else 1)


@command("personalize", group=GROUP, settings="tempose.training.settings:PersonalizeSettings")
def personalize(
    shell: Shell,
    settings: PersonalizeSettings,
    sources: Annotated[
        list[Path], typer.Argument(metavar="VIDEO_OR_PHOTOS", help="One video, or three photos or more.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="The folder to write; the weights in its weights/.")
    ],
    overwrite: Overwrite = False,
) -> None:
    """Fit a model to one person, seen in a short video or a few photos.

    The last quarter is held out. Whole frames of it, as `tempose animate` makes them, say whether fitting helps and
    when to stop; what was best is kept, also when Ctrl-C ends the fitting, and the given weights where nothing was
    better. After a kill or on a full disk, give the same command again. The picture held-out.png shows photo · pose ·
    truth · before · after. Photos of different people are refused.

    Example: [bold]tempose personalize me.mp4 -o models/me[/bold]
    """
    for source in sources:
        check_there(source)

    from tempose.training.personalize import personalize

    fitted = personalize(sources, output, settings, overwrite=overwrite, track=shell.track)
    best = (
        f"the best were those of step {fitted.step}"
        if fitted.step
        else "fitting made nothing better that was held out, so these are the weights that were given"
    )
    shell.done(
        f"error on the person in what was held out: {fitted.before:.4f} before, {fitted.after:.4f} after\n"
        f"{fitted.weights}: {best}",
        **fitted._asdict(),
    )
