"""The person in a photo is found in any kind of picture file, or it is said why not."""

import numpy as np
import pytest
from PIL import Image
from subjects import subject

from tempose.animation.subject import LARGEST, check_large_enough, read_subject
from tempose.core.errors import MediaError, PoseError
from tempose.media.images import resize, write_image
from tempose.pose.estimators import Person


@pytest.mark.parametrize("kind", ["grey", "alpha", "16 bits", "cmyk", "turned", "huge"])
def test_any_kind_of_picture_shows_the_same_person(tmp_path, kind):
    given = subject()
    image, path, scale = Image.fromarray(given.picture), tmp_path / "photo.png", 1.0
    if kind == "grey":
        image.convert("L").save(path)
    elif kind == "alpha":
        image.putalpha(Image.fromarray(np.where(given.mask, 255, 200).astype(np.uint8)))
        image.save(path)
    elif kind == "16 bits":
        Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257).save(path)
    elif kind == "cmyk":
        path = tmp_path / "photo.jpg"
        image.convert("CMYK").save(path)
    elif kind == "turned":
        path, exif = tmp_path / "photo.jpg", Image.Exif()
        exif[0x0112] = 6
        image.rotate(90, expand=True).save(path, exif=exif)
    else:
        scale = LARGEST / given.picture.shape[0]
        image.resize((image.width * 8, image.height * 8)).save(path)
    found = read_subject(path)
    assert found.picture.shape[:2] == tuple(round(scale * side) for side in given.picture.shape[:2])
    seen = given.keypoints[:, 2] > 0
    apart = np.linalg.norm(found.keypoints[:, :2] / scale - given.keypoints[:, :2], axis=-1)[seen]
    assert np.median(apart) < 0.03 * given.picture.shape[0]
    mask = (
        found.mask
        if scale == 1
        else resize(np.repeat(found.mask[..., None] * np.uint8(255), 3, -1), (384, 288))[..., 0] > 127
    )
    assert (mask & given.mask).sum() > 0.7 * (mask | given.mask).sum()


def test_without_a_mask_from_the_estimator_the_silhouette_is_found(tmp_path):
    given = subject()
    write_image(tmp_path / "p.png", given.picture)
    found = read_subject(tmp_path / "p.png", estimator=lambda frame: [Person(given.keypoints, None)])
    assert (found.mask & given.mask).sum() > 0.5 * (found.mask | given.mask).sum()


def test_from_behind_the_face_is_made_up():
    given = subject()
    keypoints = given.keypoints.copy()
    keypoints[[0, 14, 15]] = 0
    assert given.warnings() == []
    assert "face" in type(given)(given.picture, keypoints, given.mask).warnings()[0]


def test_what_shows_no_person_is_one_sentence_with_the_name(tmp_path):
    write_image(tmp_path / "plain.png", np.full((200, 150, 3), 120, np.uint8))
    with pytest.raises(PoseError, match=r"nobody was found in .*plain\.png"):
        read_subject(tmp_path / "plain.png")
    with pytest.raises(MediaError, match="there is no picture"):
        read_subject(tmp_path / "nowhere.png")
    given = subject()
    face = given.keypoints.copy()
    face[2:14] = 0
    write_image(tmp_path / "face.png", given.picture)
    with pytest.raises(PoseError, match=r"face\.png: too little of the person can be seen \(nose, neck"):
        read_subject(tmp_path / "face.png", estimator=lambda frame: [Person(face, None)])


def test_someone_too_small_is_refused(tmp_path):
    given = subject()
    tiny = given.keypoints * (0.1, 0.1, 1)
    write_image(tmp_path / "far.png", given.picture)
    with pytest.raises(PoseError, match=r"far\.png: the person is too small: \d+ pixels in a picture of 288×384"):
        read_subject(tmp_path / "far.png", estimator=lambda frame: [Person(tiny.astype(np.float32), None)])
    check_large_enough(given.pose)
