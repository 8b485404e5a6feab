"""What this machine can do: devices, versions, optional tools, and how long one prediction takes on each device."""

from __future__ import annotations

import importlib.util
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

import numpy as np
import torch

from tempose.animation.animate import versions
from tempose.animation.motion import read_motion
from tempose.core.progress import Track, quiet
from tempose.diffusion.hub import DEFAULT_MODEL, Model, find_device, find_precision, load_model
from tempose.media.tensors import to_tensor
from tempose.pose.silhouette import silhouette
from tempose.pose.time_range import TimeRange
from tempose.warp.cutout import cut_out

# A prediction is timed so often, after one that warms up; the median counts.
REPEATS = 3

GIB = 2**30


@dataclass(frozen=True)
class Tool:
    """A package that some commands need and others do not.

    Attributes:
        module, package: what it is called when imported, and when installed.
        serves: what it is for.
        install: the command that installs it.
    """

    module: str
    package: str
    serves: str
    install: str

    def version(self) -> str | None:
        """Which is installed; None where it is not."""
        if importlib.util.find_spec(self.module) is None:
            return None
        try:
            return version(self.package)
        except PackageNotFoundError:
            return "of unknown version"


def _extra(name: str) -> str:
    return f"pip install 'tempose[{name}]'"


TOOLS = (
    Tool("mediapipe", "mediapipe", "finds people in pictures and videos", "pip install --no-deps mediapipe"),
    Tool("rtmlib", "rtmlib", "finds several people", "pip install --no-deps rtmlib"),
    Tool("onnxruntime", "onnxruntime", "runs a matting network of your own", _extra("matte")),
    Tool("pillow_heif", "pillow-heif", "reads HEIC photos", _extra("heic")),
    Tool("anny", "anny", "bodies of drawn people", _extra("people")),
    Tool("gradio", "gradio", "the studio", _extra("web")),
    Tool("mcp", "mcp", "the studio for assistants", _extra("mcp")),
    Tool("ray", "ray", "many jobs at once", _extra("batch")),
    Tool("tensorboard", "tensorboard", "curves of a training run", _extra("train")),
    Tool("torchmetrics", "torchmetrics", "measures of pictures", _extra("metrics")),
)


@dataclass(frozen=True)
class Device:
    """Where can be computed.

    Attributes:
        name: as `--device` takes it.
        hardware: what it is.
        memory, free: in bytes; None where the system does not tell.
        precision: of the weights there, by default.
        prediction: seconds for one frame in one denoising step; None where that does not work.
        fault: why it does not.
    """

    name: str
    hardware: str
    memory: int | None
    free: int | None
    precision: str
    prediction: float | None = None
    fault: str | None = None

    def __str__(self) -> str:
        parts = [self.hardware]
        if self.memory is not None:
            free = "" if self.free is None else f", {self.free / GIB:.1f} free"
            parts.append(f"{self.memory / GIB:.1f} GiB{free}")
        parts.append(self.precision)
        if self.prediction is None:
            parts.append(f"does not work: {self.fault}")
        else:
            parts.append(f"{1000 * self.prediction:.0f} ms a prediction")
        return "; ".join(parts)


@dataclass(frozen=True)
class Diagnosis:
    """What `tempose doctor` tells.

    Attributes:
        system: operating system and processor.
        versions: package → version.
        devices: each that is there, the one that `auto` takes first.
        tools: package → version, or None where it is missing.
        model: whose predictions were timed.
    """

    system: str
    versions: dict[str, str]
    devices: tuple[Device, ...]
    tools: dict[str, str | None]
    model: str

    @property
    def healthy(self) -> bool:
        """Whether every device that is there computes."""
        return all(device.fault is None for device in self.devices)

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values, for `tempose doctor --json`."""
        return asdict(self)

    def as_text(self) -> str:
        """The same in words, a fact a line."""
        lines = [("system", self.system), *self.versions.items(), ("model", self.model)]
        lines += [(f"device {device.name}", str(device)) for device in self.devices]
        for tool in TOOLS:
            found = self.tools[tool.package]
            lines.append((tool.package, f"{found or 'missing'} ({tool.serves}{'' if found else f': {tool.install}'})"))
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:<{width}}  {told}" for name, told in lines)


def diagnose(*, model: str = DEFAULT_MODEL, device: str | None = None, track: Track = quiet) -> Diagnosis:
    """Look at this machine, and time a prediction.

    Args:
        model: whose.
        device: only this one; by default all that are there.

    Raises:
        InputError: there is no such model or device.
        CheckpointError: the model cannot be loaded.
    """
    places = list(_there()) if device is None else [_described(find_device(device))]
    return Diagnosis(
        system=f"{platform.platform()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads",
        versions=versions(),
        devices=tuple(_tried(place, model) for place in track(places, "predicting", total=len(places))),
        tools={tool.package: tool.version() for tool in TOOLS},
        model=model,
    )


# Devices ------------------------------------------------------------------------------------------


def _there() -> Iterator[Device]:
    """All devices of this machine, the fastest first."""
    for index in range(torch.cuda.device_count()):
        yield _described(f"cuda:{index}")
    if torch.backends.mps.is_available():
        yield _described("mps")
    yield _described("cpu")


def _described(name: str) -> Device:
    precision = str(find_precision(device=name)).removeprefix("torch.")
    if name.startswith("cuda"):
        free, memory = torch.cuda.mem_get_info(name)
        return Device(name, torch.cuda.get_device_name(name), memory, free, precision)
    import psutil

    whole = psutil.virtual_memory()
    hardware = "Apple GPU" if name == "mps" else platform.processor() or platform.machine()
    return Device(name, hardware, whole.total, whole.available, precision)


def _tried(place: Device, model: str) -> Device:
    """The same, with the time of a prediction, or the fault that it ends in."""
    loaded = load_model(model, device="cpu", precision="fp32" if place.precision == "float32" else "bf16")
    try:
        for network in (loaded.pipeline.texture_encoder, loaded.pipeline.unet):
            torch.nn.Module.to(network, device=place.name)
        seconds = time_prediction(loaded)
    except (RuntimeError, NotImplementedError) as error:  # what torch raises where a device lacks memory or a kernel
        return Device(**{**asdict(place), "fault": str(error).strip().split("\n")[0]})
    return Device(**{**asdict(place), "prediction": seconds})


def time_prediction(model: Model) -> float:
    """Seconds for one frame in one denoising step, at the model's own size and on its device."""
    motion = read_motion("idle", time_range=TimeRange(max_frames=1)).resized(model.size)
    picture = np.full((*model.size, 3), 128, np.uint8)
    cutout = cut_out(picture, silhouette(picture, motion.keypoints[0]), motion.keypoints[0])
    photo, seconds = to_tensor(picture), []
    for _ in range(1 + REPEATS):
        begun = time.perf_counter()
        made = model.pipeline(photo, motion, num_inference_steps=1, cutout=cutout)
        made.frames.cpu()  # a GPU has ended only when its result is here
        seconds.append(time.perf_counter() - begun)
    return median(seconds[1:])
