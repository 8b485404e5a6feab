"""Which file belongs to which visitor: the one place at which a request's files are found.

A request names a file by the path that the answer to its upload gave. Such a path is looked up here, letter by
letter, and never taken apart: what was not uploaded by the same visitor is refused in the same words, whatever it is.
"""

from __future__ import annotations

import re
import secrets
import stat
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempose.core.errors import InputError

# By this cookie a visitor is known again. Programs that keep no cookies are told apart by their address.
COOKIE = "tempose-visitor"
_COOKIE = re.compile(r"[\w-]{32,64}", re.ASCII)


@dataclass(frozen=True)
class Visitor:
    """Who asks.

    Attributes:
        address: of the network.
        user: their name, where there are passwords.
        cookie: what the browser sent; None for one that sent none.
        given: the cookie that goes out with the answer, where none was sent.
    """

    address: str
    user: str = ""
    cookie: str | None = None
    given: str | None = None

    @staticmethod
    def of(cookies: Mapping[str, str], *, address: str, user: str = "") -> Visitor:
        """The visitor who sent these cookies; one who sent none is given a new cookie."""
        sent = cookies.get(COOKIE, "")
        if _COOKIE.fullmatch(sent):
            return Visitor(address, user, sent)
        return Visitor(address, user, None, secrets.token_urlsafe(32))


class Uploads:
    """The files of all visitors.

    Args:
        folder: where all of them lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._lock = threading.Lock()
        self._owners: dict[str, set[Visitor]] = {}
        self._not_back: set[str | None] = set()

    def seen(self, visitor: Visitor) -> None:
        """A visitor asks for something: where their cookie came with the answer to an upload, it has come back."""
        with self._lock:
            self._not_back.discard(visitor.cookie)

    def add(self, path: Path | str, visitor: Visitor) -> None:
        """A file that the visitor uploaded, or that was made for them."""
        with self._lock:
            self._owners.setdefault(str(path), set()).add(visitor)
            if visitor.given is not None:
                self._not_back.add(visitor.given)

    def _forget(self, paths: Iterable[str]) -> None:
        """Files are gone."""
        for path in list(paths):
            self._owners.pop(path, None)
        self._not_back &= {owner.given for owners in self._owners.values() for owner in owners}

    def kept(self, address: str | None = None) -> tuple[int, int]:
        """How many uploads are here, of all or of one address, and the bytes of their files together."""
        with self._lock:
            of = {
                path: sum(address in (None, owner.address) for owner in owners) for path, owners in self._owners.items()
            }
        size = 0
        for path in (path for path, count in of.items() if count):
            with suppress(OSError):
                size += Path(path).stat().st_size
        return sum(of.values()), size

    def find(self, given: Any, visitor: Visitor) -> Path:
        """A file of the visitor's, from the path that the answer to its upload gave.

        Raises:
            InputError: there is none; the message says the same of every path.
        """
        if not isinstance(given, str) or not self.permits(given, visitor):
            raise refusal()
        path = Path(given)
        try:
            plain = stat.S_ISREG(path.lstat().st_mode) and path.resolve(strict=True) == path
        except (OSError, ValueError, RuntimeError):
            plain = False
        if not plain or self.folder not in path.parents:
            raise refusal()
        return path

    def sweep(self, seconds: float) -> None:
        """Remove what was stored longer ago than that."""
        with self._lock:
            paths, gone = [*self._owners], []
        for path in map(Path, paths):
            try:
                if time.time() - path.stat().st_mtime > seconds:
                    path.unlink()
                    gone.append(str(path))
                    path.parent.rmdir()
            except FileNotFoundError:
                gone.append(str(path))
            except OSError:
                continue
        with self._lock:
            self._forget(gone)

    def permits(self, path: str, visitor: Visitor) -> bool:
        """Whether a path is known as the visitor's."""
        with self._lock:
            return any(self._is(owner, visitor) for owner in self._owners.get(path, ()))

    def _is(self, owner: Visitor, visitor: Visitor) -> bool:
        """Whether a visitor is the owner of a file.

        Who uploaded without a cookie was given one with the answer. Once it has come back, the file is theirs alone;
        until then it belongs to whoever sends none from the same address.
        """
        if owner.user != visitor.user:
            return False
        if visitor.cookie is not None:
            return visitor.cookie in (owner.cookie, owner.given)
        return owner.cookie is None and owner.address == visitor.address and owner.given in self._not_back


@dataclass(frozen=True)
class Files:
    """The files that one visitor may use.

    Attributes:
        made: the file that a job has made, by its token; raises InputError where there is none.
    """

    uploads: Uploads
    visitor: Visitor
    made: Callable[[Any], Path]

    def find(self, given: Any) -> Path:
        """The visitor's file of that path; raises InputError where it is not theirs (`Uploads.find`)."""
        return self.uploads.find(given, self.visitor)


def refusal() -> InputError:
    """What is said of every file that is not there for a visitor; nothing of it names a place of this machine."""
    return InputError("that file was not uploaded here, or it is gone", remedy="upload it first")
