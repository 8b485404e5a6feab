"""Foreshortening only shortens: the longest looks of a bone tell its length."""

import numpy as np
import pytest

from tempose.body.motions import builtin_motion
from tempose.body.skeleton import Camera, Proportions, Skeleton, project_keypoints
from tempose.pose.bones import BONES, HIPS, NECK, measure, typical, with_hips
from tempose.pose.keypoints import KEYPOINTS


def keypoints(motion="dance", *, frames=40, seed=0, size=(512, 384), distance=1e5):
    skeleton = Skeleton(Proportions.draw(np.random.default_rng(seed)))
    world = skeleton.keypoints(skeleton.pose(builtin_motion(motion, frames=frames, fps=10, seed=seed)))
    return world, project_keypoints(world, Camera.framing(world, size, distance=distance), fps=10).keypoints


def test_the_middle_of_the_hips_is_the_one_hip_that_is_seen():
    points = np.ones((1, 18, 3), np.float32)
    points[0, 8] = 2, 4, 1
    points[0, 11] = 4, 8, 1
    np.testing.assert_allclose(with_hips(points)[0, HIPS], (3, 6))
    points[0, 8, 2] = 0
    np.testing.assert_allclose(with_hips(points)[0, HIPS], (4, 8))
    points[0, 11, 2] = 0
    assert np.isnan(with_hips(points)[0, HIPS]).all()


@pytest.mark.parametrize("seed", range(4))
def test_lengths_are_those_of_the_body_whatever_it_does(seed):
    world, seen = keypoints("random", frames=80, seed=seed)
    build = measure(with_hips(seen), fps=10)
    hips = world[:, [8, 11]].mean(1)
    trunk = np.linalg.norm(world[:, NECK] - hips, axis=-1).mean()
    for bone, length in zip(BONES, build.lengths, strict=True):
        if bone.measures and bone.name != "trunk":
            ends = np.linalg.norm(world[:, list(bone.ends)] - world[:, list(bone.starts)], axis=-1)
            assert length == pytest.approx(ends.mean() / trunk * build.lengths[0], rel=0.15), bone.name


def test_lengths_do_not_change_with_the_size_of_the_picture():
    _, small = keypoints(size=(128, 96))
    _, large = keypoints(size=(1024, 768))
    one, other = measure(with_hips(small), fps=10), measure(with_hips(large), fps=10)
    np.testing.assert_allclose(one.lengths, other.lengths, rtol=1e-3)
    np.testing.assert_allclose(other.scale / one.scale, 8, rtol=1e-3)


def test_the_scale_follows_a_person_who_comes_nearer_and_no_pose():
    _, seen = keypoints("idle", frames=60)
    points = with_hips(seen)
    near = points * np.linspace(1, 2, 60)[:, None, None]
    scale = measure(near, fps=10).scale
    assert 1.6 < scale[-1] / scale[0] < 2.1
    _, squatting = keypoints("squat", frames=60)
    scale = measure(with_hips(squatting), fps=10).scale
    assert scale.max() / scale.min() < 1.15


def test_a_foreshortened_bone_gets_the_other_sides_length_or_a_typical_one():
    _, seen = keypoints("idle", frames=1)
    points = with_hips(seen)
    elbow, wrist = KEYPOINTS.index("left_elbow"), KEYPOINTS.index("left_wrist")
    one = points.copy()
    one[:, wrist] = one[:, elbow] + 0.3 * (one[:, wrist] - one[:, elbow])
    told = measure(one, fps=1)
    assert ("forearm", wrist, "symmetry") in told.replaced
    both = one.copy()
    both[:, KEYPOINTS.index("right_wrist")] = np.nan
    told = measure(both, fps=1)
    forearm = [bone.name for bone in BONES].index("forearm")
    assert told.lengths[forearm] == BONES[forearm].length
    assert ("forearm", wrist, "typical proportions") in told.replaced


def test_a_capture_on_typical_bones_keeps_its_directions():
    world, _ = keypoints("dance")
    stretched = world * (1.0, 1.3, 1.0)
    changed = typical(stretched)
    for bone in BONES:
        for start, end in zip(bone.starts, bone.ends, strict=True):
            if HIPS in (start, end) or start == NECK:
                continue
            before, after = stretched[:, end] - stretched[:, start], changed[:, end] - changed[:, start]
            cosine = (before * after).sum(-1) / np.linalg.norm(before, axis=-1) / np.linalg.norm(after, axis=-1)
            np.testing.assert_allclose(cosine, 1, atol=1e-6)
