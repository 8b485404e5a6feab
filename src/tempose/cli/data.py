"""`tempose prepare`, `people` and `people-sheet`: datasets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tempose.cli.shell import LOOK, Address, Group, Shell, app, command
from tempose.core.errors import InputError

if TYPE_CHECKING:
    from tempose.data.deepfashion import DeepFashionSettings
    from tempose.data.prepare import Outcome
    from tempose.data.videos import VideoSettings
    from tempose.people.choose import SheetSettings
    from tempose.people.dataset import PeopleSettings

GROUP = "Data"

prepare = typer.Typer(cls=Group, no_args_is_help=True, help="Turn a dataset into the form that training reads.", **LOOK)
app.add_typer(prepare, name="prepare", rich_help_panel=GROUP)

Out = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")]
Workers = Annotated[
    int | None,
    typer.Option(metavar="N", help=r"Processes that work at once. [dim]\[default: 1; with --address one a core][/dim]"),
]


def report(shell: Shell, outcomes: Sequence[Outcome], out: Path, *, every: bool) -> None:
    """Tell what became of every file, or of those refused; exit code 1 if there are any of these."""
    from tempose.data.prepare import summary

    refused = [outcome for outcome in outcomes if outcome.verdict == "refused"]
    lines = [str(outcome) for outcome in (outcomes if every else refused)]
    shell.done("\n".join([*lines, f"{out}: {summary(outcomes)}"]), output=out, files=[str(each) for each in outcomes])
    raise typer.Exit(1 if refused else 0)


@command("deepfashion", group=GROUP, under=prepare, settings="tempose.data.deepfashion:DeepFashionSettings")
def prepare_deepfashion(
    shell: Shell,
    settings: DeepFashionSettings,
    root: Annotated[Path, typer.Argument(help="The dataset: img/, pose/ and *_pairs.txt, or the CSV files.")],
    out: Out,
    workers: Workers = None,
    address: Address = None,
) -> None:
    """Prepare DeepFashion's In-shop pictures with their published key points and pairs.

    Run it again after a stop, and it goes on. Exit code 1 says that a picture was refused.

    Example: [bold]tempose prepare deepfashion dataset/deepfashion data/deepfashion --workers 8[/bold]
    """
    from tempose.data.deepfashion import prepare_deepfashion

    outcomes = prepare_deepfashion(root, out, settings=settings, workers=workers, address=address, track=shell.track)
    report(shell, outcomes, out, every=False)


@command("videos", group=GROUP, under=prepare, settings="tempose.data.videos:VideoSettings")
def prepare_videos(
    shell: Shell,
    settings: VideoSettings,
    folder: Annotated[Path, typer.Argument(help="The folder that holds the videos.")],
    out: Out,
    pattern: Annotated[str, typer.Option(metavar="GLOB", help="Which files, or folders of pictures.")] = "**/*",
    split: Annotated[
        str | None, typer.Option(metavar="train|val|test", help="The split of all; drawn from each name if not given.")
    ] = None,
    workers: Workers = None,
    address: Address = None,
) -> None:
    """Prepare a folder of videos: find the person, cut, crop, resize and split.

    Prints a line for each file: kept, cut, or refused and why; the same is in OUT/report.txt. Run it
    again after a stop, and it goes on. Exit code 1 says that a file was refused.

    Example: [bold]tempose prepare videos my_videos data/mine --size 256x176 --workers 4[/bold]
    """
    from tempose.data.videos import prepare_videos

    outcomes = prepare_videos(
        folder,
        out,
        settings=settings,
        pattern=pattern,
        split=split,
        workers=workers,
        address=address,
        track=shell.track,
    )
    report(shell, outcomes, out, every=True)


@command("people", group=GROUP, settings="tempose.people.dataset:PeopleSettings")
def people(
    shell: Shell,
    settings: PeopleSettings,
    out: Out,
    people: Annotated[int, typer.Option(help="How many people; one in ten each for val and test.")] = 100,
    clips: Annotated[int, typer.Option(help="Clips of each person, every one another motion and place.")] = 2,
    motions: Annotated[
        Path | None,
        typer.Option(metavar="FILE|FOLDER", help="Motion captures (.bvh) that people do beside the built-in motions."),
    ] = None,
    workers: Annotated[int, typer.Option(metavar="N", help="Processes that work at once.")] = 1,
) -> None:
    """Draw people that nobody ever photographed: a dataset to train on, with exact ground truth.

    Run it again after a stop, and it goes on.

    Example: [bold]tempose people data/people --people 200 --size 128x96 --workers 8[/bold]
    """
    from tempose.people.dataset import write_people

    outcomes = write_people(
        out, people=people, clips=clips, settings=settings, motions=motions, workers=workers, track=shell.track
    )
    report(shell, outcomes, out, every=False)


@command("people-sheet", group=GROUP, settings="tempose.people.choose:SheetSettings")
def people_sheet(
    shell: Shell,
    settings: SheetSettings,
    picture: Annotated[Path, typer.Argument(help="The picture to write: .jpg or .png.")],
) -> None:
    """Draw a contact sheet of people at several moments.

    Example: [bold]tempose people-sheet people.jpg[/bold]
    """
    from tempose.media.images import ENCODINGS, write_image
    from tempose.people.choose import people_sheet

    if picture.suffix.lower() not in ENCODINGS:
        raise InputError(f"cannot write a picture to {picture}; wanted the ending {', '.join(ENCODINGS)}", path=picture)
    write_image(picture, people_sheet(settings, track=shell.track))
    told = f"{picture}: {settings.people} people at {settings.moments} moments"
    shell.done(told, output=picture, people=settings.people, moments=settings.moments)
