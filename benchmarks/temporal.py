"""Whether the temporal blocks earn their place: `python -m benchmarks.temporal CLIPS…`

Real clips animated from their own first frames at the length and near the rate that they have, by the model, by its
image model alone (every frame by itself), and by the warp. Prints the table, and by how much the model differs from the
image model, with the 95 % interval of the difference over the clips.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tempose.core.progress import bar
from tempose.diffusion.hub import DEFAULT_MODEL, WARP, Model, load_model
from tempose.evaluation.measures import load_learned, measures_at
from tempose.evaluation.native import Sampling, animated, native_measures, native_tasks
from tempose.evaluation.protocols import Protocol
from tempose.evaluation.report import markdown_table
from tempose.evaluation.results import paired
from tempose.evaluation.run import Plan

IMAGE, VIDEO = "image model", "with temporal blocks"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path, help="videos, or folders of them")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--frames", type=int, default=96, help="of each clip at most, over its first eight seconds")
    asked = parser.parse_args()
    model = load_model(asked.model)
    image = Model(model.name, model.pipeline.image_model())
    methods = {WARP: animated(WARP), IMAGE: animated(image), VIDEO: animated(model)}
    over_time = [each for each in measures_at((64, 64)) if each.column.name in ("flicker", "warped difference")]
    whole = [each for each in native_measures() if each.column.name in ("L1, person", "SSIM, person", "sharp", "still")]
    plan = Plan(
        native_tasks(asked.clips, Sampling(asked.height, asked.frames)),
        methods,
        Protocol("native", window=1, step=1, strategy="overlap", most=None),
        [*whole, *over_time],
        load_learned(("feat",)),
    )
    found = plan.run(track=bar).evaluation
    print(markdown_table(found))
    print(f"\n| {VIDEO} - {IMAGE} | difference | 95 % interval |\n|---|---|---|")
    for column in found.columns:
        mean, low, high = paired(*(found.per_clip(name, column.name) for name in (IMAGE, VIDEO))).difference
        print(f"| {column.name} | {mean:+.5f} | {low:+.5f} … {high:+.5f} |")


if __name__ == "__main__":
    main()
