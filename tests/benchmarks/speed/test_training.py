import pytest
import torch
from conftest import TINY
from helpers import fill

from benchmarks.speed import training
from benchmarks.speed.training import a_step, configuration, in_all, sample
from tempose.models.build import build_networks, build_schedule
from tempose.training.budget import budget
from tempose.training.stages import STAGES, frozen
from tempose.training.step import Objective

SMALL = TINY.model_copy(update={"size": (32, 24)})


@pytest.mark.slow
def test_published_temporal_training_fits_16_gb():
    plan = budget(configuration("temporal", "pidm-256", 2, precision="bf16", checkpointing=True))
    assert in_all(plan) < 16e9


def test_nothing_is_kept_for_what_is_frozen_before_the_first_temporal_block():
    config = configuration("temporal", "pidm-256", 1).model_copy(update={"model": SMALL})
    networks = frozen(build_networks(SMALL, temporal=True), STAGES["temporal"])
    for network in networks:
        fill(network)
    objective, kept = Objective(networks, build_schedule(SMALL), recipe=config.optimization), []
    batch = sample(config, frames=3)
    began = []
    block = next(objective.unet.texture_blocks())[1]
    block.temporal.register_forward_pre_hook(lambda module, inputs: began.append(len(kept)))
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        objective(batch).total.mean().backward()
    assert began == [0]
    assert kept
    learning = set(networks.unet.temporal_parameters())
    assert {p for p in objective.parameters() if p.grad is not None} == learning


@pytest.mark.parametrize("stage", ["image", "temporal"])
def test_a_step_learns(stage, monkeypatch):
    monkeypatch.setattr(training, "preset", lambda name: SMALL)
    config = configuration(stage, "tiny", 2, precision="bf16")
    run = a_step(config)
    run()
    run()
