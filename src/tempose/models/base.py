"""What the two networks share: strict loading, and the check of height and width at the door."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from diffusers import ConfigMixin, ModelMixin

from tempose.core.errors import InputError
from tempose.models.saved import load_network


class StrictModel(ModelMixin, ConfigMixin):
    """A diffusers model whose weights load completely or not at all.

    Its subclasses name `ModelMixin` once more, because diffusers looks for it in their own modules
    when it opens a saved pipeline.
    """

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
            f"frames are {height}×{width} (height × width); this model wants both divisible by {unit}: "
            f"the next valid size is {next_valid[0]}×{next_valid[1]}"
        )
