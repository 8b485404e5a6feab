"""What the measures say of drawn clips that are spoilt in a known way: python benchmarks/measures.py

The first frame of a clip is the photo, the 32 after it the truth. Prints a table of means over clips.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tempose.evaluation.identity import identity_drift
from tempose.evaluation.metrics import l1, psnr, psnr_overflowing, ssim
from tempose.evaluation.video import dis_flow, flicker, jerk, seam_score
from tempose.people.clip import Flow, Recipe, draw_clip, draw_flow

SIZE, FRAMES, FPS, WINDOW = (128, 96), 32, 12.0, 4
FIRST_PERSON = 900_000
JOINS = range(WINDOW, FRAMES, WINDOW)


def seamed(truth: Tensor, rng: np.random.Generator) -> Tensor:
    """Every window of another tint, by one hundredth."""
    tints = torch.from_numpy(rng.normal(0, 0.01, size=(FRAMES // WINDOW, 3))).float()
    return truth + tints.repeat_interleave(WINDOW, 0)[None, :, :, None, None]


def fading(truth: Tensor, rng: np.random.Generator) -> Tensor:
    """Slowly to grey."""
    share = (torch.arange(1, FRAMES + 1) / FRAMES)[:, None, None, None]
    return truth * (1 - share) + truth.mean(2, keepdim=True) * share


SPOILT: dict[str, Callable[[Tensor, np.random.Generator], Tensor]] = {
    "nothing": lambda truth, rng: truth,
    "noise of 0.02": lambda truth, rng: truth + torch.from_numpy(rng.normal(0, 0.02, truth.shape)).float(),
    "blur of 5×5": lambda truth, rng: F.avg_pool2d(truth.flatten(0, 1), 5, 1, 2).view_as(truth),
    "frames shuffled": lambda truth, rng: truth[:, [(11 * i + 5) % FRAMES for i in range(FRAMES)]],
    "fading to grey": fading,
    "a seam every 4": seamed,
}


def figures(frames: Tensor, truth: Tensor, motion: Tensor, drawn: Flow, *, photo: Tensor) -> dict[str, float]:
    """Every measure of a clip; the motion is that of the photo and the frames."""
    flow = torch.from_numpy(drawn.flow[1:]).movedim(-1, 1)[None]
    valid = torch.from_numpy(drawn.valid[1:]).float()[None, :, None]
    own, of_own = dis_flow(truth)
    drift = identity_drift(frames, motion[:, 1:], photo=photo, photo_keypoints=motion[:, 0])
    return {
        "L1": l1(frames, truth).mean().item(),
        "PSNR": psnr(frames, truth).mean().item(),
        "PSNR, overflowing": psnr_overflowing(frames, truth).mean().item(),
        "SSIM": ssim(frames, truth).mean().item(),
        "flicker, exact flow": flicker(frames, truth, flow=flow, valid=valid).mean().item(),
        "flicker, DIS": flicker(frames, truth, flow=own, valid=of_own).mean().item(),
        "seam score": seam_score(frames, JOINS, flow=flow, valid=valid).item(),
        "identity drift": drift.nanmean().item(),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=16)
    people = parser.parse_args().people
    results: dict[str, list[dict[str, float]]] = {name: [] for name in (*SPOILT, "photo copied")}
    jerks = []
    for person in range(FIRST_PERSON, FIRST_PERSON + people):
        recipe = Recipe.draw(person, 0, frames=1 + FRAMES, fps=FPS, size=SIZE)
        clip, drawn = draw_clip(recipe), draw_flow(recipe)
        video = torch.from_numpy(clip.frames).float().movedim(-1, 1)[None] / 255
        motion = torch.from_numpy(clip.motion.keypoints)[None]
        photo, truth = video[:, 0], video[:, 1:]
        jerks.append(jerk(motion, fps=FPS, height=SIZE[0]).item())
        for name, spoil in SPOILT.items():
            frames = spoil(truth, np.random.default_rng(person)).clamp(0, 1)
            results[name].append(figures(frames, truth, motion, drawn, photo=photo))
        frozen = photo[:, None].expand_as(truth)
        results["photo copied"].append(figures(frozen, truth, motion, drawn, photo=photo))
    columns = list(results["nothing"][0])
    print("| spoilt by |", " | ".join(columns), "|")
    print("|---" * (len(columns) + 1) + "|")
    for name, rows in results.items():
        print(f"| {name} |", " | ".join(f"{np.nanmean([row[c] for row in rows]):.3f}" for c in columns), "|")
    print(f"\nJerk of the poses: {np.nanmean(jerks):.1f} heights/s³")


if __name__ == "__main__":
    main()
