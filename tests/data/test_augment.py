from dataclasses import replace

import numpy as np
import pytest
from data.blocks import SIZE, block_clip

from tempose.data.augment import (
    Augmentation,
    Views,
    color_matrix,
    cropped,
    cropped_motion,
    flipped,
    recolored,
    resized,
    resized_masks,
)
from tempose.pose.keypoints import KEYPOINTS, Motion


@pytest.fixture
def views() -> Views:
    return Views(**block_clip(0, frames=3))


def same(one: Views, other: Views) -> bool:
    return (
        np.array_equal(one.frames, other.frames)
        and np.array_equal(one.masks, other.masks)
        and np.allclose(one.motion.keypoints, other.motion.keypoints, atol=1e-4)
        and one.motion.size == other.motion.size
    )


def test_nothing_asked_nothing_changed(views: Views) -> None:
    assert same(Augmentation().apply(views, np.random.default_rng(0)), views)


def test_flipping_twice_changes_nothing(views: Views) -> None:
    assert same(flipped(flipped(views)), views)


def test_a_flip_exchanges_left_and_right(views: Views) -> None:
    left, right = KEYPOINTS.index("left_wrist"), KEYPOINTS.index("right_wrist")
    x, y = views.motion.keypoints[0, left, :2]
    np.testing.assert_allclose(flipped(views).motion.keypoints[0, right, :2], [SIZE[1] - x, y], atol=1e-4)


def test_key_points_stay_on_what_they_mark(views: Views) -> None:
    """A white pixel under each key point is found again under the moved key point."""
    frames = np.zeros_like(views.frames)
    points = np.floor(views.motion.keypoints[0, :, :2]).astype(int)
    keypoints = views.motion.keypoints[:1].copy()
    keypoints[0, :, :2] = points + 0.5
    frames[0, points[:, 1], points[:, 0]] = 255
    marked = Views(frames[:1], replace(views.motion, keypoints=keypoints), views.masks[:1])
    for moved in (flipped(marked), cropped(marked, (3, 2, 40, 28)), flipped(cropped(marked, (5, 1, 43, 31)))):
        seen = moved.motion.keypoints[0][moved.motion.keypoints[0, :, 2] > 0]
        assert len(seen) > 10
        x, y = np.floor(seen[:, :2]).astype(int).T
        assert (moved.frames[0, y, x] == 255).all()


def test_a_crop_is_the_inside_of_the_box(views: Views) -> None:
    inside = cropped(views, (4, 6, 20, 10))
    np.testing.assert_array_equal(inside.frames, views.frames[:, 4:24, 6:16])
    np.testing.assert_array_equal(inside.masks, views.masks[:, 4:24, 6:16])
    x, y, confidence = np.moveaxis(inside.motion.keypoints, -1, 0)
    assert (confidence == 0).any()
    assert ((x >= 0) & (x <= 10) & (y >= 0) & (y <= 20)).all()


@pytest.mark.parametrize("axis", [0, 1], ids=["x", "y"])
def test_a_joint_on_any_edge_of_the_box_stays_and_one_beyond_is_missing(views: Views, axis: int) -> None:
    """A box of 10 × 20 pixels (width × height) at (6, 4): both its edges belong to it."""
    end = (10, 20)[axis]
    points = np.tile(np.float32([11, 14, 1]), (1, len(KEYPOINTS), 1))
    points[0, :4, axis] = np.array([0, end, -0.01, end + 0.01]) + (6, 4)[axis]
    moved = cropped_motion(replace(views.motion[:1], keypoints=points), (4, 6, 20, 10)).keypoints[0]
    assert moved[:4, 2].tolist() == [1, 1, 0, 0]
    np.testing.assert_allclose(moved[:2, axis], [0, end], atol=1e-5)
    assert (moved[2:4] == 0).all()


def test_crops_reach_every_edge_of_the_picture(views: Views) -> None:
    """Each pixel carries its own row and column, so that a crop tells where it was taken."""
    rows, columns = np.indices(SIZE).astype(np.uint8)
    frames = np.stack([rows, columns, rows], axis=-1)[None]
    marked = Views(frames, views.motion[:1], views.masks[:1])
    crops = [Augmentation(crop=0.2).apply(marked, np.random.default_rng(seed)).frames[0] for seed in range(200)]
    assert min(crop[0, 0, 0] for crop in crops) == min(crop[0, 0, 1] for crop in crops) == 0
    assert max(crop[-1, -1, 0] for crop in crops) == SIZE[0] - 1
    assert max(crop[-1, -1, 1] for crop in crops) == SIZE[1] - 1
    smaller = [crop for crop in crops if crop.shape[1] < SIZE[1]]
    assert max(crop[-1, -1, 1] for crop in smaller) == SIZE[1] - 1
    assert max(crop[-1, -1, 0] for crop in smaller) == SIZE[0] - 1


def test_a_pixel_half_of_which_is_the_person_is_theirs(views: Views) -> None:
    masks = np.zeros((1, 4, 4), bool)
    masks[0, :, 2] = True  # the right half of pixels 2 × 2 is the person on the left, none of it beyond
    masks[0, 2:, :2] = True
    assert resized_masks(masks, (2, 2)).tolist() == [[[False, True], [True, True]]]


def test_resizing_scales_masks_and_key_points_alike(views: Views) -> None:
    larger = resized(views, (96, 64))
    assert larger.frames.shape == (3, 96, 64, 3)
    assert larger.masks.mean() == pytest.approx(views.masks.mean(), rel=0.02)
    back = resized(larger, SIZE)
    np.testing.assert_array_equal(back.masks, views.masks)
    np.testing.assert_allclose(back.motion.keypoints, views.motion.keypoints, atol=1e-4)


def test_colors_change_alike_in_every_picture(views: Views) -> None:
    frames = np.repeat(views.frames[:1], 3, axis=0)
    strong = Augmentation(color=0.5).apply(replace(views, frames=frames), np.random.default_rng(1))
    assert not np.array_equal(strong.frames, frames)
    assert (strong.frames == strong.frames[:1]).all()
    np.testing.assert_array_equal(strong.masks, views.masks)


def test_color_factors_do_what_they_are_named_after(views: Views) -> None:
    same_colors = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.0}

    def seen(**change: float) -> np.ndarray:
        return recolored(views, color_matrix(**same_colors | change)).frames.astype(float)

    np.testing.assert_array_equal(seen(), views.frames)
    np.testing.assert_allclose(seen(brightness=0.5), views.frames * 0.5, atol=0.51)
    np.testing.assert_allclose(seen(contrast=0.0), 127.5, atol=0.51)
    assert np.ptp(seen(saturation=0.0), axis=-1).max() <= 1
    third = np.clip(np.roll(views.frames, 1, axis=-1), 0, 255)
    np.testing.assert_allclose(seen(hue=2 * np.pi / 3), third, atol=0.51)


def test_the_generator_decides_everything(views: Views) -> None:
    every = Augmentation(crop=0.3, flip=0.5, color=0.3)
    one, two, other = (every.apply(views, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert same(one, two)
    assert not same(one, other)


def test_views_of_one_that_knows_hands_and_one_that_does_not_know_none():
    def views(hands):
        points = np.broadcast_to(np.float32((3, 4, 1, 0.5)), (1, 2, 21, 4))
        motion = Motion(np.ones((1, 18, 3)) * (2, 3, 1), (8, 6), 12.0, hands=points if hands else None)
        return Views(np.zeros((1, 8, 6, 3), np.uint8), motion, np.zeros((1, 8, 6), bool))

    both, one = views(True) + views(True), views(True) + views(False)
    assert both.motion.hands.shape == (2, 2, 21, 4)
    assert one.motion.hands is None
    assert len(one.motion) == 2
    cut = cropped(both, (4, 0, 4, 6)).motion
    np.testing.assert_array_equal(cut.hands[..., :3], np.broadcast_to((3, 0, 1), (2, 2, 21, 3)))
    assert (cut.keypoints == 0).all()  # above the box
