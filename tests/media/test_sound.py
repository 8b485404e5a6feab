from fractions import Fraction

import av
import numpy as np
import pytest

from tempose.core.errors import MediaError
from tempose.media.sound import check_sound
from tempose.media.video import probe_video, read_frames, write_video

RATE = 48000
FLASH = 0.5  # seconds after the first picture at which the picture turns white and the tone begins


def film(path, *, picture_at=0.0, sound_at=0.0, rate=RATE, layout="mono", codec="aac", form=None) -> None:
    """Two seconds of black that turn white at FLASH, and silence in which a tone begins at the same moment."""
    with av.open(str(path), "w", format=form) as container:
        video = container.add_stream("libx264", rate=20, options={"bf": "0"})
        video.width = video.height = 32
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        audio = container.add_stream(codec, rate=rate, layout=layout)
        for index in range(40):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 255 * (index >= 10), np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(1000 * (picture_at + index / 20)), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        times = np.arange(int(2 * rate)) / rate + (sound_at - picture_at)
        tone = (np.sin(2 * np.pi * 440 * times) * (times >= FLASH)).astype(np.float32)
        channels = 1 if layout == "mono" else 2
        frame = av.AudioFrame.from_ndarray(np.repeat(tone[None], channels, 0), format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), round(sound_at * rate)
        container.mux(audio.encode(frame))
        container.mux(audio.encode())


def onset(path) -> float:
    """When the tone begins, in seconds from the first picture, as a player keeps time."""
    with av.open(str(path)) as container:
        first = next(container.decode(video=0))
        begin = float(first.pts * first.time_base)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            loud = np.abs(frame.to_ndarray().astype(float)).reshape(-1, frame.samples if frame.format.is_planar else 1)
            level = loud.max(0) if frame.format.is_planar else loud.reshape(frame.samples, -1).max(1)
            above = np.flatnonzero(level > 0.3 * (1 if "flt" in frame.format.name else 32767))
            if len(above):
                return float(frame.pts * frame.time_base) + above[0] / frame.sample_rate - begin
    raise AssertionError("no tone")


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
@pytest.mark.parametrize(
    ("name", "picture_at", "sound_at"),
    [("plain.mp4", 0, 0), ("late.mkv", 10, 10), ("offset.ts", 1.4, 1.3), ("sound later.mp4", 0, 0.3), ("a.mov", 3, 3)],
)
def test_sound_is_in_step_wherever_the_clock_begins(tmp_path, ending, name, picture_at, sound_at):
    film(tmp_path / name, picture_at=picture_at, sound_at=sound_at)
    source = tmp_path / name
    write_video(tmp_path / f"out{ending}", read_frames(source, fps=20), 20, audio_from=source)
    assert onset(source) == pytest.approx(FLASH, abs=0.03)
    assert onset(tmp_path / f"out{ending}") == pytest.approx(FLASH, abs=0.03)


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
@pytest.mark.parametrize("start", [0.2, 0.45])
def test_sound_is_cut_with_the_pictures(tmp_path, ending, start):
    film(tmp_path / "a.mp4")
    out = tmp_path / f"out{ending}"
    frames = read_frames(tmp_path / "a.mp4", fps=20, start=round(start * 20), stop=30)
    write_video(out, frames, 20, audio_from=tmp_path / "a.mp4", audio_start=start)
    assert onset(out) == pytest.approx(FLASH - start, abs=0.03)
    with av.open(str(out)) as container:
        last = [packet for packet in container.demux(audio=0) if packet.pts is not None][-1]
        assert float(last.pts * last.time_base) == pytest.approx(1.5 - start, abs=0.1)


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
@pytest.mark.parametrize(
    ("codec", "rate", "layout", "name"),
    [
        ("aac", 8000, "mono", "a.mp4"),
        ("aac", 44100, "stereo", "a.mp4"),
        ("libopus", 48000, "stereo", "a.mkv"),
        ("flac", 48000, "mono", "a.mkv"),
        ("pcm_s16le", 48000, "mono", "a.avi"),
        ("libmp3lame", 44100, "stereo", "a.avi"),
    ],
)
def test_any_sound_comes_out_in_a_codec_that_the_ending_holds(tmp_path, ending, codec, rate, layout, name):
    source, out = tmp_path / name, tmp_path / f"out{ending}"
    film(source, codec=codec, rate=rate, layout=layout)
    check_sound(source)
    write_video(out, read_frames(source, fps=20), 20, audio_from=source)
    assert probe_video(out).has_audio
    assert onset(out) == pytest.approx(onset(source), abs=0.03)
    with av.open(str(out)) as container:
        codec_out = container.streams.audio[0].codec_context.name
    assert codec_out in (("opus",) if ending == ".webm" else ("aac", "mp3float", "opus", "flac"))


def test_sound_that_cannot_be_decoded_is_known_before(tmp_path):
    film(tmp_path / "a.mp4")
    silent = tmp_path / "silent.mp4"
    write_video(silent, [np.zeros((16, 16, 3), np.uint8)] * 3, 10)
    with pytest.raises(MediaError, match=r"silent\.mp4 has no audio track"):
        check_sound(silent)
    (tmp_path / "text.mp4").write_text("la la la")
    with pytest.raises(MediaError, match=r"text\.mp4 .*seems to be"):
        check_sound(tmp_path / "text.mp4")
