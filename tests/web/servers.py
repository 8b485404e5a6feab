"""`tempose serve` as a process of its own, for the tests."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

# What a busy machine may take: a server to start, to answer or to end, in seconds; a page, in milliseconds.
START = 600
LONG = 300_000


class Server:
    """A studio: its address, what it said, and its end."""

    def __init__(self, model: Path, *options: object, env: dict[str, str] | None = None) -> None:
        self._options, self._env = ["--model", model, *options], {**os.environ, **(env or {})}
        while not self._started():  # somebody else has taken the port that was free a few seconds ago
            assert "cannot listen on port" in "".join(self.said), "".join(self.said)

    def _started(self) -> bool:
        """Whether a process is there, at a port that nobody has."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url, self.said = f"http://127.0.0.1:{self.port}", list[str]()
        command = [sys.executable, "-m", "tempose", "serve", "--port", self.port, *self._options]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._env,
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(ready,), daemon=True).start()
        assert ready.wait(START), "".join(self.said)
        return any("tempose studio:" in line for line in self.said)

    def _read(self, ready: threading.Event) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if "tempose studio:" in line:
                ready.set()
        ready.set()

    def stop(self, timeout: float = START) -> int:
        """Send SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
