"""Textures stay glued to the body, and the picture is what the samples add up to."""

import numpy as np
import pytest

from tempose.body.skeleton import Camera
from tempose.people.look import Look
from tempose.people.person import Person
from tempose.people.render import Light, Texture, View, Wardrobe, blurred, composed, contact, shaded, to_srgb


@pytest.fixture(scope="module")
def view():
    look = Look.of(Person.draw(2))
    pose = look.skeleton.rest()
    camera = Camera.framing(look.skeleton.keypoints(pose), (64, 48), fill=0.8)
    return View.of(look.surface, pose, 0, camera)


def test_a_texture_repeats_and_lies_where_its_origin_says():
    image = np.random.default_rng(0).uniform(size=(16, 16, 3)).astype(np.float32)
    wardrobe = Wardrobe.of([Texture(image, (0.5, 0.5)), Texture(image, (0.5, 0.5), (0.125, 0.0))], scale=1e4)
    places = np.random.default_rng(1).uniform(-1, 1, size=(50, 2)).astype(np.float32)
    first = np.zeros(50, int)
    colors = wardrobe.colors(first, places)
    np.testing.assert_allclose(colors, wardrobe.colors(first, places + np.float32(0.5)), atol=1e-4)
    shifted = wardrobe.colors(first + 1, places - np.array([0.125, 0], np.float32))
    np.testing.assert_allclose(colors, shifted, atol=1e-4)
    centre = wardrobe.colors(np.zeros(1, int), np.full((1, 2), 0.5 * 3.5 / 16, np.float32))
    np.testing.assert_allclose(centre[0], image[3, 3] ** 2, atol=1e-4)


def test_textures_are_no_finer_than_the_picture():
    image = np.random.default_rng(0).uniform(size=(256, 256, 3)).astype(np.float32)
    fine, coarse = (Wardrobe.of([Texture(image, (0.5, 0.5))], scale=scale) for scale in (1e4, 50))
    assert len(fine.texels) == 256 * 256
    assert len(coarse.texels) < 128 * 128
    np.testing.assert_allclose(coarse.texels.mean(0), fine.texels.mean(0), rtol=1e-4)


def lit(view, *, direction=(0, 0, 1), key=(0, 0, 0), sky=(0, 0, 0), ground=(0, 0, 0), shine=0.0):
    """The mean light of each sample's pixel column half and row half: left, right, upper, lower of a grey person."""
    light = Light(direction, key, sky, ground, exposure=1.0)
    look = Look.of(Person.draw(2))
    grey = Texture(np.full((8, 8, 3), 0.5, np.float32), (1.0, 1.0), shine=shine)
    wardrobe = Wardrobe.of([grey] * (int(look.surface.material.max()) + 1), scale=100)
    color = shaded(view, look.surface, wardrobe, light, scale=40)[:, 0]
    normal = view.samples.of(view.normals)
    return {
        "left": color[normal[:, 0] < -0.3].mean(),
        "right": color[normal[:, 0] > 0.3].mean(),
        "up": color[normal[:, 1] > 0.3].mean(),
        "down": color[normal[:, 1] < -0.3].mean(),
        "all": color.mean(),
    }


@pytest.mark.parametrize(
    ("direction", "bright", "dark"),
    [((1, 0, 0.3), "right", "left"), ((-1, 0, 0.3), "left", "right"), ((0, 1, 0.3), "up", "down")],
)
def test_what_faces_the_light_is_bright(view, direction, bright, dark):
    found = lit(view, direction=direction, key=(1, 1, 1))
    assert found[bright] > 3 * found[dark]


def test_the_sky_lights_from_above_and_the_ground_from_below(view):
    above, below = lit(view, sky=(1, 1, 1)), lit(view, ground=(1, 1, 1))
    assert above["up"] > 1.5 * above["down"]
    assert below["down"] > 1.5 * below["up"]


def test_light_adds_up_and_shine_adds_to_it(view):
    twice, once = lit(view, key=(2, 2, 2)), lit(view, key=(1, 1, 1))
    assert twice["all"] == pytest.approx(2 * once["all"], rel=1e-4)
    assert lit(view, key=(1, 1, 1), shine=0.5)["all"] > 1.02 * once["all"]
    assert lit(view)["all"] == 0


def test_black_on_white_leaves_the_uncovered_share(view):
    cover = view.cover()
    assert cover.min() == 0
    assert cover.max() == 1
    black = np.zeros((len(view.samples.place), 3), np.float32)
    picture = composed(view, black, cover, np.ones((64, 48, 3), np.float32), 1.0)
    white = to_srgb(np.ones(1))[0]
    assert (picture[cover == 0] == white).all()
    assert (picture[cover == 1] == 0).all()


def test_edges_are_smooth(view):
    cover = view.cover()
    assert len(np.unique(cover[(cover > 0) & (cover < 1)])) >= 3


def test_what_lies_behind_an_edge_gets_less_light():
    depth = np.full((40, 40), 2.0, np.float32)
    depth[:, 20:] = 1.0
    light = contact(depth.ravel(), (40, 40), radius=4).reshape(40, 40)
    assert light[20, 18] < 0.8
    assert light[20, 5] == pytest.approx(1)
    assert light[20, 21] == pytest.approx(1)


def test_a_blur_keeps_the_mean_of_what_is_well_inside():
    image = np.zeros((21, 21), np.float32)
    image[10, 10] = 1
    soft = blurred(image, 2)
    assert soft.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(soft[8:13, 8:13], 1 / 25, atol=1e-6)
