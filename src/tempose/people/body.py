"""The body under the clothes: trunk, limbs, hands, neck and head as tubes around the bones.

`Body` gives every garment the shape it lies on: the same rings, `ease` metres further out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempose.body.skeleton import JOINT, Skeleton
from tempose.people.materials import HEAD, SKIN
from tempose.people.mesh import Tube, angles, curve, ramp, rings, tube
from tempose.people.person import Shape

SIDES = ("right", "left")
TRUNK_COLUMNS, LIMB_COLUMNS, HEAD_COLUMNS = 28, 14, 28
SHOULDER_CAP = np.array([-0.038, -0.036, -0.03, -0.02, -0.008])
ARM_TOP = -0.038  # where an arm begins, of a person of 1.70 m


def lump(phi: np.ndarray, at: float, width: float) -> np.ndarray:
    """A bell of height 1 around the angle `at`."""
    away = np.abs((phi - at + np.pi) % (2 * np.pi) - np.pi)
    return np.exp(-((away / width) ** 2))


@dataclass(frozen=True)
class Body:
    """The surface around a skeleton at rest. Heights are metres above the hip joints, places on arms and
    legs metres below shoulder and hip joints.
    """

    skeleton: Skeleton
    shape: Shape

    @property
    def k(self) -> float:
        """Thickness goes with height; the figures below are those of a person of 1.70 m."""
        return self.skeleton.proportions.height / 1.70

    def joint(self, name: str) -> np.ndarray:
        return self.skeleton.rest().joints[0, JOINT[name]]

    # --- trunk ---

    def trunk(self, y: np.ndarray, ease: np.ndarray | float = 0.0) -> np.ndarray:
        """Rings `r c 3` at the heights `y`, `ease` (`r` or `r c`) metres off the body."""
        p, s, k = self.skeleton.proportions, self.shape, self.k
        t, half = p.trunk, p.shoulders / 2
        fat, wide = s.fat - 0.35, s.hips - 0.5
        heights = np.array([-0.14, -0.06, 0.04, 0.20, 0.40, 0.58, 0.74, 0.86, 0.96, 1.04, 1.09, 1.13, 1.17, 1.22]) * t
        hip = p.hips / 2 + k * (0.074 + 0.030 * wide + 0.055 * fat)
        waist = k * (0.126 + 0.11 * fat + 0.012 * s.muscle)
        chest = half - k * (0.020 - 0.035 * fat - 0.012 * s.muscle)
        neck = k * (0.052 + 0.012 * s.muscle + 0.014 * fat)
        width = curve(
            y,
            heights,
            [
                0.80 * hip,
                0.93 * hip,
                hip,
                0.6 * hip + 0.4 * waist,
                waist,
                0.5 * (waist + chest) - 0.004,
                chest,
                chest + 0.004,
                0.99 * half,
                0.87 * half,
                0.64 * half,
                0.42 * half,
                neck + 0.002,
                0.72 * neck,
            ],
        )
        depth = (
            k
            * curve(
                y,
                heights,
                [0.085, 0.105, 0.115, 0.108, 0.096, 0.108, 0.118, 0.112, 0.090, 0.074, 0.064, 0.058, 0.052, 0.036],
            )
            * (1 + 0.55 * fat)
        )
        middle = k * curve(
            y,
            heights,
            [0.0, -0.004, -0.006, 0.0, 0.006, 0.002, -0.004, -0.012, -0.018, -0.024, -0.024, -0.022, -0.016, -0.010],
        )
        at, phi = (y / t)[:, None], angles(TRUNK_COLUMNS)[None]
        front = (
            0.055 * s.bust * np.exp(-(((at - 0.72) / 0.12) ** 2)) * (lump(phi, 0.5, 0.42) + lump(phi, -0.5, 0.42))
            + 0.12 * max(s.belly - 0.2, 0) * np.exp(-(((at - 0.33) / 0.24) ** 2)) * lump(phi, 0, 0.95)
            + (0.022 + 0.03 * s.hips)
            * np.exp(-(((at - 0.0) / 0.16) ** 2))
            * (lump(phi, np.pi - 0.55, 0.5) + lump(phi, 0.55 - np.pi, 0.5))
            - 0.010 * (1 - fat) * np.exp(-(((at - 0.55) / 0.3) ** 2)) * lump(phi, np.pi, 0.25)
        )
        ease = np.broadcast_to(np.asarray(ease, float).reshape(-1, 1) if np.ndim(ease) < 2 else ease, front.shape)
        pelvis = self.joint("pelvis")
        centre = np.stack([np.zeros_like(y), pelvis[1] + y, middle], axis=-1)
        return rings(
            centre, width[:, None] + ease, depth[:, None] + k * front + ease, columns=TRUNK_COLUMNS, square=2.3
        )

    def trunk_weights(self, points: np.ndarray) -> np.ndarray:
        """Pelvis, waist and chest by height; the shoulders' corners follow the arms, the seat the legs."""
        p = self.skeleton.proportions
        pelvis = self.joint("pelvis")
        y = (points[..., 1] - pelvis[1]) / p.trunk
        weights = ramp(y, [(0.14, "pelvis"), (0.34, "waist"), (0.46, "waist"), (0.66, "chest")])
        outer = np.clip((np.abs(points[..., 0]) / (p.shoulders / 2) - 0.45) / 0.5, 0, 1)
        share_arm = 0.6 * outer * np.clip((y - 0.74) / 0.16, 0, 1)
        share_leg = 0.55 * np.clip((0.06 - y) / 0.16, 0, 1) * np.clip(np.abs(points[..., 0]) / 0.06, 0, 1)
        left = (points[..., 0] > 0)[..., None]
        arm = np.where(left, ramp(y, [(0, "half_left_shoulder")]), ramp(y, [(0, "half_right_shoulder")]))
        leg = np.where(left, ramp(y, [(0, "half_left_hip")]), ramp(y, [(0, "half_right_hip")]))
        weights = (1 - share_arm)[..., None] * weights + share_arm[..., None] * arm
        return (1 - share_leg)[..., None] * weights + share_leg[..., None] * leg

    def trunk_shade(self, points: np.ndarray) -> np.ndarray:
        """Less light under the arms and between the legs."""
        y = (points[..., 1] - self.joint("pelvis")[1]) / self.skeleton.proportions.trunk
        side = np.abs(points[..., 0]) / np.maximum(np.abs(points[..., 0]).max(-1, keepdims=True), 1e-6)
        return 1 - 0.25 * side**4 * np.clip((y - 0.3) / 0.3, 0, 1) * (y < 0.95) - 0.35 * np.clip(-y / 0.15, 0, 1)

    def arm_spread(self, layers: float) -> float:
        """How far, in radians, hanging arms must stand off to clear the trunk and `layers` metres of cloth."""
        p = self.skeleton.proportions
        y = np.linspace(0.0, 0.62 * p.trunk, 8)
        beside = self.trunk(y)[..., 0].max(1) + 0.7 * layers + 0.035 * self.k - p.shoulders / 2
        return float(np.clip((beside / (p.trunk - y)).max() - 0.12, 0.0, 0.5))

    # --- limbs ---

    def arm(self, side: int, s: np.ndarray, ease: np.ndarray | float = 0.0) -> np.ndarray:
        """Rings around an arm (0 right, 1 left) at the places `s`; the cap begins at ARM_TOP."""
        p, k, fat, strong = self.skeleton.proportions, self.k, self.shape.fat - 0.35, self.shape.muscle
        places = [
            ARM_TOP * k,
            -0.033 * k,
            -0.018 * k,
            0.025 * k,
            0.10 * k,
            0.6 * p.upper_arm,
            p.upper_arm,
            p.upper_arm + 0.25 * p.forearm,
            p.upper_arm + 0.7 * p.forearm,
            p.upper_arm + p.forearm,
            p.upper_arm + p.forearm + 0.05,
        ]
        thick = [0.004, 0.024, 0.041, 0.050, 0.046, 0.041, 0.034, 0.037, 0.029, 0.024, 0.024]
        growth = np.array([0, 0.2, 0.6, 1, 1, 1, 0.6, 0.7, 0.4, 0.15, 0.15])
        radius = curve(s, places, k * (np.array(thick) + growth * (0.030 * fat + 0.014 * (strong - 0.5))))
        cap = curve(s, places[:4], [0, 0.2, 0.5, 1])
        radius = (radius + ease * cap)[:, None] * np.ones(LIMB_COLUMNS + 1)
        centre = self.joint(f"{SIDES[side]}_shoulder") - np.stack([0 * s, s, 0 * s], axis=-1)
        return rings(centre, 0.94 * radius, radius, columns=LIMB_COLUMNS)

    def arm_weights(self, side: int, s: np.ndarray) -> np.ndarray:
        p, name = self.skeleton.proportions, SIDES[side]
        elbow, wrist = p.upper_arm, p.upper_arm + p.forearm
        return ramp(
            s,
            [
                (-0.03, f"half_{name}_shoulder"),
                (0.06, f"{name}_shoulder"),
                (elbow - 0.05, f"{name}_shoulder"),
                (elbow, f"half_{name}_elbow"),
                (elbow + 0.05, f"{name}_elbow"),
                (wrist - 0.02, f"{name}_elbow"),
                (wrist + 0.02, f"{name}_wrist"),
            ],
        )

    def leg(self, side: int, s: np.ndarray, ease: np.ndarray | float = 0.0) -> np.ndarray:
        """Rings around a leg (0 right, 1 left) at the places `s`; it begins inside the trunk."""
        p, k, fat, strong = self.skeleton.proportions, self.k, self.shape.fat - 0.35, self.shape.muscle
        th, sh = p.thigh, p.shin
        places = [
            -0.06,
            0.02,
            0.10,
            0.6 * th,
            th - 0.02,
            th + 0.04,
            th + 0.32 * sh,
            th + 0.7 * sh,
            th + 0.93 * sh,
            th + sh,
        ]
        thick = [0.060, 0.084, 0.083, 0.067, 0.052, 0.049, 0.053, 0.040, 0.033, 0.034]
        growth = np.array([0.5, 1, 1, 0.9, 0.5, 0.5, 0.55, 0.35, 0.2, 0.2])
        radius = curve(
            s,
            places,
            k * (np.array(thick) + growth * (0.042 * fat + 0.012 * (strong - 0.5) + 0.012 * (self.shape.hips - 0.5))),
        )
        back = k * curve(s, [0, 0.6 * th, th, th + 0.3 * sh, th + 0.8 * sh], [0, 0.006, 0.0, -0.014, -0.006])
        radius = (radius + ease)[:, None] * np.ones(LIMB_COLUMNS + 1)
        centre = self.joint(f"{SIDES[side]}_hip") + np.stack([0 * s, -s, back], axis=-1)
        return rings(centre, 0.95 * radius, radius, columns=LIMB_COLUMNS)

    def leg_weights(self, side: int, s: np.ndarray) -> np.ndarray:
        p, name = self.skeleton.proportions, SIDES[side]
        return ramp(
            s,
            [
                (-0.06, "pelvis"),
                (0.0, f"half_{name}_hip"),
                (0.10, f"{name}_hip"),
                (p.thigh - 0.06, f"{name}_hip"),
                (p.thigh, f"half_{name}_knee"),
                (p.thigh + 0.06, f"{name}_knee"),
            ],
        )

    # --- head ---

    def head(self, h: np.ndarray, phi: np.ndarray, ease: np.ndarray | float = 0.0) -> np.ndarray:
        """Points `… 3` of the head: `h` from the crown (0) to the chin (1), `phi` around."""
        size = self.skeleton.proportions.head
        jaw = 0.02 * (self.shape.jaw - 0.5) + 0.03 * (self.shape.fat - 0.35)
        knots = [0, 0.02, 0.07, 0.15, 0.28, 0.42, 0.58, 0.72, 0.84, 0.93, 0.98, 1.0]
        width = curve(
            h,
            knots,
            [
                0.01,
                0.10,
                0.20,
                0.275,
                0.325,
                0.340,
                0.330,
                0.300 + jaw,
                0.245 + 2 * jaw,
                0.175 + 2 * jaw,
                0.10 + jaw,
                0.01,
            ],
        )
        ahead = curve(h, knots, [0.01, 0.11, 0.22, 0.31, 0.385, 0.425, 0.430, 0.425, 0.420, 0.395, 0.33, 0.22])
        behind = curve(h, knots, [0.01, 0.12, 0.24, 0.335, 0.410, 0.430, 0.405, 0.33, 0.22, 0.10, 0.0, -0.10])
        sine, cosine = np.sin(phi), np.cos(phi)
        reach = (np.abs(sine) ** 2.25 + np.abs(cosine) ** 2.25) ** (-1 / 2.25)
        x, z = size * width * sine * reach, size * np.where(cosine > 0, ahead, behind) * cosine * reach
        nose = curve(h, [0.46, 0.56, 0.64, 0.675, 0.70], [0.0, 0.035, 0.085, 0.08, 0.0]) * lump(phi, 0, 0.16)
        brow = 0.014 * np.exp(-(((h - 0.44) / 0.04) ** 2)) * lump(phi, 0, 0.6)
        socket = -0.024 * np.exp(-(((h - 0.505) / 0.05) ** 2)) * (lump(phi, 0.36, 0.2) + lump(phi, -0.36, 0.2))
        mouth = 0.016 * np.exp(-(((h - 0.80) / 0.045) ** 2)) * lump(phi, 0, 0.28)
        chin = 0.022 * np.exp(-(((h - 0.93) / 0.05) ** 2)) * lump(phi, 0, 0.3)
        z = z + size * (nose + brow + socket + mouth + chin)
        length = np.maximum(np.hypot(x, z), 1e-6)
        y = size * (1 - h) + ease * np.clip(1 - h / 0.3, 0, 1) ** 0.5
        out = 1 + ease * np.clip(h / 0.12, 0, 1) / length
        return self.joint("head") + np.stack(np.broadcast_arrays(x * out, y, z * out), axis=-1)

    # --- skin that shows ---

    def skin(self, *, arm_from: float, leg_from: float, trunk_from: float | None) -> list[Tube]:
        """Tubes of bare skin: arms and legs below the given places, the trunk above the given height
        (None: no trunk), neck, head, ears and hands; feet are the shoes' business.
        """
        p, k = self.skeleton.proportions, self.k
        tubes = [*self._head(), self._neck()]
        if trunk_from is not None:
            y = np.linspace(1.22 * p.trunk, trunk_from, max(4, int((1.22 * p.trunk - trunk_from) / 0.022)))
            points = self.trunk(y)
            tubes.append(
                tube(
                    points, -y, self.trunk_weights(points), part="trunk", material=SKIN, shade=self.trunk_shade(points)
                )
            )
        for side, name in enumerate(SIDES):
            end = p.upper_arm + p.forearm
            start = max(arm_from, ARM_TOP * k)
            s = np.linspace(max(start, 0.008), end + 0.015, max(4, int((end - start) / 0.024)))
            if start < 0:
                s = np.concatenate([SHOULDER_CAP * k, s[s > -0.002]])
            tubes.append(tube(self.arm(side, s), s, self.arm_weights(side, s), part=f"{name}_arm", material=SKIN))
            tubes += self._hand(side)
            s = np.linspace(leg_from, p.leg + 0.01, max(4, int((p.leg - leg_from) / 0.03)))
            if leg_from < p.leg:
                tubes.append(tube(self.leg(side, s), s, self.leg_weights(side, s), part=f"{name}_leg", material=SKIN))
        return tubes

    def _head(self) -> list[Tube]:
        h = np.concatenate([[0, 0.015, 0.04], np.linspace(0.08, 0.92, 24), [0.95, 0.975, 0.99, 1.0]])
        phi = angles(HEAD_COLUMNS)
        phi = phi - 0.35 * np.sin(phi)  # closer together at the front, where the face is
        points = self.head(h[:, None], phi)
        cloth = np.stack(np.broadcast_arrays(phi / (2 * np.pi) + 0.5, h[:, None]), axis=-1)
        head = tube(
            points,
            h,
            ramp(h, [(0, "head")]),
            part="head",
            material=HEAD,
            shade=1 - 0.3 * np.clip((h - 0.93) / 0.07, 0, 1)[:, None],
        )
        head = Tube(head.points, cloth, head.weights, "head", HEAD, head.cut, head.shade)
        return [head, *(self._ear(side) for side in (0, 1))]

    def _ear(self, side: int) -> Tube:
        size, sign = self.skeleton.proportions.head, 2 * side - 1
        s = np.linspace(-1, 1, 7)
        bulge = np.sqrt(np.maximum(1 - s**2, 0.003))
        centre = self.joint("head") + size * np.stack(
            [sign * (0.338 - 0.012 * s), 0.43 - 0.115 * s, -0.02 - 0.02 * s], axis=-1
        )
        points = rings(centre, size * 0.035 * bulge, size * 0.065 * bulge * (1 - 0.25 * s), columns=8)
        return tube(points, 0.1 * s, ramp(s, [(0, "head")]), part="head", material=SKIN, shade=0.92)

    def _neck(self) -> Tube:
        p, k = self.skeleton.proportions, self.k
        low, high = self.joint("neck"), self.joint("head")
        y = np.linspace(high[1] + 0.35 * p.head, low[1] - 0.05, 11)
        share = (y - low[1]) / (high[1] - low[1])
        radius = k * (0.050 + 0.010 * self.shape.muscle + 0.016 * (self.shape.fat - 0.35))
        flare = radius * (1 + 0.10 * np.clip(0.4 - share, 0, 1) ** 2)
        z = low[2] + (high[2] - low[2]) * np.clip(share, 0, 1.2) - 0.006 * k
        points = rings(np.stack([0 * y, y, z], axis=-1), flare, flare * 1.05, columns=16)
        shade = 1 - 0.32 * np.exp(-(((share - 1.0) / 0.45) ** 2))[:, None]
        return tube(
            points,
            -y,
            ramp(share, [(0.0, "chest"), (0.4, "neck"), (0.9, "head")]),
            part="neck",
            material=SKIN,
            shade=shade,
        )

    def _hand(self, side: int) -> list[Tube]:
        p, name, sign = self.skeleton.proportions, SIDES[side], 2 * side - 1
        wrist, length = self.joint(f"{name}_wrist"), p.hand
        u = np.array([-0.08, 0.05, 0.2, 0.35, 0.5, 0.62, 0.75, 0.87, 0.95, 0.985, 1.0])
        width = length * curve(u, [-0.1, 0.1, 0.42, 0.6, 0.85, 0.97, 1], [0.12, 0.15, 0.225, 0.21, 0.17, 0.09, 0.01])
        thick = length * curve(u, [-0.1, 0.1, 0.42, 0.6, 0.85, 0.97, 1], [0.10, 0.10, 0.090, 0.07, 0.055, 0.035, 0.004])
        curl = -sign * 0.16 * length * np.clip(u - 0.3, 0, 1) ** 1.5
        across = np.cos(angles(20))[None]
        between = sum(np.exp(-(((across - gap) / 0.11) ** 2)) for gap in (-0.5, 0.0, 0.5))
        groove = between * np.clip((u - 0.42) / 0.12, 0, 1)[:, None]
        thick = thick[:, None] * (1 - 0.45 * groove)
        points = rings(wrist + np.stack([curl, -u * length, 0 * u], axis=-1), thick, width, columns=20)
        weights = ramp(u, [(0, f"{name}_wrist")])
        palm = tube(points, u * length, weights, part=f"{name}_hand", material=SKIN, shade=1 - 0.4 * groove)
        v = np.linspace(0, 1, 7)
        radius = length * 0.055 * np.sqrt(np.maximum(1 - (np.abs(2 * v - 1)) ** 4, 0.01))
        line = np.stack([-sign * 0.10 * length * v, -length * (0.12 + 0.40 * v), length * (0.12 + 0.20 * v)], axis=-1)
        thumb = tube(
            rings(wrist + line, radius, radius * 1.1, columns=8),
            v * 0.05,
            ramp(v, [(0, f"{name}_wrist")]),
            part=f"{name}_hand",
            material=SKIN,
        )
        return [palm, thumb]
