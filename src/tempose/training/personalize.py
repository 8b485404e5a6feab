"""Fit given weights to one real person, from a short video or a few photos.

The last part of the material is held out: it says whether fitting helps, and when to stop. All of the
image model learns, at a low rate: what separates a person from those it was trained on is in every
part, from cloth (texture attention, decoder) to how much may be copied (the gate). DreamPose (Karras et
al., ICCV 2023, section 3.4) fits whole networks to a subject too. Temporal blocks stay: a few seconds
of one person would only make them forget how others move.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tempose.core.files import check_free_or_finished, remove_leftovers, written_whole
from tempose.core.progress import Track, quiet
from tempose.data.augment import Views
from tempose.data.clips import Sample
from tempose.data.prepared import sha256_of
from tempose.diffusion.hub import DEFAULT_MODEL, open_weights
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.media.animated import is_still
from tempose.media.images import write_image
from tempose.media.tensors import to_tensor
from tempose.media.video import write_video
from tempose.models.config import ModelConfig
from tempose.training.checkpoint import saved_states
from tempose.training.config import Data, Logging, Optimization, TrainConfig
from tempose.training.loop import stop_signal
from tempose.training.run import check_begun, write_description
from tempose.training.samples import FPS, row
from tempose.training.step import Batch, draw
from tempose.training.subject_data import (
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

# The held-out part is seen through so many windows, at these parts of the diffusion time; and so many of
# them are generated, in so many steps.
WINDOWS, TIMES = 4, (0.5, 0.9)
PAINTED, PAINT_STEPS = 2, 10
# Steps from one look at it to the next, and how many looks without a gain end the fitting.
LOOK_EVERY, PATIENCE = 20, 3


class Fitted(NamedTuple):
    """What fitting gave."""

    weights: Path
    """The folder of the best weights; where none was better, of those that were given."""
    before: float
    """Mean absolute error on the person in the held-out part, in [0, 1]: of the given weights …"""
    after: float
    """… and of the best ones."""
    step: int
    """After how many steps they were the best."""


def personalize(
    sources: Sequence[Path | str],
    out: Path | str,
    *,
    model: Path | str = DEFAULT_MODEL,
    size: tuple[int, int] | None = None,
    steps: int = 200,
    learning_rate: float = 1e-4,
    seed: int = 0,
    overwrite: bool = False,
    track: Track = quiet,
) -> Fitted:
    """Fit weights to the person of one video, or of at least three photos.

    OUT gets the settings (run.yaml), the prepared material (data/), the best weights (weights/), and
    held-out.png: photo · pose · truth · before · after. After a kill or a full disk the same call goes on.

    Args:
        sources: one video, or photos; the first photo or frame is the one to animate.
        model: weights to start from, as `tempose.diffusion.hub.find_weights` finds them.
        size: (height, width) to fit at; by default the model's own.
        steps: at most; fitting ends as soon as the held-out part gains no more. It can be ended by a
            signal too, and the best weights until then are kept.
        overwrite: a finished fitting in OUT is made again.

    Raises:
        InputError: OUT holds something else, a finished fitting, or one of other sources or settings; or the
            sources or the size do not fit.
        DataError, PoseError: there is too little of a person in the sources.
        CheckpointError: the model cannot be loaded.
    """
    out = check_place(out, overwrite=overwrite)
    shape, frames = shape_of(model)
    height_width = size or shape.size
    paths = [Path(source) for source in sources]
    digests = {path.name: sha256_of(path) for path in paths}
    if len(paths) == 1 and not is_still(paths[0]):
        known, held = split_video(views_of_video(paths[0], height_width, frames=frames), frames=frames)
    else:
        known, held = split_photos([views_of_photo(path, height_width) for path in paths])
    frames = 1 if len(known[0].frames) == 1 else frames
    config = TrainConfig(
        stage="person",
        model=shape,
        data=Data(root=out / "data", size=size, flip=0.0, crop=0.1, workers=0),
        optimization=Optimization(
            steps=steps, batch=max(1, 8 // frames), learning_rate=learning_rate, warmup=min(10, steps), ema=0.98,
            min_snr=5, drop_pose=0.1 * (shape.guidance != 1), drop_photo=0.1 * (shape.guidance != 1),
        ),
        logging=Logging(tensorboard=False, sample_steps=PAINT_STEPS, keep=1),
        start=str(model), output=out, seed=seed,
    )  # fmt: skip
    if (out / "run.yaml").is_file():
        check_begun(config, sources=digests, weights=config.start)
    write_description(config, sources=digests, weights=config.start)
    write_material(out / "data", known, held, source=", ".join(path.name for path in paths))
    return fit(config, held_out_samples(known[0], held, frames=frames), track=track)


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


def fit(config: TrainConfig, held_out: Sequence[Sample], *, track: Track = quiet) -> Fitted:
    """Train until the held-out samples gain no more, and write the best weights and a picture of them."""
    trainer = Trainer(config)
    looks = [look_at(sample, config, seed=i) for i, sample in enumerate(held_out)]
    pictures = [generate(trainer, held_out, config)]
    before = best = error(trainer, looks)
    best_step, best_values = 0, averages(trainer)
    if (state := trainer.resume()) is not None:
        best, best_step, best_values = state["best"]
    with stop_signal() as stopped:
        for batch in track(trainer.batches(), "fitting", total=trainer.total - trainer.step):
            trainer.learn(batch)
            if trainer.step % LOOK_EVERY and trainer.step < trainer.total and not stopped:
                continue
            now = error(trainer, looks)
            if now < best:
                best, best_step, best_values = now, trainer.step, averages(trainer)
            if stopped or trainer.step - best_step >= PATIENCE * LOOK_EVERY:
                break
            trainer.save_state(best=(best, best_step, best_values))
    trainer.average.shadow_params = best_values
    weights = config.output / "weights"
    with written_whole(weights, replace=True) as beside:
        trainer.write_weights(beside)
    pictures.append(generate(trainer, held_out, config)[:, :, :, -held_out[0].photo.shape[-1] :])
    write_pictures(config.output, np.concatenate(pictures, axis=3))
    remove_states(config.output)
    return Fitted(weights, before, best, best_step)


# The measure -----------------------------------------------------------------------------------------


def held_out_samples(photo: Views, held: Sequence[Views], *, frames: int) -> list[Sample]:
    """Windows of the held-out views, evenly spaced, to be generated from the first picture of all."""
    places = [(views, start) for views in held for start in range(len(views.frames) - frames + 1)]
    count = min(WINDOWS, len(places))
    chosen = [places[i * (len(places) - 1) // max(1, count - 1)] for i in range(count)]
    return [sample_of(photo, views, slice(start, start + frames)) for views, start in chosen]


def sample_of(photo: Views, target: Views, which: slice) -> Sample:
    """The first picture of one, and some frames of the other."""
    picture, keypoints, mask = tensors(part(photo, slice(0, 1)))
    return Sample(picture[0], keypoints[0], mask[0], *tensors(part(target, which)), "held out")


def tensors(views: Views) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures `f 3 h w` in [-1, 1], key points `f 18 3` and masks `f 1 h w`."""
    masks = torch.from_numpy(views.masks).float()[:, None]
    return to_tensor(views.frames), torch.from_numpy(views.motion.keypoints), masks


def look_at(sample: Sample, config: TrainConfig, *, seed: int) -> list[tuple[Batch, Tensor]]:
    """A sample as noisy batches at each of TIMES, always the same, and where the person is."""
    batch = draw(sample, config, noisy=False, generator=torch.Generator().manual_seed(seed))
    times = [torch.tensor([round(part * (config.model.train_timesteps - 1))]) for part in TIMES]
    return [(replace(batch, t=t), sample.masks[None]) for t in times]


@torch.no_grad()
def error(trainer: Trainer, looks: Sequence[list[tuple[Batch, Tensor]]]) -> float:
    """Mean absolute error on the person, in [0, 1], of the clean frames that the averaged weights predict."""
    device, errors = trainer.accelerator.device, []
    with trainer.averaged():
        objective = trainer.accelerator.unwrap_model(trainer.objective)
        for batch, masks in (pair for look in looks for pair in look):
            here, person = batch.to(device), masks.to(device)
            distance = (objective.clean(here).clamp(-1, 1) - here.frames).abs().mean(2, keepdim=True) / 2
            errors.append(float((distance * person).sum() / person.sum().clamp_min(1)))
    return sum(errors) / len(errors)


def averages(trainer: Trainer) -> list[Tensor]:
    """A copy of the averaged weights."""
    return [value.clone() for value in trainer.average.shadow_params]


def generate(trainer: Trainer, samples: Sequence[Sample], config: TrainConfig) -> np.ndarray:
    """Rows of photo · pose · truth · sample, of the last samples: uint8 `n f h 4w 3`."""
    with trainer.averaged() as networks:
        pipe = PersonVideoPipeline.from_networks(networks, config=config.model)
        pipe.set_progress_bar_config(disable=True)
        rows = [
            row(pipe, sample, steps=config.logging.sample_steps, seed=i) for i, sample in enumerate(samples[-PAINTED:])
        ]
    return np.stack(rows)


def write_pictures(out: Path, rows: np.ndarray) -> None:
    """Where there are several frames held-out.mp4, and at last FINISHED, of rows `n f h w 3`."""
    stacked = rows.transpose(1, 0, 2, 3, 4).reshape(rows.shape[1], -1, *rows.shape[3:])  # f (n h) w 3
    if len(stacked) > 1:
        write_video(out / "held-out.mp4", iter(stacked), FPS)
    write_image(out / FINISHED, stacked[0])


# The model ---------------------------------------------------------------------------------------------


def shape_of(model: Path | str) -> tuple[ModelConfig, int]:
    """The configuration of saved weights, and how many frames of a video they learn from together."""
    given = open_weights(model)
    shape = given.configuration()
    return shape, shape.clip_length if given.unet.config.temporal else 1
