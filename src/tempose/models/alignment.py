"""The photo bent into the target pose, part by part: what is known before the network generates.

Both poses are known, so every target pixel can be traced back to the photo through the frame of the
body part it lies on (Siarohin et al., "Deformable GANs for Pose-based Human Image Generation", CVPR
2018, section 3.2). Along a limb coordinates scale by its length ratio, across it they keep their size;
the trunk scales by the shoulder widths and mirrors when the person turns round; the head goes from
neck to face. Nothing here is learned; everything is differentiable tensor code without loops over
frames, for training and sampling alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor

from tempose.pose.keypoints import KEYPOINTS, MIN_CONFIDENCE


@dataclass(frozen=True)
class Part:
    """A body part: the axis between two points, each the mean of some key points."""

    name: str
    start: tuple[str, ...]
    end: tuple[str, ...]
    radius: float
    """Half its typical width, in lengths of the trunk."""
    across: tuple[str, str] | None = None
    """Two key points whose distance across the axis says how it scales and whether it is mirrored."""
    wrap: float = 1.0
    """Share of its frontal width that it keeps when seen from the side."""


PARTS = (
    Part("trunk", ("neck",), ("right_hip", "left_hip"), 0.34, ("right_shoulder", "left_shoulder"), 0.55),
    Part("head", ("neck",), ("nose", "right_eye", "left_eye", "right_ear", "left_ear"), 0.24),
    Part("right_upper_arm", ("right_shoulder",), ("right_elbow",), 0.12),
    Part("left_upper_arm", ("left_shoulder",), ("left_elbow",), 0.12),
    Part("right_forearm", ("right_elbow",), ("right_wrist",), 0.1),
    Part("left_forearm", ("left_elbow",), ("left_wrist",), 0.1),
    Part("right_thigh", ("right_hip",), ("right_knee",), 0.17),
    Part("left_thigh", ("left_hip",), ("left_knee",), 0.17),
    Part("right_shin", ("right_knee",), ("right_ankle",), 0.13),
    Part("left_shin", ("left_knee",), ("left_ankle",), 0.13),
)


# The choice between parts: how fast likeness falls with the squared distance, and how many radii from
# the nearest part the person ends at the latest.
SHARPNESS, REACH, FAR = 1.5, 4.0, 1e3


class Aligned(NamedTuple):
    """The photo in the target pose."""

    picture: Tensor
    """`b f 3 h w` in [-1, 1]; 0 where nothing is known."""
    coverage: Tensor
    """`b f 1 h w` in [0, 1]: how sure it is that the picture holds the person there."""
    near: Tensor
    """`b f 1 h w` in [0, 1]: whether the person may be there at all, in loose clothes too."""


class Frames(NamedTuple):
    """The frames of all parts of n poses, p parts."""

    origin: Tensor  # n p 2, pixels
    axis: Tensor  # n p 2, unit vector from start to end
    length: Tensor  # n p, pixels
    spread: Tensor  # n p, signed width across the axis in pixels, NaN where a part has none
    known: Tensor  # n p, whether the key points that it needs are known
    trunk: Tensor  # n, length of the trunk in pixels


def align(photo: Tensor, mask: Tensor, *, source: Tensor, target: Tensor) -> Aligned:
    """Bend the person of the photo into the target poses.

    Args:
        photo: `b 3 h w` in [-1, 1].
        mask: `b 1 h w` in [0, 1], where the person is.
        source: key points of the photo `b 18 3`: x, y in pixels, confidence.
        target: key points asked for `b f 18 3`.

    Returns:
        The aligned photo, its coverage, and where the person may be.
    """
    (b, f), (h, w) = target.shape[:2], photo.shape[-2:]
    frames_s = repeat_frames(part_frames(source), f)  # (b f) p …
    frames_t = part_frames(rearrange(target, "b f k c -> (b f) k c"))
    grid = pixel_centres(h, w, device=photo.device)  # h w 2

    nearness = likeness(frames_t, grid)  # (b f) p h w
    places = trace(frames_t, frames_s, grid)  # (b f) p h w 2: where to look in the photo

    # What each part sees there: color, person mask, and whether that place is its own in the photo.
    own = likeness(part_frames(source), grid)[:, :, None]  # b p 1 h w
    parts = own.shape[1]
    seen = torch.cat([repeat(x, "b c h w -> b p c h w", p=parts) for x in (photo, mask)] + [own], dim=2)
    seen = repeat(seen, "b p c h w -> (b f p) c h w", f=f)
    looked_up = sample(seen, rearrange(places, "n p h w xy -> (n p) h w xy"))
    color, person, its_own = rearrange(looked_up, "(n p) c h w -> n p c h w", p=parts).split([3, 1, 1], dim=2)

    agreement = nearness[:, :, None] * its_own * (frames_s.known & frames_t.known)[:, :, None, None, None]
    weight = agreement * person
    picture = (weight * color).sum(1) / weight.sum(1).clamp_min(1e-4)
    coverage = agreement.amax(1) * weight.sum(1) / agreement.sum(1).clamp_min(1e-4)
    near = nearness.amax(1)[:, None]
    return Aligned(*(rearrange(x, "(b f) c h w -> b f c h w", b=b) for x in (picture, coverage, near)))


def part_frames(keypoints: Tensor) -> Frames:
    """Key points `n 18 3` → the frames of all parts."""
    known = keypoints[..., 2] >= MIN_CONFIDENCE

    def point(names: tuple[str, ...]) -> tuple[Tensor, Tensor]:
        rows = [KEYPOINTS.index(name) for name in names]
        weights = known[:, rows, None].to(keypoints)
        mean = (keypoints[:, rows, :2] * weights).sum(1) / weights.sum(1).clamp_min(1)
        return mean, known[:, rows].any(1)

    start, start_known = map(torch.stack, zip(*(point(part.start) for part in PARTS), strict=True))  # p n …
    end, end_known = map(torch.stack, zip(*(point(part.end) for part in PARTS), strict=True))
    start, end = start.transpose(0, 1), end.transpose(0, 1)  # n p 2
    along = end - start
    length = along.norm(dim=-1).clamp_min(1.0)
    axis = along / length[..., None]
    normal = perpendicular(axis)

    spread = torch.full_like(length, float("nan"))
    for i, part in enumerate(PARTS):
        if part.across is not None:
            (a, a_known), (b, b_known) = point(part.across[:1]), point(part.across[1:])
            width = ((b - a) * normal[:, i]).sum(-1)
            spread[:, i] = torch.where(a_known & b_known, width, spread[:, i])
    return Frames(start, axis, length, spread, (start_known & end_known).T, length[:, 0])


def repeat_frames(frames: Frames, f: int) -> Frames:
    """The frames of b photos, once for each of their f target poses."""
    return Frames(*(values.repeat_interleave(f, dim=0) for values in frames))


def trace(target: Frames, source: Frames, grid: Tensor) -> Tensor:
    """Where every target pixel lies in the photo, if it belongs to each part: `n p h w 2` pixels."""
    along, across = coordinates(target, grid)  # n p h w, pixels
    reach = target.length[..., None, None]
    stretch = (source.length / target.length)[..., None, None]
    # Between the joints by the ratio of lengths; beyond them (hands, feet, hair) at their own size.
    inside = along.clamp_min(0).minimum(reach)
    along = inside * stretch + (along - inside)
    across = across * width_ratio(target, source)[..., None, None]
    return (
        source.origin[:, :, None, None]
        + along[..., None] * source.axis[:, :, None, None]
        + across[..., None] * perpendicular(source.axis)[:, :, None, None]
    )


def width_ratio(target: Frames, source: Frames) -> Tensor:
    """Source pixels across a part for one target pixel, negative where it is mirrored: `n p`."""
    wrap = torch.tensor([part.wrap for part in PARTS], device=target.length.device, dtype=target.length.dtype)
    # Seen from the side a part keeps a share of its width: neither pose makes it thinner than that.
    width_t, width_s = target.spread.abs(), source.spread.abs()
    ratio = torch.maximum(width_s, width_t * wrap) / torch.maximum(width_t, width_s * wrap).clamp_min(1.0)
    return torch.where(ratio.isnan(), torch.ones_like(ratio), ratio * torch.sign(target.spread * source.spread))


def coordinates(frames: Frames, grid: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels `h w 2` along and across the axis of every part: two of `n p h w`."""
    offset = grid - frames.origin[:, :, None, None]  # n p h w 2
    along = torch.einsum("n p h w c, n p c -> n p h w", offset, frames.axis)
    across = torch.einsum("n p h w c, n p c -> n p h w", offset, perpendicular(frames.axis))
    return along, across


def likeness(frames: Frames, grid: Tensor) -> Tensor:
    """How likely every pixel shows every part, were it the person: `n p h w` in [0, 1].

    1 for the part whose axis is nearest, distances measured in the part's own radii; less for parts
    that are farther; fading to 0 for all of them far from the person.
    """
    along, across = coordinates(frames, grid)
    beyond = along - along.clamp_min(0).minimum(frames.length[..., None, None])
    radius = torch.tensor([part.radius for part in PARTS], device=grid.device, dtype=grid.dtype)
    distance = torch.hypot(beyond, across) / (radius[:, None, None] * frames.trunk[:, None, None, None])
    distance = distance.masked_fill(~frames.known[..., None, None], FAR)
    nearest = distance.amin(1, keepdim=True)
    return torch.exp(SHARPNESS * (nearest**2 - distance**2)) * torch.sigmoid(6 * (REACH - nearest))


def sample(pictures: Tensor, places: Tensor) -> Tensor:
    """Bilinear look-up of `n c h w` at pixel places `n h w 2`; nothing (0) outside."""
    h, w = pictures.shape[-2:]
    unit = places / places.new_tensor([w, h]) * 2 - 1
    return F.grid_sample(pictures, unit, padding_mode="zeros", align_corners=False)


def pixel_centres(h: int, w: int, *, device: torch.device) -> Tensor:
    """x, y of every pixel's centre: `h w 2`."""
    y, x = torch.meshgrid(torch.arange(h, device=device), torch.arange(w, device=device), indexing="ij")
    return torch.stack([x, y], dim=-1) + 0.5


def perpendicular(axis: Tensor) -> Tensor:
    """A quarter turn: `… 2` → `… 2`."""
    return torch.stack([-axis[..., 1], axis[..., 0]], dim=-1)


def inpainted_background(photo: Tensor, mask: Tensor) -> Tensor:
    """The photo with the person generated out, from the background around.

    Push and pull (Gortler et al. 1996, section 3.4): known pixels are averaged into ever coarser
    pictures, which fill the hole from the coarsest down.

    Args:
        photo: `b 3 h w` in [-1, 1].
        mask: `b 1 h w` in [0, 1], where the person is.

    Returns:
        `b 3 h w`; untouched where the mask (grown by two pixels) is 0.
    """
    grown = F.max_pool2d(mask, 5, stride=1, padding=2)
    known = 1 - grown
    return torch.where(grown > 0, known * photo + grown * fill(photo * known, known), photo)


def fill(weighted: Tensor, weight: Tensor) -> Tensor:
    """A smooth picture from values times weights `b c h w`, `b 1 h w`; exact where the weight is 1."""
    h, w = weighted.shape[-2:]
    average = weighted / weight.clamp_min(1e-6)
    if max(h, w) == 1 or bool((weight >= 1).all()):
        return average
    coarse = [F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False) for x in (weighted, weight)]
    below = fill(coarse[0] / coarse[1].clamp_min(1e-6) * (coarse[1] > 1e-6), (coarse[1] > 1e-6).to(weight))
    below = F.interpolate(below, size=(h, w), mode="bilinear", align_corners=False)
    return weight * average + (1 - weight) * below
