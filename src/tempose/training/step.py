"""What one training step computes: a batch of samples → the loss of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler
from torch import Tensor, nn
from torch.utils.data import Dataset

from tempose.data.clips import ClipDataset, MixedDataset, PairDataset, Sample
from tempose.diffusion.denoise import Denoised, denoise
from tempose.diffusion.loss import Loss, Schedule, diffusion_loss
from tempose.media.tensors import to_uint8
from tempose.models.build import Networks
from tempose.models.conditions import Conditions, Photo, Prior, guides, reads_prior, warped_prior
from tempose.models.features import FeatureNetwork
from tempose.pose.render import pose_maps
from tempose.training.config import Optimization, TrainConfig
from tempose.training.pose_noise import noisy_keypoints, ragged_masks
from tempose.warp.cutout import cut_out

# Pictures are shown to the feature network this much larger: it knows pictures of 224 pixels.
ENLARGED = 2


@dataclass(frozen=True)
class Batch:
    """Samples with everything random already drawn."""

    photo: Photo
    frames: Tensor
    """x_0: `b f 3 h w` in [-1, 1]."""
    masks: Tensor
    """`b f 1 h w`, 1 where the person is in these frames."""
    keypoints: Tensor
    """`b f 18 3`; confidence 0 throughout where the pose is dropped."""
    pose_map: Tensor
    """`b f 20 h w`; zeros where the pose is dropped."""
    noise: Tensor
    """`b f 3 h w`."""
    t: Tensor
    """`b`."""

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return self._each(lambda tensors: tensors[0].to(device, non_blocking=True))

    @staticmethod
    def cat(batches: Sequence[Batch]) -> Batch:
        """Several batches as one."""
        return batches[0]._each(torch.cat, *batches[1:])

    def parts(self, n: int) -> list[Batch]:
        """The batch in n equal parts."""
        size = len(self.t) // n
        return [self._each(partial(_part, start=i * size, stop=(i + 1) * size)) for i in range(n)]

    def _each(self, change: Callable[[tuple[Tensor, ...]], Tensor], *others: Batch) -> Batch:
        photos = [batch.photo for batch in (self, *others)]
        photo = Photo(*(change(tuple(getattr(p, f.name) for p in photos)) for f in fields(Photo)))
        rest = [f.name for f in fields(Batch) if f.name != "photo"]
        return Batch(photo, *(change(tuple(getattr(b, name) for b in (self, *others))) for name in rest))


def _part(tensors: tuple[Tensor, ...], *, start: int, stop: int) -> Tensor:
    return tensors[0][start:stop]


class Drawn(Dataset):
    """Samples as batches of one, their conditions noisy and dropped, their noise and times drawn.

    Everything random comes from (seed, epoch, index): it does not depend on the number of processes
    or workers, nor on where a run was interrupted.
    """

    def __init__(self, samples: PairDataset | ClipDataset | MixedDataset, config: TrainConfig, *, noisy: bool) -> None:
        self.samples, self.config, self.noisy = samples, config, noisy

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, name: tuple[int, int]) -> Batch:
        epoch, index = name
        seed = np.random.SeedSequence([self.config.seed, epoch, index]).generate_state(1, np.uint64)[0]
        generator = torch.Generator().manual_seed(int(seed) >> 1)
        return draw(self.samples[epoch, index], self.config, noisy=self.noisy, generator=generator)


def draw(sample: Sample, config: TrainConfig, *, noisy: bool, generator: torch.Generator) -> Batch:
    """Disturb the conditions of a sample, drop some, and draw noise and time: a batch of one.

    Args:
        noisy: whether key points, mask and conditions suffer; not in validation.
        generator: the only source of randomness.
    """
    f, _, h, w = sample.frames.shape
    keypoints = torch.cat([sample.photo_keypoints[None], sample.keypoints])[None]  # 1 f+1 18 3
    mask, data = sample.photo_mask[None], config.data
    keep_pose, keep_photo = torch.ones(1), torch.ones(1)
    if noisy:
        errors = {"jitter": data.jitter, "bias": data.bias, "missing": data.missing, "swapped": data.swapped}
        keypoints = noisy_keypoints(keypoints, height=h, generator=generator, **errors)
        mask = ragged_masks(mask, width=data.ragged, generator=generator)
        keep_pose = (torch.rand(1, generator=generator) >= config.optimization.drop_pose).float()
        keep_photo = (torch.rand(1, generator=generator) >= config.optimization.drop_photo).float()
    maps = torch.from_numpy(pose_maps(keypoints[0].numpy(), (h, w)))[None]
    cutout = None
    if reads_prior(config.model) and mask.any():
        cutout = cut_out(to_uint8(sample.photo), mask[0, 0].numpy(), keypoints[0, 0].numpy(), exact=True, patches=False)
    return Batch(
        photo=Photo.of(sample.photo, maps[0, 0], cutout).where(keep_photo),
        frames=sample.frames[None],
        masks=sample.masks[None],
        keypoints=keypoints[:, 1:] * keep_pose,
        pose_map=maps[:, 1:] * keep_pose,
        noise=torch.randn(1, f, 3, h, w, generator=generator),
        t=draw_time(config, generator=generator),
    )


def draw_time(config: TrainConfig, *, generator: torch.Generator) -> Tensor:
    """The diffusion time of a sample, `1`: any, or the last one, as often as is asked for."""
    last = config.model.train_timesteps - 1
    if torch.rand(1, generator=generator) < config.optimization.last_time:
        return torch.tensor([last])
    return torch.randint(last + 1, (1,), generator=generator)


class Objective(nn.Module):
    """Both networks and the loss around them: one module, so that it can be wrapped for many GPUs."""

    def __init__(self, networks: Networks, scheduler: DDPMScheduler, *, recipe: Optimization) -> None:
        super().__init__()
        self.texture_encoder, self.unet = networks
        self.scheduler = scheduler
        self.recipe = recipe
        # Not one of the parameters: it never learns, and is no part of a state.
        self.features = [FeatureNetwork()] if recipe.perceptual else []

    def forward(self, batch: Batch) -> Loss:
        """The loss of every sample, `b`."""
        return self.loss(batch, self.predict(batch, self.prior(batch)))

    def prior(self, batch: Batch) -> Prior | None:
        """The warped photo, in full precision: half a pixel matters there."""
        if not reads_prior(self.unet.config):
            return None
        with torch.autocast(batch.frames.device.type, enabled=False):
            return warped_prior(batch.photo, batch.keypoints)

    def predict(self, batch: Batch, prior: Prior | None) -> Denoised:
        """What the model predicts for the noisy frames, float32."""
        schedule = Schedule(self.scheduler, batch.t)
        texture = self.unet.read_texture(self.texture_encoder(batch.photo.picture), batch.photo.pose_map)
        read = [] if prior is None else guides(batch.photo, prior, config=self.unet.config)
        denoised = denoise(
            self.unet,
            schedule.add_noise(batch.frames, batch.noise),
            batch.t,
            Conditions(batch.pose_map, texture, read, prior),
            alpha_bar=schedule.alpha_bar,
            prediction_type=self.scheduler.config.prediction_type,
        )
        return denoised._replace(output=denoised.output.float())

    def loss(self, batch: Batch, denoised: Denoised) -> Loss:
        """The loss of a prediction, weighted by time where that is asked for; the alpha's beside it."""
        kind = self.scheduler.config.prediction_type
        truth = {"x_0": batch.frames, "noise": batch.noise, "t": batch.t}
        loss = diffusion_loss(denoised.output, **truth, scheduler=self.scheduler, norm=self.recipe.norm)
        if self.recipe.min_snr is not None:
            alpha_bar = Schedule(self.scheduler, batch.t).alpha_bar.flatten()
            loss = Loss(min_snr_weight(alpha_bar, self.recipe.min_snr, kind) * loss.simple, loss.variational)
        simple = loss.simple
        if denoised.person is not None and self.recipe.alpha:
            error = (denoised.person[:, :, 2:] - batch.masks).abs()
            simple = simple + self.recipe.alpha * error.flatten(1).mean(1)
        if denoised.person is not None and denoised.moved is not None and self.recipe.flow:
            simple = simple + self.recipe.flow * flow_loss(denoised.moved, denoised.person[:, :, :2], batch.frames)
        for network in self.features:
            schedule = Schedule(self.scheduler, batch.t)
            x_t = schedule.add_noise(batch.frames, batch.noise)
            clean = schedule.clean(x_t, denoised.output[:, :, :3], kind).clamp(-1, 1)
            simple = simple + self.recipe.perceptual * perceptual(clean, batch.frames, network=network)
        return Loss(simple, loss.variational)

    def clean(self, batch: Batch) -> Tensor:
        """The clean frames that the prediction implies: `b f 3 h w`."""
        schedule, kind = Schedule(self.scheduler, batch.t), self.scheduler.config.prediction_type
        predicted = self.predict(batch, self.prior(batch)).output[:, :, :3]
        return schedule.clean(schedule.add_noise(batch.frames, batch.noise), predicted, kind)


def perceptual(frames: Tensor, truth: Tensor, *, network: FeatureNetwork) -> Tensor:
    """Distance of features of frames `b f 3 h w` in [-1, 1] (Johnson et al. 2016), enlarged for the network: `b`."""
    pair = (F.interpolate(x.flatten(0, 1), scale_factor=ENLARGED, mode="bilinear") for x in (frames, truth))
    if network.device != frames.device:
        network.to(frames.device)
    return network.distance(*pair).unflatten(0, frames.shape[:2]).mean(1)


# Weight of the differences between neighboring vectors of a flow, beside the error of what it moves.
SMOOTH = 0.05


def flow_loss(moved: Tensor, flow: Tensor, truth: Tensor) -> Tensor:
    """How far the moved prior is from the truth, and how rough the flow is that moved it: `b`.

    The error of the frames alone does not tell the flow from what is painted over it; a flow that is to
    move a larger picture as well has to be right by itself, and smooth (Horn and Schunck 1981, section 5; absolute
    differences, so that it may break where a limb ends).

    Args:
        moved, truth: `b f 3 h w`.
        flow: `b f 2 h w`.
    """
    rough = flow.diff(dim=-1).abs().flatten(1).mean(1) + flow.diff(dim=-2).abs().flatten(1).mean(1)
    return (moved - truth).abs().flatten(1).mean(1) + SMOOTH * rough


def min_snr_weight(alpha_bar: Tensor, gamma: float, prediction_type: str) -> Tensor:
    """Weights of Min-SNR-γ (Hang et al. 2023, "Efficient Diffusion Training", section 3.4): `b`.

    With them the loss is that of the clean frames, weighted by min(SNR, γ). For v it is min(SNR + 1, γ),
    a plain loss of v truncated at γ: with min(SNR, γ) hardly anything would be learnt at the noisiest
    times, where the photo and its alignment decide everything.
    """
    snr = alpha_bar / (1 - alpha_bar)
    of_clean = snr if prediction_type == "epsilon" else snr + 1
    return of_clean.clamp_max(gamma) / of_clean
