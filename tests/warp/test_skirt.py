import cv2
import numpy as np
import pytest

from tempose.warp.skirt import find_hem

SIZE = (200, 120)
SKIN, CLOTH = (70, 15, 18), (40, 10, -40)
TRUNK = 50.0


def legs(apart=18):
    """A mask, colors in Lab and key points of bare legs under a trunk; feet `apart` from the middle."""
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[[1, 8, 9, 10, 11, 12, 13]] = [
        (60, 20, 1), (50, 70, 1), (60 - apart * 0.7, 120, 1), (60 - apart, 170, 1),
        (70, 70, 1), (60 + apart * 0.7, 120, 1), (60 + apart, 170, 1),
    ]  # fmt: skip
    mask = np.zeros(SIZE, np.uint8)
    mask[20:78, 40:80] = 1
    for one, other in ((8, 9), (9, 10), (11, 12), (12, 13)):
        cv2.line(mask, *(tuple(int(v) for v in keypoints[i, :2]) for i in (one, other)), 1, 14)
    lab = np.full((*SIZE, 3), SKIN, np.float32)
    lab[:78] = CLOTH
    return mask > 0, lab, keypoints


def skirt(bottom):
    mask, lab, keypoints = legs()
    cloth = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(cloth, [np.array([(42, 66), (78, 66), (86, bottom), (34, bottom)])], 1)
    lab[cloth > 0] = CLOTH
    return mask | (cloth > 0), lab, keypoints


@pytest.mark.parametrize(("bottom", "height"), [(112, 0.84), (140, 1.4)])
def test_a_skirt_ends_at_its_hem(bottom, height):
    mask, lab, keypoints = skirt(bottom)
    assert find_hem(lab, mask, keypoints, TRUNK) == pytest.approx(height, abs=0.17)


def test_a_gown_has_its_hem_at_the_feet():
    mask, lab, keypoints = skirt(185)
    assert find_hem(lab, mask, keypoints, TRUNK) == 2


def test_trousers_have_none():
    mask, lab, keypoints = legs()
    lab[:] = CLOTH
    assert find_hem(lab, mask, keypoints, TRUNK) == 0


def test_shorts_have_none():
    mask, lab, keypoints = legs(apart=30)
    lab[:105] = CLOTH
    assert find_hem(lab, mask, keypoints, TRUNK) == 0


@pytest.mark.parametrize("lost", [[9, 12], [8], [11]])
def test_without_a_thigh_there_is_none(lost):
    mask, lab, keypoints = skirt(140)
    keypoints[lost, 2] = 0
    assert find_hem(lab, mask, keypoints, TRUNK) == 0


@pytest.mark.parametrize("lost", [9, 12])
def test_a_knee_that_the_cloth_hides_is_where_the_other_thigh_points(lost):
    mask, lab, keypoints = skirt(140)
    seen = find_hem(lab, mask, keypoints, TRUNK)
    keypoints[lost, 2] = 0
    assert find_hem(lab, mask, keypoints, TRUNK) == pytest.approx(seen, abs=0.17)


def test_a_gown_may_hide_the_feet():
    mask, lab, keypoints = skirt(195)
    keypoints[[10, 13], 2] = 0
    assert find_hem(lab, mask, keypoints, TRUNK) == 2
    keypoints[:, 1] += 40  # the picture ends at the knees: what is below them nobody knows
    assert find_hem(np.roll(lab, 40, 0), np.roll(mask, 40, 0), keypoints, TRUNK) == 0


def test_a_tunic_ends_where_trousers_of_another_color_begin_though_the_legs_hardly_part():
    mask, lab, keypoints = skirt(140)
    below = np.zeros(SIZE, np.uint8)
    below[140:175, 49:58] = 1  # half of what is between the legs
    assert find_hem(lab, mask | (below > 0), keypoints, TRUNK) == pytest.approx(1.4, abs=0.17)


def test_sitting_people_have_none():
    mask, lab, keypoints = skirt(140)
    keypoints[[9, 12], :2] = keypoints[[8, 11], :2] + (30, 8)
    assert find_hem(lab, mask, keypoints, TRUNK) == 0


@pytest.mark.parametrize(("aside", "height"), [(42, 1.55), (22, 0)])
def test_of_a_wide_skirt_alone_a_bag_may_hide_some(aside, height):
    """A bag before it, cut out of the mask, parts the legs of a narrow one above its hem."""
    mask, lab, keypoints = legs()
    cloth = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(cloth, [np.array([(40, 66), (80, 66), (60 + aside, 150), (60 - aside, 150)])], 1)
    lab[cloth > 0] = CLOTH
    shown = mask | (cloth > 0)
    shown[118:134, 55:60] = False
    assert find_hem(lab, shown, keypoints, TRUNK) == pytest.approx(height, abs=0.17)
