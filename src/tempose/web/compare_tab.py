"""The page's third tab: two ways to make the same, in step under one slider."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import gradio as gr

from tempose.core.errors import InputError, TemposeError
from tempose.diffusion.hub import Model
from tempose.media.video import probe_video
from tempose.web.events import MANY, QUIET
from tempose.web.form import Wanted
from tempose.web.html import note, stopped, summed_up, told
from tempose.web.pictures import clearing_strip
from tempose.web.request import AnimateRequest
from tempose.web.studio import Studio
from tempose.web.watch import files_of, follow, owner_of

# A comparison: what it is called, and the names of its two sides.
WINDOWS, STEPS, TEMPORAL = "windows", "steps", "temporal"
SIDES = {
    WINDOWS: ("Windows one after the other", "Windows that overlap"),
    STEPS: ("4 steps", "20 steps"),
    TEMPORAL: ("Image model, frame by frame", "With temporal attention"),
}

# Both videos to the moment of the slider; both from there on; both at rest.
SEEK = """(moment) => document.querySelectorAll('#compare video').forEach(
    (video) => { video.pause(); video.currentTime = moment; })"""
PLAY = """() => { const both = [...document.querySelectorAll('#compare video')];
    const still = both.every((video) => video.paused);
    both.forEach((video) => { video.currentTime = both[0].currentTime; still ? video.play() : video.pause(); }); }"""


def compare_tab(studio: Studio, wanted: Wanted) -> None:
    """Build the tab; photo, motion and settings are those of the first one."""
    choices = [(" | ".join(sides), name) for name, sides in SIDES.items() if name != TEMPORAL or studio.alone]
    gr.HTML("<h2>Compare</h2><p>The photo and the motion of the first tab, made in two ways from the same seed.</p>")
    what = gr.Radio(choices, value=WINDOWS, label="What differs", elem_id="what")
    with gr.Row():
        run = gr.Button("Make both", variant="primary", elem_id="compare-run")
        cancel = gr.Button("Cancel", interactive=False, elem_id="compare-cancel")
    progress = gr.HTML(summed_up(""), elem_id="compare-progress")
    with gr.Row(elem_id="compare", elem_classes="columns"):
        left = gr.Video(label=SIDES[WINDOWS][0], height=380, interactive=False, buttons=[], elem_id="left")
        right = gr.Video(label=SIDES[WINDOWS][1], height=380, interactive=False, buttons=[], elem_id="right")
    with gr.Row():
        moment = gr.Slider(0, 1, 0, step=0.04, label="Moment (seconds)", elem_id="moment", buttons=[])
        play = gr.Button("Play or pause both", elem_id="play-both", scale=0, min_width=180)
    commands = gr.Code(
        label="The same two on the command line",
        language="shell",
        lines=2,
        wrap_lines=True,
        interactive=False,
        elem_id="commands",
    )

    async def both(request: gr.Request, name: Any, *values: Any) -> AsyncIterator[tuple[Any, ...]]:
        rest = [gr.skip()] * 4
        idle = (gr.update(interactive=True), gr.update(interactive=False))
        try:
            requests, models = sides(
                studio, name, wanted.asked(values, studio.limits, files_of(studio.uploads, request))
            )
            jobs = follow(studio.desk, lambda job: studio.pair(requests, models, job), request=request, part="pair")
            async with aclosing(jobs):
                async for job in jobs:
                    if not job.finished.is_set():
                        strip = None if job.pictures is None else clearing_strip(job.pictures)
                        said = told(job.progress(studio.desk.ahead(job)), strip=strip)
                        yield gr.update(interactive=False), gr.update(interactive=True), said, *rest
                    elif job.error:
                        yield *idle, stopped(job.freed_after) if job.stopped else note(job.error), *rest
                    else:
                        lasts = probe_video(job.result[0]).duration or 0.0
                        videos = [
                            gr.update(value=str(path), label=label)
                            for path, label in zip(job.result, SIDES[name], strict=True)
                        ]
                        slider = gr.update(maximum=round(lasts, 2), value=0)
                        yield *idle, summed_up("Ready."), *videos, slider, commands_of(requests, models)
        except TemposeError as error:
            yield *idle, note(str(error)), *rest

    def stop(request: gr.Request) -> None:
        studio.desk.cancel(owner_of(request, "pair"))

    shown = [run, cancel, progress, left, right, moment, commands]
    run.click(both, [what, *wanted.all], shown, trigger_mode="once", **MANY)
    cancel.click(stop, None, None, **QUIET)
    moment.input(None, moment, None, js=SEEK)
    play.click(None, None, None, js=PLAY)


def sides(
    studio: Studio, name: Any, asked: AnimateRequest
) -> tuple[tuple[AnimateRequest, AnimateRequest], tuple[Model, Model]]:
    """The two requests of a comparison, and the model of each.

    Raises:
        InputError: there is no such comparison here.
    """
    model = studio.model
    if name == WINDOWS:
        return (changed(asked, strategy="loop"), changed(asked, strategy="overlap")), (model, model)
    if name == STEPS:
        return (changed(asked, steps=4), changed(asked, steps=min(20, studio.limits.steps))), (model, model)
    if name == TEMPORAL and studio.alone is not None:
        return (asked, asked), (studio.alone, model)
    raise InputError(f"there is no comparison {name!r}; choose one of the list")


def commands_of(requests: tuple[AnimateRequest, AnimateRequest], models: tuple[Model, Model]) -> str:
    """The command lines that make both sides, one a line."""
    return "\n".join(
        shlex.join(asked.command(model.name, output=f"{asked.name}-{number}.mp4"))
        for number, (asked, model) in enumerate(zip(requests, models, strict=True), start=1)
    )


def changed(asked: AnimateRequest, **settings: Any) -> AnimateRequest:
    """What was asked for, with other settings."""
    return replace(asked, settings=asked.settings.changed(**settings))
