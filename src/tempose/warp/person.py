"""The photo's person carried into target poses, layer by layer, at any size: the whole way in one function.

It serves the network at its small size, in batches, and the result at its full size, frame by frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from tempose.core.errors import InputError
from tempose.pose.keypoints import KEYPOINTS
from tempose.warp.bones import BONES, CARRYING
from tempose.warp.depth import composed, depths, drawn, mixed
from tempose.warp.fingers import HandMotion
from tempose.warp.flesh import LAYERS
from tempose.warp.joints import CHIN, CROWN, Joints, target_joints, unit
from tempose.warp.layers import Layers, Photos
from tempose.warp.meshes import MeshMotion
from tempose.warp.morph import morphed
from tempose.warp.pixels import CELLS, Carried, carried
from tempose.warp.skinning import skin

# Faces and hands, in lengths of the trunk: their middles from chin and wrist, the radii within which they are told
# finer than small frames are, a hand bent at the wrist, too; and over how much that ends.
FACE_ABOVE, HAND_BEYOND, FINE_FACE, FINE_HAND, FADES = 0.2, 0.12, 0.2, 0.3, 0.2

SKIRTLESS = slice(2, None)  # all bones but those of a skirt, which lie between the legs

# How face and hands of a photo move.
Moves = Sequence[MeshMotion | HandMotion]

# Where the person may be at all: within so many radii of a bone; and how steeply that ends.
REACH, STEEPNESS = 4.0, 6.0


class Shown(NamedTuple):
    """The person in target poses."""

    color: Tensor
    """`b f 3 h w` in [-1, 1], not premultiplied; goes on a little beyond the person's edge, 0 elsewhere."""
    alpha: Tensor
    """`b f 1 h w` in [0, 1]."""


class Warped(NamedTuple):
    """The person in the target poses, and where else they may be."""

    color: Tensor
    """As `Shown.color`."""
    alpha: Tensor
    """As `Shown.alpha`."""
    near: Tensor
    """`b f 1 h w` in [0, 1]: whether the person may be there at all, in loose clothes too."""


@torch.no_grad()
def warp(
    layers: Layers,
    target: Tensor,
    *,
    depth: Tensor | None = None,
    size: tuple[int, int] | None = None,
    shares: Tensor | None = None,
) -> Warped:
    """The people of photos in target poses, as the network reads them; arguments and errors as `Poses`.

    Args:
        size: (height, width) of the result; without it that of the layers.
    """
    poses = Poses(Photos(layers), target, depth=depth, shares=shares)
    height, width = size or layers.alpha.shape[-2:]
    color, alpha = poses.shown((height, width))
    return Warped(color, alpha, poses.near((height, width)).maximum(alpha))


class Poses:
    """People of photos in target poses.

    Args:
        photos: b of them.
        target: key points asked for, `b f 18 3`: x, y in pixels of the result, confidence.
        depth: of the target's key points, `b f 18`: pixels farther from the camera than the hips; NaN where unknown.
        shares: of each layer the part that each of p photos gives to one person, `p f l`, sums of 1 over p; or `p f` of
            whole people, whose outlines move into each other. Then there are p photos, and b is 1 in all else.

    Raises:
        InputError: shapes that do not fit each other.
    """

    def __init__(
        self, photos: Photos, target: Tensor, *, depth: Tensor | None = None, shares: Tensor | None = None
    ) -> None:
        self.used = torch.ones(len(photos), dtype=torch.bool, device=target.device)
        if shares is not None:
            _check_shares(photos, target, shares)
            self.used = shares.flatten(1).amax(1) > 0
            shares = shares[self.used]
            target = target.expand(len(shares), -1, -1, -1)
            depth = None if depth is None else depth.expand(len(shares), -1, -1)
        self.photos, self.shares = photos.only(self.used), shares
        self.of_layers = shares if shares is not None and shares.ndim == 3 else None
        _check_targets(self.photos, target, depth)
        self.b, self.f = target.shape[:2]
        self.targets = target.flatten(0, 1).to(self.photos.layers.color)  # n 18 3
        self.depth = None if depth is None else depth.flatten(0, 1)
        self.joints = self._joints(0)

    def _of_photos(self, values: Tensor) -> Tensor:
        return values.repeat_interleave(self.f, dim=0)

    def _joints(self, times: int) -> Joints:
        """Of the targets, on the bodies of photos made smaller so many times."""
        photos = self.photos.scaled(times)
        of_photos = Joints(*(self._of_photos(values) for values in photos.joints))
        return target_joints(self.targets, of_photos, self._of_photos(photos.keypoints))

    def _shrunk(self) -> Tensor:
        """How often each target's photo is made smaller by √2 before it is looked up, `n`: never sharper than shown.

        Told for each frame by itself: what else is asked for in the same call changes nothing.
        """
        shrink = self.joints.scale / self._of_photos(self.photos.scaled(0).joints.scale)
        times = (-2 * shrink.clamp(1e-3, 1).log2()).round().long()
        if self.of_layers is None:
            return times
        return times.unflatten(0, (self.b, self.f)).amin(0).repeat(self.b)  # photos that are mixed are shown together

    @torch.no_grad()
    def shown(self, size: tuple[int, int], *, moves: Sequence[Moves] = ()) -> Shown:
        """The person at a size (height, width).

        Args:
            moves: how face and hands of each photo move besides, in one frame (`tempose.warp.face`,
                `tempose.warp.fingers`); without: as head and forearm do. Only for a single pose.
        """
        n = self.b * self.f if self.of_layers is None else self.f
        color, alpha = self.targets.new_zeros(n, 3, *size), self.targets.new_zeros(n, 1, *size)
        times = self._shrunk()
        for each in times[self.joints.known].unique().tolist():
            at = self.joints.known & (times == each)
            found = self._rendered(each, at, size, moves)
            here = (at if self.of_layers is None else at.unflatten(0, (self.b, self.f)).any(0))[:, None, None, None]
            color, alpha = torch.where(here, found[0], color), torch.where(here, found[1], alpha)
        people = Shown(*(rearrange(x, "(b f) c h w -> b f c h w", f=self.f) for x in (color, alpha)))
        if self.shares is None or self.of_layers is not None:
            return people
        return Shown(*morphed(people.color, people.alpha, self.shares))

    def _rendered(self, times: int, at: Tensor, size: tuple[int, int], moves: Sequence[Moves]) -> tuple[Tensor, Tensor]:
        """Some of the targets, `n` bool, from photos made smaller so many times: color `n 3 h w`, alpha `n 1 h w`."""
        photos, joints = self.photos.scaled(times), self._joints(times) if times else self.joints
        across, down, _ = photos.factors.tolist()
        moved = {
            (target, each.bone): each.scaled(across, down).way_back()
            for target, parts in enumerate(compress(moves, self.used))
            for each in parts
        }
        ways = skin(Joints(*(self._of_photos(values) for values in photos.joints)), joints)
        pixels = carried(Carried(photos, joints._replace(known=at), ways, moved), size)
        bone_depths = depths(joints, self._of_photos(self.photos.layers.hem), self.depth)
        layers, n = drawn(pixels, bone_depths, len(self.targets), size), len(self.targets)
        if self.of_layers is not None:
            layers, n = mixed(layers, self.of_layers, size[0] * size[1]), self.f
        return composed(layers, n, size)

    def near(self, size: tuple[int, int]) -> Tensor:
        """Where the person may be, `b f 1 h w` in [0, 1], from the distance to the nearest bone in its own radii."""
        (height, width), joints = size, self.joints
        cell = max(1, round(height / CELLS / 4) * 2)
        y = torch.arange(-(-height // cell), device=joints.scale.device)[:, None] + 0.5
        x = torch.arange(-(-width // cell), device=joints.scale.device) + 0.5
        x, y = x * cell, y * cell
        start = joints.places[:, [bone.start for bone in BONES]][..., None, None]  # n p 2 1 1
        along = joints.places[:, [bone.end for bone in BONES]][..., None, None] - start
        x, y = x - start[:, :, 0], y - start[:, :, 1]
        squared = (along**2).sum(2).clamp_min(1e-6)
        share = ((x * along[:, :, 0] + y * along[:, :, 1]) / squared).clamp(0, 1)
        distance = torch.hypot(x - share * along[:, :, 0], y - share * along[:, :, 1])
        radius = distance.new_tensor([bone.radius for bone in BONES]) * joints.scale[:, None]
        for hand, (_, thing) in enumerate(CARRYING):
            distance[:, thing][~joints.carries[:, hand]] = torch.inf
        nearest = (distance / radius[..., None, None])[:, SKIRTLESS].amin(1, keepdim=True)
        near = torch.sigmoid(STEEPNESS * (REACH - nearest)) * joints.known[:, None, None, None]
        rows, columns = near.shape[-2] * cell, near.shape[-1] * cell
        if cell > 1:
            near = F.interpolate(near, size=(rows, columns), mode="bilinear", align_corners=False)
        near = near[..., :height, :width].unflatten(0, (self.b, self.f))
        return near if self.shares is None else near.amax(0, keepdim=True)

    def fine(self, size: tuple[int, int], small: tuple[int, int]) -> Tensor:
        """Where faces and hands are, which a network of the size `small` sees in a few pixels: `b f 1 h w` in [0, 1].

        Args:
            size: (height, width) of the pixels in which the targets are.
        """
        places, scale = self.joints.places, self.joints.scale[:, None, None]
        up = unit(places[:, CROWN] - places[:, CHIN])
        spots = [places[:, CHIN] + FACE_ABOVE * scale[:, 0] * up]
        for elbow, wrist in ((3, 4), (6, 7)):
            spots.append(places[:, wrist] + HAND_BEYOND * scale[:, 0] * unit(places[:, wrist] - places[:, elbow]))
        y, x = ((torch.arange(n, device=scale.device) + 0.5) * whole / n for n, whole in zip(small, size, strict=True))
        xs, ys = torch.stack(spots, dim=-1)[..., None, None].unbind(1)  # n 3 1 1
        radii = scale.new_tensor([FINE_FACE, FINE_HAND, FINE_HAND])[:, None, None]
        away = torch.hypot(x - xs, y[:, None] - ys) / scale[..., None] - radii
        there = (1 - away / FADES).clamp(0, 1).amax(1, keepdim=True) * self.joints.known[:, None, None, None]
        there = there.unflatten(0, (self.b, self.f))
        return there if self.shares is None else there.amax(0, keepdim=True)


def _check_targets(photos: Photos, target: Tensor, depth: Tensor | None) -> None:
    b = len(photos)
    if target.ndim != 4 or target.shape[0] != b or target.shape[2:] != (len(KEYPOINTS), 3):
        raise InputError(f"target poses have the shape {tuple(target.shape)}; wanted ({b}, frames, 18, 3)")
    if depth is not None and depth.shape != target.shape[:3]:
        raise InputError(f"depths have the shape {tuple(depth.shape)}; wanted {tuple(target.shape[:3])}")


def _check_shares(photos: Photos, target: Tensor, shares: Tensor) -> None:
    wanted = (len(photos), target.shape[1], len(LAYERS))
    if shares.shape not in (wanted, wanted[:2]) or len(target) != 1:
        given = f"{tuple(shares.shape)}, for {len(target)} people"
        raise InputError(f"shares of photos have the shape {given}; wanted {wanted} or {wanted[:2]}, for one person")
