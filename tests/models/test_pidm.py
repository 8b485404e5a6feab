"""Parity with the published implementation, on arrays that it produced."""

import json

import numpy as np
import pytest
import torch
from cli.calls import called
from conftest import ROOT
from helpers import filled
from safetensors import safe_open

from tempose.core.errors import CheckpointError
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.models.build import build_networks
from tempose.models.conditions import Conditions
from tempose.models.config import preset
from tempose.models.pidm import import_checkpoint, import_weights, tensor_names, unused_tensors

PUBLISHED = ROOT / "tests" / "published"


@pytest.fixture(scope="module")
def shapes():
    return {name: tuple(shape) for name, shape in json.loads((PUBLISHED / "state_dict.json").read_text()).items()}


@pytest.fixture(scope="module")
def weights(shapes):
    return {name: filled(name, shape) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def pipe(weights):
    return PersonVideoPipeline.from_networks(import_weights(weights), config=preset("pidm-256"))


@pytest.fixture(scope="module")
def golden():
    with np.load(PUBLISHED / "golden_64.npz") as arrays:
        return {name: torch.from_numpy(np.asarray(arrays[name])) for name in arrays}


def test_every_published_tensor_has_a_place_or_is_listed_as_unused(shapes):
    with torch.device("meta"):
        networks = build_networks(preset("pidm-256"), temporal=False)
    used = {name: shape for places in tensor_names(networks).values() for name, shape in places.values()}
    unused = unused_tensors(networks)
    assert not used.keys() & unused.keys()
    assert {**used, **unused} == shapes


@pytest.mark.parametrize("branch", ["cond", "null"])
def test_forward_equals_the_published_one(pipe, golden, branch):
    photo = golden["fwd_src"] if branch == "cond" else torch.zeros_like(golden["fwd_src"])
    with torch.no_grad():
        texture = pipe.unet.read_texture(pipe.texture_encoder(photo), golden["fwd_pose"])
        conditions = Conditions(golden["fwd_pose"][:, None], texture)
        out = pipe.unet(golden["fwd_x"][:, None], golden["fwd_t"], conditions)[:, 0]
    assert (out - golden[f"fwd_{branch}"]).abs().max() <= 2e-4


def test_ddim_trajectory_equals_the_published_one(pipe, golden, monkeypatch):
    noise = iter(golden["ddim_noise"])
    monkeypatch.setattr(torch, "randn", lambda *args, **kwargs: next(noise))
    seen = []
    pipe(
        golden["ddim_src"][0],
        golden["ddim_pose"],
        num_inference_steps=int(golden["ddim_steps"]),
        callback_on_step_end=lambda pipe, step, t, tensors: seen.append(tensors["x_t"]),
    )
    assert (seen[-1] - golden["ddim_out"]).norm() / golden["ddim_out"].norm() <= 1e-3


def test_unused_tensors_have_no_influence(pipe, weights, shapes):
    with torch.device("meta"):
        unused = unused_tensors(build_networks(preset("pidm-256"), temporal=False))
    changed = {name: torch.zeros(shapes[name]) if name in unused else tensor for name, tensor in weights.items()}
    for ours, theirs in zip(import_weights(changed), (pipe.texture_encoder, pipe.unet), strict=True):
        for (name, a), (_, b) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
            assert torch.equal(a, b), name


def test_import_refuses_what_differs(weights):
    without = {name: tensor for name, tensor in weights.items() if name != "out.2.bias"}
    with pytest.raises(CheckpointError, match=r"missing out\.2\.bias"):
        import_weights(without)
    with pytest.raises(CheckpointError, match=r"unknown out\.3\.bias"):
        import_weights({**weights, "out.3.bias": torch.zeros(6)})
    with pytest.raises(CheckpointError, match=r"out\.2\.bias is \(3,\), wanted \(6,\)"):
        import_weights({**weights, "out.2.bias": torch.zeros(3)})


def test_a_file_without_averaged_weights(tmp_path):
    torch.save({"model": {}}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="'ema'"):
        import_checkpoint(tmp_path / "a.pt")


@pytest.mark.slow
def test_the_command_imports_a_file_as_published(weights, pipe, tmp_path, monkeypatch, capsys):
    class Conf:
        """Stands for the configuration object that the published file carries."""

    import __main__

    __main__.Conf = Conf
    Conf.__module__, Conf.__qualname__ = "__main__", "Conf"
    file = tmp_path / "last.pt"
    torch.save({"model": {}, "ema": weights, "scheduler": {"last_epoch": 1}, "optimizer": {}, "conf": Conf()}, file)
    del __main__.Conf
    code, said, told = called(monkeypatch, capsys, "import-pidm", file, tmp_path / "pidm")
    assert (code, "162,374,406 parameters" in said) == (0, True), told
    for name in ("unet", "texture_encoder"):
        with safe_open(tmp_path / "pidm" / name / "diffusion_pytorch_model.safetensors", framework="pt") as saved:
            for tensor, given in getattr(pipe, name).state_dict().items():
                assert torch.equal(saved.get_tensor(tensor), given), tensor
