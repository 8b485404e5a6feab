"""What is opened, as what, and above all what is not."""

import os
from fractions import Fraction

import av
import numpy as np
import pytest

from tempose.core.errors import InputError, MediaError, TemposeError
from tempose.media.container import opened
from tempose.media.formats import check_motion_there, check_readable, format_of, natural, pictures_in
from tempose.media.sound import check_sound
from tempose.media.video import probe_video, read_frames, write_video

BLACK = [np.zeros((16, 16, 3), np.uint8)] * 3


@pytest.fixture
def secret(tmp_path):
    write_video(tmp_path / "secret.mp4", BLACK, 10)
    return tmp_path / "secret.mp4"


SCRIPTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{0}\n#EXT-X-ENDLIST\n",
    "m3u8 after space": "\n #EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{0}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{0}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "dash": '<?xml version="1.0"?>\n<MPD type="static"><Period><AdaptationSet mimeType="video/mp4">'
    '<Representation id="0"><BaseURL>{0}</BaseURL></Representation></AdaptationSet></Period></MPD>\n',
    "pls": "[playlist]\nFile1={0}\n",
    "subtitles": "1\n00:00:00,000 --> 00:00:01,000\nhello\n",
    "words": "Nothing that moves.\n" * 30,
    "imf": '<?xml version="1.0"?>\n<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"/>\n',
}


@pytest.mark.parametrize("ending", [".mp4", ".m3u8", ".txt", ".ts", ".gif", ""])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_file_that_names_others_opens_nothing(tmp_path, secret, script, ending, monkeypatch):
    path = tmp_path / f"driver{ending}"
    path.write_text(SCRIPTS[script].format(secret))

    def refuse(*_, **__):
        raise AssertionError("handed to FFmpeg")

    monkeypatch.setattr(av, "open", refuse)
    for read in (probe_video, lambda p: list(read_frames(p)), check_sound):
        with pytest.raises(MediaError, match=f"driver{ending} is not .* it seems to be ") as refusal:
            read(path)
        assert "secret" not in str(refusal.value)
        assert len(str(refusal.value).splitlines()) == 1


def test_a_movie_that_refers_to_another_file_does_not_open_it(tmp_path, secret):
    """Its samples lie in another file, by an absolute path, as QuickTime's reference movies do."""
    whole = secret.read_bytes()
    alias = bytearray(150)
    name = str(secret).encode()
    alias[4:6], alias[6:8] = (150 + 4 + len(name) + 4).to_bytes(2), (2).to_bytes(2)
    alias += (2).to_bytes(2) + len(name).to_bytes(2) + name + b"\0" * (len(name) % 2) + b"\xff\xff\0\0"
    reference = (12 + len(alias)).to_bytes(4) + b"alis" + bytes(4) + bytes(alias)
    own = b"\0\0\0\x0curl \0\0\0\x01"
    at = whole.index(own)
    grown = bytearray(whole[:at] + reference + whole[at + len(own) :])
    for box in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):  # each holds the next, and all have grown
        size = grown.rindex(box, 0, at) - 4
        grown[size : size + 4] = (int.from_bytes(grown[size : size + 4]) + len(reference) - len(own)).to_bytes(4)
    place = grown.index(b"mdat")
    (tmp_path / "reference.mov").write_bytes(grown[: place + 4] + bytes(len(grown) - place - 4))  # nothing of its own
    with pytest.raises(TemposeError, match=r"reference\.mov"):
        list(read_frames(tmp_path / "reference.mov"))


def test_a_file_is_opened_as_what_it_is_whatever_its_ending(tmp_path, secret):
    for name in ("a.txt", "a.png", "a.webm", "a", "http:x.mp4", "concat:b.mp4"):
        secret.rename(tmp_path / name) if name == "a.txt" else (tmp_path / name).write_bytes(
            (tmp_path / "a.txt").read_bytes()
        )
        assert probe_video(tmp_path / name).frames == 3
        with opened(tmp_path / name, track="video") as container:
            assert container.format.name == "mov"


@pytest.mark.skipif(os.name == "nt", reason="such names need a POSIX file system")
def test_names_that_are_not_utf8_are_read(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff\xfe.mp4")
    write_video(path, BLACK, 10)
    assert len(list(read_frames(path, fps=10))) == 3


def test_doors_are_light_and_say_what_is_wrong(tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "words.jpg").write_text("no picture")
    for name, sentence in {
        "missing.jpg": "there is no picture",
        "empty.jpg": "is empty",
        "words.jpg": "seems to be a text file",
        ".": "is a folder",
    }.items():
        with pytest.raises(MediaError, match=sentence):
            check_readable(tmp_path / name)
    check_motion_there("walk")
    check_motion_there(tmp_path)
    with pytest.raises(InputError, match=r"no file or folder .*dance\.mp4"):
        check_motion_there(str(tmp_path / "dance.mp4"))
    with pytest.raises(MediaError, match="is empty"):
        check_motion_there(str(tmp_path / "empty.jpg"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    for check in (lambda p: format_of(p, "video"), check_motion_there, check_readable):
        with pytest.raises(MediaError, match="pipe"):
            check(tmp_path / "pipe.mp4")


def test_pictures_come_in_the_order_of_their_numbers(tmp_path):
    for name in ("f10.png", "f9.PNG", "f1.jpg", ".f0.png", "._f1.png", "notes.txt", "f010b.png"):
        (tmp_path / name).touch()
    (tmp_path / "f2.png").mkdir()
    assert [path.name for path in pictures_in(tmp_path)] == ["f1.jpg", "f9.PNG", "f10.png", "f010b.png"]
    assert sorted(["a", "1", "a1", "10", "9"], key=natural) == ["1", "9", "10", "a", "a1"]


@pytest.mark.parametrize(
    "form", ["matroska", "mp4", "mov", "avi", "mpegts", "mpeg", "ogg", "flv", "yuv4mpegpipe", "asf"]
)
def test_containers_that_cameras_and_programs_write(tmp_path, form):
    codec = {"ogg": "libvpx", "mpeg": "mpeg2video", "yuv4mpegpipe": "wrapped_avframe", "asf": "wmv2", "flv": "flv"}
    path = tmp_path / "video.bin"
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec.get(form, "mpeg4"), rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for index in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 20 * index, np.uint8), format="rgb24")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    frames = list(read_frames(path, fps=25))
    assert len(frames) == 10
    assert abs(float(frames[5].mean()) - 100) < 12
    assert probe_video(path).fps == pytest.approx(25, rel=0.02)
