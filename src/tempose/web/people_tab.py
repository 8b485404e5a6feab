"""The page's second tab: a drawn person as the photo."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr

from tempose.core.errors import TemposeError
from tempose.web.events import MANY, QUIET
from tempose.web.examples import ANY, CLOTHES, EXTRAS, HAIR, PLACE, draw_photo, find_person, find_scene
from tempose.web.html import note, summed_up
from tempose.web.jobs import Job
from tempose.web.request import Upload, number
from tempose.web.studio import Studio
from tempose.web.watch import files_of, follow


def people_tab(studio: Studio, *, photo: gr.Image, tabs: gr.Tabs, animate: str) -> None:
    """Build the tab; its person goes into `photo`, on the tab `animate`."""
    with gr.Row(elem_classes="columns"):
        with gr.Column(min_width=320):
            gr.HTML("<h2>A drawn person</h2><p>Nobody ever photographed them. The same choices, the same person.</p>")
            seed = gr.Number(1, label="Seed", precision=0, minimum=0, info="The first person from here on who fits.")
            with gr.Row():
                hair = gr.Dropdown(list(HAIR), value=ANY, label="Hair")
                clothes = gr.Dropdown(list(CLOTHES), value=ANY, label="Clothes")
            with gr.Row():
                extra = gr.Dropdown(list(EXTRAS), value=ANY, label="With")
                place = gr.Dropdown(list(PLACE), value=ANY, label="Place")
            with gr.Row():
                draw = gr.Button("Draw", variant="primary", elem_id="draw")
                use = gr.Button("Use as the photo", interactive=False, elem_id="use-person")
            said = gr.HTML(note(""), elem_id="person-note")
        with gr.Column(min_width=320):
            person = gr.Image(
                label="Drawn person",
                type="filepath",
                height=512,
                interactive=False,
                elem_id="person",
                buttons=["download"],
            )

    async def drawn(request: gr.Request, *values: Any) -> AsyncIterator[tuple[Any, ...]]:
        idle = gr.update(interactive=True)
        try:
            jobs = follow(studio.looks, lambda job: draw_person(studio, job, *values), request=request, part="person")
            async with aclosing(jobs):
                async for job in jobs:
                    if not job.finished.is_set():
                        yield gr.skip(), gr.skip(), gr.update(interactive=False), summed_up("Drawing")
                    elif job.error:
                        yield gr.skip(), gr.skip(), idle, note(job.error)
                    else:
                        path, seed = job.result
                        studio.uploads.add(path, files_of(studio.uploads, request).visitor)
                        yield str(path), idle, idle, summed_up(f"Person {seed}")
        except TemposeError as error:
            yield gr.skip(), gr.skip(), idle, note(str(error))

    draw.click(drawn, [seed, hair, clothes, extra, place], [person, use, draw, said], trigger_mode="once", **MANY)

    def used(request: gr.Request, given: Any) -> tuple[Any, ...]:
        try:
            picture = Upload.of(given, files_of(studio.uploads, request))
        except TemposeError:
            picture = None
        return (gr.skip() if picture is None else str(picture.path)), gr.Tabs(selected=animate)

    use.click(used, person, [photo, tabs], preprocess=False, **QUIET)


def draw_person(
    studio: Studio, job: Job, seed: Any, hair: Any, clothes: Any, extra: Any, place: Any
) -> tuple[Path, int]:
    """The picture of the first person, from a seed on, who has what was chosen; and their seed.

    Raises:
        InputError: a choice is not known, or too rare.
    """
    first = number("seed", seed, 0, 2**31 - 1)
    person, scene = find_person(first, hair=hair, clothes=clothes, extra=extra), find_scene(first, place=place)
    job.check()
    path = studio.new_folder() / f"person-{person}.png"
    draw_photo(path, person=person, scene=scene)
    return path, person
