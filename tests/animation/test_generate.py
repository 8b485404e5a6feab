import numpy as np
import torch
from helpers import keypoint_motion
from subjects import SMALL, small_model, subject

from tempose.animation.compose import extended
from tempose.animation.generate import generate, poses_in_frame
from tempose.core.progress import quiet
from tempose.media.crop import Crop
from tempose.pose.keypoints import HIDDEN, Motion
from tempose.pose.room import person_room

WINDOW = Crop.around(person_room(subject().pose), SMALL.size)


def small():
    """The person in the model's frame: the picture and the cutout."""
    return extended(subject().picture, WINDOW, SMALL.size), subject().cutout.seen_through(WINDOW, SMALL.size)


def test_a_person_in_the_models_frame_is_the_same_person():
    picture, cutout = small()
    assert picture.shape == (*SMALL.size, 3)
    assert (cutout.keypoints[:, 2] > 0).sum() == (subject().keypoints[:, 2] > 0).sum()
    inside = cutout.keypoints[[1, 8, 11], :2].astype(int)
    assert (cutout.matte[inside[:, 1], inside[:, 0]] > 0.5).all()


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


def test_every_window_before_the_last_step_is_told():
    motion = keypoint_motion("idle", frames=9, fps=5, size=SMALL.size)
    told = []
    made = generate(small_model(), *small(), motion, steps=2, strategy="loop", track=into(told))
    assert told == []
    windows = -(-9 // SMALL.clip_length)
    next(made)
    assert told == [("generating", 1 + windows)] * (1 + windows)
    assert len(list(made)) == 8
    assert len(told) == 1 + windows


def test_the_seed_decides_and_every_step_is_told():
    motion = keypoint_motion("idle", frames=2, fps=5, size=SMALL.size)
    told = []
    one, again, other = (
        torch.stack([each.frame for each in generate(small_model(), *small(), motion, steps=2, seed=seed, track=track)])
        for seed, track in ((1, into(told)), (1, quiet), (2, quiet))
    )
    assert one.shape == (2, 3, *SMALL.size)
    assert told == [("generating", 2)] * 2
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
