import json
import os
import re
import subprocess
import sys

import pytest
import torch
from cli.calls import called
from conftest import ROOT
from evaluation.sets import SIZE, Seer, break_clip, write_set
from helpers import assert_alike
from subjects import save_small_model, small_pipeline

from tempose.core.errors import DataError
from tempose.evaluation.cases import tasks
from tempose.evaluation.measures import Learned, measures_at
from tempose.evaluation.methods import FLOORS, fingerprint
from tempose.evaluation.protocols import find_protocol
from tempose.evaluation.results import Column
from tempose.evaluation.run import Plan, plan_model
from tempose.evaluation.sets import SetMeasure
from tempose.evaluation.settings import EvaluateSettings

LOOP = find_protocol("loop")


def run(root, methods=FLOORS, *, subject="self", **how):
    chosen = tasks(root, "test", protocol=LOOP, size=SIZE, subject=subject)
    return Plan(chosen, methods, LOOP, measures_at(SIZE), facts={"seed": 0}, **how).run()


@pytest.fixture(scope="module")
def outcome(people):
    return run(people)


def test_every_method_is_measured_on_every_clip(outcome):
    evaluation = outcome.evaluation
    assert evaluation.methods == ["truth", "photo copied", "photo warped"]
    assert [clip.name for clip in evaluation.clips] == [f"person-{i}.mp4" for i in range(3)]
    assert outcome.videos.keys() == {clip.name for clip in evaluation.clips}
    assert evaluation.clips[0].flow == "exact"
    assert evaluation.clips[0].joins == [4]
    assert evaluation.result("photo warped", "SSIM").clips == 3
    assert evaluation.result("truth", "SSIM") is None
    assert evaluation.result("truth", "identity drift").clips == 3
    assert "PCK@0.1" not in [column.name for column in evaluation.columns]


def test_without_truth_only_what_needs_none_is_measured(people):
    evaluation = run(people, subject="cross", estimator=Seer()).evaluation
    assert evaluation.methods == ["photo copied", "photo warped"]
    names = {column.name for column in evaluation.columns}
    assert names == {"warped difference", "seam score", "identity drift", "PCK@0.1", "pose error", "jerk"}
    assert evaluation.clips[0].flow == "DIS of what was generated"


def test_a_bad_clip_is_listed_and_spoils_nothing(outcome, tmp_path):
    root = write_set(tmp_path / "set")
    break_clip(root, "person-1.mp4")
    spoilt = run(root).evaluation
    assert list(spoilt.failed) == ["person-1.mp4"]
    assert "person-1.mp4 is damaged" in spoilt.failed["person-1.mp4"]
    whole = outcome.evaluation
    assert [clip.values for clip in spoilt.clips] == [whole.clips[0].values, whole.clips[2].values]


def test_frames_that_are_not_finite_name_clip_and_method(people):
    def sometimes(case):
        frames = FLOORS["photo copied"](case).clone()
        if case.name == "person-2.mp4":
            frames[3, 0, 5, 5] = torch.nan
        return frames

    failed = run(people, {"broken": sometimes}).evaluation.failed
    assert failed == {"person-2.mp4": "person-2.mp4: the frames of broken hold NaN or infinite values"}


def test_nothing_to_measure_is_an_error(people, tmp_path):
    with pytest.raises(DataError, match="set of clips is empty"):
        Plan([], FLOORS, LOOP, []).run()
    root = write_set(tmp_path / "set", people=1)
    break_clip(root, "person-0.mp4")
    with pytest.raises(DataError, match=r"none of 1 clips could be measured: the clip .*person-0.mp4 is damaged"):
        run(root)


def test_measures_of_the_whole_set_are_of_all_clips(people):
    look = Learned(
        sets=(SetMeasure(Column("gap", "", "lower"), "mean", lambda a, b: float((a.mean(0) - b.mean(0)).norm())),),
        looks={"mean": lambda frames: frames.mean((0, 3, 4))},
    )
    evaluation = run(people, learned=look).evaluation
    assert evaluation.columns[-1].name == "gap"
    figure = evaluation.result("photo copied", "gap")
    assert figure.clips == 3
    assert figure.low <= figure.mean <= figure.high
    assert evaluation.result("truth", "gap") is None


def test_a_task_is_judged_apart_from_the_others(outcome, people):
    chosen = tasks(people, "test", protocol=LOOP, size=SIZE)[2:]
    alone = Plan(chosen, FLOORS, LOOP, measures_at(SIZE)).run().evaluation
    assert alone.clips == outcome.evaluation.clips[2:]


def test_a_model_stands_beside_the_floors(people):
    ticks = []

    def track(items, label, total=None):
        for item in items:
            ticks.append(item)
            yield item

    asked = EvaluateSettings(protocol="overlap", clips=2, steps=1, seed=5)
    evaluation = plan_model(small_pipeline(), people, asked).run(track=track).evaluation
    assert evaluation.methods == ["truth", "photo copied", "photo warped", "model"]
    assert evaluation.result("model", "SSIM").clips == 2
    assert ticks == [0, 1]
    facts = evaluation.facts
    assert facts["weights"] == fingerprint(small_pipeline())
    assert facts["data"] == f"{people}/test"
    assert facts["protocol settings"]["window"] == 4
    assert (facts["protocol"], facts["seed"], facts["steps"], facts["size"]) == ("overlap", 5, 1, [32, 24])


def apart(report):
    """A report's text and its figures."""
    number = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
    text = json.dumps(report)
    return number.sub("#", text), [float(each) for each in number.findall(text)]


@pytest.mark.slow
def test_two_processes_get_the_figures_of_one(tmp_path, monkeypatch, capsys):
    root = write_set(tmp_path / "set")
    break_clip(root, "person-1.mp4")
    model = save_small_model(tmp_path / "model")
    command = [str(each) for each in ("evaluate", "--model", model, "--data", root, "--protocol", "loop", "--steps", 1)]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "tempose"]
    ran = [called(monkeypatch, capsys, *command, "-o", tmp_path / "one")]
    done = subprocess.run(
        [sys.executable, *launch, *command, "-o", str(tmp_path / "two")],
        env={**os.environ, "ACCELERATE_USE_CPU": "true"}, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    ran.append((done.returncode, done.stdout, done.stderr))
    reports = []
    for name, (code, out, told) in zip(("one", "two"), ran, strict=True):
        assert (tmp_path / name / "report.json").is_file(), told
        assert code == 1  # a clip could not be measured
        assert re.search(r"not measured: .*person-1.mp4 is damaged", told)
        assert out.count("report.html: 2 clips") == 1
        report = json.loads((tmp_path / name / "report.json").read_text(encoding="utf-8"))
        del report["facts"]["command"]
        reports.append(report)
    (said, figures), (also_said, also) = map(apart, reports)
    assert said == also_said
    assert also == pytest.approx(figures, rel=1e-4, abs=1e-6)
    assert list(reports[0]["failed"]) == ["person-1.mp4"]
    for one in sorted((tmp_path / "one" / "videos").iterdir()):
        assert_alike(one, tmp_path / "two" / "videos" / one.name)
