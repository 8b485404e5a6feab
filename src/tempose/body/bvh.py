"""Motion capture in BVH files: a strict reader, and the 18 key points that its joints say.

The format is Biovision's, as Meredith and Maddock describe it in "Motion Capture File Formats Explained"
(University of Sheffield, 2001): a hierarchy of joints with offsets and channels, then a line of channel
values for each frame. Angles are degrees; rotations apply in the order of the channels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from tempose.body.skeleton import Proportions, Skeleton, turn_x, turn_y, turn_z, unit
from tempose.core.errors import PoseError
from tempose.pose.bones import typical
from tempose.pose.keypoints import KEYPOINTS

# Names that joints bear in the wild, without prefix, "_" and case; earlier ones win. CMU, Mixamo and
# Poser call the collar bone a shoulder and the shoulder joint an arm, others the other way round.
NAMES = {
    "shoulder": ("{s}arm", "{s}uparm", "{s}upperarm", "{s}shoulder", "{c}shoulder", "{c}shldr"),
    "elbow": ("{s}forearm", "{s}lowarm", "{s}lowerarm", "{s}elbow", "{c}forearm", "{c}elbow"),
    "wrist": ("{s}hand", "{s}wrist", "{c}hand", "{c}wrist"),
    "hip": ("{s}upleg", "{s}upperleg", "{s}thigh", "{s}hip", "{c}thigh", "{c}hip"),
    "knee": ("{s}leg", "{s}lowleg", "{s}lowerleg", "{s}shin", "{s}knee", "{c}shin", "{c}knee"),
    "ankle": ("{s}foot", "{s}ankle", "{c}foot", "{c}ankle"),
}
TURNS = {"Xrotation": turn_x, "Yrotation": turn_y, "Zrotation": turn_z}
AXES = {"Xposition": 0, "Yposition": 1, "Zposition": 2}

# A first frame that is so many times farther from the second than any other from its next is no motion.
LEAP = 3.0

# Of a file: its bytes, and its joints in all frames together.
MAX_BYTES, MAX_PLACES = 200_000_000, 10_000_000


@dataclass(eq=False)
class Joint:
    """A joint: its name, its parent's index (-1 for the root), its offset and its channels."""

    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Capture:
    """A motion capture in the file's own unit, y up.

    Attributes:
        joints: parents before children; the ends of limbs are not among them.
        values: `f c`: what the file says of every channel.
        fps: frames per second.
    """

    joints: tuple[Joint, ...]
    values: np.ndarray
    fps: float

    def pose(self) -> tuple[np.ndarray, np.ndarray]:
        """Joints `f j 3` and their rotations in the world `f j 3 3`."""
        places = np.zeros((len(self.values), len(self.joints), 3))
        rotations = np.zeros((*places.shape, 3))
        column = 0
        for index, joint in enumerate(self.joints):
            offset = np.tile(joint.offset, (len(self.values), 1))
            turn = np.tile(np.eye(3), (len(self.values), 1, 1))
            for channel in joint.channels:
                values = self.values[:, column]
                column += 1
                if channel in AXES:
                    axis = AXES[channel]
                    offset[:, axis] = values if joint.parent < 0 else offset[:, axis] + values
                else:
                    turn = turn @ TURNS[channel](np.radians(values))
            if joint.parent < 0:
                places[:, index], rotations[:, index] = offset, turn
                continue
            above = rotations[:, joint.parent]
            places[:, index] = places[:, joint.parent] + np.einsum("fij,fj->fi", above, offset)
            rotations[:, index] = above @ turn
        return places, rotations

    def rest(self) -> np.ndarray:
        """Joints `j 3` with all rotations zero, the root at the origin."""
        places = np.zeros((len(self.joints), 3))
        for index, joint in enumerate(self.joints):
            if joint.parent >= 0:
                places[index] = places[joint.parent] + joint.offset
        return places


def read_bvh(path: Path | str) -> Capture:
    """Read a BVH file.

    Raises:
        PoseError: it is missing, too large, or breaks the format; the message says where.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PoseError(f"{path} is larger than {MAX_BYTES / 1e6:g} MB; cut the motion first")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise PoseError(f"there is no BVH file {path}") from None
    except UnicodeDecodeError:
        raise PoseError(f"{path} is not a BVH file: it is not text") from None
    try:
        return _parsed(text)
    except ValueError as error:
        raise PoseError(f"{path} is not a whole BVH file: {error}") from error
    except (RecursionError, OverflowError):
        raise PoseError(f"{path} is not a whole BVH file: its joints are nested too deep") from None
    except StopIteration:
        raise PoseError(f"{path} is not a whole BVH file: it ends too early") from None


def _parsed(text: str) -> Capture:
    head, motion, frames = text.partition("MOTION")
    if not motion:
        raise ValueError("the word MOTION is missing")
    words = iter(head.split())
    _expect(words, "HIERARCHY")
    _expect(words, "ROOT")
    joints: list[Joint] = []
    _read_joint(words, joints, parent=-1)
    if next(words, None) is not None:
        raise ValueError("there is a second root or a stray word before MOTION")

    words = (word.group() for word in re.finditer(r"\S+", frames))
    _expect(words, "Frames:")
    count = int(next(words))
    _expect(words, "Frame")
    _expect(words, "Time:")
    seconds = float(next(words))
    if not 1 <= count * len(joints) <= MAX_PLACES or not 1e-4 < seconds < 10:
        raise ValueError(f"it says {count} frames of {seconds:g} seconds")
    width = sum(len(joint.channels) for joint in joints)
    values = np.fromiter((float(word) for word in islice(words, count * width + 1)), float)
    if len(values) != count * width:
        raise ValueError(f"it holds {len(values)} numbers; {count} frames of {width} channels need {count * width}")
    if not np.isfinite(values).all():
        raise ValueError("a channel value is NaN or infinite")
    return Capture(tuple(joints), values.reshape(count, width), 1 / seconds)


def _read_joint(words: Iterator[str], joints: list[Joint], *, parent: int) -> None:
    """One joint with all below it, from its name to its closing brace."""
    name = next(words)
    while (word := next(words)) != "{":
        name += f" {word}"
    index = len(joints)
    joints.append(Joint(name, parent))
    while (word := next(words)) != "}":
        if word == "OFFSET":
            joints[index].offset = np.array([float(next(words)) for _ in range(3)])
        elif word == "CHANNELS":
            channels = tuple(next(words) for _ in range(int(next(words))))
            strange = set(channels) - set(TURNS) - set(AXES)
            if strange:
                raise ValueError(f"joint {name} has an unknown channel {sorted(strange)[0]}")
            joints[index].channels = channels
        elif word == "JOINT":
            _read_joint(words, joints, parent=index)
        elif word == "End":
            while next(words) != "}":
                pass
        else:
            raise ValueError(f"joint {name}: {word!r} is not a part of it")


def _expect(words: Iterator[str], wanted: str) -> None:
    given = next(words)
    if given != wanted:
        raise ValueError(f"{given[:40]!r} stands where {wanted!r} is wanted")


# Key points ---------------------------------------------------------------------------------------


def capture_keypoints(capture: Capture) -> np.ndarray:
    """`f 18 3`: the key points in the world, y up, turned so that the person at first faces +z.

    Captures often begin with a frame for calibration, a T; it is left out. Bones get typical lengths
    (`tempose.pose.bones.typical`). The face, of which a
    capture says nothing, is that of an average head on the head joint.

    Raises:
        PoseError: joints are missing or bear names that are not known.
    """
    place = {}
    for key in NAMES:
        for side in ("right", "left"):
            place[f"{side}_{key}"] = _find(capture, key, side)
    head = _find_head(capture)
    joints, rotations = capture.pose()
    points = np.zeros((len(joints), len(KEYPOINTS), 3))
    for name, index in place.items():
        points[:, KEYPOINTS.index(name)] = joints[:, index]
    shoulders = points[:, [KEYPOINTS.index("right_shoulder"), KEYPOINTS.index("left_shoulder")]]
    points[:, KEYPOINTS.index("neck")] = shoulders.mean(1)

    # The head's axes at rest: to the person's left, up, and forward.
    rest = capture.rest()
    left = unit(rest[place["left_hip"]] - rest[place["right_hip"]])
    up = unit(np.array([0.0, 1, 0]) - left[1] * left)
    axes = np.stack([left, up, np.cross(left, up)], axis=-1)
    trunk = np.linalg.norm(rest[place["left_shoulder"]] - rest[place["left_hip"]])
    average = Skeleton(Proportions.draw(np.random.default_rng(0)))
    face = average.face * trunk / average.proportions.trunk
    names = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")
    for name, offset in zip(names, face, strict=True):
        points[:, KEYPOINTS.index(name)] = joints[:, head] + rotations[:, head] @ axes @ offset
    return _facing_front(typical(_without_calibration(points)))


def _without_calibration(points: np.ndarray) -> np.ndarray:
    """World points `f 18 3` without a first frame, often a T, from which the motion leaps."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1).mean(1)
    leaps = len(points) > 2 and steps[0] > LEAP * steps[1:].max()
    return points[1:] if leaps else points


def _facing_front(points: np.ndarray) -> np.ndarray:
    """World points `f 18 3` turned about y so that the first frame's hips face +z."""
    left = points[0, KEYPOINTS.index("left_hip")] - points[0, KEYPOINTS.index("right_hip")]
    return points @ turn_y(float(np.arctan2(left[2], left[0]))).T


def _find(capture: Capture, key: str, side: str) -> int:
    """The index of a joint of the arms or legs."""
    names = [_plain(joint.name) for joint in capture.joints]
    for pattern in NAMES[key]:
        name = pattern.format(s=side, c=side[0])
        for spelling in (name, name.removeprefix(side) + side, name.removeprefix(side) + side[0]):
            if spelling in names:
                return names.index(spelling)
    raise PoseError(
        f"the BVH file has no joint for the {side} {key}; known names are those of CMU and Mixamo, such as "
        f"{NAMES[key][0].format(s=side.title(), c=side[0])}; it has: {', '.join(j.name for j in capture.joints)}"
    )


def _find_head(capture: Capture) -> int:
    names = [_plain(joint.name) for joint in capture.joints]
    for name in ("head", "neck1", "neck", "lowerneck"):
        if name in names:
            return names.index(name)
    raise PoseError(f"the BVH file has no joint Head; it has: {', '.join(j.name for j in capture.joints)}")


def _plain(name: str) -> str:
    """A joint's name without prefix (as in mixamorig:Hips), signs and case."""
    return "".join(letter for letter in name.split(":")[-1].lower() if letter.isalnum())
