"""A studio under load: many jobs, clients that leave, clients that are slow; its memory, and how long others wait.

    python -m benchmarks.faults.load --jobs 1000 --leaving 50 --slow 50

The studio has a tiny model, and every job is two frames of the same photo, so that it is the server that works. All
jobs must come to a good end. Clients leave in the middle of an upload, of a request and of an answer; slow ones send an
upload byte by byte, or a head, or never read what they asked for. Meanwhile an honest client asks `/health`, a page
and a job's state, and the seconds until each answer are counted.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.faults.commands import prepare

# Seconds: that a server may take to start, between two questions of the honest client, between two bytes of a slow one.
START, PAUSE, TRICKLE = 600.0, 0.5, 5.0

# Bytes of a slow client's buffer, and of the upload that those who leave have begun.
BUFFER, PART = 4096, 200_000

HEAD = "POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
FORM = '--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'


@dataclass
class Studio:
    """A server in a process of its own."""

    process: subprocess.Popen
    port: int
    newest: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @staticmethod
    def begun(model: Path, log: Path, *options: str) -> Studio:
        """A studio that answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = [
            sys.executable,
            "-m",
            "tempose",
            "serve",
            "--port",
            str(port),
            "--model",
            str(model),
            "--device",
            "cpu",
            *options,
        ]
        with log.open("wb") as said:
            process = subprocess.Popen(words, stdout=said, stderr=said)
        studio, end = Studio(process, port), time.monotonic() + START
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"{studio.url}/health")
                return studio
            time.sleep(0.5)
        process.kill()
        sys.exit(f"the studio does not start: {log.read_text()}")

    def end(self) -> None:
        """End it, by force where it takes long."""
        self.ended.set()
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(60)
        self.process.kill()

    def megabytes(self) -> float:
        """What it holds in memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1000

    def connected(self) -> socket.socket:
        """A connection to it, with a small buffer."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", self.port))
        return connection


def leave(studio: Studio, number: int) -> None:
    """One client that leaves: in the middle of an upload, of a request, or of an answer."""
    with studio.connected() as connection:
        if number % 3 == 0:
            connection.sendall(f"{HEAD}Content-Length: 1000000\r\n\r\n{FORM}".encode() + bytes(PART))
        elif number % 3 == 1:
            connection.sendall(b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        else:
            connection.sendall(b"GET /page/sample.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            connection.recv(100)


def dawdle(studio: Studio, number: int) -> None:
    """Slow clients, one after the other as they are thrown out: byte by byte, or one who never reads."""
    while not studio.ended.is_set():
        with contextlib.suppress(OSError), studio.connected() as connection:
            if number % 3 == 2:
                connection.sendall(b"GET /page/sample.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                studio.ended.wait(10 * TRICKLE)
                continue
            sent = f"{HEAD}Content-Length: 1000000\r\n\r\n{FORM}" if number % 3 else HEAD
            connection.sendall(sent[:-20].encode())
            for letter in itertools.chain(sent[-20:].encode(), itertools.repeat(0)):
                if studio.ended.wait(TRICKLE):
                    return
                connection.sendall(bytes([letter]))


def ask(studio: Studio, waits: dict[str, list[float]]) -> None:
    """The honest client: how long each kind of answer took."""
    with httpx.Client(base_url=studio.url, timeout=120) as client:
        while not studio.ended.is_set():
            for name, path in (("/health", "/health"), ("the page", "/"), ("a job", f"/api/jobs/{studio.newest}")):
                begin = time.monotonic()
                client.get(path).raise_for_status()
                waits[name].append(time.monotonic() - begin)
            time.sleep(PAUSE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--leaving", type=int, default=50, help="clients that leave, one after the other")
    parser.add_argument("--slow", type=int, default=50, help="clients that are slow, all at once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        prepare(Path(place) / "in", ())
        studio = Studio.begun(Path(place) / "in" / "model", Path(place) / "log.txt")
        try:
            sys.exit(loaded(studio, Path(place) / "in" / "photo.jpg", options))
        finally:
            studio.end()


def loaded(studio: Studio, photo: Path, options: argparse.Namespace) -> int:
    """Put the load on a studio and print what came of it; the exit code."""
    waits: dict[str, list[float]] = {"/health": [], "the page": [], "a job": []}
    memory: list[float] = []
    failed: list[str] = []
    with httpx.Client(base_url=studio.url, timeout=120) as client:
        client.get("/").raise_for_status()
        path = client.post("/gradio_api/upload", files={"files": photo.read_bytes()}).raise_for_status().json()[0]
        settings = {"max_frames": 2, "size": 64, "background": "plain"}
        for number in range(options.jobs):
            asked = {"photo": {"path": path}, "motion": "walk", "settings": {**settings, "seed": number}}
            studio.newest = client.post("/api/jobs", json=asked).raise_for_status().json()["id"]
            if not number:  # from here on there is a job to ask for
                threading.Thread(target=ask, args=(studio, waits), daemon=True).start()
                for each in range(options.slow):
                    threading.Thread(target=dawdle, args=(studio, each), daemon=True).start()
            if number * options.leaving // options.jobs != (number - 1) * options.leaving // options.jobs:
                leave(studio, number * options.leaving // options.jobs)
            while (state := client.get(f"/api/jobs/{studio.newest}").json())["state"] in ("waiting", "running"):
                time.sleep(0.02)
            if state["state"] != "done":
                failed.append(state["error"])
            memory.append(studio.megabytes())
            if (number + 1) % max(1, options.jobs // 10) == 0:
                print(f"{number + 1} jobs, {memory[-1]:.0f} MB, {len(failed)} failed", flush=True)
    studio.ended.set()
    for name, seconds in waits.items():
        middle, most, late = statistics.median(seconds), max(seconds), sum(each > 1 for each in seconds)
        print(f"{name}: {len(seconds)} answers, {middle:.3f} s in the middle, {most:.2f} s at most, {late} after 1 s")
    tenth = max(1, len(memory) // 10)
    print(f"memory: {memory[tenth - 1]:.0f} MB after a tenth of the jobs, {memory[-1]:.0f} MB after all of them")
    print(f"{options.jobs} jobs, {len(failed)} failed {failed[:1]}; {os.cpu_count()} cores")
    return bool(failed)


if __name__ == "__main__":
    main()
