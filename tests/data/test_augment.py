from dataclasses import replace

import numpy as np
import pytest
from data.blocks import SIZE, block_clip

from tempose.core.errors import InputError
from tempose.data.augment import Augmentation, Views, color_matrix, cropped, flipped, recolored, resized
from tempose.pose.keypoints import KEYPOINTS


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


@pytest.mark.parametrize("values", [{"crop": 1.0}, {"flip": -0.1}, {"color": 2.0}])
def test_impossible_strengths_are_refused(values: dict) -> None:
    with pytest.raises(InputError, match="out of range"):
        Augmentation(**values)
