"""What a training run is: typed, frozen, checked at the door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tempose.core.errors import InputError, about
from tempose.core.reading import parse_yaml
from tempose.core.settings import problem_told, read_mapping
from tempose.models.config import ModelConfig, preset


class Section(BaseModel):
    """A part of the configuration; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Source(Section):
    """A further dataset that is learned from."""

    root: Path
    """A folder in the prepared format."""

    times: int = Field(default=1, ge=1)
    """How often an epoch goes through it."""


class Data(Section):
    """Which pictures, and how they are drawn."""

    root: Path
    """A folder in the prepared format, with the splits `train` and `val`."""

    also: tuple[Source, ...] = ()
    """Further folders that are learned from; validation stays with `root`."""

    targets: int = Field(default=1, ge=1)
    """How many pictures a photo is taught with at once (image stage)."""

    size: tuple[int, int] | None = None
    """(height, width) to train at; the model's own by default."""

    order: Literal["consecutive", "strided", "random"] = "consecutive"
    """How the frames of a clip are chosen (temporal stage)."""

    stride: int = Field(default=1, ge=1)
    """Step between frames for the order `strided`."""

    crop: float = Field(default=0.0, ge=0, lt=1)
    """Largest part of height and width that a random crop cuts off."""

    flip: float = Field(default=0.5, ge=0, le=1)
    """Probability of a mirrored sample."""

    color: float = Field(default=0.0, ge=0, le=1)
    """Strength of random changes of brightness, contrast, saturation and hue."""

    jitter: float = Field(default=0.0, ge=0)
    """Standard deviation of the noise on key points, in % of the height: an estimator's error."""

    bias: float = Field(default=0.0, ge=0)
    """Standard deviation of an error that a key point has in all pictures of a person, in % of the height."""

    missing: float = Field(default=0.0, ge=0, le=1)
    """Probability that a key point is missing."""

    swapped: float = Field(default=0.0, ge=0, le=1)
    """Probability that left and right of an arm or leg are exchanged."""

    ragged: float = Field(default=0.0, ge=0)
    """Width of the errors along the outline of the photo's mask, in % of the height."""

    workers: int = Field(default=2, ge=0)
    """Processes that decode and draw, for each training process."""

    on_damaged: Literal["raise", "skip"] = "raise"
    """What to do about a damaged clip: stop, or leave it out and say so."""


class Optimization(Section):
    """How the parameters move."""

    steps: int = Field(default=0, ge=0)
    """Optimizer steps; 0 means as many as `epochs` takes."""

    epochs: int = Field(default=0, ge=0)
    """Passes over the training clips; 0 means as many as `steps` takes."""

    batch: int = Field(default=8, ge=1)
    """Samples a step, over all processes and accumulated parts together."""

    accumulate: int = Field(default=1, ge=1)
    """Parts that a step's batch is cut into, to fit into memory."""

    learning_rate: float = Field(default=2e-5, gt=0)
    """Of Adam."""

    warmup: int = Field(default=0, ge=0)
    """Steps over which the learning rate grows from zero."""

    schedule: Literal["constant", "cosine"] = "constant"
    """What the learning rate does after the warm-up; `cosine` falls to zero at the last step."""

    weight_decay: float = Field(default=0.0, ge=0)
    """Of AdamW; 0 is Adam."""

    clip_norm: float = Field(default=1.0, gt=0)
    """The gradient is scaled down to this norm where it is larger."""

    ema: float = Field(default=0.9999, ge=0, lt=1)
    """Decay of the averaged weights, which are what is saved."""

    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Arithmetic of the forward pass; parameters stay float32."""

    checkpointing: bool = False
    """Recompute activations in the backward pass instead of keeping them."""

    drop_pose: float = Field(default=0.1, ge=0, le=1)
    """Probability that a sample's poses are ∅."""

    drop_photo: float = Field(default=0.1, ge=0, le=1)
    """Probability that a sample's photo is ∅."""

    norm: Literal["l2", "l1"] = "l2"
    """Of the error: squared, as published, or absolute, which leaves alone what is mostly right already."""

    alpha: float = Field(default=0.5, ge=0)
    """Weight of the absolute error of the person's alpha, for models that correct their prior."""

    flow: float = Field(default=1.0, ge=0)
    """Weight of the error of the moved prior, and of its flow's roughness, for models that correct their prior."""

    perceptual: float = Field(default=0.0, ge=0)
    """Weight of the distance of features between clean frames, as predicted and as they are (extra `train`)."""

    last_time: float = Field(default=0.0, ge=0, le=1)
    """Share of the samples at the last time T, where sampling in one step happens; the others are at any time."""

    min_snr: float | None = None
    """γ of Min-SNR weighting (Hang et al. 2023); none weighs all times alike, as published."""


class Logging(Section):
    """What is written while training, in steps between two of a kind."""

    log_every: int = Field(default=50, ge=1)
    """Steps between lines of the log."""

    validate_every: int = Field(default=1000, ge=1)
    """Steps between losses on the validation clips, with the same noise each time."""

    validation_samples: int = Field(default=64, ge=1)
    """Validation samples, taken evenly from the split."""

    sample_every: int = Field(default=5000, ge=1)
    """Steps between sheets (and, in the temporal stage, videos) of samples."""

    sample_steps: int = Field(default=20, ge=1)
    """Denoising steps of these samples."""

    save_every: int = Field(default=1000, ge=1)
    """Steps between checkpoints."""

    keep: int = Field(default=2, ge=1)
    """Newest checkpoints that stay."""

    tensorboard: bool = True
    """Also write TensorBoard's files (needs the extra `train`)."""


class TrainConfig(Section):
    """One training run."""

    stage: Literal["image", "temporal", "person"]
    """`image` trains the image model on pairs; `temporal` freezes it and trains its temporal blocks on
    clips; `person` fits the image model within given weights to one person (`tempose personalize`)."""

    model: ModelConfig
    """A preset by name, with `like`, and changes to it; or all fields."""

    data: Data
    """Which pictures."""

    optimization: Optimization = Optimization()
    """How the parameters move."""

    logging: Logging = Logging()
    """What is written meanwhile."""

    start: str | None = None
    """Weights to start from: a saved model, or the folder of a run, of which the newest are taken."""

    output: Path
    """Folder of the run: weights, checkpoints, logs, samples. The same command goes on in it."""

    seed: int = 0
    """Of everything random: initial weights, order of the data, noise, times."""

    def __init__(self, /, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise InputError("; ".join(problem_told(each, type(self)) for each in error.errors())) from None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        optimization = self.optimization
        if (optimization.steps == 0) == (optimization.epochs == 0):
            raise ValueError("give either optimization.steps or optimization.epochs, and not both")
        if self.stage != "image" and self.start is None:
            raise ValueError(f"the {self.stage} stage needs `start`, the model that it goes on from")
        if optimization.batch % optimization.accumulate:
            raise ValueError("optimization.batch must be a multiple of optimization.accumulate")
        return self


def load_config(path: Path | str, changes: Iterable[str] = ()) -> TrainConfig:
    """Read a configuration file.

    Args:
        path: YAML; with `like: OTHER.yaml` it holds only what differs from the file of that name beside it.
        changes: `a.b=value` each, applied on top; the value is YAML.

    Raises:
        InputError: the file cannot be read, a key is unknown (the nearest valid one is named), or a
            value is of the wrong type or out of range.
    """
    fields = _read(Path(path))
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise InputError(f"cannot apply {change!r}; wanted name=value, such as optimization.batch=4")
        try:
            given = parse_yaml(value)
        except ValueError as error:
            raise InputError(f"cannot apply {change[:100]!r}: what follows = is no YAML value: {error}") from None
        _assign(fields, name.split("."), given)
    return resolve(fields, source=path)


def _read(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The fields of a file on top of those of the file that it is like."""
    fields = read_mapping(path)
    if "like" not in fields:
        return fields
    other = path.parent / str(fields.pop("like"))
    if other.resolve() in (here := path.resolve(), *above):
        raise InputError(f"{path} is like {other.name}, which is like it", path=path)
    return _merged(_read(other, (here, *above)), fields)


def _merged(fields: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Fields with some changed; sections are merged, anything else is replaced."""
    both = {
        name: _merged(fields[name], value) if isinstance(value, dict) and isinstance(fields.get(name), dict) else value
        for name, value in changes.items()
    }
    return fields | both


def resolve(fields: Mapping[str, Any], *, source: Path | str) -> TrainConfig:
    """The configuration that keys and values describe; `model: {like: NAME, …}` starts from a preset.

    Raises:
        InputError: as `load_config`.
    """
    fields = dict(fields)
    model = fields.get("model")
    if isinstance(model, str):
        model = {"like": model}
    if isinstance(model, dict) and "like" in model:
        changes = {name: value for name, value in model.items() if name != "like"}
        fields["model"] = {**preset(str(model["like"])).model_dump(), **changes}
    with about(source):
        return TrainConfig(**fields)


def _assign(fields: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        child = fields.setdefault(name, {})
        if isinstance(child, str) and name == "model":
            child = fields[name] = {"like": child}
        if not isinstance(child, dict):
            raise InputError(f"cannot set {'.'.join(path)}: {name} is a value, not a section")
        fields = child
    fields[path[-1]] = value
