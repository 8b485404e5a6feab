"""Readers of media given damaged files: each must answer with a result or one sentence, and soon.

    python -m benchmarks.faults.fuzz --mutations 20000

Every file is made here, damaged in a way that its seed decides, and read. What is neither read nor refused with a
TemposeError is printed with its seed and kept in the folder `fuzz/`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from tempose.core.errors import TemposeError
from tempose.core.notes import collected
from tempose.media.images import read_image
from tempose.media.sound import check_sound
from tempose.media.video import probe_video, read_frames, write_video

# A damaged file is answered within so many seconds.
SOON = 5.0

# Numbers that break sums: they are written over 1, 2, 4 or 8 bytes.
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF)


def mutated(whole: bytes, seed: int) -> bytes:
    """The bytes damaged in one to four ways: bits turned, numbers made extreme, parts cut, doubled or exchanged."""
    rng = np.random.default_rng(seed)
    data = bytearray(whole)
    for _ in range(rng.integers(1, 5)):
        if not data:
            break
        # Heads decide most, so that half of all damage is there.
        at = int(rng.integers(0, min(len(data), 256) if rng.random() < 0.5 else len(data)))
        length = int(rng.integers(1, 65))
        way = rng.integers(0, 6)
        if way == 0:
            data[at] ^= 1 << int(rng.integers(0, 8))
        elif way == 1:
            width = int(rng.choice([1, 2, 4, 8]))
            number = int(rng.choice(np.array(EXTREMES, object))) % (1 << 8 * width)
            data[at : at + width] = number.to_bytes(width, "big" if rng.random() < 0.5 else "little")
        elif way == 2:
            data[at : at + length] = rng.bytes(length)
        elif way == 3:
            del data[at : at + length]
        elif way == 4:
            data[at:at] = data[at : at + length]
        else:
            del data[at:]
    return bytes(data)


# Readers ------------------------------------------------------------------------------------------


def frames_of(path: Path) -> None:
    """A video read as a motion is: probed, then resampled, and a bounded number of frames taken."""
    info = probe_video(path)
    for index, _ in enumerate(read_frames(path, fps=min(info.fps, 30))):
        if index == 100:
            break


def sound_of(path: Path) -> None:
    """Sound copied (of .mp3), or converted."""
    check_sound(path)
    black = [np.zeros((16, 16, 3), np.uint8)] * 3
    write_video(path.with_name("out.webm" if path.suffix == ".mp4" else "out.mp4"), black, 10, audio_from=path)


def _pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    picture = np.kron(rough, np.ones((8, 8, 1), np.uint8))
    return [np.roll(picture, 3 * index, axis=1) for index in range(count)]


def _video(path: Path) -> None:
    write_video(path, _pictures(6), 10)


def _still(path: Path) -> None:
    Image.fromarray(_pictures(1)[0]).save(path)


def _animation(path: Path) -> None:
    first, *others = (Image.fromarray(picture) for picture in _pictures(4))
    first.save(path, save_all=True, append_images=others, duration=100)


def _qoi(path: Path) -> None:
    picture = _pictures(1)[0]
    plain = b"".join(b"\xfe" + bytes(pixel) for pixel in picture.reshape(-1, 3))
    size = picture.shape[1].to_bytes(4) + picture.shape[0].to_bytes(4)
    path.write_bytes(b"qoif" + size + b"\x03\x00" + plain + bytes(7) + b"\x01")


def _recording(path: Path) -> None:
    """Any container of FFmpeg, with MPEG-4 pictures and a tone."""
    import av

    codecs = {".mp3": None, ".wav": None, ".ts": "mpeg2video", ".ogv": "libtheora"}
    sounds = {".mp3": "libmp3lame", ".wav": "pcm_s16le", ".ts": "mp2", ".ogv": "libvorbis"}
    with av.open(str(path), "w", format={".ogv": "ogg", ".ts": "mpegts"}.get(path.suffix)) as container:
        codec = codecs.get(path.suffix, "mpeg4")
        video = None if codec is None else container.add_stream(codec, rate=10 if codec != "mpeg2video" else 25)
        if video is not None:
            video.width = video.height = 32
            video.pix_fmt = "yuv420p"
        audio = container.add_stream(sounds.get(path.suffix, "aac"), rate=44100, layout="mono")
        for picture in _pictures(6) if video is not None else ():
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        if video is not None:
            container.mux(video.encode())
        tone = (9000 * np.sin(np.arange(22050) / 16)).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 44100, 0, Fraction(1, 44100)
        resampler = av.AudioResampler(audio.codec_context.format.name, "mono", 44100, audio.codec_context.frame_size)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(audio.encode(piece))
        container.mux(audio.encode())


@dataclass(frozen=True)
class Reader:
    """Something that reads files.

    Attributes:
        file: a name, for its ending.
        make: writes a sound file there.
        read: reads it.
    """

    file: str
    make: Callable[[Path], None]
    read: Callable[[Path], object]


READERS = (
    Reader("video.mp4", _video, frames_of),
    Reader("video.webm", _video, frames_of),
    Reader("recording.avi", _recording, frames_of),
    Reader("recording.mkv", _recording, frames_of),
    Reader("recording.ts", _recording, frames_of),
    Reader("animation.gif", _animation, frames_of),
    Reader("animation.webp", _animation, frames_of),
    Reader("animation.png", _animation, frames_of),
    Reader("animation.avif", _animation, frames_of),
    Reader("photo.png", _still, read_image),
    Reader("photo.jpg", _still, read_image),
    Reader("photo.webp", _still, read_image),
    Reader("photo.avif", _still, read_image),
    Reader("photo.tif", _still, read_image),
    Reader("photo.bmp", _still, read_image),
    Reader("photo.qoi", _qoi, read_image),
    Reader("photo.dds", _still, read_image),
    Reader("sound.wav", _recording, sound_of),
    Reader("sound.mp3", _recording, sound_of),
    Reader("sound.mp4", _recording, sound_of),
)


@dataclass(frozen=True)
class Fault:
    """A damaged file that was not answered as it should be."""

    reader: str
    seed: int
    what: str
    content: bytes


def faults(reader: Reader, seeds: range, folder: Path) -> Iterator[Fault]:
    """What goes wrong with the damaged files of these seeds."""
    path = folder / reader.file
    reader.make(path)
    whole = path.read_bytes()
    for seed in seeds:
        path.write_bytes(damaged := mutated(whole, seed))
        begin, what = time.perf_counter(), ""
        try:
            with collected():
                reader.read(path)
        except TemposeError as error:
            if "Error(" in str(error) or "Traceback" in str(error):
                what = f"says {error}"
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
        took = time.perf_counter() - begin
        if took > SOON:
            what += f" took {took:.1f} s"
        if what:
            yield Fault(reader.file, seed, what, damaged)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=20_000, help="of each file")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="a part of the names of the files")
    options = parser.parse_args()
    kept, count = Path("fuzz"), 0
    for reader in READERS:
        if options.only not in reader.file:
            continue
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for fault in faults(reader, range(options.first, options.first + options.mutations), Path(folder)):
                count += 1
                kept.mkdir(exist_ok=True)
                (kept / f"{fault.seed}-{fault.reader}").write_bytes(fault.content)
                print(f"{fault.reader} {fault.seed}: {fault.what}", flush=True)
        print(f"{reader.file}: {options.mutations} in {time.perf_counter() - begin:.0f} s", flush=True)
    sys.exit(f"{count} faults, kept in {kept}/" if count else 0)


if __name__ == "__main__":
    main()
