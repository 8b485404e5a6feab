"""How few steps are enough: solver × spacing × steps × interval of guidance, on people held out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np
from diffusers import DDPMScheduler
from torch import Tensor

from benchmarks.speed.record import Row
from tempose.core.errors import DataError
from tempose.core.progress import Track, quiet
from tempose.data.prepared import Clip, read_metadata
from tempose.diffusion.guidance import Guidance
from tempose.diffusion.hub import load_model
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.evaluation.cases import Case, reconstruction
from tempose.evaluation.methods import generated
from tempose.evaluation.metrics import l1, ssim

SOLVERS = ("ddim", "dpm++", "unipc")
SPACINGS = ("leading", "trailing", "linspace")
STEPS = (1, 2, 3, 4, 6, 8, 12, 16)
INTERVALS = ((0.0, 1.0), (0.2, 1.0), (0.0, 0.8), (0.2, 0.8), (0.4, 0.8))


class Setting(NamedTuple):
    """How frames are sampled."""

    solver: str
    spacing: str
    steps: int
    interval: tuple[float, float]
    """Times t/T at which guidance acts."""


class Quality(NamedTuple):
    """Means over clips, of means over frames."""

    ssim: float
    l1: float
    """On the person."""


def search(
    model: str,
    data: Path | str,
    *,
    split: str = "test",
    clips: int = 16,
    frames: int = 4,
    guidance: float | None = None,
    solvers: Sequence[str] = SOLVERS,
    spacings: Sequence[str] = SPACINGS,
    steps: Sequence[int] = STEPS,
    track: Track = quiet,
) -> list[Row]:
    """Measure every setting beside 50 steps of DDIM at the model's own spacing.

    Args:
        model: weights, as `load_model` takes them.
        data: a prepared dataset (`tempose people`, `tempose prepare`).
        clips: so many, evenly over the split; the first frame of each is the photo.
        frames: of each, evenly over the rest.
        guidance: scale of the photo; the model's own if not given. At 1 the interval has no meaning.

    Returns:
        One row a setting, cheapest first; the reference is the last.
    """
    loaded = load_model(model)
    pipe, scale = loaded.pipeline, loaded.pipeline.sampling.guidance if guidance is None else guidance
    cases = read_cases(Path(data), split=split, clips=clips, frames=frames, size=loaded.size)
    own = pipe.scheduler.config.timestep_spacing
    reference = Setting("ddim", own, 50, (0.0, 1.0))
    intervals = INTERVALS if scale != 1 else INTERVALS[:1]
    settings = [Setting(*found) for found in product(solvers, spacings, steps, intervals)]
    settings.sort(key=lambda setting: predictions(pipe, setting, scale))
    measured = {
        setting: quality(pipe, setting, scale, cases)
        for setting in track([*settings, reference], "settings", total=len(settings) + 1)
    }
    best = measured[reference]
    return [
        {
            "solver": setting.solver,
            "spacing": setting.spacing,
            "steps": setting.steps,
            "guidance": scale,
            "interval": f"{setting.interval[0]:g}–{setting.interval[1]:g}",
            "predictions": predictions(pipe, setting, scale),
            "SSIM": f"{found.ssim:.4f}",
            "SSIM − reference": f"{found.ssim - best.ssim:+.4f}",
            "L1 on the person": f"{found.l1:.4f}",
        }
        for setting, found in measured.items()
    ]


def read_cases(data: Path, *, split: str, clips: int, frames: int, size: tuple[int, int]) -> list[Case]:
    """Clips of a split as cases.

    Raises:
        DataError: no clip of the split is long enough.
    """
    there = [Clip(data / split, row) for row in read_metadata(data, split)]
    there = [clip for clip in there if len(clip) > frames]
    if not there:
        raise DataError(f"{data / split} has no clip of more than {frames} frames; ask for fewer frames")
    chosen = np.unique(np.linspace(0, len(there) - 1, clips).astype(int))
    moments = [np.linspace(1, len(there[i]) - 1, frames).astype(int).tolist() for i in chosen]
    return [reconstruction(there[i], at, size=size, stretch=True) for i, at in zip(chosen, moments, strict=True)]


def quality(pipe: PersonVideoPipeline, setting: Setting, scale: float, cases: Sequence[Case]) -> Quality:
    """How near the truth a setting comes."""
    generate = generated(
        respaced(pipe, setting.spacing),
        seed=0,
        solver=setting.solver,
        num_inference_steps=setting.steps,
        guidance=Guidance(photo=scale, interval=setting.interval),
    )
    found = []
    for case in cases:
        assert case.truth is not None
        frames, truth = unit(generate(case)), unit(case.truth.frames)
        on_person = l1(frames, truth, mask=case.truth.mask[None]).nanmean()
        found.append(Quality(float(ssim(frames, truth).mean()), float(on_person)))
    return Quality(*(fmean(values) for values in zip(*found, strict=True)))


def respaced(pipe: PersonVideoPipeline, spacing: str) -> PersonVideoPipeline:
    """The same networks with the times of sampling spaced otherwise."""
    scheduler = DDPMScheduler.from_config(pipe.scheduler.config, timestep_spacing=spacing)
    made = PersonVideoPipeline(pipe.texture_encoder, pipe.unet, scheduler, pipe.sampling)
    made.set_progress_bar_config(disable=True)
    return made


def predictions(pipe: PersonVideoPipeline, setting: Setting, scale: float) -> int:
    """Predictions of each frame, over all steps and branches."""
    from tempose.diffusion.solvers import make_solver

    schedule = respaced(pipe, setting.spacing).scheduler
    times = make_solver(setting.solver, schedule=schedule, steps=setting.steps).timesteps
    guidance = Guidance(photo=scale, interval=setting.interval)
    return sum(len(guidance.at(int(t) / schedule.config.num_train_timesteps).branches()) for t in times)


def unit(frames: Tensor) -> Tensor:
    """`f 3 h w` in [-1, 1] → `1 f 3 h w` in [0, 1]."""
    return ((frames[None] + 1) / 2).clamp(0, 1)
