"""The person of a photo in layers, as tensors; and what is made of them once, however many frames are shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from tempose.core.errors import InputError
from tempose.media.tensors import to_tensor
from tempose.pose.bones import ANKLES
from tempose.pose.keypoints import KEYPOINTS, MIN_CONFIDENCE
from tempose.warp.cutout import Cutout
from tempose.warp.flesh import LAYERS, LEFT_LEG, RIGHT_LEG, TRUNK
from tempose.warp.joints import Joints, photo_joints

FINE = 4  # pixels of the target across the smallest cell of which is asked whether a layer reaches it
MOST_SHRUNK = 2**0.25  # pixels of the photo for one of the target, at most: what is shown smaller is averaged first

# Which layers go on below the photo's lower edge, and how far, in its heights.
LOWER, BELOW = (TRUNK, RIGHT_LEG, LEFT_LEG), 0.2


class Layers(NamedTuple):
    """The layers of b photos as tensors, at one size."""

    color: Tensor
    """`b l 3 h w` in [-1, 1], not premultiplied."""
    alpha: Tensor
    """`b l 1 h w` in [0, 1]."""
    keypoints: Tensor
    """`b 18 3`: x, y in pixels, confidence."""
    hem: Tensor
    """`b`: how far down the legs one cloth hangs before both; 0 none, 1 to the knees, 2 to the ankles."""
    grips: Tensor
    """`b 2 2`: from where something hangs from the right hand and from the left one, x, y in pixels; NaN where none."""

    def check(self) -> None:
        """Whether the shapes fit each other.

        Raises:
            InputError: they do not.
        """
        b, count, _, h, w = self.color.shape
        fit = self.alpha.shape == (b, count, 1, h, w) and self.keypoints.shape == (b, len(KEYPOINTS), 3)
        if not fit or count != len(LAYERS) or self.hem.shape != (b,) or self.grips.shape != (b, 2, 2):
            shapes = [tuple(x.shape) for x in self]
            wanted = f"(b, {len(LAYERS)}, 3 and 1, h, w), (b, 18, 3), (b) and (b, 2, 2)"
            raise InputError(f"layers have the shapes {shapes}; wanted {wanted}")


def to_layers(cutouts: Sequence[Cutout]) -> Layers:
    """Cutouts of one size as tensors."""
    color = torch.stack([to_tensor(cutout.color) for cutout in cutouts])
    alpha = torch.stack([torch.from_numpy(cutout.alpha)[:, None] for cutout in cutouts])
    keypoints = torch.stack([torch.from_numpy(cutout.keypoints) for cutout in cutouts])
    hem = torch.tensor([float(cutout.hem) for cutout in cutouts])
    return Layers(color, alpha, keypoints, hem, torch.stack([torch.from_numpy(cutout.grips) for cutout in cutouts]))


@dataclass(frozen=True, eq=False)
class Scaled:
    """The layers of b photos at one scale.

    Attributes:
        color: `b·l 3 h w`, those of one photo in one run.
        alpha: `b·l 1 h w`.
        factors: `3`: by which key points of the photo are multiplied.
        keypoints: `b 18 3`.
        joints: of the b photos.
    """

    color: Tensor
    alpha: Tensor
    factors: Tensor
    keypoints: Tensor
    joints: Joints
    _held: dict[int, Tensor] = field(default_factory=dict)

    def held(self, cell: int) -> tuple[Tensor, int]:
        """Which cells, as large as so many pixels of a target, show anything, bool `b·l rows columns`; and their size
        in pixels of the photo. Large cells next to such ones count, too."""
        side = math.ceil(cell * MOST_SHRUNK)
        if cell not in self._held:
            held = F.max_pool2d(self.alpha, side, ceil_mode=True)[:, 0] > 0
            if cell > FINE:
                held = F.max_pool2d(held.to(self.alpha), 3, stride=1, padding=1) > 0
            self._held[cell] = held
        return self._held[cell], side


class Photos:
    """The layers of b photos, at every scale at which they are looked up, and some of them; each is made once."""

    def __init__(self, layers: Layers) -> None:
        layers.check()
        self.layers = layers
        self._scales: dict[int, Scaled] = {}
        self._parts: dict[tuple[bool, ...], Photos] = {}

    def __len__(self) -> int:
        return len(self.layers.color)

    def only(self, used: Tensor) -> Photos:
        """Some of them, by a mask `b`."""
        name = tuple(used.tolist())
        if name not in self._parts:
            self._parts[name] = self if all(name) else Photos(Layers(*(values[used] for values in self.layers)))
        return self._parts[name]

    def scaled(self, times: int) -> Scaled:
        """The layers, made smaller by √2 so many times, averaged."""
        if times not in self._scales:
            color, alpha = (x.flatten(0, 1) for x in self.layers[:2])
            factors = torch.ones_like(self.layers.keypoints[0, 0])
            if times:
                h, w = alpha.shape[-2:]
                size = [max(1, round(side * 2 ** (-times / 2))) for side in (h, w)]
                color, alpha = (F.interpolate(x, size=size, mode="bilinear", antialias=True) for x in (color, alpha))
                alpha = alpha.clamp(0, 1)
                factors = color.new_tensor([size[1] / w, size[0] / h, 1.0])
            color, alpha = self._gone_on(color, alpha)
            keypoints, grips = self.layers.keypoints * factors, self.layers.grips * factors[:2]
            seen = alpha.unflatten(0, (len(self), -1))[:, :, 0] > 0.5
            joints = photo_joints(keypoints, grips, self.layers.hem, seen.any(1), seen[:, TRUNK])
            self._scales[times] = Scaled(color, alpha, factors, keypoints, joints)
        return self._scales[times]

    def _gone_on(self, color: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """Layers `b·l c h w`; trunk and legs go on below a lower edge that cuts somebody above the feet."""
        cut = (self.layers.keypoints[:, ANKLES, 2] < MIN_CONFIDENCE).all(1, keepdim=True)
        cut = (cut & torch.tensor([layer in LOWER for layer in range(len(LAYERS))], device=cut.device)).flatten()
        if not (cut & (alpha[:, 0, -1].amax(-1) > 0)).any():
            return color, alpha
        below = (0, 0, 0, round(BELOW * alpha.shape[-2]))
        longer = F.pad(alpha, below, mode="replicate")
        longer[~cut, :, alpha.shape[-2] :] = 0
        return F.pad(color, below, mode="replicate"), longer
