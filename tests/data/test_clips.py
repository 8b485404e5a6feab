import json
import logging
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from data.blocks import SIZE, block_clip
from torch.utils.data import DataLoader

from tempose.core.errors import DataError
from tempose.data.augment import Augmentation
from tempose.data.clips import ClipDataset, ClipSampling, MixedDataset, PairDataset
from tempose.data.prepared import write_clip, write_metadata
from tempose.media.tensors import to_uint8

STRONG = Augmentation(crop=0.3, flip=0.5, color=0.2)


@pytest.mark.parametrize(
    ("sampling", "steps"),
    [
        (ClipSampling(4, "consecutive"), {1}),
        (ClipSampling(4, "strided", stride=20), {20}),
        (ClipSampling(4, "random"), set(range(1, 100))),
    ],
)
def test_sampling_draws_ascending_frames_inside_the_clip(sampling: ClipSampling, steps: set) -> None:
    rng = np.random.default_rng(0)
    starts = set()
    for _ in range(200):
        indices = sampling.draw(70, rng)
        assert len(indices) == 4
        assert indices.min() >= 0
        assert indices.max() < 70
        assert set(np.diff(indices)) <= steps
        starts.add(int(indices[0]))
    assert len(starts) > 5
    assert len(sampling.draw(sampling.span, rng)) == 4


def test_a_sample_has_the_promised_form(write_blocks) -> None:
    dataset = ClipDataset(write_blocks([("p", 12), ("q", 9)]), "train", sampling=ClipSampling(4))
    assert len(dataset) == 2
    sample = dataset[0]
    assert {field: tuple(value.shape) for field, value in sample._asdict().items() if field != "name"} == {
        "photo": (3, *SIZE),
        "photo_keypoints": (18, 3),
        "photo_mask": (1, *SIZE),
        "frames": (4, 3, *SIZE),
        "keypoints": (4, 18, 3),
        "masks": (4, 1, *SIZE),
    }
    assert sample.name == "clip 0 é.mp4"
    for pictures in (sample.photo, sample.frames):
        assert pictures.dtype == torch.float32
        assert -1 <= pictures.min() < 0 < pictures.max() <= 1
    assert set(sample.masks.unique().tolist()) == {0.0, 1.0}


def test_frames_key_points_and_masks_belong_together(write_blocks) -> None:
    dataset = ClipDataset(
        write_blocks([("p", 24)]),
        "train",
        sampling=ClipSampling(3, "random"),
        augmentation=STRONG,
        size=(96, 64),
    )
    for epoch in range(5):
        sample = dataset[epoch, 0]
        for keypoints, mask in zip(sample.keypoints, sample.masks, strict=True):
            x, y = keypoints[keypoints[:, 2] > 0, :2].T
            on_block = mask[0, y.long().clamp(max=95), x.long().clamp(max=63)]
            assert on_block.mean() > 0.9


def test_the_photo_is_another_moment_of_the_same_clip(write_blocks) -> None:
    dataset = ClipDataset(write_blocks([("p", 8), ("q", 8), ("p", 8)]), "train", sampling=ClipSampling(5))
    rng = np.random.default_rng(0)
    drawn = [dataset._draw_photo(dataset.clips[0], np.arange(5), rng) for _ in range(100)]
    assert {(clip.name, moment) for clip, moment in drawn} == {(dataset.clips[0].name, m) for m in (5, 6, 7)}


def test_samples_come_from_seed_epoch_and_index_alone(write_blocks) -> None:
    root = write_blocks([("p", 12), ("q", 12), ("r", 12), ("s", 12)])

    def epoch(workers: int, number: int, seed: int = 0) -> torch.Tensor:
        dataset = ClipDataset(root, "train", augmentation=STRONG, size=SIZE, seed=seed)
        names = [(number, index) for index in range(len(dataset))]
        # Spawned as in training: a fork would copy locks that other threads hold.
        context = "spawn" if workers else None
        batches = DataLoader(dataset, batch_size=2, sampler=names, num_workers=workers, multiprocessing_context=context)
        return torch.cat([torch.cat([batch.photo[:, None], batch.frames], 1) for batch in batches])

    alone = epoch(0, 1)
    assert torch.equal(alone, epoch(2, 1))
    assert not torch.equal(alone, epoch(0, 2))
    assert not torch.equal(alone, epoch(0, 1, seed=1))


def test_an_index_alone_is_of_the_first_epoch(write_blocks) -> None:
    dataset = ClipDataset(write_blocks([("p", 24)]), "train")
    assert torch.equal(dataset[0].frames, dataset[0, 0].frames)


def test_a_damaged_clip_is_named_and_raised_or_left_out(write_blocks, caplog) -> None:
    root = write_blocks([("p", 9), ("q", 9), ("r", 9)])
    damaged = root / "train" / "clip 1 é.mp4"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"clip 1 é\.mp4 is damaged"):
        ClipDataset(root, "train")
    with caplog.at_level(logging.WARNING):
        dataset = ClipDataset(root, "train", on_damaged="skip")
    assert [dataset[index].name for index in range(len(dataset))] == ["clip 0 é.mp4", "clip 2 é.mp4"]
    assert "clip 1 é.mp4" in caplog.text
    assert len(dataset.damaged) == 1
    (root / "train" / "clip 0 é.mp4").write_bytes(b"")
    with pytest.raises(DataError, match=r"clip 0 é\.mp4"):
        dataset[0]


def test_a_clip_too_short_is_left_out_by_name(write_blocks) -> None:
    root = write_blocks([("p", 9), ("q", 4)])
    dataset = ClipDataset(root, "train", sampling=ClipSampling(4))
    assert dataset.too_short == ["clip 1 é.mp4"]
    assert len(dataset) == 1
    with pytest.raises(DataError, match="at least 61 frames"):
        ClipDataset(root, "train", sampling=ClipSampling(4, "strided", stride=20))


def test_pairs_are_two_moments_of_a_clip(write_blocks) -> None:
    dataset = PairDataset(write_blocks([("p", 2), ("q", 1), ("r", 5)]), "train")
    assert len(dataset) == 2  # one frame alone makes no pair
    for epoch in range(10):
        sample = dataset[epoch, 0]
        assert sample.frames.shape == (1, 3, *SIZE)
        assert not torch.equal(sample.photo, sample.frames[0])


def test_listed_pairs_give_the_photo_of_the_list(tmp_path: Path) -> None:
    rows, pictures = [], {}
    for seed, name in enumerate("abc"):
        values = block_clip(seed, frames=1)
        pictures[name] = values["frames"][0]
        rows.append(write_clip(tmp_path, "test", name, **values, person="p", source="s", license="CC0-1.0"))
    write_metadata(tmp_path, "test", rows)
    lines = [
        {"target": "a.png", "photos": ["b.png", "c.png"]},
        {"target": "b.png", "photos": ["a.png"]},
    ]
    (tmp_path / "test" / "pairs.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    dataset = PairDataset(tmp_path, "test")
    assert len(dataset) == 2
    photos = set()
    for epoch in range(20):
        sample = dataset[epoch, 0]
        assert sample.name == "a.png"
        np.testing.assert_array_equal(to_uint8(sample.frames[0]), pictures["a"])
        photos |= {name for name in "abc" if np.array_equal(to_uint8(sample.photo), pictures[name])}
    assert photos == {"b", "c"}

    (tmp_path / "test" / "c.png").unlink()
    whole = PairDataset(tmp_path, "test", on_damaged="skip")
    assert [[photo.name for photo in photos] for _, photos in whole.pairs] == [["b.png"], ["a.png"]]
    (tmp_path / "test" / "a.png").unlink()
    with pytest.raises(DataError, match="no pair"):
        PairDataset(tmp_path, "test", on_damaged="skip")


def moments(dataset: PairDataset, sample) -> list[int]:
    """Which frames of its clip a sample shows, the photo's first."""
    clip = next(clip for clip in dataset.clips if clip.name == sample.name)
    there = clip.read_ground_truth(range(len(clip)))[0].keypoints
    shown = torch.cat([sample.photo_keypoints[None], sample.keypoints]).numpy()
    return [int(np.flatnonzero((there == keypoints).all((1, 2)))[0]) for keypoints in shown]


def test_a_photo_is_taught_with_several_other_moments_of_its_clip(write_blocks) -> None:
    dataset = PairDataset(write_blocks([("p", 5), ("q", 12)]), "train", targets=4)
    assert len(dataset) == 2
    for epoch in range(10):
        for index in range(2):
            sample = dataset[epoch, index]
            assert sample.photo.shape == (3, *SIZE)
            assert sample.frames.shape == (4, 3, *SIZE)
            assert sample.keypoints.shape == (4, 18, 3)
            assert sample.masks.shape == (4, 1, *SIZE)
            assert len(set(moments(dataset, sample))) == 5


def test_a_clip_with_fewer_moments_than_targets_shows_them_again_but_never_the_photo(write_blocks) -> None:
    dataset = PairDataset(write_blocks([("p", 3)]), "train", targets=4)
    for epoch in range(10):
        photo, *targets = moments(dataset, dataset[epoch, 0])
        assert Counter(Counter(targets).values()) == {2: 2}
        assert photo not in targets


def mixture(write_blocks, root: Path) -> MixedDataset:
    few = write_blocks([("p", 24), ("q", 24)], root=root / "few")
    many = write_blocks([("r", 24), ("s", 24), ("t", 24)], root=root / "many")
    parts = ((PairDataset(few, "train", targets=4, augmentation=STRONG), 3), (PairDataset(many, "train", targets=4), 1))
    return MixedDataset(parts)


def test_a_mixture_goes_through_its_parts_as_often_as_it_is_told(write_blocks, tmp_path) -> None:
    dataset = mixture(write_blocks, tmp_path)
    (few, _), (many, _) = dataset.parts
    assert len(dataset) == 3 * 2 + 3
    shown = [dataset[0, place] for place in range(len(dataset))]
    assert all(sample.frames.shape == (4, 3, *SIZE) for sample in shown)
    assert Counter(sample.name for sample in shown) == {"clip 0 é.mp4": 4, "clip 1 é.mp4": 4, "clip 2 é.mp4": 1}
    assert all(torch.equal(shown[6 + index].frames, many[0, index].frames) for index in range(3))
    assert all(torch.equal(shown[place].frames, few[place // 2, place % 2].frames) for place in range(6))


def test_no_sample_of_a_repeated_part_comes_twice(write_blocks, tmp_path) -> None:
    dataset = mixture(write_blocks, tmp_path)
    seen = {dataset[epoch, place].frames.numpy().tobytes() for epoch in range(3) for place in range(6)}
    assert len(seen) == 3 * 6


def test_a_mixture_is_the_same_in_workers_of_their_own(write_blocks, tmp_path) -> None:
    dataset = mixture(write_blocks, tmp_path)
    names = [(1, place) for place in range(len(dataset))]
    alone = [dataset[name] for name in names]
    again = [pickle.loads(pickle.dumps(dataset))[name] for name in names]
    batches = DataLoader(dataset, batch_size=3, sampler=names, num_workers=1, multiprocessing_context="spawn")
    apart = torch.cat([batch.frames for batch in batches])
    assert torch.equal(torch.stack([sample.frames for sample in alone]), apart)
    assert torch.equal(torch.stack([sample.frames for sample in again]), apart)
