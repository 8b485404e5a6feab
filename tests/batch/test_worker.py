import json

import fsspec
import pytest
from subjects import save_photo

from tempose.animation.animate import animate
from tempose.animation.settings import AnimateSettings
from tempose.batch.jobs import read_jobs
from tempose.batch.worker import AnimateWorker, motion_key, photo_key
from tempose.core.cluster import Failure
from tempose.core.errors import InputError, MediaError

SETTINGS = AnimateSettings(model="warp", device="cpu", max_frames=2, size=64)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A file system in memory that holds a photo, its mask, and a table of jobs."""
    files = fsspec.filesystem("memory")
    photo = save_photo(tmp_path_factory.mktemp("shelf") / "me.png")
    files.pipe("/jobs/photos/me.png", photo.read_bytes())
    rows = [{"photo": "photos/me.png", "motion": "walk"}, {"photo": "none.png", "motion": "walk"}]
    files.pipe("/jobs/jobs.jsonl", "\n".join(map(json.dumps, rows)).encode())
    yield photo
    files.store.clear()


def test_from_an_address_to_an_address(shelf, tmp_path):
    job, missing = read_jobs("memory://jobs/jobs.jsonl", SETTINGS)
    worker, files = AnimateWorker(), fsspec.filesystem("memory")
    made = worker.animate(job, "memory://results", worker.motion(job), worker.photo(job))
    assert made.frames == 2
    assert sorted(files.ls("/results", detail=False)) == [f"/results/{job.output}", f"/results/{job.output}.json"]
    animate(shelf, "walk", SETTINGS).save(tmp_path / "alone.mp4")
    assert files.cat(f"/results/{job.output}") == (tmp_path / "alone.mp4").read_bytes()
    record = json.loads(files.cat(f"/results/{job.output}.json"))
    assert record["command"][:6] == ["tempose", "animate", "memory://jobs/photos/me.png", "walk", "-o",
                                     f"memory://results/{job.output}"]  # fmt: skip
    assert (record["photo"], record["job"]) == ("memory://jobs/photos/me.png", job.key)
    with pytest.raises(MediaError, match=r"there is no file memory://jobs/none\.png"):
        worker.photo(missing)
    failure = Failure("nobody was found")
    assert worker.animate(job, "memory://results", worker.motion(job), failure) is failure


def test_several_photos_are_those_of_animate(shelf, tmp_path):
    save_photo(tmp_path / "again.png")
    row = {"photo": [str(shelf), "again.png"], "motion": "turn", "output": "both.mp4"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    (job,) = read_jobs(str(tmp_path / "a.jsonl"), SETTINGS)
    worker = AnimateWorker()
    photos = [worker.photo(job, number) for number in range(2)]
    worker.animate(job, str(tmp_path), worker.motion(job), *photos)
    animate([photo.value for photo in photos], "turn", SETTINGS).save(tmp_path / "alone.mp4")
    assert (tmp_path / "both.mp4").read_bytes() == (tmp_path / "alone.mp4").read_bytes()
    assert json.loads((tmp_path / "both.mp4.json").read_text())["photo"] == [str(shelf), str(tmp_path / "again.png")]


def test_jobs_share_a_photo_and_a_motion_where_nothing_that_they_depend_on_differs(tmp_path):
    def keys(**row):
        (tmp_path / "a.jsonl").write_text(json.dumps({"photo": "me.png", "motion": "d.mp4", **row}))
        (job,) = read_jobs(str(tmp_path / "a.jsonl"), SETTINGS)
        return photo_key(job), motion_key(job), photo_key(job, len(job.photos) - 1)

    photo, motion, _ = keys()
    assert keys(size=32, seed=1, guidance=2)[:2] == (photo, motion)
    back = keys(photo=["me.png", "back.png"])[2]
    assert keys(photo=["you.png", "back.png"], photo_person="2")[2] == back, "whom to take is said of the first"
    assert keys(motion="walk", seed=1)[1] != keys(motion="walk", seed=2)[1]
    for row in ({"mask": "m.png"}, {"photo": "you.png"}, {"photo_person": "2"}, {"mask": "s3://b/m.png"}):
        assert keys(**row)[0] != photo
        assert keys(**row)[1] == motion
    for row in ({"fps": 12}, {"motion": "e.mp4"}, {"yaw": 20}, {"joints": "s3://b/j.yaml"}, {"start": 1}):
        assert keys(**row)[0] == photo
        assert keys(**row)[1] != motion


def test_what_fetching_a_setting_needs_is_told(shelf):
    (job,) = [each for each in read_jobs("memory://jobs/jobs.jsonl", SETTINGS) if "me.png" in each.photo]
    lost = type(job)(**{**vars(job), "files": {"mask": "memory://jobs/mask.png"}})
    with pytest.raises(MediaError, match=r"there is no file memory://jobs/mask\.png"):
        AnimateWorker().photo(lost)
    with pytest.raises(InputError, match="no device 'abacus' here"):
        AnimateWorker()._loaded("people-128", "abacus")
