"""The first thing to try: a photo and a built-in motion, both from the package itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from tempose.animation.animate import animate
from tempose.animation.result import write_animation
from tempose.animation.settings import AnimateSettings
from tempose.core.progress import Track, quiet
from tempose.diffusion.hub import DEFAULT_MODEL

# Pictures of people who do not exist; whose they are says LICENSE-openpeople.txt beside them.
SAMPLES = Path(__file__).parents[1] / "samples"

# One of them, its motion, and the height in pixels, frames and frames per second of what is made.
PHOTO, MOTION = "meadow.jpg", "wave"
SIZE, FRAMES, FPS = 512, 24, 12.0


class Demo(NamedTuple):
    """What the demo wrote."""

    video: Path
    """Photo, skeleton and result beside one another."""
    seconds: float
    """That it took."""
    warnings: tuple[str, ...]
    """What must be said of the result."""


def run_demo(
    folder: Path | str = "out", *, model: str = DEFAULT_MODEL, device: str = "auto", track: Track = quiet
) -> Demo:
    """Write `demo.mp4` and its record into a folder, which is made if need be."""
    begun = time.monotonic()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    settings = AnimateSettings(model=model, size=SIZE, max_frames=FRAMES, fps=FPS, device=device)
    made = animate(SAMPLES / PHOTO, MOTION, settings, track=track)
    write_animation(made, folder / "demo.mp4", side_by_side=True, track=track)
    return Demo(folder / "demo.mp4", time.monotonic() - begun, made.warnings)
