"""`tempose evaluate` and `compare`: how good a model is, and what changed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tempose.cli.shell import MODEL, Shell, command, parse_size
from tempose.core.errors import InputError

GROUP = "Measure"


@command("evaluate", group=GROUP)
def evaluate(
    shell: Shell,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="The folder to write the report into.")],
    videos: Annotated[
        list[Path] | None,
        typer.Argument(metavar="VIDEOS", help="With --native: videos, folders of videos, or prepared datasets."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A prepared dataset (`tempose prepare`, `tempose people`)."),
    ] = None,
    native: Annotated[
        bool, typer.Option("--native", help="Measure whole frames as `animate` makes them, at the photo's resolution.")
    ] = False,
    height: Annotated[int, typer.Option(metavar="PIXELS", help="With --native: height of the frames.")] = 512,
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL)] = "people-128",
    protocol: Annotated[
        str, typer.Option(metavar="strided|consecutive|loop|overlap", help="Which frames are generated, and how.")
    ] = "overlap",
    subject: Annotated[
        str,
        typer.Option(
            metavar="self|cross",
            help="self: a clip from its first frame; cross: another person's motion, without truth.",
        ),
    ] = "self",
    split: Annotated[str, typer.Option(metavar="train|val|test", help="Which clips.")] = "test",
    clips: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="At most so many clips, evenly over the split.")
    ] = None,
    max_frames: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="loop, overlap: at most so many frames.")
    ] = None,
    window: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="loop, overlap: frames seen together; 4.")
    ] = None,
    every: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="loop, overlap: generate only every so many frames.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="HEIGHTxWIDTH", help="Size to generate and measure at; the model's own if not given."),
    ] = None,
    stretch: Annotated[bool, typer.Option("--stretch", help="Stretch clips of another size.")] = False,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Denoising steps. The model's own if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the noise.")] = 0,
    pose: Annotated[
        bool, typer.Option("--pose", help="Find the pose again in the result (mediapipe) and measure it.")
    ] = False,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="feat,lpips,lpips-vgg,fid,kid,fvd",
            help="Learned metrics, any of these; with --native feat, unless others are named, or none.",
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Their published files; without, they are downloaded once."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished report.")] = False,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")] = "auto",
) -> None:
    """Measure a model on clips, beside the photo copied and the photo warped, and write a report.

    With --data at the model's own size; with --native as `tempose animate` shows it.

    The folder gets report.html, report.md, report.json, clips.csv, videos/ and sheets/. Exit code 1 says that a
    clip could not be measured; the report names it. On several GPUs:
    [bold]accelerate launch --num_processes 4 -m tempose evaluate …[/bold]

    Examples: [bold]tempose evaluate --data data/people --protocol overlap -o report[/bold],
    [bold]tempose evaluate --native clips/*.mp4 -o report[/bold]
    """
    from accelerate import PartialState

    from tempose.animation.animate import description, versions
    from tempose.diffusion.hub import find_device, load_model
    from tempose.evaluation.measures import load_learned
    from tempose.evaluation.native import Sampling, evaluate_native
    from tempose.evaluation.protocols import find_protocol
    from tempose.evaluation.report import check_place, markdown_table, write_report
    from tempose.evaluation.run import evaluate_model

    sources = [*(videos or []), *([] if data is None else [data])]
    if not sources:
        raise InputError("nothing to measure: name --data, a prepared dataset, or --native and videos")
    if not native and videos:
        raise InputError(f"{videos[0]} is given beside --data; videos are measured with --native")
    check_place(output, overwrite=overwrite)
    chosen = find_protocol(protocol, window=window, max_frames=max_frames, every=every)
    place = PartialState()
    where = find_device(device) if place.num_processes == 1 else str(place.device)
    loaded = load_model(model, device=where)
    asked = ("feat" if native else "none") if metrics is None else metrics
    names = [name.strip() for name in asked.split(",") if name.strip() not in ("", "none")]
    learned = load_learned(names, weights=weights, device=where)
    facts = {
        "command": ["tempose", *sys.argv[1:]],
        "model": loaded.name,
        "configuration": description(loaded),
        "versions": versions(),
        "learned": names,
    }
    if native:
        outcome = evaluate_native(
            loaded,
            sources,
            sampling=Sampling(height),
            split=split,
            clips=clips,
            learned=learned,
            facts=facts,
            track=shell.track,
            steps=steps,
            seed=seed,
        )
    else:
        outcome = evaluate_model(
            loaded.pipeline,
            sources[0],
            protocol=chosen,
            split=split,
            subject=subject,
            size=None if size is None else parse_size(size),
            stretch=stretch,
            clips=clips,
            steps=steps,
            seed=seed,
            estimator="mediapipe" if pose else None,
            learned=learned,
            facts=facts,
            track=shell.track,
        )
    if place.is_main_process:
        write_report(outcome, output, overwrite=overwrite)
        for warning in loaded.warnings:
            shell.note(warning)
        for reason in (*outcome.evaluation.failed.values(), *outcome.evaluation.facts.get("not measured", [])):
            typer.echo(f"not measured: {reason}", err=True)
        shell.done(
            f"{markdown_table(outcome.evaluation)}\n{output / 'report.html'}: {len(outcome.evaluation.clips)} clips",
            output=output,
            clips=len(outcome.evaluation.clips),
            failed=outcome.evaluation.failed,
            warnings=list(loaded.warnings),
        )
    raise typer.Exit(1 if outcome.evaluation.failed else 0)


@command("compare", group=GROUP)
def compare(
    shell: Shell,
    reports: Annotated[list[Path], typer.Argument(metavar="REPORT REPORT…", help="Folders of `tempose evaluate`.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="The folder to write.")],
) -> None:
    """Compare reports with the first of them, clip by clip: what changed, how surely, on which clips most.

    The folder gets compare.html, compare.md, compare.json and clips.csv.

    Example: [bold]tempose compare reports/before reports/after -o reports/what-changed[/bold]
    """
    from tempose.evaluation.compare import as_markdown, compare, write_comparison

    comparison = compare(reports)
    write_comparison(comparison, output)
    shell.done(
        f"{as_markdown(comparison)}\n{output / 'compare.html'}: {len(reports)} reports",
        output=output,
        reports=len(reports),
    )
