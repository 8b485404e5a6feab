"""Poses besides the built-in motions: joints bend as they can, hands lie on what they touch."""

import numpy as np
import pytest

from tempose.body.skeleton import ARMS, JOINT, LEGS
from tempose.people.body import Body
from tempose.people.person import Person
from tempose.people.poses import POSES, acted, finger_bends

BODIES = [Body.of(Person.draw(seed).build) for seed in (0, 3)]  # a stout one and a slim one
LAYERS = 0.02


@pytest.mark.parametrize("name", POSES)
@pytest.mark.parametrize("body", BODIES, ids=["stout", "slim"])
def test_joints_bend_as_those_of_people(name, body):
    for seed in range(6):
        pose, _ = acted(name, body, layers=LAYERS, frames=4, fps=4, seed=seed)
        assert np.isfinite(pose.joints).all()
        p = body.proportions
        for limb, lengths, sign in (*((arm, (p.upper_arm, p.forearm), -1) for arm in ARMS),
                                    *((leg, (p.thigh, p.shin), 1) for leg in LEGS)):  # fmt: skip
            a, b, c = (pose.joints[:, joint] for joint in limb)
            np.testing.assert_allclose(np.linalg.norm(b - a, axis=-1), lengths[0], atol=1e-6)
            np.testing.assert_allclose(np.linalg.norm(c - b, axis=-1), lengths[1], atol=1e-6)
            # In the axes of the first bone the second is turned about x alone: elbows forward, knees back.
            second = np.einsum("fji,fj->fi", pose.rotations[:, limb[0]], c - b)
            np.testing.assert_allclose(second[:, 0], 0, atol=0.02)
            assert (sign * second[:, 2] < 0.02).all()


@pytest.mark.parametrize("name", POSES)
def test_forearms_keep_out_of_the_trunk(name):
    for body in BODIES:
        for seed in range(6):
            pose, _ = acted(name, body, layers=LAYERS, frames=3, fps=4, seed=seed)
            chest, home = pose.rotations[:, JOINT["chest"]], body.joint("chest")
            for _, elbow, wrist in ARMS:
                for share in (0.4, 0.7, 1.0):
                    place = pose.joints[:, elbow] + share * (pose.joints[:, wrist] - pose.joints[:, elbow])
                    local = np.einsum("fji,fj->fi", chest, place - pose.joints[:, JOINT["chest"]]) + home
                    up = local[:, 1] - body.joint("pelvis")[1]
                    inside = (up > 0.35 * body.proportions.trunk) & (up < 0.9 * body.proportions.trunk)
                    ring = body.trunk(up)
                    middle = body.middle(up)
                    angle = np.arctan2(local[:, 0], local[:, 2] - middle)
                    reach = [
                        np.interp(a, np.linspace(-np.pi, np.pi, r.shape[0]), np.hypot(r[:, 0], r[:, 2] - m))
                        for a, r, m in zip(angle, ring, middle, strict=True)
                    ]
                    assert (np.hypot(local[:, 0], local[:, 2] - middle) > np.array(reach) - 0.02)[inside].all()


def test_who_sits_has_level_thighs_and_who_lies_a_level_trunk():
    body = BODIES[1]
    sits, seated = acted("sit", body, layers=LAYERS, frames=8, fps=2, seed=1)
    lowest = sits.joints[:, 0, 1].argmin()
    thigh = sits.joints[lowest, LEGS[0][1]] - sits.joints[lowest, LEGS[0][0]]
    assert seated
    assert abs(thigh[1]) < 0.5 * np.linalg.norm(thigh)
    for seed in range(4):
        lies, seated = acted("lie", body, layers=LAYERS, frames=2, fps=4, seed=seed)
        assert not seated
        assert (np.abs(lies.joints[:, JOINT["neck"], 1] - lies.joints[:, 0, 1]) < 0.1).all()


@pytest.mark.parametrize("name", POSES)
def test_a_seed_is_one_variant(name):
    one, again, other = (acted(name, BODIES[1], layers=0.0, frames=3, fps=4, seed=seed)[0] for seed in (4, 4, 5))
    assert (one.joints == again.joints).all()
    assert not np.allclose(one.joints, other.joints)


def test_fingers_glide_and_what_is_held_stays_in_the_hand():
    bends = np.stack([finger_bends(20, 10, np.random.default_rng(seed), holding=True) for seed in range(20)])
    assert bends.shape == (20, 20, 2, 5, 3)
    assert np.abs(np.diff(bends[:, :, 0], axis=1)).max() < 0.3  # a grip, firmer or looser
    assert (bends[:, :, 0, 1:, 1] > 0.6).all()
    assert np.abs(np.diff(bends[:, :, 1], axis=1)).max() < 0.9
    assert np.ptp(bends[:, :, 1, 2, 1]) > 1  # among twenty some make a fist
