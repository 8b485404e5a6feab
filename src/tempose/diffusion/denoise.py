"""One prediction of a model, together with what is known of the frames: for training and sampling."""

from __future__ import annotations

import torch
from torch import Tensor

from tempose.models.conditions import Conditions, Known
from tempose.models.unet import PersonUNet


def denoise(
    unet: PersonUNet, x_t: Tensor, t: Tensor, conditions: Conditions, *, alpha_bar: Tensor, prediction_type: str
) -> Tensor:
    """The noise (or v) in noisy frames, and the variance where it is learned.

    With a copy gate m the clean frames are m·known + (1−m)·painted (as the occlusion maps of Wang et al.
    2018, "Video-to-Video Synthesis", eq. 4); with a known deviation they lie around what is known.

    Args:
        x_t: `b f 3 h w`.
        t: diffusion times `b`.
        alpha_bar: ᾱ of these times, `b 1 1 1 1`.
        prediction_type: `epsilon` or `v_prediction`.

    Returns:
        `b f c h w`, c = 3, or 6 where the variance is learned.
    """
    prediction = unet(x_t, t, conditions)
    known, signal, noise = conditions.known, alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    if known is None:
        return prediction
    if unet.config.copy_gate:
        painted, rest, logit = prediction[:, :, :3], prediction[:, :, 3:-1], prediction[:, :, -1:]
        gate = torch.sigmoid(logit) * known.given.view(-1, 1, 1, 1, 1)
        copied = implied(known.picture, x_t, signal, noise, prediction_type)
        return torch.cat([gate * copied + (1 - gate) * painted, rest], dim=2)
    clean = around_known(known, prediction[:, :, :3].float(), x_t, alpha_bar, unet.config.known_deviation)
    return torch.cat([implied(clean, x_t, signal, noise, prediction_type), prediction[:, :, 3:]], dim=2)


def implied(clean: Tensor, x_t: Tensor, signal: Tensor, noise: Tensor, prediction_type: str) -> Tensor:
    """The noise (or v) that leads from clean frames to x_t; linear in them, so that mixtures stay mixtures."""
    if prediction_type == "epsilon":
        return (x_t - signal * clean) / noise
    return (signal * x_t - clean) / noise


def around_known(known: Known, rest: Tensor, x_t: Tensor, alpha_bar: Tensor, deviation: float) -> Tensor:
    """Clean frames from what is known of them, what is seen in the noise, and the network's word.

    If the clean frames lie around the known picture k with deviation σ, then seeing x_t their mean is
    k + √ᾱσ²/(ᾱσ² + 1 − ᾱ)·(x_t − √ᾱk) and their deviation σ√((1−ᾱ)/(ᾱσ² + 1 − ᾱ)); the network predicts
    how many of these deviations they lie off. This is the preconditioning of Karras et al. 2022 ("EDM",
    section 5) about k instead of zero: an untrained network gives back the known picture. Away from the
    person, where the plate is the photo itself, σ is a quarter.

    Args:
        rest: what the network predicts, `b f 3 h w`.
        deviation: σ where the person is or was; 1 is taken where the photo is ∅ and nothing is known.
    """
    given = known.given.view(-1, 1, 1, 1, 1)
    variance = given * (deviation * (0.25 + 0.75 * known.doubt)) ** 2 + (1 - given)
    total = alpha_bar * variance + 1 - alpha_bar
    mean = known.picture + alpha_bar.sqrt() * variance / total * (x_t - alpha_bar.sqrt() * known.picture)
    return mean + (variance * (1 - alpha_bar) / total).sqrt() * rest
