"""Progress bars: the library yields, the command line draws.

Functions that take long accept a `track`: a callable that wraps an iterable and may show how far it
has come. The default `quiet` shows nothing; the command line passes `bar`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

Item = TypeVar("Item")
Track = Callable[..., Iterable]


def quiet(items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
    """A `Track` that shows nothing: the items as they are."""
    yield from items


def bar(items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
    """The items, under a bar on stderr with count, items per second, elapsed time and time to go."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.3g}/s" if task.speed else "")

    if total is None and isinstance(items, Sized):
        total = len(items)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(),
               TimeElapsedColumn(), TextColumn("to go"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), speed_estimate_period=300) as progress:
        yield from progress.track(items, total=total, description=label)


def end_bars(error: BaseException | None) -> None:
    """End the bars of what an error broke off, so that what is said of it stands below them.

    A bar ends with its generator, and that is held by the frames that the error came through.
    """
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
