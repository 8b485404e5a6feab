"""Shared by all tests: a tiny model, and the folder of real material, where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tempose.core.errors import InputError
from tempose.core.notes import collected
from tempose.models.config import ModelConfig

# The tests need no network; nothing they use may ask for one.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# Tiny models run fastest on one thread, and threads that wait must not spin beside other work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

ROOT = Path(__file__).resolve().parents[1]

TINY = ModelConfig(
    size=(16, 8),
    base_channels=16,
    channel_multipliers=(1, 2),
    texture_levels=(1,),
    residual_blocks=1,
    time_channels=32,
    dropout=0.0,
    temporal_head_channels=8,
)
TINY_V = TINY.model_copy(update={"prediction_type": "v_prediction", "learned_variance": False})


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """The notes that are made during a test."""
    with collected() as notes:
        yield notes


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real photos, videos and poses beside the checkout."""
    folder = ROOT.parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip(f"real material is not in {folder.name}/ beside the checkout (it is not redistributable)")
    return folder


@pytest.fixture(scope="session")
def gpu() -> str:
    """The GPU of this machine, as torch names its kind."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    pytest.skip("there is no GPU here that torch can use")


def add_node(cluster: Any, **how: Any) -> Any:
    """One more node, once it is there: on a busy machine later than the half minute that Ray itself would wait."""
    node = cluster.add_node(wait=False, **how)
    cluster.wait_for_nodes(timeout=600)
    return node


@pytest.fixture(scope="module")
def ray_cluster():
    """A Ray cluster on this machine, joined: two cores, to which a test may add nodes; gone after the file's tests."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'tempose[batch]'")
    from ray.cluster_utils import Cluster

    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_DEDUP_LOGS": "0"}
    before = {name: os.environ.get(name) for name in quiet}
    os.environ.update(quiet)
    head = {"num_cpus": 2, "object_store_memory": 100_000_000, "include_dashboard": False}
    cluster = Cluster()
    add_node(cluster, **head)
    ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A stand-in of the Hub on this machine, where nothing is yet, and an empty cache; whoever asks is logged in."""
    import hub_server
    from huggingface_hub import constants

    with hub_server.serving() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.address + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, so that processes that share the files end at about the same time."""
    costly = {"server", "ray_cluster"}
    long = {each.path for each in items if each.get_closest_marker("slow") or costly & {*each.fixturenames}}  # type: ignore[attr-defined]
    items.sort(key=lambda each: each.path not in long)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    yield from _drawing()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    yield from _drawing()


def _drawing() -> Iterator[None]:
    """Where people cannot be drawn, what needs them is skipped, and says so."""
    try:
        yield
    except InputError as error:
        from tempose.people import anatomy

        if anatomy.there() or "bodies of anny" not in str(error):
            raise
        pytest.skip(str(error))
