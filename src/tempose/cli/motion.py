"""`tempose motion`: what a motion file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tempose.cli.animate import check_motion
from tempose.cli.shell import Shell, command


@command("motion", group="Animate", settings="tempose.animation.settings:MotionSettings")
def motion(
    shell: Shell,
    settings: Any,
    source: Annotated[str, typer.Argument(help="Whatever animate takes as a motion: a file, a folder or a name.")],
    preview: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also draw the skeleton: .mp4, .webm, .gif, .webp; a .png is a contact sheet."
        ),
    ] = None,
) -> None:
    """Say what a motion file holds: format, frames, rate, joints, which way is up, and what had to be guessed.

    Examples:

    [bold]tempose motion walk.bvh --preview walk.mp4[/bold]: what is in it, and how it looks

    [bold]tempose motion dance.mp4 --preview dance.png[/bold]: twelve moments on one sheet
    """
    check_motion(source)

    import numpy as np

    from tempose.animation.motion import TimeRange, describe_motion
    from tempose.media.images import write_image
    from tempose.media.montage import contact_sheet
    from tempose.media.video import write_video
    from tempose.pose.draw import draw_alone

    most = settings.max_frames
    description, motion = describe_motion(
        source,
        time_range=None if most is None else TimeRange(max_frames=most),
        joints=settings.joints,
        up=settings.up,
        person=settings.person,
        track=shell.track,
    )
    if preview is not None and preview.suffix.lower() == ".png":
        some = np.unique(np.linspace(0, len(motion) - 1, 12).round().astype(int))
        write_image(preview, contact_sheet(list(draw_alone(motion[some]))))
    elif preview is not None:
        write_video(preview, shell.track(draw_alone(motion), "preview", total=len(motion)), motion.fps)
    shell.done(description.as_text(), **description.as_dict())
