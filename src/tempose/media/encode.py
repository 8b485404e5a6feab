"""Frames into H.264 or VP9, in BT.709, with the sound track of another file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from tempose.core import cancellation
from tempose.media.container import seconds
from tempose.media.sound import sound_for

if TYPE_CHECKING:
    import av

# By ending: the codec, what it is told and what its container is told. A fixed number of threads
# gives the same bytes anywhere; bitexact leaves out versions, dates and random identifiers.
# x264's macroblock tree is off: with it, one file in 60 came out different from the same frames.
ENCODERS = {
    ".mp4": (
        "libx264",
        {"preset": "medium", "threads": "4", "x264-params": "mbtree=0"},
        {"movflags": "+faststart", "fflags": "+bitexact"},
    ),
    ".webm": (
        "libvpx-vp9",
        {"b": "0", "deadline": "good", "cpu-used": "3", "row-mt": "1", "threads": "4"},
        {"fflags": "+bitexact"},
    ),
}


def encode(
    path: Path,
    pictures: Iterator[np.ndarray],
    rate: Fraction,
    *,
    crf: int,
    gop: int | None,
    audio_from: Path | str | None,
    audio_start: float = 0.0,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write uint8 `h w 3` pictures, one at least, to `path` with the encoder of its ending.

    `audio_start` is the moment of the file `audio_from` that the first picture shows, in seconds; `tags` are texts for
    the container, by name.
    """
    import av

    codec, options, container_options = ENCODERS[path.suffix.lower()]
    options = options | {"crf": str(crf)} | ({} if gop is None else {"g": str(gop)})
    first = even_sides(next(pictures))
    with av.open(f"file:{path}", "w", options=container_options) as container:
        container.metadata.update(tags or {})
        stream = cast("av.VideoStream", container.add_stream(codec, rate=rate, options=options))
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        _tag_bt709(stream.codec_context)
        sound: Iterator[av.Packet] = iter(())
        if audio_from is not None:
            sound = sound_for(container, path.suffix.lower(), audio_from, Fraction(audio_start))
        held = next(sound, None)
        for index, picture in enumerate(chain([first], map(even_sides, pictures))):
            frame = as_bt709(picture)
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
            while held is not None and (seconds(held) or 0) < (index + 1) / rate:
                container.mux(held)
                held = next(sound, None)
        for packet in stream.encode_lazy():  # dozens of frames that x264 has held back, one by one
            cancellation.check()
            packet.stream = stream
            container.mux(packet)


def even_sides(picture: np.ndarray) -> np.ndarray:
    """An odd side made one longer by repeating its last row or column, as 4:2:0 color wants."""
    height, width = picture.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return picture
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def as_bt709(picture: np.ndarray) -> av.VideoFrame:
    """uint8 `h w 3` as a 4:2:0 frame in BT.709 of limited range."""
    import av
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    return av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP,
        threads=1,  # else each frame begins threads of its own
    )


def _tag_bt709(context: av.VideoCodecContext) -> None:
    """Say so in the file: untagged, players and readers guess BT.601."""
    from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
