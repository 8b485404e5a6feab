import numpy as np
import pytest

from tempose.media.montage import GAP, WHITE, beside, contact_sheet


def test_pictures_beside_one_another_are_as_high_as_the_last():
    row = beside([np.zeros((20, 10, 3), np.uint8), np.full((40, 30, 3), 9, np.uint8)])
    assert row.shape == (40, 20 + 30, 3)
    assert (row[:, 20:] == 9).all()


@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 1, 1), (3, 1, 3), (7, 2, 4)])
def test_a_sheet_holds_all_pictures_in_order(count, rows, columns):
    sheet = contact_sheet([np.full((8, 6, 3), shade, np.uint8) for shade in range(count)], columns=4)
    assert sheet.shape == (rows * (8 + GAP) - GAP, columns * (6 + GAP) - GAP, 3)
    for index in range(count):
        top, left = index // 4 * (8 + GAP), index % 4 * (6 + GAP)
        assert (sheet[top : top + 8, left : left + 6] == index).all()
    if count == 7:
        assert (sheet[-1, -1] == WHITE).all()


def test_a_sheet_is_no_wider_than_asked():
    assert contact_sheet([np.zeros((100, 100, 3), np.uint8)] * 6, width=300).shape[1] <= 300 + 6 * GAP
