import math

import pytest
import torch
from helpers import standing
from subjects import subject

from tempose.pose.keypoints import MIRROR
from tempose.warp.joints import RIGHT_TOES, angle_between, photo_joints, rotated, target_joints


@pytest.mark.parametrize("hidden", [(3, 4, 6, 7, 9, 10, 12, 13), (9, 10, 12, 13), (0, 14, 15, 16, 17)])
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_what_the_photo_does_not_show_says_nothing_of_a_targets_size(hidden, scale):
    whole = torch.from_numpy(subject().keypoints)[None]
    cut = whole.clone()
    cut[:, list(hidden), 2] = 0
    photo = photo_joints(cut)
    target = target_joints(whole * torch.tensor([scale, scale, 1]), photo, cut)
    torch.testing.assert_close(target.scale, scale * photo.scale, rtol=0.02, atol=0)


@pytest.mark.parametrize(("turn", "foot"), [(20, 0), (-20, 0), (60, 35), (-60, -35)])
def test_a_foot_keeps_its_angle_to_the_ground_unless_the_shin_turns_far(turn, foot):
    photo, knee, ankle = standing()[None], 9, 10
    target = photo.clone()
    target[0, ankle, :2] = photo[0, knee, :2] + rotated(
        photo[0, ankle, :2] - photo[0, knee, :2], torch.tensor(math.radians(turn))
    )
    before = photo_joints(photo)
    feet = [
        each.places[0, RIGHT_TOES] - each.places[0, ankle] for each in (before, target_joints(target, before, photo))
    ]
    assert math.degrees(angle_between(*feet)) == pytest.approx(foot, abs=0.5)


def test_in_doubt_nobody_has_turned_round():
    """Of somebody who is seen from the side, the shoulders do not tell."""
    photo = standing()[None]
    target = photo.clone()
    for pair in ([2, 5], [8, 11]):
        target[0, pair, 0] = photo[0, pair, 0].mean()
    target[0, 0, 0] = photo[0, 1, 0]
    before = photo_joints(photo)
    assert not target_joints(target, before, photo).mirrored.any()
    assert target_joints(photo[:, list(MIRROR)], before, photo).mirrored.all()
