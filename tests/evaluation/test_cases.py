import numpy as np
import pytest
from evaluation.sets import SIZE, break_clip, cut_recipe, drawn, write_set

from tempose.core.errors import DataError
from tempose.data.prepared import write_metadata
from tempose.evaluation.cases import tasks
from tempose.evaluation.protocols import Protocol, find_protocol
from tempose.media.tensors import to_uint8
from tempose.people.clip import draw_flow

LOOP = find_protocol("loop")


def cases(root, **how):
    return [task.read() for task in tasks(root, "test", **{"protocol": LOOP, "size": SIZE, **how})]


def test_self_reconstruction_is_a_clip_from_its_first_frame(people):
    case = cases(people)[1]
    recipe, clip = drawn(1)
    assert case.name == "person-1.mp4"
    assert case.photo.shape == (3, *SIZE)
    assert case.truth.frames.shape == (8, 3, *SIZE)
    assert np.abs(to_uint8(case.photo).astype(int) - clip.frames[0]).mean() < 6  # H.264
    assert np.abs(to_uint8(case.truth.frames).astype(int) - clip.frames[1:]).mean() < 6
    np.testing.assert_array_equal(case.motion.keypoints, clip.motion.keypoints[1:])
    np.testing.assert_array_equal(case.photo_keypoints, clip.motion.keypoints[0])
    np.testing.assert_array_equal(case.truth.mask[:, 0], clip.masks[1:])
    flow = draw_flow(recipe)
    np.testing.assert_array_equal(case.truth.flow.flow, np.moveaxis(flow.flow[1:], -1, 1))
    np.testing.assert_array_equal(case.truth.flow.valid[:, 0], flow.valid[1:])


def test_flow_is_exact_only_between_neighbours_of_drawn_clips(people, tmp_path):
    apart = Protocol("apart", window=2, step=3, strategy="loop", most=None)
    assert all(case.truth.flow is None for case in cases(people, protocol=apart))
    assert all(case.truth.flow is None for case in cases(people, size=(40, 24), stretch=True))
    cut_recipe(write_set(tmp_path / "unknown", people=1))
    assert cases(tmp_path / "unknown")[0].truth.flow is None


def test_cross_driving_has_another_persons_motion_and_no_truth(people):
    first, _, last = cases(people, subject="cross")
    assert first.name == "person-0.mp4 ← person-1.mp4"
    assert last.name == "person-2.mp4 ← person-0.mp4"
    assert first.truth is None
    assert len(first.motion) == 9
    assert first.motion.size == SIZE
    assert not np.array_equal(first.motion.keypoints, drawn(1)[1].motion.keypoints)
    task = tasks(people, "test", protocol=LOOP, size=SIZE, subject="cross")[0]
    assert list(task.hashes) == ["person-0.mp4", "person-1.mp4"]


def test_a_subset_is_spread_evenly(people):
    chosen = tasks(people, "test", protocol=LOOP, size=SIZE, most=2)
    assert [task.name for task in chosen] == ["person-0.mp4", "person-2.mp4"]


def test_another_size_is_refused_by_name_or_stretched(people):
    with pytest.raises(DataError, match=r"person-0.mp4 is 32×24 .* measured is at 64×48"):
        cases(people, size=(64, 48))
    case = cases(people, size=(64, 48), stretch=True)[0]
    assert case.truth.frames.shape[-2:] == (64, 48)
    np.testing.assert_allclose(case.photo_keypoints[:, :2], drawn(0)[1].motion.keypoints[0, :, :2] * 2)


def test_bad_sets_are_named(people, tmp_path):
    with pytest.raises(DataError, match="there is no"):
        cases(tmp_path / "nowhere")
    (tmp_path / "empty" / "test").mkdir(parents=True)
    write_metadata(tmp_path / "empty", "test", [])
    with pytest.raises(DataError, match="holds no clip"):
        cases(tmp_path / "empty")
    write_set(tmp_path / "alone", people=1)
    with pytest.raises(DataError, match="shows person-0 alone"):
        cases(tmp_path / "alone", subject="cross")
    break_clip(tmp_path / "alone", "person-0.mp4")
    with pytest.raises(DataError, match=r"person-0.mp4 is damaged"):
        cases(tmp_path / "alone")
