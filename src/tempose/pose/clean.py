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

from tempose.pose.keypoints import HAND_POINTS, KEYPOINTS, MIN_CONFIDENCE, MIRROR, WRISTS, Motion

# A cut: the mean change of a thumbnail (of 255) from frame to frame, and how many times the change
# of the frames around it.
CUT_CHANGE, CUT_CONTRAST = 16.0, 3.0

# A jump of the whole skeleton: the median shift of its joints, in heights of the person.
JUMP = 0.35

# Confidence from which on a joint is hidden, but guessed.
GUESSED = 0.1

# Seconds: longer gaps stay open; the window of the smoothing filter, for the body and for hands and face, whose
# eyelids close and open within a quarter of a second.
MAX_GAP, SMOOTHING, QUICK = 0.3, 0.25, 0.12

# Arms, legs and head are exchanged each by themselves.
GROUPS = tuple(
    tuple(index for index, name in enumerate(KEYPOINTS) if name.endswith(parts))
    for parts in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"), ("eye", "ear"))
)

# Exchanges of up to about this many seconds are undone: so long the cost of disagreeing stays below
# the two jumps that it saves.
LONGEST = 0.6

# The window is at most this many frames to each side, and this many seconds: in longer ones people move; the limit this
# many standard deviations, and at least this part of the person's height, so that a quiet joint may begin to move.
REACH, SECONDS, SIGMAS, HEIGHTS = 3, 0.12, 3.0, 0.08


def clean(motion: Motion, *, cuts: Sequence[int] = ()) -> Motion:
    """Doubtful joints dropped, exchanges of left and right undone, outliers removed, short gaps filled,
    the rest smoothed without lag.

    Args:
        motion: as an estimator saw it.
        cuts: frames that begin a new shot; jumps of the whole skeleton are added to them.
    """
    body = len(KEYPOINTS)
    points = with_hidden(motion.points)
    inside = (points[..., :2] >= 0).all(-1) & (points[..., :2] <= motion.size[::-1]).all(-1)
    points = np.where((inside & (points[..., 2] >= MIN_CONFIDENCE))[..., None], points, np.float32(0))
    keypoints = by_shot(lambda shot: unswap(shot, motion.fps), points[:, :body], cuts)
    details = points[:, body:]
    if motion.hands is not None:
        wrists = list(WRISTS)
        exchanged = (keypoints[:, wrists, :3] != points[:, wrists, :3]).any((1, 2))
        details = details.copy()
        details[exchanged, : 2 * HAND_POINTS] = np.roll(details[exchanged, : 2 * HAND_POINTS], HAND_POINTS, axis=1)
    keypoints = by_shot(lambda shot: drop_outliers(shot, motion.fps), keypoints, cuts)
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


# Errors -------------------------------------------------------------------------------------------


def with_hidden(points: np.ndarray) -> np.ndarray:
    """Joints that an estimator does not see but guesses are known just enough: behind a trunk it guesses better than
    anything that knows the joints around alone."""
    hidden = (points[..., 2] >= GUESSED) & (points[..., 2] < MIN_CONFIDENCE)
    hidden[:, len(KEYPOINTS) :] = False  # nobody misses a finger
    sure = points.copy()
    sure[hidden, 2] = MIN_CONFIDENCE
    return sure


def unswap(keypoints: np.ndarray, fps: float) -> np.ndarray:
    """Key points `f 18 3` of one shot with short exchanges of left and right undone.

    Estimators that look at one frame at a time take the left arm for the right one in some frames. Which frames is
    found as the cheapest path (Viterbi) through the two labellings: a change of labelling that does not fit the motion
    costs the jump that the limbs make, and disagreeing with the estimator costs a little in every frame.
    """
    result = keypoints.copy()
    least = HEIGHTS * typical_height(keypoints)
    for group in GROUPS:
        exchanged = [MIRROR[joint] for joint in group]
        labellings = np.stack([points_of(keypoints[:, group]), points_of(keypoints[:, exchanged])])
        swapped = _cheapest_path(labellings, fps=fps, least=least)[:, None, None]
        result[:, group] = np.where(swapped, keypoints[:, exchanged], keypoints[:, group])
    return result


def _cheapest_path(labellings: np.ndarray, *, fps: float, least: float) -> np.ndarray:
    """Which frames to exchange, bool `f`, from both labellings `2 f joints 2` (NaN: missing)."""
    apart = np.linalg.norm(labellings[0] - labellings[1], axis=-1, keepdims=True)
    labellings = np.where(outliers(apart, least=least)[..., None], np.nan, labellings)
    disagree = 2 * float(np.nan_to_num(np.nanmedian(apart))) / (LONGEST * fps) if np.isfinite(apart).any() else 0.0

    cost = np.array([0.0, disagree])
    origins = []
    last = labellings[:, 0]
    for seen in np.moveaxis(labellings[:, 1:], 1, 0):
        seen = np.where(np.isnan(seen), last, seen)  # a missing joint is where it was seen last
        jump = np.nan_to_num(np.linalg.norm(seen[None] - last[:, None], axis=-1)).mean(axis=-1)  # from, to
        through = cost[:, None] + jump + [0.0, disagree]
        origins.append(through.argmin(axis=0))
        cost = through.min(axis=0)
        last = seen
    state = int(cost.argmin())
    path = [state]
    for origin in reversed(origins):
        state = int(origin[state])
        path.append(state)
    return np.array(path[::-1], dtype=bool)


def outliers(values: np.ndarray, *, least: float, reach: int = REACH) -> np.ndarray:
    """Which of the values `f n d` (NaN: missing) lie off by more than `least`, bool `f n`: Hampel's rule.

    Pearson, Neuvo, Astola and Gabbouj, "Generalized Hampel Filters", 2016: an outlier is farther from the median of the
    frames around it, `reach` to each side, than 3 standard deviations, as their median absolute deviation gives them.
    """
    padded = np.pad(values, ((reach, reach), (0, 0), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)  # f n d window
    distance = np.linalg.norm(windows - _nanmedian(windows)[..., None], axis=2)  # f n window
    limit = np.maximum(SIGMAS * 1.4826 * _nanmedian(distance), least)
    return np.nan_to_num(distance[..., reach]) > np.nan_to_num(limit)


def drop_outliers(keypoints: np.ndarray, fps: float) -> np.ndarray:
    """Key points `f 18 3` of one shot with outliers missing; with few frames a second all are kept."""
    reach = min(REACH, round(SECONDS * fps))
    if reach == 0:
        return keypoints
    off = outliers(points_of(keypoints), least=HEIGHTS * typical_height(keypoints), reach=reach)
    return np.where(off[..., None], np.zeros((), keypoints.dtype), keypoints)


def points_of(keypoints: np.ndarray) -> np.ndarray:
    """The coordinates `… 2` of key points `… 3` (or more), NaN where a joint is missing."""
    return np.where(keypoints[..., 2:3] > 0, keypoints[..., :2], np.nan)


def typical_height(keypoints: np.ndarray) -> float:
    """The median over the frames of the longer side of the box around the joints; 0 without any."""
    seen = [frame[frame[:, 2] > 0, :2] for frame in keypoints]
    sides = [np.ptp(points, axis=0).max() for points in seen if len(points)]
    return float(np.median(sides)) if sides else 0.0


def _nanmedian(values: np.ndarray) -> np.ndarray:
    """The median over the last axis, NaN left out; NaN where there is nothing else."""
    return np.ma.median(np.ma.masked_invalid(values), axis=-1).filled(np.nan)


# Gaps and tremor ----------------------------------------------------------------------------------


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


def _alike(present: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """From `f j`: every row `f` that occurs among the joints, with the joints of which it is."""
    rows, kinds = np.unique(present, axis=1, return_inverse=True)
    for kind, row in enumerate(rows.T):
        yield row, np.flatnonzero(kinds.reshape(-1) == kind)


def _runs(present: np.ndarray) -> Iterator[tuple[int, int]]:
    """(begin, end) of every run of True, end excluded."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], present.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
