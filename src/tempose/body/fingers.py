"""The fingers of a motion capture, by the names that programs give them."""

from __future__ import annotations

import re

import numpy as np

from tempose.body.capture import Capture
from tempose.body.joint_names import split
from tempose.pose.keypoints import FINGERS, HAND_POINTS

# Words that name a finger, from the thumb to the little one; Japanese names have no spaces.
WORDS = (
    ("thumb", "親指", "oyayubi", "pollex"),
    ("index", "人指", "人差", "pointer", "forefinger"),
    ("middle", "mid", "中指"),
    ("ring", "薬指"),
    ("pinky", "pinkie", "little", "small", "小指"),
)

# The bone in the palm: it begins at the wrist, and is no part of a finger but of the thumb.
IN_PALM = ("metacarpal", "carpal", "meta", "base")

# A finger of fewer joints than this, its tip counted, cannot bend.
LEAST = 3


def find_fingers(capture: Capture, wrist: int) -> dict[int, tuple[int, ...]]:
    """The joints of each finger below a wrist, from the palm to the tip, four at most: finger (0: thumb) → joints."""
    below = [index for index in range(len(capture.joints)) if wrist in capture.ancestors(index)]
    named: dict[int, list[int]] = {}
    numbered: dict[int, list[int]] = {}
    for index in below:
        joint = capture.joints[index]
        if joint.end:
            continue
        words = split(joint.name)
        finger = _finger(words)
        if finger is not None and not (finger > 0 and any(word.startswith(IN_PALM) for word in words)):
            named.setdefault(finger, []).append(index)
        elif (number := _number(words)) is not None:
            numbered.setdefault(number, []).append(index)
    if not named and numbered:
        from_one = 0 not in numbered and len(numbered) == len(FINGERS)  # of 1 … 4, 1 is the index finger
        named = {number - from_one: joints for number, joints in numbered.items()}
    found = {}
    for finger, joints in named.items():
        ends = [child for child in capture.children[joints[-1]] if capture.joints[child].end]
        chain = (joints + ends)[: HAND_POINTS // len(FINGERS)]
        if len(chain) >= LEAST and finger < len(FINGERS):
            found[finger] = tuple(chain)
    return found


def hand_points(places: np.ndarray, wrist: int, fingers: dict[int, tuple[int, ...]]) -> np.ndarray:
    """`f 21 3`: the points of a hand from joints `f j 3`; NaN where the capture has none."""
    points = np.full((len(places), HAND_POINTS, 3), np.nan)
    points[:, 0] = places[:, wrist]
    for finger, joints in fingers.items():
        points[:, list(FINGERS[finger][1 : 1 + len(joints)])] = places[:, list(joints)]
    return points


def _finger(words: list[str]) -> int | None:
    for finger, known in enumerate(WORDS):
        if any(word in known or any(name in word for name in known if not name.isascii()) for word in words):
            return finger
    return None


def _number(words: list[str]) -> int | None:
    """The number of a finger that has no name, as in `L Finger21`: the first digit after the word."""
    found = re.search(r"(?:finger|digit)(\d)", "".join(words))
    return int(found[1]) if found else None
