"""A drawn person found by what they wear, and a scene by its kind of place."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from tempose.core.errors import InputError
from tempose.media.images import write_image
from tempose.people.clip import Recipe, draw_clip
from tempose.people.person import HATS, Person
from tempose.people.places import PLACES
from tempose.people.scene import Scene

PICTURE = (512, 384)  # height and width of a drawn photo

# A choice says nothing about what it leaves at ANY.
ANY = "any"
HAIR = (ANY, "short", "bob", "long", "curly", "bun", "ponytail", "plaits", "waves")
CLOTHES = (ANY, "trousers", "skirt", "dress", "jacket")
EXTRAS = (ANY, "none", "hat", "glasses", "bag")
PLACE = (ANY, *PLACES)

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
    raise InputError(f"no such person from seed {seed} on; leave one of the choices at {ANY}")


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
    clip = draw_clip(Recipe(person, "idle", 0, scene, frames=1, fps=12.0, size=PICTURE, fill=0.8))
    write_image(path, clip.frames[0])
