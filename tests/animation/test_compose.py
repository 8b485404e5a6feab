"""The background stays whole and still; only the person changes."""

import gc
import tracemalloc
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from subjects import subject

from tempose.animation.compose import Composition, extended, gone_right, whole_background
from tempose.core.errors import InputError
from tempose.diffusion.pipeline import GeneratedFrame
from tempose.media.crop import Crop
from tempose.media.images import write_image
from tempose.pose.keypoints import Motion
from tempose.warp.layers import Photos, to_layers

SIZE, SMALL = (384, 288), (128, 96)
WHOLE = Crop(0, 0, 288, 384)


def composition(window=WHOLE, background=None):
    """A drawn person as the photo shows them, at the photo's size."""
    person = subject()
    cutout = person.cutout
    behind = cutout.background
    scene = Composition(behind if background is None else background, behind, Photos(to_layers([cutout])), window)
    return person, scene, Motion(person.keypoints[None], person.picture.shape[:2], 1.0)


def generated(color):
    """One frame of one color."""
    shown = torch.full((3, *SMALL), color / 127.5 - 1)
    return GeneratedFrame(shown, torch.zeros(1, *SMALL), torch.zeros(2, *SMALL))


def test_the_warp_alone_gives_the_photo_back_in_its_own_pose():
    person, scene, motion = composition()
    shown = scene.show(motion, 0, None)
    error = np.abs(shown.astype(int) - person.picture)
    assert error[person.mask].mean() < 6
    far = ~person.mask & (scene.background == person.picture).all(-1)
    assert error[far].mean() < 2


def test_where_nobody_is_the_background_stays_to_the_bit():
    _, scene, motion = composition()
    gone = Motion(motion.keypoints - (5000, 0, 0), motion.size, 1.0)
    np.testing.assert_array_equal(scene.show(gone, 0, generated(200)), scene.background)


def test_a_camera_that_goes_along_moves_the_background_and_not_the_person():
    person, still, motion = composition()
    moving = replace(still, camera=np.array([40.0]))
    behind, before = gone_right(still.background, 40), still.show(motion, 0, None)
    shown = moving.show(motion, 0, None)
    inner = cv2.erode(person.mask.astype(np.uint8), np.ones((9, 9))).astype(bool)
    assert np.abs(shown[inner].astype(int) - before[inner]).mean() < 2
    outer = cv2.dilate(person.mask.astype(np.uint8), np.ones((25, 25))) == 0
    assert np.abs(shown[outer].astype(int) - behind[outer]).max() <= 1
    np.testing.assert_array_equal(replace(still, camera=np.zeros(1)).show(motion, 0, None), before)


def test_a_picture_goes_on_mirrored_beyond_its_edges():
    picture = np.arange(5, dtype=np.uint8)[None, :, None].repeat(3, -1) * 10
    for by, expected in ((0, [0, 10, 20, 30, 40]), (3, [30, 40, 40, 30, 20]), (-2, [10, 0, 0, 10, 20])):
        assert gone_right(picture, by)[0, :, 0].tolist() == expected
        assert gone_right(picture, by + 1000)[0, :, 0].tolist() == expected
    assert gone_right(picture, 0.5)[0, :, 0].tolist() == [5, 15, 25, 35, 40]


def test_the_models_color_shows_on_the_person_and_nowhere_far_from_them():
    person, scene, motion = composition()
    shown = scene.show(motion, 0, generated(255))
    rows, columns = np.flatnonzero(person.mask.any(1)), np.flatnonzero(person.mask.any(0))
    far = np.ones(SIZE, bool)
    far[max(0, rows[0] - 20) : rows[-1] + 20, max(0, columns[0] - 20) : columns[-1] + 20] = False
    np.testing.assert_array_equal(shown[far], scene.background[far])
    plain = scene.show(motion, 0, None)
    assert shown[person.mask].mean() > plain[person.mask].mean() + 30


@pytest.mark.parametrize("window", [Crop(-50, -60, 200, 300), Crop(200, 300, 150, 200), Crop(10, 20, 30, 40)])
def test_a_window_may_reach_beyond_the_result(window):
    _, scene, motion = composition(window)
    shown = scene.show(motion, 0, None)
    rows = slice(max(0, window.top), window.top + window.height)
    columns = slice(max(0, window.left), window.left + window.width)
    outside = np.ones(SIZE, bool)
    outside[rows, columns] = False
    np.testing.assert_array_equal(shown[outside], scene.background[outside])


def test_another_background_shows_wherever_the_person_is_not():
    green = np.full((*SIZE, 3), (0, 255, 0), np.uint8)
    person, scene, motion = composition(background=green)
    shown = scene.show(motion, 0, None)
    rows, columns = np.flatnonzero(person.mask.any(1)), np.flatnonzero(person.mask.any(0))
    far = np.ones(SIZE, bool)
    far[max(0, rows[0] - 20) : rows[-1] + 20, max(0, columns[0] - 20) : columns[-1] + 20] = False
    assert np.abs(shown[far].astype(int) - green[far]).max() <= 1
    assert np.abs(shown[person.mask].astype(int) - person.picture[person.mask]).mean() < 10


@pytest.mark.parametrize("window", [WHOLE, Crop(-50, -60, 200, 300)])
def test_the_matte_is_what_of_the_background_is_hidden(window):
    person, black, motion = composition(window, background=np.zeros((*SIZE, 3), np.uint8))
    white = replace(black, background=np.full((*SIZE, 3), 255, np.uint8))
    matte = black.matte(motion, 0, None)
    assert (matte.dtype, matte.shape) == (np.float32, SIZE)
    assert 0 <= matte.min() <= matte.max() <= 1
    between = white.show(motion, 0, None).astype(int) - black.show(motion, 0, None)
    hidden = 1 - between.mean(-1) / 255
    assert np.abs(matte - hidden).mean() < 0.01
    if window is WHOLE:
        assert matte[person.mask].mean() > 0.95


def test_white_clothes_hide_the_white_wall_behind_them():
    person, scene, motion = composition(background=np.zeros((*SIZE, 3), np.uint8))
    layers = scene.photos.layers
    pale = Photos(layers._replace(color=torch.full_like(layers.color, 250 / 127.5 - 1)))
    white = replace(scene, behind=np.full((*SIZE, 3), 250, np.uint8), photos=pale)
    shown = white.show(motion, 0, None)
    assert (shown[person.mask].mean(-1) > 200).mean() > 0.9


def test_the_photos_background_is_untouched_away_from_the_person():
    person = subject()
    behind = person.cutout.background
    far = np.ones(SIZE, bool)
    rows, columns = np.flatnonzero(person.mask.any(1)), np.flatnonzero(person.mask.any(0))
    far[max(0, rows[0] - 60) : rows[-1] + 60, max(0, columns[0] - 60) : columns[-1] + 60] = False
    np.testing.assert_array_equal(behind[far], person.picture[far])
    assert whole_background("photo", behind, person.picture) is behind


def test_other_backgrounds(tmp_path):
    behind = np.zeros((*SIZE, 3), np.uint8)
    photo = subject().picture
    edge = whole_background("plain", behind, photo)
    assert (edge == edge[0, 0]).all()
    assert (whole_background("#20a0ff", behind, photo) == (0x20, 0xA0, 0xFF)).all()
    assert (whole_background("white", behind, photo) == 255).all()
    halves = np.zeros((100, 400, 3), np.uint8)
    halves[:, 200:] = 255
    write_image(tmp_path / "b.png", halves)
    shown = whole_background(str(tmp_path / "b.png"), behind, photo)
    assert (shown[:, :100] == 0).all()
    assert (shown[:, -100:] == 255).all()
    with pytest.raises(InputError, match="background is 'blurple'"):
        whole_background("blurple", behind, photo)


def test_beyond_the_picture_it_goes_on_smoothly():
    picture = np.full((40, 30, 3), 90, np.uint8)
    wide = extended(picture, Crop(-10, -10, 50, 60), (60, 50))
    assert np.abs(wide.astype(int) - 90).max() <= 1


def test_memory_does_not_grow_with_the_number_of_frames():
    """What is computed for a frame is gone with it: arrays, which tracemalloc knows, and tensors, which gc does."""
    _, scene, motion = composition()
    arrays, tensors = [], []
    tracemalloc.start()
    for _ in range(6):
        size = scene.show(motion, 0, generated(128)).nbytes
        gc.collect()
        arrays.append(tracemalloc.get_traced_memory()[0])
        tensors.append(sum(each.nbytes for each in gc.get_objects() if isinstance(each, torch.Tensor)))
    tracemalloc.stop()
    assert arrays[-1] - arrays[1] < 0.1 * size
    assert tensors[-1] == tensors[1]
