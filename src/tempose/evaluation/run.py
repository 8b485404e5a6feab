"""The run: every method generates every task, every measure looks at what came out.

Several processes, as `accelerate launch` starts them, share the tasks. What a task gives depends on
nothing but itself and the seed, so they give the results of one process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from torch import Tensor

from tempose.core.cluster import Failure
from tempose.core.errors import DataError, TemposeError
from tempose.core.files import temporary_folder
from tempose.core.progress import Track, quiet
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.evaluation.cases import Case, Task, tasks
from tempose.evaluation.measures import (
    Generated,
    Learned,
    Measure,
    flow_along,
    found_again,
    measured,
    measures_at,
    unit,
)
from tempose.evaluation.methods import COPIED, FLOORS, Method, fingerprint, generated
from tempose.evaluation.protocols import Protocol
from tempose.evaluation.results import TRUTH, ClipResults, Evaluation, Result
from tempose.evaluation.sets import set_result
from tempose.evaluation.settings import EvaluateSettings
from tempose.media.images import write_image
from tempose.media.tensors import to_uint8
from tempose.media.video import write_video
from tempose.pose.estimators import Estimator, load_estimator
from tempose.pose.render import pose_maps

# What looks for the pose in a result.
POSE_ESTIMATOR = "mediapipe"

# A contact sheet shows so many moments.
SHEET_MOMENTS = 6


class Measured(NamedTuple):
    """All that is left of one task once it is generated and measured."""

    results: ClipResults
    video: bytes
    """An mp4: photo, poses, truth if there is one, and each method, beside one another."""
    sheet: bytes
    """A JPEG: moments of the truth and of each method below it, at full size."""
    features: dict[str, dict[str, Tensor]]
    """Method → what measures of the whole set look at."""


class TaskOutcome(NamedTuple):
    """The results of a run, and pictures to look at."""

    evaluation: Evaluation
    videos: dict[str, bytes]
    """Name of the clip → mp4."""
    sheets: dict[str, bytes]
    """Name of the clip → JPEG."""


# What judges tasks elsewhere: tasks → the number of each and its results, or why there are none, as they end.
Spread = Callable[[Sequence[Task]], Iterable[tuple[int, Any]]]


class Plan(NamedTuple):
    """What is measured, and how; `run` does it."""

    tasks: Sequence[Task]
    """One a clip; those that cannot be read, generated or measured are listed, with the reason."""
    methods: Mapping[str, Method]
    """In the order of the report; the clips are ranked by the last."""
    protocol: Protocol
    """Which frames are generated."""
    measures: Sequence[Measure]
    """The columns."""
    learned: Learned = Learned()
    """Further columns, for which weights are there."""
    estimator: Estimator | None = None
    """Looks for key points in what came out; without one, nothing of poses is measured."""
    facts: Mapping[str, Any] = MappingProxyType({})
    """What it takes to repeat this; it goes into the report as it is."""

    def run(self, *, track: Track = quiet, spread: Spread | None = None) -> TaskOutcome:
        """The results, the same in every process.

        Args:
            spread: judges the tasks elsewhere (`tempose.evaluation.evaluate`); by default the processes of this run do.

        Raises:
            DataError: there is no task, or none could be measured.
        """
        if not self.tasks:
            raise DataError("there is nothing to evaluate: the set of clips is empty")
        if spread is not None:
            ended = track(spread(self.tasks), "clips", total=len(self.tasks))
            return self.outcome({i: told(self.tasks[i], each) for i, each in ended})
        state = PartialState()
        own = range(state.process_index, len(self.tasks), state.num_processes)
        done: list[tuple[int, Measured | str]] = []
        for index in (track if state.is_main_process else quiet)(own, "clips"):
            try:
                done.append((index, self.judge(self.tasks[index])))
            except (TemposeError, OSError) as error:
                done.append((index, told(self.tasks[index], error)))
        return self.outcome(dict(gather_object(done)))

    def judge(self, task: Task) -> Measured:
        """One task generated and measured.

        Raises:
            TemposeError: the clip cannot be used, or a method gave frames that are not finite.
        """
        case = task.read()
        generated = {name: method(case) for name, method in self.methods.items()}
        for name, frames in generated.items():
            if not bool(frames.isfinite().all()):
                raise DataError(f"{task.name}: the frames of {name} hold NaN or infinite values")
        shown = generated if case.truth is None else {TRUTH: case.truth.frames, **generated}
        columns = (*self.measures, *self.learned.measures)
        along_flow = self.protocol.step == 1 and any("flow" in each.needs for each in columns)
        values = {
            name: measured(self.made(case, name, frames, along_flow=along_flow), columns)
            for name, frames in shown.items()
        }
        if case.truth is None:
            along = "DIS of what was generated"
        else:
            along = "DIS of the truth" if case.truth.flow is None else "exact"
        results = ClipResults(
            name=task.name,
            hashes=task.hashes,
            fps=case.motion.fps / self.protocol.step,
            flow=along if along_flow else "none",
            joins=self.protocol.joins(len(case.motion)),
            values=values,
        )
        features = {name: self.learned.features(unit(frames)) for name, frames in shown.items()}
        return Measured(results, video_of(case, shown, fps=results.fps), sheet_of(shown), features)

    def made(self, case: Case, name: str, frames: Tensor, *, along_flow: bool) -> Generated:
        """What a method made of a case, with all that it can be judged by."""
        compared = case.truth if name != TRUTH else None
        return Generated(
            case=case,
            frames=unit(frames),
            truth=None if compared is None else unit(compared.frames),
            mask=None if compared is None else compared.mask[None],
            flow=flow_along(case, unit(frames)) if along_flow else None,
            joins=self.protocol.joins(len(frames)),
            found=None if self.estimator is None else found_again(frames, self.estimator, fps=case.motion.fps),
        )

    def outcome(self, gathered: Mapping[int, Measured | str]) -> TaskOutcome:
        """The results of all tasks together, from what each gave by its number."""
        results = {self.tasks[index].name: gathered[index] for index in sorted(gathered)}
        whole = {name: result for name, result in results.items() if isinstance(result, Measured)}
        failed = {name: result for name, result in results.items() if isinstance(result, str)}
        if not whole:
            raise DataError(f"none of {len(self.tasks)} clips could be measured: {next(iter(failed.values()))}")
        clips = [each.results for each in whole.values()]
        seen = [name for name in (TRUTH, *self.methods) if any(name in clip.values for clip in clips)]
        used = {name for clip in clips for values in clip.values.values() for name in values}
        sets = {name: set_results(name, list(whole.values()), self.learned) for name in self.methods}
        columns = [
            *(each.column for each in (*self.measures, *self.learned.measures) if each.column.name in used),
            *(each.column for each in self.learned.sets if any(each.column.name in found for found in sets.values())),
        ]
        return TaskOutcome(
            Evaluation(dict(self.facts), seen, columns, clips, sets, failed),
            videos={name: result.video for name, result in whole.items()},
            sheets={name: result.sheet for name, result in whole.items()},
        )


def plan_model(
    pipe: PersonVideoPipeline, data: Path | str, asked: EvaluateSettings, *, learned: Learned = Learned()
) -> Plan:
    """A model measured on the clips of a prepared dataset, at the network's size.

    Args:
        learned: measures with learned features (`tempose.evaluation.measures.load_learned`).

    Raises:
        DataError: no such dataset, or it is empty.
        PoseError: the estimator is not installed.
    """
    assert not isinstance(asked.size, int)
    size, protocol = asked.size or pipe.sampling.size, asked.frames
    steps = pipe.sampling.steps if asked.steps is None else asked.steps
    sampling = {"num_inference_steps": steps, "strategy": protocol.strategy, "window": protocol.window}
    return Plan(
        tasks(
            data, asked.split,
            protocol=protocol, size=size, stretch=asked.stretch, subject=asked.subject, most=asked.clips,
        ),
        {**FLOORS, "model": generated(pipe, seed=asked.seed, **sampling)},
        protocol,
        measures_at(size),
        learned,
        load_estimator(POSE_ESTIMATOR, landmarks=False) if asked.pose else None,
        facts={
            **asked.as_dict(),
            "weights": fingerprint(pipe),
            "data": f"{data}/{asked.split}",
            "protocol settings": asdict(protocol),
            "size": list(size),
            "steps": steps,
        },
    )  # fmt: skip


def told(task: Task, result: Measured | Failure | Exception) -> Measured | str:
    """The results of a task; or why it has none, with its name."""
    if isinstance(result, Measured):
        return result
    reason = result.reason if isinstance(result, Failure) else str(result)
    return reason if task.name in reason else f"{task.name}: {reason}"


def set_results(method: str, results: Sequence[Measured], learned: Learned) -> dict[str, Result]:
    """The measures of the whole set, of the clips that are long enough; none where there is no truth."""
    found = {}
    for measure in learned.sets:
        pairs = [
            (result.features[method][measure.look], result.features[TRUTH][measure.look])
            for result in results
            if TRUTH in result.features and len(result.features[TRUTH][measure.look])
        ]
        if sum(len(made) for made, _ in pairs) >= 2:
            made, truth = zip(*pairs, strict=True)
            found[measure.column.name] = set_result(measure, made, truth)
    return found


def video_of(case: Case, shown: Mapping[str, Tensor], *, fps: float) -> bytes:
    """Photo, poses and what is shown, beside one another, as an mp4."""
    photo = case.photo.expand(len(case.motion), -1, -1, -1)
    skeleton = torch.from_numpy(pose_maps(case.motion.keypoints, case.motion.size))[:, :3].flip(1) * 2 - 1
    rows = to_uint8(torch.cat([photo, skeleton, *shown.values()], dim=3))
    with temporary_folder() as folder:
        path = folder / "clip.mp4"
        write_video(path, iter(rows), fps, crf=20)
        return path.read_bytes()


def sheet_of(shown: Mapping[str, Tensor]) -> bytes:
    """What is shown at up to SHEET_MOMENTS moments, a row for each, the photo copied aside, as a JPEG of full size."""
    rows = [to_uint8(frames) for name, frames in shown.items() if name != COPIED]
    chosen = np.unique(np.linspace(0, len(rows[0]) - 1, SHEET_MOMENTS).round().astype(int))
    sheet = np.concatenate([np.concatenate(list(row[chosen]), axis=1) for row in rows])
    with temporary_folder() as folder:
        path = folder / "sheet.jpg"
        write_image(path, sheet)
        return path.read_bytes()
