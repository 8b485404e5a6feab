"""What media libraries raise, as one sentence that names the file."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tempose.core.errors import MediaError, TemposeError

# Errors of the machine rather than of the file: their text helps.
OF_THE_MACHINE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EIO, errno.ENOENT, errno.EISDIR, errno.EMFILE, errno.ENAMETOOLONG, errno.ESTALE}
)


@contextmanager
def unreadable(path: Path | str, kind: str) -> Iterator[None]:
    """Around calls of a library that reads `path`, and around nothing else: all that it raises is a MediaError.

    A damaged file can make a decoder raise anything (IndexError, RuntimeError, struct.error, UnicodeDecodeError …),
    with text that means nothing to the person who gave the file. So the text is only kept where the machine
    refuses; the original stays as the cause.

    Raises:
        MediaError: the library failed.
    """
    try:
        yield
    except TemposeError:
        raise
    except MemoryError as error:
        raise MediaError(
            f"{path} needs more memory than there is", path=path, remedy="make it smaller first"
        ) from error
    except Exception as error:
        number = getattr(error, "errno", None)
        reason = getattr(error, "strerror", None) if number in OF_THE_MACHINE else None
        raise MediaError(f"{path} cannot be read as a {kind}: {reason or 'it is damaged'}", path=path) from error
