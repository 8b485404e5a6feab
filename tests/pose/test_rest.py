"""Who does not stand in the photo does not get up, unless the motion begins so."""

import numpy as np
import pytest
from helpers import keypoint_motion

from tempose.core.errors import InputError
from tempose.pose.bones import FACE, HIPS, NECK
from tempose.pose.keypoints import Motion
from tempose.pose.rest import LEGS, resting
from tempose.pose.retarget import RESTS, RETARGET_MODES, retarget_motion
from tempose.pose.whole import whole_body

# Where the knees are from the hips, and the ankles from the knees, in pixels of somebody whose trunk has about 100.
POSES = {
    "sits": ((-20, 30), (-5, 85)),
    "kneels": ((-5, 80), (-10, -20)),
    "lies": ((85, 5), (80, 5)),
    "lunges": ((-60, 50), (0, 80)),
    "stands": ((0, 85), (0, 80)),
}
RESTING = ("sits", "kneels", "lies")


def photo(pose, size=(400, 300)):
    """A person whose trunk has 100 pixels, the legs as POSES says, the left one mirrored unless they lie."""
    keypoints = keypoint_motion("idle", frames=1, fps=1, size=size).keypoints.astype(np.float64)
    hips = keypoints[0, [8, 11], :2].mean(0)
    trunk = np.linalg.norm(keypoints[0, NECK, :2] - hips)
    keypoints[0, :, :2] = hips + (keypoints[0, :, :2] - hips) * 100 / trunk
    for side, (hip, knee, ankle) in ((1, (8, 9, 10)), (1 if pose == "lies" else -1, (11, 12, 13))):
        for start, end, (x, y) in zip((hip, knee), (knee, ankle), POSES[pose], strict=True):
            keypoints[0, end, :2] = keypoints[0, start, :2] + (side * x, y)
    return Motion(keypoints.astype(np.float32), size, 1.0)


@pytest.mark.parametrize("pose", POSES)
def test_who_rests(pose):
    assert resting(whole_body(photo(pose))).tolist() == [pose in RESTING]


def test_of_legs_that_are_not_seen_nothing_is_known():
    hidden = photo("sits")
    hidden.keypoints[:, [9, 12], 2] = 0
    assert not resting(whole_body(hidden)).any()


@pytest.mark.parametrize("pose", RESTING)
@pytest.mark.parametrize("retarget", ["limbs", "scale"])
def test_hips_and_legs_stay_and_the_rest_moves(pose, retarget):
    person = photo(pose)
    fitted = retarget_motion(keypoint_motion("dance", frames=20, fps=10), person, retarget=retarget)
    assert RESTS in fitted.warnings
    legs = fitted.motion.keypoints[:, LEGS]
    np.testing.assert_allclose(legs[..., :2], np.repeat(person.keypoints[:, LEGS, :2], 20, axis=0), atol=0.01)
    np.testing.assert_array_equal(legs[..., 2], np.repeat(person.keypoints[:, LEGS, 2], 20, axis=0))
    assert np.ptp(fitted.motion.keypoints[:, [4, 7], :2], axis=0).min() > 5
    assert not any("shin" in warning or "thigh" in warning for warning in fitted.warnings)


@pytest.mark.parametrize("pose", ["lunges", "stands"])
def test_who_stands_moves(pose):
    fitted = retarget_motion(keypoint_motion("dance", frames=20, fps=10), photo(pose))
    assert RESTS not in fitted.warnings
    assert np.ptp(fitted.motion.keypoints[:, LEGS, 0], axis=0).max() > 5


def test_who_lies_does_not_sit_up():
    lies = photo("lies")
    hips = lies.keypoints[0, [8, 11], :2].mean(0)
    away = lies.keypoints[0, [NECK, *range(2, 8), *FACE], :2] - hips
    lies.keypoints[0, [NECK, *range(2, 8), *FACE], :2] = hips + away[:, ::-1] * (1, -1)  # a quarter turn to the left
    fitted = retarget_motion(keypoint_motion("wave", frames=10, fps=10), lies).motion.keypoints
    along = fitted[:, NECK, :2] - hips
    assert (along[:, 0] < -80).all()
    assert (np.abs(along[:, 1]) < 30).all()


def test_a_motion_that_begins_so_gets_up():
    sits, stands = photo("sits"), photo("stands")
    gets_up = Motion(np.concatenate([sits.keypoints, stands.keypoints]), sits.size, 10.0)
    fitted = retarget_motion(gets_up, sits)
    assert RESTS not in fitted.warnings
    hips = fitted.motion.keypoints[:, [8, 11], 1].mean(1)
    assert hips[1] < hips[0] - 30


def test_legs_move_or_stay_as_asked():
    dance = keypoint_motion("dance", frames=10, fps=10)
    moved = retarget_motion(dance, photo("sits"), legs="move")
    assert RESTS not in moved.warnings
    stood = photo("stands")
    stayed = retarget_motion(dance, stood, legs="stay")
    assert RESTS in stayed.warnings
    np.testing.assert_allclose(np.ptp(stayed.motion.keypoints[:, LEGS, :2], axis=0), 0, atol=0.01)
    with pytest.raises(InputError, match="legs is 'fly'; wanted auto, move, stay"):
        retarget_motion(dance, stood, legs="fly")


def test_without_a_fit_legs_are_the_drivers():
    dance = keypoint_motion("dance", frames=10, fps=10)
    for legs in ("auto", "stay"):
        fitted = retarget_motion(dance, photo("sits"), retarget="none", legs=legs)
        assert RESTS not in fitted.warnings
    assert "none" in RETARGET_MODES


def test_a_picture_that_raised_arms_leave_reaches_farther():
    low = photo("sits", size=(260, 300))
    shift = low.keypoints[:, NECK, 1] - 30
    low.keypoints[..., 1] -= shift[:, None]
    fitted = retarget_motion(keypoint_motion("wave", frames=20, fps=10), low)
    assert fitted.picture[1] < 0
    assert fitted.picture[3] == 260
    assert np.isfinite(fitted.motion.keypoints[..., :HIPS]).all()
