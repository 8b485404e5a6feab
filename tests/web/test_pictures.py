"""What is shown before and while a job runs."""

import base64
import io

import numpy as np
from PIL import Image
from subjects import subject

from tempose.body.motions import MOTIONS
from tempose.pose.retarget import retarget_motion
from tempose.web.pictures import (
    CLEARING,
    LOOK,
    STRIP,
    THUMB,
    clearing_strip,
    driver_look,
    fit_look,
    motion_strip,
    photo_look,
    spread,
)


def opened(address):
    return Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))


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


def test_every_motion_has_a_strip_that_moves():
    for name in MOTIONS:
        strip = opened(motion_strip(name)).convert("RGB")
        assert strip.size == (STRIP * THUMB[1], THUMB[0])
        frames = np.split(np.asarray(strip), STRIP, axis=1)
        assert any((frame != frames[0]).any() for frame in frames), name


def test_frames_that_clear_up_are_a_row():
    assert spread(3) == [0, 1, 2]
    assert len(spread(100)) == CLEARING
    frames = np.zeros((4, 32, 24, 3), np.uint8)
    assert opened(clearing_strip(frames)).size == (4 * 96, 128)
