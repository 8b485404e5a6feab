"""One photo of a person and one motion in, that person moving out: the whole way in one function."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tempose.animation.blink import blinking
from tempose.animation.compose import Composition, extended, whole_background
from tempose.animation.generate import generate, poses_in_frame
from tempose.animation.motion import read_motion
from tempose.animation.output import check_length
from tempose.animation.photos import Mixture
from tempose.animation.result import Animation
from tempose.animation.settings import AnimateSettings, check_number
from tempose.animation.subject import Subject, listed, read_subject
from tempose.core.errors import InputError
from tempose.core.notes import collected
from tempose.core.progress import Track, quiet
from tempose.diffusion.hub import DEFAULT_MODEL, WARP, Model, find_device, load_model
from tempose.diffusion.pipeline import StepCallback
from tempose.media.crop import Crop
from tempose.models.config import preset
from tempose.pose.estimators import Estimator, load_estimator
from tempose.pose.keypoints import Motion
from tempose.pose.retarget import retarget_motion
from tempose.pose.room import Box, person_room, united
from tempose.warp.face import move_face
from tempose.warp.fingers import move_hands
from tempose.warp.flesh import LEFT_ARM, RIGHT_ARM
from tempose.warp.hands import with_hands
from tempose.warp.layers import Photos, to_layers
from tempose.warp.person import Moves

# Unless a size is asked for, the result is as large as the photo, its longer side at most this, in pixels.
LONGEST = 1280


def animate(
    photo: Path | str | Subject | Sequence[Path | str | Subject],
    motion: Path | str | Motion,
    settings: AnimateSettings | None = None,
    *,
    model: Model | str | None = None,
    output: Path | str | None = None,
    track: Track = quiet,
    callback_on_step_end: StepCallback | None = None,
    **changes: Any,
) -> Animation:
    """Animate the person of a photo.

    Args:
        photo: a picture file, or a person that is known already; or several of one person, such as front and back: each
            frame takes the nearest, and size, body and background are those of the first.
        motion: whatever `tempose.animation.motion.read_motion` reads, or a motion, which is taken as it is.
        settings: how (`tempose.animation.settings.AnimateSettings`); by default the usual.
        model: instead of the settings' name, another one or a loaded model; the name `warp` is no model at all.
        output: where it is going to be written, so that an unfit ending is found before generating.
        track: shows how far the motion is read.
        callback_on_step_end: called after each denoising step, as by the pipeline, as frames are generated.
        changes: settings by name, on top of `settings`.

    Returns:
        The animation, whose frames are generated as they are asked for. `animate(photo, motion,
        **animation.record["settings"])` makes it again, bit for bit on the same machine with the same versions.

    Raises:
        InputError, MediaError, PoseError, CheckpointError: what was given cannot be used.
    """
    if model is not None:
        changes["model"] = model.name if isinstance(model, Model) else model
    asked = (settings or AnimateSettings()).changed(**changes)
    photos = listed(photo)
    if not photos:
        raise InputError("no photo was given", remedy="give one of a person, or several of the same person")
    check_number(photos)
    finder: Estimator | str = asked.estimator
    if asked.detector or asked.pose_model:
        finder = load_estimator(asked.estimator, detector=asked.detector, pose_model=asked.pose_model)
    with collected() as notes:
        subjects = read_subjects(photos, asked, estimator=finder)
    driven = motion
    if not isinstance(driven, Motion):
        driven = read_motion(driven, **asked.reading, estimator=finder, track=track)
    if output is not None:
        check_length(output, len(driven))
    made = animated(
        subjects,
        driven,
        asked,
        model=model if isinstance(model, Model) else None,
        callback_on_step_end=callback_on_step_end,
    )
    names = [named(each) for each in photos]
    record = {"photo": names[0] if len(names) == 1 else names, "motion": named(motion), **made.record}
    record["warnings"] = [*notes, *made.warnings]
    return replace(made, warnings=(*notes, *made.warnings), record=record)


def read_subjects(
    photos: Sequence[Path | str | Subject], asked: AnimateSettings, *, estimator: Estimator | str
) -> list[Subject]:
    """The people of photos; whom to take and a mask concern the first.

    Raises:
        InputError, MediaError, PoseError: as `tempose.animation.subject.read_subject`.
    """
    subjects = []
    given: dict[str, Any] = {"person": asked.photo_person, "mask": asked.mask}
    for photo in photos:
        if not isinstance(photo, Subject):
            photo = read_subject(photo, estimator=estimator, matte_model=asked.matte_model, **given)
        subjects.append(photo)
        given = {}
    return subjects


def animated(
    subjects: Sequence[Subject],
    driven: Motion,
    asked: AnimateSettings,
    *,
    model: Model | None = None,
    mix: Callable[[Sequence[Subject], Motion], Mixture] = Mixture.nearest,
    callback_on_step_end: StepCallback | None = None,
) -> Animation:
    """Photos of people and a motion, all known, as an animation; its record says neither photo nor motion.

    Args:
        mix: what of several photos each frame takes, from the motion fitted to the first.
    """
    subject = subjects[0]
    fitted = retarget_motion(driven, subject.pose, **asked.fitting, mask=subject.mask)
    mixture = None if len(subjects) == 1 else mix(subjects, fitted.motion)
    device = str(model.pipeline.device) if model is not None else find_device(asked.device)
    loaded = model
    if asked.model != WARP and loaded is None:
        loaded = load_model(asked.model, device=device)
    size_of_model = preset(DEFAULT_MODEL).size if loaded is None else loaded.size

    window = Crop.around(united(fitted.room, person_room(subject.pose, subject.mask)), size_of_model)
    cutout, hands, hidden = with_hands(subject.cutout, subject.hands)
    generated = None
    if loaded is not None:
        generated = partial(
            generate,
            loaded,
            extended(subject.picture, window, loaded.size),
            cutout.seen_through(window, loaded.size),
            poses_in_frame(fitted.motion, window, loaded.size),
            steps=asked.steps,
            seed=asked.seed,
            strategy=asked.strategy,
            guidance=asked.guidance,
            further=None if mixture is None else mixture.further(window, loaded.size),
            callback_on_step_end=callback_on_step_end,
        )

    shown = whole_frame(fitted.picture)
    result = result_size(shown, wanted=asked.size)
    parts = [shown, *([] if mixture is None else mixture.parts(shown, result))]
    arms = [(hands, cutout.alpha), *((each.hands, each.cutout.alpha) for each in subjects[1:])]
    moves, (about_faces, about_hands) = movements(
        subjects, arms, driven, parts, result, expression=asked.expression, seed=asked.seed
    )
    visible = cutout.seen_through(shown, result)
    scene = Composition(
        background=whole_background(asked.background, visible.background, subject.picture),
        behind=visible.background,
        photos=Photos(to_layers([visible, *([] if mixture is None else mixture.cutouts(shown, result))])),
        window=scaled(window, shown, result),
        shares=None if mixture is None else mixture.shares,
        moves=moves,
        camera=None if fitted.camera is None else fitted.camera * (result[1] / shown.width),
    )
    about_model = () if loaded is None else (*loaded.warnings, *loaded.about_steps(asked.steps))
    about_face = [] if any(not each.warnings() for each in subjects) else subject.warnings()
    warnings = (*about_model, *about_face, *driven.notes, *fitted.warnings, *about_faces, *(hidden or about_hands))
    steps = loaded.steps if loaded is not None and asked.steps is None else asked.steps
    made_with = asked.changed(steps=steps, device=device)
    record = {
        "settings": made_with.as_dict(),
        "frames": len(driven),
        "frames_per_second": driven.fps,
        "sizes": {
            "photo": list(subject.picture.shape[:2]),
            "model": list(size_of_model),
            "window": [window.left, window.top, window.width, window.height],
            "result": list(result),
        },
        "model": None if loaded is None else description(loaded),
        "versions": versions(),
        "warnings": list(warnings),
    }
    return Animation(
        photo=extended(subject.picture, shown, result),
        motion=fitted.motion.cropped(shown, result),
        generated=generated,
        scene=scene,
        warnings=warnings,
        record=record,
    )


def movements(
    subjects: Sequence[Subject],
    arms: Sequence[tuple[np.ndarray | None, np.ndarray]],
    driven: Motion,
    parts: Sequence[Crop],
    size: tuple[int, int],
    *,
    expression: float,
    seed: int,
) -> tuple[list[Moves], tuple[tuple[str, ...], tuple[str, ...]]]:
    """How face and hands of each photo move, in a part of the photo at `size`; and what is to be said of either, of the
    first.

    Where the motion knows no faces, they blink now and then, as the seed draws.

    Args:
        arms: of each photo the hands, `2 21 4`, None where nothing is known, and its layers' alpha, `l h w`.
    """
    moving: list[Moves] = []
    told: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for subject, (hands, alpha), part in zip(subjects, arms, parts, strict=True):
        driver = driven.face
        if driver is None and subject.face is not None:
            driver = blinking(subject.face, len(driven), fps=driven.fps, seed=seed)
        face, why = move_face(subject.face, driver, picture=subject.picture, fps=driven.fps, expression=expression)
        bent, about_hands = move_hands(hands, subject.keypoints, alpha[[RIGHT_ARM, LEFT_ARM]], driven)
        told.append((() if driven.face is None else why, about_hands))
        moving.append([each.cropped(part, size) for each in (face, *bent) if each is not None])
    return moving, told[0]


# Geometry -----------------------------------------------------------------------------------------


def whole_frame(box: Box) -> Crop:
    """A box (left, top, right, bottom) in whole pixels, none of it cut off."""
    left, top, right, bottom = (
        int(np.floor(box[0])),
        int(np.floor(box[1])),
        int(np.ceil(box[2])),
        int(np.ceil(box[3])),
    )
    return Crop(left, top, right - left, bottom - top)


def result_size(shown: Crop, *, wanted: int | None) -> tuple[int, int]:
    """(height, width) of the result, both even: `wanted` high, or as large as what is shown, no side over LONGEST."""
    height = wanted or shown.height * min(1.0, LONGEST / max(shown.height, shown.width))
    even = max(2, 2 * round(height / 2))
    return even, max(2, 2 * round(even * shown.width / shown.height / 2))


def scaled(window: Crop, shown: Crop, result: tuple[int, int]) -> Crop:
    """Where a part of the photo lies in the result, in its pixels.

    Args:
        window: the part; shown: what of the photo the result shows. Both in pixels of the photo.
        result: (height, width) of the result.
    """
    across, down = result[1] / shown.width, result[0] / shown.height
    return Crop(
        left=round((window.left - shown.left) * across),
        top=round((window.top - shown.top) * down),
        width=max(1, round(window.width * across)),
        height=max(1, round(window.height * down)),
    )


# The record ---------------------------------------------------------------------------------------


def named(given: Any) -> str | None:
    """A path or name as the user gave it; None for what came as an object."""
    return str(given) if isinstance(given, (str, Path)) else None


def description(model: Model) -> dict[str, Any]:
    """What a model is."""
    config = model.pipeline.configuration().model_dump(mode="json")
    parts = (model.pipeline.texture_encoder, model.pipeline.unet)
    return {"name": model.name, "parameters": sum(part.num_parameters() for part in parts), "config": config}


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    packages = ("tempose", "torch", "diffusers", "numpy", "opencv-python-headless", "av")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
