"""What generates a case: a model, and the two floors that need none.

A model that is not better than the photo warped into the target pose over its background has learnt nothing
that its input did not hold; one that is not better than the photo copied has not even moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.evaluation.cases import Case
from tempose.media.tensors import to_uint8
from tempose.models.conditions import Photo, warped_prior
from tempose.warp.cutout import cut_out

# A case → frames `f 3 h w` in [-1, 1].
Method = Callable[[Case], Tensor]


def photo_copied(case: Case) -> Tensor:
    """The photo, at every moment."""
    return case.photo.expand(len(case.motion), -1, -1, -1)


def photo_warped(case: Case) -> Tensor:
    """The person of the photo warped into each pose, over the photo with the person inpainted."""
    mask = case.photo_mask[0].numpy()
    cutout = cut_out(to_uint8(case.photo), mask, case.photo_keypoints.numpy(), exact=True, patches=False)
    photo = Photo.of(case.photo, case.photo, cutout)
    depth = None if case.motion.depth is None else torch.from_numpy(case.motion.depth)[None]
    return warped_prior(photo, torch.from_numpy(case.motion.keypoints)[None], depth=depth).picture[0]


COPIED = "photo copied"
FLOORS: dict[str, Method] = {COPIED: photo_copied, "photo warped": photo_warped}


def generated(pipe: PersonVideoPipeline, *, seed: int, **sampling: Any) -> Method:
    """What a model generates.

    Args:
        seed: of the noise, which also depends on the case's name: any model starts a case from the same
            noise, whatever else is measured, and in however many processes.
        sampling: further arguments of the pipeline.
    """

    def method(case: Case) -> Tensor:
        digest = hashlib.sha256(f"{seed} {case.name}".encode()).digest()
        frames = pipe(
            case.photo,
            case.motion,
            photo_keypoints=case.photo_keypoints,
            photo_mask=case.photo_mask,
            generator=torch.Generator().manual_seed(int.from_bytes(digest[:7])),
            **sampling,
        ).frames
        return frames.cpu()

    return method


def fingerprint(pipe: PersonVideoPipeline) -> str:
    """SHA-256 of a model's weights, the same on any device and for any file that holds them."""
    digest = hashlib.sha256()
    for network in (pipe.texture_encoder, pipe.unet):
        for name, values in sorted(network.state_dict().items()):
            digest.update(f"{name} {tuple(values.shape)}".encode())
            digest.update(values.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
