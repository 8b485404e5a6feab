"""Predictions for a video and for what a mirror shows of it, averaged.

What is right does not depend on which side is left; what a network got wrong mostly does. The mean of both predictions
is nearer to the truth than either, for one more pass of the network (a self-ensemble: Lim et al., "Enhanced Deep
Residual Networks for Single Image Super-Resolution", CVPR Workshops 2017, section 3.4).
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from tempose.core.errors import InputError
from tempose.diffusion.denoise import Denoised
from tempose.diffusion.predict import Frames, Predict, Predictor
from tempose.models.conditions import Photo, Prior
from tempose.pose.keypoints import Motion
from tempose.pose.render import pose_maps


class MirroredFrames(Frames):
    """The poses of a video as a mirror shows them; the person is warped once for both, where memory keeps the priors.

    Args:
        frames: as they are.

    Raises:
        InputError: their poses are maps, in which left and right cannot be exchanged.
    """

    def __init__(self, frames: Frames) -> None:
        if not isinstance(frames.poses, Motion):
            raise InputError("this model sees frames in a mirror too", remedy="give the poses as a Motion")
        photo, poses = mirrored_photo(frames.photo), frames.poses.mirrored()
        super().__init__(photo, poses, prior=frames.prior, shares=frames.shares, reads=frames.reads, again=frames.again)
        self.straight = frames

    def warped(self, frames: Tensor, chosen: Motion) -> Prior:
        """The mirrored prior of the same frames as they are."""
        _, prior = self.straight[frames]
        assert prior is not None
        color, alpha, background, mask = (values.flip(-1) for values in prior[:-1])
        return Prior(color, alpha, background, mask, prior.given)


def mirrored_photo(photo: Photo) -> Photo:
    """What the networks see of photos, as a mirror shows it. The person's layers stay as they are: they are for the
    warp, which is not computed again."""
    h, w = photo.picture.shape[-2:]
    keypoints = Motion(photo.keypoints.cpu().numpy(), (h, w), 1.0).mirrored().keypoints
    return replace(
        photo,
        picture=photo.picture.flip(-1),
        pose_map=torch.from_numpy(pose_maps(keypoints, (h, w))).to(photo.pose_map),
        matte=photo.matte.flip(-1),
        background=photo.background.flip(-1),
    )


class BothWays:
    """The mean of what is predicted for frames as they are and as a mirror shows them.

    Args:
        straight, mirrored: predictions for `Frames` and for their `MirroredFrames`.
    """

    def __init__(self, straight: Predictor, mirrored: Predictor) -> None:
        self.straight, self.mirrored = straight, mirrored

    def at(self, t: Tensor) -> Predict:
        """What predicts at a time, as `tempose.diffusion.predict.Predictor` gives it."""
        one, other = self.straight.at(t), self.mirrored.at(t)
        return lambda x_t, frames: mean(one(x_t, frames), other(x_t.flip(-1), frames))


def mean(one: Denoised, other: Denoised) -> Denoised:
    """Of a prediction, and of one for what a mirror shows."""
    output = (one.output + other.output.flip(-1)) / 2
    if one.person is None or other.person is None:
        return Denoised(output, None)
    # Right is left there, for a flow as well.
    turned = other.person.flip(-1) * other.person.new_tensor([-1, 1, 1])[:, None, None]
    return Denoised(output, (one.person + turned) / 2)
