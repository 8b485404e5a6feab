import errno
import os
import socket
from importlib.metadata import version

import pytest
from conftest import add_node
from evaluation.sets import break_clip, write_set
from subjects import save_small_model

from tempose.core.cluster import Attempt, Failure, check_door, check_nodes, chosen, each, joined
from tempose.core.errors import DiskError, InputError, TemposeError
from tempose.core.progress import quiet
from tempose.data.prepare import run
from tempose.evaluation.evaluate import evaluate_clips
from tempose.evaluation.settings import EvaluateSettings


def test_a_failure_says_what_the_command_would():
    assert Failure.of(InputError("too small", path="me.png")) == Failure("me.png: too small")
    assert Failure.of(FileNotFoundError(2, "No such file", "me.png")) == Failure("me.png: No such file")
    assert Failure.of(KeyError("seed")) == Failure("KeyError: 'seed'")
    assert Failure.of(DiskError("cannot write a.mp4")) == Failure("cannot write a.mp4", final=True)
    assert Failure.of(OSError(errno.ENOSPC, "full", "a.mp4")) == Failure("a.mp4: full", final=True)


def test_whoever_has_tried_a_task_leaves_it_to_another():
    tried, fresh = Attempt(0, tries=1, by=["a"]), Attempt(1)
    assert chosen([tried, fresh], "b", ["a", "b"]) is tried
    assert chosen([tried, fresh], "a", ["a", "b"]) is fresh
    assert chosen([tried], "a", ["a", "b"]) is None
    assert chosen([tried], "a", ["a"]) is tried


@pytest.mark.parametrize("address", ["127.0.0.1:{}", "ray://127.0.0.1:{}"])
def test_a_door_at_which_nobody_listens(address, monkeypatch):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'tempose[batch]'")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        door = address.format(mute.getsockname()[1])
        with pytest.raises(OSError, match="refused"):
            check_door(door)
        with pytest.raises(InputError, match=f"reached at {door}: .*leave --address out"), joined(door):
            pass


def test_tasks_are_spread_over_what_is_there(ray_cluster):
    def make():
        return lambda number: (number * number, os.getpid())

    ended = dict(each(make, range(6)))
    assert {number: value for number, (value, _) in ended.items()} == {number: number * number for number in range(6)}
    assert os.getpid() not in {pid for _, pid in ended.values()}
    with pytest.raises(InputError, match="0 workers were asked for"):
        next(each(make, range(6), workers=0))


def test_a_worker_that_cannot_be_made_says_why(ray_cluster):
    def make():
        raise InputError("there is no model 'people-182'")

    with pytest.raises(TemposeError, match="no worker starts: there is no model 'people-182'"):
        list(each(make, range(2), workers=1))


def test_datasets_are_prepared_by_the_same_workers(ray_cluster):
    from data import blocks
    from ray import cloudpickle

    def outcomes(*jobs):
        done = run(blocks.work, jobs, file_of=str, workers=2, address="auto", track=quiet, label="jobs")
        return [str(outcome) for outcome in done]

    cloudpickle.register_pickle_by_value(blocks)  # no other process finds that module
    try:
        assert outcomes("a", "raises", "crashes", "b") == [
            "kept    a: whole",
            "refused raises: raises is damaged",
            "refused crashes: its worker was killed",
            "kept    b: whole",
        ]
        with pytest.raises(DiskError, match="No space left on device"):
            outcomes("a", "full", "b")
    finally:
        cloudpickle.unregister_pickle_by_value(blocks)


def test_clips_are_measured_by_the_same_workers_and_the_figures_are_those_of_one_process(ray_cluster, tmp_path):
    root, model = write_set(tmp_path / "set"), save_small_model(tmp_path / "model")
    break_clip(root, "person-1.mp4")
    settings = EvaluateSettings(model=str(model), protocol="loop", device="cpu", steps=1)
    alone, spread = (evaluate_clips([root], settings, address=address).evaluation for address in (None, "auto"))
    assert [clip.name for clip in spread.clips] == [clip.name for clip in alone.clips]
    for one, other in zip(spread.clips, alone.clips, strict=True):
        assert one.values.keys() == other.values.keys()
        for method, values in one.values.items():
            assert values.keys() == other.values[method].keys()
            for measure, found in values.items():  # another process may round otherwise
                assert found == pytest.approx(other.values[method][measure], rel=1e-4, abs=1e-6, nan_ok=True)
    assert spread.failed.keys() == alone.failed.keys() == {"person-1.mp4"}
    assert spread.failed["person-1.mp4"] == alone.failed["person-1.mp4"]
    assert spread.facts == alone.facts


def test_a_node_with_another_version_or_none_is_named(ray_cluster, tmp_path):
    check_nodes()
    with joined():  # what this process has joined already is left as it is
        pass
    other = tmp_path / "tempose-0.0.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: tempose\nVersion: 0.0.1\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    node = add_node(ray_cluster, num_cpus=1, object_store_memory=80_000_000, env_vars={"PYTHONPATH": path})
    try:
        here = version("tempose")
        with pytest.raises(InputError, match=rf"has tempose 0\.0\.1; wanted {here}, as here; install it there: pip"):
            check_nodes()
    finally:
        ray_cluster.remove_node(node)
