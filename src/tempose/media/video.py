"""Videos in and out of files, frame by frame.

Frames are uint8 `h w 3`, sRGB, upright, with square pixels, all of one size. What moves is read alike: videos,
animated pictures, folders of pictures. Reading streams: memory does not grow with the length. Time stamps decide,
not the lengths and rates that files claim. Writing is deterministic: the same frames give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from tempose.core import cancellation
from tempose.core.errors import InputError, MediaError
from tempose.core.files import disk_errors, written_whole
from tempose.core.notes import note
from tempose.media.animated import FOLDER_FPS, animation, folder, pictures_of
from tempose.media.container import audio_track, clock_for, is_cut_short, length, opened, packets, seconds, video_track
from tempose.media.display import Display, display_matrix, is_sideways, square_pixels
from tempose.media.encode import ENCODERS, encode
from tempose.media.failures import unreadable
from tempose.media.formats import format_of
from tempose.media.images import check_picture, picture_size
from tempose.media.provenance import Provenance

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

# Random access decodes on rather than seeks when the next wanted frame is at most this far ahead.
DECODE_ON = 24

# A claimed rate is believed unless the time stamps say that it leaves out frames, or is so many times too fast.
SLOWEST, FASTEST = 0.9, 8

# GIF and WebP are kept in memory while they are made: at most so many bytes.
MOST_IN_MEMORY = 2_000_000_000

Shown = TypeVar("Shown")


@dataclass(frozen=True)
class VideoInfo:
    """What a video holds.

    Attributes:
        width, height: of the frames as they are read, in pixels.
        fps: frames per second; of a variable rate, one that leaves out few.
        frames: number of frames that the file holds.
        duration: seconds from the first frame to the end of the last, by their time stamps.
        has_audio: whether there is a sound track.
    """

    width: int
    height: int
    fps: float
    frames: int
    duration: float
    has_audio: bool


# Reading ------------------------------------------------------------------------------------------


def _decoded(container: InputContainer, path: Path | str) -> Iterator[av.VideoFrame]:
    """The frames of the picture track from where the container stands to its end.

    What was lost on the way to a transport stream is left out; any other file that cannot be decoded is damaged.

    Raises:
        MediaError: there is not one frame, or the file breaks off.
    """
    stream = _track(container)
    count = 0
    for packet in packets(container, stream, path):
        try:
            with unreadable(path, "video"):
                frames = packet.decode()
        except MediaError:
            if container.format.name == "mpegts":
                note(f"{path} has damaged places, which are left out")
                continue
            if count == 0:
                raise
            raise _breaks_off(path, count) from None
        for frame in frames:
            cancellation.check()
            count += 1
            yield frame
    if is_cut_short(path):
        raise _breaks_off(path, count)
    if count == 0:
        raise MediaError(f"{path} has a picture track, but no frame of it can be decoded", path=path)


def _breaks_off(path: Path | str, count: int) -> MediaError:
    return MediaError(f"{path} is damaged or cut short: it breaks off after {count} frames", path=path)


def _track(container: InputContainer) -> av.VideoStream:
    """The video stream of a container that `opened` gave."""
    return cast("av.VideoStream", video_track(container))


def _claimed_rate(container: InputContainer) -> Fraction:
    stream = _track(container)
    rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
    return rate if 0 < rate <= 1000 else Fraction(25)


@dataclass(frozen=True)
class _Times:
    """What the time stamps of a track say: how many frames, how long (seconds), at what rate."""

    frames: int
    duration: Fraction
    rate: Fraction


def _survey(path: Path | str) -> _Times:
    """Reads all packets of a video, decodes none."""
    with opened(path, track="video") as container:
        claimed = _claimed_rate(container)
        clock = clock_for(container, 1 / claimed)
        stamped, frames, first, last, lasts = False, 0, None, Fraction(0), Fraction(0)
        for packet in packets(container, _track(container), path):
            if not packet.size or packet.is_discard:
                continue
            frames += 1
            shown, decoded = seconds(packet), None
            if packet.dts is not None and packet.time_base is not None:
                decoded = packet.dts * packet.time_base
            stamped = stamped or shown is not None
            time = clock(shown if decoded is None else decoded, length(packet))
            if shown is not None and decoded is not None:  # frames are stored in another order than shown
                time = time + shown - decoded
            first = time if first is None else min(first, time)
            if time >= last or frames == 1:
                last, lasts = time, length(packet) or 1 / claimed
    if first is None:
        raise MediaError(f"{path} has a picture track, but there is nothing in it", path=path)
    between = last - first
    rate = claimed
    if frames > 1 and between > 0:
        measured = (frames - 1) / between
        if not stamped or not SLOWEST * measured <= claimed <= FASTEST * measured:
            rate = measured.limit_denominator(1001)
    return _Times(frames, between + lasts, rate)


def frame_size(path: Path | str) -> tuple[int, int]:
    """(height, width) that a video or animation names in its head, before anything is decoded.

    Raises:
        MediaError: the file is missing, empty, or no video.
    """
    if format_of(path, "video").media == "picture":
        return picture_size(path)
    with opened(path, track="video") as container:
        context = _track(container).codec_context
        return context.height, context.width


def probe_video(path: Path | str) -> VideoInfo:
    """Size, rate and length of a video, an animation or a folder of pictures.

    The first frame is decoded, so a broken one shows here; the length is counted, not believed.

    Raises:
        MediaError: the file is missing, empty, no video, damaged, or has no frame.
    """
    path = Path(path)
    if path.is_dir():
        pictures = pictures_of(path)
        height, width = next(read_frames(path)).shape[:2]
        return VideoInfo(width, height, float(FOLDER_FPS), len(pictures), float(len(pictures) / FOLDER_FPS), False)
    if format_of(path, "video").media == "picture":
        return _probe_animation(path)
    times = _survey(path)
    with opened(path, track="video") as container:
        first = next(_decoded(container, path))
        aspect = _track(container).sample_aspect_ratio
        width, height = square_pixels(first.width, first.height, aspect)
        if is_sideways(display_matrix(first)):
            width, height = height, width
        return VideoInfo(
            width=width,
            height=height,
            fps=float(times.rate),
            frames=times.frames,
            duration=float(times.duration),
            has_audio=audio_track(container) is not None,
        )


def _probe_animation(path: Path) -> VideoInfo:
    height, width = picture_size(path)
    count, end = 0, Fraction(0)
    for time, lasts, _ in animation(path):
        count, end = count + 1, time + lasts
    if count == 0:
        raise MediaError(f"{path} is an animation without a picture", path=path)
    return VideoInfo(width, height, float(count / end), count, float(end), False)


def read_frames(
    path: Path | str, *, fps: float | None = None, start: int = 0, stop: int | None = None
) -> Iterator[np.ndarray]:
    """The frames `start` … `stop` − 1 of a video, an animation or a folder of pictures, one uint8 `h w 3` at a time.

    With `fps` the video is first resampled to that constant rate: frame k is the one whose time
    stamp is nearest to k / fps seconds after the first. Without, every frame comes as it is stored.
    Pictures in a folder have no time of their own: they come one by one, whatever `fps` says.

    Raises:
        MediaError: as `probe_video`; also in the middle, where a damaged file breaks off.
    """
    if start < 0 or (stop is not None and stop < start) or (fps is not None and fps <= 0):
        raise InputError(f"start {start}, stop {stop}, fps {fps}: wanted 0 ≤ start ≤ stop and fps > 0")
    path = Path(path)
    rate = None if fps is None else Fraction(fps)
    if path.is_dir():
        yield from (picture for _, _, picture in islice(folder(path), start, stop))
    elif format_of(path, "video").media == "picture":
        timed = animation(path)
        shown = at_constant_rate(timed, rate) if rate else (picture for _, _, picture in timed)
        for picture in islice(shown, start, stop):
            cancellation.check()
            yield picture
    else:
        with opened(path, track="video") as container:
            frames = _decoded(container, path)
            display = Display(path, _track(container).sample_aspect_ratio)
            if rate:
                frames = at_constant_rate(_timed(frames, container), rate)
            for frame in islice(frames, start, stop):
                yield _converted(display, frame, path)


def _converted(display: Display, frame: av.VideoFrame, path: Path | str) -> np.ndarray:
    with unreadable(path, "video"):
        return display(frame)


def _timed(
    frames: Iterable[av.VideoFrame], container: InputContainer
) -> Iterator[tuple[Fraction, Fraction, av.VideoFrame]]:
    """Each frame with its time and length in seconds."""
    nominal = 1 / _claimed_rate(container)
    clock = clock_for(container, nominal)
    for frame in frames:
        lasts = length(frame) or nominal
        yield clock(seconds(frame), lasts), lasts, frame


def at_constant_rate(frames: Iterable[tuple[Fraction, Fraction, Shown]], fps: Fraction) -> Iterator[Shown]:
    """Frames repeated or left out so that frame k is the one nearest in time to k / fps after the first.

    Args:
        frames: of each, when it begins and how long it lasts, in seconds, and what it shows.
    """
    held: list[Shown] = []  # the frame that is shown, if there is one yet
    emitted, origin, time, lasts = 0, Fraction(0), Fraction(0), Fraction(0)
    for stamp, lasting, frame in frames:
        if not held:
            origin = stamp
        following = max(stamp - origin, time)
        while held and emitted / fps <= (time + following) / 2:
            yield held[0]
            emitted += 1
        held, time, lasts = [frame], following, lasting
    for _ in range(emitted, max(round((time + lasts) * fps), int(time * fps) + 1)):
        yield from held


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
    if Path(path).is_dir() or format_of(path, "video").media == "picture":
        return _picked(path, indices)
    found: dict[int, np.ndarray] = {}
    with opened(path, track="video") as container:
        stream, rate = _track(container), _claimed_rate(container)
        display = Display(path, stream.sample_aspect_ratio)
        tick = stream.time_base or 1 / rate
        origin = (stream.start_time or 0) * tick
        frames, position = _decoded(container, path), -1
        for index in wanted:
            if index - position > DECODE_ON:
                moment = origin + Fraction(index) / rate
                with unreadable(path, "video"):
                    container.seek(round(moment / tick), stream=stream)
                frames = _decoded(container, path)
            for frame in frames:
                stamp = seconds(frame)
                position = position + 1 if stamp is None else round((stamp - origin) * rate)
                if position >= index:
                    break
            if position != index:
                raise MediaError(
                    f"{path} has no frame {index}: it ends before, or its rate is not constant "
                    "(read_frames with fps makes it so)",
                    path=path,
                )
            found[index] = _converted(display, frame, path)
    return np.stack([found[int(index)] for index in indices])


def _picked(path: Path | str, indices: Sequence[int] | np.ndarray) -> np.ndarray:
    """Frames of what has no random access, read from the beginning."""
    last = max(int(index) for index in indices)
    wanted = {int(index) for index in indices}
    found = {index: frame for index, frame in enumerate(read_frames(path, stop=last + 1)) if index in wanted}
    if last not in found:
        raise MediaError(f"{path} has no frame {last}: it ends before", path=path)
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
    audio_start: float = 0.0,
    provenance: Provenance | None = None,
) -> None:
    """Write frames, uint8 `h w 3` of one size, as a video; the ending of `path` chooses the form.

    `.mp4`: H.264, yuv420p, BT.709, playable while it loads. `.webm`: VP9, the same. Both want even
    sides: an odd side is made one pixel longer by repeating its last row or column. `.gif`, `.webp`:
    looping animations, kept in memory while they are made. No ending: a folder `00000.png`, ….

    Args:
        fps: frames per second.
        crf: quality of .mp4 and .webm; 0 (best) … 51; 18 is hard to tell from the original.
        gop: greatest distance of key frames; None leaves it to the encoder.
        audio_from: a file whose sound track is taken, up to the end of the frames: copied where the form can hold
            it, else converted.
        audio_start: the moment of that file, in seconds from its first picture, that the first frame shows.
        provenance: where it comes from, to be said inside the file.

    Raises:
        InputError: a frame has another form or size than the first, fps ≤ 0, or the folder of `path`
            does not exist.
        MediaError: an unknown ending, no frame at all, no sound to copy, or the disk refuses.
    """
    from PIL import Image

    path, suffix = Path(path), Path(path).suffix.lower()
    if not 0 < fps < 1e4:
        raise InputError(f"fps is {fps}; wanted a positive number of frames per second")
    if suffix not in ENCODERS and suffix not in (".gif", ".webp", ""):
        raise MediaError(
            f"cannot write {path}; wanted the ending .mp4, .webm, .gif, .webp or none (a folder)", path=path
        )
    if audio_from is not None and suffix not in ENCODERS:
        raise MediaError(f"{path} cannot hold sound", path=path, remedy="write .mp4 or .webm, or leave the sound out")
    rate = Fraction(fps).limit_denominator(1001)
    pictures = _of_one_size(frames, path)
    with disk_errors(path), written_whole(path) as beside:
        if suffix in ENCODERS:
            encode(
                beside,
                pictures,
                rate,
                crf=crf,
                gop=gop,
                audio_from=audio_from,
                audio_start=audio_start,
                tags=provenance.tags if provenance else None,
            )
            if provenance and suffix == ".mp4":
                provenance.add_to_mp4(beside)
        elif suffix == "":
            beside.mkdir()
            for index, picture in enumerate(pictures):
                about = provenance.for_picture(".png") if provenance else {}
                Image.fromarray(picture).save(beside / f"{index:05}.png", **about)
        else:
            _animate(beside, pictures, rate, about=provenance.for_picture(suffix) if provenance else {})


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
        raise MediaError(f"cannot write {path}: there is no frame to write", path=path)


def _animate(path: Path, pictures: Iterator[np.ndarray], rate: Fraction, *, about: dict[str, Any]) -> None:
    """A looping GIF or WebP; GIF knows hundredths of a second, so lengths are rounded on the sum."""
    from PIL import Image

    images, taken = [], 0
    for picture in pictures:
        taken += picture.nbytes
        if taken > MOST_IN_MEMORY:
            raise MediaError(
                f"{path} would be too long: its frames are more than {MOST_IN_MEMORY:,} bytes",
                path=path,
                remedy="write .mp4, or make it shorter or smaller",
            )
        images.append(Image.fromarray(picture))
    ends = [round(100 * index / rate) * 10 for index in range(len(images) + 1)]
    durations = [end - begin for begin, end in pairwise(ends)]
    images[0].save(path, save_all=True, append_images=images[1:], duration=durations, loop=0, quality=95, **about)
