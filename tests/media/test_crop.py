"""A part of a picture and its key points agree, inside the picture and beyond it."""

import numpy as np
import pytest

from tempose.media.crop import Crop


def picture(height=40, width=60):
    """Red tells the column, green the row."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([4 * columns, 4 * rows, np.zeros_like(rows)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("size", [(128, 96), (64, 64), (50, 200)])
@pytest.mark.parametrize("box", [(10, 10, 20, 40), (-30, 0, 100, 5), (0.4, 0.6, 0.5, 0.7)])
def test_around_a_box_has_the_proportions_and_holds_the_box(box, size):
    frame = Crop.around(box, size)
    assert frame.width / frame.height == pytest.approx(size[1] / size[0], abs=1.5 / frame.height * size[1] / size[0])
    assert frame.left <= box[0] + 1
    assert frame.top <= box[1] + 1
    assert frame.left + frame.width >= box[2] - 1
    assert frame.top + frame.height >= box[3] - 1


def test_the_whole_picture_is_the_picture():
    given = picture()
    np.testing.assert_array_equal(Crop(0, 0, 60, 40).cut(given, (40, 60)), given)


def test_beyond_the_picture_its_edge_is_repeated_and_masks_are_empty():
    frame = Crop(-10, -5, 80, 50)
    cut = frame.cut(picture(), (50, 80))
    np.testing.assert_array_equal(cut[5:45, 10:70], picture())
    assert (cut[:, :10, 0] == 0).all()
    assert (cut[:, 70:, 0] == 4 * 59).all()
    mask = frame.cut_mask(np.ones((40, 60), bool), (50, 80))
    assert mask[5:45, 10:70].min() == 1
    assert mask.sum() == 40 * 60
    np.testing.assert_array_equal(mask, frame.covered((40, 60), (50, 80)))


def test_key_points_go_where_their_pixels_go():
    frame = Crop(20, 8, 30, 20)
    cut = frame.cut(picture(), (40, 60))
    x, y, confidence = frame.points(np.array([30.5, 18.5, 0.7], np.float32), (40, 60))
    assert confidence == pytest.approx(0.7)
    assert int(cut[int(y), int(x), 0]) == pytest.approx(4 * 30, abs=3)
    assert int(cut[int(y), int(x), 1]) == pytest.approx(4 * 18, abs=3)
