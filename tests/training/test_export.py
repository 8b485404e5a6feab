import pytest
import torch
from conftest import TINY
from safetensors import SafetensorError

from tempose.core.errors import DiskError, InputError
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.models.build import build_networks
from tempose.training.export import export


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors"))


@pytest.fixture
def run(tmp_path):
    for step in (1, 20):
        torch.manual_seed(step)
        pipe = PersonVideoPipeline.from_networks(build_networks(TINY, temporal=True), config=TINY)
        pipe.save_pretrained(tmp_path / "run" / f"weights-{step:08d}")
    return tmp_path / "run"


def test_the_newest_weights_of_a_run_come_back_within_half_precision(run, tmp_path):
    assert export(run, tmp_path / "out") == run / "weights-00000020"
    before = PersonVideoPipeline.from_pretrained(run / "weights-00000020")
    after = PersonVideoPipeline.from_pretrained(tmp_path / "out")
    assert size(tmp_path / "out") < 0.6 * size(run / "weights-00000020")
    for one, other in zip(before.unet.parameters(), after.unet.parameters(), strict=True):
        assert other.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)
    assert not any(str(run) in each.read_text() for each in (tmp_path / "out").rglob("*.json"))
    assert after.unet.config == before.unet.config


def test_weights_can_be_named_themselves(run, tmp_path):
    assert export(run / "weights-00000001", tmp_path / "out") == run / "weights-00000001"


def test_weights_that_are_there_are_replaced_only_if_that_is_said(run, tmp_path):
    out = tmp_path / "out"
    export(run / "weights-00000001", out)
    name = "unet/diffusion_pytorch_model.safetensors"
    first = (out / name).read_bytes()
    with pytest.raises(InputError, match="holds a finished model; --overwrite makes it again"):
        export(run, out)
    assert (out / name).read_bytes() == first
    export(run, out, overwrite=True)
    assert (out / name).read_bytes() != first
    (out / "thesis.txt").touch()
    with pytest.raises(InputError, match=r"holds thesis\.txt, which is no part of a model"):
        export(run, out, overwrite=True)
    with pytest.raises(InputError, match="is a file, and a model is a folder"):
        export(run, out / "thesis.txt", overwrite=True)


def test_a_full_disk_is_named(run, tmp_path, monkeypatch):
    def full(*_, **__):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(PersonVideoPipeline, "save_pretrained", full)
    with pytest.raises(DiskError, match=r"cannot write .*out: No space left on device; free some space"):
        export(run, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_float16_cannot_hold_is_refused_and_nothing_is_left(run, tmp_path):
    pipe = PersonVideoPipeline.from_pretrained(run / "weights-00000020")
    next(pipe.unet.parameters()).data.fill_(1e6)
    pipe.save_pretrained(tmp_path / "large")
    with pytest.raises(InputError, match=r"unet\..*float16"):
        export(tmp_path / "large", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_weights(tmp_path):
    with pytest.raises(InputError, match="no weights"):
        export(tmp_path, tmp_path / "out")


def test_a_folder_with_something_in_it_stays(run, tmp_path):
    with pytest.raises(InputError, match="something in it"):
        export(run, run)
