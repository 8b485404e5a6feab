"""The left column of the page's first tab: what is wanted, each field with a place for its mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from tempose.animation.animate import STRATEGIES
from tempose.body.motions import MOTIONS
from tempose.pose.retarget import RETARGET_MODES
from tempose.web.events import QUIET
from tempose.web.examples import EXAMPLES
from tempose.web.html import note
from tempose.web.limits import Limits, no_picture
from tempose.web.request import BACKGROUNDS, COLOR, FRAMES, PICTURE, AnimateRequest
from tempose.web.studio import Studio
from tempose.web.uploads import Files

FIRST_MOTION = "walk"

REFUSE = Path(__file__).with_name("refuse.js")


@dataclass(frozen=True)
class Wanted:
    """The parts of the page in which somebody says what they want, and where their mistakes are told.

    Attributes:
        photo, motion, motion_file: as `AnimateRequest.of` takes them.
        settings: the others, by the names of `AnimateRequest.of`.
        photo_note, motion_note, settings_note: the places for mistakes.
    """

    photo: gr.Image
    motion: gr.Radio
    motion_file: gr.File
    settings: dict[str, gr.components.Component]
    photo_note: gr.HTML
    motion_note: gr.HTML
    settings_note: gr.HTML

    @property
    def all(self) -> list[gr.components.Component]:
        return [self.photo, self.motion, self.motion_file, *self.settings.values()]

    def asked(self, values: tuple[Any, ...], limits: Limits, files: Files) -> AnimateRequest:
        """What the values of these parts ask for.

        Raises:
            InputError: a value is not what it should be.
        """
        return AnimateRequest.of(
            *values[:3], limits=limits, files=files, **dict(zip(self.settings, values[3:], strict=True))
        )


def wanted_column(studio: Studio) -> Wanted:
    """Build the column."""
    limits = studio.limits
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
    photo_note = note_of_files("photo-note", field="photo", limits=limits, pictures=True)
    examples = gr.Radio(
        [(example.title, index) for index, example in enumerate(EXAMPLES)],
        label="Or one of these drawn people",
        elem_id="examples",
        elem_classes="tiles",
    )
    gr.HTML(
        "<h2>Motion</h2><p>By name, or from a file: a video, .npz, .json, .bvh; "
        "or OpenPose's .json files all at once, one a frame.</p>"
    )
    motion = gr.Radio(
        [(name.capitalize(), name) for name in MOTIONS],
        value=FIRST_MOTION,
        label="Built-in motion",
        elem_id="motions",
        elem_classes="tiles",
    )
    motion_file = gr.File(
        label="Or a file of your own",
        file_count="multiple",
        height=150,
        elem_id="motion-file",
    )
    motion_note = note_of_files("motion-note", field="motion-file", limits=limits)
    settings, settings_note = more(studio)

    examples.input(
        lambda index: (str(studio.example(index)), EXAMPLES[index].motion, None),
        examples,
        [photo, motion, motion_file],
        **QUIET,
    )
    photo.input(lambda: None, None, examples, **QUIET)
    motion.input(lambda: None, None, motion_file, **QUIET)
    motion_file.upload(lambda: None, None, motion, **QUIET)
    motion_file.clear(lambda: FIRST_MOTION, None, motion, **QUIET)
    return Wanted(photo, motion, motion_file, settings, photo_note, motion_note, settings_note)


def more(studio: Studio) -> tuple[dict[str, gr.components.Component], gr.HTML]:
    """What needs no touch, behind one fold, by the names of `AnimateRequest.of`; and the place for its mistakes."""
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
            retarget = gr.Radio(
                list(zip(("Bone by bone", "As a whole", "Not at all"), RETARGET_MODES, strict=True)),
                value=RETARGET_MODES[0],
                label="Fit the motion to the body",
            )
        titles = ("The photo's", "Plain", "A color", "A picture")
        background = gr.Radio(
            list(zip(titles, BACKGROUNDS, strict=True)), value=BACKGROUNDS[0], label="Background", elem_id="background"
        )
        with gr.Row():
            with gr.Column(min_width=150):
                color = gr.ColorPicker("#20a0ff", label="Color of the background", elem_id="color")
                guidance = gr.Number(None, label="Guidance", info="0: the model's own. 1: plain.")
            background_file = gr.Image(
                label="Picture of the background",
                type="filepath",
                sources=["upload", "clipboard"],
                height=220,
                min_width=150,
                elem_id="background-file",
                buttons=[],
            )
    settings_note = note_of_files("settings-note", field="background-file", limits=limits, pictures=True)
    color.input(lambda: COLOR, None, background, **QUIET)
    chosen = f"(file) => file ? '{PICTURE}' : '{BACKGROUNDS[0]}'"
    background_file.input(None, background_file, background, js=chosen, **QUIET)
    settings: dict[str, gr.components.Component] = {
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
    return settings, settings_note


def note_of_files(name: str, *, field: str, limits: Limits, pictures: bool = False) -> gr.HTML:
    """The place for mistakes under a field for files; the browser itself tells there what it would not send."""
    return gr.HTML(
        note(""),
        elem_id=name,
        js_on_load=REFUSE.read_text(encoding="utf-8"),
        field=field,
        most=limits.upload_bytes,
        kind="image/" if pictures else "",
        said_of_size=limits.too_large("{name}"),
        said_of_kind=no_picture("{name}"),
    )
