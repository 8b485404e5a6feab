"""What a client may ask for, and the check of every uploaded file before it is decoded."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

from tempose.animation.motion import WANTED, find_reader
from tempose.core.errors import InputError, MediaError, PoseError
from tempose.media.images import picture_size
from tempose.media.video import VideoInfo, frame_size, probe_video
from tempose.pose.formats.pictures import PICTURES, Picture, Video


@dataclass(frozen=True)
class Limits:
    """Bounds of a studio, for each upload, each job and all of them."""

    upload_mb: int = 64
    """Megabytes of an uploaded file, or of several that belong together."""

    files: int = 1000
    """Files of a motion that has one for each frame."""

    pixels: int = 40_000_000
    """Pixels of a picture, or of a frame of a video, once it is decoded."""

    seconds: float = 120.0
    """Length of an uploaded video."""

    frames: int = 600
    """Frames of a result."""

    height: int = 1080
    """Height of a result in pixels."""

    steps: int = 50
    """Denoising steps."""

    at_once: int = 1
    """Jobs that run at the same time, all on one model in memory."""

    queue: int = 8
    """Jobs that wait."""

    per_client: int = 2
    """Jobs of one client, running and waiting."""

    job_seconds: float = 900.0
    """Time that a job may run."""

    kept_minutes: float = 60.0
    """Time for which uploads and results are kept."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value, least = getattr(self, field.name), 0 if field.name == "queue" else 1
            if not value >= least:
                raise InputError(f"{field.name.replace('_', ' ')} is {value}; wanted {least} or more")

    @property
    def most(self) -> dict[str, int]:
        """The bounds of settings (`tempose.animation.settings.AnimateSettings`)."""
        return {"max_frames": self.frames, "size": self.height, "steps": self.steps}

    @property
    def upload_bytes(self) -> int:
        """`upload_mb` in bytes."""
        return 1_000_000 * self.upload_mb

    def too_many(self, frames: int, fps: float) -> str:
        """What is said of a motion with too many frames; it names the way round the limit."""
        return (
            f"the motion has {frames} frames at {fps:.3g} a second, and {self.frames} is the limit here: take a part "
            f"of it (start and duration; {self.frames / fps:.3g} seconds fit), or fewer frames a second (fps)"
        )

    def too_large(self, name: str) -> str:
        """What is said of a file that is over the limit; the page says it, too, before such a file is sent."""
        return f"{name} has more than {self.upload_mb} MB; make it smaller first"

    def check_size(self, path: Path) -> None:
        """Whether a file is small enough.

        Raises:
            InputError: it is not.
        """
        if path.stat().st_size > self.upload_bytes:
            raise InputError(self.too_large(str(path)))

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
            raise InputError(f"{path} is not a motion, but a single picture; wanted {WANTED}")
        elif isinstance(reader, Video):
            return self.check_video(path)
        return None

    def check_folder(self, path: Path) -> None:
        """Number and kind of files, and their size in all."""
        files = sorted(path.iterdir())
        if len(files) > self.files:
            raise InputError(f"{len(files)} files are more than {self.files}; leave some frames out")
        pictures = all(file.suffix.lower() in PICTURES for file in files)
        for file in files:
            if pictures:
                self.check_photo(file)
            elif file.suffix.lower() != ".json":
                wanted = "wanted one .json file, or one picture, for each frame"
                raise InputError(f"{file} is not one of several pose files; {wanted}")
        if sum(file.stat().st_size for file in files) > self.upload_bytes:
            raise InputError(self.too_large("the motion"))

    def check_video(self, path: Path) -> VideoInfo:
        """Size of a frame, before one is decoded, and length, where the file says it."""
        height, width = frame_size(path)
        self.check_pixels(path, width, height)
        info = probe_video(path)
        self.check_pixels(path, info.width, info.height)
        if info.duration > self.seconds:
            raise InputError(
                f"{path} lasts {info.duration:.0f} seconds, more than {self.seconds:.0f}; cut a part out of it"
            )
        return info

    def check_archive(self, path: Path) -> None:
        """What a pose file grows to when it is unpacked."""
        try:
            with zipfile.ZipFile(path) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
        except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
            raise PoseError(
                f"{path} is not a pose file of tempose: its archive is damaged or of an unusual kind"
            ) from error
        if unpacked > self.upload_bytes:
            raise InputError(f"{path} unpacks to {unpacked / 1e6:.0f} MB, more than {self.upload_mb}")

    def check_pixels(self, path: Path, width: int, height: int) -> None:
        """Raise MediaError where a picture is too large to be decoded."""
        if width * height > self.pixels:
            raise MediaError(f"{path} has {width}×{height} pixels, more than {self.pixels:,}; make it smaller first")


def no_picture(name: str) -> str:
    """What is said of a file that is given as a picture and is none."""
    return f"{name} is not a picture in a known format; wanted PNG, JPEG or WebP"
