"""The whole batch, on Ray: what it makes, and what befalls it."""

import json
import threading

import pytest
from batch import workers
from batch.workers import Unsteady
from conftest import add_node
from helpers import assert_alike
from subjects import save_photo, save_small_model

from tempose.animation.animate import animate
from tempose.animation.settings import AnimateSettings
from tempose.batch.jobs import AnimateJob, BrokenRow, read_jobs
from tempose.batch.manifest import NAME
from tempose.batch.run import device_of, grouped, run_batch
from tempose.batch.worker import AnimateWorker
from tempose.core.errors import DiskError, InputError

SETTINGS = AnimateSettings(model="warp", device="cpu")


@pytest.fixture
def here(ray_cluster):
    """The workers of the tests travel whole: no other process finds their module."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(workers)
    yield
    cloudpickle.unregister_pickle_by_value(workers)


def job(number, motion, photo="me.png", **settings):
    return AnimateJob(number, (photo,), motion, SETTINGS.changed(**settings), f"{motion}-{number}.mp4", f"{number:016}")


def told(out):
    return [json.loads(line) for line in (out / NAME).read_text().splitlines()]


def tries(out, name):
    return [int(path.read_text()) for path in sorted((out / "log").glob(f"{name}.*"))]


def test_results_are_those_of_animate_and_are_made_once(here, tmp_path):
    class Counting(AnimateWorker):
        def photo(self, job, number):
            with (tmp_path / "photos read").open("a") as file:
                file.write(f"{job.line} ")
            return super().photo(job, number)

    photo, model = save_photo(tmp_path / "me.png"), save_small_model(tmp_path / "model")
    (tmp_path / "none.png").write_text("no picture")
    (tmp_path / "jobs.csv").write_text(
        "photo,motion,seed,output\nme.png,walk,,\nme.png,walk,1,again.mp4\nme.png,wave,x,\nnone.png,walk,,\n"
    )
    settings = AnimateSettings(model=str(model), device="cpu", steps=1, max_frames=2, size=64)
    jobs, out = read_jobs(str(tmp_path / "jobs.csv"), settings), tmp_path / "out"
    ended = run_batch(jobs, str(out), worker=Counting)
    assert (ended.done, ended.made) == (2, 2)
    assert (tmp_path / "photos read").read_text().split() == ["2", "5", "5", "5"], "once for all, but where it fails"
    assert ended.failed[0].startswith("line 4: seed is 'x'; wanted a whole number")
    assert ended.failed[1].startswith(f"line 5: {tmp_path / 'none.png'} is not a picture in a known format")
    assert [row["state"] for row in told(out)] == ["done", "done", "failed", "failed"]
    assert told(out)[3]["tries"] == 3

    alone = animate(photo, "walk", settings.changed(seed=1))
    alone.save(tmp_path / "alone.mp4")
    assert_alike(out / "again.mp4", tmp_path / "alone.mp4")
    record, other = (json.loads(path.read_text()) for path in (out / "again.mp4.json", tmp_path / "alone.mp4.json"))
    assert record.keys() - other.keys() == {"job"}
    assert {name for name in other if record[name] != other[name]} == {"command"}

    times = {path: path.stat().st_mtime_ns for path in out.glob("*.mp4")}
    ended = run_batch(jobs[:3], str(out), address="nowhere: nothing is left to do")
    assert (ended.done, ended.made, len(ended.failed)) == (2, 0, 1)
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.mp4")} == times

    with pytest.raises(InputError, match=r"line 3: .*again\.mp4 is there already, made of something else"):
        run_batch(read_jobs(str(tmp_path / "jobs.csv"), settings.changed(steps=2)), str(out))


def test_a_job_that_kills_its_worker_is_tried_again_on_another_and_the_others_go_on(here, tmp_path):
    names = ["fine", "once", "thrice", "bad", "fine"]
    jobs = [job(number, f"{name}-", photo=f"{name}.png") for number, name in enumerate(names, 1)]
    jobs.insert(2, BrokenRow(9, "it has no motion"))
    ended = run_batch(jobs, str(tmp_path), worker=Unsteady)
    assert (ended.done, ended.made) == (3, 3)
    assert ended.failed == [
        "line 9: it has no motion",
        "line 3: its worker was killed",
        "line 4: bad.png: nobody was found",
    ]
    for name, count in (("once--2.mp4", 2), ("thrice--3.mp4", 3), ("bad--4.mp4", 3), ("fine--1.mp4", 1)):
        assert len(tries(tmp_path, name)) == count
    assert len(set(tries(tmp_path, "once--2.mp4"))) == 2
    assert len(set(tries(tmp_path, "thrice--3.mp4"))) == 3
    assert len(set(tries(tmp_path, "bad--4.mp4"))) > 1


def test_a_full_disk_ends_the_batch_and_the_rest_waits(here, tmp_path):
    jobs = [job(1, "fine-"), job(2, "full-"), *(job(number, "fine-") for number in range(3, 9))]
    with pytest.raises(DiskError, match=r"cannot write full--2\.mp4; what is done stays, and the same"):
        run_batch(jobs, str(tmp_path), worker=Unsteady, workers=1)
    assert [row["state"] for row in told(tmp_path)] == ["done", *["waiting"] * 7]
    jobs[1] = job(2, "fine-")
    assert run_batch(jobs, str(tmp_path), worker=Unsteady).made == 7


def test_a_node_that_is_killed_in_the_middle_loses_nothing(here, ray_cluster, tmp_path):
    node = add_node(ray_cluster, num_cpus=2, object_store_memory=80_000_000)
    jobs = [job(number, "held-", photo=f"{number}.png") for number in range(1, 17)]
    (tmp_path / "doomed").write_text(node.node_id)

    def kill():
        while not list(tmp_path.glob("doomed at/*")) or len(list(tmp_path.glob("*.mp4"))) < 3:
            threading.Event().wait(0.05)
        ray_cluster.remove_node(node, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    ended = run_batch(jobs, str(tmp_path), worker=Unsteady)
    killer.join()
    assert (ended.done, ended.failed) == (16, [])
    again = [name for name in (each.output for each in jobs) if len(tries(tmp_path, name)) > 1]
    assert set(again) == {path.name for path in tmp_path.glob("doomed at/*")}, "what that node was at, and nothing else"


def test_jobs_of_one_model_and_one_photo_follow_one_another():
    jobs = [
        job(1, "a", photo="1.png"),
        job(2, "a", photo="2.png", model="people-128"),
        job(3, "a", photo="2.png"),
        job(4, "b", photo="1.png"),
    ]
    assert [each.line for _, each in grouped(list(enumerate(jobs)))] == [1, 4, 3, 2]


def test_jobs_are_done_on_one_kind_of_device():
    assert device_of([(0, job(1, "a", device="cpu"))]) == "cpu"
    with pytest.raises(InputError, match="several devices: auto, cpu; wanted one"):
        device_of([(0, job(1, "a", device="cpu")), (1, job(2, "a", device="auto"))])
