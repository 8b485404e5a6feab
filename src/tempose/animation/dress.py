"""Appearance control: a person keeps pose, face and surroundings, and wears what another picture shows.

PIDM (Bhunia et al., CVPR 2023), section 4.5: while the picture is generated in the reference's pose with
the style photo's texture, everything outside a mask is held at the reference.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from tempose.animation.animate import description, named, versions
from tempose.animation.compose import Composition
from tempose.animation.generate import generate, poses_in_frame
from tempose.animation.motion import TimeRange
from tempose.animation.output import check_length, is_finished
from tempose.animation.result import provenance, write_record
from tempose.animation.settings import DressSettings
from tempose.animation.subject import LARGEST, Subject, check_large_enough, read_subject
from tempose.core.errors import InputError, MediaError, PoseError, about
from tempose.core.files import written_whole
from tempose.core.progress import Track, quiet
from tempose.diffusion.hub import Model, find_device, load_model
from tempose.diffusion.pipeline import Appearance, GeneratedFrame
from tempose.media.animated import is_still
from tempose.media.crop import Crop
from tempose.media.images import read_image, resize, write_image
from tempose.media.tensors import to_tensor
from tempose.media.video import probe_video, read_frames, write_video
from tempose.pose.clean import clean
from tempose.pose.estimate import observe
from tempose.pose.estimators import Estimator
from tempose.pose.keypoints import Motion
from tempose.pose.room import person_room
from tempose.pose.silhouette import silhouette
from tempose.warp.background import smooth_fill
from tempose.warp.completion import neck_bar
from tempose.warp.cutout import Cutout, cut_out
from tempose.warp.flesh import HEAD, LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK
from tempose.warp.joints import HIPS, NECK, photo_joints
from tempose.warp.layers import Photos, to_layers
from tempose.warp.person import warp

# What is exchanged of the layers besides the trunk, which the waist parts into upper and lower. Hands and feet belong
# to the limbs, the neck to the head.
REGIONS = {
    "upper": (RIGHT_ARM, LEFT_ARM),
    "lower": (RIGHT_LEG, LEFT_LEG),
    "head": (HEAD,),
    "whole": (RIGHT_ARM, LEFT_ARM, RIGHT_LEG, LEFT_LEG),
}

# Of the person who wears it these layers stay before what is exchanged.
BEFORE = {"upper": (HEAD,), "lower": (RIGHT_ARM, LEFT_ARM), "head": (), "whole": (HEAD,)}

# What is exchanged reaches beyond the old clothes by this share of the picture's height, and fades over as much.
RIM = 0.004

# In lengths of the trunk: the waist above the hips, and how softly it parts.
WAIST, SOFT = 0.2, 0.02

# The rim about a person who is taken out of the reference, as a share of its height.
GROWTH = 0.015


@dataclass(frozen=True, eq=False)
class Reference:
    """Who is to wear it.

    Attributes:
        frames: gives the pictures, uint8 `h w 3`, one after the other, each time it is called.
        motion: the poses.
        mask: gives where the person is in the frame of a number, bool `h w`; None where nothing is known.
    """

    frames: Callable[[], Iterable[np.ndarray]]
    motion: Motion
    mask: Callable[[int], np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class Dressed:
    """A person in other clothes.

    Attributes:
        reference: who wears them, in whose size and at whose rate it is.
        exchanged: how much of each pixel of every frame is exchanged, as `packed` makes it.
        photos: the person of the style in layers.
        window: where in the reference the model's frame lies.
        generated: generates what the model says of every frame, one after the other, each time it is called.
        warnings: one sentence each.
        record: all that is needed to make it again.
    """

    reference: Reference
    exchanged: list[bytes]
    photos: Photos
    window: Crop
    generated: Callable[..., Iterator[GeneratedFrame]]
    warnings: tuple[str, ...]
    record: dict[str, Any]

    def __len__(self) -> int:
        return len(self.reference.motion)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the frames."""
        return self.reference.motion.size

    def frames(self, *, track: Track = quiet) -> Iterator[np.ndarray]:
        """The frames, uint8 `h w 3`, one after the other; none is kept: each call generates and composes them again.

        Args:
            track: shows how far the first of them is.
        """
        generated = self.generated(track=track)
        for index, (frame, made) in enumerate(zip(self.reference.frames(), generated, strict=True)):
            behind = frame if self.reference.mask is None else without(frame, self.reference.mask(index))
            worn = Composition(behind, behind, self.photos, self.window).show(self.reference.motion, index, made)
            weight = unpacked(self.exchanged[index], self.size)[..., None]
            yield np.round(weight * worn + (1 - weight) * frame).astype(np.uint8)


def dress(
    style: Path | str | Subject,
    reference: Path | str | Reference,
    settings: DressSettings | None = None,
    *,
    model: Model | str | None = None,
    estimator: Estimator | str = "mediapipe",
    output: Path | str | None = None,
    track: Track = quiet,
    **changes: Any,
) -> Dressed:
    """Put what the style photo shows on the person of the reference.

    Args:
        style: a picture of a person, or a person that is known already.
        reference: a picture or a video, or what is known of it already.
        settings: how (`tempose.animation.settings.DressSettings`); a mask is the same for all frames of a video.
        model: instead of the settings' name, another one or a loaded model.
        estimator: finds people in pictures.
        output: where it is going to be written.
        track: shows the progress.
        changes: settings by name, on top of `settings`.

    Returns:
        The reference, dressed; outside the mask its pixels are untouched.

    Raises:
        InputError, MediaError, PoseError, CheckpointError: what was given cannot be used.
    """
    if model is not None:
        changes["model"] = model.name if isinstance(model, Model) else model
    asked = DressSettings(**changes) if settings is None else settings.changed(**changes)
    subject = style if isinstance(style, Subject) else read_subject(style, estimator=estimator)
    if not isinstance(reference, Reference):
        given = read_reference(reference, max_frames=asked.max_frames, estimator=estimator, track=track)
    else:
        given = reference
    if output is not None:
        check_length(output, len(given.motion))
    device = str(model.pipeline.device) if isinstance(model, Model) else find_device(asked.device)
    loaded = model if isinstance(model, Model) else load_model(asked.model, device=device)

    window = Crop.around(person_room(given.motion), loaded.size)
    if asked.mask is not None:
        masks: Iterable[np.ndarray] = repeat(
            read_mask(asked.mask, given.motion.size).astype(np.float32), len(given.motion)
        )
    else:
        assert asked.part is not None
        masks = exchanged_parts(subject.cutout, given, part=asked.part)
    exchanged, small, keep, anything = list[bytes](), list[np.ndarray](), list[np.ndarray](), False
    for frame, mask in zip(track(given.frames(), "cutting out", total=len(given.motion)), masks, strict=True):
        exchanged.append(packed(mask))
        small.append(window.cut(frame, loaded.size))
        keep.append(1 - window.cut_mask(mask > 0.5, loaded.size))
        anything = anything or bool(mask.any())
    if not anything:
        raise InputError("the mask is empty: nothing would be exchanged")

    around = Crop.around(person_room(subject.pose, subject.mask), loaded.size)
    person = subject.cutout.seen_through(around, loaded.size)
    if given.mask is not None:
        person = replace(person, background=without(small[0], window.cut_mask(given.mask(0), loaded.size) > 0))
    generated = partial(
        generate,
        loaded,
        laid_over(person),
        person,
        poses_in_frame(given.motion, window, loaded.size),
        steps=asked.steps,
        seed=asked.seed,
        appearance=Appearance(to_tensor(np.stack(small)), torch.from_numpy(np.stack(keep))[:, None]),
    )
    record = {
        "style": named(style),
        "reference": named(reference),
        "settings": asked.changed(steps=asked.steps or loaded.steps, device=device).as_dict(),
        "model": description(loaded),
        "versions": versions(),
        "warnings": list(loaded.warnings),
    }
    photos = Photos(to_layers([subject.cutout]))
    return Dressed(given, exchanged, photos, window, generated, loaded.warnings, record)


def packed(share: np.ndarray) -> bytes:
    """How much of each pixel is exchanged, float32 `h w` in [0, 1], kept to steps of 1/255."""
    return zlib.compress(np.round(255 * share).astype(np.uint8).tobytes(), 1)


def unpacked(share: bytes, size: tuple[int, int]) -> np.ndarray:
    """What was packed, float32 `h w` of `size`."""
    return np.frombuffer(zlib.decompress(share), np.uint8).reshape(size).astype(np.float32) / 255


def laid_over(person: Cutout) -> np.ndarray:
    """A person before the background of their cutout, uint8 `h w 3`."""
    picture = torch.from_numpy(person.background).float()
    for layer in person.order:
        alpha = torch.from_numpy(person.alpha[layer])[..., None]
        picture = torch.lerp(picture, torch.from_numpy(person.color[layer]).float(), alpha)
    return picture.round().byte().numpy()


def without(frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A frame, uint8 `h w 3`, without the person whose mask is given, bool `h w`, and a rim about them."""
    reach = 1 + round(GROWTH * frame.shape[0])
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return smooth_fill(frame, 1 - cv2.dilate(mask.astype(np.uint8), kernel).astype(np.float32))


def read_reference(
    path: Path | str, *, max_frames: int | None = None, estimator: Estimator | str = "mediapipe", track: Track = quiet
) -> Reference:
    """A picture or video of a person, with poses and masks; of a video no frame is kept, it is read as often as needed.

    Raises:
        InputError: the video is too long.
        MediaError, PoseError: it cannot be read, or nobody is in it, or not in every frame.
    """
    path = Path(path)
    frames: Callable[[], Iterable[np.ndarray]]
    if is_still(path):
        count, fps, frames = 1, 1.0, partial(iter, [_smaller(read_image(path))])
    else:
        info = probe_video(path)
        fps = info.fps
        total = max(1, round(info.duration * fps) if info.duration else info.frames or 1)
        count = TimeRange(max_frames=max_frames).of(total, fps, source=str(path)).stop
        frames = partial(_smaller_frames, path, fps=fps, stop=count)
    with about(path):
        seen = observe(track(frames(), "key points", total=count), fps=fps, estimator=estimator)
    check_large_enough(seen.motion[:1])
    motion = seen.motion if len(seen.motion) == 1 else clean(seen.motion, cuts=seen.cuts)
    if not motion.keypoints[..., 2].any(axis=1).all():
        missing = int((~motion.keypoints[..., 2].any(axis=1)).sum())
        raise PoseError(
            f"{path}: nobody was found in {missing} of {len(motion)} frames", path=path, remedy="cut them off first"
        )
    return Reference(frames, motion, None if seen.packed is None else seen.mask)


def _smaller_frames(path: Path, *, fps: float, stop: int) -> Iterator[np.ndarray]:
    return map(_smaller, read_frames(path, fps=fps, stop=stop))


def _smaller(frame: np.ndarray) -> np.ndarray:
    scale = LARGEST / max(frame.shape[:2])
    if scale >= 1:
        return frame
    return resize(frame, (round(scale * frame.shape[0]), round(scale * frame.shape[1])))


def read_mask(path: Path | str, size: tuple[int, int]) -> np.ndarray:
    """A picture's light parts, bool of `size`.

    Raises:
        MediaError: it is no picture, or of other proportions.
    """
    picture = read_image(path)
    height, width = picture.shape[:2]
    if abs(width / height - size[1] / size[0]) > 0.02 * size[1] / size[0]:
        raise MediaError(
            f"the mask {path} is {width}×{height}, the reference {size[1]}×{size[0]}; wanted the same size", path=path
        )
    return resize(picture, size).mean(axis=-1) >= 128


def exchanged_parts(style: Cutout, given: Reference, *, part: str) -> Iterator[np.ndarray]:
    """How much of each pixel of the reference is exchanged, float32 `h w` in [0, 1], frame by frame.

    That is the part itself, and what the style's reaches beyond it, but for what is before both, such as a hand before
    a skirt.
    """
    size = given.motion.size
    worn = to_layers([replace(style, alpha=style.alpha * part_of_layers(style, part))])
    reach = 1 + round(RIM * size[0])
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    for index, frame in enumerate(given.frames()):
        pose = given.motion[index : index + 1]
        mask = silhouette(frame, pose.keypoints[0]) if given.mask is None else given.mask(index)
        wearer = cut_out(frame, mask, pose.keypoints[0], background=False, patches=False)
        shown, belongs = visible(wearer), part_of_layers(wearer, part)
        own = (shown * belongs).sum(0)
        before = (shown * (1 - belongs))[list(BEFORE[part])].sum(0)
        depth = None if pose.depth is None else torch.from_numpy(pose.depth)[None]
        moved = warp(worn, torch.from_numpy(pose.keypoints)[None], depth=depth, size=size)
        own = cv2.GaussianBlur(cv2.dilate(own, kernel), (0, 0), reach / 2)
        yield (np.maximum(own, moved.alpha[0, 0, 0].numpy()) * (1 - before)).clip(0, 1)


def part_of_layers(cutout: Cutout, part: str) -> np.ndarray:
    """How much of every pixel of each layer belongs to a part, float32 `l h w` in [0, 1]."""
    belongs = np.zeros_like(cutout.alpha)
    belongs[list(REGIONS[part])] = 1
    if part == "whole":
        belongs[TRUNK] = 1
    elif part != "head":
        joints = photo_joints(torch.from_numpy(cutout.keypoints)[None])
        neck, hips = joints.places[0, [NECK, HIPS]].numpy()
        y, x = np.indices(cutout.matte.shape, np.float32) + 0.5
        below = ((x - hips[0]) * (hips - neck)[0] + (y - hips[1]) * (hips - neck)[1]) / np.sum((hips - neck) ** 2)
        lower = ((below + WAIST) / SOFT + 0.5).clip(0, 1)
        belongs[TRUNK] = lower if part == "lower" else 1 - lower
    # What is made up of the neck beneath the head has the other person's skin.
    belongs[TRUNK] *= 1 - cutout.alpha[HEAD] * neck_bar(cutout.matte.shape, cutout.keypoints, 1.0, 2.0)
    return belongs


def visible(cutout: Cutout) -> np.ndarray:
    """How much of every pixel the photo shows of each layer, float32 `l h w` in [0, 1]."""
    shown, open_ = np.zeros_like(cutout.alpha), np.ones_like(cutout.matte)
    for layer in reversed(cutout.order):
        shown[layer] = cutout.alpha[layer] * open_
        open_ = open_ * (1 - cutout.alpha[layer])
    return shown


def write_dressed(
    dressed: Dressed, out: Path | str, *, command: tuple[str, ...] | list[str] = (), track: Track = quiet
) -> Path:
    """Write the picture or video, and beside it `OUT.json`, its record.

    Raises:
        InputError, MediaError: it cannot be written.
    """
    out = Path(out)
    check_length(out, len(dressed))
    about = provenance(dressed.record, made_from="a picture of a person, and the clothes of another one")
    record = out.with_name(f"{out.name}.json")
    with written_whole(out, replace=is_finished(out)) as ready:  # it appears last: where it is, all is
        frames = dressed.frames(track=track)
        first = next(frames)  # the bar of generating is over before the next begins
        if len(dressed) == 1:
            write_image(ready, first, provenance=about)
        else:
            shown = track(chain([first], frames), "encoding", total=len(dressed))
            write_video(ready, shown, dressed.reference.motion.fps, provenance=about)
        write_record(record, {"command": list(command), **dressed.record})
    return record
