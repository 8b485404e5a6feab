"""What drawn people do besides the built-in motions: they sit, kneel, lie, bend and crouch, cross arms and legs, and
their fingers move.

Hands that rest on the body or on the floor are brought there by inverse kinematics, so that they lie on stout and on
slim people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tempose.body.motions import stand_alive
from tempose.body.rig import STANDING, Rig, between, bump, step, wander
from tempose.body.skeleton import ARMS, JOINT, LEGS, Pose, bend, unit
from tempose.people.body import Body

Rng = np.random.Generator

WRIST = 0.045  # from the middle of a wrist to what it lies on, metres

# How far the bones of fingers are bent, from the palm to the tip, radians: the thumb's, and the others'.
SHAPES = {
    "ease": ((0.0, 0.0, 0.0), (0.0, 0.05, 0.0)),
    "open": ((-0.2, -0.2, -0.1), (-0.2, -0.15, -0.1)),
    "bent": ((0.2, 0.2, 0.2), (0.5, 0.6, 0.3)),
    "fist": ((0.5, 0.6, 0.5), (1.25, 1.5, 0.9)),
    "grip": ((0.45, 0.4, 0.3), (0.95, 1.05, 0.6)),
}
POINTING = "point"  # a fist but for the index finger


@dataclass(frozen=True)
class Touch:
    """Where a hand (0 right, 1 left) rests: on the "chest", the own "knee", or the "floor".

    Attributes:
        at: on the chest: shares of the trunk above the hip joints, the angle around, metres further off; on the knee:
            the share of the thigh; on the floor: shares of the leg to the side and ahead.
    """

    side: int
    what: str
    at: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Act:
    """What a body does: a motion, where its hands rest, and whether it sits on something in its last frames."""

    rig: Rig
    touches: tuple[Touch, ...] = ()
    seated: bool = False


def acted(name: str, body: Body, *, layers: float, frames: int, fps: float, seed: int) -> tuple[Pose, bool]:
    """A body in the pose `name` (one of POSES), in the variant that `seed` draws; whether it sits on something.

    Args:
        layers: metres of cloth and air that it wears.
    """
    rng = np.random.default_rng([seed, POSES.index(name), 5])
    act = _MAKERS[name](np.arange(frames) / fps, fps, rng)
    pose = body.skeleton.pose(act.rig.motion())
    for touch in act.touches:
        pose = _touching(pose, touch, body, layers)
    return pose, act.seated


def finger_bends(frames: int, fps: float, rng: Rng, *, holding: bool) -> np.ndarray:
    """`f 2 5 3` as in BodyMotion: hands at ease, or that change their shape once; the right one may hold something."""
    t = np.arange(frames) / fps
    hands = []
    for side in (0, 1):
        names = list(rng.choice([*SHAPES, POINTING], size=2, p=[0.5, 0.16, 0.1, 0.12, 0.04, 0.08]))
        if holding and side == 0:
            names = ["grip", "grip"]
        one, other = (_shape(name) + rng.normal(0, 0.06, (5, 1)) for name in names)
        start = rng.uniform(-0.5, max(t[-1], 0.1))
        hands.append(one + between(t, start, start + 0.5)[:, None, None] * (other - one))
    return np.stack(hands, axis=1)


def _shape(name: str) -> np.ndarray:
    thumb, fingers = SHAPES["fist" if name == POINTING else name]
    shape = np.array([thumb, *[fingers] * 4])
    if name == POINTING:
        shape[1] = SHAPES["open"][1]
    return shape


# --- hands that rest on something ---


def _touching(pose: Pose, touch: Touch, body: Body, layers: float) -> Pose:
    sign = 2 * touch.side - 1
    chest = pose.rotations[:, JOINT["chest"]]
    left, up, ahead = np.moveaxis(chest, -1, 0)
    if touch.what == "chest":
        height, angle, off = touch.at
        ring = body.trunk(np.array([height * body.proportions.trunk]), layers + WRIST + off)[0]
        place = np.array([np.interp(angle, np.linspace(-np.pi, np.pi, len(ring)), ring[:, axis]) for axis in range(3)])
        target = pose.joints[:, JOINT["chest"]] + chest @ (place - body.joint("chest"))
        elbow = 0.8 * sign * left - 0.6 * up + 0.1 * ahead
    elif touch.what == "knee":
        hip, knee, _ = LEGS[touch.side]
        thigh, above = pose.joints[:, knee] - pose.joints[:, hip], pose.rotations[:, hip, :, 2]
        thick = float(body.leg_thickness(np.array(0.75 * body.proportions.thigh)))
        target = pose.joints[:, hip] + touch.at[0] * thigh + (thick + layers + WRIST) * above
        elbow = 0.7 * sign * left - 0.2 * up - 0.5 * ahead
    else:
        aside, forward = touch.at
        level, leg = unit(ahead * (1, 0, 1)), body.proportions.leg
        target = pose.joints[:, JOINT["pelvis"]] + leg * (aside * sign * left * (1, 0, 1) + forward * level)
        target = target * (1, 0, 1) + (0, WRIST, 0)
        elbow = -0.8 * np.sign(forward) * level * -1 + 0.3 * sign * left
    return _reached(pose, touch.side, target, elbow, body)


def _reached(pose: Pose, side: int, target: np.ndarray, elbow: np.ndarray, body: Body) -> Pose:
    """The pose with a wrist at `target` (`f 3`), the elbow pointing as `elbow` (`f 3`) does."""
    joints, rotations = pose.joints.copy(), pose.rotations.copy()
    upper, lower, hand = ARMS[side]
    p = body.proportions
    joints[:, lower], joints[:, hand], first, second = bend(
        joints[:, upper], target, elbow, lengths=(p.upper_arm, p.forearm)
    )
    # Elbows bend to the other side than knees.
    rotations[:, upper], rotations[:, lower] = first * (-1, 1, -1), second * (-1, 1, -1)
    rotations[:, hand] = rotations[:, lower]
    return replace(pose, joints=joints, rotations=rotations)


def _crossed(rng: Rng) -> tuple[Touch, ...]:
    """Arms before the chest, one over the other."""
    over = int(rng.integers(2))
    high = rng.uniform(0.50, 0.60)
    return (
        Touch(1 - over, "chest", (high - 0.02, (2 * over - 1) * 0.35, 0.01)),
        Touch(over, "chest", (high + 0.04, (1 - 2 * over) * 0.35, 0.075)),
    )


def _before_chest(rng: Rng) -> tuple[Touch, ...]:
    """A hand, or both, lies on the chest or the belly."""
    sides = [0, 1] if rng.uniform() < 0.5 else [int(rng.integers(2))]
    return tuple(
        Touch(side, "chest", (rng.uniform(0.2, 0.75), (2 * side - 1) * rng.uniform(0.05, 0.5), rng.uniform(0, 0.06)))
        for side in sides
    )


# --- the poses ---


def _down(t: np.ndarray, rng: Rng) -> np.ndarray:
    """0 standing to 1 in the pose: there all the time, or getting there or up again."""
    kind, whole = rng.uniform(), max(float(t[-1]), 0.5)
    if kind < 0.5:
        return np.ones_like(t)
    start = rng.uniform(-0.2, 0.3) * whole
    down = between(t, start, start + max(0.6 * whole, 0.8))
    return down if kind < 0.8 else 1 - down


def _sit(t: np.ndarray, fps: float, rng: Rng) -> Act:
    """On something as high as a chair."""
    rig = stand_alive(t, fps, rng, width=rng.uniform(0.10, 0.26))
    down = _down(t, rng)
    rig.root[:, 1] += down * (rng.uniform(0.46, 0.62) - STANDING)
    rig.root[:, 2] += -down * rng.uniform(0.44, 0.54)
    lean = rng.uniform(-0.2, 0.15)
    rig.pelvis(lean=down * lean + 0.7 * bump(down), yaw=0.05 * wander(t, rng))
    rig.spine(lean=0.08 + 0.1 * wander(t, rng), yaw=0.15 * wander(t, rng), tilt=0.05 * wander(t, rng))
    kind = rng.uniform()
    resting = tuple(Touch(side, "knee", (rng.uniform(0.45, 0.9),)) for side in (0, 1))
    if kind > 0.6:
        for side in (0, 1):
            rig.arm(side, raised=0.5 + 0.1 * wander(t, rng), front=1.0, elbow=1.5 + 0.3 * wander(t, rng))
    return Act(rig, resting if kind < 0.4 else _crossed(rng) if kind < 0.6 else (), seated=True)


def _floor(t: np.ndarray, fps: float, rng: Rng) -> Act:
    """On the floor: legs ahead, drawn up, or crossed."""
    rig = _alive(t, fps, rng)
    kind, lean = rng.integers(3), rng.uniform(-0.3, 0.1)
    rig.root[:, 1] = 0.13
    rig.pelvis(lean=lean, yaw=0.05 * wander(t, rng))
    for side, sign in ((0, -1), (1, 1)):
        sway = 0.02 * wander(t, rng, pace=0.2)
        aside, high, ahead, yaw, lift = (
            (rng.uniform(0.1, 0.22), 0.16, rng.uniform(0.92, 0.98), 0.2, -1.25),
            (rng.uniform(0.1, 0.2), 0.0, rng.uniform(0.55, 0.75), 0.15, 0.0),
            (-0.1, 0.03, 0.42 + 0.12 * side, 1.25, -0.1),
        )[kind]
        rig.feet[:, side] = np.stack([sign * aside + sway, high + 0 * t, ahead + sway], axis=-1)
        rig.foot_angles[:, side] = sign * yaw, lift
    if kind and rng.uniform() < 0.7:
        return Act(rig, tuple(Touch(side, "knee", (0.8,)) for side in (0, 1)))
    if rng.uniform() < 0.5 and lean < -0.05:
        return Act(rig, tuple(Touch(side, "floor", (0.3, -0.45)) for side in (0, 1)))
    return Act(rig, _before_chest(rng))


def _kneel(t: np.ndarray, fps: float, rng: Rng) -> Act:
    """On both knees, upright or on the heels."""
    rig = _alive(t, fps, rng)
    sunk = np.clip(rng.uniform(-0.3, 0.9) + 0.1 * wander(t, rng, pace=0.2), 0, 0.95)
    lean = rng.uniform(0, 0.15)
    rig.pelvis(lean=lean)
    for side in (0, 1):
        rig.leg(side, raised=sunk + lean + 0.02, front=1.35, knee=np.pi / 2 + sunk, toes=1.2)
    if sunk.mean() > 0.5:
        return Act(rig, tuple(Touch(side, "knee", (rng.uniform(0.5, 0.8),)) for side in (0, 1)))
    return Act(rig, _crossed(rng) if rng.uniform() < 0.3 else ())


def _lunge(t: np.ndarray, fps: float, rng: Rng) -> Act:
    """On one knee, or stepping down to it."""
    rig = stand_alive(t, fps, rng, width=0.13)
    down, back = _down(t, rng), int(rng.integers(2))
    rig.root[:, 1] += down * (rng.uniform(0.50, 0.56) - STANDING)
    rig.root[:, 2] -= 0.05
    rig.feet[:, 1 - back, 2] += 0.38
    rig.feet[:, back, 2] -= 0.42
    rig.foot_angles[:, back, 1] = 0.3 + 1.05 * down
    rig.pelvis(lean=0.08 + 0.1 * down)
    return Act(rig, (Touch(1 - back, "knee", (0.8,)),) if rng.uniform() < 0.5 and down.min() > 0.9 else ())


def _lie(t: np.ndarray, fps: float, rng: Rng) -> Act:
    """On the back, on one side, or face down."""
    rig = _alive(t, fps, rng)
    kind = rng.integers(3)
    rig.spine(lean=0.03 * wander(t, rng))
    for side in (0, 1):
        up = np.clip(rng.uniform(-0.8, 0.8), 0, 1) + 0.05 * (1 + wander(t, rng, pace=0.2))
        if kind == 0:
            rig.leg(side, raised=up, front=1.45, knee=2 * up, toes=0.5)
        elif kind == 1:
            bent = 0.3 + 0.5 * up
            rig.leg(side, raised=bent, front=1.55, knee=1.5 * bent, toes=0.6)
        else:
            rig.leg(side, raised=0.06, front=0, knee=0.1 * up, toes=1.2)
    if kind == 0:
        rig.pelvis(lean=-np.pi / 2)
        for side in (0, 1):
            raised = rng.choice([0.35, 1.2, 2.4])
            rig.arm(side, raised=raised + 0.05 * wander(t, rng), elbow=rng.uniform(0.1, 0.5))
        return Act(rig, _before_chest(rng) if rng.uniform() < 0.4 else ())
    if kind == 1:
        rig.pelvis(tilt=np.pi / 2 * rng.choice([-1, 1]))
        for side in (0, 1):
            rig.arm(side, raised=1.3 + 0.1 * wander(t, rng), front=1.5, elbow=0.5 + 0.3 * wander(t, rng))
        return Act(rig)
    rig.pelvis(lean=np.pi / 2)
    rig.head(yaw=rng.choice([-1.0, 1.0]), nod=-0.1)
    for side in (0, 1):
        rig.arm(side, raised=rng.choice([0.3, 1.6, 2.3]), front=0.1, elbow=rng.uniform(0.2, 0.9))
    return Act(rig)


def _bend(t: np.ndarray, fps: float, rng: Rng) -> Act:
    """Bent forward, the hands hanging down or on the knees."""
    rig = stand_alive(t, fps, rng, width=rng.uniform(0.1, 0.2))
    down, deep = _down(t, rng), rng.uniform(0.5, 1.2)
    round_ = rng.uniform(0.2, 0.7)
    rig.pelvis(lean=deep * down)
    rig.spine(lean=round_ * down, yaw=0.1 * wander(t, rng))
    rig.head(nod=-0.4 * down * rng.uniform(0, 1), yaw=0.3 * wander(t, rng))
    rig.root[:, 1] -= 0.03 + 0.04 * down
    rig.root[:, 2] -= 0.22 * deep * down
    for side in (0, 1):
        hang = (deep + round_) * down * rng.uniform(0.9, 1.15)
        rig.arm(side, raised=0.16 + hang, front=1.5 * step(2 * down), elbow=0.15)
    on_knees = deep < 0.9 and down.min() > 0.9 and rng.uniform() < 0.6
    return Act(rig, tuple(Touch(side, "knee", (0.9,)) for side in (0, 1)) if on_knees else ())


def _crouch(t: np.ndarray, fps: float, rng: Rng) -> Act:
    """Squatting, as low as bodies go."""
    rig = stand_alive(t, fps, rng, width=rng.uniform(0.12, 0.22))
    down, low = _down(t, rng), rng.uniform(0.30, 0.42)
    rig.root[:, 1] += down * (low - STANDING)
    rig.root[:, 2] -= 0.12 * down
    rig.foot_angles[..., 1] += rng.choice([0.0, 0.5]) * down[:, None]
    for side in (0, 1):
        rig.foot_angles[:, side, 0] += 0.3 * (2 * side - 1)
        rig.arm(side, raised=0.2 + 0.9 * down, front=1.3 * step(2 * down), elbow=0.3 + 0.3 * down)
    rig.pelvis(lean=(0.45 + 0.2 * rng.uniform()) * down)
    rig.spine(lean=0.35 * down)
    rig.head(nod=-0.4 * down)
    return Act(rig, tuple(Touch(side, "knee", (0.95,)) for side in (0, 1)) if down.min() > 0.9 else ())


def _legs_crossed(t: np.ndarray, fps: float, rng: Rng) -> Act:
    """Standing, one leg before the other."""
    rig = stand_alive(t, fps, rng, width=-0.07)
    before = int(rng.integers(2))
    rig.feet[:, before, 2] += 0.15
    rig.feet[:, 1 - before, 2] -= 0.10
    rig.root[:, 1] -= 0.03
    return Act(rig, _crossed(rng) if rng.uniform() < 0.3 else _before_chest(rng) if rng.uniform() < 0.5 else ())


def _arms_crossed(t: np.ndarray, fps: float, rng: Rng) -> Act:
    """Standing, the arms crossed."""
    return Act(stand_alive(t, fps, rng, width=rng.uniform(0.09, 0.17)), _crossed(rng))


def _hold(t: np.ndarray, fps: float, rng: Rng) -> Act:
    """Standing, a hand or both before the trunk."""
    return Act(stand_alive(t, fps, rng, width=rng.uniform(0.09, 0.17)), _before_chest(rng))


def _alive(t: np.ndarray, fps: float, rng: Rng) -> Rig:
    rig = Rig(t, fps)
    rig.breathe(rng)
    return rig


_MAKERS: dict[str, Callable[[np.ndarray, float, Rng], Act]] = {
    "sit": _sit,
    "floor": _floor,
    "kneel": _kneel,
    "lunge": _lunge,
    "lie": _lie,
    "bend": _bend,
    "crouch": _crouch,
    "legs-crossed": _legs_crossed,
    "arms-crossed": _arms_crossed,
    "hold": _hold,
}
POSES = tuple(_MAKERS)
