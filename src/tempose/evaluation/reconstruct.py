"""Self-reconstruction: one frame of a clip is the photo, later frames are the truth.

The model's frames stand beside two floors that need no model: the photo copied unchanged, and the
photo bent into the target pose over its plate. A model that is not better than the second has learnt
nothing that its input did not hold.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from tempose.data.prepared import Clip
from tempose.evaluation.metrics import l1, psnr, ssim
from tempose.media.tensors import to_tensor
from tempose.models.alignment import align, plate
from tempose.pipeline import PersonVideoPipeline
from tempose.pose.keypoints import Motion

METHODS = ("photo copied", "photo aligned", "model")


class Reconstruction(NamedTuple):
    """A clip painted from its first frame."""

    photo: Tensor
    """`3 h w` in [-1, 1]."""
    truth: Tensor
    """`f 3 h w` in [-1, 1]."""
    mask: Tensor
    """Where the person truly is, `f 1 h w`."""
    frames: dict[str, Tensor]
    """For each method its frames, `f 3 h w` in [-1, 1]."""


def reconstruct(
    pipe: PersonVideoPipeline, clip: Clip, *, size: tuple[int, int], every: int = 10, seed: int = 0, **sampling: Any
) -> Reconstruction:
    """Paint every `every`-th later frame of a clip from its first.

    Args:
        size: (height, width) that the clip is resized to.
        sampling: further arguments of the pipeline.
    """
    from tempose.data.augment import resized_masks
    from tempose.media.images import resize

    chosen = list(range(0, len(clip), every))
    whole, masks = clip.read_ground_truth(chosen)
    frames = to_tensor(resize(clip.read_frames(chosen), size))
    motion: Motion = whole.resized(size)
    mask = torch.from_numpy(resized_masks(masks, size)).float()[:, None]
    keypoints = torch.from_numpy(motion.keypoints)

    photo = frames[:1]
    aligned = align(photo, mask[:1], source=keypoints[:1], target=keypoints[None, 1:])
    painted = pipe(
        photo[0],
        motion[1:],
        photo_keypoints=keypoints[0],
        photo_mask=mask[0],
        generator=torch.Generator().manual_seed(seed),
        **sampling,
    ).frames.cpu()
    coverage = aligned.coverage[0]
    over_plate = coverage * aligned.picture[0] + (1 - coverage) * plate(photo, mask[:1])
    by_method = (photo.expand_as(painted), over_plate, painted)
    return Reconstruction(photo[0], frames[1:], mask[1:], dict(zip(METHODS, by_method, strict=True)))


def figures(reconstruction: Reconstruction) -> dict[str, dict[str, float]]:
    """For each method: SSIM and PSNR of the frame, L1 on the person, each a mean over frames."""
    truth, mask = _unit(reconstruction.truth), reconstruction.mask[None]
    return {
        method: {
            "SSIM": float(ssim(_unit(frames), truth).mean()),
            "PSNR": float(psnr(_unit(frames), truth).mean()),
            "L1 on the person": float(l1(_unit(frames), truth, mask=mask).nanmean()),
        }
        for method, frames in reconstruction.frames.items()
    }


def _unit(frames: Tensor) -> Tensor:
    """`f 3 h w` in [-1, 1] → `1 f 3 h w` in [0, 1]."""
    return ((frames[None] + 1) / 2).clamp(0, 1)
