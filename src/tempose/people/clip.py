"""A clip of a drawn person: a recipe of a few numbers, the frames, and their exact ground truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tempose.body.bvh import read_bvh
from tempose.body.captured import body_motion
from tempose.body.keypoints import CapturedMotion, capture_keypoints
from tempose.body.motions import MOTIONS, builtin_motion
from tempose.body.skeleton import JOINT, LEGS, BodyMotion, Camera, Pose, project_keypoints
from tempose.core.errors import InputError, about, unknown
from tempose.people.bones import BONE
from tempose.people.look import Look
from tempose.people.materials import SEAT
from tempose.people.mesh import Patch, Surface, block
from tempose.people.person import Person
from tempose.people.poses import POSES, acted, finger_bends
from tempose.people.render import Light, View, Wardrobe, composed, shaded
from tempose.people.scene import Scene
from tempose.pose.keypoints import HAND_POINTS, HANDS, KEYPOINTS, Motion

# How far behind the nearest surface a key point may lie and still be seen: the thickness of body and
# clothes around it, metres, of a person of 1.70 m.
THICKNESS = {
    "nose": 0.03, "eye": 0.03, "ear": 0.045, "neck": 0.26, "shoulder": 0.13, "elbow": 0.09, "wrist": 0.07,
    "hip": 0.21, "knee": 0.13, "ankle": 0.10, "finger": 0.025,
}  # fmt: skip

# A body point is the one that the next frame shows if their depths agree to this many metres.
SAME_DEPTH = 0.02

LIES = 0.3  # metres above the ground below which a joint throws a shadow on it
SINK = 0.02  # metres that a person sinks into what they sit on

# Raised whenever the same numbers give another person: what was drawn before cannot be drawn again.
EDITION = 3

ACTS = (*MOTIONS, *POSES)
LOW = ("floor", "kneel", "lie", "crouch")  # mostly seen from above

UPPER_BODY = (0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 16, 17)


@dataclass(frozen=True)
class Recipe:
    """All that a clip is made from; the same recipe always gives the same clip.

    Attributes:
        person, scene, motion_seed: seeds.
        motion: a name of `ACTS`, or the path of a motion capture in BVH.
        frames, fps, size: of the clip; size is (height, width) in pixels.
        yaw, pitch, distance: the camera's place, as in tempose.body.skeleton.Camera.
        fill: share of the frame that the person spans, from crown to soles.
        shift: how far the person stands from the middle, in shares of (width, height).
        follow: share of the person's way that the camera goes along, 0 to 1.
        whole: whether the whole person is framed, or the upper body.
        edition: of the drawing that they are for.
    """

    person: int
    motion: str
    motion_seed: int
    scene: int
    frames: int
    fps: float
    size: tuple[int, int]
    yaw: float = 0.0
    pitch: float = 0.05
    distance: float = 6.0
    fill: float = 0.9
    shift: tuple[float, float] = (0.0, 0.0)
    follow: float = 0.0
    whole: bool = True
    edition: int = EDITION

    def __post_init__(self) -> None:
        if len(self.size) != 2 or min(self.size) < 16:
            raise InputError(f"size is {self.size}; wanted (height, width) of at least 16 pixels each")
        object.__setattr__(self, "size", tuple(int(side) for side in self.size))
        object.__setattr__(self, "shift", tuple(float(share) for share in self.shift))

    @staticmethod
    def draw(
        person: int, index: int, *, frames: int, fps: float, size: tuple[int, int], motions: tuple[str, ...] = ACTS
    ) -> Recipe:
        """The `index`-th clip of a person: the motions in turn, a scene and a camera of its own."""
        rng = np.random.default_rng([person, index, 31])
        motion = motions[(index + person) % len(motions)]
        front = rng.uniform() < 0.6
        pace = motion in ("walk", "catwalk") or motion not in ACTS
        raised = rng.uniform(0.1, 0.7) if motion in LOW else 0.0
        return Recipe(
            person=person,
            motion=motion,
            motion_seed=int(rng.integers(2**31)),
            scene=int(rng.integers(2**31)),
            frames=frames,
            fps=fps,
            size=size,
            yaw=float(rng.normal(0, 0.35) if front else rng.uniform(-np.pi, np.pi)),
            pitch=float(np.clip(rng.normal(0.06, 0.08), -0.08, 0.35) + raised),
            distance=float(rng.uniform(3.5, 9.0)),
            fill=float(rng.uniform(0.72, 0.96)),
            shift=(float(rng.normal(0, 0.03)), float(rng.normal(0.0, 0.015))),
            follow=float(rng.choice([0.0, 1.0], p=[0.25, 0.75])) if pace else 0.0,
            whole=bool(rng.uniform() > 0.12),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(fields: dict[str, Any]) -> Recipe:
        """What `as_json` gave, also after a way through a file.

        Raises:
            InputError: it did not, or that of another edition did.
        """
        if fields.get("edition") != EDITION:
            raise InputError("this is not a recipe of a clip that this version draws", remedy="draw the dataset again")
        try:
            return Recipe(**fields)
        except TypeError as error:
            raise InputError(f"this is not a recipe of a drawn clip: {error}") from None


@dataclass(frozen=True, eq=False)
class DrawnClip:
    """Frames with their ground truth.

    Attributes:
        frames: uint8 `f h w 3`.
        motion: the 18 key points and those of the hands; confidence 1 where seen, HIDDEN where something is in front.
        masks: bool `f h w`: pixels that the person covers by at least one half.
        camera: the same for all frames.
    """

    frames: np.ndarray
    motion: Motion
    masks: np.ndarray
    camera: Camera


@dataclass(frozen=True, eq=False)
class Flow:
    """Where the points that a frame shows lie in the next one.

    Attributes:
        flow: float32 `f−1 h w 2`: pixels right and down from every pixel's centre; 0 on the background.
        valid: bool `f−1 h w`: whether the next frame shows the same point.
    """

    flow: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True, eq=False)
class _Stage:
    """A recipe set up: the person, posed before the camera; key points `f 18 3` and of the hands `f 2 21 3`."""

    look: Look
    surface: Surface
    pose: Pose
    keypoints: np.ndarray
    hands: np.ndarray
    camera: Camera

    @staticmethod
    def of(recipe: Recipe) -> _Stage:
        person = Person.draw(recipe.person)
        look = Look.of(person)
        surface, pose, seat = look.surface, *_posed(recipe, person, look)
        outline = np.stack([surface.outline(pose, frame) for frame in range(recipe.frames)])
        if recipe.motion not in MOTIONS:  # what does not stand lies on the ground with what is lowest
            down = (0, outline[..., 1].min(), 0)
            pose, outline = replace(pose, joints=pose.joints - down), outline - down
        if seat:
            surface = Surface.of(surface.bind, [*surface.parts, seat_under(look, pose)])
        else:
            way = recipe.follow * pose.joints[:, :1] * (1, 0, 1)
            pose, outline = replace(pose, joints=pose.joints - way), outline - way
        keypoints, hands = look.skeleton.keypoints(pose), surface.bind.hands(pose)
        camera = Camera.framing(
            outline if recipe.whole else np.concatenate([keypoints[:, UPPER_BODY], _crown(look, pose)], axis=1),
            recipe.size,
            yaw=recipe.yaw,
            pitch=recipe.pitch,
            distance=recipe.distance,
            fill=recipe.fill,
            shift=_inside(recipe.shift, (1 - recipe.fill) / 2) if recipe.whole else recipe.shift,
        )
        return _Stage(look, surface, pose, keypoints, hands, camera)


def _posed(recipe: Recipe, person: Person, look: Look) -> tuple[Pose, bool]:
    """The person in all frames, and whether they sit on something."""
    frames, fps, seed = recipe.frames, recipe.fps, recipe.motion_seed
    rng = np.random.default_rng([seed, 37])
    seat = False
    if recipe.motion in POSES:
        pose, seat = acted(recipe.motion, look.body, layers=look.layers, frames=frames, fps=fps, seed=seed)
    elif recipe.motion in MOTIONS:
        pose = look.skeleton.pose(builtin_motion(recipe.motion, frames=frames, fps=fps, seed=seed))
    elif Path(recipe.motion).suffix.lower() != ".bvh":
        raise unknown("motion", recipe.motion, ACTS)
    else:
        pose = look.skeleton.pose(captured(recipe.motion, frames, fps, rng))
    if pose.curl is None:
        bends = finger_bends(frames, fps, rng, holding=person.thing is not None)
        pose = replace(pose, curl=bends)
    return pose, seat


def captured(path: str, frames: int, fps: float, rng: np.random.Generator) -> BodyMotion:
    """Some moments of a motion capture; one that is too short goes there and back.

    Raises:
        PoseError: it is missing, damaged, or not that of a person.
    """
    whole = read_capture(path)
    last = (len(whole.points) - 1) / whole.fps
    moments = rng.uniform(0, max(last - (frames - 1) / fps, 0)) + np.arange(frames) / fps
    moments = last - np.abs(last - moments % (2 * last)) if last > 0 else 0 * moments
    at = np.round(moments * whole.fps).astype(int)
    hands = None if whole.hands is None else whole.hands[at]
    return body_motion(replace(whole, points=whole.points[at], hands=hands, fps=fps))


@lru_cache(maxsize=8)
def read_capture(path: str) -> CapturedMotion:
    """A motion capture in BVH.

    Raises:
        PoseError: it is missing, damaged, or not that of a person.
    """
    with about(Path(path)):
        return capture_keypoints(read_bvh(path))


def _crown(look: Look, pose: Pose) -> np.ndarray:
    """`f 1 3`: a little above the crown."""
    head = pose.rotations[:, JOINT["head"], :, 1] * look.skeleton.proportions.head
    return (pose.joints[:, JOINT["head"]] + 1.15 * head)[:, None]


def _inside(shift: tuple[float, float], most: float) -> tuple[float, float]:
    across, down = np.clip(shift, -most, most)
    return float(across), float(down)


def seat_under(look: Look, pose: Pose) -> Patch:
    """What a person sits on, where the pelvis is lowest: a block from the ground."""
    frame = int(pose.joints[:, 0, 1].argmin())
    behind = [BONE[name] for name in ("pelvis", "half_right_hip", "half_left_hip")]
    surface = look.surface
    below = surface.posed(pose, frame)[0][surface.weights[:, behind].sum(1) > 0.6]
    x, _, z = pose.joints[frame, 0]
    facing = pose.rotations[frame, 0, :, 2]
    return block(
        (float(x), float(z)), float(below[:, 1].min()) + SINK, half=(0.24, 0.21),
        turn=float(np.arctan2(facing[0], facing[2])), material=SEAT,
    )  # fmt: skip


def draw_clip(recipe: Recipe, *, light: Light | None = None) -> DrawnClip:
    """Render a recipe. On one machine the result is the same to the last bit; on another, to rounding.

    Args:
        light: instead of the scene's own.

    Raises:
        InputError, PoseError: there is no such motion, or its file cannot be read.
    """
    stage, scene = _Stage.of(recipe), Scene.draw(recipe.scene)
    scene = scene if light is None else replace(scene, light=light)
    camera, look = stage.camera, stage.look
    wardrobe = Wardrobe.of(look.textures, scale=camera.scale)
    on_ground = camera.project(stage.pose.joints * (1, 0, 1))[..., :2]
    low = stage.pose.joints[..., 1] < LIES
    low[:, [LEGS[0][2], LEGS[1][2]]] = True
    background = scene.paint(recipe.size, floor=float(on_ground[low][:, 1].mean()))
    frames, masks = [], []
    points = np.concatenate([stage.keypoints, stage.hands.reshape(recipe.frames, -1, 3)], axis=1)
    visible = np.zeros(points.shape[:2], bool)
    for frame in range(recipe.frames):
        view = View.of(stage.surface, stage.pose, frame, camera)
        color = shaded(view, stage.surface, wardrobe, scene.light, scale=camera.scale)
        cover = view.cover()
        feet = on_ground[frame, low[frame]]
        place = scene.shadowed(background, cover=cover, feet=feet, scale=camera.scale, pitch=recipe.pitch)
        frames.append(composed(view, color, cover, place, scene.light.exposure))
        masks.append(view.cover(stage.surface.material[view.samples.corners[:, 0]] != SEAT) >= 0.5)
        visible[frame] = seen_keypoints(view, camera.project(points[frame]), look)
    motion = project_keypoints(
        stage.keypoints, camera, fps=recipe.fps, visible=visible[:, : len(KEYPOINTS)], hands=stage.hands,
        visible_hands=visible[:, len(KEYPOINTS) :].reshape(stage.hands.shape[:-1]),
    )  # fmt: skip
    return DrawnClip(np.stack(frames), motion, np.stack(masks), camera)


def draw_flow(recipe: Recipe) -> Flow:
    """The exact flow of a recipe's frames: every pixel's body point, looked up in the next frame."""
    stage = _Stage.of(recipe)
    height, width = recipe.size
    views = (View.of(stage.surface, stage.pose, f, stage.camera, fine=1) for f in range(recipe.frames))
    flow = np.zeros((recipe.frames - 1, height * width, 2), np.float32)
    valid = np.zeros((recipe.frames - 1, height * width), bool)
    for index, (here, there) in enumerate(pairwise(views)):
        samples = here.samples
        landing = samples.of(there.points)
        row, column = np.divmod(samples.place, width)
        flow[index, samples.place] = landing[:, :2] - np.stack([column, row], axis=-1) - 0.5
        valid[index] = np.isinf(there.samples.depth)
        valid[index, samples.place] = _shown(landing, there.samples.depth.reshape(height, width))
    shape = (recipe.frames - 1, height, width)
    return Flow(flow.reshape(*shape, 2), valid.reshape(shape))


def _shown(points: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Whether points `n 3` (pixels and depth) are what a depth buffer `h w` holds, at a pixel beside them."""
    height, width = depth.shape
    shown = np.zeros(len(points), bool)
    for dx in (0, 1):
        for dy in (0, 1):
            column = np.floor(points[:, 0] - 0.5).astype(int) + dx
            row = np.floor(points[:, 1] - 0.5).astype(int) + dy
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            found = depth[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
            shown |= inside & (np.abs(found - points[:, 2]) < SAME_DEPTH)
    return shown


def seen_keypoints(view: View, keypoints: np.ndarray, look: Look) -> np.ndarray:
    """Which key points (`n 3`: pixels and depth; the body's, then the hands') nothing but their own flesh and clothes
    is in front of.
    """
    (height, width), fine = view.size, view.fine
    column = np.clip(keypoints[:, 0] * fine, 0, width * fine - 1).astype(int)
    row = np.clip(keypoints[:, 1] * fine, 0, height * fine - 1).astype(int)
    nearest = view.samples.depth.reshape(height * fine, width * fine)[row, column]
    names = [*KEYPOINTS, *["wrist", *["finger"] * (HAND_POINTS - 1)] * HANDS]
    own = np.array([THICKNESS[name.split("_")[-1]] for name in names]) * look.skeleton.proportions.height / 1.70
    own[1:14] += look.layers
    return keypoints[:, 2] - nearest < own
