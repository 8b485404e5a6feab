"""A person's video or photos as material to learn from: found, cropped, divided, written."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from tempose.core.errors import DataError, InputError
from tempose.core.files import written_whole
from tempose.core.settings import Size
from tempose.data.augment import Views, cropped, resized
from tempose.data.find import Video
from tempose.data.prepared import write_clip, write_metadata
from tempose.data.segments import crop_box, person_boxes
from tempose.data.videos import VideoSettings, clips_of
from tempose.media.images import read_image
from tempose.media.tensors import to_tensor
from tempose.pose.estimate import estimate_photo
from tempose.pose.part_colors import color_distance, part_colors

# The part that is held out, the last.
HELD_OUT = 0.25

# Photos whose parts differ by more than this in color (ΔE*ab, the mean over parts; the median over the other photos)
# are of different people, or of other clothes. Two photos of one person were measured 2 to 15 apart (14 pairs), of two
# people 12 to 67, nine pairs of ten more than 20.
SOMEBODY_ELSE = 20.0


def views_of_video(path: Path, size: tuple[int, int], *, frames: int) -> list[Views]:
    """The segments of a video in which the person is seen, cropped around the person.

    Raises:
        DataError: there is none.
    """
    tally: Counter[str] = Counter()
    settings = VideoSettings(size=Size(*size), min_frames=frames + 1)
    found = [Views(*clip) for clip in clips_of(Video(path, path.name, path.stem, "train"), settings, tally)]
    if not found:
        total = tally.pop("all", 0)
        lost = "; ".join(f"{count} {reason}" for reason, count in tally.most_common())
        raise DataError(f"none of the {total} frames of {path} can be used: {lost or 'it is empty'}", path=path)
    return found


def views_of_photo(path: Path, size: tuple[int, int]) -> Views:
    """A photo, cropped around the person.

    Raises:
        PoseError: there is nobody in it.
    """
    picture = read_image(path)
    motion, mask = estimate_photo(picture)
    assert mask is not None  # mediapipe gives one
    views = Views(picture[None], motion, mask[None])
    return resized(cropped(views, crop_box(person_boxes(motion.keypoints, views.masks), views.size, size)), size)


def check_one_person(photos: Sequence[Views], *, names: Sequence[str]) -> None:
    """Whether photos may show one person in the same clothes, by the colors of each part of the body.

    Raises:
        InputError: one of them is far from most others; the message says which.
    """
    colors = [part_colors(to_tensor(each.frames)[0] / 2 + 0.5, each.motion.keypoints[0]) for each in photos]
    distances = np.full((len(photos), len(photos)), np.nan)
    for i, j in combinations(range(len(photos)), 2):
        apart = [color_distance(colors[i][name], colors[j][name]) for name in colors[i] if name in colors[j]]
        distances[i, j] = distances[j, i] = np.mean(apart) if apart else np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a photo that has no part in common with any other
        typical = np.nanmedian(distances, axis=1)
    if np.nanmax(typical, initial=0) > SOMEBODY_ELSE:
        farthest = int(np.nanargmax(typical))
        raise InputError(
            f"{names[farthest]} seems to show somebody else, or other clothes: the colors of the body's parts are "
            f"{typical[farthest]:.0f} ΔE from those in the other photos, where {SOMEBODY_ELSE:.0f} is the most",
            remedy="give photos of one person in the same clothes",
        )


def split_video(clips: Sequence[Views], *, frames: int) -> tuple[list[Views], list[Views]]:
    """What is learned from, and the last part, which is held out.

    Raises:
        DataError: it is too short to be divided.
    """
    needed = frames + 1  # a window, and the photo
    *others, last = clips
    total = sum(len(clip.frames) for clip in clips)
    cut = len(last.frames) - max(needed, round(HELD_OUT * total))
    if cut >= needed:
        return [*others, part(last, slice(0, cut))], [part(last, slice(cut, None))]
    if others:
        return others, [last]
    raise DataError(f"the person is seen in {total} frames; wanted at least {2 * needed}, or three photos")


def split_photos(photos: Sequence[Views]) -> tuple[list[Views], list[Views]]:
    """What is learned from, and the last photos, which are held out.

    Raises:
        InputError: there are too few.
    """
    if len(photos) < 3:
        raise InputError(f"{len(photos)} photo(s) were given; wanted one video, or at least three photos")
    cut = min(len(photos) - 1, round((1 - HELD_OUT) * len(photos)))
    return list(photos[:cut]), list(photos[cut:])


def part(views: Views, which: slice) -> Views:
    """The views of some of the frames, with their poses and masks."""
    return Views(views.frames[which], views.motion[which], views.masks[which])


def write_material(root: Path, known: Sequence[Views], held: Sequence[Views], *, source: str) -> None:
    """Write views in the prepared form: `train`, and `val` with what is held out.

    Photos come with their pairs; those in `val` are to be generated from the first of all.
    """
    if len(known[0].frames) > 1:
        write_split(root, "train", known, source=source)
        write_split(root, "val", held, source=source)
        return
    names = write_split(root, "train", known, source=source)
    write_pairs(root / "train", {name: [other for other in names if other != name] for name in names})
    first, *others = write_split(root, "val", [known[0], *held], source=source)
    write_pairs(root / "val", {name: [first] for name in others})


def write_split(root: Path, split: str, clips: Sequence[Views], *, source: str) -> list[str]:
    """Write clips as a split of a prepared dataset; their file names, in the same order."""
    rows = [
        write_clip(
            root, split, f"{i:03}", frames=views.frames, motion=views.motion, masks=views.masks,
            person="person", source=source, license="unknown",
        )
        for i, views in enumerate(clips)
    ]  # fmt: skip
    write_metadata(root, split, rows)
    return [row["file_name"] for row in rows]


def write_pairs(folder: Path, pairs: Mapping[str, Sequence[str]]) -> None:
    """Write pairs.jsonl: targets, each with the photos that it may be generated from."""
    lines = [json.dumps({"target": target, "photos": photos}) + "\n" for target, photos in pairs.items()]
    with written_whole(folder / "pairs.jsonl") as beside:
        beside.write_text("".join(lines), encoding="utf-8")
