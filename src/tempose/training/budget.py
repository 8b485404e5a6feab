"""What a run takes, before it begins: parameters counted, memory estimated."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, UntypedStorage, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from tempose.models.build import Networks, build_networks, build_schedule
from tempose.models.conditions import Photo, Prior, reads_prior
from tempose.pose.keypoints import KEYPOINTS
from tempose.pose.render import POSE_CHANNELS
from tempose.training.config import TrainConfig
from tempose.training.stages import STAGES, frozen, has_temporal_blocks
from tempose.training.step import Batch, Objective

# Bytes of a number: parameters, gradients, averages and both of Adam's moments are float32.
FLOAT, MOMENTS = 4, 2


@dataclass(frozen=True)
class Budget:
    """Parameters, and bytes on one device."""

    trainable: int
    frozen: int
    activations: int
    """What autograd keeps of one sample for the backward pass."""
    samples: int
    """Samples that are in flight at once on one device."""

    def __str__(self) -> str:
        learning = FLOAT * self.trainable
        lines = [
            ("parameters", FLOAT * self.frozen + learning),
            ("gradients", learning),
            ("optimizer", MOMENTS * learning),
            ("averages", learning),
            (f"activations of {self.samples} sample(s), estimated", self.activations * self.samples),
        ]
        total = sum(size for _, size in lines)
        return "\n".join(
            [f"{'trainable parameters':<44}{self.trainable:>14,}", f"{'frozen parameters':<44}{self.frozen:>14,}"]
            + [f"{'memory: ' + name:<44}{size / 2**20:>10,.0f} MiB" for name, size in [*lines, ("in all", total)]]
        )


def budget(config: TrainConfig, *, processes: int = 1) -> Budget:
    """Count a run's parameters and estimate its memory, without its data and without computing anything.

    One sample goes through networks of fake tensors, which have shapes but no values; activations are
    the storages that autograd saves, in the arithmetic of `optimization.precision`. Buffers that live
    only within an operation, and the fragmentation of a device's memory, come on top.
    """
    with FakeTensorMode(allow_non_fake_inputs=True):
        networks = build_networks(config.model, temporal=has_temporal_blocks(config))
        networks = frozen(networks, STAGES[config.stage])
        objective = Objective(networks, build_schedule(config.model), recipe=config.optimization)
        activations = _saved_bytes(objective, config)
    learns = [parameter.requires_grad for parameter in objective.parameters()]
    counts = [parameter.numel() for parameter in objective.parameters()]
    trainable = sum(count for count, does in zip(counts, learns, strict=True) if does)
    in_flight = config.optimization.batch // (processes * config.optimization.accumulate)
    return Budget(trainable, sum(counts) - trainable, activations, max(1, in_flight))


class _Kept:
    """The storages that are kept for the backward pass, each counted once; parameters are not."""

    def __init__(self, objective: nn.Module) -> None:
        self.parameters = {parameter.untyped_storage() for parameter in objective.parameters()}
        self.storages: set[UntypedStorage] = set()  # held, so that none takes the place of another

    def add(self, tensor: Tensor) -> Tensor:
        if (storage := tensor.untyped_storage()) not in self.parameters:
            self.storages.add(storage)
        return tensor

    @property
    def size(self) -> int:
        return sum(storage.nbytes() for storage in self.storages)


def _saved_bytes(objective: Objective, config: TrainConfig) -> int:
    """Bytes that one sample keeps; with checkpointing, the blocks' inputs and the largest block's own."""
    kept, largest = _Kept(objective), [0]

    def block_input(block: nn.Module, *inputs: object) -> object:
        for tensor in inputs:
            if isinstance(tensor, Tensor):
                kept.add(tensor)
        own = _Kept(objective)
        with torch.autograd.graph.saved_tensors_hooks(own.add, _unchanged):
            output = block(*inputs)
        largest[0] = max(largest[0], own.size)
        return output

    if config.optimization.checkpointing:
        for network in Networks(objective.texture_encoder, objective.unet):
            network.enable_gradient_checkpointing(block_input)
    half = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[config.optimization.precision]
    batch = _sample(config)
    # In place of the warp's, which looks at values and keeps nothing for the backward pass.
    prior = None
    if reads_prior(config.model):
        color, background, alpha, mask = (
            torch.zeros_like(x) for x in (batch.frames, batch.frames, batch.masks, batch.masks)
        )
        prior = Prior(color, alpha, background, mask, torch.ones(1))
    with (
        torch.autocast("cpu", half, enabled=half is not None),
        torch.autograd.graph.saved_tensors_hooks(kept.add, _unchanged),
    ):
        objective.loss(batch, objective.predict(batch, prior)).total.mean()
    return kept.size + largest[0]


def _sample(config: TrainConfig) -> Batch:
    """A batch of one with the shapes of the stage's samples."""
    h, w = config.data.size or config.model.size
    f = config.model.clip_length if has_temporal_blocks(config) else 1
    frames, maps, masks, keypoints = (
        torch.zeros(1, f, *shape) for shape in ((3, h, w), (POSE_CHANNELS, h, w), (1, h, w), (len(KEYPOINTS), 3))
    )
    photo = Photo.of(frames[0, 0], maps[0, 0])
    return Batch(photo, frames, masks, keypoints, maps, frames, torch.zeros(1, dtype=torch.long))


def _unchanged(tensor: Tensor) -> Tensor:
    return tensor
