import pytest
import torch
from subjects import subject

from tempose.warp.joints import photo_joints, target_joints


@pytest.mark.parametrize("hidden", [(3, 4, 6, 7, 9, 10, 12, 13), (9, 10, 12, 13), (0, 14, 15, 16, 17)])
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_what_the_photo_does_not_show_says_nothing_of_a_targets_size(hidden, scale):
    whole = torch.from_numpy(subject().keypoints)[None]
    cut = whole.clone()
    cut[:, list(hidden), 2] = 0
    photo = photo_joints(cut)
    target = target_joints(whole * torch.tensor([scale, scale, 1]), photo, cut)
    torch.testing.assert_close(target.scale, scale * photo.scale, rtol=0.02, atol=0)
