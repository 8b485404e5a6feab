"""The bones that carry a person's surface.

They are the skeleton's joints and, at elbows, shoulders, knees and hips, one more that makes half of
the joint's turn: skin that follows them neither collapses nor creases. What hangs from a hand follows a
"grip", which goes with the hand but stays upright. Three bones a finger, the thumb's first, follow one another from the
palm. What the "ground" carries stays where it is.
"""

from itertools import product

from tempose.body.skeleton import JOINTS

HALVED = tuple(f"{side}_{joint}" for side in ("right", "left") for joint in ("shoulder", "elbow", "hip", "knee"))
PHALANGES = tuple(f"{side}_finger{f}-{b}" for side, f, b in product(("right", "left"), range(1, 6), range(1, 4)))
BONES = (*JOINTS, *(f"half_{name}" for name in HALVED), "right_grip", "left_grip", *PHALANGES, "ground")
BONE = {name: index for index, name in enumerate(BONES)}
