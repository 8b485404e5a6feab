"""A picture of the studio with a finished result: `python -m benchmarks.screenshot docs/images/studio.png`."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from tempose.core.errors import InputError
from tempose.diffusion.hub import DEFAULT_MODEL

# How long anything may take, in milliseconds.
PATIENCE = 600_000


def screenshot(path: Path, *, model: str = DEFAULT_MODEL, example: int = 1, dark: bool = False) -> None:
    """Start a studio, run one of its examples in Chromium, and write a picture of the page.

    Args:
        path: the picture, .png or .jpg.
        model: a name (`tempose.diffusion.hub.load_model`).
        example: which example.
        dark: in dark colors.

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
            page = chromium.new_page(viewport={"width": 1280, "height": 860})
            page.set_default_timeout(PATIENCE)
            page.goto(f"http://127.0.0.1:{port}/?__theme={'dark' if dark else 'light'}")
            page.locator("#examples label").nth(example).click()
            page.wait_for_selector("#look-fitted img")
            page.click("#run")
            page.wait_for_selector("#progress:has-text('a second')")
            page.wait_for_function("document.querySelector('#video video')?.readyState === 4")
            page.wait_for_selector("#remarks:not(:has(progress))")
            page.screenshot(path=path, full_page=True)
            chromium.close()
    finally:
        server.terminate()
        server.wait(60)


def main(
    path: Annotated[Path, typer.Argument(help="The picture to write, .png or .jpg.")],
    model: Annotated[str, typer.Option(help="A name, a folder of weights, or OWNER/NAME on the Hub.")] = DEFAULT_MODEL,
    example: Annotated[int, typer.Option(help="Which example, from 0.")] = 1,
    dark: Annotated[bool, typer.Option("--dark", help="In dark colors.")] = False,
) -> None:
    """Write a picture of the studio with a finished result."""
    screenshot(path, model=model, example=example, dark=dark)


if __name__ == "__main__":
    typer.run(main)
