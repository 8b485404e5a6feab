import json
from pathlib import Path

import numpy as np
import pytest
from data.blocks import SIZE, block_clip

from tempose.core.errors import DataError, DiskError, InputError
from tempose.data import prepared
from tempose.data.prepared import Clip, finished_row, read_metadata, write_clip, write_metadata

ABOUT = {"person": "p", "source": "drawn here", "license": "CC0-1.0"}


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    values = block_clip(0, frames=40)
    row = write_clip(tmp_path, "train", "a b é", **values, **ABOUT, recipe={"seed": 3})
    write_metadata(tmp_path, "train", [row])

    (read,) = read_metadata(tmp_path, "train")
    assert read == row
    assert read["recipe"] == {"seed": 3}
    clip = Clip(tmp_path / "train", read)
    clip.verify()
    motion, masks = clip.read_ground_truth()
    np.testing.assert_array_equal(motion.keypoints, values["motion"].keypoints)
    np.testing.assert_array_equal(masks, values["masks"])
    assert (motion.size, motion.fps) == (SIZE, 25.0)


def test_a_source_need_not_be_unicode(tmp_path: Path) -> None:
    row = write_clip(tmp_path, "train", "a", **block_clip(0, frames=1), **ABOUT | {"source": "a\udcff.mp4"})
    write_metadata(tmp_path, "train", [row])
    assert read_metadata(tmp_path, "train")[0]["source"] == r"a\xff.mp4"
    assert finished_row(tmp_path, "train", "a") == row


def test_frames_are_read_from_anywhere_and_lose_little(tmp_path: Path) -> None:
    values = block_clip(0, frames=40)
    clip = Clip(tmp_path / "val", write_clip(tmp_path, "val", "a", **values, **ABOUT))
    everything = clip.read_frames(range(40))
    # The block is one flat color with hard edges, the worst case of 4:2:0 color.
    assert psnr(everything, values["frames"]) > 30
    for indices in ([0], [39, 3, 17, 18], [5, 5]):
        np.testing.assert_array_equal(clip.read_frames(indices), everything[indices])


def test_smooth_pictures_are_visually_lossless(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:96, :64]
    waves = [np.stack([np.sin((rows + k) / 19), np.cos(columns / 17), np.sin(rows / 31)], -1) for k in range(10)]
    frames = (127 + 80 * np.stack(waves)).astype(np.uint8)
    motion = block_clip(0, frames=10)["motion"].resized((96, 64))
    masks = np.zeros((10, 96, 64), bool)
    row = write_clip(tmp_path, "train", "a", frames=frames, motion=motion, masks=masks, **ABOUT)
    assert psnr(Clip(tmp_path / "train", row).read_frames(range(10)), frames) > 38


def test_a_picture_is_a_clip_of_one_frame_without_loss(tmp_path: Path) -> None:
    values = block_clip(0, frames=1)
    row = write_clip(tmp_path, "train", "a", **values, **ABOUT)
    assert row["file_name"] == "a.png"
    np.testing.assert_array_equal(Clip(tmp_path / "train", row).read_frames([0]), values["frames"])


def test_the_same_clip_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        row = write_clip(tmp_path / name, "train", "a", **block_clip(0, frames=12), **ABOUT)
        write_metadata(tmp_path / name, "train", [row])
    one, two = (sorted((tmp_path / name / "train").iterdir()) for name in ("one", "two"))
    assert [path.name for path in one] == [path.name for path in two] == ["a.mp4", "a.npz", "metadata.jsonl"]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_a_clip_is_finished_when_everything_of_it_is_there(tmp_path: Path, monkeypatch) -> None:
    assert finished_row(tmp_path, "train", "a") is None
    row = write_clip(tmp_path, "train", "a", **block_clip(0, frames=12), **ABOUT)
    assert finished_row(tmp_path, "train", "a") == row

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prepared.np, "savez_compressed", full)
    with pytest.raises(DiskError, match=r"cannot write .*a\.npz: No space left"):
        write_clip(tmp_path, "train", "a", **block_clip(1, frames=12), **ABOUT)
    assert finished_row(tmp_path, "train", "a") is None
    assert list((tmp_path / "train").iterdir()) == []


def test_metadata_does_not_depend_on_the_order_of_work(tmp_path: Path) -> None:
    rows = [write_clip(tmp_path, "train", name, **block_clip(0, frames=2), **ABOUT) for name in ("b", "c", "a")]
    write_metadata(tmp_path, "train", rows)
    first = (tmp_path / "train" / "metadata.jsonl").read_bytes()
    write_metadata(tmp_path, "train", rows[::-1])
    assert (tmp_path / "train" / "metadata.jsonl").read_bytes() == first
    with pytest.raises(InputError, match="same file name"):
        write_metadata(tmp_path, "train", [rows[0], rows[0]])


@pytest.mark.parametrize("file", ["a.mp4", "a.npz"])
@pytest.mark.parametrize("damage", ["cut", "gone", "changed"])
def test_damage_is_found_and_named(tmp_path: Path, file: str, damage: str) -> None:
    row = write_clip(tmp_path, "train", "a", **block_clip(0, frames=12), **ABOUT)
    path = tmp_path / "train" / file
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        middle = 200  # inside the first array of the npz
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :])
    with pytest.raises(DataError, match=rf"{file} (is|are) damaged"):
        Clip(tmp_path / "train", row).verify()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "dev"}, "train, val, test"),
        ({"name": "../a"}, "cannot name a clip"),
        ({"name": ""}, "cannot name a clip"),
        ({"frames": np.zeros((12, *SIZE, 3), np.float32)}, "uint8"),
        ({"frames": np.zeros((12, 47, 31, 3), np.uint8)}, "even"),
        ({"masks": np.zeros((11, *SIZE), bool)}, "masks"),
        ({"masks": np.zeros((12, *SIZE), np.uint8)}, "masks"),
        ({"motion": block_clip(0, frames=11)["motion"]}, "key points"),
        ({"motion": block_clip(0, frames=12)["motion"].resized((96, 64))}, "key points"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    values = {"split": "train", "name": "a", **block_clip(0, frames=12), **ABOUT} | change
    with pytest.raises(InputError, match=message):
        write_clip(tmp_path, values.pop("split"), values.pop("name"), **values)
    assert list(tmp_path.iterdir()) == []


def test_damaged_metadata_names_the_line(tmp_path: Path, write_blocks) -> None:
    with pytest.raises(DataError, match="there is no"):
        read_metadata(tmp_path, "train")
    root = write_blocks([("p", 3), ("q", 3)])
    path = root / "train" / "metadata.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    without_frames = {key: value for key, value in json.loads(lines[1]).items() if key != "frames"}
    for second, message in (
        ("{", "Invalid JSON"),
        (json.dumps(without_frames), "frames: Field required"),
        ("3", "should be an object"),
        (json.dumps({**json.loads(lines[1]), "file_name": "../../q.mp4"}), "is no file name"),
        (json.dumps({**json.loads(lines[1]), "frames": 10**12}), "frames: "),
        (json.dumps({**json.loads(lines[1]), "fps": float("nan")}), "fps: "),
        ("[" * 100_000, "Invalid JSON"),
    ):
        path.write_text(f"{lines[0]}\n{second}\n", encoding="utf-8")
        with pytest.raises(DataError, match=f"line 2.*{message}"):
            read_metadata(root, "train")


def test_what_unpacks_to_more_than_the_clip_has_is_not_unpacked(tmp_path: Path) -> None:
    row = write_clip(tmp_path, "train", "a", **block_clip(0, frames=12), **ABOUT)
    path = tmp_path / "train" / "a.npz"
    with np.load(path) as arrays:
        np.savez_compressed(path, **{**arrays, "masks": np.zeros((12, SIZE[0], 100_000), np.uint8)})
    assert path.stat().st_size < 200_000
    with pytest.raises(DataError, match=r"are damaged: masks\.npy has 57,600,000 elements .*, more than"):
        Clip(tmp_path / "train", row).read_ground_truth()


def test_hugging_face_opens_it(tmp_path: Path, write_blocks, monkeypatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="the dev extra is not installed")

    root = write_blocks([("p", 9), ("q", 9)])
    write_blocks([("r", 9)], "val", root)
    loaded = datasets.load_dataset("videofolder", data_dir=str(root), cache_dir=str(tmp_path / "cache"))
    assert {name: len(split) for name, split in loaded.items()} == {"train": 2, "validation": 1}
    rows = loaded["train"].cast_column("video", datasets.Video(decode=False))
    expected = {row["file_name"]: row for row in read_metadata(root, "train")}
    for row in rows:
        path = Path(row["video"]["path"])
        assert path.is_file()
        assert row["sha256"] == expected[path.name]["sha256"]
        assert (row["frames"], row["height"], row["width"]) == (9, *SIZE)
