"""Faces and hands at 100 %, a sheet for each motion, and what a moving face costs: `python -m benchmarks.faces`.

    python -m benchmarks.faces out/faces --photos photos/*.jpg --motions clips/*.mp4

A sheet has three rows for each photo, its head and both hands, and a column for each moment: the most shut eyes and the
widest open mouth of the motion, then others evenly over it. Cells are cut out of the result as they are. Printed is the
processor's time for a frame 512 pixels high with the face and without, the mean over these moments.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from tempose.animation.animate import animate
from tempose.animation.demo import SAMPLES
from tempose.animation.motion import read_motion
from tempose.animation.result import Animation
from tempose.animation.subject import Subject, read_subject
from tempose.core.errors import TemposeError
from tempose.core.progress import bar
from tempose.diffusion.hub import WARP
from tempose.media.crop import Crop
from tempose.media.images import write_image
from tempose.pose.keypoints import MIN_CONFIDENCE, WRISTS, Motion
from tempose.pose.time_range import TimeRange
from tempose.warp.face_points import EYES, LIPS, mesh_points, opening

PHOTOS = tuple(SAMPLES / f"{name}.jpg" for name in ("meadow", "studio", "road"))
HEAD, SIDE, HEIGHT = (0, 14, 15), 160, 512


def moments(motion: Motion, count: int) -> list[int]:
    """The frames to be shown."""
    others = np.linspace(0, len(motion) - 1, count).astype(int).tolist()
    if motion.face is None or not (shown := (motion.face[..., 2] > MIN_CONFIDENCE).all(1)).any():
        return others
    frames, faces = np.flatnonzero(shown), mesh_points(motion.face[shown])
    size = np.linalg.norm(faces[:, EYES[0][1][0]] - faces[:, EYES[1][1][0]], axis=-1).clip(1e-6)
    lids = np.sum([opening(faces, lids) for lids, _ in EYES], axis=0) / size
    return [int(frames[lids.argmin()]), int(frames[(opening(faces, LIPS) / size).argmax()]), *others[: count - 2]]


def cells(made: Animation, frame: int) -> list[np.ndarray]:
    """Head, right hand and left hand of a frame; gray where they are not seen."""
    picture, points = made.frame(frame), made.motion.keypoints[frame]
    found = []
    for joints in (HEAD, *((wrist,) for wrist in WRISTS)):
        seen = [joint for joint in joints if points[joint, 2] >= MIN_CONFIDENCE]
        cell = np.full((SIDE, SIDE, 3), 128, np.uint8)
        if seen:
            left, top = np.round(points[seen, :2].mean(0) - SIDE / 2).astype(int).tolist()
            cell = Crop(left, top, SIDE, SIDE).cut(picture, (SIDE, SIDE))
        found.append(cell)
    return found


def rows(subject: Subject, motion: Motion, frames: list[int], model: str) -> np.ndarray:
    """Three rows of a sheet."""
    made = animate(subject, motion, model=model)
    return np.concatenate([np.concatenate(cells(made, frame), axis=0) for frame in frames], axis=1)


def cost(subject: Subject, motion: Motion, frames: list[int]) -> list[float]:
    """Seconds of the processor for a frame with the face and without."""
    taken = []
    for expression in (1.0, 0.0):
        made = animate(subject, motion, model=WARP, size=HEIGHT, expression=expression)
        made.frame(frames[0])
        began = time.process_time()
        for frame in frames:
            made.frame(frame)
        taken.append((time.process_time() - began) / len(frames))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for the sheets")
    parser.add_argument("--photos", type=Path, nargs="+", default=PHOTOS)
    parser.add_argument("--motions", nargs="+", default=["idle"])
    parser.add_argument("--moments", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each motion, at eight frames a second")
    parser.add_argument("--model", default=WARP)
    given = parser.parse_args()
    subjects = {photo: read_subject(photo) for photo in given.photos}
    given.folder.mkdir(parents=True, exist_ok=True)
    print("| motion | photo | with the face, s a frame | without | times |\n|---|---|---|---|---|")
    for name in given.motions:
        motion = read_motion(name, time_range=TimeRange(fps=8, max_frames=round(8 * given.seconds)), track=bar)
        frames, sheet = moments(motion, given.moments), []
        for photo, subject in subjects.items():
            try:
                sheet.append(rows(subject, motion, frames, given.model))
                moved, stiff = cost(subject, motion, frames)
            except TemposeError as error:
                print(f"| {Path(name).stem} | {photo.stem} | {error} | | |")
                continue
            print(f"| {Path(name).stem} | {photo.stem} | {moved:.3f} | {stiff:.3f} | {moved / stiff:.2f} |", flush=True)
        write_image(given.folder / f"{Path(name).stem}.png", np.concatenate(sheet))


if __name__ == "__main__":
    main()
