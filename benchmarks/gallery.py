"""Every photo with every motion: a moving picture of all of them, and a table of how it went.

    python benchmarks/gallery.py out/gallery.webp --photos photos/*.jpg --motions dance.mp4 walk.bvh walk

Without photos, drawn people; without motions, built-in ones. The picture has a row for each photo, which
stands first in it, and a column for each motion. The table, in Markdown, says the frames and seconds that
each took, pose estimation included, and whether something had to be guessed.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from tempose.animation.animate import animate
from tempose.animation.demo import drawn_subject
from tempose.animation.result import Animation
from tempose.animation.subject import Subject, read_subject
from tempose.core.errors import TemposeError
from tempose.core.progress import bar, quiet
from tempose.diffusion.hub import load_model
from tempose.media.images import resize
from tempose.media.video import write_video

PEOPLE, MOTIONS = (13, 21, 34), ("walk", "dance", "wave", "squat")
WHITE = 255


def fitted(picture: np.ndarray, cell: tuple[int, int]) -> np.ndarray:
    """A picture inside a white cell (height, width), uint8."""
    scale = min(cell[0] / picture.shape[0], cell[1] / picture.shape[1])
    size = max(1, round(picture.shape[0] * scale)), max(1, round(picture.shape[1] * scale))
    top, left = (cell[0] - size[0]) // 2, (cell[1] - size[1]) // 2
    framed = np.full((*cell, 3), WHITE, np.uint8)
    framed[top : top + size[0], left : left + size[1]] = resize(picture, size)
    return framed


def attempt(subject: Subject, motion: Path | str, *, model, frames: int, fps: float) -> tuple[Animation | None, str]:
    """The animation, if there is one, and a cell of the table."""
    began = time.perf_counter()
    try:
        made = animate(subject, motion, model=model, max_frames=frames, fps=fps, track=quiet)
        pictures = list(made.frames())
    except TemposeError as error:
        return None, str(error)
    guesses = f", {len(made.warnings)} notes" if made.warnings else ""
    return made, f"{len(pictures)} frames, {time.perf_counter() - began:.0f} s{guesses}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--photos", type=Path, nargs="+")
    parser.add_argument("--motions", nargs="+", default=list(MOTIONS))
    parser.add_argument("--model", default="people-128")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--fps", type=float, default=8.0)
    parser.add_argument("--cell", type=int, nargs=2, default=(192, 144), help="height and width of a cell")
    options = parser.parse_args()

    cell = tuple(options.cell)
    model = load_model(options.model)
    subjects = {str(person): drawn_subject(person) for person in PEOPLE}
    if options.photos:
        subjects = {photo.stem: read_subject(photo) for photo in bar(options.photos, "photos")}
    rows, lines = [], []
    for name, subject in bar(list(subjects.items()), "people"):
        still = np.repeat(fitted(subject.picture, cell)[None], options.frames, axis=0)
        cells, words = [still], []
        for motion in options.motions:
            made, said = attempt(subject, motion, model=model, frames=options.frames, fps=options.fps)
            moving = (
                [fitted(frame, cell) for frame in made.frames()] if made else [np.full((*cell, 3), WHITE, np.uint8)]
            )
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
