"""A face that blinks now and then, for motions that say nothing of faces: built-in ones, and captures of the body.

Grown-ups who rest blink some 17 times a minute, a quarter of a second each, shut in a third of that (Bentivoglio et
al., "Analysis of blink rate patterns in normal subjects", 1997).
"""

from __future__ import annotations

import numpy as np

from tempose.warp.face_points import EYES

# Seconds: from one blink to the next, least and most, and to the first; how long the lids fall, stay, and rise.
BETWEEN, FIRST = (2.0, 5.0), (0.6, 2.0)
FALL, STAY, RISE = 0.08, 0.06, 0.14

# How far the upper lid goes towards the lower one.
SHUT = 0.95


def blinking(face: np.ndarray, frames: int, *, fps: float, seed: int) -> np.ndarray:
    """A face `478 4` (`Motion.face`) that stays as it is but for its lids, `f 478 4`; one seed, the same blinks."""
    moved = np.repeat(face[None], frames, axis=0)
    shut = SHUT * lids(frames, fps=fps, seed=seed)[:, None, None]
    for (upper, lower), _ in EYES:
        way = face[list(lower), :2] - face[list(upper), :2]
        moved[:, list(upper), :2] += shut * way
    return moved


def lids(frames: int, *, fps: float, seed: int) -> np.ndarray:
    """`f`: how far the eyes are shut in each frame, 0 to 1. The frame nearest to the middle of a blink is shut."""
    random = np.random.default_rng(seed)
    time, shut = np.arange(frames) / fps, np.zeros(frames)
    moment = random.uniform(*FIRST)
    while moment < frames / fps:
        since = time - round(moment * fps) / fps
        edges = (-FALL - STAY / 2, -STAY / 2, STAY / 2, STAY / 2 + RISE)
        shut = np.maximum(shut, np.interp(since, edges, (0, 1, 1, 0)))
        moment += random.uniform(*BETWEEN)
    return shut
