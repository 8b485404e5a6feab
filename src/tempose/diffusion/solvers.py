"""Solvers by name: how a sampler gets from noise to frames (all from diffusers).

A solver is made from the schedule that the model was trained on; it needs the predicted noise (or v)
alone, except DDPM, which also takes the learned variance.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, SchedulerMixin, UniPCMultistepScheduler
from torch import Tensor

from tempose.core.errors import InputError, unknown

SOLVERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "ddim": (DDIMScheduler, {"set_alpha_to_one": True}),  # Song et al. 2021, η = 0; the published sampler
    "ddpm": (DDPMScheduler, {}),  # Ho et al. 2020, with the learned range of Nichol & Dhariwal 2021
    "dpm++": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++", "final_sigmas_type": "zero"}),
    "unipc": (UniPCMultistepScheduler, {"final_sigmas_type": "zero"}),  # Zhao et al. 2023
}


def make_solver(
    name: str, *, schedule: DDPMScheduler, steps: int, device: torch.device | str = "cpu"
) -> SchedulerMixin:
    """A fresh solver on the trained schedule, its times set.

    Raises:
        InputError: the name is unknown, or steps are not between 1 and the schedule's T.
    """
    if name not in SOLVERS:
        raise unknown("solver", name, SOLVERS)
    t_max = schedule.config.num_train_timesteps
    if not isinstance(steps, int) or not 1 <= steps <= t_max:
        raise InputError(f"num_inference_steps is {steps!r}; wanted a whole number from 1 to {t_max}")
    solver_class, options = SOLVERS[name]
    config = dict(schedule.config)
    if solver_class is not DDPMScheduler:
        config.pop("variance_type", None)
    solver = solver_class.from_config(config, **options)
    solver.set_timesteps(steps, device=device)
    return solver


def solver_step(
    solver: SchedulerMixin, prediction: Tensor, t: Tensor, x_t: Tensor, *, generator: torch.Generator
) -> Tensor:
    """One step of a solver.

    Args:
        prediction: `f c h w`: noise or v, and, if the model learns it, the variance.
        t: the time that the prediction was made at.
        x_t: `f 3 h w`.
        generator: for the noise that DDPM adds.

    Returns:
        The less noisy frames `f 3 h w`.
    """
    mean, variance = prediction[:, :3], prediction[:, 3:]
    if isinstance(solver, DDPMScheduler):
        # diffusers does not bound v; beyond [-1, 1] the interpolated variance would leave its range.
        mean = torch.cat([mean, variance.clamp(-1, 1)], dim=1)
        return solver.step(mean, t, x_t, generator=generator).prev_sample
    return solver.step(mean, t, x_t).prev_sample
