"""A motion from whatever the user has: the table of readers, and the way through it.

A reader is a class of one file, with `sniff` and `read` (`tempose.pose.reading`); those of key points in JSON have a
table of their own (`tempose.pose.pose_files`). The ending says what a file is meant to be, its first bytes what it
is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tempose.body.bvh import Bvh
from tempose.body.joints import read_joint_map
from tempose.body.motions import breathing, builtin_motion, check_named
from tempose.body.skeleton import Proportions, Skeleton, projected
from tempose.core.errors import InputError
from tempose.core.notes import collected
from tempose.core.progress import Track, quiet
from tempose.pose.estimators import Estimator
from tempose.pose.formats.pictures import VIDEOS, Picture, PictureFolder, Video
from tempose.pose.keypoints import KEYPOINTS, MIN_CONFIDENCE, Motion
from tempose.pose.pose_files import Own, PoseFiles
from tempose.pose.reading import MotionReader, Reading, ReadOptions, Source
from tempose.pose.time_range import MOST_EVER, MOST_FRAMES, TimeRange, resampled
from tempose.pose.tracking import Choice

__all__ = [
    "MOST_FRAMES",
    "READERS",
    "MotionDescription",
    "TimeRange",
    "describe_motion",
    "find_reader",
    "read_motion",
    "resampled",
]

# The first that knows a source reads it.
READERS: tuple[MotionReader, ...] = (Own(), PoseFiles(), Bvh(), PictureFolder(), Picture(), Video())

WANTED = (
    f"a video ({', '.join(VIDEOS[:7])} …), key points (.npz, .json), a motion capture (.bvh), a picture, "
    "a folder of pictures or of JSON files, or the name of a built-in motion"
)

# What to do with files that hold a motion, but not as anything above.
BLENDER = "export it as BVH, as in Blender: File › Import, then File › Export › Motion Capture (.bvh)"
MARKERS = "it holds markers, not joints: fit a skeleton to them in the program that captured them, and export BVH"
ACCLAIM = "convert skeleton (.asf) and motion (.amc) together to BVH"
ARRAYS = "save keypoints (f, 18, 3), size (height, width) and fps as .npz, as tempose.pose.keypoints.Motion.save does"
PICKLE = "pickles are not opened, since they run code: export the motion as BVH, or its key points as .npz"
CONVERSIONS = {
    ".fbx": ("an FBX file", BLENDER),
    ".glb": ("a glTF file", BLENDER),
    ".gltf": ("a glTF file", BLENDER),
    ".vrm": ("a VRM file", BLENDER),
    ".vrma": ("a VRM animation", BLENDER),
    ".dae": ("a COLLADA file", BLENDER),
    ".usd": ("a USD file", BLENDER),
    ".usda": ("a USD file", BLENDER),
    ".usdc": ("a USD file", BLENDER),
    ".usdz": ("a USD file", BLENDER),
    ".blend": ("a Blender file", "export it as BVH: File › Export › Motion Capture (.bvh)"),
    ".vmd": ("an MMD motion (VMD)", "load it on a model in Blender with MMD Tools and export it as BVH"),
    ".c3d": ("a C3D file", MARKERS),
    ".trc": ("a TRC file", MARKERS),
    ".asf": ("an Acclaim skeleton (ASF)", ACCLAIM),
    ".amc": ("an Acclaim motion (AMC)", ACCLAIM),
    ".npy": ("a NumPy array", ARRAYS),
    ".pkl": ("a pickle", PICKLE),
    ".pickle": ("a pickle", PICKLE),
    ".pt": ("a PyTorch file", PICKLE),
}

# A built-in motion, if neither rate nor length is asked for.
BUILTIN_FPS, BUILTIN_SECONDS = 12.0, 3.0

# A built-in motion is made from its beginning, up to so many frames.
BUILTIN_FRAMES = 20_000


def read_motion(
    source: Path | str,
    *,
    time_range: TimeRange | None = None,
    person: Choice = "largest",
    yaw: float = 0.0,
    seed: int = 0,
    joints: Mapping[str, str] | Path | str | None = None,
    up: str | None = None,
    estimator: Estimator | str = "mediapipe",
    track: Track = quiet,
) -> Motion:
    """The motion that `source` holds.

    Args:
        source: a file or folder that one of READERS knows, or a name of `tempose.body.motions.MOTIONS`.
        time_range: which part, at what rate.
        person: whom to follow, where there are several.
        yaw: degrees by which the camera is turned to the person's left; for pictures and key points with depth up to
            30 to either side.
        seed: variant of a built-in motion.
        joints: joints of a motion capture by name → ours, or a YAML file of them (`tempose.body.joints`).
        up: the axis of a motion capture that is up, where it is not to be found (`tempose.body.orientation.UP`).
        estimator: finds people in pictures.
        track: shows the progress.

    Raises:
        InputError: there is neither such a file nor such a motion, nothing reads it, or it is too long.
        MediaError, PoseError: it cannot be read, or nobody is in it.
    """
    if isinstance(joints, (Path, str)):
        joints = read_joint_map(joints)
    options = ReadOptions(time_range or TimeRange(), person, yaw, joints, up, estimator, track)
    return _reading(source, options, seed)[1].motion


def find_reader(path: Path | str) -> tuple[MotionReader, Source]:
    """Who reads a file or folder.

    Raises:
        InputError: nobody; one sentence says what it seems to be, and what is wanted.
    """
    source = Source(Path(path))
    for reader in READERS:
        if reader.sniff(source):
            return reader, source
    name = source.path
    if source.is_folder:
        held = ", ".join(sorted(source.endings - {""})[:6]) or "nothing"
        raise InputError(
            f"{name} holds neither pictures nor JSON files with key points, but {held}; wanted {WANTED}", path=name
        )
    if source.ending in CONVERSIONS:
        what, how = CONVERSIONS[source.ending]
        raise InputError(f"{name} is {what}, which cannot be read as a motion", path=name, remedy=how)
    if "BVH" in source.kind:
        raise InputError(f"{name} seems to be a BVH motion capture", path=name, remedy="give it the ending .bvh")
    raise InputError(
        f"{name} is not a motion in a known format: it seems to be {source.kind}; wanted {WANTED}", path=name
    )


def _reading(source: Path | str, options: ReadOptions, seed: int) -> tuple[str, Reading]:
    """The name of the format, and what its reader gives and had to say."""
    with collected() as notes:
        name, reading = _read(source, options, seed)
    return name, replace(reading, motion=replace(reading.motion, notes=tuple(notes)))


def _read(source: Path | str, options: ReadOptions, seed: int) -> tuple[str, Reading]:
    if not Path(source).exists():
        name = str(source)
        check_named(name)
        motion = _builtin(name, options, seed)
        return "built-in motion", Reading(motion, None, None)
    reader, found = find_reader(source)
    return reader.name, reader.read(found, options)


def _builtin(name: str, options: ReadOptions, seed: int) -> Motion:
    wanted = options.time_range
    fps = wanted.fps or BUILTIN_FPS
    seconds = wanted.start + (wanted.duration or BUILTIN_SECONDS)
    if wanted.duration is None and wanted.max_frames is not None:
        seconds = wanted.start + wanted.max_frames / fps
    part = wanted.of(max(1, round(seconds * fps)), fps, source=f"the motion {name}")
    if part.stop > BUILTIN_FRAMES:
        raise InputError(
            f"the motion {name} is made from its beginning: {part.stop:,} frames are more than {BUILTIN_FRAMES:,}",
            remedy="begin earlier, or take fewer frames",
        )
    skeleton = Skeleton(Proportions.draw(np.random.default_rng(seed)))
    body = builtin_motion(name, frames=part.stop, fps=fps, seed=seed)
    points = breathing(skeleton.keypoints(skeleton.pose(body)), fps)
    return projected(points, fps, yaw=np.radians(options.yaw))[part]


# What a file holds --------------------------------------------------------------------------------


@dataclass(frozen=True)
class MotionDescription:
    """What a file says of its motion, and what is found in it.

    Attributes:
        source, format: the file, and what reads it.
        frames, fps: as the file says; None where it does not.
        duration: seconds, of what was read.
        read_frames, read_fps: frames and frames per second of the motion that was made of it.
        size: (height, width) of the frames that the key points lie in.
        seen: each of our key points → the share of the frames in which it is seen.
        missing: key points that are never seen.
        hands, face: shares of the frames that show the right hand and the left, and the face.
        details: of the format: `up` and `joints` of a motion capture, `program` of JSON.
        notes: what was guessed or mended.
    """

    source: str
    format: str
    frames: int | None
    fps: float | None
    duration: float
    read_frames: int
    read_fps: float
    size: tuple[int, int]
    seen: dict[str, float]
    missing: tuple[str, ...]
    hands: tuple[float, float]
    face: float
    details: dict[str, Any]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values, for `tempose motion --json`."""
        return asdict(self)

    def as_text(self) -> str:
        """The same in words, as `tempose motion` prints it: one fact a line."""
        count = "?" if self.frames is None else f"{self.frames}"
        rate = "its rate is not told" if self.fps is None else f"{self.fps:.4g} a second"
        seen = [f"{key.replace('_', ' ')} ({share:.0%})" for key, share in self.seen.items() if 0 < share < 1]
        always = sum(share == 1 for share in self.seen.values())
        joints = self.details.get("joints", {})
        lines = {
            "file": self.source,
            "format": " of ".join(filter(None, (self.format, self.details.get("program")))),
            "frames": f"{count}, {rate}",
            "read as": f"{self.read_frames} frames, {self.read_fps:.4g} a second, {self.duration:.2f} seconds",
            "canvas": f"{self.size[1]}×{self.size[0]}",
            "always seen": f"{always} of {len(self.seen)} key points",
            "partly seen": ", ".join(seen),
            "never seen": ", ".join(key.replace("_", " ") for key in self.missing),
            "hands": ", ".join(
                f"{side} ({share:.0%})" for side, share in zip(("right", "left"), self.hands, strict=True) if share
            ),
            "face": f"in {self.face:.0%} of the frames" if self.face else "",
            "up": self.details.get("up", ""),
            "joints": ", ".join(f"{theirs} = {ours}" for ours, theirs in joints.items()),
            "notes": "; ".join(self.notes),
        }
        return "\n".join(f"{name:<12} {told}" for name, told in lines.items() if told)


def describe_motion(
    source: Path | str,
    *,
    time_range: TimeRange | None = None,
    joints: Mapping[str, str] | Path | str | None = None,
    up: str | None = None,
    person: Choice = "largest",
    estimator: Estimator | str = "mediapipe",
    track: Track = quiet,
) -> tuple[MotionDescription, Motion]:
    """What a file holds, and the motion; arguments and errors as `read_motion`."""
    if isinstance(joints, (Path, str)):
        joints = read_joint_map(joints)
    if time_range is None:
        time_range = TimeRange(max_frames=MOST_EVER) if Path(source).exists() else TimeRange()
    options = ReadOptions(time_range, person, 0.0, joints, up, estimator, track)
    name, reading = _reading(source, options, 0)
    motion = reading.motion
    seen = (motion.keypoints[..., 2] >= MIN_CONFIDENCE).mean(axis=0)
    shares = {key: round(float(share), 3) for key, share in zip(KEYPOINTS, seen, strict=True)}
    hands, face = motion.shares()
    return MotionDescription(
        source=str(source),
        format=name,
        frames=reading.frames,
        fps=reading.fps,
        duration=len(motion) / motion.fps,
        read_frames=len(motion),
        read_fps=motion.fps,
        size=motion.size,
        seen=shares,
        missing=tuple(key for key, share in shares.items() if share == 0),
        hands=(round(hands[0], 3), round(hands[1], 3)),
        face=round(face, 3),
        details=dict(reading.details),
        notes=motion.notes,
    ), motion
