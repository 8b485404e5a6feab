"""MMPose's predictions: `instance_info` for each frame, or the bare list of its instances.

MMPose, `MMPoseInferencer` and `demo/topdown_demo_with_mmdet.py --save-predictions`: `keypoints` (x, y) and
`keypoint_scores` of every instance.
"""

from __future__ import annotations

from typing import Any

from tempose.pose.formats.frames import PoseFrame, joints_of


class MMPose:
    """With or without `meta_info`; a list of frames, or the instances of one picture."""

    name = "MMPose"

    def sniff(self, data: Any) -> bool:
        if isinstance(data, dict):
            return isinstance(data.get("instance_info"), list)
        if not (isinstance(data, list) and data and all(isinstance(entry, dict) for entry in data)):
            return False
        return all("instances" in entry for entry in data) or all(
            {"keypoints", "keypoint_scores"} <= set(entry) for entry in data
        )

    def read(self, data: Any) -> list[PoseFrame]:
        entries = data["instance_info"] if isinstance(data, dict) else data
        if not all(isinstance(entry, dict) for entry in entries):
            raise ValueError("'instance_info' is no list of frames")
        if all("instances" in entry for entry in entries):
            return [PoseFrame(_people(entry["instances"]), _number(entry.get("frame_id"))) for entry in entries]
        return [PoseFrame(_people(entries))]


def _people(instances: Any) -> tuple[Any, ...]:
    if not isinstance(instances, list) or not all(isinstance(person, dict) for person in instances):
        raise ValueError("'instances' is no list of people")
    people = [joints_of(person.get("keypoints"), person.get("keypoint_scores")) for person in instances]
    return tuple(joints for joints in people if joints is not None)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
