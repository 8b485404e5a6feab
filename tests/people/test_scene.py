"""Places: the same from a seed, of every kind, and shadows only darken."""

from dataclasses import replace

import numpy as np
import pytest

from tempose.people.places import PLACES
from tempose.people.scene import Scene


@pytest.mark.parametrize("kind", PLACES)
def test_every_kind_is_painted_at_any_size(kind):
    scene = replace(Scene.draw(1), kind=kind)
    for size in ((48, 32), (40, 64)):
        picture = scene.paint(size, floor=0.9 * size[0])
        assert picture.shape == (*size, 3)
        assert np.isfinite(picture).all()
        assert picture.min() >= 0
        assert (picture == scene.paint(size, floor=0.9 * size[0])).all()


def test_seeds_draw_every_kind_and_many_lights():
    scenes = [Scene.draw(seed) for seed in range(100)]
    assert {scene.kind for scene in scenes} == set(PLACES)
    exposures = [scene.light.exposure for scene in scenes]
    assert max(exposures) > 1.4 * min(exposures)


def test_a_shadow_darkens_the_floor_at_the_feet():
    scene = replace(Scene.draw(2), kind="room", floor=True, wall_shadow=0.0)
    place = scene.paint((64, 48), floor=58)
    cover = np.zeros((64, 48), np.float32)
    shaded = scene.shadowed(place, cover=cover, feet=np.array([[20.0, 58.0]]), scale=30, pitch=0.1)
    ratio = (shaded / place).mean(-1)
    assert (ratio <= 1 + 1e-6).all()
    assert ratio[57, 20] < 0.75
    assert ratio[5, 40] > 0.99


def test_a_shadow_on_the_wall_has_the_person_s_shape():
    light = replace(Scene.draw(2).light, direction=(-1.0, 0.5, 1.0))
    scene = replace(Scene.draw(2), kind="plain", floor=False, wall_shadow=0.5, light=light)
    place = scene.paint((64, 64), floor=60)
    cover = np.zeros((64, 64), np.float32)
    cover[20:40, 20:30] = 1
    ratio = (scene.shadowed(place, cover=cover, feet=np.zeros((0, 2)), scale=40, pitch=0.0) / place).mean(-1)
    assert ratio[34, 34] < 0.8  # to the right and down, away from the light
    assert ratio[10, 10] > 0.99
