"""A motion capture as a body motion: the same turns of bones, for a body of any proportions.

Key points say which way bones point, and the two bones of a limb, how it is turned about itself; of a straight limb its
parent tells. Feet keep their angle to the shins, but are level on the ground.
"""

from __future__ import annotations

import numpy as np

from tempose.body.keypoints import CapturedMotion
from tempose.body.skeleton import ARMS, JOINT, JOINTS, LEGS, PARENTS, BodyMotion, unit
from tempose.pose.keypoints import FINGERS, KEYPOINTS

# So much has what the parent tells to say beside the bend of a limb, whose sine is 1 at a right angle.
PARENT_SAYS = 0.08

# An ankle below this height, in lengths of the leg, bears on a level sole.
ON_GROUND = 0.12

# Bones of a finger are bent against one another by so much, radians, where a hand is at ease.
AT_EASE = 0.2


def body_motion(capture: CapturedMotion) -> BodyMotion:
    """The motion of a capture; its bones' lengths are those of whoever makes it."""
    place = {name: capture.points[:, index] for index, name in enumerate(KEYPOINTS)}
    hips, shoulders = (_middle(place, name) for name in ("hip", "shoulder"))
    up = unit(shoulders - hips)
    pelvis, chest = (_axes(_across(place, name), up) for name in ("hip", "shoulder"))
    face = (place["nose"] + _middle(place, "eye")) / 2  # straight ahead of the ears
    head = _axes(_across(place, "ear"), face - _middle(place, "ear"), ahead=True)
    world = np.tile(np.eye(3), (len(up), len(JOINTS), 1, 1))
    world[:, JOINT["pelvis"]], world[:, JOINT["chest"]], world[:, JOINT["head"]] = pelvis, chest, head
    world[:, JOINT["waist"]], world[:, JOINT["neck"]] = _between(pelvis, chest), _between(chest, head)
    ground = min(place[f"{side}_ankle"][:, 1].min() for side in ("right", "left"))
    leg = np.mean([_length(place, side) for side in ("right", "left")])
    for limb, parent, forward in ((ARMS, chest, -1), (LEGS, pelvis, 1)):
        for joints in limb:
            first, second, third = (place[JOINTS[joint]] for joint in joints)
            upper, lower = unit(first - second), unit(second - third)
            sideways = forward * np.cross(upper, lower) + PARENT_SAYS * _carried(parent, upper)[..., 0]
            world[:, joints[0]], world[:, joints[1]] = _axes(sideways, upper), _axes(sideways, lower)
            world[:, joints[2]] = world[:, joints[1]]
            if limb is LEGS:
                bears = np.clip(2 - (third[:, 1] - ground) / leg / ON_GROUND, 0, 1)[:, None]
                bears = bears * np.clip(lower[:, 1:2], 0, 1) ** 2
                world[:, joints[2]] = _axes(sideways, (1 - bears) * lower + bears * (0, 1, 0))
    turns = world.copy()
    turns[:, 1:] = np.swapaxes(world[:, PARENTS[1:]], -1, -2) @ world[:, 1:]
    root = (hips - (hips[0] * (1, 0, 1)) - (0, ground, 0)) / leg
    return BodyMotion(root, None, None, turns, capture.fps, None if capture.hands is None else _curl(capture.hands))


def _middle(place: dict[str, np.ndarray], name: str) -> np.ndarray:
    return (place[f"left_{name}"] + place[f"right_{name}"]) / 2


def _across(place: dict[str, np.ndarray], name: str) -> np.ndarray:
    return place[f"left_{name}"] - place[f"right_{name}"]


def _length(place: dict[str, np.ndarray], side: str) -> float:
    """Of a leg, the median over the frames."""
    hip, knee, ankle = (place[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
    return float(np.median(np.linalg.norm(hip - knee, axis=-1) + np.linalg.norm(knee - ankle, axis=-1)))


def _axes(left: np.ndarray, up: np.ndarray, *, ahead: bool = False) -> np.ndarray:
    """Axes `f 3 3` as columns, to the left, up and ahead: the second vector (up, or `ahead`), the first across it."""
    up = unit(up)
    left = unit(left - (left * up).sum(-1, keepdims=True) * up)
    third = np.cross(left, up)
    return np.stack([left, -third, up] if ahead else [left, up, third], axis=-1)


def _between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Half of the way from axes `f 3 3` to others that are less than a half turn away."""
    return _axes(one[..., 0] + other[..., 0], one[..., 1] + other[..., 1])


def _carried(parent: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The axes `f 3 3` of a parent, turned by the smallest rotation so that up is `up` (`f 3`)."""
    axis = np.cross(parent[..., 1], up)
    cosine = (parent[..., 1] * up).sum(-1)[:, None, None]
    turned = np.cross(axis[:, None], np.swapaxes(parent, -1, -2))
    rotated = np.swapaxes(parent, -1, -2) + turned + np.cross(axis[:, None], turned) / np.maximum(1 + cosine, 1e-6)
    return np.swapaxes(rotated, -1, -2)


def _curl(hands: np.ndarray) -> np.ndarray:
    """`f 2 5 3` as in BodyMotion, of the points of hands `f 2 21 3`; of what is missing 0."""
    fingers = hands[:, :, [list(finger) for finger in FINGERS]]  # f 2 5 5 3
    bones = unit(np.diff(fingers, axis=-2))
    bend = np.arccos(np.clip((bones[..., :-1, :] * bones[..., 1:, :]).sum(-1), -1, 1))
    return np.nan_to_num(bend - AT_EASE)
