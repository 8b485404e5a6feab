"""Something that reads files, and how a sound file is made for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Reader:
    """Something that reads files.

    Attributes:
        file: the name of the one that is damaged; its ending counts. It may lie in a folder of its own.
        make: writes a sound file there, and beside it what it takes.
        read: reads it.
        values: half of the damage is to the values that it holds as JSON, instead of to its bytes.
    """

    file: str
    make: Callable[[Path], object]
    read: Callable[[Path], object]
    values: bool = False
