"""The errors that a user can cause, each with a sentence that says how to mend it.

Every error that tempose raises on purpose is a `TemposeError`, itself a `ValueError`. Its message
says what was given and what is wanted; the file that it is about and the way to mend it are told
beside it. The text is made of the three where it is shown: the command line prints it without a
traceback and leaves with exit code 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

# Letters of a sentence; what would end a line, steer a terminal, or cannot be written in any encoding.
_LONGEST = 2000
_UNSAYABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def sayable(text: str) -> str:
    """A text with names from anywhere in it, as one line that can be shown: escaped, and cut where it is too long."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    return _UNSAYABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class TemposeError(ValueError):
    """Something that was given to tempose cannot be used as it is.

    Attributes:
        message: what is wrong with it, and what is wanted.
        path: the file, folder or address that the message is about; None where it is about none.
        remedy: how to mend it, where what is wanted does not say so.
        names: what files are called instead of by their paths: by whoever sent them.
    """

    def __init__(self, message: str, *, path: Path | str | None = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy
        self.path = path if path is None or "://" in str(path) else Path(path)
        self.names: dict[str, str] = {}

    def __str__(self) -> str:
        name = "" if self.path is None or str(self.path) in self.message else f"{self.path}: "
        text = f"{name}{self.message}{'' if self.remedy is None else f'; {self.remedy}'}"
        for path, name in self.names.items():
            text = text.replace(path, name)
        return sayable(text)


class InputError(TemposeError):
    """An argument has the wrong shape, range, type or name."""


class KeywordError(InputError, TypeError):
    """There is no argument of that name: a TypeError too, as with every Python function."""


class MediaError(TemposeError):
    """A picture or video cannot be read or written."""


class DiskError(TemposeError):
    """The disk is full, or takes nothing."""


class PoseError(TemposeError):
    """Key points cannot be found in a picture or read from a file."""


class DataError(TemposeError):
    """A dataset or a clip of it is missing, damaged or of the wrong form."""


class CheckpointError(TemposeError):
    """Weights or training state do not fit what they are loaded into."""


@contextmanager
def about(path: Path | str) -> Iterator[None]:
    """Errors from within that are about no file yet are about this one."""
    try:
        yield
    except TemposeError as error:
        error.path = Path(path) if error.path is None else error.path
        raise


@contextmanager
def called(names: Mapping[Path, str]) -> Iterator[None]:
    """Errors from within call files by these names."""
    try:
        yield
    except TemposeError as error:
        error.names |= {str(path): name for path, name in names.items()}
        raise


def told(error: Any) -> str:
    """The first thing that pydantic found wrong with something that was read: where, and what is wanted."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]


def unknown(
    kind: str, name: str, known: Iterable[str], *, path: Path | str | None = None, error: type[InputError] = InputError
) -> InputError:
    """The error that there is no such `kind` of that name; the remedy is the nearest one, and those there are."""
    known = list(known)
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return error(f"there is no {kind} {name!r}", path=path, remedy=f"{hint}known: {', '.join(known)}")
