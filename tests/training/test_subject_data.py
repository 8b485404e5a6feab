import json

import numpy as np
import pytest
from data.blocks import block_clip
from helpers import standing

from tempose.core.errors import DataError, InputError, MediaError, PoseError
from tempose.data.augment import Views
from tempose.data.clips import ClipDataset, ClipSampling, PairDataset
from tempose.media.images import read_image, write_image
from tempose.media.video import write_video
from tempose.pose.keypoints import Motion
from tempose.training.subject_data import (
    check_one_person,
    split_photos,
    split_video,
    views_of_photo,
    views_of_video,
    write_material,
)


def views(frames, seed=0):
    return Views(**block_clip(seed, frames=frames))


def lengths(clips):
    return [len(clip.frames) for clip in clips]


def test_the_last_quarter_is_held_out():
    known, held = split_video([views(30), views(50)], frames=4)
    assert (lengths(known), lengths(held)) == ([30, 30], [20])
    assert np.array_equal(held[0].frames, views(50).frames[30:])
    assert np.array_equal(held[0].motion.keypoints, views(50).motion.keypoints[30:])


def test_a_short_last_stretch_is_held_out_as_a_whole():
    known, held = split_video([views(40), views(8)], frames=4)
    assert (lengths(known), lengths(held)) == ([40], [8])


def test_what_is_held_out_has_room_for_a_window_and_so_has_the_rest():
    assert [lengths(side) for side in split_video([views(10)], frames=4)] == [[5], [5]]
    with pytest.raises(DataError, match="seen in 9 frames; wanted at least 10"):
        split_video([views(9)], frames=4)


def test_the_last_photos_are_held_out():
    for count, kept in ((3, 2), (4, 3), (8, 6)):
        known, held = split_photos([views(1, seed) for seed in range(count)])
        assert (len(known), len(held)) == (kept, count - kept)
    with pytest.raises(InputError, match="2 photo"):
        split_photos([views(1), views(1)])


def test_a_photo_of_somebody_else_is_named():
    def photo(color):
        """A person of one color, standing still; the light is not quite the same in any two."""
        frames, masks = np.full((1, 64, 48, 3), color, np.uint8), np.ones((1, 64, 48), bool)
        return Views(frames, Motion(standing().numpy()[None], (64, 48), 1), masks)

    mine = [photo((150 + 5 * i, 60, 60)) for i in range(3)]
    check_one_person(mine, names="abc")
    with pytest.raises(InputError, match=r"b\.jpg seems to show somebody else.* give photos of one person"):
        check_one_person([mine[0], photo((40, 60, 160)), *mine[1:]], names=["a.jpg", "b.jpg", "c.jpg", "d.jpg"])


def test_a_video_is_written_as_clips(tmp_path):
    write_material(tmp_path, [views(12)], [views(9)], source="me.mp4")
    sampling = ClipSampling(4, "consecutive")
    assert [len(ClipDataset(tmp_path, split, sampling=sampling)) for split in ("train", "val")] == [1, 1]
    assert len(PairDataset(tmp_path, "train")) == 1


def test_photos_are_written_as_pairs(tmp_path):
    photos = [views(1, seed) for seed in range(5)]
    write_material(tmp_path, photos[:4], photos[4:], source="a.png")
    train, val = PairDataset(tmp_path, "train"), PairDataset(tmp_path, "val")
    assert (len(train), len(val)) == (4, 1)
    for target, others in train.pairs:
        assert len(others) == 3
        assert target not in others
    sample = val[0, 0]
    first = read_image(tmp_path / "train" / "000.png")
    assert np.array_equal(read_image(tmp_path / "val" / "000.png"), first)
    assert sample.photo.shape == sample.frames[0].shape
    lines = (tmp_path / "val" / "pairs.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"target": "001.png", "photos": ["000.png"]}]


def test_nobody_in_the_material_is_said(tmp_path):
    blank = np.full((20, 64, 48, 3), 128, np.uint8)
    write_video(tmp_path / "empty.mp4", iter(blank), 10)
    write_image(tmp_path / "empty.png", blank[0])
    with pytest.raises(DataError, match=r"none of the 20 frames of .*empty.mp4 can be used: 20 without a person"):
        views_of_video(tmp_path / "empty.mp4", (16, 8), frames=4)
    with pytest.raises(PoseError, match="nobody was found"):
        views_of_photo(tmp_path / "empty.png", (16, 8))
    with pytest.raises(MediaError):
        views_of_video(tmp_path / "nowhere.mp4", (16, 8), frames=4)


@pytest.mark.slow
def test_a_real_photo_is_cropped_around_the_person(real):
    found = views_of_photo(real / "photos" / "white_outfit_studio.png", (128, 96))
    assert found.frames.shape == (1, 128, 96, 3)
    seen = found.motion.keypoints[0][found.motion.keypoints[0, :, 2] > 0.3]
    assert len(seen) >= 14
    assert np.ptp(seen[:, 1]) > 60, "the person fills the height"
    rows = np.flatnonzero(found.masks[0].any(axis=1))
    assert rows[0] < seen[:, 1].min() + 5
    assert rows[-1] > seen[:, 1].max() - 8
