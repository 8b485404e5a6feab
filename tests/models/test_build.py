"""An image model becomes a video model, and the way back."""

import torch
from conftest import TINY
from helpers import fill, random

from tempose.models.build import add_temporal_blocks, build_networks, without_temporal_blocks
from tempose.models.conditions import Conditions


def test_the_image_model_inside_a_video_model_is_the_one_it_came_from():
    networks = build_networks(TINY, temporal=False)
    fill(networks.unet.eval())
    video = add_temporal_blocks(networks.unet).eval()
    for parameter in video.temporal_parameters():
        parameter.data.fill_(0.3)  # as if they had learnt
    inside = without_temporal_blocks(video)
    assert inside.config["temporal"] is False
    assert inside.conv_in.weight.data_ptr() == video.conv_in.weight.data_ptr()

    x_t, maps, photo = random(1, 2, 3, 16, 8), random(1, 2, 20, 16, 8, low=0), random(1, 3, 16, 8)
    texture = networks.unet.read_texture(networks.texture_encoder.eval()(photo), maps[:, 0])
    given = x_t, torch.tensor([500]), Conditions(maps, texture)
    torch.testing.assert_close(inside(*given), networks.unet(*given))
    assert not torch.allclose(inside(*given), video(*given))
