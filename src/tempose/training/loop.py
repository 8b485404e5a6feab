"""The one training loop; what differs between the stages is a value (stages.py).

Resuming is the same call again (as in EDM2, Karras et al., CVPR 2024): a run that was stopped after any step and goes
on ends with the parameters of one that was not, bit for bit on the same machine with as many processes.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch

from tempose.core.progress import Track, quiet
from tempose.training.config import TrainConfig
from tempose.training.run import Log, check_folder, open_run
from tempose.training.trainer import Trainer


class RunOutcome(NamedTuple):
    """How a run ended."""

    step: int
    """Optimizer steps done, those before a resumption included."""
    weights: Path
    """The folder of the averaged weights."""
    finished: bool
    """False where a signal ended it; the same command goes on."""


def train(config: TrainConfig, *, track: Track = quiet) -> RunOutcome:
    """Train, or go on with the run in `config.output`, to the last step.

    The folder gets run.yaml, log.jsonl, samples/, and the newest `logging.keep` of weights-STEP/ and state-STEP.pt,
    each every `save_every` steps and at the end. Under `accelerate launch` every process calls this; one writes.

    Args:
        config: the run.
        track: shows how far it is, in steps.

    Returns:
        Where it ended; a signal ends it after the step that it comes in, with a checkpoint.

    Raises:
        InputError, CheckpointError, DataError: before the first step, for what does not fit.
        TemposeError: the loss is no longer finite, or another process is gone; the last good checkpoint is untouched.
        CheckpointError: a checkpoint cannot be written; the last good one is untouched.
    """
    check_folder(config)
    trainer = Trainer(config)
    place, every = trainer.accelerator, config.logging
    trainer.resume()
    log = None
    if place.is_main_process:
        open_run(config)
        log = Log(config.output, step=trainer.step, tensorboard=every.tensorboard)
    place.wait_for_everyone()
    shown = track if place.is_main_process else quiet
    with stop_signal() as stopped, trainer.together():
        began, first = time.monotonic(), trainer.step
        for batch in shown(trainer.batches(), f"{config.stage} stage", total=max(0, trainer.total - first)):
            loss = trainer.learn(batch)
            step = trainer.step
            if log and step % every.log_every == 0:
                rate = (step - first) * config.optimization.batch / (time.monotonic() - began)
                log.write(step, loss=loss, learning_rate=trainer.rate.get_last_lr()[0], samples_per_second=rate)
            if step % every.validate_every == 0:
                validation = trainer.validate()
                if log:
                    log.write(step, validation=validation)
            if step % every.sample_every == 0:
                trainer.sample()
            # A signal may reach one process before the others; they leave together.
            stops = int(place.reduce(torch.tensor(len(stopped), device=place.device))) > 0
            if stops or step == trainer.total or step % every.save_every == 0:
                trainer.save()
            if stops:
                break
    if log:
        log.close()
    place.wait_for_everyone()
    return RunOutcome(trainer.step, trainer.weights, trainer.step >= trainer.total)


@contextmanager
def stop_signal() -> Iterator[list[int]]:
    """A list that SIGTERM or Ctrl-C makes non-empty: finish the step, save, and leave.

    A second one acts as if nobody listened.
    """
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def receive(number: int, frame: object) -> None:
        received.append(number)
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, receive)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
