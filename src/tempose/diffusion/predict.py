"""The guided prediction for all frames of a video at one diffusion time.

A frame is first predicted by itself, as far as the network sees neither the photo's texture nor other frames;
then, in windows, together with its neighbours, in every branch of the guidance. The first part is computed once
for all branches that do not differ there, and once for windows that follow one another and overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from diffusers import DDPMScheduler
from torch import Tensor

from tempose.diffusion.denoise import denoise
from tempose.diffusion.guidance import Branch, Guidance
from tempose.diffusion.windows import Window
from tempose.models.conditions import Conditions, Guided, Photo, Prior, guides
from tempose.models.layers import unfold
from tempose.models.texture_encoder import TextureEncoder
from tempose.models.unet import PersonUNet
from tempose.pose.keypoints import Motion
from tempose.pose.render import pose_maps


class Encoded(NamedTuple):
    """One frame at one time, predicted by itself; v views of it."""

    pose_map: Tensor
    """`v 20 h w`."""
    prior: tuple[Tensor, ...]
    """Picture `v 3 h w` and doubt `v 1 h w` of what is known, where the model builds on it."""
    maps: tuple[Tensor, ...]
    """`v c h w`, one a block of the network."""


class Predictor:
    """Networks, photo and poses: what all predictions for one video have in common.

    The photo is read here, once. All tensors are on the networks' device.

    Args:
        photo: of one person.
        poses: a motion in frames of the photo's size, or its pose maps `f 20 h w`.
        guidance: which branches there are, and their weights.
    """

    def __init__(
        self,
        texture_encoder: TextureEncoder,
        unet: PersonUNet,
        scheduler: DDPMScheduler,
        *,
        photo: Photo,
        poses: Tensor | Motion,
        guidance: Guidance,
    ) -> None:
        self.unet, self.poses = unet, poses
        self.alpha_bar = scheduler.alphas_cumprod.to(unet.device)
        self.prediction_type = scheduler.config.prediction_type
        self.branches = guidance.branches()
        self.weights = torch.tensor([branch.weight for branch in self.branches], device=unet.device)
        # Branches that differ before the texture is read; for most models that is in the pose alone.
        sees = [(branch.pose, branch.photo and reads_photo(unet.config)) for branch in self.branches]
        first = {view: sees.index(view) for view in sees}
        self.row_of_branch = [list(first).index(view) for view in sees]
        self.views = [self.branches[i] for i in first.values()]

        read = given(photo, self.branches)
        features = texture_encoder(read.picture.to(unet.dtype))
        self.texture = unet.read_texture(features, read.pose_map.to(unet.dtype))
        self.photos = given(photo, self.views)

    def __call__(self, x_t: Tensor, t: Tensor, frames: Tensor, windows: Iterable[Window]) -> Tensor:
        """The guided prediction for all frames.

        Args:
            x_t: noisy frames `f 3 h w`, float32.
            t: the time of all of them.
            frames: for each its index in the poses, `f`.
            windows: which of them the network sees together, and how much each prediction counts.

        Returns:
            `f c h w`, float32, c = 3, or 6 where the variance is learned.
        """
        total: Tensor | None = None
        weight_sum = torch.zeros(len(x_t), 1, 1, 1, device=x_t.device)
        encoded: dict[int, Encoded] = {}
        for window, weights in windows:
            encoded = {i: encoded[i] for i in window.tolist() if i in encoded}
            new = torch.tensor([i for i in window.tolist() if i not in encoded], dtype=torch.long)
            if len(new):
                encoded |= zip(new.tolist(), self.encode(x_t[new], t, frames[new]), strict=True)
            guided = self.decode(x_t[window], t, [encoded[i] for i in window.tolist()])
            weights = weights.to(x_t)[:, None, None, None]
            if total is None:
                total = torch.zeros(len(x_t), *guided.shape[1:], device=x_t.device)
            total[window] += weights * guided
            weight_sum[window] += weights
        assert total is not None
        return total.div_(weight_sum)

    def encode(self, x_t: Tensor, t: Tensor, frames: Tensor) -> list[Encoded]:
        """Noisy frames `f 3 h w`, each by itself."""
        v, f, dtype = len(self.views), len(frames), self.unet.dtype
        sees_pose = torch.tensor([float(view.pose) for view in self.views], device=x_t.device)
        pose_map = sees_pose.view(v, 1, 1, 1, 1) * self.pose_maps(frames).to(x_t)
        read: list[Tensor] = []
        prior = None
        if isinstance(self.poses, Motion):
            keypoints = torch.from_numpy(self.poses.keypoints[frames.numpy()]).to(x_t)
            read, prior = guides(self.photos, sees_pose.view(v, 1, 1, 1) * keypoints, config=self.unet.config)
        conditions = Conditions(pose_map.to(dtype), (), [guide.to(dtype) for guide in read])
        maps = self.unet.encode(x_t.to(dtype).expand(v, *x_t.shape), t.to(x_t.device).expand(v), conditions)
        sure = () if prior is None else (prior.picture, prior.mask)
        return [
            Encoded(
                conditions.pose_map[:, i],
                tuple(values[:, i] for values in sure),
                tuple(unfold(values, f)[:, i] for values in maps),
            )
            for i in range(f)
        ]

    def decode(self, x_t: Tensor, t: Tensor, encoded: Sequence[Encoded]) -> Tensor:
        """Noisy frames `f 3 h w` of one window → their guided prediction `f c h w`, all branches in one call."""
        n, f = len(self.branches), len(encoded)

        def together(frames: Sequence[Tensor]) -> Tensor:
            return torch.cat([views[row : row + 1] for row in self.row_of_branch for views in frames])  # (n f) …

        prior = None
        if encoded[0].prior:
            picture, mask = (unfold(together(values), f) for values in zip(*(b.prior for b in encoded), strict=True))
            prior = Prior(picture, mask, torch.tensor([float(b.photo) for b in self.branches], device=x_t.device))
        conditions = Conditions(
            unfold(together([b.pose_map for b in encoded]), f),
            self.texture,
            prior=prior,
            encoded=[together(maps) for maps in zip(*(b.maps for b in encoded), strict=True)],
        )
        times = t.to(x_t.device).expand(n)
        predictions = denoise(
            self.unet,
            x_t.to(self.unet.dtype).expand(n, *x_t.shape),
            times,
            conditions,
            alpha_bar=self.alpha_bar[times.long()].view(n, 1, 1, 1, 1),
            prediction_type=self.prediction_type,
        )  # n f c h w
        return torch.einsum("n, n f c h w -> f c h w", self.weights, predictions.float())

    def pose_maps(self, frames: Tensor) -> Tensor:
        """The pose maps of the frames with these indices, `f 20 h w`; of a motion they are drawn now."""
        if isinstance(self.poses, Motion):
            return torch.from_numpy(pose_maps(self.poses.keypoints[frames.numpy()], self.poses.size))
        return self.poses[frames]


def given(photo: Photo, branches: Sequence[Branch]) -> Photo:
    """The photo, or ∅, for each branch."""
    there = torch.tensor([float(branch.photo) for branch in branches], device=photo.picture.device)
    return photo.repeated(len(branches)).where(there)


def reads_photo(config: Guided) -> bool:
    """Whether a model sees more of the photo than its texture."""
    return config.warped_photo or config.background or config.copy_gate or config.sigma_data is not None
