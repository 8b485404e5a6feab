import os
from pathlib import Path

import pytest
import torch

from tempose.core.errors import CheckpointError
from tempose.models.pickles import Inert, load_inert


class Settings:
    """A foreign class, as in a published checkpoint."""

    def __init__(self):
        self.steps = 3


class RunsCommand:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class SetsItemsOnImport:
    def __reduce__(self):
        return eval, ("__import__('pathlib').Path('{}').touch()",), None, iter([1, 2]), iter([("a", 1)])


def test_tensors_and_containers_come_through(tmp_path):
    content = {"ema": {"w": torch.arange(6.0).view(2, 3), "h": torch.ones(2, dtype=torch.bfloat16)}, "n": [1, "a"]}
    torch.save(content, tmp_path / "a.pt")
    loaded = load_inert(tmp_path / "a.pt")
    assert torch.equal(loaded["ema"]["w"], content["ema"]["w"])
    assert loaded["ema"]["h"].dtype == torch.bfloat16
    assert loaded["n"] == [1, "a"]


def test_foreign_objects_become_placeholders(tmp_path):
    torch.save({"conf": Settings(), "ema": {"w": torch.ones(1)}, "odd": SetsItemsOnImport()}, tmp_path / "a.pt")
    loaded = load_inert(tmp_path / "a.pt")
    assert type(loaded["conf"]) is Inert
    assert type(loaded["odd"]) is Inert
    assert loaded["ema"]["w"].item() == 1


def test_a_pickle_that_would_run_a_command_runs_nothing(tmp_path):
    witness = tmp_path / "ran"
    torch.save({"ema": {"w": torch.ones(1)}, "bad": RunsCommand(f"touch {witness}")}, tmp_path / "a.pt")
    loaded = load_inert(tmp_path / "a.pt")
    assert type(loaded["bad"]) is Inert
    assert not witness.exists()
    # The same file does run it when unpickled carelessly: the test is able to fail.
    torch.load(tmp_path / "a.pt", weights_only=False)
    assert witness.exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x80\x02cos\nsystem\nq\x00."])
def test_other_files_are_refused(tmp_path, content):
    path: Path = tmp_path / "a.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="zip form"):
        load_inert(path)


def test_truncated_and_missing_files_are_refused(tmp_path):
    torch.save({"w": torch.ones(1000)}, tmp_path / "a.pt")
    whole = (tmp_path / "a.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError):
        load_inert(tmp_path / "cut.pt")
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        load_inert(tmp_path / "none.pt")
