"""The sheet of faces and hands: moments worth a look, cut out as they are."""

import numpy as np
from helpers import keypoint_motion

from benchmarks.faces import SIDE, cells, moments
from tempose.pose.keypoints import KEYPOINTS, Motion
from tempose.warp.face_points import EYES, LIPS


def test_first_come_the_most_shut_eyes_and_the_widest_mouth():
    motion = keypoint_motion("idle", frames=12, fps=6)
    face = np.zeros((12, 478, 4))
    face[..., :3] = np.random.default_rng(0).uniform(20, 80, (478, 3)) * (1, 1, 0) + (0, 0, 1)
    for (upper, lower), _ in EYES:
        face[:, list(lower), :2] = face[:, list(upper), :2] + (0, 5)
        face[7, list(lower), :2] = face[7, list(upper), :2]
    face[:, list(LIPS[1]), :2] = face[:, list(LIPS[0]), :2]
    face[3, list(LIPS[1]), 1] += 9
    assert moments(Motion(motion.keypoints, motion.size, 6, face=face), 5)[:3] == [7, 3, 0]
    assert moments(motion, 4) == [0, 3, 7, 11]


def test_head_and_hands_are_cut_out_at_their_own_size():
    keypoints = np.zeros((1, 18, 3))
    for name, place in {"nose": (200, 100), "left_wrist": (390, 300)}.items():
        keypoints[0, KEYPOINTS.index(name)] = (*place, 1)
    y, x = np.indices((400, 400))
    picture = np.stack([x // 2, y // 2, 0 * x], axis=-1).astype(np.uint8)

    class Made:
        motion = Motion(keypoints, (400, 400), 1)

        def frame(self, index):
            return picture

    head, right, left = cells(Made(), 0)
    np.testing.assert_array_equal(head, picture[100 - SIDE // 2 : 100 + SIDE // 2, 200 - SIDE // 2 : 200 + SIDE // 2])
    assert (right == 128).all()
    np.testing.assert_array_equal(left[:, : SIDE // 2], picture[220:380, 310:390])
