"""What was made, each at an address that cannot be guessed, for as long as the server keeps it."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tempose.core.errors import InputError
from tempose.web.jobs import Desk, Job
from tempose.web.studio import Finished, Preview
from tempose.web.uploads import Uploads, Visitor

# Of one visitor, so many looks are kept: those before are of questions that nobody asks any more.
LOOKS = 3

# Of one client, and of all, so many pieces are kept: the oldest go first.
PIECES_EACH, PIECES = 200, 2000


class Gone(InputError):
    """There is nothing at an address, or not for this visitor."""


@dataclass(frozen=True)
class Piece:
    """One job and what it made.

    Attributes:
        token: who knows it may see the piece; it is in the address.
        kind: what the job does.
        title: what it is called.
        visitor: who asked for it.
        made: seconds since the epoch.
    """

    job: Job
    desk: Desk
    kind: str
    title: str
    visitor: Visitor
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    made: float = field(default_factory=time.time)

    @property
    def result(self) -> Preview | Finished | None:
        """What there is of it so far."""
        return self.job.result if isinstance(self.job.result, (Preview, Finished)) else None

    @property
    def files(self) -> dict[str, Path]:
        return {} if self.result is None else dict(self.result.files)

    def remove(self) -> None:
        """Stop the job, and remove its files once it has ended."""
        self.job.stop()

        def clear() -> None:
            self.job.finished.wait()
            for folder in {path.parent for path in self.files.values()}:
                shutil.rmtree(folder, ignore_errors=True)

        if self.job.finished.is_set():
            clear()
        else:
            threading.Thread(target=clear, daemon=True).start()


class Gallery:
    """The pieces of all visitors.

    Args:
        keep: seconds for which pieces and uploads are kept.
        uploads: what visitors sent.
    """

    def __init__(self, keep: float, uploads: Uploads) -> None:
        self.keep, self.uploads = keep, uploads
        self._lock = threading.Lock()
        self._pieces: dict[str, Piece] = {}

    def __len__(self) -> int:
        return len(self._pieces)

    def add(self, desk: Desk, work: Callable[[Job], Any], *, kind: str, title: str, visitor: Visitor) -> Piece:
        """Begin a job; where there are too many pieces, the oldest that has ended is removed.

        Raises:
            Busy: the desk does not take it.
        """
        if kind == "look":
            for piece in self.of(visitor, kinds=("look",))[LOOKS - 1 :]:
                self.remove(piece)
        job = desk.submit(work, client=visitor.user or visitor.address)
        piece = Piece(job, desk, kind, title, visitor)
        with self._lock:
            self._pieces[piece.token] = piece
            ended = [each for each in self._pieces.values() if each.job.finished.is_set()]
            count = Counter(each.job.client for each in self._pieces.values())
        theirs = [each for each in ended if each.job.client == job.client]
        for old in theirs[: max(0, count[job.client] - PIECES_EACH)] or ended[: max(0, len(self) - PIECES)]:
            self.remove(old)
        return piece

    def get(self, token: Any, visitor: Visitor) -> Piece:
        """The piece at an address; where there are passwords, its own user's alone.

        Raises:
            Gone: there is none for this visitor.
        """
        with self._lock:
            piece = self._pieces.get(token) if isinstance(token, str) else None
        if piece is None or piece.visitor.user != visitor.user:
            raise Gone("there is nothing at this address, or not any more")
        return piece

    def of(self, visitor: Visitor, *, kinds: tuple[str, ...]) -> list[Piece]:
        """What a browser has asked for, the latest first; those that keep no cookie must remember addresses."""
        with self._lock:
            pieces = list(self._pieces.values())
        return [each for each in reversed(pieces) if each.kind in kinds and is_same(each.visitor, visitor)]

    def remove(self, piece: Piece) -> None:
        """Stop a job and forget what it made."""
        with self._lock:
            self._pieces.pop(piece.token, None)
        piece.remove()

    def sweep(self) -> None:
        """Remove what is older than it may be; what still runs stays."""
        with self._lock:
            old = [piece for piece in self._pieces.values() if time.time() - piece.made > self.keep]
        for piece in old:
            if piece.job.finished.is_set():
                self.remove(piece)
        self.uploads.sweep(self.keep)


def is_same(one: Visitor, other: Visitor) -> bool:
    """Whether two requests came from the same browser: whoever sends no cookie is nobody's same."""
    return one.user == other.user and other.cookie is not None and other.cookie in (one.cookie, one.given)
