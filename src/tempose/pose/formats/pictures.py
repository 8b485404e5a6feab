"""Pictures of people: videos, animations, folders of frames, and a single picture for a pose."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tempose.core.errors import MediaError, PoseError
from tempose.core.progress import Track, quiet
from tempose.media.images import ENCODINGS, read_image
from tempose.media.video import probe_video, read_frames
from tempose.pose.clean import clean
from tempose.pose.estimate import Observation, observe
from tempose.pose.formats.alphapose import in_order
from tempose.pose.reading import Reading, ReadOptions, Source
from tempose.pose.time_range import thinned

PICTURES = frozenset({*ENCODINGS, ".avif"})

# Endings that videos have; others are videos where their first bytes say so.
VIDEOS = (
    ".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v", ".gif", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".flv",
    ".3gp", ".3g2", ".ogv", ".vob", ".mxf", ".asf", ".f4v", ".mjpeg", ".mjpg", ".y4m", ".ivf", ".h264", ".264", ".hevc",
)  # fmt: skip
VIDEO_KINDS = ("video", "GIF", "AVIF animation", "Ogg file", "RIFF file")

# Pictures in a folder do not say their rate.
FOLDER_FPS = 25.0


class Picture:
    """One picture, one pose."""

    name = "picture"

    def sniff(self, source: Source) -> bool:
        return source.ending in PICTURES and not is_animated(source.path)

    def read(self, source: Source, options: ReadOptions) -> Reading:
        seen = _observed([read_image(source.path)], source.path, 1.0, options, quiet)
        return Reading(seen.motion, 1, None)


class PictureFolder:
    """A folder of pictures, in the order of the numbers in their names."""

    name = "folder of pictures"

    def sniff(self, source: Source) -> bool:
        return bool(source.endings & PICTURES)

    def read(self, source: Source, options: ReadOptions) -> Reading:
        files = [f for f in source.path.iterdir() if f.suffix.lower() in PICTURES and not f.name.startswith(".")]
        files.sort(key=lambda file: in_order(file.name))
        fps = options.time_range.fps or FOLDER_FPS
        part = options.time_range.of(len(files), fps, source=str(source.path))
        frames = (read_image(file) for file in files[part])
        seen = _observed(frames, source.path, fps, options, _counted(options.track, part.stop - part.start))
        return Reading(clean(seen.motion, cuts=seen.cuts), len(files), None)


class Video:
    """A video, or an animation."""

    name = "video"

    def sniff(self, source: Source) -> bool:
        if source.is_folder:
            return False
        moves = source.kind.endswith(VIDEO_KINDS) or source.head[:1] == source.head[188:189] == b"G"
        return moves or source.ending in VIDEOS or (source.ending in PICTURES and is_animated(source.path))

    def read(self, source: Source, options: ReadOptions) -> Reading:
        path = source.path
        if source.ending in VIDEOS and source.kind.startswith(("a text", "a JSON", "a PDF", "an empty", "a web page")):
            raise MediaError(f"{path} is not a video; it seems to be {source.kind}")
        info = probe_video(path)
        fps = options.time_range.fps or thinned(info.fps)
        if info.duration is None:
            total = sum(1 for _ in options.track(read_frames(path, fps=fps), "counting frames"))
        else:
            total = max(1, round(info.duration * fps))
        part = options.time_range.of(total, fps, source=str(path))
        frames = read_frames(path, fps=fps, start=part.start, stop=part.stop)
        seen = _observed(frames, path, fps, options, _counted(options.track, part.stop - part.start))
        count = info.frames or (None if info.duration is None else round(info.duration * info.fps))
        return Reading(clean(seen.motion, cuts=seen.cuts), count, info.fps)


def is_animated(path: Path) -> bool:
    """Whether a picture file holds more than one picture; False where it cannot be read."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return getattr(image, "n_frames", 1) > 1 and image.format not in ("TIFF", "MPO")
    except Exception:  # whatever a damaged file makes a decoder raise: reading it will say so in words
        return False


def _observed(frames: Iterable[np.ndarray], path: Path, fps: float, options: ReadOptions, track: Track) -> Observation:
    """What is seen of a person in frames; the errors name the file."""
    try:
        return observe(
            frames, fps=fps, person=options.person, estimator=options.estimator, with_masks=False, track=track
        )
    except PoseError as error:
        raise PoseError(str(error).replace("the picture", str(path))) from error


def _counted(track: Track, whole: int) -> Track:
    """A track that knows how much there is."""

    def counted(items: Iterable, label: str, total: int | None = None) -> Iterable:
        return track(items, label, total=whole)

    return counted
