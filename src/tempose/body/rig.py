"""What motions are made of: smooth curves over time, footsteps, and a rig that is moved part by part.

Feet are planted by a schedule of footsteps and stay where they are until they are lifted; everything
else is made of sines and of quintic steps, so that positions, speeds and accelerations are continuous.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tempose.body.skeleton import JOINT, JOINTS, BodyMotion, turn_x, turn_y, turn_z

TAU = 2 * np.pi
STANDING = 0.988  # height of the pelvis above the ankles of a standing person, in leg lengths
MIRRORED = np.diag([-1.0, 1.0, 1.0])

# A way over the ground: x, z (in leg lengths) and heading of a body at given times.
Path = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


def step(u: np.ndarray | float) -> np.ndarray:
    """The quintic from 0 at u ≤ 0 to 1 at u ≥ 1 whose speed and acceleration vanish at both ends."""
    u = np.clip(u, 0, 1)
    return u * u * u * (u * (6 * u - 15) + 10)


def bump(u: np.ndarray) -> np.ndarray:
    """0 outside 0 < u < 1, 1 at one half, smooth to second order at both ends."""
    u = np.clip(u, 0, 1)
    return (4 * u * (1 - u)) ** 3


def between(t: np.ndarray, start: float, stop: float) -> np.ndarray:
    """A quintic step from 0 to 1 while t runs from `start` to `stop`."""
    return step((t - start) / (stop - start))


def wander(t: np.ndarray, rng: np.random.Generator, *, pace: float = 0.35) -> np.ndarray:
    """Smooth random values in [-1, 1] over time: three sines of random phase around `pace` hertz."""
    value = np.zeros_like(t)
    for weight, factor in ((0.55, 0.6), (0.30, 1.0), (0.15, 1.9)):
        value += weight * np.sin(TAU * (pace * factor * rng.uniform(0.8, 1.25) * t + rng.uniform()))
    return value


def footsteps(
    t: np.ndarray, path: Path, *, period: float, width: float, planted: float = 0.62, lift: float = 0.07
) -> tuple[np.ndarray, np.ndarray]:
    """Feet that follow a body along `path`, each planted for the share `planted` of every period.

    `path` gives x, z and heading of the body at given times. Returns feet `f 2 3` and their angles
    `f 2 2`, as BodyMotion wants them. A foot whose next place is its last one is not lifted.
    """
    feet, angles = np.zeros((len(t), 2, 3)), np.zeros((len(t), 2, 2))
    for side, (sign, offset) in enumerate(((-1, 0.0), (1, 0.5))):
        cycle = np.floor(t / period + offset)
        phase = t / period + offset - cycle
        here, there = (_plant(path, (c + planted / 2 - offset) * period, sign * width) for c in (cycle, cycle + 1))
        swing = (phase - planted) / (1 - planted)
        feet[:, side] = here[:, :3] + step(swing)[:, None] * (there - here)[:, :3]
        stride = np.linalg.norm((there - here)[:, [0, 2]], axis=-1)
        effort = step((stride + 0.4 * np.abs(there - here)[:, 3]) / 0.5)
        feet[:, side, 1] += lift * effort * bump(swing)
        angles[:, side, 0] = here[:, 3] + step(swing) * (there - here)[:, 3] + 0.12 * sign
        push = bump((phase - planted + 0.26) / 0.62)
        angles[:, side, 1] = step(stride / 1.2) * 0.95 * push
    return feet, angles


def _plant(path: Path, times: np.ndarray, aside: float) -> np.ndarray:
    """Where a foot stands, `f 4` (x, 0, z, heading), when the body passes at `times`."""
    x, z, heading = path(times)
    forward = 0.15  # the ball of the foot is that far in front of the ankle
    return np.stack(
        [
            x + aside * np.cos(heading) + forward * np.sin(heading),
            np.zeros_like(x),
            z - aside * np.sin(heading) + forward * np.cos(heading),
            heading,
        ],
        axis=-1,
    )


class Rig:
    """A body under construction: standing still with hanging arms until parts of it are moved.

    Angles are radians, arrays over the frames; every method overwrites what it sets.
    """

    def __init__(self, t: np.ndarray, fps: float) -> None:
        self.t, self.fps = t, fps
        self.rotations = np.tile(np.eye(3), (len(t), len(JOINTS), 1, 1))
        self.root = np.zeros((len(t), 3))
        self.root[:, 1] = STANDING
        self.feet = np.zeros((len(t), 2, 3))
        self.foot_angles = np.zeros((len(t), 2, 2))
        self.on_feet = True
        self.stand()
        for side in (0, 1):
            self.arm(side, raised=0.16)

    def stand(self, width: float = 0.12) -> None:
        """Both feet on the ground, `width` leg lengths from the middle."""
        self.walk(lambda t: (0 * t, 0 * t, 0 * t), period=1.0, width=width)

    def walk(self, path: Path, *, period: float, width: float, sway: float = 0.02, **gait: float) -> None:
        """Feet, pelvis and heading along `path`."""
        self.feet, self.foot_angles = footsteps(self.t, path, period=period, width=width, **gait)
        self.heading = path(self.t)[2]
        side = sway * np.sin(TAU * self.t / period)
        x, z, _ = path(self.t)
        self.root[:, 0] = x - side * np.cos(self.heading)
        self.root[:, 2] = z + side * np.sin(self.heading)
        self.pelvis()

    def pelvis(
        self, *, yaw: np.ndarray | float = 0, lean: np.ndarray | float = 0, tilt: np.ndarray | float = 0
    ) -> None:
        """Turned left, leaning forward, tilted to the right, all relative to the heading."""
        self._set("pelvis", turn_y(self.heading + yaw) @ turn_x(lean) @ turn_z(tilt))

    def spine(self, *, yaw: np.ndarray | float = 0, lean: np.ndarray | float = 0, tilt: np.ndarray | float = 0) -> None:
        """The same for waist and chest together, relative to the pelvis."""
        for joint in ("waist", "chest"):
            self._set(
                joint, turn_y(np.multiply(0.5, yaw)) @ turn_x(np.multiply(0.5, lean)) @ turn_z(np.multiply(0.5, tilt))
            )

    def head(self, *, yaw: np.ndarray | float = 0, nod: np.ndarray | float = 0, tilt: np.ndarray | float = 0) -> None:
        """Turned left, nodded, tilted to the right, relative to the chest; shared by neck and head."""
        for joint in ("neck", "head"):
            self._set(
                joint, turn_y(np.multiply(0.5, yaw)) @ turn_x(np.multiply(0.5, nod)) @ turn_z(np.multiply(0.5, tilt))
            )

    def arm(
        self,
        side: int,
        *,
        raised: np.ndarray | float = 0.16,
        front: np.ndarray | float = 0,
        twist: np.ndarray | float = 0,
        elbow: np.ndarray | float = 0.2,
        wrist: np.ndarray | float = 0,
    ) -> None:
        """One arm (0 right, 1 left).

        `raised` is the angle of the upper arm from hanging; `front` says in which direction: 0 aside,
        π/2 to the front; `twist` turns the forearm outwards, `elbow` bends it.
        """
        raised, front = np.asarray(raised, float), np.asarray(front, float)
        shoulder = turn_y(-front) @ turn_z(raised) @ turn_y(front + twist)
        elbow_turn, wrist_turn = turn_x(-np.asarray(elbow, float)), turn_z(-np.asarray(wrist, float))
        names = (
            ("left_shoulder", "left_elbow", "left_wrist") if side else ("right_shoulder", "right_elbow", "right_wrist")
        )
        for name, rotation in zip(names, (shoulder, elbow_turn, wrist_turn), strict=True):
            self._set(name, rotation if side else MIRRORED @ rotation @ MIRRORED)

    def leg(
        self,
        side: int,
        *,
        raised: np.ndarray | float = 0.05,
        front: np.ndarray | float = 0,
        twist: np.ndarray | float = 0,
        knee: np.ndarray | float = 0,
        toes: np.ndarray | float = 0,
    ) -> None:
        """One leg (0 right, 1 left) of a body that does not stand on its feet.

        As `arm`: `raised` is the angle of the thigh from hanging, `front` in which direction, `twist` turns the knee
        outwards; `knee` bends it, `toes` are stretched away from the shin.
        """
        raised, front = np.asarray(raised, float), np.asarray(front, float)
        thigh = turn_y(-front) @ turn_z(raised) @ turn_y(front + twist)
        for part, rotation in (("hip", thigh), ("knee", turn_x(knee)), ("ankle", turn_x(toes))):
            self._set(f"{'left' if side else 'right'}_{part}", rotation if side else MIRRORED @ rotation @ MIRRORED)
        self.on_feet = False

    def breathe(self, rng: np.random.Generator) -> None:
        """Small movements of spine and head that a living body always makes."""
        wave = [wander(self.t, rng, pace=0.3) for _ in range(6)]
        self.spine(yaw=0.06 * wave[0], lean=0.02 + 0.03 * wave[1], tilt=0.03 * wave[2])
        self.head(yaw=0.25 * wave[3], nod=0.05 + 0.10 * wave[4], tilt=0.08 * wave[5])

    def _set(self, joint: str, rotation: np.ndarray) -> None:
        self.rotations[:, JOINT[joint]] = rotation

    def motion(self) -> BodyMotion:
        feet, angles = (self.feet, self.foot_angles) if self.on_feet else (None, None)
        return BodyMotion(self.root, feet, angles, self.rotations, self.fps)


def swing_arms(rig: Rig, period: float, amount: np.ndarray | float, elbow: float, raised: float) -> None:
    """Arms that swing against the legs; `amount` in radians."""
    for side in (0, 1):
        forward = amount * np.sin(TAU * (rig.t / period + 0.5 * side) + 0.35)
        aside = raised + 0.05 * np.abs(amount)
        rig.arm(
            side,
            raised=np.hypot(forward, aside),
            front=np.arctan2(forward, aside),
            elbow=elbow + 0.45 * (np.asarray(amount) + forward),
        )


def stride_along(
    rig: Rig,
    path: Path,
    rng: np.random.Generator,
    *,
    speed: Callable | float,
    period: float,
    narrow: float = 0.07,
) -> None:
    """A gait along `path`: feet, bobbing pelvis, counter-turning trunk, swinging arms."""
    rig.walk(path, period=period, width=narrow)
    effort = np.clip(speed(rig.t) if callable(speed) else np.full_like(rig.t, speed), 0, 1.3)
    phase = TAU * rig.t / period
    rig.root[:, 1] = STANDING - effort * (0.030 + 0.014 * np.cos(2 * phase + 0.25))
    rig.pelvis(yaw=-0.10 * effort * np.sin(phase + 0.5), lean=0.03 * effort, tilt=0.045 * effort * np.sin(phase + 0.2))
    nod, look = 0.05 * wander(rig.t, rng), 0.15 * wander(rig.t, rng)
    rig.spine(yaw=0.20 * effort * np.sin(phase + 0.5), lean=0.03, tilt=-0.05 * effort * np.sin(phase + 0.2))
    rig.head(yaw=look - 0.08 * effort * np.sin(phase + 0.5), nod=0.03 + nod)
    swing_arms(rig, period, rng.uniform(0.3, 0.6) * effort, rng.uniform(0.12, 0.3), rng.uniform(0.15, 0.22))
