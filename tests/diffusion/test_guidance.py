import pytest

from tempose.core.errors import InputError
from tempose.diffusion.guidance import Branch, Guidance

# Any numbers will do for the predictions ε(pose, photo): the rules are linear.
EPSILON = {(False, False): 0.3, (True, False): -1.1, (False, True): 2.7, (True, True): 0.9}


def guided(guidance):
    return sum(b.weight * EPSILON[b.pose, b.photo] for b in guidance.branches())


@pytest.mark.parametrize("scale", [0.0, 0.5, 2.0, 7.5])
def test_the_published_codes_rule(scale):
    null, full = EPSILON[True, False], EPSILON[True, True]
    assert guided(Guidance(photo=scale)) == pytest.approx(null + scale * (full - null))


@pytest.mark.parametrize(("pose", "photo"), [(2.0, 2.0), (1.0, 0.0), (0.5, 3.0)])
def test_the_papers_rule(pose, photo):
    null = EPSILON[False, False]
    expected = null + pose * (EPSILON[True, False] - null) + photo * (EPSILON[False, True] - null)
    assert guided(Guidance(pose=pose, photo=photo)) == pytest.approx(expected)


def test_scale_one_is_the_conditional_prediction_and_zero_the_other_alone():
    assert Guidance(photo=1.0).branches() == [Branch(True, True, 1.0)]
    assert Guidance(photo=0.0).branches() == [Branch(True, False, 1.0)]


def test_defaults_are_two_predictions_and_the_papers_rule_is_three():
    assert len(Guidance().branches()) == 2
    assert len(Guidance(pose=2.0, photo=2.0).branches()) == 3


@pytest.mark.parametrize("scales", [{"photo": float("nan")}, {"pose": float("inf")}])
def test_scales_must_be_finite(scales):
    with pytest.raises(InputError, match="finite"):
        Guidance(**scales)


def test_outside_its_interval_the_conditional_prediction_stands_alone():
    guidance = Guidance(photo=3.0, interval=(0.2, 0.8))
    for time in (0.2, 0.5, 0.8):
        assert guidance.at(time) == guidance
    for time in (0.0, 0.19, 0.81, 0.999):
        assert [branch.weight for branch in guidance.at(time).branches()] == [1.0]


@pytest.mark.parametrize("interval", [(0.8, 0.2), (-0.1, 1.0), (0.0, 1.1), (float("nan"), 1.0)])
def test_intervals_out_of_range(interval):
    with pytest.raises(InputError, match="the interval of guidance is"):
        Guidance(interval=interval)
