"""Requests are bounded before anything reads them."""

import asyncio
import base64
import json
import threading
import time

import pytest

from tempose.web import guard
from tempose.web.guard import VISITOR, Guard, names_address
from tempose.web.uploads import COOKIE, Uploads, Visitor

JSON = (b"content-type", b"application/json")
FORM = (b"content-type", b"multipart/form-data; boundary=b")
CALL, UPLOAD = "/api/jobs", "/gradio_api/upload"
SLOW = 600  # seconds until a part comes that is late


class Asked:
    """One request to a guarded application: the answer, and what the application has read."""

    def __init__(self, layer, path=CALL, *, parts=(b"",), headers=(), method="POST", host=b"localhost:1", app=None):
        last = len(parts) - 1
        messages = [{"type": "http.request", "body": part, "more_body": at < last} for at, part in enumerate(parts)]
        self.read = self.status = self.headers = None
        self.visitor = None
        self.body, self.pulled = b"", 0

        async def application(scope, receive, send):
            self.read, more = b"", True
            self.visitor, self.scope = scope.get(VISITOR), scope
            while more:
                message = await receive()
                self.read += message["body"]
                more = message["more_body"]
            await send({"type": "http.response.start", "status": layer.status, "headers": []})
            await send({"type": "http.response.body", "body": layer.answer})

        async def receive():
            self.pulled += 1
            part = messages.pop(0)
            if part["body"] is None:
                await asyncio.sleep(SLOW)
            return part

        async def send(message):
            if message["type"] == "http.response.start":
                self.status, self.headers = message["status"], dict(message["headers"])
            else:
                self.body += message["body"]

        layer.guard.app = application
        scope = {"type": "http", "path": path, "method": method, "headers": [(b"host", host), *headers],
                 "client": ("1.2.3.4", 5)}  # fmt: skip
        if app is not None:
            scope["app"] = app
        asyncio.run(layer.guard(scope, receive, send))


class Layer:
    """A guard, and what the application behind it answers."""

    def __init__(self, folder, *, hosts=("localhost",)):
        self.uploads = Uploads(folder)
        self.guard = Guard(None, most_bytes=100, uploads=self.uploads, hosts=set(hosts))
        self.status, self.answer = 200, b""

    def ask(self, *arguments, **named):
        return Asked(self, *arguments, **named)


@pytest.fixture
def layer(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "MOST_JSON", 1000)
    return Layer(tmp_path)


def test_what_is_small_goes_through(layer):
    value = {"data": [{"path": "/tmp/a.png"}, "http://as.text", 1.5, None, "ü"]}
    body = json.dumps(value).encode()
    asked = layer.ask(parts=(body[:10], body[10:]), headers=[JSON])
    assert asked.status == 200
    assert json.loads(asked.read) == value
    assert layer.ask(UPLOAD, parts=(b"123", b"456"), headers=[FORM]).read == b"123456"


def test_large_bodies_are_refused_with_or_without_a_length(layer):
    assert layer.ask(parts=(b"0" * 600, b"0" * 600), headers=[JSON]).status == 413
    assert layer.ask(UPLOAD, parts=(b"0" * 60, b"0" * 60), headers=[FORM]).status == 413
    for path, kind, most in ((CALL, JSON, 1000), (UPLOAD, FORM, 100)):
        for length in (most + 1, 10**30):
            asked = layer.ask(path, headers=[kind, (b"content-length", str(length).encode())])
            assert (asked.status, asked.read, asked.pulled) == (413, None, 0)


@pytest.mark.parametrize("path", ["/api/jobs", "/api/looks", "/api/jobs/x"])
@pytest.mark.parametrize("kind", [b"text/plain", b"application/vnd.x+json", b"application/problem+json", b"", None])
def test_a_body_is_json_and_says_so(layer, path, kind):
    headers = [] if kind is None else [(b"content-type", kind)]
    assert layer.ask(path, parts=(b"{}",), headers=headers).status == 415


@pytest.mark.parametrize("kind", [b"Application/JSON", b"application/json; charset=utf-8", b" application/json ;x"])
def test_json_is_looked_at_however_it_is_written(layer, kind):
    body = b'{"photo": {"path": "http://a.b/c.png"}}'
    assert layer.ask(parts=(body,), headers=[(b"content-type", kind)]).status == 403
    assert layer.ask(parts=(b"{}",), headers=[(b"content-type", kind)]).status == 200


@pytest.mark.parametrize("body", [b"{", b"[" * 900, b"\xff\xfe", b"{} {}"])
def test_what_is_no_json_is_refused(layer, body):
    asked = layer.ask(parts=(body,), headers=[JSON])
    assert (asked.status, asked.read) == (400, None)


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/proxy=http://a", "/x/proxy=http://a", "/gradio_api/process_recording", "/gradio_api/stream/1",
     "/gradio_api/component_server", "/gradio_api/vibe-edit", "/gradio_api/dev/reload", "/monitoring", "/mcp",
     "/config", "/gradio_api/info", "/gradio_api/queue/join", "/gradio_api/call/animate",
     "/gradio_api/file=/etc/passwd", "/gradio_api/mcp/", "/gradio_api/run/predict", "/api/jobs/x/files/a/b",
     "/page/a/b", "/page/../guard.py",
     "/gradio_api/deep_link", "/gradio_api/file/etc/passwd", "/gradio_api/upload/../proxy=x", "//gradio_api/upload"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_addresses_that_nobody_needs_are_closed(layer, path, method):
    asked = layer.ask(path, method=method, headers=[JSON])
    assert (asked.status, asked.read) == (404, None)


def test_many_values_are_refused_before_they_are_read(layer, monkeypatch):
    monkeypatch.setattr(guard, "VALUES", 20)
    assert layer.ask(parts=(b"[" + b"{}," * 10 + b"{}]",), headers=[JSON]).status == 413
    assert layer.ask(parts=(b"[" + b"{}," * 8 + b"{}]",), headers=[JSON]).status == 200


def test_files_are_not_fetched_from_elsewhere(layer):
    for path in (
        "http://a.b/c.png",
        " HTTPS://a.b",
        "\u0068ttp://a",
        "ftp:x",
        "file:///x",
        "//a.b",
        "\\\\a\\b",
        "\0http:",
    ):
        body = json.dumps({"data": [1, [{"x": {"path": path}}]]}).encode()
        assert names_address(json.loads(body))
        assert layer.ask(parts=(body,), headers=[JSON]).status == 403
    assert not names_address({"path": 3, "url": "http://a.b"})
    twice = b'{"path": "/x", "path": "http://a"}'
    assert layer.ask(parts=(twice,), headers=[JSON]).status == 403
    twice = b'{"path": "http://a", "path": "/x"}'
    assert json.loads(layer.ask(parts=(twice,), headers=[JSON]).read) == {"path": "/x"}


# Who asks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        b"evil.org",
        b"localhost.evil.org",
        b"",
        b"1.2.3.4",
        b"[::1",
        b"localhost:x",
        b"a@b",
        b"localhost/x",
        b"localhost#.x",
        b"[::1].evil.org",
    ],
)
def test_other_names_are_not_ours(layer, host):
    for method in ("GET", "POST"):
        asked = layer.ask("/", host=host, method=method, headers=[JSON])
        assert (asked.status, asked.read) == (421, None)


@pytest.mark.parametrize(
    "host", [b"localhost", b"LOCALHOST.:80", b"studio.example:443", b"192.168.1.5:80", b"[fe80::1]"]
)
def test_our_names_are_taken(tmp_path, host):
    layer = Layer(tmp_path, hosts=("localhost", "studio.example", "*"))
    assert layer.ask("/", host=host, method="GET").status == 200


@pytest.mark.parametrize("origin", [b"http://evil.org", b"null", b"http://localhost:2", b"file://", b"http://[", b""])
def test_other_pages_ask_in_vain(layer, origin):
    asked = layer.ask(parts=(b"{}",), headers=[JSON, (b"origin", origin)])
    assert (asked.status, asked.read) == (403, None)
    for method in ("GET", "HEAD", "OPTIONS"):  # nor may they read
        assert layer.ask("/api/jobs", method=method, headers=[(b"origin", origin)]).status == 403
    assert layer.ask("/api/jobs", method="GET", headers=[(b"origin", b"http://localhost:1")]).status == 200
    assert layer.ask(parts=(b"{}",), headers=[JSON, (b"sec-fetch-site", b"cross-site")]).status == 403
    assert layer.ask(parts=(b"{}",), headers=[JSON, (b"origin", b"http://localhost:1")]).status == 200


class App:
    """As much of Gradio's application as says who has logged in."""

    auth, cookie_id, tokens = {"me": "x"}, "7", {"token": "me"}


def test_the_password_is_asked_for_before_a_body_is_read(layer):
    for path, kind in ((CALL, JSON), (UPLOAD, FORM), ("/api/looks", JSON), ("/api/people", JSON)):
        asked = layer.ask(path, parts=(b"{}",), headers=[kind], app=App())
        assert (asked.status, asked.read, asked.pulled) == (401, None, 0)
        for cookie in (b"access-token-7=token", b"access-token-unsecure-7=token"):
            asked = layer.ask(path, parts=(b"{}",), headers=[kind, (b"cookie", cookie)], app=App())
            assert (asked.status, asked.visitor.user) == (200, "me")
        assert layer.ask(path, parts=(b"{}",), headers=[kind, (b"cookie", b"access-token-7=")], app=App()).status == 401
    for path in (
        "/api",
        "/api/openapi.json",
        "/api/studio",
        "/api/jobs/x/files/a.mp4",
        "/metrics",
    ):
        assert layer.ask(path, method="GET", app=App()).status == 401
    assert layer.ask("/", method="GET", app=App()).status == 200
    assert layer.ask("/health", method="GET", app=App()).body == b'{"status": "ok"}'


def test_wrong_passwords_come_slowly(layer, monkeypatch):
    layer.status = 400
    for _ in range(guard.WRONG_EACH):
        assert layer.ask("/login", parts=(b"x",), app=App()).status == 400
    asked = layer.ask("/login", parts=(b"x",), app=App())
    assert (asked.status, asked.pulled) == (429, 0)
    monkeypatch.setattr(guard, "WRONG_SECONDS", 0.0)
    layer.status = 200
    for _ in range(2 * guard.WRONG_EACH):
        assert layer.ask("/login", parts=(b"x",), app=App()).status == 200
    monkeypatch.setattr(guard, "WRONG_SECONDS", 60.0)
    assert layer.ask("/login", parts=(b"x" * 20_000,), app=App()).status == 413


def test_programs_give_name_and_password_with_each_request(layer, monkeypatch):
    def ask(given, path="/api/jobs"):
        basic = b"Basic " + base64.b64encode(given)
        return layer.ask(path, method="GET", headers=[(b"authorization", basic)], app=App())

    asked = ask(b"me:x")
    assert (asked.status, asked.visitor.user) == (200, "me")
    monkeypatch.setattr(guard, "WRONG_EACH", 4)
    for wrong in (b"me:y", b"you:", b"\xff:x", b"no colon"):
        assert (ask(wrong).status, ask(b"me:x").status) == (401, 200) if wrong == b"me:y" else ask(wrong).status == 401
    assert ask(b"me:x").status == 429  # the right one rests, too: nobody learns which it is
    assert layer.ask(headers=[JSON, (b"authorization", b"Basic eDp5")], parts=(b"{}",)).status == 200  # no passwords


def test_assistants_are_answered_where_they_are_wanted(tmp_path):
    layer = Layer(tmp_path)
    layer.guard.assistants = True
    for path in ("/gradio_api/mcp/", "/gradio_api/mcp/http/"):
        assert layer.ask(path, parts=(b"{}",), headers=[JSON]).status == 200


def test_every_answer_says_how_it_may_be_used(layer):
    for asked in (layer.ask("/", method="GET"), layer.ask("/nowhere"), layer.ask("/health", method="GET")):
        assert asked.headers[b"x-content-type-options"] == b"nosniff"
        assert asked.headers[b"content-security-policy"].endswith(b"frame-ancestors 'self'")
        assert asked.headers[b"referrer-policy"] == b"no-referrer"


# Uploads -------------------------------------------------------------------------------------------


def test_an_upload_belongs_to_who_sent_it(layer):
    cookie = "x" * 40
    path = layer.uploads.folder / "a.png"
    path.write_bytes(b"x")
    layer.answer = json.dumps([str(path)]).encode()
    layer.ask(UPLOAD, parts=(b"x",), headers=[FORM, (b"cookie", f"a=b; {COOKIE}={cookie}".encode())])
    assert layer.uploads.permits(str(path), Visitor.of({COOKIE: cookie}, address="elsewhere"))
    assert not layer.uploads.permits(str(path), Visitor.of({}, address="1.2.3.4"))
    given = layer.ask(UPLOAD, parts=(b"x",), headers=[FORM]).headers[b"set-cookie"].decode()
    assert given.startswith(COOKIE)
    assert layer.uploads.permits(str(path), Visitor.of({}, address="1.2.3.4"))


def test_nothing_is_left_of_an_upload_that_is_refused(layer):
    folder = layer.uploads.folder
    (folder / "kept").mkdir()
    (folder / "kept" / "a.png").touch()
    (folder / "tmp123").touch()
    layer.ask()
    assert (folder / "tmp123").exists()
    assert layer.ask(UPLOAD, parts=(b"0" * 60, b"0" * 60), headers=[FORM]).status == 413
    layer.status = 413
    layer.ask(UPLOAD, parts=(b"0",), headers=[FORM])
    assert [path.name for path in folder.rglob("*")] == ["kept", "a.png"]


def test_slow_bodies_are_not_waited_for(layer, monkeypatch):
    monkeypatch.setattr(guard, "STALL", 0.1)
    for path, kind in ((CALL, JSON), (UPLOAD, FORM), ("/login", FORM)):
        begun = time.monotonic()
        assert layer.ask(path, parts=(b"{", None), headers=[kind]).status == 408
        assert time.monotonic() - begun < SLOW
    assert not +layer.guard._sending


def test_one_client_sends_few_uploads_at_once(layer):
    layer.guard._sending["1.2.3.4"] = guard.UPLOADS_EACH
    assert layer.ask(UPLOAD, parts=(b"x",), headers=[FORM]).status == 429
    layer.guard._sending["1.2.3.4"] = 0
    layer.guard._sending["others"] = guard.UPLOADS
    assert layer.ask(UPLOAD, parts=(b"x",), headers=[FORM]).status == 429


def test_what_is_kept_of_uploads_is_bounded(layer, monkeypatch):
    path = layer.uploads.folder / "a.png"
    path.write_bytes(bytes(1000))
    layer.uploads.add(path, Visitor("1.2.3.4", "", "c" * 32))
    kept = [layer.uploads.kept(address) for address in (None, "1.2.3.4", "elsewhere")]
    assert kept == [(1, 1000), (1, 1000), (0, 0)]
    assert layer.ask(UPLOAD, parts=(b"x",), headers=[FORM]).status == 200
    monkeypatch.setattr(guard, "KEPT_EACH", 9)  # of 100 bytes each
    assert layer.ask(UPLOAD, parts=(b"x",), headers=[FORM]).status == 429
    monkeypatch.setattr(guard, "KEPT_EACH", 16)
    monkeypatch.setattr(guard, "KEPT", 9)
    assert layer.ask(UPLOAD, parts=(b"x",), headers=[FORM]).status == 507
    monkeypatch.setattr(guard, "KEPT", 128)
    monkeypatch.setattr(guard, "FREE", 1 << 60)
    assert layer.ask(UPLOAD, parts=(b"x",), headers=[FORM]).status == 507
    monkeypatch.setattr(guard, "FREE", 4)
    monkeypatch.setattr(guard, "FILES_EACH", 1)
    layer.uploads.add(path, Visitor("1.2.3.4", "", "d" * 32))
    assert layer.ask(UPLOAD, parts=(b"x",), headers=[FORM]).status == 429
    monkeypatch.setattr(guard, "FILES_EACH", 5000)
    monkeypatch.setattr(guard, "FILES", 1)
    assert layer.ask(UPLOAD, parts=(b"x",), headers=[FORM]).status == 507
    layer.uploads.sweep(0.0)
    assert layer.uploads.kept() == (0, 0)
    assert not layer.uploads._owners


def test_an_upload_is_handed_on_without_the_name_of_its_progress(layer):
    assert layer.ask(UPLOAD, parts=(b"x",), headers=[FORM]).scope["query_string"] == b""


def test_an_upload_is_taken_apart_where_it_stops_nobody(layer):
    threads = []

    async def application(scope, receive, send):
        threads.append(threading.current_thread())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"[]"})

    asked = layer.ask(UPLOAD, parts=(b"x",), headers=[FORM])
    assert asked.read == b"x"
    layer.guard.app = application
    scope = {"type": "http", "path": UPLOAD, "method": "POST", "headers": [(b"host", b"localhost"), FORM]}
    part = {"type": "http.request", "body": b"x"}

    async def receive():
        return part

    async def send(message):
        pass

    asyncio.run(layer.guard(scope, receive, send))
    assert threads[0] is not threading.current_thread()


def test_headers_are_short_and_cookies_our_own(layer):
    long = b"x" * guard.MOST_HEADER
    assert layer.ask(parts=(b"{}",), headers=[JSON, (b"a", long)]).status == 431
    assert layer.ask("/", method="GET", headers=[(b"cookie", long)]).status == 431
    sent = rb'a="\\\"; ' + f"{COOKIE}={'c' * 32}".encode() + rb'; access-token-7=""; access-token-8=x; b=c'
    asked = layer.ask("/", method="GET", headers=[(b"cookie", sent)])
    assert dict(asked.scope["headers"])[b"cookie"] == f"{COOKIE}={'c' * 32}; access-token-8=x".encode()
    assert asked.visitor.cookie == "c" * 32


def test_one_client_asks_for_few_things_at_once(layer):
    layer.guard._asking["1.2.3.4"] = guard.ASKING_EACH
    assert layer.ask().status == 429
    assert layer.ask(path="/health", method="GET").status == 200
    layer.guard._asking["1.2.3.4"] -= 1
    assert layer.ask().status == 200
    assert layer.guard._asking["1.2.3.4"] == guard.ASKING_EACH - 1


def test_an_answer_that_nobody_takes_ends(layer, monkeypatch):
    monkeypatch.setattr(guard, "TAKE_TIME", 0.05)
    sent = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})

    async def send(message):
        sent.append(message["type"])
        if len(sent) > 1:
            await asyncio.sleep(SLOW)

    layer.guard.app = application
    scope = {
        "type": "http",
        "path": "/",
        "method": "GET",
        "headers": [(b"host", b"localhost")],
        "client": ("1.2.3.4", 5),
    }
    begun = time.monotonic()
    asyncio.run(layer.guard(scope, None, send))
    assert time.monotonic() - begun < SLOW
    assert sent == ["http.response.start", "http.response.body"]
    assert not layer.guard._asking
