import numpy as np
import pytest
import torch

from tempose.core.errors import InputError
from tempose.media.tensors import to_tensor, to_uint8


def test_every_grey_value_survives_both_ways():
    picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    tensor = to_tensor(picture)
    assert tensor.shape == (3, 16, 16)
    assert (tensor.min(), tensor.max()) == (-1, 1)
    np.testing.assert_array_equal(to_uint8(tensor), picture)


def test_clips_keep_their_leading_axes():
    frames = np.zeros((2, 5, 4, 6, 3), np.uint8)
    assert to_tensor(frames).shape == (2, 5, 3, 4, 6)
    assert to_uint8(to_tensor(frames)).shape == frames.shape


def test_values_outside_are_clipped():
    assert to_uint8(torch.tensor([-3.0, 3.0, 0.0]).view(3, 1, 1)).flatten().tolist() == [0, 255, 128]


@pytest.mark.parametrize("frames", [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8)])
def test_other_arrays_are_refused(frames):
    with pytest.raises(InputError, match="wanted uint8"):
        to_tensor(frames)
