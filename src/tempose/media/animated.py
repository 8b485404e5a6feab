"""Pictures that move: GIF, WebP, PNG and AVIF animations, and folders of pictures, each with its time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from tempose.core.errors import MediaError
from tempose.core.kinds import head_of
from tempose.core.notes import note
from tempose.media.display import fitting, padded
from tempose.media.failures import unreadable
from tempose.media.formats import format_of, pictures_in, sniffed
from tempose.media.images import as_rgb, opened_picture, read_image, resize

# Pictures in a folder do not say their rate (frames per second).
FOLDER_FPS = Fraction(25)

# How long a picture is shown that says 0 or a hundredth of a second: browsers do the same.
UNSAID, LEAST = Fraction(1, 10), Fraction(1, 50)

Timed = tuple[Fraction, Fraction, np.ndarray]  # seconds from the beginning, seconds that it lasts, uint8 `h w 3`


def is_animated(path: Path | str) -> bool:
    """Whether a picture file holds an animation of several pictures.

    Raises:
        MediaError: as `tempose.media.images.read_image`.
    """
    if not format_of(path, "picture").animated:
        return False
    with opened_picture(path) as image, unreadable(path, "picture"):
        return getattr(image, "n_frames", 1) > 1


def moves(path: Path) -> bool:
    """Whether a picture file is an animation; a damaged one is not, and says so when it is read."""
    try:
        return is_animated(path)
    except MediaError:
        return False


def is_still(path: Path | str) -> bool:
    """Whether a file is one picture, rather than a video, an animation or anything else.

    Raises:
        MediaError: as `tempose.media.images.read_image`, of a picture.
    """
    path = Path(path)
    known = sniffed(head_of(path), ending=path.suffix) if path.is_file() else None
    return known is not None and known.media == "picture" and not is_animated(path)


def animation(path: Path | str) -> Iterator[Timed]:
    """The pictures of an animation, each as long as it says; one alone is one frame.

    Raises:
        MediaError: as `tempose.media.images.read_image`; also in the middle, where a damaged file breaks off.
    """
    path, time = Path(path), Fraction(0)
    with opened_picture(path) as image:
        with unreadable(path, "animation"):
            count = getattr(image, "n_frames", 1)
            first = 1 if count > 1 and getattr(image, "default_image", False) else 0  # stands in where PNGs do not move
        for number in range(first, count):
            with unreadable(path, "animation"):
                image.seek(number)
                image.load()
                lasts = Fraction(image.info.get("duration") or 0).limit_denominator(1000) / 1000
                picture = np.array(as_rgb(image, path))
            lasts = lasts if LEAST <= lasts <= 3600 else UNSAID
            yield time, lasts, picture
            time += lasts


def folder(path: Path | str) -> Iterator[Timed]:
    """The pictures of a folder in the order of their numbers, all in the size of the first.

    Raises:
        MediaError: there is none, or one cannot be read.
    """
    size = None
    for number, file in enumerate(pictures_of(path)):
        picture = read_image(file)
        shape = picture.shape[1], picture.shape[0]
        size = size or shape
        if shape != size:
            note(f"{file} is {shape[0]}×{shape[1]}; it is fitted into the first one's {size[0]}×{size[1]}")
            picture = padded(resize(picture, fitting(shape, size)[::-1]), size)
        yield number / FOLDER_FPS, 1 / FOLDER_FPS, picture


def pictures_of(path: Path | str) -> list[Path]:
    """The pictures of a folder.

    Raises:
        MediaError: there is none.
    """
    pictures = pictures_in(Path(path))
    if not pictures:
        raise MediaError(f"{path} is a folder without pictures; wanted numbered pictures, or a video", path=path)
    return pictures
