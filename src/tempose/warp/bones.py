"""The bones along which the layers move: chains of straight parts, each between two joints."""

from __future__ import annotations

from dataclasses import dataclass

from tempose.warp.flesh import HEAD, LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK
from tempose.warp.joints import (
    ANKLES,
    CHIN,
    COLLAR,
    CROWN,
    HIPS,
    KNEES,
    LEFT_GRIP,
    LEFT_PLUMB,
    LEFT_TOES,
    RIGHT_GRIP,
    RIGHT_PLUMB,
    RIGHT_TOES,
)


@dataclass(frozen=True)
class Bone:
    """A straight part of a chain.

    Attributes:
        layer: whose picture it moves.
        start, end: the joints between which it runs; a last bone goes on beyond its end.
        radius: half its typical width, in lengths of the trunk.
        bend: how much of the chain the joint at its start rounds, to either side, in lengths of the trunk.
        before: the index of the bone that it goes on from, if any.
    """

    layer: int
    start: int
    end: int
    radius: float
    bend: float = 0.0
    before: int | None = None


# Of one layer, those that lie in front come last.
BONES = (
    Bone(TRUNK, ANKLES, KNEES, 0.3),
    Bone(TRUNK, KNEES, HIPS, 0.3, 0.25, 0),
    Bone(TRUNK, HIPS, COLLAR, 0.34, 0.2, 1),
    Bone(TRUNK, HIPS, CHIN, 0.1),  # the neck: from the hips, so that a short one has a direction, too
    Bone(HEAD, CHIN, CROWN, 0.24),
    Bone(RIGHT_ARM, 2, 3, 0.12),
    Bone(RIGHT_ARM, 3, 4, 0.1, 0.06, 5),
    Bone(LEFT_ARM, 5, 6, 0.12),
    Bone(LEFT_ARM, 6, 7, 0.1, 0.06, 7),
    Bone(RIGHT_LEG, 8, 9, 0.17),
    Bone(RIGHT_LEG, 9, 10, 0.13, 0.09, 9),
    Bone(RIGHT_LEG, 10, RIGHT_TOES, 0.13, 0.05, 10),
    Bone(LEFT_LEG, 11, 12, 0.17),
    Bone(LEFT_LEG, 12, 13, 0.13, 0.09, 12),
    Bone(LEFT_LEG, 13, LEFT_TOES, 0.13, 0.05, 13),
    Bone(RIGHT_ARM, RIGHT_GRIP, RIGHT_PLUMB, 0.3),
    Bone(LEFT_ARM, LEFT_GRIP, LEFT_PLUMB, 0.3),
)
BONE_LAYERS = tuple(bone.layer for bone in BONES)
AFTER = tuple(next((i for i, after in enumerate(BONES) if after.before == index), None) for index in range(len(BONES)))

SKIRT = slice(0, 2)  # of a cloth that hangs before both legs
TRUNK_BONE, NECK_BONE, HEAD_BONE = 2, 3, 4
CARRYING = ((6, 15), (8, 16))  # of the right arm and of the left one: the forearm, and what hangs from its hand
