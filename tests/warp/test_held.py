import cv2
import numpy as np
import pytest

from tempose.warp.flesh import RIGHT_ARM
from tempose.warp.held import hanging_from, held_things

SIZE = (240, 200)


def scene(bag=True):
    """A person before a wall that grows brighter, and a bag on a strap in the right hand."""
    light = np.linspace(150, 200, SIZE[1])[None, :, None]
    picture = np.broadcast_to(light, (*SIZE, 3)).astype(np.uint8).copy()
    keypoints = np.zeros((18, 3), np.float32)
    points = {1: (110, 40), 2: (95, 42), 3: (85, 75), 4: (80, 105), 5: (125, 42), 8: (102, 110), 11: (118, 110)}
    for index, (x, y) in points.items():
        keypoints[index] = x, y, 1
    mask = np.zeros(SIZE, np.uint8)
    cv2.rectangle(mask, (95, 30), (125, 200), 1, -1)
    cv2.line(mask, points[2], points[3], 1, 12)
    cv2.line(mask, points[3], (78, 115), 1, 10)
    picture[mask > 0] = (40, 60, 90)
    thing = np.zeros(SIZE, np.uint8)
    if bag:
        cv2.line(thing, (78, 118), (70, 150), 1, 3)
        cv2.rectangle(thing, (55, 150), (85, 185), 1, -1)
        thing[mask > 0] = 0
        picture[thing > 0] = (200, 120, 30)
    return picture, mask > 0, keypoints, thing > 0


def test_a_bag_before_a_plain_wall_is_held():
    picture, mask, keypoints, bag = scene()
    held = held_things(picture, mask, keypoints)
    found = held == RIGHT_ARM
    assert (found & bag).sum() > 0.9 * bag.sum()
    assert (found & ~bag).sum() < 0.15 * bag.sum()
    assert (held[~found] == -1).all()


@pytest.mark.parametrize("thing", ["bag", "stick", "nothing"])
def test_a_bag_hangs_from_where_it_is_held_and_a_stick_does_not(thing):
    _, _, keypoints, bag = scene()
    if thing == "stick":
        bag = cv2.line(np.zeros(SIZE, np.uint8), (76, 116), (10, 150), 1, 3) > 0
    held = np.where(bag & (thing != "nothing"), np.int8(RIGHT_ARM), np.int8(-1))
    right, left = hanging_from(held, keypoints)
    assert np.isnan(left).all()
    if thing == "bag":
        assert np.abs(right - (78, 118)).max() < 4
    else:
        assert np.isnan(right).all()


def test_a_long_pole_that_comes_into_sight_beside_the_hand_is_held_whole():
    picture, mask, keypoints, _ = scene(bag=False)
    pole = cv2.line(np.zeros(SIZE, np.uint8), (85, 122), (8, 230), 1, 3) > 0
    mask[108:135, 70:90] = True
    picture[mask], picture[pole & ~mask] = (40, 60, 90), (20, 20, 20)
    found = held_things(picture, mask, keypoints) == RIGHT_ARM
    assert (found & pole & ~mask).sum() > 0.9 * (pole & ~mask).sum()


def test_nothing_is_held_in_empty_hands():
    picture, mask, keypoints, _ = scene(bag=False)
    assert (held_things(picture, mask, keypoints) == -1).all()


def test_what_goes_on_beyond_the_picture_is_not_held():
    picture, mask, keypoints, _ = scene()
    picture[150:185, :85] = (200, 120, 30)  # a shelf
    assert (held_things(picture, mask, keypoints) == -1).all()


def test_before_a_restless_wall_nothing_is_held():
    picture, mask, keypoints, bag = scene()
    noise = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    picture[~mask & ~bag] = noise[~mask & ~bag]
    assert (held_things(picture, mask, keypoints) == -1).all()
