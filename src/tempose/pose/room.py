"""The room that a person needs in a picture: joints, and how far hair, hands, shoes, clothes and held things reach
beyond them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempose.pose.bones import ANKLES, BONES, FACE, HEAD_HIGH, HIP_JOINTS, HIPS, NECK, SHOULDERS
from tempose.pose.keypoints import WRISTS, Motion
from tempose.pose.whole import WholeBody, whole_body

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels

# In lengths of the trunk: what a head reaches beyond its middle, a hand and a shoe beyond wrist and ankle, hips and
# any other joint beyond themselves. Nothing reaches farther than FARTHEST: it would not be the person.
HEAD_REACH, HAND_REACH, SHOE_REACH, HIP_REACH, FLESH, FARTHEST = 0.38, 0.36, 0.30, 0.22, 0.15, 1.0

HEAD = HIPS + 1  # the middle of the face, the last of the 20 points of a room

# Bones, the sides of the trunk, and the neck: what a pixel of the person belongs to.
SEGMENTS = np.array(
    [(start, end) for bone in BONES for start, end in zip(bone.starts, bone.ends, strict=True)]
    + [*zip(SHOULDERS, HIP_JOINTS, strict=True), (NECK, HEAD)]
)

# However a bone is turned, what surrounds it keeps this share of its reach along it.
ALONG = 0.5

# So many pixels of a mask are measured at most.
MOST_PIXELS = 20_000


@dataclass(frozen=True, eq=False)
class Reach:
    """How far a person reaches beyond their key points, in lengths of the trunk.

    Attributes:
        joints: `20`: how far flesh, hair and clothes go beyond each joint.
        sides: `s`: how far they go to either side of each of SEGMENTS.
    """

    joints: np.ndarray
    sides: np.ndarray

    def boxes(self, points: np.ndarray, unit: np.ndarray | float) -> np.ndarray:
        """`f 4`: left, top, right, bottom of a person in every frame, in pixels.

        Args:
            points: `f 19 2` or more: of a whole body.
            unit: pixels for one length of the trunk, one or `f`.
        """
        points = _with_head(points)
        unit = np.broadcast_to(unit, len(points))[:, None, None]
        along = points[:, SEGMENTS[:, 1]] - points[:, SEGMENTS[:, 0]]
        across = np.abs(along[..., ::-1]) / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9)
        aside = unit * self.sides[:, None] * np.maximum(across, ALONG)  # f s 2
        around = np.broadcast_to(unit * self.joints[:, None], points.shape)  # f 20 2
        places = np.concatenate([points, points[:, SEGMENTS[:, 0]], points[:, SEGMENTS[:, 1]]], axis=1)
        reach = np.concatenate([around, aside, aside], axis=1)
        return np.concatenate([np.nanmin(places - reach, axis=1), np.nanmax(places + reach, axis=1)], axis=-1)

    def room(self, points: np.ndarray, unit: np.ndarray | float) -> Box:
        """The box around the person in all frames; arguments as for `boxes`."""
        boxes = self.boxes(points, unit)
        left, top = boxes[:, :2].min(0)
        right, bottom = boxes[:, 2:].max(0)
        return float(left), float(top), float(right), float(bottom)


def person_reach(body: WholeBody, mask: np.ndarray | None = None) -> Reach:
    """How far the person of a photo reaches beyond their key points, whatever the pose.

    Args:
        body: the person in the photo, one frame.
        mask: bool `h w`, where the person is: tells of wide skirts, hair and what is held.
    """
    joints, sides = np.full(HEAD + 1, FLESH), np.full(len(SEGMENTS), FLESH)
    joints[list(WRISTS)], joints[list(ANKLES)] = HAND_REACH, SHOE_REACH
    joints[list(HIP_JOINTS)], joints[HEAD] = HIP_REACH, HEAD_REACH
    pixels = _pixels_of(mask, body) if mask is not None else np.zeros((0, 2))
    if len(pixels):
        points, trunk = _with_head(body.points)[0], float(body.build.scale[0])
        start, along = points[SEGMENTS[:, 0]], points[SEGMENTS[:, 1]] - points[SEGMENTS[:, 0]]
        offset = pixels[:, None] - start  # p s 2
        share = (offset * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-9)
        distance = np.linalg.norm(offset - np.clip(share, 0, 1)[..., None] * along, axis=-1)
        nearest = distance.argmin(1)
        rows = np.arange(len(pixels))
        beyond = np.minimum((distance[rows, nearest] + 1) / trunk, FARTHEST)
        share = share[rows, nearest]
        inner = (share > 0) & (share < 1)
        np.maximum.at(sides, nearest[inner], beyond[inner])
        ends = np.where(share <= 0, SEGMENTS[nearest, 0], SEGMENTS[nearest, 1])
        np.maximum.at(joints, ends[~inner], beyond[~inner])
    return Reach(joints, sides)


def person_room(photo: Motion, mask: np.ndarray | None = None) -> Box:
    """What the person in a photo needs of it, with hair, hands, shoes, and what the mask `h w` shows."""
    body = whole_body(photo)
    return within(person_reach(body, mask).room(body.points, body.build.scale), (0, 0, *photo.size[::-1]))


def within(box: Box, picture: Box) -> Box:
    """The part of a box that lies in a picture."""
    left, top, right, bottom = (
        float(np.clip(side, picture[index % 2], picture[index % 2 + 2])) for index, side in enumerate(box)
    )
    return left, top, right, bottom


def united(one: Box, other: Box) -> Box:
    """The smallest box that holds both."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _with_head(points: np.ndarray) -> np.ndarray:
    """Points `f 19 …` → `f 20 2`, with the middle of the face, or where it would be if it was seen."""
    points = points[..., :2]
    face = np.ma.masked_invalid(points[:, list(FACE)]).mean(1).filled(np.nan)
    up = points[:, NECK] - points[:, HIPS]
    return np.concatenate([points, np.where(np.isnan(face), points[:, NECK] + HEAD_HIGH * up, face)[:, None]], axis=1)


def _pixels_of(mask: np.ndarray, body: WholeBody) -> np.ndarray:
    """The middles `p 2` of pixels of a mask, as far as it hangs together with a joint of the person."""
    import cv2

    _, parts = cv2.connectedComponents(mask.astype(np.uint8))
    height, width = mask.shape
    x, y = np.floor(body.points[0, :HIPS, :2][body.seen[0]]).astype(int).T
    own = np.unique(parts[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)])
    rows, columns = np.nonzero(np.isin(parts, own[own > 0]))
    thinned = slice(None, None, 1 + len(rows) // MOST_PIXELS)
    return np.stack([columns[thinned], rows[thinned]], axis=-1) + 0.5
