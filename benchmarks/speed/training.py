"""A training step of each stage: time, and the memory that autograd takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.speed.record import Row
from benchmarks.speed.timing import alternately
from benchmarks.speed.workload import scene
from tempose.models.build import build_networks, build_schedule
from tempose.models.conditions import Photo
from tempose.models.config import preset
from tempose.pose.render import pose_maps
from tempose.training.budget import FLOAT, MOMENTS, Budget, budget
from tempose.training.config import Data, Optimization, TrainConfig
from tempose.training.stages import STAGES, frozen
from tempose.training.step import Batch, Objective

# Stage, preset, samples a step.
RUNS = (
    ("image", "people-128", 4),
    ("temporal", "people-128", 1),
    ("image", "pidm-256", 8),
    ("temporal", "pidm-256", 2),
)


def configuration(stage: Any, name: str, batch: int, **optimization: Any) -> TrainConfig:
    """A run that is only looked at: it has neither data nor an output."""
    return TrainConfig(
        stage=stage,
        model=preset(name),
        data=Data(root=Path()),
        optimization=Optimization(steps=1, batch=batch, **optimization),
        start=None if stage == "image" else "nowhere",
        output=Path(),
    )


def memory(repeats: int) -> list[Row]:
    """GiB of one device, counted from the tensors that autograd saves, not measured (`tempose.training.budget`)."""
    rows = []
    for stage, name, batch in RUNS:
        for precision in ("fp32", "bf16"):
            for checkpointing in (False, True):
                plan = budget(configuration(stage, name, batch, precision=precision, checkpointing=checkpointing))
                rows.append(
                    {
                        "preset": name,
                        "stage": stage,
                        "batch": batch,
                        "precision": precision,
                        "checkpointing": "yes" if checkpointing else "no",
                        "activations, GiB": plan.activations * plan.samples / 2**30,
                        "in all, GiB": in_all(plan) / 2**30,
                    }
                )
    return rows


def in_all(plan: Budget) -> int:
    """Bytes: parameters; gradients, Adam's moments and averages of what learns; activations."""
    return FLOAT * (plan.frozen + (3 + MOMENTS) * plan.trainable) + plan.activations * plan.samples


def step(repeats: int) -> list[Row]:
    """One optimizer step of `people-128`, forward, backward and Adam, in both precisions."""
    rows = []
    for stage, name, batch in RUNS[:2]:
        runs = {
            precision: a_step(configuration(stage, name, batch, precision=precision)) for precision in ("fp32", "bf16")
        }
        timings = alternately(runs, repeats=repeats)
        rows += [
            {
                "preset": name,
                "stage": stage,
                "batch": batch,
                "precision": precision,
                "seconds": timing.median,
                "faster": timing.faster_than(timings["fp32"]),
            }
            for precision, timing in timings.items()
        ]
    return rows


def a_step(config: TrainConfig) -> Callable[[], None]:
    """What one step of a run computes, on samples that are all the same person."""
    temporal = bool(STAGES[config.stage].temporal)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        networks = frozen(build_networks(config.model, temporal=temporal), STAGES[config.stage])
    objective = Objective(networks, build_schedule(config.model), recipe=config.optimization)
    optimizer = torch.optim.AdamW([p for p in objective.parameters() if p.requires_grad], lr=1e-6)
    one = sample(config, frames=config.model.clip_length if temporal else 1)
    batch = Batch.cat([one] * config.optimization.batch)

    def run() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=config.optimization.precision == "bf16"):
            loss = objective(batch).total.mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return run


def sample(config: TrainConfig, *, frames: int) -> Batch:
    """A batch of one."""
    h, w = config.model.size
    given = scene((h, w), frames=frames)
    generator = torch.Generator().manual_seed(0)
    keypoints = torch.from_numpy(given.motion.keypoints)[None]
    maps = torch.from_numpy(pose_maps(given.motion.keypoints, (h, w)))[None]
    return Batch(
        photo=Photo.of(given.photo, maps[0, 0], given.cutout),
        frames=given.photo.expand(1, frames, -1, -1, -1),
        masks=torch.ones(1, frames, 1, h, w),
        keypoints=keypoints,
        pose_map=maps,
        noise=torch.randn(1, frames, 3, h, w, generator=generator),
        t=torch.tensor([500]),
    )
