"""Short pieces of the page: notes where a mistake is, and how far a job has come."""

from __future__ import annotations

from html import escape

from tempose.web.jobs import WAITING, Progress


def note(text: str, *, question: int = 0) -> str:
    """A mistake, for the place where it was made; nothing where there is none. With the question's number."""
    number = f' data-question="{question}"' if question else ""
    return f'<p class="note"{number} role="alert">{escape(text)}</p>' if text else f'<p class="note"{number}></p>'


def remarks(texts: tuple[str, ...]) -> str:
    """The notes of a result, what had to be guessed or changed, as a list."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul class="remarks" aria-label="Notes">{items}</ul>'


def told(progress: Progress, *, strip: str | None = None) -> str:
    """How far a job is: the part, a bar, the time to go, and frames that clear up."""
    if progress.part == WAITING:
        line = f"Waiting: {progress.ahead} before you" if progress.ahead else "Starting"
        bar = '<progress aria-label="waiting"></progress>'
    else:
        count = f" {progress.done} of {progress.total}" if progress.total else f" {progress.done}"
        left = f" · {duration(progress.seconds_left)} to go" if progress.seconds_left is not None else ""
        line = f"{progress.part.capitalize()}{count}{left}"
        amount = f'value="{progress.done}" max="{progress.total}"' if progress.total else ""
        bar = f'<progress aria-label="{escape(progress.part)}" {amount}></progress>'
    picture = f'<img src="{strip}" alt="The frames as they clear up">' if strip else ""
    return f'<div class="progress" role="status"><span>{escape(line)}</span>{bar}{picture}</div>'


def stopped(seconds: float | None) -> str:
    """What is said of a job that was stopped, and how long its worker took to be free."""
    after = "" if seconds is None else f" The machine was free again after {seconds:.1f} s."
    return summed_up(f"Stopped.{after}")


def summed_up(text: str) -> str:
    """The line that takes the place of the progress bar at the end."""
    return f'<div class="progress" role="status"><span>{escape(text)}</span></div>'


def duration(seconds: float) -> str:
    """As people say it: 8 s, 2 min."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
