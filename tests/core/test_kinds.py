import zipfile

import numpy as np
import pytest

from tempose.core.kinds import kind_of

KINDS = {
    b"%PDF-1.7 ...": "a PDF",
    b"Kaydara FBX Binary  \x00\x1a\x00": "an FBX file",
    b"; FBX 7.3.0 project file": "an FBX file",
    b"glTF\x02\x00\x00\x00": "a glTF file",
    b"\x89PNG\r\n\x1a\n": "a PNG picture",
    b"\xff\xd8\xff\xe0": "a JPEG picture",
    b"RIFF\x00\x00\x00\x00WEBPVP8 ": "a WebP picture",
    b"RIFF\x00\x00\x00\x00AVI LIST": "an AVI video",
    b"\x00\x00\x00\x20ftypisom\x00": "an MP4 or QuickTime video",
    b"\x00\x00\x00\x20ftypavis\x00": "an AVIF animation",
    b"\x1f\x8b\x08": "a gzip archive",
    b"hierarchy\nROOT Hips": "a BVH motion capture",
    b"\xef\xbb\xbf  HIERARCHY\nROOT": "a BVH motion capture",
    b"<!DOCTYPE html><html>": "a web page",
    b'  {"a": 1}': "a JSON file",
    b"Dear Madam,\n": "a text file",
    b"\x01\x02\x03\x00\x00\x07": "an unknown file",
    b"": "an empty file",
}


@pytest.mark.parametrize(("data", "kind"), KINDS.items(), ids=KINDS.values())
def test_kinds(tmp_path, data, kind):
    path = tmp_path / "file"
    path.write_bytes(data)
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("member", "kind"),
    [("word/document.xml", "a Word document"), ("xl/workbook.xml", "an Excel workbook"), ("a.txt", "a ZIP archive")],
)
def test_archives(tmp_path, member, kind):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(member, "x")
    assert kind_of(tmp_path / "a.zip") == kind


def test_numpy_and_folders(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(1))
    np.save(tmp_path / "a.npy", np.zeros(1))
    assert kind_of(tmp_path / "a.npz") == "a NumPy archive (.npz)"
    assert kind_of(tmp_path / "a.npy") == "a NumPy array"
    assert kind_of(tmp_path) == "a folder"
    (tmp_path / "half.zip").write_bytes(b"PK\x03\x04 and no more")
    assert kind_of(tmp_path / "half.zip") == "a damaged ZIP archive"
