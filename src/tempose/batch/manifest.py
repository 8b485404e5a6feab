"""What became of every job, written while they run: OUT/manifest.jsonl, a line each.

It is for people and programs to read. What is done, the results themselves say: each appears whole, after its record.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tempose.batch.jobs import AnimateJob, BrokenRow
from tempose.batch.storage import Store
from tempose.batch.worker import Made
from tempose.core.cluster import Failure

NAME = "manifest.jsonl"
DONE, FAILED, WAITING = "done", "failed", "waiting"

# Seconds between two writings; and it is written for at most so large a share of the time.
OFTEN, SHARE = 2.0, 0.05


class Manifest:
    """The state of every job.

    Args:
        store: where it is written.
        jobs: all of them.
    """

    def __init__(self, store: Store, jobs: Sequence[AnimateJob | BrokenRow]) -> None:
        self.store = store
        self.rows: list[dict[str, Any]] = []
        for job in jobs:
            if isinstance(job, BrokenRow):
                self.rows.append({"line": job.line, "state": FAILED, "reason": job.reason})
            else:
                told = {"line": job.line, "state": WAITING, "output": job.output}
                self.rows.append({**told, "photo": job.photo, "motion": job.motion, "job": job.key})
        self._next = 0.0

    def tell(self, number: int, outcome: Made | Failure | None) -> None:
        """What became of job `number` (from 0); None: it was done before. Written now and then."""
        row = self.rows[number]
        if isinstance(outcome, Failure):
            row |= {"state": FAILED, "reason": outcome.reason, "tries": outcome.tries}
        else:
            row["state"] = DONE
        if isinstance(outcome, Made):
            taken = {"seconds": round(outcome.seconds, 3), "processor_seconds": round(outcome.processor, 3)}
            row |= {"frames": outcome.frames, **taken, "warnings": list(outcome.warnings)}
        if outcome is not None and time.monotonic() >= self._next:
            self.write()

    def write(self) -> None:
        """Write it whole.

        Raises:
            DiskError, MediaError: the disk or the file system refuses.
        """
        begun = time.monotonic()
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows)

        def write(path: Path) -> None:
            path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")

        self.store.write(NAME, write)
        ended = time.monotonic()
        self._next = ended + max(OFTEN, (ended - begun) / SHARE)

    def count(self) -> Counter[str]:
        """How many jobs are in each state."""
        return Counter(row["state"] for row in self.rows)

    def failed(self) -> list[str]:
        """A sentence for each job that failed, with its line."""
        return [f"line {row['line']}: {row['reason']}" for row in self.rows if row["state"] == FAILED]
