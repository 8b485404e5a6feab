"""The studio as a server: from its start to a clean end."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tempose.core.errors import InputError
from tempose.core.files import temporary_folder
from tempose.diffusion.hub import DEFAULT_MODEL, load_model
from tempose.web.limits import Limits

if TYPE_CHECKING:
    from tempose.web.gallery import Gallery
    from tempose.web.studio import Studio

# Seconds that are left for results to be fetched after the last job has ended.
LINGER = 3.0

# Seconds that open connections then have to end by themselves.
GRACE = 1

# Connections at once; seconds for which one may stay open without a request, and between two looks at them.
CONNECTIONS, IDLE, WATCH = 400, 30.0, 5.0

# How the folder of a server's files is called, which is locked while the server lives.
PREFIX = "tempose-studio-"

# Bytes of a request beside the files in it.
ENVELOPE = 1_000_000


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    model: str = DEFAULT_MODEL,
    device: str = "cpu",
    limits: Limits | None = None,
    auth: tuple[str, str] | None = None,
    root_path: str = "",
    allowed_hosts: Sequence[str] = (),
    share: bool = False,
    mcp: bool = False,
) -> None:
    """Serve the studio until SIGTERM or Ctrl-C; then finish what runs, refuse what is new, and return.

    A second signal stops what runs. This is the whole life of a process: it sets the environment that
    Gradio reads, and the handlers of both signals.

    Args:
        host, port: where to listen.
        model: a name (`tempose.diffusion.hub.load_model`).
        device: for the model, as torch names it.
        limits: what a client may ask for.
        auth: a name and a password that every visitor must give.
        root_path: where a reverse proxy shows the page, such as `/studio`.
        allowed_hosts: further names by which visitors know this server, such as that of a reverse proxy.
        share: also open a public tunnel through Gradio's servers.
        mcp: also answer assistants, by the Model Context Protocol (at /gradio_api/mcp/).

    Raises:
        InputError: Gradio is not installed, assistants cannot be served, or the port is taken.
        CheckpointError: the model cannot be loaded.
    """
    with files_of_its_own() as folder:
        try:
            import gradio  # noqa: F401
        except ImportError as error:
            raise InputError(
                f"the studio needs gradio ({error})", remedy="install it with: pip install 'tempose[web]'"
            ) from error
        from tempose.web.api import add_api
        from tempose.web.application import Application
        from tempose.web.gallery import Gallery
        from tempose.web.guard import VISITOR
        from tempose.web.studio import Studio

        limits = limits or Limits()
        studio = Studio(load_model(model, device=device), limits=limits, folder=folder)
        gallery = Gallery(60 * limits.kept_minutes, studio.uploads)
        hosts = known_hosts(host, allowed_hosts)
        most = limits.upload_bytes + ENVELOPE
        app = Application(most_bytes=most, uploads=studio.uploads, hosts=hosts, assistants=mcp)
        add_api(app, studio, gallery)
        if mcp:
            check_mcp(auth)
            from tempose.web.assistants import tools

            for tool in tools(studio, gallery):
                app.api(tool, name=tool.__name__, queue=False)
        try:
            app.launch(
                server_name=host,
                server_port=port,
                share=share,
                auth=auth,
                root_path=root_path or None,
                max_file_size=limits.upload_bytes,
                mcp_server=mcp,
                prevent_thread_lock=True,
                quiet=True,
                ssr_mode=False,
            )
        except OSError as error:
            raise InputError(f"cannot listen on port {port}: {error}", remedy="choose another with --port") from error
        if auth is not None:  # the guard knows who asks, by cookie or by what a program sends with each request
            app.auth_dependency = lambda request: request.scope[VISITOR].user or None
        page = app.get_blocks()
        if page.share_url:
            hosts.add(str(urlsplit(page.share_url).hostname))
        hold_to_limits(page.server, gallery)
        gc.freeze()  # what is loaded stays to the end; to look through it again then would take seconds
        told, again = on_signals()  # before anybody hears that it is there, and may end it
        print(f"tempose studio: {page.local_url} (Ctrl-C to end)", flush=True)
        wait_for_the_end(studio, told, again)
        page.server.config.timeout_graceful_shutdown = GRACE
        page.close(verbose=False)


def read_password(path: Path | None) -> tuple[str, str] | None:
    """Name and password from a file, or else from the environment; never from the command line, which all can read.

    Raises:
        InputError: the file cannot be read, or it is of another form.
    """
    try:
        text = os.environ.get("TEMPOSE_AUTH", "") if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the password from {path}: {error}", path=path) from error
    if path is None and not text:
        return None
    name, colon, password = text.rstrip("\r\n").partition(":")
    if not (name and colon and password) or "\n" in text.rstrip("\r\n"):
        source = "TEMPOSE_AUTH" if path is None else str(path)
        raise InputError(
            f"{source} is of another form; wanted one line NAME:PASSWORD, such as studio:secret", path=path
        )
    return name, password


def known_hosts(host: str, more: Sequence[str]) -> set[str]:
    """The names of this server: where it listens, this machine's own, and those that were given.

    A server that listens on every network is also known by its addresses of numbers (`*`).
    """
    every = host in ("0.0.0.0", "::", "")
    given = (name.strip().rstrip(".").lower() for name in more)
    return {"localhost", "127.0.0.1", "::1", "*" if every else host.strip("[]").lower(), *given} - {""}


def check_mcp(auth: object) -> None:
    """Whether assistants can be served.

    Raises:
        InputError: the package that speaks with them is missing, or there is a password, which they cannot give.
    """
    try:
        import mcp  # noqa: F401
    except ImportError as error:
        raise InputError(f"--mcp needs mcp ({error})", remedy="install it with: pip install 'tempose[mcp]'") from error
    if auth is not None:
        raise InputError("assistants cannot log in", remedy="leave out --mcp or the password")


def hold_to_limits(server: Any, gallery: Gallery) -> None:
    """Bound the connections of a server, close those on which no request comes, and remove files that are too old."""
    server.config.limit_concurrency = CONNECTIONS

    def watch() -> None:
        idle: dict[tuple[Any, Any], float] = {}  # by connection and the last request on it, since when
        while not server.should_exit:
            time.sleep(WATCH)
            gallery.sweep()
            now = time.monotonic()
            waiting = [(c, getattr(c, "cycle", None)) for c in list(server.server_state.connections) if not is_busy(c)]
            idle = {each: idle.get(each, now) for each in waiting}
            for (connection, _), since in idle.items():
                if now - since > IDLE:
                    connection.loop.call_soon_threadsafe(connection.transport.abort)

    threading.Thread(target=watch, daemon=True, name="connections").start()


def is_busy(connection: Any) -> bool:
    """Whether a connection of uvicorn's has a request that is being answered."""
    cycle = getattr(connection, "cycle", None)
    return cycle is not None and not cycle.response_complete


@contextmanager
def files_of_its_own() -> Iterator[Path]:
    """A folder for every file of this server, uploads too; removed with all that is in it."""
    with temporary_folder(PREFIX) as folder:
        os.environ["GRADIO_TEMP_DIR"] = str(folder)
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        yield folder


def on_signals() -> tuple[threading.Event, threading.Event]:
    """Events that SIGTERM or Ctrl-C sets from now on: the first time, and the second."""
    told, again = threading.Event(), threading.Event()

    def on_signal(*_: object) -> None:
        (again if told.is_set() else told).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return told, again


def wait_for_the_end(studio: Studio, told: threading.Event, again: threading.Event) -> None:
    """Return when a signal has come and every job has ended; a second one stops them."""
    told.wait()
    busy = studio.desk.busy()
    studio.desk.close()
    studio.looks.stop()
    while studio.desk.busy() and not again.wait(0.1):
        pass
    studio.desk.stop()
    if busy:
        again.wait(LINGER)
