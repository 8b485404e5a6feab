"""A studio under attack: foreign files, other names of the server, requests that are too large, too slow or made to be.

    python -m benchmarks.faults.attack

Three studios with a tiny model are attacked in turn: a plain one, one with a password, one with assistants. Pictures
that nobody uploaded lie about in and beside the server's own folder. A way to one of them counts as open where the
answer is anything but a refusal, where a job that it began comes to a good end, or where what is said of a foreign file
is not what is said of one that is not there. Then requests are sent that are made to cost much; an honest client asks
`/health` meanwhile, and the longest it waited is printed for every kind of request.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.faults.commands import prepare
from benchmarks.faults.load import Studio

MARK = {"meta": {"_type": "gradio.FileData"}}
ENDED = ("done", "failed", "stopped")
NAME, PASSWORD = "studio", "secret"
REFUSALS = range(400, 500)
FORM = 'Content-Disposition: form-data; name="files"; filename="a.png"'
JSON = {"content-type": "application/json"}

# Seconds for which each kind of expensive request is sent, by so many clients at once.
SECONDS, CLIENTS = 4.0, 8


@dataclass
class Attack:
    """What was tried on one studio, and what it did.

    Attributes:
        tried: ways, by kind.
        open: those that led somewhere.
        waits: seconds that the honest client waited at most, by kind.
    """

    studio: Studio
    auth: tuple[str, str] | None
    tried: dict[str, int] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    waits: dict[str, float] = field(default_factory=dict)

    def client(self, **more: Any) -> httpx.Client:
        return httpx.Client(base_url=self.studio.url, timeout=120, auth=self.auth, **more)

    def count(self, kind: str, what: str, *, opened: bool) -> None:
        """One way was tried."""
        self.tried[kind] = self.tried.get(kind, 0) + 1
        if opened:
            self.open.append(f"{kind}: {what}")
            print(f"OPEN {kind}: {what}", flush=True)


# Files --------------------------------------------------------------------------------------------------


def places(folder: Path, own: Path, photo: Path, theirs: str) -> dict[str, str]:
    """Paths of what the visitor did not upload, in many spellings; `own` is the folder of an upload of theirs."""
    secret = folder / "secret.png"
    secret.write_bytes(photo.read_bytes())
    inside = own.parent / "inside.png"
    inside.write_bytes(photo.read_bytes())
    link = own.parent / "link.png"
    with contextlib.suppress(FileExistsError):
        link.symlink_to(secret)
    return {
        "local": str(secret),
        "beside uploads": str(inside),
        "a link": str(link),
        "another's upload": theirs,
        "above": f"{own}/../../{secret}",
        "dots": f"{own}/x/../../..{secret}",
        "own folder": str(own),
        "server's folder": str(own.parent),
        "root": "/",
        "slashes": f"//{secret}",
        "backslashes": f"\\\\{secret}",
        "file:": f"file:{secret}",
        "file://": f"file://{secret}",
        "FILE://localhost": f"FILE://localhost{secret}",
        "http": "http://127.0.0.1:9/a.png",
        "ftp": "ftp://127.0.0.1/a.png",
        "data": "data:image/png;base64,AAAA",
        "nul": f"{secret}\0.png",
        "nul after an own file": f"{own}/photo.jpg\0{secret}",
        "home": "~/.ssh/id_rsa",
        "environment": "/proc/self/environ",
        "descriptor": "/proc/self/fd/0",
        "root of a process": f"/proc/self/root{secret}",
        "relative": "secret.png",
        "concat:": f"concat:{secret}|{secret}",
        "subfile": f"subfile,,start,0,end,0,,:{secret}",
        "percent": str(secret).replace("/", "%2f"),
        "pattern": f"{folder}/secre%d.png",
        "glob": f"{folder}/*.png",
        "end of line": f"{secret}\n",
        "space": f" {secret}",
        "lock": str(own.parent / "lock"),
        "very long": "/x" * 5000,
        "device": "/dev/zero",
        "password": "/etc/passwd",
    }


def shapes(path: str) -> dict[str, Any]:
    """One path in each form in which a request could give a file."""
    named = {"path": path, "orig_name": "me.png"}
    return {
        "path": named,
        "text": path,
        "marked": {**named, **MARK},
        "url": {"path": path, "url": f"file://{path}", **MARK},
        "only url": {"url": path, **MARK},
        "list": [named],
        "nested": [[{**named, **MARK}]],
        "deep": {"path": named},
        "value": {"value": named},
        "example": {"example": path},
        "example above": {"example": f"../../../{path}"},
        "job": {"job": path},
    }


def fields(given: Any, good: dict[str, str]) -> Iterator[tuple[str, str, Any]]:
    """Address and request for each place at which a file may stand, and for settings that are files elsewhere."""
    walk = {"motion": "walk", "settings": {"max_frames": 2, "size": 64, "background": "plain"}}
    yield "/api/jobs", "photo", {**walk, "photo": given}
    yield "/api/jobs", "further photo", {**walk, "photo": [good, given]}
    yield "/api/jobs", "motion", {**walk, "photo": good, "motion": given}
    yield "/api/jobs", "background_file", {**walk, "photo": good, "background_file": given}
    yield "/api/jobs", "mask", {**walk, "photo": good, "mask": given}
    yield "/api/dress", "style", {"photo": good, "style": given}
    yield "/api/dress", "photo", {"photo": given, "style": good}
    yield "/api/people", "hair", {"seed": 0, "hair": given}
    for name in (
        "matte_model",
        "mask",
        "joints",
        "model",
        "detector",
        "pose_model",
        "background",
        "estimator",
        "device",
    ):
        yield "/api/jobs", f"settings.{name}", {**walk, "photo": good, "settings": {name: given}}


def files(attack: Attack, folder: Path, photo: Path) -> None:
    """Every field with every path in its plain form; the photo with every path in every form."""
    with attack.client() as me, attack.client() as other:
        for each in (me, other):
            each.get("/").raise_for_status()
        theirs = upload(other, "theirs.jpg", photo)
        mine = upload(me, "photo.jpg", photo)
        good = {"path": mine, "orig_name": "photo.jpg"}
        for place, path in places(folder, Path(mine).parent, photo, theirs).items():
            forms = shapes(path)
            asked = [(where, name, body) for where, name, body in fields(forms["path"], good)]
            asked += [(where, name, body) for where, name, body in fields(path, good) if name.startswith("settings.")]
            asked += [next(fields(given, good)) for given in forms.values()]
            if path == good["path"]:
                continue
            for where, name, body in asked:
                attack.count("files in requests", f"{place} as {name}", opened=ends_well(me, where, body))
        for name in ("secret.png", "absent.png"):
            given = str(folder / name)
            asked = [*fields({"path": given, "orig_name": "me.png"}, good), *fields(given, good)]
            told = [outcome(me, where, body)[1].replace(name, "") for where, _, body in asked]
            if name == "secret.png":
                known = told
        for (_, name, _), here, absent in zip(asked, known, told, strict=True):
            attack.count("whether a file is there", f"{name}: {here} / {absent}", opened=here != absent)
        for path in addresses(str(folder / "secret.png"), mine, theirs):
            answer = raw(attack, "GET", path)
            attack.count("files by address", path, opened=answer[0] not in REFUSALS or photo.read_bytes() in answer[1])


def upload(client: httpx.Client, name: str, path: Path) -> str:
    """The path that the studio gives to a file."""
    answer = client.post("/gradio_api/upload", files={"files": (name, path.read_bytes())}).raise_for_status()
    return str(answer.json()[0])


def ends_well(client: httpx.Client, where: str, body: Any) -> bool:
    """Whether a request is taken, and its job comes to a good end."""
    return outcome(client, where, body)[0]


def outcome(client: httpx.Client, where: str, body: Any) -> tuple[bool, str]:
    """Whether a request is taken and its job comes to a good end, and what is said of it."""
    asked = client.post(where, json=body)
    while asked.status_code == 429:
        time.sleep(0.1)
        asked = client.post(where, json=body)
    if asked.status_code != 201:
        return asked.status_code not in REFUSALS, asked.text
    while (state := client.get(f"/api/jobs/{asked.json()['id']}").json())["state"] not in ENDED:
        time.sleep(0.02)
    return state["state"] == "done", str(state["error"])


def addresses(secret: str, mine: str, theirs: str) -> list[str]:
    """Addresses at which servers of this kind have given away files."""
    flat = secret.strip("/")
    starts = [
        "/gradio_api/file=",
        "/file=",
        "/gradio_api/file/",
        "/file/",
        "/gradio_api/proxy=file://",
        "/static/",
        "/assets/",
        "/gradio_api/stream/",
        "/gradio_api/download/",
        "/page/",
        "/page/../",
        "/page/%2e%2e/",
        "/api/examples/",
        "/api/examples/..%2f",
        "/api/jobs/x/files/",
        "/gradio_api/mcp/",
        "/gradio_api/mcp/../file=",
        "/svelte/",
        "/theme.css/../",
        "/custom_component/a/b/c/",
        "//",
    ]
    found = [f"{start}{path}" for start in starts for path in (flat, secret, mine, theirs, "..%2f..%2f..%2f" + flat)]
    return [
        *found,
        "/config",
        "/gradio_api/info",
        "/docs",
        "/openapi.json",
        "/gradio_api/queue/data",
        "/monitoring/x",
        "/gradio_api/deep_link",
        "/gradio_api/heartbeat/x",
        "/gradio_api/upload_progress?upload_id=x",
    ]


def raw(
    attack: Attack, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> tuple[int, bytes]:
    """An answer to a request whose address is sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", attack.studio.port, timeout=120)
    sent = dict(headers or {})
    if attack.auth is not None:
        sent["authorization"] = httpx.BasicAuth(*attack.auth)._auth_header
    with contextlib.closing(connection):
        connection.putrequest(method, path, skip_host="host" in sent, skip_accept_encoding=True)
        for name, value in {**sent, "content-length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()


# Who asks -----------------------------------------------------------------------------------------------


def others(attack: Attack) -> None:
    """Other names of the server, pages of elsewhere, other kinds of content, and without the password."""
    port = attack.studio.port
    good = json.dumps(
        {"photo": {"example": "meadow"}, "motion": "walk", "settings": {"max_frames": 2, "size": 64}}
    ).encode()
    hosts = [
        "evil.example",
        f"evil.example:{port}",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "[::]",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost/evil",
        "",
        " ",
        "localhost:99999999",
        "localhost#x",
        "LOCALHOST.EVIL",
        "xn--localhost-",
        "localhost\t.evil",
        "[::1].evil",
    ]
    for host in hosts:
        for method, path in (("GET", "/"), ("POST", "/api/jobs"), ("GET", "/api/jobs")):
            answer = raw(attack, method, path, {**JSON, "host": host}, good)
            attack.count("other names", f"{method} {path} as {host!r}", opened=answer[0] not in REFUSALS)
    for origin in (
        "http://evil.example",
        "null",
        "file://",
        "http://localhost.evil.example",
        f"http://evil.example:{port}",
        "http://127.0.0.1:1",
        "http://localhost@evil.example",
        "",
    ):
        for method in ("POST", "GET", "HEAD", "OPTIONS"):
            answer = raw(attack, method, "/api/jobs", {**JSON, "origin": origin}, good if method == "POST" else b"")
            attack.count("pages of elsewhere", f"{method} {origin}", opened=answer[0] not in REFUSALS)
    for site in ("cross-site", "same-site", "Cross-Site"):
        answer = raw(attack, "POST", "/api/jobs", {**JSON, "sec-fetch-site": site}, good)
        attack.count("pages of elsewhere", site, opened=answer[0] not in REFUSALS)
    for kind in (
        "text/plain",
        "",
        "application/x-www-form-urlencoded",
        "application/vnd.x+json",
        "application/problem+json",
        "multipart/form-data; boundary=b",
        "text/json",
        "application/json5",
        "text/plain; application/json",
    ):
        answer = raw(attack, "POST", "/api/jobs", {"content-type": kind}, good)
        attack.count("kinds of content", kind, opened=answer[0] not in REFUSALS)
    if attack.auth is None:
        return
    right, attack.auth = attack.auth, None
    for method, path in (
        ("POST", "/api/jobs"),
        ("GET", "/api/jobs"),
        ("GET", "/metrics"),
        ("POST", "/gradio_api/upload"),
        ("POST", "/api/looks"),
        ("POST", "/api/dress"),
        ("POST", "/api/people"),
        ("GET", "/api/studio"),
        ("DELETE", "/api/jobs/x"),
        ("GET", "/api/openapi.json"),
        ("GET", "/api"),
        ("POST", "/gradio_api/call/x"),
        ("POST", "/gradio_api/cancel"),
        ("POST", "/gradio_api/reset"),
        ("GET", "/login/../api/jobs"),
        ("GET", "//api/jobs"),
        ("POST", "/gradio_api/run/x"),
        ("GET", "/api/examples/meadow.jpg"),
    ):
        for cookie in ("", "access-token-1=x", "access-token-unsecure-=", "tempose-visitor=" + "x" * 40):
            answer = raw(attack, method, path, {**JSON, "cookie": cookie}, good)
            attack.count("without the password", f"{method} {path} {cookie}", opened=answer[0] not in REFUSALS)
    attack.auth = right


def assistants(attack: Attack, folder: Path, photo: Path) -> None:
    """Tools of assistants, by plain requests of the protocol, with paths in their arguments."""
    with attack.client() as client:
        theirs = upload(client, "theirs.jpg", photo)
    head = {**JSON, "accept": "application/json, text/event-stream"}
    secret = str(folder / "secret.png")

    def called(arguments: dict[str, str]) -> tuple[bool, str]:
        """Whether the tool did as it was told, and what it said."""
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "animate", "arguments": arguments},
        }
        status, answer = raw(attack, "POST", "/gradio_api/mcp/", head, json.dumps(call).encode())
        failed = status in REFUSALS or b'"isError":true' in answer.replace(b" ", b"")
        return not failed, f"{status} {answer[:200]!r}"

    works = called({"photo": "meadow", "motion": "walk", "settings": '{"max_frames": 2, "size": 64}'})
    if not works[0]:
        sys.exit(f"assistants are not answered: {works[1]}")
    for place, path in places(folder, Path(theirs).parent, photo, theirs).items():
        # By address, programs without cookies are the same visitor; a data: URL is an upload by itself.
        if place in ("another's upload", "data"):
            continue
        for arguments in (
            {"photo": path, "motion": "walk", "settings": '{"max_frames": 2, "size": 64}'},
            {"photo": "meadow", "motion": path},
            {"photo": "meadow", "settings": json.dumps({"matte_model": path})},
            {"photo": "meadow", "settings": json.dumps({"mask": path, "background": path})},
            {"photo": "meadow", "settings": path},
        ):
            opened, said = called(arguments)
            attack.count("tools of assistants", f"{place} in {sorted(arguments)}: {said}", opened=opened)
    for start in (
        "/gradio_api/mcp/file=",
        "/gradio_api/mcp/../file=",
        "/gradio_api/mcp/%2e%2e/file=",
        "/gradio_api/mcp/upload_file?file=",
    ):
        _, answer = raw(attack, "GET", f"{start}{secret}", {"accept": "text/event-stream"})
        attack.count("files by address", start, opened=photo.read_bytes() in answer)


def guesses(attack: Attack) -> None:
    """Wrong passwords in a row, after which that address has to wait."""
    attack.auth = (NAME, "wrong")
    answers = [raw(attack, "GET", "/api/jobs")[0] for _ in range(8)]
    attack.count("guesses", str(answers), opened=200 in answers or 429 not in answers)


# What costs ---------------------------------------------------------------------------------------------


def costs(attack: Attack, photo: Path) -> None:
    """Requests that are made to cost much, by several clients at once; how long the honest one waits meanwhile."""
    part = f"--b\r\n{FORM}\r\n\r\n\r\n".encode()
    form = {"content-type": "multipart/form-data; boundary=b"}
    ranges = "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(700))
    kinds: dict[str, Callable[[], Any]] = {
        "30 MB without the right": lambda: raw(attack, "POST", "/api/jobs", JSON, b"[" + b"{}," * 10_000_000),
        "900 KB of values": lambda: raw(attack, "POST", "/api/jobs", JSON, b"[" + b"{}," * 300_000 + b"{}]"),
        "900 KB of depth": lambda: raw(attack, "POST", "/api/jobs", JSON, b"[" * 900_000),
        "900 KB of a name": lambda: raw(attack, "POST", "/api/jobs", JSON, b'{"' + b"x" * 900_000 + b'": 1}'),
        "900 KB of a number": lambda: raw(attack, "POST", "/api/jobs", JSON, b'{"photo": ' + b"1" * 900_000 + b"}"),
        "thousands of photos": lambda: raw(
            attack, "POST", "/api/looks", JSON, json.dumps({"photo": [{"example": "meadow"}] * 9000}).encode()
        ),
        "40,000 files in one upload": lambda: raw(
            attack, "POST", "/gradio_api/upload", form, part * 40_000 + b"--b--\r\n"
        ),
        "a cookie of backslashes": lambda: raw(attack, "GET", "/", {"cookie": 'a="' + "\\" * 50_000 + '"'}),
        "a small cookie of backslashes": lambda: raw(attack, "GET", "/", {"cookie": 'a="' + "\\" * 8000 + '"'}),
        "a kind of content of semicolons": lambda: raw(
            attack, "POST", "/gradio_api/upload", {"content-type": 'multipart/form-data; a="' + ";" * 7000}
        ),
        "a range of 700 parts": lambda: raw(attack, "GET", "/page/sample.mp4", {"range": ranges}),
        "a start of 20,000 seconds": lambda: raw(
            attack,
            "POST",
            "/api/looks",
            JSON,
            json.dumps(
                {
                    "photo": {"example": "meadow"},
                    "motion": "walk",
                    "settings": {"start": 20_000, "fps": 60, "max_frames": 2},
                }
            ).encode(),
        ),
    }
    for kind, make in kinds.items():
        answered: list[int] = []
        end = time.monotonic() + SECONDS

        def go(make: Callable[[], Any] = make, end: float = end, answered: list[int] = answered) -> None:
            while time.monotonic() < end:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    answered.append(make()[0])

        with waiting(attack, kind):
            threads = [threading.Thread(target=go) for _ in range(CLIENTS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        print(
            f"  {kind}: {len(answered)} answers {sorted(set(answered))}, /health within {attack.waits[kind]:.2f} s",
            flush=True,
        )
    with waiting(attack, "50 slow connections"):
        held = []
        for number in range(50):
            held.append(socket.create_connection(("127.0.0.1", attack.studio.port)))
            held[-1].sendall(b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\n"[: 10 + number])
        time.sleep(SECONDS)
        for each in held:
            each.close()
    print(f"  50 slow connections: /health within {attack.waits['50 slow connections']:.2f} s", flush=True)


@contextlib.contextmanager
def waiting(attack: Attack, kind: str) -> Iterator[None]:
    """An honest client asks whether the server lives; the longest it waits is noted under that kind."""
    ended, most = threading.Event(), [0.0]

    def ask() -> None:
        while not ended.is_set():
            begin = time.monotonic()
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"{attack.studio.url}/health", timeout=600)
            most.append(time.monotonic() - begin)
            ended.wait(0.05)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        ended.set()
        asking.join()
        attack.waits[kind] = max(most)


def attacked(place: Path, name: str, *options: str, auth: tuple[str, str] | None = None) -> Attack:
    """One studio, attacked in every way that concerns it."""
    studio = Studio.begun(place / "in" / "model", place / f"{name}.txt", *options)
    attack, photo = Attack(studio, auth), place / "in" / "photo.jpg"
    folder = place / f"foreign-{name}"
    folder.mkdir()
    try:
        files(attack, folder, photo)
        others(attack)
        if "--mcp" in options:
            assistants(attack, folder, photo)
        costs(attack, photo)
        if auth is not None:
            guesses(attack)
        held, lives = studio.megabytes(), studio.process.poll() is None
    finally:
        studio.end()
    told = ", ".join(f"{count} {kind}" for kind, count in attack.tried.items())
    print(f"{name}: {told}; {len(attack.open)} open; {held:.0f} MB", flush=True)
    said = (place / f"{name}.txt").read_text(errors="replace")
    if not lives or "Traceback" in said:
        attack.open.append(f"{name} ended early, or with a traceback: {said[-800:]}")
        print(attack.open[-1])
    return attack


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("plain", "password", "assistants"), help="one of the studios")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepare(place / "in", ())
        password = place / "password"
        password.write_text(f"{NAME}:{PASSWORD}\n")
        studios: dict[str, tuple[Any, ...]] = {
            "plain": (),
            "password": ("--auth-file", str(password)),
            "assistants": ("--mcp",),
        }
        attacks = [
            attacked(place, name, *words, auth=(NAME, PASSWORD) if name == "password" else None)
            for name, words in studios.items()
            if options.only in (None, name)
        ]
    tried, led = sum(sum(each.tried.values()) for each in attacks), sum(len(each.open) for each in attacks)
    print(f"{tried} ways, {led} open")
    sys.exit(1 if led else 0)


if __name__ == "__main__":
    main()
