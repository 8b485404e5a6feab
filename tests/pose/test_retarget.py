"""Nobody grows, shrinks, floats or leaves the picture, whatever moves them."""

import numpy as np
import pytest

from tempose.animation.motion import Stretch, read_motion
from tempose.body.motions import MOTIONS, keypoint_motion
from tempose.core.errors import InputError, PoseError
from tempose.media.images import read_image, resize
from tempose.pose.bones import ANKLES, BONES, HIPS, measure, with_hips
from tempose.pose.estimate import estimate_photo
from tempose.pose.keypoints import Motion
from tempose.pose.retarget import person_room, retarget


def photo(seed=0, *, size=(400, 300), yaw=0.0):
    """A standing person's key points."""
    return keypoint_motion("idle", frames=1, fps=1, seed=seed, size=size, yaw=yaw)


def bone_lengths(points):
    return {
        (bone.name, end): np.linalg.norm(points[:, end] - points[:, start], axis=-1)
        for bone in BONES
        for start, end in zip(bone.starts, bone.ends, strict=True)
    }


def check(fitted, person):
    """The properties that hold for every motion on every photo."""
    keypoints = fitted.motion.keypoints
    assert np.isfinite(keypoints).all()
    assert fitted.motion.size == person.size
    own = with_hips(person.keypoints)
    replaced = {(name, end) for name, end, _ in measure(own, fps=1).replaced}
    visible, given = bone_lengths(own), bone_lengths(with_hips(keypoints))
    for bone, look in given.items():
        if bone not in replaced and np.isfinite(visible[bone]).all():
            assert np.nanmax(look, initial=0) <= 1.25 * visible[bone][0] + 1e-3, bone
    left, top, right, _ = fitted.room
    picture = fitted.picture
    own_left, own_top, own_right, _ = person_room(person)
    slack = 0.02 * person.size[0]
    assert left >= min(picture[0], own_left) - slack
    assert top >= min(picture[1], own_top) - slack
    assert right <= max(picture[2], own_right) + slack


@pytest.mark.parametrize("name", MOTIONS)
@pytest.mark.parametrize("how", ["limbs", "scale"])
def test_every_built_in_motion_on_every_build(name, how):
    for seed in range(3):
        person = photo(seed, yaw=0.3 * seed)
        motion = keypoint_motion(name, frames=30, fps=12, seed=seed + 5, size=(200, 150))
        fitted = retarget(motion, person, how=how)
        assert len(fitted.motion) == 30
        if how == "limbs":
            check(fitted, person)


@pytest.mark.parametrize("seed", range(8))
def test_noise_does_not_explode(seed):
    rng = np.random.default_rng(seed)
    keypoints = np.concatenate([rng.uniform(0, 500, (12, 18, 2)), rng.uniform(0, 1, (12, 18, 1))], axis=-1)
    keypoints[..., 1, 2] = 1
    fitted = retarget(Motion(keypoints.astype(np.float32), (500, 500), 10), photo(seed))
    check(fitted, photo(seed))


def test_the_photos_own_pose_stays_where_it_is():
    person = photo()
    fitted = retarget(person, person)
    np.testing.assert_allclose(fitted.motion.keypoints[..., :2], person.keypoints[..., :2], atol=4)
    assert not any("smaller" in warning or "way" in warning for warning in fitted.warnings)


@pytest.mark.parametrize("change", ["size", "place", "frame"])
def test_where_and_how_large_the_driver_is_makes_no_difference(change):
    motion = keypoint_motion("wave", frames=10, fps=10, size=(400, 300))
    other = motion.keypoints.copy()
    if change == "size":
        other[..., :2] *= 3
    elif change == "place":
        other[..., :2] += 70
    size = (4000, 3000) if change == "frame" else motion.size
    one = retarget(motion, photo()).motion.keypoints
    np.testing.assert_allclose(retarget(Motion(other, size, 10), photo()).motion.keypoints, one, atol=0.01)


def test_feet_stand_on_the_photos_ground():
    person = photo()
    ground = person.keypoints[0, list(ANKLES), 1].max()
    for name in ("walk", "dance", "squat"):
        motion = keypoint_motion(name, frames=24, fps=12, seed=1)
        lowest = retarget(motion, person).motion.keypoints[:, list(ANKLES), 1].max(axis=1)
        np.testing.assert_allclose(lowest, ground, atol=1.5)


def test_a_jump_leaves_the_ground_and_comes_back():
    motion = keypoint_motion("idle", frames=20, fps=20)
    keypoints = motion.keypoints.copy()
    keypoints[8:13, :, 1] -= np.array([10, 25, 30, 25, 10])[:, None]
    person = photo()
    lowest = retarget(Motion(keypoints, motion.size, 20), person).motion.keypoints[:, list(ANKLES), 1].max(axis=1)
    assert lowest[10] < lowest[0] - 20
    np.testing.assert_allclose(lowest[[0, -1]], person.keypoints[0, list(ANKLES), 1].max(), atol=1.5)


def test_someone_who_comes_nearer_does_not_grow():
    motion = keypoint_motion("idle", frames=40, fps=10)
    keypoints = motion.keypoints.copy()
    keypoints[..., :2] *= np.linspace(1, 2.5, 40)[:, None, None]
    person = photo()
    room = retarget(Motion(keypoints, (1000, 1000), 10), person).room
    own = person_room(person)
    assert room[3] - room[1] < 1.15 * (own[3] - own[1])


def test_a_long_way_is_shortened_and_said():
    motion = keypoint_motion("idle", frames=30, fps=10, size=(400, 300))
    keypoints = motion.keypoints.copy()
    keypoints[..., 0] += np.linspace(0, 2000, 30)[:, None]
    fitted = retarget(Motion(keypoints, (400, 3000), 10), photo())
    assert any("the way is shortened" in warning for warning in fitted.warnings)
    assert fitted.room[2] <= 300 + 1
    hips = with_hips(fitted.motion.keypoints)[:, HIPS, 0]
    assert (np.diff(hips) > -0.5).all()


def test_hidden_legs_are_guessed_and_said():
    person = photo()
    keypoints = person.keypoints.copy()
    keypoints[0, [9, 10, 12, 13]] = 0
    cropped = Motion(keypoints, person.size, 1)
    fitted = retarget(keypoint_motion("walk", frames=10, fps=10), cropped)
    assert "thighs and shins" in " ".join(fitted.warnings)
    assert np.isfinite(fitted.motion.keypoints).all()
    assert (fitted.motion.keypoints[:, 10, 2] > 0).all()


def test_limbs_that_the_driver_never_shows_stay_as_in_the_photo():
    motion = keypoint_motion("wave", frames=10, fps=10)
    keypoints = motion.keypoints.copy()
    keypoints[:, [8, 9, 10, 11, 12, 13]] = 0
    person = photo()
    fitted = retarget(Motion(keypoints, motion.size, 10), person)
    assert "never shows" in " ".join(fitted.warnings)
    for joint in (9, 10, 12, 13):
        assert np.abs(fitted.motion.keypoints[:, joint, :2] - person.keypoints[0, joint, :2]).max() < 5


def test_a_gap_is_filled_and_a_face_is_not():
    motion = keypoint_motion("wave", frames=10, fps=10)
    keypoints = motion.keypoints.copy()
    keypoints[3:6, [4, 7]] = 0
    keypoints[3:6, 0] = 0
    fitted = retarget(Motion(keypoints, motion.size, 10), photo())
    assert (fitted.motion.keypoints[3:6, [4, 7], 2] > 0).all()
    assert (fitted.motion.keypoints[3:6, 0, 2] == 0).all()
    assert (fitted.motion.keypoints[[2, 6], 0, 2] > 0).all()


def test_none_fits_the_drivers_frame_into_the_photo():
    motion = keypoint_motion("wave", frames=4, fps=10, size=(200, 100))
    fitted = retarget(motion, photo(size=(400, 300)), how="none")
    np.testing.assert_allclose(fitted.motion.keypoints[..., 0], 2 * motion.keypoints[..., 0] + 50, rtol=1e-5)
    np.testing.assert_allclose(fitted.motion.keypoints[..., 1], 2 * motion.keypoints[..., 1], rtol=1e-5)


def test_what_cannot_be_retargeted_is_said():
    motion = keypoint_motion("wave", frames=4, fps=10)
    with pytest.raises(InputError, match="wanted limbs, scale, none"):
        retarget(motion, photo(), how="limb")
    with pytest.raises(InputError, match="wanted one"):
        retarget(motion, motion)
    face = photo().keypoints.copy()
    face[0, 2:14] = 0
    with pytest.raises(PoseError, match="too little of the person can be seen"):
        retarget(motion, Motion(face, (400, 300), 1))
    nobody = motion.keypoints.copy()
    nobody[:, 1] = 0
    with pytest.raises(PoseError, match="never shows a person's shoulders"):
        retarget(Motion(nobody, motion.size, 10), photo())


@pytest.mark.slow
def test_every_real_photo_with_every_kind_of_motion(real):
    motions = [
        read_motion("walk"),
        read_motion(real / "poses" / "cmu_12_01_walk.bvh", yaw=30),
        read_motion(real / "poses" / "cmu_jumping_jacks.bvh"),
        read_motion(real / "poses" / "openpose_treadmill_scuba"),
        read_motion(real / "videos" / "squats.mp4", stretch=Stretch(max_frames=15)),
    ]
    for path in sorted((real / "photos").iterdir()):
        picture = read_image(path)
        scale = 640 / max(picture.shape[:2])
        person, _ = estimate_photo(resize(picture, (round(picture.shape[0] * scale), round(picture.shape[1] * scale))))
        for motion in motions:
            fitted = retarget(motion, person)
            check(fitted, person)
            ankles = fitted.motion.keypoints[:, list(ANKLES), 1].max(axis=1)
            assert np.quantile(ankles, 0.8) - np.median(ankles) < 0.02 * person.size[0]
