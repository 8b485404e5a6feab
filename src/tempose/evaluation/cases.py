"""What is generated and judged: a photo, the poses asked for, and, where it is known, the truth.

Self-reconstruction: the photo is the first frame of a clip, the poses are those of its later frames,
which are the truth. Cross-driving: the poses are another person's, fitted to the body in the photo;
there is no truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tempose.core.errors import DataError
from tempose.data.augment import Views, cropped_motion, resized
from tempose.data.prepared import Clip, read_metadata
from tempose.evaluation.protocols import Protocol
from tempose.media.tensors import to_tensor
from tempose.people.clip import EDITION, Recipe, draw_flow
from tempose.pose.keypoints import Motion
from tempose.pose.retarget import retarget_motion


class OpticalFlow(NamedTuple):
    """Where the points of each frame lie in the next one."""

    flow: Tensor
    """Pixels (x, y), `f-1 2 h w`."""
    valid: Tensor
    """1 where that is known and the next frame shows the point, `f-1 1 h w`."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The frames of the clip that a method is to come near to."""

    frames: Tensor
    """`f 3 h w` in [-1, 1]."""
    mask: Tensor
    """Where the person is, `f 1 h w`."""
    flow: OpticalFlow | None
    """The exact flow of drawn people between neighbouring frames; None where it is not known."""


@dataclass(frozen=True, eq=False)
class Case:
    """One photo, and the poses to generate it in."""

    name: str
    """The clip's file name; of cross-driving, photo ← driver."""
    photo: Tensor
    """`3 h w` in [-1, 1]."""
    photo_keypoints: Tensor
    """`18 3`: x, y in pixels, confidence."""
    photo_mask: Tensor
    """Where the person is, `1 h w`."""
    motion: Motion
    """The poses of the f frames to generate, in pixels of the photo."""
    truth: Truth | None
    """None in cross-driving, where nobody filmed what is asked for."""


class Task(NamedTuple):
    """A case that is read when its turn comes."""

    name: str
    """The name that the case will have."""
    hashes: dict[str, str]
    """SHA-256 of each clip that it is made from, by file name."""
    read: Callable[[], Case]
    """Raises DataError or PoseError where the clip cannot be used."""


def tasks(
    root: Path | str,
    split: str,
    *,
    protocol: Protocol,
    size: tuple[int, int],
    stretch: bool = False,
    subject: Literal["self", "cross"] = "self",
    most: int | None = None,
) -> list[Task]:
    """The tasks that a split of a prepared dataset holds.

    Args:
        root: a prepared dataset. split: `train`, `val` or `test`.
        size: (height, width) at which is generated and measured.
        stretch: whether clips of another size are stretched to it, by area averaging; else they cannot
            be used.
        subject: `self`, or `cross`: each clip's motion is that of the next clip of another person.
        most: at most so many clips, evenly over the split.

    Raises:
        DataError: no such dataset; the split is empty; or for `cross`, it shows a single person.
    """
    clips = [Clip(Path(root) / split, row) for row in read_metadata(root, split)]
    if not clips:
        raise DataError(
            f"{Path(root) / split} holds no clip",
            path=Path(root) / split,
            remedy="prepare a dataset or choose another split",
        )
    if most is not None and most < len(clips):
        clips = [clips[i] for i in np.unique(np.linspace(0, len(clips) - 1, most).astype(int))]
    if subject == "self":
        read = partial(self_reconstruction, protocol=protocol, size=size, stretch=stretch)
        return [Task(clip.name, hashes(clip), partial(read, clip)) for clip in clips]
    drive = partial(cross_driving, protocol=protocol, size=size, stretch=stretch)
    pairs = [(clip, _driver(clips, i)) for i, clip in enumerate(clips)]
    return [Task(crossed(*pair), hashes(*pair), partial(drive, *pair)) for pair in pairs]


def crossed(clip: Clip, driver: Clip) -> str:
    """The name of a case in which one clip drives the photo of another."""
    return f"{clip.name} ← {driver.name}"


def hashes(*clips: Clip) -> dict[str, str]:
    """File name → SHA-256 of each clip, as the dataset's metadata say."""
    return {clip.name: clip.row["sha256"] for clip in clips}


def self_reconstruction(clip: Clip, *, protocol: Protocol, size: tuple[int, int], stretch: bool = False) -> Case:
    """A clip to be generated from its first frame.

    Raises:
        DataError: the clip is damaged, too short for the protocol, or of another size.
    """
    moments = [moment + 1 for moment in protocol.moments(len(clip) - 1, clip=clip.name)]
    return reconstruction(clip, moments, size=size, stretch=stretch)


def reconstruction(clip: Clip, moments: Sequence[int], *, size: tuple[int, int], stretch: bool = False) -> Case:
    """A clip of which the frames `moments` are to be generated from its first frame."""
    views = _views(clip, [0, *moments], size=size, stretch=stretch)
    pictures, masks = to_tensor(views.frames), torch.from_numpy(views.masks).float()[:, None]
    truth = Truth(pictures[1:], masks[1:], exact_flow(clip, moments, size=size))
    return Case(clip.name, pictures[0], torch.from_numpy(views.motion.keypoints[0]), masks[0], views.motion[1:], truth)


def cross_driving(
    clip: Clip, driver: Clip, *, protocol: Protocol, size: tuple[int, int], stretch: bool = False
) -> Case:
    """The person of a clip's first frame in the poses of another clip, fitted bone by bone.

    Raises:
        DataError: a clip is damaged, the driver too short, or one of another size.
        PoseError: the photo or the driver shows too little of a person.
    """
    photo = _views(clip, [0], size=size, stretch=stretch)
    _check_size(driver, size=size, stretch=stretch)
    driven = driver.read_ground_truth()[0].resized(size)
    moments = protocol.moments(len(driver), clip=driver.name)
    fitted = cropped_motion(retarget_motion(driven, photo.motion).motion[np.array(moments)], (0, 0, *size))
    return Case(
        crossed(clip, driver),
        to_tensor(photo.frames)[0],
        torch.from_numpy(photo.motion.keypoints[0]),
        torch.from_numpy(photo.masks).float(),
        fitted,
        truth=None,
    )


def exact_flow(clip: Clip, moments: Sequence[int], *, size: tuple[int, int]) -> OpticalFlow | None:
    """The flow between the frames `moments` of a drawn clip; None where it is not known.

    It is of clips that bear the recipe from which they were drawn, by this edition of the drawing, at the size drawn,
    from each frame to the next.

    Raises:
        InputError: people cannot be drawn here.
    """
    drawn_at = (clip.row["height"], clip.row["width"])
    neighbours = list(moments) == list(range(moments[0], moments[0] + len(moments)))
    ours = clip.row.get("recipe", {}).get("edition") == EDITION
    if not ours or size != drawn_at or not neighbours or len(moments) < 2:
        return None
    drawn = draw_flow(Recipe.from_json(clip.row["recipe"]))
    between = slice(moments[0], moments[-1])
    flow = torch.from_numpy(drawn.flow[between]).movedim(-1, 1)
    return OpticalFlow(flow, torch.from_numpy(drawn.valid[between]).float()[:, None])


def _driver(clips: Sequence[Clip], index: int) -> Clip:
    """The next clip that shows another person."""
    person = clips[index].row["person"]
    for ahead in range(1, len(clips)):
        other = clips[(index + ahead) % len(clips)]
        if other.row["person"] != person:
            return other
    raise DataError(
        f"{clips[index].folder} shows {person} alone; wanted clips of two people or more, to drive one by another",
        path=clips[index].folder,
    )


def _views(clip: Clip, moments: Sequence[int], *, size: tuple[int, int], stretch: bool) -> Views:
    """Some frames of a clip, whole and of the wanted size."""
    _check_size(clip, size=size, stretch=stretch)
    clip.verify()
    return resized(Views(clip.read_frames(moments), *clip.read_ground_truth(moments)), size)


def _check_size(clip: Clip, *, size: tuple[int, int], stretch: bool) -> None:
    """Raise DataError unless the clip has the wanted size or may be stretched."""
    own = (clip.row["height"], clip.row["width"])
    if own != size and not stretch:
        raise DataError(
            f"{clip.name} is {own[0]}×{own[1]} (height × width), measured is at {size[0]}×{size[1]}",
            remedy="prepare the clips at that size, or stretch them (--stretch)",
        )
