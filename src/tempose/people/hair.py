"""Hair: a cap on the skull that ends at the hairline, and what hangs from it or stands off."""

from __future__ import annotations

import numpy as np

from tempose.body.rig import step
from tempose.people.accessories import UNDER_HAT
from tempose.people.body import HEAD_COLUMNS, Body
from tempose.people.materials import HAIR
from tempose.people.mesh import Tube, angles, curve, ramp, rings, tube
from tempose.people.person import Hair

LONG = ("bob", "long", "waves")


def grown(hair: Hair, body: Body, *, hat: bool) -> list[Tube]:
    """The tubes of a head of hair; under a hat it lies flat."""
    if hair.cut == "shaved":
        return [_cap(body, 0.004, low=0.50, sides=0.40, roughness=0.0)]
    volume = min(hair.volume, UNDER_HAT) if hat else hair.volume
    k = body.k
    if hair.cut == "curly":
        big = (UNDER_HAT if hat else 0.02 + 0.14 * hair.length) * k
        tubes = [_cap(body, big, low=0.78, sides=0.64, roughness=0.25)]
        return tubes
    low, sides = {
        "short": (0.74, 0.50),
        "parted": (0.76, 0.56),
        "bun": (0.76, 0.58),
        "ponytail": (0.76, 0.58),
        "plaits": (0.80, 0.58),
    }.get(hair.cut, (0.95, 0.80))
    tubes = [
        _cap(
            body,
            volume + (0.01 if hair.cut in LONG else 0.0),
            low=low,
            sides=sides,
            roughness=0.12 if hair.cut == "waves" else 0.05,
            flat=1.0 if hair.cut in LONG else 0.6,
            parting=0.22 if hair.cut == "parted" else 0.0,
        )
    ]
    size = body.skeleton.proportions.head
    if hair.cut in LONG:
        length = 0.02 if hair.cut == "bob" else 0.06 + hair.length
        tubes.append(_mane(body, volume, length, wavy=hair.cut == "waves"))
        for side in (0, 1):
            tubes.append(_lock(body, side, volume, 0.6 * length if hair.cut != "bob" else 0.0))
    elif hair.cut == "bun" and not hat:
        radius = size * (0.16 + 0.10 * hair.length)
        tubes.append(_ball(body, np.array([0, 0.86 * size, -0.40 * size - 0.3 * radius]), radius))
    elif hair.cut == "ponytail":
        tubes.append(_tail(body, np.array([0, 0.62 * size, -0.42 * size]), 0.12 + 0.6 * hair.length, 0.030 + volume))
    elif hair.cut == "plaits":
        for sign in (-1, 1):
            tubes.append(
                _tail(
                    body,
                    np.array([sign * 0.30 * size, 0.28 * size, -0.16 * size]),
                    0.10 + 0.6 * hair.length,
                    0.018 + 0.5 * volume,
                    beads=True,
                    aside=sign,
                )
            )
    return tubes


def _cap(
    body: Body, thick: float, *, low: float, sides: float, roughness: float, flat: float = 1.0, parting: float = 0.0
) -> Tube:
    """Hair on the skull: `low` is how far down it grows at the back, `sides` before the ears (crown 0, chin 1).

    `flat` is the share of the thickness that the sides have, `parting` the angle of the hairline's middle.
    """
    h = np.concatenate([[0, 0.015, 0.04], np.linspace(0.08, min(low + 0.06, 1.0), 18)])
    phi = angles(HEAD_COLUMNS)
    grid_h, grid_phi = h[:, None] + 0 * phi, phi + 0 * h[:, None]
    rough = 1 + roughness * (np.sin(9 * grid_phi + 14 * grid_h) * np.sin(5 * grid_phi - 23 * grid_h))
    edge = curve(
        np.abs(phi - parting),
        [0, 0.45, 0.75, 0.95, 1.45, 1.75, np.pi],
        [0.215, 0.24, 0.30, 0.42, sides, 0.5 * (sides + low), low],
    )
    edge = edge + roughness * 0.12 * np.sin(19 * phi + 1.3 * np.sin(7 * phi))
    top = 1 - (1 - flat) * np.clip(grid_h / 0.5, 0, 1)
    inside = edge - grid_h
    points = body.head(h[:, None], phi, step(inside / 0.12) ** 0.7 * thick * top * rough + 0.002)
    girth = 2 * np.pi * 0.36 * body.skeleton.proportions.head
    return tube(
        points,
        h * body.skeleton.proportions.head,
        ramp(h, [(0, "head")]),
        material=HAIR,
        lined=True,
        cut=inside,
        girth=girth,
        shade=1 - 0.25 * np.clip(1 - inside / 0.08, 0, 1) * (grid_h > 0.45),
    )


def _hang_weights(body: Body, y: np.ndarray) -> np.ndarray:
    """The head's at its height, the chest's from the shoulders down."""
    shoulder = body.joint("neck")[1]
    chin = body.skull[1]
    return ramp(y, [(shoulder - 0.06, "chest"), (chin + 0.02, "head")])


def _mane(body: Body, volume: float, length: float, *, wavy: bool) -> Tube:
    """Hair that falls behind the head and over the back."""
    size, k = body.skeleton.proportions.head, body.k
    chin = body.skull
    y = np.linspace(chin[1] + 0.55 * size, chin[1] - length, max(8, int((0.55 * size + length) / 0.03)))
    down = (y[0] - y) / (y[0] - y[-1])
    shoulders = chin[1] - 0.09
    width = curve(
        -y,
        [-y[0], -chin[1], -shoulders, -shoulders + 0.3],
        [0.33 * size + volume, 0.36 * size + volume, 0.42 * size + volume, 0.45 * size],
    )
    back = np.interp(-y, [-y[0], -chin[1]], chin[2] + k * np.array([-0.10, -0.085]))
    on_trunk = body.trunk(y - body.joint("pelvis")[1])[..., 2].min(1) - 0.4 * volume
    falls = step((chin[1] - y) / (chin[1] - shoulders))
    back = (1 - falls) * back + falls * np.minimum.accumulate(np.where(falls > 0, on_trunk, on_trunk.max()))
    ends = np.clip(1.03 - down**6, 0.04, 1) * np.clip(7 * down, 0.02, 1) ** 0.5
    width = width * ends
    depth = (0.052 * k + volume * 1.3) * ends * (1 - 0.25 * down)
    phi = angles(26)
    wave = 1 + (0.10 * np.sin(6 * phi + 18 * y[:, None]) if wavy else 0.03 * np.sin(9 * phi))
    points = rings(
        np.stack([0 * y, y, back], axis=-1), width[:, None] * wave, depth[:, None] * wave, columns=26, square=2.5
    )
    return tube(
        points,
        y[0] - y,
        _hang_weights(body, y),
        material=HAIR,
        shade=1 - 0.30 * np.clip(np.cos(phi), 0, 1)[None] + 0 * down[:, None],
    )


def _lock(body: Body, side: int, volume: float, length: float) -> Tube:
    """Hair beside the face, falling in front of a shoulder."""
    size, k, sign = body.skeleton.proportions.head, body.k, 2 * side - 1
    chin = body.skull
    y = np.linspace(chin[1] + 0.62 * size, chin[1] - length - 0.02, max(7, int((0.62 * size + length) / 0.03)))
    down = (y[0] - y) / (y[0] - y[-1])
    below = np.clip(chin[1] - 0.03 - y, 0, 1)
    x = sign * (0.315 * size + 0.4 * volume + 0.10 * np.clip(below, 0, 0.15))
    front = body.trunk(y - body.joint("pelvis")[1], 0.02)[..., 2].max(1)
    z = np.interp(below, [0, 0.06, 0.16], [0, 0.3, 1])
    z = (1 - z) * (chin[2] - 0.012 * k) + z * np.maximum.accumulate(front)
    radius = (
        (0.022 * k + 0.7 * volume)
        * np.clip(1.04 - down**5, 0.05, 1)
        * (0.75 + 0.25 * down)
        * np.clip(7 * down, 0.02, 1) ** 0.5
    )
    points = rings(np.stack([x, y, z], axis=-1), radius, 1.3 * radius, columns=10)
    return tube(points, y[0] - y, _hang_weights(body, y), material=HAIR, shade=0.95)


def _tail(body: Body, start: np.ndarray, length: float, thick: float, *, beads: bool = False, aside: int = 0) -> Tube:
    """A ponytail or a plait that hangs from `start`, seen from the head joint."""
    u = np.linspace(0, 1, max(9, int(length / 0.025)))
    line = body.skull + start
    y = line[1] - length * u
    z = line[2] - 0.10 * np.sin(np.pi * np.clip(u * 1.1, 0, 1)) * (aside == 0) - 0.03 * u * (aside == 0)
    z = z + (0.12 * np.clip(u - 0.2, 0, 1) if aside else 0)
    x = line[0] + aside * (0.05 * u)
    radius = thick * np.clip(1.05 - (2 * u - 1) ** 6, 0.04, 1) * (1.1 - 0.4 * u)
    radius = radius * (1 + 0.18 * np.sin(u * length * 110)) if beads else radius
    points = rings(np.stack([x + 0 * u, y, z], axis=-1), radius, radius, columns=10)
    return tube(points, length * u, _hang_weights(body, y), material=HAIR)


def _ball(body: Body, centre: np.ndarray, radius: float) -> Tube:
    s = np.linspace(-1, 1, 10)
    bulge = radius * np.sqrt(np.maximum(1 - s**2, 0.002))
    middle = body.skull + centre - np.stack([0 * s, radius * s, 0 * s], axis=-1)
    points = rings(middle, bulge, bulge, columns=14)
    return tube(points, radius * s, ramp(s, [(0, "head")]), material=HAIR, shade=0.95)
