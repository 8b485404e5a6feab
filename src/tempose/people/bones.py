"""The bones that carry a person's surface.

They are the skeleton's joints and, at elbows, shoulders, knees and hips, one more that makes half of
the joint's turn: skin that follows them neither collapses nor creases. What hangs from a hand follows a
"grip", which goes with the hand but stays upright.
"""

from tempose.body.skeleton import JOINTS

HALVED = tuple(f"{side}_{joint}" for side in ("right", "left") for joint in ("shoulder", "elbow", "hip", "knee"))
BONES = (*JOINTS, *(f"half_{name}" for name in HALVED), "right_grip", "left_grip")
BONE = {name: index for index, name in enumerate(BONES)}
