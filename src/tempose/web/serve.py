"""The studio as a server: from its start to a clean end."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tempose.core.errors import InputError
from tempose.diffusion.hub import DEFAULT_MODEL, load_model
from tempose.web.limits import Limits

if TYPE_CHECKING:
    from tempose.web.studio import Studio

# Seconds that are left for results to be fetched after the last job has ended.
LINGER = 3.0

# Seconds that open connections then have to end by themselves.
GRACE = 1

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
    share: bool = False,
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
        share: also open a public tunnel through Gradio's servers.

    Raises:
        InputError: Gradio is not installed, or the port is taken.
        CheckpointError: the model cannot be loaded.
    """
    with files_of_its_own() as folder:
        try:
            import gradio  # noqa: F401
        except ImportError as error:
            raise InputError(
                f"the studio needs gradio ({error}); install it with: pip install 'tempose[web]'"
            ) from error
        from starlette.middleware import Middleware

        from tempose.web.guard import Guard
        from tempose.web.page import HEAD, build_page, style, theme
        from tempose.web.studio import Studio

        limits = limits or Limits()
        studio = Studio(load_model(model, device=device), limits=limits, folder=folder)
        page = build_page(studio)
        page.queue(default_concurrency_limit=None)
        try:
            page.launch(
                server_name=host,
                server_port=port,
                share=share,
                auth=auth,
                root_path=root_path or None,
                max_file_size=limits.upload_bytes,
                app_kwargs={
                    "middleware": [Middleware(Guard, most_bytes=limits.upload_bytes + ENVELOPE, uploads=folder)]
                },
                prevent_thread_lock=True,
                quiet=True,
                ssr_mode=False,
                footer_links=["api"],
                theme=theme(),
                css=style(),
                head=HEAD,
            )
        except OSError as error:
            raise InputError(f"cannot listen on port {port}: {error}; choose another with --port") from error
        gc.freeze()  # what is loaded stays to the end; to look through it again then would take seconds
        print(f"tempose studio: {page.local_url} (Ctrl-C to end)", flush=True)
        wait_for_the_end(studio)
        page.server.config.timeout_graceful_shutdown = GRACE
        page.close(verbose=False)


@contextmanager
def files_of_its_own() -> Iterator[Path]:
    """A folder for every file of this server, uploads too; removed with all that is in it."""
    folder = Path(tempfile.mkdtemp(prefix="tempose-studio-")).resolve()
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_for_the_end(studio: Studio) -> None:
    """Return when a signal has come and every job has ended."""
    told, again = threading.Event(), threading.Event()

    def on_signal(*_: object) -> None:
        (again if told.is_set() else told).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    told.wait()
    busy = studio.desk.busy()
    studio.desk.close()
    studio.looks.stop()
    while studio.desk.busy() and not again.wait(0.1):
        pass
    studio.desk.stop()
    if busy:
        again.wait(LINGER)
