import pytest
import torch
from conftest import TINY
from helpers import random, standing

from tempose.models.conditions import Photo, guides

H, W = 64, 48


def photo(b=2):
    return Photo(
        picture=random(b, 3, H, W),
        pose_map=random(b, 20, H, W, low=0),
        keypoints=standing().expand(b, 18, 3),
        mask=torch.ones(b, 1, H, W) * (torch.arange(W) < 40),
    )


def config(**parts):
    return TINY.model_copy(update=parts)


TARGET = standing().expand(2, 3, 18, 3)


@pytest.mark.parametrize(
    ("parts", "channels"),
    [
        ({}, []),
        ({"warped_photo": True}, [7]),
        ({"background": True}, [3]),
        ({"warped_photo": True, "background": True, "copy_gate": True}, [7, 3]),
    ],
)
def test_guides_are_those_of_the_configuration(parts, channels):
    read, prior = guides(photo(), TARGET, config=config(**parts))
    assert [tuple(guide.shape) for guide in read] == [(2, 3, c, H, W) for c in channels]
    assert (prior is not None) == parts.get("copy_gate", False)


def test_a_photo_that_is_absent_leaves_zeros_everywhere():
    everything = config(warped_photo=True, background=True, copy_gate=True)
    read, prior = guides(photo().where(torch.tensor([1.0, 0.0])), TARGET, config=everything)
    for guide in [*read, prior.picture]:
        assert guide[0].abs().max() > 0
        assert guide[1].abs().max() == 0
    assert prior.given.tolist() == [1, 0]


def test_a_pose_that_is_absent_leaves_photo_and_plate_alone():
    aligned, background = guides(photo(), 0 * TARGET, config=config(warped_photo=True, background=True))[0]
    assert aligned[:, :, :3].abs().max() == 0
    assert aligned[:, :, 3].max() < 1e-3
    assert torch.equal(aligned[:, 0, 4:], photo().picture)
    assert background.shape[2] == 3


def test_repeated_is_the_same_photo():
    three = photo(1).repeated(3)
    assert torch.equal(three.picture[2], photo(1).picture[0])
    assert three.keypoints.shape == (3, 18, 3)
