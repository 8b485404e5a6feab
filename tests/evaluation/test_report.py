import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from evaluation.sets import SIZE

from tempose.core.errors import InputError, MediaError
from tempose.evaluation.cases import tasks
from tempose.evaluation.measures import measures_at
from tempose.evaluation.methods import FLOORS
from tempose.evaluation.protocols import find_protocol
from tempose.evaluation.report import best_of, in_words, number, read_video, write_report
from tempose.evaluation.results import Result, read_evaluation
from tempose.evaluation.run import evaluate
from tempose.media.video import read_frames


@pytest.fixture(scope="module")
def outcome(people):
    protocol = find_protocol("loop")
    chosen = tasks(people, "test", protocol=protocol, size=SIZE)
    found = evaluate(
        chosen, FLOORS, protocol=protocol, measures=measures_at(SIZE), facts={"model": "<none>", "seed": 3}
    )
    failed = {"bad.mp4": "bad.mp4 is damaged"}
    return found._replace(evaluation=replace(found.evaluation, failed=failed))


@pytest.fixture(scope="module")
def folder(outcome, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports") / "report"
    write_report(outcome, folder)
    return folder


def test_the_folder_holds_every_form(folder, outcome):
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["clips.csv", "report.html", "report.json", "report.md", "sheets", "videos"]
    assert read_evaluation(folder).clips == outcome.evaluation.clips
    frames = np.stack(list(read_frames(folder / "videos" / "0001.mp4")))
    assert frames.shape == (8, 32, 5 * 24, 3)  # photo, poses, truth, two methods
    assert read_video(folder, 1) == outcome.videos["person-1.mp4"]
    with pytest.raises(MediaError, match="lacks its video"):
        read_video(folder, 9)


def test_the_page_stands_alone(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "http" not in page
    assert "&lt;none&gt;" in page
    assert page.count("<video") == 2  # of three clips the best and the worst
    assert page.count("<svg") > 10
    assert "bad.mp4 is damaged" in page
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page).lower()


def test_everything_to_repeat_it_is_written_down(folder, outcome):
    hashes = {sha for clip in outcome.evaluation.clips for sha in clip.hashes.values()}
    assert len(hashes) == 3
    for name in ("report.html", "report.md", "report.json"):
        text = (folder / name).read_text(encoding="utf-8")
        assert all(sha in text for sha in hashes)
        assert "seed: 3" in text.replace('"', "")


def test_a_line_for_each_clip_and_method(folder, outcome):
    rows = list(csv.DictReader((folder / "clips.csv").open(encoding="utf-8")))
    assert len(rows) == 3 * 3 + 1
    assert rows[-1] == {**dict.fromkeys(rows[0], ""), "clip": "bad.mp4", "failed": "bad.mp4 is damaged"}
    copied = next(row for row in rows if row["method"] == "photo copied" and row["clip"] == "person-2.mp4")
    wanted = outcome.evaluation.clips[2].mean("photo copied", "SSIM")
    assert float(copied["SSIM"]) == pytest.approx(wanted, rel=1e-5)


def test_a_folder_that_is_taken_stays_as_it_is(folder, outcome):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(InputError, match="something in it"):
        write_report(outcome, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert json.loads((folder / "report.json").read_text())["format"]


def figures(**means):
    return {
        name.replace("_", " "): None if mean is None else Result(mean, mean, mean, 3) for name, mean in means.items()
    }


@pytest.mark.parametrize(
    ("best", "given", "winner"),
    [
        ("higher", figures(truth=9, a=1, b=2), "b"),
        ("lower", figures(a=1, b=2, c=None), "a"),
        ("near 0", figures(a=-3, b=2), "b"),
        ("near 1", figures(a=0.5, b=1.5), "b"),
        ("as the truth", figures(truth=4, a=2.5, b=5), "b"),
        ("as the truth", figures(a=2.5, b=5), None),
        ("higher", figures(truth=9, a=1), None),
    ],
)
def test_the_best_is_marked_where_there_is_a_choice(best, given, winner):
    assert best_of(best, given) == winner


def test_numbers_have_about_four_figures():
    values = [0.12345, -0.00001, 1.23456, 12.3456, 123.456, float("nan")]
    assert [number(v) for v in values] == ["0.1235", "0.0000", "1.235", "12.35", "123.5", "–"]
    assert in_words(None) == ("–", "")
    assert in_words(Result(0.5, float("nan"), float("nan"), 1)) == ("0.5000", "")
