"""The file of openpose-editor: one picture, its size, and for each person a list of points."""

from __future__ import annotations

from typing import Any

from tempose.pose.formats.frames import PoseFrame, joints_of, size_of


class Editor:
    """`{"width": …, "height": …, "keypoints": [[[x, y], …], …]}`."""

    name = "openpose-editor"

    def sniff(self, data: Any) -> bool:
        return isinstance(data, dict) and {"width", "height", "keypoints"} <= set(data)

    def read(self, data: Any) -> list[PoseFrame]:
        if not isinstance(data["keypoints"], list):
            raise ValueError("'keypoints' is no list of people")
        people = [joints_of(person) for person in data["keypoints"]]
        return [PoseFrame(tuple(p for p in people if p is not None), None, size_of(data["height"], data["width"]))]
