"""What people carry and put on last: belts, scarves, bags and hats."""

from __future__ import annotations

import numpy as np

from tempose.body.skeleton import unit
from tempose.people.body import TRUNK_COLUMNS, Body
from tempose.people.materials import BAG, HAT, SCARF, THING
from tempose.people.mesh import Tube, angles, ramp, rings, tube
from tempose.people.person import Person

UNDER_HAT = 0.012  # thickness of hair under a hat, metres


def accessories(person: Person, body: Body) -> list[Tube]:
    """Belt, scarf, bag and hat."""
    t, tubes = body.proportions.trunk, []
    outer = person.top.ease + (person.jacket.ease if person.jacket else 0)
    if person.belt and person.top.ease < 0.022:
        y = np.linspace(0.36, 0.27, 5) * t
        over = max(person.top.ease, person.bottom.ease + 0.016 if person.bottom else 0) + 0.008
        points = body.trunk(y, over + 0.004 * np.array([-1, 0.6, 1, 0.6, -1]))
        tubes.append(tube(points, -y, body.trunk_weights(points), material=SCARF))
    if person.scarf:
        y = np.linspace(1.16, 1.02, 8) * t
        points = body.trunk(y, outer * 0.3 + 0.028 * np.sin(np.linspace(0.3, 2.8, 8)) + 0.012)
        tubes.append(tube(points, -y, body.trunk_weights(points), material=SCARF))
    if person.bag is not None:
        tubes += bag(person.bag, body, outer)
    if person.hat is not None:
        tubes += hat(person.hat, body, UNDER_HAT)
    if person.thing is not None:
        tubes.append(thing(person.thing, body))
    return tubes


def _beside(place: np.ndarray, x: float, y: float, z: float) -> np.ndarray:
    return place + np.array([x, y, z])


def box(centre: np.ndarray, half: tuple[float, float, float]) -> np.ndarray:
    """Rings of a rounded box of these half sizes around `centre`."""
    s = np.array([-1, -0.985, -0.93, -0.6, 0, 0.6, 0.93, 0.985, 1.0])
    bulge = np.array([0.02, 0.6, 0.88, 0.98, 1, 0.98, 0.88, 0.6, 0.02])
    middle = centre - np.stack([0 * s, s * half[1], 0 * s], axis=-1)
    return rings(middle, half[0] * bulge, half[2] * bulge, columns=16, square=5.0)


def bag(kind: str, body: Body, outer: float) -> list[Tube]:
    """A backpack, a bag on a strap across the chest, or one that hangs from the hand."""
    p, k = body.skeleton.proportions, body.k
    pelvis, t = body.joint("pelvis"), p.trunk
    if kind == "backpack":
        depth = float(-body.trunk(np.array([0.7 * t]), outer)[0, :, 2].min())
        points = box(_beside(pelvis, 0, 0.66 * t, -depth - 0.07), (0.14 * k, 0.20 * k, 0.08))
        chest = ramp(np.zeros(len(points)), [(0, "chest")])
        tubes = [tube(points, np.linspace(0, 0.4, len(points)), chest, material=BAG)]
        for sign in (-1, 1):
            tubes.append(_strap(body, np.array([sign * 0.55, sign * 0.75]), np.array([0.42, 1.12]), outer))
        return tubes
    if kind == "shoulder":
        points = box(_beside(pelvis, p.hips / 2 + 0.10 * k + outer, -0.10, 0.02), (0.045, 0.10 * k, 0.13 * k))
        weights = ramp(np.zeros(len(points)), [(0, "pelvis")])
        return [
            tube(points, np.linspace(0, 0.2, len(points)), weights, material=BAG),
            _strap(body, np.array([1.45, -0.62]), np.array([-0.05, 1.10]), outer),
            _strap(body, np.array([np.pi - 1.45, np.pi + 0.62]), np.array([-0.05, 1.10]), outer),
        ]
    hand = body.bind.grips[1]
    weights = ramp(np.zeros(9), [(0, "left_grip")])
    points = box(_beside(hand, 0, -0.26 * k, 0), (0.045 * k, 0.13 * k, 0.15 * k))
    tubes = [tube(points, np.linspace(0, 0.3, 9), weights, material=BAG)]
    for sign in (-1, 1):
        ends = np.linspace(0, 1, 9)
        line = hand + np.stack([0 * ends, -0.15 * k * ends, sign * 0.10 * k * ends], axis=-1)
        tubes.append(tube(rings(line, 0.007 + 0 * ends, 0.009 + 0 * ends, columns=6), ends, weights, material=BAG))
    return tubes


# Of what hands hold: half sizes across the palm, off it and along the fingers, metres; how far off the palm it lies;
# and how square it is (tempose.people.mesh.rings).
THING_SIZES = {
    "cup": ((0.055, 0.038, 0.038), 0.055, 2.0),
    "phone": ((0.036, 0.005, 0.07), 0.03, 5.0),
    "book": ((0.07, 0.012, 0.10), 0.035, 8.0),
    "ball": ((0.07, 0.07, 0.07), 0.085, 2.0),
    "stick": ((0.45, 0.011, 0.011), 0.03, 2.0),
}


def thing(kind: str, body: Body) -> Tube:
    """What lies in the right hand."""
    (across, off, along), away, square = THING_SIZES[kind]
    knuckles, tips = body.bind.fingers[0, 1:, 0], body.bind.fingers[0, 1:, -1]
    axis = body.bind.hinges[0, 1]
    ahead = unit((tips - knuckles).mean(0))
    palm = unit(np.cross(axis, ahead))
    middle = knuckles.mean(0) + away * palm + (0.02 if kind != "phone" else 0.0) * ahead
    s = (
        np.sin(np.linspace(-np.pi / 2, np.pi / 2, 15))
        if kind == "ball"
        else np.array([-1, -0.999, -0.5, 0.5, 0.999, 1])
    )
    bulge = np.sqrt(np.maximum(1 - s**2, 1e-4)) if kind == "ball" else np.array([0.01, 1, 1, 1, 1, 0.01])
    ring = rings(np.stack([0 * s, -across * s, 0 * s], axis=-1), off * bulge, along * bulge, columns=16, square=square)
    points = middle + ring @ np.stack([palm, axis, ahead])
    return tube(points, across * s, ramp(s, [(0, "right_wrist")]), material=THING)


def _strap(body: Body, turn: np.ndarray, height: np.ndarray, outer: float) -> Tube:
    """A strap along the trunk between two angles and two heights (shares of the trunk)."""
    t = body.skeleton.proportions.trunk
    share = np.linspace(1, 0, 14)
    y = (height[0] + share * (height[1] - height[0])) * t
    phi = turn[0] + share * (turn[1] - turn[0])
    surface = body.trunk(y, outer + 0.010 + 0.03 * np.clip(1 - 2 * y / t, 0, 1))
    at = ((phi + np.pi) % (2 * np.pi)) / (2 * np.pi) * TRUNK_COLUMNS
    low = at.astype(int) % TRUNK_COLUMNS
    rows = np.arange(len(y))
    line = surface[rows, low] + (at - np.floor(at))[:, None] * (surface[rows, low + 1] - surface[rows, low])
    points = rings(line, np.full(14, 0.016), np.full(14, 0.006), columns=6)
    return tube(points, share * 0.6, body.trunk_weights(line), material=BAG)


def hat(kind: str, body: Body, hair: float) -> list[Tube]:
    """A hat with a brim, a cap or a woollen hat."""
    size = body.skeleton.proportions.head
    h = np.array([0, 0.01, 0.03, 0.06, 0.10, 0.15, 0.20, 0.25, 0.29])
    phi = angles(24)
    air = hair + 0.008 + (0.016 if kind != "beanie" else 0.006) * np.clip(1 - h / 0.3, 0, 1)
    points = body.head(h[:, None], phi, air[:, None])
    weights = ramp(h, [(0, "head")])
    tubes = [tube(points, h * 0.6, weights, material=HAT, lined=True)]
    if kind == "beanie":
        fold = np.array([0.19, 0.20, 0.24, 0.28, 0.29])
        points = body.head(fold[:, None], phi, (hair + np.array([0.010, 0.018, 0.020, 0.018, 0.006]))[:, None])
        return [*tubes, tube(points, fold, ramp(fold, [(0, "head")]), material=SCARF)]
    wide = 0.34 if kind == "brim" else 0.30
    u = np.array([0, 0.45, 0.9, 1, 1, 0.9, 0.45, 0.0])
    high = np.array([0.008, 0.010, 0.006, 0.0, -0.004, -0.006, -0.004, -0.004]) - 0.10 * size * u**2 * (kind == "brim")
    base = points[-1]
    out = base - base.mean(0)
    out = out / np.linalg.norm(out, axis=-1, keepdims=True)
    ahead = np.ones_like(phi) if kind == "brim" else np.clip(np.cos(phi), 0, 1) ** 0.7 * 1.2
    brim = base[None] + (u[:, None] * ahead)[..., None] * wide * size * out + high[:, None, None] * (0, 1, 0)
    if kind == "cap":
        brim[..., 1] -= 0.12 * size * (u[:, None] * ahead)
    tubes.append(tube(brim, u * 0.2, ramp(u, [(0, "head")]), material=HAT))
    return tubes
