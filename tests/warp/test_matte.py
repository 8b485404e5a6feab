import cv2
import numpy as np
import pytest

from tempose.people.clip import Recipe, draw_clip
from tempose.warp.matte import (
    border_trimap,
    guided_upsample,
    person_box,
    person_colors,
    photo_matte,
    refine_mask,
    solve_alpha,
)


@pytest.fixture(scope="module")
def clip():
    return draw_clip(Recipe(person=3, motion="wave", motion_seed=1, scene=4, frames=1, fps=8, size=(256, 192)))


def coarse(mask):
    """As an estimator gives it: off by some pixels, without the finest parts."""
    small = cv2.resize(mask.astype(np.float32), None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, mask.shape[::-1], interpolation=cv2.INTER_CUBIC) > 0.5


def iou(one, other):
    return (one & other).sum() / (one | other).sum()


def test_a_coarse_mask_becomes_a_fine_one(clip):
    picture, truth, keypoints = clip.frames[0], clip.masks[0], clip.motion.keypoints[0]
    before = coarse(truth)
    alpha = photo_matte(picture, before, keypoints)
    assert alpha.dtype == np.float32
    assert alpha.min() >= 0
    assert alpha.max() <= 1
    assert iou(alpha > 0.5, truth) > 0.95
    assert 1 - iou(alpha > 0.5, truth) < 0.6 * (1 - iou(before, truth))
    assert np.array_equal(alpha, photo_matte(picture, before, keypoints))


def test_alpha_of_mixed_pixels():
    """Two colors mixed along a soft edge: closed-form matting finds the shares."""
    share = np.clip((np.arange(40) - 15) / 10, 0, 1).astype(np.float32)
    truth = np.broadcast_to(share, (30, 40))
    person, wall = np.array([200, 40, 30]), np.array([30, 60, 180])
    picture = np.round(truth[..., None] * person + (1 - truth[..., None]) * wall).astype(np.uint8)
    trimap = np.where(np.arange(40) < 12, 0, np.where(np.arange(40) > 28, 1, 0.25)).astype(np.float32)
    alpha = solve_alpha(picture, np.broadcast_to(trimap, (30, 40)).copy())
    assert abs(alpha - truth).max() < 0.03


def test_the_persons_colors_lose_the_wall():
    truth = np.broadcast_to(np.clip((np.arange(200) - 95) / 10, 0, 1).astype(np.float32), (200, 200))
    person, wall = np.array([200, 40, 30]), np.array([30, 60, 180])
    picture = np.round(truth[..., None] * person + (1 - truth[..., None]) * wall).astype(np.uint8)
    colors = person_colors(picture, truth.copy())
    mixed = truth > 0.1
    assert abs(colors[mixed].astype(int) - person).mean() < 0.3 * abs(picture[mixed].astype(int) - person).mean()


def test_white_clothes_before_a_white_wall_stay_whole():
    rng = np.random.default_rng(0)
    picture = (244 + rng.integers(0, 4, (120, 80, 3))).astype(np.uint8)
    mask = np.zeros((120, 80), bool)
    mask[20:110, 25:55] = True
    picture[mask] = 250
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[[1, 8, 11]] = [(40, 30, 1), (35, 70, 1), (45, 70, 1)]
    assert iou(refine_mask(picture, mask, keypoints), mask) > 0.98


@pytest.mark.parametrize("skin", [(225, 185, 165), (120, 80, 60)])
def test_the_gap_between_arm_and_trunk_is_background(skin):
    """The estimator's mask is closed there; skin is not so far from the wall."""
    rng = np.random.default_rng(0)
    picture = (np.array([196, 196, 204]) + rng.integers(-2, 3, (240, 160, 1))).astype(np.uint8)
    points = {1: (80, 40), 2: (60, 44), 3: (40, 84), 4: (38, 120), 5: (100, 44), 8: (68, 120), 11: (92, 120)}
    keypoints = np.zeros((18, 3), np.float32)
    for index, (x, y) in points.items():
        keypoints[index] = x, y, 1
    arm, trunk = np.zeros((240, 160), np.uint8), np.zeros((240, 160), np.uint8)
    cv2.polylines(arm, [np.array([points[2], points[3], points[4]])], False, 1, 11)
    trunk[36:130, 62:98] = 1
    person, mask = (arm | trunk) > 0, cv2.morphologyEx(arm | trunk, cv2.MORPH_CLOSE, np.ones((41, 41), np.uint8)) > 0
    picture[arm > 0], picture[trunk > 0] = skin, (200, 20, 80)
    gap = np.zeros_like(mask)
    gap[90:115, 48:60] = True
    assert mask[gap].mean() > 0.9
    fine = refine_mask(picture, mask, keypoints)
    assert fine[gap & ~cv2.dilate(person.astype(np.uint8), np.ones((3, 3))).astype(bool)].mean() < 0.05
    assert fine[person].mean() > 0.97


def test_alpha_is_enlarged_along_edges():
    truth = np.zeros((120, 90), np.float32)
    cv2.circle(truth, (45, 60), 30, 1, -1, cv2.LINE_AA)
    picture = np.round(truth[..., None] * [220, 180, 40] + (1 - truth[..., None]) * [20, 50, 90]).astype(np.uint8)
    small = cv2.resize(truth, (30, 40), interpolation=cv2.INTER_AREA)
    plain = cv2.resize(small, (90, 120), interpolation=cv2.INTER_LINEAR)
    guided = guided_upsample(small, cv2.resize(picture, (30, 40), interpolation=cv2.INTER_AREA), picture)
    assert abs(guided - truth).mean() < 0.5 * abs(plain - truth).mean()


@pytest.mark.parametrize("where", [np.s_[:, :], np.s_[2:4, 2:4]])
def test_all_and_almost_nothing(where):
    picture = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
    mask = np.zeros((60, 40), bool)
    mask[where] = True
    alpha = photo_matte(picture, mask, np.zeros((18, 3), np.float32))
    assert np.isfinite(alpha).all()
    assert (alpha > 0.5).any()


@pytest.mark.parametrize(("height", "width"), [(100, 40), (500, 300)])
def test_the_border_that_is_solved_is_as_wide_within_as_beyond(height, width):
    """.6 % of the person's longer side, 1.5 pixels at least; within rather the person, beyond rather not."""
    mask = np.zeros((height + 80, width + 80), bool)
    mask[40:-40, 40:-40] = True
    trimap = border_trimap(mask, np.zeros((18, 3), np.float32))
    soft = int(max(1.5, 0.006 * (height - 1)))
    for line, length in ((trimap[40 + height // 2], width), (trimap[:, 40 + width // 2], height)):
        half = [0.0] * (40 - soft) + [0.25] * soft + [0.75] * soft + [1.0] * (length // 2 - soft)
        assert line.tolist() == half + half[::-1]


@pytest.mark.parametrize("place", [(60, 50), (0, 0), (100, 120)])
def test_the_person_is_looked_at_with_some_of_the_background(place):
    """2 pixels and 8 % of the person's longer side; at the picture's edge it ends."""
    mask = np.zeros((180, 160), bool)
    top, left = place
    mask[top : top + 80, left : left + 40] = True
    margin = 2 + round(0.08 * 79)
    rows, columns = person_box(mask)
    assert (rows.start, rows.stop) == (max(0, top - margin), min(180, top + 80 + margin))
    assert (columns.start, columns.stop) == (max(0, left - margin), min(160, left + 40 + margin))
