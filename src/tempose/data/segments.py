"""Which frames of a video make clips, and which part of the picture: decided on key points alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tempose.pose.keypoints import Motion

# A person is there when so many of the 18 joints are.
MIN_JOINTS = 8
# Space around the person, in heights of the person, on every side.
MARGIN = 0.08
# The first and last of every hundred box edges do not count: an estimator errs now and then.
TRIM = 2.0


def enough_joints(motion: Motion) -> np.ndarray:
    """bool `f`: where enough joints are seen for a person to be there."""
    return (motion.keypoints[..., 2] > 0).sum(axis=1) >= MIN_JOINTS


def segments(present: np.ndarray, cuts: Sequence[int], min_frames: int) -> list[slice]:
    """The longest runs of frames with the person that no cut crosses, of at least `min_frames`.

    Args:
        present: bool `f`. cuts: frames that begin a new shot.
    """
    new_run = np.zeros(len(present) + 1, bool)
    new_run[[cut for cut in cuts if 0 < cut < len(present)]] = True
    runs, begin = [], None
    for frame in range(len(present) + 1):
        ends = frame == len(present) or not present[frame] or new_run[frame]
        if begin is not None and ends:
            runs.append(slice(begin, frame))
            begin = None
        if begin is None and frame < len(present) and present[frame]:
            begin = frame
    return [run for run in runs if run.stop - run.start >= min_frames]


def joint_boxes(keypoints: np.ndarray) -> np.ndarray:
    """`f 4`: left, top, right, bottom of the joints of each frame, in pixels; each frame has one."""
    x, y = (np.where(keypoints[..., 2] > 0, keypoints[..., axis], np.nan) for axis in (0, 1))
    return np.stack([np.nanmin(x, 1), np.nanmin(y, 1), np.nanmax(x, 1), np.nanmax(y, 1)], axis=1)


def person_boxes(keypoints: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """`f 4`: left, top, right, bottom of the joints and the mask of each frame, in pixels."""
    boxes = joint_boxes(keypoints)
    for box, mask in zip(boxes, masks, strict=True):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows):
            box[:2] = np.minimum(box[:2], [columns[0], rows[0]])
            box[2:] = np.maximum(box[2:], [columns[-1] + 1, rows[-1] + 1])
    return boxes


def largest_box(picture: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    """(height, width) of the largest box of the proportions of `size` inside the picture."""
    height = min(picture[0], picture[1] * size[0] / size[1])
    return height, height * size[1] / size[0]


def parts_that_fit(boxes: np.ndarray, largest: tuple[float, float]) -> list[slice]:
    """A stretch divided so that the movement in each part fits into a box that stands still.

    A part goes on until the person has moved over more than the largest box (height, width); a
    person who is larger than that in one frame alone does not end it.

    Args:
        boxes: `f 4` of the person in each frame: left, top, right, bottom.
    """
    limit = np.array(largest[::-1])
    parts, begin = [], 0
    low, high = boxes[0, :2], boxes[0, 2:]
    for frame, box in enumerate(boxes):
        low, high = np.minimum(low, box[:2]), np.maximum(high, box[2:])
        limit_here = np.maximum(limit, (boxes[begin : frame + 1, 2:] - boxes[begin : frame + 1, :2]).max(axis=0))
        if (high - low > limit_here).any():
            parts.append(slice(begin, frame))
            begin, low, high = frame, box[:2], box[2:]
    return [*parts, slice(begin, len(boxes))]


def crop_box(boxes: np.ndarray, picture: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """One box (top, left, height, width) that holds the person through a whole stretch.

    It has the proportions of `size`, stands still, so that the background does too, and lies inside
    the picture: no pixel is made up. Where the person moves over more than fits, it is the largest
    that the picture holds, around the middle of the movement.

    Args:
        boxes: `f 4` of the person in each frame. picture, size: (height, width).
    """
    low = np.percentile(boxes[:, :2], TRIM, axis=0)
    high = np.percentile(boxes[:, 2:], 100 - TRIM, axis=0)
    margin = MARGIN * np.median(boxes[:, 3] - boxes[:, 1])
    wanted_width, wanted_height = high - low + 2 * margin
    height = max(wanted_height, wanted_width * size[0] / size[1])
    height = min(height, largest_box(picture, size)[0])
    width = height * size[1] / size[0]
    x, y = (low + high) / 2
    rows, columns = max(1, round(height)), max(1, round(width))
    top = int(np.clip(round(y - height / 2), 0, picture[0] - rows))
    left = int(np.clip(round(x - width / 2), 0, picture[1] - columns))
    return top, left, rows, columns
