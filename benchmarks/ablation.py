"""What each part of the small model brings: every variant trained alike, from nothing, and measured alike.

    python benchmarks/ablation.py DATA [--real REAL] [--steps 400] [--runs runs/ablation] [--picture CURVES.svg]

DATA is a prepared dataset of drawn people with splits train, val and test; REAL one of real videos with a
split test. The models are small (32 channels, 64×48 pixels), so that all of them train in about an hour on
one core. A run that was interrupted goes on. Prints a table in Markdown; the curves are losses on the
validation people, with the same noise and the same weights of time for every variant.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from tempose.core.progress import bar
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.evaluation.results import TRUTH
from tempose.evaluation.run import plan_model
from tempose.evaluation.settings import EvaluateSettings
from tempose.training.config import TrainConfig, resolve
from tempose.training.loop import train

SIZE = (64, 48)
NOTHING = {
    **{"pose_keys": False, "warped_photo": False, "background": False},
    **{"sigma_data": None, "correct_prior": False},
}
WARPED = {**NOTHING, "warped_photo": True, "background": True}
VARIANTS: dict[str, dict[str, Any]] = {
    "cross-attention alone (PIDM)": NOTHING,
    "+ pose-keyed attention": {**NOTHING, "pose_keys": True},
    "+ warped photo, background": WARPED,
    "+ warped photo, background, around the prior": {**WARPED, "sigma_data": 0.12},
    "all, around the prior": {**WARPED, "pose_keys": True, "sigma_data": 0.12},
    "all, around the prior, moved": {**WARPED, "pose_keys": True, "sigma_data": 0.12, "correct_prior": True},
}


def configuration(name: str, *, data: Path, runs: Path, steps: int) -> TrainConfig:
    """The run of one variant."""
    folder = "".join(letter if letter.isalnum() else "-" for letter in name).strip("-")
    return resolve(
        {
            "stage": "image",
            "model": {"like": "people-128", "base_channels": 32, **VARIANTS[name]},
            "output": runs / folder,
            "data": {
                **{"root": data, "size": SIZE, "workers": 1, "color": 0.3, "crop": 0.1},
                **{"jitter": 0.8, "bias": 1.2, "missing": 0.02, "swapped": 0.01, "ragged": 1.5},
            },
            "optimization": {
                **{"steps": steps, "batch": 8, "learning_rate": 4e-4, "warmup": 50, "schedule": "cosine"},
                **{"ema": 0.995, "precision": "bf16", "drop_pose": 0, "drop_photo": 0, "min_snr": 5, "norm": "l1"},
            },
            "logging": {
                **{"validate_every": max(1, steps // 6), "validation_samples": 64, "save_every": max(1, steps // 6)},
                **{"sample_every": steps + 1, "keep": 1, "tensorboard": False},
            },
        },
        source=name,
    )


def measured(weights: Path, data: Path, *, every: int, clips: int) -> dict[str, dict[str, float]]:
    """Means over the test clips, for each method."""
    pipe = PersonVideoPipeline.from_pretrained(weights)
    pipe.set_progress_bar_config(disable=True)
    sampling = {"protocol": "loop", "window": 1, "every": every, "size": SIZE, "stretch": True, "steps": 4}
    found = plan_model(pipe, data, EvaluateSettings(clips=clips, **sampling)).run().evaluation
    names = ("SSIM", "PSNR", "L1, person")
    return {m: {n: float(np.nanmean(found.per_clip(m, n))) for n in names} for m in found.methods if m != TRUTH}


def curve(run: Path) -> tuple[list[int], list[float]]:
    """Steps and validation losses of a run."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    looks = [line for line in lines if "validation" in line]
    return [look["step"] for look in looks], [look["validation"] for look in looks]


def draw(curves: dict[str, tuple[list[int], list[float]]], path: Path) -> None:
    """The validation losses as a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, (steps, losses) in curves.items():
        axes.plot(steps, losses, marker="o", markersize=3, label=name)
    axes.set(xlabel="steps of 8 samples", ylabel="loss on validation people", yscale="log")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--runs", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--clips", type=int, default=32, help="held-out drawn people")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()

    curves, rows = {}, []
    for name in VARIANTS:
        config = configuration(name, data=options.data, runs=options.runs, steps=options.steps)
        outcome = train(config, track=bar)
        if not outcome.finished:
            return
        curves[name] = curve(config.output)
        tables = [measured(outcome.weights, options.data, every=1, clips=options.clips)]
        if options.real:
            tables.append(measured(outcome.weights, options.real, every=20, clips=options.clips))
        rows.append((name, [table["model"] for table in tables]))
        print(name, tables)
    floors = [(name, [table[name] for table in tables]) for name in ("photo copied", "photo warped")]
    names = list(tables[0]["model"])
    kinds = ("drawn", "real")[: len(tables)]
    print("\n| |" + "|".join(f" {kind}: {n} " for kind in kinds for n in names) + "|")
    print("|---|" + "---|" * (len(names) * len(tables)))
    for name, values in floors + rows:
        print(f"| {name} |" + "|".join(f" {value[n]:.4g} " for value in values for n in names) + "|")
    if options.picture:
        draw(curves, options.picture)


if __name__ == "__main__":
    main()
