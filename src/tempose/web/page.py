"""The page as a whole: three tabs, one look, light and dark."""

from __future__ import annotations

from html import escape
from pathlib import Path

import gradio as gr

from tempose.body.motions import MOTIONS
from tempose.web.animate_tab import animate_tab
from tempose.web.api import add_api
from tempose.web.compare_tab import compare_tab
from tempose.web.events import QUIET
from tempose.web.examples import EXAMPLES
from tempose.web.people_tab import people_tab
from tempose.web.pictures import STRIP, STRIP_FPS, motion_strip, thumbnail
from tempose.web.studio import KEPT, Studio
from tempose.web.watch import owner_of

STYLE = Path(__file__).with_name("style.css")

# Seconds between two looks for uploads that are to go.
SWEEP = 300

HEAD = (
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
)


def build_page(studio: Studio) -> gr.Blocks:
    """The page over a studio, and the HTTP interface with it."""
    with gr.Blocks(title="tempose studio", analytics_enabled=False, delete_cache=(SWEEP, KEPT)) as page:
        gr.HTML(
            "<header><h1>tempose</h1><p>One photo of a person and one motion in, a video of that person moving out.</p>"
            + "".join(f'<p class="warning" role="note">{escape(text)}</p>' for text in studio.model.warnings)
            + "</header>"
        )
        with gr.Tabs() as tabs:
            with gr.Tab("Animate", id="animate"):
                wanted = animate_tab(studio)
            with gr.Tab("People", id="people", render_children=True):
                people_tab(studio, photo=wanted.photo, tabs=tabs, animate="animate")
            with gr.Tab("Compare", id="compare", render_children=True):
                compare_tab(studio, wanted)
        queue = gr.HTML(elem_id="queue")
        page.load(lambda: said_of_queue(studio), None, queue, **QUIET)
        gr.Timer(5).tick(lambda: said_of_queue(studio), None, queue, **QUIET)
        add_api(studio)

        def leave(request: gr.Request) -> None:
            for desk in (studio.desk, studio.looks):
                desk.cancel(owner_of(request))

        page.unload(leave)
    return page


def said_of_queue(studio: Studio) -> str:
    """How many jobs are under way, for the foot of the page."""
    busy = studio.desk.busy()
    return f'<p class="queue">{busy or "No"} job{"" if busy == 1 else "s"} under way</p>'


def style() -> str:
    """The style sheet, with the moving pictures of the motions."""
    tiles = {
        "motions": [motion_strip(name) for name in MOTIONS],
        "examples": [thumbnail(example.photo) for example in EXAMPLES],
    }
    pictures = (
        f"#{name} label:nth-child({place})::before {{ background-image: url({address}); }}"
        for name, addresses in tiles.items()
        for place, address in enumerate(addresses, start=1)
    )
    moving = f":root {{ --strip: {STRIP}; --strip-time: {STRIP / STRIP_FPS:g}s; }}"
    return "\n".join((moving, STYLE.read_text(encoding="utf-8"), *pictures))


def theme() -> gr.themes.Base:
    """Quiet colors, and the fonts that the reader's system has: none is fetched."""
    return gr.themes.Default(
        primary_hue="teal",
        neutral_hue="slate",
        font=("system-ui", "sans-serif"),
        font_mono=("ui-monospace", "monospace"),
    )
