import math

import pytest
import torch
from helpers import random, standing

from tempose.models.alignment import PARTS, align, fill, inpainted_background, part_frames, width_ratio
from tempose.pose.keypoints import KEYPOINTS, MIRROR

H, W = 64, 48


def moved(keypoints, *, angle=0.0, shift=(0.0, 0.0)):
    """Turned about the middle of the frame, then shifted."""
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle = torch.tensor([W / 2, H / 2])
    xy = (keypoints[..., :2] - middle) @ turn.T + middle + torch.tensor(shift)
    return torch.cat([xy, keypoints[..., 2:]], dim=-1)


def smooth_picture(seed=0):
    coarse = random(1, 3, 8, 6, seed=seed)
    return torch.nn.functional.interpolate(coarse, size=(H, W), mode="bicubic", align_corners=False).clamp(-1, 1)


def disc_mask():
    """Roughly where the standing person is."""
    y, x = torch.meshgrid(torch.arange(H) + 0.5, torch.arange(W) + 0.5, indexing="ij")
    return ((x - 24).abs() < 12)[None, None].float() * ((y > 3) & (y < 62))


def aligned(photo, target, source=None, mask=None):
    source = standing() if source is None else source
    mask = torch.ones(1, 1, H, W) if mask is None else mask
    return align(photo, mask, source=source[None], target=target[None, None])


def on_the_axes(keypoints):
    """Pixels on the axis of every limb, where the alignment should be sure."""
    frames = part_frames(keypoints[None])
    share = torch.linspace(0.15, 0.85, 7)
    points = frames.origin[0][:, None] + share[:, None] * (frames.axis * frames.length[..., None])[0][:, None]
    return points.flatten(0, 1).long().unbind(-1)


def test_the_same_pose_gives_the_photo_back_and_is_sure_of_it():
    photo = smooth_picture()
    picture, coverage, _ = aligned(photo, standing())
    person = coverage[0, 0] > 0.9
    assert person.float().mean() > 0.25
    assert ((picture[0, 0] - photo[0]).abs() * person).max() < 1e-3
    x, y = on_the_axes(standing())
    assert coverage[0, 0, 0, y, x].min() > 0.9


@pytest.mark.parametrize(("angle", "shift"), [(0.0, (5.0, -2.0)), (0.4, (0.0, 0.0)), (-0.3, (2.0, 1.0))])
def test_a_rigid_motion_of_the_person_moves_the_picture_with_it(angle, shift):
    photo = smooth_picture()
    picture = aligned(photo, moved(standing(), angle=angle, shift=shift)).picture
    x_s, y_s = on_the_axes(standing())
    there = moved(torch.stack([x_s + 0.5, y_s + 0.5, 0 * x_s], -1).float(), angle=angle, shift=shift)[:, :2]
    seen = torch.nn.functional.grid_sample(
        picture[0], (there / torch.tensor([W, H]) * 2 - 1)[None, None], align_corners=False
    )[0, :, 0]
    error = (seen - photo[0, :, y_s, x_s]).abs().mean()
    assert error < 0.05


def test_a_limb_that_is_longer_in_the_target_is_stretched_along_itself():
    photo = torch.zeros(1, 3, H, W)
    photo[..., 30:32, :] = 1  # a band across the right forearm near the wrist, at 3/4 of its length
    target = standing()
    wrist = KEYPOINTS.index("right_wrist")
    target[wrist, :2] = torch.tensor([10.0, 40.0])  # twice as long
    picture = aligned(photo, target).picture
    elbow = target[KEYPOINTS.index("right_elbow"), :2]
    x, y = (elbow + 0.8 * (target[wrist, :2] - elbow)).long()
    assert picture[0, 0, 0, y, x] > 0.4
    assert aligned(photo, standing())[0][0, 0, 0, y, x] < 0.4


def test_a_person_who_turns_round_is_mirrored():
    photo = torch.linspace(-1, 1, W).expand(1, 3, H, W).contiguous()
    behind = standing()[list(MIRROR)]  # left and right key points have changed places
    picture = aligned(photo, behind).picture
    front, back = picture[0, 0, 0, 25, 20], picture[0, 0, 0, 25, 28]
    assert front > 0 > back  # the photo is dark on the left


@pytest.mark.parametrize("sideways", ["photo", "target"])
def test_a_person_seen_from_the_side_is_neither_smeared_nor_squeezed_beyond_bounds(sideways):
    narrow = standing()
    for name in ("right_shoulder", "left_shoulder"):
        x = narrow[KEYPOINTS.index(name), 0]
        narrow[KEYPOINTS.index(name), 0] = 24 + 0.1 * (x - 24)
    source, target = (narrow, standing()) if sideways == "photo" else (standing(), narrow)
    ratio = width_ratio(part_frames(target[None]), part_frames(source[None]))[0, 0]
    assert ratio == pytest.approx(0.55 if sideways == "photo" else 1 / 0.55, rel=1e-3)


def test_missing_joints_leave_a_hole_and_nothing_explodes():
    target = standing()
    for name in ("right_elbow", "right_wrist"):
        target[KEYPOINTS.index(name), 2] = 0
    picture, coverage, _ = aligned(smooth_picture(), target)
    assert picture.isfinite().all()
    assert coverage[0, 0, 0, 31, 12] < 0.3
    nothing = aligned(smooth_picture(), standing(known=0.0))
    assert nothing.near.max() < 1e-3
    assert nothing.coverage.max() < 1e-3
    assert nothing.picture.abs().max() == 0


@pytest.mark.parametrize("seed", range(5))
def test_any_key_points_give_finite_pictures_in_range(seed):
    wild = torch.cat([random(18, 2, seed=seed, low=-100, high=200), random(18, 1, seed=seed, low=0)], dim=1)
    picture, coverage, near = aligned(smooth_picture(), wild, source=moved(wild, angle=1.0))
    assert picture.isfinite().all()
    assert picture.abs().max() <= 1 + 1e-5
    assert coverage.min() >= 0
    assert coverage.max() <= 1
    assert 0 <= near.min() <= near.max() <= 1


def test_what_lies_outside_the_mask_is_never_copied():
    photo, mask = smooth_picture(), disc_mask()
    coverage = aligned(photo, standing(), mask=mask).coverage
    assert coverage[0, 0][mask[0] == 0].max() < 1e-4


def test_photos_and_frames_do_not_mix():
    photos = torch.cat([smooth_picture(0), smooth_picture(1)])
    masks = torch.ones(2, 1, H, W)
    source = torch.stack([standing(), moved(standing(), shift=(3, 0))])
    target = torch.stack([torch.stack([moved(standing(), angle=a) for a in (0.0, 0.2, -0.2)])] * 2)
    together = align(photos, masks, source=source, target=target)
    for b in range(2):
        for f in range(3):
            alone = align(photos[b : b + 1], masks[:1], source=source[b : b + 1], target=target[b : b + 1, f : f + 1])
            torch.testing.assert_close(together.picture[b : b + 1, f : f + 1], alone.picture)
            torch.testing.assert_close(together.coverage[b : b + 1, f : f + 1], alone.coverage)


def test_every_part_names_key_points():
    for part in PARTS:
        for name in (*part.start, *part.end, *(part.across or ())):
            assert name in KEYPOINTS


def test_the_inpainted_background_is_the_photo_outside_and_smooth_inside():
    photo, mask = smooth_picture(), disc_mask()
    background = inpainted_background(photo, mask)
    grown = torch.nn.functional.max_pool2d(mask, 5, stride=1, padding=2)
    assert torch.equal(background[:, :, grown[0, 0] == 0], photo[:, :, grown[0, 0] == 0])
    assert background.isfinite().all()
    assert background.abs().max() <= 1 + 1e-5


def test_the_inpainted_background_of_an_even_background_is_even():
    photo = torch.full((1, 3, H, W), 0.3)
    photo[:, :, disc_mask()[0, 0] == 1] = -0.9
    torch.testing.assert_close(
        inpainted_background(photo, disc_mask()), torch.full((1, 3, H, W), 0.3), atol=1e-4, rtol=0
    )


def test_inpainted_background_of_a_photo_that_is_all_person_or_none():
    photo = smooth_picture()
    assert torch.equal(inpainted_background(photo, torch.zeros(1, 1, H, W)), photo)
    assert inpainted_background(photo, torch.ones(1, 1, H, W)).abs().max() < 1e-6


def test_fill_reproduces_known_values():
    values = random(1, 3, 9, 7)
    torch.testing.assert_close(fill(values, torch.ones(1, 1, 9, 7)), values)
