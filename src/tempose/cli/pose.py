"""`tempose pose`: key points from a video or photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tempose.cli.shell import Shell, command
from tempose.core.errors import InputError
from tempose.core.files import check_free
from tempose.media.formats import check_motion_there


@command("pose", group="Animate", settings="tempose.animation.settings:PoseSettings")
def pose(
    shell: Shell,
    settings: Any,
    source: Annotated[Path, typer.Argument(help="A video or a photo.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The pose file: .npz or .json.")],
    preview: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also draw the skeleton: .mp4 (.webm, .gif) of a video, .png of a photo."),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(metavar="RATE", help=r"Frames per second to sample at. [dim]\[default: the video's own][/dim]"),
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="As it was seen: not cleaned, not smoothed.")] = False,
) -> None:
    """Find a person's key points, hands and face in a video or photo and write them to a pose file.

    Examples:

    [bold]tempose pose dance.mp4 -o dance.npz --preview dance-skeleton.mp4[/bold]: a motion, for tempose animate

    [bold]tempose pose team.mp4 -o second.json --estimator rtmlib --person 2[/bold]: the second of several from the left
    """
    check_motion_there(source)
    if output.suffix not in (".npz", ".json"):
        raise InputError(f"cannot write poses to {output}; wanted the ending .npz or .json", path=output)
    for path in filter(None, (output, preview)):
        check_free(path)

    from tempose.media.animated import is_still
    from tempose.media.images import read_image, write_image
    from tempose.media.video import read_frames, write_video
    from tempose.pose.clean import clean
    from tempose.pose.draw import draw_motion
    from tempose.pose.estimate import observe
    from tempose.pose.estimators import load_estimator

    is_photo = is_still(source)
    photo = read_image(source) if is_photo else None
    seen = observe(
        source if photo is None else [photo],
        estimator=load_estimator(settings.estimator, detector=settings.detector, pose_model=settings.pose_model),
        fps=1 if is_photo else fps,
        person=settings.person,
        with_masks=False,
        track=shell.track,
    )
    motion = seen.motion if raw else clean(seen.motion, cuts=seen.cuts)
    motion.save(output)
    if preview is not None and photo is not None:
        write_image(preview, next(draw_motion([photo], motion)))
    elif preview is not None:
        frames = draw_motion(read_frames(source, fps=motion.fps), motion)
        write_video(preview, shell.track(frames, "preview", total=len(motion)), motion.fps)
    joints = float((motion.keypoints[..., 2] > 0).sum(axis=1).mean())
    hands, face = motion.shares()
    shell.done(
        f"{output}: {len(motion)} frame(s) at {motion.fps:g} a second, {joints:.1f} of 18 joints seen; "
        f"right hand in {hands[0]:.0%}, left hand in {hands[1]:.0%}, face in {face:.0%} of the frames",
        output=output,
        preview=preview,
        frames=len(motion),
        fps=motion.fps,
        joints=round(joints, 2),
        hands=[round(share, 3) for share in hands],
        face=round(face, 3),
    )
