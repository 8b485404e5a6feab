"""Files appear whole or not at all: written beside their place, then renamed into it."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tempose.core.errors import InputError, MediaError


def check_free(path: Path | str) -> Path:
    """The path, if something can be written there: for work that takes long before it writes.

    Raises:
        InputError: it is a folder with something in it, or would have to lie in a file.
    """
    path = Path(path)
    if path.is_dir() and any(path.iterdir()):
        raise InputError(f"cannot write {path}: a folder with something in it; name a new or an empty one")
    there = next(parent for parent in path.absolute().parents if parent.exists())
    if not there.is_dir():
        raise InputError(f"cannot write {path}: {there} is a file, not a folder; choose another folder")
    return path


@contextmanager
def written_whole(path: Path | str) -> Iterator[Path]:
    """A temporary path (same folder, same ending) that becomes `path` when the block succeeds.

    Works for a file and for a folder, whichever the block creates. Folders above it that do not exist are made. A
    file that was there before is replaced. When the block raises, also by Ctrl-C, nothing is left behind and `path`
    is as before.

    Raises:
        InputError: the folder that should hold `path` cannot be written to, or `path` is a folder with something in
            it.
    """
    path = check_free(path)
    made = [parent for parent in path.absolute().parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        _remove_empty(made)
        raise InputError(f"cannot write {path}: {error.strerror}; choose another folder") from error
    beside = scratch / path.name
    try:
        yield beside
        beside.replace(path)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        _remove_empty(made)
        raise
    shutil.rmtree(scratch, ignore_errors=True)


def _remove_empty(folders: list[Path]) -> None:
    """Remove folders, the innermost first, as far as nothing lies in them."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


# What helps where the disk refuses; without any of these its own words stand alone.
REMEDIES = {
    errno.ENOSPC: "free some space, or choose another disk",
    errno.EDQUOT: "free some space, or choose another disk",
    errno.EFBIG: "write less, or choose another disk",
    errno.EROFS: "choose another folder",
    errno.EACCES: "choose another folder",
    errno.EPERM: "choose another folder",
    errno.ENAMETOOLONG: "choose a shorter name",
}


@contextmanager
def disk_errors(path: Path | str) -> Iterator[None]:
    """Around the writing of `path`: what the disk refuses is one sentence with the file and the remedy.

    Raises:
        MediaError: the disk refuses.
    """
    try:
        yield
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0)
        reason = f"{error.strerror or error}" + (f"; {remedy}" if remedy else "")
        raise MediaError(f"cannot write {path}: {reason}") from error
