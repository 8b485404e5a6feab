"""Outside the mask nothing changes; inside, the style is generated."""

import json
import weakref
from dataclasses import replace

import cv2
import numpy as np
import pytest
from subjects import drawn_subject, filled_model, small_model, subject

from tempose.animation.dress import (
    REGIONS,
    Reference,
    dress,
    exchanged_parts,
    laid_over,
    packed,
    part_of_layers,
    read_mask,
    unpacked,
    visible,
    without,
    write_dressed,
)
from tempose.core.errors import InputError, MediaError, PoseError
from tempose.media.images import read_image, write_image
from tempose.media.video import probe_video, write_video
from tempose.pose.estimators import Detection
from tempose.warp.completion import neck_bar
from tempose.warp.flesh import HEAD, LEFT_ARM, RIGHT_ARM, TRUNK

QUICK = {"steps": 1, "model": small_model()}


def reference(frames=1):
    """A person standing still."""
    person = subject()
    pose = person.pose[np.zeros(frames, int)]
    return Reference(lambda: [person.picture] * frames, pose, lambda index: person.mask)


def pictures(dressed):
    return np.stack(list(dressed.frames()))


@pytest.fixture
def style():
    return drawn_subject(3)


@pytest.mark.parametrize("part", REGIONS)
def test_parts_cover_themselves_and_spare_the_rest(part):
    cutout = subject().cutout
    mask = (visible(cutout) * part_of_layers(cutout, part)).sum(0)
    x, y = cutout.keypoints[:, 0].astype(int), cutout.keypoints[:, 1].astype(int)
    places = {"upper": ((y[1] + y[8]) // 2, (x[8] + x[11]) // 2), "lower": (y[9], x[9]), "head": (y[0], x[0])}
    for name, place in places.items():
        wanted = name == part or (part == "whole" and name != "head")
        assert mask[place] == pytest.approx(float(wanted), abs=0.02), name
    assert 0.005 < mask.mean() < 0.4


@pytest.mark.parametrize("part", ["upper", "whole"])
def test_of_the_neck_nothing_comes_along_that_was_made_up_beneath_the_head(part):
    cutout = subject().cutout
    neck = neck_bar(cutout.matte.shape, cutout.keypoints, 1.0) & (cutout.alpha[HEAD] > 0.99)
    assert (cutout.alpha[TRUNK][neck] > 0.5).any()
    assert not (cutout.alpha[TRUNK] * part_of_layers(cutout, part)[TRUNK] > 0.01)[neck].any()


def test_what_a_photo_shows_of_its_layers_is_its_person():
    cutout = subject().cutout
    apart = np.abs(visible(cutout).sum(0) - cutout.matte)
    assert (apart > 0.02).mean() < 0.01  # two soft edges that meet cover a little more
    assert apart.max() < 0.3


@pytest.mark.parametrize("part", REGIONS)
def test_beside_the_part_not_a_bit_changes(style, part):
    given = reference(2 if part == "upper" else 1)
    made = dress(style, given, part=part, **QUICK)
    assert (len(made), made.size) == (len(given.motion), given.motion.size)
    changed = (pictures(made) != np.stack(given.frames())).any(axis=-1)
    assert changed.mean() > 0.004
    assert not changed[:, ~np.asarray(near(given.mask(0), 40))].any()
    points = subject().keypoints[:, :2].astype(int)
    kept = {"upper": (0, 10), "lower": (0, 1), "head": (8, 10), "whole": (0,)}[part]
    for x, y in points[list(kept)]:
        assert not changed[:, y - 2 : y + 3, x - 2 : x + 3].any()


def test_a_coat_that_reaches_beyond_the_old_clothes_is_whole(style):
    """What the style shows of the part appears, also where the reference had no clothes."""
    wide = replace(style.cutout, alpha=style.cutout.alpha.copy())
    wide.alpha[TRUNK] = cv2.dilate(wide.alpha[TRUNK], np.ones((25, 25)))
    given = reference()
    narrow, broad = (next(exchanged_parts(cutout, given, part="upper")) for cutout in (style.cutout, wide))
    assert ((broad > 0.9) & (narrow < 0.1)).sum() > 100
    assert broad[subject().keypoints[0, 1].astype(int), subject().keypoints[0, 0].astype(int)] < 0.1  # never the face


def test_what_is_exchanged_ends_softly_over_several_pixels():
    bare = replace(subject().cutout, alpha=np.zeros_like(subject().cutout.alpha))  # a style that adds nothing
    mask = next(exchanged_parts(bare, reference(), part="lower"))
    down, along = np.diff(mask, axis=0, prepend=0), np.diff(mask, axis=1, prepend=0)
    beside = np.maximum(np.abs(down), np.abs(along))
    others = subject().cutout.alpha[[TRUNK, RIGHT_ARM, LEFT_ARM]].sum(0)  # at a hand it ends at once
    ends = near(mask > 0.9, 8) & ~near(others > 0, 8)
    assert ends.sum() > 1000
    assert beside[ends].max() < 0.6


def near(mask, reach):
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1,) * 2)) > 0


def test_a_mask_file_decides_what_changes(style, tmp_path):
    mask = np.zeros((384, 288, 3), np.uint8)
    mask[150:250, 100:200] = 255
    write_image(tmp_path / "mask.png", mask)
    made = dress(style, reference(), mask=tmp_path / "mask.png", **QUICK)
    changed = (pictures(made)[0] != subject().picture).any(axis=-1)
    assert changed[160:240, 110:190].mean() > 0.5
    changed[150:250, 100:200] = False
    assert not changed.any()
    with pytest.raises(MediaError, match="wanted the same size"):
        read_mask(tmp_path / "mask.png", (100, 100))


def test_a_style_comes_without_a_rim_of_its_own_background(style):
    cutout = style.cutout
    white = replace(cutout, color=np.full_like(cutout.color, 255), background=np.full_like(cutout.background, 90))
    far = cv2.dilate((cutout.matte > 0).astype(np.uint8), np.ones((5, 5))) == 0
    inside = cv2.erode((cutout.matte > 0.99).astype(np.uint8), np.ones((5, 5))) == 1
    moved = laid_over(white)
    assert (moved[far] == 90).all()
    assert (moved[inside] > 250).mean() > 0.95


def test_no_rim_of_the_person_stays_where_they_stood():
    frame, mask = np.full((200, 150, 3), 100, np.uint8), np.zeros((200, 150), np.uint8)
    cv2.circle(frame, (75, 100), 33, (220, 30, 30), -1)
    cv2.circle(mask, (75, 100), 30, 1, -1)  # three pixels short, as masks are
    assert np.abs(without(frame, mask > 0).astype(int) - 100).max() <= 1


def test_the_seed_decides(style):
    asked = {"part": "upper", "steps": 1, "model": filled_model()}
    one, same, other = (pictures(dress(style, reference(), **asked, seed=seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_pictures_and_clips_come_from_files_and_go_to_files(style, tmp_path):
    person = subject()

    def finder(frame):
        return [Detection(person.keypoints, person.mask)]

    write_image(tmp_path / "me.png", person.picture)
    write_video(tmp_path / "me.mp4", [person.picture] * 3, 10)
    made = dress(style, tmp_path / "me.png", part="upper", estimator=finder, output="out.png", **QUICK)
    record = write_dressed(made, tmp_path / "out.png", command=["tempose", "dress"])
    assert read_image(tmp_path / "out.png").shape == person.picture.shape
    assert json.loads(record.read_text())["settings"]["part"] == "upper"
    made = dress(style, tmp_path / "me.mp4", part="lower", estimator=finder, output="out.mp4", **QUICK)
    write_dressed(made, tmp_path / "out.mp4")
    info = probe_video(tmp_path / "out.mp4")
    assert (info.frames, info.fps, info.height) == (3, 10, 384)
    with pytest.raises(InputError, match="single picture"):
        dress(style, tmp_path / "me.mp4", part="lower", estimator=finder, output="out.png", **QUICK)
    with pytest.raises(PoseError, match=r"me\.png: nobody was found"):
        dress(style, tmp_path / "me.png", part="lower", estimator=lambda frame: [], **QUICK)


def test_however_long_the_reference_a_handful_of_its_frames_is_held(style, tmp_path):
    person, there, held = subject(), [], []

    def frames():
        for _ in range(16):
            there.append(weakref.ref(frame := person.picture.copy()))
            yield frame
            held.append(sum(each() is not None for each in there))

    write_image(tmp_path / "mask.png", np.repeat(255 * person.mask[..., None].astype(np.uint8), 3, axis=2))
    given = Reference(frames, person.pose[np.zeros(16, int)], lambda index: person.mask)
    made = dress(style, given, mask=tmp_path / "mask.png", **QUICK)
    write_dressed(made, tmp_path / "out.mp4")
    assert probe_video(tmp_path / "out.mp4").frames == 16
    assert len(held) >= 2 * 16  # it is seen more than once
    assert max(held) <= 4
    assert sum(map(len, made.exchanged)) < 16 * person.mask.size / 10


def test_what_is_exchanged_is_kept_to_256_steps():
    share = np.random.default_rng(0).random((40, 30), np.float32)
    share[:20], share[20] = 0, 1
    back = unpacked(packed(share), share.shape)
    assert np.abs(back - share).max() <= 0.5 / 255 + 1e-6
    assert (back[:20] == 0).all()
    assert (back[20] == 1).all()


def test_what_is_to_be_exchanged_must_be_said_once(style, tmp_path):
    for wrong in ({}, {"part": "upper", "mask": "m.png"}):
        with pytest.raises(InputError, match="either --part upper, lower, head or whole, or --mask"):
            dress(style, reference(), **wrong, **QUICK)
    with pytest.raises(InputError, match="part is 'hat'"):
        dress(style, reference(), part="hat", **QUICK)
    write_image(tmp_path / "black.png", np.zeros((384, 288, 3), np.uint8))
    with pytest.raises(InputError, match="nothing would be exchanged"):
        dress(style, reference(), mask=tmp_path / "black.png", **QUICK)
