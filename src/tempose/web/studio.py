"""What the page and the programs behind it share: one model, one pose estimator, and the way to a result."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from tempose.animate import animate
from tempose.animation import Animation, write_animation
from tempose.errors import InputError, PoseError, TemposeError
from tempose.media.tensors import to_uint8
from tempose.media.video import read_frames, write_video
from tempose.models.build import without_temporal_blocks
from tempose.pipeline import PersonVideoPipeline
from tempose.pose.estimators import Estimator, Person, load_estimator
from tempose.pose.keypoints import Motion
from tempose.pose.retarget import retarget
from tempose.pose.sources import read_motion
from tempose.subject import Subject, read_subject
from tempose.web.jobs import Desk, Job, interruptible
from tempose.web.limits import VIDEOS, Limits
from tempose.web.pictures import driver_look, fit_look, photo_look, spread
from tempose.web.wish import Upload, Wish
from tempose.zoo import Model

Value = TypeVar("Value")


@dataclass
class Look:
    """What is known of a photo and a motion before anything expensive runs; filled in as it is found.

    Attributes:
        photo, driver: uint8 `h w 3`, with the skeletons that were found.
        fitted: a file, the motion on the photo's body.
        photo_note, motion_note: mistakes, one sentence each.
        notes: what had to be guessed or changed.
    """

    photo: np.ndarray | None = None
    driver: np.ndarray | None = None
    fitted: str | None = None
    photo_note: str = ""
    motion_note: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """The files of a result, and what is to be said of it."""

    video: Path
    panels: Path
    sheet: Path
    record: Path
    command: list[str]
    summary: str

    def files(self) -> list[Path]:
        return [self.video, self.panels, self.sheet, self.record]


class OneAtATime:
    """An estimator that several threads may call."""

    def __init__(self, estimator: Estimator) -> None:
        self._estimator, self._lock = estimator, threading.Lock()

    def __call__(self, frame: np.ndarray) -> list[Person]:
        with self._lock:
            return self._estimator(frame)


class Shelf:
    """The latest few values, so that a run does not find again what the look before it has found."""

    def __init__(self, places: int) -> None:
        self._places, self._lock = places, threading.Lock()
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Value], *, job: Job) -> Value:
        """The value of a key; two jobs that want the same wait for one making."""
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        while not making.acquire(timeout=0.1):
            job.check()
        try:
            with self._lock:
                if key in self._values:
                    self._values.move_to_end(key)
                    return self._values[key]
            value = make()
            with self._lock:
                self._values[key] = value
                while len(self._values) > self._places:
                    gone, _ = self._values.popitem(last=False)
                    self._making.pop(gone, None)
            return value
        finally:
            making.release()


class Studio:
    """One model in memory, and all that is done with it.

    Attributes:
        model: the one model that all jobs share.
        limits: what a client may ask for.
        folder: where files are made.
        desk: takes the jobs that paint.
        looks: takes the short ones before them.
    """

    def __init__(self, model: Model, *, limits: Limits, folder: Path) -> None:
        self.model, self.limits, self.folder = model, limits, folder
        self.alone = _frame_by_frame(model)
        for network in (model.pipeline.texture_encoder, model.pipeline.unet):
            interruptible(network)
        self.estimator = OneAtATime(load_estimator())
        self.desk = Desk(
            at_once=limits.at_once, queue=limits.queue, per_client=limits.per_client, seconds=limits.job_seconds
        )
        self.looks = Desk(
            at_once=2, queue=4 * limits.queue, per_client=2 * limits.per_client + 2, seconds=limits.job_seconds
        )
        self._subjects, self._motions = Shelf(8), Shelf(32)

    # Before a run

    def subject(self, photo: Upload | None, job: Job) -> Subject:
        """The person in an uploaded photo.

        Raises:
            InputError, MediaError, PoseError: there is none, or it cannot be used.
        """
        if photo is None:
            raise InputError("choose a photo: one of your own, or one of the examples")

        def read() -> Subject:
            self.limits.check_photo(photo.path)
            return read_subject(photo.path, estimator=self.estimator)

        return self._subjects.get(photo.path, read, job=job)

    def motion(self, wish: Wish, job: Job) -> Motion:
        """The motion that is wished.

        Raises:
            InputError, MediaError, PoseError: it cannot be used.
        """
        source = wish.motion if isinstance(wish.motion, str) else wish.motion.path
        seed = wish.settings["seed"] if isinstance(wish.motion, str) else None

        def read() -> Motion:
            if isinstance(source, Path):
                self.limits.check_motion(source)
            found = read_motion(source, stretch=wish.stretch, seed=seed or 0, estimator=self.estimator, track=job.track)
            if len(found) == 1:
                raise InputError(f"the motion {wish.motion_name} is a single frame; wanted two or more")
            return found

        return self._motions.get((source, wish.stretch, seed), read, job=job)

    def look(self, wish: Wish, job: Job) -> Look:
        """Both skeletons, and the one on the other's body; mistakes become notes at their place."""
        look = job.result = Look()
        subject = motion = None
        if wish.photo is not None:
            try:
                subject = self.subject(wish.photo, job)
                look.photo = photo_look(subject)
            except TemposeError as error:
                look.photo_note = in_users_words(error, wish)
        job.check()
        try:
            motion = self.motion(wish, job)
            look.driver = driver_look(motion, self._first_frame(wish, motion))
        except TemposeError as error:
            look.motion_note = in_users_words(error, wish)
        if subject is None or motion is None or look.motion_note:
            return look
        try:
            fitted = retarget(motion, subject.pose, how=wish.settings["retargeting"])
            look.notes = (*subject.warnings(), *fitted.warnings)
            path = self.new_folder() / "fitted.webp"
            write_video(path, job.track(fit_look(subject, fitted), "preview", total=len(motion)), motion.fps)
            look.fitted = str(path)
        except PoseError as error:
            look.motion_note = in_users_words(error, wish)
        return look

    def _first_frame(self, wish: Wish, motion: Motion) -> np.ndarray | None:
        """The driver's own picture, where there is one."""
        if isinstance(wish.motion, str) or wish.motion.path.suffix.lower() not in VIDEOS:
            return None
        first = round(wish.settings["start"] * motion.fps)
        return next(read_frames(wish.motion.path, fps=motion.fps, start=first, stop=first + 1))

    # The run

    def animation(self, wish: Wish, job: Job, *, model: Model | None = None) -> Animation:
        """What `tempose animate` makes of the wish.

        Raises:
            InputError, MediaError, PoseError: something that was given cannot be used.
        """
        try:
            subject, motion = self.subject(wish.photo, job), self.motion(wish, job)
            shown = spread(len(motion))

            def watch(pipeline: PersonVideoPipeline, step: int, t: Tensor, tensors: dict[str, Tensor]) -> None:
                job.pictures = to_uint8(tensors["x_t"][shown].clamp(-1, 1))

            made = animate(
                subject,
                motion,
                model=model or self.model,
                **wish.settings,
                device=str(self.model.pipeline.device),
                track=job.track,
                callback_on_step_end=watch,
            )
        except TemposeError as error:
            raise type(error)(in_users_words(error, wish)) from error
        assert wish.photo is not None  # or its subject would have been refused
        return replace(made, record={**made.record, "photo": wish.photo.name, "motion": wish.motion_name})

    def make(self, wish: Wish, job: Job) -> Made:
        """The wish as files: video, side by side, contact sheet and record."""
        made = self.animation(wish, job)
        command, name, folder = wish.command(self.model.name), wish.name, self.new_folder()
        try:
            video, panels, sheet = folder / f"{name}.mp4", folder / f"{name}-side-by-side.mp4", folder / f"{name}.png"
            record = write_animation(made, video, sheet=sheet, command=command, track=job.track)
            write_video(panels, job.track(made.panels(), "side by side", total=len(made)), made.motion.fps)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        height, width = made.size
        summary = f"{len(made)} frames, {width}×{height}, {made.motion.fps:.4g} a second"
        return Made(video, panels, sheet, record, command, summary)

    def pair(self, wishes: tuple[Wish, Wish], models: tuple[Model, Model], job: Job) -> tuple[Path, Path]:
        """Two wishes as videos of the same length and size."""
        folder = self.new_folder()
        left, right = folder / "left.mp4", folder / "right.mp4"
        try:
            for path, wish, model in zip((left, right), wishes, models, strict=True):
                made = self.animation(wish, job, model=model)
                write_video(path, job.track(made.frames(), "encoding", total=len(made)), made.motion.fps, gop=1)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return left, right

    def new_folder(self) -> Path:
        """A folder of its own for the files of one job."""
        return Path(tempfile.mkdtemp(dir=self.folder))


def in_users_words(error: TemposeError, wish: Wish) -> str:
    """An error with files called as their owner calls them, and options as the page does."""
    text = str(error)
    for given in (wish.photo, wish.motion):
        if isinstance(given, Upload):
            text = text.replace(str(given.path), given.name).replace(given.path.name, given.name)
    return text


def _frame_by_frame(model: Model) -> Model | None:
    """The image model inside a video model, sharing its weights; None where it is one already."""
    unet = model.pipeline.unet
    if not unet.config["temporal"]:
        return None
    alone = PersonVideoPipeline(model.pipeline.texture_encoder, without_temporal_blocks(unet), model.pipeline.scheduler)
    alone.set_progress_bar_config(disable=True)
    return Model(f"{model.name}, frame by frame", alone, model.warnings)
