"""The model's small frames put back: the moving person in front of a whole background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tempose.core import cancellation
from tempose.core.errors import InputError
from tempose.diffusion.pipeline import GeneratedFrame
from tempose.media.crop import Crop
from tempose.media.images import read_image
from tempose.media.tensors import to_tensor, to_uint8
from tempose.pose.keypoints import Motion
from tempose.warp.background import smooth_fill
from tempose.warp.detail import detailed
from tempose.warp.layers import Photos
from tempose.warp.person import Moves, Poses


@dataclass(frozen=True, eq=False)
class Composition:
    """How frames are shown: the warped person, corrected by the model, before a whole background.

    Attributes:
        background: uint8 `h w 3`, of the size of the result.
        behind: the same: what the photo shows behind the person; another one where another background is wanted.
        photos: the person in layers, at the scale of the result; of p photos where there are shares.
        window: where in the result the model's frame lies.
        shares: how much each photo gives to every frame, `p f l` or `p f`, as `tempose.warp.person.Poses` takes it.
        moves: how face and hands of each photo move besides, in pixels of the result; without: as head and forearm do.
        camera: `f`: how far the camera has gone to the right in each frame, in pixels of the result; the background
            goes on mirrored beyond its edges. None: it stands still.
    """

    background: np.ndarray
    behind: np.ndarray
    photos: Photos
    window: Crop
    shares: Tensor | None = None
    moves: Sequence[Moves] = ()
    camera: np.ndarray | None = None

    @cached_property
    def _behind(self) -> Tensor:
        return self._cut(self.behind)

    def _background(self, index: int) -> np.ndarray:
        """The background of a frame, uint8 `h w 3`."""
        if self.camera is None:
            return self.background
        return gone_right(self.background, float(self.camera[index]))

    def _cut(self, picture: np.ndarray) -> Tensor:
        return to_tensor(self.window.cut(picture, (self.window.height, self.window.width)))[None]

    def show(self, motion: Motion, index: int, generated: GeneratedFrame | None) -> np.ndarray:
        """One frame of the result, uint8 `h w 3`.

        Args:
            motion: the poses, in pixels of the result.
            index: which of them.
            generated: what the model says of it, on the CPU; None shows the warp alone.
        """
        shown = to_uint8(self._rendered(motion, index, generated)[0])[0]
        part, inside = self._inside()
        result = self._background(index).copy()
        result[part] = shown[inside]
        return result

    def matte(self, motion: Motion, index: int, generated: GeneratedFrame | None) -> np.ndarray:
        """How much of each pixel of that frame the person is, float32 `h w` in [0, 1]; arguments as `show`."""
        cover = self._rendered(motion, index, generated)[1][0, 0].float().clamp(0, 1).numpy()
        part, inside = self._inside()
        matte = np.zeros(self.background.shape[:2], np.float32)
        matte[part] = cover[inside]
        return matte

    def _rendered(self, motion: Motion, index: int, generated: GeneratedFrame | None) -> tuple[Tensor, Tensor]:
        """A frame `1 3 h w` and the person's cover `1 1 h w`, within the window."""
        cancellation.check()
        size = self.window.height, self.window.width
        pose = motion[index : index + 1].cropped(self.window, size)
        depth = None if pose.depth is None else torch.from_numpy(pose.depth)[None]
        shares = None if self.shares is None else self.shares[:, index : index + 1]
        moves = [[each.frame(index) for each in parts] for parts in self.moves]
        poses = Poses(self.photos, torch.from_numpy(pose.keypoints)[None], depth=depth, shares=shares)
        color, cover = (values[0] for values in poses.shown(size, moves=moves))
        behind, background = self._behind, self._background(index)
        if generated is None:
            frame = cover * color + (1 - cover) * behind
        else:
            h, w = generated.frame.shape[-2:]
            frame, cover = detailed(
                generated.frame[None],
                color=color,
                cover=cover,
                background=behind,
                flow=None if generated.flow is None else generated.flow[None],
                fine=poses.fine(size, (h, w))[0],
            )
        if background is not self.behind:
            frame = frame + (1 - cover) * (self._cut(background) - behind)
        return frame, cover

    def _inside(self) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """What of the result the window covers, and where in the window that lies."""
        height, width = self.background.shape[:2]
        top, left = max(0, self.window.top), max(0, self.window.left)
        bottom = min(height, self.window.top + self.window.height)
        right = min(width, self.window.left + self.window.width)
        inside = slice(top - self.window.top, bottom - self.window.top)
        return (slice(top, bottom), slice(left, right)), (
            inside,
            slice(left - self.window.left, right - self.window.left),
        )


def gone_right(picture: np.ndarray, by: float) -> np.ndarray:
    """What a camera sees that went `by` pixels to the right of a picture, uint8 `h w 3`; beyond its edges it goes on
    mirrored."""
    width = picture.shape[1]
    whole = int(np.floor(by))
    place = (np.arange(width + 1) + whole) % (2 * width)
    seen = picture[:, np.minimum(place, 2 * width - 1 - place)].astype(np.float32)
    share = by - whole
    return np.round((1 - share) * seen[:, :-1] + share * seen[:, 1:]).astype(np.uint8)


def whole_background(choice: str, behind: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """The still background of a result, uint8 `h w 3`.

    Args:
        choice: `photo`: the photo's own, the person inpainted; `plain`: one color, that of the photo's
            edge; a color as #rrggbb or by name; or a picture file, cut to fill the frame.
        behind: what the photo shows behind the person, at the size of the result.
        photo: uint8 `h w 3`.

    Raises:
        InputError: the choice is none of these.
    """
    size = behind.shape[:2]
    if choice == "photo":
        return behind
    if choice == "plain":
        edge = np.concatenate([photo[0], photo[:, 0], photo[:, -1]])
        return np.broadcast_to(np.median(edge, axis=0).astype(np.uint8), (*size, 3)).copy()
    if Path(choice).is_file():
        given = read_image(choice)
        height, width = given.shape[:2]
        scale = min(height / size[0], width / size[1])
        across, down = max(1, round(size[1] * scale)), max(1, round(size[0] * scale))
        return Crop((width - across) // 2, (height - down) // 2, across, down).cut(given, size)
    return np.broadcast_to(np.array(_color(choice), np.uint8), (*size, 3)).copy()


def extended(picture: np.ndarray, frame: Crop, size: tuple[int, int]) -> np.ndarray:
    """A part of a picture, uint8, at `size`; beyond the picture it goes on in its colors, ever smoother."""
    return smooth_fill(frame.cut(picture, size), frame.covered(picture.shape, size))


def check_background(choice: str) -> None:
    """Whether `whole_background` knows the choice.

    Raises:
        InputError: it does not.
    """
    if choice not in ("photo", "plain") and not Path(choice).is_file():
        _color(choice)


def _color(name: str) -> tuple[int, ...]:
    from PIL import ImageColor

    try:
        return ImageColor.getrgb(name)[:3]
    except ValueError:
        raise InputError(
            f"the background is {name!r}; wanted photo, plain, a color such as #20a0ff or white, or a picture file"
        ) from None
