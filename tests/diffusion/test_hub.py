import pytest
import torch
from subjects import SMALL, save_small_model, small_pipeline

from tempose.core.errors import CheckpointError, InputError
from tempose.diffusion import hub
from tempose.diffusion.hub import find_device, find_precision, find_weights, load_model, open_weights


def test_a_folder_is_loaded_with_its_size(tmp_path):
    model = load_model(str(save_small_model(tmp_path / "m")), precision="fp32")
    assert model.size == SMALL.size
    assert model.warnings == ()
    for name, tensor in small_pipeline().unet.state_dict().items():
        assert torch.equal(tensor, model.pipeline.unet.state_dict()[name])


def test_shipped_weights_are_used_and_their_absence_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "SHIPPED", tmp_path)
    untrained = load_model("people-128")
    assert "untrained" in untrained.warnings[0]
    assert untrained.size == (128, 96)
    save_small_model(tmp_path / "people-128")
    shipped = load_model("people-128")
    assert shipped.warnings == ()
    assert shipped.pipeline.unet.config["base_channels"] == SMALL.base_channels


def test_behind_a_video_model_stands_the_image_model_inside(tmp_path):
    folder = str(save_small_model(tmp_path / "m"))
    alone, whole = load_model(f"{folder}:image").pipeline.unet, load_model(folder).pipeline.unet
    assert not list(alone.temporal_parameters())
    assert torch.equal(alone.conv_in.weight, whole.conv_in.weight)
    with pytest.raises(InputError, match="did you mean 'people-128'"):
        load_model("people-129:image")


def test_what_is_no_model_is_said(tmp_path):
    with pytest.raises(InputError, match="did you mean 'people-128'"):
        load_model("people-182")
    with pytest.raises(CheckpointError):
        load_model(str(tmp_path))
    with pytest.raises(CheckpointError, match="no folder somebody/model, and no such model could be fetched") as caught:
        load_model("somebody/model")
    assert "local_files_only" not in str(caught.value)


@pytest.mark.parametrize("name", ["models/missing", "./missing", "a/b/c", "/nowhere/at/all", "runs/mine"])
def test_a_path_is_never_looked_for_on_the_hub(name, monkeypatch):
    monkeypatch.setattr(hub, "_from_hub", lambda name: pytest.fail("asked the Hub"))
    with pytest.raises(InputError, match=r"there is no folder .*a model on the Hub is called OWNER/NAME"):
        load_model(name)


def test_whoever_loads_weights_finds_them_by_the_same_names(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "SHIPPED", tmp_path)
    with pytest.raises(InputError, match="people-128 ships without weights"):
        open_weights("people-128")
    save_small_model(tmp_path / "people-128")
    assert find_weights("people-128") == tmp_path / "people-128"
    assert open_weights("people-128").unet.config["base_channels"] == SMALL.base_channels


def test_precision_and_layout(tmp_path):
    folder = str(save_small_model(tmp_path / "m"))
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        unet = load_model(folder, precision=precision).pipeline.unet
        assert {parameter.dtype for parameter in unet.parameters()} == {dtype}
        assert unet.conv_out.weight.is_contiguous(memory_format=torch.channels_last)
    assert find_precision(device="cpu") in (torch.float32, torch.bfloat16)
    assert find_precision(device="mps") is torch.float32
    with pytest.raises(InputError, match="did you mean 'bf16'"):
        load_model(folder, precision="bf61")


def test_devices():
    assert find_device("cpu") == "cpu"
    assert find_device("auto") in ("cpu", "cuda", "mps")
    with pytest.raises(InputError, match="no device 'abacus' here; wanted "):
        find_device("abacus")
