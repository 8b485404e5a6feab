"""How good a model is: on drawn people that it never saw, and on real clips. Writes out/quality/results.md.

    python benchmarks/quality.py [MODEL] [--people 64] [--frames 25] [--steps 1] [--real DATA]

Drawn people: every frame and its flow are known exactly. The model generates each clip as an image model,
frame by frame, and as a video model, in windows one after the other (`loop`) and sharing every step
(`overlap`); then 4 frames that follow one another, and 4 that lie 20 apart. Beside it stand the photo
copied, and the photo bent into the poses.

Pictures are of drawn people alone; `--reports` writes whole reports, with videos, elsewhere.

Real clips: DATA is a prepared dataset (`tempose prepare videos FOLDER DATA --size 128x96 --split test`).
From the first frame of each clip every tenth later one is generated, frame by frame. Then the last third
of each clip is generated from its first frame, by the model as it is and after it was fitted to the
first two thirds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np

from tempose.animation.animate import versions
from tempose.core.errors import DataError, TemposeError
from tempose.core.files import written_whole
from tempose.core.progress import bar
from tempose.data.augment import Views, resized
from tempose.data.prepared import Clip, read_metadata, write_clip, write_metadata
from tempose.diffusion.hub import load_model
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.evaluation.cases import Case, Task, hashes, reconstruction, tasks
from tempose.evaluation.measures import measures_at
from tempose.evaluation.methods import FLOORS, Method, fingerprint, generated
from tempose.evaluation.protocols import Protocol, find_protocol
from tempose.evaluation.report import INTERVALS, markdown_table, number, write_report
from tempose.evaluation.results import Evaluation, paired
from tempose.evaluation.run import Plan, TaskOutcome
from tempose.media.images import write_image
from tempose.media.video import read_frames
from tempose.models.build import without_temporal_blocks
from tempose.people.clip import Recipe, draw_clip
from tempose.people.dataset import LICENSE, MOST_PEOPLE, SOURCE
from tempose.training.personalize import PersonalizeSettings, personalize_views
from tempose.training.subject_data import part, split_video

# People of another seed than any dataset to train on is drawn with by default.
SEED, FPS = 7, 16.0

IMAGE, VIDEO, LOOP, OVERLAP = "image model", "video model", "loop", "overlap"


class Claim(NamedTuple):
    """What the temporal blocks are said to do, and what the numbers say to it."""

    claim: str
    figures: str
    verdict: str


# Drawn people ---------------------------------------------------------------------------------------


def draw_people(root: Path, *, people: int, frames: int, size: tuple[int, int]) -> None:
    """A dataset of people whom no model was trained on, a clip of each, in the split `test`."""
    rows = []
    for number_ in bar(range(people), "drawing"):
        person = SEED * MOST_PEOPLE + number_
        recipe = Recipe.draw(person, 0, frames=frames, fps=FPS, size=size)
        clip = draw_clip(recipe)
        rows.append(
            write_clip(
                root, "test", f"person-{person}", frames=clip.frames, motion=clip.motion, masks=clip.masks,
                person=f"person-{person}", source=SOURCE, license=LICENSE, recipe=recipe.as_json(),
            )
        )  # fmt: skip
    write_metadata(root, "test", rows)


def image_model(pipe: PersonVideoPipeline) -> PersonVideoPipeline:
    """The model without its temporal blocks: every frame by itself, from noise of its own."""
    unet = without_temporal_blocks(pipe.unet) if pipe.unet.config.temporal else pipe.unet
    alone = PersonVideoPipeline(pipe.texture_encoder, unet, pipe.scheduler, pipe.sampling)
    alone.set_progress_bar_config(disable=True)
    return alone


def on_people(
    pipe: PersonVideoPipeline, root: Path, *, protocol: Protocol, size: tuple[int, int], steps: int, facts: dict
) -> TaskOutcome:
    """The floors, the image model, and the video model in the ways of sampling that the protocol asks about."""
    how = {"seed": 0, "num_inference_steps": steps, "window": protocol.window}
    methods: dict[str, Method] = {**FLOORS, IMAGE: generated(image_model(pipe), strategy="loop", **how)}
    if pipe.unet.config.temporal and protocol.name == "overlap":
        methods |= {name: generated(pipe, strategy=name, **how) for name in (LOOP, OVERLAP)}
    elif pipe.unet.config.temporal:
        methods[VIDEO] = generated(pipe, strategy="loop", **how)
    return Plan(
        tasks(root, "test", protocol=protocol, size=size),
        methods,
        protocol,
        measures_at(size),
        facts={
            **facts,
            "protocol": protocol.name,
            "protocol settings": asdict(protocol),
            "data": "drawn people",
            "size": size,
            "steps": steps,
        },
    ).run(track=bar)


def claims(evaluation: Evaluation) -> list[Claim]:
    """The three claims about the temporal blocks against the figures; none for a model without them."""
    if OVERLAP not in evaluation.methods:
        return []

    def mean(method: str, measure: str) -> float:
        figure = evaluation.result(method, measure)
        return float("nan") if figure is None else figure.mean

    flickers = [mean(method, "flicker") for method in (IMAGE, LOOP, OVERLAP)]
    seams = mean(LOOP, "seam score"), mean(OVERLAP, "seam score")
    costs = [mean(IMAGE, "SSIM") - mean(method, "SSIM") for method in (LOOP, OVERLAP)]
    half = [surely(evaluation, method, "flicker", share=0.5) for method in (LOOP, OVERLAP)]
    return [
        Claim(
            "Temporal blocks cut flicker at least by half.",
            f"flicker of the image model {number(flickers[0])}, loop {number(flickers[1])}, overlap "
            f"{number(flickers[2])}; less half of the image model's: {half[0]} (loop), {half[1]} (overlap)",
            verdict(flickers[0] > 0 and max(flickers[1:]) <= 0.5 * flickers[0]),
        ),
        Claim(
            "`overlap` has a seam score ≤ 1.05 where `loop` shows > 1.2.",
            f"loop {number(seams[0])}, overlap {number(seams[1])}",
            verdict(seams[0] > 1.2 and seams[1] <= 1.05),
        ),
        Claim(
            "Neither costs more than 0.005 SSIM.",
            f"loop costs {number(costs[0])}, overlap {number(costs[1])}",
            verdict(max(costs) <= 0.005),
        ),
    ]


def surely(evaluation: Evaluation, method: str, measure: str, *, share: float) -> str:
    """A method's figure less a share of the image model's, with its interval over clips."""
    first, second = share * evaluation.per_clip(IMAGE, measure), evaluation.per_clip(method, measure)
    known = np.isfinite(first) & np.isfinite(second)
    mean, low, high = paired(first[known], second[known]).difference
    return f"{number(mean)} ({number(low)} … {number(high)})"


def verdict(holds: bool) -> str:
    return "supported" if holds else "refuted"


# Real clips -----------------------------------------------------------------------------------------


def every_tenth(
    pipe: PersonVideoPipeline, *, size: tuple[int, int], options: argparse.Namespace, facts: dict
) -> TaskOutcome:
    """Every tenth frame of each clip from its first, frame by frame."""
    protocol = find_protocol("loop", window=1, every=10)
    sampling = {"seed": 0, "num_inference_steps": options.steps, "strategy": "loop", "window": 1}
    return Plan(
        tasks(options.real, "test", protocol=protocol, size=size, stretch=True),
        {**FLOORS, "model": generated(pipe, **sampling)},
        protocol,
        measures_at(size),
        facts={**facts, "protocol": "every tenth", "data": "real clips", "size": size, "steps": options.steps},
    ).run(track=bar)


def on_real(
    pipe: PersonVideoPipeline, *, size: tuple[int, int], options: argparse.Namespace, facts: dict
) -> TaskOutcome:
    """The last third of each clip from its first frame, before and after fitting to the first two thirds."""
    clips = [Clip(options.real / "test", row) for row in read_metadata(options.real, "test")][: options.real_clips]
    protocol = find_protocol("overlap", window=options.window)
    sampling = {"seed": 0, "num_inference_steps": options.steps, "strategy": "overlap", "window": protocol.window}

    def last_third(clip: Clip) -> Case:
        begin = 2 * len(clip) // 3
        moments = range(begin, len(clip))[: options.real_frames]
        if len(moments) < protocol.window:
            raise DataError(f"the last third of {clip.name} has {len(moments)} frames; wanted {protocol.window}")
        return reconstruction(clip, moments, size=size, stretch=True)

    with tempfile.TemporaryDirectory() as scratch:

        def fitted(case: Case) -> PersonVideoPipeline:
            clip = next(clip for clip in clips if clip.name == case.name)
            seen = list(range(2 * len(clip) // 3))
            views = resized(Views(clip.read_frames(seen), *clip.read_ground_truth(seen)), size)
            frames = pipe.sampling.clip_length if pipe.unet.config.temporal else 1
            known, held = split_video([part(views, slice(None))], frames=frames)
            settings = PersonalizeSettings(model=options.model, steps=options.fit_steps)
            fit = personalize_views(known, held, Path(scratch) / clip.name, settings, sources=hashes(clip))
            return load_model(str(fit.weights), device=options.device).pipeline

        return Plan(
            [Task(clip.name, hashes(clip), lambda clip=clip: last_third(clip)) for clip in clips],
            {
                **FLOORS,
                "model": generated(pipe, **sampling),
                "personalized": lambda case: generated(fitted(case), **sampling)(case),
            },
            protocol,
            measures_at(size),
            facts={
                **facts,
                "protocol": "overlap, last third",
                "data": "real clips",
                "size": size,
                "steps": options.steps,
            },
        ).run(track=bar)


# Pictures -------------------------------------------------------------------------------------------


def views_of(mp4: bytes, *, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The views that stand beside one another in a report's video: name → uint8 `f h w 3`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        path.write_bytes(mp4)
        frames = np.stack(list(read_frames(path)))
    return dict(zip(names, np.split(frames, len(names), axis=2), strict=True))


def sheet(outcome: TaskOutcome, clips: Sequence[str], *, moments: int = 5) -> np.ndarray:
    """For each clip a row for the truth and each method at a few moments, the photo to the left of all."""
    names = ["photo", "poses", *outcome.evaluation.methods]
    blocks = []
    for clip in clips:
        views = views_of(outcome.videos[clip], names=names)
        at = np.linspace(0, len(views["photo"]) - 1, moments).astype(int)
        rows = [np.concatenate([views["photo"][0], *views[name][at]], axis=1) for name in names[2:]]
        blocks.append(np.concatenate(rows))
    return np.concatenate(blocks, axis=1)


def strips(outcome: TaskOutcome, clip: str, *, enlarged: int = 8) -> np.ndarray:
    """The middle column of pixels over time, for the truth and each method: flicker is stripes, a seam an edge."""
    names = ["photo", "poses", *outcome.evaluation.methods]
    views = views_of(outcome.videos[clip], names=names)
    slices = []
    for name in names[2:]:
        frames = views[name]
        middle = frames.shape[2] // 2
        over_time = frames[:, :, middle - 1 : middle + 1].mean(axis=2).astype(np.uint8).transpose(1, 0, 2)
        slices += [np.repeat(over_time, enlarged, axis=1), np.full((over_time.shape[0], 4, 3), 255, np.uint8)]
    return np.concatenate(slices[:-1], axis=1)


def write_pictures(outcome: TaskOutcome, folder: Path) -> str:
    """Write pictures of three clips, and say in Markdown what they show."""
    folder.mkdir(parents=True, exist_ok=True)
    ranked = [clip.name for clip in outcome.evaluation.ranked()]
    shown = list(dict.fromkeys([ranked[0], ranked[len(ranked) // 2], ranked[-1]]))
    write_image(folder / "results-people.jpg", sheet(outcome, shown))
    write_image(folder / "results-time.jpg", strips(outcome, shown[len(shown) // 2]))
    rows = ", ".join(outcome.evaluation.methods)
    return (
        "![Generated people](images/results-people.jpg)\n\nThe best, the middle and the worst clip by "
        f"{outcome.evaluation.ranking_column()}. In each: the photo, then five moments; rows: {rows}.\n\n"
        "![One column of pixels over time](images/results-time.jpg)\n\nThe middle column of pixels of the middle "
        "clip over time, left to right in each, in the same order. Flicker shows as stripes, a seam as an edge.\n"
    )


# The page -------------------------------------------------------------------------------------------


def page(results: dict[str, TaskOutcome], found: Sequence[Claim], *, about: str, pictures: str) -> str:
    """The page of all results."""
    parts = ["# Results\n", about, INTERVALS.replace("Below each mean", "In brackets") + " Bold: the best of a row.\n"]
    if found:
        parts.append("## Claims about the temporal blocks\n")
        parts.append("| claim | figures | so it is |\n|---|---|---|")
        parts += [f"| {each.claim} | {each.figures} | {each.verdict} |" for each in found]
        parts.append("")
    for title, outcome in results.items():
        parts += [f"## {title}\n", markdown_table(outcome.evaluation)]
        parts += [f"Not measured: {reason}\n" for reason in outcome.evaluation.failed.values()]
    return "\n".join([*parts, pictures])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="people-128", help="a name or a folder of weights")
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--frames", type=int, default=25, help="of a clip, the photo among them")
    parser.add_argument("--steps", type=int, help="denoising steps; the model's own")
    parser.add_argument("--window", type=int, help="frames that the video model sees together; the model's own")
    parser.add_argument("--real", type=Path, help="a prepared dataset of real videos")
    parser.add_argument("--real-clips", type=int, default=8)
    parser.add_argument("--real-frames", type=int, default=24, help="of the last third of each clip")
    parser.add_argument("--fit-steps", type=int, default=60, help="of fitting to a person, at most")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/quality/results.md"))
    parser.add_argument("--reports", type=Path, help="a new folder for the whole reports, one in each subfolder")
    options = parser.parse_args()

    began = perf_counter()
    loaded = load_model(options.model, device=options.device)
    pipe, size = loaded.pipeline, loaded.size
    options.steps = options.steps or loaded.steps
    options.window = options.window or pipe.sampling.clip_length
    facts = {"command": sys.argv, "model": loaded.name, "weights": fingerprint(pipe), "versions": versions(), "seed": 0}
    every = find_protocol("overlap", window=options.window, max_frames=options.frames - 1)
    protocols = {
        f"Drawn people, {options.frames - 1} frames": every,
        "Drawn people, 4 consecutive frames": find_protocol("consecutive"),
        "Drawn people, 4 frames 20 apart": find_protocol("strided"),
    }
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        draw_people(Path(scratch), people=options.people, frames=max(options.frames, 62), size=size)
        for title, protocol in protocols.items():
            results[title] = on_people(
                pipe, Path(scratch), protocol=protocol, size=size, steps=options.steps, facts=facts
            )
    whole = next(iter(results.values()))
    if options.real is not None:
        results["Real clips, every tenth frame"] = every_tenth(pipe, size=size, options=options, facts=facts)
        results["Real clips, the last third"] = on_real(pipe, size=size, options=options, facts=facts)

    pictures = write_pictures(whole, options.output.parent / "images")
    counts = f"--real-clips {options.real_clips} --real-frames {options.real_frames} --fit-steps {options.fit_steps}"
    about = (
        f"`python benchmarks/quality.py {options.model} --people {options.people} --frames {options.frames} --steps "
        f"{options.steps} --window {options.window}{f' --real … {counts}' if options.real else ''}`"
        f": {perf_counter() - began:.0f} s in all. Weights: SHA-256 `{facts['weights'][:16]}…`. The people are of seed "
        f"{SEED}; flow is exact. What each row means is in [evaluation.md](evaluation.md).\n"
    )
    with written_whole(options.output) as beside:
        beside.write_text(page(results, claims(whole.evaluation), about=about, pictures=pictures), encoding="utf-8")
    if options.reports is not None:
        options.reports.mkdir(parents=True, exist_ok=True)
        for title, outcome in results.items():
            write_report(outcome, options.reports / title.lower().replace(",", "").replace(" ", "-"))
    print(options.output.read_text(encoding="utf-8"))


if __name__ == "__main__":
    try:
        main()
    except TemposeError as error:
        raise SystemExit(f"error: {error}") from error
