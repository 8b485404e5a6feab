"""The surface of a person: patches of points that the bones carry, and tubes that hang on them.

A tube is a grid: rings of points around an axis, each with a place on the cloth (metres along and around), so that the
same point of the body carries the same point of the cloth in every frame. A patch is any other net of points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tempose.body.skeleton import ARMS, JOINT, LEGS, PARENTS, Pose, turn_y, unit
from tempose.people.bones import BONE, BONES, HALVED

SOME = 7  # of so many points of a surface one tells where it is

FALLS = 0.8  # the share of its air that cloth straight above or below a level leg loses
KNEE_OUT = 0.035  # metres that the knee of a leg bent by a right angle pushes a skirt out

WRISTS = tuple(arm[-1] for arm in ARMS)


@dataclass(frozen=True, eq=False)
class Tube:
    """One part: `r` rings of `c` points; the last point of a ring lies upon the first.

    Attributes:
        points: `r c 3` at rest, metres in the world.
        cloth: `r c 2`: metres around (0 at the front) and along.
        weights: `r c bones`, sums of 1.
        material: index of its texture, in the order of tempose.people.materials.
        cut: `r c`: the surface ends where this falls below 0 (necklines, hairlines, open jackets).
        shade: `r c`: how much light the surroundings leave, in [0, 1].
        hanging: None, or for a skirt `r 2+c`: how far down the legs each ring hangs, how far the legs reach there, and
            how far its points stand off their bones, metres.
        lined: whether the inside is drawn too.
    """

    points: np.ndarray
    cloth: np.ndarray
    weights: np.ndarray
    material: int
    cut: np.ndarray
    shade: np.ndarray
    hanging: np.ndarray | None = None
    lined: bool = False

    def patch(self) -> Patch:
        """Its points one after the other, ring by ring."""
        rows, columns = self.points.shape[:2]
        index = np.arange(rows * columns).reshape(rows, columns)
        a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
        triangles = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
        return Patch(
            points=self.points.reshape(-1, 3),
            normals=grid_normals(self.points).reshape(-1, 3),
            cloth=self.cloth.reshape(-1, 2),
            weights=self.weights.reshape(-1, len(BONES)),
            cut=self.cut.ravel(),
            shade=self.shade.ravel(),
            triangles=triangles,
            material=self.material,
            lined=self.lined,
        )


@dataclass(frozen=True, eq=False)
class Patch:
    """Part of the skin, or a garment that lies on it: `points`, `normals`, `cloth`, `weights`, `cut`, `shade` of
    `v` points, and `triangles` `t 3`, counter-clockwise as seen from outside; else as in Tube.
    """

    points: np.ndarray
    normals: np.ndarray
    cloth: np.ndarray
    weights: np.ndarray
    cut: np.ndarray
    shade: np.ndarray
    triangles: np.ndarray
    material: int
    lined: bool = False


def grid_normals(points: np.ndarray) -> np.ndarray:
    """Outward normals `r c 3` of a tube's points `r c 3`."""
    around = np.concatenate([points[:, -2:-1], points, points[:, 1:2]], axis=1)
    down = np.concatenate([points[:1], points, points[-1:]], axis=0)
    return unit(np.cross(down[2:] - down[:-2], around[:, 2:] - around[:, :-2]))


def point_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Normals `v 3` of a net's points: the mean of those of the triangles around each."""
    a, b, c = (points[triangles[:, i]] for i in range(3))
    across = np.cross(b - a, c - a)
    total = np.stack(
        [np.bincount(triangles.ravel(), np.repeat(across[:, i], 3), minlength=len(points)) for i in range(3)], axis=-1
    )
    return unit(total)


def curve(at: np.ndarray, knots: Sequence[float] | np.ndarray, values: Sequence[float] | np.ndarray) -> np.ndarray:
    """A smooth curve through (knots, values) that never overshoots: the monotone cubic of Fritsch and
    Butland (1984); constant beyond the ends.
    """
    x, y = np.asarray(knots, float), np.asarray(values, float)
    h, d = np.diff(x), np.diff(y) / np.diff(x)
    slope = np.zeros_like(y)
    same = d[:-1] * d[1:] > 0
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    slope[1:-1][same] = ((w1 + w2) * d[:-1] * d[1:] / (w1 * d[1:] + w2 * d[:-1] + 1e-30))[same]
    at = np.clip(at, x[0], x[-1])
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(h) - 1)
    u = (at - x[i]) / h[i]
    return (
        y[i] * (1 + 2 * u) * (1 - u) ** 2
        + h[i] * slope[i] * u * (1 - u) ** 2
        + y[i + 1] * u * u * (3 - 2 * u)
        - h[i] * slope[i + 1] * u * u * (1 - u)
    )


def angles(columns: int) -> np.ndarray:
    """The angles of a ring's points: 0 at the front, positive to the person's left, the seam at the back."""
    return np.linspace(-np.pi, np.pi, columns + 1)


def ramp(along: np.ndarray, knots: Sequence[tuple[float, str]]) -> np.ndarray:
    """Weights `… bones`: from one bone to the next between knots (place, bone)."""
    places = [place for place, _ in knots]
    weights = np.zeros((*np.shape(along), len(BONES)))
    for index, (_, bone) in enumerate(knots):
        weights[..., BONE[bone]] += np.interp(along, places, np.eye(len(knots))[index])
    return weights


def rings(centre: np.ndarray, width: np.ndarray, depth: np.ndarray, *, columns: int, square: float = 2.0) -> np.ndarray:
    """Points `r c 3` of horizontal rings: superellipses around `centre` (`r 3`) with half `width` along x
    and half `depth` along z (`r`, or `r c` to vary around).
    """
    phi = angles(columns)
    sine, cosine = np.sin(phi), np.cos(phi)
    reach = (np.abs(sine) ** square + np.abs(cosine) ** square) ** (-1 / square)
    width, depth = (a if a.ndim == 2 else a[:, None] for a in (width, depth))
    points = np.repeat(centre[:, None], columns + 1, axis=1)
    points[..., 0] += width * sine * reach
    points[..., 2] += depth * cosine * reach
    return points


def tube(
    points: np.ndarray,
    along: np.ndarray,
    weights: np.ndarray,
    *,
    material: int,
    cut: np.ndarray | float = 1.0,
    shade: np.ndarray | float = 1.0,
    hanging: np.ndarray | None = None,
    girth: float | None = None,
    start: float = 0.0,
    lined: bool = False,
) -> Tube:
    """A tube through rings of `points`; `along` (`r`) is the place of the rings on the cloth, metres.

    `girth` is the length once around that the cloth is measured by (by default the widest ring's).
    """
    rows, columns = points.shape[:2]
    if girth is None:
        girth = float(np.linalg.norm(np.diff(points, axis=1), axis=-1).sum(1).max())
    cloth = np.empty((rows, columns, 2))
    cloth[..., 0] = np.linspace(-0.5, 0.5, columns) * girth
    cloth[..., 1] = (np.asarray(along) + start)[:, None]
    if weights.ndim == 2:
        weights = np.repeat(weights[:, None], columns, axis=1)
    grid = np.ones((rows, columns))
    return Tube(points, cloth, weights, material, cut * grid, shade * grid, hanging, lined)


@dataclass(frozen=True, eq=False)
class Bind:
    """How a body stood when its surface was tied to the bones.

    Attributes:
        joints: `17 3`: where the joints of tempose.body.skeleton were.
        turns: `17 3 3`: what turns each bone from there to the skeleton's rest.
        grips: `2 3`: what the right and left hand held.
        fingers: `2 5 4 3`: the joints of the right and left hand's fingers, the thumb first, from the palm to the tip.
    """

    joints: np.ndarray
    turns: np.ndarray
    grips: np.ndarray
    fingers: np.ndarray

    @cached_property
    def hinges(self) -> np.ndarray:
        """`2 5 3`: the axes that fingers bend about, into the palm: across the hand, the thumb's across its bones."""
        bones = unit(np.diff(self.fingers, axis=2))
        thumb = unit(np.cross(bones[:, 0, :-1], bones[:, 0, 1:]).sum(1))
        across = unit(self.fingers[:, 4, 0] - self.fingers[:, 1, 0]) * [[-1], [1]]
        return np.stack([thumb, *[across] * 4], axis=1)

    def transforms(self, pose: Pose, frame: int) -> np.ndarray:
        """`bones 3 4`: where each bone carries a point of the surface."""
        turned = pose.rotations[frame] @ self.turns
        rotations, joints, homes = list(turned), list(pose.joints[frame]), list(self.joints)
        for name in HALVED:
            joint = JOINT[name]
            parent = turned[PARENTS[joint]]
            rotations.append(parent @ half_turn(parent.T @ turned[joint]))
            joints.append(pose.joints[frame, joint])
            homes.append(self.joints[joint])
        ahead = pose.rotations[frame, 0, :, 2]
        for wrist, grip in zip(WRISTS, self.grips, strict=True):
            rotations.append(turn_y(np.arctan2(ahead[0], ahead[2])))
            joints.append(pose.joints[frame, wrist] + turned[wrist] @ (grip - self.joints[wrist]))
            homes.append(grip)
        bent, knuckles = self.bent(pose, frame)
        rotations += [*bent.reshape(-1, 3, 3), np.eye(3)]
        joints += [*knuckles[:, :, :-1].reshape(-1, 3), np.zeros(3)]
        homes += [*self.fingers[:, :, :-1].reshape(-1, 3), np.zeros(3)]
        rotation = np.stack(rotations)
        moved = np.stack(joints) - np.einsum("bij,bj->bi", rotation, np.stack(homes))
        return np.concatenate([rotation, moved[..., None]], axis=-1)

    def bent(self, pose: Pose, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """What turns each bone of the fingers, `2 5 3 3 3`, and where their joints are, `2 5 4 3`, in one frame."""
        wrists = list(WRISTS)
        hands = pose.rotations[frame, wrists] @ self.turns[wrists]
        curl = np.zeros((2, 5, 3)) if pose.curl is None else pose.curl[frame]
        bent = hands[:, None, None] @ about(self.hinges[:, :, None], np.cumsum(curl, axis=-1))
        bones = np.einsum("sfbij,sfbj->sfbi", bent, np.diff(self.fingers, axis=2))
        first = np.einsum("sij,sfj->sfi", hands, self.fingers[:, :, 0] - self.joints[wrists, None])
        first = first + pose.joints[frame, wrists, None]
        return bent, np.concatenate([first[:, :, None], first[:, :, None] + np.cumsum(bones, axis=2)], axis=2)

    def hands(self, pose: Pose) -> np.ndarray:
        """`f 2 21 3`: the points of both hands in the world, in the order of tempose.pose.keypoints."""
        fingers = np.stack([self.bent(pose, frame)[1] for frame in range(len(pose.joints))])
        wrists = pose.joints[:, WRISTS, None]
        return np.concatenate([wrists, fingers.reshape(*fingers.shape[:2], -1, 3)], axis=2)


@dataclass(frozen=True, eq=False)
class Surface:
    """All patches and tubes of a person in one table of `v` points, ready to be posed.

    Attributes:
        bind: how the body stood.
        rest: float32 `v 4`: points at rest, and 1.
        normals: float32 `v 3`.
        weights: float32 `v bones`.
        cloth, cut, shade, material: as in Tube, one row a point.
        triangles: `t 3`, counter-clockwise as seen from outside.
        lined: `t`: whether the triangle is seen from inside as well.
        skirts: (slice of the table, Tube) of every skirt.
        parts: what it was put together from.
    """

    bind: Bind
    rest: np.ndarray
    normals: np.ndarray
    weights: np.ndarray
    cloth: np.ndarray
    cut: np.ndarray
    shade: np.ndarray
    material: np.ndarray
    triangles: np.ndarray
    lined: np.ndarray
    skirts: tuple[tuple[slice, Tube], ...]
    parts: tuple[Tube | Patch, ...]

    @staticmethod
    def of(bind: Bind, parts: Sequence[Tube | Patch]) -> Surface:
        """The parts of a person, put together."""
        patches = [part if isinstance(part, Patch) else part.patch() for part in parts]
        sizes = [len(patch.points) for patch in patches]
        starts = np.cumsum([0, *sizes])
        rest = np.concatenate([patch.points for patch in patches])
        return Surface(
            bind=bind,
            rest=np.concatenate([rest, np.ones((len(rest), 1))], axis=1).astype(np.float32),
            normals=np.concatenate([patch.normals for patch in patches]).astype(np.float32),
            weights=np.concatenate([patch.weights for patch in patches]).astype(np.float32),
            cloth=np.concatenate([patch.cloth for patch in patches]).astype(np.float32),
            cut=np.concatenate([patch.cut for patch in patches]).astype(np.float32),
            shade=np.concatenate([patch.shade for patch in patches]).astype(np.float32),
            material=np.repeat([patch.material for patch in patches], sizes).astype(np.int32),
            triangles=np.concatenate([p.triangles + s for p, s in zip(patches, starts[:-1], strict=True)]).astype(
                np.int32
            ),
            lined=np.concatenate([np.full(len(patch.triangles), patch.lined) for patch in patches]),
            skirts=tuple(
                (slice(start, start + size), part)
                for part, start, size in zip(parts, starts[:-1], sizes, strict=True)
                if isinstance(part, Tube) and part.hanging is not None
            ),
            parts=tuple(parts),
        )

    def outline(self, pose: Pose, frame: int) -> np.ndarray:
        """Some points, `n 3`, between which the surface lies in one frame of `pose`."""
        bones = self.bind.transforms(pose, frame)
        some = np.s_[::SOME]
        points = [np.einsum("vb,bij,vj->vi", self.weights[some], bones, self.rest[some], optimize=True)]
        for rows, part in self.skirts:
            carried = np.einsum("vb,bij,vj->vi", self.weights[rows], bones, self.rest[rows], optimize=True)
            points.append(hang(part, carried.reshape(part.points.shape), pose, frame).reshape(-1, 3))
        return np.concatenate(points)

    def posed(self, pose: Pose, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Points and outward normals, float32 `v 3`, in one frame of `pose`."""
        bones = self.bind.transforms(pose, frame).astype(np.float32)
        blend = (self.weights @ bones.reshape(len(BONES), 12)).reshape(-1, 3, 4)
        points = np.einsum("vij,vj->vi", blend, self.rest)
        normals = np.einsum("vij,vj->vi", blend[..., :3], self.normals)
        for rows, part in self.skirts:
            hung = hang(part, points[rows].reshape(part.points.shape), pose, frame)
            points[rows] = hung.reshape(-1, 3)
            normals[rows] = grid_normals(hung).reshape(-1, 3)
        normals /= np.maximum(np.sqrt(np.einsum("vi,vi->v", normals, normals)), 1e-12)[:, None]
        return points, normals


def block(
    centre: tuple[float, float], height: float, *, half: tuple[float, float], turn: float, material: int
) -> Patch:
    """A block on the ground around `centre` (x, z), turned about the vertical; `half` its width and depth."""
    corners = np.stack(np.meshgrid([-1, 1], [0, 1], [-1, 1], indexing="ij"), axis=-1).reshape(-1, 3)
    sides = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    flat = np.repeat(np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1.0]]), 4, axis=0)
    points = corners[sides.ravel()] * np.array([half[0], height, half[1]])
    cloth = np.where(
        np.abs(flat[:, 1:2]) > 0, points[:, [0, 2]], np.stack([points[:, 0] + points[:, 2], -points[:, 1]], -1)
    )
    weights = np.zeros((len(points), len(BONES)))
    weights[:, BONE["ground"]] = 1
    first = 4 * np.arange(6)[:, None]
    return Patch(
        points=points @ turn_y(turn).T + (centre[0], 0, centre[1]), normals=flat @ turn_y(turn).T, cloth=cloth,
        weights=weights, cut=np.ones(len(points)), shade=np.ones(len(points)),
        triangles=(first + np.array([[0, 1, 2, 0, 2, 3]])).reshape(-1, 3), material=material, lined=True,
    )  # fmt: skip


def about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Rotations `… 3 3` about unit axes `… 3` (Rodrigues)."""
    x, y, z = np.moveaxis(axis, -1, 0)
    cross = np.stack([0 * x, -z, y, z, 0 * x, -x, -y, x, 0 * x], axis=-1).reshape(*x.shape, 3, 3)
    sine, cosine = np.sin(angle)[..., None, None], np.cos(angle)[..., None, None]
    return np.eye(3) + sine * cross + (1 - cosine) * (cross @ cross)


def half_turn(rotation: np.ndarray) -> np.ndarray:
    """The rotation about the same axis by half the angle."""
    w = np.sqrt(max(1 + np.trace(rotation), 1e-6)) / 2
    v = np.array(
        [rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]]
    ) / (4 * w)
    w, (x, y, z) = w + 1, v
    w, x, y, z = np.array([w, x, y, z]) / np.sqrt(w * w + x * x + y * y + z * z)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


def hang(part: Tube, points: np.ndarray, pose: Pose, frame: int) -> np.ndarray:
    """A skirt around the legs: each ring is the hull of a circle around either leg at its height.

    `points` (`r c 3`) are the rings as the pelvis carries them; the upper ones keep their place.
    """
    joints = pose.joints[frame]
    pelvis = pose.rotations[frame, 0]
    side = pelvis[:, 0]
    assert part.hanging is not None
    drop, thick, stand_off = part.hanging[:, 0], part.hanging[:, 1, None, None], part.hanging[:, 2:, None]
    legs, tangents = [], []
    for hip, knee, ankle in LEGS:
        thigh, shin = joints[knee] - joints[hip], joints[ankle] - joints[knee]
        upper, lower = np.linalg.norm(thigh), np.linalg.norm(shin)
        on_thigh = np.clip(drop / upper, None, 1)[:, None]
        on_shin = np.clip((drop - upper) / lower, 0, 1)[:, None]
        legs.append(joints[hip] + on_thigh * thigh + on_shin * shin)
        below = np.clip((drop - upper) / 0.2 + 0.5, 0, 1)[:, None]
        tangents.append((1 - below) * thigh / upper + below * shin / lower)
    right, left = legs
    front = unit(np.cross(tangents[0] + tangents[1], side))
    middle, axis = (right + left) / 2, np.cross(side, front)
    right, left = (leg - ((leg - middle) * axis).sum(-1, keepdims=True) * axis for leg in (right, left))
    phi = angles(points.shape[1] - 1)[None, :, None]
    direction = np.sin(phi) * side + np.cos(phi) * front[:, None]
    lies = np.abs(direction[..., 1:2])  # what is above or below a leg falls onto it
    stand_off = thick + (stand_off - thick) * (1 - FALLS * lies)
    apart = ((left - right)[:, None] * direction).sum(-1, keepdims=True)
    share = 1 / (1 + np.exp(-apart / 0.035))
    around = share * left[:, None] + (1 - share) * right[:, None]
    bent = max(1 - float(unit(joints[k] - joints[h]) @ unit(joints[a] - joints[k])) for h, k, a in LEGS)
    stand_off = stand_off + KNEE_OUT * bent * np.exp(-(((drop - upper) / 0.12) ** 2))[:, None, None]
    hanging = around + stand_off * direction
    weight = np.clip(drop / 0.12, 0, 1)[:, None, None]
    weight = weight * weight * (3 - 2 * weight)
    return ((1 - weight) * points + weight * hanging).astype(points.dtype)
