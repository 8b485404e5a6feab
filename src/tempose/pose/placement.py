"""Where a retargeted person stands in the photo, how large they are, and how far they go.

A foot stands while its ankle hardly moves in the driver's picture and is as low as the other one, or lower. On a body
of other proportions it would slide by the difference of the legs; so the hips go as the standing foot demands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempose.pose.bones import ANKLES, FACE, HIP_JOINTS, HIPS, NECK, SHOULDERS
from tempose.pose.room import Box, Reach, united
from tempose.pose.whole import WholeBody

# What of the body is below each joint of somebody who stands, kneels, sits or lies on it, in lengths of the trunk.
BELOW = np.full(HIPS, 0.1)
BELOW[list(ANKLES)], BELOW[list(HIP_JOINTS)], BELOW[list(FACE)] = 0.14, 0.2, 0.2
BELOW[[NECK, *SHOULDERS]] = 0.15

# A driver who leaves the ground by less, in lengths of the trunk, stands: key points waver.
STEP = 0.06

# In lengths of the trunk: how fast, a second, an ankle may move sideways that stands, and how much higher than the
# other one it may be.
SLOW, LEVEL = 0.5, 0.2

# Seconds from the ground to the ground at most, half of it up: a longer one is a walk into the distance.
AIRBORNE = 0.5

# A person too large for the picture is made smaller down to this share of their size.
SMALLEST = 0.75

# How far the hips may travel to either side, in heights of the person: farther, and a picture that
# holds the whole way shows the person too small.
FARTHEST_WAY = 0.45

# Of a way of which less than this share is left nothing is.
LEAST_WAY = 0.2

# Somebody cut by the photo's lower edge stands there as high as the driver does in the tallest tenth of the frames.
UPRIGHT = 0.1

# A way that is shorter than this in all, in lengths of the trunk, is none.
SWAYING = 0.3


@dataclass(frozen=True, eq=False)
class Placed:
    """A person put into a picture.

    Attributes:
        points: `f 19 3`: pixels and depth.
        trunk: its length in pixels, one or `f`.
        picture: (left, top, right, bottom) of what is to be shown.
        size: how large the person is, of what they are in the photo.
        way: how much of the way is left; 0 of somebody who walks in place, 1 of somebody who hardly moves on.
        camera: `f`: how far the camera has gone to the right since the first frame, in pixels; None: nowhere.
    """

    points: np.ndarray
    trunk: np.ndarray | float
    picture: Box
    size: float = 1.0
    way: float = 1.0
    camera: np.ndarray | None = None


def as_it_is(driver: WholeBody, frame: tuple[int, int], photo: tuple[int, int]) -> Placed:
    """The driver's frame of (height, width) fitted into the photo, in the middle."""
    (height, width), (h, w) = photo, frame
    scale = min(height / h, width / w)
    shift = np.array([(width - scale * w) / 2, (height - scale * h) / 2, 0])
    return Placed(scale * driver.points + shift, scale * driver.build.scale, whole(photo))


def placed(
    posed: np.ndarray,
    driver: WholeBody,
    person: WholeBody,
    *,
    photo: tuple[int, int],
    reach: Reach,
    fps: float,
    follow: bool = False,
) -> Placed:
    """A person on the floor of their photo, as large and the way as long as the photo holds; feet that stand stay.

    Args:
        posed: `f 19 3` around the hips, in lengths of the trunk.
        driver: whose way and jumps they are.
        person: in the photo, one frame.
        photo: its (height, width).
        reach: of the person.
        fps: frames per second of the driver.
        follow: whether the camera goes the way instead of the person.
    """
    trunk = float(person.build.scale[0])
    still = posed.copy()
    still[..., 1] += heights(posed, driver, fps=fps)[:, None]
    if is_cut(person, photo):
        return _cut(trunk * still, trunk * gone(posed, driver, fps=fps), person, photo, follow=follow)
    own = person.points[0]
    floor = float(lowest(person.points, trunk)[0])
    left, top, right, _ = united(reach.room(person.points, trunk), whole(photo))

    low, upper, high, _ = reach.room(trunk * still, trunk)
    fits = min((floor - top) / max(-upper, 1.0), (right - left) / max(high - low, 1.0), 1.0)
    size = max(fits, SMALLEST)
    still, low, upper, high, trunk = size * trunk * still, size * low, size * upper, size * high, size * trunk
    x = own[HIPS, 0]
    if high - low <= right - left:
        x = float(np.clip(x, left - low, right - high))
    way, sides = trunk * gone(posed, driver, fps=fps), reach.boxes(still, trunk)[:, ::2]
    share, camera = 1.0, way if follow else None
    if not follow:
        share = _share(way, sides, left - x, right - x, FARTHEST_WAY * -upper)
        still[..., 0] += share * way[:, None]
    points = still + np.array([x, floor, 0])
    picture = whole(photo)
    if fits < SMALLEST:
        needed = reach.room(points, trunk)
        picture = united(picture, (*needed[:3], picture[3]))
    return Placed(points, trunk, picture, size, share if np.ptp(way) > SWAYING * trunk else 1.0, camera)


def is_cut(person: WholeBody, photo: tuple[int, int]) -> bool:
    """Whether a photo's lower edge cuts the person."""
    return bool(np.nanmax(person.points[0, :HIPS, 1]) > photo[0])


def _cut(still: np.ndarray, way: np.ndarray, person: WholeBody, photo: tuple[int, int], *, follow: bool) -> Placed:
    """Somebody whom the lower edge cuts: as large as in the photo, and the neck as high whenever the driver stands
    up straight; the edges cut what leaves the picture. Points and way are in pixels.
    """
    own, trunk = person.points[0], float(person.build.scale[0])
    floor = own[NECK, 1] - np.quantile(still[:, NECK, 1], UPRIGHT)
    x = own[NECK, 0] - still[0, NECK, 0]
    shown = still[:, [*FACE, NECK, *SHOULDERS], 0]
    sides = np.stack([np.nanmin(shown, axis=1), np.nanmax(shown, axis=1)], axis=-1)
    high = float(np.ptp(still[0, [NECK, *ANKLES], 1]))
    share, camera = 1.0, way if follow else None
    if not follow:
        share = _share(way, sides, -x, photo[1] - x, FARTHEST_WAY * high)
        still[..., 0] += share * way[:, None]
    points = still + np.array([x, floor, 0])
    return Placed(points, trunk, whole(photo), way=share if np.ptp(way) > SWAYING * trunk else 1.0, camera=camera)


def lowest(points: np.ndarray, unit: np.ndarray | float) -> np.ndarray:
    """`f`: where whatever part of the body is lowest touches the floor, for points `f 19 …` of a whole body."""
    return np.nanmax(points[:, :HIPS, 1] + np.multiply.outer(np.broadcast_to(unit, len(points)), BELOW), axis=1)


def heights(points: np.ndarray, driver: WholeBody, *, fps: float) -> np.ndarray:
    """`f`: how far the hips are below the floor (negative: above), in lengths of the trunk.

    The lowest joint stands on the floor, except where the driver leaves the ground: where the lowest of theirs
    is higher than shortly before and after.
    """
    lower = lowest(driver.points, driver.build.scale)
    span = max(1, round(AIRBORNE * fps))
    before = np.lib.stride_tricks.sliding_window_view(np.pad(lower, (span, 0), mode="edge"), span + 1).max(-1)
    after = np.lib.stride_tricks.sliding_window_view(np.pad(lower, (0, span), mode="edge"), span + 1).max(-1)
    jump = (np.minimum(before, after) - lower) / driver.build.scale
    return -lowest(points, 1.0) - np.maximum(jump - STEP, 0)


def standing(driver: WholeBody, *, fps: float) -> np.ndarray:
    """bool `f-1 2`: whether the right foot and the left stand from each frame to the next."""
    ankles = driver.points[:, ANKLES, :2] / driver.build.scale[:, None, None]
    seen = driver.seen[:, ANKLES]
    slow = np.abs(np.diff(ankles[..., 0], axis=0)) * fps < SLOW
    low = ankles[..., 1] > ankles[..., 1].max(1, keepdims=True) - LEVEL
    return slow & low[1:] & low[:-1] & seen[1:] & seen[:-1]


def gone(posed: np.ndarray, driver: WholeBody, *, fps: float) -> np.ndarray:
    """`f`: how far the hips have gone to the right since the first frame, in lengths of the trunk.

    As far as the driver's, but where a foot stands as far as keeps it there; of two feet that stand, their mean.

    Args:
        posed: `f 19 3`: the person around the hips, in lengths of the trunk.
    """
    steps = np.diff(driver.points[:, HIPS, 0]) / driver.build.scale[1:]
    stand = standing(driver, fps=fps)
    back = -np.diff(posed[:, ANKLES, 0], axis=0)  # f-1 2: what the hips must go for the ankle to stay
    held = (back * stand).sum(1) / np.maximum(stand.sum(1), 1)
    return np.concatenate([[0.0], np.cumsum(np.where(stand.any(1), held, steps))])


def whole(photo: tuple[int, int]) -> Box:
    """The box of a whole photo of (height, width)."""
    return 0.0, 0.0, float(photo[1]), float(photo[0])


def _share(way: np.ndarray, sides: np.ndarray, left: float, right: float, away: float) -> float:
    """How much of the way `f` keeps a person, from and to `sides` (`f 2`), between left and right and near `away`.

    0 where next to nothing is left: whoever walks goes in place then.
    """
    free = np.where(way > 0, np.minimum(right - sides[:, 1], away), np.minimum(sides[:, 0] - left, away))
    going = np.abs(way) > 1e-6
    share = float(np.clip((free[going] / np.abs(way[going])).min(initial=1.0), 0, 1))
    return share if share >= LEAST_WAY else 0.0
