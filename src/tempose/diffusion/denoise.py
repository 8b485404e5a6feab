"""One prediction of a model, together with what is known of the frames: for training and sampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tempose.models.conditions import Conditions, Prior
from tempose.models.unet import PersonUNet
from tempose.warp.detail import moved


class Denoised(NamedTuple):
    """One prediction for noisy frames."""

    output: Tensor
    """The noise (or v), and the variance where it is learned: `b f c h w`, c = 3 or 6."""
    person: Tensor | None
    """How the prior was corrected, `b f 3 h w`: a flow as `moved` takes it, and the person's alpha; None without.
    The alpha is what the network says, not yet clamped to [0, 1]."""
    moved: Tensor | None = None
    """The corrected prior itself, before the network adds the rest: `b f 3 h w`."""


def denoise(
    unet: PersonUNet,
    x_t: Tensor,
    t: Tensor,
    conditions: Conditions,
    *,
    alpha_bar: Tensor,
    prediction_type: str,
    encoded: Sequence[Tensor] | None = None,
) -> Denoised:
    """The noise (or v) in noisy frames.

    With `sigma_data` the clean frames lie around the prior, which the network may first correct: it moves the warped
    person to where they belong, and adds to their alpha.

    Args:
        x_t: `b f 3 h w`.
        t: diffusion times `b`.
        alpha_bar: ᾱ of these times, `b 1 1 1 1`.
        prediction_type: `epsilon` or `v_prediction`.
        encoded: what `PersonUNet.encode` makes of these frames, where it is known already.
    """
    prediction = unet(x_t, t, conditions, encoded)
    prior, signal, noise = conditions.prior, alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    if prior is None or unet.config.sigma_data is None:
        return Denoised(prediction, None)
    person = corrected = None
    if unet.config.correct_prior:
        flow, more, prediction = prediction.float().split([2, 1, prediction.shape[2] - 3], dim=2)
        flow, more = prior.mask * flow, prior.mask * more
        color, alpha = moved(torch.cat([prior.color, prior.alpha], dim=2), flow).split([3, 1], dim=2)
        alpha = alpha + more
        prior = prior._replace(color=color, alpha=alpha.clamp(0, 1))
        person, corrected = torch.cat([flow, alpha], dim=2), prior.picture
    clean = around_prior(prior, prediction[:, :, :3].float(), x_t, alpha_bar, unet.config.sigma_data)
    output = torch.cat([implied(clean, x_t, signal, noise, prediction_type), prediction[:, :, 3:]], dim=2)
    return Denoised(output, person, corrected)


def implied(clean: Tensor, x_t: Tensor, signal: Tensor, noise: Tensor, prediction_type: str) -> Tensor:
    """The noise (or v) that leads from clean frames to x_t; linear in them, so that mixtures stay mixtures."""
    if prediction_type == "epsilon":
        return (x_t - signal * clean) / noise
    return (signal * x_t - clean) / noise


# How far the clean frames lie from what is known where the background is the photo itself, and how far x_t is
# trusted everywhere, as shares of the known deviation.
SURE = 0.25


def around_prior(prior: Prior, rest: Tensor, x_t: Tensor, alpha_bar: Tensor, deviation: float) -> Tensor:
    """Clean frames from what is known of them, what is seen in the noise, and the network's word.

    If the clean frames lay around the known picture k with deviation s, then seeing x_t their mean would be
    k + g·(x_t − √ᾱk) with the gain g = √ᾱs²/(ᾱs² + 1 − ᾱ). The network predicts the rest, in units of its
    deviation √(σ²(1 − g√ᾱ)² + g²(1 − ᾱ)). With s = σ this is the preconditioning of Karras et al. 2022
    ("EDM", section 5) about k instead of zero. Here s is a quarter of σ: while the network has little to
    say, the frames then stay close to the known picture and carry hardly any noise. Away from the person,
    where the background is the photo itself, σ is a quarter too.

    Args:
        rest: what the network predicts, `b f 3 h w`.
        deviation: σ where the person is or was; 1 is taken where the photo is ∅ and nothing is known.
    """
    given = prior.given.view(-1, 1, 1, 1, 1)
    variance = given * (deviation * (SURE + (1 - SURE) * prior.mask)) ** 2 + (1 - given)
    trusted = given * (deviation * SURE) ** 2 + (1 - given)
    gain = alpha_bar.sqrt() * trusted / (alpha_bar * trusted + 1 - alpha_bar)
    mean = prior.picture + gain * (x_t - alpha_bar.sqrt() * prior.picture)
    return mean + (variance * (1 - gain * alpha_bar.sqrt()) ** 2 + gain**2 * (1 - alpha_bar)).sqrt() * rest
