"""Requests are bounded before anything reads them."""

import asyncio
import json
from pathlib import Path

import pytest

from tempose.web.guard import Guard, asks_elsewhere

JSON = [(b"content-type", b"application/json")]


def ask(path="/", *, parts=(b"",), headers=(), most_bytes=100, uploads=Path("/nowhere")):
    """The status of the answer, and what the application behind the guard has read."""
    last = len(parts) - 1
    messages = [{"type": "http.request", "body": part, "more_body": at < last} for at, part in enumerate(parts)]
    sent, read = [], []

    async def app(scope, receive, send):
        more = True
        while more:
            message = await receive()
            read.append(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": list(headers)}
    asyncio.run(Guard(app, most_bytes=most_bytes, uploads=uploads)(scope, receive, send))
    return sent[0]["status"], b"".join(read)


def test_what_is_small_goes_through():
    body = json.dumps({"data": [{"path": "/tmp/a.png"}, "http://as.text"]}).encode()
    assert ask(parts=(body[:10], body[10:]), headers=JSON) == (200, body)
    assert ask(parts=(b"123", b"456")) == (200, b"123456")


@pytest.mark.parametrize("headers", [(), JSON])
def test_large_bodies_are_refused_with_or_without_a_length(headers):
    assert ask(parts=(b"0" * 60, b"0" * 60), headers=headers)[0] == 413
    assert ask(headers=[*headers, (b"content-length", b"101")]) == (413, b"")


@pytest.mark.parametrize("path", ["/gradio_api/file=http://a.b/c", "/gradio_api/file=https://a.b", "/x/proxy=http://a"])
def test_ways_to_other_places_are_closed(path):
    assert ask(path) == (403, b"")


def test_files_are_not_fetched_from_elsewhere():
    for path in ("http://a.b/c.png", " HTTPS://a.b", "\u0068ttp://a"):
        body = json.dumps({"data": [1, [{"x": {"path": path}}]]}).encode()
        assert asks_elsewhere(body)
        assert ask(parts=(body,), headers=JSON) == (403, b"")
    assert not asks_elsewhere(b'{"path": 3, "url": "http://a.b"}')
    assert not asks_elsewhere(b"no json")
    assert not asks_elsewhere(b"[" * 100_000)


def test_nothing_is_left_of_an_upload_that_is_refused(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a.png").touch()
    (tmp_path / "tmp123").touch()
    assert ask("/elsewhere", uploads=tmp_path)[0] == 200
    assert (tmp_path / "tmp123").exists()
    assert ask("/gradio_api/upload", parts=(b"0" * 60, b"0" * 60), uploads=tmp_path)[0] == 413
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "a.png"]
