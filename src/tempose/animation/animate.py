"""One photo of a person and one motion in, that person moving out: the whole way in one function."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tempose.animation.compose import Composition, check_background, extended, inpainted, whereabouts, whole_background
from tempose.animation.generate import generate, in_frame, poses_in_frame
from tempose.animation.motion import TimeRange, read_motion
from tempose.animation.result import Animation, check_length
from tempose.animation.subject import Subject, read_subject
from tempose.core.errors import InputError
from tempose.core.notes import collected
from tempose.core.progress import Track, quiet
from tempose.diffusion.hub import DEFAULT_MODEL, Model, load_model
from tempose.diffusion.pipeline import StepCallback
from tempose.media.crop import Crop
from tempose.models.config import ModelConfig
from tempose.pose.estimators import Estimator, load_estimator
from tempose.pose.keypoints import Motion
from tempose.pose.retarget import retarget_motion
from tempose.pose.room import Box, person_room, united
from tempose.pose.tracking import Choice

# Without a wish, the result is as large as the photo, but the model's frame is enlarged no more than
# so many times.
ENLARGED = 3.0

MOST_HEIGHT = 2160

# The ways to cut a long video into windows that generate every frame of it (`tempose.diffusion.windows`).
STRATEGIES = ("overlap", "loop")


def animate(
    photo: Path | str | Subject,
    motion: Path | str | Motion,
    *,
    model: str | Model = DEFAULT_MODEL,
    retarget: str = "limbs",
    background: str = "photo",
    size: int | None = None,
    fps: float | None = None,
    start: float = 0.0,
    duration: float | None = None,
    max_frames: int | None = None,
    person: Choice = "largest",
    photo_person: Choice = "largest",
    yaw: float = 0.0,
    joints: Path | str | None = None,
    up: str | None = None,
    steps: int | None = None,
    seed: int = 0,
    strategy: str = "overlap",
    guidance: float | None = None,
    device: str = "cpu",
    estimator: str = "mediapipe",
    detector: Path | str | None = None,
    pose_model: Path | str | None = None,
    output: Path | str | None = None,
    track: Track = quiet,
    callback_on_step_end: StepCallback | None = None,
) -> Animation:
    """Animate the person of a photo.

    Args:
        photo: a picture file, or a person that is known already.
        motion: whatever `tempose.animation.motion.read_motion` reads, or a motion, which is taken as it is.
        model: a name (`tempose.diffusion.hub.load_model`) or a loaded model.
        retarget: `limbs`, `scale` or `none` (`tempose.pose.retarget`).
        background: `photo`, `plain`, a color, or a picture file.
        size: height of the result in pixels; its width follows from the photo.
        fps, start, duration, max_frames: which part of the motion, at what rate (`TimeRange`).
        person, photo_person: whom to take where several people are in the driver, in the photo.
        yaw: degrees by which the camera is turned, for motions in space.
        joints, up: a YAML file that names the joints of a motion capture, and which of its axes is up, where they
            are not to be found (`read_motion`).
        steps: denoising steps; by default the model's own.
        seed: of the noise, and the variant of a built-in motion.
        strategy: how a long video is cut into windows: `overlap` or `loop`.
        guidance: scale of the photo's guidance; by default the model's own.
        device: for the model, as torch names it.
        estimator, detector, pose_model: what finds people in pictures (`load_estimator`).
        output: where it is going to be written, so that an unfit ending is found before generating.
        track: shows the progress of each part.
        callback_on_step_end: called after each denoising step, as by the pipeline.

    Returns:
        The animation. `animate(photo, motion, **animation.record["settings"])` makes it again, bit for
        bit on the same machine with the same versions.

    Raises:
        InputError, MediaError, PoseError, CheckpointError: what was given cannot be used.
    """
    check_background(background)
    if size is not None and not 16 <= size <= MOST_HEIGHT:
        raise InputError(f"size is {size}; wanted a height of 16 to {MOST_HEIGHT} pixels")
    if steps is not None and steps < 1:
        raise InputError(f"steps is {steps}; wanted 1 or more")
    if strategy not in STRATEGIES:
        raise InputError(f"strategy is {strategy!r}; wanted {' or '.join(STRATEGIES)}, which generate every frame")
    time_range = TimeRange(fps, start, duration, max_frames)
    finder: Estimator | str = estimator
    if detector or pose_model:
        finder = load_estimator(estimator, detector=detector, pose_model=pose_model)
    with collected() as notes:
        subject = photo if isinstance(photo, Subject) else read_subject(photo, person=photo_person, estimator=finder)
        driven = (
            motion
            if isinstance(motion, Motion)
            else read_motion(
                motion,
                time_range=time_range,
                person=person,
                yaw=yaw,
                seed=seed,
                joints=joints,
                up=up,
                estimator=finder,
                track=track,
            )
        )
    if output is not None:
        check_length(output, len(driven))
    fitted = retarget_motion(driven, subject.pose, retarget=retarget, mask=subject.mask)
    loaded = model if isinstance(model, Model) else load_model(model, device=device)

    window = Crop.around(united(fitted.room, person_room(subject.pose, subject.mask)), loaded.size)
    small = in_frame(subject, window, loaded.size)
    poses = poses_in_frame(fitted.motion, window, loaded.size)
    generated = generate(
        loaded,
        small,
        poses,
        steps=steps,
        seed=seed,
        strategy=strategy,
        guidance=guidance,
        track=track,
        callback_on_step_end=callback_on_step_end,
    )

    shown = whole_frame(fitted.picture)
    result = result_size(shown, window, model=loaded.size, wanted=size)
    scene = Composition(
        background=whole_background(background, subject, shown, result),
        window=scaled(window, shown, result),
        small_background=inpainted(small.picture, small.mask),
    )
    near, sure = whereabouts(small, poses)
    warnings = (*notes, *loaded.warnings, *subject.warnings(), *driven.notes, *fitted.warnings)
    settings = {
        "model": loaded.name,
        "retarget": retarget,
        "background": background,
        "size": size,
        "fps": fps,
        "start": start,
        "duration": duration,
        "max_frames": max_frames,
        "person": person,
        "photo_person": photo_person,
        "yaw": yaw,
        "joints": None if joints is None else str(joints),
        "up": up,
        "steps": loaded.steps if steps is None else steps,
        "seed": seed,
        "strategy": strategy,
        "guidance": guidance,
        "device": device,
        "estimator": estimator,
        "detector": None if detector is None else str(detector),
        "pose_model": None if pose_model is None else str(pose_model),
    }
    record = {
        "photo": named(photo),
        "motion": named(motion),
        "settings": settings,
        "frames": len(driven),
        "frames_per_second": driven.fps,
        "sizes": {
            "photo": list(subject.picture.shape[:2]),
            "model": list(loaded.size),
            "window": [window.left, window.top, window.width, window.height],
            "result": list(result),
        },
        "model": description(loaded),
        "versions": versions(),
        "warnings": list(warnings),
    }
    return Animation(
        photo=extended(subject.picture, shown, result),
        motion=fitted.motion.cropped(shown, result),
        generated=generated,
        near=near,
        sure=sure,
        scene=scene,
        warnings=warnings,
        record=record,
    )


# Geometry -----------------------------------------------------------------------------------------


def whole_frame(box: Box) -> Crop:
    """A box in whole pixels."""
    left, top, right, bottom = (
        int(np.floor(box[0])),
        int(np.floor(box[1])),
        int(np.ceil(box[2])),
        int(np.ceil(box[3])),
    )
    return Crop(left, top, right - left, bottom - top)


def result_size(shown: Crop, window: Crop, *, model: tuple[int, int], wanted: int | None) -> tuple[int, int]:
    """(height, width) of the result, both even."""
    height = wanted or min(shown.height, ENLARGED * model[0] * shown.height / window.height, MOST_HEIGHT)
    even = max(2, 2 * round(height / 2))
    return even, max(2, 2 * round(even * shown.width / shown.height / 2))


def scaled(window: Crop, shown: Crop, result: tuple[int, int]) -> Crop:
    """Where a part of the photo lies in the result."""
    across, down = result[1] / shown.width, result[0] / shown.height
    return Crop(
        left=round((window.left - shown.left) * across),
        top=round((window.top - shown.top) * down),
        width=max(1, round(window.width * across)),
        height=max(1, round(window.height * down)),
    )


# The record ---------------------------------------------------------------------------------------


def named(given: Any) -> str:
    """A path or name as the user gave it; what came as an object is called by its class."""
    return str(given) if isinstance(given, (str, Path)) else type(given).__name__


def description(model: Model) -> dict[str, Any]:
    """What a model is."""
    config = model.pipeline.unet.config
    known = {key: config[key] for key in ModelConfig.model_fields if key in config}
    parts = (model.pipeline.texture_encoder, model.pipeline.unet)
    return {"name": model.name, "parameters": sum(part.num_parameters() for part in parts), "config": known}


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    packages = ("tempose", "torch", "diffusers", "numpy", "opencv-python-headless", "av")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
