"""What the two networks share: strict loading, and the check of height and width at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from diffusers import ConfigMixin, ModelMixin

from tempose.core.errors import InputError
from tempose.models.config import Config
from tempose.models.saved import load_network


class StrictModel(ModelMixin, ConfigMixin):
    """A diffusers model that is built of one configuration, and whose weights load completely or not at all.

    Its subclasses name `ModelMixin` once more, because diffusers looks for it in their own modules
    when it opens a saved pipeline.
    """

    config_class: ClassVar[type[Config]]
    """What it is built of; `config` holds the same fields, as diffusers keeps and saves them."""

    former_fields: ClassVar[type[Config] | None] = None
    """What the config.json of weights that were saved before version 0.3 holds besides."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.register_to_config(**config.model_dump())
        self.gradient_checkpointing = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A network with fresh weights, of the fields of another one's `config`."""
        return cls(cls.config_class(**{name: value for name, value in config.items() if name[:1] != "_"}))

    @classmethod
    def from_pretrained(cls, path: Path | str, *, subfolder: str = "") -> Self:
        """Load what `save_pretrained` wrote into a folder.

        Raises:
            CheckpointError: a weight is missing, unexpected or of another shape, or the description makes no sense.
        """
        return load_network(cls, Path(path) / subfolder)


def size_unit(config: Any) -> int:
    """What height and width must be divisible by: the patch, halved at each level but the first."""
    return config.patch * 2 ** (len(config.channel_multipliers) - 1)


def check_size(size: Sequence[int], *, unit: int) -> None:
    """Whether height and width are divisible by the unit.

    Raises:
        InputError: they are not; the message names the next size that works.
    """
    height, width = size
    if height < 1 or width < 1 or height % unit or width % unit:
        next_valid = tuple(max(1, -(-side // unit)) * unit for side in (height, width))
        raise InputError(
            f"frames are {height}×{width} (height × width); wanted both divisible by {unit}: "
            f"the next valid size is {next_valid[0]}×{next_valid[1]}"
        )
