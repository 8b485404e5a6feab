"""The orders in which programs list a person's joints, and the 18 key points, hands and face of each.

OpenPose, doc/02_output.md (BODY_25, COCO, MPI) and its training repository (BODY_25B, BODY_135); COCO; Halpe
(Fang et al., "AlphaPose", 2022); COCO-WholeBody (Jin et al., 2020); MPII; Human3.6M as in MMPose.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tempose.core.errors import PoseError
from tempose.pose.face_mesh import FACE_70, FACE_POINTS
from tempose.pose.keypoints import HAND_POINTS, HANDS, KEYPOINTS, WRISTS

COCO_17 = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip

BODY_25 = (
    *KEYPOINTS[:8], "hips", *KEYPOINTS[8:],
    "left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip

H36M_17 = (
    "hips", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "spine", "thorax", "nose", "head_top",
    "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
)  # fmt: skip

MPII_16 = (
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle",
    "hips", "thorax", "upper_neck", "head_top",
    "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist",
)  # fmt: skip

MPI_15 = ("head_top", *KEYPOINTS[1:14], "chest")

# By the number of joints: the orders that have so many, the usual one first. What follows the body (feet, face,
# hands) needs no names here, see DETAILS.
LAYOUTS: dict[int, dict[str, tuple[str, ...]]] = {
    15: {"MPI": MPI_15},
    16: {"MPII": MPII_16},
    17: {"COCO-17": COCO_17, "Human3.6M": H36M_17},
    18: {"COCO-18": KEYPOINTS},
    19: {"BODY_19": BODY_25[:19]},
    23: {"COCO-17 with feet": COCO_17},
    25: {"BODY_25": BODY_25, "BODY_25B": COCO_17},
    26: {"Halpe-26": COCO_17},
    68: {"Halpe-68": COCO_17},
    133: {"whole body": COCO_17},
    135: {"BODY_135": COCO_17},
    136: {"Halpe-136": COCO_17},
}

# Where orders have the face (68 or 70 points), the right hand and the left: (begin, end). BODY_135 gives no wrists.
DETAILS: dict[str, tuple[tuple[int, int] | None, tuple[int, int], tuple[int, int]]] = {
    "whole body": ((23, 91), (112, 133), (91, 112)),
    "Halpe-136": ((26, 94), (115, 136), (94, 115)),
    "Halpe-68": (None, (47, 68), (26, 47)),
    "BODY_135": ((65, 135), (45, 65), (25, 45)),
}

# A person's joints fit an order where its parts are no farther from where they belong than this share of the person.
FITS = 0.45

# So many people are looked at to find the order.
MOST = 1000


def find_layout(people: Sequence[np.ndarray]) -> tuple[str, tuple[str, ...]]:
    """The order in which the people's joints, each `j 3`, are listed: its name and its joints.

    Raises:
        PoseError: there is no order with so many joints, or none that makes persons of them.
    """
    count = len(people[0])
    if count not in LAYOUTS:
        raise PoseError(f"a person has {count} joints; wanted {', '.join(map(str, LAYOUTS))}")
    orders = LAYOUTS[count]
    if len(orders) == 1:
        return next(iter(orders.items()))
    errors = {name: _misfit(people[:MOST], layout) for name, layout in orders.items()}
    best = min(errors, key=lambda name: errors[name])
    if errors[best] > FITS:
        raise PoseError(
            f"its {count} joints are in no known order: neither {' nor '.join(orders)} makes a person of them"
        )
    return best, orders[best]


def eighteen(joints: np.ndarray, layout: Sequence[str]) -> np.ndarray:
    """The 18 key points `18 3` from a person's joints; a neck that is not listed is between the shoulders."""
    points = np.zeros((len(KEYPOINTS), 3))
    for index, name in enumerate(KEYPOINTS):
        if name in layout:
            points[index] = joints[layout.index(name)]
    right, left = points[KEYPOINTS.index("right_shoulder")], points[KEYPOINTS.index("left_shoulder")]
    if "neck" not in layout and min(right[2], left[2]) > 0:
        points[KEYPOINTS.index("neck")] = [*(right[:2] + left[:2]) / 2, min(right[2], left[2])]
    return points


def details_of(joints: np.ndarray, name: str) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Hands `2 21 3` and face `68 3` or `70 3` from a person's joints in the order of that name, where it has them."""
    if name not in DETAILS:
        return None, None
    face, *sides = DETAILS[name]
    hands = []
    for (begin, end), wrist in zip(sides, WRISTS, strict=True):
        hand = joints[begin:end]
        hands.append(
            hand if len(hand) == HAND_POINTS else np.concatenate([joints[[COCO_17.index(KEYPOINTS[wrist])]], hand])
        )
    return np.stack(hands), None if face is None else joints[slice(*face)]


def every_point(
    joints: np.ndarray, layout: Sequence[str], *, hands: np.ndarray | None, face: np.ndarray | None
) -> np.ndarray:
    """`n 3`: 18 key points, then both hands and the face as `Motion.points` has them, missing where not known.

    Args:
        joints, layout: of the body.
        hands: `2 21 3`.
        face: `68 3` or `70 3`, in the order of FACE_70.
    """
    mesh = np.zeros((FACE_POINTS, 3))
    if face is not None:
        mesh[list(FACE_70[: len(face)])] = face
    fingers = np.zeros((HANDS * HAND_POINTS, 3)) if hands is None else hands.reshape(-1, 3)
    return np.concatenate([eighteen(joints, layout), fingers, mesh])


def _misfit(people: Sequence[np.ndarray], layout: Sequence[str]) -> float:
    """How far joints are from where an order says, in sizes of the person; 0 where nothing can be told."""
    errors = []
    for joints in people:
        seen = joints[joints[:, 2] > 0, :2]
        extent = np.linalg.norm(np.ptp(seen, axis=0)) if len(seen) else 0.0
        if extent == 0:
            continue

        def place(name: str, joints: np.ndarray = joints) -> np.ndarray:
            joint = joints[layout.index(name)] if name in layout else np.zeros(3)
            return joint[:2] if joint[2] > 0 else np.full(2, np.nan)

        middles = [("neck", "shoulder"), ("thorax", "shoulder"), ("hips", "hip")]
        apart = [place(name) - (place(f"right_{part}") + place(f"left_{part}")) / 2 for name, part in middles]
        apart += [place("nose") - place(name) for name in ("right_eye", "left_eye", "right_ear", "left_ear")]
        errors.append([np.linalg.norm(gap) / extent for gap in apart])
    if not errors or np.isnan(errors).all():
        return 0.0
    typical = [np.median(column[~np.isnan(column)]) for column in np.array(errors).T if not np.isnan(column).all()]
    return float(max(typical))
