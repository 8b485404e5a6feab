"""Small things that several tests build."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tempose.body.motions import builtin_motion
from tempose.body.skeleton import Camera, Proportions, Skeleton, project_keypoints
from tempose.diffusion.denoise import Denoised
from tempose.diffusion.samples import Sample, predicted
from tempose.media.video import read_frames
from tempose.pose.keypoints import KEYPOINTS, Motion


def filled(name: str, shape: Iterable[int]) -> Tensor:
    """Weights by a rule that needs nothing but the tensor's name, so that two programs can agree."""
    shape = tuple(shape)
    z = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, dtype=np.float32)
    if len(shape) > 1:
        z = z / np.sqrt(np.prod(shape[1:]))
    elif name.endswith("weight"):
        z = 1 + 0.1 * z
    else:
        z = 0.1 * z
    return torch.from_numpy(np.asarray(z, dtype=np.float32))


@torch.no_grad()
def fill(module: nn.Module) -> None:
    """Give every parameter a non-zero value, also those that start at zero."""
    for name, parameter in module.named_parameters():
        parameter.copy_(filled(name, parameter.shape))


def assert_alike(one: Path, other: Path) -> None:
    """Two videos show the same, but for how kernels round by where their numbers lie in memory."""
    frames, others = (np.stack(list(read_frames(path))).astype(int) for path in (one, other))
    assert np.abs(frames - others).mean() < 0.1


def random(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> Tensor:
    """Uniform numbers from an explicit generator."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=generator) * (high - low) + low


def standing(*, known=1.0):
    """A person of 64×48 pixels facing the camera, `18 3`."""
    places = {
        "nose": (24, 8), "neck": (24, 14), "right_shoulder": (18, 15), "left_shoulder": (30, 15),
        "right_elbow": (14, 24), "left_elbow": (34, 24), "right_wrist": (12, 32), "left_wrist": (36, 32),
        "right_hip": (20, 34), "left_hip": (28, 34), "right_knee": (20, 46), "left_knee": (28, 46),
        "right_ankle": (20, 58), "left_ankle": (28, 58),
        "right_eye": (23, 7), "left_eye": (25, 7), "right_ear": (22, 8), "left_ear": (26, 8),
    }  # fmt: skip
    return torch.tensor([[*places[name], known] for name in KEYPOINTS], dtype=torch.float32)


@torch.no_grad()
def denoised(predictor, x_t, t, windows):
    """What a predictor says of noisy frames `f 3 h w`, the mean over windows."""
    samples = list(predicted([Sample(each, solver=None) for each in x_t], windows, predictor.at(t)))
    output, person = ([getattr(sample, name) for sample in samples] for name in ("output", "person"))
    return Denoised(torch.stack(output), None if person[0] is None else torch.stack(person))


def counted(monkeypatch, owner, name, amount):
    """The amounts of work that a function is asked for, call by call, from now on: `amount` of its arguments."""
    called, function = [], getattr(owner, name)

    def counting(*arguments, **named):
        called.append(amount(*arguments, **named))
        return function(*arguments, **named)

    monkeypatch.setattr(owner, name, counting)
    return called


def keypoint_motion(
    name: str, *, frames: int, fps: float, seed: int = 0, size: tuple[int, int] = (256, 192), yaw: float = 0.0
) -> Motion:
    """A built-in motion as key points: a drawn skeleton in the middle of frames of `size`."""
    skeleton = Skeleton(Proportions.draw(np.random.default_rng(seed)))
    keypoints = skeleton.keypoints(skeleton.pose(builtin_motion(name, frames=frames, fps=fps, seed=seed)))
    camera = Camera.framing(keypoints, size, yaw=yaw, fill=0.8)
    return project_keypoints(keypoints, camera, fps=fps)
