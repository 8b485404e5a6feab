"""From the look of one person to that of another, in even steps: style interpolation.

PIDM (Bhunia et al., CVPR 2023) reads a person's texture by attention. Here every picture reads the textures of both
people and counts each by its share, from all of the first to all of the second; the two, warped into the same pose,
become one shape, in which their colors mix by the same shares. Pose, body and background stay those of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tempose.animation.animate import animated, named
from tempose.animation.motion import read_motion
from tempose.animation.output import check_length
from tempose.animation.photos import Mixture
from tempose.animation.result import Animation, write_animation, write_record
from tempose.animation.settings import BlendSettings
from tempose.animation.subject import Subject, read_subject
from tempose.core.notes import collected
from tempose.core.progress import Track, quiet
from tempose.diffusion.hub import Model
from tempose.media.images import write_image
from tempose.media.montage import contact_sheet
from tempose.pose.keypoints import Motion


def blend(
    one: Path | str | Subject,
    other: Path | str | Subject,
    settings: BlendSettings | None = None,
    *,
    model: Model | str | None = None,
    output: Path | str | None = None,
    track: Track = quiet,
    **changes: Any,
) -> Animation:
    """Blend the person of one photo into that of another.

    Args:
        one: a picture of a person, or a person that is known already; gives pose, body and background.
        other: the same of whom they become.
        settings: how (`tempose.animation.settings.BlendSettings`).
        model: instead of the settings' name, another one or a loaded model; the name `warp` is no model at all.
        output: where it is going to be written.
        track: shows the progress.
        changes: settings by name, on top of `settings`.

    Returns:
        The frames of the motion, or without one as many as `steps`, in the pose of the first photo; of these
        `record["from_one"]` and `record["from_other"]` say how far each is from the first and from the last, as
        `distances` tells it.

    Raises:
        InputError, MediaError, PoseError, CheckpointError: what was given cannot be used.
    """
    if model is not None:
        changes["model"] = model.name if isinstance(model, Model) else model
    asked = BlendSettings(**changes) if settings is None else settings.changed(**changes)
    animating = asked.animating
    with collected() as notes:
        people = [each if isinstance(each, Subject) else read_subject(each) for each in (one, other)]
    if asked.motion is None:
        driven = people[0].pose[np.zeros(asked.steps, int)]
        animating = animating.changed(retarget="none")
    else:
        driven = read_motion(asked.motion, **animating.reading, track=track)
        if output is not None:
            check_length(output, len(driven))
    loaded = model if isinstance(model, Model) else None
    made = animated(people, driven, animating, model=loaded, mix=evenly)
    record = {"photos": [named(one), named(other)], **made.record}
    record["settings"] = asked.changed(device=made.record["settings"]["device"]).as_dict()
    record["warnings"] = [*notes, *made.warnings]
    if asked.motion is None:
        if made.generated is not None:
            few = list(made.generated(track=track))  # composed twice: here, and where they are written
            made = replace(made, generated=lambda **_: iter(few))
        record |= distances(list(made.frames()))
    return replace(made, warnings=(*notes, *made.warnings), record=record)


def evenly(people: Sequence[Subject], motion: Motion) -> Mixture:
    """Two people, from all of the first to all of the second over a motion."""
    share = torch.linspace(0, 1, len(motion))
    shares = torch.stack([1 - share, share])  # p f
    return Mixture(people, shares, shares, np.ones((2, 3)))


def distances(frames: Sequence[np.ndarray]) -> dict[str, list[float]]:
    """How far frames of one pose, uint8 `h w 3`, are from the first and from the last of them.

    Means of the absolute difference over the pixels in which these two differ, of 255.
    """
    first, last = frames[0].astype(int), frames[-1].astype(int)
    differ = (np.abs(first - last).max(-1) > 8) if (first != last).any() else np.ones(first.shape[:2], bool)
    return {
        name: [round(float(np.abs(frame - end)[differ].mean()), 3) for frame in frames]
        for name, end in (("from_one", first), ("from_other", last))
    }


def write_blend(made: Animation, out: Path | str, *, command: Sequence[str], track: Track = quiet) -> Path:
    """Write the sheet, or with a motion the video, and beside it `OUT.json`, its record.

    Raises:
        InputError, MediaError: it cannot be written.
    """
    if made.record["settings"]["motion"] is not None:
        return write_animation(made, out, command=command, track=track)
    frames = list(made.frames())
    write_image(out, contact_sheet(frames, columns=len(frames), width=sum(frame.shape[1] for frame in frames)))
    record = Path(out).with_name(f"{Path(out).name}.json")
    write_record(record, {"command": list(command), **made.record})
    return record
