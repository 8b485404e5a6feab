"""What many jobs take: processor time and memory of one result; results a second with one worker and with two; a node
killed in the middle.

`python -m benchmarks.scale` prints the tables of docs/scale.md, with `--costs` the first alone. It takes tempose's own
photos, with built-in motions, on the processor.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import torch

from tempose.animation.demo import SAMPLES
from tempose.animation.settings import AnimateSettings
from tempose.batch.jobs import AnimateJob, product, read_jobs
from tempose.batch.manifest import Manifest
from tempose.batch.run import BatchOutcome, run_batch
from tempose.batch.storage import Store
from tempose.batch.worker import AnimateWorker
from tempose.core.cluster import joined

# Every photo that ships with each of these: 15 results of so many frames, and so high.
MOTIONS, FRAMES, HEIGHT = "walk,wave,turn", 12, 256

# Rows of a table whose reading is measured.
MANY = 10_000


def costs(model: str, folder: Path) -> None:
    """Print what one result takes in this process, on one thread, in processor time: other work does not count."""
    torch.set_num_threads(1)
    settings = AnimateSettings(model=model, device="cpu", size=HEIGHT, max_frames=FRAMES)
    worker, jobs = AnimateWorker(), product(str(SAMPLES), MOTIONS, settings)
    job = next(each for each in jobs if isinstance(each, AnimateJob))

    def timed(work: Callable[[], Any]) -> tuple[float, Any]:
        begun = time.process_time()
        result = work()
        return time.process_time() - begun, result

    reading, photo = timed(lambda: worker.photo(job))
    moving, motion = timed(lambda: worker.motion(job))
    first, _ = timed(lambda: worker.animate(job, photo, motion, str(folder)))
    further, made = timed(lambda: worker.animate(job, photo, motion, str(folder)))
    size = sum(path.stat().st_size for path in folder.iterdir())
    print("| | processor seconds |\n|---|---|")
    print(f"| a photo found, cut out and completed, once | {reading:.1f} |\n| a motion by name, once | {moving:.2f} |")
    print(f"| the first result, with the model loaded | {first:.1f} |\n| each further result | {further:.1f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{made.frames} frames, {size / 1024:.0f} KiB with the record; a prepared photo takes "
          f"{len(pickle.dumps(photo, protocol=5)) / 2**20:.0f} MiB, the process at most {peak:.0f} MiB")  # fmt: skip

    (table := folder / "jobs.csv").write_text(
        "photo,motion,seed\n" + "".join(f"me.jpg,walk,{n}\n" for n in range(MANY))
    )
    tracemalloc.start()
    seconds, many = timed(lambda: read_jobs(str(table), settings))
    taken = tracemalloc.get_traced_memory()[0]
    row = len(json.dumps(Manifest(Store(str(folder)), many[:1]).rows[0])) + 1
    print(f"a table of {MANY:,} jobs: {seconds:.0f} processor seconds to read, {taken / MANY:.0f} bytes of memory "
          f"a job; {row} bytes a line of the manifest")  # fmt: skip


def measured(model: str, folder: Path, *, workers: int) -> tuple[BatchOutcome, float, float]:
    """A batch in a folder of its own: what became of it, seconds, and processor seconds of all that ran for it."""
    settings = AnimateSettings(model=model, device="cpu", size=HEIGHT, max_frames=FRAMES)
    begun = time.monotonic()
    ended = run_batch(product(str(SAMPLES), MOTIONS, settings), str(folder), workers=workers)
    seconds = time.monotonic() - begun
    rows = [json.loads(line) for line in Path(ended.manifest).read_text(encoding="utf-8").splitlines()]
    return ended, seconds, sum(row.get("seconds", 0) for row in rows)


def with_a_node_killed(model: str, folder: Path) -> tuple[BatchOutcome, float, float]:
    """The same on two nodes of a core each, one of which is killed once five results are there."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    node = cluster.add_node(num_cpus=1)
    ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")

    def kill() -> None:
        while len(list(folder.glob("*.mp4"))) < 5:
            time.sleep(0.1)
        cluster.remove_node(node, allow_graceful=False)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        return measured(model, folder, workers=2)
    finally:
        ray.shutdown()
        cluster.shutdown()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="people-128")
    parser.add_argument("--costs", action="store_true", help="what one result takes, and no more")
    given = parser.parse_args()
    model = given.model
    with tempfile.TemporaryDirectory() as folder:
        costs(model, Path(folder))
    if given.costs:
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    print(f"{os.cpu_count()} cores, {model}; load before: {psutil.getloadavg()[0]:.1f}")
    print("| | results | seconds | results a second | seconds a result in its worker |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as top:
        for name, workers in (("one worker", 1), ("two workers", 2)):
            with joined():
                ended, seconds, busy = measured(model, Path(top) / str(workers), workers=workers)
            print(f"| {name} | {ended.done} | {seconds:.0f} | {ended.done / seconds:.3f} | {busy / ended.done:.2f} |")
        ended, seconds, busy = with_a_node_killed(model, Path(top) / "killed")
        print(f"| two nodes, one killed | {ended.done}, {len(ended.failed)} failed | {seconds:.0f} | "
              f"{ended.done / seconds:.3f} | {busy / ended.done:.2f} |")  # fmt: skip


if __name__ == "__main__":
    main()
