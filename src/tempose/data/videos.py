"""Any folder of videos in the prepared format.

Each video is decoded twice side by side, to find the person and to cut the person out; both passes
stream, so memory does not grow with the length. One JSON file for each finished video in OUT/report/
lets a command that was stopped go on; metadata.jsonl and report.txt are made at the end.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import lru_cache, partial
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tempose.core.errors import DataError, InputError, PoseError
from tempose.core.files import remove_leftovers, written_whole
from tempose.core.progress import Track, quiet
from tempose.core.reading import read_json
from tempose.core.settings import EvenSize, Settings, Shown, Size
from tempose.data.augment import cropped_motion, resized_masks
from tempose.data.find import Video, find_videos
from tempose.data.prepare import Outcome, hold_settings, run, write_report
from tempose.data.prepared import SPLITS, Row, finished_row, remove_clip, sha256_of, write_clip, write_metadata
from tempose.data.segments import (
    crop_box,
    enough_joints,
    joint_boxes,
    largest_box,
    parts_that_fit,
    person_boxes,
    segments,
)
from tempose.media.formats import pictures_in
from tempose.media.images import resize
from tempose.media.video import probe_video, read_frames
from tempose.pose.clean import clean, skeleton_jumps
from tempose.pose.estimate import Observation, observe
from tempose.pose.estimators import Estimator, load_estimator
from tempose.pose.keypoints import Motion

LONGEST = 600  # frames of a clip; also how many frames are looked at together
OBSERVED = 960  # pixels: the longer side of the pictures that the estimator sees, at most
Box = tuple[int, int, int, int]  # top, left, height, width


class VideoSettings(Settings):
    """How clips are made of videos: what one OUT holds all its clips to."""

    size: EvenSize = Size(256, 176)
    """Size of the clips; both even."""

    fps: Annotated[float | None, Field(gt=0, le=1000), Shown("RATE", unset="each video's own")] = None
    """Frames per second."""

    min_frames: Annotated[int, Field(ge=2, le=LONGEST)] = 16
    """Shorter stretches are left out."""

    photos: bool = False
    """A folder of pictures holds photos of one person, not a film: whatever changes, they stay together."""

    license: str = "unknown"
    """License of the videos, for the metadata."""


def prepare_videos(
    folder: Path | str,
    out: Path | str,
    *,
    settings: VideoSettings = VideoSettings(),
    pattern: str = "**/*",
    split: str | None = None,
    workers: int | None = None,
    address: str | None = None,
    track: Track = quiet,
) -> list[Outcome]:
    """Write the videos of a folder to OUT in the prepared format, and OUT/report.txt.

    A video gives one clip for each stretch in which one person is seen without a cut, cropped around
    the person. Run again, it goes on where it was stopped, and tries again what was refused. The
    files are the same bytes with any number of workers.

    Args:
        pattern: which files of the folder; a folder of pictures that it names is one video.
        workers, address: as for `tempose.data.prepare.run`.
        split: of all the videos; None draws it from a hash of each file's name.

    Returns:
        the outcome of every video, in the order of their names.

    Raises:
        DataError: the folder has no video, or OUT was prepared with other settings.
    """
    folder, out = Path(folder).absolute(), Path(out).absolute()  # a worker of a cluster stands elsewhere
    videos = find_videos(folder, pattern=pattern, split=split, leave_out=out)
    # A dataset of before there were photos is gone on with: it says nothing of them.
    held = {name: value for name, value in settings.as_dict().items() if (name, value) != ("photos", False)}
    hold_settings(out, {"dataset": "videos", **held})
    for name in SPLITS:
        (out / "report" / name).mkdir(parents=True, exist_ok=True)
    work = partial(_prepare_video, out=out, settings=settings)
    outcomes = run(
        work, videos, file_of=attrgetter("file"), workers=workers, address=address, track=track, label="videos"
    )
    for name in SPLITS:
        records = map(_read_record, sorted((out / "report" / name).glob("*.json")))
        rows = [dict(row) for record in records for _, row in record.clips]
        if rows:
            write_metadata(out, name, rows)
    write_report(out, outcomes)
    return outcomes


# One video ----------------------------------------------------------------------------------------


def _prepare_video(video: Video, *, out: Path, settings: VideoSettings) -> Outcome:
    digest = _digest(video.path)
    for split in SPLITS:
        record = out / "report" / split / f"{video.name}.json"
        remove_leftovers(record)
        if record.is_file():
            before = _read_record(record)
            whole = all(finished_row(out, split, Path(row["file_name"]).stem) for _, row in before.clips)
            if split == video.split and before.sha256 == digest and whole:
                clips = tuple((where, dict(row)) for where, row in before.clips)
                return Outcome(video.file, before.verdict, before.detail, clips)
            if split == video.split and before.sha256 != digest:
                raise DataError(
                    f"{out} has clips of another video {video.name}", path=out, remedy="choose another folder"
                )
            if split != video.split:
                raise DataError(f"{out} has this video in {split}, now {video.split} is asked for", path=out)

    outcome = _cut_video(video, out, settings)
    if outcome.verdict != "refused":
        with written_whole(out / "report" / video.split / f"{video.name}.json") as beside:
            beside.write_text(json.dumps({**asdict(outcome), "sha256": digest}) + "\n", encoding="utf-8")
    return outcome


class Record(BaseModel):
    """What is noted of a video that is finished."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    verdict: Literal["kept", "cut", "refused"]
    detail: str
    clips: tuple[tuple[Literal["train", "val", "test"], Row], ...]
    sha256: str


def _read_record(path: Path) -> Record:
    """The record of a video.

    Raises:
        DataError: it is damaged.
    """
    try:
        return Record.model_validate(read_json(path))
    except (OSError, ValueError) as error:
        raise DataError("it is damaged", path=path, remedy="delete it, and the video is prepared again") from error


def _digest(path: Path) -> str:
    """SHA-256 of a video file, or of the pictures of a folder one after another."""
    if path.is_file():
        return sha256_of(path)
    return hashlib.sha256("".join(map(sha256_of, pictures_in(path))).encode()).hexdigest()


def _cut_video(video: Video, out: Path, settings: VideoSettings) -> Outcome:
    """The clips of a video written, and what became of its frames."""
    tally: Counter[str] = Counter()
    rows: list[tuple[str, dict]] = []
    try:
        for frames, motion, masks in clips_of(video, settings, tally):
            row = write_clip(
                out, video.split, f"{video.name}-{len(rows):03}", frames=frames, motion=motion, masks=masks,
                person=video.name, source=video.file, license=settings.license,
            )  # fmt: skip
            rows.append((video.split, row))
    except BaseException:  # a video that breaks off leaves none of its clips
        for number in range(len(rows)):
            remove_clip(out, video.split, f"{video.name}-{number:03}")
        raise
    total, used = tally.pop("all"), sum(row["frames"] for _, row in rows)
    lost = "; ".join(f"{count} {reason}" for reason, count in tally.most_common())
    if not rows:
        return Outcome(video.file, "refused", f"no stretch of its {total} frames can be used: {lost}")
    detail = f"{len(rows)} clip{'s' * (len(rows) > 1)}, {used} of {total} frames" + (f" ({lost})" if lost else "")
    return Outcome(video.file, "kept" if used == total else "cut", detail, tuple(rows))


def clips_of(
    video: Video, settings: VideoSettings, tally: Counter[str]
) -> Iterator[tuple[np.ndarray, Motion, np.ndarray]]:
    """Frames, motion and masks of one clip after another; `tally` counts the frames by their fate."""
    ahead, fps = _open(video.path, settings.fps)  # to be looked at
    behind, _ = _open(video.path, settings.fps)  # to be cut out
    while (first := next(ahead, None)) is not None:
        seen = _look(chain([first], islice(ahead, LONGEST - 1)), fps)
        here = islice(behind, LONGEST)
        if seen is None:
            count = sum(1 for _ in here)
            tally.update({"all": count, "without a person": count})
            continue
        tally["all"] += len(seen.motion)
        yield from _cut_out(here, _plan(seen, first.shape[:2], settings, tally), settings.size)


def _look(frames: Iterable[np.ndarray], fps: float) -> Observation | None:
    """What is seen in the frames, at most OBSERVED pixels long; None when there is nobody in them."""
    try:
        return observe(map(_shrunk, frames), fps=fps, estimator=_estimator())
    except PoseError:
        return None


def _plan(
    seen: Observation, picture: tuple[int, int], settings: VideoSettings, tally: Counter[str]
) -> list[tuple[slice, Box, Motion, np.ndarray]]:
    """The clips: which frames, which box of the picture, and their motion and masks in the clip."""
    assert seen.masks is not None  # mediapipe gives them
    motion = clean(seen.motion, cuts=range(len(seen.motion)) if settings.photos else seen.cuts)
    present = enough_joints(motion) & seen.masks.any(axis=(1, 2))
    edges = [] if settings.photos else _edges(motion, seen, present, settings.size)
    long_enough = segments(present, edges, settings.min_frames)
    fate = {
        "without a person": int((~present).sum()),
        f"in segments under {settings.min_frames} frames": int(present.sum()) - _count(long_enough),
    }
    plan = []
    scale = picture[0] / motion.size[0], picture[1] / motion.size[1]
    full = motion.resized(picture)
    for segment in long_enough:
        boxes = person_boxes(motion.keypoints[segment], seen.masks[segment]) * (*scale[::-1], *scale[::-1])
        box = crop_box(boxes, picture, settings.size)
        if box[2] < settings.size[0] / 2:
            fate["with the person too small"] = fate.get("with the person too small", 0) + _count([segment])
            continue
        cropped = cropped_motion(full[segment], box).resized(settings.size)
        masks = resized_masks(_inside(seen.masks[segment], box, scale), settings.size)
        plan.append((segment, box, cropped, masks))
    tally.update({reason: count for reason, count in fate.items() if count})
    return plan


def _edges(motion: Motion, seen: Observation, present: np.ndarray, size: tuple[int, int]) -> list[int]:
    """The frames that begin another clip: after a cut, a jump, or a movement that fills the crop."""
    edges = [*seen.cuts, *skeleton_jumps(motion.keypoints)]
    largest = largest_box(motion.size, size)
    for shot in segments(present, edges, 1):
        joints = joint_boxes(motion.keypoints[shot])
        edges += [shot.start + part.start for part in parts_that_fit(joints, largest)]
    return edges


def _cut_out(
    frames: Iterator[np.ndarray], plan: list[tuple[slice, Box, Motion, np.ndarray]], size: tuple[int, int]
) -> Iterator[tuple[np.ndarray, Motion, np.ndarray]]:
    """The planned clips, in order, from the frames, which are read to their end."""
    position = 0
    for which, (top, left, height, width), motion, masks in plan:
        crops = [
            resize(frame[top : top + height, left : left + width], size)
            for frame in islice(frames, which.start - position, which.stop - position)
        ]
        position = which.stop
        yield np.stack(crops), motion, masks
    for _ in frames:
        pass


def _count(parts: list[slice]) -> int:
    return sum(part.stop - part.start for part in parts)


def _inside(masks: np.ndarray, box: Box, scale: tuple[float, float]) -> np.ndarray:
    """The part of small masks that a box of the full picture covers."""
    top, left, height, width = box
    rows = slice(round(top / scale[0]), max(round((top + height) / scale[0]), 1))
    columns = slice(round(left / scale[1]), max(round((left + width) / scale[1]), 1))
    return masks[:, rows, columns]


def _shrunk(frame: np.ndarray) -> np.ndarray:
    """The frame, made smaller where a side is longer than OBSERVED."""
    scale = OBSERVED / max(frame.shape[:2])
    if scale >= 1:
        return frame
    return resize(frame, (max(1, round(frame.shape[0] * scale)), max(1, round(frame.shape[1] * scale))))


def _open(path: Path, fps: float | None) -> tuple[Iterator[np.ndarray], float]:
    """The frames of a video at a constant rate, and the rate."""
    if path.is_dir():
        if fps is None:
            raise InputError("a folder of pictures has no rate of its own", remedy="say --fps")
        return read_frames(path), fps
    fps = fps or probe_video(path).fps
    return read_frames(path, fps=fps), fps


@lru_cache(maxsize=1)
def _estimator() -> Estimator:
    """One for each process; it gives masks, which the format needs."""
    return load_estimator("mediapipe", landmarks=False)
