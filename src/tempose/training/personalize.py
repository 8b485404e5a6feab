"""Fit given weights to one real person, from a short video or a few photos.

The last part of the material is held out: whole frames of it, as `animate` makes them, say whether fitting helps, and
when to stop; where it does not, the given weights stay. All of the
image model learns, at a low rate: what separates a person from those it was trained on is in every
part, from cloth (texture attention, decoder) to how much may be copied (the gate). DreamPose (Karras et
al., ICCV 2023, section 3.4) fits whole networks to a subject too. Temporal blocks stay: a few seconds
of one person would only make them forget how others move.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage
from torch import Tensor

from tempose.animation.animate import animate
from tempose.animation.subject import Subject
from tempose.core.files import check_free_or_finished, remove_leftovers, written_whole
from tempose.core.progress import Track, quiet
from tempose.data.augment import Views, resized
from tempose.data.prepared import sha256_of
from tempose.diffusion.hub import Model as LoadedModel
from tempose.diffusion.hub import open_weights
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.media.animated import is_still
from tempose.media.images import resize, write_image
from tempose.media.video import write_video
from tempose.models.config import ModelConfig
from tempose.pose.draw import draw_alone
from tempose.training.checkpoint import saved_states
from tempose.training.config import Data, Logging, Optimization, TrainConfig
from tempose.training.loop import stop_signal
from tempose.training.run import check_begun, write_description
from tempose.training.samples import FPS
from tempose.training.settings import PersonalizeSettings
from tempose.training.subject_data import (
    check_one_person,
    part,
    split_photos,
    split_video,
    views_of_photo,
    views_of_video,
    write_material,
)
from tempose.training.trainer import Trainer

# What a fitting holds; the last is written at the end.
FINISHED = "held-out.png"
FILES = ("run.yaml", "data", "weights", "held-out.mp4", FINISHED)

# Whole frames are looked at this much larger than the network's.
ENLARGED = 3

# The held-out part is seen through so many windows; and so many of them are shown, before and after.
WINDOWS, SHOWN = 4, 2
# They are generated in the model's own steps, or so many where it wants more.
LOOK_STEPS = 10
# Steps from one look at them to the next, and how many looks without a gain end the fitting.
LOOK_EVERY, PATIENCE = 20, 3
# No window may become worse than with the given weights by more than this share.
TOLERANCE = 0.02

# Models that sample in one step go on learning as they learnt last: configs/people-real.yaml.
ONE_STEP: dict[str, Any] = {"norm": "l1", "last_time": 0.5}

# What spills over the person's outline counts as far as this, in pixels of the whole frame.
AROUND = 4


class Fitted(NamedTuple):
    """What fitting gave."""

    weights: Path
    """The folder of the best weights; where none was better, of those that were given."""
    before: float
    """Mean absolute error on the person in whole held-out frames, in [0, 1]: of the given weights …"""
    after: float
    """… and of the best ones."""
    step: int
    """After how many steps they were the best; 0: the given ones are."""


def personalize(
    sources: Sequence[Path | str],
    out: Path | str,
    settings: PersonalizeSettings | None = None,
    *,
    overwrite: bool = False,
    track: Track = quiet,
    **changes: Any,
) -> Fitted:
    """Fit weights to the person of one video, or of at least three photos.

    OUT gets the settings (run.yaml), the prepared material (data/), the best weights (weights/), and
    held-out.png: photo · pose · truth · before · after. After a kill or a full disk the same call goes on; it can be
    ended by a signal too, and the best weights until then are kept.

    Args:
        sources: one video, or photos; the first photo or frame is the one to animate.
        settings: how; by default the usual. changes: on top of them.
        overwrite: a finished fitting in OUT is made again.

    Raises:
        InputError: OUT holds something else, a finished fitting, or one of other sources or settings; or the
            sources or the size do not fit; or the photos are of different people.
        DataError, PoseError: there is too little of a person in the sources.
        CheckpointError: the model cannot be loaded.
    """
    asked = (settings or PersonalizeSettings()).changed(**changes)
    out = check_place(out, overwrite=overwrite)
    shape, frames = shape_of(asked.model)
    height, width = asked.size or shape.size
    whole = (ENLARGED * height, ENLARGED * width)
    paths = [Path(source) for source in sources]
    digests = {path.name: sha256_of(path) for path in paths}
    if len(paths) == 1 and not is_still(paths[0]):
        known, held = split_video(views_of_video(paths[0], whole, frames=frames), frames=frames)
    else:
        photos = [views_of_photo(path, whole) for path in paths]
        check_one_person(photos, names=[path.name for path in paths])
        known, held = split_photos(photos)
    return personalize_views(known, held, out, asked, sources=digests, track=track)


def personalize_views(
    known: Sequence[Views],
    held: Sequence[Views],
    out: Path,
    settings: PersonalizeSettings,
    *,
    sources: Mapping[str, str],
    track: Track = quiet,
) -> Fitted:
    """Fit weights to one person, whose pictures and key points are known already.

    Args:
        known: what is learned from: stretches of a video, or photos, one view each; held: what is held out, of the same
            form. All of one size, that of the whole frames that are looked at.
        out: where `check_place` found room.
        sources: where they come from, each with its digest, for the record.
    """
    shape, frames = shape_of(settings.model)
    frames = 1 if len(known[0].frames) == 1 else frames
    size = settings.size or shape.size
    config = TrainConfig(
        stage="person",
        model=shape,
        data=Data(root=out / "data", size=settings.size, flip=0.0, crop=0.1, workers=0),
        optimization=Optimization(
            steps=settings.steps, batch=max(1, 8 // frames), learning_rate=settings.learning_rate,
            warmup=min(10, settings.steps), ema=0.98, min_snr=5, **(ONE_STEP if shape.steps == 1 else {}),
            drop_pose=0.1 * (shape.guidance != 1), drop_photo=0.1 * (shape.guidance != 1),
        ),
        logging=Logging(tensorboard=False, keep=1),
        start=settings.model, output=out, seed=settings.seed,
    )  # fmt: skip
    if (out / "run.yaml").is_file():
        check_begun(config, sources=sources, weights=config.start)
    write_description(config, sources=sources, weights=config.start)
    small_known, small_held = ([resized(views, size) for views in each] for each in (known, held))
    write_material(out / "data", small_known, small_held, source=", ".join(sources))
    return fit(config, held_out(known[0], held, frames=frames), track=track)


def check_place(out: Path | str, *, overwrite: bool = False) -> Path:
    """The folder, if it is free, or holds a fitting that was begun; a finished one that may be replaced is removed.

    Raises:
        InputError: it holds something else, or a finished fitting that is not to be replaced.
    """
    out = Path(out)
    remove_leftovers(out / "run.yaml")
    finished = (out / FINISHED).is_file()
    if finished:
        remove_states(out)
    elif (out / "run.yaml").is_file():
        return out
    check_free_or_finished(out, kind="fitting", mark=FINISHED, names=FILES, overwrite=overwrite)
    if finished:
        shutil.rmtree(out)
    return out


def remove_states(out: Path) -> None:
    """Remove what nobody goes on from any more."""
    for state in saved_states(out):
        state.unlink()


def fit(config: TrainConfig, windows: Sequence[Window], *, track: Track = quiet) -> Fitted:
    """Train until the held-out windows gain no more, and write the best weights and a picture of them.

    The best are those with the least error over all windows of those that make none of them worse (`none_worse`); they
    are looked for every LOOK_EVERY steps, and PATIENCE looks without a gain, or a signal, end it.
    """
    trainer = Trainer(config)
    given = look(trainer, windows)
    best, best_step, best_values = mean_error(given), 0, averages(trainer)
    if (state := trainer.resume()) is not None:
        best, best_step, best_values = state["best"]
    with stop_signal() as stopped:
        for batch in track(trainer.batches(), "fitting", total=trainer.total - trainer.step):
            trainer.learn(batch)
            if trainer.step % LOOK_EVERY and trainer.step < trainer.total and not stopped:
                continue
            seen = look(trainer, windows)
            if mean_error(seen) < best and none_worse(seen, given):
                best, best_step, best_values = mean_error(seen), trainer.step, averages(trainer)
            if stopped or trainer.step - best_step >= PATIENCE * LOOK_EVERY:
                break
            trainer.save_state(best=(best, best_step, best_values))
    trainer.average.shadow_params = best_values
    weights = config.output / "weights"
    with written_whole(weights, replace=True) as beside:
        trainer.write_weights(beside)
    write_pictures(config.output, windows, given, look(trainer, windows[-SHOWN:]))
    remove_states(config.output)
    return Fitted(weights, mean_error(given), best, best_step)


# The measure -----------------------------------------------------------------------------------------


class Window(NamedTuple):
    """Some held-out frames that follow one another, to be made of the first picture of all."""

    subject: Subject
    truth: Views


class Look(NamedTuple):
    """A window as it is made by some weights."""

    frames: np.ndarray
    """uint8 `f h w 3`."""
    error: float
    """Mean absolute error on the person, in [0, 1]."""


def held_out(photo: Views, held: Sequence[Views], *, frames: int) -> list[Window]:
    """Windows of the held-out views, evenly spaced."""
    subject = Subject(photo.frames[0], photo.motion.keypoints[0], photo.masks[0])
    places = [(views, start) for views in held for start in range(len(views.frames) - frames + 1)]
    count = min(WINDOWS, len(places))
    chosen = [places[i * (len(places) - 1) // max(1, count - 1)] for i in range(count)]
    return [Window(subject, part(views, slice(start, start + frames))) for views, start in chosen]


def look(trainer: Trainer, windows: Sequence[Window]) -> list[Look]:
    """Whole frames of the windows as `tempose.animation.animate.animate` makes them by the averaged weights."""
    with trainer.averaged() as networks:
        pipe = PersonVideoPipeline.from_networks(networks, config=trainer.config.model)
        pipe.set_progress_bar_config(disable=True)
        model = LoadedModel("personalized", pipe)
        return [look_at(window, model, steps=min(model.steps, LOOK_STEPS)) for window in windows]


def look_at(window: Window, model: LoadedModel, *, steps: int) -> Look:
    """One window as a model makes it, in so many denoising steps; the error counts AROUND pixels about the person."""
    truth = window.truth
    size = truth.motion.size
    made = animate(window.subject, truth.motion, model=model, retarget="none", size=size[0], steps=steps)
    frames = np.stack([resize(frame, size) for frame in made.frames()])
    person = np.stack([ndimage.binary_dilation(mask, iterations=AROUND) for mask in truth.masks])
    distance = np.abs(frames.astype(np.float32) - truth.frames).mean(-1) / 255
    return Look(frames, float(distance[person].mean()) if person.any() else 0.0)


def mean_error(looks: Sequence[Look]) -> float:
    """Over all windows."""
    return float(np.mean([each.error for each in looks]))


def none_worse(looks: Sequence[Look], before: Sequence[Look]) -> bool:
    """Whether no window is visibly worse than before, whatever the mean says."""
    return all(now.error <= (1 + TOLERANCE) * then.error for now, then in zip(looks, before, strict=True))


def averages(trainer: Trainer) -> list[Tensor]:
    """A copy of the averaged weights."""
    return [value.clone() for value in trainer.average.shadow_params]


def write_pictures(out: Path, windows: Sequence[Window], before: Sequence[Look], after: Sequence[Look]) -> None:
    """held-out.png, and where there are several frames held-out.mp4: photo · pose · truth · before · after, of the
    last windows, as many as `after` has."""
    rows = []
    for (subject, truth), then, now in zip(windows[-len(after) :], before[-len(after) :], after, strict=True):
        photos = np.broadcast_to(subject.picture, truth.frames.shape)
        poses = np.stack(list(draw_alone(truth.motion, height=truth.motion.size[0])))
        rows.append(np.concatenate([photos, poses, truth.frames, then.frames, now.frames], axis=2))
    stacked = np.concatenate(rows, axis=1)  # f (n h) (5 w) 3
    write_image(out / FINISHED, stacked[0])
    if len(stacked) > 1:
        write_video(out / "held-out.mp4", iter(stacked), FPS)


# The model ---------------------------------------------------------------------------------------------


def shape_of(model: Path | str) -> tuple[ModelConfig, int]:
    """The configuration of saved weights, and how many frames of a video they learn from together."""
    given = open_weights(model)
    shape = given.configuration()
    return shape, shape.clip_length if given.unet.config.temporal else 1
