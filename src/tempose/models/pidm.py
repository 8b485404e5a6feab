"""Import of published PIDM checkpoints (https://github.com/ankanbhunia/PIDM).

The published code builds tensors that can never reach the output; `unused_tensors` lists them by
name. All others have one place here, and every parameter here has one published tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from tempose.core.errors import CheckpointError
from tempose.models.base import StrictModel
from tempose.models.build import Networks, build_networks
from tempose.models.config import preset
from tempose.models.pickles import load_inert
from tempose.models.texture_encoder import TextureEncoder
from tempose.models.unet import PersonUNet

# The layers of one block: ours → published.
_RESIDUAL = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "modulation": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "skip": "skip_connection",
}
_ATTENTION = {"norm": "norm", "to_q": "to_q", "to_kv": "to_kv", "to_out": "proj_out2"}


def import_checkpoint(path: Path | str) -> Networks:
    """The image model in a published checkpoint file (its averaged weights, `ema`).

    Raises:
        CheckpointError: the file cannot be read, or its tensors are not exactly those of `pidm-256`.
    """
    content = load_inert(path)
    if not isinstance(content, Mapping) or not isinstance(content.get("ema"), Mapping):
        raise CheckpointError(
            f"{path} holds no averaged weights under the key 'ema'; wanted a checkpoint of PIDM", path=path
        )
    return import_weights(content["ema"])


def import_weights(published: Mapping[str, Tensor]) -> Networks:
    """The image model with the published weights.

    Raises:
        CheckpointError: a tensor is missing, unknown or of another shape; the message names some.
    """
    with torch.device("meta"):
        networks = build_networks(preset("pidm-256"), temporal=False)
    names, unused = tensor_names(networks), unused_tensors(networks)
    wanted = {name: shape for places in names.values() for name, shape in places.values()}

    problems = [f"missing {name}" for name in [*wanted, *unused] if name not in published]
    problems += [f"unknown {str(name)[:80]}" for name in published if name not in wanted and name not in unused]
    for name, shape in {**wanted, **unused}.items():
        given = published.get(name)
        if not isinstance(given, Tensor) or not given.is_floating_point():
            problems += [f"{name} is no tensor of floating-point numbers"] if name in published else []
        elif tuple(given.shape) != shape:
            problems += [f"{name} is {tuple(given.shape)}, wanted {shape}"]
    if problems:
        more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise CheckpointError(f"not the weights of the published PIDM: {', '.join(problems[:5])}{more}")

    for network, places in names.items():
        state = network.state_dict()
        weights = {
            # Copied, so that where the numbers lay in the file changes nothing of what is computed with them.
            ours: published[name].detach().reshape(state[ours].shape).to(torch.float32, copy=True)
            for ours, (name, _) in places.items()
        }
        network.load_state_dict(weights, assign=True)
    return networks


def tensor_names(networks: Networks) -> dict[StrictModel, dict[str, tuple[str, tuple[int, ...]]]]:
    """For each network: our parameter name → published name and shape."""
    names: dict[StrictModel, dict[str, tuple[str, tuple[int, ...]]]] = {}
    for network, prefix in zip(networks, ("encoder.", ""), strict=True):
        layers = {ours: prefix + published for ours, published in _layers(network)}
        names[network] = {}
        for ours, parameter in network.named_parameters():
            layer, _, kind = ours.rpartition(".")
            shape = tuple(parameter.shape)
            if ".texture." in ours and parameter.ndim == 2:
                shape = (*shape, 1)  # published as 1×1 convolutions
            names[network][ours] = (f"{layers[layer]}.{kind}", shape)
    return names


def _layers(network: StrictModel) -> Iterator[tuple[str, str]]:
    """Pairs of our layer and the published one."""

    def block(ours: str, published: str, index: int = 0) -> Iterator[tuple[str, str]]:
        module = network.get_submodule(ours)
        if hasattr(module, "texture"):
            yield from ((f"{ours}.residual.{a}", f"{published}.{index}.{b}") for a, b in _RESIDUAL.items())
            yield from ((f"{ours}.texture.{a}", f"{published}.{index + 1}.{b}") for a, b in _ATTENTION.items())
        else:
            yield from ((f"{ours}.{a}", f"{published}.{index}.{b}") for a, b in _RESIDUAL.items())

    yield "conv_in", "input_blocks.0.0"
    for k in range(len(network.down)):
        yield from block(f"down.{k}", f"input_blocks.{k + 1}")
    if isinstance(network, TextureEncoder):
        return
    assert isinstance(network, PersonUNet)
    yield "time_embedding.linear1", "time_embed.time_embed.0"
    yield "time_embedding.linear2", "time_embed.time_embed.2"
    yield from block("middle_in", "middle_block")
    yield from block("middle_out", "middle_block", 2)
    for k, place in enumerate(network.places_up):
        yield from block(f"up.{k}", f"output_blocks.{k}")
        if place.resample:
            yield from block(f"upsample.{place.level}", f"output_blocks.{k}", 1)
    yield "norm_out", "out.0"
    yield "conv_out", "out.2"


def unused_tensors(networks: Networks) -> dict[str, tuple[int, ...]]:
    """Published tensors that have no influence on the output for any input: name → shape.

    They are the second condition of every residual block (`cond_emb_layers`: the condition is always
    passed as None), the self-attention of the texture diffusion blocks (`qkv`, `proj_out1`: its lines
    are commented out), and the encoder's time path (`emb_layers`, `time_embed`: it gets no time).
    """
    unused: dict[str, tuple[int, ...]] = {}

    def layer(name: str, *shape: int) -> None:
        unused[f"{name}.weight"] = shape
        unused[f"{name}.bias"] = shape[:1]

    time_in, time = networks.unet.config.base_channels, networks.unet.config.time_channels
    for network, places in tensor_names(networks).items():
        for name, shape in places.values():
            if name.endswith(".out_layers.0.weight"):
                block, c = name.removesuffix(".out_layers.0.weight"), shape[0]
                layer(f"{block}.cond_emb_layers.1", c, c)
                if network is networks.texture_encoder:
                    layer(f"{block}.emb_layers.1", 2 * c, time)
            if name.endswith(".to_q.weight"):
                block, c = name.removesuffix(".to_q.weight"), shape[0]
                layer(f"{block}.qkv", 3 * c, c, 1)
                layer(f"{block}.proj_out1", c, c, 1)
    layer("encoder.time_embed.0", time, time_in)
    layer("encoder.time_embed.2", time, time)
    return unused
