"""What the server refuses before anything reads it: bodies that are too large, and ways to other places."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]

# Addresses at which Gradio fetches from elsewhere or converts recordings; the studio uses neither.
CLOSED = ("/file=http:", "/file=https:", "/proxy=", "/process_recording")


class TooLarge(Exception):
    """The body of a request is over the limit."""


class Guard:
    """A layer around the application (ASGI) that bounds requests.

    Args:
        app: the application.
        most_bytes: of a request.
        uploads: the folder in which the application keeps each upload as a plain file until it is whole.
    """

    def __init__(self, app: Any, *, most_bytes: int, uploads: Path) -> None:
        self.app, self.most_bytes, self.uploads = app, most_bytes, uploads
        self._under_way = 0

    @contextmanager
    def upload(self) -> Iterator[None]:
        """What comes of uploads that are refused or break off is removed, once no other is under way."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                for left in self.uploads.iterdir():
                    if left.is_file():
                        left.unlink(missing_ok=True)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if any(closed in scope["path"] for closed in CLOSED):
            return await refuse(send, 403, "this address is closed here")
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        receive = bounded(receive, self.most_bytes)
        try:
            if length.isdigit() and int(length) > self.most_bytes:
                raise TooLarge
            if headers.get(b"content-type", b"").startswith(b"application/json"):
                body = await whole(receive)
                if asks_elsewhere(body):
                    return await refuse(send, 403, "files are uploaded here, not fetched from other places")
                receive = again(body, receive)
            with self.upload() if scope["path"].endswith("/upload") else nullcontext():
                await self.app(scope, receive, send)
        except TooLarge:
            await refuse(send, 413, f"more than {self.most_bytes / 1e6:.0f} MB are not taken here")


def bounded(receive: Receive, most: int) -> Receive:
    """The messages of a request; TooLarge where their bodies are more than so many bytes in all."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise TooLarge
        return message

    return counted


async def whole(receive: Receive) -> bytes:
    """The body of a request."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def again(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, and then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


def asks_elsewhere(body: bytes) -> bool:
    """Whether JSON names a file by an address of the network, which Gradio would fetch."""
    try:
        return _names_address(json.loads(body))
    except (ValueError, RecursionError):
        return False  # it is no JSON: the application says so


def _names_address(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_names_address, value))
    if not isinstance(value, dict):
        return False
    path = value.get("path")
    if isinstance(path, str) and path.strip().lower().startswith(("http:", "https:")):
        return True
    return any(map(_names_address, value.values()))


async def refuse(send: Any, status: int, why: str) -> None:
    """Answer with one sentence."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": why.encode()})
