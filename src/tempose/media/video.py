"""Videos in and out of files, frame by frame.

Frames are uint8 `h w 3`, sRGB, upright. Reading streams: memory does not grow with the length.
Writing is deterministic: the same frames give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tempose.core import cancellation
from tempose.core.errors import InputError, MediaError
from tempose.core.files import written_whole
from tempose.media.container import opened, seconds
from tempose.media.encode import ENCODERS, encode
from tempose.media.images import check_picture

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

# Random access decodes on rather than seeks when the next wanted frame is at most this far ahead.
DECODE_ON = 24


@dataclass(frozen=True)
class VideoInfo:
    """What a video says about itself.

    Attributes:
        width, height: of the upright frames, in pixels.
        fps: average frames per second.
        frames: number of frames; None where the file does not say.
        duration: seconds; None where the file does not say.
        has_audio: whether there is a sound track.
    """

    width: int
    height: int
    fps: float
    frames: int | None
    duration: float | None
    has_audio: bool


# Reading ------------------------------------------------------------------------------------------


def _decoded(container: InputContainer, path: Path | str) -> Iterator[av.VideoFrame]:
    """The frames of the picture track from where the container stands to its end.

    Raises:
        MediaError: there is not one frame, or the file breaks off.
    """
    stream = container.streams.video[0]
    count, time = 0, Fraction(0)
    for packet in container.demux(stream):
        if packet.is_corrupt:
            raise MediaError(f"{path} is damaged or cut short: it breaks off after {count} frames")
        for frame in packet.decode():
            cancellation.check()
            count, time = count + 1, seconds(frame, otherwise=time)
            yield frame
    if count == 0:
        raise MediaError(f"{path} has a picture track, but no frame of it can be decoded")
    # Matroska files break off in silence; where pictures are all they hold, their length tells.
    if stream.duration is None and container.duration and len(container.streams) == 1:
        lasts = container.duration / 1e6
        if time < 0.9 * lasts - 0.5:
            raise MediaError(f"{path} is cut short: it breaks off after {float(time):.1f} of {lasts:.1f} seconds")


def _upright(frame: av.VideoFrame) -> np.ndarray:
    """uint8 `h w 3`, turned as the rotation tag says."""
    from av.video.reformatter import Interpolation

    careful = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    picture = frame.to_ndarray(format="rgb24", interpolation=careful)
    return np.ascontiguousarray(np.rot90(picture, (frame.rotation // 90) % 4))


def _rate(container: InputContainer) -> Fraction:
    stream = container.streams.video[0]
    return Fraction(stream.average_rate or stream.guessed_rate or 25)


def probe_video(path: Path | str) -> VideoInfo:
    """Size, rate and length of a video; its first frame is decoded, so a broken one shows here.

    Raises:
        MediaError: the file is missing, empty, no video, damaged, or has no frame.
    """
    with opened(path, track="video") as container:
        stream = container.streams.video[0]
        first = next(_decoded(container, path))
        turned = (first.rotation // 90) % 2 == 1
        duration = None
        if stream.duration is not None and stream.time_base is not None:
            duration = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            duration = container.duration / 1e6
        return VideoInfo(
            width=first.height if turned else first.width,
            height=first.width if turned else first.height,
            fps=float(_rate(container)),
            frames=stream.frames or None,
            duration=duration,
            has_audio=bool(container.streams.audio),
        )


def read_frames(
    path: Path | str, *, fps: float | None = None, start: int = 0, stop: int | None = None
) -> Iterator[np.ndarray]:
    """The frames `start` … `stop` − 1 of a video, one uint8 `h w 3` at a time.

    With `fps` the video is first resampled to that constant rate: frame k is the one whose time
    stamp is nearest to k / fps seconds after the first. Without, every frame comes as it is stored.

    Raises:
        MediaError: as `probe_video`; also in the middle, where a damaged file breaks off.
    """
    if start < 0 or (stop is not None and stop < start) or (fps is not None and fps <= 0):
        raise InputError(f"start {start}, stop {stop}, fps {fps}: wanted 0 ≤ start ≤ stop and fps > 0")
    with opened(path, track="video") as container:
        frames = _decoded(container, path)
        if fps is not None:
            frames = _at_constant_rate(frames, Fraction(fps), _rate(container))
        for frame in islice(frames, start, stop):
            yield _upright(frame)


def _at_constant_rate(frames: Iterable[av.VideoFrame], fps: Fraction, nominal: Fraction) -> Iterator[av.VideoFrame]:
    """Frames repeated or left out so that frame k is the one nearest in time to k / fps.

    The length is kept: the last frame lasts as long as it says, or 1 / `nominal`.
    """
    shown, emitted, origin, time = None, 0, Fraction(0), Fraction(0)
    for frame in frames:
        if shown is None:
            origin = seconds(frame, otherwise=time)
        following = max(seconds(frame, otherwise=time + 1 / nominal) - origin, time)
        while shown is not None and emitted / fps <= (time + following) / 2:
            yield shown
            emitted += 1
        shown, time = frame, following
    if shown is None:
        return
    lasts = shown.duration * shown.time_base if shown.duration and shown.time_base else 1 / nominal
    slots = max(round((time + lasts) * fps), int(time * fps) + 1)
    for _ in range(emitted, slots):
        yield shown


def read_frames_at(path: Path | str, indices: Sequence[int] | np.ndarray) -> np.ndarray:
    """The frames of the given numbers, uint8 `f h w 3`, in the order given; repeats are allowed.

    For files of constant rate: a frame's number is its time stamp × rate. Only what lies between a
    key frame and the wanted frame is decoded.

    Raises:
        InputError: an index is negative.
        MediaError: as `read_frames`, or an index lies beyond the end.
    """
    wanted = sorted({int(index) for index in indices})
    if not wanted or wanted[0] < 0:
        raise InputError(f"frames {list(indices)} were asked for; wanted at least one number, each ≥ 0")
    found: dict[int, np.ndarray] = {}
    with opened(path, track="video") as container:
        stream, rate = container.streams.video[0], _rate(container)
        tick = stream.time_base or 1 / rate
        origin = (stream.start_time or 0) * tick
        frames, position = _decoded(container, path), -1
        for index in wanted:
            if index - position > DECODE_ON:
                moment = origin + Fraction(index) / rate
                container.seek(round(moment / tick), stream=stream)
                frames = _decoded(container, path)
            for frame in frames:
                position = round((seconds(frame, otherwise=Fraction(position + 1) / rate) - origin) * rate)
                if position >= index:
                    break
            if position != index:
                raise MediaError(
                    f"{path} has no frame {index}: it ends before, or its rate is not constant "
                    "(read_frames with fps makes it so)"
                )
            found[index] = _upright(frame)
    return np.stack([found[int(index)] for index in indices])


# Writing ------------------------------------------------------------------------------------------


def write_video(
    path: Path | str,
    frames: Iterable[np.ndarray],
    fps: float,
    *,
    crf: int = 18,
    gop: int | None = None,
    audio_from: Path | str | None = None,
) -> None:
    """Write frames, uint8 `h w 3` of one size, as a video; the ending of `path` chooses the form.

    `.mp4`: H.264, yuv420p, BT.709, playable while it loads. `.webm`: VP9, the same. Both want even
    sides: an odd side is made one pixel longer by repeating its last row or column. `.gif`, `.webp`:
    looping animations, kept in memory while they are made. No ending: a folder `00000.png`, ….

    Args:
        fps: frames per second.
        crf: quality of .mp4 and .webm; 0 (best) … 51; 18 is hard to tell from the original.
        gop: greatest distance of key frames; None leaves it to the encoder.
        audio_from: a file whose sound track is copied as it is, up to the end of the frames.

    Raises:
        InputError: a frame has another form or size than the first, fps ≤ 0, or the folder of `path`
            does not exist.
        MediaError: an unknown ending, no frame at all, no sound to copy, or the disk refuses.
    """
    import av
    from PIL import Image

    path, suffix = Path(path), Path(path).suffix.lower()
    if not 0 < fps < 1e4:
        raise InputError(f"fps is {fps}; wanted a positive number of frames per second")
    if suffix not in ENCODERS and suffix not in (".gif", ".webp", ""):
        raise MediaError(f"cannot write {path.name}; the ending must be .mp4, .webm, .gif, .webp or none (a folder)")
    if audio_from is not None and suffix not in ENCODERS:
        raise MediaError(f"{path.name} cannot hold sound; write .mp4 or .webm, or leave the sound out")
    rate = Fraction(fps).limit_denominator(1001)
    pictures = _of_one_size(frames, path)
    try:
        with written_whole(path) as beside:
            if suffix in ENCODERS:
                encode(beside, pictures, rate, crf=crf, gop=gop, audio_from=audio_from)
            elif suffix == "":
                beside.mkdir()
                for index, picture in enumerate(pictures):
                    Image.fromarray(picture).save(beside / f"{index:05}.png")
            else:
                _animate(beside, pictures, rate)
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"cannot write {path}: {error.strerror or error}") from error


def _of_one_size(frames: Iterable[np.ndarray], path: Path) -> Iterator[np.ndarray]:
    """The frames, each checked; at least one."""
    shape = None
    for index, frame in enumerate(frames):
        check_picture(frame)
        shape = shape or frame.shape
        if frame.shape != shape:
            raise InputError(f"frame {index} is {frame.shape}, but the first is {shape}; wanted one size")
        yield frame
    if shape is None:
        raise MediaError(f"cannot write {path}: there is no frame to write")


def _animate(path: Path, pictures: Iterator[np.ndarray], rate: Fraction) -> None:
    """A looping GIF or WebP; GIF knows hundredths of a second, so lengths are rounded on the sum."""
    from PIL import Image

    images = [Image.fromarray(picture) for picture in pictures]
    ends = [round(100 * index / rate) * 10 for index in range(len(images) + 1)]
    durations = [end - begin for begin, end in pairwise(ends)]
    images[0].save(path, save_all=True, append_images=images[1:], duration=durations, loop=0, quality=95)
