"""BVH files, as strict and as sloppy programs write them.

The format is Biovision's, as Meredith and Maddock describe it in "Motion Capture File Formats Explained"
(University of Sheffield, 2001): a hierarchy of joints with offsets and channels, then a line of channel
values for each frame. What cannot be misunderstood is read: any case, comments, braces without space, decimal
commas, any encoding. What is missing is never made up: a file that breaks off gives the whole frames before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from tempose.body.capture import AXES, TURNS, Capture, Joint
from tempose.body.keypoints import capture_keypoints
from tempose.body.skeleton import projected
from tempose.core.errors import PoseError, about
from tempose.core.kinds import kind_of
from tempose.core.notes import note
from tempose.core.reading import read_plain
from tempose.core.text import decoded
from tempose.pose.reading import Reading, ReadOptions, Source
from tempose.pose.time_range import cut

# Of a file: its bytes, its joints, its joints in all frames together, and its numbers.
MAX_BYTES, MAX_JOINTS, MAX_PLACES, MAX_VALUES = 200_000_000, 5_000, 5_000_000, 30_000_000

# Letters of the hierarchy, and of a joint's name.
MAX_HIERARCHY, MAX_NAME = 5_000_000, 1_000

# Of an offset or a channel.
MAX_VALUE = 1e9
WORD = re.compile(r"\S+")

# The rate of a file that gives its frames no duration.
UNTIMED_FPS = 30.0

# In any case; what a joint is scaled by is passed over.
CHANNELS = {name.lower(): name for name in (*TURNS, *AXES, "Xscale", "Yscale", "Zscale")}


class Bvh:
    """A motion capture: the first person in it, seen by a far camera."""

    name = "BVH motion capture"

    def sniff(self, source: Source) -> bool:
        return source.ending == ".bvh"

    def read(self, source: Source, options: ReadOptions) -> Reading:
        capture = read_bvh(source.path)
        with about(source.path):
            found = capture_keypoints(capture, joints=options.joints, up=options.up)
        motion = projected(found.points, found.fps, yaw=math.radians(options.yaw), hands=found.hands)
        details = {"up": found.up, "joints": found.joints}
        whole = cut(motion, options.time_range, source=str(source.path))
        return Reading(whole, len(motion), found.fps, details)


def read_bvh(path: Path | str) -> Capture:
    """Read a BVH file.

    Raises:
        PoseError: it is missing, too large, or breaks the format; the message says where.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PoseError(f"{path} is larger than {MAX_BYTES / 1e6:g} MB", path=path, remedy="cut the motion first")
        text = decoded(read_plain(path))
    except FileNotFoundError:
        raise PoseError(f"there is no BVH file {path}", path=path) from None
    except OSError as error:
        raise PoseError(f"{path} cannot be read: {error.strerror}", path=path) from error
    except UnicodeError:
        raise PoseError(f"{path} is not a BVH file: it seems to be {kind_of(path)}", path=path) from None
    if not text.lstrip().upper().startswith(("HIERARCHY", "#", "//")):
        raise PoseError(
            f"{path} is not a BVH file, which begins with HIERARCHY: it seems to be {kind_of(path)}", path=path
        )
    try:
        return parsed(text)
    except ValueError as error:
        raise PoseError(f"{path} is not a whole BVH file: {error}", path=path) from error
    except StopIteration:
        raise PoseError(f"{path} is not a whole BVH file: it ends too early", path=path) from None


def parsed(text: str) -> Capture:
    """A capture from the text of a BVH file.

    Raises:
        ValueError, StopIteration: it breaks the format, or ends too early.
    """
    text = "\n".join(re.sub(r"(^|\s)(#|//).*", " ", line) for line in text.strip("\x1a\x00\ufeff").splitlines())
    if not re.search(r"\d\.\d", text):  # decimal commas, where no number has a point
        text = re.sub(r"(\d),(\d)", r"\1.\2", text)
    text = re.sub(r"(Frame\s*Time\s*:?\s*\d*),(\d)", r"\1.\2", text, flags=re.IGNORECASE)
    text = text.replace(",", " ").replace(";", " ")
    parts = re.split(r"^\s*MOTION\b", text, maxsplit=1, flags=re.IGNORECASE | re.MULTILINE)
    if len(parts) < 2:
        raise ValueError("the word MOTION is missing")
    if len(parts[0]) > MAX_HIERARCHY:
        raise ValueError(f"its hierarchy has more than {MAX_HIERARCHY:,} letters")
    joints = _hierarchy(iter(re.sub(r"([{}])", r" \1 ", parts[0]).split()))
    width = sum(len(joint.channels) for joint in joints)
    values, fps = _frames(parts[1], width)
    if len(values) * len(joints) > MAX_PLACES:
        raise ValueError(f"it has {len(values)} frames of {len(joints)} joints; cut the motion first")
    return Capture(tuple(joints), values, fps)


# The hierarchy ------------------------------------------------------------------------------------


def _hierarchy(words: Iterator[str]) -> list[Joint]:
    """All joints, parents before children, tips of limbs included."""
    first = next(words)
    if first.upper() != "HIERARCHY":
        raise ValueError(f"{first[:40]!r} stands where 'HIERARCHY' is wanted")
    joints: list[Joint] = []
    open_joints: list[int] = []
    for word in words:
        kind = word.upper()
        if kind == "}" and open_joints:
            open_joints.pop()
        elif kind in ("ROOT", "JOINT") or kind.startswith("END"):
            if (kind == "ROOT") == bool(open_joints):
                raise ValueError(f"{word} stands {'inside' if open_joints else 'outside'} a joint")
            parent = open_joints[-1] if open_joints else -1
            name = " ".join(_until_brace(words))
            is_end = kind.startswith("END")
            joints.append(Joint(f"{joints[parent].name} end" if is_end else name, parent, end=is_end))
            open_joints.append(len(joints) - 1)
            if len(joints) > MAX_JOINTS:
                raise ValueError(f"it has more than {MAX_JOINTS} joints")
        elif kind == "OFFSET" and open_joints:
            joints[open_joints[-1]].offset = _numbers([next(words) for _ in range(3)])
        elif kind == "CHANNELS" and open_joints:
            joints[open_joints[-1]].channels = _channels(words, joints[open_joints[-1]].name)
        else:
            where = f"joint {joints[open_joints[-1]].name}" if open_joints else "the hierarchy"
            raise ValueError(f"{where}: {word[:40]!r} is not a part of it")
    if open_joints:
        raise ValueError(f"joint {joints[open_joints[-1]].name} is not closed before MOTION")
    if not joints:
        raise ValueError("it has no joint")
    return joints


def _until_brace(words: Iterator[str]) -> list[str]:
    name, letters = [], 0
    while (word := next(words)) != "{":
        name.append(word)
        letters += len(word)
        if letters > MAX_NAME:
            raise ValueError(f"a joint's name has more than {MAX_NAME:,} letters")
    return name


def _channels(words: Iterator[str], joint: str) -> tuple[str, ...]:
    given = [next(words) for _ in range(int(next(words)))]
    strange = [channel for channel in given if channel.lower() not in CHANNELS]
    if strange:
        raise ValueError(f"joint {joint} has an unknown channel {strange[0][:40]}")
    return tuple(CHANNELS[channel.lower()] for channel in given)


# The motion ---------------------------------------------------------------------------------------


def _frames(text: str, width: int) -> tuple[np.ndarray, float]:
    """Values `f c`, and frames per second."""
    head = re.match(
        r"\s*Frames\s*:?\s*(\d+)(?:\.0*)?\s+Frame\s*Time\s*:?\s*([-+.\deE]+)[^\S\n]*\n?", text, flags=re.IGNORECASE
    )
    if head is None:
        raise ValueError("after MOTION, 'Frames: …' and 'Frame Time: …' are wanted")
    count, seconds = int(head[1]), float(head[2])
    if seconds != 0 and not 1e-4 < seconds < 10:
        raise ValueError(f"it says frames of {seconds:g} seconds")
    if seconds == 0:
        note(f"the BVH file gives its frames no duration: taken as {UNTIMED_FPS:g} frames a second")
    if width == 0:
        raise ValueError("no joint has a channel")

    body = text[head.end() :]
    wanted, held = count * width, sum(1 for _ in islice(_words(body), MAX_VALUES + 1))
    if held > MAX_VALUES:
        raise ValueError(f"it holds more than {MAX_VALUES:,} numbers; cut the motion first")
    if held != wanted:
        whole, what = _whole_lines(body.splitlines(), width, count)
        wanted = whole * width
        note(what)
    values = _numbers(islice(_words(body), wanted))
    if len(values) == 0:
        raise ValueError("it holds no frame")
    return values.reshape(-1, width), 1 / seconds if seconds else UNTIMED_FPS


def _words(text: str) -> Iterator[str]:
    """Its words, of which no list is made: there may be millions."""
    return (found[0] for found in WORD.finditer(text))


def _number(word: str) -> float:
    """A word as a number; ValueError where it is none."""
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{word[:40]!r} stands where a number is wanted") from None


def _numbers(words: Iterable[str]) -> np.ndarray:
    """Words of a BVH file, offsets or channel values, as numbers."""
    values = np.fromiter(map(_number, words), float)
    if not (np.abs(values) <= MAX_VALUE).all():  # also what is not finite
        raise ValueError(f"a number is beyond ±{MAX_VALUE:g}, NaN or infinite")
    return values


def _whole_lines(lines: list[str], width: int, count: int) -> tuple[int, str]:
    """How many frames a file holds that says more or fewer, and a note; its last line may be cut."""
    held = [words for line in lines if (words := sum(1 for _ in _words(line)))]
    cut = bool(held) and held[-1] < width
    whole = held[: len(held) - cut]
    odd = next((words for words in whole if words != width), None)
    if odd is not None or not whole:
        raise ValueError(f"a frame holds {odd or sum(held)} numbers; {width} channels need {width}")
    said = f"the BVH file says {count} frames and holds {len(whole)}"
    return len(whole), said + (", then a line that breaks off" if cut else "")
