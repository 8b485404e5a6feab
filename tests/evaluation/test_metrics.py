import math
import sys

import numpy as np
import pytest
import torch
from helpers import random
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tempose.core.errors import InputError
from tempose.evaluation.metrics import (
    l1,
    ms_ssim,
    psnr,
    psnr_overflowing,
    rim_sharpness,
    sharpness,
    ssim,
    stillness,
    warped_difference,
)

TRUTH = torch.nn.functional.avg_pool2d(random(6, 3, 48, 40, low=0), 3, 1, 1).view(2, 3, 3, 48, 40)
NOISY = (TRUTH + random(*TRUTH.shape, seed=1, low=-0.1, high=0.1)).clamp(0, 1)
MASK = torch.zeros(2, 3, 1, 48, 40)
MASK[..., 10:30, 10:30] = 1
LARGE = torch.nn.functional.interpolate(TRUTH.flatten(0, 1), (200, 180), mode="bilinear").view(2, 3, 3, 200, 180)
NOISY_LARGE = (LARGE + random(*LARGE.shape, seed=1, low=-0.1, high=0.1)).clamp(0, 1)


def by_frame(function):
    return torch.tensor(
        [[function(x.permute(1, 2, 0).numpy(), y.permute(1, 2, 0).numpy()) for x, y in zip(*v, strict=True)]
         for v in zip(NOISY, TRUTH, strict=True)]
    )  # fmt: skip


def test_ssim_agrees_with_scikit_image():
    def theirs(x, y):
        return structural_similarity(
            x, y, channel_axis=2, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )

    torch.testing.assert_close(ssim(NOISY, TRUTH), by_frame(theirs).float(), rtol=1e-4, atol=1e-5)


def test_psnr_agrees_with_scikit_image():
    theirs = by_frame(lambda x, y: peak_signal_noise_ratio(y, x, data_range=1))
    torch.testing.assert_close(psnr(NOISY, TRUTH), theirs.float(), rtol=1e-4, atol=1e-4)


def test_ms_ssim_is_the_published_equation():
    """Wang et al. 2003, equation 7, with scikit-image's maps at every scale."""
    x, y = NOISY_LARGE[0, 0], LARGE[0, 0]
    product = 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        if scale == 4:
            product *= float(ssim(x[None, None], y[None, None])) ** weight
        else:
            product *= float(contrast_and_structure(x.double(), y.double())) ** weight
        x, y = (torch.nn.functional.avg_pool2d(each, 2) for each in (x, y))
    assert float(ms_ssim(NOISY_LARGE, LARGE)[0, 0]) == pytest.approx(product, rel=2e-3)


def contrast_and_structure(x, y):
    from scipy.ndimage import gaussian_filter

    def blurred(values):
        return gaussian_filter(values.numpy(), (0, 1.5, 1.5), truncate=3.5)[:, 5:-5, 5:-5]

    covariance = blurred(x * y) - blurred(x) * blurred(y)
    variances = blurred(x * x) - blurred(x) ** 2 + blurred(y * y) - blurred(y) ** 2
    return ((2 * covariance + 0.03**2) / (variances + 0.03**2)).mean()


def test_ms_ssim_wants_five_scales():
    assert ms_ssim(LARGE, LARGE).min() == pytest.approx(1)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.image", None)
    with pytest.raises(InputError, match=r"SSIM needs the package torchmetrics; pip install 'tempose\[metrics\]'"):
        ssim(TRUTH, TRUTH)


def test_ms_ssim_forgives_what_a_glance_does():
    blurred = torch.nn.functional.avg_pool2d(LARGE.flatten(0, 1), 9, 1, 4).view_as(LARGE)
    lost = [1 - metric(blurred, LARGE).mean() for metric in (ssim, ms_ssim)]
    assert 0 < lost[1] < lost[0]


def overflowing_script(x, y):
    """The published arithmetic, in numpy on 8 bits."""
    x, y = (np.round(values * 255).astype(np.uint8) for values in (x, y))
    return 20 * math.log10(255 / math.sqrt(np.mean((x - y) ** 2)))


def test_the_overflowing_psnr_is_that_of_the_script():
    torch.testing.assert_close(psnr_overflowing(NOISY, TRUTH), by_frame(overflowing_script).float())
    assert psnr_overflowing(TRUTH, TRUTH).eq(100).all()
    dark, light = torch.zeros(1, 1, 3, 16, 16), torch.full((1, 1, 3, 16, 16), 16 / 255)
    assert psnr(dark, light).item() == pytest.approx(20 * math.log10(255 / 16), abs=1e-4)
    assert psnr_overflowing(dark, light).item() == 100  # 16² = 256 overflows to 0


def test_closed_forms():
    shifted = (TRUTH * 0.5 + 0.25).clamp(0, 1)
    half = torch.full_like(TRUTH, 0.5)
    torch.testing.assert_close(l1(half, half + 0.1), torch.full((2, 3), 0.1))
    torch.testing.assert_close(psnr(half, half + 0.1), torch.full((2, 3), 20.0))
    assert l1(TRUTH, TRUTH).max() == 0
    assert psnr(TRUTH, TRUTH).min() == math.inf
    torch.testing.assert_close(ssim(TRUTH, TRUTH), torch.ones(2, 3))
    assert ssim(shifted, TRUTH).max() < 1


@pytest.mark.parametrize("metric", [l1, psnr, ssim])
def test_a_mask_counts_the_person_alone(metric):
    outside = TRUTH.clone()
    outside[..., :4, :] = 0
    spoilt = metric(outside, TRUTH, mask=MASK)
    clean = metric(TRUTH, TRUTH, mask=MASK)
    assert torch.equal(spoilt, clean)
    whole = torch.ones_like(MASK)
    torch.testing.assert_close(metric(NOISY, TRUTH, mask=whole), metric(NOISY, TRUTH), rtol=1e-4, atol=1e-5)
    assert metric(NOISY, TRUTH, mask=torch.zeros_like(MASK)).isnan().all()


@pytest.mark.parametrize(("metric", "better_is"), [(l1, -1), (psnr, 1), (ssim, 1), (ms_ssim, 1)])
def test_more_noise_is_worse(metric, better_is):
    noise = random(*LARGE.shape, seed=2)
    values = [metric((LARGE + s * noise).clamp(0, 1), LARGE).mean() for s in (0.02, 0.1, 0.3)]
    assert np.all(np.diff(values) * better_is < 0)


def moving(shift):
    """A picture that moves by whole pixels, and its flow."""
    wide = torch.nn.functional.avg_pool2d(random(1, 3, 48, 80, low=0), 3, 1, 1)
    frames = torch.stack([wide[..., 20 - i * shift : 60 - i * shift] for i in range(4)], dim=1)
    flow = torch.zeros(1, 3, 2, 48, 40)
    flow[:, :, 0] = shift
    valid = torch.zeros(1, 3, 1, 48, 40)
    valid[..., 8:-8] = 1
    return frames, flow, valid


@pytest.mark.parametrize("shift", [0, 1, -3])
def test_a_picture_that_only_moves_does_not_flicker(shift):
    frames, flow, valid = moving(shift)
    assert warped_difference(frames, flow=flow, valid=valid).max() < 1e-5


def test_flicker_is_measured_along_the_flow():
    frames, flow, valid = moving(2)
    brighter = frames.clone()
    brighter[:, 2] += 0.1
    torch.testing.assert_close(
        warped_difference(brighter, flow=flow, valid=valid), torch.tensor([[0.0, 0.1, 0.1]]), atol=1e-5, rtol=0
    )
    assert warped_difference(frames, flow=0 * flow, valid=valid).min() > 0.01


# At the photo's own resolution -----------------------------------------------------------------------

SHARP = torch.nn.functional.avg_pool2d(random(3, 3, 68, 52, low=0), 5, 1).view(1, 3, 3, 64, 48)
PERSON = torch.zeros(1, 3, 1, 64, 48)
PERSON[..., 16:50, 12:36] = 1


def blurred(frames, by=5):
    return torch.nn.functional.avg_pool2d(frames.flatten(0, 1), by, 1, by // 2).view_as(frames)


def test_sharpness_is_1_of_the_truth_falls_with_blur_and_rises_with_noise():
    for measure in (sharpness, rim_sharpness):
        values = [measure(each, SHARP, mask=PERSON) for each in (SHARP, blurred(SHARP), blurred(SHARP, 9))]
        torch.testing.assert_close(values[0], torch.ones(1, 3))
        assert values[0].min() > values[1].max() > values[2].max() > 0
        noisy = (SHARP + random(*SHARP.shape, low=-0.2, high=0.2)).clamp(0, 1)
        assert measure(noisy, SHARP, mask=PERSON).min() > 1
        torch.testing.assert_close(measure(SHARP / 2, SHARP, mask=PERSON), torch.full((1, 3), 0.5))
        assert measure(SHARP, SHARP, mask=0 * PERSON).isnan().all()


@pytest.mark.parametrize(
    ("place", "inner", "rim"),
    [
        ((slice(28, 38), slice(20, 28)), True, False),  # inside, farther than the rim from the outline
        ((slice(16, 18), slice(14, 34)), False, True),  # along the outline
        ((slice(2, 8), slice(2, 40)), False, False),  # beside the person
    ],
)
def test_inside_rim_and_surroundings_are_apart(place, inner, rim):
    spoilt = SHARP.clone()
    spoilt[..., place[0], place[1]] = 0.5
    assert bool(sharpness(spoilt, SHARP, mask=PERSON).ne(1).all()) == inner
    assert bool(rim_sharpness(spoilt, SHARP, mask=PERSON).ne(1).all()) == rim


def test_only_what_moves_on_a_still_truth_is_shimmer():
    still = SHARP[:, :1].expand(-1, 3, -1, -1, -1).clone()
    assert stillness(still, still).tolist() == [[0, 0]]
    shimmering = still.clone()
    shimmering[:, 1] = (shimmering[:, 1] * 0.9).clamp(0, 1)
    expected = 255 * (still[:, 0] * 0.1).mean()
    torch.testing.assert_close(stillness(shimmering, still), expected.expand(1, 2))
    moving = still.clone()
    moving[:, 1:, :, :32] = 1 - moving[:, 1:, :, :32]
    beside = still.clone()
    beside[:, 1, :, :28] *= 0.5  # where the truth moves
    assert stillness(beside, moving)[0, 0] < 255 * 0.5 * still.mean() * 0.5
    assert stillness(still, SHARP.round()).isnan().all()
