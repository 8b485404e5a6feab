import cv2
import numpy as np
import pytest

from tempose.warp.completion import complete, joint_caps, layer_order
from tempose.warp.flesh import HEAD, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK

SIZE = (160, 100)


def standing():
    """Labels of a trunk, two legs and one arm across the trunk, and key points."""
    keypoints = np.zeros((18, 3), np.float32)
    points = {1: (50, 30), 2: (36, 32), 3: (30, 52), 4: (56, 58), 5: (64, 32), 8: (42, 80), 11: (58, 80)}
    points |= {9: (40, 112), 10: (40, 145), 12: (60, 112), 13: (60, 145)}
    for index, (x, y) in points.items():
        keypoints[index] = x, y, 1
    labels = np.full(SIZE, -1, np.int8)
    labels[28:82, 36:65] = TRUNK
    labels[82:150, 34:47] = RIGHT_LEG
    labels[82:150, 53:67] = LEFT_LEG
    arm = cv2.line(np.zeros(SIZE, np.uint8), points[2], points[3], 1, 7)
    cv2.line(arm, points[3], points[4], 1, 7)
    labels[arm > 0] = RIGHT_ARM
    return labels, keypoints


def test_the_trunk_goes_on_under_the_arm_and_not_beside_it():
    labels, keypoints = standing()
    order = layer_order(labels, keypoints)
    assert order.index(TRUNK) < order.index(RIGHT_ARM)
    hidden = complete(labels, keypoints, order, 0.0)
    under = (labels == RIGHT_ARM) & (np.arange(SIZE[1]) >= 38)
    under[:34] = False
    assert hidden[TRUNK][under].mean() > 0.95
    outside = (labels == RIGHT_ARM) & (np.arange(SIZE[1]) < 31)
    assert hidden[TRUNK][outside].mean() < 0.1
    for layer in range(len(hidden)):
        assert not (hidden[layer] & (labels == layer)).any()
        assert not hidden[layer][labels < 0].any()


def test_between_known_places_its_own_side_says_how_wide_a_trunk_is():
    """Somebody stands with the weight on one leg: that side of the trunk is wider than the other."""
    labels, keypoints = standing()
    labels[labels == RIGHT_ARM] = TRUNK
    labels[28:82, 36:75] = TRUNK
    labels[48:60, 60:90] = RIGHT_ARM
    hidden = complete(labels, keypoints, layer_order(labels, keypoints), 0.0)[TRUNK]
    assert hidden[50:58, 61:73].mean() > 0.95
    assert hidden[50:58, 79:].mean() < 0.05


def test_the_leg_that_is_hidden_lies_behind():
    labels, keypoints = standing()
    keypoints[[12, 13], :2] = keypoints[[9, 10], :2] + (2, 0)
    labels[labels == LEFT_LEG] = -1
    labels[82:90, 53:60] = LEFT_LEG
    order = layer_order(labels, keypoints)
    assert order.index(LEFT_LEG) < order.index(RIGHT_LEG)
    assert (complete(labels, keypoints, order, 0.0)[LEFT_LEG] & (labels == RIGHT_LEG)).any()


def test_legs_go_on_under_a_skirt():
    labels, keypoints = standing()
    labels[82:110, 32:69] = TRUNK
    hidden = complete(labels, keypoints, layer_order(labels, keypoints), 0.9)
    thigh = np.zeros(SIZE, np.uint8)
    cv2.line(thigh, (42, 84), (40, 108), 1, 5)
    assert hidden[RIGHT_LEG][thigh > 0].mean() > 0.9
    caps, _ = joint_caps(labels, keypoints, 0.9)
    assert not caps[RIGHT_LEG].any()


def test_joints_belong_to_both_sides():
    labels, keypoints = standing()
    caps, anyhow = joint_caps(labels, keypoints, 0.0)
    assert caps[RIGHT_ARM][labels == TRUNK].any()
    assert caps[TRUNK][labels == RIGHT_ARM].any()
    assert (caps[TRUNK] & (labels == RIGHT_ARM) & ~anyhow).any()  # of a sleeve more than of a bare arm
    assert (caps[TRUNK] & (labels == RIGHT_ARM) & anyhow).any()
    assert not caps[:, labels < 0].any()
    away = np.hypot(*(np.argwhere(caps[RIGHT_ARM])[:, ::-1] - keypoints[2, :2]).T)
    assert away.max() < 0.2 * 50


@pytest.mark.parametrize("straddled", [False, True])
def test_about_a_joint_the_trunk_keeps_no_more_of_a_limb_than_lies_within_the_person(straddled):
    """However the limb turns, what stays of it does not jut out of them; the less of one that points aside."""
    labels, keypoints = standing()
    if straddled:
        keypoints[[9, 12], :2] = (12, 95), (88, 95)
    labels[80:84, :44] = -1  # the right hip, found near the outline
    labels[60:, :37] = -1
    caps, _ = joint_caps(labels, keypoints, 0.0)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    for layer, joint in ((RIGHT_LEG, 8), (LEFT_LEG, 11)):
        column, row = keypoints[joint, :2].astype(int)
        away = np.hypot(x - column, y - row)
        reach = max(away[labels < 0].min(), 0.5 * 0.17 * 50) * (0.6 if straddled else 1)
        assert caps[layer].any()
        assert away[caps[TRUNK] & (labels == layer)].max(initial=0) <= reach + 1.5
    assert (caps[TRUNK] & (labels == LEFT_LEG)).any()


@pytest.mark.parametrize("crossed", [True, False])
def test_neck_and_shoulders_go_on_beneath_an_arm_before_the_throat(crossed):
    labels, keypoints = standing()
    for index, (x, y) in {0: (50, 12), 14: (47, 10), 15: (53, 10), 16: (44, 11), 17: (56, 11)}.items():
        keypoints[index] = x, y, 1
    labels[4:22, 42:58] = HEAD
    arm = np.s_[22:36, 30:70] if crossed else np.s_[22:27, 60:70]
    labels[arm] = RIGHT_ARM
    hidden = complete(labels, keypoints, layer_order(labels, keypoints), 0.0)
    assert hidden[TRUNK][22:36, 47:53].all() == crossed
    assert (hidden[TRUNK][arm] & (labels[arm] == RIGHT_ARM)).any() == crossed
