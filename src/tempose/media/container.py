"""Opening a video or sound file, with every failure as one sentence that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tempose.core.errors import MediaError

if TYPE_CHECKING:
    import av
    from av.container import InputContainer


@contextmanager
def opened(path: Path | str, *, track: Literal["video", "audio"]) -> Iterator[InputContainer]:
    """The open file, known to have such a track.

    Raises:
        MediaError: the file is missing, empty, no media file, or lacks the track; also for whatever
            the reading library raises inside the block.
    """
    import av

    path = Path(path)
    if path.is_dir():
        raise MediaError(f"{path} is a folder; wanted a {track} file")
    if not path.is_file():
        raise MediaError(f"there is no file {path}")
    try:
        if path.stat().st_size == 0:
            raise MediaError(f"{path} is empty")
        # The prefix keeps a name such as "http:x.mp4" from being taken for an address.
        with av.open(f"file:{path}") as container:
            kinds = sorted({stream.type for stream in container.streams})
            if track not in kinds:
                raise MediaError(f"{path} has no {track} track, only: {', '.join(kinds) or 'nothing'}")
            if track == "video":
                container.streams.video[0].thread_type = "AUTO"
            yield container
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{path} cannot be read as a {track} file: {error.strerror or error}") from error


def seconds(part: av.Packet | av.VideoFrame, *, otherwise: Fraction = Fraction(0)) -> Fraction:
    """The time stamp of a packet or frame; `otherwise` where it has none."""
    if part.pts is None or part.time_base is None:
        return otherwise
    return part.pts * part.time_base
