"""Workers that fail on purpose; a process that runs them need not find this file."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path

from tempose.core.errors import DiskError, PoseError


class Unsteady:
    """What the name of a motion says happens: `once-` and `thrice-` bring the process down, `bad-` fails, `full-` fills
    the disk, `held-` never ends on the node that is to be killed and waits for that node elsewhere. Everything that is
    done is written down in the folder of results.
    """

    def photo(self, job, number):
        return job.photos[number]

    def motion(self, job):
        return job.motion

    def animate(self, job, out, motion, *photos):
        what, log = Path(job.motion).name.split("-")[0], Path(out) / "log"
        log.mkdir(parents=True, exist_ok=True)
        tried = len(list(log.glob(f"{job.output}.*")))
        (log / f"{job.output}.{tried}").write_text(str(os.getpid()))
        if what == "held":
            hold(Path(out), job.output)
        if (what == "once" and tried == 0) or what == "thrice":
            os._exit(1)
        if what == "bad":
            raise PoseError("nobody was found", path=job.photos[0])
        if what == "full":
            raise DiskError(f"cannot write {job.output}") from OSError(errno.ENOSPC, "No space left on device")
        (Path(out) / f"{job.output}.json").write_text(json.dumps({"job": job.key}))
        (Path(out) / job.output).touch()
        return tried


def hold(folder, name):
    """On the node that is to be killed, say so and never end; elsewhere wait until that has been said."""
    import ray

    doomed, told = (folder / "doomed").read_text(), folder / "doomed at"
    if ray.get_runtime_context().get_node_id() == doomed:
        told.mkdir(exist_ok=True)
        (told / name).touch()
    while ray.get_runtime_context().get_node_id() == doomed or not told.is_dir():
        time.sleep(0.05)
