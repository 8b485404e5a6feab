"""What the page and the programs behind it share: one model, one pose estimator, and the way to a result."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from tempose.animation.animate import animate
from tempose.animation.motion import read_motion
from tempose.animation.result import Animation, provenance, write_animation
from tempose.animation.subject import Subject, read_subject
from tempose.core.errors import InputError, PoseError, TemposeError, called
from tempose.core.files import written_whole
from tempose.diffusion.hub import IMAGE_MODEL, Model
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.media.tensors import to_uint8
from tempose.media.video import read_frames, write_video
from tempose.pose.estimators import load_estimator
from tempose.pose.keypoints import Motion
from tempose.pose.retarget import retarget_motion
from tempose.web.cache import Cache, FirstSeen, OneAtATime
from tempose.web.examples import EXAMPLES
from tempose.web.jobs import Desk, Job, interruptible
from tempose.web.limits import Limits
from tempose.web.pictures import driver_look, fit_look, photo_look, spread
from tempose.web.request import FOLDER, AnimateRequest, Upload
from tempose.web.uploads import Uploads

# Seconds for which files are kept.
KEPT = 3600


@dataclass
class Preview:
    """What is known of a photo and a motion before anything expensive runs; filled in as it is found.

    Attributes:
        photo, driver: uint8 `h w 3`, with the skeletons that were found.
        fitted: a file, the motion on the photo's body.
        photo_note, motion_note, settings_note: mistakes, one sentence each.
        notes: what had to be guessed or changed.
    """

    photo: np.ndarray | None = None
    driver: np.ndarray | None = None
    fitted: str | None = None
    photo_note: str = ""
    motion_note: str = ""
    settings_note: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    """The files of a result, and what is to be said of it."""

    video: Path
    panels: Path
    sheet: Path
    record: Path
    command: list[str]
    summary: str

    def files(self) -> list[Path]:
        return [self.video, self.panels, self.sheet, self.record]


class Studio:
    """One model in memory, and all that is done with it.

    Attributes:
        model: the one model that all jobs share.
        limits: what a client may ask for.
        folder: where files are made.
        uploads: whose files are whose.
        desk: takes the jobs that generate.
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
        self.uploads = Uploads(folder)
        self._subjects, self._motions = Cache(8), Cache(32)

    def example(self, index: int) -> Path:
        """The photo of an example, as a file that every visitor may use; fresh, for files are removed by their age."""
        photo = EXAMPLES[index].photo
        shared = self.uploads.folder / "examples" / photo.name
        shared.parent.mkdir(exist_ok=True)
        with written_whole(shared) as beside:
            shutil.copyfile(photo, beside)
        self.uploads.share(shared)
        return shared

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

        with called({photo.path: photo.name}):
            return self._subjects.get(photo.path, read, job=job)

    def motion(self, asked: AnimateRequest, job: Job) -> tuple[Motion, np.ndarray]:
        """The motion that is asked for, and a look at its first frame, uint8 `h w 3` (`driver_look`).

        Raises:
            InputError, MediaError, PoseError: it cannot be used.
        """
        how = asked.settings.reading
        if not isinstance(asked.motion, str):
            how["seed"] = 0  # of built-in motions alone

        def read() -> tuple[Motion, np.ndarray]:
            seen = FirstSeen(self.estimator)
            with self.source(asked.motion) as source:
                if isinstance(source, Path):
                    self.limits.check_motion(source)
                found = read_motion(source, **how, estimator=seen, track=job.track)
            if len(found) == 1:
                raise InputError(f"the motion {asked.motion_name} is a single frame; wanted two or more")
            return found, driver_look(found, seen.picture)

        with called(asked.names):
            return self._motions.get((asked.motion, *how.values()), read, job=job)

    @contextmanager
    def source(self, motion: tuple[Upload, ...] | str) -> Iterator[Path | str]:
        """A motion as `read_motion` takes it; of several files a folder, under the names of their owner.

        Raises:
            InputError: two files have the same name.
        """
        if isinstance(motion, str):
            yield motion
        elif len(motion) == 1:
            yield motion[0].path
        else:
            above = self.new_folder()
            try:
                folder = above / FOLDER
                folder.mkdir()
                for upload in motion:
                    if (folder / upload.name).exists():
                        raise InputError(f"two files are called {upload.name}; wanted one for each frame")
                    (folder / upload.name).symlink_to(upload.path)
                with called({folder: FOLDER}):
                    yield folder
            finally:
                shutil.rmtree(above)

    def check_background(self, asked: AnimateRequest) -> None:
        """Whether the background can be used.

        Raises:
            InputError, MediaError: it is to be a picture, and there is none, or it is too large.
        """
        if asked.backdrop is not None:
            with called(asked.names):
                self.limits.check_photo(asked.backdrop.path)
        elif asked.lacks_backdrop:
            raise InputError("choose a picture for the background, or another background")

    def look(self, asked: AnimateRequest, job: Job) -> Preview:
        """Both skeletons, and the one on the other's body; mistakes become notes at their place."""
        look = job.result = Preview()
        subject = motion = None
        try:
            self.check_background(asked)
        except TemposeError as error:
            look.settings_note = str(error)
        if asked.photo is not None:
            try:
                subject = self.subject(asked.photo, job)
                look.photo = photo_look(subject)
            except TemposeError as error:
                look.photo_note = str(error)
        job.check()
        try:
            motion, look.driver = self.motion(asked, job)
        except TemposeError as error:
            look.motion_note = str(error)
        if subject is None or motion is None or look.motion_note:
            return look
        try:
            how = {"retarget": asked.settings.retarget, "camera": asked.settings.camera}
            fitted = retarget_motion(motion, subject.pose, **how, mask=subject.mask)
            look.notes = (*subject.warnings(), *motion.notes, *fitted.warnings)
            path = self.new_folder() / "fitted.webp"
            write_video(path, job.track(fit_look(subject, fitted), "preview", total=len(motion)), motion.fps)
            look.fitted = str(path)
        except PoseError as error:
            look.motion_note = str(error)
        return look

    # The run

    def animation(self, asked: AnimateRequest, job: Job, *, model: Model | None = None) -> Animation:
        """What `tempose animate` makes of the asked.

        Raises:
            InputError, MediaError, PoseError: something that was given cannot be used.
        """
        with called(asked.names):
            self.check_background(asked)
            subject, (motion, _) = self.subject(asked.photo, job), self.motion(asked, job)
            shown, settings = spread(len(motion)), asked.settings
            if asked.backdrop is not None:
                settings = settings.changed(background=str(asked.backdrop.path))

            def watch(pipeline: PersonVideoPipeline, step: int, t: Tensor, tensors: dict[str, Tensor]) -> None:
                job.pictures = to_uint8(tensors["x_t"][shown].clamp(-1, 1))

            made = animate(
                subject,
                motion,
                settings,
                model=model or self.model,
                track=job.track,
                callback_on_step_end=watch,
            )
        assert asked.photo is not None  # or its subject would have been refused
        told = made.record["settings"] | {"background": asked.background_name}
        named = {"photo": asked.photo.name, "motion": asked.motion_name, "settings": told}
        return replace(made, record=made.record | named)

    def make(self, asked: AnimateRequest, job: Job) -> Finished:
        """The asked as files: video, side by side, contact sheet and record."""
        made = self.animation(asked, job)
        command, name, folder = asked.command(self.model.name), asked.name, self.new_folder()
        try:
            video, panels, sheet = folder / f"{name}.mp4", folder / f"{name}-side-by-side.mp4", folder / f"{name}.png"
            record = write_animation(made, video, sheet=sheet, command=command, track=job.track)
            pictures = job.track(made.panels(read_frames(video)), "side by side", total=len(made))
            write_video(panels, pictures, made.motion.fps, provenance=provenance(made.record))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        height, width = made.size
        summary = f"{len(made)} frames, {width}×{height}, {made.motion.fps:.4g} a second"
        return Finished(video, panels, sheet, record, command, summary)

    def pair(
        self, requests: tuple[AnimateRequest, AnimateRequest], models: tuple[Model, Model], job: Job
    ) -> tuple[Path, Path]:
        """Two requests as videos of the same length and size."""
        folder = self.new_folder()
        left, right = folder / "left.mp4", folder / "right.mp4"
        try:
            for path, asked, model in zip((left, right), requests, models, strict=True):
                made = self.animation(asked, job, model=model)
                write_video(path, job.track(made.frames(), "encoding", total=len(made)), made.motion.fps, gop=1)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return left, right

    def new_folder(self) -> Path:
        """A folder of its own for the files of one job; those of long ago are removed."""
        for folder in self.folder.glob("job-*"):
            with suppress(FileNotFoundError):
                if time.time() - folder.stat().st_mtime > KEPT:
                    shutil.rmtree(folder, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix="job-", dir=self.folder))


def _frame_by_frame(model: Model) -> Model | None:
    """The image model inside a video model, sharing its weights; None where it is one already."""
    if not model.pipeline.unet.config["temporal"]:
        return None
    alone = model.pipeline.image_model()
    alone.set_progress_bar_config(disable=True)
    return Model(f"{model.name}{IMAGE_MODEL}", alone, model.warnings)
