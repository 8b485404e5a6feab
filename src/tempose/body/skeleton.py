"""A person's bones: proportions in metres, forward kinematics, and a camera that sees them.

World coordinates are metres, y up, the ground at y = 0. At rest the person stands at the origin and
faces +z with hanging arms; +x is the person's left. Rotations are 3×3 matrices that act on columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tempose.pose.keypoints import HIDDEN, KEYPOINTS, Motion

JOINTS = (
    "pelvis", "waist", "chest", "neck", "head",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
)  # fmt: skip
JOINT = {name: index for index, name in enumerate(JOINTS)}
PARENTS = (-1, 0, 1, 2, 3, 2, 5, 6, 2, 8, 9, 0, 11, 12, 0, 14, 15)
LEGS = ((11, 12, 13), (14, 15, 16))  # right and left: hip, knee, ankle
ARMS = ((5, 6, 7), (8, 9, 10))  # right and left: shoulder, elbow, wrist

# The pelvis sinks so that legs stretch to this share of their length, where knees still move smoothly;
# a foot that is out of reach all the same is approached by a leg stretched to REACH.
STRETCH, REACH = 0.99, 0.999
SINKING = 0.012  # metres over which the pelvis gives way

# The frame (height, width) that motions in space are projected into, and the camera's distance, in sizes of the
# motion.
PROJECTED, FAR = (512, 384), 1e4


@dataclass(frozen=True)
class Proportions:
    """Lengths in metres. The shares of the height that `draw` varies are those of Drillis and Contini
    (1966), as given by Winter, "Biomechanics and Motor Control of Human Movement", figure 4.1.
    """

    height: float
    hips: float  # between the hip joints
    shoulders: float  # between the shoulder joints
    trunk: float  # hip joints to shoulder line
    neck: float  # shoulder line to the pivot of the head
    head: float  # chin to crown
    upper_arm: float
    forearm: float
    hand: float
    thigh: float
    shin: float
    ankle: float  # ankle joint above the sole
    foot: float  # heel to toe

    @staticmethod
    def draw(rng: np.random.Generator) -> Proportions:
        """A person of 1.5 to 1.95 m with limbs, shoulders and head of their own."""
        height = float(np.clip(rng.normal(1.70, 0.09), 1.5, 1.95))

        def share(mean: float, spread: float) -> float:
            return float(height * mean * np.clip(rng.normal(1, spread), 1 - 2 * spread, 1 + 2 * spread))

        legs = float(np.clip(rng.normal(1, 0.03), 0.94, 1.07))
        return Proportions(
            height=height,
            hips=share(0.108, 0.07),
            shoulders=share(0.222, 0.07),
            trunk=share(0.288 * (2 - legs), 0.02),
            neck=share(0.060, 0.08),
            head=share(0.133, 0.06),
            upper_arm=share(0.178, 0.04),
            forearm=share(0.146, 0.04),
            hand=share(0.104, 0.05),
            thigh=share(0.240 * legs, 0.02),
            shin=share(0.238 * legs, 0.02),
            ankle=share(0.042, 0.05),
            foot=share(0.148, 0.05),
        )

    @property
    def leg(self) -> float:
        """Hip to ankle, the unit in which motions give positions."""
        return self.thigh + self.shin


@dataclass(frozen=True, eq=False)
class BodyMotion:
    """What a body does, for a body of any proportions.

    Attributes:
        root: `f 3`: the pelvis, in leg lengths; y above the height of the ankles of a standing person.
        feet: `f 2 3`: ball of the right and left foot, in leg lengths; y = 0 is on the ground. None: `rotations` moves
            the legs, too.
        foot_angles: `f 2 2`: yaw and lift of the heel above the ball, radians.
        rotations: `f 17 3 3`: every joint's rotation relative to its parent (the pelvis': in the world);
            those of the legs are not read where feet decide them.
        fps: frames per second.
        curl: `f 2 5 3`: how far the bones of the fingers of the right and left hand are bent, the thumb first, radians
            from a hand at ease. None: hands are at ease.
    """

    root: np.ndarray
    feet: np.ndarray | None
    foot_angles: np.ndarray | None
    rotations: np.ndarray
    fps: float
    curl: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.root)


@dataclass(frozen=True, eq=False)
class Pose:
    """A posed skeleton: joints `f 17 3` in metres, the joints' rotations in the world `f 17 3 3`, and `curl` as in
    BodyMotion.
    """

    joints: np.ndarray
    rotations: np.ndarray
    curl: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Bones of given proportions.

    `spread` is how much further, in radians, hanging arms stand off than a motion says: a stout person's.
    """

    proportions: Proportions
    spread: float = 0.0

    @property
    def offsets(self) -> np.ndarray:
        """`17 3`: every joint at rest, seen from its parent; the pelvis is seen from the ground."""
        p = self.proportions
        offsets = np.zeros((len(JOINTS), 3))
        offsets[JOINT["pelvis"]] = 0, p.leg + p.ankle, 0
        offsets[JOINT["waist"]] = 0, 0.28 * p.trunk, 0
        offsets[JOINT["chest"]] = 0, 0.28 * p.trunk, 0
        offsets[JOINT["neck"]] = 0, 0.46 * p.trunk, -0.012 * p.height
        offsets[JOINT["head"]] = 0, p.neck, 0.012 * p.height
        for side, arm, leg in ((-1, ARMS[0], LEGS[0]), (1, ARMS[1], LEGS[1])):
            offsets[arm[0]] = side * p.shoulders / 2, 0.44 * p.trunk, -0.008 * p.height
            offsets[arm[1]] = 0, -p.upper_arm, 0
            offsets[arm[2]] = 0, -p.forearm, 0
            offsets[leg[0]] = side * p.hips / 2, 0, 0
            offsets[leg[1]] = 0, -p.thigh, 0
            offsets[leg[2]] = 0, -p.shin, 0
        return offsets

    @property
    def face(self) -> np.ndarray:
        """`5 3`: nose, right eye, left eye, right ear, left ear, seen from the head joint at rest.

        The skull is as deep as 0.84 and as wide as 0.68 of its height.
        """
        h = self.proportions.head
        nose, eye, ear = (0, 0.34 * h, 0.50 * h), (0.145 * h, 0.50 * h, 0.405 * h), (0.335 * h, 0.42 * h, 0.02 * h)
        mirror = np.array([-1.0, 1, 1])
        return np.array([nose, mirror * eye, eye, mirror * ear, ear])

    def rest(self) -> Pose:
        """The skeleton at rest, one frame."""
        joints = self.offsets.copy()
        for joint, parent in enumerate(PARENTS[1:], start=1):
            joints[joint] += joints[parent]
        return Pose(joints[None], np.broadcast_to(np.eye(3), (1, len(JOINTS), 3, 3)).copy())

    def pose(self, motion: BodyMotion) -> Pose:
        """Forward kinematics for trunk, head and arms; the legs are bent to the feet (two-bone inverse
        kinematics in closed form, the knee pointing between the foot's and the pelvis' forward), or follow as
        the arms do where the motion has no feet.

        The pelvis sinks where a leg would not reach its foot otherwise.
        """
        p = self.proportions
        frames, offsets = len(motion), self.offsets
        joints = np.zeros((frames, len(JOINTS), 3))
        rotations = np.zeros((frames, len(JOINTS), 3, 3))
        rotations[:, 0] = motion.rotations[:, 0]
        joints[:, 0] = p.leg * motion.root + (0, p.ankle, 0)
        turns = motion.rotations.copy()
        for sign, (shoulder, _, _) in zip((-1, 1), ARMS, strict=True):
            hanging = np.clip(turns[:, shoulder, 1, 1], 0, 1) ** 3
            turns[:, shoulder] = turn_z(sign * self.spread * hanging) @ turns[:, shoulder]
        legs = LEGS if motion.feet is not None else ()
        if motion.feet is not None and motion.foot_angles is not None:
            yaw, lift = motion.foot_angles[..., 0], motion.foot_angles[..., 1]
            feet = turn_y(yaw) @ turn_x(lift)
            ankles = p.leg * motion.feet + feet @ np.array([0, p.ankle, -0.45 * p.foot])
            hips = np.einsum("fij,hj->fhi", rotations[:, 0], offsets[[LEGS[0][0], LEGS[1][0]]])
            joints[:, 0] = _sunk(joints[:, 0], ankles - hips, reach=STRETCH * p.leg)
        for joint, parent in enumerate(PARENTS[1 : LEGS[0][0] if legs else None], start=1):
            rotations[:, joint] = rotations[:, parent] @ turns[:, joint]
            joints[:, joint] = joints[:, parent] + rotations[:, parent] @ offsets[joint]
        for side, (hip, knee, ankle) in enumerate(legs):
            joints[:, hip] = joints[:, 0] + hips[:, side]
            forward = 0.6 * turn_y(yaw[:, side])[:, :, 2] + 0.4 * rotations[:, 0, :, 2]
            joints[:, knee], joints[:, ankle], rotations[:, hip], rotations[:, knee] = bend(
                joints[:, hip], ankles[:, side], forward, lengths=(p.thigh, p.shin)
            )
            rotations[:, ankle] = feet[:, side]
        return Pose(joints, rotations, motion.curl)

    def keypoints(self, pose: Pose) -> np.ndarray:
        """`f 18 3`: the key points of KEYPOINTS in the world; the neck lies between the shoulders."""
        head = JOINT["head"]
        face = pose.joints[:, head, None] + np.einsum("fij,kj->fki", pose.rotations[:, head], self.face)
        joints = {name: pose.joints[:, index] for name, index in JOINT.items()}
        joints["neck"] = (joints["right_shoulder"] + joints["left_shoulder"]) / 2
        joints |= dict(
            zip(("nose", "right_eye", "left_eye", "right_ear", "left_ear"), np.moveaxis(face, 1, 0), strict=True)
        )
        return np.stack([joints[name] for name in KEYPOINTS], axis=1)


def _sunk(root: np.ndarray, ankles: np.ndarray, *, reach: float) -> np.ndarray:
    """The pelvis `f 3` no higher than both ankles (`f 2 3`, seen from the hips' side) allow: a soft minimum."""
    aside = ((ankles - root[:, None])[..., [0, 2]] ** 2).sum(-1)
    highest = ankles[..., 1] + np.sqrt(np.maximum(reach**2 - aside, 0.01 * reach**2))
    heights = np.concatenate([root[:, 1:2], highest], axis=1)
    lowest = heights.min(1)
    sunk = lowest - SINKING * np.log(np.exp((lowest[:, None] - heights) / SINKING).sum(1))
    return np.stack([root[:, 0], sunk, root[:, 2]], axis=-1)


def bend(
    hip: np.ndarray, target: np.ndarray, forward: np.ndarray, *, lengths: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two bones from `hip` towards `target` (both `f 3`), the knee bending `forward`.

    Returns knee and ankle `f 3` and the rotations of both bones `f 3 3`; a target out of reach is
    approached along a straight leg.
    """
    upper, lower = lengths
    along = target - hip
    distance = np.linalg.norm(along, axis=-1, keepdims=True)
    along = along / distance
    distance = np.clip(distance, 0.3 * (upper + lower), REACH * (upper + lower))
    forward = unit(forward - (forward * along).sum(-1, keepdims=True) * along)
    share = (upper**2 - lower**2 + distance**2) / (2 * distance)
    knee = hip + share * along + np.sqrt(np.maximum(upper**2 - share**2, 0)) * forward
    ankle = hip + distance * along
    side = np.cross(-along, forward)
    bones = []
    for start, end in ((hip, knee), (knee, ankle)):
        up = unit(start - end)
        bones.append(np.stack([side, up, np.cross(side, up)], axis=-1))
    return knee, ankle, bones[0], bones[1]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera at `distance` metres from what it looks at.

    Attributes:
        size: (height, width) of the frames in pixels.
        yaw, pitch: where it stands: turned to the person's left, raised above the horizon; radians.
        distance: metres from the target; the larger, the nearer to a parallel projection.
        scale: pixels per metre at the target's distance.
        target: the point of the world that is seen at `centre`.
        centre: pixels (x, y).
    """

    size: tuple[int, int]
    yaw: float
    pitch: float
    distance: float
    scale: float
    target: tuple[float, float, float]
    centre: tuple[float, float]

    @property
    def rotation(self) -> np.ndarray:
        """World → view: x right, y up, z towards the camera."""
        return turn_x(self.pitch) @ turn_y(-self.yaw)

    def project(self, points: np.ndarray) -> np.ndarray:
        """`… 3` in metres → `… 3`: x and y in pixels, and the distance behind the target in metres."""
        view = (points - np.asarray(self.target, points.dtype)) @ self.rotation.T.astype(points.dtype)
        scale = self.scale / (1 - view[..., 2] / self.distance)
        x = self.centre[0] + scale * view[..., 0]
        y = self.centre[1] - scale * view[..., 1]
        return np.stack([x, y, -view[..., 2]], axis=-1)

    def shows(self, projected: np.ndarray) -> np.ndarray:
        """bool `…`: which of projected points `… 3` lie in the frame; those that are NaN do not."""
        places = projected[..., :2]
        return np.asarray(((places >= 0) & (places < (self.size[1], self.size[0]))).all(-1))

    def depth(self, projected: np.ndarray, *, than: np.ndarray) -> np.ndarray:
        """`…`: how much farther away projected points `… 3` are than others, in pixels there."""
        return (projected[..., 2] - than[..., 2]) * self.scale / (1 + than[..., 2] / self.distance)

    @staticmethod
    def framing(
        points: np.ndarray,
        size: tuple[int, int],
        *,
        yaw: float = 0.0,
        pitch: float = 0.0,
        distance: float = 6.0,
        fill: float = 0.9,
        shift: tuple[float, float] = (0.0, 0.0),
    ) -> Camera:
        """The camera that sees all `points` (`… 3`) in the middle of the frame.

        `fill` is the share of the frame that they span; `shift` moves them by shares of (width, height).
        """
        points = points.reshape(-1, 3)
        x, y, z = (points.min(0) + points.max(0)) / 2
        target = float(x), float(y), float(z)
        camera = Camera(size, yaw, pitch, distance, 1.0, target, (0.0, 0.0))
        seen = camera.project(points)[:, :2]
        low, high = seen.min(0), seen.max(0)
        extent = np.array([size[1], size[0]])
        scale = float(fill * (extent / (high - low)).min())
        centre = extent * (0.5 + np.asarray(shift)) - scale * (low + high) / 2
        return replace(camera, scale=scale, centre=(float(centre[0]), float(centre[1])))


def project_keypoints(
    keypoints: np.ndarray,
    camera: Camera,
    *,
    fps: float,
    visible: np.ndarray | None = None,
    hands: np.ndarray | None = None,
    visible_hands: np.ndarray | None = None,
) -> Motion:
    """World key points `f 18 3` → a `Motion` in the camera's frames, with depth.

    Confidence is 1, HIDDEN where `visible` (`f 18`) is false, and 0 outside the frame. World points of hands,
    `f 2 21 3`, may be NaN: they are missing; `visible_hands` (`f 2 21`) is as `visible`.
    """
    hips = camera.project(keypoints[:, [KEYPOINTS.index("right_hip"), KEYPOINTS.index("left_hip")]].mean(1))
    shown = camera.project(keypoints)
    depth = camera.depth(shown, than=hips[:, None])
    confidence = np.where(True if visible is None else visible, 1.0, HIDDEN) * camera.shows(shown)
    if hands is not None:
        seen = camera.project(hands)
        there = camera.shows(seen)[..., None]
        behind = camera.depth(seen, than=seen[:, :, :1])
        sure = np.where(True if visible_hands is None else visible_hands, 1.0, HIDDEN) * np.ones_like(behind)
        hands = np.where(there, np.stack([seen[..., 0], seen[..., 1], sure, behind], axis=-1), 0.0)
    return Motion(np.concatenate([shown[..., :2], confidence[..., None]], axis=-1), camera.size, fps, depth, hands)


def projected(points: np.ndarray, fps: float, *, yaw: float = 0.0, hands: np.ndarray | None = None) -> Motion:
    """World key points `f 18 3`, y up, as a camera sees them from so far that nobody grows by coming nearer.

    World points of hands, `f 2 21 3`, are NaN where they are missing.
    """
    camera = Camera.framing(points, PROJECTED, yaw=yaw, distance=FAR * np.ptp(points))
    return project_keypoints(points, camera, fps=fps, hands=hands)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors `… 3` at length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def turn_x(angle: np.ndarray | float) -> np.ndarray:
    """Rotations about x `… 3 3`: y towards z."""
    return _turn(angle, 1, 2)


def turn_y(angle: np.ndarray | float) -> np.ndarray:
    """Rotations about y `… 3 3`: z towards x."""
    return _turn(angle, 2, 0)


def turn_z(angle: np.ndarray | float) -> np.ndarray:
    """Rotations about z `… 3 3`: x towards y."""
    return _turn(angle, 0, 1)


def _turn(angle: np.ndarray | float, first: int, second: int) -> np.ndarray:
    angle = np.asarray(angle, dtype=float)
    matrix = np.zeros((*angle.shape, 3, 3))
    matrix[...] = np.eye(3)
    matrix[..., first, first] = matrix[..., second, second] = np.cos(angle)
    matrix[..., second, first] = np.sin(angle)
    matrix[..., first, second] = -np.sin(angle)
    return matrix
