"""A model beside the two floors that need none, on the clips of a prepared dataset.

    python benchmarks/quality.py MODEL DATA [--split test] [--every 10] [--steps 10] [--sheet SHEET.png]

The first frame of a clip is the photo, every tenth later frame the truth. MODEL is a folder of weights.
Real videos: `tempose prepare videos FOLDER DATA --size 128 96 --split test` makes DATA.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from tempose.data.prepared import Clip, read_metadata
from tempose.evaluation.reconstruct import METHODS, Reconstruction, figures, reconstruct
from tempose.media.images import write_image
from tempose.media.tensors import to_uint8
from tempose.pipeline import PersonVideoPipeline
from tempose.progress import bar


def sheet(results: list[Reconstruction], moments: int = 5) -> np.ndarray:
    """For each clip the photo, then rows of truth, aligned photo and model."""
    rows = []
    for result in results:
        chosen = np.linspace(0, len(result.truth) - 1, moments).astype(int)
        photo = result.photo.expand(1, -1, -1, -1)
        for frames in (result.truth, result.frames["photo aligned"], result.frames["model"]):
            rows.append(torch.cat([*photo, *frames[chosen]], dim=2))
    return to_uint8(torch.cat(rows, dim=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--size", type=int, nargs=2, default=(128, 96))
    parser.add_argument("--clips", type=int, default=64, help="at most so many, evenly over the split")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()

    pipe = PersonVideoPipeline.from_pretrained(options.model)
    pipe.set_progress_bar_config(disable=True)
    clips = [Clip(options.data / options.split, row) for row in read_metadata(options.data, options.split)]
    clips = [clip for clip in clips if len(clip) > options.every]
    clips = [clips[i] for i in np.unique(np.linspace(0, len(clips) - 1, options.clips).astype(int))]
    results = [
        reconstruct(pipe, clip, size=tuple(options.size), every=options.every, num_inference_steps=options.steps)
        for clip in bar(clips, "clips")
    ]
    table = [figures(result) for result in results]
    names = list(table[0]["model"])
    print(f"{'clip':34} " + " ".join(f"{name + ': copied aligned model':>38}" for name in names))
    rows = [(clip.name, row) for clip, row in zip(clips, table, strict=True)] if len(clips) <= 16 else []
    mean = {m: {n: fmean(row[m][n] for row in table) for n in names} for m in METHODS}
    for name, row in [*rows, (f"mean of {len(clips)} clips", mean)]:
        values = (" ".join(f"{row[method][n]:7.3f}" for method in METHODS) for n in names)
        print(f"{name:34} " + " ".join(f"{value:>38}" for value in values))
    if options.sheet:
        write_image(options.sheet, sheet(results[:6]))


if __name__ == "__main__":
    main()
