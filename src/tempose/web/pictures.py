"""What is shown before and while a job runs: skeletons over pictures, and frames as they are made."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import repeat

import numpy as np
from PIL import Image

from tempose.animation.subject import Subject
from tempose.media.crop import Crop
from tempose.pose.draw import draw_motion, draw_skeleton
from tempose.pose.keypoints import Motion
from tempose.pose.retarget import Retargeted
from tempose.pose.room import person_room, united

# (height, width) of the small pictures before a run: as high as a standing person.
LOOK = (384, 288)

# Behind a skeleton that has no picture.
SLATE = (24, 30, 42)

# The longer side, in pixels, of what stands behind a skeleton that has no picture.
MOST_SLATE = 2000


def photo_look(subject: Subject) -> np.ndarray:
    """The person in the photo with the skeleton that was found, uint8 of LOOK."""
    return _with_skeleton(subject.picture, subject.pose, Crop.around(person_room(subject.pose), LOOK))


def driver_look(motion: Motion, first: np.ndarray | None) -> np.ndarray:
    """The first frame of a motion with its skeleton, over the driver's own picture `first` if there is one."""
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


def as_jpeg(picture: np.ndarray) -> bytes:
    """A picture, uint8 `h w 3`, as the bytes of a JPEG."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=85)
    return file.getvalue()


def _with_skeleton(picture: np.ndarray, pose: Motion, window: Crop) -> np.ndarray:
    return draw_skeleton(window.cut(picture, LOOK), pose.cropped(window, LOOK))


def _slate(size: tuple[int, int]) -> np.ndarray:
    return np.broadcast_to(np.array(SLATE, np.uint8), (*size, 3)).copy()
