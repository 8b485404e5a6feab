"""Clothes and shoes: the surface of the body, pushed out and cut to measure, and tubes that hang from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from tempose.people.anatomy import mesh
from tempose.people.body import AROUND, TRUNK_COLUMNS, Body, lump, reach_around
from tempose.people.bones import BONE, BONES
from tempose.people.face import face_places
from tempose.people.materials import BOTTOM, HEAD, JACKET, SHOE, SKIN, SLEEVE, SOCK, SOLE, TOP
from tempose.people.mesh import Patch, Tube, angles, curve, tube
from tempose.people.person import Bottom, Jacket, Person, Shoes, Top

SKIRT_COLUMNS = 44
WAIST = 0.285  # shares of the trunk above the hip joints
ARMS = [BONE[name] for name in BONES if name.endswith(("shoulder", "elbow", "wrist"))]
PRESSED = 0.2  # the share of its air that what a top lies over keeps
UNDER = 0.018  # metres of skin, or of another cloth, that cloth lies over before it is left out


def dressed(person: Person, body: Body) -> list[Tube | Patch]:
    """Everything that the person wears, and the skin that it leaves bare."""
    parts: list[Tube | Patch] = []
    covered = top_cut(person.top, body, hem=person.top.hem)
    if person.bottom is not None:
        over_waist = np.where(body.places.leg > 0, -1, top_cut(person.top, body, hem=min(person.top.hem, -0.02)))
        parts += bottom(person.bottom, body, below=over_waist, pressed=person.top.hem)
        if person.bottom.kind == "trousers":
            covered = np.maximum(covered, trousers_cut(person.bottom, body))
    worn = person.top
    if person.jacket is not None:  # it presses down what is under it
        worn = replace(worn, ease=min(worn.ease, 0.025))
        if person.jacket.sleeve > 0.5:
            worn = replace(worn, sleeve_ease=min(worn.sleeve_ease, 0.015), sleeve_flare=0.0)
    below = -1.0 if person.jacket is None else jacket_cut(person.jacket, body)
    parts += top(worn, body, over=0.004 if person.bottom is None else person.bottom.ease, below=below)
    if person.jacket is not None:
        over = 0.004 + max(worn.ease, person.bottom.ease + 0.005 if person.bottom else 0)
        parts += jacket(person.jacket, body, under=worn, over=over)
    parts += shoes(person.shoes, body)
    return [*skin(body, covered=np.maximum(covered, _shod())), *parts]


def skin(body: Body, *, covered: np.ndarray) -> list[Patch]:
    """The skin but for what lies further than UNDER metres inside cloth (`covered`, metres, `v`), and the eyes."""
    faces = mesh().faces["body"]
    faces = faces[(covered[faces] < UNDER).any(1)]
    places = body.places
    ahead = (places.head > 0.9) & (body.points[:, 2] > body.skull[2] + 0.02)
    front = ahead[faces].all(1)
    face = np.concatenate([faces[front], mesh().faces["helper-l-eye"], mesh().faces["helper-r-eye"]])
    under_chin = np.clip((body.skull[1] + 0.01 - body.points[:, 1]) / 0.05, 0, 1) * (places.head > 0.5)
    shade = 1 - 0.25 * under_chin * np.clip(1 - (body.skull[1] - body.points[:, 1]) / 0.10, 0, 1)
    return [
        body.patch(face, material=HEAD, cloth=face_places(body), shade=shade),
        body.patch(faces[~front], material=SKIN, shade=shade),
    ]


def _shod() -> np.ndarray:
    """1 for the points of the body that feet carry, else 0."""
    return (mesh().weights[:, [BONE["right_ankle"], BONE["left_ankle"]]].sum(1) > 0.4) * 1.0


def tights() -> np.ndarray:
    """The faces that garments are cut from: a body from wrists to ankles, in fewer points."""
    return mesh().faces["helper-tights"]


# --- upper body ---


def neckline(kind: str, y: np.ndarray, phi: np.ndarray, trunk: float) -> np.ndarray:
    """How far, in metres, points at height `y` and angle `phi` lie inside the cloth."""
    front = np.clip(np.cos(phi), 0, 1)
    rim = {
        "round": 1.05 - 0.125 * front**1.5,
        "v": 1.05 - 0.325 * np.clip(1 - np.abs(phi) / 0.75, 0, 1),
        "boat": 1.01 - 0.05 * front,
        "collar": 1.085 - 0.19 * np.clip(1 - np.abs(phi) / 0.3, 0, 1),
        "straps": 0.86
        - 0.06 * np.cos(2 * phi)
        + 0.24
        * (lump(phi, 0.85, 0.3) + lump(phi, -0.85, 0.3) + lump(phi, np.pi - 0.7, 0.3) + lump(phi, 0.7 - np.pi, 0.3)),
        "high": 1.135 + 0 * front,
    }[kind]
    return rim * trunk - y


def sleeve_cut(body: Body, share: float) -> np.ndarray:
    """How far, in metres, the points of the body lie inside a garment with sleeves over this share of the arm."""
    places, p = body.places, body.proportions
    if share < 0.05:
        return 0.15 * (0.3 - places.arm)
    return share * (p.upper_arm + p.forearm) - places.down_arm + 0.5 * (1 - places.arm)


def top_cut(garment: Top, body: Body, *, hem: float) -> np.ndarray:
    """How far, in metres, the points of the body lie inside it; `hem` is metres below the hip joints."""
    places, trunk = body.places, body.proportions.trunk
    rim = neckline(garment.neckline, places.up, places.around, trunk) + 0.5 * places.arm
    return np.minimum(np.minimum(rim, places.up + hem + places.arm), sleeve_cut(body, garment.sleeve))


def sleeve_ease(body: Body, share: float, ease: float, flare: float) -> np.ndarray:
    """Metres of air in a sleeve, at all points of the body."""
    s = body.places.down_arm
    end = max(share, 0.2) * (body.proportions.upper_arm + body.proportions.forearm)
    return ease * curve(s, [-0.05, 0.05, 0.5 * end + 0.05, end + 0.06], [0.15, 0.6, 1, 1]) + flare * curve(
        s / end, [0.4, 1.0], [0, 1]
    )


def top(garment: Top, body: Body, *, over: float, below: np.ndarray | float = -1.0) -> list[Tube | Patch]:
    """Trunk and sleeves; what is long hangs around hips and legs. `below` is how far, in metres, the points of the body
    lie inside a cloth over it.
    """
    t, leg, places = body.proportions.trunk, body.proportions.leg, body.places
    high = places.up / t
    ease = np.maximum(garment.ease * curve(high, [0.3, 0.8, 0.95, 1.05, 1.15], [1, 0.75, 0.35, 0.25, 0.1]), 0.006)
    ease = np.maximum(ease, (over + 0.010) * curve(high, [0.25, 0.5], [1, 0]))
    arms = np.clip(2 * places.arm - 0.5, 0, 1)
    ease = (1 - arms) * ease + arms * np.maximum(
        sleeve_ease(body, garment.sleeve, garment.sleeve_ease, garment.sleeve_flare), 0.005
    )
    rim = neckline(garment.neckline, places.up, places.around, t) + 0.5 * places.arm
    ease = ease * np.clip(0.3 + rim / 0.06, 0.3, 1)  # its rim lies on the skin
    long = garment.hem > -0.02
    cut = np.minimum(top_cut(garment, body, hem=-WAIST * t if long else garment.hem), 2 * UNDER - below)
    shade = 1 - 0.12 * np.clip(1 - places.down_arm / 0.1, 0, 1) * (places.arm > 0.5)
    shade = shade * np.where(places.arm > 0.5, 1, body.trunk_shade(body.points))
    loose = min(0.25 + garment.ease / 0.06, 1) * curve(high, [0.82, 0.97], [1, 0.1])
    sleeve = places.arm[tights()].mean(1) > 0.5
    materials = {TOP: tights()[~sleeve], SLEEVE: tights()[sleeve]}
    patches = body.garment(materials, cut=cut, ease=ease, shade=shade, loose=loose)
    if not long:
        return [*patches]
    flare = garment.skirt_flare * float(np.clip(garment.hem / 0.4, 0, 1))
    return [
        *patches,
        lengthened(body, patches[0], min(garment.hem, 0.95 * leg), flare=flare, air=max(garment.ease, over + 0.014)),
    ]


def lengthened(
    body: Body,
    garment: Patch,
    hem: float,
    *,
    flare: float,
    air: float,
    cut: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> Tube:
    """What goes on below the waist of a garment, down to `hem` metres below the hip joints, hanging free there,
    `air` metres off the body.
    """
    high = (WAIST + 0.08) * body.proportions.trunk
    y = np.concatenate([np.linspace(high, 0.0, 9), -_down(hem)])
    own = body.trunk(y)
    trunk = garment.triangles[(garment.weights[:, ARMS].sum(1)[garment.triangles] < 0.3).all(1)]
    reach = reach_around(garment.points, trunk, body.joint("pelvis")[1] + y, body.middle(y), own.shape[1] - 1)
    ease = reach - np.hypot(own[..., 0], own[..., 2] - body.middle(y)[:, None]) + 0.002
    waist = WAIST * body.proportions.trunk
    lowest = np.flatnonzero(y >= waist)[-1]
    share = np.clip((waist - y[lowest + 1 :]) / waist, 0, 1)[:, None]
    ease[lowest + 1 :] = (1 - share) * np.maximum(ease[lowest], air) + share * air
    return draped(body, y, ease, flare=flare, material=garment.material, cut=cut, girth=2 * np.pi * AROUND * body.k)


def _down(hem: float) -> np.ndarray:
    """Places of rings from just below the hip joints down to the hem, metres."""
    return np.linspace(0.03, hem, max(2, int(hem / 0.03))) if hem > 0.03 else np.array([max(hem, 0.004)])


def jacket(garment: Jacket, body: Body, *, under: Top, over: float) -> list[Tube | Patch]:
    """A second layer, open at the front by `gap`."""
    t, places = body.proportions.trunk, body.places
    high = places.up / t
    ease = over * curve(high, [0.9, 1.1], [1, 0.5])
    ease = ease + garment.ease * curve(high, [0.3, 0.85, 1.0, 1.12], [1, 0.6, 0.2, 0.05])
    arms = np.clip(2 * places.arm - 0.5, 0, 1)
    sleeve = sleeve_ease(
        body,
        garment.sleeve,
        max(under.sleeve_ease + 0.008, 0.6 * garment.ease),
        under.sleeve_flare * (under.sleeve > 0.8),
    )
    ease = (1 - arms) * ease + arms * np.maximum(sleeve, 0.012)
    cut = jacket_cut(garment, body)
    shade = np.where(places.arm > 0.5, 1, body.trunk_shade(body.points))
    loose = 0.8 * curve(high, [0.82, 0.97], [1, 0.1])
    patches = body.garment({JACKET: tights()}, cut=cut, ease=ease, shade=shade, loose=loose)
    if garment.hem <= -0.02:
        return [*patches]
    flare = 0.04 + under.skirt_flare * (under.hem > 0.1)
    cut_open = partial(opened, garment, t)
    return [*patches, lengthened(body, patches[0], garment.hem, flare=flare, air=over + garment.ease, cut=cut_open)]


def opened(garment: Jacket, trunk: float, y: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """How far, in metres, points at height `y` and angle `phi` lie inside the front of a jacket."""
    lapel = neckline("v", y, phi * 0.9, trunk) - 0.03 * trunk
    opening = (np.abs(phi) - garment.gap * (1.0 + 0.25 * np.clip(0.5 - y / trunk, -1, 1))) * 0.15
    return np.minimum(lapel, opening) if garment.gap > 0 else lapel + 0 * phi


def jacket_cut(garment: Jacket, body: Body) -> np.ndarray:
    """How far, in metres, the points of the body lie inside it; a long one hangs free from the waist on."""
    t, places = body.proportions.trunk, body.places
    front = opened(garment, t, places.up, places.around) + 0.5 * places.arm
    bottom_edge = places.up + (-WAIST * t if garment.hem > -0.02 else garment.hem) + places.arm
    return np.minimum(np.minimum(front, bottom_edge), sleeve_cut(body, garment.sleeve))


# --- lower body ---


def draped(
    body: Body,
    y: np.ndarray,
    ease: np.ndarray,
    *,
    flare: float,
    material: int,
    pleats: int = 0,
    cut: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    girth: float | None = None,
) -> Tube:
    """Cloth that lies on the trunk and, below the hip joints, hangs around both legs.

    Args:
        y: heights of its rings above the hip joints, falling.
        ease: `r` or `r c`: metres between body and cloth.
        girth: the length once around that the cloth is measured by; by default its own.
        flare: further metres at the hem.
        cut: says for heights and angles how far inside the cloth they lie.
    """
    p, hem = body.proportions, float(-y[-1])
    drop, down = -y, np.clip(-y / max(hem, 0.05), 0, 1)
    free = hanging_free(body.trunk(np.maximum(y, -0.02 * p.trunk), ease), float(ease.max()))
    points = np.stack([_resampled(ring) for ring in free])
    points[..., 1] = body.joint("pelvis")[1] + y[:, None]
    phi = angles(SKIRT_COLUMNS)[None]
    thick = body.leg_thickness(np.maximum(drop, 0.02))
    thick = np.maximum(thick, 0.75 * thick[0])
    seat = _resampled(body.trunk(np.array([-0.02 * p.trunk]))[0]) - body.joint("pelvis")
    support = (seat[None] * np.stack([np.sin(phi), 0 * phi, np.cos(phi)], axis=-1)).sum(-1)
    spare = np.maximum(support - p.hips / 2 * np.abs(np.sin(phi)) - thick[0], 0)
    knee = 0.02 * np.exp(-(((drop - p.thigh) / 0.12) ** 2))
    air = np.broadcast_to(ease.reshape(len(y), -1), (len(y), TRUNK_COLUMNS + 1))
    air = np.stack([np.interp(angles(SKIRT_COLUMNS), angles(TRUNK_COLUMNS), row) for row in air])
    away = (
        (thick + knee)[:, None]
        + air
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
        material=material,
        shade=shade,
        girth=girth,
        start=p.trunk,
        cut=1.0 if cut is None else cut(y[:, None], phi),
        hanging=np.concatenate([drop[:, None], thick[:, None], away], axis=1),
        lined=True,
    )


def hanging_free(points: np.ndarray, ease: float) -> np.ndarray:
    """Loose cloth falls straight down from what holds it out: rings narrow less, the more ease they have."""
    free = np.clip((ease - 0.012) / 0.04, 0, 1)
    middle = points.mean(1, keepdims=True)
    out = points - middle
    held = np.maximum.accumulate(np.abs(out), axis=0)
    return middle + np.sign(out) * ((1 - free) * np.abs(out) + free * (0.3 * np.abs(out) + 0.7 * held))


def _resampled(ring: np.ndarray) -> np.ndarray:
    """A trunk's ring with as many points as a skirt's."""
    at, source = angles(SKIRT_COLUMNS), angles(ring.shape[0] - 1)
    return np.stack([np.interp(at, source, ring[:, axis]) for axis in range(3)], axis=-1)


def trousers_cut(garment: Bottom, body: Body) -> np.ndarray:
    """How far, in metres, the points of the body lie inside trousers."""
    places, p = body.places, body.proportions
    end = garment.length * p.leg - places.down_leg + 0.5 * (1 - places.leg)
    return np.minimum(np.minimum(WAIST * p.trunk - places.up, end), 0.15 * (0.1 - places.arm))


def bottom(garment: Bottom, body: Body, *, below: np.ndarray | float, pressed: float) -> list[Tube | Patch]:
    """Trousers, shorts or a skirt, from the waist; `below` as in `top`, and a top presses it down to its own hem,
    `pressed` metres below the hip joints.
    """
    p, places = body.proportions, body.places
    waist, end = WAIST * p.trunk, garment.length * p.leg
    if garment.kind == "skirt":
        y = np.concatenate([np.linspace(waist, 0.0, 7), -_down(end)])
        ease = garment.ease * curve(y, [0.0, waist], [1, 0.3])
        return [draped(body, y, ease, flare=garment.flare, pleats=garment.pleats, material=BOTTOM)]
    s = places.down_leg
    ease = (
        garment.ease
        * curve(places.up, [-0.1, waist], [1, 0.25])
        * curve(np.maximum(s, -places.up), [pressed - 0.12, pressed + 0.03], [PRESSED, 1])
        + garment.flare * curve(s / end, [0.45, 1], [0, 1]) * places.leg
        + 0.004
    )
    crease = 0.004 * np.sin(s * 90) * curve(s / p.leg, [0.75, 1.0], [0, 1]) * places.leg
    inner = np.clip(np.cos(places.around_leg - np.where(places.left, -np.pi / 2, np.pi / 2)), 0, 1)
    shade = 1 - 0.40 * inner * np.clip(1 - s / 0.35, 0, 1) * places.leg
    cut = np.minimum(trousers_cut(garment, body), 2 * UNDER - below)
    loose = min(0.1 + garment.ease / 0.06, 0.6)
    return [*body.garment({BOTTOM: tights()}, cut=cut, ease=ease + crease, shade=shade, loose=loose)]


def shoes(wear: Shoes, body: Body) -> list[Patch]:
    """Shoes or boots and socks, for both feet."""
    p, up = body.proportions, body.points[:, 1]
    legs = tights()[(body.places.leg[tights()] > 0.5).all(1)]
    feet = legs[(up[legs] < 1.6 * p.ankle).any(1)]
    ahead = body.points[:, 2] - np.where(body.places.left, *(body.joint(f"{s}_ankle")[2] for s in ("left", "right")))
    opening = p.ankle * (1.15 - 0.25 * np.clip(ahead / 0.05, 0, 1)) - up
    sole = 0.22 * p.ankle - up
    worn = body.garment({SHOE: feet}, cut=np.minimum(opening, -sole), ease=0.009 * body.k, loose=1.0)
    worn += body.garment({SOLE: feet}, cut=sole, ease=0.012 * body.k, loose=1.0)
    for shaft, air, material in ((wear.sock, 0.004, SOCK), (wear.shaft, 0.012, SHOE)):
        if shaft > 0:
            worn += body.garment({material: legs}, cut=body.places.down_leg - (p.leg - shaft), ease=air)
    return worn
