"""What many jobs take: results a second with one worker and with two, and a node killed in the middle.

`python -m benchmarks.scale` prints the table of docs/scale.md. It takes tempose's own photos, with built-in motions, on
the processor.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from pathlib import Path

import psutil

from tempose.animation.demo import SAMPLES
from tempose.animation.settings import AnimateSettings
from tempose.batch.jobs import product
from tempose.batch.run import BatchOutcome, run_batch
from tempose.core.cluster import joined

# Every photo that ships with each of these: 15 results of so many frames, and so high.
MOTIONS, FRAMES, HEIGHT = "walk,wave,turn", 12, 256


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
    model = parser.parse_args().model
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
