"""From what an estimator saw to a motion: errors out, gaps filled, smoothed, cuts respected.

Everything here works on key points alone, frame by frame `f 18 3` or, with depth, `f 18 4`, and changes
nothing in place.
A shot is a stretch of frames without a cut; nothing reaches from one shot into another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from tempose.pose.keypoints import HAND_POINTS, KEYPOINTS, MIN_CONFIDENCE, WRISTS, Motion
from tempose.pose.outliers import drop_outliers, typical_height
from tempose.pose.swaps import unswap

# A cut: the mean change of a thumbnail (of 255) from frame to frame, and how many times the change
# of the frames around it.
CUT_CHANGE, CUT_CONTRAST = 16.0, 3.0

# A jump of the whole skeleton: the median shift of its joints, in heights of the person.
JUMP = 0.35


# Seconds: longer gaps stay open; the window of the smoothing filter, for the body and for hands and face, whose
# eyelids close and open within a quarter of a second.
MAX_GAP, SMOOTHING, QUICK = 0.3, 0.25, 0.12


def clean(motion: Motion, *, cuts: Sequence[int] = ()) -> Motion:
    """Doubtful joints dropped, exchanges of left and right undone, outliers removed, short gaps filled,
    the rest smoothed without lag.

    Args:
        motion: as an estimator saw it.
        cuts: frames that begin a new shot; jumps of the whole skeleton are added to them.
    """
    body = len(KEYPOINTS)
    points = drop_outside(drop_doubtful(motion.points), motion.size)
    keypoints = by_shot(lambda shot: unswap(shot, motion.fps), points[:, :body], cuts)
    details = points[:, body:]
    if motion.hands is not None:
        wrists = list(WRISTS)
        exchanged = (keypoints[:, wrists, :3] != points[:, wrists, :3]).any((1, 2))
        details = details.copy()
        details[exchanged, : 2 * HAND_POINTS] = np.roll(details[exchanged, : 2 * HAND_POINTS], HAND_POINTS, axis=1)
    keypoints = by_shot(drop_outliers, keypoints, cuts)
    cuts = sorted({*cuts, *skeleton_jumps(keypoints)})
    points = np.concatenate([keypoints, details], axis=1)
    points = by_shot(lambda shot: fill_gaps(shot, int(MAX_GAP * motion.fps)), points, cuts)
    keypoints = by_shot(lambda shot: smooth(shot, round(SMOOTHING * motion.fps / 2)), points[:, :body], cuts)
    details = by_shot(lambda shot: smooth(shot, round(QUICK * motion.fps / 2)), points[:, body:], cuts)
    return motion.with_points(np.concatenate([keypoints, details], axis=1))


# Shots --------------------------------------------------------------------------------------------


def shots(frames: int, cuts: Sequence[int]) -> list[slice]:
    """The stretches between cuts; a cut is the number of the first frame of a new shot."""
    edges = sorted({0, frames, *(cut for cut in cuts if 0 < cut < frames)})
    return [slice(begin, end) for begin, end in pairwise(edges)]


def by_shot(change: Callable[[np.ndarray], np.ndarray], keypoints: np.ndarray, cuts: Sequence[int]) -> np.ndarray:
    """`change` applied to every shot by itself."""
    return np.concatenate([change(keypoints[shot]) for shot in shots(len(keypoints), cuts)])


def picture_cuts(thumbnails: np.ndarray) -> list[int]:
    """The frames at which the picture changes at once, from thumbnails `f …` in 0 … 255.

    A cut is a mean change that is large by itself and against the frames before and after, so that
    neither a camera in motion nor a flash counts.
    """
    if len(thumbnails) < 2:
        return []
    values = thumbnails.astype(np.float32).reshape(len(thumbnails), -1)
    change = np.abs(np.diff(values, axis=0)).mean(axis=1)
    padded = np.pad(change, 2)
    around = np.max([padded[:-4], padded[1:-3], padded[3:-1], padded[4:]], axis=0)
    return (np.flatnonzero((change > CUT_CHANGE) & (change > CUT_CONTRAST * around)) + 1).tolist()


def skeleton_jumps(keypoints: np.ndarray) -> list[int]:
    """The frames at which the whole skeleton stands elsewhere than in the frame before."""
    both = (keypoints[1:, :, 2] > 0) & (keypoints[:-1, :, 2] > 0)
    shift = np.linalg.norm(np.diff(keypoints[..., :2], axis=0), axis=-1)
    median = np.ma.median(np.ma.array(shift, mask=~both), axis=1).filled(0)
    return (np.flatnonzero(median > JUMP * typical_height(keypoints)) + 1).tolist()


# Joints -------------------------------------------------------------------------------------------


def drop_doubtful(keypoints: np.ndarray) -> np.ndarray:
    """Joints below the confidence count as missing."""
    return _kept(keypoints, keypoints[..., 2] >= MIN_CONFIDENCE)


def drop_outside(keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Joints outside the picture of (height, width) count as missing."""
    x, y = keypoints[..., 0], keypoints[..., 1]
    return _kept(keypoints, (x >= 0) & (x <= size[1]) & (y >= 0) & (y <= size[0]))


def fill_gaps(keypoints: np.ndarray, max_frames: int) -> np.ndarray:
    """Gaps of at most `max_frames` frames between two sights of a joint filled on a straight line.

    A filled joint has the lower confidence of the two.
    """
    filled = keypoints.copy()
    for present, joints in _alike(keypoints[..., 2] > 0):
        for before, after in pairwise(np.flatnonzero(present)):
            if 1 < after - before <= max_frames + 1:
                share = (np.arange(before + 1, after) - before)[:, None, None] / (after - before)
                start, end = keypoints[before, joints], keypoints[after, joints]
                filled[before + 1 : after, joints] = (1 - share) * start + share * end
                filled[before + 1 : after, joints, 2] = np.minimum(start[:, 2], end[:, 2])
    return filled


def smooth(keypoints: np.ndarray, reach: int) -> np.ndarray:
    """Every coordinate, and depth, replaced by the parabola fitted to the ±`reach` frames around it.

    The filter of Savitzky and Golay (1964), of order 2: symmetric, hence without lag; straight and
    parabolic motion passes unchanged. At the ends of a stretch of sights the window is what there is.
    """
    smoothed = keypoints.copy()
    coordinates = [axis for axis in range(keypoints.shape[2]) if axis != 2]  # all but the confidence
    for present, joints in _alike(keypoints[..., 2] > 0):
        values = keypoints[:, joints][..., coordinates]
        for begin, end in _runs(present):
            for frame in range(begin, end):
                left, right = min(reach, frame - begin), min(reach, end - 1 - frame)
                window = values[frame - left : frame + right + 1]
                found = np.einsum("f,fjc->jc", parabola_weights(left, right), window)
                smoothed[frame, joints[:, None], coordinates] = found
    return smoothed


@lru_cache(maxsize=1024)
def parabola_weights(left: int, right: int) -> np.ndarray:
    """The weights of samples −left … right in the value at 0 of the parabola fitted to them."""
    offsets = np.arange(-left, right + 1, dtype=float)
    order = min(2, left + right)
    return np.linalg.pinv(np.vander(offsets, order + 1, increasing=True))[0]


def _kept(keypoints: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Key points with all but the kept ones missing."""
    return np.where(keep[..., None], keypoints, np.zeros((), keypoints.dtype))


def _alike(present: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """From `f j`: every row `f` that occurs among the joints, with the joints of which it is."""
    rows, kinds = np.unique(present, axis=1, return_inverse=True)
    for kind, row in enumerate(rows.T):
        yield row, np.flatnonzero(kinds.reshape(-1) == kind)


def _runs(present: np.ndarray) -> Iterator[tuple[int, int]]:
    """(begin, end) of every run of True, end excluded."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], present.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
