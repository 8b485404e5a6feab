"""The command line: thin shells over the library's functions.

Heavy imports happen inside the commands, so that `tempose --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tempose.cli_motion import describe
from tempose.core.errors import InputError, TemposeError
from tempose.core.streams import make_steadfast
from tempose.media.formats import check_motion_there, check_readable

if TYPE_CHECKING:
    from tempose.data.prepare import Outcome

app = typer.Typer(
    name="tempose",
    help="One photo of a person and one motion in, a video of that person moving out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.command()
def info(
    model: Annotated[str, typer.Argument(help="A preset, such as pidm-256, or a folder of saved weights.")],
) -> None:
    """Count a model's parameters: by part, by training stage, and as the papers count them.

    Example: [bold]tempose info pidm-256[/bold]
    """
    from tempose.models.accounting import account, as_table

    typer.echo(as_table(account(model)))


@app.command()
def import_pidm(
    checkpoint: Annotated[Path, typer.Argument(help="The published file, usually last.pt.")],
    out_dir: Annotated[Path, typer.Argument(help="The folder to write: safetensors and config.")],
) -> None:
    """Turn a published PIDM checkpoint into safe weights that the pipeline loads.

    The file is a pickle; it is read without running any code that it may carry.

    Example: [bold]tempose import-pidm last.pt models/pidm[/bold]
    """
    from tempose.core.files import written_whole
    from tempose.diffusion.pipeline import PersonVideoPipeline
    from tempose.models.config import preset
    from tempose.models.pidm import import_checkpoint

    networks = import_checkpoint(checkpoint)
    with written_whole(out_dir) as beside:
        PersonVideoPipeline.from_networks(networks, config=preset("pidm-256")).save_pretrained(beside)
    count = sum(network.num_parameters() for network in networks)
    typer.echo(f"{out_dir}: an image model of {count:,} parameters; see `tempose info {out_dir}`")


prepare = typer.Typer(no_args_is_help=True, help="Turn a dataset into the form that training reads.")
app.add_typer(prepare, name="prepare")


def _report(outcomes: Sequence[Outcome], out: Path, *, every: bool) -> None:
    """Print what became of every file, or of those refused; exit code 1 if there are any of these."""
    from tempose.data.prepare import summary

    refused = [outcome for outcome in outcomes if outcome.verdict == "refused"]
    for outcome in outcomes if every else refused:
        typer.echo(str(outcome))
    typer.echo(f"{out}: {summary(outcomes)}")
    raise typer.Exit(1 if refused else 0)


@prepare.command("deepfashion")
def prepare_deepfashion(
    root: Annotated[Path, typer.Argument(help="The dataset: img/, pose/ and *_pairs.txt, or the CSV files.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    size: Annotated[tuple[int, int], typer.Option(help="Height and width of the pictures.")] = (256, 176),
    workers: Annotated[int, typer.Option(help="Processes that work at once.")] = 1,
) -> None:
    """Prepare DeepFashion's In-shop pictures with their published key points and pairs.

    Run it again after a stop, and it goes on. Exit code 1 says that a picture was refused.

    Example: [bold]tempose prepare deepfashion dataset/deepfashion data/deepfashion --workers 8[/bold]
    """
    from tempose.core.progress import bar
    from tempose.data.deepfashion import prepare_deepfashion

    outcomes = prepare_deepfashion(root, out, size=size, workers=workers, track=bar)
    _report(outcomes, out, every=False)


@prepare.command("videos")
def prepare_videos(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the videos.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    size: Annotated[tuple[int, int], typer.Option(help="Height and width of the clips, even.")] = (256, 176),
    fps: Annotated[float | None, typer.Option(help="Frames per second; each video's own if not given.")] = None,
    min_frames: Annotated[int, typer.Option(help="Shorter stretches are left out.")] = 16,
    pattern: Annotated[str, typer.Option(help="Which files, or folders of pictures.")] = "**/*",
    split: Annotated[
        str | None, typer.Option(help="train, val or test for all; drawn from each name if not given.")
    ] = None,
    license: Annotated[str, typer.Option(help="License of the videos, for the metadata.")] = "unknown",
    workers: Annotated[int, typer.Option(help="Processes that work at once.")] = 1,
) -> None:
    """Prepare a folder of videos: find the person, cut, crop, resize and split.

    Prints a line for each file: kept, cut, or refused and why; the same is in OUT/report.txt. Run it
    again after a stop, and it goes on. Exit code 1 says that a file was refused.

    Example: [bold]tempose prepare videos my_videos data/mine --size 256 176 --workers 4[/bold]
    """
    from tempose.core.progress import bar
    from tempose.data.videos import VideoSettings, prepare_videos

    settings = VideoSettings(size=size, fps=fps, min_frames=min_frames, license=license)
    outcomes = prepare_videos(folder, out, settings=settings, pattern=pattern, split=split, workers=workers, track=bar)
    _report(outcomes, out, every=True)


@app.command()
def pose(
    source: Annotated[Path, typer.Argument(help="A video or a photo.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The pose file to write: .npz or .json.")],
    preview: Annotated[
        Path | None, typer.Option(help="Also draw the skeleton: .mp4 (.webm, .gif) of a video, .png of a photo.")
    ] = None,
    person: Annotated[
        str, typer.Option(help="Whom to follow: largest, a number from the left (from 1), or a point X,Y.")
    ] = "largest",
    fps: Annotated[float | None, typer.Option(help="Frames per second to sample at; the video's own.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="As it was seen: not cleaned, not smoothed.")] = False,
    estimator: Annotated[
        str, typer.Option(help="mediapipe (offline, one person) or rtmlib (several people).")
    ] = "mediapipe",
    detector: Annotated[Path | None, typer.Option(help="rtmlib: an ONNX file of YOLOX.")] = None,
    pose_model: Annotated[Path | None, typer.Option(help="rtmlib: an ONNX file of RTMPose.")] = None,
) -> None:
    """Find a person's key points in a video or photo and write them to a pose file.

    Example: [bold]tempose pose dance.mp4 -o dance.npz --preview dance-skeleton.mp4[/bold]
    """
    check_motion_there(source)

    from tempose.core.progress import bar
    from tempose.media.animated import is_still
    from tempose.media.images import read_image, write_image
    from tempose.media.video import read_frames, write_video
    from tempose.pose.clean import clean
    from tempose.pose.draw import draw_motion, draw_skeleton
    from tempose.pose.estimate import observe
    from tempose.pose.estimators import load_estimator
    from tempose.pose.tracking import choice_of

    if output.suffix not in (".npz", ".json"):
        raise InputError(f"cannot write poses to {output.name}; the ending must be .npz or .json")
    is_photo = is_still(source)
    photo = read_image(source) if is_photo else None
    seen = observe(
        source if photo is None else [photo],
        estimator=load_estimator(estimator, detector=detector, pose_model=pose_model),
        fps=1 if is_photo else fps,
        person=choice_of(person),
        with_masks=False,
        track=bar,
    )
    motion = seen.motion if raw else clean(seen.motion, cuts=seen.cuts)
    motion.save(output)
    if preview is not None and photo is not None:
        write_image(preview, draw_skeleton(photo, motion.keypoints[0]))
    elif preview is not None:
        shown = bar(draw_motion(read_frames(source, fps=motion.fps), motion), "preview", total=len(motion))
        write_video(preview, shown, motion.fps)
    joints = (motion.keypoints[..., 2] > 0).sum(axis=1).mean()
    typer.echo(f"{output}: {len(motion)} frame(s) at {motion.fps:g} a second, {joints:.1f} of 18 joints seen")


app.command("motion")(describe)


@app.command()
def people(
    out_dir: Annotated[Path, typer.Argument(help="The folder to write: train, val and test.")],
    people: Annotated[int, typer.Option(help="How many people; one in ten each for val and test.")] = 100,
    clips: Annotated[int, typer.Option(help="Clips of each person, every one another motion and place.")] = 2,
    frames: Annotated[int, typer.Option(help="Frames of a clip.")] = 32,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 16.0,
    size: Annotated[tuple[int, int], typer.Option(help="Height and width of the frames, even.")] = (128, 96),
    seed: Annotated[int, typer.Option(help="Other seeds draw other people.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes that draw at once.")] = 1,
) -> None:
    """Draw people that nobody ever photographed: a dataset to train on, with exact ground truth.

    Run it again after a stop, and it goes on.

    Example: [bold]tempose people data/people --people 200 --size 128 96 --workers 8[/bold]
    """
    from tempose.core.progress import bar
    from tempose.people.dataset import PeopleSettings, write_people

    settings = PeopleSettings(frames=frames, fps=fps, size=size, seed=seed)
    outcomes = write_people(out_dir, people=people, clips=clips, settings=settings, workers=workers, track=bar)
    _report(outcomes, out_dir, every=False)


@app.command("people-sheet")
def people_sheet(
    picture: Annotated[Path, typer.Argument(help="The picture to write: .jpg or .png.")],
    people: Annotated[int, typer.Option(help="How many people.")] = 32,
    moments: Annotated[int, typer.Option(help="At how many moments each is shown.")] = 6,
    size: Annotated[tuple[int, int], typer.Option(help="Height and width of one picture.")] = (96, 72),
    seed: Annotated[int, typer.Option(help="The first person.")] = 0,
) -> None:
    """Draw a contact sheet of people at several moments.

    Example: [bold]tempose people-sheet people.jpg[/bold]
    """
    from tempose.core.progress import bar
    from tempose.media.images import ENCODINGS, write_image
    from tempose.people.sheet import contact_sheet

    if picture.suffix.lower() not in ENCODINGS:
        raise InputError(f"cannot write a picture to {picture.name}; the ending must be one of {', '.join(ENCODINGS)}")
    write_image(picture, contact_sheet(people=people, moments=moments, size=size, seed=seed, track=bar))
    typer.echo(f"{picture}: {people} people at {moments} moments")


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="What to train: a YAML file, such as those in configs/.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a setting; may be repeated.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show all settings, the parameters and the memory; train nothing.")
    ] = False,
) -> None:
    """Train a model, or go on with a training that was stopped: give the same command again.

    Ctrl-C or SIGTERM saves and leaves, with exit code 1. On several GPUs:
    [bold]accelerate launch --num_processes 4 -m tempose train configs/people-image.yaml[/bold]

    Example: [bold]tempose train configs/people-image.yaml --set optimization.batch=32 --set seed=1[/bold]
    """
    from accelerate import Accelerator, PartialState

    from tempose.core.progress import bar
    from tempose.training.budget import budget
    from tempose.training.config import load_config
    from tempose.training.loop import train
    from tempose.training.run import describe

    settings = load_config(config, changes or ())
    if dry_run:
        place = Accelerator()
        if place.is_main_process:
            typer.echo(describe(settings))
            typer.echo(budget(settings, processes=place.num_processes))
        return
    outcome = train(settings, track=bar)
    if PartialState().is_main_process:
        how = "trained" if outcome.finished else "stopped; the same command goes on"
        typer.echo(f"{outcome.weights}: {how} at step {outcome.step}")
    raise typer.Exit(0 if outcome.finished else 1)


@app.command()
def export(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or of weights.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
) -> None:
    """Write the newest weights of a run as they are given to others: averaged, in half precision.

    Example: [bold]tempose export runs/people-temporal models/mine[/bold]
    """
    from tempose.training.export import export

    typer.echo(f"{out}: {export(source, out)} in float16")


@app.command()
def personalize(
    sources: Annotated[
        list[Path], typer.Argument(metavar="VIDEO_OR_PHOTOS", help="One video, or three photos or more.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write; the weights in its weights/.")],
    model: Annotated[
        str, typer.Option(help="The weights to start from: a name that ships, a folder, or a name on the Hub.")
    ] = "people-128",
    size: Annotated[tuple[int, int] | None, typer.Option(help="Height and width to fit at; the model's own.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="At most so many steps.")] = 200,
    learning_rate: Annotated[float, typer.Option(help="How far a step goes.")] = 1e-4,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
) -> None:
    """Fit a model to one person, seen in a short video or a few photos.

    The last quarter is held out. It says whether fitting helps and when to stop; what was best on it is
    kept, also when Ctrl-C ends the fitting. The picture held-out.png shows photo · pose · truth ·
    before · after.

    Example: [bold]tempose personalize me.mp4 -o models/me[/bold]
    """
    from tempose.core.progress import bar
    from tempose.diffusion.hub import SHIPPED
    from tempose.training.personalize import personalize

    shipped = SHIPPED / model
    fitted = personalize(
        sources, output, model=shipped if shipped.is_dir() else model,
        size=size, steps=steps, learning_rate=learning_rate, seed=seed, track=bar,
    )  # fmt: skip
    typer.echo(f"error on the person in what was held out: {fitted.before:.4f} before, {fitted.after:.4f} after")
    typer.echo(f"{fitted.weights}: the best were those of step {fitted.step}")


@app.command()
def animate(
    photo: Annotated[Path, typer.Argument(help="A picture of a person, best from head to foot.")],
    motion: Annotated[
        str,
        typer.Argument(
            help="A video, a folder of OpenPose JSON, .npz, .json, .bvh, a picture for a single pose, "
            "or a built-in motion: walk, catwalk, turn, wave, dance, squat, reach, idle, nod, talk, random."
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help=".mp4, .webm, .gif, .webp, a folder of PNGs (no ending), or a .png.")
    ],
    model: Annotated[str, typer.Option(help="A name, a folder of weights, or OWNER/NAME on the Hub.")] = "people-128",
    retarget: Annotated[
        str, typer.Option(help="Fit the motion to the photo: limbs (bone by bone), scale (as a whole), none.")
    ] = "limbs",
    background: Annotated[
        str, typer.Option(help="photo (its own, still), plain, a color such as #20a0ff, or a picture file.")
    ] = "photo",
    size: Annotated[int | None, typer.Option(help="Height of the result in pixels.")] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames per second; the motion's own, at most 30, if not given.")
    ] = None,
    start: Annotated[float, typer.Option(help="Seconds of the motion to leave out at the beginning.")] = 0.0,
    duration: Annotated[float | None, typer.Option(help="Seconds of the motion to take.")] = None,
    max_frames: Annotated[int | None, typer.Option(help="Take at most so many frames.")] = None,
    person: Annotated[
        str, typer.Option(help="Whom to follow in a video: largest, a number from the left (from 1), or a point X,Y.")
    ] = "largest",
    photo_person: Annotated[str, typer.Option(help="Whom to animate in the photo; the same choices.")] = "largest",
    yaw: Annotated[
        float, typer.Option(help="Turn the camera by so many degrees; for .bvh and built-in motions.")
    ] = 0.0,
    joints: Annotated[
        Path | None, typer.Option(help="A YAML file that names the joints of a .bvh, as 'RightArm: right_shoulder'.")
    ] = None,
    up: Annotated[
        str | None, typer.Option(help="Which axis of a .bvh is up: y, z, x, -y …; found if not given.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Denoising steps: more take longer. The model's own if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another result; the same seed, the same.")] = 0,
    strategy: Annotated[
        str, typer.Option(help="How a long video is cut into windows: overlap (no seams) or loop (faster).")
    ] = "overlap",
    guidance: Annotated[
        float | None, typer.Option(help="How strongly the photo guides; 1 is plain. The model's own if not given.")
    ] = None,
    audio: Annotated[bool, typer.Option("--audio", help="Take the sound of the motion's video.")] = False,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="Show photo, skeleton and result beside one another.")
    ] = False,
    sheet: Annotated[Path | None, typer.Option(help="Also write a contact sheet, .png or .jpg.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps.")] = "auto",
    estimator: Annotated[
        str, typer.Option(help="mediapipe (offline, one person) or rtmlib (several people).")
    ] = "mediapipe",
    detector: Annotated[Path | None, typer.Option(help="rtmlib: an ONNX file of YOLOX.")] = None,
    pose_model: Annotated[Path | None, typer.Option(help="rtmlib: an ONNX file of RTMPose.")] = None,
) -> None:
    """Animate the person of a photo by a motion.

    Beside the result stands OUTPUT.json, from which it can be made again.

    Example: [bold]tempose animate me.jpg dance.mp4 -o me-dancing.mp4[/bold]
    """
    check_readable(photo)
    check_motion_there(motion)

    from tempose.animation.animate import animate
    from tempose.animation.result import check_output, write_animation
    from tempose.core.progress import bar
    from tempose.diffusion.hub import find_device
    from tempose.pose.tracking import choice_of

    check_output(output, inputs=(photo, motion), sheet=sheet, audio=motion if audio else None)
    animation = animate(
        photo,
        motion,
        model=model,
        retarget=retarget,
        background=background,
        size=size,
        fps=fps,
        start=start,
        duration=duration,
        max_frames=max_frames,
        person=choice_of(person),
        photo_person=choice_of(photo_person),
        yaw=yaw,
        joints=joints,
        up=up,
        steps=steps,
        seed=seed,
        strategy=strategy,
        guidance=guidance,
        device=find_device(device),
        estimator=estimator,
        detector=detector,
        pose_model=pose_model,
        output=output,
        track=bar,
    )
    record = write_animation(
        animation,
        output,
        audio=motion if audio else None,
        side_by_side=side_by_side,
        sheet=sheet,
        command=["tempose", *sys.argv[1:]],
        track=bar,
    )
    for warning in animation.warnings:
        typer.echo(f"note: {warning}", err=True)
    height, width = animation.size
    typer.echo(
        f"{output}: {len(animation)} frame(s), {width}×{height}, {animation.motion.fps:.4g} a second; see {record}"
    )


@app.command()
def dress(
    style: Annotated[Path, typer.Argument(help="A picture of a person who wears what is wanted.")],
    reference: Annotated[Path, typer.Argument(help="A picture or video of the person who is to wear it.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A picture or video, as the reference is.")],
    part: Annotated[str | None, typer.Option(help="What to exchange: upper, lower or whole.")] = None,
    mask: Annotated[
        Path | None, typer.Option(help="Or a picture of the reference's size: white is exchanged, black stays.")
    ] = None,
    model: Annotated[str, typer.Option(help="A name, a folder of weights, or OWNER/NAME on the Hub.")] = "people-128",
    max_frames: Annotated[int | None, typer.Option(help="Of a video, take at most so many frames.")] = None,
    steps: Annotated[
        int | None, typer.Option(help="Denoising steps: more take longer. The model's own if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another result; the same seed, the same.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps.")] = "auto",
) -> None:
    """Put the clothes of one picture on the person of another, who keeps face and pose.

    Everything outside the mask stays as it is in the reference.

    Example: [bold]tempose dress red-jacket.jpg me.jpg -o me-in-red.png --part upper[/bold]
    """
    check_readable(style)
    check_motion_there(reference)

    from tempose.animation.dress import dress, write_dressed
    from tempose.animation.result import check_output
    from tempose.core.progress import bar
    from tempose.diffusion.hub import find_device

    inputs = (style, reference, *filter(None, (mask,)))
    check_output(output, inputs=inputs)
    dressed = dress(
        style,
        reference,
        part=part,
        mask=mask,
        model=model,
        max_frames=max_frames,
        steps=steps,
        seed=seed,
        device=find_device(device),
        output=output,
        track=bar,
    )
    record = write_dressed(dressed, output, command=["tempose", *sys.argv[1:]], track=bar)
    for warning in dressed.warnings:
        typer.echo(f"note: {warning}", err=True)
    typer.echo(f"{output}: {len(dressed.frames)} frame(s); {record}")


@app.command()
def demo(
    out_dir: Annotated[Path, typer.Argument(help="The folder to write; made if it is not there.")] = Path("out"),
    model: Annotated[str, typer.Option(help="A name, a folder of weights, or OWNER/NAME on the Hub.")] = "people-128",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps.")] = "auto",
) -> None:
    """Animate a drawn person by a built-in motion: a first look that needs no picture of your own.

    Example: [bold]tempose demo[/bold]
    """
    from tempose.animation.demo import run_demo
    from tempose.core.progress import bar
    from tempose.diffusion.hub import find_device

    made = run_demo(out_dir, model=model, device=find_device(device), track=bar)
    for warning in made.warnings:
        typer.echo(f"note: {warning}", err=True)
    typer.echo(f"a video: {made.video}\nphoto, skeleton and result side by side: {made.panels}")
    typer.echo(f"a contact sheet: {made.sheet}\nmade in {made.seconds:.0f} seconds")
    typer.echo("next, with a photo of your own: tempose animate me.jpg walk -o me-walking.mp4")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 is every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="On which port.")] = 7860,
    model: Annotated[str, typer.Option(help="A name, a folder of weights, or OWNER/NAME on the Hub.")] = "people-128",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps.")] = "auto",
    max_frames: Annotated[int, typer.Option(help="Frames of a result at most.")] = 120,
    max_seconds: Annotated[float, typer.Option(help="Length of an uploaded video at most.")] = 120.0,
    max_upload_mb: Annotated[int, typer.Option(help="Megabytes of an uploaded file at most.")] = 64,
    max_pixels: Annotated[int, typer.Option(help="Pixels of an uploaded picture or frame at most.")] = 40_000_000,
    max_steps: Annotated[int, typer.Option(help="Denoising steps at most.")] = 50,
    jobs: Annotated[int, typer.Option(help="Jobs that run at once, on one model in memory.")] = 1,
    queue: Annotated[int, typer.Option(help="Jobs that may wait.")] = 8,
    per_client: Annotated[int, typer.Option(help="Jobs of one client, running and waiting.")] = 2,
    job_seconds: Annotated[float, typer.Option(help="Seconds that a job may run.")] = 900.0,
    auth_file: Annotated[
        Path | None,
        typer.Option(help="A file with NAME:PASSWORD that every visitor must give; or the variable TEMPOSE_AUTH."),
    ] = None,
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="A further name of this server, such as a proxy's; may be repeated.")
    ] = None,
    root_path: Annotated[str, typer.Option(help="The path under which a reverse proxy shows the page.")] = "",
    share: Annotated[bool, typer.Option("--share", help="Also open a public link through Gradio's servers.")] = False,
) -> None:
    """Open the studio: the same job in a web page, offline, with an HTTP interface.

    Ctrl-C or SIGTERM finishes the jobs that run and takes no new ones; a second one stops them.

    Example: [bold]tempose serve --port 7860[/bold]
    """
    from tempose.diffusion.hub import find_device
    from tempose.web.limits import Limits
    from tempose.web.serve import read_password, serve

    limits = Limits(
        upload_mb=max_upload_mb,
        pixels=max_pixels,
        seconds=max_seconds,
        frames=max_frames,
        steps=max_steps,
        at_once=jobs,
        queue=queue,
        per_client=per_client,
        job_seconds=job_seconds,
    )
    serve(
        host=host,
        port=port,
        model=model,
        device=find_device(device),
        limits=limits,
        auth=read_password(auth_file),
        allowed_hosts=allowed_host or (),
        root_path=root_path,
        share=share,
    )


@app.command()
def evaluate(
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write the report into.")],
    videos: Annotated[
        list[Path] | None, typer.Argument(help="With --native: videos, folders of videos, or prepared datasets.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="A prepared dataset (`tempose prepare`, `tempose people`).")] = None,
    native: Annotated[
        bool, typer.Option("--native", help="Measure whole frames as `animate` makes them, at the photo's resolution.")
    ] = False,
    height: Annotated[int, typer.Option(help="With --native: height of the frames in pixels.")] = 512,
    feat: Annotated[bool, typer.Option(help="With --native: measure the distance of learned features too.")] = True,
    model: Annotated[str, typer.Option(help="A name, a folder of weights, or OWNER/NAME on the Hub.")] = "people-128",
    protocol: Annotated[str, typer.Option(help="strided, consecutive, loop or overlap.")] = "overlap",
    subject: Annotated[
        str, typer.Option(help="self: a clip from its first frame; cross: another person's motion, without truth.")
    ] = "self",
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    clips: Annotated[int | None, typer.Option(min=1, help="At most so many clips, evenly over the split.")] = None,
    max_frames: Annotated[int | None, typer.Option(min=1, help="loop, overlap: at most so many frames.")] = None,
    window: Annotated[int | None, typer.Option(min=1, help="loop, overlap: frames seen together; 4.")] = None,
    every: Annotated[int | None, typer.Option(min=1, help="loop, overlap: generate only every so many frames.")] = None,
    size: Annotated[tuple[int, int] | None, typer.Option(help="Height and width; the model's own.")] = None,
    stretch: Annotated[bool, typer.Option("--stretch", help="Stretch clips of another size.")] = False,
    steps: Annotated[int | None, typer.Option(min=1, help="Denoising steps. The model's own if not given.")] = None,
    seed: Annotated[int, typer.Option(help="Of the noise.")] = 0,
    pose: Annotated[
        bool, typer.Option("--pose", help="Find the pose again in the result (mediapipe) and measure it.")
    ] = False,
    lpips: Annotated[Path | None, typer.Option(help="LPIPS: the weights, or the word download.")] = None,
    backbone: Annotated[str, typer.Option(help="LPIPS: alex or vgg.")] = "alex",
    inception: Annotated[Path | None, typer.Option(help="FID and KID: the weights, or the word download.")] = None,
    i3d: Annotated[Path | None, typer.Option(help="FVD: the weights, or the word download.")] = None,
    video_features: Annotated[Path | None, typer.Option(help="FID-VID: a TorchScript file of features.")] = None,
    video_digest: Annotated[str | None, typer.Option(help="FID-VID: that file's SHA-256; it will be run.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps.")] = "auto",
) -> None:
    """Measure a model on clips, beside the photo copied and the photo warped, and write a report.

    With --data at the model's own size; with --native as `tempose animate` shows it.

    The folder gets report.html, report.md, report.json, clips.csv and videos/. Exit code 1 says that a
    clip could not be measured; the report names it. On several GPUs:
    [bold]accelerate launch --num_processes 4 -m tempose evaluate …[/bold]

    Examples: [bold]tempose evaluate --data data/people --protocol overlap -o report[/bold],
    [bold]tempose evaluate --native clips/*.mp4 -o report[/bold]
    """
    from accelerate import PartialState

    from tempose.animation.animate import description, versions
    from tempose.core.files import check_free
    from tempose.core.progress import bar
    from tempose.diffusion.hub import find_device, load_model
    from tempose.evaluation.learned import load_learned
    from tempose.evaluation.model import evaluate_model
    from tempose.evaluation.native import Sampling, evaluate_native
    from tempose.evaluation.protocols import find_protocol
    from tempose.evaluation.report import markdown_table, write_report

    sources = [*(videos or []), *([] if data is None else [data])]
    if not sources:
        raise InputError("nothing to measure: name --data, a prepared dataset, or --native and videos")
    if not native and videos:
        raise InputError(f"{videos[0]} is given beside --data; videos are measured with --native")
    check_free(output)
    chosen = find_protocol(protocol, window=window, max_frames=max_frames, every=every)
    place = PartialState()
    where = find_device(device) if place.num_processes == 1 else str(place.device)
    loaded = load_model(model, device=where)
    learned = load_learned(
        lpips_weights=lpips,
        backbone=backbone,
        inception=inception,
        i3d=i3d,
        video_features=video_features,
        video_digest=video_digest,
        device=where,
    )
    facts = {
        "command": ["tempose", *sys.argv[1:]],
        "model": loaded.name,
        "configuration": description(loaded),
        "versions": versions(),
    }
    if native:
        outcome = evaluate_native(
            loaded,
            sources,
            sampling=Sampling(height),
            split=split,
            clips=clips,
            features=feat,
            facts=facts,
            track=bar,
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
            size=size,
            stretch=stretch,
            clips=clips,
            steps=steps,
            seed=seed,
            estimator="mediapipe" if pose else None,
            learned=learned,
            facts=facts,
            track=bar,
        )
    if place.is_main_process:
        write_report(outcome, output)
        for warning in loaded.warnings:
            typer.echo(f"note: {warning}", err=True)
        typer.echo(markdown_table(outcome.evaluation))
        for reason in (*outcome.evaluation.failed.values(), *outcome.evaluation.facts.get("not measured", [])):
            typer.echo(f"not measured: {reason}", err=True)
        typer.echo(f"{output / 'report.html'}: {len(outcome.evaluation.clips)} clips")
    raise typer.Exit(1 if outcome.evaluation.failed else 0)


@app.command()
def compare(
    reports: Annotated[list[Path], typer.Argument(metavar="REPORT REPORT…", help="Folders of `tempose evaluate`.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write.")],
) -> None:
    """Compare reports with the first of them, clip by clip: what changed, how surely, on which clips most.

    The folder gets compare.html, compare.md, compare.json and clips.csv.

    Example: [bold]tempose compare reports/before reports/after -o reports/what-changed[/bold]
    """
    from tempose.evaluation.compare import as_markdown, compare, write_comparison

    comparison = compare(reports)
    write_comparison(comparison, output)
    typer.echo(as_markdown(comparison))
    typer.echo(f"{output / 'compare.html'}: {len(reports)} reports")


def main() -> None:
    """Run the command line; a user's mistake ends in one sentence and exit code 2."""
    make_steadfast()
    # Threads that wait for one another sleep rather than spin: many times faster on a machine with other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app()
    except TemposeError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        typer.echo(f"error: {place}{error.strerror or error}", err=True)
        sys.exit(2)
