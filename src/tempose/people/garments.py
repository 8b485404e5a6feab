"""Clothes and shoes: tubes that lie on the body with air in between, or hang from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from tempose.people.body import LIMB_COLUMNS, SHOULDER_CAP, SIDES, Body, lump
from tempose.people.materials import BOTTOM, JACKET, SHOE, SLEEVE, SOCK, SOLE, TOP
from tempose.people.mesh import Tube, angles, curve, ramp, rings, tube
from tempose.people.person import Bottom, Jacket, Person, Shoes, Top

SKIRT_COLUMNS = 44


def dressed(person: Person, body: Body) -> list[Tube]:
    """Everything that the person wears, and the skin that it leaves bare."""
    p = person.proportions
    reach = p.upper_arm + p.forearm
    sleeves = [person.top.sleeve] + ([person.jacket.sleeve] if person.jacket else [])
    bare_arm = max(sleeves) * reach - 0.03 if max(sleeves) > 0.05 else -1.0
    bare_leg = (person.bottom.length * p.leg - 0.05) if person.bottom and person.bottom.kind == "trousers" else 0.05
    midriff = person.top.hem < -0.08
    tubes = body.skin(
        arm_from=bare_arm,
        leg_from=bare_leg,
        trunk_from=(0.12 if midriff else 0.62 * p.trunk),
    )
    if person.bottom is not None:
        tubes += bottom(person.bottom, body)
    tubes += top(person.top, body, over=0.004 if person.bottom is None else person.bottom.ease)
    if person.jacket is not None:
        tubes += jacket(
            person.jacket,
            body,
            under=person.top,
            over=0.004 + max(person.top.ease, person.bottom.ease + 0.005 if person.bottom else 0),
        )
    tubes += shoes(person.shoes, body)
    return tubes


# --- upper body ---


def neckline(kind: str, y: np.ndarray, phi: np.ndarray, trunk: float) -> np.ndarray:
    """How far, in metres, points at height `y` and angle `phi` lie inside the cloth."""
    front = np.clip(np.cos(phi), 0, 1)
    rim = {
        "round": 1.085 - 0.15 * front**1.5,
        "v": 1.085 - 0.36 * np.clip(1 - np.abs(phi) / 0.75, 0, 1),
        "boat": 1.05 - 0.05 * front,
        "collar": 1.13 - 0.20 * np.clip(1 - np.abs(phi) / 0.3, 0, 1),
        "straps": 0.90
        - 0.06 * np.cos(2 * phi)
        + 0.24
        * (
            lump(phi, 0.85, 0.16) + lump(phi, -0.85, 0.16) + lump(phi, np.pi - 0.7, 0.16) + lump(phi, 0.7 - np.pi, 0.16)
        ),
        "high": 1.20 + 0 * front,
    }[kind]
    return rim * trunk - y


def top(garment: Top, body: Body, *, over: float) -> list[Tube]:
    """Trunk and sleeves; a hem below the hips hangs around the legs."""
    t, leg = body.skeleton.proportions.trunk, body.skeleton.proportions.leg
    y = heights(1.19 * t, min(garment.hem, 0.95 * leg), t)
    ease = np.maximum(garment.ease * curve(y, [0.3 * t, 0.8 * t, 0.95 * t, 1.05 * t], [1, 0.75, 0.35, 0.3]), 0.006)
    ease = np.maximum(ease, (over + 0.012) * curve(y, [0.25 * t, 0.5 * t], [1, 0]))
    rim = partial(neckline, garment.neckline, trunk=t)

    def cut(y: np.ndarray, phi: np.ndarray) -> np.ndarray:
        if garment.sleeve > 0.05:
            return rim(y, phi)
        return np.minimum(rim(y, phi), 0.02 + 0.3 * (1.06 * t - y + 0.10 * np.cos(2 * phi)))

    flare = garment.skirt_flare * float(np.clip(garment.hem / 0.4, 0, 1))
    cloth = draped(body, y, ease, flare=flare, part="top", material=TOP, cut=cut)
    return [cloth, *sleeves(body, garment.sleeve, garment.sleeve_ease, garment.sleeve_flare)]


def heights(high: float, hem: float, trunk: float) -> np.ndarray:
    """Heights of rings from `high` down to `hem` metres below the hips, closer together at the shoulders."""
    shoulders = np.arange(high, 0.84 * trunk, -0.014)
    return np.concatenate([shoulders, np.linspace(0.80 * trunk, -hem, max(6, int((0.80 * trunk + hem) / 0.03)))])


def hanging_free(points: np.ndarray, ease: float) -> np.ndarray:
    """Loose cloth falls straight down from what holds it out: rings narrow less, the more ease they have."""
    free = np.clip((ease - 0.012) / 0.04, 0, 1)
    middle = points.mean(1, keepdims=True)
    out = points - middle
    held = np.maximum.accumulate(np.abs(out), axis=0)
    return middle + np.sign(out) * ((1 - free) * np.abs(out) + free * (0.3 * np.abs(out) + 0.7 * held))


def sleeves(body: Body, share: float, ease: float, flare: float, *, material: int = SLEEVE) -> list[Tube]:
    """Both sleeves of a garment that covers this share of the arm."""
    if share < 0.05:
        return []
    p, k = body.skeleton.proportions, body.k
    end = share * (p.upper_arm + p.forearm)
    s = np.concatenate([SHOULDER_CAP * k, np.linspace(0.008, end, max(5, int(end / 0.026)))])
    air = ease * curve(s, [-0.05, 0.05, 0.5 * end + 0.05, end + 0.06], [0.15, 0.8, 1, 1]) + flare * curve(
        s / end, [0.4, 1.0], [0, 1]
    )
    s, air, shade = turned_in(s, air, 1 - 0.12 * np.clip(1 - s / 0.10, 0, 1) * (s > 0.02))
    return [
        tube(
            body.arm(side, s, air),
            s,
            body.arm_weights(side, s),
            part=f"{name}_sleeve",
            material=material,
            shade=shade[:, None],
        )
        for side, name in enumerate(SIDES)
    ]


def turned_in(s: np.ndarray, air: np.ndarray, shade: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rings of a sleeve or trouser leg and, at its end, a dark one that closes it."""
    return np.append(s, s[-1] - 0.01), np.append(air, -0.004), np.append(shade, 0.4)


def jacket(garment: Jacket, body: Body, *, under: Top, over: float) -> list[Tube]:
    """A second layer, open at the front by `gap`."""
    t = body.skeleton.proportions.trunk
    y = heights(1.15 * t, garment.hem, t)
    ease = over + garment.ease * curve(y, [0.3 * t, 0.85 * t, 1.0 * t], [1, 0.7, 0.35])

    def cut(y: np.ndarray, phi: np.ndarray) -> np.ndarray:
        lapel = neckline("v", y, phi * 0.9, t) + 0.01
        opening = (np.abs(phi) - garment.gap * (1.0 + 0.25 * np.clip(0.5 - y / t, -1, 1))) * 0.15
        return np.minimum(lapel, opening) if garment.gap > 0 else lapel + 0 * phi

    cloth = draped(
        body, y, ease, flare=0.04 + under.skirt_flare * (under.hem > 0.1), part="jacket", material=JACKET, cut=cut
    )
    return [
        cloth,
        *sleeves(
            body,
            garment.sleeve,
            max(under.sleeve_ease + 0.008, 0.6 * garment.ease),
            under.sleeve_flare * (under.sleeve > 0.8),
            material=JACKET,
        ),
    ]


# --- lower body ---


def draped(
    body: Body,
    y: np.ndarray,
    ease: np.ndarray,
    *,
    flare: float,
    part: str,
    material: int,
    pleats: int = 0,
    cut: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> Tube:
    """Cloth that lies on the trunk and, below the hip joints, hangs around both legs.

    Args:
        y: heights of its rings above the hip joints, falling.
        ease: `r`: metres between body and cloth.
        flare: further metres at the hem.
        cut: says for heights and angles how far inside the cloth they lie.
    """
    trunk, hem = body.skeleton.proportions.trunk, float(-y[-1])
    drop, down = -y, np.clip(-y / max(hem, 0.05), 0, 1)
    free = hanging_free(body.trunk(np.maximum(y, -0.02 * trunk), ease), float(ease.max()))
    points = np.stack([_resampled(ring) for ring in free])
    points[..., 1] = body.joint("pelvis")[1] + y[:, None]
    phi = angles(SKIRT_COLUMNS)[None]
    leg = body.leg(0, np.maximum(drop, 0.02))
    thick = (leg[..., 0].max(1) - leg[..., 0].min(1)) / 2
    thick = np.maximum(thick, 0.75 * thick[0])
    seat = _resampled(body.trunk(np.array([-0.02 * trunk]))[0]) - body.joint("pelvis")
    support = (seat[None] * np.stack([np.sin(phi), 0 * phi, np.cos(phi)], axis=-1)).sum(-1)
    spare = np.maximum(support - body.skeleton.proportions.hips / 2 * np.abs(np.sin(phi)) - thick[0], 0)
    knee = 0.02 * np.exp(-(((drop - body.skeleton.proportions.thigh) / 0.12) ** 2))
    away = (
        (thick + ease + knee)[:, None]
        + spare * np.clip(1 - drop / 0.30, 0, 1)[:, None]
        + (flare * down**1.2)[:, None] * (0.8 + 0.2 * np.abs(np.sin(phi)))
    )
    wave, deep = np.zeros_like(phi), 0.0
    if pleats:
        wave, deep = np.sin(2 * pleats * phi), 0.005 + 0.08 * flare
    elif flare > 0.05:
        wave, deep = np.sin(7 * phi + 0.8 * np.sin(2 * phi)), 0.10 * flare
    away = away + deep * down[:, None] * wave
    shade = body.trunk_shade(points) * (y > 0.02)[:, None] + (y <= 0.02)[:, None]
    shade = shade * (1 - 0.25 * down[:, None] * (0.5 - 0.5 * wave) * (deep > 0))
    return tube(
        points,
        drop,
        body.trunk_weights(points),
        part=part,
        material=material,
        shade=shade,
        girth=float(np.linalg.norm(np.diff(points, axis=1), axis=-1).sum(1).max()),
        start=trunk,
        cut=1.0 if cut is None else cut(y[:, None], phi),
        hanging=np.concatenate([drop[:, None], away], axis=1),
        lined=True,
    )


def _resampled(ring: np.ndarray) -> np.ndarray:
    """A trunk's ring with as many points as a skirt's."""
    at, source = angles(SKIRT_COLUMNS), angles(ring.shape[0] - 1)
    return np.stack([np.interp(at, source, ring[:, axis]) for axis in range(3)], axis=-1)


def bottom(garment: Bottom, body: Body) -> list[Tube]:
    """Trousers, shorts or a skirt, from the waist."""
    p = body.skeleton.proportions
    waist = 0.30 * p.trunk
    if garment.kind == "skirt":
        y = np.concatenate(
            [
                np.linspace(waist, 0.0, 7),
                -np.linspace(0.03, garment.length * p.leg, max(6, int(garment.length * p.leg / 0.03))),
            ]
        )
        ease = garment.ease * curve(y, [0.0, waist], [1, 0.3])
        return [draped(body, y, ease, flare=garment.flare, pleats=garment.pleats, part="skirt", material=BOTTOM)]
    y = np.linspace(waist, -0.135 * p.trunk, 12)
    ease = garment.ease * curve(y, [0.0, waist], [1, 0.25]) + 0.003
    ease -= 0.030 * curve(y / p.trunk, [-0.135, -0.02], [1, 0])  # it runs into the legs without a step
    points = body.trunk(y, ease)
    lit = np.maximum(body.trunk_shade(points), 0.85)
    tubes = [tube(points, -y, body.trunk_weights(points), part="bottom", material=BOTTOM, shade=lit)]
    end = garment.length * p.leg
    s = np.linspace(0.0, end, max(6, int(end / 0.032)))
    air = (
        garment.ease * curve(s, [0, 0.12, p.leg], [0.8, 1, 1])
        + garment.flare * curve(s / end, [0.45, 1], [0, 1])
        + 0.003
    )
    crease = 0.004 * np.sin(s * 90) * curve(s / p.leg, [0.75, 1.0], [0, 1]) * (garment.ease < 0.03)
    s, air, shade = turned_in(s, air + crease, np.ones_like(s))
    for side, name in enumerate(SIDES):
        inner = np.clip(-(2 * side - 1) * np.sin(angles(LIMB_COLUMNS)), 0, 1)[None]
        between = 1 - 0.40 * inner * np.clip(1 - s / 0.35, 0, 1)[:, None]
        tubes.append(
            tube(
                body.leg(side, s, air),
                s,
                body.leg_weights(side, s),
                part=f"{name}_trouser",
                material=BOTTOM,
                shade=shade[:, None] * between,
            )
        )
    return tubes


def shoes(wear: Shoes, body: Body) -> list[Tube]:
    """The tubes of shoes or boots and of socks, for both feet."""
    p, k, tubes = body.skeleton.proportions, body.k, []
    for side, name in enumerate(SIDES):
        heel = body.joint(f"{name}_ankle") - np.array([0, p.ankle, 0.27 * 1.06 * p.foot])
        u = np.array([0.0, 0.015, 0.06, 0.14, 0.24, 0.34, 0.45, 0.58, 0.70, 0.82, 0.91, 0.97, 0.995, 1.0])
        width = k * curve(u, [0, 0.1, 0.3, 0.65, 0.85, 1.0], [0.002, 0.033, 0.036, 0.048, 0.043, 0.001])
        high = k * curve(u, [0, 0.08, 0.26, 0.42, 0.65, 0.9, 1.0], [0.014, 0.040, 0.046, 0.038, 0.026, 0.019, 0.008])
        length = 1.06 * p.foot
        flat = np.stack([0 * u, -u * length, high], axis=-1)
        ring = rings(flat, width, high, columns=14, square=2.6)
        points = np.stack([ring[..., 0], ring[..., 2], -ring[..., 1]], axis=-1)
        points += heel
        tubes.append(tube(points, u * length, ramp(u, [(0, f"{name}_ankle")]), part=f"{name}_foot", material=SHOE))
        sole = rings(
            flat * (1, 1, 0) + np.array([0, 0, 0.008 * k]),
            width + 0.005 * k * np.sqrt(np.clip(8 * np.minimum(u, 1 - u), 0, 1)),
            np.full_like(u, 0.012 * k),
            columns=14,
            square=4,
        )
        points = np.stack([sole[..., 0], sole[..., 2], -sole[..., 1]], axis=-1) + heel
        tubes.append(tube(points, u * length, ramp(u, [(0, f"{name}_ankle")]), part=f"{name}_foot", material=SOLE))
        for shaft, air, material in ((wear.sock, 0.005, SOCK), (wear.shaft, 0.012, SHOE)):
            if shaft > 0:
                s = np.linspace(p.leg - shaft, p.leg + 0.02, max(4, int(shaft / 0.025)))
                weights = ramp(s, [(p.leg - 0.02, f"{name}_knee"), (p.leg + 0.03, f"{name}_ankle")])
                tubes.append(tube(body.leg(side, s, air), s, weights, part=f"{name}_foot", material=material))
    return tubes
