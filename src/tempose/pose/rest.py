"""People who do not stand: they sit, kneel, crouch or lie, and what they rest on holds their hips where these are."""

from __future__ import annotations

import math

import numpy as np

from tempose.pose.bones import ANKLES, HIP_JOINTS, HIPS, NECK
from tempose.pose.placement import Placed, whole
from tempose.pose.room import Reach, united
from tempose.pose.whole import LEANING, WholeBody

KNEES = (9, 12)
LEGS = (*HIP_JOINTS, *KNEES, *ANKLES)

# In lengths of the trunk: thighs that hang by less than this together, and neither by more than that, are folded; so
# are legs whose ankles both are lower than the hips by less than LOW. Somebody who stands has 1.5, in a lunge .9.
FOLDED, HANGS, LOW = 0.8, 0.52, 0.8


def resting(body: WholeBody) -> np.ndarray:
    """bool `f`: whether the legs are seen, and seen folded, as of people who sit, kneel, crouch or lie."""
    points, seen = body.points / body.build.scale[:, None, None], body.seen
    hang = points[:, KNEES, 1] - points[:, HIP_JOINTS, 1]
    drop = points[:, ANKLES, 1] - points[:, HIP_JOINTS, 1]
    thighs = (hang.sum(1) < FOLDED) & (hang.max(1) < HANGS)
    low = seen[:, ANKLES].all(1) & (drop.max(1) < LOW)
    return seen[:, [*HIP_JOINTS, *KNEES]].all(1) & (thighs | low)


def at_rest(vectors: np.ndarray, person: WholeBody) -> np.ndarray:
    """Bone vectors `f 19 3` in lengths of the trunk with the photo's legs; of a person who lies, all others turned
    as the trunk lies."""
    own = person.vectors()[0]
    lean = math.atan2(own[NECK, 0], -own[NECK, 1])  # clockwise from upright
    rested = vectors.copy()
    if abs(lean) > math.radians(LEANING):
        turn = np.array([[math.cos(lean), math.sin(lean)], [-math.sin(lean), math.cos(lean)]])
        rested[..., :2] = vectors[..., :2] @ turn
    rested[:, LEGS] = own[list(LEGS)]
    return rested


def placed_at_rest(posed: np.ndarray, person: WholeBody, *, photo: tuple[int, int], reach: Reach) -> Placed:
    """Somebody whose hips and legs stay where the photo has them; a picture that arms or head leave reaches farther.

    Args:
        posed: `f 19 3` around the hips, in lengths of the trunk, the legs as in the photo.
        person: in the photo, one frame.
        photo: its (height, width).
        reach: of the person.
    """
    trunk = float(person.build.scale[0])
    points = trunk * posed + person.points[0, HIPS]
    left, top, right, _ = reach.room(points, trunk)
    return Placed(points, trunk, united(whole(photo), (left, top, right, float(photo[0]))))
