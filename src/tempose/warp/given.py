"""The mask of the person as the user gives it: a picture, or a matting network in an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tempose.core.errors import InputError
from tempose.core.networks import Network
from tempose.media.failures import unreadable
from tempose.media.images import check_picture, opened_picture, resize
from tempose.pose.keypoints import MIN_CONFIDENCE

COVERED = 0.6  # the least share of the key points that a mask of the same person covers
NEAR = 0.01  # a key point this near to a mask, in shares of the picture's longer side, counts as covered
FREE_SIDE, MULTIPLE = 1024, 32  # a network that takes any size gets this longest side, and sides of such multiples
CHANNELS = 3


def read_mask(path: Path | str) -> np.ndarray:
    """A picture file as a mask, float32 `h w` in [0, 1]: its transparency where it has one, else its lightness.

    Raises:
        MediaError: the file is missing, no picture, damaged or too large.
    """
    from PIL import ImageOps

    with opened_picture(path) as image, unreadable(path, "mask"):
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            return np.asarray(upright.convert("RGBA"))[..., 3].astype(np.float32) / 255
        return np.asarray(upright.convert("L")).astype(np.float32) / 255


def check_mask(mask: np.ndarray, size: tuple[int, int], keypoints: np.ndarray) -> None:
    """Whether a mask can be that of the person in a photo.

    Args:
        mask: bool or float `h w` in [0, 1].
        size: (height, width) of the photo.
        keypoints: `18 3` of the person.

    Raises:
        InputError: it cannot.
    """
    import cv2

    if mask.ndim != 2 or mask.shape != tuple(size):
        raise InputError(f"the mask is {_size(mask.shape)}, the photo {_size(size)}; wanted one of the photo's size")
    if mask.dtype != bool and not (np.isfinite(mask).all() and mask.min() >= 0 and mask.max() <= 1):
        raise InputError("the mask holds values outside 0 to 1; wanted 1 on the person and 0 beside them")
    person = mask > 0.5
    if not person.any():
        raise InputError("the mask is empty; wanted one that is white or opaque on the person")
    near = 2 * round(NEAR * max(size)) + 1
    grown = cv2.dilate(person.astype(np.uint8), np.ones((near, near), np.uint8)) > 0
    seen = keypoints[keypoints[:, 2] >= MIN_CONFIDENCE, :2].astype(int)
    column, row = seen[:, 0].clip(0, size[1] - 1), seen[:, 1].clip(0, size[0] - 1)
    on = int(grown[row, column].sum())
    if on < COVERED * len(seen):
        raise InputError(
            f"the mask covers {on} of the {len(seen)} joints that were found; wanted a mask of the same person "
            "(is it turned inside out?)"
        )


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(str(side) for side in reversed(shape))


class MatteModel:
    """A matting or segmentation network in an ONNX file: one picture in, one mask out.

    Sizes and the order of the axes are read from the file. Pictures go in as (x − mean) / std with x in [0, 1]; what
    comes out is taken as it is within [0, 1], else through a sigmoid.
    """

    def __init__(self, path: Path | str, *, mean: float = 0.5, std: float = 0.5) -> None:
        """Load a network.

        Raises:
            InputError: onnxruntime is not installed, or the file is missing, no ONNX model, or has other inputs and
                outputs than a picture and a mask.
        """
        try:
            self._network = Network(path)
        except ImportError:
            raise InputError(
                "a matting network needs onnxruntime", remedy="install it with: pip install 'tempose[matte]'"
            ) from None
        self.path, self.mean, self.std = path, mean, std
        inputs, outputs = self._network.get_inputs(), self._network.get_outputs()
        shape: list[Any] = list(inputs[0].shape or []) if len(inputs) == 1 else []
        if len(shape) != 4 or CHANNELS not in (shape[1], shape[3]) or inputs[0].type != "tensor(float)":
            found = ", ".join(f"{each.name} {each.type} {each.shape}" for each in inputs) or "nothing"
            raise InputError(f"{path} takes {found}; wanted one picture, float32 (1, 3, height, width)", path=path)
        self._channels_last = shape[1] != CHANNELS
        height, width = shape[1:3] if self._channels_last else shape[2:4]
        self.size = (height, width) if isinstance(height, int) and isinstance(width, int) else None
        if self.size is not None:
            self._network.check_size(*self.size)
        self._input, self._output = inputs[0].name, outputs[0].name

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """The mask of a picture, uint8 `h w 3`: float32 `h w` in [0, 1].

        Raises:
            InputError: the network does not run on this picture, or gives no mask.
        """
        import cv2

        check_picture(picture)
        height, width = picture.shape[:2]
        scale = min(1.0, FREE_SIDE / max(height, width))
        free = tuple(max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE) for side in (height, width))
        size = self.size or (free[0], free[1])
        values = (resize(picture, size).astype(np.float32) / 255 - self.mean) / self.std
        values = values if self._channels_last else values.transpose(2, 0, 1)
        found = self._network.run([self._output], {self._input: values[None].astype(np.float32)})[0]
        mask = np.squeeze(np.asarray(found, np.float32))
        same = mask.ndim == 2 and abs(mask.shape[0] * size[1] / (mask.shape[1] * size[0]) - 1) < 0.1  # proportions
        if not same or not np.isfinite(mask).all():
            raise InputError(f"{self.path} gives {found.shape}; wanted one mask, (1, 1, height, width)", path=self.path)
        if mask.min() < 0 or mask.max() > 1:
            mask = 1 / (1 + np.exp(-mask.clip(-30, 30)))
        return cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR).clip(0, 1)
