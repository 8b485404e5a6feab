"""Photo and poses → frames: the one way to sample, for command line, validation and evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from diffusers import DDPMScheduler, DiffusionPipeline
from diffusers.utils import BaseOutput
from torch import Tensor

from tempose.core.errors import CheckpointError, InputError
from tempose.diffusion.guidance import Guidance
from tempose.diffusion.mirror import BothWays, MirroredFrames
from tempose.diffusion.predict import Frames, Predictor
from tempose.diffusion.samples import Sample, predicted
from tempose.diffusion.solvers import make_solver
from tempose.diffusion.windows import Strategy, find_strategy
from tempose.media.tensors import to_uint8
from tempose.models.base import check_size, size_unit
from tempose.models.build import Networks, build_networks, build_schedule, without_temporal_blocks
from tempose.models.conditions import Photo, reads_prior
from tempose.models.config import ModelConfig, SamplingConfig, preset
from tempose.models.saved import load_schedule, read_index
from tempose.models.texture_encoder import TextureEncoder
from tempose.models.unet import PersonUNet
from tempose.pose.keypoints import KEYPOINTS, Motion
from tempose.pose.render import POSE_CHANNELS, pose_map
from tempose.warp.cutout import LAYERS, Cutout, cut_out

# Called after each step as (pipeline, step, t, {"x_t": …}), as in diffusers; may return a changed x_t.
StepCallback = Callable[["PersonVideoPipeline", int, Tensor, dict[str, Tensor]], dict[str, Tensor] | None]


@dataclass(frozen=True)
class Appearance:
    """What must stay as it is in a reference (PIDM, section 4.5, appearance control).

    Attributes:
        reference: `f 3 h w` or, the same for all frames, `1 3 h w`, in [-1, 1].
        keep: `f 1 h w` or `1 1 h w` in [0, 1]; 1 keeps the reference, 0 is generated.
    """

    reference: Tensor
    keep: Tensor


@dataclass(frozen=True)
class FurtherPhotos:
    """Photos besides the first, of the same person or of another, and how much every photo gives, the first included.

    Attributes:
        pictures: `p-1 3 h w` in [-1, 1], of the first photo's size.
        cutouts: the person cut out of each.
        shares: how much of each layer each photo gives to every frame, `p f l`, sums of 1 over p; or `p f` of people.
        reads: how much each photo's texture counts for the network, `p f` in [0, 1]; without, all of them alike.
    """

    pictures: Tensor
    cutouts: Sequence[Cutout]
    shares: Tensor
    reads: Tensor | None = None


class GeneratedFrame(NamedTuple):
    """What a model says of one frame."""

    frame: Tensor
    """`3 h w` in [-1, 1]."""
    alpha: Tensor | None
    """Where the person is, `1 h w` in [0, 1]; None where the model corrects no prior."""
    flow: Tensor | None
    """How the warped person was moved, `2 h w`, as `tempose.warp.detail.moved` takes it; None likewise."""


@dataclass
class PersonVideoOutput(BaseOutput):
    """What the pipeline returns."""

    frames: Tensor
    """`f 3 h w` in [-1, 1]."""
    alpha: Tensor | None = None
    """Where the person is, `f 1 h w` in [0, 1]; None where the model corrects no prior."""
    flow: Tensor | None = None
    """How the warped person was moved, `f 2 h w`, as `tempose.warp.detail.moved` takes it; None likewise."""


class PersonVideoPipeline(DiffusionPipeline):
    """One photo of a person and the poses of a motion → the frames of that person moving."""

    texture_encoder: TextureEncoder
    unet: PersonUNet
    scheduler: DDPMScheduler

    model_cpu_offload_seq = "texture_encoder->unet"
    _callback_tensor_inputs = ("x_t",)

    def __init__(
        self,
        texture_encoder: TextureEncoder,
        unet: PersonUNet,
        scheduler: DDPMScheduler,
        sampling: SamplingConfig = SamplingConfig(),
    ) -> None:
        super().__init__()
        self.register_modules(texture_encoder=texture_encoder, unet=unet, scheduler=scheduler)
        self.register_to_config(sampling=sampling.model_dump())
        self.sampling = sampling

    @classmethod
    def from_networks(cls, networks: Networks, *, config: ModelConfig) -> Self:
        """A pipeline around networks, with the schedule of their configuration."""
        sampling = config.part(SamplingConfig)
        return cls(networks.texture_encoder.eval(), networks.unet.eval(), build_schedule(config), sampling)

    @classmethod
    def from_preset(cls, name: str, *, temporal: bool = True, seed: int = 0) -> Self:
        """A pipeline with random, untrained weights: for tests and as the start of training.

        Args:
            name: of a preset (`tempose.models.config.PRESETS`).
            temporal: with temporal blocks, which untrained change nothing.
            seed: of the weights; torch's own random state stays as it is.

        Raises:
            InputError: there is no such preset.
        """
        config = preset(name)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls.from_networks(build_networks(config, temporal=temporal), config=config)

    @classmethod
    def from_pretrained(cls, path: Path | str) -> Self:
        """Load what `save_pretrained` wrote into a folder.

        Raises:
            CheckpointError: something is missing, unexpected or damaged.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise CheckpointError(f"cannot load a model from {path}: there is no such folder", path=path)
        parts = (DDPMScheduler, TextureEncoder, PersonUNet)
        sampling = read_index(folder, of=cls.__name__, parts=parts, unet="unet")
        encoder = TextureEncoder.from_pretrained(folder, subfolder="texture_encoder")
        unet = PersonUNet.from_pretrained(folder, subfolder="unet")
        for name in encoder.config.keys() & unet.config.keys() - {"dropout"}:
            if name[:1] != "_" and encoder.config[name] != unet.config[name]:
                raise CheckpointError(f"{folder}: {name} differs between texture_encoder and unet", path=folder)
        return cls(encoder, unet, load_schedule(folder / "scheduler" / DDPMScheduler.config_name), sampling)

    def configuration(self) -> ModelConfig:
        """All that the model is, as training and presets write it down."""
        schedule = self.scheduler.config
        said = {**schedule, **self.unet.config, **dict(self.sampling), "train_timesteps": schedule.num_train_timesteps}
        return ModelConfig(**{name: said[name] for name in ModelConfig.model_fields})

    def image_model(self) -> Self:
        """The image model inside this video model, with the same weights, not copied."""
        return type(self)(self.texture_encoder, without_temporal_blocks(self.unet), self.scheduler, self.sampling)

    def __call__(self, photo: Tensor, poses: Tensor | Motion, **sampling: Any) -> PersonVideoOutput:
        """Generate the person of the photo in the given poses: all frames at once; arguments as those of `stream`.

        Returns:
            Frames `f 3 h w` in [-1, 1], on the pipeline's device.

        Raises:
            InputError: a shape, range or name does not fit.
        """
        generated = zip(*self.progress_bar(self.stream(photo, poses, **sampling)), strict=True)
        return PersonVideoOutput(*(None if each[0] is None else torch.stack(each) for each in generated))

    @torch.no_grad()
    def stream(
        self,
        photo: Tensor,
        poses: Tensor | Motion,
        *,
        num_inference_steps: int | None = None,
        guidance: Guidance | None = None,
        solver: str = "ddim",
        strategy: str | Strategy = "overlap",
        window: int | None = None,
        appearance: Appearance | None = None,
        generator: torch.Generator | None = None,
        photo_keypoints: Tensor | None = None,
        photo_mask: Tensor | None = None,
        cutout: Cutout | None = None,
        further: FurtherPhotos | None = None,
        callback_on_step_end: StepCallback | None = None,
    ) -> Iterator[GeneratedFrame]:
        """Generate the person of the photo in the given poses, frame by frame.

        At the last step, which may be the only one, a frame is given as soon as no later window sees it. Before that
        step, and where a callback watches, the noisy frames of the whole video are held.

        Args:
            photo: `3 h w` in [-1, 1].
            poses: a motion in frames of the photo's size, whose pose maps are drawn as they are needed;
                or the pose maps themselves, `f 20 h w` in [0, 1] (`tempose.pose.render.pose_maps`).
            num_inference_steps: denoising steps, 1 to T; by default the model's own.
            guidance: scales of the classifier-free guidance; by default the model's own.
            solver: `ddim`, `ddpm`, `dpm++` or `unipc`.
            strategy: `overlap`, `loop` or `strided`, or one of `tempose.diffusion.windows` with its
                own settings.
            window: frames that the network sees together; by default the length of the clips that it
                was trained on, or the whole video where that is shorter.
            appearance: what to keep of a reference.
            photo_keypoints: of the person in the photo, `18 3`; for models that warp the photo.
            photo_mask: where the person is in the photo, `1 h w` in [0, 1]; for the same models.
            cutout: instead of these two, the person cut out of the photo already.
            further: more photos, whose texture is read besides, and from which layers of the person come.
            generator: source of all randomness; by default a fresh one with seed 0.
            callback_on_step_end: called after each step; see `StepCallback`.

        Returns:
            The frames one after the other, on the pipeline's device; nothing is generated before they are asked for.

        Raises:
            InputError: a shape, range or name does not fit.
        """
        guidance = guidance or Guidance(photo=self.sampling.guidance)
        count = self.sampling.steps if num_inference_steps is None else num_inference_steps
        generator = generator or torch.Generator().manual_seed(0)
        cut = find_strategy(strategy)
        self.check_conditions(photo, poses)
        person = self.check_photo(photo, photo_keypoints, photo_mask, cutout, poses)
        window = self.check_window(window, frames=len(poses))
        selected = cut.select(len(poses), window)
        if appearance is not None:
            appearance = self.check_appearance(appearance, frames=len(poses), size=photo.shape[1:], used=selected)
        device = self.device  # diffusers looks for it in all modules, each time it is asked
        fresh = make_solver(solver, schedule=self.scheduler, steps=count, device=device)
        times = fresh.timesteps
        mixed: dict[str, Tensor | None] = {}
        if further is not None:
            person, mixed = self.with_further(person, further, poses)
        frames = Frames(person, poses, prior=reads_prior(self.unet.config), again=count > 1, **mixed)
        guidances = [guidance.at(int(t) / self.scheduler.config.num_train_timesteps) for t in times]
        predictors = self.predictors(frames, set(guidances))

        def noise() -> Iterator[Sample]:
            for _ in selected:
                x_t = torch.randn(*photo.shape, generator=generator, device=generator.device).to(device)
                own = deepcopy(fresh)
                yield Sample(x_t * own.init_noise_sigma, own, None if appearance is None else x_t)

        def less_noisy(samples: Iterable[Sample], step: int) -> Iterator[Sample]:
            t, predict = times[step], predictors[guidances[step]].at(times[step])
            windows = cut.windows(len(selected), window, step)
            held = self.hold(appearance, samples, t)
            for sample in predicted(held, windows, lambda x_t, seen: predict(x_t, selected[seen])):
                sample.step(t, generator)
                yield sample

        @torch.no_grad()
        def steps() -> Iterator[GeneratedFrame]:
            samples: Iterable[Sample] = noise()
            for step, t in enumerate(times):
                samples = less_noisy(samples, step)
                if step + 1 < len(times):
                    samples = [sample.forget() for sample in samples]
                if callback_on_step_end is not None:
                    samples = self.told(callback_on_step_end, step, t, list(samples))
            for sample in self.hold(appearance, samples, None):
                x_0 = sample.x_t.clamp(-1, 1)
                if sample.person is None:
                    yield GeneratedFrame(x_0, None, None)
                else:
                    flow, alpha = sample.person.split([2, 1])
                    yield GeneratedFrame(x_0, alpha.clamp(0, 1), flow)

        return steps()

    def told(self, callback: StepCallback, step: int, t: Tensor, samples: list[Sample]) -> list[Sample]:
        """The samples as a callback leaves them."""
        x_t = torch.stack([sample.x_t for sample in samples])
        x_t = (callback(self, step, t, {"x_t": x_t}) or {}).get("x_t", x_t)
        for sample, changed in zip(samples, x_t, strict=True):
            sample.x_t = changed
        return samples

    def predictors(self, frames: Frames, guidances: Iterable[Guidance]) -> dict[Guidance, Predictor | BothWays]:
        """What predicts for these frames under each guidance; in the mirror too, where the model is sampled so."""
        ways = [frames, MirroredFrames(frames)] if self.sampling.mirrored else [frames]
        made: dict[Guidance, Predictor | BothWays] = {}
        for guidance in guidances:
            each = [
                Predictor(self.texture_encoder, self.unet, self.scheduler, frames=way, guidance=guidance)
                for way in ways
            ]
            made[guidance] = BothWays(*each) if self.sampling.mirrored else each[0]
        return made

    def hold(self, appearance: Appearance | None, samples: Iterable[Sample], t: Tensor | None) -> Iterator[Sample]:
        """Put the reference back where it is kept (PIDM, section 4.5), as noisy as samples at time t; None: clean."""
        for index, sample in enumerate(samples):
            if appearance is not None and sample.noise is not None:
                reference, keep = appearance.reference[index], appearance.keep[index]
                if t is not None:
                    reference = sample.solver.add_noise(reference[None], sample.noise[None], t[None])[0]
                sample.x_t = keep * reference + (1 - keep) * sample.x_t
            yield sample

    def check_conditions(self, photo: Tensor, poses: Tensor | Motion) -> None:
        """Whether photo and poses are of the shapes, ranges and one size that `__call__` says.

        Raises:
            InputError: they are not.
        """
        check_tensor("the photo", photo, (3, None, None), -1, 1)
        size = tuple(photo.shape[1:])
        check_size(size, unit=size_unit(self.unet.config))
        if not isinstance(poses, Motion):
            check_tensor("a tensor of pose maps, or a Motion", poses, (None, POSE_CHANNELS, *size), 0, 1)
        elif poses.size != size:
            raise InputError(
                f"the motion is in frames of {poses.size[0]}×{poses.size[1]}, the photo has {size[0]}×{size[1]} "
                "(height × width)",
                remedy="fit the motion to the photo first",
            )

    def check_photo(
        self, picture: Tensor, keypoints: Tensor | None, mask: Tensor | None, cutout: Cutout | None,
        poses: Tensor | Motion,
    ) -> Photo:  # fmt: skip
        """What is known of the photo, b = 1, on the pipeline's device; what this model does not need may be left out.

        Raises:
            InputError: something that it needs is missing, or of another shape or range than `__call__` says.
        """
        config, (h, w) = self.unet.config, picture.shape[1:]
        needs = reads_prior(config) or config.pose_keys
        if needs and ((cutout is None and (keypoints is None or mask is None)) or not isinstance(poses, Motion)):
            raise InputError(
                "this model warps the photo into the poses",
                remedy="give photo_keypoints and photo_mask, or a cutout, and the poses as a Motion",
            )
        if keypoints is not None:
            check_tensor("photo_keypoints", keypoints, (len(KEYPOINTS), 3))
        if mask is not None:
            check_tensor("photo_mask", mask, (1, h, w), 0, 1)
        if cutout is None and needs and keypoints is not None and mask is not None:
            cutout = cut_out(to_uint8(picture), mask[0].cpu().numpy(), keypoints.cpu().numpy(), exact=True)
        if cutout is not None and cutout.matte.shape != (h, w):
            raise InputError(f"the cutout is {cutout.matte.shape}, the photo {(h, w)}; wanted one (height, width)")
        points = np.zeros((len(KEYPOINTS), 3), np.float32) if cutout is None else cutout.keypoints
        return Photo.of(picture.float(), torch.from_numpy(pose_map(points, (h, w))), cutout).to(self.device)

    def with_further(
        self, person: Photo, further: FurtherPhotos, poses: Tensor | Motion
    ) -> tuple[Photo, dict[str, Tensor | None]]:
        """The first photo and further ones, b = p; and how much each gives, by name: `shares`, `reads`.

        Raises:
            InputError: a shape or range does not fit.
        """
        p, f = 1 + len(further.cutouts), len(poses)
        pictures, shares, reads = further.pictures, further.shares, further.reads
        check_tensor("further photos", pictures, (p - 1, *person.picture.shape[1:]), -1, 1)
        check_tensor("the shares of photos", shares, (p, f, len(LAYERS))[: max(2, shares.ndim)], 0, 1)
        if reads is not None:
            check_tensor("the reads of photos", reads, (p, f), 0, 1)
        more = [
            self.check_photo(picture, None, None, cutout, poses)
            for picture, cutout in zip(pictures, further.cutouts, strict=True)
        ]
        given = {"shares": shares, "reads": None if reads is None else reads.to(self.device)}
        return Photo.together([person, *more]), given

    def check_window(self, window: int | None, *, frames: int) -> int:
        """The window in frames, 1 to the video's; None is the model's own.

        Raises:
            InputError: it is longer than the video, or no whole number.
        """
        if window is None:
            return min(self.sampling.clip_length, frames)
        if not isinstance(window, int) or not 1 <= window <= frames:
            raise InputError(f"the window is {window!r} frames; wanted a whole number from 1 to the video's {frames}")
        return window

    def check_appearance(self, appearance: Appearance, *, frames: int, size: torch.Size, used: Tensor) -> Appearance:
        """Reference `f 3 h w` in [-1, 1] and mask `f 1 h w` in [0, 1], one for each of the `used` frames, on the
        pipeline's device.

        Raises:
            InputError: a shape or range does not fit.
        """
        parts = []
        for name, channels, low in (("reference", 3, -1), ("keep", 1, 0)):
            given = getattr(appearance, name)
            check_tensor(f"the appearance's {name}", given, (1 if len(given) == 1 else frames, channels, *size), low, 1)
            parts.append(
                (given[used] if len(given) > 1 else given.expand(len(used), *given.shape[1:])).to(
                    self.device, torch.float32
                )
            )
        return Appearance(*parts)


def check_tensor(
    what: str, values: Tensor, shape: tuple[int | None, ...], low: float = -math.inf, high: float = math.inf
) -> None:
    """Whether values are a tensor of that shape (None: any length from 1 on), floating point, finite, within bounds.

    Raises:
        InputError: they are not.
    """
    wanted = f"({', '.join('≥ 1' if side is None else str(side) for side in shape)}), floating point"
    if not isinstance(values, Tensor) or not values.is_floating_point():
        raise InputError(f"{what}: given is {getattr(values, 'dtype', type(values).__name__)}; wanted {wanted}")
    if values.ndim != len(shape) or any(n < 1 or n != (side or n) for n, side in zip(values.shape, shape, strict=True)):
        raise InputError(f"{what}: the shape is {tuple(values.shape)}; wanted {wanted}")
    smallest, largest = values.amin().item(), values.amax().item()
    if not (low - 1e-3 <= smallest and largest <= high + 1e-3) or not math.isfinite(smallest + largest):
        raise InputError(f"{what}: values run from {smallest:g} to {largest:g}; wanted finite, within [{low}, {high}]")
