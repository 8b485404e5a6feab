"""A person as the renderer wants them: the surface with its textures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tempose.people.accessories import accessories
from tempose.people.body import Body, PersonSkeleton
from tempose.people.cloth import SPAN, Cloth, spectrum
from tempose.people.face import painted_head
from tempose.people.garments import dressed
from tempose.people.hair import grown
from tempose.people.mesh import Surface
from tempose.people.person import Person, color
from tempose.people.prints import chest_print
from tempose.people.render import Texture


@dataclass(frozen=True, eq=False)
class Look:
    """Body, surface and textures of one person, who wears `layers` metres of cloth and air."""

    body: Body
    surface: Surface
    textures: list[Texture]
    layers: float

    @property
    def skeleton(self) -> PersonSkeleton:
        return self.body.skeleton

    @staticmethod
    def of(person: Person) -> Look:
        body = Body.of(person.build)
        layers = person.top.ease + (person.jacket.ease if person.jacket else 0.0)
        body = replace(body, skeleton=replace(body.skeleton, spread=body.arm_spread(layers)))
        hair = grown(person.hair, body, hat=person.hat is not None)
        parts = [*dressed(person, body), *hair, *accessories(person, body)]
        return Look(body, Surface.of(body.bind, parts), textures_of(person), layers)


def textures_of(person: Person) -> list[Texture]:
    """The textures in the order of tempose.people.materials."""
    rng = np.random.default_rng([person.seed, 17])
    top = worn(person.top.cloth)
    skin = np.clip(np.array(person.skin) * (1 + 0.025 * spectrum(64, 1.0, rng)[..., None]), 0, 1)
    return [
        Texture(skin, (0.25, 0.25), shine=0.02),
        Texture(painted_head(person), (1.0, 1.0), (0.5, 0.0), shine=0.02),
        Texture(strands(person.hair.color, rng), (0.20, 0.40), shine=0.10),
        chest_print(top, person.top.cloth, rng) if person.top.cloth.chest_print else top,
        top,
        worn(person.bottom.cloth) if person.bottom else top,
        worn(person.jacket.cloth) if person.jacket else top,
        plain(person.shoes.color, 0.15, rng),
        plain(person.shoes.sole, 0.05, rng),
        plain(person.shoes.socks, 0.0, rng),
        *(plain(tint, 0.04, rng) for tint in person.extra),
        plain(color(rng), 0.02, rng),
    ]


def worn(cloth: Cloth) -> Texture:
    return Texture(cloth.tile(), (SPAN, SPAN), shine=cloth.shine, folds=cloth.folds)


def plain(tint: tuple[float, float, float], shine: float, rng: np.random.Generator) -> Texture:
    """Leather, felt or wool of one color."""
    return Texture(
        np.clip(np.array(tint) * (1 + 0.06 * spectrum(64, 0.8, rng)[..., None]), 0, 1), (0.2, 0.2), shine=shine
    )


def strands(color: tuple[float, float, float], rng: np.random.Generator) -> np.ndarray:
    """Hair: streaks that run along."""
    noise = spectrum(128, 0.5, rng)
    for power in range(5):
        noise = noise + np.roll(noise, 2**power, axis=0)
    noise = noise / noise.std()
    return np.clip(np.array(color) * (1 + 0.17 * noise[..., None]) + 0.02 * np.maximum(noise, 0)[..., None], 0, 1)
