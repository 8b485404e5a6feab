"""Nobody grows, shrinks, floats or leaves the picture, whatever moves them."""

import numpy as np
import pytest
from helpers import keypoint_motion

from tempose.animation.motion import TimeRange, read_motion
from tempose.body.motions import MOTIONS
from tempose.core.errors import InputError, PoseError
from tempose.media.images import read_image, resize
from tempose.pose.bones import ANKLES, BONES, FACE, HIPS, NECK, TRUNK, measure, with_hips
from tempose.pose.estimate import estimate_photo
from tempose.pose.keypoints import HIDDEN, KEYPOINTS, MIN_CONFIDENCE, Motion
from tempose.pose.placement import SMALLEST
from tempose.pose.retarget import HEAD_FACTOR, RETARGET_MODES, retarget_motion
from tempose.pose.room import person_reach, person_room
from tempose.pose.whole import whole_body


def photo(seed=0, *, size=(400, 300), yaw=0.0):
    """A standing person's key points."""
    return keypoint_motion("idle", frames=1, fps=1, seed=seed, size=size, yaw=yaw)


def person_trunk(person):
    return float(measure(with_hips(person.keypoints), fps=1).scale[0])


def turned(motion, degrees):
    """The motion in a frame turned by a multiple of 90°."""
    keypoints = motion.keypoints.copy()
    for _ in range(degrees // 90):
        x, y = keypoints[..., 0].copy(), keypoints[..., 1].copy()
        keypoints[..., 0], keypoints[..., 1] = motion.size[0] - y, x
    return Motion(keypoints, motion.size, motion.fps)


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
    body = whole_body(person)
    own, picture = person_reach(body).room(body.points, body.build.scale), fitted.picture
    seen = keypoints[keypoints[..., 2] > 0, :2]
    assert (seen >= np.minimum(picture[:2], own[:2])).all()
    assert (seen <= np.maximum(picture[2:], own[2:])).all()


@pytest.mark.parametrize("name", MOTIONS)
@pytest.mark.parametrize("how", ["limbs", "scale"])
def test_every_built_in_motion_on_every_build(name, how):
    for seed in range(3):
        person = photo(seed, yaw=0.3 * seed)
        motion = keypoint_motion(name, frames=30, fps=12, seed=seed + 5, size=(200, 150))
        fitted = retarget_motion(motion, person, retarget=how)
        assert len(fitted.motion) == 30
        if how == "limbs":
            check(fitted, person)


@pytest.mark.parametrize("seed", range(8))
def test_noise_does_not_explode(seed):
    rng = np.random.default_rng(seed)
    keypoints = np.concatenate([rng.uniform(0, 500, (12, 18, 2)), rng.uniform(0, 1, (12, 18, 1))], axis=-1)
    keypoints[..., 1, 2] = 1
    fitted = retarget_motion(Motion(keypoints.astype(np.float32), (500, 500), 10), photo(seed))
    check(fitted, photo(seed))


def test_the_photos_own_pose_stays_where_it_is():
    person = photo()
    fitted = retarget_motion(person, person)
    np.testing.assert_allclose(fitted.motion.keypoints[..., :2], person.keypoints[..., :2], atol=4)
    assert not any("smaller" in warning or "way" in warning for warning in fitted.warnings)


@pytest.mark.parametrize(
    ("larger", "kept"), [(3.0, 1 / HEAD_FACTOR), (0.3, HEAD_FACTOR), (1.1, 1 / 1.1), (0.9, 1 / 0.9)]
)
def test_the_head_is_made_the_photos_within_bounds(larger, kept):
    """A driver with a head of another size on their own photo; what is far from it is no head, but a mistake."""
    person = photo()
    keypoints, neck = person.keypoints.copy(), person.keypoints[:, [NECK], :2]
    keypoints[:, list(FACE), :2] = neck + larger * (keypoints[:, list(FACE), :2] - neck)
    driver = Motion(keypoints, person.size, person.fps)
    sizes = []
    for motion in (driver, retarget_motion(driver, person).motion):
        points = with_hips(motion.keypoints)
        head = np.linalg.norm(points[0, list(FACE), :2] - points[0, NECK, :2], axis=-1)
        sizes.append(head / np.linalg.norm(points[0, HIPS, :2] - points[0, NECK, :2]))
    np.testing.assert_allclose(sizes[1] / sizes[0], kept, rtol=0.02)


@pytest.mark.parametrize("photo_shows", [True, False])
def test_a_hand_that_nobody_shows_is_missing_and_one_of_the_photo_is_a_guess(photo_shows):
    person, wrist = photo(), KEYPOINTS.index("right_wrist")
    motion = keypoint_motion("wave", frames=4, fps=10)
    motion.keypoints[:, wrist] = 0
    if not photo_shows:
        person.keypoints[:, wrist] = 0
    found = retarget_motion(motion, person).motion.keypoints[:, wrist, 2]
    assert (found == (HIDDEN if photo_shows else 0)).all()


@pytest.mark.parametrize("change", ["size", "place", "frame"])
def test_where_and_how_large_the_driver_is_makes_no_difference(change):
    motion = keypoint_motion("wave", frames=10, fps=10, size=(400, 300))
    other = motion.keypoints.copy()
    if change == "size":
        other[..., :2] *= 3
    elif change == "place":
        other[..., :2] += 70
    size = (4000, 3000) if change == "frame" else motion.size
    one = retarget_motion(motion, photo()).motion.keypoints
    np.testing.assert_allclose(retarget_motion(Motion(other, size, 10), photo()).motion.keypoints, one, atol=0.01)


def test_depth_tells_how_far_a_bone_is_foreshortened_that_never_shows_its_length():
    person, driver = photo(size=(800, 600)), keypoint_motion("idle", frames=24, fps=12, size=(400, 300))
    elbow, wrist = KEYPOINTS.index("right_elbow"), KEYPOINTS.index("right_wrist")
    trunk = person_trunk(driver)
    tilt = np.radians(np.linspace(50, 80, 24))
    keypoints, depth = driver.keypoints.copy(), driver.depth.copy()
    keypoints[:, wrist, 0] = keypoints[:, elbow, 0]
    keypoints[:, wrist, 1] = keypoints[:, elbow, 1] + 0.65 * trunk * np.cos(tilt)
    depth[:, wrist] = depth[:, elbow] - 0.65 * trunk * np.sin(tilt)
    own = whole_body(person).build.lengths[4] * person_trunk(person)

    def look(depth):
        points = with_hips(retarget_motion(Motion(keypoints, driver.size, driver.fps, depth), person).motion.keypoints)
        return np.linalg.norm(points[:, wrist] - points[:, elbow], axis=-1)

    np.testing.assert_allclose(look(depth), own * np.cos(tilt), rtol=0.05)
    guessed = depth.copy()
    guessed[::2, wrist] += 0.2 * trunk
    np.testing.assert_allclose(look(guessed), look(None), rtol=1e-5)


def test_feet_stand_on_the_photos_ground():
    person = photo()
    ground = person.keypoints[0, list(ANKLES), 1].max()
    for name in ("walk", "dance", "squat"):
        motion = keypoint_motion(name, frames=24, fps=12, seed=1)
        lowest = retarget_motion(motion, person).motion.keypoints[:, list(ANKLES), 1].max(axis=1)
        np.testing.assert_allclose(lowest, ground, atol=3)


def test_a_jump_leaves_the_ground_and_comes_back():
    motion = keypoint_motion("idle", frames=20, fps=20)
    keypoints = motion.keypoints.copy()
    keypoints[8:13, :, 1] -= np.array([10, 25, 30, 25, 10])[:, None]
    person = photo()
    lowest = (
        retarget_motion(Motion(keypoints, motion.size, 20), person).motion.keypoints[:, list(ANKLES), 1].max(axis=1)
    )
    assert lowest[10] < lowest[0] - 20
    np.testing.assert_allclose(lowest[[0, -1]], person.keypoints[0, list(ANKLES), 1].max(), atol=1.5)


def raised(motion, trunks):
    """The motion with the whole person higher by so many lengths of the trunk, frame by frame."""
    keypoints = motion.keypoints.copy()
    scale = measure(with_hips(keypoints), fps=motion.fps).scale
    keypoints[..., 1] -= (scale * trunks)[:, None]
    return Motion(keypoints, motion.size, motion.fps)


@pytest.mark.parametrize(("up", "leaves"), [(0.03, 0), (0.05, 0), (0.1, 0.04), (0.2, 0.14)])
def test_a_foot_leaves_the_ground_by_more_than_key_points_waver(up, leaves):
    """Six hundredths of a trunk are a quiver; the rest is a jump."""
    motion = keypoint_motion("idle", frames=9, fps=20)
    person = photo()
    fitted = retarget_motion(raised(motion, np.eye(9)[4] * up), person)
    lowest = fitted.motion.keypoints[:, list(ANKLES), 1].max(axis=1)
    assert lowest[0] - lowest[4] == pytest.approx(leaves * person_trunk(person), abs=0.01 * person_trunk(person))


def test_a_walk_into_the_distance_and_back_is_no_jump():
    """The feet rise in the picture for longer than anybody jumps: the person stands on the photo's ground."""
    motion = keypoint_motion("walk", frames=40, fps=10)
    away = raised(motion, 0.8 * np.sin(np.linspace(0, np.pi, 40)) ** 2)
    one, other = (retarget_motion(each, photo()).motion.keypoints for each in (motion, away))
    np.testing.assert_allclose(other[12:28, :, 1], one[12:28, :, 1], atol=0.2 * person_trunk(photo()))


@pytest.mark.parametrize("side", [0.0, 1.0])
def test_an_arm_stays_in_the_picture_of_somebody_at_its_edge(side):
    person = photo(size=(400, 600))
    keypoints = person.keypoints.copy()
    low, high = keypoints[0, :, 0].min(), keypoints[0, :, 0].max()
    keypoints[0, :, 0] += (30 - low) if side == 0 else (570 - high)
    person = Motion(keypoints, (400, 600), 1)
    for seed in range(4):
        check(retarget_motion(keypoint_motion("dance", frames=20, fps=10, seed=seed), person), person)


def test_nobody_walks_farther_than_a_picture_can_show():
    motion = keypoint_motion("idle", frames=30, fps=10, size=(400, 300))
    keypoints = motion.keypoints.copy()
    keypoints[..., 0] += np.linspace(0, 2000, 30)[:, None]
    wide = photo(size=(400, 4000))
    hips = with_hips(retarget_motion(Motion(keypoints, (400, 3000), 10), wide).motion.keypoints)[:, HIPS, 0]
    assert np.ptp(hips) < 0.6 * np.ptp(wide.keypoints[0, :, 1])


@pytest.mark.parametrize("retarget", ["limbs", "scale"])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_whoever_is_upside_down_or_lies_stays_on_the_floor_and_in_the_picture(retarget, degrees):
    motion = turned(keypoint_motion("dance", frames=12, fps=10, size=(300, 300)), degrees)
    person = photo(size=(400, 400))
    fitted = retarget_motion(motion, person, retarget=retarget)
    points, seen = fitted.motion.keypoints[..., :2], fitted.motion.keypoints[..., 2] > 0
    left, top, right, bottom = fitted.picture
    assert ((points >= (left, top)) & (points <= (right, bottom)))[seen].all()
    lowest = np.where(seen, points[..., 1], -np.inf).max(axis=1)
    floor = person.keypoints[0, :, 1].max()
    assert np.abs(lowest - floor).max() < 0.2 * person_trunk(person)


def test_who_lies_in_the_photo_stands_up_on_the_floor_they_lie_on():
    person = turned(photo(size=(400, 400)), 90)
    fitted = retarget_motion(keypoint_motion("walk", frames=10, fps=10), person, legs="move")
    lowest = fitted.motion.keypoints[..., 1].max(axis=1)
    assert np.abs(lowest - person.keypoints[0, :, 1].max()).max() < 0.2 * person_trunk(person)
    high = np.ptp(fitted.motion.keypoints[..., 1], axis=1) / np.ptp(person.keypoints[0, :, 0])
    assert ((high > 0.9 * SMALLEST) & (high < 1.1)).all()


def test_someone_who_comes_nearer_does_not_grow():
    motion = keypoint_motion("idle", frames=40, fps=10)
    keypoints = motion.keypoints.copy()
    keypoints[..., :2] *= np.linspace(1, 2.5, 40)[:, None, None]
    person = photo()
    room = retarget_motion(Motion(keypoints, (1000, 1000), 10), person).room
    own = person_room(person)
    assert room[3] - room[1] < 1.15 * (own[3] - own[1])


def test_a_long_way_is_shortened_and_said():
    motion = keypoint_motion("idle", frames=30, fps=10, size=(400, 300))
    keypoints = motion.keypoints.copy()
    keypoints[..., 0] += np.linspace(0, 250, 30)[:, None]
    fitted = retarget_motion(Motion(keypoints, (400, 3000), 10), photo())
    assert any("the way is shortened" in warning for warning in fitted.warnings)
    assert fitted.room[2] <= 300 + 1
    hips = with_hips(fitted.motion.keypoints)[:, HIPS, 0]
    assert (np.diff(hips) > -0.5).all()


def test_a_way_that_does_not_fit_at_all_is_gone_in_place():
    walk = keypoint_motion("walk", frames=24, fps=8, size=(400, 300), yaw=np.pi / 2)
    narrow = photo(size=(400, 120))
    fitted = retarget_motion(walk, narrow)
    hips = fitted.motion.keypoints[:, [8, 11], 0].mean(1)
    assert np.ptp(hips) < 0.02 * person_trunk(narrow)
    assert any("walks in place; with --camera follow" in warning for warning in fitted.warnings)


def test_a_camera_that_follows_goes_the_way_instead():
    walk = keypoint_motion("walk", frames=24, fps=8, size=(400, 300), yaw=np.pi / 2)
    person = photo()
    fitted = retarget_motion(walk, person, camera="follow")
    check(fitted, person)
    hips = fitted.motion.keypoints[:, [8, 11], 0].mean(1)
    assert np.ptp(hips) < 0.02 * person_trunk(person)
    assert fitted.camera[0] == 0
    assert np.abs(fitted.camera[-1]) > person_trunk(person)
    assert not any("way" in warning for warning in fitted.warnings)
    assert retarget_motion(walk, person).camera is None
    with pytest.raises(InputError, match="camera is 'drone'; wanted still, follow"):
        retarget_motion(walk, person, camera="drone")


def test_hidden_legs_are_guessed_and_said():
    person = photo()
    keypoints = person.keypoints.copy()
    keypoints[0, [9, 10, 12, 13]] = 0
    cropped = Motion(keypoints, person.size, 1)
    fitted = retarget_motion(keypoint_motion("walk", frames=10, fps=10), cropped)
    assert "thighs and shins" in " ".join(fitted.warnings)
    assert np.isfinite(fitted.motion.keypoints).all()
    assert (fitted.motion.keypoints[:, 10, 2] > 0).all()


def test_limbs_that_the_driver_never_shows_stay_as_in_the_photo():
    motion = keypoint_motion("wave", frames=10, fps=10)
    keypoints = motion.keypoints.copy()
    keypoints[:, [8, 9, 10, 11, 12, 13]] = 0
    person = photo()
    fitted = retarget_motion(Motion(keypoints, motion.size, 10), person)
    assert "never shows" in " ".join(fitted.warnings)
    for joint in (9, 10, 12, 13):
        legs = fitted.motion.keypoints[:, joint, :2] - with_hips(fitted.motion.keypoints)[:, HIPS]
        assert np.abs(legs - (person.keypoints[0, joint, :2] - with_hips(person.keypoints)[0, HIPS])).max() < 8


@pytest.mark.parametrize("retarget", RETARGET_MODES)
@pytest.mark.parametrize("seed", range(6))
def test_no_frame_loses_trunk_or_head(retarget, seed):
    """Joints, sides, whole frames drop out at random, for long and for good: what is left is completed."""
    rng = np.random.default_rng(seed)
    motion = keypoint_motion("dance", frames=20, fps=10, seed=seed)
    lost = rng.random((20, 18)) < 0.3
    lost[:, rng.choice(range(2, 14), 3, replace=False)] = True
    lost[rng.choice(20, 4, replace=False)] = True
    keypoints = np.where(lost[..., None], 0, motion.keypoints)
    fitted = retarget_motion(Motion(keypoints, motion.size, 10), photo(seed), retarget=retarget)
    whole = fitted.motion.keypoints
    assert (whole[:, list(TRUNK), 2] >= MIN_CONFIDENCE).all()
    assert (whole[:, list(FACE), 2] > 0).any(axis=1).all()
    assert (whole[..., 2][lost] <= HIDDEN).all()
    assert np.isfinite(fitted.room).all()
    own = person_trunk(photo(seed)) if retarget != "none" else measure(with_hips(whole), fps=10).scale.max()
    assert np.linalg.norm(np.diff(whole[:, NECK, :2], axis=0), axis=-1).max() < own  # nobody falls apart


@pytest.mark.parametrize("retarget", RETARGET_MODES)
@pytest.mark.parametrize("shown", [(0, 14, 15, 16, 17), (1, 2, 5), (0, 1, 2, 3, 5, 6), (2, 3, 4, 16), (0, 5)])
def test_however_little_of_the_driver_is_seen_there_is_a_whole_person(retarget, shown):
    motion = keypoint_motion("wave", frames=6, fps=10)
    keypoints = motion.keypoints.copy()
    keypoints[:, [joint for joint in range(18) if joint not in shown]] = 0
    with np.errstate(all="raise"):
        fitted = retarget_motion(Motion(keypoints, motion.size, 10), photo(), retarget=retarget)
    assert (fitted.motion.keypoints[:, 1:14, 2] > 0).all()
    assert (fitted.motion.keypoints[:, list(FACE), 2] > 0).any(axis=1).all()
    left, top, right, bottom = fitted.room
    assert left < right
    assert top < bottom


@pytest.mark.parametrize("share", [0.2, 0.3, 0.45, 0.6])
@pytest.mark.parametrize("name", ["walk", "nod", "talk", "squat", "wave"])
def test_whom_the_lower_edge_cuts_it_cuts_in_every_frame(share, name):
    person = photo(size=(600, 600))
    edge = int(person.keypoints[0, 0, 1] + share * np.ptp(person.keypoints[0, :, 1]))
    keypoints = person.keypoints.copy()
    keypoints[0, keypoints[0, :, 1] > edge] = 0
    cut = Motion(keypoints, (edge, 600), 1)
    whole, fitted = (retarget_motion(keypoint_motion(name, frames=20, fps=10, seed=3), each) for each in (person, cut))
    assert fitted.picture == (0, 0, 600, edge)
    assert fitted.room[3] == edge
    moved, own = fitted.motion.keypoints, person_trunk(person)
    assert abs(moved[0, NECK, 0] - person.keypoints[0, NECK, 0]) < 0.01 * own
    assert abs(moved[:, NECK, 1].min() - person.keypoints[0, NECK, 1]) < 0.12 * own
    assert moved[:, list(ANKLES), 1].min() > edge
    wide, had = (np.linalg.norm(k[..., 2, :2] - k[..., 5, :2], axis=-1).max() for k in (moved, person.keypoints))
    assert 0.8 < wide / had < 1.25
    assert not any("smaller" in warning or "beyond" in warning for warning in fitted.warnings)
    assert any("cuts the person" in warning for warning in fitted.warnings)
    swing = whole.motion.keypoints[:, 4, :2] - whole.motion.keypoints[:, NECK, :2]
    other = moved[:, 4, :2] - moved[:, NECK, :2]
    assert np.corrcoef(swing[:, 1], other[:, 1])[0, 1] > 0.9  # what is seen moves as in the whole


@pytest.mark.parametrize("retarget", RETARGET_MODES)
def test_depth_grows_with_the_bones(retarget):
    motion = keypoint_motion("reach", frames=8, fps=10, yaw=0.5)
    one, other = (
        retarget_motion(motion, photo(size=size), retarget=retarget).motion for size in ((400, 300), (800, 600))
    )
    np.testing.assert_allclose(other.depth, 2 * one.depth, atol=0.05)
    hips = one.depth[:, [8, 11]].mean(1)
    np.testing.assert_allclose(hips, 0, atol=1e-3)
    assert np.corrcoef(one.depth.ravel(), motion.depth.ravel())[0, 1] > 0.95
    flat = Motion(motion.keypoints, motion.size, motion.fps)
    assert retarget_motion(flat, Motion(photo().keypoints, (400, 300), 1), retarget=retarget).motion.depth is None


def test_a_gap_is_filled_and_a_face_is_not():
    motion = keypoint_motion("wave", frames=10, fps=10)
    keypoints = motion.keypoints.copy()
    keypoints[3:6, [4, 7]] = 0
    keypoints[3:6, 0] = 0
    fitted = retarget_motion(Motion(keypoints, motion.size, 10), photo())
    assert (fitted.motion.keypoints[3:6, [4, 7], 2] > 0).all()
    assert (fitted.motion.keypoints[3:6, 0, 2] == 0).all()
    assert (fitted.motion.keypoints[[2, 6], 0, 2] > 0).all()


@pytest.mark.parametrize("retarget", RETARGET_MODES)
def test_a_face_is_shown_only_where_the_driver_shows_it(retarget):
    """A back of a head has ears and no face; a head that is lost altogether is what it was before and after."""
    motion = keypoint_motion("turn", frames=12, fps=10)
    keypoints = motion.keypoints.copy()
    keypoints[4:8, [0, 14, 15]] = 0
    back = retarget_motion(Motion(keypoints, motion.size, 10), photo(), retarget=retarget).motion.keypoints[..., 2]
    assert (back[4:8][:, [0, 14, 15]] == 0).all()
    keypoints[5:7, list(FACE)] = 0
    lost = retarget_motion(Motion(keypoints, motion.size, 10), photo(), retarget=retarget).motion.keypoints[..., 2]
    assert (lost[4:8][:, [0, 14, 15]] == 0).all()
    assert (lost[5:7][:, [16, 17]] == HIDDEN).all()
    keypoints[4] = motion.keypoints[4]
    away = retarget_motion(Motion(keypoints, motion.size, 10), photo(), retarget=retarget).motion.keypoints[..., 2]
    assert (away[5:8][:, [0, 14, 15]] == 0).all()  # from the front to the back: nobody knows when
    keypoints[7] = motion.keypoints[7]
    front = retarget_motion(Motion(keypoints, motion.size, 10), photo(), retarget=retarget).motion.keypoints[..., 2]
    assert (front[5:7][:, list(FACE)] == HIDDEN).all()


def test_none_fits_the_drivers_frame_into_the_photo():
    motion = keypoint_motion("wave", frames=4, fps=10, size=(200, 100))
    fitted = retarget_motion(motion, photo(size=(400, 300)), retarget="none")
    np.testing.assert_allclose(fitted.motion.keypoints[..., 0], 2 * motion.keypoints[..., 0] + 50, rtol=1e-5)
    np.testing.assert_allclose(fitted.motion.keypoints[..., 1], 2 * motion.keypoints[..., 1], rtol=1e-5)


def test_what_cannot_be_retargeted_is_said():
    motion = keypoint_motion("wave", frames=4, fps=10)
    with pytest.raises(InputError, match="wanted limbs, scale, none"):
        retarget_motion(motion, photo(), retarget="limb")
    with pytest.raises(InputError, match="wanted one"):
        retarget_motion(motion, motion)
    legs = [*range(8), *range(14, 18)]
    for hidden in (legs, [joint for joint in range(18) if joint != 2]):
        keypoints = photo().keypoints.copy()
        keypoints[0, hidden] = 0
        with pytest.raises(PoseError, match="too little of the person can be seen"):
            retarget_motion(motion, Motion(keypoints, (400, 300), 1))
        nobody = motion.keypoints.copy()
        nobody[:, hidden] = 0
        with pytest.raises(PoseError, match="never shows a person's shoulders or face"):
            retarget_motion(Motion(nobody, motion.size, 10), photo())


@pytest.mark.slow
def test_every_real_photo_with_every_kind_of_motion(real):
    motions = [
        read_motion("walk"),
        read_motion(real / "poses" / "cmu_12_01_walk.bvh", yaw=30),
        read_motion(real / "poses" / "cmu_jumping_jacks.bvh"),
        read_motion(real / "poses" / "openpose_treadmill_scuba"),
        read_motion(real / "videos" / "squats.mp4", time_range=TimeRange(max_frames=15)),
    ]
    for path in sorted((real / "photos").iterdir()):
        picture = read_image(path)
        scale = 640 / max(picture.shape[:2])
        person, _ = estimate_photo(resize(picture, (round(picture.shape[0] * scale), round(picture.shape[1] * scale))))
        for motion in motions:
            fitted = retarget_motion(motion, person)
            check(fitted, person)
            ankles = fitted.motion.keypoints[:, list(ANKLES), 1].max(axis=1)
            assert np.quantile(ankles, 0.8) - np.median(ankles) < 0.02 * person.size[0]
