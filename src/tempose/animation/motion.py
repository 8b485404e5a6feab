"""A motion from whatever the user has, told apart by what it is: a video, a picture, a folder of OpenPose
JSON, a pose file, a motion capture, or the name of a built-in motion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tempose.body.bvh import capture_keypoints, read_bvh
from tempose.body.motions import MOTIONS, builtin_motion
from tempose.body.skeleton import Camera, Proportions, Skeleton, project_keypoints
from tempose.core.errors import InputError, PoseError
from tempose.core.progress import Track, quiet
from tempose.core.reading import read_json
from tempose.media.images import ENCODINGS, read_image
from tempose.media.video import probe_video, read_frames
from tempose.pose.clean import clean
from tempose.pose.estimate import Observation, observe
from tempose.pose.estimators import Estimator
from tempose.pose.keypoints import Motion
from tempose.pose.openpose import read_openpose
from tempose.pose.tracking import Choice

# A motion faster than this is thinned out, unless a rate is asked for.
MOST_FPS = 30.0

# OpenPose's files do not say their rate.
OPENPOSE_FPS = 25.0

# A built-in motion, if neither rate nor length is asked for.
BUILTIN_FPS, BUILTIN_SECONDS = 12.0, 3.0

# Longer motions are refused, unless a length is asked for.
MOST_FRAMES = 600

# Those are refused in any case; and a built-in motion that would have to be made from its beginning for so long.
MOST_EVER, MOST_BUILT, MOST_SECONDS = 100_000, 20_000, 1e6

# The frame (height, width) that motions in space are projected into, and the camera's distance in
# metres, so far that it sees in parallel: nobody grows by coming nearer.
PROJECTED, FAR = (512, 384), 1e4


@dataclass(frozen=True)
class TimeRange:
    """Which part of a motion, at what rate; None leaves it to the motion.

    Attributes:
        fps: frames per second.
        start: seconds to leave out at the beginning.
        duration: seconds.
        max_frames: at most so many frames.
    """

    fps: float | None = None
    start: float = 0.0
    duration: float | None = None
    max_frames: int | None = None

    def __post_init__(self) -> None:
        if self.fps is not None and not 0 < self.fps <= 240:
            raise InputError(f"fps is {self.fps:g}; wanted more than 0 and at most 240")
        if (
            not 0 <= self.start <= MOST_SECONDS
            or not 0 < (1 if self.duration is None else self.duration) <= MOST_SECONDS
        ):
            raise InputError(
                f"start is {self.start} and duration {self.duration} seconds; wanted 0 or more, and more than 0, "
                f"both {MOST_SECONDS:g} at most"
            )
        if self.max_frames is not None and self.max_frames < 1:
            raise InputError(f"max_frames is {self.max_frames}; wanted at least 1")

    def of(self, frames: int, fps: float, *, source: str) -> slice:
        """The frames of a motion of that length and rate.

        Raises:
            InputError: none is left, or more than MOST_FRAMES without a word about the length.
        """
        begin = round(self.start * fps)
        end = frames if self.duration is None else min(frames, begin + max(1, round(self.duration * fps)))
        if self.max_frames is not None:
            end = min(end, begin + self.max_frames)
        if begin >= frames:
            raise InputError(f"{source} lasts {frames / fps:.1f} seconds; nothing is left after {self.start:g} seconds")
        if end - begin > MOST_EVER:
            raise InputError(f"{source} would give {end - begin} frames; {MOST_EVER:,} are the most in any case")
        if self.max_frames is None and end - begin > MOST_FRAMES:
            raise InputError(
                f"{source} would give {end - begin} frames, more than {MOST_FRAMES}; shorten it with --duration, "
                f"lower --fps, or allow it with --max-frames {end - begin}"
            )
        return slice(begin, end)


def read_motion(
    source: Path | str,
    *,
    time_range: TimeRange | None = None,
    person: Choice = "largest",
    yaw: float = 0.0,
    seed: int = 0,
    estimator: Estimator | str = "mediapipe",
    track: Track = quiet,
) -> Motion:
    """The motion that `source` holds.

    Args:
        source: a video, a picture (one frame), a folder of OpenPose JSON, `.npz` or `.json` (of tempose,
            or one of OpenPose), `.bvh`, or a name of `tempose.body.motions.MOTIONS`.
        time_range: which part, at what rate.
        person: whom to follow, where there are several.
        yaw: degrees by which the camera is turned to the person's left; for motions in space.
        seed: variant of a built-in motion.
        estimator: finds people in pictures.
        track: shows the progress.

    Raises:
        InputError: there is neither such a file nor such a motion, or it is too long.
        MediaError, PoseError: it cannot be read, or nobody is in it.
    """
    time_range = time_range or TimeRange()
    path, name = Path(source), str(source)
    if path.is_dir():
        return _openpose(path, time_range, person)
    if not path.exists():
        if name not in MOTIONS:
            raise InputError(
                f"there is no file or folder {name}, and no built-in motion of that name: {', '.join(MOTIONS)}"
            )
        return _builtin(name, time_range, yaw, seed)
    ending = path.suffix.lower()
    if ending == ".bvh":
        return _capture(path, time_range, yaw)
    if ending == ".npz" or (ending == ".json" and not _is_openpose(path)):
        return _cut(Motion.load(path), time_range, source=name)
    if ending == ".json":
        return _openpose(path, time_range, person)
    if ending in ENCODINGS:
        return _observed([read_image(path)], path, fps=1.0, person=person, estimator=estimator, track=quiet).motion
    return _video(path, time_range, person, estimator, track)


def _video(path: Path, time_range: TimeRange, person: Choice, estimator: Estimator | str, track: Track) -> Motion:
    info = probe_video(path)
    fps = time_range.fps or _thinned(info.fps)
    if info.duration is None:
        total = sum(1 for _ in track(read_frames(path, fps=fps), "counting frames"))
    else:
        total = max(1, round(info.duration * fps))
    part = time_range.of(total, fps, source=str(path))
    frames = read_frames(path, fps=fps, start=part.start, stop=part.stop)

    def counted(items: Iterable, label: str, total: int | None = None) -> Iterable:
        return track(items, label, total=part.stop - part.start)

    seen = _observed(frames, path, fps=fps, person=person, estimator=estimator, track=counted)
    return clean(seen.motion, cuts=seen.cuts)


def _observed(
    frames: Iterable[np.ndarray], path: Path, *, fps: float, person: Choice, estimator: Estimator | str, track: Track
) -> Observation:
    """What is seen of a person in the frames of a file; the errors name the file."""
    try:
        return observe(frames, fps=fps, person=person, estimator=estimator, with_masks=False, track=track)
    except PoseError as error:
        raise PoseError(str(error).replace("the picture", str(path))) from error


def _openpose(path: Path, time_range: TimeRange, person: Choice) -> Motion:
    """OpenPose's files; only relative places matter, so the picture is as large as its key points."""
    fps = time_range.fps or OPENPOSE_FPS
    motion = read_openpose(path, fps=fps, size=(1, 1), person=person)
    high = motion.keypoints[..., :2].max(axis=(0, 1))
    motion = replace(motion, size=(math.ceil(high[1]) + 1, math.ceil(high[0]) + 1))
    if len(motion) > 1:
        motion = clean(motion)
    return motion[time_range.of(len(motion), fps, source=str(path))]


def _is_openpose(path: Path) -> bool:
    try:
        fields: Any = read_json(path)
    except (OSError, ValueError) as error:
        raise PoseError(f"{path} is not JSON: {error}") from error
    return isinstance(fields, dict) and "people" in fields


def _capture(path: Path, time_range: TimeRange, yaw: float) -> Motion:
    capture = read_bvh(path)
    points = capture_keypoints(capture)
    motion = _projected(points, capture.fps, yaw)
    return _cut(motion, time_range, source=str(path))


def _builtin(name: str, time_range: TimeRange, yaw: float, seed: int) -> Motion:
    fps = time_range.fps or BUILTIN_FPS
    seconds = time_range.start + (time_range.duration or BUILTIN_SECONDS)
    if time_range.duration is None and time_range.max_frames is not None:
        seconds = time_range.start + time_range.max_frames / fps
    part = time_range.of(max(1, round(seconds * fps)), fps, source=f"the motion {name}")
    if part.stop > MOST_BUILT:
        raise InputError(
            f"the motion {name} is made from its beginning: {part.stop:,} frames are more than {MOST_BUILT:,}; "
            "begin earlier, or take fewer frames"
        )
    skeleton = Skeleton(Proportions.draw(np.random.default_rng(seed)))
    body = builtin_motion(name, frames=part.stop, fps=fps, seed=seed)
    return _projected(skeleton.keypoints(skeleton.pose(body)), fps, yaw)[part]


def _projected(points: np.ndarray, fps: float, yaw: float) -> Motion:
    """World key points `f 18 3` as a far camera sees them."""
    camera = Camera.framing(points, PROJECTED, yaw=math.radians(yaw), distance=FAR * np.ptp(points))
    return project_keypoints(points, camera, fps=fps)


def _cut(motion: Motion, time_range: TimeRange, *, source: str) -> Motion:
    """The part of a motion that is wanted, at the wanted rate."""
    fps = time_range.fps or _thinned(motion.fps)
    return resampled(motion, fps, part=time_range.of(_count(motion, fps), fps, source=source))


def _thinned(fps: float) -> float:
    """A rate of at most MOST_FPS that takes every n-th frame."""
    return fps / max(1, math.ceil(fps / MOST_FPS - 0.01))


def _count(motion: Motion, fps: float) -> int:
    """How many frames a motion has at another rate."""
    return max(1, round(len(motion) * fps / motion.fps))


def resampled(motion: Motion, fps: float, *, part: slice | None = None) -> Motion:
    """The same motion, or these frames of it, at another rate, on straight lines between its frames.

    A joint that is missing in one of the two frames around a moment is taken from the nearer one.
    """
    part = part or slice(0, _count(motion, fps))
    moments = np.minimum(np.arange(part.start, part.stop) * motion.fps / fps, len(motion) - 1)
    before = np.floor(moments + 1e-6).astype(int)
    after = np.minimum(before + 1, len(motion) - 1)
    share = np.clip(moments - before, 0, 1)[:, None, None].astype(np.float32)
    keypoints = motion.keypoints
    if motion.depth is not None:
        keypoints = np.concatenate([keypoints, motion.depth[..., None]], axis=-1)
    first, second = keypoints[before], keypoints[after]
    both = (first[..., 2:3] > 0) & (second[..., 2:3] > 0)
    nearer = np.where(share < 0.5, first, second)
    moved = np.where(both, (1 - share) * first + share * second, nearer)
    return Motion(moved[..., :3], motion.size, fps, None if motion.depth is None else moved[..., 3])
