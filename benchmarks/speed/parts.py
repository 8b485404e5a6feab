"""What stands around the network: starting up, finding poses, drawing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import torch

from benchmarks.speed.record import Row
from benchmarks.speed.timing import alternately
from benchmarks.speed.workload import MOTION, PERSON, SCENE, scene
from tempose.animation.animate import animate
from tempose.animation.demo import FPS, PHOTO, SAMPLES
from tempose.animation.demo import MOTION as MOTION_SHOWN
from tempose.animation.subject import read_subject
from tempose.diffusion.hub import DEFAULT_MODEL, load_model
from tempose.people.clip import Recipe, draw_clip, draw_flow
from tempose.pose.estimators import load_estimator
from tempose.pose.render import pose_maps
from tempose.warp.cutout import cut_out
from tempose.warp.layers import to_layers
from tempose.warp.person import warp


def startup(repeats: int) -> list[Row]:
    """A fresh process each: Python alone, then the command line."""
    commands = {
        "python, doing nothing": ["-c", "pass"],
        "tempose --help": ["-m", "tempose", "--help"],
        "tempose animate --help": ["-m", "tempose", "animate", "--help"],
        "python, importing torch": ["-c", "import torch"],
    }
    runs = {
        name: partial(subprocess.run, [sys.executable, *arguments], capture_output=True, check=True)
        for name, arguments in commands.items()
    }
    return [{"command": name, "seconds": timing.median} for name, timing in alternately(runs, repeats=repeats).items()]


def pose(repeats: int) -> list[Row]:
    """Key points of one picture of a drawn person; `whole video` would be as many of these as frames."""
    finder = load_estimator()
    pictures = {
        f"{height}×{width}": draw_clip(
            Recipe(PERSON, "idle", 0, SCENE, frames=1, fps=12.0, size=(height, width))
        ).frames[0]
        for height, width in ((512, 384), (1280, 720))
    }
    found = {size: len(finder(picture)) for size, picture in pictures.items()}
    timings = alternately({size: partial(finder, picture) for size, picture in pictures.items()}, repeats=repeats)
    return [
        {"picture": size, "people found": found[size], "ms": 1000 * timing.median, "frames/s": 1 / timing.median}
        for size, timing in timings.items()
    ]


@torch.no_grad()
def rendering(repeats: int) -> list[Row]:
    """What is drawn of a pose for the network, 8 frames at once: pose maps, and the photo warped into each."""
    rows = []
    for size in ((128, 96), (256, 256)):
        given = scene(size, frames=8)
        clip = draw_clip(Recipe(PERSON, MOTION, 0, SCENE, frames=1, fps=12.0, size=size))
        layers = to_layers([given.cutout])
        target = torch.from_numpy(given.motion.keypoints)[None]
        photo = clip.frames[0], clip.masks[0], clip.motion.keypoints[0]
        runs = {
            "pose maps": lambda: pose_maps(given.motion.keypoints, size),  # noqa: B023
            "photo warped": lambda: warp(layers, target),  # noqa: B023
            "layers of a photo, once": lambda: cut_out(*photo, exact=True, patches=False),  # noqa: B023
        }
        for name, timing in alternately(runs, repeats=repeats).items():
            rows.append({"size": f"{size[0]}×{size[1]}", "drawn": name, "ms": 1000 * timing.median})
    return rows


SHORT, LONG = 4, 20


def result(repeats: int) -> list[Row]:
    """A photo of the package and a built-in motion as an .mp4 by the model that ships: what each further frame takes,
    of the clock and of all cores; network, warp at both sizes, face, detail and encoding included.
    """
    model, subject = load_model(DEFAULT_MODEL), read_subject(SAMPLES / PHOTO)
    rows: list[Row] = []
    for height in (512, 1080):
        with tempfile.TemporaryDirectory() as folder:

            def write(frames: int) -> None:
                made = animate(subject, MOTION_SHOWN, model=model, size=height, max_frames=frames, fps=FPS)  # noqa: B023
                made.save(Path(folder) / "result.mp4")

            runs = {str(frames): partial(write, frames) for frames in (SHORT, LONG)}
            short, long = alternately(runs, repeats=repeats).values()
        seconds = (long.median - short.median) / (LONG - SHORT)
        work = statistics.median(b - a for a, b in zip(short.processor, long.processor, strict=True)) / (LONG - SHORT)
        rows.append({"height": height, "frame, s": seconds, "frames/s": 1 / seconds, "processor s": work})
    return rows


def people(repeats: int) -> list[Row]:
    """Drawn people, processor time: a clip of 32 frames with key points and masks, its person and place
    drawn anew; what one further frame costs; the exact flow.
    """
    rows, long = [], 32
    for size in ((128, 96), (128, 128), (256, 192)):
        whole, short = (Recipe(PERSON, MOTION, 0, SCENE, frames=count, fps=16, size=size) for count in (long, 1))
        runs = {
            "clip": lambda: draw_clip(whole),  # noqa: B023
            "one": lambda: draw_clip(short),  # noqa: B023
            "flow": lambda: draw_flow(whole),  # noqa: B023
        }
        work = {name: sorted(t.processor)[repeats // 2] for name, t in alternately(runs, repeats=repeats).items()}
        frame = (work["clip"] - work["one"]) / (long - 1)
        rows.append(
            {
                "size": f"{size[0]}×{size[1]}",
                "clip, frames/s": long / work["clip"],
                "further frame, ms": 1000 * frame,
                "flow, frames/s": (long - 1) / work["flow"],
            }
        )
    return rows
