"""The 18 key points of a person (OpenPose/COCO-18 order) and motions, sequences of them.

Coordinates are continuous pixels: x runs from 0 at the left edge of the picture to `width` at the
right edge, so pixel i covers [i, i+1); scaling a picture scales its key points by the same factor.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from tempose.core.errors import InputError, PoseError
from tempose.core.files import written_whole
from tempose.core.kinds import kind_of
from tempose.core.reading import read_arrays, read_json
from tempose.media.crop import Crop

KEYPOINTS = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip

# The 17 limbs that the pose map draws, as pairs of key points, in drawing order.
LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7),
    (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip

# Key point i of a mirrored person is key point MIRROR[i] of the person.
MIRROR = (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)

# Confidence of a joint whose place is known although something hides it (drawn people know it).
HIDDEN = 0.5

# A joint below this confidence counts as missing: it is neither drawn nor aligned by.
MIN_CONFIDENCE = 0.3


# Bounds of a motion: its frames, where it is read from a file, the sides of its frames, and its rate.
MOST_FRAMES, MOST_PIXELS, LEAST_FPS = 100_000, 100_000, 0.01


@dataclass(frozen=True, eq=False)
class Motion:
    """A pose sequence: what a person does, without the person.

    Attributes:
        keypoints: float32 `f 18 3`: x, y in pixels and confidence in [0, 1]; confidence 0 means
            missing, and then x = y = 0.
        size: (height, width) in pixels of the frames that the coordinates refer to.
        fps: frames per second.
        depth: float32 `f 18`: how much farther from the camera than the middle of the hips a joint is, in
            pixels of the frames; NaN where it is missing or its depth unknown. None: nothing is known.
        notes: what had to be guessed or mended when it was read, a sentence each; not saved.
    """

    keypoints: np.ndarray
    size: tuple[int, int]
    fps: float
    depth: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused below
            keypoints = np.asarray(self.keypoints, dtype=np.float32)
        if keypoints.ndim != 3 or keypoints.shape[1:] != (len(KEYPOINTS), 3) or len(keypoints) == 0:
            raise InputError(
                f"key points have the shape {keypoints.shape}; wanted (frames ≥ 1, 18, 3): x, y, confidence"
            )
        if not np.isfinite(keypoints).all():
            raise InputError("key points hold NaN or infinite values; mark a missing joint by confidence 0")
        confidence = keypoints[..., 2]
        if confidence.min() < 0 or confidence.max() > 1:
            raise InputError(
                f"confidences run from {confidence.min():g} to {confidence.max():g}; wanted 0 (missing) to 1"
            )
        size = tuple(int(side) for side in self.size)
        if len(size) != 2 or min(size) < 1 or max(size) > MOST_PIXELS:
            raise InputError(f"size is {self.size}; wanted (height, width) in pixels, {MOST_PIXELS:,} at most")
        if not LEAST_FPS <= float(self.fps) < 1e4:
            raise InputError(f"fps is {self.fps}; wanted frames per second, {LEAST_FPS:g} or more")
        missing = confidence[..., None] == 0
        object.__setattr__(self, "keypoints", np.where(missing, np.float32(0), keypoints))
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "fps", float(self.fps))
        if self.depth is not None:
            depth = np.asarray(self.depth, dtype=np.float32)
            if depth.shape != keypoints.shape[:2]:
                raise InputError(f"depths have the shape {depth.shape}; wanted {keypoints.shape[:2]}, one a key point")
            if np.isinf(depth).any():
                raise InputError("depths hold infinite values; mark an unknown depth by NaN")
            object.__setattr__(self, "depth", np.where(missing[..., 0], np.float32(np.nan), depth))

    def __len__(self) -> int:
        return len(self.keypoints)

    def __getitem__(self, frames: slice | np.ndarray) -> Motion:
        """The motion of some of the frames: a slice or an array of indices."""
        depth = None if self.depth is None else self.depth[frames]
        return replace(self, keypoints=self.keypoints[frames], depth=depth)

    def resized(self, size: tuple[int, int]) -> Motion:
        """The same motion in frames of another (height, width)."""
        across, down = size[1] / self.size[1], size[0] / self.size[0]
        keypoints = self.keypoints * np.array([across, down, 1], dtype=np.float32)
        depth = None if self.depth is None else self.depth * np.float32(np.sqrt(across * down))
        return replace(self, keypoints=keypoints, size=size, depth=depth)

    def cropped(self, part: Crop, size: tuple[int, int]) -> Motion:
        """The motion in a part of its frames, shown at `size`; joints may lie outside it."""
        depth = None if self.depth is None else self.depth * np.float32(size[0] / part.height)
        return replace(self, keypoints=part.points(self.keypoints, size), size=size, depth=depth)

    def mirrored(self) -> Motion:
        """Left and right exchanged, as in a picture flipped from left to right."""
        keypoints = self.keypoints[:, MIRROR].copy()
        keypoints[..., 0] = self.size[1] - keypoints[..., 0]
        return replace(self, keypoints=keypoints, depth=None if self.depth is None else self.depth[:, MIRROR])

    def save(self, path: Path | str) -> None:
        """Write an `.npz` (no pickle inside) or a `.json` file, by the ending."""
        path = Path(path)
        with written_whole(path) as beside:
            if path.suffix == ".npz":
                arrays: dict[str, Any] = {} if self.depth is None else {"depth": self.depth}
                arrays |= {"keypoints": self.keypoints, "size": np.array(self.size), "fps": np.array(self.fps)}
                np.savez_compressed(beside, **arrays)
            elif path.suffix == ".json":
                values = {"format": "tempose-motion", "fps": self.fps, "size": list(self.size)}
                values["keypoints"] = np.round(self.keypoints.astype(float), 5).tolist()
                if self.depth is not None:
                    values["depth"] = [[_number(value) for value in row] for row in self.depth.tolist()]
                beside.write_text(json.dumps(values))
            else:
                raise InputError(f"cannot write a motion to {path.name}: the ending must be .npz or .json")

    @staticmethod
    def load(path: Path | str) -> Motion:
        """Read what `save` wrote.

        Raises:
            PoseError: the file is missing, damaged, too large, or not a motion of tempose.
        """
        path = Path(path)
        try:
            if path.suffix.lower() == ".json":
                return MotionFile.model_validate(read_json(path)).motion()
            arrays = read_arrays(path, ("keypoints", "size", "fps", "depth"), most=MOST_FRAMES * 3 * len(KEYPOINTS))
            return _from_arrays(arrays)
        except FileNotFoundError:
            raise PoseError(f"there is no pose file {path}") from None
        except (OSError, LookupError, TypeError, ValueError, OverflowError) as error:
            wrong = _first_words(error) if isinstance(error, ValidationError) else str(error)
            kind = kind_of(path)
            but = "" if kind in ("a JSON file", "a NumPy archive (.npz)") else f"; it seems to be {kind}"
            raise PoseError(
                f"{path} is not a pose file of tempose (keypoints, size, fps in .npz or .json): {wrong}{but}"
            ) from None


Row = Annotated[list[float | None], Field(min_length=len(KEYPOINTS), max_length=len(KEYPOINTS))]
Person = Annotated[list[tuple[float, float, float]], Field(min_length=len(KEYPOINTS), max_length=len(KEYPOINTS))]


class MotionFile(BaseModel, extra="ignore", allow_inf_nan=False):
    """What a `.json` file of a motion holds; a depth that is not known is null."""

    format: Literal["tempose-motion"] = "tempose-motion"
    fps: float
    size: tuple[int, int]
    keypoints: Annotated[list[Person], Field(min_length=1, max_length=MOST_FRAMES)]
    depth: Annotated[list[Row], Field(max_length=MOST_FRAMES)] | None = None

    def motion(self) -> Motion:
        """The motion.

        Raises:
            InputError: a value is out of bounds.
        """
        depth = None if self.depth is None else np.array(self.depth, dtype=np.float32)  # null becomes NaN
        return Motion(np.array(self.keypoints), self.size, self.fps, depth)


def _from_arrays(arrays: dict[str, np.ndarray]) -> Motion:
    missing = [name for name in ("keypoints", "size", "fps") if name not in arrays]
    if missing:
        raise ValueError(f"it has no array {missing[0]}")
    size, fps = arrays["size"], arrays["fps"]
    if size.shape != (2,) or fps.size != 1 or not np.isfinite(size).all():
        raise ValueError(
            f"size has the shape {size.shape} and fps {fps.shape}; wanted height and width, and one number"
        )
    return Motion(arrays["keypoints"], (int(size[0]), int(size[1])), float(fps.reshape(())), arrays.get("depth"))


def _first_words(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "the file"
    return f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _number(value: float) -> float | None:
    """A rounded number as JSON has it, which has no NaN."""
    return None if math.isnan(value) else round(value, 5)
