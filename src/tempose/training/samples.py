"""What a model in training makes of validation samples: a sheet, and short videos."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tempose.data.clips import ClipDataset, MixedDataset, PairDataset, Sample
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.media.images import write_image
from tempose.media.tensors import to_uint8
from tempose.media.video import write_video
from tempose.pose.keypoints import Motion
from tempose.pose.render import pose_maps
from tempose.training.config import TrainConfig

# Samples on a sheet, and the rate of the videos.
SAMPLES, FPS = 6, 8


def write_samples(
    pipe: PersonVideoPipeline, samples: PairDataset | ClipDataset | MixedDataset, *, config: TrainConfig, step: int
) -> None:
    """Write samples/STEP.png, rows of photo · pose · truth · sample; and, of clips, samples/STEP.mp4."""
    folder = config.output / "samples"
    folder.mkdir(exist_ok=True)
    pipe.set_progress_bar_config(disable=True)
    count = min(SAMPLES, len(samples))
    chosen = [samples[0, i * len(samples) // count] for i in range(count)]
    rows = [row(pipe, sample, steps=config.logging.sample_steps, seed=i) for i, sample in enumerate(chosen)]
    write_image(folder / f"{step:08d}.png", np.concatenate([frames[0] for frames in rows]))
    if pipe.unet.config.temporal:
        write_video(folder / f"{step:08d}.mp4", np.concatenate(rows, axis=1), FPS)


def row(pipe: PersonVideoPipeline, sample: Sample, *, steps: int, seed: int) -> np.ndarray:
    """Photo, poses, truth and what the model generates, side by side: uint8 `f h 4w 3`.

    Args:
        steps: denoising steps; seed: of the starting noise.
    """
    f, _, h, w = sample.frames.shape
    motion = Motion(sample.keypoints.numpy(), (h, w), FPS)
    generated = pipe(
        sample.photo,
        motion,
        num_inference_steps=steps,
        photo_keypoints=sample.photo_keypoints,
        photo_mask=sample.photo_mask,
        generator=torch.Generator().manual_seed(seed),
    ).frames
    skeleton = torch.from_numpy(pose_maps(motion.keypoints, (h, w)))[:, :3].flip(1) * 2 - 1
    columns: list[Tensor] = [sample.photo.expand(f, -1, -1, -1), skeleton, sample.frames, generated.cpu()]
    return to_uint8(torch.cat(columns, dim=3))
