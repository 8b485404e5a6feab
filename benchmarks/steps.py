"""Why more steps hurt: what the network says of clean frames when it sees noisy *true* ones, and when it sees its own.

`python -m benchmarks.steps DATA --split val` takes pairs of moments of prepared clips, at the model's size, and prints
the absolute error on the person: of the warp; of the clean frames that one prediction implies at a time t, whose noisy
frames were made of the truth; and of frames that were sampled in so many steps.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import Tensor

from tempose import load_model
from tempose.data.clips import PairDataset
from tempose.media.tensors import to_uint8
from tempose.models.build import Networks
from tempose.models.config import preset
from tempose.pose.keypoints import Motion
from tempose.training.config import Optimization, TrainConfig
from tempose.training.step import Objective, draw
from tempose.warp.cutout import cut_out

TIMES, STEPS = (999, 750, 500, 250, 100), (1, 2, 4, 8)


@torch.no_grad()
def table(name: str, root: str, *, split: str, pairs: int) -> dict[str, float]:
    """The mean error of each row over so many pairs, four targets each."""
    pipeline = load_model(name).pipeline.to(torch.float32)
    height, width = pipeline.sampling.size
    data = PairDataset(root, split, targets=4, size=(height, width))
    config = TrainConfig(
        stage="image", model=preset(name), data={"root": root}, optimization={"steps": 1}, output="unused"
    )
    recipe = Optimization(steps=1)
    objective = Objective(Networks(pipeline.texture_encoder, pipeline.unet), pipeline.scheduler, recipe=recipe).eval()
    image_model = pipeline.image_model()
    image_model.set_progress_bar_config(disable=True)
    rows: dict[str, list[float]] = {}
    for index in range(pairs):
        sample = data[index, index % len(data)]
        batch = draw(sample, config, noisy=False, generator=torch.Generator().manual_seed(index))

        def error(row: str, frames: Tensor, batch=batch) -> None:
            off = (frames - batch.frames).abs().mean(2, keepdim=True) * batch.masks
            rows.setdefault(row, []).append(float(off.sum() / batch.masks.sum()) / 2)

        prior = objective.prior(batch)
        if prior is not None:
            error("the warp", prior.picture)
        for t in TIMES:
            batch.t.fill_(t)
            error(f"the truth, as noisy as at t = {t}", objective.clean(batch).clamp(-1, 1))
        picture, mask = to_uint8(sample.photo), sample.photo_mask[0].numpy()
        cutout = cut_out(picture, mask, sample.photo_keypoints.numpy(), exact=True, patches=False)
        motion = Motion(sample.keypoints.numpy(), (height, width), 1.0)
        for steps in STEPS:
            generator = torch.Generator().manual_seed(index)
            made = image_model(sample.photo, motion, cutout=cutout, num_inference_steps=steps, generator=generator)
            error(f"sampled in {steps}", made.frames[None])
    return {row: float(np.mean(values)) for row, values in rows.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="a folder that `tempose prepare` or `tempose people` made")
    parser.add_argument("--model", default="people-128")
    parser.add_argument("--split", default="val")
    parser.add_argument("--pairs", type=int, default=24)
    asked = parser.parse_args()
    for row, value in table(asked.model, asked.data, split=asked.split, pairs=asked.pairs).items():
        print(f"{row:36} {value:.4f}", flush=True)
