"""Weights of a run, as they are given to others."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from tempose.core.errors import InputError
from tempose.core.files import written_whole
from tempose.diffusion.hub import check_weights_place
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.training.checkpoint import newest_weights


def export(source: Path, out: Path, *, overwrite: bool = False) -> Path:
    """Write weights in half precision (float16): half the size; they load as float32.

    Args:
        source: the folder of a run, of which the newest weights are taken, or of weights.
        out: the folder to write, new or empty.
        overwrite: weights that are there are replaced.

    Returns:
        the folder that the weights were taken from.

    Raises:
        InputError: there are no weights in `source`, or `out` holds something.
        CheckpointError: the weights are damaged.
    """
    weights = source if (source / "model_index.json").is_file() else newest_weights(source)
    if weights is None:
        raise InputError(f"there are no weights in {source}; wanted the folder of a run, or of weights", path=source)
    check_weights_place(out, overwrite=overwrite)
    pipeline = PersonVideoPipeline.from_pretrained(weights)
    with written_whole(out, replace=overwrite) as beside:
        for name, part in pipeline.components.items():
            if isinstance(part, torch.nn.Module):
                torch.nn.Module.to(part, torch.float16)
                check_finite(part, name, weights)
        pipeline.save_pretrained(beside)
        for description in beside.rglob("*.json"):  # where the weights lay before is nobody's business
            facts = json.loads(description.read_text(encoding="utf-8"))
            facts.pop("_name_or_path", None)
            description.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return weights


def check_finite(network: torch.nn.Module, name: str, weights: Path) -> None:
    """Whether float16 can hold a network.

    Raises:
        InputError: a value is too large for it.
    """
    for parameter, values in network.named_parameters():
        if not bool(values.isfinite().all()):
            raise InputError(f"{weights}: {name}.{parameter} holds values that float16 cannot", path=weights)
