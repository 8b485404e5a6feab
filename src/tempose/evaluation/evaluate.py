"""Clips and settings in, results out: what `tempose evaluate` does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from accelerate import PartialState
from accelerate.utils import parse_flag_from_env

from tempose.animation.animate import description, versions
from tempose.core.cluster import each
from tempose.core.errors import InputError
from tempose.core.progress import Track, quiet
from tempose.diffusion.hub import Model, find_device, load_model
from tempose.evaluation.cases import Task
from tempose.evaluation.measures import load_learned
from tempose.evaluation.native import plan_native
from tempose.evaluation.run import Measured, Plan, Spread, TaskOutcome, plan_model
from tempose.evaluation.settings import EvaluateSettings


def evaluate_clips(
    sources: Sequence[Path],
    settings: EvaluateSettings,
    *,
    address: str | None = None,
    workers: int | None = None,
    track: Track = quiet,
) -> TaskOutcome:
    """Load a model and the learned metrics that are asked for, and measure it.

    Args:
        sources: a prepared dataset; or, of whole results, also videos and folders of videos.
        settings: how, and which model.
        address: of a Ray cluster (`tempose.core.cluster.joined`), whose nodes all reach the same files; without one,
            the processes of this run do the work.
        workers: on a cluster, at most so many; by default one a device.

    Returns:
        The results; `facts` says what it takes to repeat them, and under "warnings" what must be said of the model.

    Raises:
        InputError, DataError, CheckpointError: something of it is not there, or no clip could be measured.
    """
    if not sources:
        raise InputError("nothing to measure", remedy="name --data, a prepared dataset, or --native and videos")
    if not settings.native and len(sources) > 1:
        raise InputError("several sources are given; wanted one prepared dataset, or --native")
    # Without a GPU, processes find each other only where accelerate is told that they compute on processors.
    on_cpu = parse_flag_from_env("ACCELERATE_USE_CPU") or find_device(settings.device) == "cpu"
    place = PartialState(cpu=on_cpu)
    spread: Spread | None = None
    if address is not None:
        device = "cpu"  # here nothing is generated
        sources = [path.absolute() for path in sources]  # a worker stands elsewhere
        make = partial(_judge, sources, settings)
        spread = partial(each, make, address=address, workers=workers, device=settings.device)
    else:
        device = find_device(settings.device) if place.num_processes == 1 else str(place.device)
    model, plan = planned(sources, settings, device=device)
    facts = {
        "command": ["tempose", *sys.argv[1:]],
        "configuration": description(model),
        "versions": versions(),
        "learned": list(settings.learned),
        "warnings": list(model.warnings),
    }
    return plan._replace(facts={**facts, **plan.facts}).run(track=track, spread=spread)


def planned(sources: Sequence[Path], settings: EvaluateSettings, *, device: str) -> tuple[Model, Plan]:
    """The model on a device, and what is measured of it; errors as `evaluate_clips`."""
    model = load_model(settings.model, device=device)
    learned = load_learned(settings.learned, weights=settings.weights, device=device)
    if settings.native:
        return model, plan_native(model, sources, settings, learned=learned)
    return model, plan_model(model.pipeline, sources[0], settings, learned=learned)


def _judge(sources: Sequence[Path], settings: EvaluateSettings) -> Callable[[Task], Measured]:
    """In a worker of a cluster: what generates and measures one task."""
    return planned(sources, settings, device=find_device(settings.device))[1].judge
