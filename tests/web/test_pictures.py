"""What is shown before and while a job runs."""

import io

import numpy as np
from PIL import Image
from subjects import subject

from tempose.pose.retarget import retarget_motion
from tempose.web.pictures import LOOK, as_jpeg, driver_look, fit_look, photo_look


def test_the_photo_shows_the_skeleton():
    look = photo_look(subject())
    assert look.shape == (*LOOK, 3)
    assert (look == 255).all(axis=-1).sum() > 100  # white joints


def test_the_driver_shows_its_own_picture_or_slate(walk):
    assert driver_look(walk, None).shape == (*LOOK, 3)
    red = np.full((*walk.size, 3), (200, 0, 0), np.uint8)
    assert np.median(driver_look(walk, red)[..., 0]) == 200


def test_the_motion_moves_on_the_photos_body(walk):
    person = subject()
    frames = list(fit_look(person, retarget_motion(walk, person.pose)))
    assert len(frames) == len(walk)
    assert frames[0].shape == (*LOOK, 3)
    assert (frames[0] != frames[1]).any()


def test_a_frame_as_a_jpeg():
    assert Image.open(io.BytesIO(as_jpeg(np.zeros((32, 24, 3), np.uint8)))).size == (24, 32)
