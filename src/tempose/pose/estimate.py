"""From a photo or a video to key points and the person's mask."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from tempose.core.ahead import AT_ONCE, ahead
from tempose.core.errors import InputError, PoseError
from tempose.core.progress import Track, quiet
from tempose.media.images import resize
from tempose.media.video import probe_video, read_frames
from tempose.pose.clean import clean, picture_cuts
from tempose.pose.estimators import Detection, Estimator, load_estimator
from tempose.pose.face_mesh import FACE_POINTS
from tempose.pose.keypoints import HAND_POINTS, HANDS, KEYPOINTS, Motion
from tempose.pose.tracking import Choice, follow

# Cuts are found on pictures of this (height, width).
THUMBNAIL = (24, 24)


@dataclass(frozen=True, eq=False)
class Observation:
    """What was seen of one person in a video, as it was seen.

    Attributes:
        motion: the key points, frame by frame, neither cleaned nor smoothed; a frame without the
            person has confidence 0 throughout.
        packed: the mask of every frame, as `packed_mask` makes it; None where the estimator gives no masks.
        cuts: the frames at which the picture cuts to another shot.
    """

    motion: Motion
    packed: list[bytes] | None
    cuts: list[int]

    @cached_property
    def masks(self) -> np.ndarray | None:
        """bool `f h w`, True on the person; None where the estimator gives no masks."""
        if self.packed is None:
            return None
        return np.stack([self.mask(index) for index in range(len(self.packed))])

    def mask(self, index: int) -> np.ndarray:
        """The mask of one frame, bool `h w`."""
        assert self.packed is not None
        bits = np.frombuffer(zlib.decompress(self.packed[index]), np.uint8)
        height, width = self.motion.size
        return np.unpackbits(bits, count=height * width).reshape(height, width).astype(bool)


def estimate_photo(
    frame: np.ndarray, *, estimator: Estimator | str = "mediapipe", person: Choice = "largest"
) -> tuple[Motion, np.ndarray | None]:
    """The person in a photo, uint8 `h w 3`.

    Returns:
        a motion of one frame (joints outside the picture are missing), and the mask, bool `h w`,
        None where the estimator gives none.

    Raises:
        PoseError: there is nobody, or not the person that was asked for.
    """
    seen = observe([frame], fps=1, estimator=estimator, person=person)
    return seen.motion, None if seen.masks is None else seen.masks[0]


def estimate_video(
    source: Path | str | Iterable[np.ndarray],
    *,
    estimator: Estimator | str = "mediapipe",
    fps: float | None = None,
    person: Choice = "largest",
    track: Track = quiet,
) -> tuple[Motion, np.ndarray | None]:
    """The motion of one person in a video, cleaned and smoothed (`tempose.pose.clean`), and the masks.

    Args:
        source: a video file, or frames, uint8 `h w 3`, of which `fps` must be told.
        estimator: a name, or what `load_estimator` returned.
        fps: the constant rate to sample a file at; None takes the file's own.
        person: "largest", the N-th from the left (from 1), or the nearest to a point (x, y).
        track: shows the progress.

    Returns:
        the motion, and the masks, bool `f h w` (f·h·w bytes), None where the estimator gives none.

    Raises:
        MediaError: the file cannot be read.
        PoseError: there is nobody in any frame, or not the person that was asked for.
    """
    seen = observe(source, estimator=estimator, fps=fps, person=person, track=track)
    return clean(seen.motion, cuts=seen.cuts), seen.masks


def observe(
    source: Path | str | Iterable[np.ndarray],
    *,
    estimator: Estimator | str = "mediapipe",
    fps: float | None = None,
    person: Choice = "largest",
    with_masks: bool = True,
    track: Track = quiet,
) -> Observation:
    """What an estimator sees of one person in a video; arguments and errors as `estimate_video`.

    Memory hardly grows with the length of the video.
    """
    if isinstance(estimator, str):
        estimator = load_estimator(estimator, masks=with_masks)
    frames, fps, total = _frames_of(source, fps)
    seen: list[list[Detection]] = []  # the people of each frame, without their masks
    masks: list[list[bytes]] = []
    thumbnails: list[np.ndarray] = []
    size = None

    def looked_at(frame: np.ndarray) -> tuple[np.ndarray, list[Detection]]:
        return frame, estimator(frame)

    given = zip(track(frames, "key points", total=total))
    # While people are looked for in one frame, the next is decoded.
    for frame, people in ahead(looked_at, given, at_once=AT_ONCE if getattr(estimator, "shared", False) else 1):
        size = size or frame.shape[:2]
        if frame.shape[:2] != size:
            raise InputError(f"frame {len(seen)} is {frame.shape[:2]}, but the first is {size}; wanted one size")
        seen.append([replace(each, mask=None) for each in people])
        masks.append([packed_mask(each.mask) for each in people if with_masks and each.mask is not None])
        thumbnails.append(resize(frame, THUMBNAIL))
    if size is None or not any(seen):
        path = source if isinstance(source, (str, Path)) else None
        raise PoseError("nobody was found; wanted one person, best seen from head to foot", path=path)

    cuts = picture_cuts(np.stack(thumbnails))
    points = [np.array([each.keypoints for each in people]).reshape(-1, len(KEYPOINTS), 3) for people in seen]
    chosen = follow(points, fps=fps, person=person, cuts=cuts)
    followed = [people[which] if which >= 0 else None for people, which in zip(seen, chosen, strict=True)]
    keypoints = series([each and each.keypoints for each in followed], (len(KEYPOINTS), 3))
    assert keypoints is not None
    motion = Motion(
        keypoints,
        size,
        fps,
        depth=series([each and each.depth for each in followed], (len(KEYPOINTS),), missing=np.nan),
        hands=series([each and each.hands for each in followed], (HANDS, HAND_POINTS, 4)),
        face=series([each and each.face for each in followed], (FACE_POINTS, 4)),
    )
    packed = None
    if any(masks):
        nobody = packed_mask(np.zeros(size, bool))
        packed = [people[which] if which >= 0 else nobody for people, which in zip(masks, chosen, strict=True)]
    return Observation(motion, packed, cuts)


def packed_mask(mask: np.ndarray) -> bytes:
    """A mask, bool `h w`, in some thousandths of its size."""
    return zlib.compress(np.packbits(mask).tobytes(), 1)


def _frames_of(
    source: Path | str | Iterable[np.ndarray], fps: float | None
) -> tuple[Iterable[np.ndarray], float, int | None]:
    """The frames, their rate, and how many there are if that is known."""
    if not isinstance(source, (str, Path)):
        if fps is None:
            raise InputError("frames come without a rate", remedy="say fps, their frames per second")
        return source, fps, len(source) if isinstance(source, Sized) else None
    info = probe_video(source)
    fps = fps or info.fps
    return read_frames(source, fps=fps), fps, round(info.duration * fps) if info.duration else info.frames


def series(values: Sequence[np.ndarray | None], shape: tuple[int, ...], *, missing: float = 0.0) -> np.ndarray | None:
    """float32 `f …` of what each frame tells, `missing` where it tells nothing; None where none does."""
    if all(value is None for value in values):
        return None
    nothing = np.full(shape, missing, np.float32)
    return np.stack([nothing if value is None else value for value in values])
