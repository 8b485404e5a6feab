"""Which part of a motion, at what rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tempose.core.errors import InputError
from tempose.pose.keypoints import Motion

# A motion faster than this is thinned out, unless a rate is asked for.
MOST_FPS = 30.0

# Longer motions are refused, unless a length is asked for.
MOST_FRAMES = 600

# Those are refused in any case; and no motion lasts longer.
MOST_EVER, MOST_SECONDS = 100_000, 1e6


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
        lasts = 1 if self.duration is None else self.duration
        if not 0 <= self.start <= MOST_SECONDS or not 0 < lasts <= MOST_SECONDS:
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
            raise InputError(f"{source} lasts {frames / fps:.1f} seconds: nothing is left after {self.start:g} seconds")
        if end - begin > MOST_EVER:
            raise InputError(f"{source} would give {end - begin} frames; wanted {MOST_EVER:,} at most")
        if self.max_frames is None and end - begin > MOST_FRAMES:
            raise InputError(
                f"{source} would give {end - begin} frames, more than {MOST_FRAMES}",
                remedy=f"shorten it with --duration, lower --fps, or allow it with --max-frames {end - begin}",
            )
        return slice(begin, end)


def thinned(fps: float) -> float:
    """A rate of at most MOST_FPS that takes every n-th frame."""
    return fps / max(1, math.ceil(fps / MOST_FPS - 0.01))


def cut(motion: Motion, time_range: TimeRange, *, source: str) -> Motion:
    """The part of a motion that is wanted, at the wanted rate; `source` names it in messages.

    Raises:
        InputError: nothing of it is left, or it is too long.
    """
    fps = time_range.fps or thinned(motion.fps)
    total = max(1, round(len(motion) * fps / motion.fps))
    return resampled(motion, fps, part=time_range.of(total, fps, source=source))


def resampled(motion: Motion, fps: float, *, part: slice | None = None) -> Motion:
    """The same motion at another rate, on straight lines between its frames; only a part of the result.

    A joint that is missing in one of the two frames around a moment is taken from the nearer one.
    """
    count = max(1, round(len(motion) * fps / motion.fps))
    begin, end, _ = (part or slice(None)).indices(count)
    moments = np.minimum(np.arange(begin, end) * motion.fps / fps, len(motion) - 1)
    before = np.floor(moments + 1e-6).astype(int)
    after = np.minimum(before + 1, len(motion) - 1)
    share = np.clip(moments - before, 0, 1)[:, None, None].astype(np.float32)
    first, second = motion.points[before], motion.points[after]
    both = (first[..., 2:3] > 0) & (second[..., 2:3] > 0)
    nearer = np.where(share < 0.5, first, second)
    moved = np.where(both, (1 - share) * first + share * second, nearer)
    return motion.with_points(moved, fps=fps)
