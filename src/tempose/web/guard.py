"""What the server refuses before anything reads it, and what every answer carries.

In this order: hosts and origins that are not ours, addresses that the studio does not need, visitors without the
password, bodies that are too large or too slow, JSON that names places elsewhere.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from typing import IO, Any
from urllib.parse import SplitResult, urlsplit

from tempose.web.uploads import COOKIE, Uploads, Visitor

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Headers = list[tuple[bytes, bytes]]

# Where the visitor of a request stands in its ASGI scope.
VISITOR = "tempose.visitor"

# Bytes of a request that is no upload, of a login, and of a header.
MOST_JSON, MOST_LOGIN, MOST_HEADER = 1_000_000, 10_000, 8_192

# Values in a request, at most: a thousand files with their names are five thousand.
VALUES = 30_000

# Seconds: between two parts of a body, for a whole body, for a whole upload; for a part of the answer to be taken.
STALL, BODY_TIME, UPLOAD_TIME, TAKE_TIME = 20.0, 30.0, 900.0, 120.0

# Uploads on their way at once, in all and of one address; the same of requests of one address.
UPLOADS, UPLOADS_EACH, ASKING_EACH = 24, 8, 64

# What is kept of uploads, in all and of one address, and what must stay free on the disk: each in largest uploads.
KEPT, KEPT_EACH, FREE = 128, 16, 4

# Files that were uploaded and are kept, in all and of one address; one that came twice counts twice.
FILES, FILES_EACH = 30_000, 5_000

# So many wrong passwords within so many seconds, of one address and of all, and logins rest.
WRONG_EACH, WRONG_ALL, WRONG_SECONDS = 5, 100, 60.0

# The addresses that the page and its programs need: those before the password, those after it, and those of assistants.
OPEN = re.compile(r"/|/(login|logout|robots\.txt|favicon\.ico)/?|/page/[\w.-]+|/gradio_api/(startup-events|app_id)/?")
CLOSED_ELSE = re.compile(
    r"/metrics|/gradio_api/upload/?|/api(/(openapi\.json|[\w-]+(/[\w.-]+(/preview|/files/[^/]+)?)?))?"
)
OF_ASSISTANTS = re.compile(r"/gradio_api/mcp(/.*)?", re.DOTALL)

# A cookie of ours: who a visitor is, and who has given the password.
_COOKIE = re.compile(rf"({COOKIE}|access-token(?:-unsecure)?-[\w-]+)=([\w-]+)", re.ASCII)

# What a page of this server may load: what comes from it, and what the browser itself holds.
POLICY = b"default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; frame-ancestors 'self'"

# What every answer carries.
HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", POLICY),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"cross-origin-resource-policy", b"same-origin"),
]

# Where a request goes: a name or a number, and perhaps a port; of an origin, after what it is spoken in.
_PLACE = re.compile(rb"(https?:)?//([\w.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?", re.IGNORECASE)

# A path in JSON that is an address of some kind, of the network or not.
_ELSEWHERE = re.compile(r"[\s\x00-\x20]*([a-z][a-z0-9+.-]*:|//|\\\\)", re.IGNORECASE)


class Refused(Exception):
    """A request is not taken: the status and one sentence."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Guard:
    """A layer around the application (ASGI) that bounds requests.

    Args:
        app: the application.
        most_bytes: of an upload.
        uploads: whose files are whose.
        hosts: names of this server in the addresses that visitors use; `*` is any address of numbers.
        assistants: whether assistants are answered, too.
    """

    def __init__(
        self, app: Any, *, most_bytes: int, uploads: Uploads, hosts: set[str], assistants: bool = False
    ) -> None:
        self.app, self.most_bytes, self.uploads, self.hosts = app, most_bytes, uploads, hosts
        self.assistants = assistants
        self._sending: Counter[str] = Counter()
        self._asking: Counter[str] = Counter()
        self._storing = asyncio.Lock()
        self._wrong: list[tuple[float, str]] = []

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": [*message.get("headers", ()), *self.extra(scope)]}
            try:
                async with asyncio.timeout(TAKE_TIME):
                    await send(message)
            except TimeoutError:
                raise Refused(408, "the answer was taken too slowly") from None

        try:
            with self.counted(scope):
                await self.pass_on(scope, receive, answer)
        except Refused as refused:
            if not begun:
                await refuse(answer, refused.status, str(refused))

    @contextmanager
    def counted(self, scope: dict[str, Any]) -> Iterator[None]:
        """A request is being answered.

        Raises:
            Refused: there are too many of the same address; who asks only whether the server lives is answered still.
        """
        address = address_of(scope)
        if self._asking[address] >= ASKING_EACH and scope["path"] != "/health":
            raise Refused(429, "too many requests at once; wait for some to be answered")
        self._asking[address] += 1
        try:
            yield
        finally:
            self._asking[address] -= 1
            if not self._asking[address]:
                del self._asking[address]

    async def pass_on(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        """Refuse the request or hand it to the application."""
        scope["headers"] = plain(scope["headers"])
        headers, path, method = sole(scope["headers"]), scope["path"], scope.get("method", "GET")
        check_host(headers, self.hosts, changes=method not in ("GET", "HEAD", "OPTIONS"))
        if path == "/health" and method in ("GET", "HEAD"):
            return await said(send, 200, b'{"status": "ok"}', b"application/json")
        open_to_all = OPEN.fullmatch(path) is not None
        needed = CLOSED_ELSE.fullmatch(path) or (self.assistants and OF_ASSISTANTS.fullmatch(path))
        if not open_to_all and not needed:
            raise Refused(404, "there is nothing at this address")
        visitor = scope[VISITOR] = self.named(visitor_of(scope, headers), scope, headers)
        self.uploads.seen(visitor)
        if has_passwords(scope) and not visitor.user and not open_to_all:
            raise Refused(401, "log in first")
        if method in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, bounded(receive, MOST_JSON), send)
        elif path.rstrip("/") == "/login":
            await self.login(scope, receive, send, visitor.address)
        elif path.rstrip("/").endswith("/upload"):
            await self.upload(scope, receive, send, visitor)
        else:
            await self.app(scope, await self.json_body(scope, headers, receive), send)

    def extra(self, scope: dict[str, Any]) -> Headers:
        """What the answer carries besides; a visitor who was not known is given a cookie with a page or an upload."""
        visitor = scope.get(VISITOR)
        if visitor is None or visitor.given is None or not re.fullmatch(r"/|/gradio_api/upload/?", scope["path"]):
            return HEADERS
        forwarded = sole(scope["headers"]).get(b"x-forwarded-proto", b"").startswith(b"https")
        secure = "; Secure" if scope.get("scheme") == "https" or forwarded else ""
        cookie = f"{COOKIE}={visitor.given}; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400{secure}"
        return [*HEADERS, (b"set-cookie", cookie.encode())]

    def named(self, visitor: Visitor, scope: dict[str, Any], headers: dict[bytes, bytes]) -> Visitor:
        """The visitor, by the name and password that a program sends with each request (HTTP Basic), if it does."""
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if not has_passwords(scope) or visitor.user or kind.lower() != b"basic":
            return visitor
        at = self.may_try(visitor.address)
        try:
            user, _, password = base64.b64decode(given, validate=True).partition(b":")
        except ValueError:
            user = password = b""
        known = scope["app"].auth.get(user.decode("utf-8", "replace"), "").encode()
        if not known or not hmac.compare_digest(known, password):
            raise Refused(401, "that is not the name and the password")
        self.forgive(at, visitor.address)
        return replace(visitor, user=user.decode())

    def may_try(self, address: str) -> float:
        """The moment of a try at a password, which counts as wrong until it is forgiven: many at once count, too.

        Raises:
            Refused: there were too many wrong ones.
        """
        now = time.monotonic()
        self._wrong = [(at, who) for at, who in self._wrong if now - at < WRONG_SECONDS]
        if sum(who == address for _, who in self._wrong) >= WRONG_EACH or len(self._wrong) >= WRONG_ALL:
            raise Refused(429, f"too many wrong passwords; wait {WRONG_SECONDS:.0f} seconds")
        self._wrong.append((now, address))
        return now

    def forgive(self, at: float, address: str) -> None:
        """That try was right."""
        self._wrong = [each for each in self._wrong if each != (at, address)]

    async def json_body(self, scope: dict[str, Any], headers: dict[bytes, bytes], receive: Receive) -> Receive:
        """The body, read whole and looked through; what the application then reads is what was looked at."""
        check_length(headers, MOST_JSON)
        body = await whole(bounded(receive, MOST_JSON), seconds=BODY_TIME)
        if sum(map(body.count, (b",", b"[", b"{"))) > VALUES:
            raise Refused(413, f"more than {VALUES:,} values are not taken here")
        if body:
            kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
            if kind != b"application/json":
                raise Refused(415, "wanted JSON, as Content-Type: application/json")
            try:
                value = json.loads(body)
                if names_address(value):
                    raise Refused(403, "files are uploaded here, not fetched from other places")
                body = json.dumps(value).encode()
            except (ValueError, RecursionError):
                raise Refused(400, "this is no JSON, or too deep") from None
            scope["headers"] = [
                (name, value) for name, value in scope["headers"] if name not in (b"content-length", b"content-type")
            ] + [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
        return again([body], receive)

    async def login(self, scope: dict[str, Any], receive: Receive, send: Any, address: str) -> None:
        """Hand a login on; after some wrong ones, those of the same address rest for a while."""
        at = self.may_try(address)
        body = await whole(bounded(receive, MOST_LOGIN), seconds=BODY_TIME)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self.forgive(at, address)
            await send(message)

        await self.app(scope, again([body], receive), told)

    async def upload(self, scope: dict[str, Any], receive: Receive, send: Any, visitor: Visitor) -> None:
        """Take an upload whole, out of the application's sight, and then hand it on; its files are the visitor's.

        Nothing is left of one that breaks off: until it is whole, it has no name on the disk.
        """
        headers = sole(scope["headers"])
        check_length(headers, self.most_bytes)
        if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"multipart/form-data":
            raise Refused(415, "wanted files as a form sends them (multipart/form-data)")
        if sum(self._sending.values()) >= UPLOADS or self._sending[visitor.address] >= UPLOADS_EACH:
            raise Refused(429, "too many uploads at once; try again when some have ended")
        await asyncio.to_thread(self.check_room, visitor.address)
        scope["query_string"] = b""  # an upload with a name is one whose progress the application keeps for ever
        self._sending[visitor.address] += 1
        answered: list[bytes] = []

        async def listened(message: Message) -> None:
            if message["type"] == "http.response.body":
                answered.append(message.get("body", b""))
                if not message.get("more_body"):
                    self.remember(b"".join(answered), visitor)
            await send(message)

        try:
            with tempfile.TemporaryFile() as taken:
                async for part in parts(bounded(receive, self.most_bytes), seconds=UPLOAD_TIME):
                    await asyncio.to_thread(taken.write, part)
                taken.seek(0)
                async with self._storing:
                    answer = await asyncio.to_thread(self.stored, scope, taken)
                for message in answer:
                    await listened(message)
        finally:
            self._sending[visitor.address] -= 1
            self._sending += Counter()  # without those that are at zero

    def check_room(self, address: str) -> None:
        """Whether one more upload can be kept.

        Raises:
            Refused: what is kept of this address, or of all, is too much already, or the disk is nearly full.
        """
        files, size = self.uploads.kept(address)
        if files > FILES_EACH or size > KEPT_EACH * self.most_bytes:
            raise Refused(429, "too much of yours is kept here already; try again when some of it is gone")
        files, size = self.uploads.kept()
        free = shutil.disk_usage(self.uploads.folder).free
        if files > FILES or size > KEPT * self.most_bytes or free < FREE * self.most_bytes:
            raise Refused(507, "there is no room for uploads here now; try again later")

    def remember(self, answer: bytes, visitor: Visitor) -> None:
        """The paths in the answer to an upload are the visitor's."""
        try:
            paths = json.loads(answer)
        except ValueError:
            return
        for path in paths if isinstance(paths, list) else ():
            if isinstance(path, str):
                self.uploads.add(path, visitor)

    def stored(self, scope: dict[str, Any], taken: IO[bytes]) -> list[Message]:
        """The application's answer to an upload, which it takes apart here, in a thread of its own: many small files in
        one would otherwise stop everybody. What it leaves of one that it refuses is removed, so there is one at a time.
        """
        answer: list[Message] = []

        async def tell(message: Message) -> None:
            answer.append(message)

        async def no_more() -> Message:
            return await asyncio.Future()

        try:
            body = iter(lambda: taken.read(1 << 18), b"")
            asyncio.run(self.app(scope, again(body, no_more), tell))
        finally:
            for left in self.uploads.folder.glob("tmp*"):
                if left.is_file():
                    left.unlink(missing_ok=True)
        return answer


# Who asks ------------------------------------------------------------------------------------------


def plain(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers, of cookies only ours: reading those of others as the library does takes minutes if they are made so.

    Raises:
        Refused: one is too long.
    """
    kept: Headers = []
    for name, value in headers:
        if len(name) + len(value) > MOST_HEADER:
            raise Refused(431, f"a header of more than {MOST_HEADER:,} bytes is not taken here")
        if name.lower() == b"cookie":
            ours = [part.strip() for part in value.decode("latin-1").split(";")]
            value = "; ".join(part for part in ours if _COOKIE.fullmatch(part)).encode()
        kept.append((name, value))
    return kept


def sole(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name; of several with one name, the first."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found.setdefault(name.lower(), value)
    return found


def check_host(headers: dict[bytes, bytes], hosts: set[str], *, changes: bool) -> None:
    """Whether a request is meant for this server, and does not come from another's page.

    A name that is not ours but leads here is how a page of elsewhere gets around the browser's rules (DNS rebinding).

    Raises:
        Refused: it is not.
    """
    host = split(b"//" + headers.get(b"host", b""))
    if host is None or not is_ours(host, hosts):
        raise Refused(421, "this server is not known by that name; start it with --allowed-host and the name")
    origin = headers.get(b"origin")
    if origin is not None:  # also where nothing changes: of a host with a name Gradio lets every page read
        page = split(origin)
        if page is None or not is_ours(page, hosts) or (page.port and host.port and page.port != host.port):
            raise Refused(403, "requests of other pages are not taken here")
    if changes and headers.get(b"sec-fetch-site", b"").lower() in (b"cross-site", b"same-site"):
        raise Refused(403, "requests of other pages are not taken here")


def split(address: bytes) -> SplitResult | None:
    """The parts of an address; None where it is none."""
    if not _PLACE.fullmatch(address):
        return None
    try:
        found = urlsplit(address.decode("latin-1"))
        return None if found.port == 0 else found
    except ValueError:
        return None


def is_ours(address: SplitResult, hosts: set[str]) -> bool:
    """Whether an address is one of this server's."""
    name = (address.hostname or "").rstrip(".").lower()
    return name in hosts or ("*" in hosts and is_number(name))


def is_number(name: str) -> bool:
    """Whether a host is an address of numbers, which no name server can turn elsewhere."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def has_passwords(scope: dict[str, Any]) -> bool:
    """Whether Gradio's application asks for a password."""
    return getattr(scope.get("app"), "auth", None) is not None


def address_of(scope: dict[str, Any]) -> str:
    """From where a request comes."""
    return str((scope.get("client") or ("unknown",))[0])


def visitor_of(scope: dict[str, Any], headers: dict[bytes, bytes]) -> Visitor:
    """The visitor who makes a request, by its cookies and address."""
    cookies = dict(_COOKIE.findall(headers.get(b"cookie", b"").decode()))
    address, user = address_of(scope), ""
    if has_passwords(scope):
        app = scope["app"]
        names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
        user = next((app.tokens[cookies[name]] for name in names if cookies.get(name) in app.tokens), "")
    return Visitor.of(cookies, address=address, user=str(user or ""))


# What they send ------------------------------------------------------------------------------------


def check_length(headers: dict[bytes, bytes], most: int) -> None:
    """Refuse a body by the length that it is said to have."""
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and (len(length) > 18 or int(length) > most):
        raise too_large(most)


def too_large(most: int) -> Refused:
    return Refused(413, f"more than {most / 1e6:g} MB are not taken here")


def bounded(receive: Receive, most: int) -> Receive:
    """The messages of a request; Refused where their bodies are more than so many bytes in all."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise too_large(most)
        return message

    return counted


async def parts(receive: Receive, *, seconds: float) -> Any:
    """The parts of a body, which come without long pauses and within so many seconds.

    Raises:
        Refused: they do not, or the sender has left.
    """
    end, more = time.monotonic() + seconds, True
    while more:
        try:
            message = await asyncio.wait_for(receive(), max(0.01, min(STALL, end - time.monotonic())))
        except TimeoutError:
            raise Refused(408, "the request came too slowly") from None
        if message["type"] == "http.disconnect":
            raise Refused(400, "the request broke off")
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def whole(receive: Receive, *, seconds: float) -> bytes:
    """A body, as `parts` takes it."""
    return b"".join([part async for part in parts(receive, seconds=seconds)])


def again(body: Iterable[bytes], receive: Receive) -> Receive:
    """A body that was read already, and then what comes after it."""
    waiting, done = iter(body), False

    async def replayed() -> Message:
        nonlocal done
        if done:
            return await receive()
        part = next(waiting, None)
        done = part is None
        return {"type": "http.request", "body": part or b"", "more_body": not done}

    return replayed


def names_address(value: Any) -> bool:
    """Whether JSON names a file by an address, which Gradio would fetch."""
    if isinstance(value, list):
        return any(map(names_address, value))
    if not isinstance(value, dict):
        return False
    path = value.get("path")
    if isinstance(path, str) and _ELSEWHERE.match(path):
        return True
    return any(map(names_address, value.values()))


# What they hear ------------------------------------------------------------------------------------


async def refuse(send: Any, status: int, why: str) -> None:
    """Answer with one sentence, and close the connection."""
    await said(send, status, why.encode(), b"text/plain; charset=utf-8", (b"connection", b"close"))


async def said(send: Any, status: int, body: bytes, kind: bytes, *headers: tuple[bytes, bytes]) -> None:
    """A whole answer."""
    length = (b"content-length", str(len(body)).encode())
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind), length, *headers]}
    )
    await send({"type": "http.response.body", "body": body})
