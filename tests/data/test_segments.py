import numpy as np

from tempose.data.segments import crop_box, joint_boxes, largest_box, parts_that_fit, person_boxes, segments


def still(frames: int, box: tuple[float, float, float, float]) -> np.ndarray:
    return np.tile(np.array(box, float), (frames, 1))


def test_stretches_end_at_gaps_and_cuts_and_the_short_ones_fall_away() -> None:
    present = np.ones(30, bool)
    present[10:12] = False
    assert segments(present, [20], 5) == [slice(0, 10), slice(12, 20), slice(20, 30)]
    assert segments(present, [20], 9) == [slice(0, 10), slice(20, 30)]
    assert segments(present, [0, 30, 11], 5) == [slice(0, 10), slice(12, 30)]
    assert segments(np.zeros(5, bool), [], 1) == []
    assert segments(np.ones(5, bool), [], 5) == [slice(0, 5)]


def test_boxes_hold_the_joints_and_the_mask() -> None:
    keypoints = np.zeros((1, 18, 3), np.float32)
    keypoints[0, :2] = [(3, 4, 1), (7, 9, 1)]
    assert joint_boxes(keypoints).tolist() == [[3, 4, 7, 9]]
    masks = np.zeros((1, 20, 20), bool)
    assert person_boxes(keypoints, masks).tolist() == [[3, 4, 7, 9]]
    masks[0, 2:5, 6:12] = True
    assert person_boxes(keypoints, masks).tolist() == [[3, 2, 12, 9]]


def test_the_crop_holds_the_person_and_has_the_proportions() -> None:
    top, left, height, width = crop_box(still(20, (300, 100, 400, 400)), (720, 1280), (256, 176))
    assert top <= 100
    assert left <= 300
    assert top + height >= 400
    assert left + width >= 400
    assert abs(width / height - 176 / 256) < 0.01
    assert height < 1.3 * 300


def test_the_crop_stays_inside_the_picture() -> None:
    for box in ((-5, -5, 60, 100), (900, 100, 1280, 720), (0, 0, 1280, 720), (600, 700, 640, 720)):
        for picture, size in (((720, 1280), (256, 176)), ((1920, 1080), (128, 96)), ((97, 61), (256, 256))):
            top, left, height, width = crop_box(still(3, box), picture, size)
            assert top >= 0
            assert left >= 0
            assert top + height <= picture[0]
            assert left + width <= picture[1]


def test_one_wrong_frame_does_not_widen_the_crop() -> None:
    boxes = still(200, (300, 100, 400, 400))
    before = crop_box(boxes, (720, 1280), (256, 176))
    boxes[50] = (0, 0, 1280, 720)
    assert crop_box(boxes, (720, 1280), (256, 176)) == before


def test_movement_is_divided_where_it_fills_the_largest_box() -> None:
    largest = largest_box((100, 400), (2, 1))
    assert largest == (100, 50)
    x = np.arange(120, dtype=float)[:, None]
    walking = np.hstack([x, 0 * x + 10, x + 20, 0 * x + 90])
    parts = parts_that_fit(walking, largest)
    assert [part.start for part in parts] == [0, 31, 62, 93]
    assert parts[-1].stop == 120
    for part in parts:
        assert np.ptp(walking[part][:, [0, 2]]) <= 50


def test_a_person_wider_than_the_box_does_not_end_a_part() -> None:
    boxes = still(30, (10, 10, 90, 90))
    assert parts_that_fit(boxes, (100, 50)) == [slice(0, 30)]
