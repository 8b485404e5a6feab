"""OpenPose's JSON, and that of the many programs that write it: one frame a file, or a list of frames.

OpenPose, doc/02_output.md: `people[].pose_keypoints_2d` (formerly `pose_keypoints`): x, y, confidence of each
joint; 0 0 0 where it was not found. ComfyUI's nodes and the pose editors add `canvas_width` and
`canvas_height`, and write all frames into one list. `face_keypoints_2d` has 70 points, or 68 without the pupils,
`hand_right_keypoints_2d` and `hand_left_keypoints_2d` 21 each; all are kept with the body that they are listed with.
openpose-editor's own file is one picture: its size, and for each person a list of points.
"""

from __future__ import annotations

from typing import Any

from tempose.pose.formats.frames import FACE, HAND, Listed, PoseFrame, both, joints_of, size_of

# The names of the lists, today's and those of the first versions.
BODY = ("pose_keypoints_2d", "pose_keypoints")
FACES = ("face_keypoints_2d", "face_keypoints")
SIDES = (("hand_right_keypoints_2d", "hand_right_keypoints"), ("hand_left_keypoints_2d", "hand_left_keypoints"))


class OpenPose:
    """OpenPose's JSON: the people of one frame, or a list of such frames."""

    name = "OpenPose"

    def sniff(self, data: Any) -> bool:
        frames = _frames(data)
        return bool(frames) and all(isinstance(frame, dict) and "people" in frame for frame in frames)

    def read(self, data: Any) -> list[PoseFrame]:
        frames = _frames(data)
        numbers = [_number(frame) for frame in frames]
        return [
            PoseFrame(_people(frame["people"]), number, _size(frame))
            for frame, number in zip(frames, numbers, strict=True)
        ]


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


def _frames(data: Any) -> list[Any]:
    if isinstance(data, dict) and isinstance(data.get("frames"), list):
        return data["frames"]
    if isinstance(data, list) and data and all(isinstance(frame, list) and len(frame) == 1 for frame in data):
        return [frame[0] for frame in data]  # each frame a batch of one
    return data if isinstance(data, list) else [data]


def _number(frame: dict[str, Any]) -> int | None:
    number = frame.get("frame_id", frame.get("frame"))
    return number if isinstance(number, int) else None


def _people(people: Any) -> tuple[Listed, ...]:
    if people is None:
        return ()
    if not isinstance(people, list):
        raise ValueError("'people' is no list")
    found: list[Listed] = []
    for person in people:
        if person is None:
            continue
        if not isinstance(person, dict):
            raise ValueError("a person is no object with pose_keypoints_2d")
        joints = joints_of(_first(person, BODY))
        if joints is None:
            continue
        hands = [joints_of(_first(person, keys), counts=HAND, whose="a hand") for keys in SIDES]
        face = joints_of(_first(person, FACES), counts=FACE, whose="a face")
        found.append(Listed(joints, both(*hands), face))
    return tuple(found)


def _first(person: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((person[key] for key in keys if key in person), None)


def _size(frame: dict[str, Any]) -> tuple[int, int] | None:
    return size_of(frame.get("canvas_height"), frame.get("canvas_width"))
