"""The result as people look at it: a clip animated from its own first frame, at the photo's own resolution.

The other evaluation sees a network's frames, 128×96 pixels; enlarged to a photo's size, a person can be a blur in front
of a sharp background without any of its figures telling. Here the first frame of a clip is the photo, the clip itself
the motion, nothing is retargeted, and the result of `tempose.animation.animate` is held against the clip.

With two photos, the second is the frame that faces away from the first most, and only other frames that face away are
measured: what one photo does not show.

L1, PSNR and SSIM reward blur; read them beside `sharp`, `rim` and `feat`. With `--pose` faces and hands are looked for
in the result (`tempose.evaluation.landmarks`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from tempose.core.files import temporary_folder
from tempose.data.augment import Views, resized
from tempose.data.find import find_videos
from tempose.data.prepared import SPLITS, Clip, read_metadata, sha256_of
from tempose.diffusion.hub import WARP, Model
from tempose.evaluation.cases import Case, Task, Truth, hashes
from tempose.evaluation.landmarks import (
    blinks_followed,
    face_error,
    face_found,
    face_shape,
    hand_error,
    hands_found,
    mouths_followed,
)
from tempose.evaluation.measures import FOUND, TRUTH, Learned, Measure, against, drift, on_person
from tempose.evaluation.methods import COPIED, Method, photo_copied
from tempose.evaluation.metrics import grown, l1, psnr, rim_sharpness, sharpness, ssim, stillness, torchmetrics
from tempose.evaluation.protocols import Protocol
from tempose.evaluation.results import Column
from tempose.evaluation.run import Plan
from tempose.evaluation.settings import EvaluateSettings
from tempose.media.images import resize, write_image
from tempose.media.tensors import to_tensor
from tempose.media.video import probe_video, read_frames
from tempose.pose.estimate import estimate_video
from tempose.pose.estimators import load_estimator
from tempose.pose.keypoints import Motion
from tempose.warp.joints import photo_joints

# Of each clip so many frames, evenly over its first seconds.
FRAMES, SECONDS = 24, 8.0


@dataclass(frozen=True, eq=False)
class NativeCase(Case):
    """A case that carries the person as `animate` takes them."""

    subjects: tuple[Subject, ...]
    """The photo, and further ones."""
    driver: Motion
    """The poses of all frames but the first; the case's own motion and truth are those that are measured."""
    measured: np.ndarray
    """Which of the driver's frames these are."""


@dataclass(frozen=True)
class Sampling:
    """Which frames of a clip are measured, and how high they are."""

    height: int
    """In pixels; clips that are lower keep their own height."""
    frames: int = FRAMES
    """Of each clip, the photo among them; 2 or more."""
    seconds: float = SECONDS
    """Over so long from its beginning they are spread evenly."""
    photos: int = 1
    """1, or 2: the first frame and one from behind."""

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
        raise InputError("no video was given", remedy="name videos, folders of videos, or prepared datasets")
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"two clips have the name {min(twice)}", remedy="rename one")
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
    if masks is None:
        raise DataError(
            f"the estimator tells nothing of where the person of {path} is; wanted one that gives masks", path=path
        )

    def read(moment: int) -> Subject:
        with temporary_folder() as folder:
            write_image(photo := folder / "photo.png", frames[moment])
            return read_subject(photo)

    return _case(name or path.name, Views(frames, motion, masks), read, photos=sampling.photos)


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

    def read(moment: int) -> Subject:
        return Subject(views.frames[moment], views.motion.keypoints[moment], views.masks[moment])

    return _case(clip.name, views, read, photos=sampling.photos)


def _case(name: str, views: Views, read: Callable[[int], Subject], *, photos: int) -> NativeCase:
    """A case of frames, each of which `read` reads as a photo."""
    if len(views.frames) < 2:
        raise DataError(f"{name} has a single frame; wanted a photo and at least one frame to hold the result against")
    taken, measured = [0], np.arange(1, len(views.frames))
    if photos == 2:
        second, measured = seen_from_behind(views.motion)
        taken = [0, second]
        if len(measured) == 0:
            raise DataError(f"the person of {name} does not turn round; wanted two frames from behind, or one photo")
    subjects = tuple(read(moment) for moment in taken)
    pictures, masks = to_tensor(views.frames), torch.from_numpy(views.masks).float()[:, None]
    return NativeCase(
        name=name,
        photo=pictures[0],
        photo_keypoints=torch.from_numpy(subjects[0].keypoints),
        photo_mask=torch.from_numpy(subjects[0].mask).float()[None],
        motion=views.motion[measured],
        truth=Truth(pictures[measured], masks[measured], flow=None),
        subjects=subjects,
        driver=views.motion[1:],
        measured=measured - 1,
    )


def seen_from_behind(motion: Motion) -> tuple[int, np.ndarray]:
    """The frame that faces away from the first most, and all others that face away from it."""
    facing = photo_joints(torch.from_numpy(motion.keypoints)).facing.numpy()
    toward = facing @ facing[0] / np.maximum(np.linalg.norm(facing, axis=-1) * np.linalg.norm(facing[0]), 1e-6)
    second = int(toward.argmin())
    return second, np.flatnonzero((toward < 0) & (np.arange(len(motion)) != second))


def animated(model: str | Model, *, photos: int = 1, **settings: Any) -> Method:
    """What `tempose.animation.animate` makes of so many photos, as anybody would call it; `settings` are its own."""

    def method(case: Case) -> Tensor:
        assert isinstance(case, NativeCase)
        size, given = case.motion.size, case.subjects[:photos]
        made = animate(given, case.driver, model=model, retarget="none", size=size[0], **settings)
        return to_tensor(np.stack([resize(frame, size) for frame in made.frames(case.measured.tolist())]))

    return method


# The measures ---------------------------------------------------------------------------------------


def native_measures() -> list[Measure]:
    """The columns of the report.

    Raises:
        InputError: torchmetrics, which SSIM needs, is not installed.
    """
    torchmetrics()

    def around(metric: Callable[..., Tensor]) -> Callable[[Any], Tensor]:
        return lambda made: metric(made.frames, made.truth, mask=grown(made.mask))

    def again(metric: Callable[[Motion, Motion], Tensor]) -> Callable[[Any], Tensor]:
        return lambda made: metric(made.found, made.case.motion)

    def shape(made: Any) -> Tensor:
        return face_shape(made.found, made.case.subjects[0].face)

    return [
        Measure(Column("L1, person", "", "lower"), TRUTH, around(l1)),
        Measure(Column("PSNR, person", "dB", "higher"), TRUTH, around(psnr)),
        Measure(Column("SSIM, person", "", "higher"), TRUTH, around(ssim)),
        Measure(Column("sharp", "", "near 1"), TRUTH, on_person(sharpness)),
        Measure(Column("rim", "", "near 1"), TRUTH, on_person(rim_sharpness)),
        Measure(Column("still", "of 255", "near 0"), TRUTH, against(stillness)),
        Measure(Column("identity drift", "ΔE", "lower"), FOUND, drift),
        Measure(Column("face found", "share", "higher"), FOUND, again(face_found)),
        Measure(Column("face error", "% of the eyes", "lower"), FOUND, again(face_error)),
        Measure(Column("face shape", "% of the eyes", "lower"), FOUND, shape),
        Measure(Column("blinks followed", "share", "higher"), FOUND, again(blinks_followed)),
        Measure(Column("mouths followed", "share", "higher"), FOUND, again(mouths_followed)),
        Measure(Column("hands found", "share", "higher"), FOUND, again(hands_found)),
        Measure(Column("hand error", "% of the palm", "lower"), FOUND, again(hand_error)),
    ]


# The run ----------------------------------------------------------------------------------------------


def plan_native(
    model: Model, sources: Sequence[Path | str], asked: EvaluateSettings, *, learned: Learned = Learned()
) -> Plan:
    """What `animate` makes of videos, beside the photo copied and the warp alone.

    Args:
        sources: videos, folders of videos, prepared datasets.
        asked: of which the settings of clips, size, steps and seed count here.
        learned: further columns (`tempose.evaluation.measures.load_learned`), such as `feat`.

    Raises:
        InputError, DataError: as `native_tasks` and `native_measures`.
    """
    sampling = Sampling(asked.height, asked.max_frames or FRAMES, photos=asked.photos)
    how: dict[str, Any] = {"steps": asked.steps, "seed": asked.seed, "device": asked.device}
    methods = {COPIED: photo_copied, WARP: animated(WARP, **how), "model": animated(model, **how)}
    if asked.photos == 2:
        methods |= {f"{WARP}, 2 photos": animated(WARP, photos=2, **how)}
        methods |= {"model, 2 photos": animated(model, photos=2, **how)}
    return Plan(
        native_tasks(sources, sampling, split=asked.split, most=asked.clips),
        methods,
        Protocol("native", window=1, step=1, strategy="overlap", most=None),
        native_measures(),
        learned,
        load_estimator() if asked.pose else None,
        facts={
            **asked.as_dict(),
            "protocol": "native",
            "data": [str(source) for source in sources],
            "size": sampling.height,
            "frames": sampling.frames,
            "seconds": sampling.seconds,
        },
    )
