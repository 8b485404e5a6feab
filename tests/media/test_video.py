import itertools
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange
from PIL import Image

from tempose.core import cancellation
from tempose.core.errors import InputError, MediaError
from tempose.media.images import read_image
from tempose.media.video import VideoInfo, probe_video, read_frames, read_frames_at, write_video

H, W, F = 48, 64, 30


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    """Saturated colors, a gradient, and a square that moves: `f h w 3`."""
    frames = np.zeros((F, H, W, 3), np.uint8)
    frames[:, :, :20], frames[:, :, 20:40] = (220, 20, 30), (20, 40, 210)
    frames[:, :, 40:] = np.linspace(0, 255, H).astype(np.uint8)[:, None, None]
    for index, frame in enumerate(frames):
        frame[8:20, index : index + 12] = (30, 200, 60)
    return frames


def greys(count: int) -> list[np.ndarray]:
    """Frame i has the grey level 20 + 5 i, so that a frame can be told by its level."""
    return [np.full((16, 16, 3), 20 + 5 * index, np.uint8) for index in range(count)]


def numbers(frames) -> list[int]:
    return [round((float(frame.mean()) - 20) / 5) for frame in frames]


def record(path, frames, *, times=None, rate=30, codec="libx264", pix_fmt="yuv420p", **options) -> None:
    """A video straight from the encoder, with time stamps in 1/1000 s where they are given."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        if pix_fmt == "gray":
            stream.codec_context.color_range = ColorRange.JPEG
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for index, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            if times is not None:
                picture.pts, picture.time_base = times[index], Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def add_sound(container, *, seconds: float, codec: str = "aac"):
    stream = container.add_stream(codec, rate=48000)
    wave = np.sin(np.arange(int(48000 * seconds)) / 20).astype(np.float32)[None]
    sound = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
    sound.sample_rate, sound.pts = 48000, 0
    container.mux(stream.encode(sound))
    container.mux(stream.encode())


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


# Writing and reading back


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_what_is_written_reads_back(tmp_path, clip, ending):
    path = tmp_path / f"mit Leerzeichen und ü{ending}"
    write_video(path, clip, 25, crf=10)
    back = np.stack(list(read_frames(path)))
    inner = back[:, :, 44:], clip[:, :, 44:]  # 4:2:0 halves the color, so its edges are left out
    assert psnr(*inner) > 40
    for column in (10, 30):
        assert np.abs(back[0, 40, column].astype(int) - clip[0, 40, column]).max() <= 4
    info = probe_video(path)
    assert (info.width, info.height, info.fps, info.has_audio) == (W, H, 25, False)
    assert info.duration == pytest.approx(F / 25, abs=0.02)
    assert list(tmp_path.iterdir()) == [path]


def test_mp4_is_tagged_bt709_and_starts_with_its_index(tmp_path, clip):
    write_video(tmp_path / "a.mp4", clip, 30)
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert context.name == "h264"
        assert context.pix_fmt == "yuv420p"
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".gif", ".webp"])
def test_the_same_frames_give_the_same_bytes(tmp_path, clip, ending):
    for name in ("a", "b"):
        write_video(tmp_path / f"{name}{ending}", iter(clip), 23.976)
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


@pytest.mark.parametrize("fps", [5, 23.976, 30000 / 1001, 60])
def test_the_rate_is_kept(tmp_path, clip, fps):
    write_video(tmp_path / "a.mp4", clip[:4], fps)
    assert probe_video(tmp_path / "a.mp4").fps == pytest.approx(fps, rel=1e-6)


@pytest.mark.parametrize(("ending", "size"), [(".mp4", (46, 34)), (".webm", (46, 34)), (".gif", (45, 33))])
def test_an_odd_side_is_one_longer_where_the_codec_wants_even_sides(tmp_path, clip, ending, size):
    path = tmp_path / f"a{ending}"
    write_video(path, clip[:2, :45, :33], 10)
    assert (probe_video(path).height, probe_video(path).width) == size


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".gif"])
def test_a_single_frame_is_a_video(tmp_path, clip, ending):
    path = tmp_path / f"a{ending}"
    write_video(path, clip[:1], 30)
    assert len(list(read_frames(path))) == 1
    assert len(list(read_frames(path, fps=30))) == 1
    assert read_frames_at(path, [0, 0]).shape == (2, H, W, 3)


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_animations_last_as_long_as_the_frames(tmp_path, clip, ending):
    write_video(tmp_path / f"a{ending}", clip, 24)
    with Image.open(tmp_path / f"a{ending}") as image:
        assert image.n_frames == F
        assert image.info["loop"] == 0
        lasts = 0
        for index in range(F):
            image.seek(index)
            image.load()
            lasts += image.info["duration"]
    assert lasts == pytest.approx(1000 * F / 24, abs=10)


def test_no_ending_is_a_folder_of_pictures(tmp_path, clip):
    write_video(tmp_path / "frames", clip[:3], 30)
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names == ["00000.png", "00001.png", "00002.png"]
    assert np.array_equal(read_image(tmp_path / "frames" / "00002.png"), clip[2])


def test_gop_bounds_the_distance_of_key_frames(tmp_path, clip):
    write_video(tmp_path / "a.mp4", clip, 30, gop=4)
    with av.open(str(tmp_path / "a.mp4")) as container:
        keys = [index for index, frame in enumerate(container.decode(video=0)) if frame.key_frame]
    assert max(np.diff([*keys, F])) <= 4


def test_nothing_is_left_when_writing_fails(tmp_path, clip):
    def broken():
        yield clip[0]
        raise RuntimeError("the source breaks")

    (tmp_path / "a.mp4").write_text("before")
    with pytest.raises(RuntimeError, match="the source breaks"):
        write_video(tmp_path / "a.mp4", broken(), 30)
    with pytest.raises(InputError, match="frame 1"):
        write_video(tmp_path / "a.mp4", [clip[0], clip[1, :20]], 30)
    with pytest.raises(InputError, match="float64"):
        write_video(tmp_path / "a.mp4", [clip[0] / 255], 30)
    with pytest.raises(MediaError, match="no frame"):
        write_video(tmp_path / "a.mp4", [], 30)
    with pytest.raises(InputError, match="fps"):
        write_video(tmp_path / "a.mp4", clip, 0)
    with pytest.raises(MediaError, match=r"a\.avi"):
        write_video(tmp_path / "a.avi", clip, 30)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_text() == "before"


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on file size stands for a full disk")
@pytest.mark.parametrize(
    ("name", "sound"), [("a.mp4", False), ("a.mp4", True), ("a.webm", False), ("a.gif", False), ("frames", False)]
)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, name, sound):
    if sound:
        with av.open(str(tmp_path / "sound.m4a"), "w", format="mp4") as container:
            add_sound(container, seconds=1)
    before = list(tmp_path.iterdir())
    program = f"""
import resource, sys
import numpy as np
from tempose.core.errors import DiskError
from tempose.media.video import write_video
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
frames = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), dtype=np.uint8)
try:
    write_video({str(tmp_path / name)!r}, frames, 30, audio_from={str(before[0]) if sound else None!r})
except DiskError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "cannot write" in run.stdout
    assert str(tmp_path / name) in run.stdout
    assert "File too large" in run.stdout
    assert list(tmp_path.iterdir()) == before


# Sound


def test_sound_is_copied_up_to_the_end_of_the_frames(tmp_path, clip):
    with av.open(str(tmp_path / "sound.m4a"), "w", format="mp4") as container:
        add_sound(container, seconds=3)
    write_video(tmp_path / "a.mp4", clip, 30, audio_from=tmp_path / "sound.m4a")
    assert probe_video(tmp_path / "a.mp4").has_audio
    assert len(list(read_frames(tmp_path / "a.mp4"))) == F

    def packets(path):
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    copied, original = packets(tmp_path / "a.mp4"), packets(tmp_path / "sound.m4a")
    assert copied == original[: len(copied)]
    assert len(copied) * 1024 / 48000 == pytest.approx(1, abs=0.06)


def test_sound_that_is_not_there_is_an_error(tmp_path, clip):
    write_video(tmp_path / "silent.mp4", clip[:2], 30)
    with pytest.raises(MediaError, match=r"silent\.mp4 has no audio track"):
        write_video(tmp_path / "a.mp4", clip, 30, audio_from=tmp_path / "silent.mp4")
    with pytest.raises(MediaError, match="cannot hold sound"):
        write_video(tmp_path / "a.gif", clip, 30, audio_from=tmp_path / "silent.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["silent.mp4"]


# Time


def test_start_and_stop_are_frames_of_the_result(tmp_path):
    write_video(tmp_path / "a.mp4", greys(40), 20)
    assert numbers(read_frames(tmp_path / "a.mp4", start=5, stop=9)) == [5, 6, 7, 8]
    assert numbers(read_frames(tmp_path / "a.mp4", fps=10, start=3, stop=6)) == [6, 8, 10]
    assert numbers(read_frames(tmp_path / "a.mp4", start=38)) == [38, 39]
    assert numbers(read_frames(tmp_path / "a.mp4", start=50)) == []
    with pytest.raises(InputError, match="start"):
        next(read_frames(tmp_path / "a.mp4", start=4, stop=2))


def test_its_own_rate_changes_nothing(tmp_path):
    for fps, ending in itertools.product((24000 / 1001, 30, 60), (".mp4", ".webm")):
        path = tmp_path / f"a{ending}"
        write_video(path, greys(40), fps)
        assert numbers(read_frames(path, fps=fps)) == list(range(40))


def test_resampling_keeps_the_length_and_takes_the_nearest(tmp_path):
    write_video(tmp_path / "a.mp4", greys(30), 30)
    assert numbers(read_frames(tmp_path / "a.mp4", fps=15)) == list(range(0, 30, 2))
    doubled = numbers(read_frames(tmp_path / "a.mp4", fps=60))
    assert len(doubled) == 60
    assert doubled[::2] == list(range(30))
    assert doubled == sorted(doubled)


def test_variable_rate_is_made_constant_by_time_stamps(tmp_path):
    times = [0, 100, 200, 700, 800, 1500]
    record(tmp_path / "a.mkv", greys(6), times=times)
    seen = numbers(read_frames(tmp_path / "a.mkv", fps=10))
    nearest = [int(np.abs(np.array(times) - 100 * slot).argmin()) for slot in range(16)]
    assert seen[:16] == nearest
    assert numbers(read_frames(tmp_path / "a.mkv")) == list(range(6))


def test_a_clock_that_starts_late_makes_no_difference(tmp_path):
    record(tmp_path / "a.mkv", greys(10), times=[5000 + 100 * index for index in range(10)])
    assert numbers(read_frames(tmp_path / "a.mkv", fps=10)) == list(range(10))


@pytest.mark.parametrize(("ending", "gop"), [(".mp4", 4), (".mp4", 250), (".webm", 8)])
def test_random_access_gives_the_frames_of_streaming(tmp_path, ending, gop):
    path = tmp_path / f"a{ending}"
    write_video(path, greys(47), 23.976, gop=gop)
    for wanted in ([0], [46], [46, 3, 3, 30], [5, 6, 7, 8], list(range(47))):
        assert numbers(read_frames_at(path, wanted)) == wanted
    streamed = np.stack(list(read_frames(path)))
    assert np.array_equal(read_frames_at(path, np.array([40, 2])), streamed[[40, 2]])


def test_random_access_beyond_the_end_is_an_error(tmp_path):
    write_video(tmp_path / "a.mp4", greys(10), 30)
    for wanted in ([10], [3, 500]):
        with pytest.raises(MediaError, match=f"a.mp4 has no frame {wanted[-1]}"):
            read_frames_at(tmp_path / "a.mp4", wanted)
    with pytest.raises(InputError, match="-1"):
        read_frames_at(tmp_path / "a.mp4", [-1])
    with pytest.raises(InputError, match="at least one"):
        read_frames_at(tmp_path / "a.mp4", [])


# Kinds of video


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "ending"),
    [
        ("libx264", "gray", ".mp4"),
        ("libx264", "yuv420p10le", ".mp4"),
        ("libx264", "yuv444p", ".mkv"),
        ("mpeg4", "yuv420p", ".avi"),
    ],
)
def test_other_pixel_formats_read_as_rgb(tmp_path, codec, pix_fmt, ending):
    path = tmp_path / f"a{ending}"
    record(path, greys(12), codec=codec, pix_fmt=pix_fmt)
    frames = list(read_frames(path))
    assert frames[0].shape == (16, 16, 3)
    assert frames[0].dtype == np.uint8
    assert numbers(frames) == list(range(12))


UPRIGHT = np.array([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000], ">u4").tobytes()
TURNED = np.array([0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000], ">i4").tobytes()


def test_a_rotation_tag_turns_the_frames(tmp_path, clip):
    write_video(tmp_path / "a.mp4", clip[:3], 30)
    whole = (tmp_path / "a.mp4").read_bytes()
    track = whole.index(b"tkhd")
    place = whole.index(UPRIGHT, track)
    (tmp_path / "b.mp4").write_bytes(whole[:place] + TURNED + whole[place + len(TURNED) :])
    info = probe_video(tmp_path / "b.mp4")
    assert (info.width, info.height) == (H, W)
    plain, turned = (next(read_frames(tmp_path / name)) for name in ("a.mp4", "b.mp4"))
    assert np.array_equal(turned, np.rot90(plain, -1))  # the tag asks for a quarter turn clockwise
    assert np.array_equal(read_frames_at(tmp_path / "b.mp4", [0])[0], turned)


def test_what_is_no_video_is_named(tmp_path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video " * 100)
    (tmp_path / "folder.mp4").mkdir()
    with av.open(str(tmp_path / "only sound.mp4"), "w") as container:
        add_sound(container, seconds=0.5)
    for name in ("empty.mp4", "text.mp4", "folder.mp4", "only sound.mp4", "missing.mp4", "http:x.mp4"):
        for read in (probe_video, lambda path: next(read_frames(path)), lambda path: read_frames_at(path, [0])):
            with pytest.raises(MediaError, match=name):
                read(tmp_path / name)
    with pytest.raises(MediaError, match="no video track, only: audio"):
        probe_video(tmp_path / "only sound.mp4")


@pytest.mark.parametrize(("ending", "part"), [(".mp4", 0.5), (".mp4", 0.95), (".mkv", 0.5), (".avi", 0.6)])
def test_a_truncated_video_is_an_error_after_its_good_frames(tmp_path, ending, part):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(60)]
    whole = tmp_path / f"whole{ending}"
    record(whole, noise, **({"movflags": "+faststart"} if ending == ".mp4" else {}))
    content = whole.read_bytes()
    (tmp_path / f"cut{ending}").write_bytes(content[: int(part * len(content))])
    frames = read_frames(tmp_path / f"cut{ending}")
    assert next(frames).shape == (32, 32, 3)
    with pytest.raises(MediaError, match=f"cut{ending} is .*cut short"):
        list(frames)


def test_an_mp4_without_its_index_is_an_error(tmp_path):
    record(tmp_path / "whole.mp4", greys(30))
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "whole.mp4").read_bytes()[:-200])
    with pytest.raises(MediaError, match=r"cut\.mp4"):
        probe_video(tmp_path / "cut.mp4")


def test_the_info_of_a_file_with_sound(tmp_path, clip):
    with av.open(str(tmp_path / "a.m4a"), "w", format="mp4") as container:
        add_sound(container, seconds=1)
    write_video(tmp_path / "a.mp4", clip, 30, audio_from=tmp_path / "a.m4a")
    info = probe_video(tmp_path / "a.mp4")
    assert info == VideoInfo(width=W, height=H, fps=30.0, frames=F, duration=1.0, has_audio=True)


def test_writing_can_be_ended_at_every_frame_that_the_encoder_holds_back(tmp_path, clip):
    passed, given = [], []

    def frames():
        for frame in clip:
            given.append(frame)
            yield frame

    def check():
        passed.append(len(given))
        if passed.count(F) == 3:
            raise KeyboardInterrupt

    with cancellation.scope(check), pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "out.mp4", frames(), 10)
    assert passed.count(F) == 3
    assert list(tmp_path.iterdir()) == []
