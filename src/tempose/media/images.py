"""Pictures in and out of files, and their size.

A picture is uint8 `h w 3`, sRGB, upright.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tempose.core.errors import InputError, MediaError
from tempose.core.files import disk_errors, written_whole
from tempose.core.notes import note
from tempose.media.failures import unreadable
from tempose.media.formats import Format, format_of, no_heif
from tempose.media.provenance import Provenance

if TYPE_CHECKING:
    from PIL import Image

# Of a picture: its pixels, and those of a side: Pillow keeps something of every row.
MAX_PIXELS, MAX_SIDE = 80_000_000, 100_000

# Bits that cameras write into 16; the fewest that hold all values of a picture are taken to be its own.
DEPTHS = (8, 10, 12, 14, 16)

# How many pictures of an animation are looked at for the first that is not blank, and pixels of all of them together.
LOOKED_AT, LOOKED_AT_PIXELS = 100, 100_000_000

# What each ending of a written picture passes to its encoder.
ENCODINGS: dict[str, dict[str, Any]] = {
    ".png": {},
    ".jpg": {"quality": 95, "subsampling": 0},
    ".jpeg": {"quality": 95, "subsampling": 0},
    ".webp": {"lossless": True},
    ".bmp": {},
    ".tif": {"compression": "tiff_deflate"},
    ".tiff": {"compression": "tiff_deflate"},
}


def check_picture(frame: np.ndarray) -> None:
    """Raise InputError unless `frame` is uint8 `h w 3` with at least one pixel."""
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[-1] != 3 or frame.size == 0:
        raise InputError(f"the picture is {frame.dtype} {frame.shape}; wanted uint8 (height, width, 3)")


# Reading ------------------------------------------------------------------------------------------


@contextmanager
def opened_picture(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """A picture file whose head is read and whose size is allowed; its pixels are not decoded yet.

    Raises:
        MediaError: as `read_image`.
    """
    path = Path(path)
    known = format_of(path, "picture")
    if known.media != "picture":
        raise MediaError(f"{path} is a video; wanted a picture", path=path)
    image = _open(path, known, max_pixels)
    with image:
        width, height = image.size
        if width * height > max_pixels:
            raise MediaError(
                f"{path} has {width}×{height} pixels, more than {max_pixels:,}",
                path=path,
                remedy="make it smaller first",
            )
        if max(width, height) > MAX_SIDE:
            raise MediaError(f"{path} has {width}×{height} pixels; wanted sides of {MAX_SIDE:,} at most", path=path)
        yield image


def _open(path: Path, known: Format, max_pixels: int) -> Image.Image:
    from PIL import Image

    # Phones write several pictures into one JPEG; such a file is an "MPO" to Pillow.
    formats = ("JPEG", "MPO") if known.reader == "JPEG" else (known.reader,)
    with unreadable(path, "picture"), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound is checked
        try:
            return _open_heif(path) if known.reader == "HEIF" else Image.open(path, formats=formats)
        except Image.DecompressionBombError:
            raise MediaError(
                f"{path} has more than {max_pixels:,} pixels", path=path, remedy="make it smaller first"
            ) from None


def _open_heif(path: Path) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise no_heif(path) from None
    image: Image.Image = HeifImageFile(path)
    return image


def picture_size(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """(height, width) that a picture file names in its head, as it is stored.

    Raises:
        MediaError: as `read_image`.
    """
    with opened_picture(path, max_pixels=max_pixels) as image:
        return image.height, image.width


def read_image(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """A picture file as uint8 `h w 3`: sRGB, turned upright by its EXIF tag, alpha laid over white.

    Grey, palette, deep and CMYK pictures are converted; a color profile inside the file is applied where it can
    be read. Of several pictures the first is taken, of an animation the first that is not blank; a note says so.

    Raises:
        MediaError: the file is missing, no picture, damaged, or has more than `max_pixels` pixels.
    """
    from PIL import ImageOps

    path = Path(path)
    with opened_picture(path, max_pixels=max_pixels) as image:
        with unreadable(path, "picture"):
            taken, several = _first_shown(image)
            deep = _deep(path, image) if taken == 0 else None
            upright = ImageOps.exif_transpose(image)
            picture = np.array(as_rgb(upright, path)) if deep is None else deep
        if several:
            note(f"{path} holds {several} pictures; only number {taken + 1} is used")
        return picture


def _first_shown(image: Image.Image) -> tuple[int, int]:
    """Loads the first picture that is not blank; its number, and how many there are where that is worth saying."""
    count = getattr(image, "n_frames", 1)
    image.load()
    if count == 1 or image.format == "MPO":  # what phones keep beside a photo: smaller copies, maps of depth and gain
        return 0, 0
    if image.format in ("TIFF", "HEIF"):  # pages
        return 0, count
    for number in range(min(count, LOOKED_AT, 1 + LOOKED_AT_PIXELS // (image.width * image.height))):
        image.seek(number)
        image.load()
        if not _is_blank(image):
            return number, count
    image.seek(0)
    image.load()
    return 0, count


def _is_blank(image: Image.Image) -> bool:
    """Whether all that is seen of a picture has one color."""
    seen = np.asarray(_on_white(image))
    return bool((seen == seen[0, 0]).all())


def as_rgb(image: Image.Image, path: Path) -> Image.Image:
    """A loaded picture of any mode in 8-bit sRGB, over white."""
    return _on_white(_as_srgb(_as_8_bit(image, path)))


def _as_8_bit(image: Image.Image, path: Path) -> Image.Image:
    """Deep grey pictures scaled to 8 bits; the others as they are."""
    from PIL import Image

    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise MediaError(
            f"{path} has pixels of no known range ({image.mode})",
            path=path,
            remedy="save it with 8 or 16 bits a channel",
        )
    return Image.fromarray(_scaled(values, path))


def _scaled(values: np.ndarray, path: Path) -> np.ndarray:
    """Whole numbers up to 65535 as uint8; of 12 bits in 16, full 12 bits are white."""
    used = next(depth for depth in DEPTHS if values.max() < 1 << depth)
    if used < 16 and values.max() > 0:
        note(f"{path} uses {used} of its 16 bits; the brightest that these can hold is taken for white")
    return np.round(values * (255.0 / ((1 << used) - 1))).astype(np.uint8)


def _deep(path: Path, image: Image.Image) -> np.ndarray | None:
    """A color picture of 16 bits a channel that uses fewer, upright, over white; None of any other picture.

    Pillow keeps the upper 8 of 16 bits, and 12 bits in 16 come out black.
    """
    import cv2

    if image.format not in ("PNG", "TIFF") or image.mode not in ("RGB", "RGBA"):
        return None
    if max(high for _, high in image.convert("RGB").getextrema()) >= 64:  # type: ignore[misc]
        return None
    stored = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None or stored.dtype != np.uint16 or stored.ndim != 3:
        return None
    color = _scaled(stored[..., 2::-1], path)
    if stored.shape[-1] == 4:
        alpha = stored[..., 3:] / max(1, stored[..., 3].max())
        color = np.round(alpha * color + (1 - alpha) * 255).astype(np.uint8)
    from PIL import Image, ImageOps

    turned = Image.fromarray(color)
    turned.info["exif"] = image.info.get("exif", b"")
    exif = image.getexif()
    turned.getexif()[0x0112] = exif.get(0x0112, 1)
    return np.array(ImageOps.exif_transpose(turned))


def _as_srgb(image: Image.Image) -> Image.Image:
    """The color profile inside the file applied; a profile that cannot be read counts as sRGB."""
    from PIL import ImageCms

    embedded = image.info.get("icc_profile")
    if not embedded or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (OSError, ImageCms.PyCMSError):
        return image
    return converted or image


def _on_white(image: Image.Image) -> Image.Image:
    """RGB, with transparent parts over white."""
    from PIL import Image

    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


# Writing ------------------------------------------------------------------------------------------


def write_image(path: Path | str, frame: np.ndarray, *, provenance: Provenance | None = None) -> None:
    """Write uint8 `h w 3` as PNG, JPEG (quality 95), WebP (lossless), BMP or TIFF, by the ending.

    `provenance`, where it comes from, is said inside the file.

    Raises:
        InputError: `frame` is no such picture, or nothing can be written at `path`.
        MediaError: the ending is none of these, or the disk refuses the file.
    """
    from PIL import Image

    path = Path(path)
    if path.suffix.lower() not in ENCODINGS:
        raise MediaError(f"cannot write a picture to {path}; wanted the ending {', '.join(ENCODINGS)}", path=path)
    check_picture(frame)
    ending = path.suffix.lower()
    about = provenance.for_picture(ending) if provenance else {}
    with disk_errors(path), written_whole(path) as beside:
        Image.fromarray(frame).save(beside, **ENCODINGS[ending], **about)


def resize(frames: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """One picture `h w 3` or several `f h w 3`, uint8, in another size (height, width).

    Each axis by itself: area averaging where it shrinks, bicubic where it grows.
    """
    if min(size) < 1:
        raise InputError(f"size is {size}; wanted (height, width) in pixels")
    if frames.ndim == 4:
        resized = [resize(frame, size) for frame in frames]
        return np.stack(resized) if resized else np.empty((0, *size, 3), np.uint8)
    import cv2

    check_picture(frames)
    (height, width), (new_height, new_width) = frames.shape[:2], size
    smaller = (min(width, new_width), min(height, new_height))
    if smaller != (width, height):
        frames = cv2.resize(frames, smaller, interpolation=cv2.INTER_AREA)
    if smaller != (new_width, new_height):
        frames = cv2.resize(frames, (new_width, new_height), interpolation=cv2.INTER_CUBIC)
    return frames
