import pytest
import torch
from helpers import random

from tempose.core.errors import CheckpointError, InputError
from tempose.evaluation.distances import frechet_distance
from tempose.evaluation.learned import SetMeasure, load_learned, set_figure
from tempose.evaluation.results import Column

MEASURE = SetMeasure(Column("FID", "", "lower"), "look", frechet_distance)


@pytest.mark.parametrize(
    ("given", "metric"),
    [({"lpips_weights": "no.pth"}, "LPIPS"), ({"inception": "no.pt"}, "FID and KID"), ({"i3d": "no.pt"}, "FVD")],
)
def test_a_measure_without_its_weights_is_named(given, metric):
    with pytest.raises(CheckpointError, match=rf"{metric}.*no file no.pth?; download it from https"):
        load_learned(**given)


def test_a_program_runs_only_if_its_digest_is_named():
    with pytest.raises(InputError, match="FID-VID runs the program"):
        load_learned(video_features="mine.pt")


def test_nothing_asked_for_is_nothing():
    learned = load_learned()
    assert learned.measures == learned.sets == ()
    assert learned.features(torch.zeros(1, 2, 3, 8, 8)) == {}


def test_a_sets_figure_is_the_distance_of_all_features_with_its_spread():
    truth = [random(6, 3, seed=i) for i in range(8)]
    shifted = [values + 0.5 for values in truth]
    figure = set_figure(MEASURE, shifted, truth)
    assert figure.mean == pytest.approx(frechet_distance(torch.cat(shifted), torch.cat(truth)))
    assert figure.mean == pytest.approx(0.75, abs=1e-4)
    assert figure.low <= figure.mean <= figure.high
    noisy = [values + random(6, 3, seed=50 + i) * (i + 1) / 4 for i, values in enumerate(truth)]
    wide = set_figure(MEASURE, noisy, truth)
    assert wide.high - wide.low > figure.high - figure.low
    few = set_figure(MEASURE, shifted[:2], truth[:2])
    assert few.low != few.low  # NaN: two clips say nothing of others
