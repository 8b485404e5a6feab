"""The 18 key points, and the hands, that the joints of a motion capture say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tempose.body.capture import Capture
from tempose.body.fingers import find_fingers, hand_points
from tempose.body.joint_names import LIMBS, SIDES
from tempose.body.joint_tree import feet_ahead, knees_ahead
from tempose.body.joints import WANTED, find_joints
from tempose.body.orientation import facing_front, find_up, up_rotation
from tempose.body.skeleton import Proportions, Skeleton, unit
from tempose.core.errors import PoseError
from tempose.core.notes import note
from tempose.pose.bones import typical
from tempose.pose.keypoints import HAND_POINTS, HANDS, KEYPOINTS, WRISTS

# A first frame that is so many times farther from the second than any other from its next is no motion.
LEAP = 3.0

FACE = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")


@dataclass(frozen=True, eq=False)
class CapturedMotion:
    """A motion capture as key points.

    Attributes:
        points: `f 18 3` in the file's unit, y up, turned so that the person at first faces +z.
        hands: `f 2 21 3`, the same of the points of the right hand and the left, NaN where the file has no such
            joint; None where it has no fingers.
        fps: frames per second.
        joints: our name → the file's.
        up: which axis of the file was taken to be up.
    """

    points: np.ndarray
    hands: np.ndarray | None
    fps: float
    joints: dict[str, str]
    up: str


def capture_keypoints(
    capture: Capture, *, joints: Mapping[str, str] | None = None, up: str | None = None
) -> CapturedMotion:
    """The key points of a capture.

    Captures often begin with a frame for calibration, a T; it is left out. Bones get typical lengths
    (`tempose.pose.bones.typical`). The face, of which a capture says nothing, is that of an average head on
    the head joint.

    Args:
        capture: the capture.
        joints: names of the file → ours (`tempose.body.joints`), where they are to be taken otherwise than found.
        up: which axis of the file is up (`tempose.body.orientation.UP`); found by default.

    Raises:
        PoseError: joints are missing, or all at one place.
        InputError: `joints` or `up` make no sense.
    """
    place = find_joints(capture, joints)
    places, rotations = capture.pose
    body = _body(places, place)
    if not np.isfinite(body).all() or not 1e-9 < np.ptp(body, axis=1).max() < 1e9:
        raise PoseError("the joints of the motion capture lie all at one place, or endlessly far apart")
    resting = _body(capture.rest[None], place)
    stands = _stands(resting[0])
    found = find_up(body, _spine(resting[0]) if stands else None)
    if up is None and found.note is not None:
        note(found.note)
    turn = up_rotation(up or found.up)
    body, heads = body @ turn.T, turn @ rotations[:, place.get("head", place.get("neck", 0))]
    legs = [[place[f"{side}_{part}"] for part in LIMBS[1]] for side in SIDES]
    mirror = all(_points_back(body, ahead(capture, legs) @ turn.T) for ahead in (feet_ahead, knees_ahead))
    axes = _head_axes(heads, body, _axes(resting)[0] if stands else None, mirrored=mirror)
    places = places @ turn.T
    points = np.concatenate([_with_face(body, places, place, heads @ axes), _hands(capture, places, place)], axis=1)
    if mirror:
        points = points * (-1, 1, 1)
        note("left and right are exchanged in the motion capture, by the way its feet point: it is mirrored back")
    names = {ours: capture.joints[index].name for ours, index in place.items()}
    points = facing_front(_without_calibration(points))
    body, hands = typical(points[:, : len(KEYPOINTS)]), points[:, len(KEYPOINTS) :].reshape(-1, HANDS, HAND_POINTS, 3)
    hands = hands - hands[:, :, :1] + body[:, WRISTS, None]
    has_fingers = not np.isnan(hands[:, :, 1:]).all()
    return CapturedMotion(body, hands if has_fingers else None, capture.fps, names, up or found.up)


def _hands(capture: Capture, places: np.ndarray, place: Mapping[str, int]) -> np.ndarray:
    """`f 42 3`: the points of both hands from joints `f j 3`, right hand first; NaN where there is no such joint."""
    wrists = [place[KEYPOINTS[wrist]] for wrist in WRISTS]
    hands = [hand_points(places, wrist, find_fingers(capture, wrist)) for wrist in wrists]
    return np.concatenate(hands, axis=1)


def _body(places: np.ndarray, place: Mapping[str, int]) -> np.ndarray:
    """`f 18 3`: the key points of the body from joints `f j 3`; those of the face lie on the neck."""
    points = np.zeros((len(places), len(KEYPOINTS), 3))
    for name in WANTED:
        points[:, KEYPOINTS.index(name)] = places[:, place[name]]
    neck = places[:, [place["right_shoulder"], place["left_shoulder"]]].mean(1)
    for name in ("neck", *FACE):
        points[:, KEYPOINTS.index(name)] = neck
    return points


def _spine(points: np.ndarray) -> np.ndarray:
    """`… 3`: from the middle of the hips to the neck."""
    hips = points[..., [KEYPOINTS.index("right_hip"), KEYPOINTS.index("left_hip")], :].mean(-2)
    return points[..., KEYPOINTS.index("neck"), :] - hips


def _left(points: np.ndarray, part: str) -> np.ndarray:
    """`… 3`: from a right joint to the left one."""
    return points[..., KEYPOINTS.index(f"left_{part}"), :] - points[..., KEYPOINTS.index(f"right_{part}"), :]


def _stands(rest: np.ndarray) -> bool:
    """Whether the pose without rotations, `18 3`, is that of a standing person."""
    legs = rest[[KEYPOINTS.index("right_ankle"), KEYPOINTS.index("left_ankle")]].mean(0)
    hips = rest[[KEYPOINTS.index("right_hip"), KEYPOINTS.index("left_hip")]].mean(0)
    upright = unit(_spine(rest)) @ unit(hips - legs) > 0.8
    return bool(upright and unit(_left(rest, "hip")) @ unit(_left(rest, "shoulder")) > 0.8)


def _axes(points: np.ndarray) -> np.ndarray:
    """`f 3 3`: the body's axes, to its left, up and forward, as columns."""
    left = unit(unit(_left(points, "hip")) + unit(_left(points, "shoulder")))
    up = _spine(points)
    up = unit(up - (up * left).sum(-1, keepdims=True) * left)
    return np.stack([left, up, np.cross(left, up)], axis=-1)


def _head_axes(heads: np.ndarray, body: np.ndarray, rest: np.ndarray | None, *, mirrored: bool) -> np.ndarray:
    """`3 3`: to the left, up and forward, in the axes of the head's joint.

    Where the pose without rotations is a standing person, it tells. Else the head is taken to look, on the
    whole, where the body does: the rotation nearest to the mean over the frames, upright ones first
    (Procrustes).
    """
    if rest is not None:
        axes = rest
    else:
        turned = _axes(body)
        upright = np.clip(turned[:, 1, 1], 0.05, 1) ** 4
        mean = np.einsum("f,fji,fjk->ik", upright, heads, turned)
        left, _, right = np.linalg.svd(mean)
        axes = left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right
    return axes * (1, 1, -1) if mirrored else axes


def _with_face(body: np.ndarray, places: np.ndarray, place: Mapping[str, int], heads: np.ndarray) -> np.ndarray:
    """Key points with an average face on the head; on the neck where there is no head."""
    trunk = np.median(np.linalg.norm(_left_side(body), axis=-1))
    average = Skeleton(Proportions.draw(np.random.default_rng(0)))
    scale = trunk / average.proportions.trunk
    face = average.face * scale
    if "head" in place:
        origin = places[:, place["head"]]
    else:
        origin = body[:, KEYPOINTS.index("neck")] + heads[..., 1] * average.proportions.neck * scale
    points = body.copy()
    for name, offset in zip(FACE, face, strict=True):
        points[:, KEYPOINTS.index(name)] = origin + heads @ offset
    return points


def _left_side(points: np.ndarray) -> np.ndarray:
    return points[..., KEYPOINTS.index("left_shoulder"), :] - points[..., KEYPOINTS.index("left_hip"), :]


def _points_back(body: np.ndarray, ahead: np.ndarray) -> bool:
    """Whether feet or knees, `f 3`, point to where the back should be, by the sides that the joints' names tell."""
    front = np.cross(_left(body, "hip"), _spine(body))
    sizes = np.linalg.norm(front, axis=-1) * np.linalg.norm(ahead, axis=-1)
    return bool(sizes.any() and (front * ahead).sum() < -0.5 * sizes.sum())


def _without_calibration(points: np.ndarray) -> np.ndarray:
    """World points `f n 3`, the body's first, without a first frame, often a T, from which the motion leaps."""
    steps = np.linalg.norm(np.diff(points[:, : len(KEYPOINTS)], axis=0), axis=-1).mean(1)
    leaps = len(points) > 2 and steps[0] > LEAP * steps[1:].max()
    return points[1:] if leaps else points
