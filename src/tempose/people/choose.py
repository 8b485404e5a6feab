"""A drawn person found by what they wear, a scene by its kind of place; and pictures of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from tempose.core.errors import InputError
from tempose.core.progress import Track, quiet
from tempose.core.settings import EvenSize, Settings, Size
from tempose.media.images import write_image
from tempose.media.montage import contact_sheet
from tempose.people.clip import Recipe, draw_clip
from tempose.people.person import HATS, Person
from tempose.people.places import PLACES
from tempose.people.render import Light
from tempose.people.scene import Scene

PICTURE = (640, 480)  # height and width of a drawn photo

# What photographers of portraits set up: a large soft light from beside and above the camera, warmer than the rest, and
# much of it sent back from all around. Datasets keep the light of their scenes, which is as hard as outdoors.
SOFT = Light(
    direction=(-0.45, 0.55, 0.8), key=(0.66, 0.62, 0.57),
    sky=(0.46, 0.47, 0.49), ground=(0.37, 0.34, 0.31), exposure=1.05,
)  # fmt: skip

# A choice says nothing about what it leaves at ANY.
ANY = "any"
HAIR = (ANY, "short", "bob", "long", "curly", "bun", "ponytail", "plaits", "waves")
CLOTHES = (ANY, "trousers", "skirt", "dress", "jacket")
EXTRAS = (ANY, "none", "hat", "glasses", "bag")
PLACE = (ANY, *PLACES)

BLOCKS = 4  # people beside one another on a contact sheet

# So many people are looked at before a choice counts as too rare.
SEARCHED = 3000


def find_person(seed: int, *, hair: str = ANY, clothes: str = ANY, extra: str = ANY) -> int:
    """The first seed, from the given one on, whose person has what was chosen.

    Raises:
        InputError: a choice is not known, or no such person comes soon.
    """
    for name, given, known in (("hair", hair, HAIR), ("clothes", clothes, CLOTHES), ("extra", extra, EXTRAS)):
        if given not in known:
            raise InputError(f"{name} is {given!r}; wanted {', '.join(known)}")
    for candidate in range(seed, seed + SEARCHED):
        person = Person.draw(candidate)
        if (
            hair in (ANY, person.hair.cut)
            and clothes in (ANY, *worn(person))
            and (extra == ANY or extra in (extras(person) or {"none"}))
        ):
            return candidate
    raise InputError(f"no such person from seed {seed} on", remedy=f"leave one of the choices at {ANY}")


def find_scene(seed: int, *, place: str = ANY) -> int:
    """The first seed, from the given one on, whose scene is such a place.

    Raises:
        InputError: the place is not known.
    """
    if place not in PLACE:
        raise InputError(f"place is {place!r}; wanted {', '.join(PLACE)}")
    return next(candidate for candidate in count(seed) if place in (ANY, Scene.draw(candidate).kind))


def worn(person: Person) -> set[str]:
    """Kinds of clothes that a person wears."""
    lower = "dress" if person.bottom is None else person.bottom.kind
    return {lower} | ({"jacket"} if person.jacket else set())


def extras(person: Person) -> set[str]:
    """What a person wears or carries besides."""
    has = {"hat": person.hat in HATS, "glasses": person.face.glasses > 0, "bag": person.bag is not None}
    return {name for name, there in has.items() if there}


def draw_photo(path: Path, *, person: int, scene: int) -> None:
    """Write the picture of a person who stands at ease, from head to foot."""
    clip = draw_clip(Recipe(person, "idle", 0, scene, frames=1, fps=12.0, size=PICTURE, fill=0.8), light=SOFT)
    write_image(path, clip.frames[0])


class SheetSettings(Settings):
    """What a contact sheet of drawn people shows."""

    people: Annotated[int, Field(ge=1)] = 32
    """How many people."""

    moments: Annotated[int, Field(ge=1)] = 6
    """At how many moments each is shown."""

    size: EvenSize = Size(96, 72)
    """Size of each of them."""

    seed: Annotated[int, Field(ge=0)] = 0
    """The first person."""


def people_sheet(settings: SheetSettings, *, track: Track = quiet) -> np.ndarray:
    """uint8 `h w 3`: people beside and above one another, each at several moments of a motion."""
    strips = []
    first, people = settings.seed, settings.people
    for person in track(range(first, first + people), "people", total=people):
        recipe = Recipe.draw(person, 0, frames=settings.moments, fps=1.4, size=settings.size)
        clip = draw_clip(replace(recipe, follow=1.0, whole=True, distance=max(recipe.distance, 5.0)))
        strips.append(np.concatenate(list(clip.frames), axis=1))
    return contact_sheet(strips, columns=BLOCKS, width=BLOCKS * strips[0].shape[1])
