"""The HTTP interface: what the page does, for programs (docs/serve.md)."""

import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr

from tempose.core.errors import TemposeError
from tempose.web.request import FRAMES, AnimateRequest
from tempose.web.studio import Studio
from tempose.web.watch import files_of, follow


def add_api(studio: Studio) -> None:
    """Add the endpoint `/animate` to the page that is being built."""

    async def animate(  # type: ignore[misc]  # Gradio reads from here what an answer holds
        request: gr.Request,
        photo: gr.FileData,
        motion: str = "walk",
        motion_file: gr.FileData | list[gr.FileData] | None = None,
        steps: int | None = None,
        seed: int = 0,
        strategy: str = "overlap",
        guidance: float | None = None,
        retarget: str = "limbs",
        background: str = "photo",
        color: str | None = None,
        background_file: gr.FileData | None = None,
        size: int | None = None,
        fps: float | None = None,
        start: float = 0.0,
        frames: int = min(FRAMES, studio.limits.frames),
    ) -> tuple[gr.FileData | None, gr.FileData | None, dict]:
        """Animate the person of a photo.

        Args:
            photo: a picture.
            motion: the name of a built-in motion.
            motion_file: a video, .npz, .json or .bvh, instead of the name; or OpenPose's .json files, one a frame.
            background: photo, plain, or color and then which, or picture and then which file.
            frames: at most so many.

        Returns:
            the video, a contact sheet, and the record; while it is made, None, None and how far it is.
        """
        settings = {
            "steps": steps,
            "seed": seed,
            "strategy": strategy,
            "guidance": guidance,
            "retarget": retarget,
            "background": background,
            "color": color,
            "background_file": background_file,
            "size": size,
            "fps": fps,
            "start": start,
            "frames": frames,
        }
        try:
            asked = AnimateRequest.of(
                photo,
                motion,
                motion_file,
                limits=studio.limits,
                files=files_of(studio.uploads, request),
                **settings,
            )
            jobs = follow(studio.desk, lambda job: studio.make(asked, job), request=request, part="api")
            async with aclosing(jobs):
                async for job in jobs:
                    now = job.progress(studio.desk.ahead(job))
                    if not job.finished.is_set():
                        yield None, None, {"part": now.part, "done": now.done, "total": now.total, "ahead": now.ahead}
                    elif job.error:
                        raise gr.Error(job.error, print_exception=False)
                    else:
                        record = json.loads(job.result.record.read_text(encoding="utf-8"))
                        yield as_file(job.result.video), as_file(job.result.sheet), record
        except TemposeError as error:
            raise gr.Error(str(error), print_exception=False) from error

    gr.api(animate, api_name="animate", concurrency_limit=None)


def as_file(path: Path) -> dict[str, Any]:
    """A file as Gradio passes it on."""
    return gr.FileData(path=str(path), orig_name=path.name).model_dump()
