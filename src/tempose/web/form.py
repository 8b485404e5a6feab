"""The left column of the page's first tab: what is wanted, each field with a place for its mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from tempose.body.motions import MOTIONS
from tempose.core.settings import Entry
from tempose.web.events import QUIET
from tempose.web.examples import EXAMPLES
from tempose.web.html import note
from tempose.web.limits import Limits, no_picture
from tempose.web.request import BACKGROUNDS, COLOR, FIRST_COLOR, OFFERED, PICTURE, AnimateRequest, first_values
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
    """Build the left column of the page: photo, motion and settings."""
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
        label="Or one of these people, who do not exist",
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
    limits, first = studio.limits, first_values(studio.limits) | {"steps": studio.model.steps}
    with gr.Accordion("More", open=False, elem_id="more"):
        plain = [entry for entry in OFFERED if entry.name != "background"]
        kinds = {entry.name: kind_of(entry, limits, first) for entry in plain}
        settings: dict[str, gr.components.Component] = {}
        for kind in (gr.Slider, gr.Number, gr.Radio):
            same = [entry for entry in plain if kinds[entry.name] is kind]
            for pair in zip(same[::2], [*same[1::2], None], strict=False):
                with gr.Row():
                    settings |= {entry.name: field(kind, entry, limits, first) for entry in pair if entry}
        titles = ("The photo's", "Plain", "A color", "A picture")
        background = gr.Radio(
            list(zip(titles, BACKGROUNDS, strict=True)), value=BACKGROUNDS[0], label="Background", elem_id="background"
        )
        with gr.Row():
            color = gr.ColorPicker(FIRST_COLOR, label="Color of the background", elem_id="color", min_width=150)
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
    return settings | {"background": background, "color": color, "background_file": background_file}, settings_note


def kind_of(entry: Entry, limits: Limits, first: dict[str, Any]) -> type[gr.components.Component]:
    """How a setting is shown: choices side by side, a slider between two bounds, or a field for a number."""
    if entry.choices:
        return gr.Radio
    return gr.Slider if entry.name in limits.most and first[entry.name] is not None else gr.Number


def field(
    kind: type[gr.components.Component], entry: Entry, limits: Limits, first: dict[str, Any]
) -> gr.components.Component:
    """A setting on the page."""
    shown, value = entry.shown, first[entry.name]
    if kind is gr.Radio:
        names = shown.names or tuple(choice.capitalize() for choice in entry.choices)
        return gr.Radio(list(zip(names, entry.choices, strict=True)), value=value, label=shown.title)
    if kind is gr.Slider:
        most = limits.most[entry.name]
        return gr.Slider(1, most, value, step=1, label=shown.title, info=entry.help)
    info = f"{entry.help} 0: {shown.unset}." if shown.unset else entry.help
    least = 0 if entry.optional else entry.bounds.get("ge")
    return gr.Number(value, label=shown.title, info=info, minimum=least, precision=0 if entry.kind is int else None)


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
