"""Which joint of a capture is which, by the shape of the tree: for names that nobody knows.

A person is a root with two equal chains, the legs, and a third, the spine, on which hang two equal chains, the
arms, and the head. Thigh and shin are the last two long bones of a leg that follow one another; so are upper arm
and forearm of an arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from tempose.body.capture import Capture
from tempose.body.joint_names import LIMBS, side_of
from tempose.body.skeleton import unit

# Two chains whose lengths differ by no more than this share are a pair.
ALIKE = 0.12

# A bone of arm or leg is no shorter than this share of the limb's longest; collar bones, hands and feet may be.
LONG = 0.45

# A first bone that is shorter than this share of the second is a collar bone: upper arms are longer than forearms.
SHORTER = 0.85

# So many pairs of chains are looked at, the longest first.
MOST_PAIRS = 40

Pair = tuple[int, int, int]  # the joint that they hang on, and the first joint of each


def by_shape(capture: Capture) -> dict[str, int]:
    """The joints of a person's tree: `left_shoulder`, …, `right_ankle`, `head` → index; empty where it is none."""
    found = _arms_and_legs(capture)
    if found is None:
        return {}
    arms, legs = found
    limbs = [[_limb(capture, start) for start in pair[1:]] for pair in (arms, legs)]
    if any(limb is None for pair in limbs for limb in pair):
        return {}
    head = _head(capture, arms, legs)
    joints = {} if head is None else {"head": head}
    whole = [[limb for limb in pair if limb is not None] for pair in limbs]
    for parts, pair in zip(LIMBS, _left_first(capture, whole, arms[0], legs[0]), strict=True):
        for side, limb in zip(("left", "right"), pair, strict=True):
            joints |= {f"{side}_{part}": index for part, index in zip(parts, limb, strict=True)}
    return joints


def _reach(capture: Capture) -> np.ndarray:
    """`j`: the length of the longest chain that begins with the bone to each joint."""
    reach = capture.lengths.copy()
    for index in range(len(reach) - 1, -1, -1):
        below = [reach[child] for child in capture.children[index]]
        reach[index] += max(below, default=0.0)
    return reach


def _arms_and_legs(capture: Capture) -> tuple[Pair, Pair] | None:
    """The two longest pairs of chains that are alike, neither inside the other."""
    reach = _reach(capture)
    pairs: list[tuple[float, Pair]] = []
    for index, children in enumerate(capture.children):
        longest_first = sorted(children, key=lambda child: -reach[child])
        for one, other in combinations(longest_first[:MOST_PAIRS], 2):
            longest = max(reach[one], reach[other])
            if longest > 0 and abs(reach[one] - reach[other]) < ALIKE * longest:
                pairs.append((longest, (index, one, other)))
    apart = [
        (one_reach + other_reach, one, other)
        for (one_reach, one), (other_reach, other) in combinations(sorted(pairs, reverse=True)[:MOST_PAIRS], 2)
        if _root(capture, one[0]) == _root(capture, other[0])
        and not {one[1], one[2]} & {other[1], other[2]}
        and not _inside(capture, one, other)
        and not _inside(capture, other, one)
    ]
    if not apart:
        return None
    _, one_pair, other_pair = max(apart)
    return _arms_first(capture, one_pair, other_pair, reach)


def _root(capture: Capture, index: int) -> int:
    return [index, *capture.ancestors(index)][-1]


def _inside(capture: Capture, inner: Pair, outer: Pair) -> bool:
    """Whether a pair hangs on one of the limbs of another."""
    above = [inner[0], *capture.ancestors(inner[0])]
    return outer[1] in above or outer[2] in above


def _arms_first(capture: Capture, one: Pair, other: Pair, reach: np.ndarray) -> tuple[Pair, Pair]:
    """Which of two pairs are the arms: beside them there is one more chain, the head."""

    def beside(pair: Pair, way_to: Pair) -> float:
        way = {way_to[0], *capture.ancestors(way_to[0])}
        rest = [child for child in capture.children[pair[0]] if child not in {*pair[1:], *way_to[1:], *way}]
        return max((float(reach[child]) for child in rest), default=0.0)

    if one[0] == other[0]:  # all limbs hang on one joint: the arms begin nearer to the head
        rest = [child for child in capture.children[one[0]] if child not in (*one[1:], *other[1:])]
        if not rest:
            return one, other
        head = capture.pose[0][:, max(rest, key=lambda child: reach[child])]
        far = [
            np.linalg.norm(capture.pose[0][:, list(pair[1:])].mean(1) - head, axis=-1).mean() for pair in (one, other)
        ]
        return (one, other) if far[0] <= far[1] else (other, one)
    sides = beside(one, other), beside(other, one)
    if sides[0] == sides[1]:
        return (other, one) if one[0] in capture.ancestors(other[0]) else (one, other)
    return (one, other) if sides[0] > sides[1] else (other, one)


def _main_chain(capture: Capture, start: int) -> list[int]:
    """The joints of the longest chain from `start` on."""
    reach = _reach(capture)
    chain = [start]
    while capture.children[chain[-1]]:
        chain.append(max(capture.children[chain[-1]], key=lambda child: reach[child]))
    return chain


def _limb(capture: Capture, start: int) -> tuple[int, int, int] | None:
    """The three joints of a limb: around the last two long bones that follow one another.

    A tip counts only where the limb has no joint there: a forearm whose end is the wrist.
    """
    whole = _main_chain(capture, start)
    chain = [index for index in whole if capture.children[index]]
    if len(chain) < 3:
        chain = whole[:3]
    bones = capture.lengths[chain[1:]]
    long = bones >= LONG * max(bones, default=0)
    starts = np.flatnonzero(long[:-1] & long[1:])
    if len(starts) == 0:
        return None
    first = int(starts[-1])
    tip = whole[len(chain)] if len(whole) > len(chain) else None
    collar = len(chain) == 3 and bones[0] < SHORTER * bones[1]
    if collar and tip is not None and capture.lengths[tip] >= LONG * max(bones):
        return chain[1], chain[2], tip
    return chain[first], chain[first + 1], chain[first + 2]


def _head(capture: Capture, arms: Pair, legs: Pair) -> int | None:
    """The last joint beside the arms that turns something, or has eyes and hair: not the tip of the head."""
    way = {legs[0], *capture.ancestors(legs[0])}
    reach = _reach(capture)
    rest = [child for child in capture.children[arms[0]] if child not in (*arms[1:], *legs[1:]) and child not in way]
    if not rest:
        return None
    chain = _main_chain(capture, max(rest, key=lambda child: reach[child]))
    chain = [index for index in chain if capture.joints[index].channels]
    branching = [index for index in chain if len(capture.children[index]) > 1]
    if branching:
        return branching[0]
    tip = bool(chain) and not any(capture.lengths[child] > 0 for child in capture.children[chain[-1]])
    return None if not chain else chain[-2] if tip and len(chain) > 1 else chain[-1]


# Left and right -----------------------------------------------------------------------------------


def _left_first(
    capture: Capture, limbs: Sequence[Sequence[tuple[int, int, int]]], chest: int, hips: int
) -> list[list[tuple[int, int, int]]]:
    """The arms and the legs, each left before right: by their names, or by the way that feet and knees point."""
    told = [[_told_side(capture, limb) for limb in pair] for pair in limbs]
    if all(sorted(map(str, sides)) == ["left", "right"] for sides in told):
        return [list(pair) if sides[0] == "left" else list(pair)[::-1] for pair, sides in zip(limbs, told, strict=True)]
    places = capture.pose[0]
    arms, legs = limbs
    middles = [places[:, [limb[0] for limb in pair]].mean(1) for pair in (arms, legs)]
    up = unit(middles[0] - middles[1])
    left = np.cross(up, forward(capture, legs))
    ordered = []
    for one, other in limbs:
        leans = ((places[:, one[0]] - places[:, other[0]]) * left).sum(-1).mean()
        ordered.append([one, other] if leans > 0 else [other, one])
    return ordered


def _told_side(capture: Capture, limb: tuple[int, int, int]) -> str | None:
    told = {side_of(capture.joints[index].name) for index in limb} - {None}
    return told.pop() if len(told) == 1 else None


def forward(capture: Capture, legs: Sequence[Sequence[int]]) -> np.ndarray:
    """`f 3`: where toes and bent knees point, not yet level."""
    return feet_ahead(capture, legs) + knees_ahead(capture, legs)


def knees_ahead(capture: Capture, legs: Sequence[Sequence[int]]) -> np.ndarray:
    """`f 3`: where bent knees point."""
    places = capture.pose[0]
    middles = [places[:, knee] - (places[:, hip] + places[:, ankle]) / 2 for hip, knee, ankle in legs]
    return np.sum(middles, axis=0)


def feet_ahead(capture: Capture, legs: Sequence[Sequence[int]]) -> np.ndarray:
    """`f 3`: where toes point, across the shins; 0 where there are none."""
    places = capture.pose[0]
    ahead = np.zeros((len(places), 3))
    for _, knee, ankle in legs:
        toes = [child for child in capture.children[ankle] if "heel" not in capture.joints[child].name.lower()]
        if toes:
            tip = _main_chain(capture, max(toes, key=lambda child: _reach(capture)[child]))[-1]
            shin = unit(places[:, ankle] - places[:, knee])
            foot = places[:, tip] - places[:, ankle]
            ahead += foot - (foot * shin).sum(-1, keepdims=True) * shin
    return ahead
