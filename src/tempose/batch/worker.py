"""What a worker does: reads photos and motions for all, and animates, with one model in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from tempose.animation.animate import animate, read_subjects
from tempose.animation.motion import read_motion
from tempose.animation.result import again, write_animation
from tempose.animation.settings import AnimateSettings
from tempose.animation.subject import Subject
from tempose.batch.jobs import AnimateJob
from tempose.batch.storage import Store, at_hand
from tempose.body.motions import MOTIONS
from tempose.core.cluster import Failure
from tempose.core.files import temporary_folder
from tempose.core.notes import collected
from tempose.diffusion.hub import WARP, Model, find_device, load_model
from tempose.pose.estimators import Estimator, load_estimator
from tempose.pose.keypoints import Motion

Value = TypeVar("Value")

# Settings of which the person in a photo depends, in the first one alone, and those of which key points in pictures do.
OF_PHOTO, OF_FIRST = ("matte_model",), ("mask", "photo_person")
OF_ESTIMATOR = ("estimator", "detector", "pose_model")
OF_MOTION = ("fps", "start", "duration", "max_frames", "person", "yaw", "joints", "up")


@dataclass(frozen=True)
class Prepared(Generic[Value]):
    """A photo or motion that was read, with what had to be said of it."""

    value: Value
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Made:
    """A result that was written."""

    frames: int
    seconds: float
    """On the clock, and of processors: what else keeps the machine busy does not count."""
    processor: float
    warnings: tuple[str, ...]


def photo_key(job: AnimateJob, number: int = 0) -> tuple[Any, ...]:
    """What the person in one of a job's photos depends on: jobs with the same share them."""
    names = (*OF_PHOTO, *OF_FIRST, *OF_ESTIMATOR) if number == 0 else (*OF_PHOTO, *OF_ESTIMATOR)
    return ("photo", job.photos[number], *_values(job, names))


def motion_key(job: AnimateJob) -> tuple[Any, ...]:
    """What a job's motion depends on: jobs with the same share it."""
    seed = job.settings.seed if job.motion in MOTIONS else None  # of a built-in motion it draws the variant
    return ("motion", job.motion, seed, *_values(job, (*OF_MOTION, *OF_ESTIMATOR)))


def _values(job: AnimateJob, names: tuple[str, ...]) -> list[Any]:
    return [job.files.get(name, getattr(job.settings, name)) for name in names]


class AnimateWorker:
    """Photos, motions and results of the jobs that it is given; what it raises is the job's failure."""

    def __init__(self) -> None:
        self._model: tuple[tuple[str, str], Model] | None = None

    def photo(self, job: AnimateJob, number: int = 0) -> Prepared[Subject]:
        """The person in one of the job's photos, cut out."""
        with self._settings(job) as settings, at_hand(job.photos[number]) as photo, collected() as notes:
            asked = settings if number == 0 else settings.changed(mask=None, photo_person="largest")
            (subject,) = read_subjects([photo], asked, estimator=_finder(settings))
            subject.cutout  # noqa: B018  # made now, once for all
        return Prepared(subject, tuple(notes))

    def motion(self, job: AnimateJob) -> Prepared[Motion]:
        """The job's motion."""
        with self._settings(job) as settings, at_hand(job.motion) as motion, collected() as notes:
            return Prepared(read_motion(motion, **settings.reading, estimator=_finder(settings)), tuple(notes))

    def animate(
        self, job: AnimateJob, out: str, motion: Prepared[Motion] | Failure, *photos: Prepared[Subject] | Failure
    ) -> Made | Failure:
        """The job's result in the folder `out`, which appears after its record: where it is, all is."""
        subjects: list[Subject] = []
        notes: list[str] = []
        for photo in photos:
            if isinstance(photo, Failure):
                return photo
            subjects.append(photo.value)
            notes += photo.warnings
        if isinstance(motion, Failure):
            return motion
        begun, store = (time.monotonic(), time.process_time()), Store(out)
        with self._settings(job) as settings:
            # What reads pictures is told nothing of files that it no longer needs.
            made = animate(
                subjects, motion.value, settings.changed(detector=None, pose_model=None),
                model=self._loaded(settings.model, settings.device), output=job.output,
            )  # fmt: skip
        warnings = tuple(dict.fromkeys((*notes, *motion.warnings, *made.warnings)))
        told = {**job.settings.as_dict(), **{name: made.record["settings"][name] for name in ("steps", "device")}}
        record = {
            **made.record,
            "photo": job.photo,
            "motion": job.motion,
            "settings": {**told, **job.files},
            "warnings": list(warnings),
            "job": job.key,
        }
        made = replace(made, record=record, warnings=warnings)
        if not store.remote:
            write_animation(made, store.path(job.output))
        else:
            with temporary_folder() as folder:
                here = folder / Path(job.output).name
                words = again({**record, "side_by_side": False, "audio": False}, store.path(job.output))
                beside = write_animation(made, here, command=words)
                store.send(beside, f"{job.output}.json")
                store.send(here, job.output)
        return Made(len(made), time.monotonic() - begun[0], time.process_time() - begun[1], warnings)

    @contextmanager
    def _settings(self, job: AnimateJob) -> Iterator[AnimateSettings]:
        """The job's settings, with files from elsewhere at hand."""
        with ExitStack() as stack:
            yield job.settings.changed(**{name: stack.enter_context(at_hand(url)) for name, url in job.files.items()})

    def _loaded(self, name: str, device: str) -> Model | None:
        """The model of that name; the last one stays in memory."""
        if name == WARP:
            return None
        wanted = name, find_device(device)
        if self._model is None or self._model[0] != wanted:
            self._model = None  # two need not fit
            self._model = wanted, load_model(name, device=wanted[1])
        return self._model[1]


def _finder(settings: AnimateSettings) -> Estimator | str:
    """What finds people in pictures."""
    if settings.detector is None and settings.pose_model is None:
        return settings.estimator
    return load_estimator(settings.estimator, detector=settings.detector, pose_model=settings.pose_model)
