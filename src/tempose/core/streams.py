"""What a command prints never decides what it does: streams that are closed, cut off or of another encoding."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

# Nobody reads on: the reader ended (`| head`), or the terminal is gone.
NOBODY_READS = (errno.EPIPE, errno.EBADF, errno.EIO)


class Unread(io.RawIOBase):
    """A file descriptor that goes on taking what is written once nobody reads it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor

    def fileno(self) -> int:
        return self.descriptor

    def isatty(self) -> bool:
        return os.isatty(self.descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        try:
            return os.write(self.descriptor, view)
        except OSError as error:
            if error.errno not in NOBODY_READS:
                raise
            return view.nbytes


def make_steadfast() -> None:
    """Let this process print without ever failing for it; the command line calls it first.

    A closed standard stream is opened onto nothing: otherwise the next file that is opened would get its number,
    and messages would be written into it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest free number
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            os.set_inheritable(descriptor, True)  # for worker processes
    sys.stdout = _steadfast(sys.stdout, 1)
    sys.stderr = _steadfast(sys.stderr, 2)


def _steadfast(stream: TextIO | None, descriptor: int) -> TextIO:
    """A text stream like the given one, which prints what its encoding lacks as escapes."""
    if stream is not None:
        try:
            if stream.fileno() != descriptor:
                return stream
        except (OSError, ValueError):
            return stream
        stream.flush()
    encoding = "utf-8" if stream is None else stream.encoding
    raw = io.BufferedWriter(Unread(descriptor))
    return io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", line_buffering=True)


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Notes that compiled code writes straight to the process's stderr go nowhere, inside the block."""
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
