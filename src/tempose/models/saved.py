"""Networks as `save_pretrained` wrote them: a description in JSON beside weights in safetensors.

Both come from anywhere. The description is checked number by number and the weights by their head alone, each tensor
with its name and shape, before memory is taken for either; nothing that a file names is imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from diffusers import DDPMScheduler
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from tempose.core.errors import CheckpointError, told
from tempose.core.reading import open_plain
from tempose.models.config import Part, SamplingConfig

if TYPE_CHECKING:
    from tempose.models.base import StrictModel

Network = TypeVar("Network", bound="StrictModel")

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
INDEX = "model_index.json"

# Under which name a pipeline keeps how it is sampled.
SAMPLING = "sampling"

# Bounds: bytes of a description; diffusion times. Those of networks are in `tempose.models.config`.
_BYTES, _TIMES = 100_000, 10_000

# In weights: the kinds of numbers, as safetensors names them.
_KINDS = ("F32", "F16", "BF16")

# What a noise schedule may say; the rest of its description has no meaning here.
_SCHEDULE = {
    "beta_schedule": ("linear",),
    "prediction_type": ("epsilon", "v_prediction"),
    "variance_type": ("learned_range", "fixed_small"),
    "timestep_spacing": ("leading", "trailing", "linspace"),
    "trained_betas": (None,),
    "clip_sample": (False,),
    "thresholding": (False,),
    "rescale_betas_zero_snr": (False,),
    "steps_offset": (0,),
}


def read_description(path: Path, *, of: str) -> dict[str, Any]:
    """A JSON object that describes a class.

    Raises:
        CheckpointError: it is missing, no JSON object, too large, or of another class.
    """
    try:
        with open_plain(path) as file:
            content = file.read(_BYTES + 1)
        if len(content) > _BYTES:
            raise ValueError(f"it has more than {_BYTES:,} bytes")
        found = json.loads(content)
        if not isinstance(found, dict) or found.get("_class_name") != of:
            raise ValueError(f"it does not describe a {of}")
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"cannot load {of} from {path}: {str(error)[:200]}", path=path) from error
    return found


def read_config(network: type[Network], folder: Path) -> Any:
    """What a saved network is built of, all within bounds: its `config_class`.

    Raises:
        CheckpointError: something is not known, missing, of another type, or beyond its bounds.
    """
    path = folder / CONFIG
    found = {key: value for key, value in read_description(path, of=network.__name__).items() if key[:1] != "_"}
    if network.former_fields is not None:
        former = {name: found.pop(name) for name in network.former_fields.model_fields if name in found}
        checked(network.former_fields, former, of=path)
    return checked(network.config_class, found, of=path)


def checked(kind: type[Part], fields: Mapping[str, Any], *, of: Path) -> Part:
    """A configuration from what a file says: no number for another, nothing more and nothing less.

    Raises:
        CheckpointError: a field does not fit.
    """
    try:
        return kind.model_validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        raise CheckpointError(told(error)[:280], path=of) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(str(error)[:200], path=of) from error


def load_network(network: type[Network], folder: Path) -> Network:
    """A saved network in float32, whole or not at all.

    Raises:
        CheckpointError: description or weights are missing, damaged, or do not fit each other.
    """
    config, path = read_config(network, folder), folder / WEIGHTS
    try:
        with torch.device("meta"):
            built = network(config)
    except (ValueError, RuntimeError, TypeError, ArithmeticError, LookupError) as error:
        raise CheckpointError(
            f"{folder / CONFIG} describes no {network.__name__}: {str(error)[:200]}", path=folder / CONFIG
        ) from error
    shapes = {name: tuple(tensor.shape) for name, tensor in built.state_dict().items()}
    try:
        with open_plain(path), safe_open(path, framework="pt") as file:
            heads = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  # it is no dictionary
            there = {name: tuple(head.get_shape()) for name, head in heads.items()}
            problems = _differences(shapes, there)
            problems += [
                f"{name} is of kind {h.get_dtype()}" for name, h in heads.items() if h.get_dtype() not in _KINDS
            ]
            if problems:
                raise CheckpointError(
                    f"the weights in {folder} do not fit {network.__name__}: {_listed(problems)}", path=folder
                )
            # Copied, so that all weights lie alike in memory, read from a file or fresh: kernels round by it.
            weights = {name: file.get_tensor(name).to(torch.float32, copy=True) for name in shapes}
    except (OSError, SafetensorError, RuntimeError) as error:
        raise CheckpointError(
            f"cannot load {network.__name__} from {folder}: {str(error)[:200]}", path=folder
        ) from error
    built.load_state_dict(weights, assign=True)
    return built.eval()


def _differences(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    problems = [f"missing {name}" for name in wanted if name not in there]
    problems += [f"unexpected {name[:80]}" for name in there if name not in wanted]
    both = (name for name in wanted if name in there)
    return problems + [
        f"{name} is {there[name]}, wanted {wanted[name]}" for name in both if there[name] != wanted[name]
    ]


def _listed(problems: list[str]) -> str:
    more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
    return "; ".join(problems[:3]) + more


def read_index(folder: Path, *, of: str, parts: Iterable[type], unet: str) -> SamplingConfig:
    """How a saved pipeline of these parts is sampled; the modules that its index names are never looked at.

    Before version 0.3 the noise predictor's description, in the folder `unet`, said it.

    Raises:
        CheckpointError: the folder says that it holds something else, or the settings do not fit.
    """
    path = folder / INDEX
    found = {key: value for key, value in read_description(path, of=of).items() if key[:1] != "_"}
    sampling = found.pop(SAMPLING, None)
    classes = [str(value[-1]) if isinstance(value, list) and value else "" for value in found.values()]
    if sorted(classes) != sorted(part.__name__ for part in parts):
        raise CheckpointError(
            f"{path} is of something else: wanted {', '.join(part.__name__ for part in parts)}", path=path
        )
    if sampling is None:
        path = folder / unet / CONFIG
        said = read_description(path, of="PersonUNet")
        sampling = {name: said[name] for name in SamplingConfig.model_fields if name in said}
    return checked(SamplingConfig, sampling, of=path)


def load_schedule(path: Path) -> DDPMScheduler:
    """A saved noise schedule.

    Raises:
        CheckpointError: it is missing, or says what the schedules of tempose never say.
    """
    found = read_description(path, of=DDPMScheduler.__name__)
    said = {name: found[name] for name in _SCHEDULE if name in found}
    try:
        for name, value in said.items():
            if not any(value is known or (isinstance(known, str) and value == known) for known in _SCHEDULE[name]):
                raise ValueError(f"{name} is {str(value)[:40]}; wanted {' or '.join(map(str, _SCHEDULE[name]))}")
        times, betas = found.get("num_train_timesteps", 1000), [found.get(f"beta_{end}") for end in ("start", "end")]
        if type(times) is not int or not 1 <= times <= _TIMES:
            raise ValueError(f"num_train_timesteps is {str(times)[:40]}; wanted 1 to {_TIMES}")
        if not all(type(beta) is float and 0 < beta < 1 for beta in betas):
            raise ValueError(f"beta_start and beta_end are {str(betas)[:80]}; wanted more than 0, less than 1")
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}", path=path) from error
    return DDPMScheduler(num_train_timesteps=times, beta_start=betas[0], beta_end=betas[1], **said)
