"""A tiny network that is told all that there is, and frames of somebody who stands, for the tests of prediction."""

from __future__ import annotations

import numpy as np
import torch
from conftest import TINY
from helpers import fill, random, standing

from tempose import Motion
from tempose.diffusion.predict import Frames
from tempose.models.build import Networks, build_networks
from tempose.models.conditions import Photo
from tempose.models.config import ModelConfig
from tempose.pose.render import pose_map
from tempose.warp.flesh import LAYERS

GUIDED = TINY.model_copy(
    update={"warped_photo": True, "background": True, "sigma_data": 0.2, "correct_prior": True, "pose_keys": True}
)


def posed(frames: int, *, prior: bool = True) -> Frames:
    """So many poses that differ by a pixel or less, and a photo of random numbers."""
    scale, offsets = np.array([TINY.size[1] / 48, TINY.size[0] / 64, 1]), np.random.default_rng(0)
    keypoints = standing().numpy() * scale + offsets.uniform(-1, 1, (frames + 1, 18, 3)) * [0.5, 1, 0]
    keypoints = keypoints.astype(np.float32)
    photo = Photo(
        random(1, 3, *TINY.size, seed=1),
        torch.from_numpy(pose_map(keypoints[0], TINY.size))[None],
        torch.from_numpy(keypoints[:1]),
        random(1, len(LAYERS), 3, *TINY.size, seed=3),
        random(1, len(LAYERS), 1, *TINY.size, seed=4, low=0),
        torch.zeros(1),
        torch.full((1, 2, 2), torch.nan),
        random(1, 1, *TINY.size, seed=2, low=0),
        random(1, 3, *TINY.size, seed=5),
    )
    return Frames(photo, Motion(keypoints[1:], TINY.size, 25), prior=prior)


def filled_networks(config: ModelConfig) -> Networks:
    """With temporal blocks, no parameter at zero, and nothing left to chance."""
    networks = build_networks(config, temporal=True)
    for network in networks:
        fill(network)
        network.eval()
    return networks
