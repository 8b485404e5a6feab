"""Hands and faces: found where the body's key points tell to look, small ones included."""

import numpy as np
import pytest

from tempose.media.images import read_image, resize
from tempose.pose.estimate import estimate_photo, estimate_video, observe
from tempose.pose.estimators import load_estimator
from tempose.pose.face_mesh import EYE_CORNERS, FACE_68, FACE_70, FACE_MIRROR, FACE_POINTS, MESH_POINTS
from tempose.pose.keypoints import FINGERS, KEYPOINTS
from tempose.pose.landmarks import with_head

PALM = (0, 9)  # wrist and knuckle of the middle finger


@pytest.fixture(scope="module")
def estimator():
    pytest.importorskip("mediapipe")
    return load_estimator()


@pytest.fixture(scope="module")
def photo(real):
    return read_image(real / "photos" / "seated_cobbles.jpg")


@pytest.fixture(scope="module")
def pose(photo, estimator):
    return estimate_photo(photo, estimator=estimator)[0]


def of(pose, name):
    return pose.keypoints[0, KEYPOINTS.index(name), :2]


def test_the_table_of_a_mirrored_face_exchanges_what_lies_opposite():
    mirror = np.array(FACE_MIRROR)
    assert len(mirror) == FACE_POINTS
    np.testing.assert_array_equal(mirror[mirror], np.arange(FACE_POINTS))
    assert (mirror[:MESH_POINTS] < MESH_POINTS).all()
    assert (mirror[468], mirror[33], mirror[133]) == (473, 263, 362)
    chin, brows, lips = FACE_68[:17], FACE_68[17:27], FACE_68[48:60]
    assert [FACE_MIRROR[point] for point in chin] == list(chin[::-1])
    assert [FACE_MIRROR[point] for point in brows] == list(brows[::-1])
    assert [FACE_MIRROR[point] for point in lips[:7]] == list(lips[6::-1])
    assert len(set(FACE_70)) == 70


def test_every_point_of_a_hand_is_of_a_finger():
    assert sorted({point for finger in FINGERS for point in finger}) == list(range(21))


def test_hands_are_at_their_wrists_and_the_face_is_on_the_head(pose):
    (right, left), face = pose.hands[0], pose.face[0]
    palm = np.linalg.norm(right[PALM[1], :2] - right[PALM[0], :2])
    assert np.linalg.norm(right[0, :2] - of(pose, "right_wrist")) < palm
    assert np.linalg.norm(left[0, :2] - of(pose, "left_wrist")) < palm
    eyes = np.linalg.norm(of(pose, "left_eye") - of(pose, "right_eye"))
    for corners, name in ((EYE_CORNERS[:2], "right_eye"), (EYE_CORNERS[2:], "left_eye")):
        np.testing.assert_allclose(face[list(corners), :2].mean(0), of(pose, name), atol=1e-3 * eyes)
    assert (pose.hands[..., 2] > 0.5).all()
    assert (face[:, 2] > 0.5).all()
    np.testing.assert_array_equal(pose.hands[0, :, 0, 3], 0)
    assert face[1, 3] < face[234, 3]  # the tip of the nose is nearer than the cheek


def test_the_head_lies_where_the_mesh_does_as_far_as_both_are_seen():
    keypoints, face = np.zeros((18, 3), np.float32), np.zeros((FACE_POINTS, 4), np.float32)
    keypoints[:, :2], keypoints[:, 2] = 50, 0.9
    keypoints[14, 2] = 0.1
    np.testing.assert_array_equal(with_head(keypoints, face), keypoints)
    face[:] = [10, 20, 1, 0]
    face[EYE_CORNERS[2]] = [14, 22, 1, 0]
    face[234] = 0
    placed = with_head(keypoints, face)
    np.testing.assert_array_equal(placed[0], [10, 20, np.float32(0.9)])
    np.testing.assert_array_equal(placed[15], [12, 21, np.float32(0.9)])
    rest = [joint for joint in range(18) if joint not in (0, 15, 17)]
    np.testing.assert_array_equal(placed[rest], keypoints[rest])


def test_a_mirrored_photo_gives_the_mirrored_points(photo, pose, estimator):
    flipped = estimate_photo(np.ascontiguousarray(photo[:, ::-1]), estimator=estimator)[0].mirrored()
    size = np.ptp(pose.face[0, :MESH_POINTS, 0])
    assert np.abs(flipped.face - pose.face)[..., :2].max() < 0.1 * size
    palms = np.linalg.norm(pose.hands[0, :, 9, :2] - pose.hands[0, :, 0, :2], axis=-1)
    apart = np.linalg.norm(flipped.hands - pose.hands, axis=-1)[0].mean(-1)
    assert (apart < 0.3 * palms).all()


def test_what_is_small_in_a_large_picture_is_found(photo, pose, estimator):
    """A search of the whole picture would not see it: the face is 36 of 1,600 pixels wide."""
    large = np.full((1000, 1600, 3), 190, np.uint8)
    large[300:620, 500:980] = resize(photo, (320, 480))
    small = estimate_photo(large, estimator=estimator)[0]
    moved = pose.face[0, :, :2] * 0.5 + (500, 300)
    assert np.abs(small.face[0, :, :2] - moved).mean() < 0.08 * np.ptp(moved[:, 0])
    assert (small.hands[0, :, 0, 2] > 0.5).all()


def test_a_pixel_begins_at_its_edge(photo, pose, estimator):
    """Where each pixel becomes a square of four by four, points lie four times as far from the picture's corner."""
    small = resize(photo, (320, 480))
    large = np.repeat(np.repeat(small, 4, axis=0), 4, axis=1)
    ones, fours = (estimate_photo(each, estimator=estimator)[0] for each in (small, large))
    for before, after in ((ones.face, fours.face), (ones.hands, fours.hands)):
        away = (after[..., :2] / 4 - before[..., :2]).reshape(-1, 2)
        assert (np.abs(np.median(away, axis=0)) < 0.2).all()


def test_nobody_has_a_face_at_the_back_of_the_head(real, estimator):
    pose, _ = estimate_photo(read_image(real / "photos" / "lunge_barbell_back.jpg"), estimator=estimator)
    assert not pose.face.any()
    assert pose.hands[..., 2].any()


def test_gloves_and_pockets_are_no_hands(real, estimator):
    pose, _ = estimate_photo(read_image(real / "photos" / "skier_coco785.jpg"), estimator=estimator)
    assert not pose.hands.any()
    assert pose.face.any()


def test_frames_have_them_as_photos_do_whatever_was_seen_before(photo, pose, estimator):
    motion, _ = estimate_video([photo, photo], estimator=estimator, fps=25)
    np.testing.assert_allclose(motion.face[1], pose.face[0], atol=1e-3)
    np.testing.assert_allclose(motion.hands[1], pose.hands[0], atol=1e-3)


def test_two_threads_find_what_one_does_and_points_are_the_same_without_masks(photo, estimator):
    frames = [np.roll(photo, 12 * index, axis=1) for index in range(4)]
    together = observe(frames, estimator=load_estimator(masks=False), fps=25)
    assert together.masks is None
    for index, frame in enumerate(frames):
        (alone,) = estimator(frame)
        for name in ("keypoints", "depth", "hands", "face"):
            np.testing.assert_array_equal(getattr(together.motion, name)[index], getattr(alone, name))


def test_without_landmarks_they_are_not_known(photo):
    pytest.importorskip("mediapipe")
    pose, _ = estimate_photo(photo, estimator=load_estimator(landmarks=False))
    assert pose.hands is None
    assert pose.face is None
