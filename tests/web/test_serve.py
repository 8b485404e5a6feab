"""The server's life: it starts or says why not, and ends cleanly."""

import re
import signal
import socket
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from web.servers import Server

from tempose.core.errors import InputError
from tempose.web.serve import serve


def test_sigterm_finishes_what_runs_refuses_what_is_new_and_leaves_nothing(cache):
    server = Server(cache / "model", "--per-client", 4)
    client = Client(server.url, verbose=False, download_files=False)
    wanted = {"photo": handle_file(cache / "photo.png"), "frames": 16, "steps": 6, "api_name": "/animate"}
    running = client.submit(**wanted)
    while not any(output[2].get("part") == "generating" for output in running.outputs()):
        assert not running.done(), running.exception()
    waiting = client.submit(**wanted)
    while not waiting.outputs():
        assert not waiting.done(), waiting.exception()

    server.process.send_signal(signal.SIGTERM)
    with pytest.raises(AppError, match="stopped"):
        waiting.result(60)
    with pytest.raises(AppError, match="shutting down"):
        client.predict(**wanted)
    video, _, record = running.result(120)
    assert record["frames"] == 16
    assert server.process.wait(60) == 0, server.said
    assert not Path(re.search(r"/\S*tempose-studio-[^/]+", str(video)).group()).exists()


def test_a_password_is_asked_for(cache):
    (cache / "password").write_text("studio:secret\n")
    server = Server(cache / "model", "--auth-file", cache / "password")
    try:
        assert "secret" not in Path(f"/proc/{server.process.pid}/cmdline").read_text()
        assert httpx.get(f"{server.url}/config").status_code == 401
        assert httpx.post(f"{server.url}/gradio_api/upload", files={"files": ("a.png", b"x")}).status_code == 401
        client = Client(server.url, auth=("studio", "secret"), verbose=False)
        assert "/animate" in client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    finally:
        assert server.stop() == 0


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


def test_a_model_that_is_not_there_is_one_sentence(restored):
    with pytest.raises(InputError, match="did you mean 'people-128'"):
        serve(model="people-129")
