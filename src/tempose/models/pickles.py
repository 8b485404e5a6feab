"""Reading a checkpoint that is a pickle without running what it may carry.

A pickle is a program: it names classes and functions to call. Here only the few that rebuild tensors
and plain containers exist; every other name becomes an inert placeholder, never an import.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from tempose.core.errors import CheckpointError

_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "Size"): torch.Size,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
}


class Inert:
    """Stands in for anything a pickle names that is not allowed: takes everything, does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Inert:
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, item: Any) -> None:
        """Lists are filled by this."""

    def extend(self, items: Any) -> None:
        """Lists are filled by this."""


class InertUnpickler(pickle.Unpickler):
    """An unpickler that imports nothing."""

    def find_class(self, module: str, name: str) -> Any:
        """What the pickle means by a name: an allowed callable, a dtype of torch, or a placeholder."""
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if module == "torch" and isinstance(getattr(torch, name, None), torch.dtype):
            return getattr(torch, name)
        return Inert


def load_inert(path: Path | str) -> Any:
    """What `torch.save` wrote, on the CPU, with placeholders for all foreign objects.

    Raises:
        CheckpointError: the file is missing, damaged, or not of torch's zip form (torch ≥ 1.6).
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}")
    if not zipfile.is_zipfile(path):
        raise CheckpointError(f"{path} is not a checkpoint in torch's zip form; save it again with torch ≥ 1.6")
    inert = ModuleType("inert")
    inert.Unpickler = InertUnpickler  # type: ignore[attr-defined]
    try:
        # torch's own weights-only mode stops at the first foreign class; ours passes it by, unimported.
        return torch.load(path, map_location="cpu", pickle_module=inert, weights_only=False)
    except Exception as error:
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {error}") from error
