"""The person whom somebody tapped, also where an estimator sees one person alone."""

from __future__ import annotations

import numpy as np

from tempose.core.errors import PoseError
from tempose.pose.estimators import Detection, Estimator
from tempose.pose.keypoints import MIN_CONFIDENCE

# Heights of the windows about a point in which a person is looked for, as shares of the picture's; a window is as wide
# as a person with arms at their sides needs.
WINDOWS, WIDTH = (1.0, 0.75, 0.55, 0.4), 0.5


class Pointed:
    """An estimator that finds the person at a point: in the whole picture, else in ever closer windows about it.

    Args:
        estimator: what looks at each of them.
        point: (x, y) in pixels of the picture.
    """

    def __init__(self, estimator: Estimator, point: tuple[float, float]) -> None:
        self._estimator, self._point = estimator, point

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        """The person at the point.

        Raises:
            PoseError: nobody is found there.
        """
        found = [each for each in self._estimator(frame) if self._is_at(each)]
        if found:
            return found
        for share in WINDOWS:
            rows, columns = self._window(frame.shape, share)
            seen = self._estimator(np.ascontiguousarray(frame[rows, columns]))
            found = [each for each in (placed(one, rows, columns, frame.shape) for one in seen) if self._is_at(each)]
            if found:
                return found
        raise PoseError(
            "nobody was found where you tapped", remedy="tap the middle of a person, or crop the photo around them"
        )

    def _window(self, shape: tuple[int, ...], share: float) -> tuple[slice, slice]:
        """Rows and columns of a window about the point, as far as it lies in the picture."""
        high = share * shape[0]
        spans = ((self._point[1], high, shape[0]), (self._point[0], WIDTH * high, shape[1]))
        rows, columns = (
            slice(max(0, round(at - side / 2)), min(most, round(at + side / 2) + 1)) for at, side, most in spans
        )
        return rows, columns

    def _is_at(self, person: Detection) -> bool:
        """Whether the point lies within the box of the joints that are seen."""
        seen = person.keypoints[person.keypoints[:, 2] >= MIN_CONFIDENCE, :2]
        return len(seen) > 0 and bool(
            (seen.min(axis=0) <= self._point).all() and (seen.max(axis=0) >= self._point).all()
        )


def placed(person: Detection, rows: slice, columns: slice, shape: tuple[int, ...]) -> Detection:
    """A person found in a window, where they are in the whole picture of that shape."""

    def moved(points: np.ndarray | None) -> np.ndarray | None:
        if points is None:
            return None
        points = points.copy()
        points[..., :2] += np.where(points[..., 2:3] > 0, np.array([columns.start, rows.start], points.dtype), 0)
        return points

    mask = None
    if person.mask is not None:
        mask = np.zeros(shape[:2], bool)
        mask[rows, columns] = person.mask
    keypoints = moved(person.keypoints)
    assert keypoints is not None
    return Detection(keypoints, mask, person.depth, moved(person.hands), moved(person.face))
