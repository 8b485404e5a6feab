"""Distances between sets of pictures or clips as a network sees them: FID, KID, FVD, FID-VID.

A network is a callable that is loaded from a file: `Extractor`. Inception (FID, KID) and I3D (FVD) are the
published TorchScript files, which prepare the pictures themselves; any other network, as the 3-D ResNet
of FID-VID, is a TorchScript file of one's own.

Figures depend on how many samples there are, on the size of the pictures and on how they were
compressed: compare only what was measured alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tempose.core.errors import CheckpointError, InputError
from tempose.evaluation.distances import frechet_distance, kernel_distance
from tempose.evaluation.metrics import check_frames
from tempose.evaluation.weights import I3D, INCEPTION, sha256, verified

# Pictures `n 3 h w` or clips `n f 3 h w`, in [0, 1] → features `n d`.
Extractor = Callable[[Tensor], Tensor]

# I3D halves the time three times and then looks at two moments; published scripts ask for this many.
FEWEST_FRAMES = 10

# Pictures that go through a network together.
TOGETHER = 32


def load_inception(path: Path | str, *, device: str | torch.device = "cpu") -> Extractor:
    """The Inception network of FID and KID: pictures `n 3 h w` in [0, 1] → `n 2048`.

    Pictures are rounded to 8 bits, and resized by the network.

    Raises:
        CheckpointError: the file is missing, or not the published one (`tempose.evaluation.weights`).
    """
    program = _load(verified(path, INCEPTION), device)

    def extract(pictures: Tensor) -> Tensor:
        eight_bits = (pictures.to(device).clamp(0, 1) * 255).round().to(torch.uint8)
        return torch.cat([program(batch, return_features=True) for batch in eight_bits.split(TOGETHER)]).cpu()

    return torch.no_grad()(extract)


def load_i3d(path: Path | str, *, device: str | torch.device = "cpu") -> Extractor:
    """The I3D network of FVD: clips `n f 3 h w` in [0, 1], f ≥ 10 → `n 400`.

    Pictures are rounded to 8 bits, and resized to 224×224 by the network.

    Raises:
        CheckpointError: the file is missing, or not the published one (`tempose.evaluation.weights`).
    """
    program = _load(verified(path, I3D), device)

    def extract(clips: Tensor) -> Tensor:
        if clips.shape[1] < FEWEST_FRAMES:
            raise InputError(
                f"clips of {clips.shape[1]} frames are too short for FVD; wanted {FEWEST_FRAMES} or more. "
                "Repeating frames would give a figure of another thing"
            )
        eight_bits = (clips.to(device).clamp(0, 1) * 255).round().transpose(1, 2)  # n 3 f h w
        how = {"rescale": True, "resize": True, "return_features": True}
        return torch.cat([program(clip, **how) for clip in eight_bits.split(1)]).cpu()

    return torch.no_grad()(extract)


def load_extractor(path: Path | str, *, digest: str, device: str | torch.device = "cpu") -> Extractor:
    """A TorchScript file of one's own: pictures `n 3 h w` or clips `n f 3 h w` in [0, 1] → `n d`.

    TorchScript is a program. It runs only if the caller names the file's SHA-256, and thereby says that
    this is the one to run.

    Raises:
        CheckpointError: the file is missing, has another digest, or is not TorchScript.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there is no file {path} to extract features with")
    found = sha256(path)
    if found != digest.lower():
        raise CheckpointError(
            f"{path} is a program of SHA-256 {found}, not {digest!r}; if you trust the file, name its digest"
        )
    program = _load(path, device)

    def extract(samples: Tensor) -> Tensor:
        return torch.cat([program(batch) for batch in samples.to(device).split(TOGETHER)]).cpu()

    return torch.no_grad()(extract)


def fid(frames: Tensor, truth: Tensor, *, extractor: Extractor) -> float:
    """Fréchet distance of single frames, as Inception sees them: 0 is best.

    Args:
        frames: `b f 3 h w` in [0, 1]. truth: `c g 3 h w`; neither number nor order need be the same.
    """
    _check(frames, truth)
    return frechet_distance(extractor(frames.flatten(0, 1)), extractor(truth.flatten(0, 1)))


def kid(frames: Tensor, truth: Tensor, *, extractor: Extractor) -> float:
    """Kernel distance of single frames, as Inception sees them: 0 is best, it may be a little below.

    Unlike the FID it does not depend on how many frames there are, except by chance. Arguments as `fid`.
    """
    _check(frames, truth)
    return kernel_distance(extractor(frames.flatten(0, 1)), extractor(truth.flatten(0, 1)))


def fvd(frames: Tensor, truth: Tensor, *, extractor: Extractor) -> float:
    """Fréchet distance of whole clips, as I3D sees them: 0 is best. With a 3-D ResNet it is the FID-VID.

    Args:
        frames: `b f 3 h w` in [0, 1], b ≥ 2. truth: `c f 3 h w`, of the same f: the number of frames
            changes the figure.
    """
    _check(frames, truth)
    if frames.shape[1] != truth.shape[1]:
        raise InputError(f"clips of {frames.shape[1]} and {truth.shape[1]} frames; FVD wants the same number")
    return frechet_distance(extractor(frames), extractor(truth))


def _check(frames: Tensor, truth: Tensor) -> None:
    check_frames(frames)
    check_frames(truth, name="truth")


def _load(path: Path, device: str | torch.device) -> Any:
    """A TorchScript program."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # there is no other form of these files
            return torch.jit.load(str(path), map_location=device).eval()
    except RuntimeError as error:
        raise CheckpointError(f"{path} is not a TorchScript file that this torch can read: {error}") from error
