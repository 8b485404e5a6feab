import json

from tempose.animation.settings import AnimateSettings
from tempose.batch.jobs import AnimateJob, BrokenRow
from tempose.batch.manifest import NAME, Manifest
from tempose.batch.storage import Store
from tempose.batch.worker import Made
from tempose.core.cluster import Failure

JOBS = [
    *(AnimateJob(n, ("me.png",), "walk", AnimateSettings(), f"{n}.mp4", f"{n:016}") for n in (1, 2, 3)),
    BrokenRow(4, "it has no motion"),
]


def test_every_job_is_done_failed_or_waiting(tmp_path):
    manifest = Manifest(Store(str(tmp_path)), JOBS)
    manifest.tell(0, Made(24, 1.23456, 0.98765, ("the face is made up",)))
    manifest.tell(1, Failure("nobody was found", tries=3))
    manifest.write()
    rows = [json.loads(line) for line in (tmp_path / NAME).read_text().splitlines()]
    assert [(row["line"], row["state"]) for row in rows] == [(1, "done"), (2, "failed"), (3, "waiting"), (4, "failed")]
    assert rows[0].items() >= {"frames": 24, "seconds": 1.235, "processor_seconds": 0.988}.items()
    assert (rows[0]["photo"], rows[0]["warnings"]) == ("me.png", ["the face is made up"])
    assert (rows[1]["reason"], rows[1]["tries"]) == ("nobody was found", 3)
    assert manifest.count() == {"done": 1, "failed": 2, "waiting": 1}
    assert manifest.failed() == ["line 2: nobody was found", "line 4: it has no motion"]


def test_it_is_not_written_for_every_job(tmp_path):
    manifest, written = Manifest(Store(str(tmp_path)), JOBS), []
    manifest.store.write = lambda name, write: written.append(name)
    for number in (0, 1, 2):
        manifest.tell(number, Made(1, 1.0, 1.0, ()))
    assert written == [NAME]
