import pytest
import torch

from tempose.training.pose_noise import LIMB_PAIRS, noisy_keypoints, ragged_masks


def keypoints(b=2000, n=2):
    points = torch.rand(b, n, 18, 3, generator=torch.Generator().manual_seed(1)) * 50
    points[..., 2] = 0.9
    points[:, :, 5] = 0  # never seen
    return points


def noisy(points, jitter=0.0, bias=0.0, missing=0.0, swapped=0.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    errors = {"jitter": jitter, "bias": bias, "missing": missing, "swapped": swapped}
    return noisy_keypoints(points, height=100, generator=generator, **errors)


def test_nothing_asked_nothing_changed():
    assert torch.equal(noisy(keypoints()), keypoints())


def test_jitter_has_its_deviation_and_leaves_missing_joints():
    change = noisy(keypoints(), jitter=2.0) - keypoints()
    seen = [i for i in range(18) if i != 5]
    assert float(change[:, :, seen, :2].std()) == pytest.approx(2.0, rel=0.02)
    assert (change[..., 2] == 0).all()
    assert (noisy(keypoints(), jitter=2.0)[:, :, 5] == 0).all()


def test_a_bias_is_the_same_in_all_pictures_of_a_person():
    change = (noisy(keypoints(), bias=2.0) - keypoints())[:, :, [i for i in range(18) if i != 5], :2]
    torch.testing.assert_close(change[:, 0], change[:, 1], atol=1e-4, rtol=0)
    assert float(change[:, 0].std()) == pytest.approx(2.0, rel=0.02)


def test_joints_are_missing_as_often_as_asked():
    found = noisy(keypoints(), missing=0.1)
    seen = [i for i in range(18) if i != 5]
    assert float((found[:, :, seen, 2] == 0).float().mean()) == pytest.approx(0.1, abs=0.01)
    assert (found[found[..., 2] == 0] == 0).all()


def test_whole_limbs_are_exchanged_as_often_as_asked():
    points = keypoints()
    found = noisy(points, swapped=0.25)
    for right, left in LIMB_PAIRS:
        here, there = points[:, :, [*right, *left]], points[:, :, [*left, *right]]
        limb = found[:, :, [*right, *left]]
        exchanged = (limb == there).flatten(2).all(2)
        assert (exchanged | (limb == here).flatten(2).all(2)).all()
        assert float(exchanged.float().mean()) == pytest.approx(0.25, abs=0.03)


def test_the_given_points_are_not_changed():
    points = keypoints()
    noisy(points, jitter=2.0, missing=0.5, swapped=0.5)
    assert torch.equal(points, keypoints())


def test_masks_change_along_their_outline_alone():
    masks = torch.zeros(4, 1, 100, 60)
    masks[:, :, 30:70, 20:40] = 1
    assert torch.equal(ragged_masks(masks, width=0.0, generator=torch.Generator()), masks)
    ragged = ragged_masks(masks, width=3.0, generator=torch.Generator().manual_seed(0))
    assert set(ragged.unique().tolist()) == {0.0, 1.0}
    changed = ragged != masks
    assert changed.any()
    assert not changed[:, :, 34:66, 24:36].any()
    assert not changed[:, :, :26].any()


def test_an_outline_wanders_as_far_out_as_in_and_no_farther_than_asked_for():
    """Three fifths of the width: 7 rows of 12, either way."""
    masks = torch.zeros(40, 1, 240, 120)
    masks[:, :, 120:] = 1
    ragged = ragged_masks(masks, width=5.0, generator=torch.Generator().manual_seed(0))
    out, inside = ragged[:, :, :120].sum(2), (1 - ragged[:, :, 120:]).sum(2)
    assert (int(out.max()), int(inside.max())) == (7, 7)
