import torch
from helpers import keypoint_motion

from tempose.warp.likeness import PARTS, likeness

SIZE = (96, 64)


def pose():
    return torch.from_numpy(keypoint_motion("idle", frames=1, fps=1, size=SIZE).keypoints[0])


def test_the_middle_of_a_bone_is_its_part():
    like = likeness(pose(), SIZE)
    names = [part.name for part in PARTS]
    for name, (start, end) in {"right_thigh": (8, 9), "left_shin": (12, 13), "left_upper_arm": (5, 6)}.items():
        x, y = (pose()[start, :2] + pose()[end, :2]).div(2).int().tolist()
        assert names[int(like[:, y, x].argmax())] == name
        assert like[:, y, x].amax() > 0.99


def test_parts_whose_points_are_missing_are_nowhere():
    keypoints = pose()
    keypoints[[3, 4]] = 0
    like = likeness(keypoints, SIZE)
    gone = [index for index, part in enumerate(PARTS) if "right_elbow" in part.start + part.end]
    assert len(gone) == 2
    assert (like[gone] < 1e-6).all()


def test_far_away_nobody_is():
    assert likeness(pose() * torch.tensor([0.1, 0.1, 1]), SIZE)[:, -1, -1].max() < 1e-3
