"""Files here and elsewhere: whatever fsspec opens (`s3://`, `gs://`, `hf://`, `memory://` …) beside local paths.

A local path stays a path; what lies elsewhere is fetched before it is read, and sent once it is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from tempose.core.errors import InputError, MediaError, TemposeError
from tempose.core.files import disk_errors, temporary_folder, written_whole
from tempose.core.reading import read_plain

# File systems that are made of what a file says, run what it says, or lie within another; and what joins several.
NOT_PLACES, JOINED = frozenset({"reference", "filecache", "blockcache", "simplecache", "dask", "generic"}), "::"


def is_remote(place: str) -> bool:
    """Whether something is an address of another file system, rather than a path here."""
    return "://" in place


def name_in(place: str) -> str:
    """The last part of a path or an address: the name of the file."""
    path = urlsplit(place).path or urlsplit(place).netloc if is_remote(place) else place
    return PurePosixPath(path).name if is_remote(place) else Path(path).name


@contextmanager
def at_hand(place: str) -> Iterator[str]:
    """A path at which a file or folder can be read; what lies elsewhere is there as long as the block lasts.

    Raises:
        MediaError: it is not there, or cannot be fetched.
    """
    if not is_remote(place):
        yield place
        return
    with temporary_folder() as folder:
        here = folder / name_in(place)
        with reached(place):
            files, path = opened(place)
            if not files.exists(path):
                raise MediaError(f"there is no file {place}", path=place)
            with disk_errors(here):
                files.get(path, str(here), recursive=files.isdir(path))
        yield str(here)


def listed(folder: str) -> list[str]:
    """What lies directly in a folder, by name; hidden files are left out.

    Raises:
        InputError: there is no such folder, or it cannot be read.
    """
    with reached(folder, InputError):
        files, path = opened(folder)
        if not files.isdir(path):
            raise InputError(f"there is no folder {folder}", path=folder)
        names = sorted(PurePosixPath(each.rstrip("/")).name for each in files.ls(path, detail=False))
    return [f"{folder.rstrip('/')}/{name}" for name in names if not name.startswith(".")]


def opened(place: str) -> tuple[Any, str]:
    """The file system of a place, and the path in it.

    Raises:
        InputError: nothing that is installed opens it, or it is no plain place: a table of somebody else's must not
            have anything else done than files fetched.
    """
    from fsspec.core import url_to_fs

    kind, remote, path = place.partition("://")
    if remote and (JOINED in place or kind.lower() in NOT_PLACES or ".." in path.split("/")):
        raise InputError(
            f"{place} is no plain address of a file or folder", remedy="give one such as s3://bucket/me.jpg"
        )
    try:
        return url_to_fs(place)
    except (ImportError, ValueError) as error:
        raise InputError(f"{place} cannot be opened: {error}", path=place) from error


@contextmanager
def reached(place: str, kind: type[TemposeError] = MediaError) -> Iterator[None]:
    """Around what is done at a place: whatever its file system raises is one sentence."""
    try:
        yield
    except TemposeError:
        raise
    except Exception as error:  # each file system has errors of its own
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise kind(f"{place} cannot be reached: {reason}", path=place) from error


class Store:
    """A folder of results, here or elsewhere.

    Args:
        place: a path or an address.

    Raises:
        InputError: it is a file, or cannot be reached.
    """

    def __init__(self, place: str) -> None:
        self.place, self.remote = place, is_remote(place)
        if self.remote:
            with reached(place, InputError):
                opened(place)
        elif Path(place).exists() and not Path(place).is_dir():
            raise InputError(f"{place} is a file; wanted a folder for the results", path=place)

    def path(self, name: str) -> str:
        """Where a result lies, as a user would write it."""
        return f"{self.place.rstrip('/')}/{name}" if self.remote else str(Path(self.place) / name)

    def names(self) -> set[str]:
        """All files and folders that are there, by their paths in the folder."""
        if not self.remote:
            root = Path(self.place)
            return {path.relative_to(root).as_posix() for path in root.rglob("*")}
        with reached(self.place, InputError):
            files, top = opened(self.place)
            files.invalidate_cache()
            there = files.find(top, withdirs=True) if files.exists(top) else []
            return {name for each in there if (name := each.removeprefix(top).strip("/"))}

    def read(self, name: str) -> bytes:
        """What a file holds."""
        with at_hand(self.path(name)) as here:
            return read_plain(here)

    def write(self, name: str, write: Callable[[Path], Any]) -> None:
        """Write one file whole: `write` makes it at the path that it is given.

        Raises:
            DiskError, MediaError: the disk or the file system refuses.
        """
        if not self.remote:
            path = Path(self.path(name))
            with disk_errors(path), written_whole(path) as beside:
                write(beside)
            return
        with temporary_folder() as folder:
            here = folder / Path(name).name
            with disk_errors(here):
                write(here)
            self.send(here, name)

    def send(self, here: Path, name: str) -> None:
        """Put a file or folder, which is whole, to its place elsewhere.

        Raises:
            MediaError: the file system refuses.
        """
        with reached(self.path(name)):
            files, path = opened(self.path(name))
            files.makedirs(files._parent(path), exist_ok=True)
            files.put(str(here), path, recursive=here.is_dir())
