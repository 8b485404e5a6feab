"""What the studio's page shows before anybody has chosen anything: `python -m benchmarks.opening`.

A sample beside its driver, and every built-in motion as a person who moves so; written into the package's page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tempose.animation.animate import animate
from tempose.animation.demo import SAMPLES
from tempose.animation.result import provenance
from tempose.animation.subject import read_subject
from tempose.body.motions import MOTIONS
from tempose.diffusion.hub import DEFAULT_MODEL, WARP
from tempose.media.crop import Crop
from tempose.media.images import resize
from tempose.media.video import write_video

PAGE = Path(__file__).parents[1] / "src" / "tempose" / "web" / "page"

# The sample: who, how they move, and the height, frames and frames per second.
WHO, HOW, HEIGHT, FRAMES, FPS = "meadow.jpg", "dance", 480, 48, 12.0

# A tile: who, and the height and width, frames and frames per second.
MOVING, TILE, TILE_FRAMES, TILE_FPS = "studio.jpg", (160, 120), 18, 9.0


def opening(folder: Path = PAGE, *, model: str = DEFAULT_MODEL, frames: int = FRAMES) -> None:
    """Write `sample.mp4`, and `motion-NAME.webp` for every motion, into a folder."""
    made = animate(SAMPLES / WHO, HOW, model=model, size=HEIGHT, max_frames=frames, fps=FPS)
    write_video(folder / "sample.mp4", made.panels(), FPS, crf=26, provenance=provenance(made.record))
    subject = read_subject(SAMPLES / MOVING)
    for name in MOTIONS:
        moved = animate(subject, name, model=WARP, size=2 * TILE[0], max_frames=min(frames, TILE_FRAMES), fps=TILE_FPS)
        pictures = [tile(frame) for frame in moved.frames()]
        write_video(folder / f"motion-{name}.webp", pictures, TILE_FPS, provenance=provenance(moved.record))


def tile(frame: np.ndarray) -> np.ndarray:
    """A frame cut to the proportions of a tile about its middle, and made as small."""
    height, width = frame.shape[:2]
    window = Crop.around((0.0, 0.0, float(width), float(height)), TILE, margin=0)
    inside = Crop((width - height * TILE[1] // TILE[0]) // 2, 0, height * TILE[1] // TILE[0], height)
    return resize((inside if inside.width <= width else window).cut(frame, (height, height * TILE[1] // TILE[0])), TILE)


def main(
    folder: Annotated[Path, typer.Argument(help="Where to write.")] = PAGE,
    model: Annotated[str, typer.Option(help="A name, a folder of weights, or OWNER/NAME on the Hub.")] = DEFAULT_MODEL,
) -> None:
    """Write what the studio's page shows before anybody has chosen anything."""
    opening(folder, model=model)


if __name__ == "__main__":
    typer.run(main)
