import numpy as np
import pytest

from tempose.core.errors import InputError
from tempose.media.crop import Crop
from tempose.people.clip import Recipe, draw_clip
from tempose.warp.cutout import LAYERS, cut_out


@pytest.fixture(scope="module")
def clip():
    return draw_clip(
        Recipe(person=3, motion="wave", motion_seed=1, scene=2, frames=1, fps=8, size=(128, 96), distance=5)
    )


@pytest.fixture(scope="module")
def cutout(clip):
    return cut_out(clip.frames[0], clip.masks[0], clip.motion.keypoints[0], exact=True)


def test_shapes_and_ranges(clip, cutout):
    assert cutout.color.shape == (len(LAYERS), 128, 96, 3)
    assert cutout.color.dtype == np.uint8
    assert cutout.alpha.shape == (len(LAYERS), 128, 96)
    assert cutout.matte.shape == (128, 96)
    for values in (cutout.alpha, cutout.matte):
        assert values.dtype == np.float32
        assert values.min() >= 0
        assert values.max() <= 1
    assert cutout.background.shape == clip.frames[0].shape


def test_a_crop_of_the_whole_changes_nothing(cutout):
    same = cutout.seen_through(Crop(0, 0, 96, 128), (128, 96))
    assert np.array_equal(same.color, cutout.color)
    assert np.array_equal(same.background, cutout.background)
    assert np.allclose(same.alpha, cutout.alpha, atol=1 / 255)
    assert np.array_equal(same.keypoints, cutout.keypoints)


def test_sizes_must_match(clip):
    with pytest.raises(InputError, match="wanted one"):
        cut_out(clip.frames[0], clip.masks[0][:-1], clip.motion.keypoints[0])
    with pytest.raises(InputError, match="empty"):
        cut_out(clip.frames[0], np.zeros((128, 96), bool), clip.motion.keypoints[0])
