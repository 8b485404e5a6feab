"""The background stays whole and still; only the person changes."""

import numpy as np
import pytest
from subjects import subject

from tempose.animation.compose import Composition, extended, grown, inpainted, matte, whereabouts, whole_background
from tempose.core.errors import InputError
from tempose.media.crop import Crop
from tempose.media.images import write_image

SIZE = (384, 288)
WHOLE = Crop(0, 0, 288, 384)
EVERYWHERE, NOWHERE = np.ones((128, 96), np.float32), np.zeros((128, 96), np.float32)


def test_a_frame_that_is_the_plate_shows_the_background_to_the_last_bit():
    background = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    background = np.random.default_rng(1).integers(0, 256, (128, 96, 3)).astype(np.uint8)
    scene = Composition(background, Crop(-20, 10, 300, 400), background)
    np.testing.assert_array_equal(scene.show(background, EVERYWHERE, NOWHERE), background)


def test_a_person_is_shown_where_they_can_be_and_nowhere_else():
    background = np.zeros((*SIZE, 3), np.uint8)
    background, generated = np.zeros((128, 96, 3), np.uint8), np.full((128, 96, 3), 200, np.uint8)
    near = np.zeros((128, 96), np.float32)
    near[:64] = 1
    shown = Composition(background, WHOLE, background).show(generated, near, NOWHERE)
    assert (shown[:180] == 200).all()
    assert (shown[200:] == 0).all()


@pytest.mark.parametrize("window", [Crop(-50, -60, 200, 300), Crop(200, 300, 150, 200), Crop(10, 20, 30, 40)])
def test_a_window_may_reach_beyond_the_result(window):
    background, generated = np.zeros((128, 96, 3), np.uint8), np.full((128, 96, 3), 200, np.uint8)
    shown = Composition(np.zeros((*SIZE, 3), np.uint8), window, background).show(generated, EVERYWHERE, NOWHERE)
    rows = slice(max(0, window.top), window.top + window.height)
    columns = slice(max(0, window.left), window.left + window.width)
    assert (shown[rows, columns] == 200).all()
    shown[rows, columns] = 0
    assert not shown.any()


def test_the_matte_grows_with_the_difference():
    background = np.full((20, 20, 3), 100, np.uint8)
    values = [matte(np.full_like(background, 100 + step), background).mean() for step in (0, 5, 20, 40)]
    assert values[0] == values[1] == 0
    assert 0 < values[2] < 1
    assert values[3] == 1


def test_people_are_near_their_skeleton_and_surely_within_their_outline():
    person = subject()
    near, sure = (values[0] for values in whereabouts(person, person.pose))
    assert near[person.mask].mean() > 0.95
    assert near[:20, :20].max() < 0.05
    assert sure[person.mask].mean() > 0.5
    assert sure[~grown(person.mask)].max() < 0.05


def test_white_clothes_hide_the_white_wall_behind_them():
    white = np.full((128, 96, 3), 250, np.uint8)
    sure = NOWHERE.copy()
    sure[:64] = 1
    shown = Composition(np.zeros((*SIZE, 3), np.uint8), WHOLE, white).show(white, EVERYWHERE, sure)
    assert (shown[:180] == 250).all()
    assert (shown[200:] == 0).all()


def test_the_photos_background_is_untouched_away_from_the_person():
    person = subject()
    shown = whole_background("photo", person, WHOLE, SIZE)
    far = np.ones(SIZE, bool)
    rows, columns = np.flatnonzero(person.mask.any(1)), np.flatnonzero(person.mask.any(0))
    far[rows[0] - 15 : rows[-1] + 15, columns[0] - 15 : columns[-1] + 15] = False
    np.testing.assert_array_equal(shown[far], person.picture[far])
    assert np.abs(shown[person.mask].astype(int) - person.picture[person.mask]).mean() > 20


def test_other_backgrounds(tmp_path):
    person = subject()
    edge = whole_background("plain", person, WHOLE, SIZE)
    assert (edge == edge[0, 0]).all()
    assert (whole_background("#20a0ff", person, WHOLE, SIZE) == (0x20, 0xA0, 0xFF)).all()
    assert (whole_background("white", person, WHOLE, SIZE) == 255).all()
    halves = np.zeros((100, 400, 3), np.uint8)
    halves[:, 200:] = 255
    write_image(tmp_path / "b.png", halves)
    shown = whole_background(str(tmp_path / "b.png"), person, WHOLE, SIZE)
    assert (shown[:, :100] == 0).all()
    assert (shown[:, -100:] == 255).all()
    with pytest.raises(InputError, match="background is 'blurple'"):
        whole_background("blurple", person, WHOLE, SIZE)


def test_beyond_the_picture_it_goes_on_smoothly():
    picture = np.full((40, 30, 3), 90, np.uint8)
    wide = extended(picture, Crop(-10, -10, 50, 60), (60, 50))
    assert np.abs(wide.astype(int) - 90).max() <= 1
    np.testing.assert_array_equal(inpainted(picture, np.zeros((40, 30))), picture)
