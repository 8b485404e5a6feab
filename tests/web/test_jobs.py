"""Jobs wait for their turn, say how far they are, and end when they are told to."""

import threading
import time

import pytest
import torch
from torch import nn

from tempose.core.errors import InputError
from tempose.web.jobs import WAITING, Busy, Desk, Job, interruptible

SOON = 600  # seconds that anything may take on a busy machine


def desk(**bounds):
    return Desk(**{"at_once": 1, "queue": 2, "per_client": 2, "seconds": 60, **bounds})


class Held:
    """Work that has begun and goes on until it is let go, or stopped."""

    def __init__(self):
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, job):
        self.begun.set()
        while not self.go.wait(0.01):
            job.check()
        return "done"


def test_work_is_done_and_its_result_kept():
    job = desk().submit(lambda job: list(job.track(range(3), "counting")), client="a")
    assert job.finished.wait(SOON)
    assert (job.result, job.error) == ([0, 1, 2], None)
    now = job.progress()
    assert (now.part, now.done, now.total) == ("counting", 2, 3)
    assert now.seconds_left is not None


def test_the_picture_of_a_job_that_has_ended_is_kept_until_the_next_comes():
    here = desk()
    first = here.submit(lambda job: job.show("picture"), client="a")
    assert first.finished.wait(SOON)
    assert (first.picture, first.pictures) == ("picture", 1)
    here.submit(lambda job: None, client="a").finished.wait(SOON)
    assert (first.picture, first.pictures) == (None, 1)


def test_jobs_run_in_turn_and_know_how_many_come_before():
    held, place = Held(), desk()
    first, second = place.submit(held, client="a"), place.submit(lambda job: "second", client="b")
    assert held.begun.wait(SOON)
    assert (place.ahead(first), place.ahead(second), place.busy()) == (0, 1, 2)
    assert second.progress().part == WAITING
    held.go.set()
    assert second.finished.wait(SOON)
    assert (first.result, second.result, place.busy()) == ("done", "second", 0)


def test_so_many_run_at_once():
    one, other, place = Held(), Held(), desk(at_once=2)
    place.submit(one, client="a")
    place.submit(other, client="b")
    assert one.begun.wait(SOON)
    assert other.begun.wait(SOON)
    place.stop()


def test_a_full_queue_and_a_greedy_client_are_refused():
    place = desk(queue=1)
    place.submit(Held(), client="a")
    place.submit(Held(), client="a")
    with pytest.raises(Busy, match="of yours"):
        place.submit(Held(), client="a")
    with pytest.raises(Busy, match="queue is full"):
        place.submit(Held(), client="b")
    place.stop()


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (InputError("size is 3"), "size is 3"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("secret place"), "something went wrong here (RuntimeError)"),
    ],
)
def test_a_job_that_dies_says_so_and_the_next_one_runs(raised, said, capsys):
    def work(job):
        raise raised

    place = desk()
    dead = place.submit(work, client="a")
    assert dead.finished.wait(SOON)
    assert said in dead.error
    assert "secret" not in dead.error
    after = place.submit(lambda job: 1, client="a")
    assert after.finished.wait(SOON)
    assert after.result == 1
    assert ("RuntimeError" in capsys.readouterr().err) == isinstance(raised, RuntimeError)


def test_a_job_stops_at_the_next_part_of_a_network():
    calls = []

    class Layer(nn.Module):
        def forward(self, x):
            calls.append(len(calls))
            if len(calls) == 2:
                job.stop()
            return x

    network = nn.Sequential(*[Layer() for _ in range(5)])
    interruptible(network)
    job = Job(lambda job: network(torch.zeros(1)), client="a", seconds=60)
    job.run()
    assert calls == [0, 1]
    assert (job.stopped, job.error, job.result) == (True, "stopped", None)
    network(torch.zeros(1))  # outside of jobs it runs as ever
    assert len(calls) == 7


def test_a_desk_counts_how_its_jobs_ended():
    place, held = desk(), Held()
    place.submit(held, client="a")
    waiting = place.submit(lambda job: 1, client="b")
    assert held.begun.wait(SOON)
    assert (place.busy(), place.waiting(), waiting.state) == (2, 1, "waiting")
    held.go.set()
    failed = place.submit(lambda job: [][0], client="c")
    assert failed.finished.wait(SOON)
    while sum(place.ended.values()) < 3:
        time.sleep(0.01)
    assert (place.ended, waiting.state, failed.state) == ({"done": 2, "failed": 1}, "done", "failed")
    assert place.seconds_run > 0


def test_a_job_that_waits_ends_as_soon_as_it_is_stopped():
    held, place = Held(), desk()
    place.submit(held, client="a")
    waiting = place.submit(lambda job: 1 / 0, client="b")
    assert held.begun.wait(SOON)
    waiting.stop()
    assert waiting.finished.is_set()
    assert (waiting.error, place.busy()) == ("stopped", 1)
    held.go.set()
    after = place.submit(lambda job: 1, client="b")
    assert after.finished.wait(SOON)
    assert (waiting.error, after.result) == ("stopped", 1)


def test_a_stopped_job_knows_how_long_it_went_on(capsys, monkeypatch):
    monkeypatch.setattr("tempose.web.jobs.PROMISED", 0.0)

    def work(job):
        for _ in job.track(range(9), "counting"):
            job.stop()

    job = Job(work, client="a", seconds=60)
    job.run()
    assert job.error == "stopped"
    assert job.freed_after > 0
    assert "counting went on for" in capsys.readouterr().err


def test_time_is_up():
    job = Job(Held(), client="a", seconds=0.05)
    job.run()
    assert "took longer than" in job.error


def test_a_closed_desk_finishes_what_runs_and_refuses_the_rest():
    held, place = Held(), desk()
    running, waiting = place.submit(held, client="a"), place.submit(lambda job: 1, client="b")
    assert held.begun.wait(SOON)
    place.close()
    with pytest.raises(Busy, match="shutting down"):
        place.submit(held, client="c")
    assert waiting.finished.is_set()
    held.go.set()
    assert running.finished.wait(SOON)
    assert (running.result, waiting.error) == ("done", "stopped")
