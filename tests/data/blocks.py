"""A drawn clip to write: a moving block as the person, its key points known exactly."""

import os

import numpy as np

from tempose.core.errors import MediaError
from tempose.data.prepare import Outcome
from tempose.pose.keypoints import KEYPOINTS, Motion

SIZE = (48, 32)


def block_clip(seed: int, *, frames: int, fps: float = 25.0) -> dict:
    """A block that walks over a smooth background: frames, motion and masks for `write_clip`."""
    rng = np.random.default_rng(seed)
    height, width = SIZE
    rows, columns = np.mgrid[:height, :width]
    background = np.stack([rows * 3 + 40, columns * 4 + 40, rows + columns + 60], axis=-1)
    pictures = np.repeat(background[None], frames, axis=0).astype(np.uint8)
    masks = np.zeros((frames, *SIZE), bool)
    keypoints = np.zeros((frames, len(KEYPOINTS), 3), np.float32)
    color, offsets = rng.integers(60, 200, 3), rng.uniform(0.15, 0.85, (len(KEYPOINTS), 2))
    for index in range(frames):
        top, left = 4 + index % 8, 2 + index % 12
        masks[index, top : top + 24, left : left + 12] = True
        pictures[index][masks[index]] = (color + index) % 256
        keypoints[index, :, :2] = (left, top) + offsets * (12, 24)
        keypoints[index, :, 2] = 0.9
    return {"frames": pictures, "motion": Motion(keypoints, SIZE, fps), "masks": masks}


def work(job: str) -> Outcome:
    """A job that another process can be given: some end badly."""
    if job == "raises":
        raise MediaError("raises is damaged")
    if job == "full":
        raise OSError(28, "No space left on device", "out/full.npz")
    if job == "crashes":
        os._exit(11)
    return Outcome(job, "kept", "whole")
