"""Pictures in and out of files, and their size.

A picture is uint8 `h w 3`, sRGB, upright.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tempose.core.errors import InputError, MediaError
from tempose.core.files import written_whole

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 80_000_000

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


def read_image(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """A picture file as uint8 `h w 3`: sRGB, turned upright by its EXIF tag, alpha laid over white.

    Grey, palette, 16-bit and CMYK pictures are converted; a color profile inside the file is
    applied where it can be read. Of an animation the first picture is taken.

    Raises:
        MediaError: the file is missing, no picture, damaged, or has more than `max_pixels` pixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    path = Path(path)
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise MediaError(f"{path} has {width}×{height} pixels, more than {max_pixels:,}; make it smaller first")
            image.load()
            return np.array(_on_white(_as_srgb(_as_8_bit(ImageOps.exif_transpose(image)))))
    except MediaError:
        raise
    except FileNotFoundError:
        raise MediaError(f"there is no picture {path}") from None
    except UnidentifiedImageError:
        raise MediaError(f"{path} is not a picture in a known format; wanted PNG, JPEG or WebP") from None
    except Image.DecompressionBombError:
        raise MediaError(f"{path} has more than {max_pixels:,} pixels; make it smaller first") from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(f"{path} cannot be read as a picture: {reason}") from error


def _as_8_bit(image: Image.Image) -> Image.Image:
    """Deep grey pictures scaled to 8 bits; the others as they are."""
    from PIL import Image

    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise ValueError(f"its {image.mode} pixels have no known range; save it with 8 or 16 bits a channel")
    return Image.fromarray(np.round(values / 257.0).astype(np.uint8))


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


def write_image(path: Path | str, frame: np.ndarray) -> None:
    """Write uint8 `h w 3` as PNG, JPEG (quality 95), WebP (lossless), BMP or TIFF, by the ending.

    Raises:
        InputError: `frame` is no such picture, or the folder of `path` does not exist.
        MediaError: the ending is none of these, or the disk refuses the file.
    """
    from PIL import Image

    path = Path(path)
    if path.suffix.lower() not in ENCODINGS:
        raise MediaError(f"cannot write a picture to {path.name}; the ending must be {', '.join(ENCODINGS)}")
    check_picture(frame)
    try:
        with written_whole(path) as beside:
            Image.fromarray(frame).save(beside, **ENCODINGS[path.suffix.lower()])
    except OSError as error:
        raise MediaError(f"cannot write {path}: {error.strerror or error}") from error


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
