"""What a run holds in memory, and one step of it.

A step is that of denoising diffusion (DDPM, Ho et al., NeurIPS 2020, algorithm 1) with AdamW (Loshchilov and Hutter,
ICLR 2019); what is kept of the weights is their exponential moving average. The loss and all that a step draws are in
step.py, the order of samples in sampler.py, what differs between stages in stages.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from diffusers.optimization import get_scheduler
from diffusers.training_utils import EMAModel
from torch.utils.data import DataLoader

from tempose.core.errors import CheckpointError, InputError, TemposeError
from tempose.core.files import written_whole
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.models.build import Networks, build_schedule
from tempose.training.checkpoint import load_state, remove_old, save_state, saving
from tempose.training.config import TrainConfig
from tempose.training.sampler import Batches, ignore_signals
from tempose.training.samples import write_samples
from tempose.training.stages import STAGES, digest, samples, starting_networks
from tempose.training.step import Batch, Drawn, Objective


class Trainer:
    """Everything that a run holds in memory.

    Args:
        config: the run, checked; its weights to start from, its data and its device are opened here.

    Attributes:
        networks: those that the stage trains, and those that stand still.
        learning: name → parameter that learns; the rest are frozen, and `frozen` is the SHA-256 of their values.
        average: of `learning`, the moving average: what is validated, sampled and saved as weights.
        total, step: optimizer steps of the whole run, and those done, from 0 to `total`.
        saved: the last good checkpoint; None where there is none yet.

    Raises:
        InputError: a setting does not fit the machine or the weights. DataError: the data cannot be used.
        CheckpointError: the weights to start from cannot be loaded.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.stage = STAGES[config.stage]
        self.samples = Drawn(samples(config, "train"), config, noisy=True)
        self.validation = Drawn(samples(config, "val"), config, noisy=False)
        self.total = total_steps(config, samples=len(self.samples))
        self.accelerator = make_accelerator(config)

        optimization = config.optimization
        self.networks = starting_networks(config)
        objective = Objective(self.networks, build_schedule(config.model), recipe=optimization)
        if optimization.checkpointing:
            for network in self.networks:
                network.enable_gradient_checkpointing()
        named = dict(objective.named_parameters())
        self.learning = {name: parameter for name, parameter in named.items() if parameter.requires_grad}
        self.frozen = digest(parameter for parameter in named.values() if not parameter.requires_grad)
        optimizer = torch.optim.AdamW(
            self.learning.values(), lr=optimization.learning_rate, weight_decay=optimization.weight_decay
        )
        self.rate = get_scheduler(
            "constant_with_warmup" if optimization.schedule == "constant" else "cosine",
            optimizer,
            num_warmup_steps=optimization.warmup,
            num_training_steps=self.total,
        )
        self.objective, self.optimizer = self.accelerator.prepare(objective, optimizer)
        self.average = EMAModel(self.learning.values(), decay=optimization.ema)
        self.objective.train(self.stage.dropout)
        self.step = 0
        self.saved: Path | None = None

    def resume(self) -> dict[str, Any] | None:
        """Go on from the newest state of the run's folder, where there is one; what it holds.

        Raises:
            CheckpointError: it is damaged, or the data or the frozen weights are not those of before.
        """
        state = load_state(self.config.output)
        if state is None:
            return None
        for what, before, now in (
            ("training samples in data.root", state["samples"], len(self.samples)),
            ("SHA-256 of the frozen weights, from `start`,", state["frozen"], self.frozen),
        ):
            if before != now:
                raise CheckpointError(
                    f"{self.config.output} cannot be gone on with: {what} was {before}, now it is {now}",
                    path=self.config.output,
                    remedy="set it back, or choose another output",
                )
        for name, parameter in self.learning.items():
            parameter.data.copy_(state["parameters"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rate.load_state_dict(state["rate"])
        self.average.load_state_dict(state["average"])
        self.average.to(self.accelerator.device)
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.step = state["step"]
        self.saved = self.state_file
        return state

    def batches(self) -> Iterator[Batch]:
        """This process's share of every step's batch, on its device, from here to the end.

        Of `optimization.batch` samples b a step each of n processes gets b/n. Which, and what is drawn for them,
        follows from seed, step and index alone: a run that goes on sees what it would have seen.
        """
        data, place = self.config.data, self.accelerator
        order = Batches(
            len(self.samples),
            batch=self.config.optimization.batch,
            start=self.step,
            stop=self.total,
            seed=self.config.seed,
            rank=place.process_index,
            world=place.num_processes,
        )
        loader = DataLoader(
            self.samples,
            batch_sampler=order,
            collate_fn=Batch.cat,
            num_workers=data.workers,
            worker_init_fn=ignore_signals,
            pin_memory=place.device.type == "cuda",
            multiprocessing_context="spawn" if data.workers else None,
        )
        for batch in loader:
            yield batch.to(place.device)

    def learn(self, batch: Batch) -> float:
        """One optimizer step: gradients over `accumulate` equal parts of the batch, clipped to `clip_norm`.

        Args:
            batch: this process's share, `b/n f 3 h w` and what belongs to it.

        Returns:
            The mean loss over the samples of all processes, 0 or more.

        Raises:
            TemposeError: loss or gradient is not finite; the parameters are still those before the step.
        """
        place = self.accelerator
        parts = batch.parts(self.config.optimization.accumulate)
        loss = torch.zeros((), device=place.device)
        with self._seeded_dropout():
            for i, part in enumerate(parts):
                # Processes exchange gradients once a step, in its last part.
                with nullcontext() if i == len(parts) - 1 else place.no_sync(self.objective):
                    share = self.objective(part).total.mean() / len(parts)
                    place.backward(share)
                loss += share.detach()
        norm = float(place.clip_grad_norm_(list(self.learning.values()), self.config.optimization.clip_norm))
        value = float(place.reduce(loss, reduction="mean"))
        # With fp16 an infinite gradient only means that its scale was too large: that step is left out.
        if not math.isfinite(value) or (place.scaler is None and not math.isfinite(norm)):
            raise TemposeError(
                f"the loss is {value:g} and the gradient's norm {norm:g} at step {self.step + 1} ({self._stands})",
                remedy="begin another output, with `start` at the last weights and a lower optimization.learning_rate",
            )
        self.optimizer.step()
        self.rate.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.step(self.learning.values())
        self.step += 1
        return value

    @property
    def _stands(self) -> str:
        return f"the last good checkpoint is {self.saved}" if self.saved else "there is no checkpoint yet"

    @contextmanager
    def together(self) -> Iterator[None]:
        """Around what several processes do together: that one of them is gone is one sentence.

        Raises:
            TemposeError: one is.
        """
        try:
            yield
        except RuntimeError as error:
            # gloo has no error of its own; it names itself in the text.
            lost = isinstance(error, torch.distributed.DistError) or "gloo" in str(error)
            if self.accelerator.num_processes == 1 or not lost:
                raise
            reason = str(error).strip().split("\n")[0]
            raise TemposeError(
                f"another process of this run has ended in step {self.step + 1}: {reason} ({self._stands})",
                remedy="the same command goes on from there, with as many processes as there are",
            ) from error

    @contextmanager
    def _seeded_dropout(self) -> Iterator[None]:
        """Dropout depends on seed, step and process alone: a run goes on as if it had not been interrupted."""
        place = self.accelerator
        seed = np.random.SeedSequence([self.config.seed, self.step, place.process_index]).generate_state(1)[0]
        with torch.random.fork_rng([place.device] if place.device.type == "cuda" else []):
            torch.manual_seed(int(seed))
            yield

    @contextmanager
    def averaged(self) -> Iterator[Networks]:
        """Within, the networks with their averaged weights, without dropout; then with those that learn again."""
        self.average.store(self.learning.values())
        self.average.copy_to(self.learning.values())
        self.objective.eval()
        try:
            yield self.networks
        finally:
            self.average.restore(self.learning.values())
            self.objective.train(self.stage.dropout)

    @torch.no_grad()
    def validate(self) -> float:
        """The mean loss of the averaged weights on `logging.validation_samples` samples, evenly over the split.

        Each has the same noise, times and conditions at every call; the processes share them.
        """
        place = self.accelerator
        count = min(self.config.logging.validation_samples, len(self.validation))
        total = torch.zeros((), device=place.device)
        with self.averaged():
            objective = place.unwrap_model(self.objective)
            for i in range(place.process_index, count, place.num_processes):
                batch = self.validation[0, i * len(self.validation) // count].to(place.device)
                total += objective(batch).total.sum()
        return float(place.reduce(total, reduction="sum")) / count

    def sample(self) -> None:
        """Write pictures of what the averaged weights make of validation samples; of a video model also a video."""
        if self.accelerator.is_main_process:
            with self.averaged() as networks:
                pipe = PersonVideoPipeline.from_networks(networks, config=self.config.model)
                write_samples(pipe, self.validation.samples, config=self.config, step=self.step)

    @property
    def weights(self) -> Path:
        """The folder of the averaged weights of this step."""
        return self.config.output / f"weights-{self.step:08d}"

    @property
    def state_file(self) -> Path:
        """The file of everything that is needed to go on from this step."""
        return self.config.output / f"state-{self.step:08d}.pt"

    def save(self) -> None:
        """Write weights and state of this step; the newest few stay.

        Raises:
            CheckpointError: the disk is full; what was saved before is untouched.
        """
        if not self.accelerator.is_main_process:
            return
        with saving(self.step, last=self.saved):
            if not self.weights.exists():
                with written_whole(self.weights) as beside:
                    self.write_weights(beside)
        self.save_state()

    def save_state(self, **more: Any) -> None:
        """Write the state of this step, and what else is to be known when it is gone on with; the newest few stay.

        Raises:
            CheckpointError: the disk is full; what was saved before is untouched.
        """
        with saving(self.step, last=self.saved):
            save_state(self.state_file, self._state() | more)
        self.saved = self.state_file
        remove_old(self.config.output, self.config.logging.keep)

    def write_weights(self, folder: Path) -> None:
        """Write the averaged weights as a model that the pipeline loads."""
        with self.averaged() as networks:
            PersonVideoPipeline.from_networks(networks, config=self.config.model).save_pretrained(folder)

    def _state(self) -> dict[str, Any]:
        scaler = self.accelerator.scaler
        return {
            "step": self.step,
            "config": self.config.model_dump(mode="json"),
            "samples": len(self.samples),
            "frozen": self.frozen,
            "parameters": {name: parameter.detach() for name, parameter in self.learning.items()},
            "optimizer": self.optimizer.state_dict(),
            "rate": self.rate.state_dict(),
            "average": self.average.state_dict(),
            "scaler": scaler.state_dict() if scaler is not None else {},
        }


def make_accelerator(config: TrainConfig) -> Accelerator:
    """Device, processes and arithmetic of a run, as `accelerate launch` set them up.

    Raises:
        InputError: fp16 is asked for without a GPU, or the batch cannot be shared evenly.
    """
    optimization = config.optimization
    accelerator = Accelerator(mixed_precision={"fp32": "no"}.get(optimization.precision, optimization.precision))
    if optimization.precision == "fp16" and accelerator.scaler is None:
        raise InputError(
            f"optimization.precision=fp16 needs a GPU, here is {accelerator.device}", remedy="use bf16 or fp32"
        )
    shares = accelerator.num_processes * optimization.accumulate
    if optimization.batch % shares:
        raise InputError(
            f"optimization.batch is {optimization.batch}, shared by {accelerator.num_processes} processes in "
            f"{optimization.accumulate} parts each; wanted a multiple of {shares}"
        )
    return accelerator


def total_steps(config: TrainConfig, *, samples: int) -> int:
    """Optimizer steps of the whole run: `optimization.steps`, or else those of its epochs, the last one rounded up."""
    optimization = config.optimization
    return optimization.steps or math.ceil(optimization.epochs * samples / optimization.batch)
