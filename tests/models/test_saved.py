"""Saved networks from anywhere: checked before memory or time is taken, and never run."""

import json
import shutil
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from subjects import save_small_model

from tempose.core.errors import CheckpointError
from tempose.diffusion.hub import load_model
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.models.accounting import account
from tempose.models.saved import WEIGHTS
from tempose.models.unet import PersonUNet


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_small_model(tmp_path_factory.mktemp("saved") / "model")


@pytest.fixture
def model(saved, tmp_path):
    """A folder of saved weights, to be damaged."""
    return shutil.copytree(saved, tmp_path / "model")


def change(path, **fields):
    """Other fields in a description; NaN and infinity as JSON's readers of Python take them."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def refused(model):
    """What is said of a model that is not loaded; that comes soon."""
    begun = time.process_time()
    with pytest.raises(CheckpointError) as error:
        PersonVideoPipeline.from_pretrained(model)
    assert time.process_time() - begun < 10
    assert len(str(error.value)) < 1000
    return str(error.value)


HUGE = [10**30, 2**63, 2**31, 10**6, float("inf"), float("nan"), -1, "8", None, [], {}, True]
NUMBERS = [
    "base_channels",
    "residual_blocks",
    "time_channels",
    "temporal_head_channels",
    "clip_length",
    "steps",
    "patch",
]


@pytest.mark.parametrize("value", HUGE, ids=str)
@pytest.mark.parametrize("name", [*NUMBERS, "dropout", "guidance", "sigma_data"])
def test_no_number_is_taken_at_its_word(model, name, value):
    if (name, value) == ("sigma_data", None):
        pytest.skip("that is allowed here")
    change(model / "unet" / "config.json", **{name: value})
    refused(model)
    with pytest.raises(CheckpointError):
        account(str(model))


@pytest.mark.parametrize("value", [[], [0], [1] * 10**4, [2**31, 1], [1.5], ["1"], None, 3, [[1]], [-1, 1], [1, 1, 1]])
@pytest.mark.parametrize("name", ["channel_multipliers", "size"])
def test_no_list_is_taken_at_its_word(model, name, value):
    change(model / "unet" / "config.json", **{name: value})
    if name == "channel_multipliers":
        change(model / "texture_encoder" / "config.json", **{name: value})
    refused(model)


@pytest.mark.parametrize("fields", [{"steps": 0}, {"size": [16]}, {"guidance": "1"}, {"strategy": "loop"}, 3, []])
def test_how_a_model_is_sampled_is_checked(model, fields):
    change(model / "model_index.json", sampling=fields)
    refused(model)


def test_weights_that_were_saved_before_version_0_3_are_sampled_as_they_were(saved, model):
    index = json.loads((model / "model_index.json").read_text())
    change(model / "unet" / "config.json", **index.pop("sampling"))
    (model / "model_index.json").write_text(json.dumps(index))
    now, then = PersonVideoPipeline.from_pretrained(saved), PersonVideoPipeline.from_pretrained(model)
    assert then.configuration() == now.configuration()
    assert then.sampling.guidance == 1


@pytest.mark.parametrize(
    "fields",
    [{"num_train_timesteps": 2**31}, {"num_train_timesteps": 0}, {"num_train_timesteps": 1.5},
     {"beta_start": float("nan")}, {"beta_end": 1e300}, {"trained_betas": [0.1] * 1000},
     {"beta_schedule": "sigmoid"}, {"thresholding": True}, {"prediction_type": ["epsilon"]},
     {"steps_offset": 10**9}, {"_class_name": "Other"}, {"clip_sample": 0}],
)  # fmt: skip
def test_a_schedule_says_what_ours_say(model, fields):
    change(model / "scheduler" / "scheduler_config.json", **fields)
    refused(model)


@pytest.mark.parametrize(
    ("part", "fields"),
    [("unet", {"unet_of_another": 1}), ("unet", {"_class_name": "UNet2DModel"}), ("texture_encoder", {"patch": 4}),
     ("texture_encoder", {"base_channels": 32}), ("unet", {"texture_levels": [2]}),
     ("unet", {"texture_levels": [1] * 50})],
)  # fmt: skip
def test_a_description_is_of_the_class_and_fits(model, part, fields):
    change(model / part / "config.json", **fields)
    refused(model)


@pytest.mark.parametrize(
    "content", ["", "[]", "{", "[" * 50_000, "null", '{"_class_name": "PersonUNet"}', " " * 200_000]
)
@pytest.mark.parametrize("name", ["model_index.json", "unet/config.json", "scheduler/scheduler_config.json"])
def test_what_is_no_description_is_refused(model, name, content):
    (model / name).write_text(content)
    refused(model)


@pytest.mark.parametrize("library", ["evil", "os", "evil.module", "..evil", None, 3])
def test_a_module_that_an_index_names_is_never_imported(model, monkeypatch, library):
    (model / "evil.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(str(model))
    index = json.loads((model / "model_index.json").read_text())
    change(model / "model_index.json", unet=[library, "Evil"])
    refused(model)
    change(model / "model_index.json", unet=index["unet"], safety_checker=[library, "Evil"])
    refused(model)
    change(model / "model_index.json", safety_checker=[library, "PersonUNet"])
    refused(model)
    (model / "model_index.json").write_text(json.dumps({**index, "unet": [library, "PersonUNet"], "_module": "evil"}))
    assert PersonVideoPipeline.from_pretrained(model).unet is not None
    assert "evil" not in sys.modules


def test_weights_of_other_kinds_are_not_read(model):
    """Neither a pickle beside them nor parts of them elsewhere."""
    weights = model / "unet" / WEIGHTS
    torch.save(load_file(weights), model / "unet" / "diffusion_pytorch_model.bin")
    (model / "unet" / f"{WEIGHTS}.index.json").write_text('{"weight_map": {"conv_in.weight": "../../x"}}')
    weights.unlink()
    assert "cannot load PersonUNet" in refused(model)


def test_weights_are_compared_by_their_head(model):
    weights = model / "unet" / WEIGHTS
    whole = load_file(weights)
    save_file({**whole, "conv_in.bias": whole["conv_in.bias"].double()}, weights)
    assert "conv_in.bias is of kind F64" in refused(model)
    save_file({**whole, "conv_in.bias": whole["conv_in.bias"][:1].clone()}, weights)
    assert "conv_in.bias is (1,), wanted (16,)" in refused(model)
    for content in (b"", b"\xff" * 8 + b"{}", (10**9).to_bytes(8, "little") + b"{}", b"\2" + bytes(7) + b"{}"):
        weights.write_bytes(content)
        refused(model)


def test_half_precision_comes_as_float32(model):
    weights = model / "unet" / WEIGHTS
    save_file({name: tensor.half() for name, tensor in load_file(weights).items()}, weights)
    unet = PersonUNet.from_pretrained(model, subfolder="unet")
    assert {parameter.dtype for parameter in unet.parameters()} == {torch.float32}
    assert not unet.training


def test_weights_lie_in_memory_as_fresh_ones_do(saved):
    for parameter in PersonVideoPipeline.from_pretrained(saved).unet.parameters():
        assert parameter.data_ptr() % 64 == 0


@pytest.mark.parametrize("case", ["18f3e50f", "37293c8f", "429eec41"])
def test_descriptions_that_stopped_the_machine(model, case):
    folder = Path(__file__).with_name("bombs")
    for part, name in (("unet", "config"), ("texture_encoder", "config"), ("scheduler", "scheduler_config")):
        shutil.copy(folder / f"{case}-{part}.json", model / part / f"{name}.json")
    refused(model)
    with pytest.raises(CheckpointError):
        load_model(str(model))
