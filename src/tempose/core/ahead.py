"""Work ahead of whoever uses it, in threads: in its order, and no farther ahead than is said."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from functools import partial
from itertools import repeat
from threading import Thread
from typing import Any, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

AT_ONCE = 2


def ahead(
    make: Callable[..., Made],
    given: Iterable[tuple[Any, ...]],
    *,
    at_once: int = AT_ONCE,
    held: int | None = None,
    prepare: Callable[[], object] | None = None,
) -> Generator[Made]:
    """What `make` makes of each of the given, in their order; whoever closes this, or an error, ends its threads.

    Args:
        make: called in threads, each time in the context of the one that uses this: it is cancelled as that is.
        given: taken in the thread that uses this.
        at_once: how many threads there are.
        held: so many are in the making, or wait to be used, while one is used; by default one a thread.
        prepare: called first in each thread.
    """
    making: deque[Future[Made]] = deque()
    given = iter(given)
    with ThreadPoolExecutor(at_once, initializer=prepare) as pool:
        try:
            for each in given:
                making.append(pool.submit(copy_context().run, make, *each))
                if len(making) > (at_once if held is None else held):
                    yield making.popleft().result()
            while making:
                yield making.popleft().result()
        finally:
            for waiting in making:
                waiting.cancel()
            _close(given)


def prefetched(items: Iterable[Item], held: int, *, prepare: Callable[[], object] | None = None) -> Generator[Item]:
    """The items, taken in a thread of their own, `held` at most before they are asked for; else as `ahead`."""
    coming, end = iter(items), object()
    taken = ahead(partial(next, coming, end), repeat(()), at_once=1, held=held, prepare=prepare)
    try:
        with closing(taken):
            for item in taken:
                if item is end:
                    return
                yield item
    finally:
        _close(coming)


def _close(items: Iterator[Any]) -> None:
    if isinstance(items, Generator):
        items.close()


def compute_with(threads: int) -> None:
    """Let torch compute with so many threads for the thread that calls this, and for all others as it did."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    # That also says it to every thread that is still to begin: they are told otherwise by another one.
    other = Thread(target=torch.set_num_threads, args=[before])
    other.start()
    other.join()
