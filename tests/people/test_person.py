"""People: the same from the same seed, all kinds of them, with nothing torn or buried."""

import numpy as np
import pytest

from tempose.body.skeleton import Skeleton
from tempose.people.body import Body
from tempose.people.look import Look
from tempose.people.person import BAGS, CUTS, HATS, NECKLINES, Person

MANY = [Person.draw(seed) for seed in range(400)]


def test_a_seed_is_one_person():
    assert Person.draw(7) == Person.draw(7)
    assert Person.draw(7) != Person.draw(8)


def test_every_kind_turns_up():
    assert {p.hair.cut for p in MANY} == set(CUTS)
    assert {p.hat for p in MANY} == {None, *HATS}
    assert {p.bag for p in MANY} == {None, *BAGS}
    assert {p.top.neckline for p in MANY} == set(NECKLINES)
    assert {p.bottom.kind if p.bottom else None for p in MANY} == {None, "trousers", "skirt"}
    assert {p.jacket is None for p in MANY} == {True, False}


def test_bodies_run_from_slim_to_stout_and_clothes_from_tight_to_loose():
    waists = []
    for person in MANY[:60]:
        body = Body(Skeleton(person.proportions), person.shape)
        ring = body.trunk(np.array([0.4 * person.proportions.trunk]))[0]
        waists.append((ring[:, 0].max() - ring[:, 0].min()) / person.proportions.height)
    assert max(waists) > 1.6 * min(waists)
    ease = [person.top.ease for person in MANY]
    assert min(ease) < 0.01
    assert max(ease) > 0.05


@pytest.mark.parametrize("seed", range(25))
def test_every_surface_is_whole(seed):
    person = Person.draw(seed)
    look = Look.of(person)
    surface = look.surface
    assert np.isfinite(surface.rest).all()
    np.testing.assert_allclose(surface.weights.sum(1), 1, atol=1e-5)
    assert surface.weights.min() >= 0
    assert surface.shade.min() >= 0
    assert surface.shade.max() <= 1 + 1e-6
    assert surface.material.max() < len(look.textures)
    assert surface.triangles.max() < len(surface.rest)
    height = person.proportions.height
    assert -0.03 < surface.rest[:, 1].min() < 0.01
    assert 0.95 * height < surface.rest[:, 1].max() < 1.25 * height
    for texture in look.textures:
        assert texture.image.min() >= 0
        assert texture.image.max() <= 1


def test_at_rest_the_surface_is_what_was_built():
    look = Look.of(Person.draw(3))
    points, normals = look.surface.posed(look.skeleton.rest(), 0)
    assert np.isfinite(normals).all()
    hanging = np.zeros(len(points), bool)
    for rows, _ in look.surface.skirts:
        hanging[rows] = True
    np.testing.assert_allclose(points[~hanging], look.surface.rest[~hanging, :3], atol=1e-4)


def test_the_arms_of_the_stout_stand_off():
    slim, stout = (
        Body(Skeleton(p.proportions), p.shape).arm_spread(0.01)
        for p in (min(MANY, key=lambda p: p.shape.fat), max(MANY, key=lambda p: p.shape.fat))
    )
    assert stout > slim + 0.02
