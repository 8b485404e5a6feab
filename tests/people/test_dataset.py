"""The dataset of drawn people: whole, resumable, the same with any number of workers."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tempose.core.errors import DataError, InputError, TemposeError
from tempose.data.prepared import SPLITS, Clip, read_metadata
from tempose.people.clip import ACTS, Recipe, draw_clip, draw_flow
from tempose.people.dataset import MOST_PEOPLE, PeopleSettings, split_of, write_people

SETTINGS = PeopleSettings(frames=3, fps=12, size=(48, 32), seed=5)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("people") / "out"
    write_people(out, people=4, clips=2, settings=SETTINGS)
    return out


def test_it_holds_what_was_asked_for_and_no_person_twice(dataset):
    rows = {split: read_metadata(dataset, split) for split in SPLITS}
    assert {split: len(rows[split]) for split in SPLITS} == {"train": 4, "val": 2, "test": 2}
    people = [{row["person"] for row in rows[split]} for split in SPLITS]
    assert len(set.union(*people)) == sum(map(len, people))
    for row in rows["train"]:
        assert (row["frames"], row["fps"], row["height"], row["width"]) == (3, 12, 48, 32)


def test_a_clip_is_drawn_again_from_its_row(dataset):
    row = read_metadata(dataset, "val")[0]
    recipe = Recipe.from_json(row["recipe"])
    drawn, written = draw_clip(recipe), Clip(dataset / "val", row)
    motion, masks = written.read_ground_truth()
    assert (motion.keypoints == drawn.motion.keypoints).all()
    assert (masks == drawn.masks).all()
    read = written.read_frames([0, 1, 2])
    assert np.abs(read.astype(int) - drawn.frames).mean() < 12  # chroma at half the size, in a tiny picture
    assert draw_flow(recipe).flow.shape == (2, 48, 32, 2)


def test_hands_and_depth_are_written_too(dataset):
    row = read_metadata(dataset, "test")[0]
    drawn = draw_clip(Recipe.from_json(row["recipe"])).motion
    motion, _ = Clip(dataset / "test", row).read_ground_truth([2])
    np.testing.assert_array_equal(motion.hands, drawn.hands[2:])
    np.testing.assert_array_equal(motion.depth, drawn.depth[2:])


def test_motion_captures_come_in_turn_with_the_built_in_motions(tmp_path):
    cases = Path(__file__).parents[1] / "body" / "cases"
    captures = tmp_path / "captures"
    captures.mkdir()
    for name in ("plain.bvh", "handstand.bvh"):
        shutil.copy(cases / name, captures / name)
    turns = len(ACTS) + 2
    seed = next(seed for seed in range(turns) if seed * MOST_PEOPLE % turns == len(ACTS) - 1)
    out, settings = tmp_path / "out", PeopleSettings(frames=1, fps=12, size=(32, 24), seed=seed)
    write_people(out, people=1, clips=3, settings=settings, motions=captures)
    moved = [row["recipe"]["motion"] for row in read_metadata(out, "train")]
    assert moved == [ACTS[-1], str(captures / "handstand.bvh"), str(captures / "plain.bvh")]
    (captures / "plain.bvh").write_bytes((cases / "z-up.bvh").read_bytes())
    with pytest.raises(DataError, match="other"):
        write_people(out, people=1, clips=1, settings=settings, motions=captures)


@pytest.mark.parametrize(
    ("name", "content", "word"), [("a.bvh", "no", "not a BVH"), ("b.txt", "", "no motion capture")]
)
def test_a_folder_without_a_whole_capture_is_refused_before_anything_is_written(tmp_path, name, content, word):
    (tmp_path / name).write_text(content)
    with pytest.raises(TemposeError, match=word):
        write_people(tmp_path / "out", people=1, settings=SETTINGS, motions=tmp_path)
    assert not (tmp_path / "out").exists()


def test_two_workers_write_the_same_bytes(dataset, tmp_path):
    write_people(tmp_path / "out", people=4, clips=2, settings=SETTINGS, workers=2)
    assert contents(tmp_path / "out") == contents(dataset)


def test_it_goes_on_where_it_was_stopped(dataset, tmp_path, monkeypatch):
    out = tmp_path / "out"
    write_people(out, people=1, clips=2, settings=SETTINGS)
    drawn = []

    def counted(recipe):
        drawn.append(recipe.person)
        if len(drawn) > 3:
            raise KeyboardInterrupt
        return draw_clip(recipe)

    monkeypatch.setattr("tempose.people.dataset.draw_clip", counted)
    with pytest.raises(KeyboardInterrupt):
        write_people(out, people=4, clips=2, settings=SETTINGS)
    monkeypatch.undo()
    write_people(out, people=4, clips=2, settings=SETTINGS)
    assert contents(out) == contents(dataset)
    assert 5_000_000 not in drawn  # finished clips are not drawn again


def test_other_settings_do_not_mix(dataset):
    with pytest.raises(DataError, match="other"):
        write_people(dataset, people=4, settings=PeopleSettings(frames=4, fps=12, size=(48, 32), seed=5))


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"frames": 0}, "frames"),
        ({"fps": 0}, "fps"),
        ({"size": (48, 33)}, "even"),
        ({"size": "48"}, "HEIGHTxWIDTH"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_settings_are_refused(fields, word):
    with pytest.raises(InputError, match=word):
        PeopleSettings(**{"frames": 3, "fps": 12, "size": (48, 32), "seed": 5} | fields)


def test_nobody_is_no_dataset(tmp_path):
    with pytest.raises(InputError, match="people"):
        write_people(tmp_path, people=0, settings=SETTINGS)


def test_a_person_keeps_their_split_when_the_dataset_grows():
    splits = [split_of(number) for number in range(1000)]
    assert splits.count("val") == splits.count("test") == 100
    assert set(splits[:4]) == set(SPLITS)
