"""A picture of the studio with a finished result: `python -m benchmarks.screenshot docs/images/studio.png`."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from tempose.core.errors import InputError
from tempose.diffusion.hub import DEFAULT_MODEL

# How long anything may take, in milliseconds.
PATIENCE = 600_000

# Of the result: few, for a picture shows one of them.
FRAMES, SIZE = 8, 512


@contextmanager
def opened(*, model: str = DEFAULT_MODEL, width: int = 1280, dark: bool = False) -> Iterator[tuple[Any, str]]:
    """A studio of its own, and an empty page of Chromium: both, the latter as Playwright gives it, and the address.

    Raises:
        InputError: there is no Chromium, or no Playwright to drive it.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise InputError(f"playwright is not installed ({error}); install it with: pip install playwright") from error
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise InputError("there is no Chromium; Debian's package is called chromium")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tempose", "serve", "--port", str(port), "--model", model]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        if "tempose studio" not in server.stdout.readline():
            raise InputError("the studio did not start; its own words stand above")
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
            page = chromium.new_page(
                bypass_csp=True, viewport={"width": width, "height": 860}, color_scheme="dark" if dark else "light"
            )
            page.set_default_timeout(PATIENCE)
            yield page, f"http://127.0.0.1:{port}"
            chromium.close()
    finally:
        server.terminate()
        server.wait(60)


def choose(page: Any, example: int) -> None:
    """Choose an example, and wait until everything about it has been found."""
    page.evaluate("(at) => document.querySelectorAll('#examples button')[at].click()", example)
    page.wait_for_selector("#found:not(.old) #remarks", state="attached")


def run(page: Any) -> None:
    """Click, and wait until the result plays."""
    page.click("#run")
    page.wait_for_selector("#made:not([hidden])")
    page.wait_for_function("document.getElementById('video').readyState === 4")


def main(
    path: Annotated[Path, typer.Argument(help="The picture to write, .png or .jpg.")],
    model: Annotated[str, typer.Option(help="A name, a folder of weights, or OWNER/NAME on the Hub.")] = DEFAULT_MODEL,
    example: Annotated[int, typer.Option(help="Which example, from 0.")] = 1,
    width: Annotated[int, typer.Option(help="Of the page in pixels: 1280 of a desk, 390 of a phone.")] = 1280,
    dark: Annotated[bool, typer.Option("--dark", help="In dark colors.")] = False,
) -> None:
    """Write a picture of the studio with a finished result."""
    with opened(model=model, width=width, dark=dark) as (page, address):
        page.goto(address)
        page.wait_for_selector("body[data-ready]", state="attached")
        for name, value in (("max_frames", FRAMES), ("size", SIZE)):
            page.evaluate("([name, value]) => { document.getElementById(`set-${name}`).value = value; }", [name, value])
        choose(page, example)
        run(page)
        page.screenshot(path=path)


if __name__ == "__main__":
    typer.run(main)
