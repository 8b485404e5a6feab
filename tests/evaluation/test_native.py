import json

import numpy as np
import pytest
from evaluation.sets import SIZE, Seer, cut_recipe, write_set
from subjects import small_model

from tempose.core.errors import DataError, InputError, PoseError
from tempose.data.prepared import write_clip, write_metadata
from tempose.evaluation.native import (
    Sampling,
    animated,
    native_tasks,
    plan_native,
    seen_from_behind,
)
from tempose.evaluation.report import write_report
from tempose.evaluation.settings import EvaluateSettings
from tempose.media.images import read_image
from tempose.media.video import write_video
from tempose.people.clip import Recipe, draw_clip

SMALL = Sampling(64, frames=4)


def test_frames_are_spread_over_the_first_seconds():
    sampling = Sampling(512, frames=24, seconds=8)
    assert sampling.step(240, 30.0) == 10
    assert sampling.step(2400, 30.0) == 10
    assert sampling.step(10, 30.0) == 1
    assert sampling.size(1280, 720) == (512, 288)
    assert sampling.size(301, 201) == (300, 200)  # never enlarged; both even
    with pytest.raises(InputError, match="wanted 2 or more"):
        EvaluateSettings(native=True, max_frames=1)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Two drawn people whose recipes nobody knows."""
    root = write_set(tmp_path_factory.mktemp("native") / "set", people=2)
    cut_recipe(root)
    return root


@pytest.fixture(scope="module")
def outcome(known):
    return plan_native(small_model(), [known], EvaluateSettings(native=True, size=64, max_frames=4)).run()


def test_a_prepared_set_is_measured_beside_the_photo_copied(outcome):
    evaluation = outcome.evaluation
    assert evaluation.methods == ["truth", "photo copied", "warp", "model"]
    assert [clip.name for clip in evaluation.clips] == ["person-0.mp4", "person-1.mp4"]
    columns = [column.name for column in evaluation.columns]
    assert columns == ["L1, person", "PSNR, person", "SSIM, person", "sharp", "rim", "still"]
    assert evaluation.result("photo copied", "still").mean == 0
    assert evaluation.facts["protocol"] == "native"


def test_the_report_has_a_sheet_of_each_clip_at_full_size(outcome, tmp_path):
    write_report(outcome, tmp_path / "report")
    sheet = read_image(tmp_path / "report" / "sheets" / "0001.jpg")
    shown = [name for name in outcome.evaluation.methods if name != "photo copied"]
    assert sheet.shape == (len(shown) * SIZE[0], 3 * SIZE[1], 3)  # three moments beside one another
    assert json.loads((tmp_path / "report" / "report.json").read_text())["facts"]["size"] == 64


def test_the_result_is_what_animate_makes_for_anybody(known):
    from tempose.animation.animate import animate

    case = native_tasks([known], SMALL)[0].read()
    frames = animated(small_model(), seed=3)(case)
    again = animate(case.subjects, case.driver, model=small_model(), retarget="none", size=SIZE[0], seed=3)
    expected = np.stack(list(again.frames()))
    assert frames.shape == case.truth.frames.shape
    np.testing.assert_allclose(((frames + 1) * 127.5).movedim(1, -1).numpy(), expected, atol=0.51)


def test_with_pose_faces_and_hands_are_looked_for(known, monkeypatch):
    monkeypatch.setattr("tempose.evaluation.native.load_estimator", Seer)
    asked = EvaluateSettings(native=True, size=64, max_frames=4, clips=1, pose=True)
    evaluation = plan_native(small_model(), [known], asked).run().evaluation
    assert "identity drift" in [column.name for column in evaluation.columns]
    assert evaluation.result("model", "identity drift").mean > 0
    assert evaluation.result("model", "face found") is None  # the drawn driver has no mesh


def test_a_photo_from_behind_is_measured_on_other_frames_from_behind(tmp_path):
    recipe = Recipe(person=3, motion="turn", motion_seed=0, scene=1, frames=16, fps=6.0, size=(64, 48), fill=0.8)
    clip = draw_clip(recipe)
    second, behind = seen_from_behind(clip.motion)
    assert second not in behind
    assert 0 not in behind
    assert {10, 13, 15} < {second, *behind.tolist()}
    row = write_clip(
        tmp_path, "test", "turn", frames=clip.frames, motion=clip.motion, masks=clip.masks,
        person="3", source="drawn", license="CC0-1.0",
    )  # fmt: skip
    write_metadata(tmp_path, "test", [row])
    case = native_tasks([tmp_path], Sampling(64, frames=16, photos=2))[0].read()
    assert len(case.subjects) == 2
    assert len(case.truth.frames) == len(case.motion) == len(behind)
    one, two = (animated("warp", photos=photos)(case) for photos in (1, 2))
    assert on_truth(two, case) < 0.9 * on_truth(one, case)
    still = native_tasks([write_set(tmp_path / "still", people=1)], Sampling(32, frames=4, photos=2))[0]
    with pytest.raises(DataError, match="does not turn round"):
        still.read()


def on_truth(frames, case):
    """The mean difference on the person."""
    return float(((frames - case.truth.frames).abs() * case.truth.mask).sum() / case.truth.mask.sum())


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


@pytest.mark.slow
def test_a_real_video_is_its_own_photo_and_motion(real):
    case = native_tasks([real / "videos" / "squats.mp4"], Sampling(256, frames=4))[0].read()
    assert case.truth.frames.shape == (3, 3, 256, 144)
    assert len(case.motion) == 3
    assert 0.02 < case.truth.mask.mean() < 0.5
    overlap = (case.photo_mask * case.truth.mask[1]).sum() / case.photo_mask.sum()
    assert overlap > 0.3
