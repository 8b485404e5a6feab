import json
from dataclasses import replace

import numpy as np
import pytest

from tempose.core.errors import DataError
from tempose.evaluation.results import (
    ClipResults,
    Column,
    Evaluation,
    Result,
    as_json,
    bootstrap,
    paired,
    read_evaluation,
)

NAN = float("nan")


def clip(name, ssim, *, drift=(1.0,)):
    values = {"truth": {"drift": [2.0]}, "model": {"SSIM": list(ssim), "drift": list(drift)}}
    return ClipResults(name, {name: name * 3}, fps=12.0, flow="exact", joins=[4], values=values)


def evaluation(*clips):
    columns = [Column("SSIM", "", "higher"), Column("drift", "ΔE", "lower"), Column("FID", "", "lower")]
    sets = {"model": {"FID": Result(3.0, 2.0, 4.0, 3)}}
    return Evaluation({"seed": 0}, ["truth", "model"], columns, list(clips), sets, {"bad.mp4": "is damaged"})


THREE = evaluation(
    clip("a", [0.5, 0.7]), clip("b", [0.9, NAN, 0.7, float("inf")], drift=(3.0,)), clip("c", [NAN, NAN], drift=(5.0,))
)


def test_a_clip_counts_once_whatever_its_length():
    assert THREE.clips[1].mean("model", "SSIM") == pytest.approx(0.8)
    np.testing.assert_allclose(THREE.per_clip("model", "SSIM"), [0.6, 0.8, NAN])
    figure = THREE.result("model", "SSIM")
    assert figure.mean == pytest.approx(0.7)
    assert figure.low <= figure.mean <= figure.high
    assert figure.clips == 2


def test_what_was_not_measured_has_no_figure():
    assert THREE.result("truth", "SSIM") is None
    assert THREE.result("model", "FID").mean == 3


def test_over_time_frames_count_where_they_are():
    np.testing.assert_allclose(THREE.over_time("model", "SSIM"), [0.7, 0.7, 0.7, NAN])
    assert THREE.over_time("model", "drift").size == 0


def test_clips_are_ranked_from_the_best_and_those_without_a_value_last():
    assert [each.name for each in THREE.ranked()] == ["b", "a", "c"]
    assert THREE.ranking_column() == "SSIM"
    least = [Column("drift", "ΔE", "as the truth"), Column("SSIM", "", "higher")]
    assert replace(THREE, columns=least).ranking_column() == "SSIM"
    lower = replace(THREE, columns=THREE.columns[1:])
    assert [each.name for each in lower.ranked()] == ["a", "b", "c"]


def test_json_holds_everything_and_no_nan(tmp_path):
    (tmp_path / "report.json").write_text(as_json(THREE), encoding="utf-8")
    fields = json.loads((tmp_path / "report.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert fields["summary"]["model"]["SSIM"]["clips"] == 2
    again = read_evaluation(tmp_path)
    assert again.facts == THREE.facts
    assert again.failed == THREE.failed
    assert again.columns == THREE.columns
    assert again.sets == THREE.sets
    for name in ("SSIM", "drift"):
        np.testing.assert_array_equal(again.per_clip("model", name), THREE.per_clip("model", name))


@pytest.mark.parametrize("content", ["", "{}", '{"format": "other"}', '{"format": "tempose-evaluation-1"}', "[]"])
def test_another_file_is_refused_by_name(tmp_path, content):
    with pytest.raises(DataError, match="there is no report"):
        read_evaluation(tmp_path)
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(DataError, match=r"report.json is damaged or no report of this version"):
        read_evaluation(tmp_path)


# How sure a mean is ---------------------------------------------------------------------------------

VALUES = np.random.default_rng(0).normal(3, 2, size=50)


def test_the_interval_is_that_of_resampled_means():
    interval = bootstrap(VALUES)
    drawn = np.random.default_rng(5).choice(VALUES, size=(20_000, len(VALUES)))
    expected = np.quantile(drawn.mean(1), (0.025, 0.975))
    assert interval.mean == VALUES.mean()
    np.testing.assert_allclose(interval[1:], expected, atol=0.06)


def test_holds_the_true_mean_about_as_often_as_it_says():
    draws = np.random.default_rng(1).normal(0, 1, size=(150, 40))
    intervals = [bootstrap(values, level=0.8) for values in draws]
    held = np.mean([interval.low <= 0 <= interval.high for interval in intervals])
    assert 0.7 < held < 0.87


def test_more_clips_or_a_lower_level_are_narrower():
    def width(interval):
        return interval.high - interval.low

    assert width(bootstrap(VALUES[:12])) > width(bootstrap(VALUES)) > width(bootstrap(VALUES, level=0.5))


def test_the_seed_decides():
    assert bootstrap(VALUES) == bootstrap(VALUES)
    assert bootstrap(VALUES) != bootstrap(VALUES, seed=1)


def test_one_clip_has_a_mean_and_no_interval():
    mean, low, high = bootstrap(np.array([4.0]))
    assert mean == 4
    assert np.isnan([low, high]).all()


def test_pairing_cancels_what_is_hard_about_a_clip():
    hard = np.random.default_rng(2).normal(0, 10, size=50)
    gain = np.linspace(0.5, 1.5, 50)
    result = paired(hard, hard + gain)
    assert result.difference.low > 0.8
    assert bootstrap(hard + gain).low < bootstrap(hard).high
    np.testing.assert_allclose(result.changes, gain)


def test_the_clips_that_changed_most_come_first():
    first = np.zeros(4)
    assert paired(first, np.array([0.1, -3, 2, 0])).most_changed.tolist() == [1, 2, 0, 3]
