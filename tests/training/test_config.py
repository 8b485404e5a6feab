import re
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from tempose.core.errors import InputError
from tempose.models.config import preset
from tempose.training.config import TrainConfig, load_config, resolve

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
APART = sorted((ROOT / "configs" / "apart").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS + APART, ids=lambda path: path.stem)
def test_the_configurations_that_ship_are_valid_and_say_only_what_differs(path):
    config = load_config(path)
    people = preset("people-128")
    assert config.model in (preset("pidm-256"), people, people.model_copy(update={"correct_prior": False}))
    assert resolve(config.model_dump(mode="json"), source="itself") == config


def test_runs_that_are_compared_differ_in_one_section_and_take_as_long():
    first = load_config(ROOT / "configs" / "apart" / "now.yaml")
    for path in APART:
        other = load_config(path)
        fields = type(first).model_fields
        differing = {name for name in fields if getattr(first, name) != getattr(other, name)} - {"output"}
        assert len(differing) == (path.stem != "now"), path.stem
        assert Path(other.output).name == path.stem
        about_rates = path.stem.startswith("rate-")
        for name in ("steps", "batch", "warmup") + ("learning_rate",) * (not about_rates):
            assert getattr(other.optimization, name) == getattr(first.optimization, name)


def test_the_weights_that_ship_are_made_of_one_file_a_stage_each_from_the_last():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (stages,) = re.findall(r"^STAGES = (.+)$", makefile, re.M)
    configs = [load_config(ROOT / "configs" / f"{name}.yaml") for name in stages.split()]
    assert configs[0].start is None
    assert [config.start for config in configs[1:]] == [str(config.output) for config in configs[:-1]]
    assert f"tempose export {configs[-1].output} " in makefile
    assert "--set" not in makefile
    assert {path.stem for path in CONFIGS} - set(stages.split()) == {"people-image", "people-more", "published"}


def test_a_file_says_only_what_differs_from_another(tmp_path):
    (tmp_path / "base.yaml").write_text((ROOT / "configs" / "people-image.yaml").read_text(encoding="utf-8"))
    (tmp_path / "mine.yaml").write_text("like: base.yaml\ndata: {flip: 0}\nseed: 3\n")
    base, mine = load_config(tmp_path / "base.yaml"), load_config(tmp_path / "mine.yaml", ["optimization.batch=4"])
    changed = {"flip": 0.0}
    assert mine.data == base.data.model_copy(update=changed)
    assert (mine.seed, mine.optimization.batch, mine.optimization.norm) == (3, 4, base.optimization.norm)
    (tmp_path / "base.yaml").write_text("like: mine.yaml\n")
    with pytest.raises(InputError, match="which is like it"):
        load_config(tmp_path / "mine.yaml")
    (tmp_path / "sub").mkdir()
    (tmp_path / "base.yaml").write_text("like: sub/../base.yaml\n")  # the same by a name that grows
    with pytest.raises(InputError, match="which is like it"):
        load_config(tmp_path / "mine.yaml")
    (tmp_path / "mine.yaml").write_text("like: other.yaml\n")
    with pytest.raises(InputError, match=r"there is no configuration .*other\.yaml"):
        load_config(tmp_path / "mine.yaml")


def test_the_published_recipe():
    config = load_config(ROOT / "configs" / "published.yaml")
    assert (config.stage, config.model) == ("temporal", preset("pidm-256"))
    assert (config.model.clip_length, config.model.train_timesteps) == (4, 1000)
    assert (config.model.beta_start, config.model.beta_end, config.model.prediction_type) == (1e-4, 2e-2, "epsilon")
    recipe = config.optimization
    assert (recipe.epochs, recipe.batch, recipe.learning_rate, recipe.ema) == (1000, 2, 2e-5, 0.9999)
    assert (recipe.drop_pose, recipe.drop_photo, recipe.clip_norm) == (0.1, 0.1, 1.0)
    assert (recipe.warmup, recipe.schedule, recipe.weight_decay, recipe.min_snr) == (0, "constant", 0.0, None)
    data = config.data
    assert (data.crop, data.flip, data.color, data.jitter, data.bias, data.missing, data.swapped, data.ragged) == (
        0,
    ) * 8


def test_changes_are_applied_on_top():
    config = load_config(
        ROOT / "configs" / "published.yaml",
        ["optimization.batch=4", "optimization.learning_rate=1e-4", "model.clip_length=6", "data.size=[64, 32]"],
    )
    assert (config.optimization.batch, config.optimization.learning_rate) == (4, 1e-4)
    assert config.model == preset("pidm-256").model_copy(update={"clip_length": 6})
    assert config.data.size == (64, 32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("optimization.leaning_rate=1", "did you mean 'optimization.learning_rate'"),
        ("model.base_chanels=1", "did you mean 'model.base_channels'"),
        ("sede=1", "did you mean 'seed'"),
        ("model=people-12", "did you mean 'people-128'"),
        ("model={like: people-12}", "did you mean 'people-128'"),
        ("stage=video", "stage is 'video'; wanted image, temporal or person"),
        ("optimization.batch=0", "optimization.batch is 0; wanted a whole number, 1 or more"),
        ("optimization.batch=many", "optimization.batch is 'many'; wanted a whole number"),
        ("optimization.drop_pose=2", "optimization.drop_pose is 2; wanted a number from 0 to 1"),
        ("optimization.ema=1", "optimization.ema is 1; wanted a number, 0 or more, less than 1"),
        ("optimization.steps=5", "either optimization.steps or optimization.epochs"),
        ("optimization.accumulate=3", "multiple of optimization.accumulate"),
        ("optimization.accumulate", "wanted name=value"),
        ("data=[1", "no YAML value"),
        ("stage.name=1", "stage is a value, not a section"),
        ("data=null", "data is None; input should be"),
        ("start=null", "the temporal stage needs `start`"),
        ("=3", "there is no setting ''"),
    ],
)
def test_what_does_not_fit_is_said(change, message):
    with pytest.raises(InputError) as caught:
        load_config(ROOT / "configs" / "published.yaml", [change])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no configuration"),
        ("stage: [", "cannot be read as YAML"),
        ("- stage", "holds no configuration"),
        ("", "holds no configuration"),
        ("stage: image", "model is missing; data is missing; output is missing"),
        ("\x00", "cannot be read as YAML"),
    ],
)
def test_a_bad_file_is_said(tmp_path, text, message):
    path = tmp_path / "a.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_config(path)


def test_what_a_stage_needs_is_asked_for_where_a_configuration_is_made(config):
    fields = dict(config())
    with pytest.raises(InputError, match="the temporal stage needs `start`"):
        TrainConfig(**{**fields, "stage": "temporal", "start": None})
    with pytest.raises(InputError, match="did you mean 'output'"):
        TrainConfig(**fields, outputs="runs/a")


def test_every_field_has_a_docstring():
    lines = (ROOT / "src/tempose/training/config.py").read_text(encoding="utf-8").splitlines()
    sections = [TrainConfig, *(f.annotation for f in TrainConfig.model_fields.values())]
    for section in sections:
        if getattr(section, "__module__", "") != TrainConfig.__module__:
            continue
        begin = next(i for i, line in enumerate(lines) if line.startswith(f"class {section.__name__}("))
        for name in section.model_fields:
            place = next(i for i in range(begin, len(lines)) if lines[i].startswith(f"    {name}: "))
            assert lines[place + 1].strip().startswith('"""'), name


def test_a_resolved_configuration_reads_back(config, tmp_path):
    made = config()
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(made.model_dump(mode="json")))
    assert load_config(tmp_path / "a.yaml") == made
