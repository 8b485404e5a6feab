"""A motion capture: a tree of joints, and what every joint does in every frame.

Angles are degrees; rotations apply in the order of the channels (Meredith and Maddock, "Motion Capture File
Formats Explained", University of Sheffield, 2001).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tempose.body.skeleton import turn_x, turn_y, turn_z

TURNS = {"Xrotation": turn_x, "Yrotation": turn_y, "Zrotation": turn_z}
AXES = {"Xposition": 0, "Yposition": 1, "Zposition": 2}


@dataclass(eq=False)
class Joint:
    """A joint: its name, its parent's index (-1 for a root), its offset and its channels.

    An `end` is the tip of a limb: it has an offset, but does not move by itself.
    """

    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: tuple[str, ...] = ()
    end: bool = False


@dataclass(frozen=True, eq=False)
class Capture:
    """A motion capture in the file's own unit and axes.

    Attributes:
        joints: parents before children.
        values: `f c`: what the file says of every channel.
        fps: frames per second.
    """

    joints: tuple[Joint, ...]
    values: np.ndarray
    fps: float

    @cached_property
    def pose(self) -> tuple[np.ndarray, np.ndarray]:
        """Joints `f j 3` and their rotations in the world `f j 3 3`."""
        places = np.zeros((len(self.values), len(self.joints), 3))
        rotations = np.zeros((*places.shape, 3))
        column = 0
        for index, joint in enumerate(self.joints):
            values = self.values[:, column : column + len(joint.channels)]
            column += len(joint.channels)
            offset = self._offset(joint, values)
            turn = np.broadcast_to(np.eye(3), (len(values), 3, 3))
            for channel, angles in zip(joint.channels, values.T, strict=True):
                if channel in TURNS:
                    turn = turn @ TURNS[channel](np.radians(angles))
            if joint.parent < 0:
                places[:, index], rotations[:, index] = offset, turn
                continue
            above = rotations[:, joint.parent]
            places[:, index] = places[:, joint.parent] + np.einsum("fij,fj->fi", above, offset)
            rotations[:, index] = above @ turn
        return places, rotations

    @staticmethod
    def _offset(joint: Joint, values: np.ndarray) -> np.ndarray:
        """`f 3`: a joint seen from its parent.

        A root's position channels say where it is. Those of another joint either hold its offset, as Blender
        writes them, or what is added to it: whichever they are nearer to.
        """
        offset = np.tile(joint.offset, (len(values), 1))
        given = [(AXES[channel], column) for column, channel in enumerate(joint.channels) if channel in AXES]
        if not given:
            return offset
        axes, columns = (list(numbers) for numbers in zip(*given, strict=True))
        moves, still = values[:, columns], joint.offset[axes]
        held = np.median(np.abs(moves - still).sum(1)) < np.median(np.abs(moves).sum(1))
        offset[:, axes] = moves if joint.parent < 0 or held else still + moves
        return offset

    @cached_property
    def rest(self) -> np.ndarray:
        """Joints `j 3` with all rotations zero, the root at the origin."""
        places = np.zeros((len(self.joints), 3))
        for index, joint in enumerate(self.joints):
            if joint.parent >= 0:
                places[index] = places[joint.parent] + joint.offset
        return places

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """For every joint those that hang on it."""
        below: list[list[int]] = [[] for _ in self.joints]
        for index, joint in enumerate(self.joints):
            if joint.parent >= 0:
                below[joint.parent].append(index)
        return tuple(map(tuple, below))

    @cached_property
    def lengths(self) -> np.ndarray:
        """`j`: from every joint to its parent; 0 for a root."""
        places = self.pose[0]
        parents = [max(joint.parent, 0) for joint in self.joints]
        lengths = np.median(np.linalg.norm(places - places[:, parents], axis=-1), axis=0)
        return np.where([joint.parent < 0 for joint in self.joints], 0.0, lengths)

    def ancestors(self, index: int) -> list[int]:
        """The joints from the one above `index` up to the root."""
        found = []
        while (index := self.joints[index].parent) >= 0:
            found.append(index)
        return found
