"""Which pictures, videos and sounds are read, told by their first bytes before any library sees the file.

FFmpeg and Pillow would try every format they know, playlists that open other files and programs that
draw among them. So a file is opened as the one format that its first bytes name, or not at all.
Light: the command line asks here before it loads anything heavy.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tempose.core.errors import MediaError
from tempose.core.files import check_there
from tempose.core.kinds import HEAD_BYTES, kind_of

Media = Literal["picture", "video", "sound"]

WANTED = {
    "picture": "a picture (PNG, JPEG, WebP, AVIF, HEIC, TIFF, BMP, GIF)",
    "video": "a video (MP4, MOV, WebM, MKV, AVI, TS, MPG, OGV, FLV, WMV) or an animation (GIF, WebP, PNG, AVIF)",
    "sound": "a video with sound or a sound file (MP3, M4A, AAC, WAV, FLAC, OGG)",
}


@dataclass(frozen=True)
class Format:
    """A format that is read.

    Attributes:
        media: what it holds; a container of FFmpeg that can hold both counts as video.
        reader: what FFmpeg calls it, or Pillow, for pictures.
        animated: whether such a picture can hold an animation.
    """

    media: Media
    reader: str
    animated: bool = False


def no_heif(path: Path | str) -> MediaError:
    """That a HEIC picture cannot be read here, and the way round it."""
    return MediaError(
        f"{path} is a HEIC picture, which is read where pillow-heif is installed",
        path=path,
        remedy="pip install 'tempose[heic]', or save it as JPEG first",
    )


MOV = Format("video", "mov")
MPEG_TS = Format("video", "mpegts")
AVIF = Format("picture", "AVIF", animated=True)
HEIF = Format("picture", "HEIF")

# First bytes → the format. MP4, RIFF, MPEG and MP3 want a closer look: below.
MAGIC = (
    (b"\x89PNG\r\n\x1a\n", Format("picture", "PNG", animated=True)),
    (b"GIF87a", Format("picture", "GIF", animated=True)),
    (b"GIF89a", Format("picture", "GIF", animated=True)),
    (b"\xff\xd8\xff", Format("picture", "JPEG")),
    (b"BM", Format("picture", "BMP")),
    (b"II*\x00", Format("picture", "TIFF")),
    (b"MM\x00*", Format("picture", "TIFF")),
    (b"qoif", Format("picture", "QOI")),
    (b"DDS ", Format("picture", "DDS")),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Format("picture", "JPEG2000")),
    (b"\xff\x4f\xff\x51", Format("picture", "JPEG2000")),
    (b"\x1aE\xdf\xa3", Format("video", "matroska")),
    (b"FLV\x01", Format("video", "flv")),
    (b"OggS", Format("video", "ogg")),
    (b"YUV4MPEG2 ", Format("video", "yuv4mpegpipe")),
    (b"DKIF", Format("video", "ivf")),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", Format("video", "mxf")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Format("video", "asf")),
    (b"\x1f\x07\x00", Format("video", "dv")),
    (b"\x00\x00\x01\xba", Format("video", "mpeg")),
    (b"\x00\x00\x01\xb3", Format("video", "mpegvideo")),
    (b"ID3", Format("sound", "mp3")),
    (b"fLaC", Format("sound", "flac")),
    (b"#!AMR", Format("sound", "amr")),
    (b"caff", Format("sound", "caf")),
    (b"RF64", Format("sound", "wav")),
)
RIFF = {
    b"WEBP": Format("picture", "WEBP", animated=True),
    b"AVI ": Format("video", "avi"),
    b"AVIX": Format("video", "avi"),
    b"WAVE": Format("sound", "wav"),
}
MOV_BOXES = (b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof")
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
MOTION_JPEG = (".mjpeg", ".mjpg")


def sniffed(head: bytes, *, ending: str = "") -> Format | None:
    """The format of a file that begins with `head`, HEAD_BYTES of it if there are; None if it is none that is read."""
    if head[:3] == b"\xff\xd8\xff" and ending.lower() in MOTION_JPEG:
        return Format("video", "mjpeg")
    for begin, known in MAGIC:
        if head.startswith(begin):
            return known
    if head[:4] == b"RIFF":
        return RIFF.get(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return Format("sound", "aiff")
    if head[4:8] == b"ftyp":
        return _branded(head)
    if head[4:8] in MOV_BOXES:
        return MOV
    if re.match(rb"P[1-6]\s", head):
        return Format("picture", "PPM")
    return _elementary(head) or (MPEG_TS if _is_transport_stream(head) else None)


def _branded(head: bytes) -> Format:
    """MP4 and its kin, by the brands in its first box."""
    size = min(int.from_bytes(head[:4]), len(head))
    major, brands = head[8:12], {head[8:12], *(head[at : at + 4] for at in range(16, size, 4))}
    if major in (b"avif", b"avis") or (major in (b"mif1", b"msf1", b"miaf") and b"avif" in brands):
        return AVIF
    return HEIF if major in HEIF_BRANDS else MOV


def _elementary(head: bytes) -> Format | None:
    """A bare stream of packets, without a container."""
    start = re.match(rb"\x00{2,3}\x01", head)
    if start and len(head) > start.end() + 1:
        first, second = head[start.end()], head[start.end() + 1]
        if first in (0x67, 0x27, 0x47, 0x09):
            return Format("video", "h264")
        if first in (0x40, 0x42, 0x46) and second == 0x01:
            return Format("video", "hevc")
        return None
    if len(head) > 1 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return Format("sound", "aac")
        if head[1] & 0xE0 == 0xE0 and head[1] & 0x06 and head[1] & 0x18 != 0x08:
            return Format("sound", "mp3")
    return None


def _is_transport_stream(head: bytes) -> bool:
    """Whether packets of 188 bytes follow one another, as they are or with 4 or 16 bytes about each."""
    for packet in (188, 192, 204):
        for first in range(packet):
            marks = head[first::packet]
            if len(marks) > 3 and set(marks) == {0x47}:
                return True
    return False


def format_of(path: Path | str, wanted: Media) -> Format:
    """The format of a file, by its first bytes.

    Raises:
        MediaError: there is no such file, it is a folder, empty, cannot be read, or holds nothing that is wanted.
    """
    path = Path(path)
    if path.is_dir():
        raise MediaError(f"{path} is a folder; wanted {WANTED[wanted]}", path=path)
    if not path.exists():
        raise MediaError(f"there is no {'picture' if wanted == 'picture' else 'file'} {path}", path=path)
    if not path.is_file():
        raise MediaError(
            f"{path} is no file with content of its own (a device or pipe); wanted {WANTED[wanted]}", path=path
        )
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror or error}", path=path) from error
    if not head:
        raise MediaError(f"{path} is empty; wanted {WANTED[wanted]}", path=path)
    known = sniffed(head, ending=path.suffix)
    if known is None or not _serves(known, wanted):
        kind = "a playlist, which names other files" if _is_playlist(head) else kind_of(path)
        raise MediaError(f"{path} is not {WANTED[wanted].split(' (')[0]} in a known format: it seems to be {kind}; "
                         f"wanted {WANTED[wanted]}", path=path)  # fmt: skip
    return known


def check_readable(path: Path | str, wanted: Media = "picture") -> None:
    """Whether a file is there and begins as something that is read: before the libraries that read it are loaded.

    Raises:
        MediaError: as `format_of`.
    """
    known = format_of(path, wanted)
    if known.reader == "HEIF" and importlib.util.find_spec("pillow_heif") is None:
        raise no_heif(path)


def check_motion_there(source: Path | str) -> None:
    """Whether a motion that is given as a path is there; a name without ending can be a built-in motion.

    Raises:
        InputError: it is not.
        MediaError: the file is empty, or cannot be read.
    """
    path = Path(source)
    if path.is_dir():
        return
    if not path.exists():
        if path.suffix or len(path.parts) > 1 or isinstance(source, Path):
            check_there(path)
        return
    if not path.is_file():
        raise MediaError(f"{path} is no file with content of its own (a device or pipe)", path=path)
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise MediaError(f"{path} is empty", path=path)
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror or error}", path=path) from error


def _serves(known: Format, wanted: Media) -> bool:
    if wanted == "picture":
        return known.media == "picture"
    if wanted == "video":
        return known.media == "video" or known.animated
    return known.media in ("video", "sound")


def _is_playlist(head: bytes) -> bool:
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return begin.startswith((b"#EXTM3U", b"ffconcat", b"v=0", b"[playlist]")) or b"<MPD" in begin


# Pictures in folders -------------------------------------------------------------------------------

PICTURE_ENDINGS = (
    ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".qoi", ".jp2", ".ppm",
)  # fmt: skip


def pictures_in(folder: Path) -> list[Path]:
    """The pictures that lie directly in a folder, frame9 before frame10; hidden files are none of them."""
    pictures = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURE_ENDINGS and not path.name.startswith(".") and path.is_file()
    ]
    return sorted(pictures, key=lambda path: natural(path.name))


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """A key that sorts names by the numbers in them."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts)], name
