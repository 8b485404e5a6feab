"""What a client may ask for, and the check of every uploaded file before it is decoded."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tempose.animation.motion import find_reader
from tempose.core.errors import InputError, MediaError, PoseError
from tempose.core.reading import opened_archive
from tempose.core.settings import Settings, Shown
from tempose.media.images import picture_size
from tempose.media.video import VideoInfo, frame_size, probe_video
from tempose.pose.formats.pictures import PICTURES, Picture, Video

Count = Annotated[int, Field(ge=1)]
Time = Annotated[float, Field(ge=1)]


class Limits(Settings):
    """Bounds of a studio, for each upload, each job and all of them."""

    upload_mb: Annotated[Count, Shown(option="--max-upload-mb")] = 64
    """Megabytes of an uploaded file, or of several that belong together, at most."""

    files: Annotated[Count, Shown(option="--max-files")] = 1000
    """Files of a motion that has one for each frame at most."""

    pixels: Annotated[Count, Shown(option="--max-pixels")] = 40_000_000
    """Pixels of an uploaded picture, or of a frame of a video, at most, once it is decoded."""

    seconds: Annotated[Time, Shown("SECONDS", option="--max-seconds")] = 120.0
    """Length of an uploaded video at most."""

    frames: Annotated[Count, Shown(option="--max-frames")] = 600
    """Frames of a result at most."""

    height: Annotated[Count, Shown("PIXELS", option="--max-height")] = 1080
    """Height of a result at most."""

    steps: Annotated[Count, Shown(option="--max-steps")] = 50
    """Denoising steps at most."""

    at_once: Annotated[Count, Shown(option="--jobs")] = 1
    """Jobs that run at once, on one model in memory."""

    queue: Annotated[int, Field(ge=0)] = 8
    """Jobs that may wait."""

    per_client: Count = 2
    """Jobs of one client, running and waiting."""

    job_seconds: Annotated[Time, Shown("SECONDS")] = 900.0
    """Seconds that a job may run."""

    kept_minutes: Annotated[Time, Shown("MINUTES", option="--keep-minutes")] = 60.0
    """Minutes for which uploads and results are kept."""

    @property
    def most(self) -> dict[str, int]:
        """The bounds of settings (`tempose.animation.settings.AnimateSettings`)."""
        return {"max_frames": self.frames, "size": self.height, "steps": self.steps}

    @property
    def upload_bytes(self) -> int:
        """`upload_mb` in bytes."""
        return 1_000_000 * self.upload_mb

    def too_many(self, frames: int, fps: float) -> InputError:
        """What is said of a motion with too many frames; it names the way round the limit."""
        return InputError(
            f"the motion has {frames} frames at {fps:.3g} a second, and {self.frames} is the limit here",
            remedy=f"take a part of it (start and duration: {self.frames / fps:.3g} seconds fit), or fewer frames a "
            "second (fps)",
        )

    def too_large(self, name: str) -> InputError:
        """What is said of a file that is over the limit; the page says it, too, before such a file is sent."""
        return InputError(f"{name} has more than {self.upload_mb} MB", remedy="make it smaller first")

    def check_size(self, path: Path) -> None:
        """Whether a file is small enough.

        Raises:
            InputError: it is not.
        """
        if path.stat().st_size > self.upload_bytes:
            raise self.too_large(str(path))

    def check_photo(self, path: Path) -> None:
        """Whether a picture is small enough, by its head alone.

        Raises:
            InputError, MediaError: it is not, or it is no picture.
        """
        self.check_size(path)
        height, width = picture_size(path, max_pixels=self.pixels)
        self.check_pixels(path, width, height)

    def check_motion(self, path: Path) -> VideoInfo | None:
        """Whether what holds a motion is small enough; what it holds is read later.

        Args:
            path: a file, or a folder with a pose file for each frame.

        Returns:
            what is known of a video.

        Raises:
            InputError, MediaError, PoseError: it is not, or its kind is not known.
        """
        if path.is_dir():
            self.check_folder(path)
            return None
        self.check_size(path)
        reader, source = find_reader(path)
        if source.ending == ".npz":
            self.check_archive(path)
        elif isinstance(reader, Picture):
            raise InputError(
                f"{path} is not a motion, but a single picture; wanted a video, key points or a motion capture",
                path=path,
            )
        elif isinstance(reader, Video):
            return self.check_video(path)
        return None

    def check_folder(self, path: Path) -> None:
        """Number and kind of files, and their size in all."""
        files = sorted(path.iterdir())
        if len(files) > self.files:
            raise InputError(f"{len(files)} files are more than {self.files}", remedy="leave some frames out")
        pictures = all(file.suffix.lower() in PICTURES for file in files)
        for file in files:
            if pictures:
                self.check_photo(file)
            elif file.suffix.lower() != ".json":
                raise InputError(
                    f"{file} is not one of several pose files; wanted one .json file, or one picture, for each frame",
                    path=file,
                )
        if sum(file.stat().st_size for file in files) > self.upload_bytes:
            raise self.too_large("the motion")

    def check_video(self, path: Path) -> VideoInfo:
        """Size of a frame, before one is decoded, and length, where the file says it."""
        height, width = frame_size(path)
        self.check_pixels(path, width, height)
        info = probe_video(path)
        self.check_pixels(path, info.width, info.height)
        if info.duration > self.seconds:
            raise InputError(
                f"{path} lasts {info.duration:.0f} seconds, more than {self.seconds:.0f}",
                path=path,
                remedy="cut a part out of it",
            )
        return info

    def check_archive(self, path: Path) -> None:
        """What a pose file grows to when it is unpacked."""
        try:
            with opened_archive(path) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
        except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
            raise PoseError(
                f"{path} is not a pose file of tempose: its archive is damaged or of an unusual kind", path=path
            ) from error
        if unpacked > self.upload_bytes:
            raise InputError(f"{path} unpacks to {unpacked / 1000000.0:.0f} MB, more than {self.upload_mb}", path=path)

    def check_pixels(self, path: Path, width: int, height: int) -> None:
        """Raise MediaError where a picture is too large to be decoded."""
        if width * height > self.pixels:
            raise MediaError(
                f"{path} has {width}×{height} pixels, more than {self.pixels:,}",
                path=path,
                remedy="make it smaller first",
            )


def no_picture(name: str) -> str:
    """What is said of a file that is given as a picture and is none."""
    return f"{name} is not a picture in a known format; wanted PNG, JPEG or WebP"
