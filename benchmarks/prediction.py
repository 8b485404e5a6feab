"""Seconds and FLOPs of one prediction of the noise predictor, for each preset and precision.

python benchmarks/prediction.py
"""

from __future__ import annotations

import statistics
import time

import torch
from torch.utils.flop_counter import FlopCounterMode

from tempose.config import PRESETS
from tempose.models.conditions import GUIDE_CHANNELS, PLATE_CHANNELS, Conditions
from tempose.pipeline import PersonVideoPipeline

REPEATS = 5


def inputs(pipe: PersonVideoPipeline, size: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor, Conditions]:
    """One noisy frame and its conditions."""
    generator, config = torch.Generator().manual_seed(0), pipe.unet.config
    channels = [GUIDE_CHANNELS] * config.aligned_photo + [PLATE_CHANNELS] * config.plate
    photo, x_t = torch.rand(1, 3, *size, generator=generator), torch.randn(1, 1, 3, *size, generator=generator)
    pose_map = torch.rand(1, 1, 20, *size, generator=generator)
    texture = pipe.unet.read_texture(pipe.texture_encoder(photo), pose_map[:, 0])
    guides = [torch.rand(1, 1, c, *size, generator=generator) for c in channels]
    return x_t, torch.tensor([500]), Conditions(pose_map, texture, guides)


@torch.no_grad()
def main() -> None:
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}; median of {REPEATS}")
    print(f"{'preset':12} {'size':>9} {'precision':>9} {'GFLOP':>7} {'seconds':>8} {'GFLOP/s':>8}")
    for name, preset in PRESETS.items():
        pipe = PersonVideoPipeline.from_preset(name)
        arguments = inputs(pipe, preset.size)
        with FlopCounterMode(display=False) as counter:
            pipe.unet(*arguments)
        gflop = counter.get_total_flops() / 1e9
        for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
            seconds = []
            with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
                pipe.unet(*arguments)
                for _ in range(REPEATS):
                    start = time.perf_counter()
                    pipe.unet(*arguments)
                    seconds.append(time.perf_counter() - start)
            median = statistics.median(seconds)
            size = "×".join(map(str, preset.size))
            print(f"{name:12} {size:>9} {precision:>9} {gflop:7.1f} {median:8.3f} {gflop / median:8.1f}")


if __name__ == "__main__":
    main()
