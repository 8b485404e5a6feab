"""What the page and the programs behind it share: one model, one pose estimator, and the way to a result."""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from tempose.animation.animate import animate
from tempose.animation.dress import dress, write_dressed
from tempose.animation.motion import read_motion
from tempose.animation.result import Animation, provenance, write_animation
from tempose.animation.subject import Subject, read_subject
from tempose.core.errors import InputError, MediaError, TemposeError, called
from tempose.diffusion.hub import WARP, Model
from tempose.media.animated import is_still
from tempose.media.images import read_image, write_image
from tempose.media.montage import beside
from tempose.media.video import VideoInfo, read_frames, write_video
from tempose.people.choose import draw_photo, find_person, find_scene
from tempose.pose.draw import draw_motion
from tempose.pose.estimators import Estimator, load_estimator
from tempose.pose.keypoints import Motion
from tempose.pose.pointed import Pointed
from tempose.pose.retarget import retarget_motion
from tempose.pose.time_range import thinned
from tempose.warp.cutout import Cutout
from tempose.web.cache import Cache, Ends, OneAtATime
from tempose.web.jobs import Desk, Job, interruptible
from tempose.web.limits import Limits
from tempose.web.pictures import driver_look, fit_look, photo_look
from tempose.web.request import FOLDER, AnimateRequest, DressRequest, Upload, check_parts
from tempose.web.uploads import Uploads

# What is kept beside a result, so that photo, skeleton and result can be shown beside one another when somebody asks.
POSES, PHOTO = "poses.npz", "photo.png"

# How else a result can be had, by the ending of its name, made when it is asked for.
BESIDE = "-side-by-side.mp4"
FORMS = (".gif", ".webp", BESIDE)


@dataclass
class Preview:
    """What is known of a photo and a motion before anything expensive runs; filled in as it is found.

    Attributes:
        files: pictures that show it, by name: `photo.jpg` and, of the motion, `first.jpg` and `last.jpg`, with the
            skeletons that were found; `fitted.webp`, the motion on the photo's body; `matte.png`, white on the person.
        photo_note, motion_note, settings_note: mistakes, one sentence each.
        notes: what had to be guessed or changed.
        seconds, fps: of the whole motion, before any part of it is taken; None for a built-in one.
        size: (width, height) of the photo in which `matte.png` was found.
    """

    files: dict[str, Path] = field(default_factory=dict)
    photo_note: str = ""
    motion_note: str = ""
    settings_note: str = ""
    notes: tuple[str, ...] = ()
    seconds: float | None = None
    fps: float | None = None
    size: tuple[int, int] | None = None

    @property
    def said(self) -> dict[str, Any]:
        """All but the files, for JSON."""
        return {name: value for name, value in asdict(self).items() if name != "files"}


@dataclass(frozen=True)
class Finished:
    """The files of a result, the one that it is all about first, and what is to be said of it."""

    main: Path
    more: tuple[Path, ...]
    said: dict[str, Any]

    @property
    def files(self) -> dict[str, Path]:
        """By their names."""
        return {path.name: path for path in (self.main, *self.more)}


class Studio:
    """One model in memory, and all that is done with it.

    Attributes:
        model: the one model that all jobs share.
        limits: what a client may ask for.
        folder: where files are made.
        uploads: whose files are whose.
        desk: takes the jobs that generate.
        looks: takes the short ones before and after them.
    """

    def __init__(self, model: Model, *, limits: Limits, folder: Path) -> None:
        self.model, self.limits, self.folder = model, limits, folder
        for network in (model.pipeline.texture_encoder, model.pipeline.unet):
            interruptible(network)
        self.estimator: Estimator = OneAtATime(load_estimator())
        self.desk = Desk(
            at_once=limits.at_once, queue=limits.queue, per_client=limits.per_client, seconds=limits.job_seconds
        )
        self.looks = Desk(
            at_once=2, queue=4 * limits.queue, per_client=2 * limits.per_client + 2, seconds=limits.job_seconds
        )
        self.uploads = Uploads(folder)
        self._subjects, self._cutouts, self._motions, self._infos = Cache(8), Cache(8), Cache(32), Cache(32)

    # Before a run

    def subject(self, asked: AnimateRequest, job: Job) -> Subject:
        """The person in the photo.

        Raises:
            InputError, MediaError, PoseError: there is none, or it cannot be used.
        """
        photo, mask, person = asked.photo, asked.mask, asked.settings.photo_person
        if photo is None:
            raise InputError("there is no photo", remedy="choose one of your own, or one of the examples")

        def read() -> Subject:
            for each in (photo, mask):
                if each is not None:
                    self.limits.check_photo(each.path)
            estimator = Pointed(self.estimator, person) if isinstance(person, tuple) else self.estimator
            return read_subject(photo.path, person=person, estimator=estimator, mask=mask.path if mask else None)

        with called(asked.names):
            return self._subjects.get((photo.path, mask and mask.path, person), read, job=job)

    def subjects(self, asked: AnimateRequest, job: Job) -> list[Subject]:
        """The person in all the photos.

        Raises:
            InputError, MediaError, PoseError: as `subject`, of any of them.
        """
        alike = asked.settings.changed(photo_person="largest")
        others = (replace(asked, photo=photo, mask=None, settings=alike) for photo in asked.further)
        return [self.subject(asked, job), *(self.subject(other, job) for other in others)]

    def cutout(self, subject: Subject, asked: AnimateRequest, job: Job) -> Cutout:
        """The person in layers, which a look and a run make once for both."""
        key = (asked.photo, asked.mask, asked.settings.photo_person)
        return self._cutouts.get(key, lambda: subject.cutout, job=job)

    def info(self, asked: AnimateRequest, job: Job) -> VideoInfo | None:
        """What is known of the motion's video; None where the motion is none.

        Raises:
            InputError, MediaError, PoseError: it is too large, or its kind is not known.
        """

        def look() -> VideoInfo | None:
            with self.source(asked.motion) as source:
                return self.limits.check_motion(source) if isinstance(source, Path) else None

        with called(asked.names):
            return self._infos.get(asked.motion, look, job=job)

    def whole(self, asked: AnimateRequest, job: Job) -> tuple[float, float] | None:
        """Seconds and frames per second of the whole motion; None of a built-in one, which lasts as long as is wanted.

        Raises:
            InputError, MediaError, PoseError: as `info`, or it cannot be read.
        """
        info, fps = self.info(asked, job), asked.settings.fps
        if info is not None:
            return info.duration, fps or thinned(info.fps)
        return None if isinstance(asked.motion, str) else self._read_whole(asked, job)

    def _read_whole(self, asked: AnimateRequest, job: Job) -> tuple[float, float]:
        """`whole` of key points, which are read quickly."""

        def read() -> tuple[float, float]:
            how = asked.settings.changed(start=0.0, duration=None, max_frames=None).reading
            with self.source(asked.motion) as source:
                found = read_motion(source, **how, estimator=self.estimator)
            return len(found) / found.fps, found.fps

        with called(asked.names):
            return self._infos.get((asked.motion, asked.settings.fps), read, job=job)

    def check_length(self, asked: AnimateRequest, whole: tuple[float, float] | None) -> None:
        """Raise InputError where more frames are asked for than the limit, before they are read; with the way round."""
        settings = asked.settings
        if whole is None:
            from tempose.animation.motion import BUILTIN_FPS, BUILTIN_SECONDS

            whole = settings.start + (settings.duration or BUILTIN_SECONDS), settings.fps or BUILTIN_FPS
        seconds, fps = whole
        lasts = min(seconds - settings.start, settings.duration or seconds)
        frames = min(round(lasts * fps), settings.max_frames or 10**9)
        if frames > self.limits.frames:
            raise self.limits.too_many(frames, fps)

    def motion(self, asked: AnimateRequest, job: Job) -> tuple[Motion, Ends]:
        """The motion that is asked for, and its first and last picture, where it has any.

        Raises:
            InputError, MediaError, PoseError: it cannot be used, or has more frames than the limit.
        """
        how = asked.settings.reading
        if not isinstance(asked.motion, str):
            how["seed"] = 0  # of built-in motions alone

        def read() -> tuple[Motion, Ends]:
            seen = Ends(self.estimator)
            with self.source(asked.motion) as source:
                found = read_motion(source, **how, estimator=seen, track=job.track)
            if len(found) == 1:
                raise InputError(f"the motion {asked.motion_name} is a single frame; wanted two or more")
            return found, seen

        with called(asked.names):
            self.check_length(asked, self.whole(asked, job))
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
        """Raise InputError or MediaError where the picture that is to be the background cannot be used."""
        if asked.backdrop is not None:
            with called(asked.names):
                self.limits.check_photo(asked.backdrop.path)

    def look(self, asked: AnimateRequest, job: Job) -> Preview:
        """Both skeletons, the motion on the photo's body, the person's matte; mistakes become notes at their place."""
        look = job.result = Preview()
        folder = self.new_folder()

        def put(name: str, picture: np.ndarray) -> None:
            write_image(folder / name, picture)
            look.files = {**look.files, name: folder / name}

        subject = motion = None
        with noted(look, "settings_note"):
            self.check_background(asked)
        if asked.photo is not None:
            with noted(look, "photo_note"):
                subject = self.subjects(asked, job)[0]
                put("photo.jpg", photo_look(subject))
                look.size = (subject.picture.shape[1], subject.picture.shape[0])
        job.check()
        with noted(look, "motion_note"), called(asked.names):
            look.seconds, look.fps = self.whole(asked, job) or (None, None)
            motion, ends = self.motion(asked, job)
            put("first.jpg", driver_look(motion, ends.first))
            put("last.jpg", driver_look(motion[-1:], ends.last))
        if subject is None or motion is None:
            return look
        with noted(look, "motion_note"):
            fitted = retarget_motion(motion, subject.pose, **asked.settings.fitting, mask=subject.mask)
            look.notes = (*subject.warnings(), *motion.notes, *fitted.warnings)
            path = folder / "fitted.webp"
            write_video(path, job.track(fit_look(subject, fitted), "preview", total=len(motion)), motion.fps)
            look.files = {**look.files, path.name: path}
        matte = np.round(255 * self.cutout(subject, asked, job).matte).astype(np.uint8)
        put("matte.png", np.repeat(matte[..., None], 3, axis=-1))
        return look

    # The run

    def animation(self, asked: AnimateRequest, job: Job) -> Animation:
        """What `tempose animate` makes of the asked; its first frame, as the photo alone tells it, is shown at once.

        Raises:
            InputError, MediaError, PoseError: something that was given cannot be used.
        """
        with called(asked.names):
            self.check_background(asked)
            subjects, (motion, _) = self.subjects(asked, job), self.motion(asked, job)
            self.cutout(subjects[0], asked, job)
            settings = asked.settings
            if asked.backdrop is not None:
                settings = settings.changed(background=str(asked.backdrop.path))
            job.show(animate(subjects[:1], motion, settings, model=WARP).frame(0))
            made = animate(subjects, motion, settings, model=self.model, track=job.track)
        told = made.record["settings"] | asked.called
        photos = [photo.name for photo in asked.photos]
        named = {"photo": photos if asked.further else photos[0], "motion": asked.motion_name, "settings": told}
        return replace(made, record=made.record | named)

    def make(self, asked: AnimateRequest, job: Job) -> Finished:
        """The asked as files: video, contact sheet and record, with the driver's sound where it has one."""
        made, info = self.animation(asked, job), self.info(asked, job)
        sound = None
        if info is not None and info.has_audio and not isinstance(asked.motion, str):
            sound = asked.motion[0].path
        command = asked.command(self.model.name, audio=sound is not None)

        def track(items: Any, label: str, total: int | None = None) -> Iterator:
            return job.shown(job.track(items, label, total)) if label == "encoding" else job.track(items, label, total)

        with self.folder_for(job) as folder:
            video, sheet = folder / f"{asked.name}.mp4", folder / f"{asked.name}.png"
            record = write_animation(made, video, audio=sound, sheet=sheet, command=command, track=track)
            write_image(folder / PHOTO, made.photo)
            made.motion.save(folder / POSES)
        height, width = made.size
        said = {
            "frames": len(made),
            "width": width,
            "height": height,
            "fps": made.motion.fps,
            "warnings": made.warnings,
        }
        said |= {"command": shlex.join(command), "record": json.loads(record.read_text(encoding="utf-8"))}
        return Finished(video, (sheet, record), said)

    def dressed(self, asked: DressRequest, job: Job) -> Finished:
        """What `tempose dress` makes of the asked.

        Raises:
            InputError, MediaError, PoseError: something that was given cannot be used.
        """
        with called(asked.names):
            for each in (asked.style, asked.photo):
                self.limits.check_photo(each.path)
                if not is_still(each.path):
                    raise MediaError(f"{each.path} moves; wanted a picture", path=each.path)
            made = dress(
                asked.style.path,
                asked.photo.path,
                asked.settings,
                model=self.model,
                estimator=self.estimator,
                track=job.track,
            )
            named = {"style": asked.style.name, "reference": asked.photo.name}
            made = replace(made, record=made.record | named)
            with self.folder_for(job) as folder:
                picture, command = folder / f"{asked.name}.png", asked.command(self.model.name)
                record = write_dressed(made, picture, command=command)
        job.show(read_image(picture))
        height, width = made.size
        said = {"width": width, "height": height, "warnings": made.warnings, "command": shlex.join(command)}
        return Finished(picture, (record,), said | {"record": json.loads(record.read_text(encoding="utf-8"))})

    def drawn(self, given: dict[str, Any], job: Job) -> Finished:
        """The picture of the first person, from a seed on, who has what was chosen.

        Args:
            given: `seed`, and any of `hair`, `clothes`, `extra` and `place`, as `tempose.people.choose` knows them.

        Raises:
            InputError: a choice is not known, or too rare.
        """
        check_parts(given, ("seed", "hair", "clothes", "extra", "place"))
        choices = {name: value for name, value in given.items() if name != "seed"}
        seed, place = given.get("seed", 0), choices.pop("place", "any")
        if type(seed) is not int or not 0 <= seed < 2**31:
            raise InputError(f"seed is {seed!r}; wanted a whole number, 0 or more")
        person, scene = find_person(seed, **choices), find_scene(seed, place=place)
        job.check()
        with self.folder_for(job) as folder:
            path = folder / f"person-{person}.png"
            draw_photo(path, person=person, scene=scene)
        return Finished(path, (), {"seed": person})

    # After a run

    def form(self, made: Finished, ending: str, job: Job) -> Path:
        """A finished video in another of FORMS; it is made once."""
        path = made.main.with_name(f"{made.main.stem}{ending}")
        if path.is_file():
            return path
        pictures: Any = read_frames(made.main)
        if ending == BESIDE:
            photo, motion = read_image(made.main.with_name(PHOTO)), Motion.load(made.main.with_name(POSES))
            drawn = draw_motion(repeat(photo // 3), motion)
            pictures = (beside([photo, skeleton, frame]) for skeleton, frame in zip(drawn, pictures, strict=True))
        shown, about = job.track(pictures, ending, total=made.said["frames"]), provenance(made.said["record"])
        write_video(path, shown, made.said["fps"], provenance=about)
        return path

    @contextmanager
    def folder_for(self, job: Job) -> Iterator[Path]:
        """A folder for the files of one job; it is removed where the job fails."""
        folder = self.new_folder()
        try:
            yield folder
            job.check()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def new_folder(self) -> Path:
        """A folder of its own."""
        return Path(tempfile.mkdtemp(prefix="job-", dir=self.folder))


@contextmanager
def noted(look: Preview, place: str) -> Iterator[None]:
    """A mistake within becomes a note of a look."""
    try:
        yield
    except TemposeError as error:
        setattr(look, place, str(error))
