"""`tempose motion`: what a motion file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tempose.cli.shell import Shell, command


@command("motion", group="Animate")
def motion(
    shell: Shell,
    source: Annotated[str, typer.Argument(help="Whatever animate takes as a motion: a file, a folder or a name.")],
    preview: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also draw the skeleton: .mp4, .webm, .gif, .webp; a .png is a contact sheet."
        ),
    ] = None,
    joints: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A YAML file that names the joints of a .bvh, as in 'RightArm: right_shoulder'."
        ),
    ] = None,
    up: Annotated[
        str | None, typer.Option(metavar="x|-x|y|-y|z|-z", help="Which axis of a .bvh is up; found if not given.")
    ] = None,
    person: Annotated[
        str, typer.Option(metavar="largest|N|X,Y", help="Whom to follow: the Nth is counted from the left, from 1.")
    ] = "largest",
    max_frames: Annotated[int | None, typer.Option(help="Read at most so many frames.")] = None,
) -> None:
    """Say what a motion file holds: format, frames, rate, joints, which way is up, and what had to be guessed.

    Example: [bold]tempose motion walk.bvh --preview walk.mp4[/bold]
    """
    import numpy as np

    from tempose.animation.motion import TimeRange, describe_motion
    from tempose.media.images import write_image
    from tempose.media.montage import contact_sheet
    from tempose.media.video import write_video
    from tempose.pose.draw import draw_alone
    from tempose.pose.tracking import choice_of

    time_range = None if max_frames is None else TimeRange(max_frames=max_frames)
    description, motion = describe_motion(
        source, time_range=time_range, joints=joints, up=up, person=choice_of(person), track=shell.track
    )
    if preview is not None and preview.suffix.lower() == ".png":
        some = np.unique(np.linspace(0, len(motion) - 1, 12).round().astype(int))
        write_image(preview, contact_sheet(list(draw_alone(motion[some]))))
    elif preview is not None:
        write_video(preview, shell.track(draw_alone(motion), "preview", total=len(motion)), motion.fps)
    shell.done(description.as_text(), **description.as_dict())
