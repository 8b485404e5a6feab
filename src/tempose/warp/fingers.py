"""The hands of a photo bent as the driver's: at the wrist, and the fingers by their bones.

A hand turns at the wrist as the driver's. Where the photo shows stretched fingers beside each other, it is parted into
palm and bones of fingers, each a layer of its own, as a puppet: a bone is turned as the driver's, and as long as its
own length in space shows at the driver's tilt. Of parts that lie over each other the driver's depth says which is seen,
and a hand that shows its other side is mirrored. Fists and hands seen from their edge hold nothing to bend: torn, they
would look worse than stiff. What is uncertain stays as the photo shows it.

Places are complex numbers: from the wrist, along the forearm and across it, in palms, from wrist to knuckles.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from tempose.media.crop import Crop
from tempose.pose.keypoints import FINGERS, KNUCKLES, MIN_CONFIDENCE, Motion
from tempose.warp.bones import BONES
from tempose.warp.expression import SMOOTH_TRUST, smoothed
from tempose.warp.meshes import CELLS, JUMP, MOST_CELLS, WayBack

# Elbow, and the bone that the hand goes on from, of the right arm and the left.
ARMS = tuple((elbow, next(i for i, bone in enumerate(BONES) if bone.end == elbow + 1)) for elbow in (3, 6))

# The smallest hand that is bent, two palms long, in pixels; the least confidence; so many of its points are on its
# arm's layer, and no more of that lies farther than BESIDE from its bones, as what it holds.
LEAST_HAND, SURE, SHOWN, HOLDS, BESIDE = 28.0, 0.7, 0.75, 0.1, 0.45

# Fingers bend if their second joints lie in a row, so far apart at least, if they reach so far beyond the knuckles, and
# if the palm shows so much of its breadth.
APART, STRETCHED, FLAT = 0.15, 0.75, 0.6

# Bounds: radians at the wrist; a palm's length and breadth, and a bone's length, as shares of those in the photo.
MOST_WRIST, PALM_LONG, PALM_BROAD, BONE_LONG = 0.6, (0.75, 1.2), (0.7, 1.2), (0.35, 1.35)
BREADTH, THICKNESS = 0.85, 0.4  # of a palm seen from its flat side and from its edge
TURNS = 0.3  # from this share of its breadth on, the other side of a hand is shown
TELLS = 0.35  # what shows so much of its length tells its direction
SMOOTH = 0.08  # seconds

# How far from its bone a finger's flesh is; how far about a joint both its bones reach, and about a knuckle the palm;
# how far the hand reaches about all of its points; and over how much, to either side of the wrist, the forearm goes
# over into the hand.
FLESH, JOINT, WEB, ABOUT, WRIST = 0.3, 0.14, 0.2, 0.4, 0.35

LOW, HIGH, FINE = complex(-1.0, -1.8), complex(3.0, 1.8), 80  # of the map of the hand, and its cells for a palm
PALM = tuple((0, knuckle) for knuckle in (1, *KNUCKLES)) + tuple(pairwise((1, 2, *KNUCKLES)))
NOWHERE = 1e4  # where the photo shows nothing

STIFF = "photo and motion show no hand well enough: hands stay as in the photo"


@dataclass(frozen=True, eq=False)
class HandMotion:
    """How a hand of a photo moves, as if its forearm stayed where it is.

    Attributes:
        bone: from which of the bones of the layers it goes on.
        wrist: float64 `2`: x, y in pixels of the photo.
        axis: the direction of the forearm in the picture, as long as the palm, pixels.
        palm: where its knuckles are in the photo.
        bones: complex128 `p 2`: start and end of the fingers' bones in the photo; fingers: int64 `p`: of which each is.
        parts: float32 `2 rows columns`, a map of the hand in the photo: to which of the bones each place belongs, −1
            for the palm and the forearm; and how much of it the arm is, in [0, 1].
        moved: complex128 `f p 2`; depth: `f p 2`: how much farther from the camera than the wrist, in palms.
        turn: complex128 `f`: by which the palm turns at the wrist.
        stretch: float64 `f 2`: its length and its breadth as shares of those in the photo; negative where mirrored.
        knuckles: float64 `f`: their depth.
        box: complex128 `f 2`: the least and the greatest of all places where the hand was or is.
    """

    bone: int
    wrist: np.ndarray
    axis: complex
    palm: complex
    bones: np.ndarray
    fingers: np.ndarray
    parts: np.ndarray
    moved: np.ndarray
    depth: np.ndarray
    turn: np.ndarray
    stretch: np.ndarray
    knuckles: np.ndarray
    box: np.ndarray

    def __len__(self) -> int:
        return len(self.turn)

    def cropped(self, part: Crop, size: tuple[int, int]) -> HandMotion:
        """The same in a part of the photo, shown at `size`."""
        return self.scaled(size[1] / part.width, size[0] / part.height, start=(part.left, part.top))

    def scaled(self, across: float, down: float, *, start: tuple[int, int] = (0, 0)) -> HandMotion:
        """The same over a photo that is larger by these factors, and begins elsewhere."""
        axis = complex(self.axis.real * across, self.axis.imag * down)
        return replace(self, wrist=(self.wrist - start) * (across, down), axis=axis)

    def frame(self, index: int) -> HandMotion:
        """One frame of it."""
        names = ("moved", "depth", "turn", "stretch", "knuckles", "box")
        return replace(self, **{name: getattr(self, name)[index : index + 1] for name in names})

    def way_back(self) -> WayBack:
        """Of a single frame."""
        low, high = self.box[0].tolist()
        corners = np.array([low, complex(low.real, high.imag), high, complex(high.real, low.imag)]) * self.axis
        x, y = self.wrist[0] + corners.real, self.wrist[1] + corners.imag
        start, end = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
        side = int(min(MOST_CELLS, max(8.0, CELLS * float((end - start).max()) + 1)))
        cell = (end - start) / (side - 1)
        columns, rows = start[0] + cell[0] * np.arange(side), start[1] + cell[1] * np.arange(side)
        at = torch.from_numpy((columns - self.wrist[0] + 1j * (rows[:, None] - self.wrist[1])) / self.axis).to(
            torch.complex64
        )
        offset = (_Puppet(self).source(at, per=1 / cell) - at) * self.axis
        found = torch.view_as_real(offset).float().numpy()
        around = np.ones((5, 5), np.uint8)
        steep = (cv2.dilate(found, around) - cv2.erode(found, around)).max(-1) > JUMP
        values = F.pad(torch.from_numpy(found).movedim(-1, 0), (0, 0, 0, 0, 0, 4))[None]
        first, step = (torch.from_numpy(each.astype(np.float32))[:, None] for each in (start, cell))
        return WayBack(values.contiguous(), torch.from_numpy(steep), first, step, "nearest")


class _Puppet:
    """The parts of a hand in one frame, and which of them is seen where."""

    def __init__(self, motion: HandMotion) -> None:
        self.motion, self.parts = motion, torch.from_numpy(motion.parts)[:, None]
        self.knuckles = motion.bones[np.diff(motion.fingers, prepend=-1) > 0, 0].tolist()

    def source(self, at: Tensor, *, per: np.ndarray) -> Tensor:
        """Where in the photo what is seen at places of a grid `rows columns` comes from.

        Args:
            per: `2`, cells of the grid for a pixel of the photo, across and down.
        """
        places = at.reshape(-1)
        source, depth = self._by_palm(places)
        own = self._part(source) < 0
        for start in self.knuckles:
            own |= (source - start).abs() < WEB
        best = self._score(source, depth, own)
        source = torch.where(best < 0, NOWHERE, source)
        number = torch.arange(len(places)).view(at.shape)
        bone, near, way = (torch.cat(each) for each in zip(*self._near(at, number, per), strict=True))
        found, deep = self._by_bones(bone, way)
        score = self._score(found, deep, self._of_bones(bone, found))
        # Of several in one place the best is seen, of equally good ones the first: it is written last.
        most = best.scatter_reduce(0, near, score, "amax")[near]
        seen = ((score == most) & (score > best[near])).nonzero()[:, 0].flip(0).numpy()
        source.numpy()[near.numpy()[seen]] = found.numpy()[seen]
        return source.view(at.shape)

    def _near(self, at: Tensor, number: Tensor, per: np.ndarray) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Of each bone: its index and those of the places that it may reach, and how far along and across it they are,
        in its lengths; `m` each."""
        if not len(self.motion.bones):
            nothing = number.new_zeros(0)
            yield nothing, nothing, at.new_zeros(0)
        for index, (start, end) in enumerate(self.motion.moved[0].tolist()):
            about = self._cells(np.array([start, end]) - complex(at[0, 0]), per)
            way = (at[about] - start) / (end - start)
            beside = (way - way.real.clamp(0, 1)).abs() * abs(end - start) < FLESH
            near = number[about][beside]
            yield torch.full_like(near, index), near, way[beside]

    def _cells(self, ends: np.ndarray, per: np.ndarray) -> tuple[slice, slice]:
        """Rows and columns of a grid that a bone may reach, whose ends are told from the grid's first place."""
        ends, reach = ends * self.motion.axis, FLESH * abs(self.motion.axis)
        columns, rows = (
            slice(max(0, int((way.min() - reach) * by)), max(0, int((way.max() + reach) * by) + 2))
            for way, by in zip((ends.real, ends.imag), per, strict=True)
        )
        return rows, columns

    def _by_palm(self, at: Tensor) -> tuple[Tensor, Tensor]:
        """Where places would be if palm and forearm were seen there; and how deep they are."""
        turn, (long, broad) = complex(self.motion.turn[0]), self.motion.stretch[0].tolist()
        lean = cmath.phase(turn)
        share = ((at * cmath.exp(-0.5j * lean)).real / (2 * WRIST) + 0.5).clamp(0, 1)
        share = share * share * (3 - 2 * share)
        way = self.motion.palm / abs(self.motion.palm)
        at = at * torch.exp(-1j * lean * share) / way
        along, across = at.real, at.imag
        depth = self.motion.knuckles[0] * along / abs(self.motion.palm)
        along = along / torch.where(along > 0, 1 + (long - 1) * share, 1.0)
        across = across / (1 + (abs(broad) - 1) * share)
        if broad < 0:
            across = torch.where(share > 0.5, -across, across)
        return torch.complex(along, across) * way, depth

    def _by_bones(self, bone: Tensor, way: Tensor) -> tuple[Tensor, Tensor]:
        """The same of fingers' bones, from places along and across them, in their lengths where they have moved to."""
        start, end = torch.from_numpy(self.motion.bones).to(way)[bone].unbind(1)
        first, last = torch.from_numpy(self.motion.moved[0]).to(way)[bone].unbind(1)
        own, now = (end - start).abs(), (last - first).abs()
        inside = way.real.clamp(0, 1)
        along, across = inside * own + (way.real - inside) * now, way.imag * now
        if self.motion.stretch[0, 1] < 0:
            across = -across
        near, far = torch.from_numpy(self.motion.depth[0]).to(way.real)[bone].unbind(1)
        return start + torch.complex(along, across) * ((end - start) / own), near + (far - near) * inside

    def _of_bones(self, bone: Tensor, places: Tensor) -> Tensor:
        """Whether places of the photo are of the bones that lead there: theirs, or about a joint of theirs."""
        start, end = torch.from_numpy(self.motion.bones).to(places)[bone].unbind(1)
        fingers = torch.from_numpy(np.append(self.motion.fingers, -1))  # the last is that of part −1
        part = self._part(places)
        joint = ((places - start).abs() < JOINT) | ((places - end).abs() < JOINT)
        return (part == bone) | joint & ((fingers[part] == fingers[bone]) | (part < 0))

    def _part(self, places: Tensor) -> Tensor:
        return self._looked_up(0, places, "nearest").long()

    def _score(self, places: Tensor, depth: Tensor, own: Tensor) -> Tensor:
        """Which of several is seen: the nearest that is solid, else the most solid; below 0 what is no part at all."""
        alpha = self._looked_up(1, places, "bilinear")
        return torch.where(own, torch.where(alpha >= 0.5, 10 - depth.clamp(-5, 5), alpha), -1.0)

    def _looked_up(self, which: int, places: Tensor, mode: str) -> Tensor:
        middle, half = (HIGH + LOW) / 2, (HIGH - LOW) / 2
        grid = torch.stack([(places.real - middle.real) / half.real, (places.imag - middle.imag) / half.imag], dim=-1)
        values = self.parts[which].to(places.real)[None]
        return F.grid_sample(values, grid[None, None], mode=mode, padding_mode="border", align_corners=True)[0, 0, 0]


def move_hands(
    hands: np.ndarray | None, keypoints: np.ndarray, arms: np.ndarray, driver: Motion
) -> tuple[list[HandMotion | None], tuple[str, ...]]:
    """How the right and the left hand of a photo move, None where they go with the forearm; and what is to be said.

    Args:
        hands: `2 21 4`, as in `Motion`; None where nothing is known.
        keypoints: `18 3`, of the photo.
        arms: how much of each pixel the right and the left arm are, `2 h w` in [0, 1].
        driver: whose hands are followed, in its own frames.
    """
    if driver.hands is None or not (driver.hands[..., 2] >= MIN_CONFIDENCE).all(-1).any():
        return [None, None], ()
    if hands is None:
        return [None, None], (STIFF,)
    moving = []
    for (elbow, bone), own, arm, theirs in zip(ARMS, hands, arms, driver.hands.swapaxes(0, 1), strict=True):
        photo = _beside_forearm(own[None], keypoints[None, elbow])
        driven = _beside_forearm(theirs, driver.keypoints[:, elbow])
        fit = _fits(photo, own, arm) and driven.known.any()
        moving.append(_bent(photo, driven, bone, own, arm, driver.fps) if fit else None)
    return moving, () if any(hand is not None for hand in moving) else (STIFF,)


# What is seen -------------------------------------------------------------------------------------


class _Hands(NamedTuple):
    """Hands in f frames."""

    points: np.ndarray  # complex `f 21`: in palms, which are as long as they are in space
    depth: np.ndarray  # `f 21`, in palms
    axis: np.ndarray  # complex `f`: the forearm's direction in the picture, as long as the palm in space, pixels
    known: np.ndarray  # bool `f`

    @property
    def palm(self) -> np.ndarray:
        """From the wrist to the middle of the knuckles, `f`."""
        return np.asarray(self.points[:, list(KNUCKLES)].mean(1))

    @property
    def flat(self) -> np.ndarray:
        """How much of its breadth a palm shows, and of which side: from −1 to 1, `f`."""
        across = self.points[:, KNUCKLES[0]] - self.points[:, KNUCKLES[-1]]
        deep = self.depth[:, KNUCKLES[0]] - self.depth[:, KNUCKLES[-1]]
        seen = (across / (self.palm / np.abs(self.palm).clip(1e-6))).imag
        return np.asarray(seen / np.hypot(np.abs(across), deep).clip(1e-6))


def _beside_forearm(hands: np.ndarray, elbows: np.ndarray) -> _Hands:
    """Hands `f 21 4` as their forearms point, whose elbows are `f 3`."""
    points = hands[..., 0] + 1j * hands[..., 1].astype(np.float64)
    along = points[:, 0] - (elbows[:, 0] + 1j * elbows[:, 1])
    known = (hands[..., 2] >= MIN_CONFIDENCE).all(1) & (elbows[:, 2] >= MIN_CONFIDENCE) & (np.abs(along) > 1)
    ends = hands[:, [0, *KNUCKLES]][..., [0, 1, 3]].astype(np.float64)
    size = np.linalg.norm(ends[:, 1:].mean(1) - ends[:, 0], axis=-1).clip(1e-6)
    axis = np.where(known, along / np.abs(along).clip(1e-6), 1) * size
    depth = (hands[..., 3] - hands[:, :1, 3]).astype(np.float64) / size[:, None]
    return _Hands((points - points[:, :1]) / axis[:, None], depth, axis, known)


def _fits(photo: _Hands, hand: np.ndarray, arm: np.ndarray) -> bool:
    """Whether the photo shows a hand `21 4` well enough, and nothing beside it, on the layer of its arm `h w`."""
    if not photo.known[0] or 2 * abs(photo.axis[0]) < LEAST_HAND or hand[:, 2].min() < SURE:
        return False
    if abs(photo.palm[0]) < TELLS:
        return False
    height, width = arm.shape
    column, row = np.round(hand[:, :2] - 0.5).astype(int).T
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    if not inside.all() or (arm[row, column] > 0.5).mean() < SHOWN:
        return False
    places, alpha = _grid(), _shown(arm, photo, hand)
    there = (alpha > 0.5) & (places.real > 0.2)
    lines = [(photo.points[0, a], photo.points[0, b]) for a, b in (*PALM, *(p for f in FINGERS for p in pairwise(f)))]
    away = np.min([_away(places, *line) for line in lines], axis=0)
    return bool((there & (away > BESIDE)).sum() <= HOLDS * there.sum())


def _grid() -> np.ndarray:
    """The places of the map of a hand, complex `rows columns`."""
    along, across = (
        np.linspace(low, high, round((high - low) * FINE) + 1)
        for low, high in ((LOW.real, HIGH.real), (LOW.imag, HIGH.imag))
    )
    return along + 1j * across[:, None]


def _shown(arm: np.ndarray, photo: _Hands, hand: np.ndarray) -> np.ndarray:
    """How much of the map of a hand its arm is, `rows columns`."""
    places = _grid() * photo.axis[0] + complex(*hand[0, :2]) - (0.5 + 0.5j)  # in middles of pixels
    x, y = (np.ascontiguousarray(each, np.float32) for each in (places.real, places.imag))
    return np.asarray(cv2.remap(np.ascontiguousarray(arm, np.float32), x, y, cv2.INTER_LINEAR))


def _away(places: np.ndarray, start: complex, end: complex) -> np.ndarray:
    """How far places are from a line."""
    way = (places - start) / (end - start if end != start else 1)
    return np.asarray(np.abs(way - way.real.clip(0, 1)) * abs(end - start))


# What moves ---------------------------------------------------------------------------------------


def _fingers(photo: _Hands) -> list[list[int]]:
    """The points of each finger that bends, from the joint that goes with the palm: all or none."""
    way = photo.palm[0] / abs(photo.palm[0])
    fingers = np.array(FINGERS[1:])[:, 1:]  # 4 4
    own = photo.points[0, fingers] / way
    apart = np.diff(own[:, 1].imag)
    parted = np.abs(apart).min() > APART and len(set(np.sign(apart))) == 1
    if not parted or abs(photo.flat[0]) < FLAT or (own[:, -1] - own[:, 0]).real.min() < STRETCHED:
        return []
    return [list(FINGERS[0][2:]), *fingers.tolist()]


def _bent(photo: _Hands, driver: _Hands, bone: int, hand: np.ndarray, arm: np.ndarray, fps: float) -> HandMotion:
    """The photo's hand, bent as the driver's."""
    f = len(driver.known)
    shown = driver.known & (np.abs(driver.palm) > TELLS)
    if not shown.any():
        shown = driver.known
    trust: np.ndarray = smoothed(shown.astype(np.float64), fps, SMOOTH_TRUST)
    frames = np.flatnonzero(shown)
    nearest = frames[np.abs(np.arange(f)[:, None] - frames).argmin(1)]
    driver = _Hands(*(values[nearest] for values in driver))

    fingers, palm, flat = _fingers(photo), photo.palm[0], photo.flat[0]
    ahead = palm / abs(palm)
    lean = np.angle(_smooth(driver.palm / np.abs(driver.palm) / ahead, fps))
    turn = np.exp(1j * trust * lean.clip(-MOST_WRIST, MOST_WRIST))
    long, broad, side = np.ones((3, f))
    if fingers:
        broad = np.hypot(BREADTH * driver.flat, THICKNESS) / math.hypot(BREADTH * flat, THICKNESS)
        long, broad = (
            _smooth(values.clip(*bounds), fps) ** trust
            for values, bounds in ((np.abs(driver.palm) / abs(palm), PALM_LONG), (broad, PALM_BROAD))
        )
        side = np.where(trust > 0.5, _sides(driver.flat * np.sign(flat)), 1)

    def with_palm(points: np.ndarray) -> np.ndarray:
        """Where places of the palm `n` go, `f n`."""
        along = points / ahead
        moved = along.real * long[:, None] + 1j * along.imag * (broad * side)[:, None]
        return np.asarray(moved * ahead * turn[:, None])

    bones, moved, depth = [], [], []
    for finger in fingers:
        joint, before = with_palm(photo.points[0, finger[:1]])[:, 0], np.zeros(f)
        for first, last in pairwise(finger):
            line, drop = (values[0, last] - values[0, first] for values in (photo.points, photo.depth))
            way, fall = (values[:, last] - values[:, first] for values in (driver.points, driver.depth))
            space = np.hypot(np.abs(way), fall).clip(1e-6)
            seen = np.abs(way) / space
            own = np.where(side > 0, line, np.conj(line) * ahead**2)
            bend = np.angle(way / own * np.exp(-1j * (lean + before)))
            before = np.angle(_smooth(np.exp(1j * (before + bend * (seen / TELLS).clip(0, 1))), fps))
            length = min(math.hypot(abs(line), drop), 1.5 * abs(line)) * seen / abs(line)
            length = _smooth(length.clip(*BONE_LONG), fps) ** trust
            step = own * turn * length * np.exp(1j * trust * before)
            bones.append(photo.points[0, [first, last]])
            moved.append(np.stack([joint, joint + step], axis=-1))
            depth.append(driver.depth[:, [first, last]])
            joint = joint + step
    count = len(bones)
    return HandMotion(
        bone=bone,
        wrist=hand[0, :2].astype(np.float64),
        axis=complex(photo.axis[0]),
        palm=complex(palm),
        bones=np.array(bones).reshape(count, 2),
        fingers=np.repeat(np.arange(len(fingers)), [len(finger) - 1 for finger in fingers]),
        parts=_map(photo, bones, _shown(arm, photo, hand)),
        moved=np.array(moved).reshape(count, f, 2).swapaxes(0, 1),
        depth=np.array(depth).reshape(count, f, 2).swapaxes(0, 1),
        turn=turn,
        stretch=np.stack([long, broad * side], axis=-1),
        knuckles=driver.depth[:, list(KNUCKLES)].mean(1),
        box=_box(with_palm(photo.points[0]), np.repeat(photo.points, f, axis=0), *moved),
    )


def _box(*places: np.ndarray) -> np.ndarray:
    """What lies about places `f n`, `f 2`."""
    ends = np.concatenate(places, axis=1)
    low, high = (of(ends.real, axis=1) + 1j * of(ends.imag, axis=1) for of in (np.min, np.max))
    return np.stack([low - complex(ABOUT, ABOUT), high + complex(ABOUT, ABOUT)], axis=-1)


def _smooth(values: np.ndarray, fps: float) -> np.ndarray:
    return np.asarray(gaussian_filter1d(values, SMOOTH * fps, axis=0, mode="nearest"))


def _sides(flat: np.ndarray) -> np.ndarray:
    """1 where a hand shows the photo's side, −1 the other, `f`: it changes where the other is seen well."""
    well = np.flatnonzero(np.abs(flat) > TURNS)
    if not len(well):
        return np.ones(len(flat))
    last = np.searchsorted(well, np.arange(len(flat)), side="right") - 1
    return np.asarray(np.sign(flat[well[last.clip(0)]]))


def _map(photo: _Hands, bones: list[np.ndarray], alpha: np.ndarray) -> np.ndarray:
    """As `HandMotion.parts`."""
    places = _grid()
    nearest = np.min([_away(places, *photo.points[0, list(line)]) for line in PALM], axis=0)
    part = np.full(places.shape, -1.0)
    for index, (start, end) in enumerate(bones):
        away = _away(places, start, end)
        closer = (away < nearest) & (away < FLESH)
        part[closer], nearest = index, np.where(closer, away, nearest)
    return np.stack([part, alpha]).astype(np.float32)
