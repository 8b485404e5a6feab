import numpy as np
import pytest
from networks import onnx_model, onnx_that_shows_a_file
from PIL import Image

from tempose.core.errors import InputError, MediaError
from tempose.warp.given import MatteModel, check_mask, read_mask

SIZE = (40, 30)
KEYPOINTS = np.zeros((18, 3), np.float32)
KEYPOINTS[:6] = [(10 + 2 * i, 12 + 3 * i, 1) for i in range(6)]
MASK = np.zeros(SIZE, np.float32)
MASK[8:32, 6:26] = 1


def test_a_mask_of_the_person_passes():
    check_mask(MASK, SIZE, KEYPOINTS)
    check_mask(MASK > 0, SIZE, KEYPOINTS)


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (MASK[:-1], "30×39.*30×40"),
        (MASK * 255, "outside 0 to 1"),
        (MASK * 0, "empty"),
        (1 - MASK, "covers 0 of the 6 joints"),
    ],
)
def test_other_masks_are_refused_in_one_sentence(mask, words):
    with pytest.raises(InputError, match=words) as error:
        check_mask(mask, SIZE, KEYPOINTS)
    assert "\n" not in str(error.value)


def test_masks_are_read_by_transparency_or_lightness(tmp_path):
    shades = (MASK * 255).astype(np.uint8)
    Image.fromarray(shades).save(tmp_path / "grey.png")
    Image.fromarray(np.dstack([255 - shades] * 3 + [shades])).save(tmp_path / "alpha.png")
    assert np.array_equal(read_mask(tmp_path / "grey.png"), MASK)
    assert np.array_equal(read_mask(tmp_path / "alpha.png"), MASK)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(MediaError, match="is not a picture in a known format"):
        read_mask(tmp_path / "text.png")
    with pytest.raises(MediaError, match="there is no picture"):
        read_mask(tmp_path / "none.png")


@pytest.mark.parametrize(
    ("shape", "mean_shape", "axis"),
    [
        ((1, 3, 32, 24), (1, 1, 32, 24), 1),
        ((1, 3, "height", "width"), (1, 1, "height", "width"), 1),
        ((1, 32, 24, 3), (1, 32, 24, 1), 3),
    ],
)
def test_a_network_reads_its_layout_from_the_file(tmp_path, shape, mean_shape, axis):
    pytest.importorskip("onnxruntime", reason="the extra matte is not installed")
    (tmp_path / "net.onnx").write_bytes(onnx_model(shape, mean_shape, axis=axis))
    picture = np.repeat((MASK * 200).astype(np.uint8)[..., None], 3, axis=-1)
    found = MatteModel(tmp_path / "net.onnx", mean=0.0, std=1.0)(picture)
    assert found.shape == SIZE
    assert found.dtype == np.float32
    assert found[20, 15] == pytest.approx(200 / 255, abs=0.01)
    assert found[2, 2] == pytest.approx(0, abs=0.01)


def test_other_files_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match="there is no network"):
        MatteModel(tmp_path / "none.onnx")
    pytest.importorskip("onnxruntime", reason="the extra matte is not installed")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(InputError, match="is not an ONNX model") as error:
        MatteModel(tmp_path / "text.onnx")
    assert "\n" not in str(error.value)
    (tmp_path / "grey.onnx").write_bytes(onnx_model((1, 1, 8, 8), (1, 1, 8, 8), axis=1))
    with pytest.raises(InputError, match="wanted one picture"):
        MatteModel(tmp_path / "grey.onnx")
    (tmp_path / "wide.onnx").write_bytes(onnx_model((1, 3, 8, 200_000), (1, 1, 8, 200_000), axis=1))
    with pytest.raises(InputError, match="takes pictures of 200000×8; wanted sides"):
        MatteModel(tmp_path / "wide.onnx")
    two = onnx_model((1, 3, 8, 8), (1, 1, 8, 8), axis=1, inputs=("x", "z"))
    (tmp_path / "two.onnx").write_bytes(two)
    with pytest.raises(InputError, match="wanted one picture"):
        MatteModel(tmp_path / "two.onnx")


def test_a_network_that_gives_no_mask_is_told(tmp_path):
    pytest.importorskip("onnxruntime", reason="the extra matte is not installed")
    (tmp_path / "rows.onnx").write_bytes(onnx_model((1, 3, 8, 8), (1, 3, 1, 8), axis=2))
    with pytest.raises(InputError, match="wanted one mask") as error:
        MatteModel(tmp_path / "rows.onnx")(np.zeros((8, 8, 3), np.uint8) + np.arange(8, dtype=np.uint8)[:, None])
    assert "\n" not in str(error.value)


def test_a_network_reads_no_file_outside_its_own_folder(tmp_path):
    pytest.importorskip("onnxruntime", reason="the extra matte is not installed")
    folder, secret = tmp_path / "models", tmp_path / "secret.bin"
    folder.mkdir()
    np.full((8, 8), 0.25, np.float32).tofile(secret)
    (folder / "link.bin").symlink_to(secret)
    for location in ("../secret.bin", str(secret), "link.bin"):
        (folder / "net.onnx").write_bytes(onnx_that_shows_a_file(location, side=8))
        with pytest.raises(InputError, match="is not an ONNX model"):
            MatteModel(folder / "net.onnx")
