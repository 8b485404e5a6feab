"""`tempose prepare`, `people` and `people-sheet`: datasets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tempose.cli.shell import LOOK, SIZE, Address, Group, Shell, app, command, size_of
from tempose.core.errors import InputError

if TYPE_CHECKING:
    from tempose.data.prepare import Outcome
    from tempose.data.videos import VideoSettings
    from tempose.people.dataset import PeopleSettings

GROUP = "Data"

prepare = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Turn a dataset into the form that training reads.",
    **LOOK,
)
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


@command("deepfashion", group=GROUP, under=prepare)
def prepare_deepfashion(
    shell: Shell,
    root: Annotated[Path, typer.Argument(help="The dataset: img/, pose/ and *_pairs.txt, or the CSV files.")],
    out: Out,
    size: Annotated[str, typer.Option(metavar="HEIGHTxWIDTH", help=SIZE)] = "256x176",
    workers: Workers = None,
    address: Address = None,
) -> None:
    """Prepare DeepFashion's In-shop pictures with their published key points and pairs.

    Run it again after a stop, and it goes on. Exit code 1 says that a picture was refused.

    Example: [bold]tempose prepare deepfashion dataset/deepfashion data/deepfashion --workers 8[/bold]
    """
    from tempose.data.deepfashion import prepare_deepfashion

    outcomes = prepare_deepfashion(root, out, size=size_of(size), workers=workers, address=address, track=shell.track)
    report(shell, outcomes, out, every=False)


def video_settings() -> type[VideoSettings]:
    """Imported when the command is called: what checks them takes time to load."""
    from tempose.data.videos import VideoSettings

    return VideoSettings


@command("videos", group=GROUP, under=prepare, settings=video_settings)
def prepare_videos(
    shell: Shell,
    changes: dict[str, Any],
    folder: Annotated[Path, typer.Argument(help="The folder that holds the videos.")],
    out: Out,
    pattern: Annotated[str, typer.Option(metavar="GLOB", help="Which files, or folders of pictures.")] = "**/*",
    split: Annotated[
        str | None,
        typer.Option(metavar="train|val|test", help="The split of all; drawn from each name if not given."),
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

    settings = video_settings()(**changes)
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


def people_settings() -> type[PeopleSettings]:
    """As `video_settings`."""
    from tempose.people.dataset import PeopleSettings

    return PeopleSettings


@command("people", group=GROUP, settings=people_settings)
def people(
    shell: Shell,
    changes: dict[str, Any],
    out: Out,
    people: Annotated[int, typer.Option(help="How many people; one in ten each for val and test.")] = 100,
    clips: Annotated[int, typer.Option(help="Clips of each person, every one another motion and place.")] = 2,
    workers: Annotated[int, typer.Option(metavar="N", help="Processes that work at once.")] = 1,
) -> None:
    """Draw people that nobody ever photographed: a dataset to train on, with exact ground truth.

    Run it again after a stop, and it goes on.

    Example: [bold]tempose people data/people --people 200 --size 128x96 --workers 8[/bold]
    """
    from tempose.people.dataset import write_people

    settings = people_settings()(**changes)
    outcomes = write_people(out, people=people, clips=clips, settings=settings, workers=workers, track=shell.track)
    report(shell, outcomes, out, every=False)


@command("people-sheet", group=GROUP)
def people_sheet(
    shell: Shell,
    picture: Annotated[Path, typer.Argument(help="The picture to write: .jpg or .png.")],
    people: Annotated[int, typer.Option(help="How many people.")] = 32,
    moments: Annotated[int, typer.Option(help="At how many moments each is shown.")] = 6,
    size: Annotated[str, typer.Option(metavar="HEIGHTxWIDTH", help="Size of each of them.")] = "96x72",
    seed: Annotated[int, typer.Option(help="The first person.")] = 0,
) -> None:
    """Draw a contact sheet of people at several moments.

    Example: [bold]tempose people-sheet people.jpg[/bold]
    """
    from tempose.media.images import ENCODINGS, write_image
    from tempose.people.sheet import contact_sheet

    if picture.suffix.lower() not in ENCODINGS:
        raise InputError(f"cannot write a picture to {picture.name}; the ending must be one of {', '.join(ENCODINGS)}")
    pictures = contact_sheet(people=people, moments=moments, size=size_of(size), seed=seed, track=shell.track)
    write_image(picture, pictures)
    shell.done(f"{picture}: {people} people at {moments} moments", output=picture, people=people, moments=moments)
