"""What a file seems to be, by its first bytes: for the sentence that refuses it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

HEAD_BYTES = 4096

# First bytes → what begins so. Longer ones come before those that they begin with.
MAGIC = (
    (b"%PDF", "a PDF"),
    (b"Kaydara FBX Binary", "an FBX file"),
    (b"glTF", "a glTF file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"8BPS", "a Photoshop document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an XZ archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"#!", "a script"),
    (b"OggS", "an Ogg file"),
    (b"fLaC", "a sound file (FLAC)"),
    (b"ID3", "a sound file (MP3)"),
    (b"\xff\xfb", "a sound file (MP3)"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"FLV\x01", "a Flash video"),
    (b"\x00\x00\x01\xba", "an MPEG video"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x00\x01\x00\x00\x00", "a font"),
    (b"BLENDER", "a Blender file"),
    (b"MATLAB 5.0", "a MATLAB file"),
    (b"{\\rtf", "a rich text document"),
    (b"Vocaloid Motion Data", "an MMD motion (VMD)"),
    (b"<?xml", "an XML file"),
    (b"; FBX", "an FBX file"),
    (b"HIERARCHY", "a BVH motion capture"),
    (b":ASF", "an Acclaim skeleton (ASF)"),
    (b"#!OML:ASF", "an Acclaim skeleton (ASF)"),
    (b":FULLY-SPECIFIED", "an Acclaim motion (AMC)"),
    (b"PathFileType", "a TRC marker file"),
)

# What members tell a ZIP archive to be.
INSIDE = (
    ("word/", "a Word document"),
    ("xl/", "an Excel workbook"),
    ("ppt/", "a PowerPoint presentation"),
    ("content.xml", "an OpenDocument file"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
    ("AndroidManifest.xml", "an Android program"),
)


def head_of(path: Path) -> bytes:
    """The first bytes of a file; none of a folder, or where it cannot be read."""
    from tempose.core.reading import open_plain

    try:
        with open_plain(path) as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def kind_of(path: Path | str) -> str:
    """What a file seems to be, with its article: "a PDF", "a Word document", "a text file", "an unknown file"."""
    path = Path(path)
    if path.is_dir():
        return "a folder"
    head = head_of(path)
    if not head:
        return "an empty file"
    if head.startswith(b"PK\x03\x04"):
        return _archive(path)
    if head[:4] == b"RIFF":
        return {b"WEBP": "a WebP picture", b"AVI ": "an AVI video", b"WAVE": "a sound file (WAV)"}.get(
            head[8:12], "a RIFF file"
        )
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return {b"avif": "an AVIF picture", b"avis": "an AVIF animation", b"heic": "a HEIC picture"}.get(
            brand, "a sound file (M4A)" if brand == b"M4A " else "an MP4 or QuickTime video"
        )
    if head[1:2] == b"\x50" and path.suffix.lower() == ".c3d":
        return "a C3D file"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for begin, kind in MAGIC:
        if head.startswith(begin) or (begin.isascii() and begin.isalpha() and text.upper().startswith(begin.upper())):
            return kind
    return _text(text, path)


def _archive(path: Path) -> str:
    from tempose.core.reading import opened_archive

    try:
        with opened_archive(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError):
        return "a damaged ZIP archive"
    for begin, kind in INSIDE:
        if any(name.startswith(begin) for name in names):
            return kind
    if names and all(name.endswith(".npy") for name in names):
        return "a NumPy archive (.npz)"
    if any(name.endswith("data.pkl") for name in names):
        return "a PyTorch file"
    return "a ZIP archive"


def _text(text: bytes, path: Path) -> str:
    """What a file without magic bytes is: text of some kind, or unknown."""
    if re.match(rb"(?i)<!doctype html|<html", text):
        return "a web page"
    if re.match(rb"(?i)<svg", text):
        return "an SVG drawing"
    if text[:1] in b"{[" and text[:1]:
        return "a glTF file" if b'"asset"' in text and path.suffix.lower() == ".gltf" else "a JSON file"
    if b"\x00" in text or sum(byte < 9 or 13 < byte < 32 for byte in text) > len(text) / 100:
        return "an unknown file"
    endings = {
        ".csv": "a table (CSV)",
        ".tsv": "a table",
        ".md": "a text file",
        ".xml": "an XML file",
        ".py": "a program",
    }
    return endings.get(path.suffix.lower(), "a text file")
