"""The page's first tab: a photo, a motion, a look at both, and the video."""

from __future__ import annotations

import json
import shlex
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from tempose.core.errors import TemposeError
from tempose.web.events import MANY, QUIET
from tempose.web.form import Wanted, wanted_column
from tempose.web.html import note, remarks, stopped, summed_up, told
from tempose.web.pictures import clearing_strip
from tempose.web.studio import Finished, Preview, Studio
from tempose.web.watch import Turns, files_of, follow, owner_of

# Every look carries a number, one more than anything that the page has asked or told before.
QUESTION = """(number, ...rest) => [window.temposeQuestion = (window.temposeQuestion ?? 0) + 1, ...rest]"""

# What was wrong with a run is not said any more once something else is wanted.
FORGIVE = """(said) => said.includes('role="alert"') ? '<div class="progress"></div>' : said"""

# What does not change the looks before a run.
UNSEEN = ("steps", "strategy", "guidance", "size", "color")


@dataclass(frozen=True)
class Looks:
    """The parts of the page that show what was found before a run."""

    photo_note: gr.HTML
    motion_note: gr.HTML
    settings_note: gr.HTML
    photo: gr.Image
    driver: gr.Image
    fitted: gr.Image
    remarks: gr.HTML

    @property
    def all(self) -> list[gr.components.Component]:
        notes: list[gr.components.Component] = [self.photo_note, self.motion_note, self.settings_note]
        return [*notes, self.photo, self.driver, self.fitted, self.remarks]

    @property
    def nothing(self) -> tuple[Any, ...]:
        """An answer that changes nothing."""
        return (gr.skip(),) * len(self.all)

    def so_far(self, look: Preview, *, before: Preview, said: str, question: int) -> tuple[Any, ...]:
        """What has been found since `before`, and a word about what is still being done."""
        found = ((look.photo, before.photo), (look.driver, before.driver))
        pictures = [gr.skip() if new is old else new for new, old in found]
        return *self.notes(look, question), *pictures, gr.skip(), said

    def whole(self, look: Preview, *, question: int) -> tuple[Any, ...]:
        """An answer that shows everything that a look has found."""
        return *self.notes(look, question), look.photo, look.driver, look.fitted, remarks(look.notes)

    def refused(self, error: TemposeError, *, question: int) -> tuple[Any, ...]:
        """A setting that makes no sense; the pictures stay."""
        return (gr.skip(), gr.skip(), note(str(error), question=question), *[gr.skip()] * 4)

    def notes(self, look: Preview, question: int) -> tuple[str, ...]:
        """The mistakes, each for its place."""
        mistakes = (look.photo_note, look.motion_note, look.settings_note)
        return tuple(note(mistake, question=question) for mistake in mistakes)


@dataclass(frozen=True)
class Results:
    """The parts of the page that show a run and what it made."""

    run: gr.Button
    cancel: gr.Button
    progress: gr.HTML
    video: gr.Video
    panels: gr.Video
    sheet: gr.Image
    files: gr.File
    command: gr.Code
    record: gr.JSON

    @property
    def all(self) -> list[gr.components.Component]:
        return [
            self.run,
            self.cancel,
            self.progress,
            self.video,
            self.panels,
            self.sheet,
            self.files,
            self.command,
            self.record,
        ]

    def running(self, progress: str) -> tuple[Any, ...]:
        return (gr.skip(), gr.update(interactive=True), progress, *[gr.skip()] * 6)

    def ended(self, said: str) -> tuple[Any, ...]:
        return (gr.update(interactive=True), gr.update(interactive=False), said, *[gr.skip()] * 6)

    def made(self, made: Finished) -> tuple[Any, ...]:
        files = [str(path) for path in made.files()]
        record = json.loads(made.record.read_text(encoding="utf-8"))
        return (*self.ended(summed_up(made.summary))[:3], *files[:3], files, shlex.join(made.command), record)


def animate_tab(studio: Studio) -> Wanted:
    """Build the tab; returns what the other tabs take from it."""
    with gr.Row(elem_classes="columns"):
        with gr.Column(min_width=320):
            wanted = wanted_column(studio)
        with gr.Column(min_width=320):
            looks = _looks(wanted)
            results = _results()
    _wire(studio, wanted, looks, results)
    return wanted


# What is on it ------------------------------------------------------------------------------------


def _looks(wanted: Wanted) -> Looks:
    gr.HTML("<h2>Before it runs</h2><p>What was found, and the motion on the photo's proportions.</p>")
    with gr.Row(elem_classes="looks"):
        photo, driver, fitted = (
            gr.Image(label=label, height=240, interactive=False, buttons=[], elem_id=name, min_width=90)
            for label, name in (("Photo", "look-photo"), ("Motion", "look-driver"), ("Together", "look-fitted"))
        )
    found = gr.HTML(remarks(()), elem_id="remarks")
    return Looks(wanted.photo_note, wanted.motion_note, wanted.settings_note, photo, driver, fitted, found)


def _results() -> Results:
    with gr.Row():
        run = gr.Button("Animate", variant="primary", elem_id="run", min_width=120)
        cancel = gr.Button("Cancel", interactive=False, elem_id="cancel", min_width=120)
    progress = gr.HTML(summed_up("Choose a photo and a motion, then Animate."), elem_id="progress")
    with gr.Tabs():
        with gr.Tab("Video"):
            video = gr.Video(label="Result", height=380, interactive=False, autoplay=True, loop=True, elem_id="video")
        with gr.Tab("Side by side", render_children=True):
            panels = gr.Video(label="Photo, skeleton, result", height=380, interactive=False, loop=True)
        with gr.Tab("Contact sheet", render_children=True):
            sheet = gr.Image(label="Contact sheet", height=380, interactive=False, type="filepath", elem_id="sheet")
        with gr.Tab("Files", render_children=True):
            files = gr.File(label="Download", file_count="multiple", interactive=False, elem_id="files")
            command = gr.Code(
                label="The same on the command line", language="shell", lines=2, wrap_lines=True, interactive=False
            )
            record = gr.JSON(label="Record", max_height=240)
    return Results(run, cancel, progress, video, panels, sheet, files, command, record)


# What happens -------------------------------------------------------------------------------------


def _wire(studio: Studio, wanted: Wanted, looks: Looks, results: Results) -> None:
    turns = Turns()

    async def look(request: gr.Request, number: Any, *values: Any) -> AsyncIterator[tuple[Any, ...]]:
        question = number if type(number) is int else 0
        studio.looks.cancel(owner_of(request, "look"))  # what an earlier one looks at is not wanted any more
        async with (
            turns.after_the_last(owner_of(request, "look")) as newest,
            aclosing(answers_to(request, question, values)) as found,
        ):
            async for answer in found:
                if not newest():
                    break
                yield answer
        yield looks.nothing  # Gradio sends the last answer once more: that must not undo what a newer look shows

    async def answers_to(
        request: gr.Request, question: int, values: tuple[Any, ...]
    ) -> AsyncGenerator[tuple[Any, ...], None]:
        before = Preview()
        try:
            asked = wanted.asked(values, studio.limits, files_of(studio.uploads, request))
            jobs = follow(studio.looks, lambda job: studio.look(asked, job), request=request, part="look")
            async with aclosing(jobs):
                async for job in jobs:
                    found = copy(job.result) if job.result else Preview()
                    if job.stopped:
                        return
                    if not job.finished.is_set():
                        said = told(job.progress(studio.looks.ahead(job)))
                        yield looks.so_far(found, before=before, said=said, question=question)
                    else:
                        found = replace(found, motion_note=job.error) if job.error else found
                        yield looks.whole(found, question=question)
                    before = found
        except TemposeError as error:
            yield looks.refused(error, question=question)

    async def run(request: gr.Request, *values: Any) -> AsyncIterator[tuple[Any, ...]]:
        try:
            asked = wanted.asked(values, studio.limits, files_of(studio.uploads, request))
            jobs = follow(studio.desk, lambda job: studio.make(asked, job), request=request, part="run")
            async with aclosing(jobs):
                async for job in jobs:
                    if not job.finished.is_set():
                        strip = None if job.pictures is None else clearing_strip(job.pictures)
                        yield results.running(told(job.progress(studio.desk.ahead(job)), strip=strip))
                    elif job.stopped:
                        yield results.ended(stopped(job.freed_after))
                    elif job.error:
                        yield results.ended(note(job.error))
                    else:
                        yield results.made(job.result)
        except TemposeError as error:
            yield results.ended(note(str(error)))
        yield (gr.skip(),) * len(results.all)  # the last answer comes twice; something may have changed in between

    def stop(request: gr.Request) -> None:
        studio.desk.cancel(owner_of(request, "run"))

    changes = [wanted.photo.change, wanted.motion.change, wanted.motion_file.change]
    changes += [wanted.settings[name].change for name in wanted.settings if name not in UNSEEN]  # type: ignore[attr-defined]
    number = gr.Number(0, visible=False)
    gr.on(changes, look, [number, *wanted.all], looks.all, trigger_mode="multiple", js=QUESTION, **MANY)
    gr.on(changes, None, results.progress, results.progress, js=FORGIVE, **QUIET)
    results.run.click(
        lambda: (gr.update(interactive=False), summed_up("Starting")), None, [results.run, results.progress], **QUIET
    )
    results.run.click(run, wanted.all, results.all, trigger_mode="once", **MANY)
    results.cancel.click(stop, None, None, **QUIET)
