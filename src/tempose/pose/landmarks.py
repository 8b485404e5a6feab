"""Hands and face of a person whose key points are known, from mediapipe's landmark models.

Hands: Zhang et al., "MediaPipe Hands", 2020, arXiv 2006.10214; the face: see `tempose.pose.face_mesh`. mediapipe
finds both by detectors that search the whole picture, which miss what is small. The body's key points tell where
to look: each model sees a turned square around the wrist or the head, and once more the square around what it found.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np

from tempose.core import cancellation
from tempose.core.errors import PoseError
from tempose.core.streams import silent_stderr
from tempose.pose.estimators import Detection, Estimator
from tempose.pose.face_mesh import EYE_CORNERS, FACE_POINTS, MESH_POINTS
from tempose.pose.keypoints import HAND_POINTS, HANDS, KEYPOINTS, KNUCKLES, MIN_CONFIDENCE, WRISTS

# Joints of the arms, right and left, and of the head.
ELBOWS = (3, 6)
NOSE, EYES, EARS = 0, (14, 15), (16, 17)

# The same joints of the head on the mesh: each the middle of some of its points.
ON_MESH = {NOSE: (1,), 14: EYE_CORNERS[:2], 15: EYE_CORNERS[2:], 16: (234,), 17: (454,)}

# Sides of the first squares: around a hand in lengths of the trunk, its middle so far beyond the wrist; around a
# face in widths of what is seen of it, and in distances of the eyes.
HAND_SIDE, HAND_AHEAD, FACE_WIDTHS, EYES_APART = 0.62, 0.18, 2.2, 4.4

# Sides of the second squares, in sizes of what was found. mediapipe's own squares are as large.
HAND_AROUND, FACE_AROUND = 1.6, 1.5

# Turns, in degrees, by which a hand is looked for along the forearm, and where it is not found so.
TURNS = (0.0, 60.0, -60.0)

# Presence, as the models give it, below which there is no hand or face.
LEAST_PRESENCE = 0.5

# mediapipe counts from the middle of the first pixel, this package from its edge: half a pixel parts shut lips.
MIDDLE = 0.5

# Hands and faces smaller than this, in pixels, show nothing.
LEAST_HAND, LEAST_FACE = 10.0, 14.0

# What was found is another hand if its wrist is farther from the body's than this share of the square around it; or
# if both hands' middles are nearer to each other than this share.
ASTRAY, SAME = 0.45, 0.3


@dataclass(frozen=True)
class Square:
    """A turned square: its middle in pixels, its side, and the angle in radians, clockwise, by which it is turned."""

    x: float
    y: float
    side: float
    angle: float


class Landmarks:
    """The models of hand and face; the same picture gives the same points.

    Raises:
        PoseError: mediapipe is not installed.
    """

    def __init__(self) -> None:
        self._hand = _Model("HandLandmarkCpu", "model_complexity", 1, presence="hand_presence_score")
        self._face = _Model("FaceLandmarkCpu", "with_attention", True, presence="face_presence_score")

    def hands(self, frame: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
        """float32 `2 21 4`, as in `Motion.hands`, of the person of `18 3` in `frame`, uint8 `h w 3`."""
        found = [self._look_for_hand(frame, keypoints, side) for side in range(HANDS)]
        right, left = found
        if right is not None and left is not None:
            apart = np.linalg.norm(right[:, :2].mean(0) - left[:, :2].mean(0))
            if apart < SAME * max(_extent(right), _extent(left)):  # one hand, seen from both wrists
                nearer = _gap(right, keypoints[WRISTS[0]]) <= _gap(left, keypoints[WRISTS[1]])
                found[int(nearer)] = None
        nothing = np.zeros((HAND_POINTS, 4), np.float32)
        return np.stack([nothing if hand is None else hand for hand in found])

    def face(self, frame: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
        """float32 `478 4`, as in `Motion.face`."""
        nothing = np.zeros((FACE_POINTS, 4), np.float32)
        square = _around_head(keypoints)
        if square is None:
            return nothing
        face = self._face(frame, square)
        face = None if face is None else self._face(frame, _around_face(face))
        if face is None or _extent(face) < LEAST_FACE:
            return nothing
        return _inside(face, frame)

    def _look_for_hand(self, frame: np.ndarray, keypoints: np.ndarray, side: int) -> np.ndarray | None:
        for turn in TURNS:
            square = _beyond_wrist(keypoints, side, np.radians(turn))
            hand = None if square is None else self._hand(frame, square)
            hand = None if hand is None else self._hand(frame, _around_hand(hand))
            if square is None or hand is None:
                continue
            if _extent(hand) >= LEAST_HAND and _gap(hand, keypoints[WRISTS[side]]) <= ASTRAY * square.side:
                hand[:, 3] -= hand[0, 3]
                return _inside(hand, frame)
        return None


class WithLandmarks:
    """An estimator that adds hands and face to the people that another one finds, and looks closer at the head."""

    def __init__(self, body: Estimator) -> None:
        self._body, self._landmarks = body, Landmarks()
        self.shared = getattr(body, "shared", False)

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        return [self._looked_at(frame, person) for person in self._body(frame)]

    def _looked_at(self, frame: np.ndarray, person: Detection) -> Detection:
        hands = self._landmarks.hands(frame, person.keypoints)
        face = self._landmarks.face(frame, person.keypoints)
        return replace(person, keypoints=with_head(person.keypoints, face), hands=hands, face=face)


def with_head(keypoints: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Key points `18 3` with nose, eyes and ears, where they are seen, as a face `478 4` has them.

    The body's are coarse: they would set the head beside its face.
    """
    placed = keypoints.copy()
    for joint, points in ON_MESH.items():
        found = face[list(points)]
        if keypoints[joint, 2] >= MIN_CONFIDENCE and (found[:, 2] > 0).all():
            placed[joint, :2] = found[:, :2].mean(0)
    return placed


class _Model:
    """A landmark model in mediapipe's wheel, told where to look.

    Args:
        calculator: of mediapipe, with the streams IMAGE, ROI and LANDMARKS.
        option, value: its side packet.
        presence: the stream inside it that says how sure it is.
    """

    def __init__(self, calculator: str, option: str, value: Any, *, presence: str) -> None:
        try:
            with silent_stderr():
                from google.protobuf import text_format
                from mediapipe.framework import calculator_pb2
                from mediapipe.framework.formats import rect_pb2
                from mediapipe.python.solution_base import SolutionBase
        except ImportError as error:
            raise PoseError(f"hands and faces need mediapipe, which is not installed ({error})") from error
        self._rectangle = rect_pb2.NormalizedRect
        graph = text_format.Parse(
            f"""
            input_stream: "image" input_stream: "roi" input_side_packet: "{option}" output_stream: "landmarks"
            node {{
              calculator: "{calculator}"
              input_stream: "IMAGE:image" input_stream: "ROI:roi" input_side_packet: "{option.upper()}:{option}"
              output_stream: "LANDMARKS:landmarks"
            }}
            """,
            calculator_pb2.CalculatorGraphConfig(),
        )
        self._lock = Lock()
        self._presence = f"{calculator.lower()}__{presence}"
        with silent_stderr():
            self._graph = SolutionBase(
                graph_config=graph, side_inputs={option: value}, outputs=["landmarks", self._presence]
            )
            self(np.zeros((64, 64, 3), np.uint8), Square(32, 32, 64, 0))  # its threads write notes when they start
        weakref.finalize(self, self._graph.close).atexit = False  # mediapipe would keep it for ever

    def __call__(self, frame: np.ndarray, square: Square) -> np.ndarray | None:
        """float64 `n 4`: x, y, confidence, depth in pixels of `frame`, uint8 `h w 3`; None where nothing is."""
        cancellation.check()
        height, width = frame.shape[:2]
        roi = self._rectangle(
            x_center=square.x / width,
            y_center=square.y / height,
            width=square.side / width,
            height=square.side / height,
            rotation=square.angle,
        )
        with self._lock:
            seen = self._graph.process({"image": np.ascontiguousarray(frame), "roi": roi})
        presence = getattr(seen, self._presence)
        if seen.landmarks is None or presence < LEAST_PRESENCE:
            return None
        marks = seen.landmarks.landmark
        places = ((mark.x * width + MIDDLE, mark.y * height + MIDDLE, presence, mark.z * width) for mark in marks)
        return np.array(list(places))


# Where to look ------------------------------------------------------------------------------------


def _beyond_wrist(keypoints: np.ndarray, side: int, turn: float) -> Square | None:
    """The square of a hand that is as the forearm points, or turned from it; None where the forearm is not seen."""
    elbow, wrist = keypoints[ELBOWS[side]], keypoints[WRISTS[side]]
    if min(elbow[2], wrist[2]) < MIN_CONFIDENCE:
        return None
    ahead = wrist[:2] - elbow[:2]
    angle = np.arctan2(ahead[0], -ahead[1]) + turn
    trunk = _trunk(keypoints, float(np.linalg.norm(ahead)))
    x, y = wrist[:2] + HAND_AHEAD * trunk * np.array([np.sin(angle), -np.cos(angle)])
    return Square(float(x), float(y), HAND_SIDE * trunk, float(angle))


def _trunk(keypoints: np.ndarray, forearm: float) -> float:
    """The length of the trunk in pixels, from what is seen of it, at least that of two foreshortened forearms."""
    neck, hips = keypoints[KEYPOINTS.index("neck")], keypoints[[8, 11]]
    wide = float(np.linalg.norm(keypoints[2, :2] - keypoints[5, :2])) if min(keypoints[[2, 5], 2]) > 0 else 0.0
    high = float(np.linalg.norm(neck[:2] - hips[:, :2].mean(0))) if min(neck[2], *hips[:, 2]) > 0 else 0.0
    return max(high, 1.5 * wide, 1.6 * forearm)


def _around_hand(hand: np.ndarray) -> Square:
    """The square around a hand, its fingers up."""
    ahead = hand[list(KNUCKLES), :2].mean(0) - hand[0, :2]
    return _around(hand[:, :2], float(np.arctan2(ahead[0], -ahead[1])), HAND_AROUND)


def _around_head(keypoints: np.ndarray) -> Square | None:
    """The square of the face; None where nose and eyes are not seen."""
    seen = keypoints[:, 2] >= MIN_CONFIDENCE
    if not seen[NOSE] or not seen[list(EYES)].any():
        return None
    points = keypoints[[joint for joint in (NOSE, *EYES, *EARS) if seen[joint]], :2]
    width = FACE_WIDTHS * np.ptp(points, axis=0).max()
    angle = 0.0
    if seen[list(EYES)].all():
        across = keypoints[EYES[1], :2] - keypoints[EYES[0], :2]
        width = max(width, EYES_APART * np.linalg.norm(across))
        angle = float(np.arctan2(across[1], across[0]))
    x, y = points.mean(0)
    return Square(float(x), float(y), float(max(width, 1.0)), angle)


def _around_face(face: np.ndarray) -> Square:
    """The square around a face, upright."""
    across = face[EYE_CORNERS[3], :2] - face[EYE_CORNERS[0], :2]
    return _around(face[:MESH_POINTS, :2], float(np.arctan2(across[1], across[0])), FACE_AROUND)


def _around(points: np.ndarray, angle: float, times: float) -> Square:
    """The square around points `n 2`, turned by `angle`, `times` as large as they need."""
    cos, sin = np.cos(angle), np.sin(angle)
    turned = points @ np.array([[cos, -sin], [sin, cos]])
    low, high = turned.min(0), turned.max(0)
    x, y = np.array([[cos, -sin], [sin, cos]]) @ ((low + high) / 2)
    return Square(float(x), float(y), float(max(times * (high - low).max(), 1.0)), angle)


def _extent(points: np.ndarray) -> float:
    return float(np.ptp(points[:, :2], axis=0).max())


def _gap(hand: np.ndarray, wrist: np.ndarray) -> float:
    return float(np.linalg.norm(hand[0, :2] - wrist[:2]))


def _inside(points: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """float32 `n 4`, with points outside the picture set to 0."""
    limits = np.array([frame.shape[1], frame.shape[0]])
    outside = ((points[:, :2] < 0) | (points[:, :2] > limits)).any(1, keepdims=True)
    return np.where(outside, 0, points).astype(np.float32)
