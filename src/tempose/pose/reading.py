"""What all readers of motions share: what they are given, and what they give.

A reader is a class with a `name`, `sniff` and `read`. `tempose.animation.motion` holds the table of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from tempose.core.kinds import head_of, kind_of
from tempose.core.progress import Track, quiet
from tempose.pose.estimators import Estimator
from tempose.pose.keypoints import Motion
from tempose.pose.time_range import TimeRange
from tempose.pose.tracking import Choice


@dataclass(frozen=True, eq=False)
class Source:
    """A file or folder that may hold a motion; it is looked into once, however many readers ask."""

    path: Path

    @cached_property
    def ending(self) -> str:
        """The file's ending in small letters, such as `.bvh`; empty for a folder."""
        return "" if self.is_folder else self.path.suffix.lower()

    @cached_property
    def is_folder(self) -> bool:
        return self.path.is_dir()

    @cached_property
    def head(self) -> bytes:
        """The first bytes of the file, by which formats are told apart."""
        return head_of(self.path)

    @cached_property
    def kind(self) -> str:
        """What it seems to be, by its first bytes."""
        return kind_of(self.path)

    @cached_property
    def endings(self) -> frozenset[str]:
        """The endings of the files in a folder, in small letters, hidden ones aside."""
        if not self.is_folder:
            return frozenset()
        return frozenset(file.suffix.lower() for file in self.path.iterdir() if not file.name.startswith("."))

    @cached_property
    def data(self) -> Any:
        """What a JSON file says.

        Raises:
            PoseError: it is no JSON.
        """
        from tempose.pose.pose_files import read_pose_json

        return read_pose_json(self.path)


@dataclass(frozen=True)
class ReadOptions:
    """What a user may say about a motion.

    Attributes:
        time_range: which part, at what rate.
        person: whom to follow, where there are several.
        yaw: degrees by which the camera is turned to the person's left; for pictures and key points with depth up to
            30 to either side.
        joints: names of joints in the file → ours; for motions in space.
        up: which axis of the file is up, where it is not to be found; for motions in space.
        estimator: finds people in pictures.
        track: shows the progress.
    """

    time_range: TimeRange = field(default_factory=TimeRange)
    person: Choice = "largest"
    yaw: float = 0.0
    joints: Mapping[str, str] | None = None
    up: str | None = None
    estimator: Estimator | str = "mediapipe"
    track: Track = quiet


@dataclass(frozen=True, eq=False)
class Reading:
    """A motion as a reader gives it.

    Attributes:
        motion: the part that was asked for, at the rate that was asked for.
        frames, fps: of the whole file; None where it does not say.
        details: what else the file says, by name.
    """

    motion: Motion
    frames: int | None
    fps: float | None
    details: Mapping[str, Any] = field(default_factory=dict)


class MotionReader(Protocol):
    """A format that motions come in."""

    name: str

    def sniff(self, source: Source) -> bool:
        """Whether this reader is the one for a source: cheap, and without reading what it holds."""
        ...

    def read(self, source: Source, options: ReadOptions) -> Reading:
        """The motion.

        Raises:
            TemposeError: it is damaged, or holds nobody; one sentence that names the file.
        """
        ...
