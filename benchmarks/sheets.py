"""What further photos of a person are worth, seen from behind and from the side: `python -m benchmarks.sheets`.

The package `openpeople` (MIT) brings sheets of people who do not exist, each in the same clothes from the front, the
left, behind and the right. The front is the first photo, the back the second, the left side the third; moved into the
poses of the back and of the right side, they are held against these. The back is mirrored as a photo, for it must not
be the frame itself. Prints the tables of docs/evaluation.md; `pip install openpeople` first.

`--write FOLDER` instead writes the four views of the people after the first `--people`, who are not measured then, as
material for training: `tempose prepare videos FOLDER data/sheets --photos --fps 1 --min-frames 2 --split train`.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch

from tempose.animation.subject import Subject, read_subject
from tempose.core.errors import InputError
from tempose.core.progress import bar
from tempose.data.prepared import sha256_of
from tempose.diffusion.hub import DEFAULT_MODEL, WARP, load_model
from tempose.evaluation.cases import Task, Truth
from tempose.evaluation.measures import load_learned
from tempose.evaluation.methods import Method
from tempose.evaluation.native import NativeCase, animated, native_measures
from tempose.evaluation.protocols import Protocol
from tempose.evaluation.report import markdown_table
from tempose.evaluation.run import Plan
from tempose.media.images import read_image, resize, write_image
from tempose.media.tensors import to_tensor

# Where on a sheet the people stand, in shares of its width and height; and how large they are looked at.
LEFT, TOP, WIDTH, HEIGHT = {"front": 0.034, "left": 0.283, "back": 0.529, "right": 0.778}, 0.498, 0.190, 0.410
SIZE = (512, 316)
ROOM = 50


def views(sheet: Path) -> dict[str, np.ndarray]:
    """The person from four sides, uint8 of SIZE."""
    picture = read_image(sheet)
    height, width = picture.shape[:2]
    rows = slice(round(TOP * height), round((TOP + HEIGHT) * height))
    cut = {name: picture[rows, round(left * width) : round((left + WIDTH) * width)] for name, left in LEFT.items()}
    return {name: resize(part, SIZE) for name, part in cut.items()}


@cache
def people(sheet: Path) -> dict[str, Subject]:
    """Whom the four views show, and the mirrored back."""
    pictures = views(sheet)
    pictures["mirrored back"] = np.ascontiguousarray(pictures["back"][:, ::-1])
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in pictures.items():
            write_image(path := Path(folder) / f"{name}.png", picture)
            found[name] = read_subject(path)
    return found


def case(sheet: Path, view: str) -> NativeCase:
    """Three photos, and a view as the truth."""
    front, back, side, truth = (people(sheet)[name] for name in ("front", "mirrored back", "left", view))
    return NativeCase(
        name=sheet.parents[1].name,
        photo=to_tensor(front.picture),
        photo_keypoints=torch.from_numpy(front.keypoints),
        photo_mask=torch.from_numpy(front.mask).float()[None],
        motion=truth.pose,
        truth=Truth(to_tensor(truth.picture)[None], torch.from_numpy(truth.mask).float()[None, None], flow=None),
        subjects=(front, back, side),
        driver=truth.pose,
        measured=np.zeros(1, int),
    )


def found_sheets(folder: Path | None) -> list[Path]:
    """The sheets of the package, or of a folder like it."""
    if folder is None:
        spec = importlib.util.find_spec("openpeople")
        if spec is None or spec.origin is None:
            raise InputError("openpeople is not installed; install it with: pip install openpeople")
        folder = Path(spec.origin).parent
    return sorted(folder.glob("data/curated/*/assets/character_sheet.jpg"))


def write(sheets: list[Path], folder: Path) -> None:
    """A folder of four photos for each sheet, with room at both sides, since people there fill the width."""
    for sheet in sheets:
        for number, picture in enumerate(views(sheet).values()):
            (folder / sheet.parents[1].name).mkdir(parents=True, exist_ok=True)
            wide = np.pad(picture, ((0, 0), (ROOM, ROOM), (0, 0)), mode="edge")
            write_image(folder / sheet.parents[1].name / f"{number}.png", wide)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=12, help="so many of them")
    parser.add_argument("--views", nargs="+", choices=("back", "right"), default=("back", "right"), help="the truth")
    parser.add_argument("--folder", type=Path, help="of the package openpeople, where it is not installed")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write the views of the others, as material")
    given = parser.parse_args()
    if given.write:
        write(found_sheets(given.folder)[given.people :], given.write)
        return
    model = load_model(given.model, device="cpu")
    methods: dict[str, Method] = {}
    for photos, name in ((1, "front"), (2, "and back"), (3, "and left")):
        methods |= {f"{WARP}, {name}": animated(WARP, photos=photos), f"model, {name}": animated(model, photos=photos)}
    sheets = found_sheets(given.folder)[: given.people]
    protocol = Protocol("native", window=1, step=1, strategy="overlap", most=None)
    measures = [each for each in native_measures() if each.column.name.endswith("person")]
    learned = load_learned(("feat",))
    for view in given.views:
        tasks = [
            Task(sheet.parents[1].name, {sheet.name: sha256_of(sheet)}, partial(case, sheet, view)) for sheet in sheets
        ]
        plan = Plan(tasks, methods, protocol, measures, learned, None, {"size": SIZE[0]})
        outcome = plan.run(track=bar)
        print(f"{view}, {len(sheets)} people\n\n{markdown_table(outcome.evaluation)}", flush=True)


if __name__ == "__main__":
    main()
