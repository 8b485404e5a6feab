import json
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT
from evaluation.sets import break_clip, write_set
from subjects import save_small_model, small_pipeline

from tempose.evaluation.methods import fingerprint
from tempose.evaluation.model import evaluate_model
from tempose.evaluation.protocols import find_protocol


def test_a_model_stands_beside_the_floors(people):
    ticks = []

    def track(items, label, total=None):
        for item in items:
            ticks.append(item)
            yield item

    outcome = evaluate_model(
        small_pipeline(),
        people,
        protocol=find_protocol("overlap"),
        clips=2,
        steps=1,
        seed=5,
        facts={"a": 1},
        track=track,
    )
    evaluation = outcome.evaluation
    assert evaluation.methods == ["truth", "photo copied", "photo aligned", "model"]
    assert evaluation.figure("model", "SSIM").clips == 2
    assert ticks == [0, 1]
    facts = evaluation.facts
    assert facts["a"] == 1
    assert facts["weights"] == fingerprint(small_pipeline())
    assert facts["data"] == f"{people}/test"
    assert facts["protocol settings"]["window"] == 4
    assert (facts["protocol"], facts["seed"], facts["steps"], facts["size"]) == ("overlap", 5, 1, [32, 24])


@pytest.mark.slow
def test_two_processes_get_the_figures_of_one(tmp_path):
    root = write_set(tmp_path / "set")
    break_clip(root, "person-1.mp4")
    model = save_small_model(tmp_path / "model")
    command = ["-m", "tempose", "evaluate", "--model", model, "--data", root, "--protocol", "loop", "--steps", "1"]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    reports = []
    for name, start in (("one", []), ("two", launch)):
        done = subprocess.run(
            [sys.executable, *start, *map(str, command), "-o", str(tmp_path / name)],
            env=environment, cwd=ROOT, capture_output=True, text=True,
        )  # fmt: skip
        assert (tmp_path / name / "report.json").is_file(), done.stderr
        assert done.returncode == 1  # a clip could not be measured
        assert re.search(r"not measured: .*person-1.mp4 is damaged", done.stderr)
        assert done.stdout.count("report.html: 2 clips") == 1
        report = json.loads((tmp_path / name / "report.json").read_text(encoding="utf-8"))
        del report["facts"]["command"]
        reports.append(report)
    assert reports[0] == reports[1]
    assert list(reports[0]["failed"]) == ["person-1.mp4"]
    videos = [[path.read_bytes() for path in sorted((tmp_path / name / "videos").iterdir())] for name in ("one", "two")]
    assert videos[0] == videos[1]
