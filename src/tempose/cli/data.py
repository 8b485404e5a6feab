"""`tempose prepare`, `people` and `people-sheet`: datasets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tempose.cli.shell import LOOK, SIZE, Group, Shell, app, command, parse_size
from tempose.core.errors import InputError

if TYPE_CHECKING:
    from tempose.data.prepare import Outcome

GROUP = "Data"

prepare = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Turn a dataset into the form that training reads.",
    **LOOK,
)
app.add_typer(prepare, name="prepare", rich_help_panel=GROUP)

Out = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")]
Workers = Annotated[int, typer.Option(metavar="N", help="Processes that work at once.")]


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
    workers: Workers = 1,
) -> None:
    """Prepare DeepFashion's In-shop pictures with their published key points and pairs.

    Run it again after a stop, and it goes on. Exit code 1 says that a picture was refused.

    Example: [bold]tempose prepare deepfashion dataset/deepfashion data/deepfashion --workers 8[/bold]
    """
    from tempose.data.deepfashion import prepare_deepfashion

    outcomes = prepare_deepfashion(root, out, size=parse_size(size), workers=workers, track=shell.track)
    report(shell, outcomes, out, every=False)


@command("videos", group=GROUP, under=prepare)
def prepare_videos(
    shell: Shell,
    folder: Annotated[Path, typer.Argument(help="The folder that holds the videos.")],
    out: Out,
    size: Annotated[str, typer.Option(metavar="HEIGHTxWIDTH", help=SIZE)] = "256x176",
    fps: Annotated[
        float | None, typer.Option(metavar="RATE", help="Frames per second; each video's own if not given.")
    ] = None,
    min_frames: Annotated[int, typer.Option(help="Shorter stretches are left out.")] = 16,
    pattern: Annotated[str, typer.Option(metavar="GLOB", help="Which files, or folders of pictures.")] = "**/*",
    split: Annotated[
        str | None,
        typer.Option(metavar="train|val|test", help="The split of all; drawn from each name if not given."),
    ] = None,
    license: Annotated[str, typer.Option(help="License of the videos, for the metadata.")] = "unknown",
    workers: Workers = 1,
) -> None:
    """Prepare a folder of videos: find the person, cut, crop, resize and split.

    Prints a line for each file: kept, cut, or refused and why; the same is in OUT/report.txt. Run it
    again after a stop, and it goes on. Exit code 1 says that a file was refused.

    Example: [bold]tempose prepare videos my_videos data/mine --size 256x176 --workers 4[/bold]
    """
    from tempose.data.videos import VideoSettings, prepare_videos

    settings = VideoSettings(size=parse_size(size), fps=fps, min_frames=min_frames, license=license)
    outcomes = prepare_videos(
        folder, out, settings=settings, pattern=pattern, split=split, workers=workers, track=shell.track
    )
    report(shell, outcomes, out, every=True)


@command("people", group=GROUP)
def people(
    shell: Shell,
    out_dir: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write: train, val and test.")],
    people: Annotated[int, typer.Option(help="How many people; one in ten each for val and test.")] = 100,
    clips: Annotated[int, typer.Option(help="Clips of each person, every one another motion and place.")] = 2,
    frames: Annotated[int, typer.Option(help="Frames of a clip.")] = 32,
    fps: Annotated[float, typer.Option(metavar="RATE", help="Frames per second.")] = 16.0,
    size: Annotated[str, typer.Option(metavar="HEIGHTxWIDTH", help=SIZE)] = "128x96",
    seed: Annotated[int, typer.Option(help="Other seeds draw other people.")] = 0,
    workers: Workers = 1,
) -> None:
    """Draw people that nobody ever photographed: a dataset to train on, with exact ground truth.

    Run it again after a stop, and it goes on.

    Example: [bold]tempose people data/people --people 200 --size 128x96 --workers 8[/bold]
    """
    from tempose.people.dataset import PeopleSettings, write_people

    settings = PeopleSettings(frames=frames, fps=fps, size=parse_size(size), seed=seed)
    outcomes = write_people(out_dir, people=people, clips=clips, settings=settings, workers=workers, track=shell.track)
    report(shell, outcomes, out_dir, every=False)


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
    pictures = contact_sheet(people=people, moments=moments, size=parse_size(size), seed=seed, track=shell.track)
    write_image(picture, pictures)
    shell.done(f"{picture}: {people} people at {moments} moments", output=picture, people=people, moments=moments)
