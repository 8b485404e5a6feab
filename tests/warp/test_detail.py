import pytest
import torch
from helpers import random

from tempose.warp.detail import CARRIED, detailed, enlarged, moved, shrunk

SMALL, LARGE = (16, 14), (64, 56)
PICTURE = random(2, 3, 3, 4, 4, seed=2)


def test_a_flow_of_nothing_moves_nothing():
    torch.testing.assert_close(moved(PICTURE, torch.zeros(2, 3, 2, 4, 4)), PICTURE)


def test_each_pixel_is_taken_from_where_its_flow_points():
    wide = random(1, 1, 3, 64, 96)
    right, down = torch.zeros(1, 1, 2, 64, 96), torch.zeros(1, 1, 2, 64, 96)
    right[:, :, 0], down[:, :, 1] = 3, -2  # in 64ths of the height: pixels
    close = {"atol": 1e-4, "rtol": 0}
    torch.testing.assert_close(moved(wide, right)[..., :-3], wide[..., 3:], **close)
    torch.testing.assert_close(moved(wide, down)[..., 2:, :], wide[..., :-2, :], **close)


def test_a_flow_is_a_share_of_the_height_whatever_the_size():
    small = random(1, 1, 3, 8, 6)
    large = small.repeat_interleave(8, 3).repeat_interleave(8, 4)
    one = moved(small, torch.full((1, 1, 2, 8, 6), 8.0))
    other = moved(large, torch.full((1, 1, 2, 64, 48), 8.0))
    torch.testing.assert_close(one.repeat_interleave(8, 3).repeat_interleave(8, 4), other)


def scene():
    """A person with fine detail in the middle, before a background."""
    color, background = random(1, 3, *LARGE, seed=0), random(1, 3, *LARGE, seed=1)
    cover = torch.zeros(1, 1, *LARGE)
    cover[:, :, 16:48, 16:32] = 1
    return color, cover, background


def call(generated=None):
    color, cover, background = scene()
    warped = cover * color + (1 - cover) * background
    generated = shrunk(warped, SMALL) if generated is None else generated(shrunk(warped, SMALL))
    return detailed(generated, color=color, cover=cover, background=background)


def test_where_the_network_agrees_the_frame_is_the_warp_with_all_its_detail():
    color, cover, background = scene()
    frame, alpha = call()
    torch.testing.assert_close(frame, cover * color + (1 - cover) * background, atol=1e-5, rtol=0)
    torch.testing.assert_close(alpha, cover, atol=1e-5, rtol=0)


def test_where_it_does_not_the_frame_is_the_networks_enlarged():
    _, cover, background = scene()
    white = torch.ones(1, 3, *SMALL)
    frame, _ = detailed(white, color=torch.full_like(background, -1), cover=cover, background=background)
    assert (1 - frame[..., 24:40, 20:28]).mean() < 0.2


def test_a_shade_that_the_network_corrects_is_corrected_and_the_detail_stays():
    (plain, _), (lighter, _) = call(), call(lambda coarse: coarse + 0.05)
    inside = (..., slice(24, 40), slice(20, 28))
    shift = (lighter - plain)[inside]
    assert shift.mean() == pytest.approx(0.05, abs=0.02)
    assert shift.std() < 0.1 * plain[inside].std()


def test_a_shade_is_that_of_a_neighborhood():
    """What the network says of one pixel is shared with those two away, and not with those four away."""

    def lighter_at_one(coarse):
        coarse[..., 9, 6] += 0.05
        return coarse

    (plain, _), (lighter, _) = call(), call(lighter_at_one)
    shift = shrunk((lighter - plain).abs(), SMALL)[0].amax(0)
    assert shift[7, 6] > 1e-3
    assert shift[5, 6] < 1e-6


def test_the_flow_moves_the_large_warp_and_leaves_the_background():
    color, cover, background = scene()
    warped = cover * color + (1 - cover) * background
    right = torch.zeros(1, 2, *SMALL)
    right[:, 0] = -4 / CARRIED  # in 64ths of the height: what is seen comes from four pixels to the left
    shown, there = (torch.zeros_like(x).index_copy(3, torch.arange(4, LARGE[1]), x[..., :-4]) for x in (color, cover))
    wanted = there * shown + (1 - there) * background
    frame, alpha = detailed(shrunk(wanted, SMALL), color=color, cover=cover, background=background, flow=right)
    torch.testing.assert_close(alpha, there, atol=1e-4, rtol=0)
    torch.testing.assert_close(frame, wanted, atol=1e-3, rtol=0)
    assert (frame - warped).abs().max() > 0.5


def test_what_is_fine_keeps_the_photo_whatever_the_network_says():
    color, cover, background = scene()
    white, there = torch.ones(1, 3, *SMALL), torch.zeros(1, 1, *SMALL)
    there[..., :8, :] = 1
    frame, _ = detailed(white, color=color, cover=cover, background=background, fine=there)
    torch.testing.assert_close(frame[..., 18:24, 18:30], color[..., 18:24, 18:30])
    plain, _ = detailed(white, color=color, cover=cover, background=background)
    torch.testing.assert_close(frame[..., 40:, :], plain[..., 40:, :])
    assert (plain - color)[..., 18:24, 18:30].abs().mean() > 0.1


def test_no_flow_beside_what_is_fine_moves_it():
    color, cover, background = scene()
    there, way = torch.zeros(1, 1, *SMALL), torch.zeros(1, 2, *SMALL)
    there[..., :8, :], way[..., 8:, :] = 1, 3.0
    generated = shrunk(torch.lerp(background, color, cover), SMALL)
    frame, _ = detailed(generated, color=color, cover=cover, background=background, flow=way, fine=there)
    torch.testing.assert_close(frame[..., 18:30, 18:30], color[..., 18:30, 18:30])
    assert (frame - color)[..., 36:, 18:30].abs().mean() > 0.1


def test_where_nobody_is_the_background_stays_to_the_bit():
    frame, _ = call(lambda coarse: coarse + 0.5 * random(*coarse.shape, seed=5))
    nobody = scene()[1] == 0
    assert torch.equal(frame * nobody, scene()[2] * nobody)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_network_that_half_sees_the_background_makes_nobody_pale(share):
    color, cover, background = scene()
    background = background * 0 + 0.9
    color = -0.7 + 0.1 * color
    warped = torch.lerp(background, color, cover)
    pale = torch.lerp(shrunk(warped, SMALL), shrunk(background, SMALL), share)
    frame, _ = detailed(pale, color=color, cover=cover, background=background)
    torch.testing.assert_close(frame, warped, atol=0.02, rtol=0)


def test_without_a_flow_the_person_is_where_the_warp_says():
    frame, there = call(lambda coarse: 0 * coarse)
    torch.testing.assert_close(there, scene()[1])
    assert torch.isfinite(frame).all()


def test_smaller_and_larger_again_keeps_a_constant():
    torch.testing.assert_close(enlarged(shrunk(torch.ones(1, 1, *LARGE), SMALL), LARGE), torch.ones(1, 1, *LARGE))
