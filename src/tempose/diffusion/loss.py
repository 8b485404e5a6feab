"""The training loss: L_simple, plus L_vlb where the variance is learned.

Nichol & Dhariwal 2021, "Improved Denoising Diffusion Probabilistic Models", section 3.1; PIDM uses
the same, section 3.3. Noise and times are passed in; nothing here draws random numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from diffusers import DDPMScheduler
from torch import Tensor

# Width of one of the 256 grey values of a picture in [-1, 1].
_BIN = 2 / 255


@dataclass(frozen=True)
class Loss:
    """Losses `b`, one a clip; `total` is what is minimized."""

    simple: Tensor
    variational: Tensor | None

    @property
    def total(self) -> Tensor:
        """L_simple + L_vlb (scaled by T/1000, as published)."""
        return self.simple if self.variational is None else self.simple + self.variational


class Schedule:
    """The constants of the trained schedule at times `t`, shaped to multiply `b f c h w`."""

    def __init__(self, scheduler: DDPMScheduler, t: Tensor, dtype: torch.dtype = torch.float32) -> None:
        betas = scheduler.betas.to(device="cpu", dtype=torch.float64)  # which not every device can hold
        alpha_bars = (1 - betas).cumprod(0)
        before = torch.cat([torch.ones_like(alpha_bars[:1]), alpha_bars[:-1]])
        posterior_variance = betas * (1 - before) / (1 - alpha_bars)
        # At t = 0 the posterior has no variance; its logarithm is taken at t = 1 instead.
        log_posterior = torch.cat([posterior_variance[1:2], posterior_variance[1:]]).log()

        def at(values: Tensor) -> Tensor:
            return values[t.cpu()].to(t.device, dtype)[:, None, None, None, None]

        self.beta_log = at(betas.log())
        self.posterior_log = at(log_posterior)
        self.alpha_bar = at(alpha_bars)
        self.mean_x0 = at(betas * before.sqrt() / (1 - alpha_bars))
        self.mean_x_t = at((1 - before) * (1 - betas).sqrt() / (1 - alpha_bars))

    def add_noise(self, x_0: Tensor, noise: Tensor) -> Tensor:
        """q(x_t | x_0): √ᾱ·x₀ + √(1−ᾱ)·ε."""
        return self.alpha_bar.sqrt() * x_0 + (1 - self.alpha_bar).sqrt() * noise

    def velocity(self, x_0: Tensor, noise: Tensor) -> Tensor:
        """v = √ᾱ·ε − √(1−ᾱ)·x₀ (Salimans & Ho 2022, appendix D)."""
        return self.alpha_bar.sqrt() * noise - (1 - self.alpha_bar).sqrt() * x_0

    def clean(self, x_t: Tensor, predicted: Tensor, prediction_type: str) -> Tensor:
        """The x₀ that a predicted noise or v implies."""
        if prediction_type == "epsilon":
            return (x_t - (1 - self.alpha_bar).sqrt() * predicted) / self.alpha_bar.sqrt()
        return self.alpha_bar.sqrt() * x_t - (1 - self.alpha_bar).sqrt() * predicted


def diffusion_loss(
    prediction: Tensor,
    *,
    x_0: Tensor,
    noise: Tensor,
    t: Tensor,
    scheduler: DDPMScheduler,
    norm: Literal["l2", "l1"] = "l2",
) -> Loss:
    """The loss of one prediction.

    Args:
        prediction: `b f c h w`, c = 3, or 6 where the variance is learned.
        x_0: clean frames `b f 3 h w` in [-1, 1].
        noise: the ε that x_t was made with, of the same shape.
        t: diffusion times `b`.
        scheduler: the schedule, which also says what is predicted.
        norm: of the error in L_simple: `l2`, squared, as published; or `l1`, absolute, which leaves alone
            what is right more often than not (Saharia et al. 2022, "Palette", section 4.1: less diverse
            samples, and fewer things that are not there).

    Returns:
        L_simple, and L_vlb × T/1000 in bits, each a mean over all but b.
    """
    kind = scheduler.config.prediction_type
    schedule = Schedule(scheduler, t, x_0.dtype)
    predicted, interpolation = prediction[:, :, :3], prediction[:, :, 3:]
    target = noise if kind == "epsilon" else schedule.velocity(x_0, noise)
    error = predicted - target
    simple = _mean(error**2 if norm == "l2" else error.abs())
    if interpolation.shape[2] == 0:
        return Loss(simple, None)

    x_t = schedule.add_noise(x_0, noise)
    # The variance learns from L_vlb alone: the mean is held fixed there.
    x_0_predicted = schedule.clean(x_t, predicted.detach(), kind)
    mean = schedule.mean_x0 * x_0_predicted + schedule.mean_x_t * x_t
    truth = schedule.mean_x0 * x_0 + schedule.mean_x_t * x_t
    share = (interpolation + 1) / 2
    log_variance = share * schedule.beta_log + (1 - share) * schedule.posterior_log

    divergence = gaussian_kl(truth, schedule.posterior_log, mean, log_variance)
    likelihood = discretised_log_likelihood(x_0, mean, log_variance / 2)
    first = (t == 0)[:, None, None, None, None]
    bits = _mean(torch.where(first, -likelihood, divergence)) / math.log(2)
    return Loss(simple, bits * scheduler.config.num_train_timesteps / 1000)


def gaussian_kl(mean1: Tensor, log_variance1: Tensor, mean2: Tensor, log_variance2: Tensor) -> Tensor:
    """KL divergence of two diagonal Gaussians, in nats, element by element."""
    ratio = torch.exp(log_variance1 - log_variance2)
    distance = (mean1 - mean2) ** 2 * torch.exp(-log_variance2)
    return 0.5 * (log_variance2 - log_variance1 - 1 + ratio + distance)


def discretised_log_likelihood(x: Tensor, mean: Tensor, log_deviation: Tensor) -> Tensor:
    """Log-probability of 8-bit pictures x in [-1, 1] under a Gaussian (Ho et al. 2020, section 3.3).

    Each of the 256 grey values gets the Gaussian's mass on its bin; the outer two reach to infinity.
    """
    inverse = torch.exp(-log_deviation)
    below = torch.special.ndtr((x - _BIN / 2 - mean) * inverse)
    above = torch.special.ndtr((x + _BIN / 2 - mean) * inverse)
    below = torch.where(x < -1 + _BIN / 2, torch.zeros_like(below), below)
    above = torch.where(x > 1 - _BIN / 2, torch.ones_like(above), above)
    return (above - below).clamp_min(1e-12).log()


def _mean(values: Tensor) -> Tensor:
    return values.flatten(1).mean(1)
