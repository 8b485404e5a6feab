"""The HTTP interface: what the page does, for programs (docs/serve.md)."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr

from tempose.core.errors import TemposeError
from tempose.web.limits import Limits
from tempose.web.request import FIRST_COLOR, OFFERED, AnimateRequest, first_values
from tempose.web.studio import Studio
from tempose.web.watch import files_of, follow

# What a request holds besides the settings: type, default, and what it is.
GIVEN: dict[str, tuple[Any, Any, str]] = {
    "photo": (gr.FileData, inspect.Parameter.empty, "a picture."),
    "motion": (str, "walk", "the name of a built-in motion."),
    "motion_file": (
        gr.FileData | list[gr.FileData] | None,
        None,
        "a video, .npz, .json or .bvh, instead of the name; or OpenPose's .json files, one a frame.",
    ),
    "color": (str | None, FIRST_COLOR, "the background where `background` is color."),
    "background_file": (gr.FileData | None, None, "the background where `background` is picture."),
}


def add_api(studio: Studio) -> None:
    """Add the endpoint `/animate` to the page that is being built."""
    signature = signature_of(studio.limits)

    async def animate(request: gr.Request, *values: Any) -> AsyncIterator[tuple[Any, ...]]:
        given = signature.bind(request, *values).arguments
        given.pop("request")
        try:
            asked = AnimateRequest.of(limits=studio.limits, files=files_of(studio.uploads, request), **given)
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

    # Gradio reads from here what a request and an answer hold.
    animate.__signature__ = signature  # type: ignore[attr-defined]
    animate.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    animate.__doc__ = description()
    gr.api(animate, api_name="animate", concurrency_limit=None)


def signature_of(limits: Limits) -> inspect.Signature:
    """What a request holds: photo, motion and all settings that visitors may choose."""
    first = first_values(limits)
    told = {name: (kind, default) for name, (kind, default, _) in GIVEN.items()}
    for entry in OFFERED:
        told[entry.name] = (entry.kind | None if entry.optional else entry.kind, first[entry.name])
    parameters = [inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind, default=default)
        for name, (kind, default) in told.items()
    ]
    answer = tuple[gr.FileData | None, gr.FileData | None, dict]
    return inspect.Signature(parameters, return_annotation=answer)


def description() -> str:
    """What Gradio's page about the interface says of it."""
    told = {name: text for name, (_, _, text) in GIVEN.items()} | {entry.name: entry.help for entry in OFFERED}
    arguments = "\n".join(f"    {name}: {text}" for name, text in told.items())
    answer = "the video, a contact sheet, and the record; while it is made, None, None and how far it is."
    return f"Animate the person of a photo.\n\nArgs:\n{arguments}\n\nReturns:\n    {answer}\n"


def as_file(path: Path) -> dict[str, Any]:
    """A file as Gradio passes it on."""
    return gr.FileData(path=str(path), orig_name=path.name).model_dump()
