"""What docs/training.md says runs as it is written."""

import os
import re
import signal

import pytest
import yaml
from cli.calls import called, parsed
from conftest import ROOT
from typer.testing import CliRunner

from tempose.cli import app
from tempose.training.budget import budget
from tempose.training.config import load_config
from tempose.training.trainer import Trainer

TEXT = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"```bash\n(.+?)```", TEXT, re.DOTALL))
LINES = sorted(
    {*re.findall(r"tempose (?:train|personalize|people|import-pidm) .+", BLOCKS), *re.findall(r"`(tempose .+?)`", TEXT)}
)


@pytest.mark.parametrize("line", LINES)
def test_the_commands_are_understood(line):
    name, params = parsed(line)
    if name == "train":
        load_config(ROOT / params["config"], params["changes"] or ())


def test_all_three_stages_are_among_them():
    names = [parsed(line)[0] for line in LINES]
    assert names.count("train") >= 8
    assert names.count("personalize") >= 2


def test_the_table_of_memory_is_what_the_dry_run_says():
    for precision, checkpointing, activations, total in (
        ("fp32", "false", "14.2", "14.9"),
        ("bf16", "false", "7.5", "8.2"),
        ("fp32", "true", "7.0", "7.7"),
    ):
        changes = [f"optimization.precision={precision}", f"optimization.checkpointing={checkpointing}"]
        plan = budget(load_config(ROOT / "configs" / "published.yaml", changes))
        assert f"{plan.activations * plan.samples / 2**30:.1f}" == activations
        row = f"| `{precision}`{', checkpointing' * (checkpointing == 'true')} | {activations} GiB | {total} GiB |"
        assert row in TEXT
        in_all = int(re.search(r"in all\s+([\d,]+) MiB", str(plan)).group(1).replace(",", ""))
        assert f"{in_all / 2**10:.1f}" == total


def test_every_section_of_the_settings_is_described():
    for name in ("data", "optimization", "logging"):
        assert f"- `{name}`:" in TEXT


def test_a_dry_run_needs_no_data_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["train", str(ROOT / "configs" / "published.yaml"), "--dry-run"])
    assert done.exit_code == 0
    assert "5,785,600" in done.stdout
    facts = yaml.safe_load(done.stdout[: done.stdout.index("trainable parameters")])
    assert facts["configuration"]["optimization"]["epochs"] == 1000
    assert not any(tmp_path.iterdir())


def test_a_users_mistake_is_one_sentence_and_exit_code_2_before_anything_is_written(tmp_path, monkeypatch, capsys):
    changes = ["--set", f"data.root={tmp_path / 'none'}", "--set", f"output={tmp_path / 'run'}"]
    code, _, told = called(monkeypatch, capsys, "train", ROOT / "configs" / "people-image.yaml", *changes)
    assert code == 2
    assert told.splitlines()[-1].startswith("error: there is no ")
    assert "Traceback" not in told
    assert not any(tmp_path.iterdir())


def test_a_run_that_is_stopped_leaves_with_exit_code_1(config, tmp_path, monkeypatch, one_thread):
    learn = Trainer.learn

    def stopped(self, batch):
        os.kill(os.getpid(), signal.SIGTERM)
        return learn(self, batch)

    (tmp_path / "a.yaml").write_text(yaml.safe_dump(config().model_dump(mode="json")))
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "learn", stopped)
        done = CliRunner().invoke(app, ["train", str(tmp_path / "a.yaml")])
    assert (done.exit_code, "stopped; the same command goes on at step 1" in done.output) == (1, True)
    done = CliRunner().invoke(app, ["train", str(tmp_path / "a.yaml")])
    assert (done.exit_code, "trained at step 6" in done.output) == (0, True)
