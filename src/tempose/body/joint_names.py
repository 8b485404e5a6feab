"""Which joint of a capture is which, by the names that programs give them.

A name is cut into words (`mixamorig:LeftUpLeg`, `Bip01 L Thigh`, `thigh_l`, `J_Bip_L_UpperLeg`, `左足` …). Words
that most joints share say nothing and are dropped; one says the side, the rest the part.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, product

from tempose.body.capture import Capture

SIDES = {
    "left": ("left", "l", "lt", "lft", "hidari", "左"),
    "right": ("right", "r", "rt", "rgt", "migi", "右"),
}

# The words for a joint, the surest first. CMU, Mixamo and Poser call the collar bone a shoulder and the shoulder
# joint an arm, others the other way round; a leg is the shin, or with MMD the thigh. A name is that of the bone
# below a joint (thigh, humerus) or of the joint itself (hip, shoulder).
PARTS = {
    "shoulder": (
        "upperarm", "armupper", "uparm", "uarm", "humerus", "shldrbend", "上腕", "腕", "arm", "bicep",
        "shldr", "shoulder",
    ),
    "elbow": (
        "forearm", "farm", "lowerarm", "armlower", "lowarm", "larm", "forearmbend", "radius", "ulna",
        "elbow", "ひじ", "肘", "前腕",
    ),
    "wrist": (
        "wrist", "手首", "hand", "palm", "手",
    ),
    "hip": (
        "upperleg", "legupper", "upleg", "uleg", "thigh", "thighbend", "femur", "太もも", "足", "hip",
        "hipjoint", "leg",
    ),
    "knee": (
        "lowerleg", "leglower", "lowleg", "shin", "shinbend", "calf", "tibia", "knee", "ひざ", "膝", "すね",
        "leg",
    ),
    "ankle": (
        "ankle", "足首", "foot",
    ),
}  # fmt: skip
LIMBS = (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
HEADS = ("head", "頭", "skull", "spine006")  # the last: Rigify's
NECKS = ("neck", "首", "lowerneck", "upperneck")
MIDDLE = ("c", "m", "mid", "center", "centre")

# So many joints of one name are looked at; nobody has more arms.
MOST_ALIKE = 12

# A word or an ending that so many of the joints share is no part of their names.
SHARED = 0.6


def by_name(capture: Capture) -> dict[str, int]:
    """The joints that bear known names: `left_shoulder`, …, `right_ankle`, `head` or `neck` → index.

    A limb is there as a whole, its joints one below the other, or not at all.
    """
    indices = [index for index, joint in enumerate(capture.joints) if not joint.end]
    names = dict(zip(indices, plain_names([capture.joints[index].name for index in indices]), strict=True))
    found: dict[str, int] = {}
    for side, limb in product(SIDES, LIMBS):
        candidates = [_candidates(names, part, side) for part in limb]
        best = min(
            ((ranks, joints) for ranks, joints in _chains(candidates) if _below_one_another(capture, joints)),
            default=None,
        )
        if best is not None:
            found |= {f"{side}_{part}": index for part, index in zip(limb, best[1], strict=True)}
    for key, words in (("head", HEADS), ("neck", NECKS)):
        for index, name in names.items():
            kept = tuple(word for word in name if word not in MIDDLE)
            if key not in found and ({_without_numbers(kept), "".join(kept)} & set(words)):
                found[key] = index
    return found


def side_of(name: str) -> str | None:
    """The side that a joint's name tells, by a word of its own; None where it tells none."""
    words = split(name)
    for side, marks in SIDES.items():
        if any(word in marks for word in words) or any(mark in name for mark in marks[-1:]):
            return side
    return None


def plain_names(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The words of each name, without those at its beginning and end that most names share."""
    spelled = list(names)
    start = _common_letters(spelled)  # in one word with the rest, as in mixamorighips
    words = [split(name[start:]) for name in spelled]
    for _ in range(6):
        for end in (0, -1):
            counts = Counter(name[end] for name in words if len(name) > 1)
            shared = {word for word, count in counts.items() if count >= max(3, SHARED * len(words))}
            shared -= {word for words in (*SIDES.values(), *PARTS.values(), HEADS, NECKS) for word in words}
            words = [
                (name[1:] if end == 0 else name[:-1]) if len(name) > 1 and name[end] in shared else name
                for name in words
            ]
    return [tuple(name) for name in words]


def split(name: str) -> list[str]:
    """A name in words: cut at signs, before capitals and around numbers; without namespace and case."""
    name = unicodedata.normalize("NFKC", name).strip("\"'")
    name = re.split(r"[:|]", name)[-1]
    return [word.casefold() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+", name)]


def _common_letters(names: Sequence[str]) -> int:
    """How many letters at the beginning all names share, where they run on in small letters."""
    if len(names) < 3:
        return 0
    first, last = min(names), max(names)
    count = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return count if count >= 3 else 0


def _candidates(names: dict[int, tuple[str, ...]], part: str, side: str) -> list[tuple[int, int]]:
    """(rank, joint) of the joints of a side whose names mean a part, parents before children."""
    found = []
    for index, words in names.items():
        ranks = [PARTS[part].index(rest) for rest in _rests(words, side) if rest in PARTS[part]]
        if ranks:
            found.append((min(ranks), index))
    return sorted(found)[:MOST_ALIKE]


def _rests(words: tuple[str, ...], side: str) -> list[str]:
    """What a name may say besides its side; nothing where it is not of this side."""
    whole = _without_numbers(words)
    rests = []
    for mark in SIDES[side]:
        if mark in words:
            rests.append(_without_numbers(tuple(word for word in words if word != mark)))
        if whole.startswith(mark):
            rests.append(whole[len(mark) :])
        if whole.endswith(mark):
            rests.append(whole[: -len(mark)])
    return rests


def _without_numbers(words: tuple[str, ...]) -> str:
    return "".join(word for word in words if not word.isdigit())


def _chains(candidates: list[list[tuple[int, int]]]) -> list[tuple[int, tuple[int, ...]]]:
    """Every choice of one joint a part: (sum of ranks, joints)."""
    return [(sum(rank for rank, _ in choice), tuple(index for _, index in choice)) for choice in product(*candidates)]


def _below_one_another(capture: Capture, joints: tuple[int, ...]) -> bool:
    return all(above in capture.ancestors(below) for above, below in pairwise(joints))
