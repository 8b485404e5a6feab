"""Sampling: one prediction, each saving, whole clips, and how cost grows with frames and steps."""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed.machine import peak
from benchmarks.speed.record import Row
from benchmarks.speed.reference import UNDONE, as_published
from benchmarks.speed.timing import alternately
from benchmarks.speed.workload import Scene, pipeline, scene, size_of
from tempose.diffusion.guidance import Guidance
from tempose.diffusion.hub import find_precision, load_model
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.models.config import preset

# Precision and whether channels lie innermost.
LAYOUTS = {
    "fp32": ("fp32", False),
    "fp32, channels last": ("fp32", True),
    "bf16": ("bf16", False),
    "bf16, channels last": ("bf16", True),
}


def generate(pipe: PersonVideoPipeline, given: Scene, *, published: bool = False, **sampling: Any) -> Tensor:
    """The frames of a scene, with all savings or as published."""
    with as_published() if published else nullcontext():
        return pipe(**given.arguments, generator=torch.Generator().manual_seed(0), **sampling).frames


def agreement(frames: Tensor, reference: Tensor) -> float:
    """PSNR in dB of frames in [-1, 1]."""
    return float(-10 * ((frames - reference) / 2).square().mean().clamp_min(1e-20).log10())


def prediction(repeats: int) -> list[Row]:
    """One guided prediction of one frame (one step): published, then ours in every precision and layout.

    FLOPs are counted by torch while it computes. Utilisation is their share of the faster of a large
    matrix product and a 3×3 convolution in the same process and precision.
    """
    peaks = {name: max(peak(find_precision(name, device="cpu"), repeats=repeats).values()) for name in ("fp32", "bf16")}
    rows = []
    for name in ("pidm-256", "people-128"):
        given, guidance = scene(size_of(name), frames=1), Guidance(photo=2.0)
        runs: dict[str, Callable[[], Tensor]] = {}
        for label, (precision, channels_last) in LAYOUTS.items():
            pipe = pipeline(name, precision=precision, channels_last=channels_last)
            if not runs:
                runs["published"] = _one_step(pipe, given, guidance, published=True)
            runs[label] = _one_step(pipe, given, guidance)
        timings = alternately(runs, repeats=repeats)
        reference = runs["published"]()
        for label, timing in timings.items():
            gflop, precision = _gflop(runs[label]), LAYOUTS.get(label, ("fp32",))[0]
            rows.append(
                {
                    "preset": name,
                    "way": label,
                    "GFLOP": gflop,
                    "seconds": timing.median,
                    "faster": timing.faster_than(timings["published"]),
                    "less work": timing.less_work_than(timings["published"]),
                    "GFLOP/s": gflop / timing.median,
                    "utilisation": gflop / timing.median / peaks[precision],
                    "PSNR, dB": None if label == "published" else agreement(runs[label](), reference),
                }
            )
    return rows


def _one_step(pipe: PersonVideoPipeline, given: Scene, guidance: Guidance, *, published: bool = False) -> Callable:
    return lambda: generate(pipe, given, published=published, num_inference_steps=1, guidance=guidance)


def _gflop(run: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 1e9


def savings(repeats: int) -> list[Row]:
    """Each exact saving, made and not made, everything else alike.

    `pidm-256`: one frame, guidance 2. `people-128`: 12 frames in three windows of 8, guidance 1, channels last in
    bf16 as by default on a processor that computes in it.
    """
    rows = []
    for name, frames, guidance, precision in (("pidm-256", 1, 2.0, "fp32"), ("people-128", 12, 1.0, "auto")):
        chosen = "bf16" if find_precision(precision, device="cpu") is torch.bfloat16 else "fp32"
        pipe = pipeline(name, precision=chosen, channels_last=name == "people-128")
        given = scene(size_of(name), frames=frames)

        def run() -> Tensor:
            return generate(pipe, given, num_inference_steps=1, guidance=Guidance(photo=guidance))  # noqa: B023

        for saving, undone in {**UNDONE, "all of these": as_published}.items():

            def without() -> Tensor:
                with undone():  # noqa: B023
                    return run()

            timings = alternately({"with": run, "without": without}, repeats=repeats)
            rows.append(
                {
                    "preset": name,
                    "precision": chosen,
                    "saving": saving,
                    "seconds with": timings["with"].median,
                    "seconds without": timings["without"].median,
                    "faster": timings["with"].faster_than(timings["without"]),
                    "less work": timings["with"].less_work_than(timings["without"]),
                    "largest difference": float((run() - without()).abs().max()),
                }
            )
    return rows


def clip(repeats: int, model: str = "people-128") -> list[Row]:
    """A clip of 8 frames, the whole job: as published (DDIM, 50 steps, guidance 2, fp32), then ours.

    PSNR compares with the published way at the same settings; the default settings are other ones.
    """
    steps = load_model(model).steps
    ways = {
        "published": (load_model(model, precision="fp32"), True, 50, Guidance(photo=2.0), "loop"),
        "ours, fp32": (load_model(model, precision="fp32"), False, 50, Guidance(photo=2.0), "loop"),
        "ours, default precision": (load_model(model), False, 50, Guidance(photo=2.0), "loop"),
        f"ours, default settings ({steps} step{'s' * (steps > 1)})": (load_model(model), False, steps, None, "overlap"),
    }
    given = scene(ways["published"][0].size, frames=8)
    runs = {
        label: lambda way=way: generate(
            way[0].pipeline, given, published=way[1], num_inference_steps=way[2], guidance=way[3], strategy=way[4]
        )
        for label, way in ways.items()
    }
    timings = alternately(runs, repeats=repeats)
    reference = runs["published"]()
    alike = [label for label, way in ways.items() if way[2] == 50 and label != "published"]
    return [
        {
            "way": label,
            "steps": ways[label][2],
            "seconds": timing.median,
            "faster": timing.faster_than(timings["published"]),
            "less work": timing.less_work_than(timings["published"]),
            "PSNR, dB": agreement(runs[label](), reference) if label in alike else None,
        }
        for label, timing in timings.items()
    ]


FRAMES = (1, 4, 16, 64, 256, 512)


def frames(repeats: int, counts: tuple[int, ...] = FRAMES) -> list[Row]:
    """One step of `people-128` over ever longer videos, each in a fresh process.

    `exponent` is that of a power law fitted to the processor time from 16 frames on. `of frames` is what memory grows
    by with each further frame, as a multiple of the frame's own bytes (float32 `3 h w`).
    """
    measured = [_in_fresh_process(count) for count in counts]
    long = np.array([(count, *found) for count, found in zip(counts, measured, strict=True) if count >= 16])
    exponent = float(np.polyfit(np.log(long[:, 0]), np.log(long[:, 2]), 1)[0])
    growth = float(np.polyfit(long[:, 0], long[:, 3], 1)[0]) / (4 * 3 * math.prod(size_of("people-128")))
    return [
        {
            "frames": count,
            "seconds": seconds,
            "frames/s": count / seconds,
            "processor s": processor,
            "peak MiB": memory / 2**20,
            "exponent": exponent,
            "of frames": growth,
        }
        for count, (seconds, processor, memory) in zip(counts, measured, strict=True)
    ]


def _in_fresh_process(count: int) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak bytes of one step over a video."""
    program = f"from benchmarks.speed.sampling import report_once; report_once({count})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    seconds, processor, memory = json.loads(done.stdout.splitlines()[-1])
    return seconds, processor, memory


def report_once(count: int) -> None:
    """Print seconds, processor seconds and peak bytes of one step over a video of that many frames."""
    model = load_model("people-128")
    given = scene(model.size, frames=count)
    generate(model.pipeline, scene(model.size, frames=min(count, 8)), num_inference_steps=1)
    started, worked = time.perf_counter(), time.process_time()
    generate(model.pipeline, given, num_inference_steps=1)
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps([seconds, processor, peak_bytes]))


def step_count(repeats: int) -> list[Row]:
    """`people-128`, 8 frames, more and more steps."""
    model = load_model("people-128")
    given = scene(preset("people-128").size, frames=8)
    runs = {str(n): lambda n=n: generate(model.pipeline, given, num_inference_steps=n) for n in (1, 2, 4, 8)}
    return [
        {"steps": int(n), "seconds": timing.median, "frames/s": 8 / timing.median}
        for n, timing in alternately(runs, repeats=repeats).items()
    ]
