"""The page's first tab: a photo, a motion, a look at both, and the video."""

from __future__ import annotations

import json
import shlex
from collections.abc import AsyncIterator
from contextlib import aclosing
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from tempose.animate import STRATEGIES
from tempose.errors import TemposeError
from tempose.pose.motions import MOTIONS
from tempose.pose.retarget import HOW
from tempose.web.examples import EXAMPLES
from tempose.web.follow import follow, owner_of
from tempose.web.limits import POSE_FILES, VIDEOS, Limits
from tempose.web.pictures import clearing_strip
from tempose.web.studio import Look, Made, Studio
from tempose.web.wish import FRAMES, Wish
from tempose.web.words import note, remarks, summed_up, told

FIRST_MOTION = "walk"


@dataclass(frozen=True)
class Wanted:
    """The parts of the page in which somebody says what they want, in the order of `Wish.of`."""

    photo: gr.Image
    motion: gr.Radio
    motion_file: gr.File
    settings: dict[str, gr.components.Component]

    @property
    def all(self) -> list[gr.components.Component]:
        return [self.photo, self.motion, self.motion_file, *self.settings.values()]

    def wish(self, values: tuple[Any, ...], limits: Limits) -> Wish:
        """What the values of these parts ask for.

        Raises:
            InputError: a value is not what it should be.
        """
        return Wish.of(*values[:3], limits=limits, **dict(zip(self.settings, values[3:], strict=True)))


@dataclass(frozen=True)
class Looks:
    """The parts of the page that show what was found before a run."""

    photo_note: gr.HTML
    motion_note: gr.HTML
    photo: gr.Image
    driver: gr.Image
    fitted: gr.Image
    remarks: gr.HTML

    @property
    def all(self) -> list[gr.components.Component]:
        return [self.photo_note, self.motion_note, self.photo, self.driver, self.fitted, self.remarks]

    def so_far(self, look: Look, *, before: Look, said: str) -> tuple[Any, ...]:
        """What has been found since `before`, and a word about what is still being done."""
        found = ((look.photo, before.photo), (look.driver, before.driver))
        pictures = [gr.skip() if new is old else new for new, old in found]
        return note(look.photo_note), note(look.motion_note), *pictures, gr.skip(), said

    def whole(self, look: Look) -> tuple[Any, ...]:
        """All that was found."""
        notes = note(look.photo_note), note(look.motion_note)
        return *notes, look.photo, look.driver, look.fitted, remarks(look.notes)


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

    def made(self, made: Made) -> tuple[Any, ...]:
        files = [str(path) for path in made.files()]
        record = json.loads(made.record.read_text(encoding="utf-8"))
        return (*self.ended(summed_up(made.summary))[:3], *files[:3], files, shlex.join(made.command), record)


def animate_tab(studio: Studio) -> Wanted:
    """Build the tab; returns what the other tabs take from it."""
    with gr.Row(elem_classes="columns"):
        with gr.Column(min_width=320):
            wanted, notes = _wanted(studio)
        with gr.Column(min_width=320):
            looks = _looks(*notes)
            results = _results()
    _wire(studio, wanted, looks, results)
    return wanted


# What is on it ------------------------------------------------------------------------------------


def _wanted(studio: Studio) -> tuple[Wanted, tuple[gr.HTML, gr.HTML]]:
    """The left column: photo, motion and settings, each with a place for its mistakes."""
    gr.HTML("<h2>Photo</h2><p>A person, best from head to foot.</p>")
    photo = gr.Image(
        label="Photo of a person",
        type="filepath",
        image_mode=None,
        sources=["upload", "webcam", "clipboard"],
        height=300,
        elem_id="photo",
        buttons=[],
    )
    photo_note = gr.HTML(note(""), elem_id="photo-note")
    examples = gr.Radio(
        [(example.title, index) for index, example in enumerate(EXAMPLES)],
        label="Or one of these drawn people",
        elem_id="examples",
        elem_classes="tiles",
    )
    gr.HTML("<h2>Motion</h2><p>By name, or a file of your own.</p>")
    motion = gr.Radio(
        [(name.capitalize(), name) for name in MOTIONS],
        value=FIRST_MOTION,
        label="Built-in motion",
        elem_id="motions",
        elem_classes="tiles",
    )
    motion_file = gr.File(
        label="Or a file: a video, .npz, .json or .bvh",
        file_types=[*VIDEOS, *POSE_FILES],
        height=150,
        elem_id="motion-file",
    )
    motion_note = gr.HTML(note(""), elem_id="motion-note")
    settings = _settings(studio)

    examples.input(
        lambda index: (str(EXAMPLES[index].photo), EXAMPLES[index].motion, None),
        examples,
        [photo, motion, motion_file],
        **QUIET,
    )
    photo.input(lambda: None, None, examples, **QUIET)
    motion.input(lambda: None, None, motion_file, **QUIET)
    motion_file.upload(lambda: None, None, motion, **QUIET)
    motion_file.clear(lambda: FIRST_MOTION, None, motion, **QUIET)
    return Wanted(photo, motion, motion_file, settings), (photo_note, motion_note)


def _settings(studio: Studio) -> dict[str, gr.components.Component]:
    """What needs no touch, behind one fold; by the names of `Wish.of`."""
    limits = studio.limits
    with gr.Accordion("More", open=False, elem_id="more"):
        with gr.Row():
            steps = gr.Slider(1, limits.steps, studio.model.steps, step=1, label="Steps", info="More take longer.")
            frames = gr.Slider(2, limits.frames, min(FRAMES, limits.frames), step=1, label="Frames at most")
        with gr.Row():
            seed = gr.Number(0, label="Seed", precision=0, minimum=0, info="Another seed, another result.")
            size = gr.Number(None, label="Height in pixels", precision=0, info="0: as the photo.")
        with gr.Row():
            fps = gr.Number(None, label="Frames per second", info="0: the motion's own.")
            start = gr.Number(0, label="Begin after (seconds)", minimum=0)
        with gr.Row():
            strategy = gr.Radio(
                [("Overlapping", STRATEGIES[0]), ("One after the other", STRATEGIES[1])],
                value=STRATEGIES[0],
                label="Windows of a long video",
            )
            retargeting = gr.Radio(
                [("Bone by bone", HOW[0]), ("As a whole", HOW[1]), ("Not at all", HOW[2])],
                value=HOW[0],
                label="Fit the motion to the body",
            )
        background = gr.Radio(
            [("The photo's", "photo"), ("Plain", "plain"), ("A colour", "colour")], value="photo", label="Background"
        )
        with gr.Row():
            colour = gr.ColorPicker("#20a0ff", label="Colour of the background")
            guidance = gr.Number(None, label="Guidance", info="0: the model's own. 1: plain.")
    return {
        "steps": steps,
        "seed": seed,
        "strategy": strategy,
        "guidance": guidance,
        "retargeting": retargeting,
        "background": background,
        "colour": colour,
        "size": size,
        "fps": fps,
        "start": start,
        "frames": frames,
    }


def _looks(photo_note: gr.HTML, motion_note: gr.HTML) -> Looks:
    gr.HTML("<h2>Before it runs</h2><p>What was found, and the motion on the photo's proportions.</p>")
    with gr.Row(elem_classes="looks"):
        photo, driver, fitted = (
            gr.Image(label=label, height=240, interactive=False, buttons=[], elem_id=name, min_width=90)
            for label, name in (("Photo", "look-photo"), ("Motion", "look-driver"), ("Together", "look-fitted"))
        )
    return Looks(photo_note, motion_note, photo, driver, fitted, gr.HTML(remarks(()), elem_id="remarks"))


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
            command = gr.Code(label="The same on the command line", language="shell", lines=2, interactive=False)
            record = gr.JSON(label="Record", max_height=240)
    return Results(run, cancel, progress, video, panels, sheet, files, command, record)


# What happens -------------------------------------------------------------------------------------

# An event of the page itself: not for programs, no spinner over the parts.
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
QUIET: dict[str, Any] = {**PRIVATE, "queue": False}
MANY: dict[str, Any] = {**PRIVATE, "concurrency_limit": None, "preprocess": False}


def _wire(studio: Studio, wanted: Wanted, looks: Looks, results: Results) -> None:
    async def look(request: gr.Request, *values: Any) -> AsyncIterator[tuple[Any, ...]]:
        before = Look()
        studio.looks.cancel(owner_of(request, "look"))  # what an earlier one looks at is not wanted any more
        try:
            wish = wanted.wish(values, studio.limits)
            jobs = follow(studio.looks, lambda job: studio.look(wish, job), request=request, part="look")
            async with aclosing(jobs):
                async for job in jobs:
                    found = copy(job.result) if job.result else Look()
                    if job.stopped:
                        # The page is sent the last answer once more: it must not undo what a newer look shows.
                        yield (gr.skip(),) * len(looks.all)
                        return
                    if not job.finished.is_set():
                        said = told(job.progress(studio.looks.ahead(job)))
                        yield looks.so_far(found, before=before, said=said)
                    else:
                        yield looks.whole(replace(found, motion_note=job.error) if job.error else found)
                    before = found
        except TemposeError as error:
            yield looks.whole(Look(motion_note=str(error)))

    async def run(request: gr.Request, *values: Any) -> AsyncIterator[tuple[Any, ...]]:
        try:
            wish = wanted.wish(values, studio.limits)
            jobs = follow(studio.desk, lambda job: studio.make(wish, job), request=request, part="run")
            async with aclosing(jobs):
                async for job in jobs:
                    if not job.finished.is_set():
                        strip = None if job.pictures is None else clearing_strip(job.pictures)
                        yield results.running(told(job.progress(studio.desk.ahead(job)), strip=strip))
                    elif job.stopped:
                        yield results.ended(summed_up("Stopped."))
                    elif job.error:
                        yield results.ended(note(job.error))
                    else:
                        yield results.made(job.result)
        except TemposeError as error:
            yield results.ended(note(str(error)))

    def stop(request: gr.Request) -> None:
        studio.desk.cancel(owner_of(request, "run"))

    shapes = ("frames", "fps", "start", "seed", "retargeting")
    gr.on(
        [wanted.photo.change, wanted.motion.change, wanted.motion_file.change]
        + [wanted.settings[name].change for name in shapes],  # type: ignore[attr-defined]
        look,
        wanted.all,
        looks.all,
        trigger_mode="multiple",
        **MANY,
    )
    results.run.click(
        lambda: (gr.update(interactive=False), summed_up("Starting")), None, [results.run, results.progress], **QUIET
    )
    results.run.click(run, wanted.all, results.all, trigger_mode="once", **MANY)
    results.cancel.click(stop, None, None, **QUIET)
