import json
import re
import tomllib

import pytest
from conftest import ROOT
from subjects import save_small_model

from tempose.animation import doctor
from tempose.animation.doctor import TOOLS, Device, Tool, diagnose


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_small_model(tmp_path_factory.mktemp("doctor") / "model"))


def test_the_processor_predicts_and_every_tool_is_told(model):
    found = diagnose(model=model, device="cpu")
    (cpu,) = found.devices
    assert cpu.fault is None
    assert cpu.prediction > 0
    assert 0 < cpu.free <= cpu.memory
    assert found.healthy
    assert found.tools.keys() == {tool.package for tool in TOOLS}
    assert found.versions.keys() >= {"tempose", "torch", "python"}
    text = found.as_text()
    assert re.search(r"^device cpu +.*GiB.*(float32|bfloat16); \d+ ms a prediction$", text, re.M)
    assert json.loads(json.dumps(found.as_dict()))["devices"][0]["name"] == "cpu"


def test_a_device_that_does_not_compute_says_why(model, monkeypatch):
    def broken(model):
        raise RuntimeError("CUDA error: out of memory\nmore that nobody reads")

    monkeypatch.setattr(doctor, "time_prediction", broken)
    found = diagnose(model=model, device="cpu")
    assert not found.healthy
    assert "does not work: CUDA error: out of memory\n" in found.as_text() + "\n"
    assert "nobody reads" not in found.as_text()


def test_a_missing_tool_is_told_with_the_command_that_installs_it(monkeypatch, model):
    lacking = Tool("no_such_module", "no-such-package", "does nothing", "pip install nothing")
    monkeypatch.setattr(doctor, "TOOLS", (lacking,))
    assert lacking.version() is None
    assert "missing (does nothing: pip install nothing)" in diagnose(model=model, device="cpu").as_text()


def test_every_extra_that_users_install_is_asked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    told = {name for tool in TOOLS for name in re.findall(r"tempose\[(\w+)\]", tool.install)}
    assert told == project["optional-dependencies"].keys() - {"docs", "dev", "pose"}  # pose: what mediapipe imports


def test_a_device_in_words():
    assert str(Device("mps", "Apple GPU", None, None, "float32", prediction=0.0123)) == (
        "Apple GPU; float32; 12 ms a prediction"
    )


@pytest.mark.gpu
def test_the_gpu_predicts(model, gpu):
    found = diagnose(model=model)
    assert found.devices[0].name.split(":")[0] == gpu
    assert [device.fault for device in found.devices] == [None] * len(found.devices)
