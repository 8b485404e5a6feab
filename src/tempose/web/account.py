"""The account of what a studio does: one line of JSON on stderr for each job that ends.

It names no visitor, and no file of theirs unless the server's owner asks for that.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

logger = logging.getLogger(__name__)


def open_account(*, names: bool = False) -> None:
    """Begin to write lines to stderr, in this process.

    Args:
        names: also what visitors were told where a job failed, which may name their files.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if names else logging.INFO)
    logger.propagate = False


def note_job(*, outcome: str, seconds: float, waited: float, part: str, frames: int | None, told: str | None) -> None:
    """A job has ended.

    Args:
        outcome: `done`, `stopped`, or the kind of error.
        seconds: that it ran. waited: before that.
        part: what it did last. frames: how many there were of that; None where that is not known.
        told: what its visitor was told.
    """
    facts = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"), "event": "job", "outcome": outcome, "part": part,
        "frames": frames, "seconds": round(seconds, 3), "waited": round(waited, 3),
    }  # fmt: skip
    if told and logger.isEnabledFor(logging.DEBUG):
        facts["told"] = told
    logger.info("%s", json.dumps(facts, ensure_ascii=False))
