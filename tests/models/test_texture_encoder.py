import pytest
import torch
from conftest import TINY
from helpers import fill, random

from tempose.core.errors import InputError
from tempose.models.build import build_networks


def test_one_feature_map_a_block_at_the_size_of_its_level():
    encoder = build_networks(TINY, temporal=False).texture_encoder
    shapes = [tuple(h.shape[1:]) for h in encoder(random(2, 3, 16, 8))]
    assert shapes == [(16, 16, 8), (16, 16, 8), (16, 8, 4), (32, 8, 4)]


def test_photos_do_not_mix():
    encoder = build_networks(TINY, temporal=False).texture_encoder.eval()
    fill(encoder)
    photos = random(2, 3, 16, 8)
    for together, alone in zip(encoder(photos), encoder(photos[1:]), strict=True):
        torch.testing.assert_close(together[1:], alone)


def test_a_size_that_does_not_fit():
    encoder = build_networks(TINY, temporal=False).texture_encoder
    with pytest.raises(InputError, match="next valid size is 18×8"):
        encoder(random(1, 3, 17, 8))
