"""A model evaluated on a prepared dataset, beside the floors: what `tempose evaluate` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tempose.core.progress import Track, quiet
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.evaluation.cases import tasks
from tempose.evaluation.learned import Learned
from tempose.evaluation.measures import measures_at
from tempose.evaluation.methods import FLOORS, fingerprint, generated
from tempose.evaluation.protocols import Protocol
from tempose.evaluation.run import TaskOutcome, evaluate
from tempose.pose.estimators import load_estimator


def evaluate_model(
    pipe: PersonVideoPipeline,
    data: Path | str,
    *,
    protocol: Protocol,
    split: str = "test",
    subject: str = "self",
    size: tuple[int, int] | None = None,
    stretch: bool = False,
    clips: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    estimator: str | None = None,
    learned: Learned = Learned(),
    facts: Mapping[str, Any] | None = None,
    track: Track = quiet,
) -> TaskOutcome:
    """Measure a model on the clips of a prepared dataset.

    Args:
        data: the dataset. split: `train`, `val` or `test`.
        protocol: which frames are generated, and how (`tempose.evaluation.protocols`).
        subject: `self` reconstruction, or `cross` driving.
        size: (height, width) to generate and measure at; by default the model's own.
        stretch: whether clips of another size are stretched to it; else they are listed as failed.
        clips: at most so many, evenly over the split.
        steps: denoising steps; by default the model's own. seed: of the noise.
        estimator: what looks for key points in the result (`tempose.pose.estimators`); None measures
            nothing of poses.
        learned: measures with learned features (`tempose.evaluation.learned.load_learned`).
        facts: more to write down, such as the command and versions.

    Raises:
        InputError: a name or number is none that there is.
        DataError: no such dataset, it is empty, or no clip of it could be measured.
        PoseError: the estimator is not installed.
    """
    height, width = size or pipe.unet.config["size"]
    at = (int(height), int(width))
    chosen = tasks(data, split, protocol=protocol, size=at, stretch=stretch, subject=subject, most=clips)
    seer = None if estimator is None else load_estimator(estimator)
    steps = int(pipe.unet.config["steps"]) if steps is None else steps
    sampling = {"num_inference_steps": steps, "strategy": protocol.strategy}
    written = {
        **(facts or {}),
        "weights": fingerprint(pipe),
        "data": f"{data}/{split}",
        "protocol": protocol.name,
        "protocol settings": asdict(protocol),
        "subject": subject,
        "size": list(at),
        "stretch": stretch,
        "clips": clips,
        "steps": steps,
        "seed": seed,
        "estimator": estimator,
        "learned": dict(learned.files),
    }
    return evaluate(
        chosen,
        {**FLOORS, "model": generated(pipe, seed=seed, window=protocol.window, **sampling)},
        protocol=protocol,
        measures=measures_at(at),
        facts=written,
        learned=learned,
        estimator=seer,
        track=track,
    )
