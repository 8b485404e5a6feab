"""Every photo with every motion: a moving picture of all of them, and a table of how it went.

    python benchmarks/gallery.py out/gallery.webp --photos photos/*.jpg --motions dance.mp4 walk.bvh walk

Without photos, three that come with the package; without motions, built-in ones. The picture has a row for each
photo, which stands first in it, and a column for each motion. The table, in Markdown, says the frames and seconds that
each took, the cut-out of the person with the first, and whether something had to be guessed.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from tempose.animation.animate import animate
from tempose.animation.demo import SAMPLES
from tempose.animation.subject import Subject, read_subject
from tempose.core.errors import TemposeError
from tempose.core.progress import bar, quiet
from tempose.diffusion.hub import Model, load_model
from tempose.media.images import resize
from tempose.media.video import write_video

PHOTOS = tuple(SAMPLES / f"{name}.jpg" for name in ("meadow", "studio", "road"))
MOTIONS = ("walk", "dance", "wave", "squat")
WHITE = 255


def fitted(picture: np.ndarray, cell: tuple[int, int]) -> np.ndarray:
    """A picture inside a white cell (height, width), uint8."""
    scale = min(cell[0] / picture.shape[0], cell[1] / picture.shape[1])
    size = max(1, round(picture.shape[0] * scale)), max(1, round(picture.shape[1] * scale))
    top, left = (cell[0] - size[0]) // 2, (cell[1] - size[1]) // 2
    framed = np.full((*cell, 3), WHITE, np.uint8)
    framed[top : top + size[0], left : left + size[1]] = resize(picture, size)
    return framed


def attempt(
    subject: Subject, motion: Path | str, *, model: Model, height: int, frames: int, fps: float
) -> tuple[list[np.ndarray], str]:
    """The frames, if there are any, and a cell of the table."""
    began = time.perf_counter()
    try:
        made = animate(subject, motion, model=model, size=height, max_frames=frames, fps=fps, track=quiet)
        pictures = list(made.frames())
    except TemposeError as error:
        return [], str(error)
    guesses = f", {len(made.warnings)} notes" if made.warnings else ""
    return pictures, f"{len(pictures)} frames, {time.perf_counter() - began:.0f} s{guesses}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--photos", type=Path, nargs="+", default=PHOTOS)
    parser.add_argument("--motions", nargs="+", default=list(MOTIONS))
    parser.add_argument("--model", default="people-128")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--fps", type=float, default=8.0)
    parser.add_argument("--cell", type=int, nargs=2, default=(336, 224), help="height and width of a cell")
    options = parser.parse_args()

    cell = tuple(options.cell)
    model = load_model(options.model)
    subjects = {photo.stem: read_subject(photo) for photo in bar(options.photos, "photos")}
    rows, lines = [], []
    for name, subject in bar(list(subjects.items()), "people"):
        still = np.repeat(fitted(subject.picture, cell)[None], options.frames, axis=0)
        cells, words = [still], []
        for motion in options.motions:
            made, said = attempt(subject, motion, model=model, height=cell[0], frames=options.frames, fps=options.fps)
            moving = [fitted(frame, cell) for frame in made] or [np.full((*cell, 3), WHITE, np.uint8)]
            cells.append(np.stack([moving[i % len(moving)] for i in range(options.frames)]))
            words.append(said)
        rows.append(np.concatenate(cells, axis=2))
        lines.append(f"| {name} | " + " | ".join(words) + " |")
    write_video(options.picture, np.concatenate(rows, axis=1), options.fps)
    print("| photo | " + " | ".join(Path(motion).name for motion in options.motions) + " |")
    print("|---" * (len(options.motions) + 1) + "|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
