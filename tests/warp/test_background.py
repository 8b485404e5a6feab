import cv2
import numpy as np
import pytest

from tempose.media.crop import Crop
from tempose.warp import background
from tempose.warp.background import (
    cloth_fill,
    even_light,
    extend,
    near_fill,
    patch_fill,
    person_hole,
    smooth_fill,
    with_detail,
    without_person,
)

SIZE = (96, 72)
HOLE = np.zeros(SIZE, bool)
HOLE[30:70, 25:45] = True


def stripes():
    """A wall with stripes 6 pixels wide."""
    light = np.where(np.arange(SIZE[1]) // 6 % 2, 200, 90).astype(np.uint8)
    return np.broadcast_to(light[None, :, None], (*SIZE, 3)).copy()


@pytest.mark.parametrize("fill", [lambda p, h: smooth_fill(p, 1 - h.astype(np.float32)), patch_fill])
def test_nothing_but_the_hole_changes(fill):
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    filled = fill(picture, HOLE)
    assert np.array_equal(filled[~HOLE], picture[~HOLE])
    assert not np.array_equal(filled[HOLE], picture[HOLE])
    assert np.array_equal(fill(picture, np.zeros(SIZE, bool)), picture)


@pytest.mark.parametrize(("height", "width"), [(40, 30), (200, 100)])
@pytest.mark.parametrize("place", [(120, 80), (0, 0), (9999, 9999)], ids=["inside", "first corner", "last corner"])
def test_the_hole_is_the_person_grown_by_a_rim_and_no_more(place, height, width):
    """A rim of 1.8 % of the person's longer side, and two pixels, in every direction; at the picture's edge it ends."""
    matte = np.zeros((420, 340), np.float32)
    top, left = min(place[0], 420 - height), min(place[1], 340 - width)
    matte[top : top + height, left : left + width] = 1
    hole = person_hole(np.full((420, 340, 3), 128, np.uint8), matte, np.zeros((18, 3), np.float32))
    rim = 2 + round(0.018 * (max(height, width) - 1))
    middle = hole[top + height // 2], hole[:, left + width // 2]
    for line, first, length in ((middle[0], left, width), (middle[1], top, height)):
        expected = range(max(0, first - rim), min(len(line), first + length + rim))
        assert np.flatnonzero(line).tolist() == list(expected)


def test_a_plain_wall_goes_on():
    picture = np.full((*SIZE, 3), (120, 60, 200), np.uint8)
    for fill in (smooth_fill(picture, 1 - HOLE.astype(np.float32)), patch_fill(picture, HOLE)):
        assert abs(fill.astype(int) - picture).max() <= 2


def test_patches_continue_what_is_around():
    spoiled = stripes()
    spoiled[HOLE] = (255, 0, 0)
    filled = patch_fill(spoiled, HOLE)
    wrong = np.abs(filled.astype(int) - stripes()).max(axis=-1) > 30
    assert wrong[HOLE].mean() < 0.1
    assert np.array_equal(filled, patch_fill(spoiled, HOLE))


def test_a_lawn_does_not_climb_up_a_fence():
    """Behind a person who stands before both is at each height what is beside them, though the lawn is the larger."""
    picture = np.random.default_rng(0).integers(40, 80, (*SIZE, 3), np.uint8)
    picture[:30] += 120
    hole = np.zeros(SIZE, bool)
    hole[8:80, 25:45] = True
    filled = patch_fill(picture, hole).mean(axis=-1)
    assert filled[10:26, 27:43].min() > 140
    assert filled[34:, 27:43].max() < 100


def test_large_pictures_are_filled_at_a_bounded_size_and_keep_their_grain(monkeypatch):
    monkeypatch.setattr(background, "FILLED", 48)
    picture = np.round(np.random.default_rng(0).normal(120, 12, (*SIZE, 3))).astype(np.uint8)
    filled = patch_fill(picture, HOLE)
    assert np.array_equal(filled[~HOLE], picture[~HOLE])
    grain = [cv2.Laplacian(x, cv2.CV_32F)[HOLE].std() for x in (picture, filled)]
    assert 0.7 * grain[0] < grain[1] < 1.3 * grain[0]


def test_light_goes_on_across_the_hole():
    """A filling that is darker than the wall, as patches from elsewhere are, does not stay so."""
    wall = np.broadcast_to(np.linspace(100, 160, SIZE[1])[None, :, None], (*SIZE, 3)).astype(np.uint8)
    depth = cv2.distanceTransform(HOLE.astype(np.uint8), cv2.DIST_L2, 5)
    darker = np.round(wall - 1.5 * depth[..., None]).astype(np.uint8)
    deep = depth > 7
    before, after = (np.abs(x.astype(int) - wall)[deep].mean() for x in (darker, even_light(darker, HOLE)))
    assert after < 0.5 * before


def test_nothing_left_is_filled_smoothly_and_fully():
    picture = stripes()
    assert patch_fill(picture, np.ones(SIZE, bool)).shape == picture.shape
    almost = np.ones(SIZE, bool)
    almost[:2] = False
    assert np.array_equal(patch_fill(picture, almost)[:2], picture[:2])


def test_without_patches_a_sentence_says_so(monkeypatch):
    import patchmatch

    monkeypatch.setattr(patchmatch, "patchmatch_available", False)
    with pytest.warns(UserWarning, match="pypatchmatch"):
        filled = patch_fill(stripes(), HOLE)
    assert np.array_equal(filled, smooth_fill(stripes(), 1 - HOLE.astype(np.float32)))


def test_the_shadow_at_the_feet_goes_with_the_person():
    picture = np.full((*SIZE, 3), 180, np.uint8)
    matte = np.zeros(SIZE, np.float32)
    matte[20:80, 30:40] = 1
    picture[matte > 0] = (200, 30, 30)
    picture[78:83, 38:46] = 90  # the shadow
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[[1, 8, 11, 9, 10, 12, 13]] = [
        (35, 28, 1), (33, 50, 1), (37, 50, 1), (33, 65, 1), (33, 78, 1), (37, 65, 1), (37, 78, 1)
    ]  # fmt: skip
    hole = person_hole(picture, matte, keypoints)
    assert hole[matte > 0].all()
    assert hole[80, 40:46].all()
    assert hole.mean() < 0.3
    assert abs(without_person(picture, matte, keypoints).astype(int) - 180).max() <= 6


def test_what_the_person_encloses_goes_with_them_if_it_is_small():
    """A sliver between the legs would stand in the filling as an island; what is seen within an arm is kept."""
    matte = np.zeros((200, 160), np.float32)
    matte[20:180, 40:120] = 1
    matte[50:110, 60:100], matte[140:160, 72:88] = 0, 0
    hole = person_hole(np.full((200, 160, 3), 128, np.uint8), matte, np.zeros((18, 3), np.float32))
    assert hole[150, 80]
    assert not hole[85, 80]


def test_a_larger_picture_keeps_the_photo():
    picture = stripes()
    larger = extend(picture, Crop(-10, -10, SIZE[1] + 20, SIZE[0] + 20), (SIZE[0] + 20, SIZE[1] + 20))
    assert np.array_equal(larger[11:-11, 11:-11], picture[1:-1, 1:-1])


def test_clothes_go_on_in_their_own_pattern():
    """Striped cloth under an arm: stripes go on, nothing of the arm or of the wall comes in."""
    picture, cloth = stripes(), np.zeros(SIZE, bool)
    cloth[15:85, 12:60] = True
    picture[~cloth] = (0, 255, 0)
    arm = np.zeros(SIZE, bool)
    arm[40:52, 5:50] = True
    hole = arm & cloth
    picture[arm] = (255, 0, 0)
    filled = cloth_fill(picture, hole, cloth & ~arm)
    assert np.array_equal(filled[~hole], picture[~hole])
    assert (np.abs(filled.astype(int) - stripes()).max(axis=-1) > 30)[hole].mean() < 0.15
    assert (np.ptp(filled[hole].astype(int), axis=-1) < 20).all()  # grey as the cloth


def test_a_thigh_takes_the_color_of_the_knee_not_of_the_shoe():
    picture, known = np.zeros((*SIZE, 3), np.uint8), np.zeros(SIZE, bool)
    known[40:, 30:42] = True
    picture[40:60] = (210, 160, 130)
    filled = near_fill(picture, known)
    assert np.array_equal(filled[known], picture[known])
    assert abs(filled[:38, 30:42].astype(int) - (210, 160, 130)).max() <= 2


def test_what_is_filled_from_near_begins_in_the_color_of_the_edge():
    """A leg that gets darker towards the hem goes on as dark as it is there, and lighter farther up."""
    picture, known = np.zeros((*SIZE, 3), np.uint8), np.zeros(SIZE, bool)
    known[50:, 20:50] = True
    picture[50:] = np.linspace(80, 200, SIZE[0] - 50)[:, None, None]
    filled = near_fill(picture, known)[:, 25:45, 0].astype(int)
    assert abs(filled[49] - filled[50]).max() < 5
    assert (filled[20] > filled[49] + 3).all()


def test_beyond_the_photo_the_background_goes_on_as_sharp_as_it_is():
    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    wider = extend(picture, Crop(-10, -90, 80, 140), (140, 80))
    assert np.array_equal(wider[90:130, 10:70], picture)
    assert np.array_equal(wider[80:90, 10:70], picture[9::-1])
    assert np.array_equal(wider[90:130, :10], picture[:, 9::-1])
    assert np.array_equal(wider[130:, 70:], picture[:-11:-1, :-11:-1])


def test_behind_somebody_before_a_lit_wall_no_seam_is_seen_and_what_comes_in_from_the_sides_goes_on():
    """A filling with a seam and an island of another light, a cable that goes through: only the cable is left."""
    y, x = np.mgrid[:192, :144]
    hole = (y >= 60) & (y < 140) & (x >= 50) & (x < 90)
    wall = np.repeat((100 + 0.4 * x + 0.25 * y)[..., None], 3, axis=-1)
    wall[120:123] = 20
    spoiled = wall.copy()
    spoiled[60:100, 70:90] += 60
    spoiled[80:100, 56:66] -= 40
    even = even_light(spoiled.round().astype(np.uint8), hole).astype(float)
    away_from_cable = hole & (abs(y - 121) > 5)
    assert abs(even - wall)[away_from_cable].max() < 12
    assert abs(even - wall)[121][hole[121]].max() < 12
    assert np.array_equal(even[~hole], spoiled.round()[~hole])


def test_what_an_edge_leaves_beside_it_comes_nowhere_alone():
    """Only between a darker wall and a post it looks as in the hole, and there enlarging blurs both edges."""
    wall = np.full((80, 320, 3), 180, np.uint8)
    wall[:, 220:260], wall[:, 260:264] = 200, 20
    small, hole = wall[::2, ::2].copy(), np.zeros((40, 160), bool)
    hole[12:24, 12:60] = True
    small[hole] = 200
    inner = with_detail(small, hole, wall)[26:46, 28:116]
    assert abs(inner.astype(int) - 200).max() <= 3
