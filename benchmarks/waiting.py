"""How long visitors of the studio wait, in a real browser: `python -m benchmarks.waiting`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from benchmarks.screenshot import choose, opened, run
from tempose.diffusion.hub import DEFAULT_MODEL

FRAMES, SIZES, EXAMPLE = 24, (512, 720), 0


def seconds(action: Callable[[], Any]) -> float:
    """How long an action takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def main(
    model: Annotated[str, typer.Option(help="A name, a folder of weights, or OWNER/NAME on the Hub.")] = DEFAULT_MODEL,
) -> None:
    """Measure load, first preview, click to first frame and click to result, and print them as a table."""
    with opened(model=model) as (page, address):
        ready = {"selector": "body[data-ready]", "state": "attached"}
        rows = [("load", seconds(lambda: (page.goto(address), page.wait_for_selector(**ready))))]
        page.evaluate("document.getElementById('more').open = true")
        page.fill("#set-max_frames", str(FRAMES))
        first = "document.getElementById('look-photo').naturalWidth > 0"

        def preview() -> None:
            page.evaluate("(at) => document.querySelectorAll('#examples button')[at].click()", EXAMPLE)
            page.wait_for_function(first)

        rows.append(("choice of a photo to the first preview", seconds(preview)))
        for size in SIZES:
            page.fill("#set-size", str(size))
            choose(page, EXAMPLE)
            page.evaluate("document.getElementById('preview').removeAttribute('src')")
            page.evaluate(
                "document.getElementById('preview').onload = () => window.shownAt ??= performance.now(),"
                "document.getElementById('run').onclick = () => { window.clickedAt = performance.now(); }"
            )
            page.evaluate("window.shownAt = undefined")
            whole = seconds(lambda: run(page))
            to_first = page.evaluate("(window.shownAt - window.clickedAt) / 1000")
            rows.append((f"click to the first frame, {size} pixels", to_first))
            rows.append((f"click to the result, {FRAMES} frames of {size} pixels", whole))
    print("| | seconds |\n|---|---|")
    for name, taken in rows:
        print(f"| {name} | {taken:.1f} |")
    print(f"\n{os.cpu_count()} cores; load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    typer.run(main)
