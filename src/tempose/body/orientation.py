"""Which way is up in a motion capture, and which way its person faces.

Programs disagree: up is y in most files and z in many; some turn everything upside down. The motion tells, since
people mostly stand, and the ground, on which feet come to rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempose.body.skeleton import turn_y, unit
from tempose.core.errors import InputError
from tempose.pose.keypoints import KEYPOINTS, WRISTS

UP = ("x", "-x", "y", "-y", "z", "-z")

# A body stands along an axis in a frame where the cosine between them is above this.
ALONG = 0.8

# An axis along which it stands in fewer of the frames is no candidate.
FEW = 0.05

# So far from the ground, in heights of the body, a lowest point may be and still stand on it.
ON_GROUND = 0.08

RIGHT_HIP, LEFT_HIP = KEYPOINTS.index("right_hip"), KEYPOINTS.index("left_hip")
ANKLES = (KEYPOINTS.index("right_ankle"), KEYPOINTS.index("left_ankle"))
NECK = KEYPOINTS.index("neck")


@dataclass(frozen=True)
class Upright:
    """Which way is up in a file: one of `UP`, and a note where it is not as usual."""

    up: str
    note: str | None = None


def find_up(points: np.ndarray, rest_up: np.ndarray | None) -> Upright:
    """Which axis of the file is up.

    Args:
        points: `f 18 3`, the joints of the body (without the face) in the file's axes.
        rest_up: from the hips to the neck in the pose without rotations, if that is a standing person.
    """
    body = unit(points[:, NECK] - points[:, ANKLES].mean(1))
    directions = {
        name: sign * np.eye(3)[axis] for axis in range(3) for name, sign in (("xyz"[axis], 1), (f"-{'xyz'[axis]}", -1))
    }
    shares = {name: float((body @ direction > ALONG).mean()) for name, direction in directions.items()}
    most = max(shares, key=lambda name: shares[name])

    def taken(up: str, note: str | None = None, otherwise: str = "y") -> Upright:
        return Upright(up, note and f"{note}; if that is wrong, give --up {otherwise}")

    if shares["y"] >= FEW:
        lies = shares[most] > 2 * shares["y"]
        return taken("y", f"the person in the motion capture mostly lies along its {most} axis" if lies else None, most)
    if shares[most] < FEW:  # nobody stands
        rest = {} if rest_up is None else {name: unit(rest_up) @ each for name, each in directions.items()}
        resting = next((name for name, along in rest.items() if along > ALONG), "y")
        told = f"up is taken to be {resting} in the motion capture, as in its pose at rest"
        return taken(resting, told if resting != "y" else None)
    if most == "-y":
        turned = "the motion capture is upside down, its arms hang upwards: it is turned over"
        return taken("-y", turned) if _hangs(points) else taken("y")
    axis = "xyz".index(most[-1])
    if _lies(points, axis, directions[most][axis], rest_up):
        return taken("y", f"the person in the motion capture lies along its {most} axis", most)
    return taken(most, f"up is taken to be {most} in the motion capture, along which the person stands")


def _hangs(points: np.ndarray) -> bool:
    """Whether a body whose head is below bears neither on its hands nor its head, but has its arms along the legs."""
    height = np.linalg.norm(points[:, NECK] - points[:, ANKLES].mean(1), axis=-1)
    below = (points[:, NECK, 1][:, None] - points[:, WRISTS, 1]).max(1)  # how far the lower hand is under the neck
    return bool(np.median(below / height) < 0)


def _lies(points: np.ndarray, axis: int, sign: float, rest_up: np.ndarray | None) -> bool:
    """Whether a body along x or z lies in a world whose up is y, rather than stands in one whose up is that axis."""
    height = np.median(np.linalg.norm(points[:, NECK] - points[:, ANKLES].mean(1), axis=-1))
    along, high = sign * points[..., axis], points[..., 1]
    stands = abs(np.quantile(along.min(1), 0.05)) < 2 * ON_GROUND * height
    flat = abs(np.quantile(high.min(1), 0.05)) < ON_GROUND * height and np.quantile(high.max(1), 0.95) < 0.7 * height
    if stands or not flat:
        return False
    return rest_up is None or abs(rest_up[1]) > ALONG * np.linalg.norm(rest_up)


def up_rotation(up: str) -> np.ndarray:
    """The rotation `3 3` that takes vectors of a file in whose world `up` is up to one where it is y.

    Right and left stay what they are.

    Raises:
        InputError: there is no such axis.
    """
    turns = {
        "y": np.eye(3),
        "-y": np.diag([-1.0, -1.0, 1.0]),
        "z": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
        "-z": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
        "x": np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]),
        "-x": np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
    }
    if up not in turns:
        raise InputError(f"up is {up!r}; wanted one of {', '.join(UP)}")
    return turns[up]


def facing_front(points: np.ndarray) -> np.ndarray:
    """World points `f 18 3`, y up, turned about y so that the first frame's hips face +z."""
    left = points[0, LEFT_HIP] - points[0, RIGHT_HIP]
    return points @ turn_y(float(np.arctan2(left[2], left[0]))).T
