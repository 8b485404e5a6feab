"""Annotations of COCO: pictures, and for each person in one 17 key points with v = 0, 1 (hidden) or 2.

COCO, "Data format", 2: keypoint detection. COCO-WholeBody (Jin et al., 2020) adds `face_kpts` (68), `righthand_kpts`
and `lefthand_kpts` (21).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tempose.pose.formats.alphapose import in_order
from tempose.pose.formats.frames import FACE, HAND, Listed, PoseFrame, both, joints_of, size_of
from tempose.pose.keypoints import HIDDEN


class Coco:
    """`{"images": […], "annotations": […]}`; every picture is a frame, in the order of the names."""

    name = "COCO annotations"

    def sniff(self, data: Any) -> bool:
        return (
            isinstance(data, dict)
            and isinstance(data.get("annotations"), list)
            and isinstance(data.get("images"), list)
        )

    def read(self, data: Any) -> list[PoseFrame]:
        for entry in (*data["images"], *data["annotations"]):
            if not isinstance(entry, dict):
                raise ValueError("a picture or an annotation is no object")
        told = any(2 in entry["keypoints"][2::3] for entry in data["annotations"] if _listed(entry))
        people: dict[str, list[Listed]] = {}
        for entry in data["annotations"]:
            joints = joints_of(entry.get("keypoints"))
            if joints is not None:
                if told and len(entry["keypoints"]) == 3 * len(
                    joints
                ):  # else these are no visibilities, but confidences
                    joints[:, 2] *= np.where(np.array(entry["keypoints"][2::3]) == 1, HIDDEN, 1.0)
                people.setdefault(str(entry.get("image_id")), []).append(_person(entry, joints))
        pictures = sorted(
            data["images"], key=lambda picture: in_order(str(picture.get("file_name", picture.get("id"))))
        )
        return [
            PoseFrame(
                tuple(people.get(str(picture.get("id")), ())),
                None,
                size_of(picture.get("height"), picture.get("width")),
            )
            for picture in pictures
        ]


def _person(entry: dict[str, Any], joints: np.ndarray) -> Listed:
    hands = [joints_of(entry.get(f"{side}hand_kpts"), counts=HAND, whose="a hand") for side in ("right", "left")]
    return Listed(joints, both(*hands), joints_of(entry.get("face_kpts"), counts=FACE, whose="a face"))


def _listed(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("keypoints"), list)
