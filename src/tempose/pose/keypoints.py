"""The 18 key points of a person (OpenPose/COCO-18 order), of hands and face, and motions, sequences of them.

Coordinates are continuous pixels: x runs from 0 at the left edge of the picture to `width` at the
right edge, so pixel i covers [i, i+1); scaling a picture scales its key points by the same factor.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from tempose.core.errors import InputError, PoseError, told
from tempose.core.files import written_whole
from tempose.core.kinds import kind_of
from tempose.core.reading import JSON_BYTES, read_arrays, read_json
from tempose.media.crop import Crop
from tempose.pose.face_mesh import FACE_MIRROR, FACE_POINTS

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

# Both hands have 21 points, right hand first: the wrist, then four a finger from the thumb to the little finger,
# each from the palm to the tip (OpenPose's and mediapipe's order). FINGERS: the points of each finger, wrist first.
HANDS, HAND_POINTS = 2, 21
FINGERS = tuple((0, *range(1 + 4 * finger, 5 + 4 * finger)) for finger in range(5))
KNUCKLES = (5, 9, 13, 17)
WRISTS = (KEYPOINTS.index("right_wrist"), KEYPOINTS.index("left_wrist"))

# Confidence of a joint whose place is known although something hides it (drawn people know it).
HIDDEN = 0.5

# A joint below this confidence counts as missing: it is neither drawn nor aligned by.
MIN_CONFIDENCE = 0.3


# Bounds of a motion: its frames, where it is read from a file, the sides of its frames, and its rate.
MOST_FRAMES, MOST_PIXELS, LEAST_FPS = 100_000, 100_000, 0.01

# What an `.npz` file of a motion may hold.
ARRAYS = ("keypoints", "size", "fps", "depth", "hands", "face")


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
        hands: float32 `f 2 21 4`: x, y, confidence, depth of the points of the right hand (`[:, 0]`) and the left
            (`[:, 1]`), the person's own right and left. x, y and confidence as of `keypoints`; depth: how much
            farther from the camera than the wrist, in pixels; 0 for all points of a hand whose depth is unknown.
            A missing point is 0 0 0 0. None: the source knows no hands.
        face: float32 `f 478 4`: the same of the face mesh (the first 468) and the irises; depth: how much farther
            than the middle of the head, in pixels. Of a face known by fewer points the others are missing. None:
            the source knows no faces.
        notes: what had to be guessed or mended when it was read, a sentence each; not saved.
    """

    keypoints: np.ndarray
    size: tuple[int, int]
    fps: float
    depth: np.ndarray | None = None
    hands: np.ndarray | None = None
    face: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        keypoints = _checked(self.keypoints, (len(KEYPOINTS), 3), "key points")
        if len(keypoints) == 0:
            raise InputError("key points have no frame; wanted frames ≥ 1")
        size = tuple(int(side) for side in self.size)
        if len(size) != 2 or min(size) < 1 or max(size) > MOST_PIXELS:
            raise InputError(f"size is {self.size}; wanted (height, width) in pixels, {MOST_PIXELS:,} at most")
        if not LEAST_FPS <= float(self.fps) < 1e4:
            raise InputError(f"fps is {self.fps}; wanted frames per second, {LEAST_FPS:g} or more")
        object.__setattr__(self, "keypoints", keypoints)
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "fps", float(self.fps))
        if self.depth is not None:
            depth = np.asarray(self.depth, dtype=np.float32)
            if depth.shape != keypoints.shape[:2]:
                raise InputError(f"depths have the shape {depth.shape}; wanted {keypoints.shape[:2]}, one a key point")
            if np.isinf(depth).any():
                raise InputError("depths hold infinite values", remedy="mark an unknown depth by NaN")
            object.__setattr__(self, "depth", np.where(keypoints[..., 2] == 0, np.float32(np.nan), depth))
        for name, shape in (("hands", (HANDS, HAND_POINTS, 4)), ("face", (FACE_POINTS, 4))):
            if (points := getattr(self, name)) is not None:
                points = _checked(points, shape, f"points of the {name}")
                if len(points) != len(keypoints):
                    raise InputError(f"{name} are given for {len(points)} frames, key points for {len(keypoints)}")
                object.__setattr__(self, name, points)

    def __len__(self) -> int:
        return len(self.keypoints)

    def __getitem__(self, frames: slice | np.ndarray) -> Motion:
        """The motion of some of the frames: a slice or an array of indices."""
        return self.with_points(self.points[frames])

    @cached_property
    def points(self) -> np.ndarray:
        """float32 `f n 4`: x, y, confidence, depth of all that is known: the body's 18 points, then the hands', then
        the face's. A depth of the body is NaN where unknown."""
        depth = np.full(self.keypoints.shape[:2], np.nan, np.float32) if self.depth is None else self.depth
        parts = [np.concatenate([self.keypoints, depth[..., None]], axis=-1)]
        parts += [] if self.hands is None else [self.hands.reshape(len(self), -1, 4)]
        parts += [] if self.face is None else [self.face]
        return np.concatenate(parts, axis=1)

    def with_points(self, points: np.ndarray, **changes: Any) -> Motion:
        """The same with other `points`, as many, of any number of frames.

        Args:
            changes: other attributes, such as `size` and `fps`.
        """
        body = len(KEYPOINTS)
        depth = None if self.depth is None else points[:, :body, 3]
        hands = None if self.hands is None else points[:, body:][:, : HANDS * HAND_POINTS]
        hands = None if hands is None else hands.reshape(-1, HANDS, HAND_POINTS, 4)
        face = None if self.face is None else points[:, -FACE_POINTS:]
        return replace(self, keypoints=points[:, :body, :3], depth=depth, hands=hands, face=face, **changes)

    def shares(self) -> tuple[tuple[float, float], float]:
        """The shares of the frames that show the right hand, the left hand, and the face: any point of them."""
        right, left = (0.0, 0.0) if self.hands is None else (self.hands[..., 2] > 0).any(-1).mean(0).tolist()
        return (right, left), 0.0 if self.face is None else float((self.face[..., 2] > 0).any(-1).mean())

    def resized(self, size: tuple[int, int]) -> Motion:
        """The same motion in frames of another (height, width)."""
        across, down = size[1] / self.size[1], size[0] / self.size[0]
        scale = np.array([across, down, 1, np.sqrt(across * down)], dtype=np.float32)
        return self.with_points(self.points * scale, size=size)

    def cropped(self, part: Crop, size: tuple[int, int]) -> Motion:
        """The motion in a part of its frames, shown at `size`; joints may lie outside it."""
        points = self.points.copy()
        points[..., :3] = part.points(points[..., :3], size)
        points[..., 3] *= np.float32(size[0] / part.height)
        return self.with_points(points, size=size)

    def mirrored(self) -> Motion:
        """Left and right exchanged, as in a picture flipped from left to right."""
        flipped = replace(
            self,
            keypoints=self.keypoints[:, MIRROR],
            depth=None if self.depth is None else self.depth[:, MIRROR],
            hands=None if self.hands is None else self.hands[:, ::-1],
            face=None if self.face is None else self.face[:, FACE_MIRROR],
        )
        return flipped.with_points(flipped.points * (-1, 1, 1, 1) + (self.size[1], 0, 0, 0))

    def save(self, path: Path | str) -> None:
        """Write an `.npz` (no pickle inside) or a `.json` file, by the ending."""
        path = Path(path)
        with written_whole(path) as beside:
            if path.suffix == ".npz":
                np.savez_compressed(beside, **self.as_arrays())
            elif path.suffix == ".json":
                values = {"format": "tempose-motion", "fps": self.fps, "size": list(self.size)}
                for name, digits in (("keypoints", 5), ("depth", 5), ("hands", 2), ("face", 2)):
                    if (part := getattr(self, name)) is not None:
                        values[name] = _rounded(part, digits)
                text = json.dumps(values)
                if len(text) > JSON_BYTES:
                    raise InputError(
                        f"a motion of {len(self)} frames with hands and face is too large for JSON",
                        path=path,
                        remedy=f"write it as {path.stem}.npz",
                    )
                beside.write_text(text)
            else:
                raise InputError(f"cannot write a motion to {path}; wanted the ending .npz or .json", path=path)

    def as_arrays(self) -> dict[str, Any]:
        """What an `.npz` file of it holds, by the names of ARRAYS."""
        parts = {"depth": self.depth, "hands": self.hands, "face": self.face}
        known = {name: part for name, part in parts.items() if part is not None}
        return {"keypoints": self.keypoints, "size": np.array(self.size), "fps": np.array(self.fps)} | known

    @staticmethod
    def from_arrays(arrays: dict[str, np.ndarray]) -> Motion:
        """What `as_arrays` gave.

        Raises:
            ValueError: it did not. InputError: a value is out of bounds.
        """
        missing = [name for name in ("keypoints", "size", "fps") if name not in arrays]
        if missing:
            raise ValueError(f"it has no array {missing[0]}")
        size, fps = arrays["size"], arrays["fps"]
        if size.shape != (2,) or fps.size != 1 or not np.isfinite(size).all():
            raise ValueError(
                f"size has the shape {size.shape} and fps {fps.shape}; wanted height and width, and one number"
            )
        depth, hands, face = (arrays.get(name) for name in ("depth", "hands", "face"))
        return Motion(arrays["keypoints"], (int(size[0]), int(size[1])), float(fps.reshape(())), depth, hands, face)

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
            arrays = read_arrays(path, ARRAYS[:3], most=MOST_FRAMES * 3 * len(KEYPOINTS))
            frames = len(np.atleast_1d(arrays.get("keypoints", 0)))  # of which no other array has more
            return Motion.from_arrays(arrays | read_arrays(path, ARRAYS[3:], most=frames * 4 * FACE_POINTS))
        except FileNotFoundError:
            raise PoseError(f"there is no pose file {path}", path=path) from None
        except (OSError, LookupError, TypeError, ValueError, OverflowError) as error:
            wrong = told(error) if isinstance(error, ValidationError) else str(error)
            kind = kind_of(path)
            but = "" if kind in ("a JSON file", "a NumPy archive (.npz)") else f", which seems to be {kind}"
            raise PoseError(
                f"{path} is not a pose file of tempose (keypoints, size, fps in .npz or .json): {wrong}{but}", path=path
            ) from None


Row = Annotated[list[float | None], Field(min_length=len(KEYPOINTS), max_length=len(KEYPOINTS))]
Point = tuple[float, float, float, float]
Hand = Annotated[list[Point], Field(min_length=HAND_POINTS, max_length=HAND_POINTS)]
Face = Annotated[list[Point], Field(min_length=FACE_POINTS, max_length=FACE_POINTS)]
Person = Annotated[list[tuple[float, float, float]], Field(min_length=len(KEYPOINTS), max_length=len(KEYPOINTS))]


class MotionFile(BaseModel, extra="ignore", allow_inf_nan=False):
    """What a `.json` file of a motion holds; a depth that is not known is null."""

    format: Literal["tempose-motion"] = "tempose-motion"
    fps: float
    size: tuple[int, int]
    keypoints: Annotated[list[Person], Field(min_length=1, max_length=MOST_FRAMES)]
    depth: Annotated[list[Row], Field(max_length=MOST_FRAMES)] | None = None
    hands: Annotated[list[tuple[Hand, Hand]], Field(max_length=MOST_FRAMES)] | None = None
    face: Annotated[list[Face], Field(max_length=MOST_FRAMES)] | None = None

    def motion(self) -> Motion:
        """The motion.

        Raises:
            InputError: a value is out of bounds.
        """
        depth = None if self.depth is None else np.array(self.depth, dtype=np.float32)  # null becomes NaN
        hands, face = (None if part is None else np.array(part) for part in (self.hands, self.face))
        return Motion(np.array(self.keypoints), self.size, self.fps, depth, hands, face)


def _checked(given: np.ndarray, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Points `f …` as float32, the missing ones 0.

    Raises:
        InputError: they have another shape than `f` and `shape`, hold NaN, or confidences beyond 0 … 1.
    """
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused below
        points = np.asarray(given, dtype=np.float32)
    axes = "x, y, confidence" if shape[-1] == 3 else "x, y, confidence, depth"
    if points.ndim != len(shape) + 1 or points.shape[1:] != shape:
        wanted = ", ".join(map(str, shape))
        raise InputError(f"{what} have the shape {points.shape}; wanted (frames ≥ 1, {wanted}): {axes}")
    if not np.isfinite(points).all():
        raise InputError(f"{what} hold NaN or infinite values", remedy="mark a missing one by confidence 0")
    confidence = points[..., 2]
    if points.size and (confidence.min() < 0 or confidence.max() > 1):
        raise InputError(
            f"confidences of {what} run from {confidence.min():g} to {confidence.max():g}; wanted 0 (missing) to 1"
        )
    return np.where(confidence[..., None] == 0, np.float32(0), points)


def _rounded(part: np.ndarray, digits: int) -> list[Any]:
    """Numbers as JSON has them, which has no NaN."""
    numbers = np.round(part.astype(float), digits).astype(object)
    numbers[np.isnan(part)] = None
    return numbers.tolist()
