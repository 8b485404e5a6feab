"""The result as people look at it: a clip animated from its own first frame, at the photo's own resolution.

The other evaluation sees a network's frames, 128×96 pixels; enlarged to a photo's size, a person can be a blur in front
of a sharp background without any of its figures telling. Here the first frame of a clip is the photo, the clip itself
the motion, nothing is retargeted, and the result of `tempose.animation.animate` is held against the clip.

L1, PSNR and SSIM reward blur; read them beside `sharp`, `rim` and `feat`. With `--pose` faces and hands are looked for
in the result (`tempose.evaluation.landmarks`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tempose.animation.animate import animate
from tempose.animation.subject import Subject, read_subject
from tempose.core.errors import DataError, InputError
from tempose.core.progress import Track, quiet
from tempose.data.augment import Views, resized
from tempose.data.find import find_videos
from tempose.data.prepared import SPLITS, Clip, read_metadata, sha256_of
from tempose.diffusion.hub import WARP, Model
from tempose.evaluation.cases import Case, Task, Truth, hashes
from tempose.evaluation.landmarks import (
    expression_followed,
    face_error,
    face_found,
    face_shape,
    hand_error,
    hands_found,
)
from tempose.evaluation.measures import FOUND, TRUTH, Generated, Learned, Measure, drift, on_person
from tempose.evaluation.methods import COPIED, Method, photo_copied
from tempose.evaluation.metrics import grown, l1, psnr, rim_sharpness, sharpness, ssim, stillness, torchmetrics
from tempose.evaluation.protocols import Protocol
from tempose.evaluation.results import Column
from tempose.evaluation.run import TaskOutcome, evaluate
from tempose.evaluation.settings import EvaluateSettings
from tempose.media.images import resize, write_image
from tempose.media.tensors import to_tensor
from tempose.media.video import probe_video, read_frames
from tempose.pose.estimate import estimate_video
from tempose.pose.estimators import load_estimator
from tempose.pose.keypoints import Motion

# Of each clip so many frames, evenly over its first seconds.
FRAMES, SECONDS = 24, 8.0


@dataclass(frozen=True, eq=False)
class NativeCase(Case):
    """A case that carries the person as `animate` takes them."""

    subject: Subject


@dataclass(frozen=True)
class Sampling:
    """Which frames of a clip are measured, and how high they are."""

    height: int
    """In pixels; clips that are lower keep their own height."""
    frames: int = FRAMES
    """Of each clip, the photo among them; 2 or more."""
    seconds: float = SECONDS
    """Over so long from its beginning they are spread evenly."""

    def __post_init__(self) -> None:
        if self.frames < 2:
            raise InputError(f"{self.frames} frame of a clip is to be measured; wanted 2 or more")

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of the measured frames, both even, for a clip of that size."""
        high = 2 * (min(self.height, height) // 2)
        return high, 2 * max(1, round(width * high / height / 2))

    def step(self, length: int, fps: float) -> int:
        """From one measured frame to the next."""
        return max(1, min(length, round(self.seconds * fps)) // self.frames)


def native_tasks(
    sources: Sequence[Path | str], sampling: Sampling, *, split: str = "test", most: int | None = None
) -> list[Task]:
    """What videos, folders of videos and prepared datasets hold.

    Args:
        split: of prepared datasets. most: at most so many clips, evenly over all.

    Raises:
        InputError: no source, or two clips of one name.
        DataError: a source is missing, or a folder without a video.
    """
    tasks = [task for source in sources for task in _tasks_of(Path(source), sampling, split)]
    names = [task.name for task in tasks]
    if not tasks:
        raise InputError("no video was given; name videos, folders of videos, or prepared datasets")
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"two clips have the name {min(twice)}; rename one")
    if most is not None and most < len(tasks):
        tasks = [tasks[i] for i in np.unique(np.linspace(0, len(tasks) - 1, most).astype(int))]
    return tasks


def _tasks_of(source: Path, sampling: Sampling, split: str) -> Iterator[Task]:
    if source.is_file():
        yield Task(source.name, {source.name: sha256_of(source)}, partial(read_video_case, source, sampling))
    elif any((source / each / "metadata.jsonl").is_file() for each in SPLITS):
        for row in read_metadata(source, split):
            clip = Clip(source / split, row)
            yield Task(clip.name, hashes(clip), partial(read_prepared_case, clip, sampling))
    else:
        for video in find_videos(source, pattern="**/*", split="test", leave_out=source / ".none"):
            if video.path.is_file():
                case = partial(read_video_case, video.path, sampling, name=video.file)
                yield Task(video.file, {video.file: sha256_of(video.path)}, case)


def read_video_case(path: Path, sampling: Sampling, *, name: str | None = None) -> NativeCase:
    """A video whose first frame is the photo; poses and masks are estimated, as for anybody's photo and video.

    Raises:
        MediaError: it cannot be read. PoseError: nobody is in it. DataError: it has a single frame.
    """
    info = probe_video(path)
    size = sampling.size(info.height, info.width)
    length = round((info.duration or sampling.seconds) * info.fps)
    step = sampling.step(length, info.fps)
    last = max(1, round(sampling.seconds * info.fps))
    frames = np.stack([resize(frame, size) for frame in islice(read_frames(path), 0, last, step)])[: sampling.frames]
    motion, masks = estimate_video(frames, fps=info.fps / step)
    with tempfile.TemporaryDirectory() as folder:
        write_image(photo := Path(folder) / "photo.png", frames[0])
        subject = read_subject(photo)
    if masks is None:
        raise DataError(f"the estimator tells nothing of where the person of {path} is; wanted one that gives masks")
    return _case(name or path.name, subject, Views(frames, motion, masks))


def read_prepared_case(clip: Clip, sampling: Sampling) -> NativeCase:
    """A prepared clip, with the poses and masks that it brings.

    Raises:
        DataError: it is damaged, or has a single frame.
    """
    size = sampling.size(clip.row["height"], clip.row["width"])
    moments = range(0, len(clip), sampling.step(len(clip), clip.row["fps"]))[: sampling.frames]
    clip.verify()
    motion, masks = clip.read_ground_truth(moments)
    slower = Motion(motion.keypoints, motion.size, motion.fps / moments.step, motion.depth)
    views = resized(Views(clip.read_frames(moments), slower, masks), size)
    return _case(clip.name, Subject(views.frames[0], views.motion.keypoints[0], views.masks[0]), views)


def _case(name: str, subject: Subject, views: Views) -> NativeCase:
    if len(views.frames) < 2:
        raise DataError(f"{name} has a single frame; wanted a photo and at least one frame to hold the result against")
    pictures, masks = to_tensor(views.frames), torch.from_numpy(views.masks).float()[:, None]
    return NativeCase(
        name=name,
        photo=pictures[0],
        photo_keypoints=torch.from_numpy(subject.keypoints),
        photo_mask=torch.from_numpy(subject.mask).float()[None],
        motion=views.motion[1:],
        truth=Truth(pictures[1:], masks[1:], flow=None),
        subject=subject,
    )


def animated(model: str | Model, **settings: Any) -> Method:
    """What `tempose.animation.animate` makes of the photo, as anybody would call it; `settings` are its own."""

    def method(case: Case) -> Tensor:
        assert isinstance(case, NativeCase)
        size = case.motion.size
        made = animate(case.subject, case.motion, model=model, retarget="none", size=size[0], **settings)
        return to_tensor(np.stack([resize(frame, size) for frame in made.frames()]))

    return method


# The measures ---------------------------------------------------------------------------------------


def native_measures() -> list[Measure]:
    """The columns of the report.

    Raises:
        InputError: torchmetrics, which SSIM needs, is not installed.
    """
    torchmetrics()

    def around(metric: Callable[..., Tensor]) -> Callable[[Generated], Tensor]:
        def of(made: Generated) -> Tensor:
            assert made.mask is not None
            return metric(made.frames, made.truth, mask=grown(made.mask))

        return of

    def still(made: Generated) -> Tensor:
        assert made.truth is not None
        return stillness(made.frames, made.truth)

    def again(metric: Callable[[Motion, Motion], Tensor]) -> Callable[[Generated], Tensor]:
        def of(made: Generated) -> Tensor:
            assert made.found is not None
            return metric(made.found, made.case.motion)

        return of

    def shape(made: Generated) -> Tensor:
        assert made.found is not None
        assert isinstance(made.case, NativeCase)
        return face_shape(made.found, made.case.subject.face)

    return [
        Measure(Column("L1, person", "", "lower"), TRUTH, around(l1)),
        Measure(Column("PSNR, person", "dB", "higher"), TRUTH, around(psnr)),
        Measure(Column("SSIM, person", "", "higher"), TRUTH, around(ssim)),
        Measure(Column("sharp", "", "near 1"), TRUTH, on_person(sharpness)),
        Measure(Column("rim", "", "near 1"), TRUTH, on_person(rim_sharpness)),
        Measure(Column("still", "of 255", "near 0"), TRUTH, still),
        Measure(Column("identity drift", "ΔE", "lower"), FOUND, drift),
        Measure(Column("face found", "share", "higher"), FOUND, again(face_found)),
        Measure(Column("face error", "% of the eyes", "lower"), FOUND, again(face_error)),
        Measure(Column("face shape", "% of the eyes", "lower"), FOUND, shape),
        Measure(Column("expression followed", "share", "higher"), FOUND, again(expression_followed)),
        Measure(Column("hands found", "share", "higher"), FOUND, again(hands_found)),
        Measure(Column("hand error", "% of the palm", "lower"), FOUND, again(hand_error)),
    ]


# The run ----------------------------------------------------------------------------------------------


def evaluate_native(
    model: Model,
    sources: Sequence[Path | str],
    settings: EvaluateSettings | None = None,
    *,
    learned: Learned = Learned(),
    facts: Mapping[str, Any] | None = None,
    track: Track = quiet,
    **changes: Any,
) -> TaskOutcome:
    """Measure what `animate` makes of videos, beside the photo copied and the warp alone.

    Args:
        sources: videos, folders of videos, prepared datasets.
        settings: how (`tempose.evaluation.settings.EvaluateSettings`), of which those of clips, size, steps and seed
            count here. changes: on top of them.
        learned: further columns (`tempose.evaluation.measures.load_learned`), such as `feat`.
        facts: more to write down, such as the command and versions.

    Raises:
        InputError, DataError: as `native_tasks` and `native_measures`, or no clip could be measured.
    """
    asked = (settings or EvaluateSettings(native=True)).changed(native=True, **changes)
    sampling = Sampling(asked.height, asked.max_frames or FRAMES)
    how = {"steps": asked.steps, "seed": asked.seed, "device": asked.device}
    methods = {COPIED: photo_copied, WARP: animated(WARP, **how), "model": animated(model, **how)}
    return evaluate(
        native_tasks(sources, sampling, split=asked.split, most=asked.clips),
        methods,
        protocol=Protocol("native", window=1, step=1, strategy="overlap", most=None),
        measures=native_measures(),
        facts={
            **(facts or {}),
            **asked.as_dict(),
            "protocol": "native",
            "data": [str(source) for source in sources],
            "size": sampling.height,
            "frames": sampling.frames,
            "seconds": sampling.seconds,
        },
        learned=learned,
        estimator=load_estimator() if asked.pose else None,
        track=track,
    )
