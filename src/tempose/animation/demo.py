"""The first thing to try: a drawn person and a built-in motion, both from the package itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from tempose.animation.animate import animate
from tempose.animation.result import write_animation
from tempose.animation.subject import Subject
from tempose.core.progress import Track, quiet
from tempose.diffusion.hub import DEFAULT_MODEL
from tempose.media.video import write_video
from tempose.people.clip import Recipe, draw_clip

# A person who shows well, where they stand, and the picture they are drawn into: (height, width).
PERSON, SCENE, PICTURE = 13, 16, (384, 288)
MOTION, FRAMES, FPS = "dance", 24, 12.0


def drawn_subject(person: int = PERSON, *, size: tuple[int, int] = PICTURE) -> Subject:
    """A drawn person, standing, with exact key points and mask."""
    clip = draw_clip(Recipe(person, "idle", 0, SCENE, frames=1, fps=FPS, size=size, fill=0.8))
    return Subject(clip.frames[0], clip.motion.keypoints[0], clip.masks[0])


class Demo(NamedTuple):
    """The files that the demo wrote."""

    video: Path
    panels: Path
    """Photo, skeleton and result beside one another, as a moving picture for pages."""
    sheet: Path
    """A contact sheet: moments of the video in one picture."""
    seconds: float
    """How long all of it took."""
    warnings: tuple[str, ...]
    """The notes of the result: what had to be guessed."""


def run_demo(
    folder: Path | str = "out", *, model: str = DEFAULT_MODEL, device: str = "auto", track: Track = quiet
) -> Demo:
    """Write `demo.mp4`, `demo.webp` and `demo.jpg` into a folder, which is made if need be."""
    begun = time.monotonic()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    video, panels, sheet = folder / "demo.mp4", folder / "demo.webp", folder / "demo.jpg"
    made = animate(drawn_subject(), MOTION, model=model, fps=FPS, max_frames=FRAMES, device=device, track=track)
    write_animation(made, video, sheet=sheet, command=("tempose", "demo"), track=track)
    write_video(panels, track(made.panels(), "moving picture", total=len(made)), FPS)
    return Demo(video, panels, sheet, time.monotonic() - begun, made.warnings)
