"""Notes: what had to be changed or guessed in what was given, told to whoever listens.

A function deep below that scales, guesses or leaves out something says so with `note`. What makes a result collects
the notes of its thread for the user; where nobody collects, they go to the log as warnings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

logger = logging.getLogger(__name__)

_collected: ContextVar[list[str] | None] = ContextVar("collected", default=None)


def note(sentence: str) -> None:
    """Say something about what was given; the same sentence counts once."""
    listening = _collected.get()
    if listening is None:
        logger.warning("%s", sentence)
    elif sentence not in listening:
        listening.append(sentence)


@contextmanager
def collected() -> Iterator[list[str]]:
    """Within, the notes of this thread are added to the list that this gives."""
    notes: list[str] = []
    before = _collected.set(notes)
    try:
        yield notes
    finally:
        _collected.reset(before)
