"""Opening a video or sound file as the one format that it is; its packets, and its time stamps made to run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tempose.core.errors import MediaError
from tempose.media.failures import unreadable
from tempose.media.formats import format_of

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

# A frame of 8K; larger ones are refused before they are decoded.
MAX_FRAME_PIXELS = 8192 * 4352

# Only the file itself: no other protocol, and no other file that it refers to.
ALONE = {"protocol_whitelist": "file", "enable_drefs": "0", "use_absolute_path": "0"}

# A time stamp that leaps further ahead is a clock set anew: in streams that are joined, in any other file (seconds).
LEAP_JOINED, LEAP = 10, 3600
JOINED = ("mpegts", "mpeg")

# Boxes that stand at the top of an MP4; others after them are not the file's own.
TOP_BOXES = (
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"styp", b"uuid", b"pdin",
    b"meta", b"udta", b"emsg", b"prft", b"pnot", b"PICT",
)  # fmt: skip


@contextmanager
def opened(path: Path | str, *, track: Literal["video", "audio"]) -> Iterator[InputContainer]:
    """The open file, known to have such a track that can be decoded.

    Raises:
        MediaError: the file is missing, empty, in no known format, or lacks the track.
    """
    import av

    path = Path(path)
    known = format_of(path, "video" if track == "video" else "sound")
    if known.media == "picture":
        raise MediaError(f"{path} is a picture without a {track} track", path=path)
    options = {**ALONE, "max_pixels": str(MAX_FRAME_PIXELS)}
    with unreadable(path, f"{track} file"):
        # The prefix keeps a name such as "http:x.mp4" from being taken for an address.
        container = av.open(f"file:{path}", format=known.reader, options=options, metadata_errors="replace")
    with container:
        kinds = sorted({stream.type for stream in container.streams})
        stream = video_track(container) if track == "video" else audio_track(container)
        if stream is None:
            raise MediaError(
                f"{path} has no {track} track, only: {', '.join(kinds) or 'nothing'}",
                path=path,
                remedy="leave the sound out" if track == "audio" else None,
            )
        if stream.codec_context is None:
            raise MediaError(
                f"the {track} of {path} is in a codec that is not known here",
                remedy="convert it to MP4 first",
                path=path,
            )
        if isinstance(stream, av.VideoStream):
            stream.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
            stream.thread_type = "AUTO"
            check_frame_size(path, stream.codec_context.width, stream.codec_context.height)
        yield container


def video_track(container: InputContainer) -> av.VideoStream | None:
    """The first picture track; the cover of a sound file is none."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def audio_track(container: InputContainer) -> av.AudioStream | None:
    """The first sound track of an open file; None where it has none."""
    return container.streams.audio[0] if container.streams.audio else None


def check_frame_size(path: Path | str, width: int, height: int) -> None:
    """Raise MediaError where a frame is too large to be decoded."""
    if width * height > MAX_FRAME_PIXELS:
        raise MediaError(
            f"{path} has frames of {width}×{height} pixels, more than {MAX_FRAME_PIXELS:,}",
            path=path,
            remedy="make them smaller first",
        )


def packets(
    container: InputContainer, stream: av.VideoStream | av.AudioStream, path: Path | str
) -> Iterator[av.Packet]:
    """The packets of a track to its end, also the empty one that flushes a decoder.

    Raises:
        MediaError: the file cannot be read on.
    """
    source = container.demux(stream)
    while True:
        with unreadable(path, f"{stream.type} file"):
            packet = next(source, None)
        if packet is None:
            return
        yield packet


# Time ---------------------------------------------------------------------------------------------


def seconds(part: av.Packet | av.VideoFrame | av.AudioFrame) -> Fraction | None:
    """The time stamp of a packet or frame, if it has one."""
    if part.pts is None or part.time_base is None:
        return None
    return part.pts * part.time_base


class Clock:
    """Time stamps of one track that run on: a clock that is set back, or far ahead, goes on where it was.

    Recordings that were joined begin anew in the middle.

    Args:
        interval: seconds that a part lasts that does not say so.
        leap: seconds by which a stamp may follow the end of the last part.
    """

    def __init__(self, interval: Fraction, *, leap: int = LEAP) -> None:
        self.interval, self.leap = interval, leap
        self.offset = Fraction(0)
        self.last: Fraction | None = None
        self.lasted = interval

    def __call__(self, stamp: Fraction | None, lasts: Fraction | None = None) -> Fraction:
        """The time of the next part in seconds, which never runs back.

        Args:
            stamp: its own time, if it has one; else it follows the last part.
            lasts: how long it lasts, if it says so.
        """
        lasted, self.lasted = self.lasted, lasts or self.interval
        if self.last is None:
            self.last = stamp or Fraction(0)
            return self.last
        expected = self.last + lasted
        time = expected if stamp is None else stamp + self.offset
        if time < self.last - lasted or time > expected + self.leap:
            self.offset += expected - time
            time = expected
        self.last = max(self.last, time)
        return self.last


def clock_for(container: InputContainer, interval: Fraction) -> Clock:
    """A clock for a track of a file."""
    joined = container.format.name in JOINED
    return Clock(interval, leap=LEAP_JOINED if joined else LEAP)


def length(part: av.Packet | av.VideoFrame) -> Fraction | None:
    """How long a packet or frame lasts in seconds, if it says so and it can be true."""
    if not part.duration or not part.time_base:
        return None
    lasts = part.duration * part.time_base
    return lasts if 0 < lasts <= LEAP else None


# Wholeness ----------------------------------------------------------------------------------------


def is_cut_short(path: Path | str) -> bool:
    """Whether the file says that it is longer than it is: MP4 and its kin, Matroska, AVI."""
    path = Path(path)
    length = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(64)
        if head[:4] == b"RIFF":
            return 8 + int.from_bytes(head[4:8], "little") > length
        if head[:4] == b"\x1aE\xdf\xa3":
            file.seek(0)
            return _matroska_end(file.read(4096)) > length
        position = 0
        while position + 8 <= length:
            file.seek(position)
            box = file.read(16)
            size = int.from_bytes(box[:4])
            if box[4:8] not in TOP_BOXES or size == 0:
                return False
            if size == 1:
                size = int.from_bytes(box[8:16])
            position += max(size, 8)
        return position > length


def _matroska_end(head: bytes) -> int:
    """Where the segment of a Matroska file ends; 0 where it does not say."""
    at = 0
    for name in (b"\x1aE\xdf\xa3", b"\x18\x53\x80\x67"):
        if head[at : at + 4] != name or len(head) < at + 12:
            return 0
        first = head[at + 4]
        width = 9 - first.bit_length()
        if width > 8:
            return 0
        size = int.from_bytes(head[at + 4 : at + 4 + width]) & ((1 << 7 * width) - 1)
        if size == (1 << 7 * width) - 1:
            return 0
        at += 4 + width + size
    return at
