import itertools
import json
import os
import random
import shutil
import signal
import sys

import pytest
import torch
from training.runs import (
    differing,
    free_port,
    run,
    run_and_be_asked_to_stop,
    run_and_be_killed_after,
    run_and_be_killed_while_saving,
    run_as_one_of_two,
)

from tempose.core.errors import CheckpointError, TemposeError
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.training.checkpoint import saved_states, saved_weights
from tempose.training.loop import train
from tempose.training.trainer import Trainer


def stopped_after(n):
    """A progress bar that asks for an end in the n-th step."""

    def track(batches, label, total=None):
        for i, batch in enumerate(batches, start=1):
            if i == n:
                os.kill(os.getpid(), signal.SIGTERM)
            yield batch

    return track


@pytest.fixture(scope="module")
def whole(people, tmp_path_factory):
    """The states of an uninterrupted run, all of them."""
    from training.runs import configured

    config = configured(people, tmp_path_factory.mktemp("runs") / "whole", logging__keep=100)
    threads = torch.get_num_threads()
    run(config)
    torch.set_num_threads(threads)
    return config.output


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(config, whole, one_thread):
    parts = config(logging__save_every=100)
    for steps in (2, 4, 6):
        outcome = train(parts, track=stopped_after(2))
        assert outcome == (steps, parts.output / f"weights-{steps:08d}", steps == 6)
    assert differing(whole / "state-00000006.pt", parts.output / "state-00000006.pt") == []
    for file in ("unet", "texture_encoder"):
        name = f"weights-00000006/{file}/diffusion_pytorch_model.safetensors"
        assert (whole / name).read_bytes() == (parts.output / name).read_bytes()


def test_another_seed_and_no_dropout_are_other_runs(config, whole, one_thread):
    for i, change in enumerate(({"seed": 1}, {"model__dropout": 0.0})):
        other = config(str(i), **change)
        train(other)
        assert "parameters" in differing(whole / "state-00000006.pt", other.output / "state-00000006.pt")


def test_a_finished_run_is_left_as_it_is(config, one_thread):
    done = config(optimization__steps=2)
    train(done)
    before = {path: path.stat().st_mtime_ns for path in done.output.rglob("*0002*")}
    assert train(done) == (2, done.output / "weights-00000002", True)
    assert before == {path: path.stat().st_mtime_ns for path in done.output.rglob("*0002*")}


@pytest.mark.parametrize("what", ["state", "weights"])
def test_a_run_killed_while_saving_goes_on(config, whole, apart, one_thread, what):
    killed = config()
    process = apart(run_and_be_killed_while_saving, killed, 4, what)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert [path.name for path in saved_states(killed.output)] == ["state-00000002.pt"]
    assert any(killed.output.glob(".*")), "nothing half-written: the test has missed its moment"
    assert train(killed).finished
    assert differing(whole / "state-00000006.pt", killed.output / "state-00000006.pt") == []
    assert not any(killed.output.glob(".*"))


@pytest.mark.slow
def test_a_run_killed_at_any_moment_goes_on(config, whole, apart, one_thread):
    killed, rng, calls = config(logging__save_every=1, logging__keep=1), random.Random(0), itertools.count()
    sys.setprofile(lambda *_: next(calls))
    train(config("counted", logging__save_every=1, logging__keep=1))
    sys.setprofile(None)
    many, kills = next(calls), 0
    for _ in range(8):
        process = apart(run_and_be_killed_after, killed, rng.randrange(1, many // 3))
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        for weights in saved_weights(killed.output):
            PersonVideoPipeline.from_pretrained(weights)
    assert kills >= 3  # of a run that has to do at least as much
    assert train(killed).finished
    assert differing(whole / "state-00000006.pt", killed.output / "state-00000006.pt") == []
    logged = [json.loads(line) for line in (killed.output / "log.jsonl").read_text().splitlines()]
    losses = [line["step"] for line in logged if "loss" in line]
    assert losses == sorted(set(losses))


def test_sigterm_saves_and_leaves(config, whole, apart, one_thread):
    stopped = config(logging__save_every=100)
    process = apart(run_and_be_asked_to_stop, stopped, 3)
    process.join()
    assert process.exitcode == 0
    assert [path.name for path in saved_states(stopped.output)] == ["state-00000003.pt"]
    assert train(stopped).finished
    assert differing(whole / "state-00000006.pt", stopped.output / "state-00000006.pt") == []


def test_a_loss_that_is_not_finite_stops_and_overwrites_nothing(config, monkeypatch, one_thread):
    learn = Trainer.learn

    def poisoned(self, batch):
        if self.step == 3:
            batch.frames.fill_(float("nan"))
        return learn(self, batch)

    monkeypatch.setattr(Trainer, "learn", poisoned)
    bad = config(logging__save_every=1)
    with pytest.raises(TemposeError, match=r"loss is nan .* at step 4 \(.*state-00000003\.pt\)") as caught:
        train(bad)
    assert str(bad.output / "state-00000003.pt") in str(caught.value)
    assert [path.name for path in saved_states(bad.output)] == ["state-00000002.pt", "state-00000003.pt"]
    for value in torch.load(saved_states(bad.output)[-1], weights_only=True)["parameters"].values():
        assert value.isfinite().all()


@pytest.mark.parametrize("what", ["state", "weights"])
def test_a_full_disk_leaves_the_last_good_checkpoint(config, whole, monkeypatch, one_thread, what):
    resource = pytest.importorskip("resource")
    save = Trainer.save
    file = {"state": "state-00000004.pt", "weights": "weights-00000004/unet/diffusion_pytorch_model.safetensors"}[what]
    room = (whole / file).stat().st_size // 2

    def short_of_room(self):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        if self.step == 4:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            save(self)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    full = config()
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "save", short_of_room)
        if what == "state":  # the weights are there already, as of a run that was killed between the two
            shutil.copytree(whole / "weights-00000004", config().output / "weights-00000004", dirs_exist_ok=True)
            shutil.copy(whole / "run.yaml", full.output)
        with pytest.raises(CheckpointError) as caught:
            train(full)
    message = str(caught.value)
    assert "step 4 cannot be written" in message
    assert "state-00000002.pt, is untouched" in message
    assert "\n" not in message
    assert [path.name for path in saved_states(full.output)] == ["state-00000002.pt"]
    assert train(full).finished
    assert differing(whole / "state-00000006.pt", full.output / "state-00000006.pt") == []


def test_the_newest_few_stay(config, one_thread):
    kept = config(logging__save_every=1, logging__keep=3)
    train(kept)
    assert [int(path.stem[-8:]) for path in saved_states(kept.output)] == [4, 5, 6]
    assert [int(path.name[-8:]) for path in saved_weights(kept.output)] == [4, 5, 6]


def test_a_run_of_two_processes_goes_on_with_one_after_the_other_was_killed(config, whole, apart, one_thread):
    shared = config()
    port = free_port()
    processes = [apart(run_as_one_of_two, shared, rank, port, 5) for rank in (0, 1)]
    for process in processes:
        process.join(600)
    assert [process.exitcode for process in processes] == [2, -signal.SIGKILL]
    told = shared.output.with_suffix(".said").read_text()
    assert told.startswith("another process of this run has ended in step 5: ")
    assert f"the last good checkpoint is {shared.output / 'state-00000004.pt'}" in told
    assert [path.name for path in saved_states(shared.output)] == ["state-00000002.pt", "state-00000004.pt"]

    assert train(shared).finished
    logged = [json.loads(line) for line in (shared.output / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in logged if "loss" in line] == [1, 2, 3, 4, 5, 6]
    alone, ended = (torch.load(place / "state-00000006.pt", weights_only=True) for place in (whole, shared.output))
    assert alone["step"] == ended["step"] == 6


@pytest.mark.gpu
def test_a_gpu_learns(config, gpu):
    made = config(optimization__steps=2)
    assert Trainer(made).accelerator.device.type == gpu
    assert train(made).finished
