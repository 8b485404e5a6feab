"""The published weights of the networks that metrics look through: where they are, and that they are these.

None is part of the project. Every file is known by its SHA-256, so that the same name always means the
same network, and so that a TorchScript file, which is a program, never runs unless it is the one meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tempose.core.errors import CheckpointError
from tempose.data.prepared import sha256_of


@dataclass(frozen=True)
class Weights:
    """A published file.

    Attributes:
        metric: what needs it, for messages.
        url: where it can be downloaded.
        sha256: of the file, or as many of its first digits as its publisher states.
        size: of the file, as `244 MB`.
    """

    metric: str
    url: str
    sha256: str
    size: str

    @property
    def file(self) -> str:
        """The name of the file, as it is published."""
        return self.url.rpartition("/")[2]


# LPIPS looks through networks of torchvision (BSD 3-clause), under linear heads of its authors (BSD 2-clause).
ALEXNET = Weights(
    "LPIPS (AlexNet)", "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth", "7be5be79", "244 MB"
)
VGG16 = Weights("LPIPS (VGG)", "https://download.pytorch.org/models/vgg16-397923af.pth", "397923af", "553 MB")
HEADS = "https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/master/lpips/weights/v0.1"
ALEXNET_HEADS = Weights(
    "LPIPS (AlexNet)", f"{HEADS}/alex.pth", "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0", "6 kB"
)
VGG16_HEADS = Weights(
    "LPIPS (VGG)", f"{HEADS}/vgg.pth", "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868", "7 kB"
)

# Google's Inception of 2015 as TorchScript, which also resizes as the original does; from StyleGAN2-ADA
# (https://github.com/NVlabs/stylegan2-ada-pytorch, metrics/).
INCEPTION = Weights(
    "FID and KID",
    "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/inception-2015-12-05.pt",
    "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4",
    "96 MB",
)

# I3D trained on Kinetics-400 as TorchScript, equal to the network of the original FVD; from StyleGAN-V
# (https://github.com/universome/fvd-comparison), at a copy that says which revision it is.
I3D = Weights(
    "FVD",
    "https://huggingface.co/flateon/FVD-I3D-torchscript/resolve/1c2d61711c52571ad617a1063e6fa691b212e184/i3d_torchscript.pt",
    "bec6519f66ea534e953026b4ae2c65553c17bf105611c746d904657e5860a5e2",
    "51 MB",
)


def find(weights: Weights, folder: Path | str | None) -> Path:
    """The file in a folder, or downloaded where no folder is named; checked in either case.

    Raises:
        CheckpointError: it is missing, cannot be downloaded, or is not the file that was published.
    """
    return download(weights) if folder is None else verified(Path(folder) / weights.file, weights)


def download(weights: Weights) -> Path:
    """The file, downloaded once into torch's cache (`TORCH_HOME`, by default ~/.cache/torch) and checked.

    Raises:
        CheckpointError: it cannot be downloaded, or is not the file that was published.
    """
    import torch

    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.file
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(weights.url, str(path), hash_prefix=weights.sha256)
        except (OSError, RuntimeError) as error:
            raise CheckpointError(
                f"{weights.metric} needs {weights.file} ({weights.size}), which cannot be downloaded from "
                f"{weights.url}: {error}",
                remedy="fetch it elsewhere and name its folder (--weights), or leave the metric out",
            ) from error
    return verified(path, weights)


def verified(path: Path | str, weights: Weights) -> Path:
    """The path, if the file there is the published one.

    Raises:
        CheckpointError: there is none, or another.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(
            f"{weights.metric} needs {weights.file} ({weights.size}), and there is no file {path}",
            path=path,
            remedy=f"download it from {weights.url}, or leave the metric out",
        )
    digest = sha256_of(path)
    if not digest.startswith(weights.sha256):
        raise CheckpointError(
            f"{path} is not {weights.file} as {weights.metric} needs it: its SHA-256 is {digest}, wanted "
            f"{weights.sha256}…",
            path=path,
            remedy=f"download it again from {weights.url}",
        )
    return path
