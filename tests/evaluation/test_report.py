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
from tempose.evaluation.report import best_of, check_place, curves_over_time, in_words, number, read_video, write_report
from tempose.evaluation.results import Result, read_evaluation
from tempose.evaluation.run import Plan
from tempose.media.video import read_frames


@pytest.fixture(scope="module")
def outcome(people):
    protocol = find_protocol("loop")
    chosen = tasks(people, "test", protocol=protocol, size=SIZE)
    found = Plan(chosen, FLOORS, protocol, measures_at(SIZE), facts={"model": "<none>", "seed": 3}).run()
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
    assert "<script" not in page
    assert "prefers-color-scheme: dark" in page
    assert "&lt;none&gt;" in page
    assert page.count("<video") == page.count("At full size") == 2  # of three clips the best and the worst
    assert page.count("data:image/svg+xml;base64,") == 1
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


def test_curves_are_the_same_again_and_hold_every_method(outcome):
    drawn = curves_over_time(outcome.evaluation)
    assert drawn == curves_over_time(outcome.evaluation)
    text = drawn.decode()
    assert all(f">{name}<" in text for name in outcome.evaluation.methods)
    assert ">SSIM, person ↑<" in text
    short = [
        replace(clip, values={m: {k: v[:1] for k, v in row.items()} for m, row in clip.values.items()})
        for clip in outcome.evaluation.clips
    ]
    assert curves_over_time(replace(outcome.evaluation, clips=short)) == b""


def test_a_finished_report_is_replaced_only_if_that_is_said(folder, outcome, tmp_path):
    place = tmp_path / "again"
    check_place(place)
    write_report(outcome, place)
    with pytest.raises(InputError, match=r"holds a finished report; --overwrite"):
        check_place(place)
    (place / "report.md").write_text("old")
    write_report(outcome, place, overwrite=True)
    assert (place / "report.md").read_text() != "old"
    assert [path.name for path in tmp_path.iterdir()] == ["again"]
    (place / "mine.txt").write_text("my notes")
    with pytest.raises(InputError, match=r"holds mine\.txt, which is no part of a report"):
        write_report(outcome, place, overwrite=True)
    with pytest.raises(InputError, match="is a file, and a report is a folder"):
        check_place(place / "mine.txt", overwrite=True)


def test_a_folder_that_is_taken_stays_as_it_is(folder, outcome):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(InputError, match="finished report"):
        write_report(outcome, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert json.loads((folder / "report.json").read_text())["format"]


def results(**means):
    return {
        name.replace("_", " "): None if mean is None else Result(mean, mean, mean, 3) for name, mean in means.items()
    }


@pytest.mark.parametrize(
    ("best", "given", "winner"),
    [
        ("higher", results(truth=9, a=1, b=2), "b"),
        ("lower", results(a=1, b=2, c=None), "a"),
        ("near 0", results(a=-3, b=2), "b"),
        ("near 1", results(a=0.5, b=1.5), "b"),
        ("as the truth", results(truth=4, a=2.5, b=5), "b"),
        ("as the truth", results(a=2.5, b=5), None),
        ("higher", results(truth=9, a=1), None),
    ],
)
def test_the_best_is_marked_where_there_is_a_choice(best, given, winner):
    assert best_of(best, given) == winner


def test_numbers_have_about_four_results():
    values = [0.12345, -0.00001, 1.23456, 12.3456, 123.456, float("nan")]
    assert [number(v) for v in values] == ["0.1235", "0.0000", "1.235", "12.35", "123.5", "–"]
    assert in_words(None) == ("–", "")
    assert in_words(Result(0.5, float("nan"), float("nan"), 1)) == ("0.5000", "")
