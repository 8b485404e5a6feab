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
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "tempose", "serve", "--port", self.port, "--model", model, *options]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self.url = f"http://127.0.0.1:{self.port}"
        self.said: list[str] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(START), "".join(self.said)
        assert self.process.poll() is None, "".join(self.said)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if "tempose studio:" in line:
                self._ready.set()
        self._ready.set()

    def stop(self, timeout: float = START) -> int:
        """Send SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
