"""The HTTP interface, as programs and as curl use it, and what it does not give away."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from conftest import ROOT
from web.servers import START

from tempose.media.images import read_image, resize, write_image
from tempose.media.video import probe_video

GUIDE = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")


def uploaded(server, name, content):
    """The path that the server gives to an upload."""
    answer = httpx.post(f"{server.url}/gradio_api/upload", files={"files": (name, content)}, timeout=START)
    return answer.json()[0]


def begun(server, body, kind="jobs", client=httpx):
    return client.post(f"{server.url}/api/{kind}", json=body, timeout=START)


def ended(server, job, client=httpx):
    """The state of a job once it has ended."""
    while True:
        state = client.get(f"{server.url}/api/jobs/{job}", timeout=START).json()
        if state["state"] not in ("waiting", "running"):
            return state
        time.sleep(0.1)


def example(name, kind):
    """A block of code of the guide, by the heading it stands under."""
    under = GUIDE.split(f"### {name}\n")[1]
    return re.search(rf"```{kind}\n(.*?)```", under, re.S).group(1)


@pytest.mark.parametrize(("name", "kind"), [("With curl", "bash"), ("With Python", "python")])
def test_the_examples_of_the_guide_run(server, cache, tmp_path, name, kind):
    if kind == "bash" and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    write_image(
        tmp_path / "me.png", resize(read_image(cache / "photo.png"), (128, 96))
    )  # the time is that of the pixels
    code = example(name, kind).replace("http://127.0.0.1:7860", server.url).replace("me.jpg", "me.png")
    command = ["bash", "-euc"] if kind == "bash" else [sys.executable, "-c"]
    ran = subprocess.run([*command, code], cwd=tmp_path, capture_output=True, text=True, timeout=START)
    assert ran.returncode == 0, ran.stderr
    assert probe_video(tmp_path / "me-walk.mp4").frames == 24


def test_a_job_is_looked_at_and_deleted(server, cache):
    photo = {"path": uploaded(server, "photo.png", (cache / "photo.png").read_bytes())}
    motion = {"path": uploaded(server, "wave.npz", (cache / "wave.npz").read_bytes()), "orig_name": "wave.npz"}
    settings = {"max_frames": 4, "steps": 1, "seed": 2}
    answer = begun(server, {"photo": photo, "motion": motion, "settings": settings})
    assert answer.status_code == 201
    job = answer.json()["id"]
    state = ended(server, job)
    assert (state["state"], state["files"][0]) == ("done", "photo-wave.mp4")
    assert state["result"]["record"]["settings"]["seed"] == 2
    picture = httpx.get(f"{server.url}/api/jobs/{job}/preview", timeout=START)
    assert picture.headers["content-type"] == "image/jpeg"
    assert httpx.get(f"{server.url}/api/jobs/{job}/files/nothing.mp4", timeout=START).status_code == 404
    assert httpx.get(f"{server.url}/api/jobs/{job}/files/..%2f..%2fetc%2fpasswd", timeout=START).status_code == 404
    again = begun(server, {"photo": photo, "motion": {"job": job}, "settings": {"max_frames": 2}})
    assert again.status_code == 201
    httpx.delete(f"{server.url}/api/jobs/{again.json()['id']}", timeout=START)
    assert httpx.delete(f"{server.url}/api/jobs/{job}", timeout=START).json() == {"freed_after": None}
    for path in (f"jobs/{job}", f"jobs/{job}/preview", f"jobs/{job}/files/photo-wave.mp4"):
        assert httpx.get(f"{server.url}/api/{path}", timeout=START).status_code == 404


def test_a_browser_lists_its_own_and_programs_without_cookies_none(server):
    me, you = httpx.Client(timeout=START), httpx.Client(timeout=START)
    for client in (me, you):
        client.get(server.url)
    body = {"photo": {"example": "meadow"}, "motion": "nowhere"}
    assert begun(server, body, client=me).status_code == 400
    job = begun(server, {**body, "motion": "walk", "settings": {"max_frames": 2}}, client=me).json()["id"]
    assert [each["id"] for each in me.get(f"{server.url}/api/jobs").json()] == [job]
    assert you.get(f"{server.url}/api/jobs").json() == httpx.get(f"{server.url}/api/jobs", timeout=START).json() == []
    assert me.delete(f"{server.url}/api/jobs/{job}").status_code == 200


def test_mistakes_are_the_sentences_of_the_command_line(server):
    photo = {"example": "meadow"}
    for body, said in (
        ({"photo": photo, "motion": "wlak"}, "there is no motion"),
        ({"photo": photo, "settings": {"steps": 901}}, "steps is 901; wanted 900 at most"),
        ({"photo": photo, "settings": {"steps": -1}}, "steps is -1; wanted a whole number, 1 or more"),
        ({"photo": photo, "settings": {"background": "/etc/passwd"}}, "wanted photo, plain"),
        ({"photo": photo, "settings": {"model": "x"}}, "there is no part of a request 'model'"),
        ({"photos": photo}, "there is no part of a request 'photos'; did you mean 'photo'"),
        ({"photo": {"path": "/etc/passwd"}}, "that file was not uploaded here"),
        ({"photo": photo, "motion": {"job": "x"}}, "there is nothing at this address"),
        ({"photo": {"example": [photo]}}, "there is no example"),
    ):
        answer = begun(server, body)
        assert answer.status_code in (400, 404)
        assert said in answer.json()["error"]
    for body in (b"[]", b"NaN", b"[NaN]", b'"\\ud800"', b""):
        answer = httpx.post(
            f"{server.url}/api/looks", content=body, headers={"content-type": "application/json"}, timeout=START
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "the request is no JSON object")


def test_one_page_describes_the_interface(server):
    described = httpx.get(f"{server.url}/api/openapi.json", timeout=START).json()
    posted = described["paths"]["/api/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "max_frames" in json.dumps(posted)
    page = httpx.get(f"{server.url}/api", timeout=START).text
    for path in described["paths"]:
        assert path in page
    assert "http://" not in re.sub(r"http://127\.0\.0\.1", "", page)  # nothing from elsewhere


def test_numbers_are_for_prometheus(server):
    text = httpx.get(f"{server.url}/metrics", timeout=START).text
    values = dict(re.findall(r"^(tempose_\w+(?:\{[^}]*\})?) ([\d.e+]+)$", text, re.M))
    assert float(values['tempose_jobs_total{desk="generate",outcome="done"}']) > 0
    assert float(values['tempose_job_seconds_total{desk="generate"}']) > 0
    assert float(values["tempose_memory_peak_bytes"]) > 1e8
    assert 'tempose_jobs_waiting{desk="generate"}' in values


def test_a_name_with_dots_stays_in_the_folder(server):
    path = uploaded(server, "../../../evil.png", b"x")
    assert "/tempose-studio-" in path
    assert ".." not in path
    assert path.endswith("evil.png")


def test_uploads_are_bounded(server):
    large = {"files": ("large.png", bytes(2_500_000))}
    assert httpx.post(f"{server.url}/gradio_api/upload", files=large, timeout=START).status_code == 413
    huge = {"files": ("huge.png", bytes(3_500_000))}
    assert httpx.post(f"{server.url}/gradio_api/upload", files=huge, timeout=START).status_code == 413


def test_nothing_is_left_of_uploads_that_are_refused_or_break_off(server):
    folder = Path(uploaded(server, "small.png", b"x").rpartition("/small.png")[0]).parent
    boundary = b"--b\r\ncontent-disposition: form-data; name=files; filename=a.png\r\n\r\n"
    head = "POST /gradio_api/upload HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=b\r\n"
    head += "content-length: 1000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as held:
        held.sendall(head.encode() + boundary + bytes(300_000))  # one that goes on keeps nothing of the others
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", server.port)) as leaving:
                leaving.sendall(head.encode() + boundary + bytes(300_000))
        uploaded(server, "small.png", b"x")
        assert not parts_of_uploads(folder)
    test_uploads_are_bounded(server)
    assert not parts_of_uploads(folder)


def parts_of_uploads(folder):
    return [path for path in folder.iterdir() if path.is_file()]
