"""The sound track of one file for another: copied where the container holds its codec, else converted; in step."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from tempose.core.errors import MediaError
from tempose.media.container import Clock, audio_track, clock_for, length, opened, packets, seconds, video_track
from tempose.media.failures import unreadable

if TYPE_CHECKING:
    import av
    from av.container import InputContainer, OutputContainer

# By ending: the codecs that players expect there, and the one that others are converted to.
COPIED = {
    ".mp4": ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"),
    ".webm": ("opus", "vorbis"),
}
CONVERTED = {".mp4": "aac", ".webm": "libopus"}

# Packets before the first picture that are kept: decoders start with them, and MP4 hides them.
BEFORE = {".mp4": 2, ".webm": 0}

# What converted sound is made to: samples a second, bits a second of each channel.
SAMPLE_RATE, BITS = 48000, 96_000

# Sound is put right by silence or by leaving out once its clock is off by this (seconds).
OUT_OF_STEP = Fraction(1, 10)


# Samples a second, and channels, that any recorder makes; others come from damaged heads.
RATES, MOST_CHANNELS = range(4000, 768_001), 64


def check_sound(path: Path | str) -> None:
    """Whether a file has sound that can be copied or converted, before any time is spent on the pictures.

    Raises:
        MediaError: it has none, or its first packet cannot be decoded.
    """
    with opened(path, track="audio") as container:
        track = _track(container)
        _check_head(track, path)
        for packet in packets(container, track, path):
            with unreadable(path, "sound track"):
                frames = packet.decode()
            if frames:
                return
    raise MediaError(f"{path} has a sound track, but nothing of it can be decoded", path=path)


def sound_origin(path: Path | str) -> Fraction:
    """The time stamp of a file's first picture, from which its sound counts; of its first sound where there is none."""
    with opened(path, track="audio") as container:
        track = video_track(container) or _track(container)
        stamps = []
        for packet in packets(container, track, path):
            stamp = seconds(packet)
            if stamp is not None and packet.size and not packet.is_discard:
                stamps.append(stamp)
            if len(stamps) == 32:  # as far as pictures are stored out of order
                break
    return min(stamps, default=Fraction(0))


def sound_for(target: OutputContainer, ending: str, path: Path | str, start: Fraction) -> Iterator[av.Packet]:
    """The packets of a file's sound for a new track of `target`, timed from `start` seconds after its first picture.

    The track is added at once, for the header; the packets come when they are asked for.

    Raises:
        MediaError: there is no sound, or it cannot be decoded.
    """
    origin = sound_origin(path) + start
    with opened(path, track="audio") as source:
        _check_head(_track(source), path)
        codec = _track(source).codec_context.name
    flow = _copied if codec in COPIED[ending] else _converted
    sound = flow(target, ending, path, origin)
    next(sound)  # adds the track
    return cast("Iterator[av.Packet]", sound)


def _check_head(track: av.AudioStream, path: Path | str) -> None:
    rate, channels = track.codec_context.sample_rate, track.codec_context.channels
    if rate not in RATES or not 1 <= channels <= MOST_CHANNELS:
        raise MediaError(
            f"the sound of {path} is damaged: it says {rate} samples a second in {channels} channels", path=path
        )


def _track(container: InputContainer) -> av.AudioStream:
    return cast("av.AudioStream", audio_track(container))


def _copied(target: OutputContainer, ending: str, path: Path | str, origin: Fraction) -> Iterator[av.Packet | None]:
    """The packets from `origin` on, undecoded."""
    with opened(path, track="audio") as source:
        track = _track(source)
        with unreadable(path, "sound track"):
            copy = target.add_stream_from_template(track)
        yield None
        clock = _clock(source, track)
        for packet in packets(source, track, path):
            stamp = seconds(packet)
            if stamp is None or not packet.size:
                continue
            lasts = length(packet) or clock.interval
            time = clock(stamp, lasts) - origin
            if time < -BEFORE[ending] * lasts or not packet.time_base:
                continue
            packet.pts = packet.dts = round(time / packet.time_base)
            packet.stream = copy
            yield packet


def _converted(target: OutputContainer, ending: str, path: Path | str, origin: Fraction) -> Iterator[av.Packet | None]:
    """The sound from `origin` on in the codec of the ending, at 48 kHz, mono or stereo."""
    import av

    with opened(path, track="audio") as source:
        channels = min(2, max(1, _track(source).codec_context.channels))
        layout = "mono" if channels == 1 else "stereo"
        made = cast("av.AudioStream", target.add_stream(CONVERTED[ending], rate=SAMPLE_RATE, layout=layout))
        made.bit_rate = BITS * channels
        yield None
        made.codec_context.open()
        form, size = made.codec_context.format.name, made.codec_context.frame_size or 960
        fifo, begin, taken = av.AudioFifo(), None, 0
        for samples, position in _samples(source, path, origin, layout):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples.reshape(1, -1)), format="flt", layout=layout
            )
            frame.sample_rate = SAMPLE_RATE
            begin = position if begin is None else begin
            for whole in av.AudioResampler(form, layout, SAMPLE_RATE).resample(frame):
                whole.pts = None
                fifo.write(whole)
            while (ready := fifo.read(size)) is not None:
                yield from made.encode(_timed(ready, begin + taken))
                taken += ready.samples
        if (rest := fifo.read(0, partial=True)) is not None:
            yield from made.encode(_timed(rest, (begin or 0) + taken))
        yield from made.encode(None)


def _timed(frame: av.AudioFrame, position: int) -> av.AudioFrame:
    frame.pts, frame.time_base = position, Fraction(1, SAMPLE_RATE)
    return frame


def _samples(
    source: InputContainer, path: Path | str, origin: Fraction, layout: str
) -> Iterator[tuple[np.ndarray, int]]:
    """Samples float32 `n c` without gaps, and the number of the first, counted from `origin`."""
    import av

    resampler = av.AudioResampler("flt", layout, SAMPLE_RATE)
    track, channels = _track(source), 1 if layout == "mono" else 2
    clock = _clock(source, track)
    position: int | None = None
    for packet in packets(source, track, path):
        with unreadable(path, "sound track"):
            frames = cast("list[av.AudioFrame]", packet.decode())
        for frame in frames:
            time = clock(seconds(frame), Fraction(frame.samples, frame.sample_rate or SAMPLE_RATE)) - origin
            frame.pts = None
            with unreadable(path, "sound track"):
                pieces = [piece.to_ndarray().reshape(-1, channels) for piece in resampler.resample(frame)]
            samples = np.concatenate(pieces) if pieces else np.empty((0, channels), np.float32)
            due = round(time * SAMPLE_RATE)
            if position is None:
                position = max(0, due)
            off = due - position
            if due < 0 or off < -OUT_OF_STEP * SAMPLE_RATE:
                samples = samples[min(len(samples), max(0, -off)) :]
            elif off > OUT_OF_STEP * SAMPLE_RATE:
                for begin in range(0, off, SAMPLE_RATE):
                    silence = np.zeros((min(SAMPLE_RATE, off - begin), channels), np.float32)
                    yield silence, position
                    position += len(silence)
            if len(samples):
                yield samples, position
                position += len(samples)


def _clock(source: InputContainer, track: av.AudioStream) -> Clock:
    context = track.codec_context
    interval = Fraction(context.frame_size or 1024, context.sample_rate or SAMPLE_RATE)
    return clock_for(source, interval)
