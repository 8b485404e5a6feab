"""Files appear whole or not at all: written beside their place, then renamed into it.

What a killed process leaves of one, `.NAME.tmp0` beside it, is removed by the next that writes it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tempose.core.errors import DiskError, InputError, MediaError

# So many processes may write one file at once; leftovers are looked for under so many names.
MANY, LEFTOVERS = 1000, 8

# How temporary folders end: by the rest of their names alone, somebody's own could be taken for one and removed.
TEMPORARY = ".tempose"


def check_free(path: Path | str, *, replace: bool = False) -> Path:
    """The path, if something can be written there: for work that takes long before it writes.

    Args:
        replace: a folder that is there, whatever is in it, may be replaced by one.

    Raises:
        InputError: it is a folder with something in it, or would have to lie in a file.
    """
    path = Path(path)
    remove_leftovers(path)
    if path.is_dir() and any(path.iterdir()) and not replace:
        raise InputError(
            f"cannot write {path}: a folder with something in it", path=path, remedy="name a new or an empty one"
        )
    there = next(parent for parent in path.absolute().parents if parent.exists())
    if not there.is_dir():
        raise InputError(
            f"cannot write {path}: {there} is a file, not a folder", path=path, remedy="choose another folder"
        )
    return path


def check_there(path: Path | str) -> None:
    """Whether a file or folder is there.

    Raises:
        InputError: there is none.
    """
    if not Path(path).exists():
        raise InputError(f"there is no file or folder {path}", path=path, remedy="check its name")


def check_free_or_finished(
    out: Path | str, *, kind: str, mark: str, names: Collection[str], overwrite: bool = False
) -> Path:
    """The folder, if a command may write its result there, before any time is spent on it.

    Args:
        kind: what the folder will be, such as `report`.
        mark: the file that one that is finished holds.
        names: of all that it may hold.
        overwrite: one that is finished may be replaced.

    Raises:
        InputError: it is a file, a folder of other things, or a finished one that is not to be replaced.
    """
    out = Path(out)
    remove_leftovers(out)
    if out.is_file():
        raise InputError(f"{out} is a file, and a {kind} is a folder", path=out, remedy="name another")
    if not (out / mark).is_file():
        return check_free(out)
    if not overwrite:
        raise InputError(
            f"{out} holds a finished {kind}", path=out, remedy="--overwrite makes it again and replaces it"
        )
    if foreign := {path.name for path in out.iterdir()} - set(names):
        raise InputError(
            f"{out} holds {min(foreign)}, which is no part of a {kind}", path=out, remedy="name another folder"
        )
    return out


@contextmanager
def written_whole(path: Path | str, *, replace: bool = False) -> Iterator[Path]:
    """A temporary path (same folder, same ending) that becomes `path` when the block succeeds.

    Works for a file and for a folder, whichever the block creates. Folders above it that do not exist are made. A
    file that was there before is replaced. When the block raises, also by Ctrl-C, nothing is left behind and `path`
    is as before; where the process is killed, the next call for the same path removes what it left.

    Args:
        replace: as for `check_free`.

    Raises:
        InputError: the folder that should hold `path` cannot be written to, or `path` is a folder with something in
            it, or another process wrote it at the same time.
        DiskError: the disk is full.
    """
    path = check_free(path, replace=replace)
    made = [parent for parent in path.absolute().parents if not parent.exists()]
    with full_disk(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch, lock = _scratch(path)
        except OSError as error:
            _remove_empty(made)
            if error.errno in FULL:
                raise
            remedy = REMEDIES.get(error.errno or 0, "choose another folder")
            raise InputError(f"cannot write {path}: {error.strerror}", path=path, remedy=remedy) from error
        try:
            yield scratch / path.name
            _take_place(scratch, path)
        finally:
            _remove(scratch, path)
            _remove_empty(made)
            if lock is not None:
                os.close(lock)


def remove_leftovers(path: Path | str) -> None:
    """Remove what killed processes left of `path`; what they were about to replace gets its place back."""
    path = Path(path)
    for scratch in _scratches(path, LEFTOVERS):
        with suppress(OSError):
            if is_ours(scratch) and (lock := locked(scratch)) is not None:
                _remove(scratch, path)
                os.close(lock)


def locked(path: Path | str) -> int | None:
    """A descriptor by which a file or folder is this process's, until it is closed or the process ends in any way.

    None where another process has it, or it is gone.

    Raises:
        OSError: its disk, or this system, knows no such locks.
    """
    try:
        import fcntl
    except ImportError:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP)) from None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


@contextmanager
def temporary_folder(prefix: str = "tempose-") -> Iterator[Path]:
    """A new folder among temporary files, removed with all that is in it when the block ends.

    It is locked while its process lives: what killed ones left of the same prefix is removed first.
    """
    for left in Path(tempfile.gettempdir()).glob(prefix + 8 * "[a-z0-9_]" + TEMPORARY):
        with suppress(OSError):
            private = stat.S_IMODE(left.lstat().st_mode) == 0o700  # as `mkdtemp` makes them
            if private and is_ours(left) and (lock := locked(left)) is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(lock)
    folder, lock = _locked_folder(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _locked_folder(prefix: str) -> tuple[Path, int | None]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=TEMPORARY)).resolve()
        try:
            lock = locked(folder)
        except OSError:  # no locks here: nobody can take it for a leftover
            return folder, None
        if lock is not None:  # else another process took it for a leftover before it was locked
            return folder, lock


def is_ours(folder: Path) -> bool:
    """Whether it is a folder, no link to one, of this user."""
    facts = folder.lstat()
    return stat.S_ISDIR(facts.st_mode) and (not hasattr(os, "getuid") or facts.st_uid == os.getuid())


def _scratches(path: Path, many: int) -> Iterator[Path]:
    """How the folder is called in which `path` is made: one name after another, for processes that make it at once."""
    return (path.with_name(f".{path.name}.tmp{number}") for number in range(many))


def _scratch(path: Path) -> tuple[Path, int | None]:
    """A new folder beside `path`, and the lock by which others see that its process lives."""
    for scratch in _scratches(path, MANY):
        try:
            scratch.mkdir(mode=0o700)
        except FileExistsError:
            continue
        try:
            lock = locked(scratch)
        except OSError:  # no locks here: nobody can take it for a leftover
            return scratch, None
        if lock is not None:  # else another process took it for a leftover before it was locked
            return scratch, lock
    raise FileExistsError(errno.EEXIST, "too many processes write it at once")


def _before(scratch: Path, path: Path) -> Path:
    """Where a folder lies that is being replaced, until the new one has its place."""
    return scratch / f"{path.name}.before"


def _take_place(scratch: Path, path: Path) -> None:
    """Put what was made to its place; a folder that is there leaves it first."""
    if path.is_dir():
        path.replace(_before(scratch, path))
    try:
        (scratch / path.name).replace(path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise InputError(
            f"{path} was written by another process meanwhile", path=path, remedy="choose another name"
        ) from error


def _remove(scratch: Path, path: Path) -> None:
    """Remove a temporary folder; what was to be replaced goes back where nothing has taken its place."""
    before = _before(scratch, path)
    if before.is_dir() and not path.exists():
        before.replace(path)
    shutil.rmtree(scratch, ignore_errors=True)


def _remove_empty(folders: list[Path]) -> None:
    """Remove folders, the innermost first, as far as nothing lies in them."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


# The disk takes no more.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})

# What helps where the disk refuses; without any of these its own words stand alone.
REMEDIES = {
    errno.ENOSPC: "free some space and give the same command again, or choose another disk",
    errno.EDQUOT: "free some space and give the same command again, or choose another disk",
    errno.EFBIG: "write less, or choose another disk",
    errno.EROFS: "choose another folder",
    errno.EACCES: "choose another folder",
    errno.EPERM: "choose another folder",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def number_of(error: BaseException) -> int:
    """The system's number of what went wrong, also where a library tells it in its text or in what it was raised from.

    0 where there is none.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno:
            return cause.errno
        if told := re.search(r"\(os error (\d+)\)", str(cause)):  # of a library in Rust, such as safetensors
            return int(told[1])
        cause = cause.__cause__ or cause.__context__
    return 0


@contextmanager
def full_disk(path: Path | str) -> Iterator[None]:
    """Around the writing of `path`: a full disk is one sentence with the file and the remedy, whoever notices it.

    Of several around one another the outermost tells: a file in a folder that has no name yet is nobody's business.

    Raises:
        DiskError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        number = number_of(error)
        if number not in FULL:
            raise
        raise DiskError(f"cannot write {path}: {os.strerror(number)}", path=path, remedy=REMEDIES[number]) from error


@contextmanager
def disk_errors(path: Path | str) -> Iterator[None]:
    """Around the writing of `path`: whatever the disk refuses is one sentence with the file and the remedy.

    Raises:
        DiskError: the disk is full. MediaError: it refuses for another reason.
    """
    try:
        with full_disk(path):
            yield
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0)
        raise MediaError(f"cannot write {path}: {error.strerror or error}", path=path, remedy=remedy) from error
