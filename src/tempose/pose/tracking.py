"""The same person followed from frame to frame, when several are in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tempose.core.errors import InputError, PoseError
from tempose.pose.clean import shots
from tempose.pose.keypoints import MIN_CONFIDENCE

# Which of several people: the largest, the N-th from the left (from 1), or the nearest to (x, y).
Choice = Literal["largest"] | int | tuple[float, float]

# How far a person's middle may be from where it was, in heights of the person: for every frame since, and every second.
STEP, SPEED = 0.5, 2.5


def choice_of(text: str) -> Choice:
    """Whom to follow, from what a user types: "largest", "2" or "320,180".

    Raises:
        InputError: it is none of these.
    """
    try:
        if text == "largest":
            return "largest"
        if "," not in text:
            return int(text)
        x, y = text.split(",")
        return float(x), float(y)
    except ValueError:
        raise InputError(f"person is {text!r}; wanted largest, a number from 1, or a point X,Y") from None


def follow(
    people: Sequence[np.ndarray], *, fps: float, person: Choice = "largest", cuts: Sequence[int] = ()
) -> np.ndarray:
    """Which of the people in each frame is the one to follow.

    In each shot every person is linked to the nearest one of the frame before. Then one of them is
    chosen: the largest is the one with the greatest area summed over the shot; the N-th and the
    nearest are chosen where people first appear in the shot.

    Args:
        people: for each frame the key points `p 18 3` of its people.
        fps: frames a second.
        person: "largest", a number from 1 counted from the left, or a point (x, y) in pixels.
        cuts: frames that begin a new shot.

    Returns:
        int `f`: an index into each frame's people, −1 where the person is not there.

    Raises:
        PoseError: there are never so many people.
    """
    chosen = np.full(len(people), -1)
    for shot in shots(len(people), cuts):
        boxes = [np.array([_box(points) for points in frame]).reshape(-1, 4) for frame in people[shot]]
        track = _choose(_link(boxes, step=max(STEP, SPEED / fps)), boxes, person)
        for frame, index in track.items():
            chosen[shot.start + frame] = index
    if (chosen < 0).all() and any(len(frame) for frame in people):
        raise PoseError(
            f"person {person} was asked for, but no shot begins with so many people",
            remedy="the estimator mediapipe sees one only, rtmlib several",
        )
    return chosen


Track = dict[int, int]  # frame → index of the person


def _box(points: np.ndarray) -> tuple[float, float, float, float]:
    """Middle x, middle y, width, height of the box around the joints that can be seen."""
    seen = points[points[:, 2] >= MIN_CONFIDENCE, :2]
    if len(seen) == 0:
        return 0.0, 0.0, 0.0, 0.0
    low, high = seen.min(axis=0), seen.max(axis=0)
    return (*(low + high) / 2, *(high - low))


def _link(boxes: list[np.ndarray], *, step: float) -> list[Track]:
    """People of successive frames joined to tracks, the closest pairs first; `step`: how far one goes from frame to
    frame, in heights."""
    tracks: list[Track] = []
    for frame, found in enumerate(boxes):
        pairs = []
        for number, track in enumerate(tracks):
            last = max(track)
            box = boxes[last][track[last]]
            reach = step * max(box[2:]) * (frame - last)
            distances = np.linalg.norm(found[:, :2] - box[:2], axis=1)
            pairs += [(gap, number, index) for index, gap in enumerate(distances) if gap <= reach]
        taken: set[int] = set()
        for _, number, index in sorted(pairs):
            if frame not in tracks[number] and index not in taken:
                tracks[number][frame] = index
                taken.add(index)
        tracks += [{frame: index} for index in range(len(found)) if index not in taken]
    return tracks


def _choose(tracks: list[Track], boxes: list[np.ndarray], person: Choice) -> Track:
    """One track of a shot; an empty one where there is no such person."""
    if not tracks:
        return {}
    if person == "largest":
        return max(tracks, key=lambda track: sum(np.prod(boxes[f][i][2:]) for f, i in track.items()))
    first = min(min(track) for track in tracks)
    there = [track for track in tracks if first in track]
    if isinstance(person, tuple):
        return min(there, key=lambda track: np.linalg.norm(boxes[first][track[first]][:2] - person))
    if person < 1:
        raise InputError(f"person {person} was asked for; wanted one counted from 1, from left to right")
    there.sort(key=lambda track: boxes[first][track[first]][0])
    return there[person - 1] if person <= len(there) else {}
