from types import SimpleNamespace

import pytest
import torch
from helpers import random

from tempose.diffusion.denoise import around_prior, denoise, implied, moved
from tempose.models.conditions import Conditions, Prior

ALPHA_BAR = torch.tensor([0.9, 0.2]).view(2, 1, 1, 1, 1)
SIGNAL, NOISE = ALPHA_BAR.sqrt(), (1 - ALPHA_BAR).sqrt()
PLAIN = {"copy_gate": False, "sigma_data": None, "correct_prior": False}
KINDS = pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])


class Network:
    """Says what it is told to say."""

    def __init__(self, output, **config):
        self.output = output
        self.config = SimpleNamespace(**{**PLAIN, **config})

    def __call__(self, *_):
        return self.output


def call(network, x_t, prior, kind):
    conditions = Conditions(torch.zeros(2, 3, 20, 4, 4), [], prior=prior)
    return denoise(network, x_t, torch.zeros(2), conditions, alpha_bar=ALPHA_BAR, prediction_type=kind)


def clean_of(prediction, x_t, kind):
    if kind == "epsilon":
        return (x_t - NOISE * prediction[:, :, :3]) / SIGNAL
    return SIGNAL * x_t - NOISE * prediction[:, :, :3]


X_T, PAINTED, PICTURE = (random(2, 3, 3, 4, 4, seed=i) for i in range(3))
DOUBT = torch.ones(2, 3, 1, 4, 4)


def gated(logit, kind, *, given=1.0, variance=False):
    output = [implied(PAINTED, X_T, SIGNAL, NOISE, kind)]
    output += [0.3 * output[0]] if variance else []
    network = Network(torch.cat([*output, torch.full((2, 3, 1, 4, 4), logit)], dim=2), copy_gate=True)
    return call(network, X_T, Prior(PICTURE, DOUBT, torch.full((2,), given)), kind)


@KINDS
def test_implied_noise_leads_back_to_the_clean_frames(kind):
    torch.testing.assert_close(clean_of(implied(PAINTED, X_T, SIGNAL, NOISE, kind), X_T, kind), PAINTED)


@KINDS
@pytest.mark.parametrize("logit", [-50.0, -1.0, 0.0, 2.0, 50.0])
def test_a_gate_copies_where_it_is_open_and_paints_elsewhere(logit, kind):
    m = torch.sigmoid(torch.tensor(logit))
    expected = m * PICTURE + (1 - m) * PAINTED
    torch.testing.assert_close(clean_of(gated(logit, kind), X_T, kind), expected, rtol=1e-4, atol=1e-4)


def test_without_a_photo_the_gate_is_shut():
    prediction = gated(50.0, "v_prediction", given=0.0)
    torch.testing.assert_close(clean_of(prediction, X_T, "v_prediction"), PAINTED, rtol=1e-4, atol=1e-4)


def test_the_learned_variance_passes_by():
    assert gated(0.0, "epsilon", variance=True).shape[2] == 6


def test_a_model_that_builds_on_nothing_is_called_as_it_is():
    output = random(2, 3, 6, 4, 4)
    assert call(Network(output), X_T, None, "epsilon") is output


def around(rest, x_t=X_T, alpha_bar=ALPHA_BAR, given=(1.0, 1.0), deviation=0.2):
    return around_prior(Prior(PICTURE, DOUBT, torch.tensor(given)), rest, x_t, alpha_bar, deviation)


def test_an_untrained_network_gives_back_what_is_known_when_all_is_noise():
    nothing = torch.full_like(ALPHA_BAR, 1e-9)
    torch.testing.assert_close(around(0 * X_T, alpha_bar=nothing), PICTURE, atol=1e-4, rtol=0)


def test_and_what_is_seen_when_there_is_no_noise():
    everything = torch.full_like(ALPHA_BAR, 1 - 1e-9)
    torch.testing.assert_close(around(random(*X_T.shape), alpha_bar=everything), X_T, atol=1e-3, rtol=0)


def test_the_network_is_asked_for_something_of_unit_variance():
    """Draw clean frames around the known picture: what is left for the network is scaled to one."""
    generator = torch.Generator().manual_seed(0)
    many = 200_000
    prior, alpha_bar, sigma = 0.4, 0.3, 0.2
    clean = prior + sigma * torch.randn(many, generator=generator)
    x_t = alpha_bar**0.5 * clean + (1 - alpha_bar) ** 0.5 * torch.randn(many, generator=generator)
    shaped = x_t.view(1, 1, 1, 1, many)
    picture = Prior(torch.full_like(shaped, prior), torch.ones_like(shaped), torch.ones(1))
    bar = torch.full((1, 1, 1, 1, 1), alpha_bar)
    mean = around_prior(picture, 0 * shaped, shaped, bar, sigma)
    spread = around_prior(picture, torch.ones_like(shaped), shaped, bar, sigma) - mean
    rest = (clean.view_as(shaped) - mean) / spread
    assert abs(rest.mean()) < 0.01
    assert abs(rest.var() - 1) < 0.01


def test_away_from_the_person_the_frames_lie_closer_to_what_is_known():
    sure, nothing = Prior(PICTURE, 0 * DOUBT, torch.ones(2)), torch.full_like(ALPHA_BAR, 1e-9)
    far, near = around_prior(sure, PAINTED, X_T, nothing, 0.2), around(PAINTED, alpha_bar=nothing)
    torch.testing.assert_close(far - PICTURE, (near - PICTURE) / 4, atol=1e-4, rtol=0)


def test_frames_of_an_untrained_network_carry_hardly_any_noise():
    half = torch.full_like(ALPHA_BAR, 0.5)  # a late time of few steps: as much noise as signal
    assert (around(0 * X_T, x_t=half**0.5 * PICTURE + half**0.5 * X_T, alpha_bar=half) - PICTURE).std() < 0.003


def test_without_a_photo_the_known_deviation_is_one():
    zero = Prior(torch.zeros_like(PICTURE), DOUBT, torch.zeros(2))
    plain = around_prior(zero, PAINTED, X_T, ALPHA_BAR, 0.2)
    torch.testing.assert_close(plain, SIGNAL * X_T + NOISE * PAINTED)  # v-prediction, but for the sign


@KINDS
def test_denoise_around_the_known_picture(kind):
    network = Network(PAINTED, sigma_data=0.2)
    prediction = call(network, X_T, Prior(PICTURE, DOUBT, torch.ones(2)), kind)
    torch.testing.assert_close(clean_of(prediction, X_T, kind), around(PAINTED), rtol=1e-4, atol=1e-4)


def test_a_flow_of_nothing_moves_nothing():
    torch.testing.assert_close(moved(PICTURE, torch.zeros(2, 3, 2, 4, 4)), PICTURE)


def test_each_pixel_is_taken_from_where_its_flow_points():
    wide = random(1, 1, 3, 64, 96)
    right, down = torch.zeros(1, 1, 2, 64, 96), torch.zeros(1, 1, 2, 64, 96)
    right[:, :, 0], down[:, :, 1] = 3, -2  # in 64ths of the height: pixels
    close = {"atol": 1e-4, "rtol": 0}
    torch.testing.assert_close(moved(wide, right)[..., :-3], wide[..., 3:], **close)
    torch.testing.assert_close(moved(wide, down)[..., 2:, :], wide[..., :-2, :], **close)


def test_a_flow_is_a_share_of_the_height_whatever_the_size():
    small = random(1, 1, 3, 8, 6)
    large = small.repeat_interleave(8, 3).repeat_interleave(8, 4)
    one = moved(small, torch.full((1, 1, 2, 8, 6), 8.0))
    other = moved(large, torch.full((1, 1, 2, 64, 48), 8.0))
    torch.testing.assert_close(one.repeat_interleave(8, 3).repeat_interleave(8, 4), other)


@KINDS
def test_the_known_picture_is_moved_before_anything_is_added_to_it(kind):
    flow = 0.5 * random(2, 3, 2, 4, 4, seed=3)
    network = Network(torch.cat([PAINTED, flow], dim=2), sigma_data=0.2, correct_prior=True)
    half_doubted = Prior(PICTURE, DOUBT / 2, torch.ones(2))
    prediction = call(network, X_T, half_doubted, kind)
    expected = around_prior(half_doubted._replace(picture=moved(PICTURE, flow / 2)), PAINTED, X_T, ALPHA_BAR, 0.2)
    torch.testing.assert_close(clean_of(prediction, X_T, kind), expected, rtol=1e-4, atol=1e-4)
    assert prediction.shape[2] == 3
