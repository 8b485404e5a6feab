"""The HTTP interface, as programs and as curl use it, and what it does not give away."""

import socket
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tempose.media.video import probe_video
from tempose.web.serve import LOCK

FILE = {"_type": "gradio.FileData"}


@pytest.fixture(scope="module")
def client(server, tmp_path_factory):
    return Client(server.url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


def answers(server, **arguments):
    """The events that curl would see."""
    asked = httpx.post(f"{server.url}/gradio_api/call/v2/animate", json=arguments, timeout=60)
    event = asked.json()["event_id"]
    return httpx.get(f"{server.url}/gradio_api/call/animate/{event}", timeout=120).text


def uploaded(server, name, content):
    """The path that the server gives to an upload."""
    answer = httpx.post(f"{server.url}/gradio_api/upload", files={"files": (name, content)}, timeout=60)
    return answer.json()[0]


def test_a_program_gets_video_sheet_and_record(client, cache):
    photo, motion = handle_file(cache / "photo.png"), handle_file(cache / "wave.npz")
    job = client.submit(photo=photo, motion_file=motion, max_frames=4, steps=1, seed=2, api_name="/animate")
    video, sheet, record = job.result(120)
    assert probe_video(video).frames == 4
    assert sheet.endswith(".png")
    assert (record["photo"], record["motion"], record["settings"]["seed"]) == ("photo.png", "wave.npz", 2)
    assert {"part", "done", "total", "ahead"} == set(job.outputs()[0][2])


def test_mistakes_are_the_sentences_of_the_command_line(client, cache):
    photo = handle_file(cache / "photo.png")
    for arguments, said in (
        ({"photo": photo, "motion": "wlak"}, "choose a motion"),
        ({"photo": photo, "steps": 901}, "steps is 901; wanted 900 at most"),
        ({"photo": photo, "steps": -1}, "steps is -1; wanted a whole number, 1 or more"),
        ({"photo": handle_file(cache / "words.png")}, "words.png is not a picture in a known format"),
        ({"photo": photo, "background": "/etc/passwd"}, "wanted photo, plain"),
    ):
        with pytest.raises(AppError, match=said):
            client.predict(**arguments, api_name="/animate")


def test_curl_gets_a_result(server, cache):
    path = uploaded(server, "me.png", (cache / "photo.png").read_bytes())
    photo = {"path": path, "orig_name": "me.png", "meta": FILE}
    said = answers(server, photo=photo, max_frames=2, steps=1)
    assert "event: complete" in said
    assert "me-walk.mp4" in said


def test_only_its_own_files_can_be_fetched_or_used(server):
    for path in ("/etc/passwd", "..%2f..%2fetc/passwd", "/proc/self/environ", __file__):
        assert httpx.get(f"{server.url}/gradio_api/file={path}").status_code in (403, 404)
    assert httpx.get(f"{server.url}/gradio_api/file=http://example.org/").status_code == 403
    assert "event: error" in answers(server, photo={"path": "/etc/passwd", "meta": FILE})


def test_a_name_with_dots_stays_in_the_folder(server):
    path = uploaded(server, "../../../evil.png", b"x")
    assert "/tempose-studio-" in path
    assert ".." not in path
    assert path.endswith("evil.png")


def test_uploads_are_bounded(server):
    large = {"files": ("large.png", bytes(2_500_000))}
    assert httpx.post(f"{server.url}/gradio_api/upload", files=large, timeout=60).status_code == 413
    huge = {"files": ("huge.png", bytes(3_500_000))}
    assert httpx.post(f"{server.url}/gradio_api/upload", files=huge, timeout=60).status_code == 413


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
    return [path for path in folder.iterdir() if path.is_file() and path.name != LOCK]


def test_the_events_of_the_page_are_not_for_programs(client):
    assert list(client.view_api(return_format="dict", print_info=False)["named_endpoints"]) == ["/animate"]
