"""People: the same from the same seed, all kinds of them, with nothing torn or buried."""

from dataclasses import replace

import numpy as np
import pytest

from tempose.body.skeleton import JOINT
from tempose.people.body import Body
from tempose.people.bones import BONE
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
    assert {p.build.female for p in MANY} == {True, False}
    assert {round(3 * p.build.age) for p in MANY} == {1, 2, 3}  # children, the young, the old


def test_bodies_run_from_slim_to_stout_and_clothes_from_tight_to_loose():
    weights, waists = [p.build.weight for p in MANY], []
    for weight in (min(weights), max(weights)):
        body = Body.of(replace(MANY[0].build, weight=weight))
        ring = body.trunk(np.array([0.4 * body.proportions.trunk]))[0]
        waists.append(np.linalg.norm(np.diff(ring, axis=0), axis=1).sum() / body.proportions.height)
    assert waists[1] > 1.25 * waists[0]
    ease = [person.top.ease for person in MANY]
    assert min(ease) < 0.01
    assert max(ease) > 0.05


@pytest.mark.parametrize("seed", range(25))
def test_every_surface_is_whole(seed):
    look = Look.of(Person.draw(seed))
    surface = look.surface
    assert np.isfinite(surface.rest).all()
    np.testing.assert_allclose(surface.weights.sum(1), 1, atol=1e-4)
    assert surface.weights.min() >= 0
    assert surface.shade.min() >= 0
    assert surface.shade.max() <= 1 + 1e-6
    assert surface.material.max() < len(look.textures)
    assert surface.triangles.max() < len(surface.rest)
    height = look.skeleton.proportions.height
    assert -0.03 < surface.rest[:, 1].min() < 0.01
    assert 0.95 * height < surface.rest[:, 1].max() < 1.25 * height
    for texture in look.textures:
        assert texture.image.min() >= 0
        assert texture.image.max() <= 1


def test_arms_and_legs_hang_from_where_the_body_was_tied_to_them():
    """At rest the trunk keeps its place, and every point the place that it has along its bone."""
    person = Person.draw(3)
    body, look = Body.of(person.build), Look.of(person)
    points, normals = look.surface.posed(look.skeleton.rest(), 0)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-3)
    names = {"pelvis": "pelvis", "left_elbow": "left_wrist", "right_knee": "right_ankle"}
    rest = look.skeleton.rest().joints[0]
    for bone, end in names.items():
        whole = look.surface.weights[:, BONE[bone]] > 0.99
        for rows, _ in look.surface.skirts:
            whole[rows] = False
        for joint in (bone, end) if bone != "pelvis" else (bone,):
            before = np.linalg.norm(look.surface.rest[whole, :3] - body.joint(joint), axis=1)
            after = np.linalg.norm(points[whole] - rest[JOINT[joint]], axis=1)
            np.testing.assert_allclose(after, before, atol=2e-3)


def test_the_arms_of_the_stout_stand_off():
    build = MANY[0].build
    slim, stout = (Body.of(replace(build, weight=weight)).arm_spread(0.01) for weight in (0.3, 0.9))
    assert stout > slim + 0.02


@pytest.mark.parametrize("seed", range(4))
def test_key_points_lie_in_the_body(seed):
    """Eyes, ears and nose on the head's surface; the joints within the flesh around them."""
    person = Person.draw(seed)
    body = Body.of(person.build)
    skin = body.points[body.mesh.places["body"]]
    face = body.skeleton.face + body.joint("head")
    for point in face:
        assert np.linalg.norm(skin - point, axis=1).min() < 0.02
    for name, thick in (("elbow", 0.08), ("wrist", 0.06), ("knee", 0.12), ("ankle", 0.10), ("hip", 0.2)):
        for side in ("left", "right"):
            joint = body.joint(f"{side}_{name}")
            assert np.linalg.norm(skin - joint, axis=1).min() < thick
            near = skin[np.linalg.norm(skin - joint, axis=1) < thick]
            assert (near.min(0) < joint).all()
            assert (near.max(0) > joint).all()
