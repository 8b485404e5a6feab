"""Small training runs: their configuration, what they leave, and ways to end them."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import torch
from conftest import TINY
from data.blocks import block_clip

from tempose.core.errors import TemposeError
from tempose.data.prepared import write_clip, write_metadata
from tempose.training import checkpoint, trainer
from tempose.training.config import TrainConfig, resolve
from tempose.training.loop import train


def write_people(root: Path) -> Path:
    """Six clips to train on and three to validate on."""
    for split, count in (("train", 6), ("val", 3)):
        rows = []
        for i in range(count):
            about = {"person": f"{split}{i}", "source": "drawn here", "license": "CC0-1.0"}
            rows.append(write_clip(root, split, f"{split}{i}", **block_clip(i + 10 * count, frames=9), **about))
        write_metadata(root, split, rows)
    return root


def configured(root: Path, output: Path, **changes: Any) -> TrainConfig:
    """A run of a few seconds with everything switched on; changes are `section__field=value`."""
    fields: dict[str, Any] = {
        "stage": "image",
        "model": {**TINY.model_dump(), "dropout": 0.2},
        "data": {
            "root": str(root), "flip": 0.5, "color": 0.1, "crop": 0.1, "workers": 0,
            "jitter": 1.0, "bias": 1.0, "missing": 0.05, "swapped": 0.05, "ragged": 2.0,
        },
        "optimization": {
            "steps": 6, "batch": 4, "learning_rate": 1e-3, "warmup": 1, "schedule": "cosine",
            "ema": 0.9, "weight_decay": 0.01, "min_snr": 5,
        },
        "logging": {
            "log_every": 1, "validate_every": 3, "validation_samples": 3, "sample_every": 100,
            "sample_steps": 2, "save_every": 2, "keep": 2, "tensorboard": False,
        },
        "output": str(output),
    }  # fmt: skip
    for name, value in changes.items():
        *sections, field = name.split("__")
        place = fields
        for section in sections:
            place = place[section]
        place[field] = value
    return resolve(fields, source="the test")


def differing(one: Path, other: Path) -> list[str]:
    """The parts of two state files, but for the configuration, that differ in any bit."""
    first, second = (torch.load(path, weights_only=True) for path in (one, other))
    assert first.keys() == second.keys()
    return [name for name in first if name != "config" and not equal(first[name], second[name])]


def equal(one: Any, other: Any) -> bool:
    """Equality all the way down."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


# In a process of its own -----------------------------------------------------------------------------


def run(config: TrainConfig) -> None:
    """Train on one thread, as the run that it is compared with."""
    torch.set_num_threads(1)
    train(config)


def run_and_be_killed_after(config: TrainConfig, calls: int) -> None:
    """SIGKILL at the so-manyeth call of a function: at a moment that is as far in the run on every machine."""
    count = itertools.count(1)

    def counted(*_: Any) -> None:
        if next(count) == calls:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(counted)
    run(config)


def run_and_be_killed_while_saving(config: TrainConfig, step: int, what: str) -> None:
    """SIGKILL in the middle of writing the state or the weights of a step."""
    place, name = {"state": (checkpoint.torch, "save"), "weights": (trainer.Trainer, "write_weights")}[what]
    whole = getattr(place, name)

    def half(*arguments: Any) -> None:
        whole(*arguments)
        *_, target = arguments  # a folder, or an open file
        path = target if isinstance(target, Path) else Path(target.name)
        if f"{step:08d}" in path.name:
            file = path if path.is_file() else next(path.rglob("*.safetensors"))
            os.truncate(file, file.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, name, half)
    run(config)


def run_and_be_asked_to_stop(config: TrainConfig, step: int) -> None:
    """SIGTERM during a step."""
    learn = trainer.Trainer.learn

    def asked(self: trainer.Trainer, batch: Any) -> float:
        if self.step + 1 == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return learn(self, batch)

    trainer.Trainer.learn = asked  # type: ignore[method-assign]
    run(config)


def free_port() -> int:
    """Where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def join(rank: int, port: int) -> None:
    """This is one of two processes that gloo joins, as a launcher tells them."""
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1"}
    os.environ.update({name: str(value) for name, value in place.items()})
    os.environ.update({"MASTER_PORT": str(port), "ACCELERATE_USE_CPU": "true", "ACCELERATE_TORCH_DEVICE": "cpu"})


def train_as_one_of_two(configuration: Path, rank: int, port: int, said: Path) -> None:
    """The command, shared by two processes; what it prints is written to a file."""
    from tempose.cli import main

    join(rank, port)
    torch.set_num_threads(1)
    sys.argv = ["tempose", "train", str(configuration)]
    with said.open("w") as file, redirect_stdout(file):
        main()


def run_as_one_of_two(config: TrainConfig, rank: int, port: int, killed: int) -> None:
    """Two processes share a run; the second is killed in a step. The first writes what it ends with."""
    join(rank, port)
    learn = trainer.Trainer.learn

    def learned(self: trainer.Trainer, batch: Any) -> float:
        if rank == 1 and self.step + 1 == killed:
            os.kill(os.getpid(), signal.SIGKILL)
        return learn(self, batch)

    trainer.Trainer.learn = learned  # type: ignore[method-assign]
    try:
        run(config)
    except TemposeError as error:
        config.output.with_suffix(".said").write_text(str(error))
        sys.exit(2)  # as the command line
