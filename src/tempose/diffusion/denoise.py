"""One prediction of a model, with its copy gate applied: what training and sampling both call."""

from __future__ import annotations

import torch
from torch import Tensor

from tempose.models.conditions import Conditions
from tempose.models.unet import PersonUNet


def denoise(
    unet: PersonUNet, x_t: Tensor, t: Tensor, conditions: Conditions, *, alpha_bar: Tensor, prediction_type: str
) -> Tensor:
    """The noise (or v) in noisy frames, and the variance where it is learned.

    With a copy gate m the clean frames are m·known + (1−m)·painted (as the occlusion maps of Wang et
    al. 2018, "Video-to-Video Synthesis", eq. 4), from which noise or v follow: where the alignment is
    right, the photo's own pixels pass untouched.

    Args:
        x_t: `b f 3 h w`.
        t: diffusion times `b`.
        alpha_bar: ᾱ of these times, `b 1 1 1 1`.
        prediction_type: `epsilon` or `v_prediction`.

    Returns:
        `b f c h w`, c = 3, or 6 where the variance is learned.
    """
    prediction = unet(x_t, t, conditions)
    if conditions.known is None:
        return prediction
    painted, rest, logit = prediction[:, :, :3], prediction[:, :, 3:-1], prediction[:, :, -1:]
    gate = torch.sigmoid(logit) * conditions.known.given.view(-1, 1, 1, 1, 1)
    signal, noise = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    if prediction_type == "epsilon":
        copied = (x_t - signal * conditions.known.picture) / noise
    else:
        copied = (signal * x_t - conditions.known.picture) / noise
    return torch.cat([gate * copied + (1 - gate) * painted, rest], dim=2)
