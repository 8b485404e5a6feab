"""The person in a photo is found in any kind of picture file, or it is said why not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from networks import onnx_model
from PIL import Image
from subjects import subject

from tempose.animation.subject import LARGEST, check_large_enough, read_subject
from tempose.core.errors import InputError, MediaError, PoseError
from tempose.media.images import read_image, resize, write_image
from tempose.pose.estimators import Detection
from tempose.pose.keypoints import HIDDEN


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
    found = read_subject(tmp_path / "p.png", estimator=lambda frame: [Detection(given.keypoints, None)])
    assert (found.mask & given.mask).sum() > 0.5 * (found.mask | given.mask).sum()


def test_of_arms_that_hang_nothing_is_said():
    assert subject().warnings() == []


def test_crossed_arms_are_told():
    given = subject()
    keypoints = given.keypoints.copy()
    keypoints[[4, 7], :2] = keypoints[[6, 3], :2]  # each hand at the other elbow, the forearms a little apart
    keypoints[[4, 7], 1] += (-20, -20)
    (said,) = replace(given, keypoints=keypoints).warnings()
    assert said.startswith("the arms are crossed")


def test_from_behind_the_face_is_made_up():
    given = subject()
    keypoints = given.keypoints.copy()
    keypoints[[0, 14, 15]] = 0
    assert given.warnings() == []
    assert "face" in type(given)(given.picture, keypoints, given.mask).warnings()[0]


def test_what_shows_no_person_is_one_sentence_with_the_name(tmp_path):
    write_image(tmp_path / "plain.png", np.full((200, 150, 3), 120, np.uint8))
    with pytest.raises(PoseError, match=r"plain\.png: nobody was found"):
        read_subject(tmp_path / "plain.png")
    with pytest.raises(MediaError, match="there is no picture"):
        read_subject(tmp_path / "nowhere.png")
    given = subject()
    legs = given.keypoints.copy()
    legs[[*range(8), *range(14, 18)]] = 0
    write_image(tmp_path / "legs.png", given.picture)
    with pytest.raises(PoseError, match=r"legs\.png: too little of the person can be seen \(right hip, right knee"):
        read_subject(tmp_path / "legs.png", estimator=lambda frame: [Detection(legs, None)])


@pytest.mark.parametrize("seen", [(0, 14, 15, 16, 17), (0, 2, 14), (1, 2, 5), (0, 1, 2, 3, 5, 6)])
def test_head_or_shoulders_are_enough_and_the_trunk_is_guessed(tmp_path, seen):
    given = subject()
    keypoints = (given.keypoints * (2, 2, 1)).astype(np.float32)
    keypoints[[joint for joint in range(18) if joint not in seen]] = 0
    write_image(tmp_path / "half.png", np.repeat(np.repeat(given.picture[:100], 2, 0), 2, 1))
    found = read_subject(tmp_path / "half.png", estimator=lambda frame: [Detection(keypoints, given.mask[:100])])
    guessed = [joint for joint in (1, 2, 5, 8, 11) if joint not in seen]
    assert (found.keypoints[guessed, 2] == HIDDEN).all()
    np.testing.assert_array_equal(found.keypoints[list(seen)], keypoints[list(seen)])
    apart = np.linalg.norm(found.keypoints[:, :2] - 2 * given.keypoints[:, :2], axis=1)[guessed]
    assert (apart < 0.35 * 2 * np.linalg.norm(given.keypoints[1, :2] - given.keypoints[8, :2])).all()


def test_someone_too_small_is_refused(tmp_path):
    given = subject()
    tiny = given.keypoints * (0.1, 0.1, 1)
    write_image(tmp_path / "far.png", given.picture)
    with pytest.raises(PoseError, match=r"far\.png: the person is too small: \d+ pixels in a picture of 288×384"):
        read_subject(tmp_path / "far.png", estimator=lambda frame: [Detection(tiny.astype(np.float32), None)])
    check_large_enough(given.pose)


def found_in(path, **given):
    """The subject of a photo whose estimator knows where the joints are."""
    person = subject()
    scale = read_image(path).shape[0] / person.picture.shape[0]
    keypoints = (person.keypoints * (min(scale, LARGEST / 384), min(scale, LARGEST / 384), 1)).astype(np.float32)
    return read_subject(path, estimator=lambda frame: [Detection(keypoints, None)], **given)


def test_a_mask_of_ones_own_is_used_as_it_is(tmp_path):
    person = subject()
    write_image(tmp_path / "me.png", person.picture)
    matte = cv2.GaussianBlur(person.mask.astype(np.float32), (0, 0), 2)
    Image.fromarray((matte * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    found = found_in(tmp_path / "me.png", mask=tmp_path / "mask.png")
    np.testing.assert_allclose(found.cutout.matte, matte, atol=1 / 255)
    np.testing.assert_array_equal(found.mask, found.matte > 0.5)


def test_a_mask_is_made_smaller_with_its_photo(tmp_path):
    person = subject()
    large = Image.fromarray(person.picture).resize((288 * 8, 384 * 8))
    large.save(tmp_path / "me.png")
    Image.fromarray(person.mask).resize(large.size).save(tmp_path / "mask.png")
    found = found_in(tmp_path / "me.png", mask=tmp_path / "mask.png")
    assert found.matte.shape == found.picture.shape[:2] == (LARGEST, 1440)
    small = cv2.resize(found.matte, (288, 384), interpolation=cv2.INTER_AREA) > 0.5
    assert (small & person.mask).sum() > 0.98 * (small | person.mask).sum()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda mask: mask[:-2], r"mask\.png: the mask is 288×382, the photo 288×384"),
        (lambda mask: mask & False, r"mask\.png: the mask is empty"),
        (lambda mask: ~mask, r"mask\.png: the mask covers \d+ of the \d+ joints"),
    ],
)
def test_a_mask_of_something_else_is_refused(tmp_path, change, words):
    person = subject()
    write_image(tmp_path / "me.png", person.picture)
    Image.fromarray(change(person.mask)).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match=words):
        found_in(tmp_path / "me.png", mask=tmp_path / "mask.png")


def test_a_network_makes_the_mask(tmp_path):
    pytest.importorskip("onnxruntime", reason="the extra matte is not installed")
    person = subject()
    picture = np.where(person.mask[..., None], np.uint8(230), np.uint8(10)) + np.zeros(3, np.uint8)
    write_image(tmp_path / "me.png", picture)
    net = tmp_path / "net.onnx"
    net.write_bytes(onnx_model((1, 3, 384, 288), (1, 1, 384, 288), axis=1))
    found = found_in(tmp_path / "me.png", matte_model=net)
    assert (found.mask == person.mask).mean() > 0.99
    assert found.matte.dtype == np.float32
    write_image(tmp_path / "me.png", 255 - picture)
    with pytest.raises(InputError, match=r"net\.onnx: the mask covers"):
        found_in(tmp_path / "me.png", matte_model=net)
    net.write_text("no network")
    with pytest.raises(InputError, match=r"net\.onnx is not an ONNX model"):
        found_in(tmp_path / "me.png", matte_model=net)
