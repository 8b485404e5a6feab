"""A run's folder: what it holds, and whether it may be gone on with.

run.yaml          the resolved configuration, git revision and package versions
log.jsonl         losses, one line each
state-STEP.pt     everything to go on from; the newest few
weights-STEP/     averaged weights that the pipeline loads; the newest few
samples/          sheets and videos made on the way
tensorboard/      the same losses for TensorBoard
"""

from __future__ import annotations

import json
import platform
import subprocess
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from tempose.core.errors import CheckpointError, InputError
from tempose.core.files import full_disk, remove_leftovers, written_whole
from tempose.core.reading import read_yaml
from tempose.training.checkpoint import check_same, remove_old, remove_unfinished
from tempose.training.config import TrainConfig

_PACKAGES = ("tempose", "torch", "diffusers", "accelerate", "numpy", "safetensors")


def check_folder(config: TrainConfig) -> None:
    """Whether a run may begin or go on in its folder.

    Raises:
        InputError: the folder holds something else, or a run of another configuration.
    """
    folder = config.output
    description = folder / "run.yaml"
    remove_leftovers(description)
    if description.is_file():
        check_begun(config)
    elif folder.exists() and (not folder.is_dir() or any(not _left(each) for each in folder.iterdir())):
        raise InputError(
            f"{folder} holds something else than a training run", path=folder, remedy="choose another output"
        )


def _left(path: Path) -> bool:
    """Whether it is what a run leaves that is killed, or was by an earlier version, while it writes its description."""
    return path.name.startswith(".run.yaml.")


def check_begun(config: TrainConfig, **more: Any) -> None:
    """Whether a run that was begun is the same, by its description.

    Args:
        more: what else was written into it (`describe`).

    Raises:
        InputError: it is another one. CheckpointError: its description is damaged.
    """
    before = read_description(config.output / "run.yaml")
    settings = before.configuration
    with suppress(InputError):  # a setting that is newer than the run had its default
        settings = TrainConfig(**settings).model_dump(mode="json")
    known = {name: getattr(before, name) for name in more}
    check_same(config.output, {**settings, **known}, {**config.model_dump(mode="json"), **more})


class Description(BaseModel):
    """What run.yaml holds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    configuration: dict[str, Any]
    """Of the run, resolved."""
    sources: dict[str, str] = {}
    """SHA-256 of the video or photos of the person that weights are fitted to."""
    weights: str | None = None
    """Of which model they were."""


def read_description(path: Path) -> Description:
    """What run.yaml says of a run.

    Raises:
        CheckpointError: it is damaged.
    """
    try:
        return Description.model_validate(read_yaml(path))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            "it is damaged: it does not say what this run is", path=path,
            remedy="put back a copy of it, or choose another output",
        ) from error  # fmt: skip


def open_run(config: TrainConfig) -> None:
    """Make the folder of a run, or go on in it; its description is that of the newest command."""
    config.output.mkdir(parents=True, exist_ok=True)
    remove_unfinished(config.output)
    remove_old(config.output, config.logging.keep)  # a run that was killed before it did, and had no step left to do
    write_description(config)


def write_description(config: TrainConfig, **more: Any) -> None:
    """Write run.yaml: `describe`."""
    with written_whole(config.output / "run.yaml") as beside:
        beside.write_text(describe(config, **more), encoding="utf-8")


def describe(config: TrainConfig, **more: Any) -> str:
    """Everything that decides a run, as YAML, and what else is to be known."""
    facts = {
        "configuration": config.model_dump(mode="json"),
        **more,
        "revision": _revision(),
        "python": platform.python_version(),
        "packages": {package: version(package) for package in _PACKAGES},
    }
    return yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)


def _revision() -> str:
    """The git revision of the code, or `unknown` where it is installed without one."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


class Log:
    """Losses over time: a line each in log.jsonl, and TensorBoard's files where they are asked for.

    Args:
        step: that a run goes on from; what was written after it, before it was killed, is dropped.
    """

    def __init__(self, folder: Path, *, step: int, tensorboard: bool) -> None:
        self.file = folder / "log.jsonl"
        if self.file.is_file():
            text = self.file.read_text(encoding="utf-8", errors="replace")
            lines = [line for line in text.splitlines() if _is_before(line, step)]
            with written_whole(self.file) as beside:
                beside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self.writer: Any = None
        if tensorboard:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError as error:
                raise InputError(
                    "TensorBoard is not installed",
                    remedy="pip install 'tempose[train]', or set logging.tensorboard=false",
                ) from error
            self.writer = SummaryWriter(folder / "tensorboard", purge_step=step + 1)

    def write(self, step: int, **values: float) -> None:
        """Add one line of values to log.jsonl, and a point to each of TensorBoard's curves."""
        with full_disk(self.file), self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        if self.writer is not None:
            with full_disk(self.writer.log_dir):
                for name, value in values.items():
                    self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Close TensorBoard's file."""
        if self.writer is not None:
            self.writer.close()


def _is_before(line: str, step: int) -> bool:
    """Whether a line of the log is whole and of that step or before."""
    try:
        return bool(json.loads(line)["step"] <= step)
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
