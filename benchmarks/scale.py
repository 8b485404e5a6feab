"""What many jobs take: processor time and memory of one result; results a second with one worker and with two; a node
killed in the middle.

`python -m benchmarks.scale` prints the tables of docs/scale.md, `--only costs` the first alone. It takes tempose's own
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
from contextlib import nullcontext
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

# Two of the photos that ship with each of these: 6 results of so many frames, and so high.
PHOTOS, MOTIONS, FRAMES, HEIGHT = ("meadow.jpg", "road.jpg"), "walk,wave,turn", 12, 256

# A node is killed once so many of them are there.
KILLED_AFTER = 2

# Rows of a table whose reading is measured.
MANY = 10_000


def costs(model: str, folder: Path) -> None:
    """Print what one result takes in this process, on one thread, in processor time: other work does not count."""
    torch.set_num_threads(1)
    settings = AnimateSettings(model=model, device="cpu", size=HEIGHT, max_frames=FRAMES)
    worker, job = AnimateWorker(), jobs_of(settings)[0]

    def timed(work: Callable[[], Any]) -> tuple[float, Any]:
        begun = time.process_time()
        result = work()
        return time.process_time() - begun, result

    reading, photo = timed(lambda: worker.photo(job))
    moving, motion = timed(lambda: worker.motion(job))
    first, _ = timed(lambda: worker.animate(job, str(folder), motion, photo))
    further, made = timed(lambda: worker.animate(job, str(folder), motion, photo))
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


def jobs_of(settings: AnimateSettings) -> list[AnimateJob]:
    """All of PHOTOS with all of MOTIONS."""
    every = product(str(SAMPLES), MOTIONS, settings)
    return [job for job in every if isinstance(job, AnimateJob) and Path(job.photos[0]).name in PHOTOS]


def measured(model: str, folder: Path, *, workers: int) -> tuple[BatchOutcome, float, list[dict[str, Any]]]:
    """A batch in a folder of its own: what became of it, seconds, and the rows of its manifest."""
    settings = AnimateSettings(model=model, device="cpu", size=HEIGHT, max_frames=FRAMES)
    begun = time.monotonic()
    ended = run_batch(jobs_of(settings), str(folder), workers=workers)
    seconds = time.monotonic() - begun
    return ended, seconds, [json.loads(line) for line in Path(ended.manifest).read_text(encoding="utf-8").splitlines()]


def with_a_node_killed(model: str, folder: Path) -> tuple[BatchOutcome, float, list[dict[str, Any]]]:
    """The same on two nodes of a core each, one of which is killed in the middle."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    node = cluster.add_node(num_cpus=1)
    ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")

    def kill() -> None:
        while len(list(folder.glob("*.mp4"))) < KILLED_AFTER:
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
    parts = ("costs", "one", "two", "killed")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, help="parts of the tables")
    given = parser.parse_args()
    model = given.model
    if "costs" in given.only:
        with tempfile.TemporaryDirectory() as folder:
            costs(model, Path(folder))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    batches = {
        "one": ("one worker", lambda folder: measured(model, folder, workers=1)),
        "two": ("two workers", lambda folder: measured(model, folder, workers=2)),
        "killed": ("two nodes, one killed", lambda folder: with_a_node_killed(model, folder)),
    }
    wanted = [part for part in batches if part in given.only]
    if wanted:
        print(
            "| | results | seconds | results a second | processor seconds a result | load |\n|---|---|---|---|---|---|"
        )
    for part in wanted:
        name, make = batches[part]
        with tempfile.TemporaryDirectory() as folder, nullcontext() if part == "killed" else joined():
            ended, seconds, rows = make(Path(folder))
        each = sum(row.get("processor_seconds", 0) for row in rows) / max(1, ended.done)
        failed = f", {len(ended.failed)} failed" if ended.failed else ""
        print(f"| {name} | {ended.done}{failed} | {seconds:.0f} | {ended.done / seconds:.3f} | {each:.1f} | "
              f"{psutil.getloadavg()[0]:.0f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
