"""A studio that runs for all of these tests, and a real browser before it."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from subjects import save_photo, save_small_model
from web.servers import Server

from tempose.media.video import write_video
from tempose.pose.keypoints import Motion
from tempose.pose.motions import keypoint_motion


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    """A photo, motions of several kinds, files that cannot be used, and a tiny model."""
    folder = tmp_path_factory.mktemp("studio")
    save_photo(folder / "photo.png")
    save_small_model(folder / "model")
    keypoint_motion("wave", frames=5, fps=10).save(folder / "wave.npz")
    write_video(folder / "black.mp4", np.zeros((4, 64, 64, 3), np.uint8), 10)
    (folder / "words.png").write_text("not a picture")
    (folder / "words.npz").write_text("not a motion")
    (folder / "large.png").write_bytes(bytes(3_000_000))
    return folder


@pytest.fixture(scope="session")
def server(shelf):
    """A studio with small limits."""
    options = (
        "--jobs",
        2,
        "--queue",
        3,
        "--per-client",
        8,
        "--max-upload-mb",
        2,
        "--max-frames",
        60,
        "--max-steps",
        900,
    )
    server = Server(shelf / "model", *options, "--max-pixels", 1_000_000)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium():
    """The browser."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no Chromium; Debian's package is called chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, server):
    """Opens the page for one more visitor; in the end, no request has left the host, and nothing broke."""
    contexts, elsewhere, broken = [], [], []
    ours = re.compile(rf"(data:|blob:|ws://127\.0\.0\.1:{server.port}/|{re.escape(server.url)}/)")

    def open_page(width=1280, height=900, query=""):
        context = chromium.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("request", lambda request: None if ours.match(request.url) else elsewhere.append(request.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(f"{server.url}/{query}")
        page.wait_for_selector("#run")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert elsewhere == []
    assert broken == []


@pytest.fixture(scope="session")
def walk() -> Motion:
    return keypoint_motion("walk", frames=4, fps=8)
