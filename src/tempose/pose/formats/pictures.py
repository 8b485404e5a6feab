"""Pictures of people: videos, animations, folders of frames, and a single picture for a pose."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tempose.core.errors import about
from tempose.core.notes import note
from tempose.core.progress import Track, quiet
from tempose.media.animated import FOLDER_FPS, moves
from tempose.media.formats import PICTURE_ENDINGS, pictures_in, sniffed
from tempose.media.images import read_image
from tempose.media.video import probe_video, read_frames
from tempose.pose.clean import clean
from tempose.pose.estimate import Observation, observe
from tempose.pose.reading import Reading, ReadOptions, Source
from tempose.pose.time_range import thinned
from tempose.pose.turn import check_yaw, seen_from

PICTURES = frozenset(PICTURE_ENDINGS)

# Endings that videos have; others are videos where their first bytes say so.
VIDEOS = (
    ".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v", ".gif", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".flv",
    ".3gp", ".3g2", ".ogv", ".vob", ".mxf", ".asf", ".f4v", ".mjpeg", ".mjpg", ".y4m", ".ivf", ".h264", ".264", ".hevc",
)  # fmt: skip


class Picture:
    """A picture of a person: a motion of one frame."""

    name = "picture"

    def sniff(self, source: Source) -> bool:
        known = sniffed(source.head, ending=source.ending)
        if known is None:
            return source.ending in PICTURES
        return known.media == "picture" and not moves(source.path)

    def read(self, source: Source, options: ReadOptions) -> Reading:
        seen = _observed([read_image(source.path)], source.path, 1.0, options, quiet)
        return Reading(seen_from(seen.motion, options.yaw), 1, None)


class PictureFolder:
    """A folder of pictures, in the order of the numbers in their names."""

    name = "folder of pictures"

    def sniff(self, source: Source) -> bool:
        return bool(source.endings & PICTURES)

    def read(self, source: Source, options: ReadOptions) -> Reading:
        check_yaw(options.yaw)
        files = pictures_in(source.path)
        if options.time_range.fps is None:
            note(f"the pictures in {source.path} do not say their rate: {float(FOLDER_FPS):g} a second, or say --fps")
        fps = options.time_range.fps or float(FOLDER_FPS)
        part = options.time_range.of(len(files), fps, source=str(source.path))
        frames = read_frames(source.path, start=part.start, stop=part.stop)
        seen = _observed(frames, source.path, fps, options, _counted(options.track, part.stop - part.start))
        return Reading(seen_from(clean(seen.motion, cuts=seen.cuts), options.yaw), len(files), None)


class Video:
    """A video, or an animation."""

    name = "video"

    def sniff(self, source: Source) -> bool:
        if source.is_folder:
            return False
        known = sniffed(source.head, ending=source.ending)
        return source.ending in VIDEOS if known is None else known.media == "video" or moves(source.path)

    def read(self, source: Source, options: ReadOptions) -> Reading:
        check_yaw(options.yaw)
        path = source.path
        info = probe_video(path)
        fps = options.time_range.fps or thinned(info.fps)
        total = max(1, round(info.duration * fps))
        part = options.time_range.of(total, fps, source=str(path))
        frames = read_frames(path, fps=fps, start=part.start, stop=part.stop)
        seen = _observed(frames, path, fps, options, _counted(options.track, part.stop - part.start))
        return Reading(seen_from(clean(seen.motion, cuts=seen.cuts), options.yaw), info.frames, info.fps)


def _observed(frames: Iterable[np.ndarray], path: Path, fps: float, options: ReadOptions, track: Track) -> Observation:
    """What is seen of a person in frames; the errors name the file."""
    with about(path):
        return observe(
            frames, fps=fps, person=options.person, estimator=options.estimator, with_masks=False, track=track
        )


def _counted(track: Track, whole: int) -> Track:
    """A track that knows how much there is."""

    def counted(items: Iterable, label: str, total: int | None = None) -> Iterable:
        return track(items, label, total=whole)

    return counted
