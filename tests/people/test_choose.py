"""Drawn people found by what they wear."""

import numpy as np
import pytest

from tempose.core.errors import InputError
from tempose.media.images import read_image
from tempose.people.choose import (
    ANY,
    CLOTHES,
    EXTRAS,
    HAIR,
    PICTURE,
    PLACE,
    draw_photo,
    extras,
    find_person,
    find_scene,
    worn,
)
from tempose.people.person import Person
from tempose.people.scene import Scene


def test_every_choice_finds_somebody_who_has_it():
    assert find_person(17) == 17
    for hair in HAIR[1:]:
        assert Person.draw(find_person(3, hair=hair)).hair.cut == hair
    for clothes in CLOTHES[1:]:
        assert clothes in worn(Person.draw(find_person(3, clothes=clothes)))
    for extra in EXTRAS[2:]:
        assert extra in extras(Person.draw(find_person(3, extra=extra)))
    assert not extras(Person.draw(find_person(3, extra="none")))
    for place in PLACE[1:]:
        assert Scene.draw(find_scene(3, place=place)).kind == place
    assert find_scene(3, place=ANY) == 3


@pytest.mark.parametrize("bad", [{"hair": "green"}, {"clothes": None}, {"extra": 3}])
def test_unknown_choices_are_refused(bad):
    with pytest.raises(InputError, match="wanted any"):
        find_person(0, **bad)
    with pytest.raises(InputError, match="wanted any"):
        find_scene(0, place="moon")


def test_seeds_say_who_is_drawn_and_where(tmp_path):
    def drawn(person, scene):
        draw_photo(tmp_path / "drawn.png", person=person, scene=scene)
        return read_image(tmp_path / "drawn.png")

    first = drawn(7, 23)
    assert first.shape == (*PICTURE, 3)
    assert np.array_equal(drawn(7, 23), first)
    assert not np.array_equal(drawn(8, 23), first)
    assert not np.array_equal(drawn(7, 24), first)
