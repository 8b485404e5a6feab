"""`tempose animate`, `dress` and `demo`: a person moves, or wears something else."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tempose.cli.shell import MODEL, Overwrite, Shell, check_output, command
from tempose.core.errors import InputError
from tempose.core.files import check_there
from tempose.media.formats import check_motion_there, check_readable

if TYPE_CHECKING:
    from tempose.animation.settings import BlendSettings, DressSettings

GROUP = "Animate"


@command("animate", group=GROUP, settings="tempose.animation.settings:AnimateSettings")
def animate(
    shell: Shell,
    changes: dict[str, Any],
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PHOTO... MOTION",
            help="A picture of a person, best from head to foot, or several of the same person, such as front and "
            "back; then what they are to do: a video, a folder of OpenPose JSON, .npz, .json, .bvh, a picture for a "
            "single pose, or a built-in motion: walk, catwalk, turn, wave, dance, squat, reach, idle, nod, talk, "
            "random.",
        ),
    ] = None,
    motion: Annotated[
        str | None, typer.Option("--motion", metavar="MOTION", help="The motion; then all before are photos.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE",
            help=r".mp4, .webm, .gif, .webp, a folder of PNGs (no ending), or a .png. [dim]\[default: PHOTO-MOTION.mp4 "
            r"here][/dim]",
        ),
    ] = None,
    overwrite: Overwrite = False,
    again: Annotated[
        Path | None,
        typer.Option("--from", metavar="RECORD", help="Make a result again, from the .json beside it."),
    ] = None,
    audio: Annotated[bool, typer.Option("--audio", help="Take the sound of the motion's video.")] = False,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="Show photo, skeleton and result beside one another.")
    ] = False,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a contact sheet, .png or .jpg.")
    ] = None,
) -> None:  # fmt: skip
    """Animate the person of a photo by a motion.

    Beside the result stands OUTPUT.json: what was asked for, and what it was made with. With --from, the same is made
    again, bit for bit on the same machine; what else is given comes first. A model that does not come with tempose is
    named again.

    Examples:

    [bold]tempose animate me.jpg walk[/bold]: a built-in motion, into me-walk.mp4

    [bold]tempose animate me.jpg dance.mp4 -o out/me.webm --max-frames 48[/bold]: the motion of a video

    [bold]tempose animate front.jpg back.jpg turn[/bold]: each frame takes the photo that shows the person as it does

    [bold]tempose animate me.jpg pose.jpg -o posed.png[/bold]: a single pose

    [bold]tempose animate --from me-walk.mp4.json -o again.mp4 --seed 1[/bold]: the same with another seed
    """
    photos, motion = photos_and_motion(given or [], motion)
    if again is not None:
        check_there(again)

        from tempose.animation.result import check_networks, read_record
        from tempose.animation.subject import listed

        record = read_record(again)
        photos, motion = photos or [Path(name) for name in listed(record.photo)], motion or record.motion
        check_networks(record.settings, changes)
        changes = record.settings | changes
        side_by_side, audio = side_by_side or record.side_by_side, audio or record.audio
    if not photos or motion is None:
        raise InputError(
            f"there is no {'motion' if photos else 'photo'}",
            remedy="give both, as in: tempose animate me.jpg walk; or --from a result's record",
        )
    for photo in photos:
        check_readable(photo)
    check_motion(motion)

    from tempose.animation.output import default_output
    from tempose.animation.settings import AnimateSettings, check_number

    check_number(photos)

    settings, sound = AnimateSettings(**changes), motion if audio else None
    inputs = (*photos, motion, settings.mask, settings.matte_model)
    output = place(output or default_output(photos[0], motion), inputs, overwrite=overwrite, sheet=sheet, audio=sound)
    shell.detail(f"settings: {settings.as_dict()}")

    from tempose.animation.animate import animate
    from tempose.animation.result import write_animation

    begun = time.monotonic()
    animation = animate(photos, motion, settings, output=output, track=shell.track)
    beside = write_animation(animation, output, audio=sound, side_by_side=side_by_side, sheet=sheet, track=shell.track)
    for warning in animation.warnings:
        shell.note(warning)
    height, width = animation.size
    shell.done(
        f"{output}: {len(animation)} frame(s), {width}×{height}, {animation.motion.fps:.4g} a second; see {beside}",
        output=output,
        record=beside,
        sheet=sheet,
        frames=len(animation),
        fps=animation.motion.fps,
        size=[height, width],
        seconds=round(time.monotonic() - begun, 3),
        warnings=list(animation.warnings),
    )


def place(output: Path, inputs: Iterable[Path | str | None], *, overwrite: bool, **more: Any) -> Path:
    """Where a result is to be written, if it may be: asked before any time is spent on it."""
    from tempose.animation.output import check_output as check_writable
    from tempose.animation.output import is_finished

    given = tuple(each for each in inputs if each is not None)
    check_output(output, overwrite=overwrite, inputs=given, finished=is_finished)
    check_writable(output, inputs=given, **more)
    return output


def tell(shell: Shell, output: Path, record: Path, *, frames: int, warnings: Iterable[str]) -> None:
    """That a result is written, and what had to be guessed for it."""
    for warning in warnings:
        shell.note(warning)
    shell.done(f"{output}: {frames} frame(s); {record}", output=output, record=record, frames=frames)


def check_motion(source: str) -> None:
    """Whether a motion is there, or is a built-in one."""
    check_motion_there(source)

    from tempose.body.motions import check_named

    check_named(source)


def photos_and_motion(given: list[str], motion: str | None) -> tuple[list[Path], str | None]:
    """What was typed as photos, and the motion: the last of several, unless it has its own option.

    One thing alone is a photo: a result that is made again brings its motion.
    """
    if motion is None and len(given) > 1:
        *given, motion = given
    return [Path(name) for name in given], motion


@command("blend", group=GROUP, settings="tempose.animation.settings:BlendSettings")
def blend(
    shell: Shell,
    settings: BlendSettings,
    one: Annotated[Path, typer.Argument(help="A picture of a person; pose, body and background are theirs.")],
    other: Annotated[Path, typer.Argument(help="A picture of the person whose look they take.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE",
            help=r"A picture; with --motion a video. [dim]\[default: ONE-OTHER here][/dim]",
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:  # fmt: skip
    """Blend one person into another, in even steps of their texture.

    Examples:

    [bold]tempose blend a.jpg b.jpg -o sheet.png --steps 7[/bold]: a sheet, from the one to the other

    [bold]tempose blend a.jpg b.jpg --motion wave -o blend.mp4[/bold]: while the first of them waves
    """
    check_readable(one)
    check_readable(other)
    if settings.motion is not None:
        check_motion(settings.motion)

    from tempose.animation.output import check_length, default_output

    output = output or default_output(one, other if settings.motion is None else other.stem)
    place(output, (one, other, settings.motion), overwrite=overwrite)
    if settings.motion is None:
        check_length(output, 1)
    shell.detail(f"settings: {settings.as_dict()}")

    from tempose.animation.blend import blend, write_blend

    blended = blend(one, other, settings, output=output, track=shell.track)
    words = ["tempose", "blend", str(one), str(other), "-o", str(output), *settings.options()]
    record = write_blend(blended, output, command=words, track=shell.track)
    tell(shell, output, record, frames=len(blended), warnings=blended.warnings)


@command("dress", group=GROUP, settings="tempose.animation.settings:DressSettings")
def dress(
    shell: Shell,
    settings: DressSettings,
    style: Annotated[Path, typer.Argument(help="A picture of a person who wears what is wanted.")],
    reference: Annotated[Path, typer.Argument(help="A picture or video of the person who is to wear it.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE",
            help=r"A picture or video, as the reference is. [dim]\[default: REFERENCE-STYLE here][/dim]",
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:  # fmt: skip
    """Put the clothes of one picture on the person of another, who keeps face and pose.

    Everything outside the mask stays as it is in the reference.

    Examples:

    [bold]tempose dress red-jacket.jpg me.jpg --part upper -o me-in-red.png[/bold]: what the key points say is upper

    [bold]tempose dress red-jacket.jpg me.mp4 --mask jacket.png -o me-in-red.mp4[/bold]: what a picture says
    """
    check_readable(style)
    check_motion_there(reference)

    from tempose.animation.output import default_output

    output = output or default_output(reference, style.stem)
    place(output, (style, reference, settings.mask), overwrite=overwrite)
    shell.detail(f"settings: {settings.as_dict()}")

    from tempose.animation.dress import dress, write_dressed

    dressed = dress(style, reference, settings, output=output, track=shell.track)
    words = ["tempose", "dress", str(style), str(reference), "-o", str(output), *settings.options()]
    record = write_dressed(dressed, output, command=words, track=shell.track)
    tell(shell, output, record, frames=len(dressed), warnings=dressed.warnings)


@command("demo", group=GROUP)
def demo(
    shell: Shell,
    out_dir: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write; made if it is not there.")] = (
        Path("out")
    ),
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL)] = "people-128",
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")] = "auto",
) -> None:
    """Animate a photo that comes with tempose by a built-in motion: a first look that needs no picture of your own.

    Example: [bold]tempose demo[/bold]
    """
    from tempose.animation.demo import run_demo

    made = run_demo(out_dir, model=model, device=device, track=shell.track)
    for warning in made.warnings:
        shell.note(warning)
    shell.done(
        f"{made.video}: photo, skeleton and result side by side, made in {made.seconds:.0f} seconds\n"
        "next, with a photo of your own: tempose animate me.jpg walk",
        video=made.video,
        seconds=round(made.seconds, 3),
        warnings=list(made.warnings),
    )
