"""AlphaPose's results: a list with one entry for each person and picture, or one object for each picture.

AlphaPose, docs/output.md: the default form is that of COCO's results (`image_id`, `keypoints`, `score`); `--format
cmu` and `--format open` write an object by the pictures' names with `bodies[].joints` or
`people[].pose_keypoints_2d`.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tempose.pose.formats.frames import PoseFrame, joints_of


class AlphaPose:
    """A list with one entry for each person in each picture (the default form)."""

    name = "AlphaPose"

    def sniff(self, data: Any) -> bool:
        return (
            isinstance(data, list)
            and bool(data)
            and all(isinstance(entry, dict) and {"image_id", "keypoints"} <= set(entry) for entry in data)
        )

    def read(self, data: Any) -> list[PoseFrame]:
        pictures: dict[str, list[np.ndarray]] = {}
        for entry in data:
            people = pictures.setdefault(str(entry["image_id"]), [])
            joints = joints_of(entry["keypoints"])
            if joints is not None:
                people.append(joints)
        return by_picture({name: tuple(people) for name, people in pictures.items()})


class AlphaPoseByPicture:
    """An object that names each picture and lists its people (`--format cmu`, `--format open`)."""

    name = "AlphaPose"

    def sniff(self, data: Any) -> bool:
        return (
            isinstance(data, dict)
            and bool(data)
            and all(isinstance(entry, dict) and ("bodies" in entry or "people" in entry) for entry in data.values())
        )

    def read(self, data: Any) -> list[PoseFrame]:
        pictures = {}
        for name, entry in data.items():
            bodies = entry.get("bodies", entry.get("people"))
            if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
                raise ValueError("'bodies' is no list of people")
            people = [joints_of(body.get("joints", body.get("pose_keypoints_2d"))) for body in bodies]
            pictures[name] = tuple(joints for joints in people if joints is not None)
        return by_picture(pictures)


def by_picture(pictures: dict[str, tuple[np.ndarray, ...]]) -> list[PoseFrame]:
    """Frames in the order of the numbers in the pictures' names."""
    names = sorted(pictures, key=in_order)
    return [PoseFrame(pictures[name], number) for name, number in zip(names, frame_numbers(names), strict=True)]


def in_order(name: str) -> list[tuple[int, str]]:
    """A name cut into words and numbers, so that 10 comes after 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,18})", name)]


def frame_numbers(names: list[str]) -> list[int] | list[None]:
    """The number in each name that tells the frame: the only one that is not the same in all."""
    numbers = [re.findall(r"\d{1,18}", name) for name in names]
    if len({len(found) for found in numbers}) == 1:
        varying = [column for column in zip(*numbers, strict=True) if len(set(column)) > 1]
        if len(varying) == 1 and len(set(map(int, varying[0]))) == len(names):
            return [int(number) for number in varying[0]]
    return [None] * len(names)
