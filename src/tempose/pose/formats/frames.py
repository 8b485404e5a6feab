"""People in frames, from whichever program, and the motion of one of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tempose.core.errors import InputError, PoseError
from tempose.core.notes import note
from tempose.pose.face_mesh import FACE_68, FACE_70, FACE_POINTS
from tempose.pose.keypoints import HAND_POINTS, HANDS, KEYPOINTS, Motion
from tempose.pose.layouts import DETAILS, LAYOUTS, details_of, every_point, find_layout
from tempose.pose.tracking import Choice, follow

MAX_PEOPLE, MAX_FRAMES, MAX_COORDINATE = 200, 100_000, 20_000

# Key points that all lie within so much of 0 are shares of the picture, not pixels.
SCALED = 2.0

# More than this share of negative coordinates: the picture runs from -1 to 1, not from 0.
NEGATIVE = 0.1


# What the confidence of a joint that has its coordinates by name is called.
CONFIDENCES = ("confidence", "score", "c", "visibility", "v")

# Points of a person with hands and face.
EVERY_POINT = len(KEYPOINTS) + HANDS * HAND_POINTS + FACE_POINTS

# Points of a hand and of a face, where a program lists them apart from the body.
HAND, FACE = (HAND_POINTS,), (len(FACE_70), len(FACE_68))


@dataclass(frozen=True, eq=False)
class Listed:
    """A person as a program lists them, x, y, confidence of each point, 0 0 0 where missing.

    Attributes:
        joints: `j 3`: of the body, in the order of the program, and whatever follows it there.
        hands: `2 21 3`, right and left, where they are listed apart.
        face: `68 3` or `70 3`, where it is listed apart.
    """

    joints: np.ndarray
    hands: np.ndarray | None = None
    face: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class PoseFrame:
    """The people in a frame.

    Attributes:
        people: each as a program lists them; a plain `j 3` is a body.
        number: of the frame in its video, where the file says it.
        size: (height, width) of the picture, where the file says it.
    """

    people: tuple[Listed | np.ndarray, ...]
    number: int | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class PoseFrames:
    """All frames that a file or folder holds: and of which format."""

    frames: tuple[PoseFrame, ...]
    format: str


# From JSON ----------------------------------------------------------------------------------------


def joints_of(
    values: Any, confidences: Any = None, *, counts: Collection[int] = LAYOUTS, whose: str = "a person"
) -> np.ndarray | None:
    """A person's joints `j 3` from a list of numbers (x, y, confidence or x, y) or of points; None for no person.

    Args:
        values: as a program writes them.
        confidences: in a list of their own, where they are not in `values`.
        counts: how many there may be.
        whose: for messages.

    Raises:
        ValueError: it is something else; the message says what.
    """
    if values is None or values == []:
        return None
    if not isinstance(values, list):
        raise ValueError(f"the key points of {whose} are no list")
    if any(isinstance(value, (list, dict)) for value in values):
        joints = np.array([_point(value) for value in values])
    else:
        joints = _from_flat(values, counts, whose)
    if len(joints) not in counts and counts is not LAYOUTS:
        raise ValueError(f"{whose} has {len(joints)} points; wanted {' or '.join(map(str, counts))}")
    if confidences is not None:
        if not isinstance(confidences, list) or len(confidences) != len(joints):
            raise ValueError("a person has another number of confidences than of joints")
        joints[:, 2] = [_number(value) for value in confidences]
    joints[:, 2] = joints[:, 2].clip(0, 1)
    joints[joints[:, 2] == 0] = 0
    return joints if joints[:, 2].any() else None


def both(right: np.ndarray | None, left: np.ndarray | None) -> np.ndarray | None:
    """`2 21 3` of two hands, of which one may be missing; None without any."""
    if right is None and left is None:
        return None
    return np.stack([np.zeros((HAND_POINTS, 3)) if hand is None else hand for hand in (right, left)])


def _from_flat(values: list[Any], counts: Collection[int], whose: str) -> np.ndarray:
    for step in (3, 2):
        if len(values) % step == 0 and len(values) // step in counts:
            return np.array([_point(values[i : i + step]) for i in range(0, len(values), step)])
    if counts is not LAYOUTS:
        raise ValueError(
            f"{whose} has {len(values)} numbers; wanted x, y, confidence of {' or '.join(map(str, counts))}"
        )
    raise ValueError(
        f"a person has {len(values)} numbers, {len(values) / 3:g} joints; wanted 25 (BODY_25), 18 (COCO) or one of "
        f"{', '.join(str(count) for count in LAYOUTS if count not in (18, 25))}"
    )


def _point(value: Any) -> tuple[float, float, float]:
    """x, y, confidence of one joint: missing where it is null or not a number, or without confidence at 0 0."""
    if isinstance(value, dict) and {"x", "y"} <= set(value):
        confidence = next((value[key] for key in CONFIDENCES if key in value), None)
        value = [value["x"], value["y"], *([] if confidence is None else [confidence])]
    if value is None or (isinstance(value, list) and any(part is None or part != part for part in value[:2])):
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
    """(height, width) of a picture; None where either is not given, or 0.

    Raises:
        ValueError: they are no sides of a picture.
    """
    if not height or not width:
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
    listed = [
        [person if isinstance(person, Listed) else Listed(person) for person in frame.people] for frame in found.frames
    ]
    people = [person for frame in listed for person in frame]
    if not people:
        raise PoseError(f"nobody is in the {len(found.frames)} frame(s)")
    if max(map(len, listed)) > MAX_PEOPLE:
        raise PoseError(f"more than {MAX_PEOPLE} people are in one frame")
    bodies = [person.joints for person in people]
    layouts = {count: find_layout([j for j in bodies if len(j) == count]) for count in {len(j) for j in bodies}}
    known = any(name in DETAILS for name, _ in layouts.values()) or any(
        part is not None for person in people for part in (person.hands, person.face)
    )
    count = EVERY_POINT if known else len(KEYPOINTS)
    frames = [
        np.array([_points(person, *layouts[len(person.joints)])[:count] for person in frame]).reshape(-1, count, 3)
        for frame in listed
    ]
    size = _common_size(found.frames)
    frames, size = _in_pixels(frames, size)
    places = _positions([frame.number for frame in found.frames])
    missing = set(range(places[-1] + 1)) - set(places)
    spread: list[np.ndarray] = [np.zeros((0, count, 3))] * (places[-1] + 1)
    for place, frame in zip(places, frames, strict=True):
        spread[place] = frame
    points = np.zeros((len(spread), count, 3), np.float32)
    bodies = [frame[:, : len(KEYPOINTS)] for frame in spread]
    for index, which in enumerate(follow(bodies, fps=fps, person=person, cuts=cuts)):
        if which >= 0:
            points[index] = spread[index][which]
    if missing:
        _fill(points, missing)
        note(f"{len(missing)} frames without key points, by the numbers, were filled")
    keypoints, details = np.split(points, [len(KEYPOINTS)], axis=1)
    details = np.pad(details, ((0, 0), (0, 0), (0, 1)))  # no depth
    hands, face = np.split(details, [HANDS * HAND_POINTS], axis=1)
    return Motion(
        keypoints,
        size,
        fps,
        hands=hands.reshape(-1, HANDS, HAND_POINTS, 4) if hands.any() else None,
        face=face if face.any() else None,
    )


def _points(person: Listed, name: str, layout: Sequence[str]) -> np.ndarray:
    """`n 3`: all that is known of a person whose body is listed in the layout of that name."""
    hands, face = details_of(person.joints, name)
    hands = hands if person.hands is None else person.hands
    return every_point(person.joints, layout, hands=hands, face=face if person.face is None else person.face)


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
