"""What each term of the objective and each material brings: short runs that differ in one thing, measured alike.

    python -m benchmarks.apart configs/apart/*.yaml people-128 --held-out data/heldout data/people-image

A row is a configuration, which is trained first (a run that was interrupted goes on), or a folder of weights or a name
of weights, which are measured as they are: the checkpoints of one run make a curve. Pairs of moments of the split
`val`, one step of sampling. Prints a table in Markdown for each dataset: the figures of the first row, and by how much
the others differ, with the 95 % interval of the difference over the pairs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tempose.core.progress import bar
from tempose.data.clips import PairDataset
from tempose.diffusion.hub import load_model
from tempose.evaluation.metrics import l1, ssim
from tempose.evaluation.results import paired
from tempose.media.tensors import to_uint8
from tempose.models.conditions import Photo, warped_prior
from tempose.models.features import FeatureNetwork
from tempose.pose.keypoints import Motion
from tempose.pose.render import pose_maps
from tempose.training.config import load_config
from tempose.training.loop import train
from tempose.training.step import perceptual
from tempose.warp.cutout import cut_out

TARGETS = 4
Figures = dict[str, np.ndarray]
"""Measure → a value of each pair."""


def figures(frames: Tensor, truth: Tensor, masks: Tensor, features: FeatureNetwork) -> dict[str, float]:
    """What is measured of frames `f 3 h w` in [-1, 1]."""
    made, true = ((x[None].clamp(-1, 1) + 1) / 2 for x in (frames, truth))
    return {
        "L1, person": float(l1(made, true, mask=masks[None]).nanmean()),
        "SSIM": float(ssim(made, true).mean()),
        "feat": float(perceptual(frames[None], truth[None], network=features).mean()),
    }


def measured(name: str, root: Path, *, size: tuple[int, int], pairs: int) -> Iterator[tuple[str, dict[str, float]]]:
    """(`the warp` or `made`, its figures) of one pair after another."""
    model = load_model(name, precision="fp32").pipeline.image_model()
    model.set_progress_bar_config(disable=True)
    data, features = PairDataset(root, "val", targets=TARGETS, size=size), FeatureNetwork()
    for index in range(pairs):
        sample = data[index, index % len(data)]
        mask, keypoints = sample.photo_mask[0].numpy(), sample.photo_keypoints.numpy()
        cutout = cut_out(to_uint8(sample.photo), mask, keypoints, exact=True, patches=False)
        maps = torch.from_numpy(pose_maps(keypoints[None], size))[0]
        prior = warped_prior(Photo.of(sample.photo, maps, cutout), sample.keypoints[None])
        motion = Motion(sample.keypoints.numpy(), size, 1.0)
        generator = torch.Generator().manual_seed(index)
        frames = model(sample.photo, motion, cutout=cutout, num_inference_steps=1, generator=generator).frames
        for row, shown in (("the warp", prior.picture[0]), ("made", frames)):
            yield row, figures(shown, sample.frames, sample.masks, features)


def collected(name: str, root: Path, *, size: tuple[int, int], pairs: int) -> dict[str, Figures]:
    """The figures of the warp and of what is made, each measure's in the order of the pairs."""
    rows: dict[str, dict[str, list[float]]] = {}
    with torch.no_grad():
        for row, values in measured(name, root, size=size, pairs=pairs):
            for measure, value in values.items():
                rows.setdefault(row, {}).setdefault(measure, []).append(value)
    return {row: {measure: np.array(found) for measure, found in values.items()} for row, values in rows.items()}


def table(rows: dict[str, Figures]) -> str:
    """The first row's means, and every row's differences from it."""
    first, *_ = rows.values()
    lines = ["| |" + "|".join(f" {measure} " for measure in first) + "|", "|---" * (len(first) + 1) + "|"]
    for name, values in rows.items():
        cells = [f"{found.mean():.4f}" for found in values.values()]
        if values is not first:
            changes = [paired(first[measure], found).difference for measure, found in values.items()]
            cells = [f"{cell} ({low:+.4f} … {high:+.4f})" for cell, (_, low, high) in zip(cells, changes, strict=True)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="+", help="configurations, folders of weights, names of weights")
    parser.add_argument("--held-out", nargs="+", type=Path, required=True, metavar="DATA")
    parser.add_argument("--pairs", type=int, default=48, help="of each dataset, four targets each")
    parser.add_argument("--size", type=int, nargs=2, default=(64, 48), metavar=("HEIGHT", "WIDTH"))
    asked = parser.parse_args()
    weights = {}
    for row in asked.rows:
        if row.endswith(".yaml"):
            outcome = train(load_config(row), track=bar)
            if not outcome.finished:
                return
            weights[Path(row).stem] = str(outcome.weights)
        else:
            weights["/".join(Path(row).parts[-2:])] = row
    for root in asked.held_out:
        rows: dict[str, Figures] = {}
        for name, where in weights.items():
            found = collected(where, root, size=tuple(asked.size), pairs=asked.pairs)
            rows.setdefault("the warp", found["the warp"])
            rows[name] = found["made"]
        warp = rows.pop("the warp")
        print(f"\n{root.name}, {asked.pairs} pairs\n\n{table(rows | {'the warp': warp})}", flush=True)


if __name__ == "__main__":
    main()
