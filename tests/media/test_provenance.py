"""Where a result comes from is said inside its file, in every form, and the file stays one that all can read."""

from xml.etree import ElementTree

import av
import numpy as np
import pytest
from PIL import Image

from tempose.media.images import read_image, write_image
from tempose.media.provenance import VOCABULARY, XMP_BOX, Provenance
from tempose.media.video import probe_video, write_video

MADE = Provenance("tempose 1", "Generated from a photo & a motion.", "compositeWithTrainedAlgorithmicMedia")
TERM = f"{VOCABULARY}compositeWithTrainedAlgorithmicMedia"
FRAMES = np.random.default_rng(0).integers(0, 255, (3, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.gif", "a.webp", "folder"])
def test_a_video_says_that_it_was_generated(tmp_path, name):
    write_video(tmp_path / name, FRAMES, 10, provenance=MADE)
    file = tmp_path / name / "00000.png" if name == "folder" else tmp_path / name
    assert TERM.encode() in file.read_bytes()
    if name in ("a.mp4", "a.webm"):
        with av.open(str(file)) as container:
            said = {key.lower(): value for key, value in container.metadata.items()}
        assert said["comment"] == MADE.sentence
        assert probe_video(file).frames == 3


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
def test_a_picture_says_so_too(tmp_path, name):
    write_image(tmp_path / name, FRAMES[0], provenance=MADE)
    assert TERM.encode() in (tmp_path / name).read_bytes()
    assert read_image(tmp_path / name).shape == (16, 16, 3)


def test_the_packet_stands_where_readers_of_xmp_look(tmp_path):
    write_image(tmp_path / "a.jpg", FRAMES[0], provenance=MADE)
    with Image.open(tmp_path / "a.jpg") as image:
        described = ElementTree.fromstring(image.info["xmp"])
    text = {part.tag.rpartition("}")[2]: part.text for part in described.iter() if part.text}
    assert (text["DigitalSourceType"], text["CreatorTool"], text["li"]) == (TERM, MADE.maker, MADE.made_from)
    write_video(tmp_path / "a.mp4", FRAMES, 10, provenance=MADE)
    assert boxes((tmp_path / "a.mp4").read_bytes())[-1] == (b"uuid", XMP_BOX + MADE.xmp)


def boxes(data):
    """The outermost boxes of an MP4: kind and content."""
    found = []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append((data[4:8], data[8:size]))
        data = data[size:]
    return found


def test_without_it_nothing_is_said(tmp_path):
    write_video(tmp_path / "a.mp4", FRAMES, 10)
    assert b"digitalsourcetype" not in (tmp_path / "a.mp4").read_bytes()
