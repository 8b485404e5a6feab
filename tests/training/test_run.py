import json
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from tempose.core.errors import CheckpointError, DiskError, InputError
from tempose.training.config import TrainConfig
from tempose.training.run import Log, check_folder, describe, open_run


def test_a_run_says_what_it_is(config):
    made = config()
    open_run(made)
    facts = yaml.safe_load((made.output / "run.yaml").read_text())
    assert TrainConfig.model_validate(facts["configuration"]) == made
    assert facts["packages"].keys() >= {"tempose", "torch", "diffusers", "accelerate"}
    if (ROOT / ".git").exists():
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
        assert head.startswith(facts["revision"].removesuffix("-dirty"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"seed": 1}, "seed was 0, now it is 1"),
        ({"optimization__learning_rate": 2e-3}, "optimization.learning_rate was 0.001, now it is 0.002"),
        ({"data__flip": 0.1}, "data.flip was 0.5, now it is 0.1"),
        ({"model__base_channels": 32}, "model.base_channels was 16, now it is 32"),
    ],
)
def test_a_run_of_another_configuration_is_refused_by_the_field(config, changes, field):
    open_run(config())
    with pytest.raises(InputError, match="holds a run of another configuration") as caught:
        check_folder(config(**changes))
    assert field in str(caught.value)


def test_what_does_not_change_a_step_may_change(config):
    open_run(config())
    check_folder(config(optimization__steps=9, optimization__accumulate=2, logging__keep=9, data__workers=1))


@pytest.mark.parametrize(("newer", "fits"), [(0.5, False), (0.3, True)])
def test_a_setting_that_is_newer_than_the_run_had_its_default(config, newer, fits):
    made = config(data__flip=newer, data__color=0.0)
    open_run(made)
    path = made.output / "run.yaml"
    facts = yaml.safe_load(path.read_text())
    del facts["configuration"]["data"]["color"]
    facts["configuration"]["data"]["flip"] = 0.3
    path.write_text(yaml.safe_dump(facts))
    if fits:
        check_folder(made)
    else:
        with pytest.raises(InputError, match=r"data\.flip was 0\.3"):
            check_folder(made)


def test_a_folder_with_something_else_is_refused(config):
    made = config()
    check_folder(made)
    made.output.mkdir()
    check_folder(made)
    (made.output / "thesis.txt").touch()
    with pytest.raises(InputError, match="something else than a training run"):
        check_folder(made)


def test_what_a_run_leaves_that_was_killed_in_its_first_write_is_nobody_s(config):
    made = config()
    (made.output / ".run.yaml.tmp0").mkdir(parents=True)
    (made.output / ".run.yaml.tmp0" / "run.yaml").write_text("half")
    check_folder(made)
    open_run(made)
    assert [path.name for path in made.output.iterdir()] == ["run.yaml"]


def test_what_earlier_versions_left_of_a_first_write_stops_no_run(config):
    made = config()
    (made.output / ".run.yaml.abcdefgh").mkdir(parents=True)
    check_folder(made)
    (made.output / "thesis.txt").touch()
    with pytest.raises(InputError, match="something else than a training run"):
        check_folder(made)


@pytest.mark.parametrize("damaged", ["", "{", "[]", "configuration: 3", "[" * 10_000, "a: 2020-99-99", "\0"])
def test_a_damaged_description_is_named(config, damaged):
    made = config()
    open_run(made)
    (made.output / "run.yaml").write_text(damaged)
    with pytest.raises(CheckpointError, match=r"run\.yaml: it is damaged"):
        check_folder(made)


def test_a_full_disk_is_named_by_the_log(config):
    made = config()
    open_run(made)
    log = Log(made.output, step=0, tensorboard=False)
    log.file = Path("/dev/full")
    if not log.file.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(DiskError, match="cannot write /dev/full: No space left on device; free some space"):
        log.write(1, loss=0.5)


def test_what_a_killed_run_would_have_removed_is_removed(config):
    made = config()
    made.output.mkdir(parents=True)
    for step in range(1, made.logging.keep + 2):
        (made.output / f"state-{step:08d}.pt").touch()
        (made.output / f"weights-{step:08d}").mkdir()
    open_run(made)
    assert len(list(made.output.glob("state-*"))) == len(list(made.output.glob("weights-*"))) == made.logging.keep
    assert not (made.output / "state-00000001.pt").exists()


def test_the_log_goes_on_where_the_run_does(config):
    made = config()
    open_run(made)
    log = Log(made.output, step=0, tensorboard=True)
    for step in (1, 2, 3):
        log.write(step, loss=step / 2)
    log.close()
    with (made.output / "log.jsonl").open("a", errors="surrogatepass") as file:
        file.write('3\n{}\n{"step": null}\n\ud800\n')  # damaged
        file.write('{"step": 4, "lo')  # killed
    log = Log(made.output, step=2, tensorboard=False)
    log.write(3, loss=9.0)
    lines = [json.loads(line) for line in (made.output / "log.jsonl").read_text().splitlines()]
    assert lines == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 1.0}, {"step": 3, "loss": 9.0}]
    assert any((made.output / "tensorboard").iterdir())


def test_the_description_is_yaml_without_anchors(config):
    assert "&id" not in describe(config())
    assert "!!" not in describe(config())
