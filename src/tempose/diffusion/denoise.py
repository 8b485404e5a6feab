"""One prediction of a model, together with what is known of the frames: for training and sampling."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tempose.models.alignment import pixel_centres
from tempose.models.conditions import Conditions, Prior
from tempose.models.unet import PersonUNet


def denoise(
    unet: PersonUNet, x_t: Tensor, t: Tensor, conditions: Conditions, *, alpha_bar: Tensor, prediction_type: str
) -> Tensor:
    """The noise (or v) in noisy frames, and the variance where it is learned.

    With a copy gate m the clean frames are m·known + (1−m)·generated (as the occlusion maps of Wang et al.
    2018, "Video-to-Video Synthesis", eq. 4); with a known deviation they lie around what is known, which
    the network may first move to where it belongs.

    Args:
        x_t: `b f 3 h w`.
        t: diffusion times `b`.
        alpha_bar: ᾱ of these times, `b 1 1 1 1`.
        prediction_type: `epsilon` or `v_prediction`.

    Returns:
        `b f c h w`, c = 3, or 6 where the variance is learned.
    """
    prediction = unet(x_t, t, conditions)
    prior, signal, noise = conditions.prior, alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    if prior is None:
        return prediction
    if unet.config.copy_gate:
        generated, rest, logit = prediction[:, :, :3], prediction[:, :, 3:-1], prediction[:, :, -1:]
        gate = torch.sigmoid(logit) * prior.given.view(-1, 1, 1, 1, 1)
        copied = implied(prior.picture, x_t, signal, noise, prediction_type)
        return torch.cat([gate * copied + (1 - gate) * generated, rest], dim=2)
    if unet.config.correct_prior:
        flow, prediction = prior.mask * prediction[:, :, -2:].float(), prediction[:, :, :-2]
        prior = prior._replace(picture=moved(prior.picture, flow))
    clean = around_prior(prior, prediction[:, :, :3].float(), x_t, alpha_bar, unet.config.sigma_data)
    return torch.cat([implied(clean, x_t, signal, noise, prediction_type), prediction[:, :, 3:]], dim=2)


# The unit of a flow, in heights of the frame: two pixels of 128.
FLOW_UNIT = 1 / 64


def moved(picture: Tensor, flow: Tensor) -> Tensor:
    """Each pixel taken from where a flow points.

    The alignment moves body parts as stiff pieces of paper. Where they turn out of the picture's plane or cloth
    slides over them, the right colors are near; to fetch them is easier learnt than to generate them anew, and
    keeps what no training person wore (as the residual flows of Liu et al. 2019, "Liquid Warping GAN", and Ren
    et al. 2020, "Deep Image Spatial Transformation", which correct or replace a body model's).

    Args:
        picture: `b f c h w`.
        flow: `b f 2 h w`, right and down to the source, in 64ths of the picture's height.
    """
    b, f, _, h, w = picture.shape
    offset = flow.flatten(0, 1).movedim(1, -1) * h * FLOW_UNIT
    places = (pixel_centres(h, w, device=picture.device) + offset) / offset.new_tensor([w, h]) * 2 - 1
    found = F.grid_sample(picture.flatten(0, 1), places, padding_mode="border", align_corners=False)
    return found.unflatten(0, (b, f))


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
