"""Motions from OpenPose's JSON files: one file a frame, as BODY_25 or COCO-18.

Format: OpenPose, doc/02_output.md (`people[].pose_keypoints_2d`: x, y, confidence of each joint, in
pixels; 0 0 0 where a joint was not found).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tempose.core.errors import InputError, PoseError
from tempose.core.reading import read_json
from tempose.pose.keypoints import KEYPOINTS, Motion
from tempose.pose.tracking import Choice, follow

# By the number of joints: which of them are the 18 key points. BODY_25 has the middle of the hips at
# 8 and the feet after 18.
LAYOUTS = {
    18: tuple(range(18)),
    25: (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18),
}


def read_openpose(
    path: Path | str,
    *,
    fps: float,
    size: tuple[int, int] | None = None,
    person: Choice = "largest",
    cuts: Sequence[int] = (),
) -> Motion:
    """The motion of one person from a folder of OpenPose JSON files, or from one file.

    Files are taken in the order of the numbers in their names. As OpenPose saw it: see
    `tempose.pose.clean`.

    Args:
        path: the folder, or a single `.json` file.
        fps: frames per second of the video that the files come from.
        size: (height, width) of that video in pixels; may be left out where the files say it
            (`canvas_height`, `canvas_width`).
        person: whom to follow where there are several (`tempose.pose.tracking`).
        cuts: frames that begin a new shot.

    Raises:
        PoseError: no JSON file is there, one is not OpenPose's, or nobody is in any of them.
        InputError: no size is known, or the files are of several sizes.
    """
    path = Path(path)
    files = [path] if path.is_file() else sorted(path.glob("*.json"), key=_in_order)
    if not files:
        raise PoseError(f"there is no OpenPose JSON file in {path}; wanted one .json file for each frame")
    frames, sizes = zip(*(_read(file) for file in files), strict=True)
    if size is None:
        if len(set(sizes)) > 1:
            raise InputError(f"the files in {path} are of several sizes: {sorted(set(sizes), key=str)}")
        if sizes[0] is None:
            raise InputError(f"{path} does not say how large its pictures are; give size as (height, width)")
        size = sizes[0]
    if not any(len(people) for people in frames):
        raise PoseError(f"nobody is in the {len(files)} OpenPose files of {path}")
    keypoints = np.zeros((len(frames), len(KEYPOINTS), 3), np.float32)
    for index, which in enumerate(follow(frames, person=person, cuts=cuts)):
        if which >= 0:
            keypoints[index] = frames[index][which]
    return Motion(keypoints, size, fps)


def _in_order(file: Path) -> list[tuple[int, str]]:
    """A name cut into words and numbers, so that 10 comes after 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", file.name)]


def _read(file: Path) -> tuple[np.ndarray, tuple[int, int] | None]:
    """The key points `p 18 3` of the people in one file, and (height, width) if the file says it."""
    try:
        fields = read_json(file)
        people = [_eighteen(person["pose_keypoints_2d"]) for person in fields["people"]]
        size = (int(fields["canvas_height"]), int(fields["canvas_width"])) if "canvas_height" in fields else None
    except (OSError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise PoseError(
            f"{file} is not a JSON file of OpenPose (people, pose_keypoints_2d): {repr(error)[:200]}"
        ) from error
    return np.array(people, np.float32).reshape(-1, len(KEYPOINTS), 3), size


def _eighteen(numbers: Sequence[float]) -> np.ndarray:
    """The 18 key points of one person from OpenPose's flat list."""
    joints = np.asarray(numbers, np.float32).reshape(-1, 3)
    if len(joints) not in LAYOUTS:
        raise ValueError(f"a person has {len(joints)} joints; wanted 25 (BODY_25) or 18 (COCO)")
    if not np.isfinite(joints).all():
        raise ValueError("a person has NaN or infinite coordinates")
    keypoints = joints[list(LAYOUTS[len(joints)])]
    keypoints[:, 2] = keypoints[:, 2].clip(0, 1)
    return keypoints
