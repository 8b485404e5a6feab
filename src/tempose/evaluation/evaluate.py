"""Clips and settings in, results out: what `tempose evaluate` does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from accelerate import PartialState

from tempose.animation.animate import description, versions
from tempose.core.errors import InputError
from tempose.core.progress import Track, quiet
from tempose.diffusion.hub import find_device, load_model
from tempose.evaluation.measures import load_learned
from tempose.evaluation.native import evaluate_native
from tempose.evaluation.run import TaskOutcome, evaluate_model
from tempose.evaluation.settings import EvaluateSettings


def evaluate_clips(sources: Sequence[Path], settings: EvaluateSettings, *, track: Track = quiet) -> TaskOutcome:
    """Load a model and the learned metrics that are asked for, and measure it.

    Args:
        sources: a prepared dataset; or, of whole results, also videos and folders of videos.
        settings: how, and which model.

    Returns:
        The results; `facts` says what it takes to repeat them, and under "warnings" what must be said of the model.

    Raises:
        InputError, DataError, CheckpointError: something of it is not there, or no clip could be measured.
    """
    if not sources:
        raise InputError("nothing to measure: name --data, a prepared dataset, or --native and videos")
    if not settings.native and len(sources) > 1:
        raise InputError("several sources are given; wanted one prepared dataset, or --native")
    place = PartialState()
    device = find_device(settings.device) if place.num_processes == 1 else str(place.device)
    model = load_model(settings.model, device=device)
    learned = load_learned(settings.learned, weights=settings.weights, device=device)
    facts = {
        "command": ["tempose", *sys.argv[1:]],
        "configuration": description(model),
        "versions": versions(),
        "learned": list(settings.learned),
        "warnings": list(model.warnings),
    }
    if settings.native:
        return evaluate_native(model, sources, settings, learned=learned, facts=facts, track=track)
    return evaluate_model(model.pipeline, sources[0], settings, learned=learned, facts=facts, track=track)
