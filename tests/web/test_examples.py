"""Drawn people: found by what they wear, and recognized in the pictures that come with the page."""

import numpy as np
import pytest
from conftest import ROOT

from tempose.animation.subject import read_subject
from tempose.body.motions import MOTIONS
from tempose.core.errors import InputError
from tempose.media.images import read_image
from tempose.people.person import Person
from tempose.people.scene import Scene
from tempose.pose.estimators import load_estimator
from tempose.web.examples import (
    ANY,
    CLOTHES,
    EXAMPLES,
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


def test_the_examples_show_people_who_are_found():
    estimator = load_estimator()
    for example in EXAMPLES:
        assert example.motion in MOTIONS
        subject = read_subject(example.photo, estimator=estimator)
        assert (subject.keypoints[:14, 2] > 0.3).all(), example
        assert example.photo.is_relative_to(ROOT)


@pytest.mark.slow
def test_an_example_is_what_the_code_draws(tmp_path):
    example = EXAMPLES[2]
    draw_photo(tmp_path / "again.png", person=example.person, scene=example.scene)
    drawn, kept = read_image(tmp_path / "again.png"), read_image(example.photo)
    assert drawn.shape[:2] == PICTURE
    assert np.abs(drawn.astype(int) - kept).mean() < 2
