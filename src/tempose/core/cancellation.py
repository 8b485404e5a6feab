"""Places where long work can be ended.

Loops over frames call `check` each time. It does nothing, unless the work is done within a `scope`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# What `check` does in this thread.
_action: ContextVar[Callable[[], object]] = ContextVar("action", default=lambda: None)


def check() -> None:
    """Called by long work at least once a frame: where it can be ended."""
    _action.get()()


@contextmanager
def scope(action: Callable[[], object]) -> Iterator[None]:
    """Within, every `check` of this thread calls `action`, which raises to end the work."""
    before = _action.set(action)
    try:
        yield
    finally:
        _action.reset(before)
