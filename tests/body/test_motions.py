"""Motions are smooth, feet stay where they stand, and arms keep out of the trunk."""

import numpy as np
import pytest
from helpers import keypoint_motion

from tempose.body.motions import MOTIONS, breathing, builtin_motion
from tempose.body.skeleton import ARMS, JOINT, LEGS, Proportions, Skeleton
from tempose.core.errors import InputError
from tempose.pose.keypoints import KEYPOINTS

FPS = 60
SEEDS = range(4)


def posed(name, seed, frames=6 * FPS, fps=FPS):
    skeleton = Skeleton(Proportions.draw(np.random.default_rng(seed)))
    motion = builtin_motion(name, frames=frames, fps=fps, seed=seed)
    return skeleton, motion, skeleton.pose(motion)


def test_all_that_were_promised_are_there():
    named = {"walk", "catwalk", "turn", "wave", "dance", "squat", "reach", "idle", "random", "nod", "talk"}
    assert set(MOTIONS) == named


def test_who_nods_moves_the_head_and_stays_otherwise():
    _, _, pose = posed("nod", 1)
    assert np.ptp(pose.rotations[:, JOINT["head"], 1, 2]) > 0.2
    assert np.ptp(pose.joints[:, JOINT["pelvis"]], axis=0).max() < 0.12


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(InputError, match=r"did you mean 'catwalk'\?.*squat"):
        builtin_motion("catwlak", frames=4, fps=12)
    with pytest.raises(InputError, match="frames"):
        builtin_motion("walk", frames=0, fps=12)


@pytest.mark.parametrize("name", MOTIONS)
def test_a_seed_is_one_motion_and_another_seed_another(name):
    one, again, other = (builtin_motion(name, frames=24, fps=12, seed=seed) for seed in (5, 5, 6))
    for field in ("root", "feet", "foot_angles", "rotations"):
        assert (getattr(one, field) == getattr(again, field)).all()
    assert any(not np.allclose(getattr(one, f), getattr(other, f)) for f in ("root", "rotations"))


@pytest.mark.parametrize("name", MOTIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_joints_move_smoothly_to_second_order(name, seed):
    _, _, pose = posed(name, seed)
    speed = np.diff(pose.joints, axis=0) * FPS
    force = np.diff(speed, axis=0) * FPS
    assert np.linalg.norm(speed, axis=-1).max() < 6  # metres a second: a fast hand
    assert np.linalg.norm(force, axis=-1).max() < 100
    # A jump in acceleration would not shrink when time is cut finer; a smooth one halves.
    _, _, fine = posed(name, seed, frames=12 * FPS, fps=2 * FPS)
    coarse_jerk = np.abs(np.diff(force, axis=0)).max()
    fine_force = np.diff(fine.joints, n=2, axis=0) * (2 * FPS) ** 2
    assert np.abs(np.diff(fine_force, axis=0)).max() < 0.85 * coarse_jerk + 0.5


@pytest.mark.parametrize("name", MOTIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_planted_foot_does_not_slide(name, seed):
    skeleton, motion, pose = posed(name, seed)
    p = skeleton.proportions
    for side, (_, _, ankle) in enumerate(LEGS):
        foot = pose.rotations[:, ankle]
        ball = pose.joints[:, ankle] - foot @ np.array([0, p.ankle, -0.45 * p.foot])
        target = p.leg * motion.feet[:, side]
        assert np.linalg.norm(ball - target, axis=-1).max() < 1e-6  # the leg reaches it
        down = motion.feet[:, side, 1] < 1e-9
        planted = down[1:] & down[:-1] & (np.abs(np.diff(motion.feet[:, side], axis=0)).max(-1) < 1e-12)
        slide = np.linalg.norm(np.diff(ball, axis=0)[planted], axis=-1) * FPS
        assert planted.mean() > 0.25
        assert (slide < 1e-4).all()  # metres a second
        assert ball[:, 1].min() > -1e-6


@pytest.mark.parametrize("name", ["walk", "catwalk", "turn", "dance"])
def test_one_foot_always_carries_the_body(name):
    for seed in SEEDS:
        motion = builtin_motion(name, frames=4 * FPS, fps=FPS, seed=seed)
        assert (motion.feet[:, :, 1].min(axis=1) < 1e-9).all()


@pytest.mark.parametrize("name", MOTIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_arms_keep_out_of_the_trunk(name, seed):
    """No point of elbow, forearm or wrist lies inside the trunk's ellipse (of a slim person)."""
    skeleton, _, pose = posed(name, seed, frames=96, fps=16)
    p = skeleton.proportions
    waist, chest = pose.joints[:, JOINT["pelvis"]], pose.joints[:, JOINT["chest"]]
    axes = pose.rotations[:, JOINT["waist"]]
    for _, elbow, wrist in ARMS:
        for share in np.linspace(0, 1, 5):
            point = (1 - share) * pose.joints[:, elbow] + share * pose.joints[:, wrist]
            local = np.einsum("fji,fj->fi", axes, point - (waist + chest) / 2)
            high = np.abs(local[:, 1]) < 0.5 * p.trunk
            ellipse = (local[:, 0] / (0.30 * p.shoulders)) ** 2 + (local[:, 2] / (0.052 * p.height)) ** 2
            assert (ellipse[high] > 1).all()


@pytest.mark.parametrize("name", MOTIONS)
def test_knees_bend_forward_and_feet_do_not_cross_far(name):
    _, _, pose = posed(name, 2)
    for hip, knee, ankle in LEGS:
        forward = pose.rotations[:, ankle, :, 2] + pose.rotations[:, 0, :, 2]
        bulge = pose.joints[:, knee] - (pose.joints[:, hip] + pose.joints[:, ankle]) / 2
        assert ((bulge * forward).sum(-1) > -0.02).all()


def test_catwalk_comes_turns_and_goes():
    motion = builtin_motion("catwalk", frames=8 * 16, fps=16, seed=1)
    z, facing = motion.root[:, 2], motion.rotations[:, 0, 2, 2]
    furthest = int(z.argmax())
    assert z[furthest] - z[0] > 0.8
    assert z[furthest] - z[-1] > 0.5
    assert facing[: len(z) // 4].min() > 0.9
    assert facing[-4:].max() < -0.9
    middle = facing[len(z) // 3 : 2 * len(z) // 3]
    assert middle.min() < -0.9  # the back is shown
    assert middle[middle.argmin() :].max() > 0.9  # and the front again: a full turn


def test_walk_walks_forward_and_turn_turns_round():
    walk = builtin_motion("walk", frames=64, fps=16, seed=0)
    assert 0.7 < (walk.root[-1, 2] - walk.root[0, 2]) / 4 < 1.4  # leg lengths a second
    turn = builtin_motion("turn", frames=16 * 8, fps=16, seed=0).rotations[:, 0, 2, 2]
    assert turn.max() > 0.9
    assert turn.min() < -0.9


def test_key_points_fit_their_frame():
    for name in MOTIONS:
        motion = keypoint_motion(name, frames=20, fps=12, seed=1, size=(64, 48))
        assert motion.size == (64, 48)
        assert (motion.keypoints[..., 2] == 1).all()


@pytest.mark.parametrize("name", MOTIONS)
@pytest.mark.parametrize("frames", [1, 2, 1500])
def test_any_length_is_made(name, frames):
    _, motion, pose = posed(name, 0, frames=frames, fps=24)
    assert len(motion) == frames
    assert np.isfinite(pose.joints).all()
    assert 0.25 < pose.joints[:, JOINT["pelvis"], 1].min() < pose.joints[:, JOINT["head"], 1].max() < 2


def test_a_chest_rises_and_falls_with_the_breath_and_legs_do_not():
    points = np.zeros((8 * FPS, 18, 3))
    moved = breathing(points, FPS)
    legs = [index for index, name in enumerate(KEYPOINTS) if name.endswith(("hip", "knee", "ankle"))]
    assert not moved[:, legs].any()
    assert not moved[..., [0, 2]].any()
    chest = moved[:, KEYPOINTS.index("neck"), 1]
    np.testing.assert_array_equal(chest, moved[:, KEYPOINTS.index("left_wrist"), 1])
    assert 0.003 < chest.max() < 0.02  # metres: a few pixels of a picture
    assert 1.5 <= (np.diff(np.sign(chest)) > 0).sum() <= 3  # breaths in eight seconds
