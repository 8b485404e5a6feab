import numpy as np
from subjects import SMALL, small_model, subject

from tempose.animation.generate import generate, in_frame, poses_in_frame
from tempose.body.motions import keypoint_motion
from tempose.media.crop import Crop
from tempose.pose.keypoints import HIDDEN, Motion
from tempose.pose.room import person_room

WINDOW = Crop.around(person_room(subject().pose), SMALL.size)


def test_a_person_in_the_models_frame_is_the_same_person():
    small = in_frame(subject(), WINDOW, SMALL.size)
    assert small.picture.shape == (*SMALL.size, 3)
    assert small.mask.any()
    assert (small.keypoints[:, 2] > 0).sum() == (subject().keypoints[:, 2] > 0).sum()
    inside = small.keypoints[[1, 8, 11], :2].astype(int)
    assert small.mask[inside[:, 1], inside[:, 0]].all()


def test_limbs_beyond_the_frame_are_missing():
    keypoints = np.ones((1, 18, 3), np.float32)
    keypoints[0, 7] = 500, 5, 1
    keypoints[0, 6] = 5, -5, 1
    keypoints[0, 8] = 5, 500, 1
    moved = poses_in_frame(Motion(keypoints, (100, 100), 5), Crop(0, 0, 100, 100), (50, 50))
    assert moved.size == (50, 50)
    assert set(np.flatnonzero(moved.keypoints[0, :, 2] == 0)) == {6, 7}
    np.testing.assert_allclose(moved.keypoints[0, 8], (2.5, 250, HIDDEN))  # a trunk keeps its ends


def into(told):
    """A track that writes down each item's label and total."""

    def track(items, label, total=None):
        for item in items:
            told.append((label, total))
            yield item

    return track


def test_every_window_is_told():
    small = in_frame(subject(), WINDOW, SMALL.size)
    motion = keypoint_motion("idle", frames=9, fps=5, size=SMALL.size)
    told = []
    generate(small_model(), small, motion, steps=2, strategy="loop", track=into(told))
    windows = -(-9 // SMALL.clip_length)
    assert told == [("generating", 1 + 2 * windows)] * (1 + 2 * windows)


def test_the_seed_decides_and_every_step_is_told():
    small = in_frame(subject(), WINDOW, SMALL.size)
    motion = keypoint_motion("idle", frames=2, fps=5, size=SMALL.size)
    told = []
    one = generate(small_model(), small, motion, steps=2, seed=1, track=into(told))
    assert one.shape == (2, *SMALL.size, 3)
    assert told == [("generating", 3)] * 3
    np.testing.assert_array_equal(one, generate(small_model(), small, motion, steps=2, seed=1))
    assert (one != generate(small_model(), small, motion, steps=2, seed=2)).any()
