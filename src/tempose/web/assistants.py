"""For assistants, by the Model Context Protocol: plain values in, a job as JSON out."""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from tempose.core.errors import InputError
from tempose.web.api import state
from tempose.web.gallery import Gallery, Gone, Piece
from tempose.web.guard import VISITOR
from tempose.web.request import EXAMPLES, AnimateRequest
from tempose.web.studio import Studio
from tempose.web.uploads import Files, Visitor

# Seconds after which a tool answers, done or not: assistants give up after a minute.
PATIENCE = 40.0


def tools(studio: Studio, gallery: Gallery) -> tuple[Callable[..., Any], ...]:
    """What assistants can do."""

    async def animate(request: gr.Request, photo: str = "meadow", motion: str = "walk", settings: str = "{}") -> str:
        """Animate the person of a photo by a built-in motion; answers when it is done, or after 40 seconds: then wait.

        Args:
            photo: an example's name, the path that an upload to /gradio_api/upload gave, or a data: URL of a picture.
            motion: how they move.
            settings: a JSON object of settings by the names of `tempose animate`, such as {"max_frames": 24}.

        Returns:
            The job as JSON: its id, its state, and its files, each at /api/jobs/ID/files/NAME.
        """
        visitor = who(request)
        body = {"photo": reference(photo, studio, visitor), "motion": motion, "settings": read_json(settings)}
        asked = AnimateRequest.of(body, limits=studio.limits, files=Files(studio.uploads, visitor, made_by_nobody))
        work = functools.partial(studio.make, asked)
        return await told(gallery.add(studio.desk, work, kind="animate", title=asked.name, visitor=visitor))

    async def wait(request: gr.Request, id: str) -> str:
        """Wait for a job; answers when it has ended, or after 40 seconds.

        Args:
            id: of the job, as animate gave it.

        Returns:
            The job as JSON, as animate gives it.
        """
        return await told(gallery.get(id, who(request)))

    async def told(piece: Piece) -> str:
        end = time.monotonic() + PATIENCE
        while not piece.job.finished.is_set() and time.monotonic() < end:
            await asyncio.sleep(0.2)
        return state(piece, gallery).model_dump_json()

    return animate, wait


def who(request: Any) -> Visitor:
    """The visitor of a request, which Gradio wraps or hands on as it came."""
    visitor: Visitor = getattr(request, "request", request).scope[VISITOR]
    return visitor


def reference(photo: str, studio: Studio, visitor: Visitor) -> dict[str, str]:
    """A photo as requests name it; one that came within the words becomes an upload."""
    if not photo.startswith("data:"):
        return {"example" if photo in EXAMPLES else "path": photo}
    path = studio.new_folder() / "photo"
    try:
        path.write_bytes(base64.b64decode(photo.partition(",")[2], validate=True))
    except ValueError:
        raise InputError("the photo is no data: URL of a picture; wanted data:image/png;base64,…") from None
    studio.uploads.add(path, visitor)
    return {"path": str(path)}


def read_json(settings: str) -> Any:
    """Settings that came as JSON."""
    try:
        return json.loads(settings)
    except (ValueError, RecursionError) as error:
        raise InputError(f'the settings are no JSON: {error}; wanted an object such as {{"max_frames": 24}}') from None


def made_by_nobody(token: Any) -> Path:
    """Assistants name no results of earlier jobs; raises Gone."""
    raise Gone(f"there is no result {token!r} here")
