"""A finished animation: its frames, and the files that are made of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, InstanceOf
from torch import get_num_threads

from tempose.animation.compose import Composition
from tempose.animation.output import check_length, check_output, is_finished
from tempose.animation.settings import PHOTOS, AnimateSettings
from tempose.animation.subject import listed
from tempose.core.ahead import ahead, compute_with, prefetched
from tempose.core.errors import InputError
from tempose.core.files import disk_errors, written_whole
from tempose.core.progress import Track, quiet
from tempose.core.reading import read_json
from tempose.diffusion.hub import comes_along
from tempose.diffusion.pipeline import GeneratedFrame
from tempose.media.images import write_image
from tempose.media.montage import beside, contact_sheet
from tempose.media.provenance import Provenance
from tempose.media.video import write_video
from tempose.pose.draw import draw_motion
from tempose.pose.keypoints import Motion

# What a record says of the file, and the switch of the command line that says the same.
SWITCHES = {"side_by_side": "--side-by-side", "audio": "--audio"}
# Settings that name a network.
NETWORKS = ("model", "matte_model", "detector", "pose_model")
# So many frames are composed at once, most of which takes a single core each, and so many generated before that: a
# window of the networks.
AT_ONCE, GENERATED = 2, 8
# A contact sheet: the photo and so many moments, skeleton over result.
SHEET_FRAMES, SHEET_COLUMNS = 11, 6


@dataclass(frozen=True, eq=False)
class Animation:
    """A person moving.

    Attributes:
        photo: uint8 `h w 3`, of the size of the result: the person as they were.
        motion: the poses, in pixels of the result.
        generated: generates what the model says of every frame, one after the other, each time it is called (with a
            `track`); None shows the warp alone.
        scene: how frames are shown.
        warnings: what had to be guessed or changed, one sentence each.
        record: all that is needed to make it again: see `tempose.animation.animate.animate`.
    """

    photo: np.ndarray
    motion: Motion
    generated: Callable[..., Iterator[GeneratedFrame]] | None
    scene: Composition
    warnings: tuple[str, ...]
    record: dict[str, Any]

    def __len__(self) -> int:
        return len(self.motion)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the frames."""
        return self.scene.background.shape[0], self.scene.background.shape[1]

    def frames(self, only: Collection[int] | None = None, *, track: Track = quiet) -> Iterator[np.ndarray]:
        """The frames, uint8 `h w 3`, one after the other; while one is used, the next are made.

        None is kept: each call generates and composes them again.

        Args:
            only: the numbers of those that are composed; generated are all up to the last of them.
            track: shows how far the first of them is.
        """
        return self._composed(self.scene.show, range(len(self)) if only is None else only, track)

    def frame(self, index: int) -> np.ndarray:
        """One of the frames, uint8 `h w 3`; several come faster from `frames`."""
        return next(self.frames([index]))

    def mattes(self) -> Iterator[np.ndarray]:
        """How much of each pixel of every frame the person is, float32 `h w` in [0, 1], one after the other."""
        return self._composed(self.scene.matte, range(len(self)), quiet)

    def _composed(self, make: Callable[..., np.ndarray], only: Collection[int], track: Track) -> Iterator[np.ndarray]:
        """What `make` composes of frames of these numbers: the networks in one thread, composing in others."""
        threads = get_num_threads()
        each = max(1, threads // (AT_ONCE + 1))
        rest = max(1, threads - AT_ONCE * each)
        generated = prefetched(self._generated(only, track), GENERATED, prepare=partial(compute_with, rest))
        return ahead(make, generated, at_once=AT_ONCE, prepare=partial(compute_with, each))

    def _generated(self, only: Collection[int], track: Track) -> Iterator[tuple[Motion, int, GeneratedFrame | None]]:
        """What frames of these numbers are composed of."""
        generated = repeat(None) if self.generated is None else self.generated(track=track)
        for index, frame in zip(range(max(only) + 1), generated, strict=False):
            if index in only:
                yield self.motion, index, frame

    def panels(self, frames: Iterable[np.ndarray] | None = None) -> Iterator[np.ndarray]:
        """Photo, skeleton and result beside one another; of frames that were composed already, where they are given."""
        skeletons = draw_motion(repeat(self.scene.background // 2), self.motion)
        for skeleton, frame in zip(skeletons, self.frames() if frames is None else frames, strict=True):
            yield beside([self.photo, skeleton, frame])

    def save(self, out: Path | str, **options: Any) -> Path:
        """Write it, as `write_animation`; returns where the record stands."""
        return write_animation(self, out, **options)

    @property
    def on_sheet(self) -> list[int]:
        """The numbers of the frames that a contact sheet shows."""
        return np.unique(np.linspace(0, len(self) - 1, SHEET_FRAMES).round().astype(int)).tolist()

    def sheet(self, frames: Mapping[int, np.ndarray] | None = None) -> np.ndarray:
        """A contact sheet: the background over the photo, then moments spread over the motion with skeletons.

        Args:
            frames: those of `on_sheet` by number, where they were composed already.
        """
        shown = self.frames(self.on_sheet) if frames is None else [frames[i] for i in self.on_sheet]
        drawn = draw_motion(repeat(self.scene.background // 2), self.motion[np.array(self.on_sheet)])
        pairs = [np.concatenate([skeleton, frame]) for skeleton, frame in zip(drawn, shown, strict=True)]
        first = np.concatenate([self.scene.background, self.photo])
        return contact_sheet([first, *pairs], columns=SHEET_COLUMNS)


def write_animation(
    animation: Animation,
    out: Path | str,
    *,
    audio: Path | str | None = None,
    side_by_side: bool = False,
    sheet: Path | str | None = None,
    command: Sequence[str] | None = None,
    track: Track = quiet,
) -> Path:
    """Write the animation, and beside it `OUT.json`, the record from which it can be made again.

    Args:
        out: `.mp4`, `.webm`, `.gif`, `.webp`, a folder (no ending), or a picture for a single pose.
        audio: the driver, whose sound is taken from the moment at which the motion begins.
        side_by_side: photo, skeleton and result beside one another instead of the result alone.
        sheet: a picture file for a contact sheet.
        command: the words of the command line that make it, for the record; by default they follow from it.
        track: shows the progress.

    Returns:
        where the record stands.

    Raises:
        InputError, MediaError: as `check_output`, or the disk refuses a file.
    """
    out = Path(out)
    check_output(out, sheet=sheet, audio=audio)
    check_length(out, len(animation))
    about = provenance(animation.record)
    kept: dict[int, Any] = dict.fromkeys(animation.on_sheet if sheet is not None else ())
    frames = keeping(animation.frames(track=track), kept)
    pictures = animation.panels(frames) if side_by_side else frames
    record = out.with_name(f"{out.name}.json")
    said = {"command": [], "side_by_side": side_by_side, "audio": audio is not None, **animation.record}
    said["command"] = again(said, out, sheet=sheet) if command is None else list(command)
    with written_whole(out, replace=is_finished(out)) as ready:  # it appears last: where it is, all is
        if len(animation) == 1:
            write_image(ready, next(iter(pictures)), provenance=about)
        else:
            fps = animation.motion.fps
            begins = 0.0 if audio is None else round(animation.record["settings"]["start"] * fps) / fps
            first = next(pictures)  # the bar of generating is over before this one begins
            shown = track(chain([first], pictures), "encoding", total=len(animation))
            write_video(ready, shown, fps, audio_from=audio, audio_start=begins, provenance=about)
        if sheet is not None:
            write_image(sheet, animation.sheet(kept), provenance=about)
        write_record(record, said)
    return record


def keeping(frames: Iterable[np.ndarray], kept: dict[int, Any]) -> Iterator[np.ndarray]:
    """The frames as they are; those whose numbers are in `kept` are put there as they go by."""
    for index, frame in enumerate(frames):
        if index in kept:
            kept[index] = frame
        yield frame


def provenance(
    record: Mapping[str, Any], *, made_from: str = "a still photo of a person, moved by a motion"
) -> Provenance:
    """What a result says of itself inside its files: what it was made from, and by what, as its record tells."""
    model = record.get("model")
    by = "by code alone, without a trained model" if model is None else f"by the trained model {model['name']}"
    maker = f"tempose {version('tempose')}"
    return Provenance(
        maker=maker,
        made_from=f"Generated with {maker} from {made_from}, {by}.",
        source_type="compositeSynthetic" if model is None else "compositeWithTrainedAlgorithmicMedia",
    )


# The record ---------------------------------------------------------------------------------------


def again(record: dict[str, Any], out: Path | str, *, sheet: Path | str | None = None) -> list[str]:
    """The words of the command line that make a result again; none where photo or motion were no files."""
    photos = listed(record.get("photo") or ())
    if not photos or not all(photos) or not record.get("motion"):
        return []
    words = ["tempose", "animate", *photos, record["motion"], "-o", str(out)]
    words += [switch for name, switch in SWITCHES.items() if record[name]]
    words += [] if sheet is None else ["--sheet", str(sheet)]
    return words + AnimateSettings(**record["settings"]).options()


Name = InstanceOf[str]  # not all names of files are Unicode


class Record(BaseModel):
    """What must be known to make a result again."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    photo: Name | list[Name | None] | None
    motion: Name | None
    settings: dict[str, Any]
    side_by_side: bool
    audio: bool


def read_record(path: Path | str) -> Record:
    """What stands in the record beside a result.

    Raises:
        InputError: it is none, or that of a result whose photo or motion was no file.
    """
    try:
        known = Record.model_validate(read_json(path))
        names = [name for name in (*listed(known.photo or ()), known.motion) if name]
        if len(names) > PHOTOS + 1 or any("\0" in name for name in names):
            raise ValueError("it names what cannot be files")
    except ValueError as error:
        raise InputError(
            "this is no record of an animation", path=path, remedy="give the .json beside a result"
        ) from error
    if not known.motion or not known.photo or not all(listed(known.photo)):
        raise InputError("its photo or motion was not read from a file", path=path, remedy="give both")
    return known


def check_networks(settings: Mapping[str, Any], given: Collection[str]) -> None:
    """Whether the networks that a record names come with tempose, or were named by whoever makes the result again.

    A record may be anybody's. What it names besides are files to look at; a network is fetched, or run.

    Args:
        settings: of the record.
        given: names of the settings that are said besides, whatever the record says.

    Raises:
        InputError: one is a path, or lies on the Hub.
    """
    for name in NETWORKS:
        said = settings.get(name)
        built_in = said is None or (name == "model" and comes_along(str(said)))
        if name not in given and not built_in:
            raise InputError(
                f"the record names a network that does not come with tempose ({name}: {said})",
                remedy=f"if you trust it, say so: --{name.replace('_', '-')} {said}; or give another one",
            )


def write_record(path: Path, fields: dict[str, Any]) -> None:
    """Write a record as JSON.

    Raises:
        MediaError: the disk refuses it.
    """
    text = json.dumps(fields, indent=1, ensure_ascii=False) + "\n"
    with disk_errors(path), written_whole(path) as beside_it:
        # Names of files that are not UTF-8 come out as JSON's own escapes, and read back as they were.
        beside_it.write_text(text, encoding="utf-8", errors="backslashreplace")
