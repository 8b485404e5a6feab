"""Which of several photos of a person each layer of a frame is taken from, and how the photos' colors are matched.

The photo whose pose is nearest gives the layer. So that nothing flickers, a change has to pay for itself: the choice is
the cheapest way through all frames (Viterbi 1967), and the photos fade into each other about every change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from tempose.pose.keypoints import HIDDEN, MIN_CONFIDENCE, Motion
from tempose.warp.cutout import Cutout
from tempose.warp.flesh import HEAD, LAYERS, LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK
from tempose.warp.joints import Joints, photo_joints, target_joints

# The joints of every layer, along its bones.
JOINTS = {
    TRUNK: (1, 8, 11), HEAD: (1,), RIGHT_ARM: (2, 3, 4), LEFT_ARM: (5, 6, 7),
    RIGHT_LEG: (8, 9, 10), LEFT_LEG: (11, 12, 13),
}  # fmt: skip
FACE = (0, 14, 15)  # nose and eyes

# What speaks against a photo, beside half a turn, which counts 1: that it is shown mirrored; a face where the frame
# shows none; no face where it shows one, if only in profile; a body twice as broad as it shows; a limb in the opposite
# direction; one twice as long; one that the photo hides or lacks; a limb of another photo than the trunk; a layer
# without pixels.
MIRRORED, A_FACE, NO_FACE, BROADER = 0.05, 0.3, 0.1, 0.5
DIRECTION, LENGTH, UNSEEN, APART, EMPTY = 0.25, 0.2, 0.5, 0.2, 8.0

DEPTH = 0.5  # of a body: how broad it is from the side, from the front 1
CHANGE = 0.1  # what a change from one photo to another costs, in seconds of half a turn
FADE = 0.2  # seconds in which one photo fades into another

# Photos are taken to differ in exposure and white balance by no more than this factor.
MOST_GAIN = 1.6
BIN, DARK = 0.06, 0.01  # of light: the width of a bin of its logarithm, and what is too dark to tell
MOST_PIXELS = 100_000  # tell the colors of a person
DOUBT = 0.0005  # what a shift by a bin costs of the overlap


def photo_shares(cutouts: Sequence[Cutout], motion: Motion) -> Tensor:
    """How much of each layer each of p photos gives to every frame: `p f l` in [0, 1], sums of 1 over p.

    Args:
        cutouts: of the photos.
        motion: the poses, on the body of the first photo.
    """
    costs = np.stack([photo_costs(cutout, motion) for cutout in cutouts])  # p f l
    trunk = cheapest(costs[..., TRUNK], motion.fps)
    costs += APART * (np.arange(len(cutouts))[:, None, None] != trunk[:, None]) * (np.arange(len(LAYERS)) != TRUNK)
    chosen = [cheapest(costs[..., layer], motion.fps) for layer in range(len(LAYERS))]
    shares = np.stack([faded(each, len(cutouts), motion.fps) for each in chosen], axis=-1)
    return torch.from_numpy(shares)


def photo_costs(cutout: Cutout, motion: Motion) -> np.ndarray:
    """How little a photo is like each frame, for each layer: `f l`, from 0."""
    source = torch.from_numpy(cutout.keypoints)[None].expand(len(motion), -1, -1)
    target = torch.from_numpy(motion.keypoints)
    photo = photo_joints(source)
    asked = target_joints(target, photo, source)
    # A photo of one side, mirrored, is one of the other.
    facing = torch.where(asked.mirrored[:, None], photo.facing * photo.facing.new_tensor([1, -1]), photo.facing)
    angles = [torch.atan2(*each.flip(-1).unbind(-1)) for each in (facing, asked.facing)]
    turn = torch.atan2((angles[1] - angles[0]).sin(), (angles[1] - angles[0]).cos()).abs() / np.pi
    shown, wanted = ((keypoints[:, FACE, 2] >= MIN_CONFIDENCE).any(1) for keypoints in (source, target))
    here, there = (angle.cos().hypot(DEPTH * angle.sin()) for angle in angles)
    common = turn + MIRRORED * asked.mirrored + A_FACE * (shown & ~wanted) + NO_FACE * (wanted & ~shown)
    common = common + BROADER * (there / here).log2().clamp_min(0)  # what is seen from the side would be stretched
    costs = []
    for layer in range(len(LAYERS)):
        joints = JOINTS[layer]
        hidden = (source[:, joints, 2] <= HIDDEN) & (target[:, joints, 2] >= MIN_CONFIDENCE)
        cost = common + UNSEEN * hidden.float().mean(1) + EMPTY * float(not cutout.alpha[layer].any())
        costs.append(cost + (0 if layer in (TRUNK, HEAD) else _unlike(photo, asked, joints)))
    return torch.stack(costs, dim=-1).double().numpy()


def _unlike(photo: Joints, asked: Joints, joints: Sequence[int]) -> Tensor:
    """How little a limb of n photos is like that of their targets, `n`: in direction, and in length, seen as it is."""
    ends, starts = list(joints[1:]), list(joints[:-1])
    bones = [each.places[:, ends] - each.places[:, starts] for each in (photo, asked)]  # n 2 2
    before = torch.where(asked.mirrored[:, None, None], bones[0] * bones[0].new_tensor([-1, 1]), bones[0])
    direction = (1 - torch.cosine_similarity(before, bones[1], dim=-1)) / 2
    lengths = [bone.norm(dim=-1) / each.scale[:, None] for bone, each in zip(bones, (photo, asked), strict=True)]
    stretched = (lengths[1].clamp_min(0.05) / lengths[0].clamp_min(0.05)).log2().clamp(0, 2)
    return (DIRECTION * direction + LENGTH * stretched).mean(1)


def cheapest(costs: np.ndarray, fps: float) -> np.ndarray:
    """The photo for every frame, `f`, that costs least together with the changes; of equal ones the first.

    Args:
        costs: `p f`, for each second that a photo is shown.
    """
    p, f = costs.shape
    total, came = costs[:, 0] / fps, np.zeros((f, p), int)
    for frame in range(1, f):
        ways = total[:, None] + CHANGE * (1 - np.eye(p))  # from, to
        came[frame] = ways.argmin(0)
        total = ways.min(0) + costs[:, frame] / fps
    chosen = np.zeros(f, int)
    chosen[-1] = total.argmin()
    for frame in range(f - 1, 0, -1):
        chosen[frame - 1] = came[frame, chosen[frame]]
    return chosen


def faded(chosen: np.ndarray, photos: int, fps: float) -> np.ndarray:
    """The share of every photo in every frame, float32 `p f`, from the photo chosen for each, `f`."""
    reach = round(FADE * fps / 2)
    alone = np.pad((chosen == np.arange(photos)[:, None]).astype(np.float32), ((0, 0), (reach, reach)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(alone, 2 * reach + 1, axis=1)
    return windows.mean(-1)


# Colors -------------------------------------------------------------------------------------------


def color_gains(cutout: Cutout, like: Cutout) -> np.ndarray:
    """What the red, green and blue light of a photo is multiplied by, so that its person looks as in another: `3`.

    Exposure and white balance multiply the light of all materials by the same, whatever share of the person each
    is: in the logarithm, the gain is the shift with which the colors of both overlap most (Bhattacharyya 1943).
    """
    from scipy.ndimage import gaussian_filter
    from scipy.signal import correlate

    here, there = (np.sqrt(gaussian_filter(_color_counts(each), 1.0, truncate=3)) for each in (cutout, like))
    overlap = correlate(there, here, method="fft")
    middle = np.array(overlap.shape) // 2
    reach = round(np.log(MOST_GAIN) / BIN)
    near = overlap[tuple(slice(at - reach, at + reach + 1) for at in middle)]
    shift = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"))
    most = np.linalg.norm(here) * np.linalg.norm(there)
    best = near / max(most, 1e-9) - DOUBT * (shift**2).sum(0)
    return np.exp(BIN * (np.array(np.unravel_index(best.argmax(), best.shape)) - reach))


def _color_counts(cutout: Cutout) -> np.ndarray:
    """How many pixels that show the person have each color, by the logarithm of the light, `bins bins bins`.

    The darkest count nowhere.
    """
    pixels, open_ = [], cutout.matte > 0.9
    for layer in reversed(cutout.order):
        shown = open_ & (cutout.alpha[layer] > 0.9)
        pixels.append(cutout.color[layer][shown])
        open_ = open_ & ~shown
    together = np.concatenate(pixels)
    light = _light(together[:: 1 + len(together) // MOST_PIXELS])
    light = light[light.min(axis=1) > DARK]
    places = ((np.log(light) - np.log(DARK)) / BIN).astype(int)
    bins = int(-np.log(DARK) / BIN) + 1
    return np.histogramdd(places, bins=[np.arange(bins + 1)] * 3)[0]


def with_gains(picture: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """A picture, uint8 `… 3`, with its light multiplied by `gains`, `3`."""
    light = _light(np.arange(256)[:, None]) * gains
    table = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light.clip(0) ** (1 / 2.4) - 0.055)
    table = (255 * table.clip(0, 1)).round().astype(np.uint8)
    return np.stack([table[picture[..., channel], channel] for channel in range(3)], axis=-1)


def matched(cutout: Cutout, gains: np.ndarray) -> Cutout:
    """A person in the light of another photo."""
    return replace(cutout, color=with_gains(cutout.color, gains))


def _light(values: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] of sRGB values in [0, 255] (IEC 61966-2-1)."""
    share = values / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
