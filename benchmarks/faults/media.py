"""Readers of pictures, videos and sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.faults.reader import Reader
from tempose.media.images import read_image
from tempose.media.sound import check_sound
from tempose.media.video import probe_video, read_frames, write_video
from tempose.warp.given import read_mask


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


MEDIA = (
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
    Reader("mask.png", _still, read_mask),
    Reader("sound.wav", _recording, sound_of),
    Reader("sound.mp3", _recording, sound_of),
    Reader("sound.mp4", _recording, sound_of),
)
