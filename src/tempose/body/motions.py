"""The built-in motions: what a body does, by name and seed, for a body of any proportions.

Feet that stand do not slide, and positions, speeds and accelerations are continuous (tempose.body.rig).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tempose.body.rig import STANDING, TAU, Rig, between, step, stride_along, wander
from tempose.body.skeleton import BodyMotion
from tempose.core.errors import InputError, unknown
from tempose.pose.keypoints import KEYPOINTS

# Breaths a second, and by how many metres shoulders rise above the middle and fall below it, with head and arms.
BREATHS, RISE = 0.25, 0.006
CARRIED = [index for index, name in enumerate(KEYPOINTS) if not name.endswith(("hip", "knee", "ankle"))]


def check_named(source: Path | str) -> None:
    """Whether what is no file or folder is the name of a built-in motion.

    Raises:
        InputError: it is not.
    """
    if not Path(source).exists() and source not in MOTIONS:
        error = unknown("built-in motion", str(source), MOTIONS)
        error.message = f"{source} is no file or folder, and {error.message}"
        raise error


def builtin_motion(name: str, *, frames: int, fps: float, seed: int = 0) -> BodyMotion:
    """The motion `name` (one of MOTIONS) in the variant that `seed` draws.

    Raises:
        InputError: the name is not one of MOTIONS, or frames or fps is not positive.
    """
    if name not in MOTIONS:
        raise unknown("built-in motion", name, MOTIONS)
    if frames < 1 or not fps > 0:
        raise InputError(f"frames is {frames} and fps {fps}; wanted both positive")
    rng = np.random.default_rng([seed, MOTIONS.index(name)])
    return _MAKERS[name](np.arange(frames) / fps, fps, rng)


def breathing(points: np.ndarray, fps: float) -> np.ndarray:
    """Key points `f 18 3` in metres, y up; the chest, with what it carries, rises and falls with the breath."""
    moved = points.copy()
    moved[:, CARRIED, 1] += RISE * np.sin(TAU * BREATHS * np.arange(len(points)) / fps)[:, None]
    return moved


def _walk(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """A walk straight ahead, of random stride and pace."""
    rig = Rig(t, fps)
    period, stride = rng.uniform(1.0, 1.25), rng.uniform(0.95, 1.2)
    offset, speed = rng.uniform(0, period), stride / period

    def path(t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return np.zeros_like(t), speed * t, np.zeros_like(t)

    rig.t = t + offset
    stride_along(rig, path, rng, speed=1.0, period=period, narrow=rng.uniform(0.06, 0.10))
    return rig.motion()


def _catwalk(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """Walk to the front, stop, one full turn, turn round and walk back; as long as the clip."""
    rig = Rig(t, fps)
    whole = max(float(t[-1]), 1e-3)
    marks = np.array([0.30, 0.38, 0.62, 0.72]) * whole  # stop, turn, turn back, walk back
    period, pace = rng.uniform(0.95, 1.1), rng.uniform(0.95, 1.1)
    pace = pace * min(1.0, 6 / whole)
    direction = rng.choice([-1.0, 1.0])
    ease = 0.15 * whole

    def travelled(t: np.ndarray, start: float) -> np.ndarray:
        """Distance of a body that speeds up to `pace` during `ease` after `start`: smooth to third order."""
        u = np.clip((t - start) / ease, 0, 1)
        return pace * (ease * (u**6 - 3 * u**5 + 2.5 * u**4) + np.maximum(t - start - ease, 0))

    def path(t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        heading = direction * (
            TAU * between(t, marks[1], marks[2]) + np.pi * between(t, marks[2], marks[3] + 0.1 * whole)
        )
        z = -travelled(marks[0] + 0 * t - t, 0.0) - travelled(t, marks[3])
        return np.zeros_like(t), z, heading

    def speed(t: np.ndarray) -> np.ndarray:
        return 1 - between(t, marks[0] - ease, marks[0]) + between(t, marks[3], marks[3] + ease)

    stride_along(rig, path, rng, speed=speed, period=period, narrow=rng.uniform(0.05, 0.07))
    rest = 1 - speed(t)
    rig.root[:, 0] += 0.03 * rest * np.sin(TAU * t / whole)
    return rig.motion()


def _turn(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """A slow turn on the spot, with small steps."""
    rig = Rig(t, fps)
    rate = rng.choice([-1, 1]) * TAU / rng.uniform(4.0, 7.0)
    start = rng.uniform(-0.5, 0.5)

    def path(t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return np.zeros_like(t), np.zeros_like(t), start + rate * t

    rig.walk(path, period=rng.uniform(0.9, 1.2), width=rng.uniform(0.10, 0.14))
    rig.root[:, 1] = STANDING - 0.015
    rig.breathe(rng)
    _rest_arms(rig, rng)
    return rig.motion()


def _wave(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """One arm, or both, raised and waving."""
    rig = stand_alive(t, fps, rng)
    _rest_arms(rig, rng)
    start, pace = rng.uniform(0.0, 0.6), rng.uniform(1.0, 1.8)
    side, both = int(rng.integers(2)), rng.uniform() < 0.2
    height, bent = rng.uniform(1.3, 2.1), rng.uniform(0.7, 1.3)
    up = between(t, start - 0.8, start + 0.4)
    for arm in (0, 1) if both else (side,):
        beat = np.sin(TAU * pace * t + arm * np.pi)
        rig.arm(
            arm,
            raised=0.2 + (height - 0.2) * up,
            front=0.35 * up,
            twist=1.35 * up,
            elbow=0.2 + up * (bent + 0.4 * beat),
            wrist=0.25 * up * beat,
        )
    return rig.motion()


def _dance(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """Side steps on the beat, swaying hips, arms through a random sequence of poses."""
    rig = Rig(t, fps)
    beat = rng.uniform(0.55, 0.75)
    reach, turn = rng.uniform(0.10, 0.25), rng.uniform(0.1, 0.5)
    offset = rng.uniform(0, 4 * beat)

    def path(t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        s = TAU * (t + offset) / (4 * beat)
        return reach * np.sin(s), 0.06 * np.sin(2 * s), turn * np.sin(s + 0.7)

    rig.walk(path, period=2 * beat, width=rng.uniform(0.13, 0.19), lift=0.09, sway=rng.uniform(0.02, 0.05))
    phase = TAU * (t + offset) / (2 * beat)
    rig.root[:, 1] = STANDING - 0.07 - 0.025 * np.cos(2 * phase)
    hips = rng.uniform(0.06, 0.16)
    rig.pelvis(yaw=0.18 * np.sin(phase + 1), tilt=hips * np.sin(phase), lean=0.05)
    rig.spine(yaw=-0.3 * np.sin(phase + 1), tilt=-1.3 * hips * np.sin(phase), lean=0.06 * np.sin(2 * phase))
    rig.head(yaw=0.3 * wander(t, rng), nod=0.1 * np.cos(2 * phase), tilt=0.1 * np.sin(phase))
    for side in (0, 1):
        _arm_through_poses(rig, side, rng, hold=2 * beat)
    return rig.motion()


def _squat(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """Knee bends, the arms lifted to the front for balance."""
    rig = stand_alive(t, fps, rng, width=rng.uniform(0.16, 0.24))
    period, depth = rng.uniform(1.8, 2.8), rng.uniform(0.25, 0.48)
    down = (1 - np.cos(TAU * (t / period + rng.uniform()))) / 2
    rig.root[:, 1] -= depth * down
    rig.root[:, 2] -= 0.55 * depth * down
    rig.pelvis(lean=1.1 * depth * down)
    rig.spine(lean=0.4 * depth * down)
    rig.head(nod=-0.9 * depth * down)
    front, elbow = rng.uniform(0.9, 1.45), rng.uniform(0.1, 0.5)
    for side in (0, 1):
        rig.foot_angles[:, side, 0] += 0.25 * (2 * side - 1)
        rig.arm(side, raised=0.18 + front * down, front=0.15 + 1.2 * step(2 * down), elbow=0.2 + elbow * down)
    return rig.motion()


def _reach(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """Reaching up, aside or forward with one hand, again and again, the trunk following."""
    rig = stand_alive(t, fps, rng, width=0.15)
    _rest_arms(rig, rng)
    side, period = int(rng.integers(2)), rng.uniform(2.0, 3.2)
    sign = 2 * side - 1
    out = (1 - np.cos(TAU * (t / period + rng.uniform()))) / 2
    height, front = rng.uniform(0.9, 2.7), rng.uniform(0.0, 1.4)
    rig.arm(side, raised=0.2 + (height - 0.2) * out, front=front * step(1.5 * out), elbow=0.25 + 0.5 * out * (1 - out))
    lean, bend = 0.35 * np.sin(front) * (height < 1.8), 0.30 * np.cos(front)
    rig.pelvis(lean=0.6 * lean * out, yaw=-0.15 * sign * np.sin(front) * out)
    rig.spine(lean=lean * out, tilt=-sign * bend * out, yaw=-0.35 * sign * np.sin(front) * out)
    rig.head(nod=(1.5 - height) * 0.35 * out, yaw=0.5 * sign * np.cos(front) * out)
    rig.root[:, 0] += 0.05 * sign * np.cos(front) * out
    rig.root[:, 1] -= 0.02 * out
    return rig.motion()


def _idle(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """Standing at ease: the weight shifts, the head looks about."""
    rig = stand_alive(t, fps, rng, width=rng.uniform(0.09, 0.17))
    _rest_arms(rig, rng)
    return rig.motion()


def _nod(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """Standing at ease and nodding, two or three times in a row, with pauses."""
    rig = stand_alive(t, fps, rng, width=rng.uniform(0.09, 0.15))
    _rest_arms(rig, rng)
    pace, depth, beats = rng.uniform(1.0, 1.6), rng.uniform(0.22, 0.4), int(rng.integers(2, 4))
    cycle = beats / pace + rng.uniform(0.5, 1.0)  # seconds: the nods, then a pause
    moment = t % cycle
    nods = np.where(moment < beats / pace, np.sin(TAU / 2 * pace * moment) ** 4, 0)
    rig.head(yaw=0.08 * wander(t, rng), nod=0.04 + depth * nods, tilt=0.04 * wander(t, rng))
    rig.spine(yaw=0.03 * wander(t, rng), lean=0.02 + 0.1 * depth * nods, tilt=0.02 * wander(t, rng))
    return rig.motion()


def _talk(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """Standing and talking: the head turns, tilts and nods with the words, a forearm or both tell along."""
    rig = stand_alive(t, fps, rng, width=rng.uniform(0.09, 0.15))
    rig.head(
        yaw=0.25 * wander(t, rng, pace=0.45),
        nod=0.06 + 0.10 * wander(t, rng, pace=1.1),
        tilt=0.10 * wander(t, rng, pace=0.6),
    )
    rig.spine(yaw=0.08 * wander(t, rng), lean=0.03 + 0.04 * wander(t, rng), tilt=0.03 * wander(t, rng))
    side, both = int(rng.integers(2)), rng.uniform() < 0.5
    for arm in (0, 1):
        told = rng.uniform(0.5, 1.0) if both or arm == side else 0.1
        rig.arm(
            arm,
            raised=0.28 + 0.12 * told * wander(t, rng, pace=0.6),
            front=0.55 + 0.15 * told * wander(t, rng, pace=0.6),
            elbow=0.3 + told * (0.9 + 0.45 * wander(t, rng, pace=0.9)),
            wrist=0.2 * told * wander(t, rng, pace=0.9),
        )
    return rig.motion()


def _random(t: np.ndarray, fps: float, rng: np.random.Generator) -> BodyMotion:
    """Smooth random movement of the whole body, with steps."""
    rig = Rig(t, fps)
    drift = [np.random.default_rng(rng.integers(2**32)) for _ in range(3)]
    states = [generator.bit_generator.state for generator in drift]
    turn, roam = rng.uniform(0.2, 1.5), rng.uniform(0.05, 0.3)

    def path(t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        for generator, state in zip(drift, states, strict=True):
            generator.bit_generator.state = state
        x, z, heading = (wander(t, generator, pace=0.2) for generator in drift)
        return roam * x, roam * z, turn * heading

    rig.walk(path, period=rng.uniform(0.9, 1.3), width=rng.uniform(0.11, 0.18), sway=0.03)
    low = rng.uniform(0.02, 0.22)
    rig.root[:, 1] = STANDING - 0.05 - low * (1 + wander(t, rng)) / 2
    rig.pelvis(yaw=0.2 * wander(t, rng), lean=0.1 + 0.1 * wander(t, rng) + low * 0.5, tilt=0.08 * wander(t, rng))
    rig.spine(yaw=0.45 * wander(t, rng), lean=0.1 + 0.25 * wander(t, rng), tilt=0.25 * wander(t, rng))
    rig.head(yaw=0.7 * wander(t, rng), nod=0.25 * wander(t, rng), tilt=0.2 * wander(t, rng))
    for side in (0, 1):
        _arm_through_poses(rig, side, rng, hold=rng.uniform(0.9, 1.6))
    return rig.motion()


_MAKERS: dict[str, Callable[[np.ndarray, float, np.random.Generator], BodyMotion]] = {
    "walk": _walk,
    "catwalk": _catwalk,
    "turn": _turn,
    "wave": _wave,
    "dance": _dance,
    "squat": _squat,
    "reach": _reach,
    "idle": _idle,
    "random": _random,
    "nod": _nod,
    "talk": _talk,
}
MOTIONS = tuple(_MAKERS)


# Arm poses that keep clear of the trunk: raised, front, twist, elbow.
ARM_POSES = np.array([
    (0.20, 0.0, 0.0, 0.2),    # hanging
    (0.35, 0.6, 0.0, 1.3),    # forearm level to the front
    (0.80, -0.35, -0.9, 1.75),  # hand on the hip
    (1.50, 0.1, 1.3, 1.2),    # forearm up, as in waving
    (1.55, 0.0, 0.3, 0.15),   # straight aside
    (1.50, 1.4, 0.0, 0.15),   # straight to the front
    (2.60, 0.3, 0.5, 0.3),    # overhead
    (1.00, 0.9, 0.2, 1.9),    # fist at the chest, elbow out
    (2.10, 0.2, 1.4, 2.0),    # hand near the head
    (0.60, -0.7, 0.0, 0.2),   # swung to the back
])  # fmt: skip


def _arm_through_poses(rig: Rig, side: int, rng: np.random.Generator, *, hold: float) -> None:
    """One arm glides from one of ARM_POSES to another, a new one every `hold` seconds."""
    count = int(np.ceil(rig.t[-1] / hold)) + 2
    order = rng.integers(len(ARM_POSES), size=4096)[:count]
    poses = ARM_POSES[order] * rng.uniform(0.85, 1.1, size=(4096, 4))[:count]
    position = rig.t / hold + rng.uniform()
    index = np.minimum(position.astype(int), count - 2)
    blend = step(1.15 * (position - index))[:, None]
    raised, front, twist, elbow = ((1 - blend) * poses[index] + blend * poses[index + 1]).T
    rig.arm(side, raised=raised, front=front, twist=twist, elbow=elbow)


def stand_alive(t: np.ndarray, fps: float, rng: np.random.Generator, *, width: float = 0.12) -> Rig:
    """A standing rig that breathes and shifts its weight."""
    rig = Rig(t, fps)
    rig.stand(width)
    rig.root[:, 0] = 0.035 * wander(t, rng, pace=0.25)
    rig.root[:, 1] = STANDING - 0.012 + 0.004 * wander(t, rng)
    rig.root[:, 2] = 0.01 * wander(t, rng)
    rig.pelvis(yaw=0.08 * wander(t, rng), tilt=-1.2 * rig.root[:, 0])
    rig.breathe(rng)
    return rig


def _rest_arms(rig: Rig, rng: np.random.Generator) -> None:
    """Each arm hangs, is held a little in front, or rests on the hip."""
    for side in (0, 1):
        raised, front, twist, elbow = ARM_POSES[rng.choice(3, p=(0.6, 0.2, 0.2))]
        rig.arm(
            side,
            raised=raised + 0.05 * wander(rig.t, rng),
            front=front,
            twist=twist,
            elbow=elbow + 0.08 * wander(rig.t, rng),
        )
