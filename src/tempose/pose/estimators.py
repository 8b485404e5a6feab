"""What finds people in a picture: key points and masks, behind one small interface.

- `mediapipe`: BlazePose (Bazarevsky et al., arXiv 2006.10204). Works offline, one person, with mask.
- `rtmlib`: RTMPose (Jiang et al., arXiv 2303.07399) in ONNX. Several people, no mask.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import weakref
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np

from tempose.core import cancellation
from tempose.core.errors import InputError, PoseError, TemposeError, unknown
from tempose.core.networks import Network
from tempose.core.streams import silent_stderr
from tempose.pose.keypoints import MIN_CONFIDENCE

# BlazePose's 33 landmarks → the 18 key points; the neck is the middle between the shoulders.
BLAZEPOSE = (0, 11, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7)
NECK, SHOULDERS, EARS, HIPS = 1, (11, 12), (7, 8), (23, 24)
FACE = (0, 14, 15)  # nose and eyes, of the 18

# Where the whole picture shows nobody, squares of this part of its shorter side are searched, moved
# on by this part of a square; and a person found in one is looked at again in a square around it.
SEARCH_SIDE, SEARCH_STEP, CLOSE_UP = 0.65, 0.7, 1.5


# Fewer joints than this with a confidence of at least MIN_CONFIDENCE are nobody.
LEAST_JOINTS = 4

# People in one picture at most: each takes another look.
MOST_PEOPLE = 1000


@dataclass(frozen=True, eq=False)
class Detection:
    """One person in one picture.

    Attributes:
        keypoints: float32 `18 3`: x, y in pixels, confidence in [0, 1]; 0 0 0 where the joint is
            outside the picture.
        mask: bool `h w`, True on the person; None where the estimator gives none.
        depth: float32 `18`, as in `Motion`; None where the estimator gives none.
        hands, face: float32 `2 21 4` and `478 4`, as in `Motion`; None where the estimator gives none.
    """

    keypoints: np.ndarray
    mask: np.ndarray | None
    depth: np.ndarray | None = None
    hands: np.ndarray | None = None
    face: np.ndarray | None = None


class Estimator(Protocol):
    """Finds the people in a picture; the same picture gives the same people.

    One that several threads may call at once says so: its `shared` is true.
    """

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        """The people in `frame`, uint8 `h w 3`; none is an empty list."""


def load_estimator(
    name: str = "mediapipe",
    *,
    detector: Path | str | None = None,
    pose_model: Path | str | None = None,
    landmarks: bool = True,
    masks: bool = True,
) -> Estimator:
    """An estimator by name: "mediapipe" or "rtmlib".

    Args:
        name: which.
        detector, pose_model: for rtmlib, ONNX files of YOLOX and of RTMPose; without them rtmlib
            downloads its own.
        landmarks: whether it also finds the points of hands and face; where mediapipe is not installed it does not.
        masks: whether mediapipe also gives them, which takes a fifth of its time.

    Raises:
        InputError: no estimator has this name, or mediapipe was given files.
        PoseError: its package is not installed, or its model cannot be loaded.
    """
    if name not in ("mediapipe", "rtmlib"):
        raise unknown("estimator", name, ("mediapipe", "rtmlib"))
    if name == "mediapipe" and (detector or pose_model):
        raise InputError(
            "mediapipe brings its own models", remedy="choose rtmlib for a detector and a pose model of your own"
        )
    body = BlazePose(masks=masks) if name == "mediapipe" else RtmPose(detector, pose_model)
    if not landmarks or importlib.util.find_spec("mediapipe") is None:
        return body
    from tempose.pose.landmarks import WithLandmarks

    return WithLandmarks(body)


class BlazePose:
    """mediapipe's pose solution: every picture by itself, the model that lies in the wheel.

    Args:
        masks: whether it gives them.
    """

    shared = True

    def __init__(self, *, masks: bool = True) -> None:
        try:
            with silent_stderr():
                import mediapipe
        except ImportError as error:
            raise PoseError(
                f"the estimator mediapipe is not installed ({error})",
                remedy="install it with: pip install --no-deps mediapipe==0.10.21 && pip install 'tempose[pose]'",
            ) from error
        with silent_stderr():
            self._pose = mediapipe.solutions.pose.Pose(
                static_image_mode=True, model_complexity=1, enable_segmentation=masks
            )
            self._pose.process(np.zeros((64, 64, 3), np.uint8))  # its threads write notes when they start
        weakref.finalize(self, self._pose.close).atexit = False  # else mediapipe keeps 60 MB of each for ever
        self._warm, self._lock = False, Lock()

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        whole = (0, 0, frame.shape[1], frame.shape[0])
        with self._lock:
            person = self._look(frame, whole) or self._search(frame)
        return [person] if person else []

    def _search(self, frame: np.ndarray) -> Detection | None:
        """A person too small for the first look, found in parts of the picture, then seen close up."""
        found = [person for part in search_parts(*frame.shape[:2]) if (person := self._look(frame, part))]
        if not found:
            return None
        best = max(found, key=lambda person: person.keypoints[:, 2].sum())
        return self._look(frame, close_up(best.keypoints, *frame.shape[:2])) or best

    def _look(self, frame: np.ndarray, part: tuple[int, int, int, int]) -> Detection | None:
        """The person in the part (left, top, right, bottom) of the picture, in whole coordinates."""
        cancellation.check()
        left, top, right, bottom = part
        crop = np.ascontiguousarray(frame[top:bottom, left:right])
        if self._warm:
            seen = self._pose.process(crop)
        else:  # they write more when they first see a person
            with silent_stderr():
                seen = self._pose.process(crop)
        if not seen.pose_landmarks:
            return None
        self._warm = True
        marks = seen.pose_landmarks.landmark
        size = np.array([right - left, bottom - top, 1])
        landmarks = np.array([(mark.x, mark.y, mark.visibility) for mark in marks]) * size
        depths = in_pixels(np.array([(m.x, m.y, m.z) for m in seen.pose_world_landmarks.landmark]), landmarks)[:, 2]
        keypoints, depth = landmarks[list(BLAZEPOSE)], depths[list(BLAZEPOSE)]
        keypoints[NECK, :2] = landmarks[list(SHOULDERS), :2].mean(axis=0)
        keypoints[NECK, 2] = landmarks[list(SHOULDERS), 2].min()
        depth[NECK] = depths[list(SHOULDERS)].mean()
        if _from_behind(landmarks, depths):
            keypoints[list(FACE), 2] = 0
        keypoints = _inside(keypoints, size)
        if not _recognizable(keypoints):
            return None
        keypoints[keypoints[:, 2] > 0, :2] += (left, top)
        mask = None
        if seen.segmentation_mask is not None:
            mask = np.zeros(frame.shape[:2], bool)
            mask[top:bottom, left:right] = seen.segmentation_mask > 0.5
        return Detection(keypoints, mask, np.where(keypoints[:, 2] > 0, depth, np.nan).astype(np.float32))


def in_pixels(world: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """BlazePose's landmarks in space, as large as those in the picture.

    Args:
        world: `33 3` in metres from the middle of the hips.
        landmarks: `33 3`: x, y in pixels, visibility.

    The depths that it gives beside the latter say the same in another unit, some three times too deep.
    """
    hips, weight = list(HIPS), landmarks[:, 2:]
    across, metres = (points[:, :2] - points[hips, :2].mean(axis=0) for points in (landmarks, world))
    scale: float = (weight * across * metres).sum() / max((weight * metres**2).sum(), 1e-9)
    return max(scale, 0.0) * world


def _from_behind(landmarks: np.ndarray, depth: np.ndarray) -> bool:
    """Whether the head hides the face, which BlazePose calls visible from every side.

    It does where the nose is farther away than the ears and, along the line of the ears, between them.
    """
    left, right = landmarks[list(EARS), :2]
    nose, axis = landmarks[0, :2] - (left + right) / 2, right - left
    between = abs(nose @ axis) < axis @ axis / 2
    return bool(between and depth[0] > depth[list(EARS)].mean())


class RtmPose:
    """rtmlib's two stages, YOLOX then RTMPose. It gives no masks."""

    def __init__(self, detector: Path | str | None = None, pose_model: Path | str | None = None) -> None:
        for path in (detector, pose_model):
            if path is not None and not Path(path).is_file():
                raise PoseError(f"there is no ONNX file {path}", path=path)
        try:
            import onnxruntime  # noqa: F401
            import rtmlib
        except ImportError as error:
            raise PoseError(
                f"the estimator rtmlib is not installed ({error})",
                remedy="install it with: pip install --no-deps rtmlib && pip install onnxruntime tqdm",
            ) from error
        own = rtmlib.Body.MODE["balanced"]
        pose = partial(rtmlib.RTMPose, to_openpose=True)
        self._detect = _tool(rtmlib.YOLOX, detector, own["det"], own["det_input_size"])
        self._locate = _tool(pose, pose_model, own["pose"], own["pose_input_size"])

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        picture = np.ascontiguousarray(frame[..., ::-1])  # it wants blue first
        try:
            boxes = self._detect(picture)
            if len(boxes) == 0:
                return []
            if len(boxes) > MOST_PEOPLE:
                raise PoseError(f"the detector finds more than {MOST_PEOPLE} people; wanted one of YOLOX")
            points, scores = self._locate(picture, bboxes=boxes)
            keypoints = np.concatenate([points, np.clip(scores, 0, 1)[..., None]], axis=-1)
        except TemposeError:
            raise
        except Exception as error:  # whatever comes of a network that is another
            raise PoseError(
                f"the networks give what rtmlib does not understand: {error}",
                remedy="wanted YOLOX as the detector and RTMPose as the pose model",
            ) from error
        size = np.array([frame.shape[1], frame.shape[0], 1])
        people = [Detection(_inside(person, size), None) for person in keypoints]
        return [person for person in people if _recognizable(person.keypoints)]


def _tool(kind: Callable[..., Any], given: Path | str | None, own: str, side: tuple[int, int]) -> Any:
    """A stage of rtmlib: of a user's ONNX file, or of its own model and side (width, height)."""
    network = None if given is None else Network(given)
    if network is not None:
        shapes = [each.shape for each in network.get_inputs()]
        if len(shapes) != 1 or len(shapes[0]) != 4 or not all(isinstance(each, int) for each in shapes[0][2:]):
            raise InputError(f"{given} takes {shapes}; wanted one picture of a fixed size, (1, 3, height, width)")
        height, width = shapes[0][2:]
        network.check_size(height, width)
        side = width, height
    try:
        with redirect_stdout(sys.stderr):  # it tells what it loads
            tool = kind(str(given or own), model_input_size=side, backend="onnxruntime", device="cpu")
    except Exception as error:
        raise PoseError(
            f"rtmlib cannot load its models: {error}",
            remedy="without a network give it ONNX files of YOLOX (detector) and RTMPose (pose model)",
        ) from error
    if network is not None:
        tool.session = network  # which is bounded
    return tool


def search_parts(height: int, width: int) -> list[tuple[int, int, int, int]]:
    """Overlapping squares (left, top, right, bottom) that cover a picture."""
    side = max(1, round(SEARCH_SIDE * min(height, width)))

    def starts(length: int) -> list[int]:
        count = 1 + math.ceil((length - side) / (SEARCH_STEP * side))
        return np.linspace(0, length - side, count).round().astype(int).tolist()

    return [(left, top, left + side, top + side) for top in starts(height) for left in starts(width)]


def close_up(keypoints: np.ndarray, height: int, width: int) -> tuple[int, int, int, int]:
    """The square (left, top, right, bottom) around a person, as far as the picture goes."""
    points = keypoints[keypoints[:, 2] > 0, :2]
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = CLOSE_UP * np.ptp(points, axis=0).max() / 2 + 1
    left, top = np.maximum(middle - reach, 0).astype(int)
    right, bottom = np.minimum(middle + reach + 1, (width, height)).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _inside(keypoints: np.ndarray, size: np.ndarray) -> np.ndarray:
    """float32, with joints outside the picture of (width, height, …) set to 0 0 0."""
    points = keypoints[:, :2]
    outside = ((points < 0) | (points > size[:2])).any(axis=1, keepdims=True)
    return np.where(outside | (keypoints[:, 2:] == 0), 0, keypoints).astype(np.float32)


def _recognizable(keypoints: np.ndarray) -> bool:
    return int((keypoints[:, 2] >= MIN_CONFIDENCE).sum()) >= LEAST_JOINTS
