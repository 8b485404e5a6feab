import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from training.runs import configured, run, write_people

from tempose.training.config import TrainConfig


@pytest.fixture(scope="session")
def people(tmp_path_factory) -> Path:
    """A prepared dataset of moving blocks."""
    return write_people(tmp_path_factory.mktemp("people"))


@pytest.fixture
def config(people: Path, tmp_path: Path) -> Callable[..., TrainConfig]:
    """A small run in a folder of its own; `output` names another one."""

    def make(output: str = "run", **changes) -> TrainConfig:
        return configured(people, tmp_path / output, **changes)

    return make


@pytest.fixture(scope="session")
def apart() -> Callable:
    """Start a function in a process of its own; gives the process."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tempose.training.loop"])

    def start(function: Callable, *arguments) -> multiprocessing.process.BaseProcess:
        process = processes.Process(target=function, args=arguments)
        process.start()
        return process

    return start


@pytest.fixture
def one_thread():
    """Arithmetic on one thread, for the length of a test."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def image_model(people: Path, tmp_path_factory) -> Path:
    """The folder of a finished run of the image stage."""
    folder = tmp_path_factory.mktemp("runs") / "image"
    run(configured(people, folder, optimization__steps=2))
    return folder
