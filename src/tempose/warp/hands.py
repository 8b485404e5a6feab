"""Never a stick without a hand: where a photo hides one, the other one mirrored, else one made up.

A hand is whole where its points lie on its arm's layer; where none are found, if the layer shows skin enough beyond the
wrist, or as much of a glove before the background. It is hidden in a pocket, behind the body, under the other arm.
Then the layer ends at the wrist, and the other arm's hand follows, mirrored about the forearm; where that is not whole
either, a plain one (`tempose.warp.made_up`). What masks cut off with a hand, a flap of the clothes that it lies on or
the other hand's arm, is left away. Crossed forearms hide each other: they are drawn with a smooth outline.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from tempose.pose.keypoints import MIN_CONFIDENCE
from tempose.warp import made_up
from tempose.warp.cutout import Cutout
from tempose.warp.flesh import HEAD, LEFT_ARM, RIGHT_ARM, trunk_length
from tempose.warp.hand_edges import cleared
from tempose.warp.hand_flesh import SKIN, half_lit, skin_colors

# Shoulder, elbow, wrist and layer of the right and the left arm.
ARMS = ((2, 3, 4, RIGHT_ARM), (5, 6, 7, LEFT_ARM))
SIDES = ("right", "left")

# Lengths in those of the trunk: how far a hand reaches from its wrist at most, along the forearm and beside it, and how
# far usually; how far its flesh goes beyond its points; how far a cuff reaches; and over how much it goes over into the
# forearm.
LONG, BESIDE, HAND, FLESH, CUFF, SEAM = 0.42, 0.2, 0.35, 0.06, 0.06, 0.04
ALL = 0.6  # no farther from the wrist is what a layer shows beyond it a hand, or in the way of one

# A hand is hidden if more than COVERED of its points are on other layers; it is whole if at least WHOLE of its points
# are on its layer, or if that much skin or glove is seen, in squares of the trunk's length. No more than a STUMP is no
# hand at all.
COVERED, WHOLE, SHOWN, STUMP = 0.6, 0.75, 0.018, 0.012

# Where the forearm is narrower than THIN of the other one over ABOVE before the wrist, NARROW of it is mirrored too, as
# far as WIDE beside its line.
ABOVE, THIN, NARROW, WIDE = 0.12, 0.6, 0.36, 0.08

BARE = 0.6  # so much of a bare forearm has the color of skin
SHADE = 15.0  # forearms differ by no more in Lab, lightness halved: else one is no skin

# The other way round it gets slender over this share of its length.
TAPERED = 0.8

# Forearms are crossed, too, whose wrists are so near to each other though they point the opposite way, by the cosine.
MEET, OPPOSITE = 0.25, -0.85

# Half the width of a crossed forearm at the elbow; at the wrist, and as far as an upper arm goes, as shares of that.
ELBOW, TAPER, PADDED = (0.055, 0.1), 0.68, 1.2

MIRRORED = "the photo hides the {} hand: the {} one is shown in its place, mirrored"
RIGID = "the photo hides a part of the {} hand, and shows no other in its place"
MADE_UP = "the photo hides the {} hand: it is made up"


class Forearm(NamedTuple):
    """A forearm: x, y of its wrist in pixels, and the unit vector towards it."""

    wrist: np.ndarray
    along: np.ndarray


class _Arm:
    """The layer of an arm and what of it is a hand; lengths in those of the trunk, areas in squares of that."""

    def __init__(self, cutout: Cutout, side: int, forearm: Forearm, points: np.ndarray) -> None:
        self.cutout, self.side, self.forearm, self.points = cutout, side, forearm, points
        self.shoulder, self.elbow, self.wrist, self.layer = ARMS[side]
        self.alpha, self.color = cutout.alpha[self.layer], cutout.color[self.layer]
        self.trunk, self.size = trunk_length(cutout.keypoints), self.alpha.shape

    @cached_property
    def limb(self) -> made_up.Limb:
        """Its pixels from the wrist on."""
        return made_up.Limb.of(self.size, self.forearm.wrist, self.forearm.along)

    @cached_property
    def beyond(self) -> np.ndarray:
        """How far beyond the wrist each pixel is, `h w`."""
        return self.limb.along / self.trunk

    @cached_property
    def beside(self) -> np.ndarray:
        """How far beside the line of the forearm, `h w`."""
        return np.abs(self.limb.beside) / self.trunk

    @cached_property
    def skin(self) -> np.ndarray:
        """Colors of the skin, as `skin_colors` gives them."""
        pictures = half_lit(self.cutout.color[HEAD]), half_lit(self.color)
        return skin_colors(*pictures, self.cutout.keypoints, self.elbow, self.wrist)

    @cached_property
    def forearm_skin(self) -> np.ndarray:
        """bool `h w`: what of the forearm shows skin before the wrist; nothing, where most of it does not."""
        lower = (self.beyond < 0) & (self.beyond > -NARROW) & (self.beside < BESIDE / 2) & (self.alpha > 0.5)
        bare = like(self.color, self.skin) & lower
        return np.asarray(bare & (bare.sum() > BARE * lower.sum()))

    @cached_property
    def seen(self) -> tuple[np.ndarray, float]:
        """bool `h w`: the hand as far as it is seen, by skin or as a glove before the background; and its area."""
        zone = (self.beyond > 0) & (self.beyond < LONG) & (self.beside < BESIDE) & (self.alpha > 0.5)
        of_other, theirs = self.others
        skin = zone & like(self.color, self.skin) & ~theirs
        if self.area(skin) >= STUMP or crossed(self.cutout.keypoints):
            return skin, self.area(skin)
        glove = zone & ~self.beneath & ~of_other
        return glove, self.area(glove)

    @cached_property
    def others(self) -> tuple[np.ndarray, np.ndarray]:
        """bool `h w`: what is nearer to the other arm than to this one's hand; and what to its wrist."""
        joints = self.cutout.keypoints[list(ARMS[1 - self.side][:3])]
        if joints[:, 2].min() < MIN_CONFIDENCE:
            return np.zeros(self.size, bool), np.zeros(self.size, bool)
        shoulder, elbow, wrist = joints[:, :2]
        start, along = self.forearm
        own = away(self.size, start, start + HAND * self.trunk * along)
        lower, upper = away(self.size, elbow, wrist), away(self.size, shoulder, elbow)
        return np.minimum(lower, upper) < own, away(self.size, (elbow + wrist) / 2, wrist) < own

    @cached_property
    def beneath(self) -> np.ndarray:
        """bool `h w`: where another layer is, completed beneath this one."""
        return np.asarray(np.delete(self.cutout.alpha, self.layer, axis=0).max(0) > 0.5)

    @cached_property
    def whole(self) -> bool:
        """Whether all of the hand is seen."""
        covered = self.share_on(self.cutout.matte * (self.alpha <= 0.5)) > COVERED
        return self.by_points or (not covered and self.seen[1] >= SHOWN)

    @cached_property
    def by_points(self) -> bool:
        """Whether the hand's points tell that."""
        return self.share_on(self.alpha) >= WHOLE

    def share_on(self, alpha: np.ndarray) -> float:
        """The share of the hand's points that lie on a layer; 0 without any."""
        if (self.points[:, 2] < MIN_CONFIDENCE).any():
            return 0.0
        height, width = alpha.shape
        column, row = np.round(self.points[:, :2] - 0.5).astype(int).T
        return float((alpha[row.clip(0, height - 1), column.clip(0, width - 1)] > 0.5).mean())

    def hand(self) -> np.ndarray:
        """Where its points are and the flesh about them, or what is seen of it: float32 `h w` of 0 and 1."""
        mask = np.zeros(self.size, np.uint8)
        if self.by_points:
            cv2.fillConvexPoly(mask, cv2.convexHull(np.round(self.points[:, :2]).astype(np.int32)), 1)
        elif self.seen[0].any():  # from its cuff on
            begins = max(float(np.quantile(self.beyond[self.seen[0]], 0.1)), CUFF)
            cuff = (self.beyond > 0) & (self.beyond < begins) & (self.beside < WIDE)
            mask = (self.seen[0] | cuff).astype(np.uint8)
        reach = FLESH if self.by_points else SEAM
        return (cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5) <= reach * self.trunk).astype(np.float32)

    def shows(self, start: float, end: float) -> float:
        """How many pixels are shown between two distances beyond the wrist."""
        there = (self.beyond > start) & (self.beyond < end) & (self.beside < BESIDE)
        return float(self.alpha[there].sum())

    def area(self, mask: np.ndarray) -> float:
        """Of a mask."""
        return float(mask.sum()) / self.trunk**2

    @cached_property
    def lower(self) -> np.ndarray:
        """bool `h w`: what is nearer to the forearm than to the upper arm."""
        shoulder, elbow, wrist = self.cutout.keypoints[[self.shoulder, self.elbow, self.wrist], :2]
        return away(self.size, elbow, wrist) < away(self.size, shoulder, elbow)

    def tapered(self, own: float, wrist: float) -> np.ndarray:
        """The forearm from its own width to another one at the wrist, float32 `h w`; both are `shows` of ABOVE."""
        elbow, end = self.cutout.keypoints[[self.elbow, self.wrist], :2]
        share = (-self.limb.along / (TAPERED * np.hypot(*(end - elbow)))).clip(0, 1)
        half = (wrist + share * (own - wrist)) / (2 * ABOVE * self.trunk)
        return np.asarray(np.where(share < 1, (half - np.abs(self.limb.beside) + 0.5).clip(0, 1), 1), np.float32)

    def share(self, start: float, alpha: np.ndarray | None = None) -> np.ndarray:
        """How much of each pixel is drawn anew, float32 `h w`: from so far beyond the wrist on; and what alpha has."""
        near = self.end() if alpha is None else self.end() | (alpha > 0)
        return np.asarray(near * ((self.beyond - start) / SEAM + 0.5).clip(0, 1), np.float32)

    def end(self) -> np.ndarray:
        """bool `h w`: all beyond the wrist that is not nearer to the upper arm."""
        from_wrist = np.hypot(self.beyond, self.beside)
        upper = away(self.size, *self.cutout.keypoints[[self.shoulder, self.elbow], :2]) / self.trunk
        return (self.beyond > -SEAM) & (from_wrist < ALL) & (from_wrist < upper)


def with_hands(cutout: Cutout, hands: np.ndarray | None) -> tuple[Cutout, np.ndarray | None, tuple[str, ...]]:
    """A cutout with a hand at each arm whose forearm is known, their points, and what is to be said of it.

    Args:
        hands: `2 21 4`, as in `Motion`; None, where nothing is known, changes nothing.
    """
    if hands is None:
        return cutout, hands, ()
    shown = _with_edges(_with_forearms(cutout) if crossed(cutout.keypoints) else cutout, hands)
    arms = _arms(shown, hands)
    anew, points, said = {}, hands.copy(), []
    for side, arm in arms.items():
        other = arms.get(1 - side)
        if arm.by_points:
            continue
        if arm.whole:
            alpha, color, share = np.zeros_like(arm.alpha), arm.color, _flap(arm)
        elif other is not None and other.whole:
            alpha, color, share, points[side] = _mirrored(arm, other)
            said.append(MIRRORED.format(SIDES[side], SIDES[1 - side]))
        elif arm.seen[1] > STUMP:
            alpha, color, share = np.zeros_like(arm.alpha), arm.color, _flap(arm)
            said.append(RIGID.format(SIDES[side]))
        else:
            alpha, color, share = _made_up(arm)
            points[side] = 0
            said.append(MADE_UP.format(SIDES[side]))
        if (share > 0).any():
            anew[arm.layer] = alpha, color, share
    if not anew:
        return shown, hands, tuple(said)
    alphas, colors = shown.alpha.copy(), shown.color.copy()
    for layer, (alpha, color, share) in anew.items():
        alphas[layer] += share * (alpha - alphas[layer])
        colors[layer] = np.round(colors[layer] + share[..., None] * (color.astype(np.float32) - colors[layer]))
    return replace(shown, alpha=alphas, color=colors), points, tuple(said)


def _arms(cutout: Cutout, hands: np.ndarray) -> dict[int, _Arm]:
    """Those whose forearms the photo shows, by their side."""
    forearms = [_forearm(cutout.keypoints, elbow, wrist) for _, elbow, wrist, _ in ARMS]
    return {side: _Arm(cutout, side, own, hands[side]) for side, own in enumerate(forearms) if own is not None}


def _with_edges(cutout: Cutout, hands: np.ndarray) -> Cutout:
    """A cutout whose hands hold nothing of what they lie on."""
    found = {}
    for arm in _arms(cutout, hands).values():
        if not arm.whole:
            continue
        behind, hand = cutout.background.astype(np.float32), arm.hand() > 0
        for layer in cutout.order:
            if layer != arm.layer:
                behind += cutout.alpha[layer][..., None] * (cutout.color[layer] - behind)
        if arm.forearm_skin.any():
            hand |= (arm.beyond < SEAM) & (arm.beyond > -NARROW) & (arm.beside < BESIDE / 2) & (arm.alpha > 0)
        alpha, color = cleared(arm.alpha, arm.color, np.round(behind).astype(np.uint8), hand, arm.trunk)
        if alpha is not arm.alpha:
            found[arm.layer] = alpha, color
    if not found:
        return cutout
    alphas, colors = cutout.alpha.copy(), cutout.color.copy()
    for layer, (alpha, color) in found.items():
        alphas[layer], colors[layer] = alpha, color
    return replace(cutout, alpha=alphas, color=colors)


def like(picture: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """bool `h w`: what of a picture, uint8 `h w 3`, is like one of some colors of skin, `n 3` as in `half_lit`."""
    lab, found = half_lit(picture), np.zeros(picture.shape[:2], bool)
    for color in colors:
        found |= np.linalg.norm(lab - color, axis=-1) < SKIN
    return found


def crossed(keypoints: np.ndarray) -> bool:
    """Whether one forearm lies across the other, or along it, hand to hand; key points `18 3`."""
    if keypoints[[3, 4, 6, 7], 2].min() < MIN_CONFIDENCE:
        return False
    (elbow, wrist), (other_elbow, other_wrist) = keypoints[[[3, 4], [6, 7]], :2]

    def side(start: np.ndarray, end: np.ndarray, point: np.ndarray) -> float:
        return float((end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0]))

    apart = side(elbow, wrist, other_elbow) * side(elbow, wrist, other_wrist) < 0
    across = side(other_elbow, other_wrist, elbow) * side(other_elbow, other_wrist, wrist) < 0
    way, other = wrist - elbow, other_wrist - other_elbow
    against = way @ other < OPPOSITE * np.linalg.norm(way) * np.linalg.norm(other)
    meet = np.linalg.norm(wrist - other_wrist) < MEET * trunk_length(keypoints)
    return bool((apart and across) or (against and meet))


def _mirrored(arm: _Arm, given: _Arm) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The other arm's alpha and color, how much of each pixel shows it, and the hand's points."""
    # The hand, and of the forearm what is narrow, as where the body hides a part of it too.
    own, theirs = (each.shows(-ABOVE, 0) for each in (arm, given))
    thin = own < THIN * theirs
    start = -NARROW if thin else 0.0
    part = given.hand()
    if thin:
        part = np.maximum(part, (given.beyond > start - SEAM) & (given.beyond < 0) & (given.beside < WIDE))
    (to, to_along), (wrist, along) = given.forearm, arm.forearm
    mirror = np.outer(along, to_along) - np.outer(_across(along), _across(to_along))
    way = np.column_stack([mirror, wrist - 0.5 - mirror @ (to - 0.5)])  # in middles of pixels
    alpha = cv2.warpAffine(part * given.alpha, way, arm.size[::-1])
    lit = _as_lit(given.color, given, arm)
    color = cv2.warpAffine(lit, way, arm.size[::-1], borderMode=cv2.BORDER_REPLICATE)
    points = given.points.copy()
    points[:, :2] = (points[:, :2] - to) @ mirror.T + wrist
    share = arm.share(start, alpha)
    if theirs < THIN * own:  # a forearm that comes nearer gets slender towards the hand
        hand = (arm.beyond / SEAM + 0.5).clip(0, 1)
        alpha = hand * alpha + (1 - hand) * arm.alpha * arm.tapered(own, theirs)
        color = np.where(hand[..., None] > 0.5, color, arm.color)
        share = np.maximum(share, arm.lower | arm.end()).astype(np.float32)
    return alpha, color, share, points


def _as_lit(color: np.ndarray, given: _Arm, arm: _Arm) -> np.ndarray:
    """Colors of the one arm, uint8 `h w 3`, in the light of the other one, if both show skin before the wrist."""
    if not (given.forearm_skin.any() and arm.forearm_skin.any()):
        return color
    theirs, own = (np.median(half_lit(each.color)[each.forearm_skin], axis=0) for each in (given, arm))
    if np.linalg.norm(own - theirs) > SHADE:
        return color
    lab = cv2.cvtColor(color.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab = lab * (own[0] / max(theirs[0], 1.0), 1, 1) + (0, *(own - theirs)[1:])
    return np.round(255 * cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB).clip(0, 1)).astype(np.uint8)


def _made_up(arm: _Arm) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Alpha and color of a made up hand, and how much of each pixel shows it: of the skin's color, else the wrist's."""
    color, alike = arm.color, (abs(arm.beyond) < CUFF) & (arm.beside < CUFF)
    for layer in (HEAD, arm.layer):  # the forearm, where it is bare, before the face
        bare = like(arm.cutout.color[layer], arm.skin) & (arm.cutout.alpha[layer] > 0.5)
        if arm.area(bare) >= STUMP:
            color, alike = arm.cutout.color[layer], bare
    skin = np.median(color[alike], axis=0)
    inward = _across(arm.forearm.along) @ (arm.cutout.keypoints[1, :2] - arm.forearm.wrist)
    alpha, made = made_up.hand(arm.limb, arm.trunk, skin, float(np.sign(inward) or 1))
    return alpha, made, arm.share(0.0, alpha)


def _flap(arm: _Arm) -> np.ndarray:
    """What of a layer beyond the wrist is no hand, and lies on the person rather: float32 `h w` of 0 and 1."""
    rest = arm.end() & (arm.beyond > CUFF) & (arm.hand() == 0) & (arm.alpha > 0)
    count, parts = cv2.connectedComponents(rest.astype(np.uint8), connectivity=4)
    all_of, on = (np.bincount(parts[where], minlength=count) for where in (rest, rest & arm.beneath))
    return (rest & (2 * on > all_of)[parts]).astype(np.float32)


def _with_forearms(cutout: Cutout) -> Cutout:
    """A cutout whose forearms have a smooth outline and their own colors."""
    alphas, colors = cutout.alpha.copy(), cutout.color.copy()
    trunk, size = trunk_length(cutout.keypoints), cutout.matte.shape
    for *joints, layer in ARMS:
        shoulder, elbow, wrist = cutout.keypoints[joints, :2].astype(np.float64)
        upper, lower = (made_up.Limb.between(size, *ends) for ends in ((shoulder, elbow), (elbow, wrist)))
        long, length = float(np.linalg.norm(elbow - shoulder)), float(np.linalg.norm(wrist - elbow))
        middle = (abs(upper.along / long - 0.6) < 0.2) & (abs(upper.beside) < BESIDE * trunk)
        half = float((alphas[layer] * middle).sum()) / (0.4 * long) / 2
        half = min(max(half, ELBOW[0] * trunk), ELBOW[1] * trunk)
        nearer = away(size, elbow, wrist) < away(size, shoulder, elbow) + 0.5  # as near beyond the elbow
        above = made_up.bone(upper, long, alphas[layer], colors[layer], (PADDED * half, PADDED * half))
        below = made_up.bone(lower, length, alphas[layer], colors[layer], (half, TAPER * half))
        share = nearer * ((length - lower.along) / (SEAM * trunk) + 1.5).clip(0, 1)
        alphas[layer] *= np.where(nearer | (upper.along < 0.5 * long), 1, above[0])
        alphas[layer] += share * (below[0] - alphas[layer])
        for part, (_, color) in ((~nearer & (upper.along > 0.5 * long), above), (share > 0, below)):
            colors[layer][part] = color[part]
    return replace(cutout, alpha=alphas, color=colors)


def _forearm(keypoints: np.ndarray, elbow: int, wrist: int) -> Forearm | None:
    """That of a person, where the photo shows it."""
    way = keypoints[wrist, :2] - keypoints[elbow, :2]
    if keypoints[[elbow, wrist], 2].min() < MIN_CONFIDENCE or not way.any():
        return None
    return Forearm(keypoints[wrist, :2].astype(np.float64), way / np.linalg.norm(way))


def away(size: tuple[int, ...], start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """How far each pixel is from a line, `h w` in pixels."""
    y, x = np.indices(size, np.float32) + 0.5
    way = end - start
    share = (((x - start[0]) * way[0] + (y - start[1]) * way[1]) / max(float(way @ way), 1e-6)).clip(0, 1)
    return np.asarray(np.hypot(x - start[0] - share * way[0], y - start[1] - share * way[1]))


def _across(along: np.ndarray) -> np.ndarray:
    return np.array([-along[1], along[0]])
