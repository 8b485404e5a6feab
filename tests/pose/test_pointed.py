"""The person at a point, by an estimator that sees the largest alone."""

import numpy as np
import pytest

from tempose.core.errors import PoseError
from tempose.pose.estimators import Detection
from tempose.pose.pointed import Pointed

# Two people in a grey picture, a large one on the left and a small one on the right: rows and columns.
LARGE, SMALL = (slice(20, 190), slice(20, 90)), (slice(100, 170), slice(220, 250))


def largest(frame):
    """Sees a white rectangle as a person whose joints lie at its corners; of several, the one that is first."""
    white = frame[..., 0] > 200
    if not white.any():
        return []
    column = np.flatnonzero(white.any(axis=0))[0]
    last = column + np.flatnonzero(np.r_[white.any(axis=0), False][column:] == 0)[0] - 1
    rows = np.flatnonzero(white[:, column])
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[:2] = [(column, rows[0], 1), (last, rows[-1], 1)]
    mask = np.zeros(white.shape, bool)
    mask[:, column : last + 1] = white[:, column : last + 1]
    hands = np.zeros((2, 21, 4), np.float32)
    hands[0, 0] = (column, rows[0], 1, 0)
    return [Detection(keypoints, mask, hands=hands)]


@pytest.fixture
def frame():
    frame = np.full((200, 300, 3), 100, np.uint8)
    frame[LARGE] = frame[SMALL] = 255
    return frame


@pytest.mark.parametrize(("point", "box"), [((50, 100), LARGE), ((235, 135), SMALL)])
def test_the_person_at_the_point_is_found_where_they_are(frame, point, box):
    (found,) = Pointed(largest, point)(frame)
    rows, columns = box
    assert found.keypoints[:2].tolist() == [[columns.start, rows.start, 1], [columns.stop - 1, rows.stop - 1, 1]]
    assert not found.keypoints[2:].any()
    assert found.mask[box].all()
    assert found.mask.sum() == (rows.stop - rows.start) * (columns.stop - columns.start)
    assert found.hands[0, 0].tolist() == [columns.start, rows.start, 1, 0]


def test_nobody_at_the_point_is_one_sentence(frame):
    with pytest.raises(PoseError, match="nobody was found where you tapped"):
        Pointed(largest, (150, 10))(frame)
