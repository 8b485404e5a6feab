"""The body under the clothes, as garments want to know it: how far along a limb, how far around the trunk.

`Body` carries MakeHuman's surface in one person's build, the bones that it is tied to, and for each of its points the
places that hems, sleeves, necklines and hairlines are told by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from tempose.body.skeleton import JOINT, JOINTS, Proportions, Skeleton, unit
from tempose.people.anatomy import Build, Mesh, mesh, shaped
from tempose.people.bones import BONE, BONES, PHALANGES
from tempose.people.mesh import Bind, Patch, angles, point_normals

SIDES = ("right", "left")
TRUNK_COLUMNS, HEAD_COLUMNS = 28, 28

AROUND = 0.155  # metres of cloth around the trunk for each radian, of a person of 1.70 m

# Where estimators of poses find shoulders and hips of these bodies: above the joints that MakeHuman turns arms about,
# in trunks, and nearer together than those of the legs.
SHOULDERS_HIGHER, HIPS_NARROWER = 0.05, 0.87

FULLEST = 0.9  # the share of a leg that lies within its thickness

BRIDGING = 12  # how often cloth is drawn straight where it is loose

# Points of the mesh.
CROWN, CHIN, NOSE, NOSTRIL, LIPS = 881, 732, 5054, 317, 523
EARS = [5610, 12207]  # right and left, before the opening


def lump(phi: np.ndarray, at: float, width: float) -> np.ndarray:
    """A bell of height 1 around the angle `at`."""
    away = np.abs((phi - at + np.pi) % (2 * np.pi) - np.pi)
    return np.exp(-((away / width) ** 2))


@dataclass(frozen=True)
class PersonSkeleton(Skeleton):
    """The bones of a body, whose face is where the mesh has it."""

    face_points: tuple[tuple[float, float, float], ...] = ()

    @property
    def face(self) -> np.ndarray:
        """`5 3`: nose, right eye, left eye, right ear, left ear, seen from the head joint at rest."""
        return np.array(self.face_points)


@dataclass(frozen=True, eq=False)
class Places:
    """Where points `v` lie on a body.

    Attributes:
        arm, leg, head: the share of each that arms, legs, and neck and head carry.
        up: metres above the hip joints.
        around: the angle around the trunk: 0 at the front, positive to the left.
        down_arm, down_leg: metres from the shoulder or hip joint, along the limb.
        around_arm, around_leg: the angle around it.
        left: whether on the left.
    """

    arm: np.ndarray
    leg: np.ndarray
    head: np.ndarray
    up: np.ndarray
    around: np.ndarray
    down_arm: np.ndarray
    down_leg: np.ndarray
    around_arm: np.ndarray
    around_leg: np.ndarray
    left: np.ndarray


def _onto(direction: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The smallest rotation that takes one direction to another."""
    a, b = unit(direction), unit(wanted)
    axis = np.cross(a, b)
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + cross + cross @ cross / (1 + a @ b)


@dataclass(frozen=True, eq=False)
class Body:
    """One person's body; `points` (`v 3`) are those of tempose.people.anatomy.mesh, in metres."""

    points: np.ndarray
    skeleton: PersonSkeleton
    bind: Bind

    @staticmethod
    def of(build: Build) -> Body:
        """The body of this build."""
        points, places = shaped(build).astype(float), mesh().places

        def at(name: str) -> np.ndarray:
            return points[places[f"joint-{name}"]].mean(0)

        pelvis = (at("r-upper-leg") + at("l-upper-leg")) / 2 * (0, 1, 1)
        points = points - pelvis * (0, 0, 1)
        pelvis = pelvis * (0, 1, 0)
        higher = SHOULDERS_HIGHER * (at("l-shoulder")[1] - pelvis[1])
        points[np.concatenate([places[f"joint-{letter}-shoulder"] for letter in "rl"]), 1] += higher
        points[np.concatenate([places[f"joint-{letter}-upper-leg"] for letter in "rl"]), 0] *= HIPS_NARROWER
        shoulders = [at("r-shoulder"), at("l-shoulder")]
        crown, chin = points[CROWN, 1], points[CHIN, 1]
        trunk, height = float(shoulders[0][1] - pelvis[1]), float(crown)
        length = {
            (a, b): float(np.linalg.norm(at(f"l-{a}") - at(f"l-{b}")))
            for a, b in (
                ("shoulder", "elbow"), ("elbow", "hand"), ("hand", "finger-3-4"),
                ("upper-leg", "knee"), ("knee", "ankle"),
            )
        }  # fmt: skip
        foot = points[mesh().weights[:, BONE["left_ankle"]] > 0.5]
        proportions = Proportions(
            height=height,
            hips=float(at("l-upper-leg")[0] - at("r-upper-leg")[0]),
            shoulders=float(shoulders[1][0] - shoulders[0][0]),
            trunk=trunk,
            neck=float(chin - pelvis[1] - 1.02 * trunk),
            head=float(crown - chin),
            upper_arm=length["shoulder", "elbow"],
            forearm=length["elbow", "hand"],
            hand=length["hand", "finger-3-4"],
            thigh=length["upper-leg", "knee"],
            shin=length["knee", "ankle"],
            ankle=float(at("l-ankle")[1]),
            foot=float(np.ptp(foot[:, 2])),
        )
        rest = Skeleton(proportions).rest().joints[0]
        joints, turns = rest - rest[0] + pelvis, np.tile(np.eye(3), (len(JOINTS), 1, 1))
        below = np.array([0.0, -1, 0])
        for side, letter in zip(SIDES, "rl", strict=True):
            for upper, middle, lower, names in (
                ("shoulder", "elbow", "hand", ("shoulder", "elbow", "wrist")),
                ("upper-leg", "knee", "ankle", ("hip", "knee", "ankle")),
            ):
                a, b, c = (at(f"{letter}-{name}") for name in (upper, middle, lower))
                first, second, third = (JOINT[f"{side}_{name}"] for name in names)
                joints[second], joints[third] = b, c
                turns[first] = _onto(b - a, below)
                turns[second] = _onto(turns[first] @ (c - b), below) @ turns[first]
                turns[third] = turns[second] if names[2] == "wrist" else np.eye(3)
        wrists = [JOINT["right_wrist"], JOINT["left_wrist"]]
        grips = np.stack([joints[w] + turns[w].T @ (0.75 * proportions.hand * below) for w in wrists])
        fingers = np.array(
            [[[at(f"{side}-finger-{f}-{j}") for j in range(1, 5)] for f in range(1, 6)] for side in "rl"]
        )
        eye = np.array([at("r-eye"), at("l-eye")])
        eye[:, 2] = [points[places[f"helper-{letter}-eye"], 2].max() for letter in "rl"]
        face = np.concatenate([points[[NOSE]], eye, points[EARS]]) - joints[JOINT["head"]]
        skeleton = PersonSkeleton(proportions, face_points=tuple(map(tuple, face.tolist())))
        return Body(points, skeleton, Bind(joints, turns, grips, fingers))

    @property
    def mesh(self) -> Mesh:
        return mesh()

    @property
    def proportions(self) -> Proportions:
        return self.skeleton.proportions

    @property
    def k(self) -> float:
        """Thickness goes with height; the figures of garments are those for a person of 1.70 m."""
        return self.proportions.height / 1.70

    def joint(self, name: str) -> np.ndarray:
        return self.bind.joints[JOINT[name]]

    @cached_property
    def places(self) -> Places:
        """Where all points of the mesh lie."""
        weights, points = _whole_hands(), self.points
        left = points[:, 0] > 0
        pelvis = self.joint("pelvis")
        middle = self.middle(points[:, 1] - pelvis[1])
        result = {}
        for limb, (first, second, third) in (
            ("arm", ("shoulder", "elbow", "wrist")), ("leg", ("hip", "knee", "ankle")),
        ):  # fmt: skip
            down, around = np.zeros(len(points)), np.zeros(len(points))
            for side, here in zip(SIDES, (~left, left), strict=True):
                a, b = (self.joint(f"{side}_{name}") for name in (first, second))
                turns = [self.bind.turns[JOINT[f"{side}_{name}"]] for name in (first, second)]
                upper, lower = (points - a) @ turns[0].T, (points - b) @ turns[1].T
                length = float(np.linalg.norm(b - a))
                bent = weights[:, BONE[f"{side}_{second}"]] + weights[:, BONE[f"{side}_{third}"]]
                bent = bent + 0.5 * weights[:, BONE[f"half_{side}_{second}"]]
                placed = (1 - bent)[:, None] * upper + bent[:, None] * (lower - (0, length, 0))
                down[here] = -placed[here, 1]
                around[here] = np.arctan2(placed[here, 0], placed[here, 2])
            result[limb] = down, around
        return Places(
            arm=_carried("shoulder", "elbow", "wrist"),
            leg=_carried("hip", "knee", "ankle"),
            head=weights[:, BONE["head"]] + weights[:, BONE["neck"]],
            up=points[:, 1] - pelvis[1],
            around=np.arctan2(points[:, 0], points[:, 2] - middle),
            down_arm=result["arm"][0],
            down_leg=result["leg"][0],
            around_arm=result["arm"][1],
            around_leg=result["leg"][1],
            left=left,
        )

    @cached_property
    def _middle(self) -> tuple[np.ndarray, np.ndarray]:
        """The middle of the trunk from back to front (z) at heights above the hip joints."""
        t = self.proportions.trunk
        y = np.linspace(-0.15, 1.2, 28) * t
        points = self.points[_trunk_points()]
        up, z = points[:, 1] - self.joint("pelvis")[1], points[:, 2]
        near = np.abs(up[None] - y[:, None]) < 0.06 * t
        low, high = np.where(near, z, np.inf).min(1), np.where(near, z, -np.inf).max(1)
        return y, 0.5 * (low + high)

    def middle(self, y: np.ndarray) -> np.ndarray:
        """The middle of the trunk from back to front (z), `y` metres above the hip joints."""
        return np.interp(y, *self._middle)

    # --- rings around the body, for what hangs from it ---

    def trunk(self, y: np.ndarray, ease: np.ndarray | float = 0.0) -> np.ndarray:
        """Rings `r c 3` around the trunk, `y` metres above the hip joints and `ease` (`r` or `r c`) metres off it."""
        y = np.asarray(y, float)
        phi = angles(TRUNK_COLUMNS)
        middle = self.middle(y)
        at = np.clip(y, self._rings[0][0], self._rings[0][-1])
        rows = np.clip(np.searchsorted(self._rings[0], at) - 1, 0, len(self._rings[0]) - 2)
        share = ((at - self._rings[0][rows]) / np.diff(self._rings[0])[rows])[:, None]
        radius = (1 - share) * self._rings[1][rows] + share * self._rings[1][rows + 1]
        radius = radius + (np.asarray(ease, float) if np.ndim(ease) == 2 else np.reshape(ease, (-1, 1)))
        pelvis = self.joint("pelvis")
        return np.stack(
            [
                radius * np.sin(phi),
                np.broadcast_to((pelvis[1] + y)[:, None], radius.shape),
                middle[:, None] + radius * np.cos(phi),
            ],
            axis=-1,
        )

    @cached_property
    def _rings(self) -> tuple[np.ndarray, np.ndarray]:
        """Heights `r` above the hip joints, and how far the trunk reaches there, `r c`."""
        t = self.proportions.trunk
        y = np.linspace(-0.1, 1.22, 45) * t
        faces = _trunk_faces()
        return y, reach_around(self.points, faces, self.joint("pelvis")[1] + y, self.middle(y), TRUNK_COLUMNS)

    def trunk_weights(self, points: np.ndarray) -> np.ndarray:
        """The weights `… bones` of what hangs on the trunk at `points` (`… 3`): those of the nearest of its own."""
        own = _trunk_points()
        flat = points.reshape(-1, 3)
        away = (flat**2).sum(1)[:, None] - 2 * flat @ self.points[own].T + (self.points[own] ** 2).sum(1)
        return mesh().weights[own[away.argmin(1)]].reshape(*points.shape[:-1], -1)

    def trunk_shade(self, points: np.ndarray) -> np.ndarray:
        """Less light between arms and trunk."""
        p, y = self.proportions, points[..., 1] - self.joint("pelvis")[1]
        beside = np.clip(np.abs(points[..., 0]) / (p.shoulders / 2) - 0.62, 0, 0.5)
        return 1 - 0.6 * beside * np.clip((0.80 * p.trunk - y) / 0.1, 0, 1) * np.clip(y / (0.4 * p.trunk), 0, 1)

    def leg_thickness(self, drop: np.ndarray) -> np.ndarray:
        """How far a leg reaches off its bone, metres, `drop` metres below the hip joint: nearly as far as it goes."""
        return np.interp(drop, *self._thickness)

    @cached_property
    def _thickness(self) -> tuple[np.ndarray, np.ndarray]:
        places, here = self.places, mesh().places["helper-tights"]
        here = here[(places.leg[here] > 0.5) & places.left[here]]
        drop = np.linspace(0.02, self.proportions.leg, 24)
        offset = self.points[here]
        hip, knee, ankle = (self.joint(f"left_{name}") for name in ("hip", "knee", "ankle"))
        heights = np.array([ankle[1], knee[1], hip[1]])
        axis = np.stack([np.interp(offset[:, 1], heights, [ankle[i], knee[i], hip[i]]) for i in (0, 2)], axis=-1)
        away = np.linalg.norm(offset[:, [0, 2]] - axis, axis=1)
        near = np.abs(places.down_leg[here][None] - drop[:, None]) < 0.04
        return drop, np.nan_to_num(np.nanquantile(np.where(near, away, np.nan), FULLEST, axis=1))

    def arm_spread(self, layers: float) -> float:
        """How far, in radians, hanging arms stand off so that they clear the hips under these layers."""
        p = self.proportions
        y = np.linspace(0.0, 0.62 * p.trunk, 8)
        beside = self.trunk(y)[..., 0].max(1) + 0.7 * layers + 0.035 * self.k - p.shoulders / 2
        return float(np.clip((beside / (p.trunk - y)).max() - 0.12, 0.0, 0.5))

    # --- head ---

    def head(self, h: np.ndarray, phi: np.ndarray, ease: np.ndarray | float = 0.0) -> np.ndarray:
        """Points `… 3` on the skull: `h` from the crown (0) to the chin (1), `phi` around; ears are left out."""
        size = self.proportions.head
        levels, middle, reach = self._skull
        h, phi, ease = np.broadcast_arrays(np.asarray(h, float), np.asarray(phi, float), np.asarray(ease, float))
        at = np.interp(h, levels, np.arange(len(levels)))
        low = np.minimum(at.astype(int), len(levels) - 2)
        columns = reach.shape[1] - 1
        turn = ((phi + np.pi) % (2 * np.pi)) / (2 * np.pi) * columns
        left = np.minimum(turn.astype(int), columns - 1)
        down, right = at - low, turn - left
        radius = (1 - down) * ((1 - right) * reach[low, left] + right * reach[low, left + 1]) + down * (
            (1 - right) * reach[low + 1, left] + right * reach[low + 1, left + 1]
        )
        radius = radius * np.clip(h / 0.005, 0.02, 1) + ease * np.clip(h / 0.12, 0, 1)
        y = self.points[CHIN, 1] + size * (1 - h) + ease * np.clip(1 - h / 0.3, 0, 1) ** 0.5
        return np.stack([radius * np.sin(phi), y, middle + radius * np.cos(phi)], axis=-1)

    @property
    def skull(self) -> np.ndarray:
        """The middle of the head at the height of the chin."""
        return np.array([0, self.points[CHIN, 1], self._skull[1]])

    @cached_property
    def _skull(self) -> tuple[np.ndarray, float, np.ndarray]:
        points, size = self.points, self.proportions.head
        faces = mesh().faces["body"]
        carried = mesh().weights[:, BONE["head"]] + mesh().weights[:, BONE["neck"]]
        faces = faces[(carried[faces] > 0.5).all(1)]
        crown = points[faces.ravel()]
        level = np.abs(crown[:, 1] - points[CHIN, 1] - 0.7 * size) < 0.05 * size
        middle = float(0.5 * (crown[level, 2].min() + crown[level, 2].max()))
        levels = np.linspace(0.02, 1.05, 40) ** 1.5
        levels[0] = 0.0
        heights = points[CHIN, 1] + size * (1 - np.maximum(levels, 0.002))
        columns = 48
        reach = reach_around(points, faces, heights, np.full(len(levels), middle), columns)
        phi = angles(columns)
        beside = (np.abs(phi) > 1.0) & (np.abs(phi) < 2.2)
        edge = np.stack([np.interp(a, phi, np.arange(columns + 1)).round().astype(int) for a in (-2.2, -1.0, 1.0, 2.2)])
        widest = (reach[:, edge] * np.abs(np.sin(phi[edge]))).max(1)
        limit = 1.02 * widest[:, None] / np.maximum(np.abs(np.sin(phi)), 0.5)
        reach = np.where(beside & (levels > 0.3)[:, None], np.minimum(reach, limit), reach)
        return levels, middle, reach

    # --- patches ---

    def pushed(self, faces: np.ndarray, ease: np.ndarray | float, *, loose: np.ndarray | float = 0.0) -> np.ndarray:
        """The points of the mesh, `v 3`, with those of `faces` (`f 4`) `ease` (`v`) metres out; `loose` (`v`), 0 to 1,
        is how much the cloth bridges what is hollow.
        """
        triangles = triangulated(faces)
        points, normals = self.points, point_normals(self.points, triangles)
        if np.any(loose):
            points, normals = _bridged(points, normals, triangles, np.broadcast_to(loose, len(points)))
        return points + np.broadcast_to(ease, len(points))[:, None] * normals

    def patch(
        self,
        faces: np.ndarray,
        *,
        material: int,
        points: np.ndarray | None = None,
        normals: np.ndarray | None = None,
        cut: np.ndarray | None = None,
        shade: np.ndarray | float = 1.0,
        cloth: np.ndarray | None = None,
        lined: bool = False,
    ) -> Patch:
        """A piece of the surface.

        Args:
            faces: `f 4` of the mesh.
            material: as in Tube.
            points, normals: `v 3`, where and which way the points of the mesh are; by default those of the body.
            cut, shade: as in Tube, of all points of the mesh, `v`.
            cloth: `v 2`, places on the texture; by default metres around and along trunk and limbs.
        """
        points = self.points if points is None else points
        normals = point_normals(points, triangulated(faces)) if normals is None else normals
        if cut is not None:
            faces = faces[(cut[faces] >= 0).any(1)]
        if cloth is None:
            used, triangles, cloth = self._unwrapped(faces)
        else:
            used, inverse = np.unique(triangulated(faces), return_inverse=True)
            triangles, cloth = inverse.reshape(-1, 3), cloth[used]
        return Patch(
            points=points[used],
            normals=normals[used],
            cloth=cloth,
            weights=mesh().weights[used],
            cut=np.ones(len(used)) if cut is None else cut[used],
            shade=np.broadcast_to(shade, len(points))[used],
            triangles=triangles,
            material=material,
            lined=lined,
        )

    def garment(
        self,
        materials: Mapping[int, np.ndarray],
        *,
        cut: np.ndarray,
        ease: np.ndarray | float,
        shade: np.ndarray | float = 1.0,
        loose: np.ndarray | float = 0.0,
    ) -> list[Patch]:
        """Cloth that lies `ease` metres off the body: a patch for each material, of its `faces`, without a gap between.

        What is given is as for `pushed` and `patch`.
        """
        whole = np.concatenate(list(materials.values()))
        points = self.pushed(whole, ease, loose=loose)
        normals = unit(mesh().halfway(point_normals(points, triangulated(whole))))
        points = mesh().halfway(points)
        return [
            self.patch(
                mesh().finer(faces), material=material, points=points, normals=normals, cut=cut, shade=shade, lined=True
            )
            for material, faces in materials.items()
        ]

    def _unwrapped(self, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Faces laid out on cloth: the point of the mesh behind each of `n` corners, triangles of them, and their
        places `n 2`. Points on the seams are there twice.
        """
        places, p = self.places, self.proportions
        corner = faces.ravel()
        kind = np.where(places.arm[faces].mean(1) > 0.5, 1, np.where(places.leg[faces].mean(1) > 0.5, 2, 0))
        kinds = np.repeat(kind, 4)
        phi = np.choose(kinds, [places.around[corner], places.around_arm[corner], places.around_leg[corner]])
        phi = phi.reshape(-1, 4)
        phi = np.where((np.ptp(phi, axis=1) > np.pi)[:, None] & (phi < 0), phi + 2 * np.pi, phi).ravel()
        radius = np.array([AROUND, 0.05, 0.09])[kinds] * self.k
        along = np.choose(
            kinds, [p.trunk - places.up[corner], places.down_arm[corner], p.trunk + places.down_leg[corner]]
        )
        key = (corner.astype(np.int64) * 3 + kinds) * 2 + (phi > np.pi)
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        cloth = np.stack([phi * radius, along], axis=-1)[first]
        return corner[first], triangulated(inverse.reshape(-1, 4), of=faces), cloth


def _carried(*joints: str) -> np.ndarray:
    """The share `v` of each point that these joints' bones carry, of both sides."""
    wanted = [BONE[bone] for bone in BONES if bone.removeprefix("half_").partition("_")[2] in joints]
    return np.asarray(_whole_hands()[:, wanted].sum(1))


@cache
def _whole_hands() -> np.ndarray:
    """The weights of the mesh, `v bones`, where the wrist carries the fingers."""
    weights = mesh().weights.copy()
    for side in SIDES:
        fingers = [BONE[name] for name in PHALANGES if name.startswith(side)]
        weights[:, BONE[f"{side}_wrist"]] += weights[:, fingers].sum(1)
        weights[:, fingers] = 0
    return weights


def triangulated(faces: np.ndarray, of: np.ndarray | None = None) -> np.ndarray:
    """Triangles `t 3` of faces `f 4`; `of` are the same faces of the mesh, which tell triangles from quadrangles."""
    of = faces if of is None else of
    four = of[:, 2] != of[:, 3]
    return np.concatenate([faces[:, :3], faces[four][:, [0, 2, 3]]])


def _bridged(
    points: np.ndarray, normals: np.ndarray, triangles: np.ndarray, share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Points moved straight out, by a `share` (`v`) of the way to where the mean of their neighbours comes to lie, but
    never in; and their normals.
    """
    edges = np.unique(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=0)
    first, second = edges.T
    count = np.bincount(first, minlength=len(points))
    out = np.zeros(len(points))
    for _ in range(BRIDGING):
        moved = points + out[:, None] * normals
        total = np.stack([np.bincount(first, moved[second, i], minlength=len(points)) for i in range(3)], axis=-1)
        mean = total / np.maximum(count, 1)[:, None]
        out = np.where(count > 0, np.maximum(((mean - points) * normals).sum(1), 0), 0)
    moved = points + (share * out)[:, None] * normals
    return moved, point_normals(moved, triangles)


def reach_around(
    points: np.ndarray, faces: np.ndarray, heights: np.ndarray, middle: np.ndarray, columns: int
) -> np.ndarray:
    """How far, `r c`, a surface (`faces` `f 3` or `f 4`) reaches from a line (x = 0, z = `middle`) at `heights`: to the
    outermost of what lies behind one another.
    """
    edges = np.sort(np.concatenate([faces[:, [i - 1, i]] for i in range(faces.shape[1])]), axis=1)
    edges = np.unique(edges, axis=0)
    low, high = points[edges[:, 0]], points[edges[:, 1]]
    swap = (low[:, 1] > high[:, 1])[:, None]
    low, high = np.where(swap, high, low), np.where(swap, low, high)
    phi = angles(columns)
    reach = np.zeros((len(heights), columns + 1))
    for row, (y, z) in enumerate(zip(heights, middle, strict=True)):
        met = (low[:, 1] <= y) & (high[:, 1] > y)
        share = ((y - low[met, 1]) / (high[met, 1] - low[met, 1]))[:, None]
        place = low[met] + share * (high[met] - low[met]) - (0, 0, z)
        turn, away = np.arctan2(place[:, 0], place[:, 2]), np.hypot(place[:, 0], place[:, 2])
        bins = ((turn + np.pi) / (2 * np.pi) * 64).astype(int) % 64
        outer = np.zeros(64)
        np.maximum.at(outer, bins, away)
        there = np.flatnonzero(outer)
        if len(there):
            reach[row] = np.interp(phi, (there + 0.5) / 64 * 2 * np.pi - np.pi, outer[there], period=2 * np.pi)
    return reach


def _trunk_points() -> np.ndarray:
    """Points of the tights that no arm carries."""
    here = mesh().places["helper-tights"]
    return here[_carried("shoulder", "elbow")[here] < 0.45]


def _trunk_faces() -> np.ndarray:
    faces = mesh().faces["helper-tights"]
    inside = np.zeros(len(mesh().points), bool)
    inside[_trunk_points()] = True
    return faces[inside[faces].all(1)]
