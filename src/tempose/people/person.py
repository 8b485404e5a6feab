"""What a person is: body, face, hair and clothes, drawn from a seed."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from tempose.people.anatomy import Build
from tempose.people.cloth import PATTERNS, Cloth

Color = tuple[float, float, float]  # sRGB in [0, 1]

SKINS = ((0.96, 0.82, 0.73), (0.92, 0.75, 0.63), (0.87, 0.68, 0.54), (0.78, 0.58, 0.44), (0.65, 0.46, 0.33),
         (0.50, 0.34, 0.24), (0.37, 0.25, 0.19))  # fmt: skip
HAIRS = ((0.06, 0.05, 0.05), (0.13, 0.09, 0.07), (0.25, 0.15, 0.10), (0.40, 0.25, 0.15), (0.62, 0.44, 0.25),
         (0.82, 0.66, 0.42), (0.50, 0.20, 0.10), (0.62, 0.60, 0.58), (0.88, 0.87, 0.85))  # fmt: skip
CUTS = ("shaved", "short", "parted", "bob", "long", "curly", "bun", "ponytail", "plaits", "waves")
NECKLINES = ("round", "v", "boat", "collar", "straps", "high")
HATS = ("brim", "cap", "beanie")
BAGS = ("shoulder", "hand", "backpack")
THINGS = ("cup", "phone", "book", "ball", "stick")  # in the right hand


@dataclass(frozen=True)
class Face:
    """Colors and sizes of what is painted on the head; sizes around 1."""

    iris: Color
    brow: float
    eye: float
    nose: float
    mouth: float
    lips: Color
    beard: float  # 0 none, to 1 full
    glasses: int  # 0 none, 1 clear, 2 dark
    blush: float


@dataclass(frozen=True)
class Hair:
    cut: str  # of CUTS
    color: Color
    length: float  # metres below the chin of what hangs
    volume: float  # thickness in metres


@dataclass(frozen=True)
class Top:
    """A shirt, a jumper, a tunic or the upper part of a dress."""

    cloth: Cloth
    neckline: str
    sleeve: float  # share of the arm that is covered, 0 to 1
    ease: float  # metres of air between body and cloth
    sleeve_ease: float
    sleeve_flare: float  # further metres at the sleeve's end
    hem: float  # metres below the hip joints (negative: above)
    skirt_flare: float  # metres that a long hem stands off the legs


@dataclass(frozen=True)
class Bottom:
    cloth: Cloth
    kind: str  # trousers, skirt
    length: float  # share of the leg that is covered, 0 to 1
    ease: float
    flare: float  # further metres at the hem
    pleats: int


@dataclass(frozen=True)
class Jacket:
    cloth: Cloth
    hem: float
    ease: float
    gap: float  # half angle of the open front, radians
    sleeve: float


@dataclass(frozen=True)
class Shoes:
    color: Color
    sole: Color
    shaft: float  # metres of boot above the ankle
    socks: Color
    sock: float  # metres of sock above the ankle


@dataclass(frozen=True)
class Person:
    """Everything that makes one person look like themselves, from one `seed`."""

    seed: int
    build: Build
    skin: Color
    face: Face
    hair: Hair
    top: Top
    bottom: Bottom | None  # None under a dress
    jacket: Jacket | None
    shoes: Shoes
    hat: str | None
    bag: str | None
    belt: bool
    scarf: bool
    thing: str | None  # of THINGS
    extra: tuple[Color, Color, Color, Color]  # hat, bag, scarf or belt, thing

    @staticmethod
    def draw(seed: int) -> Person:
        """The person of this seed, always the same."""
        rng = np.random.default_rng([seed, 7])
        female = bool(rng.uniform() < 0.5)
        feminine = float(rng.beta(4, 1.2) if female else rng.beta(1.2, 4))
        tone = rng.uniform(0, len(SKINS) - 1)
        build = _draw_build(rng, female=female, tone=tone / (len(SKINS) - 1))
        skin = _mix(SKINS[int(tone)], SKINS[int(tone) + 1], tone % 1)
        dress = rng.uniform() < 0.26 * (0.4 + 1.2 * feminine)
        top = _draw_top(rng, dress)
        return Person(
            seed=seed,
            build=build,
            skin=skin,
            face=_draw_face(rng, skin, feminine),
            hair=_draw_hair(rng, feminine),
            top=top,
            bottom=None if dress and rng.uniform() < 0.75 else _draw_bottom(rng, feminine, tunic=dress),
            jacket=_draw_jacket(rng) if rng.uniform() < 0.28 else None,
            shoes=_draw_shoes(rng),
            hat=str(rng.choice(HATS)) if rng.uniform() < 0.2 else None,
            bag=str(rng.choice(BAGS)) if rng.uniform() < 0.3 else None,
            belt=bool(rng.uniform() < 0.3),
            scarf=bool(rng.uniform() < 0.1),
            thing=str(rng.choice(THINGS)) if rng.uniform() < 0.2 else None,
            extra=tuple(color(rng) for _ in range(4)),  # type: ignore[arg-type]
        )


def color(rng: np.random.Generator) -> Color:
    """A color as clothes have it: black, white, grey, muted or strong."""
    kind = rng.choice(5, p=(0.16, 0.14, 0.10, 0.35, 0.25))
    hue = rng.uniform()
    saturation, value = (
        (rng.uniform(0, 0.25), rng.uniform(0.05, 0.18)),
        (rng.uniform(0, 0.08), rng.uniform(0.85, 0.97)),
        (rng.uniform(0, 0.10), rng.uniform(0.25, 0.75)),
        (rng.uniform(0.2, 0.5), rng.uniform(0.3, 0.85)),
        (rng.uniform(0.5, 0.85), rng.uniform(0.35, 0.85)),
    )[kind]
    return colorsys.hsv_to_rgb(hue, saturation, value)


def _draw_build(rng: np.random.Generator, *, female: bool, tone: float) -> Build:
    """A body of any age from ten years on; `tone` is how dark its skin is, which goes with where people are from."""
    age = rng.choice([rng.uniform(0.34, 0.5), rng.uniform(0.56, 0.76), rng.uniform(0.76, 1.0)], p=[0.1, 0.62, 0.28])
    african, asian, european = rng.dirichlet((0.3 + 3 * tone**2, 0.7, 0.3 + 3 * (1 - tone) ** 2))
    return Build(
        female=female,
        age=float(age),
        muscle=_around(rng, 0.42 if female else 0.55),
        weight=float(0.15 + 0.75 * rng.beta(1.6, 2.2)),
        height=float(np.clip(rng.normal(0.36, 0.09), 0.15, 0.62)),
        proportions=float(rng.uniform(0.0, 0.8)),
        bust=_around(rng, 0.45),
        descent=(float(african), float(asian), float(european)),
    )


def _around(rng: np.random.Generator, mean: float) -> float:
    return float(np.clip(rng.normal(mean, 0.2), 0, 1))


def _mix(a: Color, b: Color, share: float) -> Color:
    return tuple(float((1 - share) * x + share * y) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def _draw_cloth(rng: np.random.Generator, *, plain: float = 0.3) -> Cloth:
    pattern = "solid" if rng.uniform() < plain else str(rng.choice(PATTERNS))
    first = color(rng)
    second = max((color(rng) for _ in range(4)), key=lambda c: sum(abs(a - b) for a, b in zip(c, first, strict=True)))
    return Cloth(
        pattern=pattern,
        colors=(first, second, color(rng)),
        scale=float(rng.uniform(0.6, 1.7)),
        chest_print=bool(rng.uniform() < 0.3),
        shine=float(rng.choice([0.0, 0.05, 0.25], p=[0.6, 0.3, 0.1])),
        folds=float(rng.uniform(0.3, 1.0)),
        seed=int(rng.integers(2**31)),
    )


def _draw_face(rng: np.random.Generator, skin: Color, feminine: float) -> Face:
    irises = ((0.25, 0.15, 0.08), (0.35, 0.22, 0.10), (0.30, 0.42, 0.50), (0.28, 0.38, 0.22), (0.15, 0.10, 0.08))
    lips = _mix(
        tuple(c * f for c, f in zip(skin, (0.86, 0.58, 0.58), strict=True)),  # type: ignore[arg-type]
        (0.72, 0.12, 0.20),
        float(rng.uniform(0, 0.8) * (rng.uniform() < feminine)),
    )
    return Face(
        iris=irises[rng.integers(len(irises))],
        brow=float(rng.uniform(0.7, 1.4) * (1.2 - 0.4 * feminine)),
        eye=float(rng.uniform(0.9, 1.25)),
        nose=float(rng.uniform(0.75, 1.3)),
        mouth=float(rng.uniform(0.85, 1.2)),
        lips=lips,
        beard=float(rng.uniform(0.3, 1) * (feminine < 0.35 and rng.uniform() < 0.45)),
        glasses=int(rng.choice(3, p=(0.84, 0.10, 0.06))),
        blush=float(rng.uniform(0, 1)),
    )


def _draw_hair(rng: np.random.Generator, feminine: float) -> Hair:
    long = (0.01, 0.05, 0.04, 0.16, 0.24, 0.10, 0.10, 0.12, 0.07, 0.11)
    short = (0.12, 0.42, 0.24, 0.03, 0.03, 0.10, 0.02, 0.02, 0.0, 0.02)
    odds = feminine * np.array(long) + (1 - feminine) * np.array(short)
    share = rng.uniform(0, len(HAIRS) - 1.01)
    tint = _mix(HAIRS[int(share)], HAIRS[int(share) + 1], 0.3 * (share % 1))
    if rng.uniform() < 0.06:
        tint = color(rng)
    return Hair(
        cut=str(rng.choice(CUTS, p=odds / odds.sum())),
        color=tint,
        length=float(rng.uniform(0.02, 0.45)),
        volume=float(rng.uniform(0.012, 0.03)),
    )


def _draw_top(rng: np.random.Generator, dress: bool) -> Top:
    loose = float(rng.beta(1.0, 1.8))
    sleeve = float(rng.choice([0.0, 0.22, 0.3, 0.45, 0.75, 1.0], p=[0.12, 0.18, 0.17, 0.08, 0.1, 0.35]))
    hem = (
        rng.uniform(0.18, 0.80)
        if dress
        else rng.choice([-0.12, rng.uniform(-0.05, 0.06), rng.uniform(0.06, 0.2)], p=[0.12, 0.6, 0.28])
    )
    return Top(
        cloth=_draw_cloth(rng),
        neckline=str(rng.choice(NECKLINES)),
        sleeve=sleeve,
        ease=0.008 + 0.055 * loose,
        sleeve_ease=0.007 + 0.05 * loose * float(rng.uniform(0.3, 1)),
        sleeve_flare=float(rng.choice([0.0, 0.02, 0.07], p=[0.65, 0.2, 0.15])),
        hem=float(hem),
        skirt_flare=float(rng.uniform(0.0, 0.25) * rng.uniform(0.2, 1)),
    )


def _draw_bottom(rng: np.random.Generator, feminine: float, *, tunic: bool) -> Bottom:
    skirt = not tunic and rng.uniform() < 0.42 * feminine
    loose = float(rng.beta(0.8, 1.6))
    if skirt:
        length, ease, flare = rng.uniform(0.28, 0.97), 0.012 + 0.03 * loose, rng.uniform(0.0, 0.26)
    else:
        short = not tunic and rng.uniform() < 0.25
        length = rng.uniform(0.2, 0.55) if short else rng.choice([0.82, 0.97], p=[0.2, 0.8])
        ease, flare = 0.006 + 0.05 * loose, rng.choice([0.0, 0.02, 0.06], p=[0.6, 0.25, 0.15])
    return Bottom(
        cloth=_draw_cloth(rng, plain=0.55),
        kind="skirt" if skirt else "trousers",
        length=float(length),
        ease=float(ease),
        flare=float(flare),
        pleats=int(rng.choice([0, 7, 11])) if skirt else 0,
    )


def _draw_jacket(rng: np.random.Generator) -> Jacket:
    return Jacket(
        cloth=_draw_cloth(rng, plain=0.5),
        hem=float(rng.uniform(-0.1, 0.45)),
        ease=float(rng.uniform(0.02, 0.06)),
        gap=float(rng.choice([0.0, rng.uniform(0.15, 0.6)], p=[0.3, 0.7])),
        sleeve=float(rng.choice([0.0, 1.0], p=[0.15, 0.85])),
    )


def _draw_shoes(rng: np.random.Generator) -> Shoes:
    return Shoes(
        color=color(rng),
        sole=(0.93, 0.93, 0.91) if rng.uniform() < 0.5 else (0.12, 0.10, 0.09),
        shaft=float(rng.choice([0.0, rng.uniform(0.06, 0.35)], p=[0.75, 0.25])),
        socks=color(rng),
        sock=float(rng.choice([0.0, rng.uniform(0.04, 0.25)], p=[0.6, 0.4])),
    )
