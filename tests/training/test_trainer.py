import math
from types import SimpleNamespace

import pytest
import torch
import yaml
from accelerate.state import AcceleratorState
from conftest import TINY
from training.runs import free_port, train_as_one_of_two

from tempose.core.errors import CheckpointError, InputError
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.training.loop import train
from tempose.training.trainer import Trainer, total_steps


@pytest.fixture
def temporal(config, image_model):
    """A run of the temporal stage on top of a finished image model."""
    return config(stage="temporal", start=str(image_model), optimization__batch=2, logging__sample_every=6)


def learned(trainer, steps):
    batches = trainer.batches()
    return [trainer.learn(next(batches)) for _ in range(steps)]


def values(trainer):
    return {name: parameter.detach().clone() for name, parameter in trainer.learning.items()}


def test_the_temporal_stage_keeps_nothing_of_what_is_frozen(temporal, one_thread):
    trainer = Trainer(temporal)
    before = {name: p.clone() for name, p in trainer.networks.unet.named_parameters()}
    learned(trainer, 3)
    trained = {
        f"unet.{name}" for name, p in before.items() if not torch.equal(p, trainer.networks.unet.state_dict()[name])
    }
    assert trained == set(trainer.learning)
    assert sum(p.numel() for p in trainer.networks.unet.temporal_parameters()) == sum(
        p.numel() for p in trainer.learning.values()
    )
    state = trainer._state()
    assert set(state["parameters"]) == set(trainer.learning)
    assert len(state["optimizer"]["state"]) == len(trainer.learning) == len(state["average"]["shadow_params"])
    for name, parameter in trainer.objective.named_parameters():
        assert (parameter.grad is None) or name in trainer.learning
    trainer.objective(next(trainer.batches())).total.mean().backward()
    assert {name for name, p in trainer.objective.named_parameters() if p.grad is not None} == set(trainer.learning)


def test_the_temporal_stage_learns_writes_videos_and_resumes(temporal, one_thread):
    outcome = train(temporal)
    assert outcome.finished
    assert (temporal.output / "samples" / "00000006.mp4").is_file()
    pipe = PersonVideoPipeline.from_pretrained(outcome.weights)
    assert pipe.unet.config.temporal
    assert pipe.sampling.clip_length == TINY.clip_length


def test_other_frozen_weights_are_refused(temporal, config, image_model, tmp_path, one_thread):
    train(temporal.model_copy(update={"optimization": temporal.optimization.model_copy(update={"steps": 2})}))
    pipe = PersonVideoPipeline.from_pretrained(image_model / "weights-00000002")
    with torch.no_grad():
        pipe.unet.conv_in.bias += 1e-3
    pipe.save_pretrained(tmp_path / "other")
    with pytest.raises(CheckpointError, match="SHA-256 of the frozen weights"):
        train(temporal.model_copy(update={"start": str(tmp_path / "other")}))


def test_the_average_follows_its_formula(config, one_thread):
    trainer = Trainer(config(optimization__ema=0.5))
    name = "unet.conv_out.bias"
    place = list(trainer.learning).index(name)
    average = trainer.learning[name].detach().clone()
    batches = trainer.batches()
    for step in range(1, 6):
        trainer.learn(next(batches))
        decay = min(0.5, step / (9 + step)) if step > 1 else 0.0  # grows with the run, up to what is asked
        average = decay * average + (1 - decay) * trainer.learning[name].detach()
        torch.testing.assert_close(trainer.average.shadow_params[place], average, rtol=1e-4, atol=1e-8)


def test_averages_are_lent_and_given_back(config, one_thread):
    trainer = Trainer(config(optimization__ema=0.9))
    learned(trainer, 3)
    before = values(trainer)
    with trainer.averaged():
        lent = values(trainer)
        assert not trainer.objective.training
    assert trainer.objective.training
    assert any(not torch.equal(lent[name], before[name]) for name in before)
    assert all(torch.equal(value, before[name]) for name, value in values(trainer).items())


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [
        ("constant", lambda step: min(1, step / 4)),
        ("cosine", lambda step: step / 4 if step < 4 else 0.5 * (1 + math.cos(math.pi * (step - 4) / 8))),
    ],
)
def test_the_learning_rate_warms_up_and_follows_its_schedule(config, schedule, wanted, one_thread):
    trainer = Trainer(config(optimization__steps=12, optimization__warmup=4, optimization__schedule=schedule))
    for step in range(12):
        assert trainer.rate.get_last_lr()[0] == pytest.approx(1e-3 * wanted(step), abs=1e-9)
        trainer.optimizer.step()
        trainer.rate.step()


def test_validation_gives_the_same_value_twice_and_changes_nothing(config, one_thread):
    trainer = Trainer(config())
    learned(trainer, 1)
    before, state = values(trainer), torch.get_rng_state()
    assert trainer.validate() == trainer.validate()
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in values(trainer).items())


def test_validation_is_the_mean_over_samples_from_all_of_the_set(config, one_thread):
    trainer = Trainer(config(logging__validation_samples=2))
    trainer.validation = trainer.samples  # of which there are more
    several = len(trainer.validation)
    assert several > 3
    with trainer.averaged(), torch.no_grad():
        losses = [float(trainer.objective(trainer.validation[0, i]).total) for i in (0, several // 2)]
    assert trainer.validate() == pytest.approx(sum(losses) / 2, rel=1e-5)


def test_learning_leaves_the_global_generator_alone(config, one_thread):
    trainer, state = Trainer(config()), torch.get_rng_state()
    batches = trainer.batches()
    batch = next(batches)
    state = torch.get_rng_state()
    trainer.learn(batch)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("changes", [{"optimization__accumulate": 2}, {"optimization__checkpointing": True}])
def test_less_memory_gives_the_same_parameters(config, changes, one_thread):
    plain = {"model__dropout": 0.0}
    one, other = Trainer(config("one", **plain)), Trainer(config("other", **plain, **changes))
    assert learned(one, 3) == pytest.approx(learned(other, 3), rel=1e-5)
    for name, value in values(one).items():
        torch.testing.assert_close(values(other)[name], value, rtol=1e-3, atol=1e-5)


def test_the_gradient_is_clipped(config, monkeypatch, one_thread):
    trainer = Trainer(config(optimization__clip_norm=1e-3))
    norms = []

    def measure(*arguments, **keywords):
        norms.append(torch.stack([p.grad.norm() for p in trainer.learning.values() if p.grad is not None]).norm())

    monkeypatch.setattr(trainer.optimizer, "step", measure)
    monkeypatch.setattr(trainer.rate, "step", lambda: None)
    learned(trainer, 1)
    assert float(norms[0]) == pytest.approx(1e-3, rel=1e-2)


def test_bf16_trains_in_float32_parameters(config, one_thread):
    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        trainer = Trainer(config(optimization__precision="bf16"))
        losses = learned(trainer, 4)
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
    assert {value.dtype for value in values(trainer).values()} == {torch.float32}
    in_float32 = learned(Trainer(config("other")), 4)
    assert losses == pytest.approx(in_float32, rel=0.01)
    assert losses != in_float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="fp16 is to be had on a GPU")
def test_fp16_without_a_gpu_is_said(config):
    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        with pytest.raises(InputError, match=r"precision=fp16 needs a GPU, here is cpu"):
            Trainer(config(optimization__precision="fp16"))
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)


def test_epochs_are_counted_in_steps(config):
    made = config(optimization__steps=0, optimization__epochs=5)
    assert total_steps(made, samples=6) == 8  # 30 samples in batches of 4
    assert total_steps(config(), samples=6) == 6


def test_another_number_of_samples_is_refused(config, people, tmp_path, one_thread):
    from training.runs import write_people

    train(config(optimization__steps=2))
    fewer = write_people(tmp_path / "fewer")
    lines = (fewer / "train" / "metadata.jsonl").read_text().splitlines(keepends=True)
    (fewer / "train" / "metadata.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(CheckpointError, match=r"training samples in data.root was 6, now it is 5"):
        train(config(data__root=str(fewer)))


@pytest.mark.slow
def test_two_processes_get_the_parameters_of_one(config, apart, tmp_path, one_thread):
    plain = {"model__dropout": 0.0, "optimization__steps": 4}
    one, two = config("one", **plain), config("two", **plain)
    train(one)
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(two.model_dump(mode="json")))
    port = free_port()
    told = [tmp_path / f"said {rank}" for rank in (0, 1)]
    processes = [apart(train_as_one_of_two, tmp_path / "two.yaml", rank, port, told[rank]) for rank in (0, 1)]
    for process in processes:
        process.join(600)
    assert [process.exitcode for process in processes] == [0, 0]
    assert sum(path.read_text().count("trained at step 4") for path in told) == 1
    first, second = (torch.load(c.output / "state-00000004.pt", weights_only=True) for c in (one, two))
    start = dict(Trainer(config("start", **plain)).learning)
    for name, value in first["parameters"].items():
        torch.testing.assert_close(second["parameters"][name], value, rtol=1e-4, atol=1e-5)
        moved = (value - start[name].detach()).abs().max()
        assert (second["parameters"][name] - value).abs().max() <= 0.01 * moved + 1e-7
    for a, b in zip(first["average"]["shadow_params"], second["average"]["shadow_params"], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    logs = [
        [line for line in (c.output / "log.jsonl").read_text().splitlines() if "validation" in line] for c in (one, two)
    ]
    assert len(logs[0]) == len(logs[1]) == 1


def test_a_batch_that_cannot_be_shared_is_said(config, monkeypatch):
    monkeypatch.setattr("tempose.training.trainer.Accelerator.num_processes", 3)
    with pytest.raises(InputError, match=r"batch is 4, shared by 3 processes in 1 parts each; wanted a multiple of 3"):
        Trainer(config())


def test_dropout_is_of_seed_step_and_process():
    def drawn(*, seed=0, step=3, process=0):
        run = SimpleNamespace(
            config=SimpleNamespace(seed=seed),
            step=step,
            accelerator=SimpleNamespace(process_index=process, device=torch.device("cpu")),
        )
        with Trainer._seeded_dropout(run):
            return tuple(torch.rand(4).tolist())

    before = torch.get_rng_state()
    assert drawn() == drawn()
    assert len({drawn(), drawn(seed=1), drawn(step=4), drawn(process=1), drawn(process=2)}) == 5
    assert torch.equal(before, torch.get_rng_state())
