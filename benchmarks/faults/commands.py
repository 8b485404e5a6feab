"""Commands of tempose that write something, small enough to be run a thousand times.

Each runs in a child forked from a process that has imported everything that an earlier run of it did (`import_all`), so
that a run costs what it does, not what starting takes. A studio, which does not end by itself, is visited meanwhile,
and then ended.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import yaml
from PIL import Image

from tempose.animation import demo
from tempose.data.prepared import sha256_of, write_clip, write_metadata
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.media.video import write_video
from tempose.models import config, pidm
from tempose.models.build import build_networks
from tempose.models.config import ModelConfig
from tempose.people.clip import Recipe, draw_clip

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "src" / "tempose" / "samples"

sys.path.append(str(ROOT / "tests"))
hub_server = importlib.import_module("hub_server")

TINY = ModelConfig(
    size=(32, 16), base_channels=16, channel_multipliers=(1, 2), texture_levels=(1,), residual_blocks=1,
    time_channels=32, dropout=0.0, temporal_head_channels=8, prediction_type="v_prediction", learned_variance=False,
)  # fmt: skip

# Of the form of the published checkpoint, but for its size.
TINY_PIDM = ModelConfig(
    size=(32, 32), base_channels=32, channel_multipliers=(1, 2), texture_levels=(1,), residual_blocks=2, dropout=0.0
)  # fmt: skip

# What differs from run to run: times and rates.
VARIES = re.compile(r"(.*\.json|log\.jsonl|manifest\.jsonl|.*\.html|.*\.md|run\.yaml|report\.txt)")

# Where the studio listens, and the stand-in of the Hub.
PORT, HUB_PORT = 47861, 47862


@dataclass(frozen=True)
class Command:
    """A command line.

    Attributes:
        name: to call it by.
        words: of the command line; it runs in a folder of its own, beside the material `../in`.
        before: called in its process before it begins.
        meanwhile: called while it runs, with its folder, its process and an event that says that it has ended; returns
            what went wrong.
    """

    name: str
    words: tuple[str, ...]
    before: Callable[[], None] = lambda: None
    meanwhile: Callable[[Path, int, threading.Event], str] | None = None


def with_tiny_pidm() -> None:
    """In this process, the published model is a tiny one."""
    config.PRESETS["pidm-256"] = TINY_PIDM


def with_temporary_files_here() -> None:
    """In this process, temporary files go to the folder it is in."""
    tempfile.tempdir = str(Path.cwd())


def visit(folder: Path, process: int, ended: threading.Event) -> str:
    """Upload a photo to the studio, have it animated, and end the studio."""
    photo = {"files": ("photo.jpg", (folder.parent / "in" / "photo.jpg").read_bytes())}
    with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=60) as client:
        while not ended.wait(0.02):
            with suppress(httpx.HTTPError):
                client.get("/").raise_for_status()
                break
        try:
            path = client.post("/gradio_api/upload", files=photo).raise_for_status().json()[0]
            settings = {"max_frames": 2, "size": 64, "background": "plain"}
            asked = client.post("/api/jobs", json={"photo": {"path": path}, "motion": "walk", "settings": settings})
            place = f"/api/jobs/{asked.raise_for_status().json()['id']}"
            while (job := client.get(place).raise_for_status().json())["state"] in ("waiting", "running"):
                time.sleep(0.02)
            if job["state"] == "done":
                os.kill(process, signal.SIGTERM)
            return "" if job["state"] == "done" else str(job)
        except httpx.HTTPError as error:
            return str(error)


def with_the_hub() -> None:
    """In this process, the Hub is its stand-in, somebody is logged in, and temporary files are in its own folder."""
    from huggingface_hub import constants

    with_temporary_files_here()
    os.environ["HF_TOKEN"] = hub_server.TOKEN
    constants.HF_HUB_OFFLINE = False
    constants.ENDPOINT = f"http://127.0.0.1:{HUB_PORT}"
    constants.HUGGINGFACE_CO_URL_TEMPLATE = f"{constants.ENDPOINT}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", HUB_PORT)):
            return
        time.sleep(0.01)


def keep_the_hub(folder: Path, process: int, ended: threading.Event) -> str:
    """Be the Hub while a command runs. What its repositories hold is in the folder before and afterwards."""
    with hub_server.serving(HUB_PORT) as hub:
        for name in {path.parent.relative_to(folder / "hub") for path in (folder / "hub").glob("*/*/main")}:
            hub.repositories[str(name)] = {}
            kept = [path for path in (folder / "hub" / name / "main").rglob("*") if path.is_file()]
            files = {str(path.relative_to(folder / "hub" / name / "main")): path.read_bytes() for path in kept}
            hub.commit(str(name), "main", files)
        ended.wait()
        for name in hub.repositories:
            for path, content in (hub.files(name, "main") or ("", {}))[1].items():
                place = folder / "hub" / name / "main" / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
    return ""


def with_a_small_demo() -> None:
    """In this process, the demo is quick: of its photo as it comes, what lies behind is filled in for seconds."""
    demo.SIZE, demo.FRAMES, demo.SAMPLES, demo.PHOTO = 96, 3, Path("../in"), "photo.jpg"


# Without the background that is filled in, which would take most of the time.
QUICK = ("--size", "96", "--background", "plain", "--device", "cpu")

COMMANDS = (
    Command("animate", ("animate", "../in/photo.jpg", "walk", "-o", "out/o.mp4", "--model", "warp", "--max-frames", "4",
                        "--sheet", "out/s.png", *QUICK)),
    Command("animate-frames", ("animate", "../in/photo.jpg", "wave", "-o", "out/frames", "--model", "../in/model",
                               "--max-frames", "3", *QUICK)),
    Command("pose", ("pose", "../in/videos/a.mp4", "-o", "out/o.json", "--preview", "out/o.mp4")),
    Command("dress", ("dress", "../in/photo-2.jpg", "../in/photo.jpg", "-o", "out.png", "--model", "../in/model",
                      "--part", "upper", "--device", "cpu")),
    Command("people", ("people", "out", "--people", "2", "--clips", "1", "--frames", "3", "--size", "32x24")),
    Command("people-sheet", ("people-sheet", "out.png", "--people", "2", "--moments", "2", "--size", "32x24")),
    Command("export", ("export", "../in/model", "out")),
    Command("train", ("train", "../in/train.yaml", "--set", "output=out")),
    Command("compare", ("compare", "../in/report-a", "../in/report-b", "-o", "out")),
    Command("evaluate", ("evaluate", "--data", "../in/data", "--model", "../in/model", "--metrics", "none", "--steps",
                         "1", "--protocol", "loop", "-o", "out", "--device", "cpu")),
    Command("prepare", ("prepare", "videos", "../in/videos", "out", "--size", "64x48", "--min-frames", "4")),
    Command("personalize", ("personalize", "../in/photo.jpg", "../in/photo-2.jpg", "../in/photo-3.jpg", "-o", "out",
                            "--model", "../in/model", "--steps", "22", "--size", "32x16")),
    Command("blend", ("blend", "../in/photo.jpg", "../in/photo-2.jpg", "-o", "out.png", "--model", "../in/model",
                      "--steps", "3", "--device", "cpu")),
    Command("import-pidm", ("import-pidm", "../in/published.pt", "out"), before=with_tiny_pidm),
    Command("batch", ("batch", "../in/jobs.csv", "-o", "out", "--model", "warp", "--max-frames", "2", "--workers", "1",
                      *QUICK)),
    Command("push", ("push", "me/model", "../in/model", "--license", "mit"), before=with_the_hub,
            meanwhile=keep_the_hub),
    Command("demo", ("demo", "out", "--model", "../in/model", "--device", "cpu"), before=with_a_small_demo),
    Command("serve", ("serve", "--port", str(PORT), "--model", "../in/model", "--device", "cpu"),
            before=with_temporary_files_here, meanwhile=visit),
)  # fmt: skip


def prepare(folder: Path, commands: Sequence[Command]) -> None:
    """The material: photos, a tiny model, a dataset, a configuration, a video; for those that compare, two reports."""
    import torch

    torch.set_num_threads(1)  # what is forked has no threads
    folder.mkdir(parents=True)
    with Image.open(SAMPLES / "meadow.jpg") as picture:
        picture.thumbnail((160, 160))
        photo = np.asarray(picture.convert("RGB"))[: picture.height // 2 * 2, : picture.width // 2 * 2]
    for name, seen in (("photo", photo), ("photo-2", photo[:, ::-1]), ("photo-3", np.roll(photo, 8, axis=1))):
        Image.fromarray(seen).save(folder / f"{name}.jpg")
    torch.manual_seed(0)
    networks = build_networks(TINY, temporal=False)
    PersonVideoPipeline.from_networks(networks, config=TINY).save_pretrained(folder / "model")
    torch.save({"ema": published()}, folder / "published.pt")
    (folder / "jobs.csv").write_text("photo,motion\nphoto.jpg,walk\nphoto.jpg,wave\n")
    for split, people in (("train", (0, 1)), ("val", (2,)), ("test", (3, 4))):
        rows = []
        for person in people:
            clip = draw_clip(Recipe.draw(person, 0, frames=6, fps=8, size=(32, 16)))
            rows.append(
                write_clip(
                    folder / "data", split, f"p{person}", frames=clip.frames, motion=clip.motion, masks=clip.masks,
                    person=f"p{person}", source="drawn", license="CC0-1.0",
                )
            )  # fmt: skip
        write_metadata(folder / "data", split, rows)
    settings = {
        "stage": "image", "model": TINY.model_dump(mode="json"),
        "data": {"root": str(folder.resolve() / "data"), "size": [32, 16], "workers": 0},
        "optimization": {"steps": 4, "batch": 2, "learning_rate": 1e-3},
        "logging": {
            "log_every": 1, "validate_every": 2, "validation_samples": 1, "sample_every": 2, "sample_steps": 1,
            "save_every": 1, "keep": 2, "tensorboard": False,
        },
        "output": "out",
    }  # fmt: skip
    (folder / "train.yaml").write_text(yaml.safe_dump(settings))
    (folder / "videos").mkdir()
    frames = [np.roll(photo, 2 * index, axis=1) for index in range(6)]
    write_video(folder / "videos" / "a.mp4", frames, 10)
    reference = next(command for command in COMMANDS if command.name == "evaluate")
    for name in ("report-a", "report-b") if any(each.name == "compare" for each in commands) else ():
        place = folder / name
        words = tuple(str(place.resolve()) if word == "out" else word for word in reference.words)
        words = tuple(word.replace("../in/", "../") for word in words)
        ended = run(Command(name, words), folder / "videos", log=folder / "log.txt")
        if ended.code:
            sys.exit(f"{name} cannot be made: {(folder / 'log.txt').read_text()}")


def published() -> dict[str, Any]:
    """Weights under the names of the published checkpoint, of the tiny form."""
    import torch

    networks = build_networks(TINY_PIDM, temporal=False)
    named = {name: shape for places in pidm.tensor_names(networks).values() for name, shape in places.values()}
    return {name: torch.randn(shape) for name, shape in {**named, **pidm.unused_tensors(networks)}.items()}


# Running ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: the exit code, or minus the signal.
        said: what it said on both streams.
        seconds: how long it ran.
        modules: what it had imported, where it was not killed.
    """

    code: int
    said: str
    seconds: float
    modules: tuple[str, ...] = ()


def run(
    command: Command,
    folder: Path,
    *,
    log: Path,
    within: Callable[[], None] = lambda: None,
    kill_after: float | None = None,
    most_seconds: float = 600.0,
) -> Ended:
    """Run a command in a folder, in a child of this process.

    Args:
        log: a file for what it says.
        within: called in the child before the command begins.
        kill_after: seconds after which it is killed.
        most_seconds: it has hung, and is killed, after so many.
    """
    begin, modules = time.monotonic(), log.with_suffix(".modules")
    modules.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _in_the_child(command, folder, log, within)
    over, wrong = threading.Event(), list[str]()
    visitor = threading.Thread(target=lambda: wrong.append(command.meanwhile(folder, child, over)))
    if command.meanwhile is not None:
        visitor.start()
    end = begin + (most_seconds if kill_after is None else kill_after)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() >= end:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        time.sleep(0.002)
    over.set()
    if command.meanwhile is not None:
        visitor.join()  # what is forked next has no other threads
    seconds, said = time.monotonic() - begin, log.read_text(errors="replace") + "".join(wrong)
    imported = modules.read_text().split() if modules.exists() else ()
    code = os.waitstatus_to_exitcode(status)
    return Ended(code if code or not any(wrong) else 70, said, seconds, tuple(imported))


def import_all(ended: Ended) -> None:
    """Import in this process what a run had imported, so that those after it need not.

    Ray is left out: its threads would begin here, and what is forked would wait for them for ever.
    """
    for name in ended.modules:
        if name.split(".")[0] != "ray":
            with suppress(Exception):  # of some there is only a part
                importlib.import_module(name)


def _in_the_child(command: Command, folder: Path, log: Path, within: Callable[[], None]) -> None:
    import torch

    code = 70
    try:
        torch.set_num_threads(1)  # its pool is made again here, before two threads want it at once
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.chdir(folder)
        sys.argv = ["tempose", *command.words]
        from tempose.cli import main

        command.before()
        within()
        main()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            log.with_suffix(".modules").write_text("\n".join(sys.modules))
        finally:
            os._exit(code)


def contents(folder: Path) -> dict[str, str]:
    """Path → SHA-256 of every file in a folder that is the same from run to run; of others, that they are there."""
    return {str(path.relative_to(folder)): content(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def content(path: Path) -> str:
    """SHA-256 of a file, or of the values in a training state: which of them share a place in memory is nobody's
    business. Empty for what differs from run to run."""
    if path.suffix == ".pt":
        import torch

        state = torch.load(path, map_location="cpu", weights_only=True)
        return hashlib.sha256("".join(values(state)).encode()).hexdigest()
    return "" if VARIES.fullmatch(path.name) else sha256_of(path)


def values(held: Any) -> Iterator[str]:
    """All that a state holds, in its order."""
    if isinstance(held, dict):
        for key, value in held.items():
            yield f"{key!r}: "
            yield from values(value)
    elif isinstance(held, (list, tuple)):
        for value in held:
            yield from values(value)
    else:
        yield f"{held.dtype} {held.tolist()} " if hasattr(held, "tolist") else f"{held!r} "
