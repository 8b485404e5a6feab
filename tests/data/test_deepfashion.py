"""`prepare deepfashion` on small made-up trees in both published layouts."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tempose.cli import app
from tempose.core.errors import DataError
from tempose.data.clips import PairDataset
from tempose.data.deepfashion import DeepFashionSettings, flat_name, parse_columns, person_of, prepare_deepfashion
from tempose.data.prepared import Clip, read_metadata
from tempose.media.images import resize, write_image

POINTS = np.array(
    [(128, 40), (128, 60), (108, 60), (104, 85), (102, 110), (148, 60), (152, 85), (154, 110), (114, 120),
     (114, 170), (114, 220), (142, 120), (142, 170), (142, 220), (124, 36), (132, 36), (120, 38), (-1, -1)]
)  # fmt: skip
ITEM = "WOMEN/Dresses/id_00000021"


def bordered(color: tuple[int, int, int]) -> np.ndarray:
    """256×256: light grey from column 40 to 216, white beside it, and somebody in one color."""
    picture = np.full((256, 256, 3), 255, np.uint8)
    picture[:, 40:216] = 235
    picture[25:235, 98:158] = color
    return picture


def published(root: Path) -> Path:
    """img/ (one picture of 750×1101, the others with borders), pose/, train_pairs.txt, test_pairs.txt."""
    colors = {"05_1_front": (200, 40, 40), "05_2_side": (180, 40, 40), "05_3_back": (160, 40, 40)}
    for name, color in colors.items():
        picture = bordered(color)
        if name == "05_2_side":
            picture = resize(picture[:, 40:216], (1101, 750))
        for folder in ("img", "pose"):
            (root / folder / ITEM).mkdir(parents=True, exist_ok=True)
        write_image(root / "img" / ITEM / f"{name}.jpg", picture)
        np.savetxt(root / "pose" / ITEM / f"{name}.txt", POINTS)
    one, two, three = (f"img/{ITEM}/{name}.png" for name in colors)
    (root / "train_pairs.txt").write_text(f"{one},{two},{three}\n{two},{one}\n")
    (root / "test_pairs.txt").write_text(f"{three},{one}\n")
    return root


def older(root: Path, *, resized: bool = True) -> Path:
    """CSV annotations and pairs; resized: 176×256 pictures in fashion_resize/."""
    middle = "resize-" if resized else ""
    for split, count in (("train", 3), ("test", 2)):
        folder = root / "fashion_resize" / split if resized else root / split
        folder.mkdir(parents=True)
        names = [f"fashionWOMENDressesid0000002105_{number}front.jpg" for number in range(count)]
        rows = ["name:keypoints_y:keypoints_x"]
        for name in names:
            picture = bordered((200, 40, 40))
            write_image(folder / name, picture[:, 40:216] if resized else picture)
            x = np.where(POINTS[:, 0] < 0, -1, POINTS[:, 0] - 40 * resized)
            rows.append(f"{name}:{POINTS[:, 1].tolist()}:{x.tolist()}")
        (root / f"fasion-{middle}annotation-{split}.csv").write_text("\n".join(rows) + "\n")
        pairs = [f"{one},{other}" for one in names for other in names if one != other]
        (root / f"fasion-{middle}pairs-{split}.csv").write_text("\n".join(["from,to", *pairs]) + "\n")
    return root


@pytest.fixture(params=["published", "resized", "with borders"])
def tree(request, tmp_path: Path) -> Path:
    root = tmp_path / "deepfashion"
    if request.param == "published":
        return published(root)
    return older(root, resized=request.param == "resized")


def test_every_layout_gives_the_same_geometry(tree: Path, tmp_path: Path) -> None:
    outcomes = prepare_deepfashion(tree, tmp_path / "out")
    assert {outcome.verdict for outcome in outcomes} == {"kept"}
    row = read_metadata(tmp_path / "out", "train")[0]
    assert (row["frames"], row["height"], row["width"], row["person"]) == (1, 256, 176, "id_00000021_05")
    clip = Clip(tmp_path / "out" / "train", row)
    clip.verify()
    motion, masks = clip.read_ground_truth()
    seen = POINTS[:, 0] >= 0
    np.testing.assert_allclose(motion.keypoints[0, seen, :2], POINTS[seen] - [40, 0], atol=1e-3)
    np.testing.assert_array_equal(motion.keypoints[0, :, 2], seen)
    truth = np.zeros((256, 176), bool)
    truth[25:235, 58:118] = True
    assert (masks[0] & truth).sum() / (masks[0] | truth).sum() > 0.95
    frame = clip.read_frames([0])[0]
    assert frame[100, 80, 0] > frame[100, 80, 1] + 80
    assert abs(int(frame[10, 5].max()) - 235) <= 3  # no border is left


def test_stretched_to_a_square_it_is_the_published_geometry(tmp_path: Path) -> None:
    prepare_deepfashion(published(tmp_path / "deepfashion"), tmp_path / "out")
    sample = PairDataset(tmp_path / "out", "train", size=(256, 256))[0]
    seen = POINTS[:, 0] >= 0
    expected = np.stack([(POINTS[:, 0] - 40) * 256 / 176, POINTS[:, 1]], -1)[seen]
    np.testing.assert_allclose(sample.keypoints[0, seen, :2].numpy(), expected, atol=1e-3)
    assert sample.photo.shape == (3, 256, 256)
    assert sample.frames.shape == (1, 3, 256, 256)


def test_pairs_are_the_published_ones(tmp_path: Path) -> None:
    prepare_deepfashion(published(tmp_path / "deepfashion"), tmp_path / "out")
    lines = (tmp_path / "out" / "train" / "pairs.jsonl").read_text().splitlines()
    names = [f"WOMEN-Dresses-id_00000021-05_{name}.png" for name in ("1_front", "2_side", "3_back")]
    assert list(map(json.loads, lines)) == [
        {"target": names[0], "photos": names[1:]},
        {"target": names[1], "photos": names[:1]},
    ]
    test = PairDataset(tmp_path / "out", "test")
    assert len(test) == 1
    assert test[0].name == names[2]
    older(tmp_path / "older")
    prepare_deepfashion(tmp_path / "older", tmp_path / "out2")
    assert len(PairDataset(tmp_path / "out2", "train")) == 6
    assert len(PairDataset(tmp_path / "out2", "test")) == 2


def test_a_picture_that_cannot_be_used_is_named_and_its_pairs_fall_away(tmp_path: Path) -> None:
    root = published(tmp_path / "deepfashion")
    (root / "pose" / ITEM / "05_3_back.txt").write_text("1 2\n3 4\n")
    (root / "img" / ITEM / "05_2_side.jpg").write_bytes(b"no picture")
    outcomes = prepare_deepfashion(root, tmp_path / "out")
    refused = {outcome.file: outcome.detail for outcome in outcomes if outcome.verdict == "refused"}
    assert set(refused) == {f"img/{ITEM}/05_3_back.jpg", f"img/{ITEM}/05_2_side.jpg"}
    assert "18 rows" in refused[f"img/{ITEM}/05_3_back.jpg"]
    assert (tmp_path / "out" / "train" / "pairs.jsonl").read_text() == ""
    assert [row["file_name"][-14:] for row in read_metadata(tmp_path / "out", "train")] == ["05_1_front.png"]

    result = CliRunner().invoke(app, ["prepare", "deepfashion", str(root), str(tmp_path / "out")])
    assert result.exit_code == 1
    assert f"refused img/{ITEM}/05_2_side.jpg" in result.output


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("train_pairs.txt", "img/../../a.jpg,img/b.jpg", "lists 'img/../../a.jpg' for train"),
        ("train_pairs.txt", "/etc/a.jpg,img/b.jpg", "lists '/etc/a.jpg' for train"),
        ("train_pairs.txt", "img/,img/b.jpg", "lists 'img/' for train"),
        ("fasion-resize-pairs-train.csv", "a,b\n1,2", "has the columns"),
        ("fasion-resize-pairs-train.csv", "from,to\n1", "cut off"),
        ("fasion-resize-pairs-train.csv", f"from,to\n{'x' * 200_000},b", "is damaged: field larger"),
        ("fasion-resize-annotation-train.csv", "a:b", "has the columns"),
    ],
)  # fmt: skip
def test_a_damaged_list_is_told(tmp_path: Path, name: str, text: str, message: str) -> None:
    root = (published if name.endswith(".txt") else older)(tmp_path / "deepfashion")
    (root / name).write_text(text)
    with pytest.raises(DataError, match=re.escape(message)):
        prepare_deepfashion(root, tmp_path / "out")


@pytest.mark.parametrize("columns", ["[" * 100_000, "{}", '[{"a": 1}]', "[1e999", f"[{'9' * 400}]", "5", "[1]"])
def test_a_damaged_annotation_is_told(columns: str) -> None:
    with pytest.raises(DataError, match="annotations"):
        parse_columns(columns, columns, border=0)


def test_it_goes_on_where_it_stopped_with_the_same_bytes(tmp_path: Path) -> None:
    root = published(tmp_path / "deepfashion")
    prepare_deepfashion(root, tmp_path / "out")
    files = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    removed = next(path for path in files if path.suffix == ".npz")
    removed.unlink()
    kept = {path: path.stat().st_mtime_ns for path in files if path.suffix == ".npz" and path != removed}
    prepare_deepfashion(root, tmp_path / "out", workers=2)
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == files
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    with pytest.raises(DataError, match="choose another folder"):
        prepare_deepfashion(root, tmp_path / "out", settings=DeepFashionSettings(size=(128, 88)))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no DeepFashion"):
        prepare_deepfashion(tmp_path, tmp_path / "out")
    root = published(tmp_path / "deepfashion")
    (root / "test_pairs.txt").write_text("only one\n")
    with pytest.raises(DataError, match="line 1"):
        prepare_deepfashion(root, tmp_path / "out")
    (root / "test_pairs.txt").unlink()
    with pytest.raises(DataError, match=r"test_pairs\.txt is missing"):
        prepare_deepfashion(root, tmp_path / "out")


@pytest.mark.parametrize(
    ("listed", "name", "person"),
    [
        ("img/WOMEN/Dresses/id_00000021/05_1_front.png", "WOMEN-Dresses-id_00000021-05_1_front", "id_00000021_05"),
        ("fashionWOMENDressesid0000002105_1front.jpg", "fashionWOMENDressesid0000002105_1front", "id_00000021_05"),
        ("somebody.jpg", "somebody", "somebody"),
    ],
)
def test_names_say_who_wears_what(listed: str, name: str, person: str) -> None:
    assert flat_name(listed) == name
    assert person_of(name) == person


def test_hugging_face_opens_it_as_pictures(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="the dev extra is not installed")
    prepare_deepfashion(published(tmp_path / "deepfashion"), tmp_path / "out")
    loaded = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"), split="train"
    )
    assert len(loaded) == 3
    assert loaded[0]["image"].size == (176, 256)
    assert torch.tensor(loaded["frames"]).eq(1).all()
