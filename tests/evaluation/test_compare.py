import json
from dataclasses import replace

import pytest

from tempose.core.errors import DataError, InputError, TemposeError
from tempose.evaluation.compare import as_csv, as_html, as_json, as_markdown, compare, write_comparison
from tempose.evaluation.results import ClipResults, Column, Evaluation
from tempose.evaluation.results import as_json as report_json

COLUMNS = [Column("SSIM", "", "higher"), Column("drift", "ΔE", "lower")]


def clip(name, ssim, drift=1.0):
    return ClipResults(
        name, {name: f"sha of {name}"}, 12.0, "exact", [4], {"model": {"SSIM": [ssim], "drift": [drift]}}
    )


def write(folder, *clips, columns=COLUMNS, **facts):
    evaluation = Evaluation({"protocol": "loop", **facts}, ["model"], list(columns), list(clips), {}, {})
    (folder / "videos").mkdir(parents=True)
    (folder / "report.json").write_text(report_json(evaluation), encoding="utf-8")
    for index, each in enumerate(clips):
        (folder / "videos" / f"{index:04d}.mp4").write_bytes(f"{folder.name} {each.name}".encode())
    return folder


@pytest.fixture
def folders(tmp_path):
    names = [f"c{i}.mp4" for i in range(6)]
    before = write(tmp_path / "before", *(clip(name, 0.5 + i / 20) for i, name in enumerate(names)))
    gains = [0.1, 0.11, 0.09, 0.1, 0.3, 0.1]
    changed = [clip(name, 0.5 + i / 20 + gains[i]) for i, name in enumerate(names)]
    after = write(tmp_path / "after", *changed[::-1], clip("more.mp4", 0), protocol="overlap")
    return before, after


def test_differences_are_of_the_same_clips(folders):
    comparison = compare(folders)
    ssim, drift = comparison.differences
    assert ssim.report.label == "after"
    assert ssim.values.difference.mean == pytest.approx(0.8 / 6)
    assert ssim.values.difference.low > 0.08  # surer than the means, which lie apart by 0.25
    assert ssim.clips[ssim.values.most_changed[0]] == "c4.mp4"
    assert drift.values.difference == (0, 0, 0)
    assert [len(report.evaluation.clips) for report in comparison.reports] == [6, 6]


def test_what_else_differs_is_said(folders):
    notes = compare(folders).notes
    assert notes == ['protocol: "loop" in before, "overlap" in after', "1 clips of after are not in all"]


def test_a_comparison_is_written_in_every_form(folders, tmp_path):
    write_comparison(compare(folders), tmp_path / "out")
    page = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    assert page.count("<video") == 6
    assert "+0.1333 *" in page
    assert "+0.1333 *" in (tmp_path / "out" / "compare.md").read_text(encoding="utf-8")
    fields = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert fields["differences"][0]["clips"]["c4.mp4"] == pytest.approx(0.3)
    with pytest.raises(InputError, match="is a file, and a comparison is a folder"):
        write_comparison(compare(folders), tmp_path / "out" / "compare.md")
    lines = (tmp_path / "out" / "clips.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 2 * 6


def test_the_videos_are_those_of_the_clip(folders, tmp_path):
    import base64

    write_comparison(compare(folders), tmp_path / "out")
    page = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    for words in (b"before c4.mp4", b"after c4.mp4"):
        assert base64.b64encode(words).decode() in page


def test_more_than_two_are_compared_with_the_first(folders, tmp_path):
    third = write(tmp_path / "deep" / "after", *(clip(f"c{i}.mp4", 0.5) for i in range(3)), columns=COLUMNS[:1])
    comparison = compare([*folders, third])
    assert [column.name for column in comparison.columns] == ["SSIM"]
    assert len({report.label for report in comparison.reports}) == 3
    assert [len(report.evaluation.clips) for report in comparison.reports] == [3, 3, 3]


def spoilt(value, replacements):
    """Every JSON value with one part replaced, taken away, or given twice."""
    yield from replacements
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
            for part in spoilt(value[key], replacements):
                yield {**value, key: part}
    if isinstance(value, list):
        yield value + value
        for index, item in enumerate(value):
            yield value[:index] + value[index + 1 :]
            for part in spoilt(item, replacements):
                yield [*value[:index], part, *value[index + 1 :]]


def test_whatever_a_report_holds_is_compared_or_refused_in_one_sentence(folders, tmp_path):
    before, after = folders
    report = json.loads((after / "report.json").read_text(encoding="utf-8"))
    report["clips"] = report["clips"][:2]
    refusals = []
    for content in spoilt(report, [None, True, -1, 1.5, "", "x", [], {}, [None], {"x": 1}, 1e400, 10**400]):
        (after / "report.json").write_text(json.dumps(content), encoding="utf-8")
        try:
            comparison = compare([before, after])
            as_markdown(comparison), as_json(comparison), as_csv(comparison), as_html(comparison)
        except TemposeError as error:
            refusals.append(str(error))
    assert len(refusals) > 400
    assert not any("\n" in refusal for refusal in refusals)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000, b"{}", b"null"])
def test_what_is_no_json_is_refused(folders, content):
    (folders[1] / "report.json").write_bytes(content)
    with pytest.raises(DataError, match=r"report.json is damaged or no report of this version"):
        compare(folders)


def test_what_cannot_be_compared_is_refused(folders, tmp_path):
    before = folders[0]
    with pytest.raises(InputError, match="wanted two or more"):
        compare([before])
    with pytest.raises(InputError, match="given twice"):
        compare([before, before])
    with pytest.raises(DataError, match="there is no report"):
        compare([before, tmp_path / "none"])
    other = replace(clip("c0.mp4", 1), hashes={"c0.mp4": "another"})
    with pytest.raises(DataError, match=r"c0.mp4 is another file in .*redrawn than in .*before"):
        compare([before, write(tmp_path / "redrawn", other)])
    with pytest.raises(DataError, match="no clip in common"):
        compare([before, write(tmp_path / "strangers", clip("z.mp4", 1))])
    with pytest.raises(DataError, match="no measure in common"):
        compare([before, write(tmp_path / "else", clip("c0.mp4", 1), columns=[Column("FID", "", "lower")])])
