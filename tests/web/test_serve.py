"""The server's life: it starts or says why not, and ends cleanly."""

import asyncio
import contextlib
import json
import re
import signal
import socket
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from web.servers import START, Server

from tempose.core.errors import InputError
from tempose.core.files import TEMPORARY
from tempose.web import serve as serving
from tempose.web.serve import (
    PREFIX,
    check_mcp,
    files_of_its_own,
    hold_to_limits,
    known_hosts,
    read_password,
    serve,
)


@pytest.fixture(scope="module", autouse=True)
def held(server):
    """Connections that say half a sentence, from before the first test on: their time runs out meanwhile."""
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for connection in held:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: loc")
        connection.settimeout(START)
    yield held
    for connection in held:
        connection.close()


@pytest.mark.slow
def test_sigterm_finishes_what_runs_refuses_what_is_new_and_leaves_nothing(cache, killed):
    assert killed.path.is_file()
    server = Server(cache / "model", "--per-client", 4, "--mcp", env={"TMPDIR": str(killed.room)})
    assert not killed.path.exists()  # what a killed one left is removed by the next
    client = httpx.Client(base_url=server.url, timeout=START)
    offered, made, wrong = asyncio.run(by_assistant(server))
    assert offered == {"animate", "wait"}
    assert (wrong.isError, made["state"], made["result"]["frames"]) == (True, "done", 2)
    assert "the settings are no JSON" in wrong.content[0].text
    assert client.get(f"/api/jobs/{made['id']}/files/{made['files'][0]}").content[4:8] == b"ftyp"
    wanted = {"photo": {"example": "meadow"}, "settings": {"max_frames": 16, "steps": 50, "size": 64}}
    folder = Path(client.post("/gradio_api/upload", files={"files": ("a.png", b"x")}).json()[0]).parents[1]

    def begun():
        return client.post("/api/jobs", json=wanted)

    def state(job):
        return client.get(f"/api/jobs/{job}").json()

    running = begun().json()["id"]
    while (now := state(running))["part"] != "generating":
        assert now["state"] in ("waiting", "running"), now
        time.sleep(0.02)
    waiting = begun().json()["id"]
    server.process.send_signal(signal.SIGTERM)
    while "shutting down" not in (refused := begun()).text:
        if refused.status_code == 201:
            client.delete(f"/api/jobs/{refused.json()['id']}")
    assert refused.status_code == 429
    assert state(waiting)["state"] == "stopped"
    while (now := state(running))["state"] == "running":
        time.sleep(0.1)
    assert (now["state"], now["result"]["frames"]) == ("done", 16)
    assert client.get(f"/api/jobs/{running}/files/{now['files'][0]}").status_code == 200
    assert folder.parent == killed.room
    assert folder.is_dir()
    client.close()
    assert server.process.wait(START) == 0, server.said
    assert not list(killed.room.glob("tempose-studio-*"))


async def by_assistant(server):
    """What an assistant is offered, the job that it has made, and what it is told of a mistake."""
    client = pytest.importorskip("mcp.client.streamable_http", reason="mcp is not installed")
    from mcp import ClientSession

    url = f"{server.url}/gradio_api/mcp/"
    async with client.streamable_http_client(url) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        offered = {tool.name for tool in (await session.list_tools()).tools}
        wrong = await session.call_tool("animate", {"settings": "{"})
        answer = await session.call_tool("animate", {"settings": '{"max_frames": 2, "size": 64, "steps": 1}'})
        while (job := json.loads(answer.content[0].text))["state"] in ("waiting", "running"):
            answer = await session.call_tool("wait", {"id": job["id"]})
    return offered, job, wrong


@pytest.fixture(scope="module")
def killed(cache, tmp_path_factory):
    """What a server with a password answered, a file that was sent to it, and its place; then it was killed."""
    room, answers = tmp_path_factory.mktemp("room"), {}
    (cache / "password").write_text("studio:secret\n")
    server = Server(cache / "model", "--auth-file", cache / "password", env={"TMPDIR": str(room)})
    known, wrong = (
        httpx.Client(base_url=server.url, timeout=START, auth=("studio", word)) for word in ("secret", "no")
    )
    browser = httpx.Client(base_url=server.url, timeout=START)
    upload = {"files": ("a.png", (cache / "photo.png").read_bytes())}
    answers["command"] = Path(f"/proc/{server.process.pid}/cmdline").read_text()
    answers["stranger"] = [browser.get("/api/studio"), browser.post("/gradio_api/upload", files=upload)]
    answers["wrong"] = [wrong.post("/gradio_api/upload", files=upload)]
    answers["known"] = [known.get("/api/studio"), known.post("/gradio_api/upload", files=upload)]
    answers["logins"] = [browser.post("/login", data={"username": "studio", "password": w}) for w in ("no", "secret")]
    answers["browser"] = [browser.get("/api/studio"), browser.post("/gradio_api/upload", files=upload)]
    server.process.kill()
    server.process.wait(START)
    return SimpleNamespace(answers=answers, path=Path(answers["known"][1].json()[0]), room=room)


def test_a_password_is_asked_for(killed):
    answers = dict(killed.answers)
    assert "secret" not in answers.pop("command")
    status = {who: [answer.status_code for answer in given] for who, given in answers.items()}
    assert status == {
        "stranger": [401, 401], "wrong": [401], "known": [200, 200], "logins": [400, 200], "browser": [200, 200],
    }  # fmt: skip
    assert answers["known"][0].json()["motions"]


@pytest.fixture
def restored(monkeypatch):
    """What `serve` sets in the environment of its process is undone."""
    for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED"):
        monkeypatch.setenv(name, "")


def test_a_taken_port_is_one_sentence(cache, restored):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match=r"cannot listen on port .*--port"):
            serve(port=taken.getsockname()[1], model=str(cache / "model"))


def test_assistants_and_passwords_do_not_go_together():
    with pytest.raises(InputError, match="leave out --mcp or the password"):
        check_mcp(("studio", "secret"))


def test_a_model_that_is_not_there_is_one_sentence(restored):
    with pytest.raises(InputError, match="did you mean 'people-128'"):
        serve(model="people-129")


# What a killed server leaves ------------------------------------------------------------------------


def test_what_a_killed_server_left_is_removed_by_the_next(tmp_path, monkeypatch, restored):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "tempose-studio-elsewhere").symlink_to("/")
    (tmp_path / "tempose-studio-pictures").mkdir()
    (tmp_path / "tempose-studio-pictures").chmod(0o755)
    killed = Path(tempfile.mkdtemp(prefix=PREFIX, suffix=TEMPORARY))
    (killed / "upload.png").write_bytes(b"somebody's picture")  # also where it was killed while it removed its files
    with files_of_its_own() as living:
        assert not killed.exists()
        with files_of_its_own() as other:
            assert living.is_dir()
            assert other.is_dir()
        assert not other.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tempose-studio-elsewhere", "tempose-studio-pictures"]


# Passwords and names --------------------------------------------------------------------------------


def test_a_password_comes_from_the_environment_or_a_file(tmp_path, monkeypatch):
    monkeypatch.delenv("TEMPOSE_AUTH", raising=False)
    assert read_password(None) is None
    monkeypatch.setenv("TEMPOSE_AUTH", "me:a:b")
    assert read_password(None) == ("me", "a:b")
    (tmp_path / "file").write_text("you:secret\n")
    assert read_password(tmp_path / "file") == ("you", "secret")
    for wrong in ("", "no colon", ":x", "x:", "a:b\nc:d"):
        (tmp_path / "file").write_text(wrong)
        with pytest.raises(InputError, match="NAME:PASSWORD"):
            read_password(tmp_path / "file")
    with pytest.raises(InputError, match="cannot read"):
        read_password(tmp_path / "none")


def test_a_server_is_known_by_where_it_listens():
    assert known_hosts("127.0.0.1", ["Studio.Example."]) == {"localhost", "127.0.0.1", "::1", "studio.example"}
    assert "*" in known_hosts("0.0.0.0", [])
    assert "10.0.0.1" in known_hosts("10.0.0.1", [])


# One request does not stop the others ---------------------------------------------------------------


class Thing(SimpleNamespace):
    """As much of something as a test needs; the same as itself alone."""

    __eq__, __hash__ = object.__eq__, object.__hash__


def test_a_connection_that_is_kept_for_many_requests_is_not_idle(monkeypatch):
    monkeypatch.setattr(serving, "IDLE", 1.0)
    monkeypatch.setattr(serving, "WATCH", 0.01)
    aborted, swept = [], []

    def connection(name):
        loop = SimpleNamespace(call_soon_threadsafe=lambda _: aborted.append(name))
        return Thing(cycle=Thing(response_complete=True), loop=loop, transport=SimpleNamespace(abort=None))

    used, idle = connection("used"), connection("idle")
    state = SimpleNamespace(connections=[used, idle])
    server = SimpleNamespace(config=SimpleNamespace(), should_exit=False, server_state=state)
    hold_to_limits(server, SimpleNamespace(sweep=lambda: swept.append(1)))
    for _ in range(3000):  # as long as it takes on a busy machine
        if aborted:
            break
        used.cycle = Thing(response_complete=True)
        time.sleep(0.01)
    server.should_exit = True
    assert set(aborted) == {"idle"}
    assert swept


@pytest.mark.parametrize("body", [b"[" + b"{}," * 10_000_000 + b"{}]", b'{"photo":[' + b"1," * 10_000_000 + b"1]}"])
def test_a_large_request_is_refused_before_it_is_read(server, body):
    while re.search(r"^tempose_jobs_(?:running|waiting){.*} [1-9]", told := metrics(server), re.M):
        time.sleep(0.1)  # other tests' jobs take memory, too
    before = memory_at_most(told)
    with contextlib.suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        url = f"{server.url}/api/jobs"
        answer = httpx.post(url, content=body, headers={"content-type": "application/json"}, timeout=START)
        assert answer.status_code == 413
    assert memory_at_most(metrics(server)) < before + len(body)


def metrics(server):
    """What the server tells of itself."""
    return httpx.get(f"{server.url}/metrics", timeout=START).text


def memory_at_most(told):
    """The most memory that the server has taken so far, in bytes."""
    return float(re.search(r"^tempose_memory_peak_bytes (\S+)$", told, re.M).group(1))


def test_slow_connections_hold_up_nobody_and_are_closed(server, held):
    """Last, since it waits for what `held` began."""
    assert httpx.get(f"{server.url}/health", timeout=START).json() == {"status": "ok"}
    for connection in held:
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(10) == b""
