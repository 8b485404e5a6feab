"""The stages of training, as values: what is drawn, what learns, what it starts from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from tempose.core.errors import CheckpointError
from tempose.data.augment import Augmentation
from tempose.data.clips import ClipDataset, ClipSampling, MixedDataset, PairDataset
from tempose.diffusion.hub import find_weights, open_weights
from tempose.models.base import check_size, size_unit
from tempose.models.build import Networks, build_networks, build_schedule
from tempose.models.config import ModelConfig
from tempose.models.saved import read_config
from tempose.models.unet import PersonUNet
from tempose.training.checkpoint import newest_weights
from tempose.training.config import TrainConfig


@dataclass(frozen=True)
class Stage:
    """One stage of training."""

    dataset: Callable[[TrainConfig, Path, str], PairDataset | ClipDataset]
    """Configuration, folder and split → samples."""
    trainable: Callable[[Networks], Iterable[nn.Parameter]]
    """The parameters that learn; all others are frozen."""
    temporal: bool | None
    """Whether the model has temporal blocks; None: as the weights that it starts from."""
    dropout: bool
    """Whether dropout acts; a frozen image model is used as it is."""


def samples(config: TrainConfig, split: str) -> PairDataset | ClipDataset | MixedDataset:
    """The samples of a run: for training of all its folders, else of the first."""
    draw, data = STAGES[config.stage].dataset, config.data
    first = draw(config, data.root, split)
    if split != "train" or not data.also:
        return first
    return MixedDataset([(first, 1), *((draw(config, more.root, split), more.times) for more in data.also)])


def _pairs(config: TrainConfig, root: Path, split: str) -> PairDataset:
    return PairDataset(root, split, targets=config.data.targets, **_drawing(config, split))


def _clips(config: TrainConfig, root: Path, split: str) -> ClipDataset:
    sampling = ClipSampling(config.model.clip_length, config.data.order, config.data.stride)
    return ClipDataset(root, split, sampling=sampling, **_drawing(config, split))


def _person(config: TrainConfig, root: Path, split: str) -> PairDataset | ClipDataset:
    """Photos, which come as listed pairs, and single frames for an image model; else clips."""
    photos = (root / split / "pairs.jsonl").is_file()
    return _pairs(config, root, split) if photos or not has_temporal_blocks(config) else _clips(config, root, split)


def _drawing(config: TrainConfig, split: str) -> dict:
    data = config.data
    augmentation = Augmentation(crop=data.crop, flip=data.flip, color=data.color)
    return {
        "size": data.size or config.model.size,
        "augmentation": augmentation if split == "train" else Augmentation(),
        "seed": config.seed,
        "on_damaged": data.on_damaged,
    }


def _everything(networks: Networks) -> Iterable[nn.Parameter]:
    for network in networks:
        yield from network.parameters()


def _temporal_blocks(networks: Networks) -> Iterable[nn.Parameter]:
    return networks.unet.temporal_parameters()


def _image_model(networks: Networks) -> Iterable[nn.Parameter]:
    temporal = set(_temporal_blocks(networks))
    return (parameter for parameter in _everything(networks) if parameter not in temporal)


STAGES = {
    "image": Stage(_pairs, _everything, temporal=False, dropout=True),
    "temporal": Stage(_clips, _temporal_blocks, temporal=True, dropout=False),
    "person": Stage(_person, _image_model, temporal=None, dropout=True),
}

# The fields of saved networks and schedules that decide what weights mean.
_MEANING = set(ModelConfig.model_fields) - {"size", "dropout", "clip_length", "guidance", "steps", "mirrored"}
_MEANING = _MEANING - {"timestep_spacing"} | {"num_train_timesteps"}


def has_temporal_blocks(config: TrainConfig) -> bool:
    """Whether the model of a run is a video model."""
    temporal = STAGES[config.stage].temporal
    if temporal is None:
        return read_config(PersonUNet, _start(config) / "unet").temporal
    return temporal


def starting_networks(config: TrainConfig) -> Networks:
    """The networks before the first step: from `start`, or fresh from the seed; frozen but for what learns.

    Raises:
        InputError: the networks cannot halve the size that is trained at.
        CheckpointError: the weights are of another model; the message names a field that differs.
    """
    check_size(config.data.size or config.model.size, unit=size_unit(config.model))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        networks = build_networks(config.model, temporal=has_temporal_blocks(config))
    if config.start is not None:
        take_over(networks, _start(config), model=config.model)
    return frozen(networks, STAGES[config.stage])


def frozen(networks: Networks, stage: Stage) -> Networks:
    """The networks, of which only what the stage trains asks for gradients."""
    for network in networks:
        network.requires_grad_(False)
    for parameter in stage.trainable(networks):
        parameter.requires_grad_(True)
    return networks


def take_over(networks: Networks, start: Path | str, *, model: ModelConfig) -> None:
    """Copy saved weights into networks: of a video model its image model, where no more is wanted; what the saved
    model lacks stays as it is: temporal blocks, what corrects the prior.

    Raises:
        CheckpointError: the weights are of another model; the message names a field that differs.
    """
    given, gets = open_weights(start), networks.unet.config.temporal
    if not gets:
        given = given.image_model()
    has = given.unet.config.temporal
    free = {"temporal_head_channels"} if gets and not has else set()
    if not given.unet.config.correct_prior:
        free |= {"correct_prior"}
    parts = (
        (given.texture_encoder, networks.texture_encoder),
        (given.unet, networks.unet),
        (given.scheduler, build_schedule(model)),
    )
    for found, wanted in parts:
        for name in sorted((_MEANING - free) & wanted.config.keys()):
            there, here = found.config[name], wanted.config[name]
            if there != here:
                raise CheckpointError(
                    f"the weights in {start} are of another model: {name} is {there} there, "
                    f"{here} in the configuration",
                    path=start,
                )
    networks.texture_encoder.load_state_dict(given.texture_encoder.state_dict())
    networks.unet.load_state_dict({**networks.unet.state_dict(), **given.unet.state_dict()})


def digest(parameters: Iterable[nn.Parameter]) -> str:
    """SHA-256 over the values of parameters: two runs with the same frozen weights have the same."""
    found = hashlib.sha256()
    for parameter in parameters:
        found.update(parameter.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def _start(config: TrainConfig) -> Path:
    """The saved model to start from; of a training run, its newest weights."""
    assert config.start is not None
    return newest_weights(Path(config.start)) or find_weights(config.start) or Path(config.start)
