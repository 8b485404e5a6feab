"""A studio that runs for all of these tests, and a real browser before it."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import keypoint_motion
from subjects import save_photo, save_small_model
from web.servers import LONG, Server

from tempose.media.images import read_image, resize, write_image
from tempose.media.video import write_video
from tempose.pose.keypoints import Motion


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A photo, motions of several kinds, files that cannot be used, and a tiny model."""
    folder = tmp_path_factory.mktemp("studio")
    save_photo(folder / "photo.png")
    save_small_model(folder / "model")
    keypoint_motion("wave", frames=5, fps=10).save(folder / "wave.npz")
    write_video(folder / "black.mp4", np.zeros((4, 64, 64, 3), np.uint8), 10)
    (folder / "poses").mkdir()
    for number, keypoints in enumerate(keypoint_motion("wave", frames=12, fps=10).keypoints, start=1):
        people = {"people": [{"pose_keypoints_2d": keypoints.ravel().tolist()}]}
        (folder / "poses" / f"pose-{number}.json").write_text(json.dumps(people))
    write_image(folder / "beach.png", np.full((40, 60, 3), (20, 90, 200), np.uint8))
    photo = read_image(folder / "photo.png")
    write_video(folder / "walker.mp4", [np.roll(photo, 2 * shift, axis=1) for shift in range(12)], 10)
    keypoint_motion("wave", frames=80, fps=10).save(folder / "long.npz")
    write_image(folder / "all.png", np.full((384, 288, 3), 255, np.uint8))
    (folder / "words.png").write_text("not a picture")
    (folder / "words.npz").write_text("not a motion")
    (folder / "large.png").write_bytes(bytes(3_000_000))
    return folder


@pytest.fixture(scope="session")
def server(cache):
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
    server = Server(cache / "model", *options, "--max-pixels", 1_000_000)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def screenshot():
    """Keeps a picture of the page under a name, in the folder that SCREENSHOTS names; without one there is none."""
    folder = os.environ.get("SCREENSHOTS")

    def keep(page, name):
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep


@pytest.fixture(scope="session")
def camera(cache):
    """What the browser's camera sees: the drawn person before a grey wall, as pictures one after the other."""
    person = read_image(cache / "photo.png")
    wall = np.full((480, 640, 3), 128, np.uint8)
    person = resize(person, (480, round(480 * person.shape[1] / person.shape[0])))
    left = (640 - person.shape[1]) // 2
    wall[:, left : left + person.shape[1]] = person
    write_image(cache / "camera.jpg", wall)
    path = cache / "camera.mjpeg"
    path.write_bytes(2 * (cache / "camera.jpg").read_bytes())
    return path


@pytest.fixture(scope="module")
def chromium(camera):
    """The browser. Its event loop runs in this thread until it closes, and others can then begin."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no Chromium; Debian's package is called chromium")
    with sync_api.sync_playwright() as playwright:
        plain = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ]  # no GPU is imitated, no shared memory wanted
        fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        browser = playwright.chromium.launch(
            executable_path=path, args=[*plain, *fake, f"--use-file-for-fake-video-capture={camera}"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, server):
    """Opens the page for one more visitor; in the end, no request has left the host, and nothing broke."""
    contexts, elsewhere, broken = [], [], []
    ours = re.compile(rf"(data:|blob:|ws://127\.0\.0\.1:{server.port}/|{re.escape(server.url)}/)")

    def open_page(width=1280, height=900, *, moving=False, **options):
        """What moves by itself costs time all along, and stands still unless it is asked for."""
        motion = "no-preference" if moving else "reduce"
        context = chromium.new_context(viewport={"width": width, "height": height}, reduced_motion=motion, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(LONG)
        page.on("request", lambda request: None if ours.match(request.url) else elsewhere.append(request.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(server.url)
        page.wait_for_selector("body[data-ready]")
        if not moving:
            page.evaluate("document.querySelector('#sample video').pause()")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert elsewhere == []
    assert broken == []


@pytest.fixture(scope="session")
def walk() -> Motion:
    return keypoint_motion("walk", frames=4, fps=8)
