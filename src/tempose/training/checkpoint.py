"""The two artefacts of a run: weights that the pipeline loads, and state to go on from.

Both are written beside their place and renamed into it; a run that is killed while saving, or that
finds the disk full, still has the one before.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from tempose.core.errors import CheckpointError, DiskError, InputError
from tempose.core.files import written_whole
from tempose.core.reading import open_plain

_STATE, _WEIGHTS = re.compile(r"state-\d{8}\.pt"), re.compile(r"weights-\d{8}")

# What may differ between a run and the command that goes on with it: none of it changes what a step computes.
_FREE = (
    "logging",
    "output",
    "start",
    "data.root",
    "data.workers",
    "optimization.steps",
    "optimization.epochs",
    "optimization.accumulate",
    "optimization.checkpointing",
)


def saved_states(folder: Path) -> list[Path]:
    """The states in a run's folder, oldest first."""
    return sorted(path for path in folder.glob("state-*") if _STATE.fullmatch(path.name))


def saved_weights(folder: Path) -> list[Path]:
    """The weights in a run's folder, oldest first."""
    return sorted(path for path in folder.glob("weights-*") if _WEIGHTS.fullmatch(path.name))


def newest_weights(folder: Path) -> Path | None:
    """The newest weights of a run, or None where the folder holds none."""
    return next(reversed(saved_weights(folder)), None)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state whole.

    Raises:
        DiskError, OSError, RuntimeError: it cannot be written; then nothing is left of it.
    """
    # An open file: only so the disk's own words are among what torch raises.
    with written_whole(path) as beside, beside.open("wb") as file:
        torch.save(state, file)


def load_state(folder: Path) -> dict[str, Any] | None:
    """The newest state of a run, or None where there is none.

    Raises:
        CheckpointError: it is damaged.
    """
    states = saved_states(folder)
    if not states:
        return None
    try:
        with open_plain(states[-1]) as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{states[-1]} is damaged ({reason})", path=states[-1], remedy="remove it to go on from the one before"
        ) from error


def remove_old(folder: Path, keep: int) -> None:
    """Remove all but the newest `keep` states and weights."""
    for state in saved_states(folder)[:-keep]:
        state.unlink()
    for weights in saved_weights(folder)[:-keep]:
        shutil.rmtree(weights.rename(weights.with_name(f".{weights.name}.old")))


def remove_unfinished(folder: Path) -> None:
    """Remove what a run left that was killed while it saved or removed something, of whatever step."""
    for leftover in [*folder.glob(".state-*"), *folder.glob(".weights-*"), *folder.glob(".log.jsonl.*")]:
        shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def saving(step: int, *, last: Path | None) -> Iterator[None]:
    """Tell what still stands when a checkpoint cannot be written.

    Raises:
        CheckpointError: writing failed, such as on a full disk.
    """
    try:
        yield
    except (DiskError, OSError, RuntimeError, SafetensorError) as error:
        stands = f"the last good one, {last}, is untouched" if last else "there is none yet"
        reason = (error.message if isinstance(error, DiskError) else str(error)).splitlines()[0]
        raise CheckpointError(
            f"the checkpoint of step {step} cannot be written ({reason}: {stands})",
            remedy="make room on the disk and give the same command again",
        ) from error


def check_same(folder: Path, before: dict, now: dict) -> None:
    """Whether a run with one configuration may be gone on with under another.

    Raises:
        InputError: a field that matters differs; the message names it.
    """
    difference = first_difference(before, now)
    if difference is not None:
        name, was, given = difference
        raise InputError(
            f"{folder} holds a run of another configuration: {name} was {was}, now it is {given}",
            path=folder,
            remedy="choose another output, or set it back",
        )


def first_difference(before: Any, now: Any, name: str = "") -> tuple[str, Any, Any] | None:
    """The first field that matters and differs: its name and both values."""
    if name in _FREE:
        return None
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            found = first_difference(before.get(key), now.get(key), f"{name}.{key}".lstrip("."))
            if found is not None:
                return found
        return None
    return None if before == now else (name, before, now)
