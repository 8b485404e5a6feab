"""People in frames, from whichever program, and the motion of one of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tempose.core.errors import InputError, PoseError
from tempose.core.notes import note
from tempose.pose.keypoints import KEYPOINTS, Motion
from tempose.pose.layouts import LAYOUTS, eighteen, find_layout
from tempose.pose.tracking import Choice, follow

MAX_PEOPLE, MAX_FRAMES, MAX_COORDINATE = 200, 100_000, 20_000

# Key points that all lie within so much of 0 are shares of the picture, not pixels.
SCALED = 2.0

# More than this share of negative coordinates: the picture runs from -1 to 1, not from 0.
NEGATIVE = 0.1


@dataclass(frozen=True, eq=False)
class PoseFrame:
    """The people in a frame.

    Attributes:
        people: each `j 3`, x, y, confidence in the order of the program, 0 0 0 where missing.
        number: of the frame in its video, where the file says it.
        size: (height, width) of the picture, where the file says it.
    """

    people: tuple[np.ndarray, ...]
    number: int | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class PoseFrames:
    """All frames that a file or folder holds: and of which format."""

    frames: tuple[PoseFrame, ...]
    format: str


# From JSON ----------------------------------------------------------------------------------------


def joints_of(values: Any, confidences: Any = None) -> np.ndarray | None:
    """A person's joints `j 3` from a list of numbers (x, y, confidence or x, y) or of points; None for no person.

    Raises:
        ValueError: it is something else; the message says what.
    """
    if values is None or values == []:
        return None
    if not isinstance(values, list):
        raise ValueError("the key points of a person are no list")
    if any(isinstance(value, list) for value in values):
        joints = np.array([_point(value) for value in values])
    else:
        joints = _from_flat(values)
    if confidences is not None:
        if not isinstance(confidences, list) or len(confidences) != len(joints):
            raise ValueError("a person has another number of confidences than of joints")
        joints[:, 2] = [_number(value) for value in confidences]
    joints[:, 2] = joints[:, 2].clip(0, 1)
    joints[joints[:, 2] == 0] = 0
    return joints if joints[:, 2].any() else None


def _from_flat(values: list[Any]) -> np.ndarray:
    for step in (3, 2):
        if len(values) % step == 0 and len(values) // step in LAYOUTS:
            return np.array([_point(values[i : i + step]) for i in range(0, len(values), step)])
    raise ValueError(
        f"a person has {len(values)} numbers, {len(values) / 3:g} joints; wanted 25 (BODY_25), 18 (COCO) or one of "
        f"{', '.join(str(count) for count in LAYOUTS if count not in (18, 25))}"
    )


def _point(value: Any) -> tuple[float, float, float]:
    """x, y, confidence of one joint: missing where it is null, or without confidence at 0 0."""
    if value is None or (isinstance(value, list) and None in value[:2]):
        return 0.0, 0.0, 0.0
    if not isinstance(value, list) or len(value) not in (2, 3):
        raise ValueError("a joint is not x, y and confidence")
    x, y = _number(value[0]), _number(value[1])
    if len(value) == 2:
        return x, y, float((x, y) not in ((0, 0), (-1, -1)))
    return x, y, _number(value[2])


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, type(None))):
        raise ValueError("a coordinate is no number")
    if value is None:
        return 0.0
    if not -MAX_COORDINATE <= value <= MAX_COORDINATE:  # also what is not finite
        raise ValueError(f"a coordinate is beyond ±{MAX_COORDINATE:g}, NaN or infinite")
    return float(value)


def size_of(height: Any, width: Any) -> tuple[int, int] | None:
    """(height, width) of a picture; None where either is not given.

    Raises:
        ValueError: they are no sides of a picture.
    """
    if height is None or width is None:
        return None
    for side in (height, width):
        if isinstance(side, bool) or not isinstance(side, (int, float)) or not 1 <= side <= MAX_COORDINATE:
            raise ValueError(f"a side of its picture is no number from 1 to {MAX_COORDINATE}")
    return round(height), round(width)


# To a motion --------------------------------------------------------------------------------------


def person_motion(found: PoseFrames, *, fps: float, person: Choice = "largest", cuts: Sequence[int] = ()) -> Motion:
    """The motion of one person, as the program saw it: see `tempose.pose.clean`.

    Frames without a file, between others by their numbers, are filled on straight lines. Without a size of the
    picture, it is as large as the key points need.

    Raises:
        PoseError: nobody is in any frame, or the joints are in no known order.
        InputError: the pictures are of several sizes, or the numbers go too far.
    """
    people = [joints for frame in found.frames for joints in frame.people]
    if not people:
        raise PoseError(f"nobody is in the {len(found.frames)} frame(s)")
    if max(len(frame.people) for frame in found.frames) > MAX_PEOPLE:
        raise PoseError(f"more than {MAX_PEOPLE} people are in one frame")
    layout = {count: find_layout([j for j in people if len(j) == count])[1] for count in {len(j) for j in people}}
    frames = [
        np.array([eighteen(j, layout[len(j)]) for j in frame.people]).reshape(-1, 18, 3) for frame in found.frames
    ]
    size = _common_size(found.frames)
    frames, size = _in_pixels(frames, size)
    places = _positions([frame.number for frame in found.frames])
    missing = set(range(places[-1] + 1)) - set(places)
    spread: list[np.ndarray] = [np.zeros((0, len(KEYPOINTS), 3))] * (places[-1] + 1)
    for place, frame in zip(places, frames, strict=True):
        spread[place] = frame
    keypoints = np.zeros((len(spread), len(KEYPOINTS), 3), np.float32)
    for index, which in enumerate(follow(spread, person=person, cuts=cuts)):
        if which >= 0:
            keypoints[index] = spread[index][which]
    if missing:
        _fill(keypoints, missing)
        note(f"{len(missing)} frames without key points, by the numbers, were filled")
    return Motion(keypoints, size, fps)


def _common_size(frames: Iterable[PoseFrame]) -> tuple[int, int] | None:
    sizes = {frame.size for frame in frames} - {None}
    if len(sizes) > 1:
        said = ", ".join(f"{size[1]}×{size[0]}" for size in sorted(filter(None, sizes))[:4])
        raise InputError(f"the frames are of several sizes: {said}; wanted one")
    return next(iter(sizes), None)


def _in_pixels(frames: list[np.ndarray], size: tuple[int, int] | None) -> tuple[list[np.ndarray], tuple[int, int]]:
    """The key points in pixels, and the picture's size (height, width)."""
    every = np.concatenate([frame.reshape(-1, 3) for frame in frames])
    seen = every[every[:, 2] > 0, :2]
    if np.abs(seen).max() <= SCALED:
        around = (seen < 0).mean() > NEGATIVE
        if size is None:
            note(
                f"the key points are shares of the picture ({'-1' if around else '0'} to 1), whose size is not told: "
                "taken as a square; add canvas_width and canvas_height to the JSON if it was none"
            )
            size = (512, 512)
        scale, shift = (0.5, 0.5) if around else (1.0, 0.0)
        sides = np.array([size[1], size[0]])
        frames = [_moved(frame, lambda xy: (xy * scale + shift) * sides) for frame in frames]
    elif size is None:
        low = np.minimum(seen.min(0), 0)
        frames = [_moved(frame, lambda xy: xy - low) for frame in frames]
        high = (seen - low).max(0)
        size = math.ceil(high[1]) + 1, math.ceil(high[0]) + 1
    return frames, size


def _moved(frame: np.ndarray, change: Any) -> np.ndarray:
    """Key points `p 18 3` with other coordinates; missing ones stay 0 0 0."""
    moved = np.concatenate([change(frame[..., :2]), frame[..., 2:]], axis=-1)
    return np.where(frame[..., 2:] > 0, moved, 0.0)


def _positions(numbers: Sequence[int | None]) -> list[int]:
    """The place of each frame in the motion, from 0, by the numbers where all have one and they rise."""
    plain = list(range(len(numbers)))
    given = [number for number in numbers if number is not None]
    steps = np.diff(np.array(given, dtype=object)) if len(given) == len(numbers) else np.array([])
    if len(steps) == 0 or min(steps) < 1:
        return plain
    step = math.gcd(*steps)
    places = [(number - given[0]) // step for number in given]
    if places[-1] >= MAX_FRAMES:
        raise InputError(f"the frames' numbers run from {given[0]} to {given[-1]}; wanted at most {MAX_FRAMES} frames")
    if step > 1:
        note(f"the frames' numbers go up by {step}: taken as frames that follow one another")
    return places


def _fill(keypoints: np.ndarray, missing: set[int]) -> None:
    """Frames that are missing, on straight lines between those around them."""
    for first in sorted(place for place in missing if place - 1 not in missing):
        last = first
        while last + 1 in missing:
            last += 1
        before, after = keypoints[first - 1], keypoints[last + 1]
        both = (before[:, 2:] > 0) & (after[:, 2:] > 0)
        for place in range(first, last + 1):
            share = (place - first + 1) / (last - first + 2)
            between = (1 - share) * before + share * after
            between[:, 2] = np.minimum(before[:, 2], after[:, 2])
            keypoints[place] = np.where(both, between, 0)
