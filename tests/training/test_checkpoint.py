import pytest
import torch

from tempose.core.errors import CheckpointError
from tempose.training.checkpoint import (
    load_state,
    newest_weights,
    remove_old,
    remove_unfinished,
    save_state,
    saved_states,
    saved_weights,
)


def test_a_state_comes_back(tmp_path):
    assert load_state(tmp_path) is None
    for step in (9, 10):
        save_state(tmp_path / f"state-{step:08d}.pt", {"step": step, "values": torch.arange(3)})
    state = load_state(tmp_path)
    assert state["step"] == 10
    assert torch.equal(state["values"], torch.arange(3))


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"no state at all"])
def test_a_damaged_state_is_said_by_name(tmp_path, damage):
    path = tmp_path / "state-00000001.pt"
    save_state(path, {"step": 1})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(
        CheckpointError, match=r"state-00000001.pt is damaged .* remove it to go on from the one before"
    ):
        load_state(tmp_path)


def test_the_newest_stay_and_leftovers_go(tmp_path):
    for step in range(4):
        save_state(tmp_path / f"state-{step:08d}.pt", {"step": step})
        (tmp_path / f"weights-{step:08d}").mkdir()
    for leftover in (".state-00000004.pt.abc", ".weights-00000004.abc", ".weights-00000000.old"):
        (tmp_path / leftover).mkdir()
    (tmp_path / "state-notes.pt").touch()
    remove_old(tmp_path, 2)
    remove_unfinished(tmp_path)
    assert [path.stem for path in saved_states(tmp_path)] == ["state-00000002", "state-00000003"]
    assert [path.name for path in saved_weights(tmp_path)] == ["weights-00000002", "weights-00000003"]
    assert newest_weights(tmp_path) == tmp_path / "weights-00000003"
    assert sorted(path.name for path in tmp_path.glob("*")) == [
        "state-00000002.pt", "state-00000003.pt", "state-notes.pt", "weights-00000002", "weights-00000003",
    ]  # fmt: skip
