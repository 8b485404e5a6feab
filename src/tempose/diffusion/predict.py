"""The guided prediction for windows of a video at one diffusion time.

A frame is first predicted by itself, as far as the network sees neither the photo's texture nor other frames;
then, in windows, together with its neighbors, in every branch of the guidance. The first part is computed once
for all branches that do not differ there, and once for windows that follow one another and overlap. What depends
neither on the noise nor on the time, pose maps and the warped photo, is kept from step to step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from diffusers import DDPMScheduler
from torch import Tensor

from tempose.diffusion.denoise import Denoised, denoise
from tempose.diffusion.guidance import Branch, Guidance
from tempose.models.attention import KeyValue
from tempose.models.conditions import Conditions, Photo, Prior, guides, reads_prior, warped_prior
from tempose.models.layers import unfold
from tempose.models.texture_encoder import TextureEncoder
from tempose.models.unet import PersonUNet
from tempose.pose.keypoints import Motion
from tempose.pose.render import pose_maps

# A video of so many frames keeps their pose maps and priors from step to step, 2 MB each at 128×96; of a longer one,
# whose first frames would be gone before they are asked for again, those of neighboring windows alone, as in one step.
KEPT, NEAR = 128, 16

# What is predicted for a window: of noisy frames `f 3 h w`, float32, whose indices in the poses are given too, `f`.
Predict = Callable[[Tensor, Tensor], Denoised]


class Posed(NamedTuple):
    """One frame before anything is generated."""

    pose_map: Tensor
    """`20 h w`."""
    prior: Prior | None
    """Of this frame, without its axes b and f, where the model reads it."""


class Frames:
    """The poses of a video as the networks see them, each drawn and warped once.

    Args:
        photo: of one person; p of them where there are shares.
        poses: a motion in frames of the photo's size, or its pose maps `f 20 h w`.
        prior: whether the model reads the warped photo.
        shares: how much each photo gives to every frame, `p f l` or `p f`, as `tempose.warp.person.Poses` takes it.
        reads: how much each photo's texture counts in every frame, `p f`; without, all of them alike.
        again: whether each is asked for again once all have been.
    """

    def __init__(
        self,
        photo: Photo,
        poses: Tensor | Motion,
        *,
        prior: bool,
        shares: Tensor | None = None,
        reads: Tensor | None = None,
        again: bool = True,
    ) -> None:
        self.photo, self.poses, self.shares, self.reads = photo, poses, shares, reads
        self.prior, self.again = prior and isinstance(poses, Motion), again
        self._kept: dict[int, Posed] = {}

    def __getitem__(self, frames: Tensor) -> tuple[Tensor, Prior | None]:
        """The pose maps `f 20 h w` and the prior, b = 1, of the frames with these indices."""
        names = frames.tolist()
        missing = [name for name in names if name not in self._kept]
        if missing:
            others = [name for name in self._kept if name not in names]
            kept = KEPT if self.again and len(self.poses) <= KEPT else NEAR
            for name in others[: max(0, len(self._kept) + len(missing) - kept)]:
                del self._kept[name]
            self._kept |= zip(missing, self._posed(torch.tensor(missing)), strict=True)
        posed = [self._kept[name] for name in names]
        maps = torch.stack([each.pose_map for each in posed])
        if not self.prior:
            return maps, None
        priors = [each.prior for each in posed if each.prior is not None]
        together = [torch.stack(values)[None] for values in zip(*(prior[:-1] for prior in priors), strict=True)]
        color, alpha, background, mask = together
        return maps, Prior(color, alpha, background, mask, priors[0].given)

    def _posed(self, frames: Tensor) -> list[Posed]:
        device = self.photo.picture.device
        if not isinstance(self.poses, Motion):
            return [Posed(pose_map.to(device), None) for pose_map in self.poses[frames]]
        chosen = self.poses[frames.numpy()]
        maps = torch.from_numpy(pose_maps(chosen.keypoints, chosen.size)).to(device)
        if not self.prior:
            return [Posed(pose_map, None) for pose_map in maps]
        prior = self.warped(frames, chosen)
        each = [_frame_of(prior, i) for i in range(len(frames))]
        return [Posed(pose_map, of) for pose_map, of in zip(maps, each, strict=True)]

    def warped(self, frames: Tensor, chosen: Motion) -> Prior:
        """The prior, b = 1, of the frames with these indices, whose poses are `chosen`."""
        device = self.photo.picture.device
        depth = None if chosen.depth is None else torch.from_numpy(chosen.depth)[None].to(device)
        shares = None if self.shares is None else self.shares[:, frames].to(device)
        keypoints = torch.from_numpy(chosen.keypoints)[None].to(device)
        return warped_prior(self.photo, keypoints, depth=depth, shares=shares)


def _frame_of(prior: Prior, index: int) -> Prior:
    """One frame of a prior, b = 1, without these axes."""
    color, alpha, background, mask = (values[0, index] for values in prior[:-1])
    return Prior(color, alpha, background, mask, prior.given)


class Encoded(NamedTuple):
    """One frame at one time, predicted by itself; v views of it."""

    pose_map: Tensor
    """`v 20 h w`."""
    prior: tuple[Tensor, ...]
    """The prior's tensors, `v c h w` each, where the model reads it."""
    reads: Tensor | None
    """How much each photo's texture counts, `p`."""
    maps: tuple[Tensor, ...]
    """`v c h w`, one a block of the network."""


class Predictor:
    """Networks, photo and poses: what all predictions for one video have in common.

    The photo is read here, once. All tensors are on the networks' device.

    Args:
        frames: the poses, and the photos of one person.
        guidance: which branches there are, and their weights.
    """

    def __init__(
        self,
        texture_encoder: TextureEncoder,
        unet: PersonUNet,
        scheduler: DDPMScheduler,
        *,
        frames: Frames,
        guidance: Guidance,
    ) -> None:
        self.unet, self.frames = unet, frames
        self.alpha_bar = scheduler.alphas_cumprod.to(unet.device)
        self.prediction_type = scheduler.config.prediction_type
        self.branches = guidance.branches()
        self.weights = torch.tensor([branch.weight for branch in self.branches], device=unet.device)
        # Branches that differ before the texture is read; for most models that is in the pose alone.
        sees = [(branch.pose, branch.photo and reads_prior(unet.config)) for branch in self.branches]
        first = {view: sees.index(view) for view in sees}
        self.row_of_branch = [list(first).index(view) for view in sees]
        self.views = [self.branches[i] for i in first.values()]

        photos = [frames.photo.part(slice(i, i + 1)) for i in range(len(frames.photo.picture))]
        textures = []
        for read in (given(photo, self.branches) for photo in photos):
            features = texture_encoder(read.picture.to(unet.dtype))
            textures.append(unet.read_texture(features, read.pose_map.to(unet.dtype)))
        self.texture = {name: joined([texture[name] for texture in textures]) for name in textures[0]}
        self.photos = given(photos[0], self.views)

    def at(self, t: Tensor) -> Predict:
        """What predicts at a time, one window after the other; a frame that neighboring windows share begins once.

        Its output is `f c h w`, float32, c = 3, or 6 where the variance is learned; and, where the model corrects its
        prior, `f 3 h w` for the person.
        """
        encoded: dict[int, Encoded] = {}

        def predict(x_t: Tensor, frames: Tensor) -> Denoised:
            nonlocal encoded
            names = frames.tolist()
            encoded = {name: encoded[name] for name in names if name in encoded}
            new = [place for place, name in enumerate(names) if name not in encoded]
            if new:
                encoded |= zip(frames[new].tolist(), self.encode(x_t[new], t, frames[new]), strict=True)
            return self.decode(x_t, t, [encoded[name] for name in names])

        return predict

    def encode(self, x_t: Tensor, t: Tensor, frames: Tensor) -> list[Encoded]:
        """The part of the network that sees each frame by itself.

        Args:
            x_t: noisy frames `f 3 h w`.
            t: the time of all of them, a scalar.
            frames: their indices in the poses, `f`.
        """
        v, f, dtype = len(self.views), len(frames), self.unet.dtype
        maps, prior = self.frames[frames]
        sees_pose = torch.tensor([float(view.pose) for view in self.views], device=x_t.device)
        pose_map = sees_pose.view(v, 1, 1, 1, 1) * maps.to(x_t)
        seen = None if prior is None else self.seen(prior)
        read = [] if seen is None else guides(self.photos, seen, config=self.unet.config)
        conditions = Conditions(pose_map.to(dtype), {}, [guide.to(dtype) for guide in read])
        encoded = self.unet.encode(x_t.to(dtype).expand(v, *x_t.shape), t.to(x_t.device).expand(v), conditions)
        return [
            Encoded(
                conditions.pose_map[:, i],
                () if seen is None else tuple(values[:, i] for values in seen[:-1]),
                None if self.frames.reads is None else self.frames.reads[:, frames[i]],
                tuple(unfold(values, f)[:, i] for values in encoded),
            )
            for i in range(f)
        ]

    def seen(self, prior: Prior) -> Prior:
        """The prior as each view sees it: nobody without the pose, nothing at all without the photo."""
        device = prior.color.device
        pose, photo = (
            torch.tensor([float(getattr(view, name)) for view in self.views], device=device).view(-1, 1, 1, 1, 1)
            for name in ("pose", "photo")
        )
        was = self.frames.photo.matte[:1, None]
        mask = photo * (pose * prior.mask + (1 - pose) * was)
        return Prior(photo * pose * prior.color, photo * pose * prior.alpha, photo * prior.background, mask,
                     photo.flatten())  # fmt: skip

    def decode(self, x_t: Tensor, t: Tensor, encoded: Sequence[Encoded]) -> Denoised:
        """The rest of the network for one window, all branches of the guidance in one call.

        Args:
            x_t: noisy frames `f 3 h w`.
            t: the time of all of them, a scalar.
            encoded: what `encode` made of them, one a frame.

        Returns:
            The guided prediction, as what `at` gives says.
        """
        n, f = len(self.branches), len(encoded)

        def together(frames: Sequence[Tensor]) -> Tensor:
            return torch.cat([views[row : row + 1] for row in self.row_of_branch for views in frames])  # (n f) …

        prior = None
        if encoded[0].prior:
            color, alpha, background, mask = (
                unfold(together(each), f) for each in zip(*(frame.prior for frame in encoded), strict=True)
            )
            photo = torch.tensor([float(branch.photo) for branch in self.branches], device=x_t.device)
            prior = Prior(color, alpha, background, mask, photo)
        conditions = Conditions(
            unfold(together([frame.pose_map for frame in encoded]), f), self.texture_of(encoded), prior=prior
        )
        times = t.to(x_t.device).expand(n)
        denoised = denoise(
            self.unet,
            x_t.to(self.unet.dtype).expand(n, *x_t.shape),
            times,
            conditions,
            alpha_bar=self.alpha_bar[times.long()].view(n, 1, 1, 1, 1),
            prediction_type=self.prediction_type,
            encoded=[together(maps) for maps in zip(*(frame.maps for frame in encoded), strict=True)],
        )  # n f c h w
        output, person = (
            None if each is None else torch.einsum("n, n f c h w -> f c h w", self.weights, each.float())
            for each in denoised[:2]
        )
        assert output is not None
        return Denoised(output, person)

    def texture_of(self, encoded: Sequence[Encoded]) -> dict[str, KeyValue]:
        """The texture of all photos, and how much each counts in these frames."""
        reads = [frame.reads for frame in encoded if frame.reads is not None]
        if not reads:
            return self.texture
        logs = torch.stack(reads).log()  # f p
        return {
            name: KeyValue(
                key, value, logs.repeat_interleave(key.shape[1] // logs.shape[1], dim=1).expand(len(key), -1, -1)
            )
            for name, (key, value, _) in self.texture.items()
        }


def joined(textures: Sequence[KeyValue]) -> KeyValue:
    """What one block reads of several photos, one after the other."""
    if len(textures) == 1:
        return textures[0]
    return KeyValue(
        torch.cat([each.key for each in textures], dim=1), torch.cat([each.value for each in textures], dim=1)
    )


def given(photo: Photo, branches: Sequence[Branch]) -> Photo:
    """The photo, or ∅, for each branch."""
    there = torch.tensor([float(branch.photo) for branch in branches], device=photo.picture.device)
    return photo.repeated(len(branches)).where(there)
