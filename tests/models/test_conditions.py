import pytest
import torch
from conftest import TINY
from helpers import random, standing

from tempose.models.conditions import Photo, guides, reads_prior, warped_prior
from tempose.warp.flesh import LAYERS

H, W = 64, 48


def photo(b=2):
    return Photo(
        picture=random(b, 3, H, W),
        pose_map=random(b, 20, H, W, low=0),
        keypoints=standing().expand(b, 18, 3),
        color=random(b, len(LAYERS), 3, H, W),
        alpha=torch.ones(b, len(LAYERS), 1, H, W) * (torch.arange(W) < 40),
        hem=torch.zeros(b),
        grips=torch.full((b, 2, 2), torch.nan),
        matte=torch.ones(b, 1, H, W) * (torch.arange(W) < 40),
        background=random(b, 3, H, W, seed=1),
    )


def config(**parts):
    return TINY.model_copy(update=parts)


TARGET = standing().expand(2, 3, 18, 3)


@pytest.mark.parametrize(
    ("parts", "channels"),
    [({}, []), ({"warped_photo": True}, [7]), ({"background": True}, [3]),
     ({"warped_photo": True, "background": True, "sigma_data": 0.2}, [7, 3])],
)  # fmt: skip
def test_guides_are_those_of_the_configuration(parts, channels):
    read = guides(photo(), warped_prior(photo(), TARGET), config=config(**parts))
    assert [tuple(guide.shape) for guide in read] == [(2, 3, c, H, W) for c in channels]
    assert reads_prior(config(**parts)) == bool(parts)


def test_a_photo_that_is_absent_leaves_zeros_everywhere():
    given = photo().where(torch.tensor([1.0, 0.0]))
    prior = warped_prior(given, TARGET)
    for guide in [*guides(given, prior, config=config(warped_photo=True, background=True)), prior.picture, prior.mask]:
        assert guide[0].abs().max() > 0
        assert guide[1].abs().max() == 0
    assert prior.given.tolist() == [1, 0]


def test_a_pose_that_is_absent_leaves_photo_and_background_alone():
    prior = warped_prior(photo(), 0 * TARGET)
    assert prior.alpha.abs().max() == 0
    assert torch.equal(prior.picture, prior.background)
    assert torch.equal(prior.mask[:, 0], photo().matte)


def test_where_the_person_was_the_prior_may_be_wrong():
    moved = TARGET + torch.tensor([1000.0, 0, 0])
    mask = warped_prior(photo(), moved).mask
    assert torch.equal(mask[:, 0], photo().matte)


def test_repeated_is_the_same_photo():
    three = photo(1).repeated(3)
    assert torch.equal(three.picture[2], photo(1).picture[0])
    assert three.keypoints.shape == (3, 18, 3)
