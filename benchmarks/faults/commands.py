"""Commands of tempose that write something, small enough to be run a thousand times.

Each runs in a child forked from a process that has everything imported already, so that a run costs what it does, not
what starting takes.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from PIL import Image

from tempose.data.prepared import sha256_of, write_clip, write_metadata
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.media.video import write_video
from tempose.models.build import build_networks
from tempose.models.config import ModelConfig
from tempose.people.clip import Recipe, draw_clip

SAMPLES = Path(__file__).parents[2] / "src" / "tempose" / "samples"

TINY = ModelConfig(
    size=(32, 16), base_channels=16, channel_multipliers=(1, 2), texture_levels=(1,), residual_blocks=1,
    time_channels=32, dropout=0.0, temporal_head_channels=8, prediction_type="v_prediction", learned_variance=False,
)  # fmt: skip

# What differs from run to run: times and rates.
VARIES = re.compile(r"(.*\.json|log\.jsonl|.*\.html|.*\.md|run\.yaml|report\.txt)")


@dataclass(frozen=True)
class Command:
    """A command line.

    Attributes:
        name: to call it by.
        words: of the command line; it runs in a folder of its own, beside the material `../in`.
        slow: takes seconds rather than tenths.
    """

    name: str
    words: tuple[str, ...]
    slow: bool = False


COMMANDS = (
    Command("animate", ("animate", "../in/photo.jpg", "walk", "-o", "out/o.mp4", "--model", "warp", "--size", "96",
                        "--max-frames", "4", "--sheet", "out/s.png", "--device", "cpu"), slow=True),
    Command("animate-frames", ("animate", "../in/photo.jpg", "wave", "-o", "out/frames", "--model", "../in/model",
                               "--size", "96", "--max-frames", "3", "--device", "cpu"), slow=True),
    Command("people", ("people", "out", "--people", "2", "--clips", "1", "--frames", "3", "--size", "32x24")),
    Command("people-sheet", ("people-sheet", "out.png", "--people", "2", "--moments", "2", "--size", "32x24")),
    Command("export", ("export", "../in/model", "out")),
    Command("train", ("train", "../in/train.yaml", "--set", "output=out")),
    Command("compare", ("compare", "../in/report-a", "../in/report-b", "-o", "out")),
    Command("evaluate", ("evaluate", "--data", "../in/data", "--model", "../in/model", "--metrics", "none", "--steps",
                         "1", "--protocol", "loop", "-o", "out", "--device", "cpu"), slow=True),
    Command("prepare", ("prepare", "videos", "../in/videos", "out", "--size", "64x48", "--min-frames", "4"), slow=True),
    Command("personalize", ("personalize", "../in/photo.jpg", "../in/photo-2.jpg", "../in/photo-3.jpg", "-o", "out",
                            "--model", "../in/model", "--steps", "22", "--size", "32x16"), slow=True),
)  # fmt: skip


def prepare(folder: Path, commands: Sequence[Command]) -> None:
    """The material: photos, a tiny model, a dataset, a configuration, a video; for those that compare, two reports."""
    import torch

    folder.mkdir(parents=True)
    for name, sample in (("photo", "meadow"), ("photo-2", "road"), ("photo-3", "studio")):
        with Image.open(SAMPLES / f"{sample}.jpg") as picture:
            picture.thumbnail((512, 512))
            picture.convert("RGB").save(folder / f"{name}.jpg")
    torch.manual_seed(0)
    networks = build_networks(TINY, temporal=False)
    PersonVideoPipeline.from_networks(networks, config=TINY).save_pretrained(folder / "model")
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
    with Image.open(folder / "photo.jpg") as picture:
        even = picture.crop((0, 0, picture.width // 2 * 2, picture.height // 2 * 2))
        (folder / "videos").mkdir()
        import numpy as np

        frames = [np.roll(np.asarray(even), 2 * index, axis=1) for index in range(6)]
    write_video(folder / "videos" / "a.mp4", frames, 10)
    reference = next(command for command in COMMANDS if command.name == "evaluate")
    for name in ("report-a", "report-b") if any(each.name == "compare" for each in commands) else ():
        place = folder / name
        words = tuple(str(place.resolve()) if word == "out" else word for word in reference.words)
        words = tuple(word.replace("../in/", "../") for word in words)
        ended = run(words, folder / "videos", log=folder / "log.txt")
        if ended.code:
            sys.exit(f"{name} cannot be made: {(folder / 'log.txt').read_text()}")


# Running ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: the exit code, or minus the signal.
        said: what it said on both streams.
        seconds: how long it ran.
    """

    code: int
    said: str
    seconds: float


def run(
    words: tuple[str, ...],
    folder: Path,
    *,
    log: Path,
    within: Callable[[], None] = lambda: None,
    kill_after: float | None = None,
    most_seconds: float = 600.0,
) -> Ended:
    """Run a command line in a folder, in a child of this process.

    Args:
        log: a file for what it says.
        within: called in the child before the command begins.
        kill_after: seconds after which it is killed.
        most_seconds: it has hung, and is killed, after so many.
    """
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        _in_the_child(words, folder, log, within)
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
    return Ended(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"), time.monotonic() - begin)


def _in_the_child(words: tuple[str, ...], folder: Path, log: Path, within: Callable[[], None]) -> None:
    code = 70
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.chdir(folder)
        sys.argv = ["tempose", *words]
        from tempose.cli import main

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
        finally:
            os._exit(code)


def contents(folder: Path) -> dict[str, str]:
    """Path → SHA-256 of every file in a folder that is the same from run to run; of others, that they are there."""
    return {
        str(path.relative_to(folder)): "" if VARIES.fullmatch(path.name) else sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
