"""The face: painted on the head as it is seen from the front, in shares of the head's height."""

from __future__ import annotations

import numpy as np

from tempose.people.body import CHIN, LIPS, NOSTRIL, Body
from tempose.people.cloth import spectrum
from tempose.people.person import Person

TEXELS = 256
EYE, NOSE_BASE, MOUTH = (0.147, 0.492), 0.300, 0.186  # in shares of the height of the head


def face_places(body: Body) -> np.ndarray:
    """Where the points of the head lie on the picture that `painted_head` gives, `v 2`: eyes, nose and mouth of every
    body at the same places, seen from the front.
    """
    points, size = body.points, body.proportions.head
    eye = body.skeleton.face[2] + body.joint("head") - points[CHIN]
    known = np.array([points[i, 1] - points[CHIN, 1] for i in (CHIN, LIPS, NOSTRIL)] + [eye[1], size])
    y = np.interp(points[:, 1] - points[CHIN, 1], known, [0.0, MOUTH, NOSE_BASE, EYE[1], 1.0])
    return np.stack([points[:, 0] * EYE[0] / eye[0], 1 - y], axis=-1)


def painted_head(person: Person) -> np.ndarray:
    """float32 `TEXELS TEXELS 3`, sRGB: rows run from crown to chin, columns over as much, the nose in the middle."""
    skin, face = np.array(person.skin, np.float32), person.face
    rng = np.random.default_rng([person.seed, 13])
    color = skin * (1 + 0.02 * spectrum(TEXELS, 1.0, rng).astype(np.float32)[..., None])
    place = ((np.arange(TEXELS) + 0.5) / TEXELS).astype(np.float32)
    x, y = np.meshgrid(place - np.float32(0.5), 1 - place)

    def paint(share: np.ndarray, tint: np.ndarray | tuple[float, ...], strength: float = 1.0) -> None:
        nonlocal color
        share = (np.clip(share, 0, 1) * np.float32(strength))[..., None]
        color = color + share * (np.asarray(tint, np.float32) - color)

    def inside(value: np.ndarray, blur: float = 0.006) -> np.ndarray:
        return np.clip(0.5 - value / blur, 0, 1)

    def spot(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        return np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2)

    deep = skin * (0.62, 0.50, 0.45)
    paint(
        spot(0.20, 0.36, 0.09, 0.07) + spot(-0.20, 0.36, 0.09, 0.07), skin * (1.02, 0.78, 0.76), 0.15 + 0.4 * face.blush
    )
    paint(spot(0, 0.335, 0.06, 0.05), skin * (1.0, 0.80, 0.75), 0.35)
    if face.beard:
        jaw = inside(y - 0.34 + 0.25 * np.abs(x) ** 1.2, 0.05) * inside(0.03 - y + 0 * x, 0.05)
        clear = inside(((x / 0.10) ** 2 + ((y - 0.19) / 0.045) ** 2 - 1) * 0.05, 0.03)
        paint(jaw * (1 - clear), 0.6 * np.array(person.hair.color) + 0.4 * deep, 0.35 + 0.55 * face.beard)
    dark = 0.35 * np.array(person.hair.color) + 0.10 * skin
    for sign in (-1, 1):
        ex, ey, rx, ry = sign * EYE[0], EYE[1], 0.072 * face.eye**0.3, 0.026 * face.eye
        u, v = (x - ex) / rx, (y - ey) / ry
        paint(spot(ex, ey + 0.012, 1.35 * rx, 1.9 * ry), deep, 0.26)
        lid = 1 - u * u
        almond = np.maximum(v - 0.95 * lid, -v - 0.75 * lid)
        white = inside(almond * ry, 0.010)
        paint(white, (0.95, 0.94, 0.93))
        iris = np.hypot((x - ex) / (0.033 * face.eye), (y - ey) / (0.033 * face.eye))
        paint(white * inside((iris - 1) * 0.03, 0.010), face.iris)
        paint(white * inside((iris - 0.48) * 0.03, 0.010), (0.03, 0.03, 0.03))
        paint(inside((np.hypot((x - ex - 0.010) / 0.008, (y - ey - 0.010) / 0.008) - 1) * 0.01, 0.008), (1, 1, 1), 0.9)
        lash = np.abs(v - 0.95 * lid) * ry - 0.0085
        paint(inside(lash, 0.008) * (np.abs(u) < 1.12), (0.09, 0.06, 0.05), 0.95)
        paint(inside(np.abs(-v - 0.75 * lid) * ry - 0.003, 0.006) * (np.abs(u) < 1), deep, 0.6)
        bu = (x - ex) * sign / (1.45 * rx)
        brow = np.abs(y - ey - 0.088 - 0.016 * (1 - (bu - 0.1) ** 2) + 0.010 * bu) - 0.0135 * face.brow * np.clip(
            1.15 - 0.5 * np.abs(bu + 0.4), 0.3, 1
        )
        paint(inside(brow, 0.012) * inside((np.abs(bu) - 1) * 0.06, 0.03), dark, 0.85)
        paint(spot(sign * 0.036 * face.nose, 0.312, 0.016, 0.010), deep * 0.6, 0.8)
        paint(spot(sign * 0.055 * face.nose, 0.345, 0.014, 0.03), deep, 0.45)
        paint(spot(sign * 0.048, 0.45, 0.022, 0.06), deep, 0.25)
    paint(spot(0, 0.300, 0.055 * face.nose, 0.012), deep, 0.5)
    paint(spot(0, 0.42, 0.018, 0.09), np.minimum(skin * 1.12, 1), 0.45)
    half = 0.098 * face.mouth
    u = np.clip(1 - (x / half) ** 2, 0, 1)
    line = 0.186 + 0.012 * (1 - u)
    upper = 0.026 * u**0.7 * (1 - 0.25 * np.exp(-((x / 0.018) ** 2)))
    lower = 0.034 * u**0.8
    lips = np.array(face.lips)
    paint(inside(np.maximum(y - line - upper, line - y), 0.008) * (u > 0), 0.85 * lips)
    paint(inside(np.maximum(line - lower - y, y - line), 0.008) * (u > 0), lips)
    paint(spot(0, 0.174, 0.04, 0.008), np.minimum(lips * 1.25 + 0.05, 1), 0.5)
    paint(inside(np.abs(y - line) - 0.0035, 0.006) * (u > 0), 0.35 * lips)
    paint(spot(0, 0.135, 0.06, 0.014), deep, 0.30)
    if face.glasses:
        for sign in (-1, 1):
            lens = (np.abs((x - sign * 0.152) / 0.115) ** 3 + np.abs((y - 0.485) / 0.085) ** 3) ** (1 / 3) - 1
            if face.glasses == 2:
                paint(inside(lens * 0.1, 0.01), (0.06, 0.06, 0.08), 0.93)
            paint(inside(np.abs(lens * 0.1) - 0.008, 0.008), (0.08, 0.06, 0.06), 0.95)
        paint(
            inside(np.abs(y - 0.50) - 0.008, 0.008) * ((np.abs(x) < 0.04) | (np.abs(x) > 0.26)),
            (0.08, 0.06, 0.06),
            0.95,
        )
    return np.clip(color, 0, 1)
