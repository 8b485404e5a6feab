import math

import numpy as np
import pytest
import torch
from helpers import random
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from tempose.core.errors import InputError
from tempose.evaluation.metrics import l1, ms_ssim, psnr, psnr_overflowing, scales_that_fit, ssim, warped_difference

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


def test_ms_ssim_agrees_with_torchmetrics():
    theirs = [
        multiscale_structural_similarity_index_measure(x[None], y[None], data_range=1.0)
        for x, y in zip(NOISY_LARGE.flatten(0, 1), LARGE.flatten(0, 1), strict=True)
    ]
    torch.testing.assert_close(ms_ssim(NOISY_LARGE, LARGE).flatten(), torch.stack(theirs), rtol=1e-4, atol=1e-5)


def test_one_scale_is_ssim():
    torch.testing.assert_close(ms_ssim(NOISY, TRUTH, scales=1), ssim(NOISY, TRUTH))


@pytest.mark.parametrize(
    ("size", "scales"), [((176, 200), 5), ((128, 96), 4), ((175, 175), 4), ((11, 11), 1), ((10, 99), 0)]
)
def test_small_frames_allow_fewer_scales(size, scales):
    assert scales_that_fit(size) == scales
    frames = random(1, 1, 3, *size, low=0)
    if scales:
        assert ms_ssim(frames, frames, scales=scales).item() == pytest.approx(1)
    if scales < 5:
        with pytest.raises(InputError, match=f"large enough for {scales} of the 5 scales"):
            ms_ssim(frames, frames)


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


def test_a_mask_counts_the_person_at_every_scale():
    mask = torch.zeros(2, 3, 1, 200, 180)
    mask[..., 80:130, 70:110] = 1
    outside = LARGE.clone()
    outside[..., :8, :] = 0
    person, clean = (ms_ssim(x, LARGE, mask=mask, scales=3) for x in (NOISY_LARGE, LARGE))
    torch.testing.assert_close(ms_ssim(outside, LARGE, mask=mask, scales=3), clean)
    assert ms_ssim(outside, LARGE, scales=3).max() < 1
    assert person.max() < 1
    whole = torch.ones_like(mask)
    torch.testing.assert_close(ms_ssim(NOISY_LARGE, LARGE, mask=whole), ms_ssim(NOISY_LARGE, LARGE))


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


@pytest.mark.parametrize(
    ("frames", "truth", "mask", "message"),
    [
        (TRUTH[0], TRUTH[0], None, "wanted .b, f, 3, h, w."),
        ((TRUTH * 255).byte(), (TRUTH * 255).byte(), None, "wanted .b, f, 3, h, w., floating point"),
        (TRUTH, TRUTH[:, :2], None, "wanted both"),
        (TRUTH * 255, TRUTH, None, "frames: values run"),
        (TRUTH, TRUTH * math.nan, None, "truth: values run"),
        (TRUTH, TRUTH, MASK[:, :2], "masks have the shape"),
    ],
)
def test_bad_input_is_named(frames, truth, mask, message):
    with pytest.raises(InputError, match=message):
        l1(frames, truth, mask=mask)


def test_frames_too_small_for_a_window():
    with pytest.raises(InputError, match="too small for SSIM"):
        ssim(TRUTH[..., :10], TRUTH[..., :10])


def test_flow_of_other_frames():
    frames, flow, valid = moving(1)
    with pytest.raises(InputError, match=r"flow .* wanted"):
        warped_difference(frames[:, 1:], flow=flow, valid=valid)
