"""Models by name: the shipped one, a folder of saved weights, or a name on the Hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tempose.config import PRESETS, preset, unknown
from tempose.errors import CheckpointError, InputError

if TYPE_CHECKING:
    from tempose.pipeline import PersonVideoPipeline

DEFAULT_MODEL = "people-128"

# Weights that come with the package, one saved pipeline a folder.
SHIPPED = Path(__file__).parent / "weights"

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, eq=False)
class Model:
    """A pipeline that is ready, and what must be said of it."""

    name: str
    pipeline: PersonVideoPipeline
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the frames that it was trained on."""
        height, width = preset(self.name).size if self.name in PRESETS else self.pipeline.unet.config["size"]
        return int(height), int(width)


def load_model(name: str = DEFAULT_MODEL, *, device: str = "cpu") -> Model:
    """The model of that name, on a device.

    Args:
        name: a preset, whose shipped weights are used where there are some; a folder that
            `save_pretrained` wrote; or an id on the Hub, `owner/name`.
        device: as torch names it.

    Raises:
        InputError: there is no such model.
        CheckpointError: it cannot be loaded.
    """
    from diffusers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        pipeline, warnings = _found(name)
    finally:
        if shown:
            logging.enable_progress_bar()
    pipeline.set_progress_bar_config(disable=True)
    return Model(name, pipeline.to(device), warnings)


def _found(name: str) -> tuple[PersonVideoPipeline, tuple[str, ...]]:
    """The pipeline of that name, and what must be said of it."""
    from tempose.pipeline import PersonVideoPipeline

    shipped = SHIPPED / name
    if Path(name).is_dir():
        return PersonVideoPipeline.from_pretrained(name), ()
    if name in PRESETS and (shipped / "model_index.json").is_file():
        return PersonVideoPipeline.from_pretrained(shipped), ()
    if name in PRESETS:
        untrained = f"the weights of {name} are untrained: expect no more than its input already shows, and noise"
        return PersonVideoPipeline.from_preset(name), (untrained,)
    if HUB_ID.fullmatch(name) and not Path(name).parent.is_dir():
        return _from_hub(name), ()
    raise InputError(f"{unknown('model', name, PRESETS)}; or a folder of saved weights, or OWNER/NAME on the Hub")


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
            f"there is no device {name!r} here; there is: {', '.join(kind for kind in there if there[kind])}"
        )
    return name


def _from_hub(name: str) -> PersonVideoPipeline:
    from tempose.pipeline import PersonVideoPipeline

    try:
        return PersonVideoPipeline.from_pretrained(name)
    except CheckpointError:
        raise
    except Exception as error:  # whatever the network layer raises
        raise CheckpointError(f"cannot fetch the model {name} from the Hub: {error}") from error
