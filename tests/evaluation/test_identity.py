import numpy as np
import pytest
import torch
from helpers import random, standing
from scipy.stats import wasserstein_distance
from skimage.color import rgb2lab

from tempose.evaluation.identity import identity_drift
from tempose.people.clip import Recipe, draw_clip
from tempose.pose.keypoints import HIDDEN, KEYPOINTS
from tempose.pose.part_colors import cielab, part_colors, part_masks

PERSON = standing()
PHOTO = torch.nn.functional.avg_pool2d(random(1, 3, 66, 50, low=0), 3, 1)


def drift(frame, keypoints=PERSON):
    return identity_drift(frame[:, None], keypoints[None, None], photo=PHOTO, photo_keypoints=PERSON[None])


def test_cielab_agrees_with_scikit_image():
    colors = random(500, 3, low=0).double().numpy()
    np.testing.assert_allclose(cielab(colors), rgb2lab(colors), atol=0.05)


def test_the_photo_has_not_drifted():
    assert drift(PHOTO).item() == 0


def test_a_lighter_person_has_drifted_by_as_much():
    grey = torch.full_like(PHOTO, 0.4)
    lighter = torch.full_like(PHOTO, 0.5)
    measured = identity_drift(lighter[:, None], PERSON[None, None], photo=grey, photo_keypoints=PERSON[None])
    assert measured.item() == pytest.approx(rgb2lab([0.5] * 3)[0] - rgb2lab([0.4] * 3)[0], abs=0.01)


def test_agrees_with_scipy_and_scikit_image():
    frame = (0.7 * PHOTO + 0.2).clamp(0, 1)
    masks = part_masks(PERSON.numpy(), (64, 48))
    before, after = (rgb2lab(x[0].permute(1, 2, 0).numpy()) for x in (PHOTO, frame))
    expected = [
        np.linalg.norm([wasserstein_distance(before[mask][:, c], after[mask][:, c]) for c in range(3)])
        for mask in masks.values()
    ]
    assert drift(frame).item() == pytest.approx(np.mean(expected), rel=0.03)


def test_what_happens_beside_the_person_does_not_matter():
    masks = np.any(list(part_masks(PERSON.numpy(), (64, 48)).values()), axis=0)
    elsewhere = torch.where(torch.from_numpy(masks), PHOTO, 0)
    assert 0.05 < masks.mean() < 0.5
    assert drift(elsewhere).item() == 0


def test_the_person_may_move():
    moved = PERSON + torch.tensor([5.0, 3.0, 0.0])
    frame = torch.roll(PHOTO, (3, 5), (2, 3))
    assert drift(frame, moved).item() < 0.5 < drift(PHOTO, moved).item()


@pytest.mark.parametrize(
    "spoil", [lambda x: x.mean(1, keepdim=True).expand_as(x), lambda x: x * 0.7, lambda x: x.flip(1)]
)
def test_other_colors_are_drift(spoil):
    assert drift(spoil(PHOTO)).item() > 2


def test_a_drawn_person_keeps_the_colors_and_another_has_not_got_them():
    people = [draw_clip(Recipe.draw(seed, 0, frames=8, fps=12, size=(128, 96))) for seed in (3, 4)]
    frames, keypoints = (
        torch.stack([torch.from_numpy(x) for x in each])
        for each in ([p.frames.astype(np.float32) / 255 for p in people], [p.motion.keypoints for p in people])
    )
    frames = frames.movedim(-1, 2)
    own = identity_drift(frames, keypoints, photo=frames[:, 0], photo_keypoints=keypoints[:, 0])
    foreign = identity_drift(frames, keypoints, photo=frames.flip(0)[:, 0], photo_keypoints=keypoints.flip(0)[:, 0])
    assert own[:, 0].eq(0).all()
    assert own.nanmean() < 0.4 * foreign.nanmean()


def test_hidden_parts_are_left_out():
    hidden = PERSON.clone()
    hidden[KEYPOINTS.index("right_wrist"), 2] = HIDDEN
    seen, all_seen = part_colors(PHOTO[0], hidden.numpy()), part_colors(PHOTO[0], PERSON.numpy())
    assert all_seen.keys() - seen.keys() == {"right forearm"}


@pytest.mark.parametrize("scale", [0.15, 0.2, 0.25, 0.3, 0.4, 0.5])
def test_a_part_of_a_few_pixels_has_no_colors(scale):
    """Of a small person parts have from none to dozens of pixels; those of eight or more count, with all of them."""
    small = PERSON * torch.tensor([scale, scale, 1])
    sizes = {name: int(mask.sum()) for name, mask in part_masks(small.numpy(), (64, 48)).items()}
    seen = {name: len(colors) for name, colors in part_colors(PHOTO[0], small.numpy()).items()}
    assert any(0 < size < 8 for size in sizes.values())
    assert seen == {name: size for name, size in sizes.items() if size >= 8}


def test_nobody_is_seen():
    assert drift(PHOTO, 0 * PERSON).isnan().all()
