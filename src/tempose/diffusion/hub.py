"""Models by name: the shipped one, a folder of saved weights, or a name on the Hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tempose.core.errors import CheckpointError, InputError, unknown
from tempose.core.files import check_free_or_finished
from tempose.models.config import PRESETS, preset

if TYPE_CHECKING:
    import torch

    from tempose.diffusion.pipeline import PersonVideoPipeline

DEFAULT_MODEL = "people-128"

# The name, where a model's is asked for, of none: `tempose animate` then shows the warp alone, without a network.
WARP = "warp"

# Weights that come with the package, one saved pipeline a folder.
SHIPPED = Path(__file__).parents[1] / "weights"

# Behind the name of a video model: the image model inside it, which generates each frame by itself.
IMAGE_MODEL = ":image"

# The files of a saved pipeline.
NAMES = (
    "model_index.json",
    "scheduler/scheduler_config.json",
    "texture_encoder/config.json",
    "texture_encoder/diffusion_pytorch_model.safetensors",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
)

# What folders are called, and nobody on the Hub: names that begin so are paths.
FOLDERS = frozenset({"checkpoints", "data", "model", "models", "out", "output", "outputs", "runs", "weights"})

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")

# A branch, tag or commit; it becomes part of a path where what was fetched is kept, and must not lead out of there.
REVISION = re.compile(r"[\w-][\w.+-]*(/[\w-][\w.+-]*)*")


@dataclass(frozen=True, eq=False)
class Model:
    """A pipeline that is ready, and what must be said of it."""

    name: str
    pipeline: PersonVideoPipeline
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the frames that it was trained on."""
        height, width = preset(self.name).size if self.name in PRESETS else self.pipeline.sampling.size
        return int(height), int(width)

    @property
    def steps(self) -> int:
        """Denoising steps where none are asked for."""
        return self.pipeline.sampling.steps

    def about_steps(self, asked: int | None) -> list[str]:
        """What must be said of so many denoising steps."""
        if self.name != DEFAULT_MODEL or asked is None or asked <= self.steps:
            return []
        return [
            f"{self.name} is trained for {self.steps} step{'s' if self.steps > 1 else ''}, and more measured worse "
            f"(docs/benchmarks.md); {asked} were asked for"
        ]


def load_model(
    name: str = DEFAULT_MODEL, *, device: str = "cpu", precision: str = "auto", revision: str | None = None
) -> Model:
    """The model of that name, on a device, laid out for speed there.

    Args:
        name: a preset, whose shipped weights are used where there are some; a folder that
            `save_pretrained` wrote; or an id on the Hub, `owner/name`. With IMAGE_MODEL behind it, the
            image model inside.
        device: as torch names it.
        precision: of weights and activations, `fp32` or `bf16`; `auto` is the faster one on this device
            (`find_precision`). Noise, solver and alignment are float32 in any case.
        revision: of a model on the Hub: a branch, a tag or a commit; by default its `main`.

    Raises:
        InputError: there is no such model or precision, or a revision is asked for of what is not on the Hub.
        CheckpointError: it cannot be loaded.
    """
    import torch
    from diffusers.utils import logging
    from torch import nn

    dtype = find_precision(precision, device=device)
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        pipeline, warnings = _found(name, revision)
    finally:
        if shown:
            logging.enable_progress_bar()
    pipeline.set_progress_bar_config(disable=True)
    for network in (pipeline.texture_encoder, pipeline.unet):
        # Channels innermost, as convolutions read them fastest on processors and GPUs alike.
        nn.Module.to(network, device=device, dtype=dtype).to(memory_format=torch.channels_last)
    return Model(name, pipeline, warnings)


def find_precision(name: str = "auto", *, device: str) -> torch.dtype:
    """A precision as torch's type; `auto` is bf16 where the device computes in it, else fp32.

    Raises:
        InputError: there is no such precision.
    """
    import torch

    precisions = {"fp32": torch.float32, "bf16": torch.bfloat16}
    if name == "auto":
        return precisions["bf16" if _computes_in_bf16(device.split(":")[0]) else "fp32"]
    if name not in precisions:
        raise unknown("precision", name, ["auto", *precisions])
    return precisions[name]


def _computes_in_bf16(kind: str) -> bool:
    """Whether a kind of device multiplies bf16 numbers in hardware, rather than by way of float32."""
    import torch

    if kind == "cpu":
        # Older versions of torch do not tell.
        can = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        return bool(can.get("amx_bf16") or can.get("avx512_bf16"))
    return kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def comes_along(name: str) -> bool:
    """Whether a name stands for what is in this package, rather than for a folder or for a model on the Hub."""
    plain = name.removesuffix(IMAGE_MODEL)
    return plain in {WARP, *PRESETS} and not Path(name).is_dir() and not Path(plain).is_dir()


def find_weights(name: Path | str, *, revision: str | None = None) -> Path | None:
    """The folder that holds the weights of a name: the one door for all who load them.

    Args:
        name, revision: as for `load_model`, without IMAGE_MODEL.

    Returns:
        None for a preset that ships without weights.

    Raises:
        InputError: there is no such model.
        CheckpointError: it cannot be fetched from the Hub.
    """
    name, folder = str(name), Path(name)
    on_hub = HUB_ID.fullmatch(name) and not folder.parent.is_dir() and folder.parts[0] not in FOLDERS
    if revision is not None and (not on_hub or folder.is_dir()):
        raise InputError(f"{name} is not on the Hub, where models are called OWNER/NAME: it has no revision {revision}")
    if revision is not None and not REVISION.fullmatch(revision):
        raise InputError(f"{revision!r} is no revision; wanted a branch, a tag or a commit")
    if folder.is_dir():
        return folder
    if name == WARP:
        raise InputError(f"{WARP} stands for no model, and only an animation can do without; wanted a model")
    if name in PRESETS:
        shipped = SHIPPED / name
        return shipped if (shipped / "model_index.json").is_file() else None
    if on_hub:
        return _from_hub(name, revision)
    if "/" in name:
        raise InputError(
            f"there is no folder {name}, and a model on the Hub is called OWNER/NAME", remedy="check the path"
        )
    error = unknown("model", name, PRESETS)
    error.remedy = f"{error.remedy}; or a folder of saved weights, or OWNER/NAME on the Hub"
    raise error


def check_weights_place(out: Path | str, *, overwrite: bool = False) -> Path:
    """The folder, if weights may be written there; raises InputError where they may not (`check_free_or_finished`)."""
    names = {name.partition("/")[0] for name in NAMES} | {"README.md"}
    return check_free_or_finished(out, kind="model", mark="model_index.json", names=names, overwrite=overwrite)


def open_weights(name: Path | str, *, revision: str | None = None) -> PersonVideoPipeline:
    """The saved pipeline of a name, as `find_weights` finds it.

    Raises:
        InputError: there is no such model, or it has no weights.
        CheckpointError: it cannot be loaded.
    """
    from tempose.diffusion.pipeline import PersonVideoPipeline

    folder = find_weights(name, revision=revision)
    if folder is None:
        raise InputError(f"{name} ships without weights; wanted a folder of saved weights, or OWNER/NAME on the Hub")
    return PersonVideoPipeline.from_pretrained(folder)


def _found(name: str, revision: str | None = None) -> tuple[PersonVideoPipeline, tuple[str, ...]]:
    """The pipeline of that name, and what must be said of it."""
    from tempose.diffusion.pipeline import PersonVideoPipeline

    if name.endswith(IMAGE_MODEL) and not Path(name).is_dir():
        pipeline, warnings = _found(name.removesuffix(IMAGE_MODEL), revision)
        return pipeline.image_model(), warnings
    if find_weights(name, revision=revision) is not None:
        return open_weights(name, revision=revision), ()
    untrained = f"the weights of {name} are untrained: expect no more than its input already shows, and noise"
    return PersonVideoPipeline.from_preset(name), (untrained,)


def find_device(name: str = "auto") -> str:
    """A device as torch names it; `auto` is the fastest that is there.

    Raises:
        InputError: it is not there.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(kind for kind, available in there.items() if available)
    if not there.get(name.split(":")[0], False):
        raise InputError(
            f"there is no device {name!r} here; wanted {' or '.join(kind for kind in there if there[kind])}"
        )
    return name


def _from_hub(name: str, revision: str | None) -> Path:
    """The folder into which a model on the Hub is fetched, if it is not there yet."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        # These files and no others: what else lies there is never fetched, let alone run.
        return Path(snapshot_download(name, revision=revision, allow_patterns=[*NAMES]))
    except GatedRepoError:
        reason = f"its owner decides who may use it: ask at https://huggingface.co/{name}, then `hf auth login`"
    except RepositoryNotFoundError:
        reason = "there is none of that name, or it is not public: `hf auth login`"
    except RevisionNotFoundError:
        reason = f"it has no revision {revision}"
    except LocalEntryNotFoundError:
        reason = "it cannot be reached from here, and was not fetched before"
    except Exception as error:  # whatever the network layer raises
        reason = str(error)
    raise CheckpointError(f"there is no folder {name}, and no such model could be fetched from the Hub: {reason}")
