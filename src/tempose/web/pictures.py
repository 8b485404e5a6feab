"""What is shown before and while a job runs: skeletons over pictures, and frames that clear up."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from functools import cache
from itertools import repeat
from pathlib import Path

import numpy as np
from PIL import Image

from tempose.animation.motion import TimeRange, read_motion
from tempose.animation.subject import Subject
from tempose.media.crop import Crop
from tempose.media.images import read_image, resize
from tempose.pose.draw import draw_motion, draw_skeleton
from tempose.pose.keypoints import Motion
from tempose.pose.retarget import Retargeted
from tempose.pose.room import person_room, united

# (height, width) of the small pictures before a run: as high as a standing person.
LOOK = (384, 288)

# Behind a skeleton that has no picture.
SLATE = (24, 30, 42)

# A built-in motion in the gallery: frames of a strip, their rate, and (height, width) of each.
STRIP, STRIP_FPS, THUMB = 18, 9.0, (84, 64)

# The longer side, in pixels, of what stands behind a skeleton that has no picture.
MOST_SLATE = 2000

# Frames that are shown of those being made.
CLEARING = 6


def photo_look(subject: Subject) -> np.ndarray:
    """The person in the photo with the skeleton that was found, uint8 of LOOK."""
    return _with_skeleton(subject.picture, subject.pose, Crop.around(person_room(subject.pose), LOOK))


def driver_look(motion: Motion, first: np.ndarray | None) -> np.ndarray:
    """The first frame of a motion with its skeleton, over the driver's own picture if there is one."""
    if first is None and max(motion.size) > MOST_SLATE:
        scale = MOST_SLATE / max(motion.size)
        motion = motion[:1].resized((max(1, round(motion.size[0] * scale)), max(1, round(motion.size[1] * scale))))
    picture = _slate(motion.size) if first is None else first
    seen = motion.keypoints[0, motion.keypoints[0, :, 2] > 0, :2]
    whole = Crop.around((0.0, 0.0, float(motion.size[1]), float(motion.size[0])), LOOK, margin=0)
    if first is None and len(seen):
        whole = Crop.around((*seen.min(axis=0), *seen.max(axis=0)), LOOK, margin=0.35)
    return _with_skeleton(picture, motion[:1], whole)


def fit_look(subject: Subject, fitted: Retargeted) -> Iterator[np.ndarray]:
    """The motion on the photo's body, before the dimmed photo: uint8 of LOOK, frame by frame."""
    window = Crop.around(united(fitted.room, person_room(subject.pose, subject.mask)), LOOK)
    dimmed = window.cut(subject.picture, LOOK) // 3
    yield from draw_motion(repeat(dimmed), fitted.motion.cropped(window, LOOK))


def clearing_strip(frames: np.ndarray) -> str:
    """A row of frames, uint8 `f h w 3`, as the address of a picture that needs no file."""
    row = np.concatenate([resize(frame, _within(frame.shape, 128)) for frame in frames], axis=1)
    return as_address(Image.fromarray(row), "JPEG", quality=80)


def spread(frames: int) -> list[int]:
    """The numbers of the frames that are shown of those being made."""
    return np.unique(np.linspace(0, frames - 1, CLEARING).round().astype(int)).tolist()


@cache
def motion_strip(name: str) -> str:
    """A built-in motion as the address of one wide picture, STRIP frames beside one another."""
    motion = read_motion(name, time_range=TimeRange(fps=STRIP_FPS, max_frames=STRIP), seed=3)
    points = motion.keypoints[..., :2].reshape(-1, 2)
    box = (*points.min(axis=0), *points.max(axis=0))
    window = Crop.around(box, THUMB, margin=0.25)
    frames = draw_motion(repeat(_slate(THUMB)), motion.cropped(window, THUMB))
    strip = Image.fromarray(np.concatenate(list(frames), axis=1)).quantize(48)
    return as_address(strip, "PNG", optimize=True)


def thumbnail(path: Path) -> str:
    """A photo, small, as an address that needs no file."""
    picture = read_image(path)
    return as_address(Image.fromarray(resize(picture, _within(picture.shape, 2 * THUMB[0]))), "JPEG", quality=85)


def as_address(picture: Image.Image, kind: str, **options: object) -> str:
    """A picture as a `data:` address."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def _with_skeleton(picture: np.ndarray, pose: Motion, window: Crop) -> np.ndarray:
    return draw_skeleton(window.cut(picture, LOOK), pose.cropped(window, LOOK))


def _slate(size: tuple[int, int]) -> np.ndarray:
    return np.broadcast_to(np.array(SLATE, np.uint8), (*size, 3)).copy()


def _within(shape: tuple[int, ...], height: int) -> tuple[int, int]:
    return height, max(1, round(shape[1] * height / shape[0]))
